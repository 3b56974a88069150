"""Charts of a list and of what people did: what the frame says is drawn, in light, in dark and on paper."""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit import charts
from bulkkit.charts import export, palette, style
from bulkkit.errors import ConfigurationError, InputError

NAN = float("nan")
HOSTILE = "</script><script>alert(1)</script><a href='http://evil.example'>x</a> %{x} $x^2$"

CURVES = pd.DataFrame(
    {
        "campaign": "news", "rate": ["opened"] * 3 + ["clicked"] * 3, "counts": ["human", "human", "all"] * 2,
        "hours": [0.01, 3.0, 2.0, 1.0, 5.0, 0.0], "at_risk": 90, "reacted": 1,
        "value": [0.1, 0.2, 0.3, 0.04, 0.06, 0.09], "lower": 0.01, "n": 100,
        "upper": [0.15, 0.25, 0.35, 0.06, 0.09, 0.12],
    }
)  # fmt: skip
CHECKED = pd.DataFrame(
    {
        "email": [f"p{place}@d{place % 40}.example" for place in range(200)],
        "provider": (["Northmail"] * 50 + ["unknown"] * 150), "action": ["send"] * 180 + ["review"] * 20,
    }
)  # fmt: skip
MONTHS = pd.date_range("2025-11-01", periods=12, freq="MS", tz="UTC")
COURSE = pd.DataFrame({"at": MONTHS, "contacts": range(100, 112), "score": np.linspace(80.2, 70.4, 12)})
GROWTH = pd.DataFrame(
    {"at": MONTHS, "joined": 10, "bounced": 1, "unsubscribed": 2, "complained": 0, "reachable": range(7, 91, 7)}
)
PARTS = pd.DataFrame(
    {
        "source": ["shop", "fair"], "contacts": [900, 80], "score": [88.0, 61.0], "expected_bounces": [0.01, 0.04],
        "lower": [0.004, 0.02], "upper": [0.02, 0.09], "costliest": ["consent", "consent"], "points_lost": [3.0, 20.0],
    }
)  # fmt: skip
CLEANING = pd.DataFrame(
    {
        "step": ["as it is", "duplicate", "silent"], "left_out": [0, 5, 30], "remaining": [100, 95, 65],
        "score": [70.0, 71.0, 90.0], "expected_bounces": 0.01, "lower": 0.004, "upper": 0.02,
    }
)  # fmt: skip
CONTRAST = pd.DataFrame(
    {
        "column": ["tenure", "source"], "level": ["<3 months", "fair"], "part": [0.5, 0.1], "rest": [0.2, 0.11],
        "difference": [0.3, -0.01], "lower": [0.2, -0.05], "upper": [0.4, 0.03], "standardised": [0.7, -0.03],
        "part_n": 100, "rest_n": 900, "verdict": ["more here", "alike"],
    }
)  # fmt: skip
BALANCE = pd.DataFrame({"covariate": "tenure", "level": ["a", "b"], "before": [0.6, -0.4], "after": [0.02, -0.01]})


def balanced(table: pd.DataFrame, name: str = "news") -> SimpleNamespace:
    """Return a comparison with that balance."""
    return SimpleNamespace(treated=name, control="spring", balance=table)


DRAWN = {
    "waiting": (charts.waiting, CURVES),
    "providers": (charts.providers, CHECKED),
    "history": (charts.history, COURSE),
    "growth": (charts.growth, GROWTH),
    "parts": (charts.parts, PARTS),
    "cleaning": (charts.cleaning, CLEANING),
    "contrast": (charts.contrast, CONTRAST),
    "balance": (lambda table: charts.balance(balanced(table)), BALANCE),
}


def drawn(name: str) -> go.Figure:
    """Return one of the charts."""
    draw, frame = DRAWN[name]
    return draw(frame)


def words(chart: go.Figure) -> str:
    """Return all that is written in a chart."""
    title, subtitle = chart.layout.title.text or "", chart.layout.title.subtitle.text or ""
    written = [title.replace("<br>", " "), subtitle.replace("<br>", " ")]
    written += [note.text for note in chart.layout.annotations]
    written += [text for axis in chart.select_yaxes() for text in axis.ticktext or ()]
    return " | ".join(written).replace("\u00a0", " ")


