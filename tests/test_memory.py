"""What a send knows of those before it: limits hold over restarts, reboots and moved clocks."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import outcome, record, rows, stamp, stored
from rehearsal import START

from bulkkit.ledger import Ledger
from bulkkit.sending.job import Job
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import RELAY_BUSY, Retry
from bulkkit.sending.throttle import DAY, HOUR, Limit, Ramp, Throttle
from bulkkit.sending.turnstile import Turnstile
from bulkkit.transitions import Claim, Dotted, Outcome, PastDeferral, Stamp
from bulkkit.vocabulary import SendState

MESSAGES = 40


@dataclass
class Machine:
    """A machine's clocks: `true` time, by how much the wall clock is off, and which boot it is."""

    name: str = "utc"
    true: float = 0.0
    off: float = 0.0
    boot: int = 1
    booted: float = -5000.0

    def now(self) -> datetime:
        """Return what the wall clock shows."""
        return START + timedelta(seconds=self.true + self.off)

    def seconds(self) -> float:
        """Return what the boot clock shows."""
        return self.true - self.booted

    def stamp(self) -> Stamp:
        """Return both, as the ledger keeps them."""
        return Stamp(self.now(), f"boot {self.boot}", self.seconds())

    def skip(self, _seconds: float) -> bool:
        """Return that real time cannot be skipped."""
        return False

    def machine_seconds(self, seconds: float) -> float:
        """Return the same number."""
        return seconds


STEPS = st.tuples(st.sampled_from(["send", "send", "send", "restart"]), st.integers(0, 3000))
REBOOTS = st.tuples(st.sampled_from(["send", "reboot"]), st.integers(0, 3000))
JUMPS = st.tuples(st.sampled_from(["send", "jump", "restart"]), st.sampled_from([-DAY, -600.0, 600.0, DAY, 400 * DAY]))


@settings(max_examples=25, deadline=None)
@given(
    st.lists(STEPS | REBOOTS, max_size=12),
    st.lists(STEPS | JUMPS, max_size=12),
    st.integers(1, 4),
    st.sampled_from([600.0, HOUR]),
)
def test_20_no_window_is_exceeded_whatever_the_clock_does(
    before: list[tuple[str, float]], after: list[tuple[str, float]], messages: int, window: float
) -> None:
    """Restarts and reboots, then a wall clock moved by years: by true time no window ever holds more than its limit."""
    clock, handed = Machine(), []
    with tempfile.TemporaryDirectory() as folder:
        ledger = stored(Path(folder) / "bulkkit.db", MESSAGES)
        to = Relay("smtp://127.0.0.1", clock=clock)
        job = Job("spring", None, (to,), Throttle(Limit(messages, window)), Retry())
        turnstile = Turnstile(job, ledger)
        # After a reboot and a jump together no clock knows any more what the hour before was.
        for kind, amount in [*before, ("pass", HOUR), *after]:
            if kind == "pass":
                clock.true += amount
            if kind == "send":
                clock.true += abs(amount) % 3000
                while turn := turnstile.next_now(to):
                    begun = clock.stamp()
                    clock.true += 7
                    steps = [Claim(turn.send_id, to.name, begun), Dotted(turn.send_id)]
                    ledger.write([*steps, Outcome(turn.send_id, SendState.ACCEPTED, clock.now())])
                    turnstile.done(turn)
                    handed.append(clock.true)
                continue
            if kind == "jump":
                clock.off += amount
            if kind == "reboot":
                clock.true += amount
                clock.boot, clock.booted = clock.boot + 1, clock.true
            turnstile = Turnstile(job, ledger)
        ledger.close()
    for first in handed:
        assert sum(first <= moment < first + window for moment in handed) <= messages


def test_20_a_jump_is_no_standstill(path: Path) -> None:
    """With the wall clock a year back, the next message goes when its true hour is over, not a year later."""
    clock, ledger = Machine(), stored(path, 2)
    to = Relay("smtp://127.0.0.1", clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp()), Dotted(1), Outcome(1, SendState.ACCEPTED, clock.now())])
    clock.off, clock.true = -365 * DAY, 600.0
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit(1, HOUR)), Retry()), ledger)
    assert turnstile.next_now(to) is None
    clock.true = HOUR
    assert turnstile.next_now(to) is not None


def test_20_what_was_put_off_comes_again_though_the_clock_went_back(path: Path) -> None:
    """With the wall clock a year back at a restart, the next attempt is made after the longest wait, not in a year."""
    clock, ledger, retry = Machine(), stored(path, 1), Retry()
    to = Relay("smtp://127.0.0.1", clock=clock)
    due = clock.now() + timedelta(seconds=1800)
    ledger.write([Claim(1, to.name, clock.stamp())])
    ledger.write([Outcome(1, SendState.DEFERRED, clock.now(), due_at=due, smtp_code=451)])
    clock.off = -365 * DAY
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit()), retry), ledger)
    assert turnstile.next_now(to) is None
    clock.true = retry.longest_wait
    assert turnstile.next_now(to) is not None


def test_20_a_slow_transaction_counts_from_its_end_whatever_the_clock_does(path: Path) -> None:
    """A message whose transaction took 25 minutes is in the day that its end is in, though the wall clock was moved."""
    clock, ledger = Machine(), stored(path, 2)
    to = Relay("smtp://127.0.0.1", daily=1, clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp()), Dotted(1), outcome(1, SendState.ACCEPTED, 1500)])
    clock.off, clock.true = 10 * DAY, DAY + 600
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit()), Retry()), ledger)
    assert turnstile.next_now(to) is None
    clock.true = DAY + 1500
    assert turnstile.next_now(to) is not None


