"""Whether a person or a machine opened and clicked, and by what that was judged.

Activity is tagged, never dropped, and there are three answers: `True`, `False`,
and missing where nothing tells. Apple's privacy proxy and Gmail's prefetch load
the pixel unasked: machines. Google's and Yahoo's image proxies load it when a
person opens the message: people, seen through a proxy; to hide them would hide
every open at Gmail. A browser's or a mail program's name says person, until the
timing says otherwise (`judged`).
"""

from __future__ import annotations

import re
from typing import Any, Final

import pandas as pd

from bulkkit.addresses import mailbox_keys
from bulkkit.vocabulary import EventKind

PRIVACY_PROXY: Final = "Mozilla/5.0"
"""All that Apple's Mail Privacy Protection says of itself (since September 2021)."""
GMAIL_PREFETCH: Final = "Edge/12.246 Mozilla/5.0"
"""How the name of Gmail's prefetch ends (SparkPost, January 2022: 1 to 6 % of opens at Gmail, none by a person)."""

SECONDS_OF_DELIVERY: Final = 10.0
"""A choice: within it nobody has noticed, opened and read a message."""
CLOCKS_APART: Final = 60.0
"""Seconds by which an open may seem to come before its delivery: relay and tracker have each their clock, and the
delivery is stamped only when the relay's answer is there."""
SECONDS_OF_LINKS: Final = 5.0
"""A choice: nobody follows several links of a message in so short a time, gateways do."""
LEAST_LINKS: Final = 2
MANY_LINKS: Final = 3
"""So many links in a burst are a machine's even where the message had more."""

_IMAGE_PROXY: Final = re.compile(r"GoogleImageProxy|YahooMailProxy")
_MACHINE: Final = re.compile(
    r"(?<!cu)bot\b|bot/|crawl|spider|\bscan|prefetch|preview|headless|phantomjs|barracuda|proofpoint|mimecast|symantec"
    r"|messagelabs|trend ?micro|forcepoint|bitdefender|fireeye|sophos|ironport|safelinks|virustotal|urlscan"
    r"|facebookexternalhit|python|curl/|wget/|go-http-client|libwww|apache-httpclient|^java/|node-fetch|axios|httpx",
    re.IGNORECASE,
)
_PROGRAM: Final = re.compile(
    r"AppleWebKit/|Gecko[/)]|Firefox/|MSIE |Trident/|Presto/|Outlook|MSOffice|Thunderbird|Airmail|Mail/", re.IGNORECASE
)

_SEEN: Final = [str(EventKind.OPENED), str(EventKind.CLICKED)]


def of_agent(user_agent: str | None) -> tuple[bool | None, str | None]:
    """Return whether a user agent is a machine's (None where it does not tell) and the basis of that."""
    if not user_agent:
        return None, None
    if user_agent == PRIVACY_PROXY:
        return True, "privacy proxy"
    if user_agent.endswith(GMAIL_PREFETCH):
        return True, "prefetch"
    if _IMAGE_PROXY.search(user_agent):
        return False, "image proxy"
    if _MACHINE.search(user_agent):
        return True, "user agent"
    return (False, "user agent") if _PROGRAM.search(user_agent) else (None, None)


def by_agent(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with `machine` and its basis filled from the user agent where opens and clicks lack it."""
    open_question = events["kind"].isin(_SEEN) & events["machine"].isna() & events["user_agent"].notna()
    if not open_question.any():
        return events
    agents = events["user_agent"].where(open_question)
    verdicts = {agent: of_agent(agent) for agent in agents.dropna().unique()}
    machine = agents.map({agent: verdict[0] for agent, verdict in verdicts.items()}).astype("boolean")
    basis = agents.map({agent: verdict[1] for agent, verdict in verdicts.items()}).astype("str")
    return events.assign(machine=events["machine"].fillna(machine), machine_basis=events["machine_basis"].fillna(basis))


def judged(events: pd.DataFrame) -> pd.DataFrame:
    """Return the events with opens and clicks tagged as a machine's where their timing says so.

    `opened_at_once` and `links_at_once` are asked; what is tagged as a machine's
    already keeps its basis, and nothing that is becomes a person's.
    """
    tagged = events
    for test, basis in ((links_at_once, "all links within seconds"), (opened_at_once, "within seconds of delivery")):
        found = test(events) & ~tagged["machine"].fillna(False)
        tagged = tagged.assign(
            machine=tagged["machine"].mask(found, True),
            machine_basis=tagged["machine_basis"].mask(found, basis),
        )
    return tagged


def opened_at_once(events: pd.DataFrame, seconds: float = SECONDS_OF_DELIVERY) -> pd.Series[bool]:
    """Return for each event whether it is an open or a click within `seconds` of its message's delivery.

    Deliveries are the `delivered` events of the same campaign and mailbox; where
    there is none, nothing can be said and the answer is False. What seems to come
    up to `CLOCKS_APART` before the delivery counts too.
    """
    person = _persons(events)
    delivered = events["kind"] == EventKind.DELIVERED
    at = events["at"].where(delivered).groupby(person).transform("min")
    passed = (events["at"] - at).dt.total_seconds()
    return (events["kind"].isin(_SEEN) & passed.between(-CLOCKS_APART, seconds)).fillna(False).astype(bool)


def links_at_once(events: pd.DataFrame, seconds: float = SECONDS_OF_LINKS) -> pd.Series[bool]:
    """Return for each event whether it is a click of a burst that followed all of a message's links, or many.

    A burst is one person's clicks of one campaign with no pause over `seconds`.
    A message's links are those that anybody clicked; with only one nothing can be said.
    """
    clicks = events[(events["kind"] == EventKind.CLICKED) & events["url"].notna() & events["campaign"].notna()]
    clicks = clicks.assign(person=_persons(clicks)).sort_values(["person", "at"], kind="stable")
    pause = clicks.groupby("person")["at"].diff().dt.total_seconds()
    burst = (~(pause <= seconds)).cumsum()
    followed = clicks.groupby(burst)["url"].transform("nunique")
    links = clicks.groupby("campaign")["url"].transform("nunique").clip(lower=LEAST_LINKS, upper=MANY_LINKS)
    found = (followed >= links).reindex(events.index, fill_value=False)
    return found.astype(bool)


def _persons(events: pd.DataFrame) -> pd.Series[Any]:
    """Return what tells one person's copy of one campaign from another."""
    return events["campaign"].fillna("") + "\0" + mailbox_keys(events["email"]).fillna("")
