"""Connections in their stride: those whose server has answered go on together, and whatever is unusual leaves."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from rehearsal import FAULTS, hasty, people, relay, start, states
from servers import Answer, MailServer, answer

from bulkkit.errors import LedgerError
from bulkkit.ledger import Ledger
from bulkkit.sending.clock import SYSTEM_CLOCK, Moment
from bulkkit.sending.wave import Rider, Wave
from bulkkit.transitions import Dotted, Step
from bulkkit.vocabulary import BounceClass

VICTIM = "p0004@alpha.example"
BEFORE = "p0003@alpha.example"
COUNT = 9
MUDDLED = {"garbage", "bytes", "two"}
"""Faults that make all that came with them unreadable: the answer to the message before may be among it."""


class Walker:
    """A rider that goes a few steps and is answered whenever it is let."""

    def __init__(self, number: int, steps: int = 1) -> None:
        self.number = number
        self.left = steps
        self.written = 0
        self.answer: Callable[[], None] = lambda: None

    def when_ended(self, on_end: Callable[[], None]) -> None:
        """Keep who is to be told."""
        self.answer = on_end

    def advance(self, at: Moment) -> Sequence[Step] | None:
        """Go a step, or leave once all are gone."""
        assert at.stamp.at
        return [Dotted(self.number)] if self.left else None

    def write(self, withheld: frozenset[int]) -> bool:
        """Count a step; a withheld one is the last."""
        self.left -= 1
        self.written += 1
        return self.number not in withheld


class Desk:
    """A journal that keeps groups of steps until it is told to write them."""

    def __init__(self) -> None:
        self.groups: list[list[int]] = []
        self._waiting: list[asyncio.Future[frozenset[int]]] = []

    def commit(self, *steps: Step) -> asyncio.Future[frozenset[int]]:
        """Take a group."""
        self.groups.append([step.send_id for step in steps])
        self._waiting.append(asyncio.get_running_loop().create_future())
        return self._waiting[-1]

    def written(self, result: frozenset[int] | Exception = frozenset()) -> None:
        """Write the oldest group that waits, or fail to."""
        waiting = self._waiting.pop(0)
        if isinstance(result, Exception):
            waiting.set_exception(result)
        else:
            waiting.set_result(result)


async def settled() -> None:
    """Let everything happen that can."""
    for _ in range(10):
        await asyncio.sleep(0)


def boarded(desk: Desk, walkers: Sequence[Rider]) -> list[asyncio.Task[None]]:
    """Put riders on a wave; return their rides."""
    wave = Wave(desk, lambda: Moment.of(SYSTEM_CLOCK))
    return [asyncio.ensure_future(wave.ride(walker)) for walker in walkers]


def test_half_of_all_go_on_while_the_others_are_written() -> None:
    """The first who is answered goes at once; while that is written others gather until they are half of all."""

    async def work() -> None:
        desk, walkers = Desk(), [Walker(number, 9) for number in range(8)]
        rides = boarded(desk, walkers)
        await settled()
        walkers[0].answer()
        await settled()
        assert desk.groups == [[0]]
        for walker in walkers[1:4]:
            walker.answer()
        await settled()
        assert desk.groups == [[0]]
        walkers[4].answer()
        await settled()
        assert desk.groups == [[0], [1, 2, 3, 4]]
        walkers[5].answer()
        desk.written()
        desk.written()
        await settled()
        assert desk.groups == [[0], [1, 2, 3, 4], [5]]
        assert [walker.written for walker in walkers] == [1] * 5 + [0] * 3
        for ride in rides:
            ride.cancel()

    asyncio.run(work())


def test_who_is_done_or_withheld_leaves() -> None:
    """One leaves when nothing is left for it to do, one when its next step was withheld, and the third stays."""

    async def work() -> None:
        desk, walkers = Desk(), [Walker(0, 0), Walker(1, 2), Walker(2, 2)]
        done, withheld, stays = boarded(desk, walkers)
        await settled()
        for walker in walkers:
            walker.answer()
        await settled()
        assert (done.done(), desk.groups) == (True, [[1, 2]])
        desk.written(frozenset({1}))
        await settled()
        assert (withheld.done(), stays.done()) == (True, False)
        stays.cancel()

    asyncio.run(work())


def test_a_ledger_that_fails_is_told_to_all_whose_steps_it_took() -> None:
    """Nobody writes, each ride ends with the error, and who was not among them rides on."""

    async def work() -> None:
        desk, walkers = Desk(), [Walker(0), Walker(1), Walker(2)]
        *failed, other = boarded(desk, walkers)
        await settled()
        for walker in walkers[:2]:
            walker.answer()
        await settled()
        desk.written(LedgerError("The disk is full."))
        await settled()
        assert [type(ride.exception()) for ride in failed] == [LedgerError, LedgerError]
        assert [walker.written for walker in walkers] == [0, 0, 0]
        assert not other.done()
        other.cancel()

    asyncio.run(work())


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("step", ["RCPT", "DATA", "dot"])
def test_a_fault_in_the_stride_concerns_one_message(
    serve: Callable[..., MailServer], path: Path, step: str, fault: str
) -> None:
    """Over one connection: before the dot one is tried again, after it in doubt, and the others have theirs."""
    server = serve(answer(step, FAULTS[fault], recipient=VICTIM))
    start([relay(server.port, max_connections=1)], people(COUNT), path, deadlines=hasty(step)).wait(20)
    said = states(path)
    perhaps = {"accepted", "in_doubt"} if fault in MUDDLED else {"accepted"}
    assert said.pop(VICTIM) in (perhaps if fault == "two" else {"in_doubt"} if step == "dot" else {"accepted"})
    assert said.pop(BEFORE) in perhaps
    assert set(said.values()) == {"accepted"}
    assert server.counts() == dict.fromkeys(people(COUNT)["email"], 1)


@pytest.mark.parametrize(
    ("step", "reply", "state", "reason"),
    [
        ("RCPT", "550 5.1.1 Nobody", "refused", BounceClass.INVALID_RECIPIENT),
        ("dot", "554 5.7.1 Not this", "refused", BounceClass.POLICY_RELATED),
        ("dot", "452 4.2.2 Full", "accepted", None),
        ("RCPT", "451 4.3.0 Later", "accepted", None),
        ("DATA", "421 4.3.2 Closing", "accepted", None),
    ],
)
def test_a_refusal_in_the_stride_concerns_one_message(
    serve: Callable[..., MailServer], path: Path, step: str, reply: str, state: str, reason: str | None
) -> None:
    """A server that refuses one in the middle, for good or for now, has all others over the same stride."""
    server = serve(answer(step, f"{reply}\r\n", recipient=VICTIM))
    start([relay(server.port, max_connections=1)], people(COUNT), path).wait(20)
    assert states(path) == dict.fromkeys(people(COUNT)["email"], "accepted") | {VICTIM: state}
    sends = Ledger(path).sends().set_index("email")
    assert sends.loc[VICTIM, "reason"] == reason or reason is None
    assert set(people(COUNT)["email"]) - set(server.counts()) == (set() if state == "accepted" else {VICTIM})
    assert set(server.counts().values()) == {1}


def test_replies_that_come_one_by_one_change_nothing(serve: Callable[..., MailServer], path: Path) -> None:
    """A server whose answer to the next envelope comes later than the one to the dot: everybody has one message."""
    late = Answer(b"250 2.1.0 Ok\r\n", after=0.02)
    server = serve(answer("MAIL", None, late, late, late, None, late))
    start([relay(server.port, max_connections=2)], people(COUNT), path).wait(20)
    assert states(path) == dict.fromkeys(people(COUNT)["email"], "accepted")
    assert server.counts() == dict.fromkeys(people(COUNT)["email"], 1)


@pytest.mark.parametrize("seed", range(4))
def test_riding_is_no_different_from_walking(
    serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch, seed: int
) -> None:
    """Over one connection with the same faults, the ledger says the same in the end with the wave and without."""
    # What a reset takes along, or stands with garbage in one packet, is chance: these faults leave none.
    faults = [Answer(then="close"), Answer(b"451 4.3.0 Later\r\n"), Answer(b"550 5.1.1 Nobody\r\n")]
    places = enumerate(zip(range(seed, 30, 5), faults, strict=False))
    scripts = [
        answer(("RCPT", "DATA", "dot")[(order + seed) % 3], fault, recipient=f"p{number:04}@alpha.example")
        for order, (number, fault) in places
    ]

    def ended(ledger: Path) -> list[tuple[str, str, int]]:
        server = serve(lambda asked: next((said for script in scripts if (said := script(asked))), None))
        start([relay(server.port, max_connections=1)], people(30), ledger).wait(30)
        sends = Ledger(ledger).sends()
        return list(zip(sends["email"], sends["state"], sends["attempts"].tolist(), strict=True))

    async def walk(_wave: Wave, _rider: Rider) -> None:
        """Leave at once."""

    riding = ended(path)
    assert {state for _, state, _ in riding} > {"accepted"}
    monkeypatch.setattr(Wave, "ride", walk)
    assert ended(path.with_name("walking.db")) == riding