@pytest.mark.parametrize("name", DRAWN)
def test_each_chart_says_its_finding_and_uploads_nothing(name: str) -> None:
    """Each is in our template, with a finding, what is counted, n and the interval in its hover, and no upload."""
    chart = drawn(name)
    assert chart.layout.template == pio.templates["bulkkit"]
    assert "sendChartToCloud" in chart.layout.template.layout.modebar.remove
    assert chart.layout.title.text
    assert chart.layout.title.subtitle.text
    hovers = [text for trace in chart.data if trace.hovertext is not None for text in trace.hovertext]
    assert hovers
    assert "hovertemplate" not in chart.to_json().replace('"hovertemplate":null', "")


FINDINGS = {
    "waiting": "Half of the clicks by people came within 1 h of delivery",
    "providers": "25.0 % of the addresses are at Northmail",
    "history": "The health of the list fell from 80 to 70 since November 2025",
    "growth": "120 people joined and 36 were lost",
    "parts": "“fair” is least healthy: 61 of 100; “shop” most: 88",
    "cleaning": "Cleaning would raise the score from 70 to 90 and keep 65 of 100 rows",
    "contrast": "tenure: &lt;3 months is more common by 30.0 points",
    "balance": "alike: at most 0.60 standard deviations apart, then 0.02",
}


@pytest.mark.parametrize("name", DRAWN)
def test_titles_say_the_finding(name: str) -> None:
    """The title is what one would tell somebody who cannot see the chart."""
    assert FINDINGS[name] in words(drawn(name))


@pytest.mark.parametrize("name", DRAWN)
def test_nothing_to_draw_is_a_sentence(name: str) -> None:
    """An empty frame is a sentence; one without its columns is refused by their names."""
    draw, frame = DRAWN[name]
    assert words(draw(frame.iloc[:0])).endswith(".")
    with pytest.raises(InputError, match="has no column"):
        draw(frame[[]])


@pytest.mark.parametrize("name", DRAWN)
def test_other_peoples_names_are_text(name: str) -> None:
    """No name is read as markup, wherever it is written."""
    draw, frame = DRAWN[name]
    named = dict.fromkeys(("campaign", "provider", "source", "step", "level", "column", "covariate"), HOSTILE)
    told = draw(frame.assign(**{column: value for column, value in named.items() if column in frame})).to_json()
    assert not re.search(r"<\s*/?\s*(a|script)\b", told.replace("\\u003c", "<"))


@given(st.lists(st.tuples(st.floats(0, 1), st.floats(0, 1)), min_size=1, max_size=20))
@settings(max_examples=10, deadline=None)
def test_balance_is_drawn_where_it_is(pairs: list[tuple[float, float]]) -> None:
    """Each standardised difference is a dot, before and after; what is missing after a refusal is not drawn."""
    table = pd.DataFrame(pairs, columns=["before", "after"]).assign(covariate="x", level=range(len(pairs)))
    dots = [x for trace in charts.balance(balanced(table)).data if trace.mode == "markers" for x in trace.x]
    assert sorted(dots) == pytest.approx(sorted(value for pair in pairs for value in pair))
    refused = charts.balance(balanced(table.assign(after=NAN)))
    assert sum(len(trace.x) for trace in refused.data if trace.mode == "markers") == len(pairs)
    assert "reached different people" in words(refused)


def test_unknown_losses_are_not_drawn_as_none() -> None:
    """Where nobody knows who was lost there is no bar for it, and the title says nothing of it."""
    unknown = GROWTH.assign(**dict.fromkeys(["bounced", "unsubscribed", "complained"], NAN))
    chart = charts.growth(unknown)
    assert [trace.name for trace in chart.data] == ["Joined"]
    assert "lost" not in chart.layout.title.text


def test_curves_keep_their_ends() -> None:
    """A curve of thousands of points is thinned, and ends where the frame ends."""
    hours = np.linspace(0.1, 300, 5000)
    told = {"campaign": "news", "rate": "clicked", "counts": "human", "lower": 0.0, "upper": 0.5, "n": 9}
    chart = charts.waiting(pd.DataFrame({"hours": hours, "value": hours / 1000}).assign(**told))
    line = next(trace for trace in chart.data if trace.fill is None)
    assert len(line.x) < 500
    assert (line.x[-1], line.y[-1]) == pytest.approx((300, 0.3))


