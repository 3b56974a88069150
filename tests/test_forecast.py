"""A send foretold: its own policies, asked with a simulated clock, say how it goes and how long it takes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ledgers import stored
from rehearsal import START, campaign, people, relay
from servers import Answer, Asked, MailServer

from bulkkit.dispatch import Plan, plan
from bulkkit.errors import InputError
from bulkkit.ledger import Ledger
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.estimate import SANDBOX, Experience, finishing_times
from bulkkit.sending.forecast import Forecast, Way
from bulkkit.sending.memory import Past
from bulkkit.sending.provider import BEHAVIOURS, Provider, ProviderAtWork
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.simulation import simulate
from bulkkit.sending.throttle import DAY, HOUR, Limit, Throttle
from bulkkit.sending.trains import Timetable
from bulkkit.transitions import Claim, Dotted, Outcome
from bulkkit.vocabulary import SendState

FAR = Relay("smtp+starttls://mail.company.com")
MANY = {f"d{rank}.example": max(1, 1500 // rank) for rank in range(1, 300)}
"""Some large networks and many small ones."""


def way(throttle: Throttle, *relays: Relay, seconds: float = 0.1) -> Way:
    """Return a way with the usual retries."""
    return Way(throttle, Retry(), relays or (FAR,), seconds)


def by_trains(counts: Mapping[str, int], going: Way, most: int, usual: Provider) -> dict[str, float]:
    """Return when each network is done, foretold by about `most` trains."""
    table = Timetable.of(sum(counts.values()), going.throttle, going.relays, going.seconds, most)
    foretold = Way(table.stretched, going.retry, going.relays, going.seconds)
    happenings = Forecast(foretold, table.trains(counts), {}, usual).run()
    return {happening.network: happening.at for happening in happenings if happening.state != SendState.DEFERRED}


THROTTLES = {
    "cautious": Throttle.cautious(),
    "providers": Throttle.providers(),
    "unlimited": Throttle.unlimited(),
    "by the second": Throttle(Limit(10, 1.0, connections=2)),
    "by the minute": Throttle(Limit(60, 60.0)),
    "odd": Throttle(Limit(37, 600.0, connections=3)),
    "overall": Throttle(Limit(100), overall=Limit(5000)),
    "spread": Throttle.providers(spread="3h"),
    "warm-up": Throttle.warmup(5),
}


@pytest.mark.parametrize("name", THROTTLES)
@pytest.mark.parametrize("usual", [Provider(), Provider(greylists=0.03, again=0.3)], ids=["well", "put off"])
def test_trains_take_as_long_as_their_messages(name: str, usual: Provider) -> None:
    """Twenty messages at a time the whole takes as long as one by one, to a hundredth, whatever limits it."""
    going = way(THROTTLES[name])
    # Under a limit of all together a network may get its turn an hour earlier or later.
    close = 0.04 if name == "overall" else 0.01
    one_by_one, bundled = (max(by_trains(MANY, going, most, usual).values()) for most in (10**6, 500))
    assert bundled == pytest.approx(one_by_one, rel=close)


@given(st.dictionaries(st.sampled_from("abcdef"), st.integers(1, 300), min_size=1), st.integers(1, 200), st.data())
@settings(max_examples=40, deadline=None)
def test_trains_carry_every_message_once(counts: dict[str, int], messages: int, data: st.DataObject) -> None:
    """However they are bundled, the trains of a network hold its messages, none more and none less."""
    limit = Limit(messages, data.draw(st.sampled_from([1.0, 60.0, HOUR])))
    table = Timetable.of(sum(counts.values()), Throttle(limit), [FAR], 0.1, data.draw(st.integers(1, 400)))
    carried = dict.fromkeys(counts, 0)
    for network, size in table.trains(counts):
        assert 1 <= size <= table.longest
        carried[network] += size
    assert carried == counts


def test_those_put_off_come_again_as_the_policy_says() -> None:
    """Greylisted once costs five minutes, twice an hour more; nothing of it is expected where nothing says so."""
    going, counts = way(Throttle.unlimited()), {"a": 1000}
    expected = {Experience(): 10.0, Experience(0.01): 310.0, Experience(0.01, 0.5): 310.0 + HOUR}
    for experience, seconds in expected.items():
        assert finishing_times(counts, going, experience)["a"] == pytest.approx(seconds, rel=0.01)


def test_several_relays_share_the_work() -> None:
    """Two relays take half of the time of one; a relay's own limit holds in the forecast."""
    two = way(Throttle.unlimited(), FAR, Relay("smtp+starttls://mail2.company.com"))
    slow = way(Throttle.unlimited(), Relay("smtp+starttls://mail.company.com", rate=100))
    counts = {"a": 400, "b": 400}
    assert max(finishing_times(counts, two, Experience()).values()) == pytest.approx(4.0)
    assert max(finishing_times(counts, slow, Experience()).values()) == pytest.approx(7 * HOUR, rel=0.01)


