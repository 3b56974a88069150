"""What a plan costs: a list read into a plan, and the time that its send takes foretold.

Run it as `python tests/benchmarks/plan.py [recipients] [domains]`. The forecast by
trains stands beside the same forecast message by message.
"""

from __future__ import annotations

import resource
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path
from time import perf_counter
from typing import Final, TypeVar

import numpy as np
import pandas as pd

import bulkkit as bk
from bulkkit.sending import estimate
from bulkkit.sending.forecast import Way

BIG: Final = 10
"""Networks that have six of ten recipients; the others are spread over all domains."""

Made = TypeVar("Made")


def timed(what: str, make: Callable[[], Made]) -> Made:
    """Say how long something takes; return what was made."""
    begun = perf_counter()
    made = make()
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(f"{what:>40}: {perf_counter() - begun:6.2f} s, at most {memory:,.0f} MB so far")
    return made


def people(recipients: int, domains: int) -> pd.DataFrame:
    """Return a list of so many people at so many domains."""
    random = np.random.default_rng(1)
    spread = BIG + random.integers(0, domains - BIG, recipients)
    at = np.where(random.random(recipients) < 0.6, random.integers(0, BIG, recipients), spread)
    emails = [f"p{number}@firm{domain}.com" for number, domain in enumerate(at)]
    return pd.DataFrame({"email": emails, "first_name": "Ana", "consent_basis": "opt_in"}).astype("str")


def main(recipients: int = 1_000_000, domains: int = 50_000) -> None:
    """Measure the way from a list to a plan."""
    audience = timed("verify", lambda: bk.verify(people(recipients, domains)))
    sender = bk.Sender("news@example.org", postal_address="1 High St")
    message = bk.Message("{{ first_name }}, we move", markdown="Dear {{ first_name }}")
    campaign = bk.Campaign("speed", sender, message, audience)
    relays = [bk.Relay("smtp://127.0.0.1:2525")]
    with tempfile.TemporaryDirectory() as folder:
        made = timed("plan", lambda: bk.plan(campaign, relays, ledger=Path(folder) / "speed.db"))
    counts = {str(name): int(count) for name, count in made.network.value_counts().items()}
    way = Way(bk.Throttle.cautious(), bk.Retry(), relays, 0.1)
    timed("its forecast, by trains", lambda: estimate.finishing_times(counts, way, estimate.Experience()))
    estimate.TRAINS = recipients
    timed("its forecast, message by message", lambda: estimate.finishing_times(counts, way, estimate.Experience()))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
