"""The ledger: each message's state through every step, crash and decision."""

from __future__ import annotations

import shutil
import tempfile
from collections import Counter
from datetime import datetime, timedelta
from math import inf
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, precondition, rule
from ledgers import RELAY, outcome, record, rows, stamp, stored
from rehearsal import START, people

from bulkkit.errors import InputError, LedgerError
from bulkkit.ledger import Ledger
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.throttle import DAY, HOUR, Limit, Throttle
from bulkkit.sending.turnstile import Turnstile
from bulkkit.transitions import Claim, Dotted, Outcome, Stamp, Step
from bulkkit.vocabulary import CAMPAIGN_DTYPES, EVENT_DTYPES, SEND_DTYPES, SUPPRESSION_DTYPES, SendState

ENDS = (SendState.REFUSED, SendState.EXPIRED, SendState.IN_DOUBT, SendState.DEFERRED, SendState.QUEUED)
"""How an attempt may end, beside being accepted."""

NETWORKS = ("alpha.example", "beta.example")
"""The messages' networks, in turn."""


def with_state(*states: str) -> Any:
    """Let a rule run only while some message is in one of these states."""
    return precondition(lambda machine: machine.in_state(*states))


class Sending(RuleBasedStateMachine):
    """A ledger beside its simplest model: one word for each message, and how often it was accepted and resent."""

    @initialize(count=st.integers(1, 5))
    def begin(self, count: int) -> None:
        """Store a campaign."""
        self.folder = Path(tempfile.mkdtemp())
        self.ledger = Ledger(self.folder / "bulkkit.db")
        self.ledger.store(record(), rows(count, network=[NETWORKS[number % 2] for number in range(1, count + 1)]))
        self.model = dict.fromkeys(range(1, count + 1), "queued")
        self.suppressed: set[int] = set()
        self.skipped: set[int] = set()
        self.accepted: Counter[int] = Counter()
        self.resent: Counter[int] = Counter()
        self.claims: list[float] = []

    def in_state(self, *states: str) -> list[int]:
        """Return the messages that the model has in these states."""
        return [number for number, state in self.model.items() if state in states]

    def draw(self, data: st.DataObject, *states: str) -> int:
        """Return one of the messages that are in these states."""
        return data.draw(st.sampled_from(self.in_state(*states)))

    @with_state("queued", "deferred")
    @rule(data=st.data())
    def claim(self, data: st.DataObject) -> None:
        """A connection takes a message up, unless its person is suppressed by now."""
        number = self.draw(data, "queued", "deferred")
        moment = float(len(self.claims))
        withheld = self.ledger.write([Claim(number, RELAY, stamp(moment))])
        assert withheld == {number} & self.suppressed
        self.model[number] = "refused" if withheld else "claimed"
        self.claims += [] if withheld else [moment]

    @with_state("claimed")
    @rule(data=st.data())
    def dot(self, data: st.DataObject) -> None:
        """The dot of a claimed message is next."""
        number = self.draw(data, "claimed")
        self.ledger.write([Dotted(number)])
        self.model[number] = "dotted"

    @with_state("dotted")
    @rule(data=st.data())
    def accept(self, data: st.DataObject) -> None:
        """The server takes a message."""
        number = self.draw(data, "dotted")
        self.ledger.write([outcome(number, SendState.ACCEPTED)])
        self.model[number] = "accepted"
        self.accepted[number] += 1

    @with_state("claimed", "dotted")
    @rule(data=st.data(), state=st.sampled_from(ENDS), suppress=st.booleans())
    def end(self, data: st.DataObject, state: SendState, suppress: bool) -> None:
        """An attempt ends in any other way."""
        number = self.draw(data, "claimed", "dotted")
        self.ledger.write([outcome(number, state, suppress=suppress)])
        self.model[number] = str(state)
        self.suppressed |= {number} if suppress else set()

    @rule(number=st.integers(1, 5))
    def suppress(self, number: int) -> None:
        """Somebody unsubscribes, whether they get this campaign or not."""
        assert self.ledger.suppress(people(5).iloc[[number - 1]]) == (number not in self.suppressed)
        self.suppressed.add(number)

    @rule()
    def restart(self) -> None:
        """The process dies, and another one takes the campaign up."""
        self.ledger.close()
        self.ledger = Ledger(self.ledger.path)
        assert self.ledger.recover("spring") == len(self.in_state("dotted"))
        after = {"dotted": "in_doubt", "claimed": "queued"}
        self.model = {number: after.get(state, state) for number, state in self.model.items()}

    @rule(number=st.integers(1, 5), choice=st.sampled_from(["skip", "resend"]))
    def decide(self, number: int, choice: str) -> None:
        """A person decides on a message, however they spell its address."""
        decided = self.ledger.resolve("spring", [f" P{number - 1:04}@Alpha.example."], choice)
        assert decided == (self.model.get(number) == "in_doubt")
        if decided and choice == "resend":
            self.model[number] = "queued"
            self.resent[number] += 1
            self.skipped.discard(number)
        elif decided:
            self.skipped.add(number)
        doubtful = [number - 1 for number in self.in_state("in_doubt") if number not in self.skipped]
        assert self.ledger.in_doubt("spring")["email"].tolist() == people(5)["email"].iloc[doubtful].tolist()

    @rule(data=st.data(), kind=st.sampled_from(["claim", "dot", "outcome"]))
    def take_a_step_that_does_not_fit(self, data: st.DataObject, kind: str) -> None:
        """A step from any other state is an error, and nothing of its transaction is kept."""
        fits = {"claim": {"queued", "deferred"}, "dot": {"claimed"}, "outcome": {"claimed", "dotted"}}[kind]
        wrong = [number for number, state in self.model.items() if state not in fits]
        if wrong:
            number = data.draw(st.sampled_from(wrong))
            accepted = outcome(number, SendState.ACCEPTED)
            steps: dict[str, Step] = {
                "claim": Claim(number, RELAY, stamp()),
                "dot": Dotted(number),
                "outcome": accepted,
            }
            before = [Claim(other, RELAY, stamp()) for other in self.in_state("queued")[:1] if other != number]
            with pytest.raises(LedgerError, match="not where this send left it"):
                self.ledger.write([*before, steps[kind]])

    @invariant()
    def the_ledger_says_what_the_model_says(self) -> None:
        """Each state, the counts, and what waits are the model's; each attempt is counted once."""
        sends = self.ledger.sends("spring")
        assert sends["state"].tolist() == list(self.model.values())
        assert self.ledger.counts("spring") == Counter(map(SendState, self.model.values()))
        networks = Counter((NETWORKS[number % 2], SendState(state)) for number, state in self.model.items())
        counted = self.ledger.network_counts("spring")
        assert {(name, state): count for name, part in counted.items() for state, count in part.items()} == networks
        assert sorted(number for row in self.ledger.pending("spring") for number in row.send_ids) == self.in_state(
            "queued", "deferred"
        )
        counted = self.ledger.claims_since(stamp(1e6), 1e9, "utc")
        assert sorted(claim.stamp.boot_seconds for claim in counted) == self.claims
        assert sends["attempts"].sum() == len(self.claims)

    @invariant()
    def nobody_is_accepted_twice_unasked(self) -> None:
        """Each further acceptance of a message was asked for by a person."""
        assert all(times <= 1 + self.resent[number] for number, times in self.accepted.items())

    def teardown(self) -> None:
        """Remove the file."""
        self.ledger.close()
        shutil.rmtree(self.folder)