def test_a_warm_address_is_foretold_as_warm() -> None:
    """A relay that has been warmed up for days goes on from there, and not from the first day."""
    counts = {"a": 2000, "b": 2000}
    goings = (
        Way(Throttle.warmup(30), Retry(), [FAR], 0.1, Past(first_days=days)) for days in ({}, {FAR.name: -20 * DAY})
    )
    cold, warm = (max(finishing_times(counts, going, Experience()).values()) for going in goings)
    assert warm < HOUR < 3 * DAY < cold


def test_what_went_before_counts_in_the_forecast(path: Path) -> None:
    """After a send that used up the hour and the day, the next one is foretold to begin when they are over."""
    clock = LeapingClock()
    ledger = stored(path, 100, clock="sandbox")
    limited = Relay("smtp://127.0.0.1:1", daily=120, clock=clock)
    for number in range(1, 101):
        claim = Claim(number, limited.name, clock.stamp())
        ledger.write([claim, Dotted(number), Outcome(number, SendState.ACCEPTED, clock.now())])
    clock.skip(0.5 * HOUR)
    plans = [
        plan(campaign(people(40, "alpha.example")), [one], throttle=Throttle(Limit(100)), ledger=book)
        for one in (limited, replace(limited, daily=None))
        for book in (ledger, path.with_name("new.db"))
    ]
    hours = [planned.finishes_after / timedelta(hours=1) for planned in plans]
    assert hours == pytest.approx([23.5, 0, 0.5, 0], abs=0.3)
    assert plans[2].simulate("well")["time"].max() == pytest.approx(timedelta(hours=0.5), abs=timedelta(minutes=20))


def test_what_was_learnt_is_expected(path: Path) -> None:
    """Enough earlier messages say how many are put off and how long one takes; too few say nothing."""
    assert Experience.of(199, 100, 10, 5.0) is None
    learnt = Experience.of(1000, 100, 20, 0.5)
    assert learnt == Experience(deferred=0.1, again=0.2, seconds=0.5)
    assert (learnt.transaction([FAR]), Experience().transaction([FAR])) == (0.5, 0.1)
    here = relay(1, scale=600)
    assert learnt.transaction([here]) == pytest.approx(0.0015 * 10 * 600)
    assert Ledger(path).experience("utc") == (0, 0, 0, 0.0)


class LeapingClock(ScaledClock):
    """Time that leaps to the next moment that is waited for, whenever nothing is under way."""

    def __init__(self) -> None:
        super().__init__(1.0, START)
        self.is_idle: Callable[[], bool] = lambda: False

    def machine_seconds(self, seconds: float) -> float:
        """Leap instead of waiting."""
        return 0.0 if self.is_idle() and self.skip(seconds) else 0.002


def puts_off(asked: Asked) -> Answer | None:
    """Put each 35th recipient off once, and each 120th twice."""
    number = int(asked.recipient[1:5]) if asked.step == "RCPT" else 1
    times = 2 if number % 120 == 100 else number % 35 == 17
    return Answer(b"451 4.7.1 Greylisted, please try again later\r\n") if asked.times <= times else None


@pytest.mark.parametrize("relays", [1, 2])
def test_the_predicted_end_is_within_a_tenth_of_what_happened(
    serve: Callable[..., MailServer], path: Path, relays: int
) -> None:
    """A send through a real server, with greylisting and its retries, ends when the plan said."""
    clock = LeapingClock()
    url, sources = f"smtp://127.0.0.1:{serve(puts_off).port}", (None, "127.0.0.2")
    by = [Relay(url, source, max_connections=5, clock=clock) for source in sources[:relays]]
    counts = {"alpha": 170, "beta": 60, "gamma": 3}
    audience = pd.concat([people(count, f"{name}.example") for name, count in counts.items()])
    throttle = Throttle(Limit(20, HOUR, connections=4), {"beta.example": Limit(15, HOUR)})
    planned = plan(campaign(audience), by, throttle=throttle, ledger=path)
    begun, send = pd.Timestamp(clock.now()), planned.send()
    turnstile = send._runner._turnstile
    clock.is_idle = lambda: not turnstile._in_flight
    assert send.wait(60).accepted == len(audience)
    took = Ledger(path).sends()["finished_at"].max() - begun
    assert took / planned.finishes_after == pytest.approx(1, abs=0.1)
    assert took > pd.Timedelta(hours=8)


def drafted(path: Path, audience: pd.DataFrame, **options: Any) -> Plan:
    """Return a plan in the sandbox's time."""
    return plan(campaign(audience), [relay(1, scale=1)], ledger=path, **options)


