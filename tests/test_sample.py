"""The sample: an invented list with everything that real lists have, the same for the same seed."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import date
from functools import cache
from pathlib import Path

import pandas as pd
import pytest
from shipped_sample import FRAMES, NOW, expected, shipped

from bulkkit import sample
from bulkkit.addresses import mailbox_keys
from bulkkit.errors import InputError
from bulkkit.sample import __main__, place
from bulkkit.sample.domains import DISPOSABLE, FREE, MISSPELT, RELAYS
from bulkkit.sample.writing import Sample, generate, write


@cache
def small(seed: int = 7) -> Sample:
    """A sample of 600 people."""
    return generate(people=600, seed=seed)


@pytest.mark.parametrize("frame", FRAMES)
def test_same_seed_same_sample(frame: str) -> None:
    """Generating twice from one seed gives equal frames, and another seed gives others."""
    again = generate(people=600, seed=7)
    pd.testing.assert_frame_equal(getattr(small(), frame), getattr(again, frame))
    other = getattr(small(seed=8), frame)
    assert not getattr(small(), frame).equals(other)


def test_files_are_identical_byte_by_byte(tmp_path: Path) -> None:
    """Writing the same sample twice gives the same bytes in all six files."""
    write(small(), tmp_path / "a")
    write(generate(people=600, seed=7), tmp_path / "b")
    names = sorted(file.name for file in (tmp_path / "a").iterdir())
    assert names == ["campaigns.csv", "contacts.csv", "events.parquet", "opted_out.csv", "truth.csv", "truth.json"]
    assert all((tmp_path / "a" / name).read_bytes() == (tmp_path / "b" / name).read_bytes() for name in names)


def test_shipped_files_are_what_the_generator_makes(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The files in data/ are not older than the generator, and it says what it wrote."""
    __main__.main([str(tmp_path)])
    assert "14 campaigns" in capsys.readouterr().out
    for name in ("contacts", "campaigns", "opted_out", "truth"):
        fresh, old = pd.read_csv(tmp_path / f"{name}.csv"), pd.read_csv(sample.path() / f"{name}.csv")
        pd.testing.assert_frame_equal(fresh, old, rtol=1e-4)
    fresh = pd.read_parquet(tmp_path / "events.parquet")
    pd.testing.assert_frame_equal(fresh, shipped()["events"])
    assert json.loads((tmp_path / "truth.json").read_text()) == expected()


def test_every_address_is_in_a_reserved_name() -> None:
    """No address can belong to anybody: all domains are reserved, or one of the listed misspellings."""
    domain = shipped()["contacts"]["key"].str.rpartition("@")[2]
    reserved = domain.str.fullmatch(r"example\.(org|com|net)|(.+\.)?example")
    whole = shipped()["contacts"]["key"].str.fullmatch(r"[^@\s(),]+@[^@\s(),]+\.[^@\s(),]+")
    assert set(domain[whole & ~reserved]) <= {name for name in MISSPELT if not name.endswith(".example")}
    assert (whole & ~reserved).sum() < 30


def test_four_of_five_rows_can_be_mailed() -> None:
    """After duplicates, missing consent, opt-outs and broken addresses at least 80 % of the rows are left."""
    contacts, gone = shipped()["contacts"], mailbox_keys(shipped()["opted_out"]["email"])
    left = contacts.drop_duplicates("key")
    left = left[left["consent_basis"].isin(["opt_in", "customer"]) & ~left["key"].isin(gone)]
    left = left[left["key"].str.fullmatch(r"[^@\s.]+(\.[^@\s.]+)*@[^@\s.,]+(\.[^@\s.,]+)+")]
    assert 0.80 <= len(left) / len(contacts) <= 0.95


@pytest.mark.parametrize(
    ("column", "pattern", "least"),
    [
        ("email", r"^\s", 10),
        ("email", r"\s$", 20),
        ("email", r"\t", 5),
        ("email", r"^[^<]+ <[^>]+>$", 10),
        ("email", r"^mailto:", 5),
        ("email", r";$", 3),
        ("email", r"[A-Z].*@", 100),
        ("email", r"@xn--", 2),
        ("email", r"@bücher\.example", 10),
        ("email", r"^[^@]+$", 4),
        ("email", r"@.*@", 2),
        ("email", r"\.\.", 4),
        ("email", r"\S \S+@", 4),
        ("email", r"^(?:info|office|sales|support|admin|contact|billing|hello)@", 30),
        ("first_name", r"['’]", 2),
        ("first_name", r'"', 1),
        ("first_name", r",", 1),
        ("first_name", r"<b>", 1),
        ("first_name", r"\{\{", 2),
        ("first_name", r"^=", 1),
        ("first_name", r"🌻|👩", 2),
        ("first_name", r".{100}", 1),
        ("first_name", r"[А-я]", 50),
        ("first_name", r"[\u0600-\u06ff]", 20),
        ("first_name", r"[\u4e00-\u9fff]", 20),
        ("last_name", r"'", 50),
    ],
)
def test_the_disorder_of_real_lists_is_there(column: str, pattern: str, least: int) -> None:
    """Each way in which real lists go wrong stands in the sample often enough to be noticed."""
    assert shipped()["contacts"][column].str.contains(pattern, na=False).sum() >= least


