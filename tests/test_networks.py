"""Networks that count what they get: limits, slow-down, breaker and stop, as the receiving side sees them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from math import inf
from pathlib import Path
from threading import Event

import pandas as pd
import pytest
from exchange import NetworkServer, exchange
from holding import Held
from rehearsal import START, LeapingClock, people, relay, start, states
from servers import Answer, Asked, MailServer, always

from bulkkit.dispatch import resume
from bulkkit.errors import RelayError, StoppedError
from bulkkit.ledger import Ledger
from bulkkit.sending.breaker import FAILURES, REST, TRICKLE
from bulkkit.sending.clock import ScaledClock
from bulkkit.sending.job import RunState
from bulkkit.sending.line import OUTAGE
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import GREYLIST_SECONDS, GREYLISTED, Retry
from bulkkit.sending.schedule import Schedule
from bulkkit.sending.throttle import DAY, HOUR, Limit, Ramp, Throttle


def audience(**counts: int) -> pd.DataFrame:
    """Return so many people at each network."""
    parts = [people(count, f"{name}.example") for name, count in counts.items()]
    return pd.concat(parts, ignore_index=True)


def most_in(moments: list[float], window: float) -> int:
    """Return the most moments that any window of that length holds; they are in order."""
    most = first = 0
    for last, moment in enumerate(moments):
        while moment - moments[first] >= window:
            first += 1
        most = max(most, last - first + 1)
    return most


def test_24_limits_hold_at_the_networks_own_log_over_three_restarts(path: Path) -> None:
    """Three networks that refuse what is too much never have to, by their own logs, over three restarts."""
    clock = ScaledClock(7200, START)
    named = {
        name: NetworkServer(f"127.0.0.{number}", clock.seconds, messages, connections=connections)
        for number, (name, messages, connections) in enumerate(
            [("alpha", 60, 2), ("beta", 90, 3), ("gamma", None, 1)], start=11
        )
    }
    limits = {f"{name}.example": Limit(one.messages, HOUR, one.connections) for name, one in named.items()}
    with exchange(**named) as there:
        to = Relay(f"smtp://127.0.0.1:{there.port}", clock=clock)
        send = start([to], audience(alpha=150, beta=200, gamma=150), path, throttle=Throttle(Limit(), limits))
        for reached in (40, 160, 300):
            while send.is_running and sum(len(one.taken) for one in named.values()) < reached:
                send.join(0.005)
            send.stop()
            send = resume("office-move", path, [to])
        assert send.wait(40).accepted == 500
    for one in named.values():
        assert one.refused == 0
        assert one.messages is None or most_in([moment for moment, _ in one.taken], HOUR) <= one.messages
        assert one.connections is None or one.most_open <= one.connections
        assert set(Counter(recipient for _, recipient in one.taken).values()) == {1}


def test_24_limits_hold_for_100_000_recipients_over_three_restarts() -> None:
    """By a moved clock, over 400 networks of all sizes: no hour above the limit, and nothing lost or doubled."""
    throttle = Throttle(Limit(100, HOUR, 10), {"n0": Limit(400, HOUR, 5), "n1": Limit(10, 1.0, 2)})
    names = [f"n{min(number % 400, number % 7 + 3)}" if number % 3 else f"n{number % 2}" for number in range(100_000)]
    waiting, now, handed = dict(enumerate(names)), 0.0, dict[str, list[float]]()
    for life in range(4):
        schedule = Schedule(throttle)
        for network, moments in handed.items():
            for moment in moments[-400:]:
                schedule.remember(network, moment)
        for number, network in waiting.items():
            schedule.add(number, network)
        while schedule and (life == 3 or len(waiting) > 75_000 - 25_000 * life):
            while taken := schedule.take(now):
                assert waiting.pop(taken[0]) == taken[1]
                handed.setdefault(taken[1], []).append(now)
                schedule.release(taken[1], now)
            now = schedule.next_at() or now
        now += 600.0
    assert sum(map(len, handed.values())) == 100_000
    for network, moments in handed.items():
        limit = throttle.limit(network)
        assert most_in(moments, limit.window) <= (limit.messages or 0)


def test_7_one_network_that_answers_only_4xx_has_its_breaker_opened(path: Path) -> None:
    """It gets its few failures, then nothing for a while, then one a minute; the others are done meanwhile."""
    clock = ScaledClock(3600, START)
    asked: list[float] = []

    def failing(_recipient: str, _times: int) -> str:
        asked.append(clock.seconds())
        return "451 4.3.0 Out of order"

    named = {
        "good": NetworkServer("127.0.0.21"),
        "bad": NetworkServer("127.0.0.22", answer=failing),
        "fair": NetworkServer("127.0.0.23"),
    }
    with exchange(**named) as there:
        to = Relay(f"smtp://127.0.0.1:{there.port}", clock=clock)
        # One connection: with several, what is under way when the breaker opens is asked after that.
        limits = Throttle(Limit(connections=3), {"bad.example": Limit(connections=1)})
        send = start([to], audience(good=60, bad=60, fair=60), path, throttle=limits, retry=Retry(give_up_after=7200))
        while send.is_running and len(asked) < 2 * FAILURES:
            send.join(0.01)
        (note,) = send.progress.notes
        assert note.startswith("bad.example: 5 put off in a row")
        assert "451 4.3.0 Out of order" in note
        progress = send.wait(40)
    assert (progress.accepted, progress.expired, progress.run) == (120, 60, RunState.FINISHED)
    assert asked[FAILURES] - asked[FAILURES - 1] >= REST
    assert most_in(asked[FAILURES:], TRICKLE.window) <= (TRICKLE.messages or 0)
    assert {len(one.taken) for name, one in named.items() if name != "bad"} == {60}


def test_7_a_network_that_recovers_is_at_its_own_pace_again(path: Path) -> None:
    """The first message taken after a while closes the breaker, and all are delivered, each once."""
    clock, is_well = ScaledClock(60, START), Event()
    bad = NetworkServer("127.0.0.24", answer=lambda *_: None if is_well.is_set() else "451 4.3.0 No")
    with exchange(bad=bad) as there:
        to = Relay(f"smtp://127.0.0.1:{there.port}", clock=clock)
        send = start([to], audience(bad=80), path)
        while not send.progress.notes or send.progress.in_flight:
            send.join(0.005)
        is_well.set()
        clock.skip(REST)
        assert send.wait(40).accepted == 80
        assert send.progress.notes == ()
    assert clock.seconds() < 80 * 60
    assert len(bad.taken) == 80


def test_a_network_that_asks_for_a_slower_pace_gets_it_also_after_a_restart(path: Path) -> None:
    """One message a minute from its first "temporarily deferred" on, whoever goes on with the send."""
    clock = ScaledClock(600, START)
    said: list[float] = []

    def once(_recipient: str, _times: int) -> str | None:
        if len(said) < 1:
            said.append(clock.seconds())
            return "421 4.7.0 Messages from 192.0.2.1 temporarily deferred"
        return None

    slow = NetworkServer("127.0.0.25", clock.seconds, answer=once)
    with exchange(slow=slow) as there:
        to = Relay(f"smtp://127.0.0.1:{there.port}", max_connections=1, clock=clock)
        send = start([to], audience(slow=40), path)
        for reached in (5, 10):
            while len(slow.taken) < reached:
                send.join(0.005)
            assert "one message a minute for 90 minutes" in send.progress.notes[0]
            send.stop()
            send = resume("office-move", path, [to])
        clock.skip(5400)
        assert send.wait(40).accepted == 40
    moments = [moment for moment, _ in slow.taken]
    assert most_in([moment for moment in moments if moment < said[0] + 5400], 59.0) == 1


@pytest.mark.parametrize("code", [450, 451, 452])
def test_9_a_greylist_is_waited_out_and_said_in_the_ledger(
    serve: Callable[..., MailServer], path: Path, code: int
) -> None:
    """Each first try is put off; five minutes later or more each succeeds, and no breaker opens."""
    to = relay(0, scale=6000)
    asked: dict[str, list[float]] = {}

    def greylist(one: Asked) -> Answer | None:
        if one.step != "RCPT":
            return None
        asked.setdefault(one.recipient, []).append(to.clock.seconds())
        return Answer(b"%d 4.7.1 Greylisted, come back\r\n" % code) if one.times == 1 else None

    server = serve(greylist)
    send = start([Relay(f"smtp://127.0.0.1:{server.port}", clock=to.clock)], people(30), path)
    assert send.wait(20).accepted == 30
    assert all(len(times) == 2 and times[1] - times[0] >= GREYLIST_SECONDS for times in asked.values())
    assert send.progress.notes == ()
    attempts = Ledger(path).attempts("office-move")
    assert attempts["attempt"].tolist() == [1, 2] * 30
    first, second = (attempts[attempts["attempt"] == number] for number in (1, 2))
    assert (set(first["reason"]), set(first["smtp_code"] // 10)) == ({GREYLISTED}, {45})
    assert second["reason"].isna().all()
    assert set(second["smtp_code"]) == {250}
    assert Ledger(path).attempts("another").empty


def test_8_refusals_of_us_stop_the_send_with_the_reason(serve: Callable[..., MailServer], path: Path) -> None:
    """5.7.x again and again ends the send, suppresses nobody, and the rest goes on once it is cleared."""
    refusing = [True]
    server = serve(
        lambda asked: Answer(b"550 5.7.1 Blocked by policy\r\n") if asked.step == "RCPT" and refusing else None
    )
    send = start([relay(server.port, max_connections=2)], people(60), path)
    with pytest.raises(StoppedError, match=r"5 of 5 answers.*95 % interval.*refuse us.*5\.7\.1 Blocked.*resume"):
        send.wait(20)
    assert send.progress.run == RunState.FAILED
    said = Counter(states(path).values())
    assert said["queued"] >= 50
    assert Ledger(path).suppressions().empty
    refusing.clear()
    send = resume("office-move", path, [relay(server.port)])
    assert send.wait(20).accepted == said["queued"]


def test_8_one_network_of_many_that_refuses_us_is_left_out(serve: Callable[..., MailServer], path: Path) -> None:
    """A single network's block costs its first few messages; the others get theirs, and in the end that is said."""
    server = serve(
        lambda asked: (
            Answer(b"554 5.7.1 Block list\r\n")
            if asked.step == "RCPT"
            and asked.recipient.startswith("p00")
            and asked.recipient.endswith("blocked.example")
            else None
        )
    )
    names = {f"n{number}": 20 for number in range(10)}
    throttle = Throttle(Limit(), {"blocked.example": Limit(1, 120.0)})
    send = start([relay(server.port)], audience(blocked=30, **names), path, throttle=throttle)
    with pytest.raises(StoppedError, match=r"done but for blocked\.example.*554 5\.7\.1 Block list"):
        send.wait(20)
    said = Ledger(path).sends().groupby("network")["state"].value_counts()
    assert said["blocked.example"].to_dict() == {"queued": 25, "refused": 5}
    assert len(server.mail) == 200
    assert Ledger(path).suppressions().empty


