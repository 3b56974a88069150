"""What the throttle costs a message: whose turn it is, taken and released, over many networks.

Run it as `python tests/benchmarks/throttle.py [messages] [networks]`. Each line is
one throttle, in microseconds of the processor a message, the best of three; the
clock is moved, so nothing waits.
"""

from __future__ import annotations

import gc
import sys
from collections import deque
from collections.abc import Callable
from time import process_time
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
    schedule = Schedule(throttle, connections=AT_ONCE)
    names = [f"n{number}.example" for number in range(networks)]
    for send_id in range(messages):
        schedule.add(send_id, names[send_id] if send_id < networks else names[send_id % 20])
    return schedule


def sent(schedule: Schedule) -> float:
    """Hand all of it over, `AT_ONCE` at a time; return the processor's seconds that it took."""
    now, busy, begun = 0.0, deque[str](), process_time()
    while schedule or busy:
        taken = schedule.take(now) if len(busy) < AT_ONCE else None
        if taken is not None:
            busy.append(taken[1])
        elif busy:
            now += 0.001
            schedule.release(busy.popleft(), now)
        else:
            now = max(now, schedule.next_at() or now)
    return process_time() - begun


def main() -> None:
    """Measure each throttle."""
    messages, networks = (int(text) for text in [*sys.argv[1:], *("200000", "50000")[len(sys.argv) - 1 :]])
    print(f"{messages:,} messages to {networks:,} networks, {AT_ONCE} at once")
    for name, throttle in THROTTLES.items():
        gc.collect()
        best = min(sent(filled(throttle(), messages, networks)) for _ in range(3))
        print(f"{name:>24}: {best / messages * 1e6:5.2f} µs a message")


if __name__ == "__main__":
    main()
