"""A send killed hundreds of times at random points and always resumed: kills, lost, twice, in doubt.

Run `python tests/benchmarks/kills.py [recipients] [kills] [connections] [seed]`; it needs pytest and Linux.
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parents[1]))

from killing import Killer, toll_of
from servers import MailServer


def main(recipients: int, kills: int, connections: int, seed: int) -> int:
    """Print what the kills cost; return 1 where a promise is broken."""
    each = recipients * 5 // kills
    killer = Killer(seed, kills, (1, each))
    started = time.perf_counter()
    with MailServer(killer) as server, tempfile.TemporaryDirectory() as folder:
        toll = toll_of(Path(folder) / "bulkkit.db", killer, server, recipients, connections)
    print(f"{toll}; {time.perf_counter() - started:.0f} s")
    kept = toll.lost == toll.twice == 0 and toll.in_doubt <= toll.kills * connections and toll.holds
    return 0 if kept and toll.kills == kills else 1


if __name__ == "__main__":
    given = [*map(int, sys.argv[1:]), *[10_000, 200, 10, 2026][len(sys.argv) - 1 :]]
    sys.exit(main(*given))