def test_8_a_block_by_one_network_of_a_few_stops_no_other(serve: Callable[..., MailServer], path: Path) -> None:
    """Where a fifth of the list is at a network that refuses us, the others still get theirs, all in one go."""
    server = serve(
        lambda asked: (
            Answer(b"550 5.7.1 Block list\r\n")
            if asked.step == "RCPT" and asked.recipient.endswith("blocked.example")
            else None
        )
    )
    send = start([relay(server.port, max_connections=1)], audience(blocked=30, a=30, b=30, c=30, d=30), path)
    with pytest.raises(StoppedError, match=r"done but for blocked\.example.*550 5\.7\.1 Block list"):
        send.wait(20)
    assert len(server.mail) == 120


def test_a_list_of_dead_mailboxes_stops_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """A third of dead ones stops at a hundred answers, with the interval; who goes on gets as many answers again."""
    server = serve(
        lambda asked: (
            Answer(b"550 5.1.1 Nobody\r\n") if asked.step == "RCPT" and int(asked.recipient[1:5]) % 3 == 0 else None
        )
    )
    send = start([relay(server.port)], people(400), path)
    with pytest.raises(StoppedError, match=r"answers \(3\d\.\d%, 95 % interval .*mailbox is dead.*Amazon SES.*resume"):
        send.wait(20)
    first = Counter(states(path).values())
    answered = first["accepted"] + first["refused"]
    assert 100 <= answered <= 120
    with pytest.raises(StoppedError, match=r"mailbox is dead"):
        resume("office-move", path, [relay(server.port)]).wait(20)
    again = Counter(states(path).values())
    assert 2 * answered <= again["accepted"] + again["refused"] <= 2 * answered + 20
    assert len(Ledger(path).suppressions()) == again["refused"]


