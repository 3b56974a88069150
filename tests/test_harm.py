"""When a whole send stops: only where the interval says that it does harm, and with what to do about it."""

from __future__ import annotations

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bulkkit.sending.harm import LEAST_ANSWERS, LEAST_REFUSALS, MOST_DEAD, Harm
from bulkkit.statistics import wilson


def first_stop(harm: Harm, answers: str) -> int | None:
    """Return after how many answers (`a`ccepted, `d`ead, refusal of `u`s, `o`ther refusal) it says stop."""
    for number, letter in enumerate(answers, start=1):
        if letter == "a":
            harm.accepted()
            continue
        if harm.dead() if letter == "d" else harm.refused("a", "550 5.7.1 No", us=letter == "u"):
            return number
    return None


@given(st.text("aaaaaaado", max_size=400))
def test_dead_mailboxes_stop_where_the_interval_is_above(answers: str) -> None:
    """It stops at the first dead one with which the lower bound is above the share, never before enough answers."""
    expected = None
    for number, letter in enumerate(answers, start=1):
        dead = answers[:number].count("d")
        is_above = float(wilson(float(dead), float(number)).lower) > MOST_DEAD
        if letter == "d" and number >= LEAST_ANSWERS and is_above:
            expected = number
            break
    assert first_stop(Harm(), answers) == expected


@pytest.mark.parametrize(("share", "stops"), [(0.02, 0), (0.05, 0), (0.2, 100), (0.3, 100)])
def test_a_healthy_list_is_not_stopped(share: float, stops: int) -> None:
    """Lists below the share practically never stop a send of 2,000, and such far above it always do."""
    chance = random.Random(1)
    runs = ["".join("d" if chance.random() < share else "a" for _ in range(2000)) for _ in range(100)]
    assert sum(first_stop(Harm(), run) is not None for run in runs) == stops


def test_refusals_of_us_stop_when_they_repeat() -> None:
    """Five of five stop, one does not, and among hundreds of accepted ones five do not either."""
    assert first_stop(Harm(), "u" * 20) == LEAST_REFUSALS
    assert first_stop(Harm(), "uuuu" + "a" * 50 + "o" * 50) is None
    assert first_stop(Harm(), "a" * 500 + "u" * 5) is None
    assert first_stop(Harm(), "aaaaaaaaau" * 10) == 80


def test_who_is_left_out_stops_nobody_else() -> None:
    """The refusals of a network that gets nothing more do not count, unless nobody else has answered yet."""
    among_others, alone = Harm(), Harm()
    among_others.accepted()
    for harm in (among_others, alone):
        assert [harm.refused("a", "550 5.7.1 No", us=True) for _ in range(LEAST_REFUSALS - 1)] == [None] * 4
        harm.leave_out("a")
    assert [among_others.refused("a", "550 5.7.1 No", us=True) for _ in range(20)] == [None] * 20
    assert [among_others.refused("b", "550 5.7.1 No", us=True) for _ in range(LEAST_REFUSALS - 1)] == [None] * 4
    assert alone.refused("a", "550 5.7.1 No", us=True) is not None


def test_the_reason_has_the_interval_and_what_to_do() -> None:
    """Whoever reads why has the numbers, the threshold and the next step."""
    harm = Harm()
    for _ in range(80):
        harm.accepted()
    reason = [harm.dead() for _ in range(20)][-1]
    assert reason is not None
    assert "20 of 100 answers (20.0%, 95 % interval 13.3% to 28.9%)" in reason
    assert "10%" in reason
    assert "bulkkit.verify" in reason
    refused = [harm.refused("a", "550 5.7.1 Blocked", us=True) for _ in range(20)][-1]
    assert refused is not None
    assert "550 5.7.1 Blocked" in refused


def test_whoever_goes_on_is_asked_again_after_as_many_answers() -> None:
    """After a stop at 100 the next one comes at 200 in all, then at 400: going on is a person's decision."""
    assert first_stop(Harm(100), "d" * 1000) == 100
    assert first_stop(Harm(400), "d" * 1000) == 400
