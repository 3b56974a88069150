"""Messages in doubt, and how to decide on them from a terminal."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from rich.console import Console

from bulkkit.ledger import Ledger
from bulkkit.orders import command
from bulkkit.showing.phrases import said

MOST_ROWS: Final = 20
REASONS: Final = {
    "no_reply_after_dot": "no answer came",
    "interrupted": "the sending process ended before the answer came",
}


def show_doubt(console: Console, ledger: Ledger, campaign: str) -> int:
    """List what is in doubt and say how to decide; return how many there are."""
    rows = ledger.in_doubt(campaign)
    if rows.empty:
        return 0
    console.print(
        f"{len(rows):,} in doubt: the relay had the whole message and did not say what became of it. "
        "None is sent again unless you say so.",
        soft_wrap=True,
    )
    for row in rows.head(MOST_ROWS).itertuples():
        console.print(f"  {said(str(row.email))}  {_since(row)}  {_heard(row)}", markup=False, soft_wrap=True)
    if len(rows) > MOST_ROWS:
        console.print(f"  and {len(rows) - MOST_ROWS:,} more")
    skip, resend = (command("resume", campaign, ledger.path, "--in-doubt", choice) for choice in ("skip", "resend"))
    console.print(
        f"Leave them at that:  {skip}\n"
        f"Send them again:     {resend}   (who has it already gets it twice, under one Message-ID)",
        markup=False,
        soft_wrap=True,
    )
    return len(rows)


def _since(row: Any) -> str:
    at = row.claimed_at if pd.isna(row.finished_at) else row.finished_at
    return f"{at:%Y-%m-%d %H:%M:%S} UTC"


def _heard(row: Any) -> str:
    return said(row.reply) if pd.notna(row.reply) else REASONS.get(row.reason, "")