@pytest.mark.parametrize("each", [5, 20, 50])
def test_28_messages_per_connection_and_connections_per_network_hold(
    serve: Callable[..., MailServer], path: Path, each: int
) -> None:
    """No connection brings more than its number, none is closed before without need, and no network has too many."""
    server = serve()
    throttle = Throttle(Limit(connections=2), {"beta.example": Limit(connections=1)})
    start(
        [relay(server.port, messages_per_connection=each, max_connections=2)],
        audience(alpha=120, beta=60),
        path,
        throttle=throttle,
    ).wait(30)
    by_connection = Counter(taken.connection for taken in server.mail)
    assert max(by_connection.values()) == each
    assert len(by_connection) <= 180 / each + 2
    for network, most in (("alpha.example", 2), ("beta.example", 1)):
        spans = [(one.begun, one.ended) for one in server.mail if one.recipient.endswith(network)]
        assert max(sum(begun <= moment < ended for begun, ended in spans) for moment, _ in spans) <= most


def test_26_a_slow_network_starves_nobody(path: Path) -> None:
    """While one network takes a message a minute, the others are done at their own speed."""
    clock = ScaledClock(1.0, START)
    named = {name: NetworkServer(f"127.0.0.{number}", clock.seconds) for number, name in enumerate("xyz", start=31)}
    quick, slow = (named["x"], named["y"]), named["z"]
    slow.messages, slow.window = 1, 60.0
    with exchange(**named) as there:
        to = Relay(f"smtp://127.0.0.1:{there.port}", clock=clock)
        throttle = Throttle(Limit(), {"z.example": Limit(1, 60.0, 1)})
        send = start([to], audience(x=40, y=40, z=3), path, throttle=throttle)
        while send.progress.accepted < 81:
            send.join(0.005)
        assert [len(one.taken) for one in (*quick, slow)] == [40, 40, 1]
        for taken in (1, 2):
            while len(slow.taken) == taken:
                clock.skip(60.0)
                send.join(0.05)
        send.wait(30)
    assert [one.refused for one in named.values()] == [0, 0, 0]