def test_duplicates_differ_in_spelling_only() -> None:
    """People in two rows: by case, by white space, and by the spelling of an international domain."""
    contacts = shipped()["contacts"]
    twice = contacts[contacts.duplicated("key", keep=False)].groupby("key")["email"].agg(list)
    assert 80 <= len(twice) <= 250
    by_case = [pair for pair in twice if pair[0] != pair[1] and pair[0].lower() == pair[1].lower()]
    by_space = [pair for pair in twice if pair[0] != pair[1] and pair[0].strip() == pair[1].strip()]
    by_idn = [pair for pair in twice if sum(name.isascii() for name in pair) == 1]
    assert min(len(by_case), len(by_space), len(by_idn)) >= 5


def test_shares_by_domain() -> None:
    """The big five hold about 60 % of the list, Northmail with its twin about 24 %, companies a long tail."""
    domain = shipped()["contacts"]["key"].str.rpartition("@")[2]
    share = domain.value_counts(normalize=True)
    assert share.reindex(list(FREE)).sum() == pytest.approx(0.60, abs=0.03)
    assert share["northmail.example"] + share["northmail-work.example"] == pytest.approx(0.24, abs=0.02)
    assert share.idxmax() == "northmail.example"
    assert share.nunique() > 30
    for rare in (DISPOSABLE, RELAYS, tuple(MISSPELT)):
        assert 0.003 < share.reindex(list(rare)).sum() < 0.03


def test_consent_is_recorded_as_it_is_in_life() -> None:
    """Consent comes mostly after the sign-up; what was bought, unknown or lost has no date."""
    contacts = shipped()["contacts"]
    dated = contacts["consent_at"].notna()
    assert (contacts["consent_at"] >= contacts["created_at"])[dated].mean() > 0.9
    assert not dated[~contacts["consent_basis"].isin(["opt_in", "customer"])].any()
    bought = contacts[contacts["consent_basis"] == "bought"]
    assert set(bought["consent_source"]) == {"imported list"}
    assert 20 < len(bought) < 150
    assert {"unknown", "opt_in", "customer"} < set(contacts["consent_basis"].dropna())
    assert contacts["consent_basis"].isna().sum() > 20


def test_the_list_grew_for_five_years() -> None:
    """Rows are in the order of time, all before the sample's day, each year (but for the fair) fuller than the last."""
    created = shipped()["contacts"]["created_at"]
    assert created.is_monotonic_increasing
    assert created.max() < NOW
    assert created.min() > NOW - pd.Timedelta(days=5 * 366)
    lasting = created[shipped()["contacts"]["segment"] != "event-2025"]
    years = ((NOW - lasting).dt.days // 365).value_counts().sort_index(ascending=False)
    assert years.is_monotonic_increasing


def test_tracking_consent_has_three_states() -> None:
    """About 85 % said yes, 6 % no, 9 % were never asked."""
    answers = shipped()["contacts"]["tracking_consent"].value_counts(normalize=True, dropna=False)
    assert answers["yes"] == pytest.approx(0.85, abs=0.02)
    assert answers["no"] == pytest.approx(0.06, abs=0.02)
    assert shipped()["contacts"]["tracking_consent"].isna().mean() == pytest.approx(0.09, abs=0.02)


def test_the_sample_has_its_own_day() -> None:
    """The day and the seed are fixed, and truth.json names them."""
    assert date(2026, 10, 1) == sample.AS_OF
    assert (expected()["as_of"], expected()["seed"]) == ("2026-10-01", sample.SEED)


@pytest.mark.parametrize(
    ("find", "folder", "file"),
    [(sample.path, "data", "contacts.csv"), (sample.notebooks, "notebooks", "1_list_health.ipynb")],
)
def test_shipped_folders_are_found_in_wheel_and_checkout(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, find: Callable[[], Path], folder: str, file: str
) -> None:
    """Beside the package in a checkout, within it in a wheel, and the wheel's own comes first."""
    package = tmp_path / "bulkkit"
    monkeypatch.setattr(place, "_PACKAGE", package)
    with pytest.raises(InputError, match=folder):
        find()
    for parent in (tmp_path, package):
        (parent / folder).mkdir(parents=True)
        (parent / folder / file).touch()
        assert find() == parent / folder
