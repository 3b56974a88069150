"""The page: findings become words, tables and charts, and these become one HTML file that opens offline."""

from __future__ import annotations

import base64
import hashlib
import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

import pandas as pd
import plotly.offline
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from bulkkit import charts
from bulkkit.charts.numerals import count, is_known, plural
from bulkkit.charts.passage import delivered_of, sent_of
from bulkkit.charts.shares import Band, bands
from bulkkit.reporting import wording as words
from bulkkit.reporting.fidelity import source_rows
from bulkkit.reporting.figures import PageFigure, script_safe
from bulkkit.reporting.findings import Findings
from bulkkit.reporting.method import METHOD, REFERENCES
from bulkkit.reporting.tables import bounce_rows, key_figures, published_rows, strata_table
from bulkkit.vocabulary import BounceClass, CampaignKind, EventKind, Rate

_EARLIER: Final = 14
"""So many earlier campaigns stand beside this one: what one chart holds."""


def render(findings: Findings) -> str:
    """Return the HTML of a report."""
    environment = Environment(
        loader=PackageLoader("bulkkit.reporting", "."), autoescape=True, undefined=StrictUndefined, trim_blocks=True
    )
    return environment.get_template("page.html.j2").render(page=_contents(findings) | _machinery())


def _contents(findings: Findings) -> dict[str, Any]:
    """Return all that is particular to this campaign."""
    own = _Own(findings)
    return (
        _head(findings, own)
        | _audience(findings)
        | _happened(findings, own)
        | _beside(findings)
        | _reacted(findings)
        | _bounced(findings, own)
        | _earlier(findings)
        | _method(findings)
    )


class _Own:
    """The campaign's own figures, looked up once."""

    def __init__(self, findings: Findings) -> None:
        self.shares: Mapping[str, Band] = bands(findings.own_rates).get(findings.campaign, {})
        self.sent, self.delivered = sent_of(self.shares), delivered_of(self.shares)

    def number(self, rate: Rate) -> float:
        band = self.shares.get(rate)
        return band.ceiling.numerator if band is not None and band.ceiling is not None else float("nan")


def _head(findings: Findings, own: _Own) -> dict[str, Any]:
    clicked, day = own.shares.get(Rate.CLICKED), _day(findings.events)
    found = findings.comparison
    beside = "" if found is None else words.standing(found.adjusted, _others(findings), found.is_adjusted)
    people = len(findings.sends) or own.sent
    reached = words.reach(findings.kind, findings.waterfall, people)
    return {
        "campaign": findings.campaign,
        "day": day,
        "headline": words.headline(own.sent, own.delivered, clicked, beside),
        "lead": [
            words.opening(findings.campaign, findings.subject, day, reached),
            words.clicks(clicked, own.delivered),
        ],
        "cautions": [
            caution
            for caution in (words.unfinished(findings.unfinished), words.doubt(len(findings.in_doubt)))
            if caution
        ],
    }


def _audience(findings: Findings) -> dict[str, Any]:
    is_known = len(findings.waterfall) > 0
    return {
        "audience": words.audience(findings.waterfall) if is_known else "",
        "waterfall": PageFigure.of("waterfall", charts.waterfall(findings)) if is_known else None,
    }


def _happened(findings: Findings, own: _Own) -> dict[str, Any]:
    known = len(findings.own_rates) > 0
    return {
        "happened": [
            words.paragraph(
                words.losses(own.number(Rate.BOUNCED), own.number(Rate.HARD_BOUNCED)),
                words.leavers(own.number(Rate.UNSUBSCRIBED), own.number(Rate.COMPLAINED)),
            ),
            words.delivery(own.delivered),
            words.untracked(findings.untracked, len(findings.sends)),
        ],
        "funnel": PageFigure.of("funnel", charts.funnel(findings.own_rates)) if known else None,
        "key_figures": key_figures(findings.own_rates, own.delivered),
    }


def _beside(findings: Findings) -> dict[str, Any]:
    found = findings.comparison
    if found is None:
        return {
            "beside_title": _beside_title(findings),
            "beside": [findings.not_compared],
            "comparison": None,
            "balance": None,
            "strata": None,
        }
    return {
        "beside_title": _beside_title(findings),
        "beside": [
            words.raw_difference(found.raw, _others(findings)),
            words.capital(found.verdict),
            words.likeness(found.adjust if found.is_adjusted else (), found.overlap, findings.contacts is not None),
        ],
        "comparison": PageFigure.of("comparison", charts.compare(found)),
        "balance": PageFigure.of("balance", charts.balance(found)) if len(found.balance) else None,
        "strata": strata_table(found.strata) if found.is_adjusted else None,
    }