@pytest.mark.parametrize("pipelines", [True, False])
def test_26_a_blocked_network_starves_nobody_under_the_default_limits(
    serve: Callable[..., MailServer], path: Path, pipelines: bool
) -> None:
    """A network that may have as many connections as the relay has, and answers none, leaves some to the others."""
    others = audience(beta=25, gamma=25)

    def blocked(asked: Asked) -> Answer | None:
        if asked.step != "RCPT" or not asked.recipient.endswith("blocked.example"):
            return None
        return Answer(b"250 Ok\r\n", until=lambda: len(server.mail) >= len(others))

    extensions = ("8BITMIME", "PIPELINING") if pipelines else ("8BITMIME",)
    server = serve(blocked, extensions=extensions)
    both = pd.concat([people(50, "blocked.example"), others], ignore_index=True)
    start([relay(server.port)], both, path, throttle=Throttle.cautious()).wait(30)
    assert not any(taken.recipient.endswith("blocked.example") for taken in server.mail[:50])
    assert len(server.mail) == 100


def test_a_dead_relay_is_tried_again_and_its_share_goes_over_the_others(
    serve: Callable[..., MailServer], path: Path
) -> None:
    """Of two relays one is closed for an hour: the other works alone, then both do; the ledger knows who took what."""
    clock = ScaledClock(7200, START)
    away, closed_until = Answer(b"421 4.3.2 Closed\r\n"), [inf]
    held = Held(10)
    first = serve(lambda asked: away if asked.step == "banner" and clock.seconds() < closed_until[0] else held(asked))
    second = serve(lambda asked: held(asked) if held.held else None, now=clock.seconds)
    relays = [
        Relay(f"smtp://127.0.0.1:{server.port}", max_connections=2, clock=clock, weight=1) for server in (first, second)
    ]
    send = start(relays, people(300), path, throttle=Throttle(Limit(60, HOUR)))
    while send.is_running and "out of reach" not in set(send.relays["state"]):
        send.join(0.005)
    shown = send.relays.set_index("relay")
    assert shown.loc[relays[0].name, "state"] == "out of reach"
    assert "Closed" in shown.loc[relays[0].name, "problem"]
    assert any("Closed" in note for note in send.progress.notes)
    closed_until[0] = clock.seconds() + HOUR + OUTAGE
    assert held.stop(send).run == RunState.STOPPED, "an outage that is over is no reason to fail"
    send.resume()
    send.wait(30)
    assert first.counts() + second.counts() == dict.fromkeys(people(300)["email"], 1)
    assert len(first.mail) >= 60
    by_relay = Ledger(path).sends()["relay"].value_counts().to_dict()
    assert by_relay == {relays[0].name: len(first.mail), relays[1].name: len(second.mail)}
    assert set(send.relays["state"]) <= {"working", "at its limit"}