Sending.TestCase.settings = settings(max_examples=20, stateful_step_count=20, deadline=None)
TestSending = Sending.TestCase


@given(
    st.lists(st.tuples(st.sampled_from(["queued", "claimed", "dotted"]), st.booleans()), min_size=1, max_size=6),
    st.sampled_from([SendState.ACCEPTED, SendState.DEFERRED]),
)
@settings(max_examples=20, deadline=None)
def test_a_group_of_steps_is_kept_whole_or_not_at_all(steps: list[tuple[str, bool]], state: SendState) -> None:
    """The last result, this dot and the next claim of one transaction stand together or fall together."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = stored(Path(folder) / "bulkkit.db", len(steps) + 1)
        claims = [Claim(number, RELAY, stamp()) for number in range(1, len(steps) + 1)]
        ledger.write(claims)
        group: list[Step] = [Dotted(number) for number in range(1, len(steps) + 1)]
        with pytest.raises(LedgerError):
            ledger.write([*group, outcome(1, state), Claim(1, RELAY, stamp()), Dotted(99)])
        assert ledger.counts("spring") == {SendState.CLAIMED: len(steps), SendState.QUEUED: 1}
        ledger.close()


MOMENTS = st.floats(0, 20_000).map(lambda seconds: round(seconds, 3))


@settings(max_examples=40, deadline=None)
@given(
    claims=st.lists(
        st.tuples(st.sampled_from(["one", "two", ""]), MOMENTS, st.sampled_from([-86_400, 0, 86_400])), max_size=8
    ),
    now=MOMENTS,
    boot=st.sampled_from(["one", "two", "three", ""]),
    window=st.sampled_from([60.0, 3600.0, 10_000.0]),
)
def test_a_claim_counts_by_either_clock(
    claims: list[tuple[str, float, int]], now: float, boot: str, window: float
) -> None:
    """A claim counts where the boot clock or the wall clock says that it is recent, and counts once."""
    with tempfile.TemporaryDirectory() as folder:
        ledger = stored(Path(folder) / "bulkkit.db", 8)
        for number, (name, at, jump) in enumerate(claims, start=1):
            ledger.write([Claim(number, RELAY, stamp(at + jump, name, at))])
        counted = ledger.claims_since(stamp(now, boot), window, "utc")
        expected = [
            (name, at)
            for name, at, jump in claims
            if at + jump > now - window or (name == boot != "" and at > now - window)
        ]
        assert sorted((claim.stamp.boot_id, claim.stamp.boot_seconds) for claim in counted) == sorted(expected)
        assert not ledger.claims_since(stamp(now, boot), window, "sandbox")
        ledger.close()


class Moved:
    """A clock that a test sets: the wall clock and the boot clock, each for itself."""

    name = "utc"

    def __init__(self, at: Stamp) -> None:
        self.at = at

    def now(self) -> datetime:
        """Return the wall clock."""
        return self.at.at

    def seconds(self) -> float:
        """Return the boot clock."""
        return self.at.boot_seconds

    def stamp(self) -> Stamp:
        """Return both."""
        return self.at


@pytest.mark.parametrize(
    ("claimed", "now", "age"),
    [
        (stamp(0), stamp(600), 600),
        (stamp(0), stamp(DAY, "boot", 600), 600),
        (stamp(0), stamp(-DAY, "boot", 600), 600),
        (stamp(0), stamp(600, "another boot", 7), 600),
        (stamp(DAY), stamp(600, "another boot", 7), 0),
        (stamp(0, "", 0.0), stamp(600, "", 0.0), 600),
    ],
    ids=["no jump", "a day forward", "a day back", "rebooted", "from the future", "no boot clock"],
)
def test_a_jump_of_the_clock_neither_bursts_nor_stands_still(
    path: Path, claimed: Stamp, now: Stamp, age: float
) -> None:
    """However the wall clock was moved, a past message counts by its true age; one of the future is of now."""
    ledger = stored(path, 2)
    ledger.write([Claim(1, RELAY, claimed), Dotted(1), Outcome(1, SendState.ACCEPTED, claimed.at)])
    to = Relay("smtp://127.0.0.1", clock=Moved(now))
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit(1, HOUR)), Retry()), ledger)
    assert turnstile._take(to) is None
    assert turnstile._until_next(to) == HOUR - age


def test_a_past_transaction_counts_from_its_end(path: Path) -> None:
    """What took a while counts from when it was over; whose end nobody saw may have ended just now."""
    ledger = stored(path, 2)
    ledger.write(
        [Claim(1, RELAY, stamp(10)), Claim(2, RELAY, stamp(10)), Dotted(1), outcome(1, SendState.ACCEPTED, 25)]
    )
    assert [past.seconds for past in ledger.claims_since(stamp(50), 3600, "utc")] == [15, inf]


def test_an_attempt_that_was_withheld_counts_once(path: Path) -> None:
    """A message put off and then withheld was handed over once, and says so of itself."""
    ledger = stored(path, 1)
    ledger.write([Claim(1, RELAY, stamp(10)), outcome(1, SendState.DEFERRED, 12, smtp_code=451, reply="451 Later")])
    ledger.suppress(people(1))
    assert ledger.write([Claim(1, RELAY, stamp(2000))]) == {1}
    (past,) = ledger.claims_since(stamp(2000), 3600, "utc")
    assert (past.stamp.boot_seconds, past.seconds) == (10, 2)
    row = ledger.sends().iloc[0]
    assert (row["state"], row["reason"], row["attempts"]) == ("refused", "suppressed", 1)
    assert pd.isna(row["smtp_code"])
    assert pd.isna(row["reply"])


def test_a_restart_brings_each_message_to_a_safe_state(path: Path) -> None:
    """What was claimed waits again, what was dotted is in doubt, and what had ended stays as it is."""
    ledger = stored(path, 4)
    ledger.write([Claim(number, RELAY, stamp()) for number in (1, 2, 3)])
    ledger.write([Dotted(2), Dotted(3), outcome(3, SendState.ACCEPTED)])
    assert ledger.recover("spring") == 1
    assert ledger.sends()["state"].tolist() == ["queued", "in_doubt", "accepted", "queued"]
    assert ledger.in_doubt("spring")["reason"].tolist() == ["interrupted"]
    assert ledger.recover("spring") == 0


def test_the_first_attempt_is_remembered(path: Path) -> None:
    """However often a message is tried, the ledger knows since when."""
    ledger = stored(path, 1)
    assert ledger.recipient(1).first_claimed_at is None
    for seconds in (10, 2000, 9000):
        ledger.write([Claim(1, RELAY, stamp(seconds))])
        assert ledger.recipient(1).first_claimed_at == stamp(10).at
        ledger.write([outcome(1, SendState.DEFERRED, seconds)])
    assert ledger.recipient(1).attempts == 3


def test_message_ids_are_the_rows_own_and_cannot_be_guessed(path: Path) -> None:
    """Each message has an id of its own, the same number gives another id in another ledger, and it is kept."""
    ids = stored(path, 50).sends()["message_id"]
    assert ids.nunique() == 50
    assert Ledger(path).sends()["message_id"].tolist() == ids.tolist()
    assert stored(path.with_name("other.db"), 1).sends()["message_id"][0] != ids[0]
    assert ids.str.fullmatch(r"<[0-9a-f]+\.[0-9a-f]{24}@example\.org>").all()


def test_a_campaign_is_stored_once_and_whole(path: Path) -> None:
    """A name is given once; what fails half way leaves nothing behind."""
    ledger = stored(path)
    with pytest.raises(InputError, match=r"bulkkit\.resume\('spring'\)"):
        ledger.store(record(), rows(1))
    twice = rows(2, mailbox="same@alpha.example")
    with pytest.raises(LedgerError):
        ledger.store(record("summer"), twice)
    assert ledger.campaigns()["campaign"].tolist() == ["spring"]
    assert ledger.campaigns()["recipients"].tolist() == [3]
    assert len(ledger.sends()) == 3


def test_an_unknown_campaign_is_named_with_those_that_there_are(path: Path) -> None:
    """Who asks for a campaign that is not there is told which are."""
    with pytest.raises(InputError, match="no campaign 'sprign'; it has 'spring'"):
        stored(path).spec("sprign")


def test_links_and_recipients_are_found(path: Path) -> None:
    """A link is found by campaign and number, recipients in the order asked for, with their data."""
    ledger = Ledger(path)
    ledger.store(record(link_urls=("https://a.example", "https://b.example")), rows(1200, fields='{"name": "Zoë"}'))
    assert ledger.link("spring", 1) == "https://b.example"
    assert ledger.link("spring", 2) is ledger.link("summer", 0) is ledger.recipient(99_999) is None
    wanted = [1200, 7, 99_999, 600, 1]
    found = ledger.recipients(wanted)
    assert [recipient.send_id for recipient in found] == [1200, 7, 600, 1]
    assert found[0].fields == {"name": "Zoë"}


@pytest.mark.parametrize(
    ("frame", "dtypes"),
    [
        ("sends", SEND_DTYPES),
        ("events", EVENT_DTYPES),
        ("campaigns", CAMPAIGN_DTYPES),
        ("suppressions", SUPPRESSION_DTYPES),
    ],
)
def test_an_empty_frame_keeps_its_columns(path: Path, frame: str, dtypes: dict[str, str]) -> None:
    """A frame has the vocabulary's columns and dtypes, be it empty or full."""
    empty = getattr(Ledger(path), frame)()
    full = getattr(stored(path.with_name("full.db")), frame)()
    assert list(empty.columns) == list(full.columns) == list(dtypes)
    assert empty.empty
    assert {name: str(dtype) for name, dtype in full.dtypes.items()} == dtypes


def test_blasts_count_towards_the_cap_once_accepted(path: Path) -> None:
    """Who was sent a blast lately is known by what was accepted, here or elsewhere, and by nothing else."""
    ledger = stored(path, 3)
    ledger.store(record("part", kind="segmented"), rows(3))
    ledger.store(record("autumn"), rows(3))
    for number, state in (
        (1, SendState.ACCEPTED),
        (2, SendState.REFUSED),
        (4, SendState.ACCEPTED),
        (7, SendState.ACCEPTED),
    ):
        ledger.write([Claim(number, RELAY, stamp()), Dotted(number), outcome(number, state, 60)])
    first = people(1)["email"][0]
    assert sorted(ledger.blasts_since(START).values.tolist()) == [["autumn", first], ["spring", first]]
    assert ledger.blasts_since(START + timedelta(hours=1)).empty
