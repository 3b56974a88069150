"""The events that a year of mail left behind, as a sending service would have written them down."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
import pandas as pd

from bulkkit import frames
from bulkkit.sample.campaigns import LINKS
from bulkkit.sample.moments import DAY, moment
from bulkkit.vocabulary import EVENT_DTYPES, BounceClass, BounceType, EventKind

BOUNCES: Final = {
    "unknown_user": (BounceType.HARD, BounceClass.INVALID_RECIPIENT, 550, "5.1.1", "550 5.1.1 No such user here"),
    "late_bounce": (
        BounceType.HARD,
        BounceClass.INVALID_RECIPIENT,
        550,
        "5.1.1",
        "smtp; 550 5.1.1 Mailbox was removed",
    ),
    "full": (BounceType.SOFT, BounceClass.QUOTA_ISSUES, 452, "4.2.2", "452 4.2.2 Mailbox is full"),
    "policy": (BounceType.SOFT, BounceClass.POLICY_RELATED, 550, "5.7.1", "550 5.7.1 Refused by local policy"),
    "expired": (BounceType.SOFT, BounceClass.MESSAGE_EXPIRED, None, "4.4.7", "4.4.7 No answer from host for 4 days"),
}
"""What is written down for each outcome; enhanced codes are those of RFC 3463."""

READERS: Final = (
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:143.0) Gecko/20100101 Firefox/143.0",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Safari/537.36",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.6 Safari/605",
    "Mozilla/5.0 (iPhone; CPU iPhone OS 18_6 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) Mobile/15E148",
    "Mozilla/5.0 (Linux; Android 10; K) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/141.0.0.0 Mobile Safari/537.36",
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Thunderbird/140.3",
)
PROXY: Final = "Mozilla/5.0"
"""The whole user agent of Apple's privacy proxy."""

READER_NET, PROXY_NET, SCANNER_NET = "203.0.113.", "198.51.100.", "192.0.2."
"""The networks that RFC 5737 reserves for documentation."""

AGAIN: Final = 0.35
"""Further opens, and further clicks, for each first one."""
PROXY_FETCHES: Final = 0.95


def trace(sends: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    """Return the events of `sends` (see `history.simulate`), in the order of time, with the columns of EVENT_DTYPES."""
    kinds = [*_deliveries(sends), *_reactions(sends, rng), _proxy_opens(sends, people, rng), _scans(sends, people, rng)]
    events = pd.concat([kind.dropna(subset=["seconds"]) for kind in kinds], ignore_index=True)
    events = events.sort_values(["seconds", "send", "kind"], kind="stable", ignore_index=True)
    events["at"] = moment(events["seconds"])
    events["event_id"] = "history-" + (events.index.to_series() + 1).astype(str).str.zfill(6)
    return frames.conform(_addressed(events, sends, people).drop(columns=["seconds", "send"]), EVENT_DTYPES)


def _addressed(events: pd.DataFrame, sends: pd.DataFrame, people: pd.DataFrame) -> pd.DataFrame:
    campaign = sends["campaign"].iloc[events["send"]].reset_index(drop=True)
    person = sends["person"].iloc[events["send"]].reset_index(drop=True)
    number = person.astype(str).str.zfill(5)
    return events.assign(
        source="history",
        campaign=campaign,
        email=people["email"].iloc[person].to_numpy(),
        message_id="<" + campaign + "." + number + "@example.org>",
        url=("https://www.example.org/" + campaign + "/" + events["link"]),
        ip=events["net"] + (person % 254 + 1).astype(str),
        user_agent=events["agent"].where(events["agent"] != "", person.map(lambda n: READERS[n * 7 % len(READERS)])),
    ).drop(columns=["link", "net", "agent"])


def _events(send: Any, at: Any, kind: EventKind, **columns: Any) -> pd.DataFrame:
    """One kind of event; `agent=""` stands for the reader's own program, missing for none."""
    columns = {"link": None, "net": None, "agent": None, **columns}
    frame = pd.DataFrame({"send": np.asarray(send), "seconds": np.asarray(at), "kind": str(kind)})
    return frame.assign(**columns).astype({"link": "str", "net": "str", "agent": "str"})


def _deliveries(sends: pd.DataFrame) -> list[pd.DataFrame]:
    rows = sends.index
    fields = ("bounce_type", "bounce_class", "smtp_code", "enhanced_code", "diagnostic")
    told = {name: sends["outcome"].map({o: row[n] for o, row in BOUNCES.items()}) for n, name in enumerate(fields)}
    return [
        _events(rows, sends["sent"], EventKind.SENT),
        _events(rows, sends["delivered"], EventKind.DELIVERED),
        _events(rows, sends["bounced"], EventKind.BOUNCED, **told),
    ]


def _reactions(sends: pd.DataFrame, rng: np.random.Generator) -> list[pd.DataFrame]:
    seen = sends[sends["tracked"]]
    person = {"net": READER_NET, "agent": ""}
    by_person = {**person, "machine": False, "machine_basis": "user_agent"}
    opens = _repeat(seen, "opened", rng)
    clicks = _repeat(seen, "clicked", rng)
    links = rng.choice(LINKS, len(clicks), p=[0.6, 0.25, 0.15])
    return [
        _events(opens["send"], opens["at"], EventKind.OPENED, **by_person),
        _events(clicks["send"], clicks["at"], EventKind.CLICKED, link=links, **by_person),
        _events(sends.index, sends["left"], EventKind.UNSUBSCRIBED, **person),
        _events(sends.index, sends["complained"], EventKind.COMPLAINED),
    ]


def _repeat(sends: pd.DataFrame, column: str, rng: np.random.Generator) -> pd.DataFrame:
    """Return the first reactions and, some minutes to days later, further ones by the same people."""
    first = sends[column].dropna()
    times = rng.poisson(AGAIN, len(first))
    again = first.loc[np.repeat(first.index, times)]
    later = again + np.ceil(np.minimum(4 * 3600 * np.exp(rng.normal(0, 1.5, len(again))), 5 * DAY))
    both = pd.concat([first, later[later < 0]])
    return pd.DataFrame({"send": both.index, "at": both.to_numpy()})


def _proxy_opens(sends: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    proxied = _arrived(sends, people["machine_opens"])
    proxied = proxied[rng.random(len(proxied)) < PROXY_FETCHES]
    at = proxied["delivered"] + np.ceil(600 * np.exp(rng.normal(0, 1.0, len(proxied))))
    told = {"net": PROXY_NET, "agent": PROXY, "machine": True, "machine_basis": "user_agent"}
    return _events(proxied.index, at, EventKind.OPENED, **told)


def _scans(sends: pd.DataFrame, people: pd.DataFrame, rng: np.random.Generator) -> pd.DataFrame:
    scanned = _arrived(sends, people["scanner"])
    begun = scanned["delivered"] + rng.integers(1, 9, len(scanned))
    told = {"net": SCANNER_NET, "agent": READERS[1], "machine": True, "machine_basis": "all_links_within_seconds"}
    clicks = [_events(scanned.index, begun + n, EventKind.CLICKED, link=link, **told) for n, link in enumerate(LINKS)]
    return pd.concat(clicks, ignore_index=True)


def _arrived(sends: pd.DataFrame, which: pd.Series[Any]) -> pd.DataFrame:
    chosen = sends["person"].map(which)
    return sends.loc[chosen & sends["tracked"] & sends["bounced"].isna()]
