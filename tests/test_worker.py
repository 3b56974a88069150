"""Work beside the kernel: whatever a piece raises, the next one is done and nobody waits for ever."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import Any

import pytest

from bulkkit.widgets.worker import Worker

PATIENCE = 20.0


def raising(error: BaseException) -> Callable[..., None]:
    """Return work that raises."""

    def work(*_: Any) -> None:
        raise error

    return work


def behind_a_gate(worker: Worker, pieces: list[Callable[[], None]]) -> None:
    """Request pieces while another one is under way, and wait for all of them."""
    gate, begun = threading.Event(), threading.Event()
    worker.request(lambda: (begun.set(), gate.wait(PATIENCE)))
    assert begun.wait(PATIENCE)
    for piece in pieces:
        worker.request(piece)
    assert not worker.settle(0)
    gate.set()
    assert worker.settle(PATIENCE)


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
def test_whatever_is_raised_is_said_and_the_next_is_done(error: BaseException) -> None:
    """Neither an exception nor what is meant to end a program ends the work."""
    said: list[BaseException] = []
    worker = Worker(said.append)
    worker.request(raising(error))
    assert worker.settle(PATIENCE)
    assert said == [error]
    done = threading.Event()
    worker.request(done.set)
    assert worker.settle(PATIENCE)
    assert done.is_set()


def test_a_failure_to_say_what_failed_ends_nothing() -> None:
    """Where the saying itself raises, what waits is done, and so is what comes later."""
    worker, done = Worker(raising(RuntimeError("nobody hears"))), []
    behind_a_gate(Worker(raising(SystemExit())), [raising(ValueError("x"))])
    worker.request(raising(ValueError("x")))
    assert worker.settle(PATIENCE)
    worker.request(lambda: done.append(1))
    assert worker.settle(PATIENCE)
    assert done == [1]


def test_without_a_thread_nobody_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no thread can be had, the request says so and the worker is idle."""
    worker = Worker(pytest.fail)
    with monkeypatch.context() as without:
        without.setattr(threading.Thread, "start", raising(RuntimeError("can't start new thread")))
        with pytest.raises(RuntimeError, match="new thread"):
            worker.request(lambda: pytest.fail("it was given up"))
    assert worker.settle(0)
    done = threading.Event()
    worker.request(done.set)
    assert worker.settle(PATIENCE)
    assert done.is_set()


@pytest.mark.parametrize(("keep_all", "expected"), [(False, [4]), (True, [0, 1, 2, 3, 4])])
def test_of_what_piles_up_the_latest_or_all_is_done(keep_all: bool, expected: list[int]) -> None:
    """A drawing is done once, with the latest; decisions are all made, in their order."""
    done: list[int] = []
    worker = Worker(pytest.fail, keep_all=keep_all)
    behind_a_gate(worker, [lambda number=number: done.append(number) for number in range(5)])
    assert done == expected