def contrast_of(one: str, two: str) -> float:
    """Return the contrast of two colours (WCAG 2.2, 1.4.3)."""
    lights = sorted(_luminance(colour) for colour in (one, two))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    parts = [int(colour[place : place + 2], 16) / 255 for place in (1, 3, 5)]
    linear = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return sum(weight * part for weight, part in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dress", ["bulkkit", "bulkkit-dark", "bulkkit-print"])
def test_words_can_be_read(dress: str) -> None:
    """In each template text stands out by 4.5 to 1, and what is drawn by 2 to 1 from the page."""
    colours = {"bulkkit": {}, "bulkkit-dark": palette.DARK, "bulkkit-print": palette.PRINT}[dress]
    paper = colours.get(style.PAPER, style.PAPER)
    assert pio.templates[dress].layout.paper_bgcolor == paper
    assert all(contrast_of(colours.get(ink, ink), paper) >= 4.5 for ink in (style.INK, style.MUTED))
    marks = (style.BLUE, style.VERMILION, style.GREEN, style.PURPLE, style.ORANGE, style.SKY)
    assert all(contrast_of(colours.get(mark, mark), paper) >= 2 for mark in marks)


def test_colours_are_told_apart_by_the_colour_blind() -> None:
    """In each dress, as somebody without red or green cones sees them (Viénot 1999), no two colours are alike."""
    seen = {
        "protan": np.array([[0.11238, 0.88762, 0], [0.11238, 0.88762, 0], [0.00401, -0.00401, 1]]),
        "deutan": np.array([[0.29275, 0.70725, 0], [0.29275, 0.70725, 0], [-0.02234, 0.02234, 1]]),
    }
    marks = (style.BLUE, style.VERMILION, style.GREEN, style.ORANGE, style.SKY)
    for colours in ({}, palette.DARK):
        for matrix in seen.values():
            told = [matrix @ (_linear(colours.get(mark, mark))) for mark in marks]
            gaps = [np.abs(np.sqrt(np.clip(one, 0, 1)) - np.sqrt(np.clip(two, 0, 1))).sum()
                    for place, one in enumerate(told) for two in told[:place]]  # fmt: skip
            assert min(gaps) > 0.1


def _linear(colour: str) -> Any:
    return np.array([(int(colour[place : place + 2], 16) / 255) ** 2.2 for place in (1, 3, 5)])


@pytest.mark.parametrize("name", DRAWN)
def test_other_dresses_change_colours_alone(name: str) -> None:
    """A chart for a dark page or for paper is the same chart, and no colour of the light page is left in the dark."""
    light = drawn(name)
    for dressed in (charts.dark(light), charts.printed(light)):
        assert words(dressed).count("|") == words(light).count("|")
        assert len(dressed.data) == len(light.data)
    assert not any(colour in charts.dark(light).to_json() for colour in palette.DARK)
    assert light.layout.template.layout.paper_bgcolor == style.PAPER


def test_a_page_needs_no_network(tmp_path: Path) -> None:
    """An .html file holds plotly itself and asks nobody for anything; another ending is refused."""
    path = charts.save(drawn("parts"), tmp_path / "chart.html")
    written = path.read_text(encoding="utf-8")
    assert len(written) > 1_000_000
    assert not re.search(r"<script[^>]+src=", written)
    assert not re.search(r"<link[^>]+href=", written)
    with pytest.raises(InputError, match="no ending of a picture"):
        charts.save(drawn("parts"), tmp_path / "chart.docx")


def test_a_picture_is_drawn_by_the_machines_own_browser(tmp_path: Path) -> None:
    """A .png has twice the asked width, for sharp screens; .svg holds the words as text."""
    if not any(map(shutil.which, export._BROWSERS)) and not os.environ.get("CI"):
        pytest.skip("no chromium here")
    png = charts.save(drawn("parts"), tmp_path / "chart.png", width=400).read_bytes()
    assert png[:8] == b"\x89PNG\r\n\x1a\n"
    assert int.from_bytes(png[16:20]) == 800


def test_without_a_browser_pictures_say_what_they_need(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where no Chromium is found, the error says so, and nothing is downloaded."""
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.delenv("BROWSER_PATH", raising=False)
    with pytest.raises(ConfigurationError, match="BROWSER_PATH"):
        charts.save(drawn("parts"), tmp_path / "chart.png")


def test_templates_are_known_by_name() -> None:
    """The three templates are registered with plotly, and the dark one is our own recoloured."""
    light, dark = (json.dumps(pio.templates[name].to_plotly_json()) for name in ("bulkkit", "bulkkit-dark"))
    assert palette.recoloured(light, palette.DARK) == dark
