"""The holdout: the same people however it is planned, stored with the campaign, and never written to."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rehearsal import campaign, people, relay
from servers import MailServer

from bulkkit.addresses import mailbox_keys
from bulkkit.dispatch import Plan, plan
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.ledger.schema import MIGRATIONS
from bulkkit.sending.holdout import held_out
from bulkkit.sending.throttle import Throttle
from bulkkit.vocabulary import HOLDOUT_DTYPES

MAILBOXES = st.lists(st.integers(0, 10_000).map(lambda number: f"p{number}@alpha.example"), unique=True, min_size=1)


def drafted(path: Path, audience: pd.DataFrame, port: int = 1, **options: object) -> Plan:
    """Return a plan of a rehearsal."""
    name = str(options.pop("name", "office-move"))
    return plan(
        campaign(audience, name=name), [relay(port)], throttle=Throttle.unlimited(), ledger=path, **options
    )  # fmt: skip


@given(MAILBOXES, st.randoms(), st.floats(0, 0.99))
@settings(max_examples=50, deadline=None)
def test_who_is_held_out_depends_on_nobody_else(mailboxes: list[str], order: object, share: float) -> None:
    """Other people on the list, and their order, change nothing; a larger share only adds people."""
    whole = pd.Series(mailboxes, dtype="str")
    drawn = held_out(whole, "office-move", share)
    shuffled = whole.sample(frac=1, random_state=1)
    assert drawn.sort_index().equals(held_out(shuffled, "office-move", share).sort_index())
    assert held_out(whole.iloc[:1], "office-move", share).tolist() == drawn.tolist()[:1]
    assert (drawn <= held_out(whole, "office-move", min(0.99, share + 0.1))).all()


def test_the_share_is_kept_and_campaigns_differ() -> None:
    """About the share asked for is drawn, and another campaign draws other people."""
    mailboxes = pd.Series([f"p{number}@alpha.example" for number in range(20_000)], dtype="str")
    one, two = (held_out(mailboxes, name, 0.1) for name in ("office-move", "spring"))
    assert one.mean() == pytest.approx(0.1, abs=0.008)
    assert (one & two).mean() == pytest.approx(0.01, abs=0.003)


@pytest.mark.parametrize("share", [-0.1, 1.0, 1.5, float("nan")])
def test_a_share_that_is_none_is_refused(path: Path, share: float) -> None:
    """Nobody can be written to where everybody is held out."""
    with pytest.raises(InputError, match="holdout="):
        drafted(path, people(3), holdout=share)


def test_planned_anew_the_same_people_are_held_out(path: Path) -> None:
    """Whatever the order and the spelling, and with more people on the list, the same mailboxes are kept out."""
    audience = people(300)
    first = drafted(path, audience, holdout=0.2)
    again = drafted(path, pd.concat([people(100, "beta.example"), audience.iloc[::-1]]), holdout=0.2)
    shouted = drafted(path, audience.assign(email=audience["email"].str.upper()), holdout=0.2)
    kept = set(first.rows("holdout")["email"])
    assert 30 < len(kept) < 90
    assert set(again.rows("holdout")["email"]) >= kept
    assert set(shouted.rows("holdout")["email"].str.lower()) == kept
    assert first.recipients + len(kept) == 300
    assert first.waterfall["step"].tolist()[-2:] == ["holdout", "recipients"]
    assert first.findings.set_index("rule").loc["holdout", "finding"].startswith(f"{len(kept)} people are held out")


def test_a_limit_comes_before_the_holdout(path: Path) -> None:
    """Whoever is held out would have got the message: people beyond the limit are no comparison."""
    planned = drafted(path, people(300), limit=100, holdout=0.2)
    assert planned.recipients + len(planned.rows("holdout")) == 100
    assert len(planned.rows("over_limit")) == 200


def test_the_ledger_knows_who_was_held_out(serve: Callable[..., MailServer], path: Path) -> None:
    """They are stored with the campaign, under the key by which people are known, and no server ever hears of them."""
    server = serve()
    planned = drafted(path, people(60), server.port, holdout=0.3)
    expected = planned.rows("holdout")["email"].tolist()
    planned.send().wait(20)
    ledger = Ledger(path)
    stored = ledger.holdouts("office-move")
    assert {name: str(dtype) for name, dtype in stored.dtypes.items()} == dict(HOLDOUT_DTYPES)
    assert sorted(stored["email"]) == sorted(expected)
    assert stored["mailbox"].tolist() == mailbox_keys(stored["email"]).tolist()
    assert set(stored["at"]) == set(ledger.campaigns()["created_at"])
    assert not set(server.counts()) & set(expected)
    assert len(server.mail) == 60 - len(expected) == len(ledger.sends())
    assert ledger.holdouts("spring").empty
    assert len(ledger.holdouts()) == len(stored)


def test_a_ledger_of_before_learns_of_holdouts(path: Path) -> None:
    """A ledger of the first version keeps what it has and takes holdouts in."""
    with sqlite3.connect(path) as connection:
        connection.executescript(MIGRATIONS[0])
        connection.execute("INSERT INTO campaigns VALUES ('spring', 'blast', 'marketing', 1, 2, 's', 't', 'utc', '{}')")
        connection.execute("PRAGMA user_version = 1")
        connection.execute(f"PRAGMA application_id = {int.from_bytes(b'bulk', 'big')}")
    connection.close()
    ledger = Ledger(path)
    assert ledger.campaigns()["campaign"].tolist() == ["spring"]
    assert ledger.holdouts().empty