def _beside_title(findings: Findings) -> str:
    return "Beside the blasts" if findings.kind == CampaignKind.SEGMENTED else "Beside the segmented campaigns"


def _others(findings: Findings) -> str:
    if len(findings.control) == 1:
        return findings.control[0]
    return "the blasts" if findings.kind == CampaignKind.SEGMENTED else "the segmented campaigns"


def _reacted(findings: Findings) -> dict[str, Any]:
    reactions = findings.events["kind"].isin([str(EventKind.OPENED), str(EventKind.CLICKED)])
    sent = _left(findings.events)
    return {
        "reacted": [
            words.span(sent.min(), sent.max()),
            "" if reactions.any() else "There is no open and no click among these events.",
        ],
        "timeline": PageFigure.of("timeline", charts.timeline(findings.events)) if len(findings.events) else None,
        "waiting": PageFigure.of("waiting", charts.waiting(findings.waiting)) if len(findings.waiting) else None,
    }


def _left(events: pd.DataFrame) -> pd.Series[Any]:
    """Return when messages left; those that were given up after days of trying never did."""
    given_up = events.loc[events["bounce_class"].eq(BounceClass.MESSAGE_EXPIRED), "email"]
    return events.loc[events["kind"].eq(EventKind.SENT) & ~events["email"].isin(given_up), "at"]


def _bounced(findings: Findings, own: _Own) -> dict[str, Any]:
    rows = bounce_rows(findings.bounces)
    people = findings.bounces["people"].sum() if rows else 0
    doubtful = findings.in_doubt[["email", "message_id"]]
    return {
        "bounced": [
            words.bounce_reasons(people, len(rows)) if rows else words.losses(own.number(Rate.BOUNCED), float("nan"))
        ],
        "bounces": rows,
        "doubt": [words.decision(len(doubtful))],
        "in_doubt": doubtful.astype("str").fillna("").to_dict("records"),
    }


def _earlier(findings: Findings) -> dict[str, Any]:
    names = list(dict.fromkeys(findings.rates["campaign"]))
    place = names.index(findings.campaign) if findings.campaign in names else 0
    shown = names[max(place - _EARLIER, 0) : place + 1]
    if len(shown) < 2:
        return {"earlier": ["No earlier campaign is known here, so there is nothing to set it beside."], "rates": None}
    chosen = findings.rates.loc[findings.rates["campaign"].isin(shown)]
    return {
        "earlier": [words.earlier(len(shown) - 1, len(names) - len(shown))],
        "rates": PageFigure.of("rates", charts.rates(chosen, highlight=findings.campaign)),
    }


def _method(findings: Findings) -> dict[str, Any]:
    return {
        "method": METHOD,
        "references": REFERENCES,
        "published": published_rows(findings.own_rates),
        "sources": source_rows(findings.events),
        "provenance": list(_provenance(findings).items()),
    }


def _provenance(findings: Findings) -> dict[str, str]:
    sources = ", ".join(f"{count(number)} from {name}" for name, number in findings.sources.items())
    until = (
        "all events known when it was made"
        if findings.as_of is None
        else f"events up to {findings.as_of:%Y-%m-%d %H:%M} UTC"
    )
    return {
        "Ledger": findings.ledger,
        "Made": f"{findings.made_at:%Y-%m-%d %H:%M} UTC, with bulkkit {findings.version}",
        "Counted": until,
        "Sends": f"{plural(len(findings.sends), 'row')} of this campaign",
        "Events": f"{count(len(findings.events))} of this campaign" + (f": {sources}" if sources else ""),
        "Contacts": "none handed in" if findings.contacts is None else plural(findings.contacts, "row"),
        "Compared with": ", ".join(findings.control) or "nothing",
    }


def _day(events: pd.DataFrame) -> str:
    first = events["at"].min()
    return f"{first.day} {first:%B %Y}" if is_known(first) else ""


def _machinery() -> dict[str, Any]:
    """Return style and scripts, and the policy that lets no other script run and nothing be loaded."""
    library, script, style = plotly.offline.get_plotlyjs(), _part("page.js"), _part("style.css")
    allowed = " ".join(f"'sha256-{_digest(source)}'" for source in (library, script))
    return {
        "dark": script_safe(json.dumps(dict(charts.DARK))),
        "library": Markup(library),  # noqa: S704 - our own files, not other people's words
        "script": Markup(script),  # noqa: S704
        "style": Markup(style),  # noqa: S704
        "policy": Markup(  # noqa: S704
            f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src data:; "
            "base-uri 'none'; form-action 'none'"
        ),
    }


@cache
def _part(name: str) -> str:
    return files("bulkkit.reporting").joinpath(name).read_text(encoding="utf-8")


def _digest(source: str) -> str:
    return base64.b64encode(hashlib.sha256(source.encode()).digest()).decode()