def test_a_relays_first_day_is_the_ledgers(path: Path) -> None:
    """Since when a relay is in use, the ledger says; after 30 days without a message it begins anew."""
    ledger = stored(path, 4)
    for number, (relay, at) in enumerate([("a", 0), ("a", 20), ("b", 5), ("a", 55)], start=1):
        ledger.write([Claim(number, relay, stamp(at * DAY))])
    assert ledger.first_claims("utc", 40 * DAY) == {"a": stamp(0), "b": stamp(5 * DAY)}
    assert ledger.first_claims("utc", 30 * DAY) == {"a": stamp(55 * DAY), "b": stamp(5 * DAY)}
    assert ledger.first_claims("sandbox", 30 * DAY) == {}
    assert (ledger.began("spring"), ledger.began("another")) == (stamp(0), None)


def test_a_first_attempt_put_off_is_the_beginning_all_the_same(path: Path) -> None:
    """A message tried again began with its first attempt."""
    ledger = stored(path, 1)
    ledger.write([Claim(1, "a", stamp(100)), outcome(1, SendState.DEFERRED, 110, smtp_code=451, reply="451 No")])
    ledger.write([Claim(1, "a", stamp(4000))])
    assert ledger.began("spring") == stamp(100)
    assert ledger.first_claims("utc", 30 * DAY) == {"a": stamp(100)}


def test_a_new_campaign_goes_on_with_the_warm_up(path: Path) -> None:
    """Three days after a relay's first message another campaign may send what the fourth day takes."""
    clock, ledger = Machine(), stored(path, 1)
    to = Relay("smtp://127.0.0.1", clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp()), Dotted(1), Outcome(1, SendState.ACCEPTED, clock.now())])
    ledger.store(record("summer"), rows(30))
    clock.true = 3 * DAY + 60
    throttle = Throttle(Limit(), ramp=Ramp(days=9, first=2, growth=2))
    turnstile = Turnstile(Job("summer", None, (to,), throttle, Retry()), ledger)
    assert sum(turnstile.next_now(to) is not None for _ in range(30)) == 16


def test_who_put_us_off_lately_is_remembered(path: Path) -> None:
    """4xx answers of the last hours are read in their order, of messages tried again as well, and nothing else."""
    ledger = stored(path, 4)
    ledger.write([Claim(number, "a", stamp()) for number in (1, 2, 3, 4)])
    later = {"smtp_code": 421, "enhanced_code": "4.7.0", "reply": "421 4.7.0 Later"}
    ledger.write([outcome(1, SendState.DEFERRED, 500, **later), outcome(2, SendState.DEFERRED, 100, **later)])
    ledger.write([outcome(3, SendState.REFUSED, 600, smtp_code=550), outcome(4, SendState.ACCEPTED, 600)])
    ledger.write([Claim(1, "a", stamp(4000))])
    said = [PastDeferral("alpha.example", stamp(at).at, None, 421, "4.7.0", "421 4.7.0 Later") for at in (100, 500)]
    assert ledger.deferrals_since(stamp(4000), 7200, "utc") == said
    assert ledger.deferrals_since(stamp(4000), 3600, "utc") == said[1:]
    assert ledger.deferrals_since(stamp(4000), 7200, "sandbox") == []


def test_an_ended_restraint_is_not_taken_up_again(path: Path) -> None:
    """What a network asked for holds until its end, also in a later send; after the end nobody speaks of it."""
    clock, ledger = Machine(), stored(path, 3)
    to = Relay("smtp://127.0.0.1", clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp())])
    said = "421 [TSS04] temporarily deferred"
    ledger.write([outcome(1, SendState.REFUSED, 0, smtp_code=421, reply=said)])
    job = Job("spring", None, (to,), Throttle(Limit()), Retry())
    clock.true = 7100.0
    turnstile = Turnstile(job, ledger)
    assert turnstile.next_now(to) is None
    assert turnstile.notes() == (f"alpha.example until 11:00 UTC: nothing for 2 hours: {said}",)
    clock.true = 7201.0
    assert turnstile.next_now(to) is not None
    assert turnstile.notes() == ()
    assert Turnstile(job, Ledger(path)).next_now(to) is not None


def test_a_slower_pace_counts_what_was_handed_over_before_a_restart(path: Path) -> None:
    """A network that asked for one message a minute, and has no limit else, has had this minute's already."""
    clock, ledger = Machine(), stored(path, 4)
    to = Relay("smtp://127.0.0.1", clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp())])
    ledger.write([outcome(1, SendState.DEFERRED, 0, smtp_code=421, reply="421 4.7.0 Messages temporarily deferred")])
    clock.true = 100.0
    ledger.write([Claim(2, to.name, clock.stamp()), Dotted(2), outcome(2, SendState.ACCEPTED, 100)])
    clock.true = 130.0
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit()), Retry()), ledger)
    assert turnstile.next_now(to) is None
    clock.true = 160.0
    assert turnstile.next_now(to) is not None


def test_a_relay_that_put_us_off_slows_no_network(path: Path) -> None:
    """What a relay says to MAIL is not said by the network, neither now nor after a restart."""
    clock, ledger = Machine(), stored(path, 3)
    to = Relay("smtp://127.0.0.1", clock=clock)
    ledger.write([Claim(1, to.name, clock.stamp())])
    said = {"reason": RELAY_BUSY, "smtp_code": 421, "reply": "421 4.3.2 Too many connections"}
    ledger.write([outcome(1, SendState.DEFERRED, 0, **said)])
    turnstile = Turnstile(Job("spring", None, (to,), Throttle(Limit()), Retry()), ledger)
    turn = turnstile.next_now(to)
    assert turn is not None
    for _ in range(9):
        turnstile.heard(turn, outcome(2, SendState.DEFERRED, 1, **said), clock.seconds())
    assert turnstile.notes() == ()
    assert turnstile.next_now(to) is not None
