"""What the sample's mailboxes really do, and what anybody else's would."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from shipped_sample import shipped

from bulkkit import sample
from bulkkit.addresses import mailbox_key, mailbox_keys
from bulkkit.errors import InputError
from bulkkit.sample.domains import FREE, MISSPELT


def test_truth_has_one_row_for_each_mailbox_that_can_exist() -> None:
    """Keys are distinct and are mailbox keys; each contact is there unless its address is broken."""
    truth, contacts = shipped()["truth"], shipped()["contacts"]
    assert truth["email"].is_unique
    assert (truth["email"].map(mailbox_key) == truth["email"]).all()
    absent = contacts[~contacts["key"].isin(truth["email"])]
    assert len(absent) / len(contacts) < 0.02
    assert set(truth["email"]) <= set(contacts["key"])


def test_chances_are_chances() -> None:
    """Nobody clicks more often than they open, and no chance leaves its range."""
    for truth in (shipped()["truth"], pd.DataFrame([sample.mailbox_truth(f"p{n}@x.example", 1) for n in range(500)])):
        assert (truth["p_click"] < truth["p_open"]).all()
        assert truth[["p_open", "p_click", "p_unsubscribe", "p_complain"]].gt(0).all(axis=None)
        assert truth["p_open"].max() < 0.9
        assert (truth["p_complain"] < truth["p_unsubscribe"]).all()


def test_mailboxes_behave_at_realistic_rates() -> None:
    """Among those who can be written to, most accept; proxies are 30 %, scanners 4 % and mostly in companies."""
    truth = shipped()["truth"]
    left = truth[~truth["email"].isin(mailbox_keys(shipped()["opted_out"]["email"]))]
    shares = left["mailbox"].value_counts(normalize=True)
    assert shares["accept"] > 0.92
    assert 0.01 < shares["unknown_user"] < 0.04
    assert set(shares.index) == {str(name) for name in sample.Behaviour}
    assert truth["machine_opens"].mean() == pytest.approx(0.30, abs=0.03)
    assert truth["scanner"].mean() == pytest.approx(0.04, abs=0.015)
    free = truth["email"].str.rpartition("@")[2].isin(list(FREE))
    assert truth.loc[~free, "scanner"].mean() > 5 * truth.loc[free, "scanner"].mean()


def test_nobody_is_at_a_misspelt_domain() -> None:
    """Misspelt domains bounce, in the sample and for addresses that nobody generated."""
    truth = shipped()["truth"]
    wrong = truth[truth["email"].str.rpartition("@")[2].isin(list(MISSPELT))]
    assert set(wrong["mailbox"]) == {"unknown_user"}
    assert {sample.mailbox_truth(f"anyone@{name}").mailbox for name in MISSPELT} == {sample.Behaviour.UNKNOWN_USER}


def test_a_strange_mailbox_has_a_truth_of_its_own() -> None:
    """Any key gets the same truth each time, another one for another seed."""
    first = sample.mailbox_truth("ana@firm.example", 3)
    assert first == sample.mailbox_truth("ana@firm.example", 3)
    assert first.email == "ana@firm.example"
    assert first != sample.mailbox_truth("ana@firm.example", 4)
    assert first.p_open != sample.mailbox_truth("eva@firm.example", 3).p_open


def test_strange_mailboxes_behave_at_realistic_rates() -> None:
    """Over many strange keys the drawn truths have the rates of the tables."""
    drawn = pd.DataFrame([sample.mailbox_truth(f"person{n}@firm.example", 5) for n in range(4_000)])
    assert (drawn["mailbox"] == "accept").mean() == pytest.approx(0.953, abs=0.012)
    assert (drawn["mailbox"] == "unknown_user").mean() == pytest.approx(0.015, abs=0.007)
    assert drawn["machine_opens"].mean() == pytest.approx(0.30, abs=0.03)
    assert drawn["scanner"].mean() == pytest.approx(0.04, abs=0.012)
    assert 0.2 < drawn["p_open"].mean() < 0.35


def test_truths_answer_for_everybody() -> None:
    """The sample's own rows come from truth.csv, anybody else is drawn from the seed."""
    truths = sample.Truths.sample()
    row = shipped()["truth"].iloc[0]
    known = truths.of(row["email"])
    assert known.p_open == row["p_open"]
    assert known.mailbox is sample.Behaviour(row["mailbox"])
    assert isinstance(known.machine_opens, bool)
    assert truths.of("new@firm.example") == sample.mailbox_truth("new@firm.example", sample.SEED)


@pytest.mark.parametrize("content", ["a,b\n1,2\n", "", "email,mailbox\nx@example.org,asleep\n"])
def test_a_file_that_is_no_truth_is_refused_by_name(tmp_path: Path, content: str) -> None:
    """The message names the file and the columns that a truth.csv has."""
    file = tmp_path / "other.csv"
    file.write_text(content)
    with pytest.raises(InputError, match=r"other\.csv.*p_unsubscribe"):
        sample.load_truth(file)
