"""What the throttle costs a message: whose turn it is, taken and released, over many networks.

Run it as `python tests/benchmarks/throttle.py [messages] [networks]`. Each line is
one throttle, in microseconds a message; the clock is moved, so nothing waits.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable
from time import perf_counter
from typing import Final

from bulkkit.sending.schedule import Schedule
from bulkkit.sending.throttle import Limit, Throttle

THROTTLES: Final[dict[str, Callable[[], Throttle]]] = {
    "unlimited": Throttle.unlimited,
    "cautious": Throttle.cautious,
    "providers": Throttle.providers,
    "1,000 an hour overall": lambda: Throttle(overall=Limit(messages=1000)),
}
AT_ONCE: Final = 50


def filled(throttle: Throttle, messages: int, networks: int) -> Schedule:
    """Return a schedule in which so many messages wait, most networks with one and a few with many."""
    schedule = Schedule(throttle)
    names = [f"n{number}.example" for number in range(networks)]
    for send_id in range(messages):
        schedule.add(send_id, names[send_id] if send_id < networks else names[send_id % 20])
    return schedule


def sent(schedule: Schedule) -> float:
    """Hand all of it over, `AT_ONCE` at a time; return the seconds that it took."""
    now, busy, begun = 0.0, deque[str](), perf_counter()
    while schedule or busy:
        taken = schedule.take(now) if len(busy) < AT_ONCE else None
        if taken is not None:
            busy.append(taken[1])
        elif busy:
            now += 0.001
            schedule.release(busy.popleft(), now)
        else:
            now = max(now, schedule.next_at() or now)
    return perf_counter() - begun


def main() -> None:
    """Measure each throttle."""
    messages, networks = (int(text) for text in [*sys.argv[1:], *("200000", "50000")[len(sys.argv) - 1 :]])
    print(f"{messages:,} messages to {networks:,} networks, {AT_ONCE} at once")
    for name, throttle in THROTTLES.items():
        schedule = filled(throttle(), messages, networks)
        gc.collect()
        print(f"{name:>24}: {sent(schedule) / messages * 1e6:5.2f} µs a message")


if __name__ == "__main__":
    main()
