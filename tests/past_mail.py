"""Events of earlier mail, written down in a line each."""

from __future__ import annotations

from typing import Any

import pandas as pd

ANA = "ana@acme.example"
HARD = {"bounce_type": "hard", "bounce_class": "InvalidRecipient", "smtp_code": 550, "enhanced_code": "5.1.1"}


def event(kind: str, at: str | None, email: str = ANA, campaign: str | None = "spring", **more: Any) -> dict[str, Any]:
    """Return one event."""
    return {"kind": kind, "at": pd.Timestamp(at, tz="UTC"), "email": email, "campaign": campaign, **more}


def frame_of(*events: dict[str, Any]) -> pd.DataFrame:
    """Return events as a frame."""
    rows = pd.DataFrame(list(events) or None, columns=None if events else ["kind", "at", "email", "campaign"])
    return rows.assign(at=pd.to_datetime(rows["at"], utc=True))