def test_all_relays_gone_end_the_send(serve: Callable[..., MailServer], path: Path) -> None:
    """Where no relay is left for a quarter of an hour the send ends with the reason, whichever went first."""
    clock = ScaledClock(3600, START)
    servers = [serve(always("banner", f"421 4.3.2 Closed {number}\r\n")) for number in (1, 2)]
    relays = [Relay(f"smtp://127.0.0.1:{one.port}", max_connections=2, clock=clock) for one in servers]
    with pytest.raises(RelayError, match="Closed"):
        start(relays, people(10), path).wait(20)
    assert set(states(path).values()) == {"queued"}


def test_a_relays_daily_quota_holds_over_restarts(serve: Callable[..., MailServer], path: Path) -> None:
    """Two relays with a quota each: no day has more than that at either server, however often begun anew."""
    clock = ScaledClock(200_000, START)
    servers = [serve(now=clock.seconds), serve(now=clock.seconds)]
    relays = [
        Relay(f"smtp://127.0.0.1:{server.port}", daily=daily, clock=clock)
        for server, daily in zip(servers, (20, 30), strict=True)
    ]
    send = start(relays, people(140), path)
    for reached in (30, 60, 110):
        while send.is_running and sum(len(server.mail) for server in servers) < reached:
            send.join(0.005)
        send.stop()
        send = resume("office-move", path, relays)
    assert send.wait(30).accepted == 140
    for server, daily in zip(servers, (20, 30), strict=True):
        assert most_in(sorted(taken.ended for taken in server.mail), DAY) <= daily
        assert len(server.mail) > daily


def test_a_warm_up_goes_on_where_the_ledger_says_it_is(serve: Callable[..., MailServer], path: Path) -> None:
    """The hours of the first day have five each, those of the second seven, also after a restart between them."""
    clock, held = LeapingClock(), Held(40)
    server = serve(held, now=clock.seconds)
    to = Relay(f"smtp://127.0.0.1:{server.port}", max_connections=1, clock=clock)
    send = start([to], people(220), path, throttle=Throttle(Limit(), ramp=Ramp(days=5, first=5)))
    held.stop(send)
    assert resume("office-move", path, [to]).wait(40).accepted == 220
    moments = [taken.ended for taken in server.mail]
    first_day = [moment for moment in moments if moment < DAY]
    second_day = [moment for moment in moments if DAY <= moment < 2 * DAY]
    assert len(first_day) == 24 * 5
    assert (most_in(first_day, HOUR), most_in(second_day, HOUR)) == (5, 7)


def test_a_spread_stretches_a_real_send(serve: Callable[..., MailServer], path: Path) -> None:
    """Three hours are used evenly, also where the send is stopped in the middle and taken up again."""
    clock, held = LeapingClock(), Held(20)
    server = serve(held, now=clock.seconds)
    to = Relay(f"smtp://127.0.0.1:{server.port}", max_connections=1, clock=clock)
    send = start([to], audience(a=40, b=20), path, throttle=Throttle.unlimited(spread="3h"))
    held.stop(send)
    assert resume("office-move", path, [to]).wait(30).accepted == 60
    moments = [taken.ended for taken in server.mail]
    assert moments[-1] - moments[0] == pytest.approx(3 * HOUR, rel=0.02)
    assert most_in(moments, HOUR) <= 21


def test_the_repeated_refusal_names_no_address(serve: Callable[..., MailServer], path: Path) -> None:
    """A notebook keeps what it shows of an error: the server's words are shown without the address in them."""
    server = serve(always("RCPT", "550 5.7.1 <p0001@alpha.example> is not for you\r\n"))
    send = start([relay(server.port)], people(20), path)
    with pytest.raises(StoppedError) as caught:
        send.wait(20)
    assert "@" not in str(caught.value)
    assert all("@" not in note for note in send.progress.notes)