@pytest.mark.parametrize("name", BEHAVIOURS)
@pytest.mark.parametrize("throttle", ["cautious", "providers"])
def test_a_simulation_adds_up(name: str, throttle: str) -> None:
    """Whatever the networks do, each message is accepted, refused, given up or left waiting, and never two of these."""
    counts = {"alpha.example": 260, "beta.example": 120, "gamma.example": 1}
    told = simulate(counts, way(getattr(Throttle, throttle)()), {}, BEHAVIOURS[name])
    ended = told[["accepted", "refused", "expired"]].sum(axis=1)
    left = told.groupby("network")["waiting"].last()
    assert (ended.groupby(told["network"]).sum() + left).to_dict() == counts
    assert told["time"].is_monotonic_increasing
    assert (left[sorted(set(counts) - set(told.attrs["barred"]))] == 0).all()


def test_each_bad_behaviour_meets_its_policy() -> None:
    """A cap is kept by slowing down, a storm is sat out, a block ends the network, dead mailboxes end the send."""
    counts, going = {"alpha.example": 400, "beta.example": 100}, way(Throttle.cautious())

    def with_alpha(behaviour: Provider) -> pd.DataFrame:
        return simulate(counts, going, {"alpha.example": behaviour}, Provider())

    def ends(told: pd.DataFrame) -> pd.Series[Any]:
        return told[told["accepted"] > 0].groupby("network")["time"].max().dt.total_seconds() / HOUR

    well = ends(with_alpha(Provider()))
    capped = with_alpha(Provider(per_hour=30))
    assert ends(capped)["alpha.example"] > 2 * well["alpha.example"]
    storm = with_alpha(Provider(storm=(0.0, 2.0)))
    assert (
        storm.loc[storm["network"].eq("alpha.example") & (storm["accepted"] > 0), "time"].min().total_seconds()
        > 2 * HOUR
    )
    # The breaker lets a trickle through and no flood.
    assert storm["deferred"].sum() < 150
    block = with_alpha(Provider(blocks_after=150))
    assert block.attrs["barred"] == ["alpha.example"]
    assert block["refused"].sum() < 20
    for told in (capped, storm, block):
        assert ends(told)["beta.example"] == pytest.approx(well["beta.example"], abs=0.5)
    dead = simulate(counts, going, {}, Provider(dead=0.5))
    assert "say that the mailbox is dead" in dead.attrs["stopped"]
    assert dead["accepted"].sum() < 120


def test_a_capped_network_counts_as_it_says() -> None:
    """A provider takes no more than its number in any hour, and its shares come out even."""
    provider = ProviderAtWork(Provider(per_hour=3), 0)
    taken = [provider.answers(now, 2, 1)[0][1] for now in (0.0, 1.0, HOUR + 0.5, HOUR + 2.0)]
    assert taken == [2, 1, 2, 1]
    shares = ProviderAtWork(Provider(greylists=0.25), 3)
    put_off = sum(count for _ in range(100) for said, count in shares.answers(0.0, 1, 1) if said.code == 451)
    assert put_off == 25


def test_a_plan_simulates_without_a_trace(path: Path) -> None:
    """A plan says what would become of it under any behaviour, for all networks or for one, and writes nothing."""
    planned = drafted(path, pd.concat([people(120), people(30, "beta.example")]))
    usual = planned.simulate()
    assert usual.groupby("network")["accepted"].sum().to_dict() == {"alpha.example": 120, "beta.example": 30}
    assert usual["time"].max() / planned.finishes_after == pytest.approx(1, abs=0.05)
    blocked = planned.simulate({"beta.example": Provider(blocks_after=10)})
    assert blocked.attrs["barred"] == ["beta.example"]
    assert (
        planned.simulate({"alpha.example": "greylisting"}).groupby("network")["deferred"].sum()["alpha.example"] == 120
    )
    assert planned.simulate("storm")["deferred"].sum() > 0
    assert list(path.parent.iterdir()) == []


def test_a_behaviour_that_is_none_is_refused(path: Path) -> None:
    """Words and numbers that make no sense, and networks that the plan does not have, are named."""
    planned = drafted(path, people(3))
    with pytest.raises(InputError, match=r"'rainy' is no behaviour of a network.*greylisting"):
        planned.simulate("rainy")
    with pytest.raises(InputError, match=r"sends nothing to beta\.example; its largest networks are alpha\.example"):
        planned.simulate({"beta.example": "block"})
    for wrong in ({"greylists": 1.5}, {"dead": -0.1}, {"per_hour": 0}, {"blocks_after": -1}, {"storm": (2.0, 1.0)}):
        with pytest.raises(InputError):
            Provider(**wrong)


def test_an_empty_plan_has_an_empty_forecast(path: Path) -> None:
    """Where nobody is written to, nothing takes any time."""
    planned = drafted(path, people(2, consent_basis="bought"))
    assert planned.eta.empty
    assert planned.simulate().empty
    assert finishing_times({}, way(Throttle.cautious()), SANDBOX) == {}
