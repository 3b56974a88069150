"""Charts: what the frame says is what is drawn, and what is unknown is never drawn as zero."""

from __future__ import annotations

import math
import re
from types import SimpleNamespace
from typing import Any

import pandas as pd
import plotly.graph_objects as go
import plotly.io as pio
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bulkkit import charts
from bulkkit.charts import numerals
from bulkkit.charts.exclusions import STEP_NAMES
from bulkkit.charts.passage import arrival
from bulkkit.errors import InputError
from bulkkit.sending.planning import STEPS
from bulkkit.statistics import wilson

NAN = float("nan")
HOSTILE = "</script><script>alert(1)</script><a href='http://evil.example'>x</a> %{x} $x^2$"


def rates_frame(campaigns: dict[str, dict[tuple[str, str], tuple[float, float]]]) -> pd.DataFrame:
    """Return a rates frame of numerators and denominators; a missing numerator is an unknown rate."""
    rows = []
    for name, shares in campaigns.items():
        for (rate, counts), (numerator, denominator) in shares.items():
            known = not math.isnan(numerator)
            interval = wilson(numerator, denominator) if known else wilson(NAN, NAN)
            verdict = "enough data" if known else "unknown: the source judged nothing"
            told = (numerator, denominator, interval.estimate, interval.lower, interval.upper, verdict)
            rows.append((name, rate, counts, *told))
    columns = ["campaign", "rate", "counts", "numerator", "denominator", "value", "lower", "upper", "verdict"]
    return pd.DataFrame(rows, columns=columns).astype({"numerator": "Int64", "denominator": "Int64"})


def campaign(
    sent: int = 1184, delivered: int = 1139, clicks: float = 112
) -> dict[tuple[str, str], tuple[float, float]]:
    """Return one campaign's rates, with opens and clicks as floor and ceiling."""
    return {
        ("opened", "human"): (451, delivered),
        ("opened", "all"): (702, delivered),
        ("clicked", "human"): (clicks, delivered),
        ("clicked", "all"): (160, delivered),
        ("bounced", "all"): (sent - delivered, sent),
        ("unsubscribed", "all"): (4, delivered),
        ("complained", "all"): (0, delivered),
    }


def difference(found: float, lower: float, upper: float) -> SimpleNamespace:
    """Return one side of a comparison."""
    return SimpleNamespace(
        difference=found, lower=lower, upper=upper,
        treated_value=0.098, control_value=0.141, treated_n=1139, control_n=402,
    )  # fmt: skip


REFUSED = difference(NAN, NAN, NAN)


def comparison(adjusted: SimpleNamespace, control: Any = "spring") -> SimpleNamespace:
    """Return a comparison with that adjusted difference."""
    return SimpleNamespace(
        treated="office-move", control=control, rate="clicked", raw=difference(-0.043, -0.079, -0.007),
        adjusted=adjusted, weighted=REFUSED, is_adjusted=True, randomised=False,
    )  # fmt: skip


COMPONENTS = pd.DataFrame(
    {
        "component": ["expected_bounces", "engagement", "concentration"],
        "value": [0.029, NAN, 0.4],
        "unit": ["of messages", "of people", "of addresses"],
        "benchmark": [0.004, 0.72, 0.5],
        "benchmark_date": ["2019-10", "2026-11", "2026-11"],
        "weight": [30.0, 20.0, 0.0],
        "points_lost": [12.4, NAN, 0.0],
        "advice": ["Leave them out.", "Ask once.", "Plan around it."],
    }
)
ETA = pd.DataFrame(
    {
        "network": [f"company-{number}.example" for number in range(33)],
        "recipients": range(33, 0, -1),
        "per_hour": pd.array([100.0] * 32 + [None], dtype="Float64"),
        "connections": pd.array([5] * 33, dtype="Int64"),
        "finishes_after": pd.to_timedelta(range(3300, 0, -100), unit="s"),
    }
)
WATERFALL = pd.DataFrame(
    {
        "step": ["read", "duplicate", "no_consent", "risky", "recipients"],
        "rows": [1500, 40, 276, 0, 1184],
        "remaining": [1500, 1460, 1184, 1184, 1184],
    }
)


def events_frame(numbers: dict[str, int], seconds: int = 7200, name: str = "office-move") -> pd.DataFrame:
    """Return events of one campaign, evenly spread over so many seconds."""
    start = pd.Timestamp("2026-10-01 09:00", tz="UTC")
    parts = []
    for kind, number in numbers.items():
        at = start + pd.to_timedelta([seconds * place / max(number - 1, 1) for place in range(number)], unit="s")
        machine = pd.array([place % 3 == 0 for place in range(number)], dtype="boolean")
        parts.append(pd.DataFrame({"at": at, "kind": kind, "campaign": name, "machine": machine}))
    return pd.concat(parts, ignore_index=True).astype({"at": "datetime64[us, UTC]"})


EVENTS = events_frame({"sent": 1184, "delivered": 1139, "opened": 702, "clicked": 160, "bounced": 45})
ALL_CHARTS = {
    "rates": lambda: charts.rates(rates_frame({"office-move": campaign()})),
    "compare": lambda: charts.compare(comparison(difference(-0.012, -0.041, 0.018))),
    "health": lambda: charts.health(SimpleNamespace(score=71.4, components=COMPONENTS)),
    "timeline": lambda: charts.timeline(EVENTS),
    "funnel": lambda: charts.funnel(rates_frame({"office-move": campaign()})),
    "eta": lambda: charts.eta(SimpleNamespace(eta=ETA)),
    "waterfall": lambda: charts.waterfall(SimpleNamespace(waterfall=WATERFALL)),
}


def dots(chart: go.Figure) -> list[float]:
    """Return where the chart's dots are."""
    return [float(x) for trace in chart.data if trace.mode == "markers" for x in trace.x]


def words(chart: go.Figure) -> str:
    """Return all that is written in a chart."""
    # A title is one sentence, on however many lines.
    title, subtitle = chart.layout.title.text or "", chart.layout.title.subtitle.text or ""
    written = [title.replace("<br>", " "), subtitle.replace("<br>", " ")]
    written += [note.text for note in chart.layout.annotations]
    written += [text for axis in chart.select_yaxes() for text in axis.ticktext or ()]
    return " | ".join(written).replace("\u00a0", " ")


def test_public_names_are_these() -> None:
    """Charts are these functions, and no more."""
    assert charts.__all__ == [
        "DARK", "balance", "cleaning", "compare", "contrast", "dark", "eta", "funnel", "growth", "health", "history",
        "parts", "printed", "providers", "rates", "save", "simulation", "timeline", "verdicts", "waiting", "waterfall",
    ]  # fmt: skip


@pytest.mark.parametrize("name", ALL_CHARTS)
def test_each_chart_wears_the_template_without_a_share_button(name: str) -> None:
    """Each function returns a figure in our template, with a finding, what is counted, and nothing that uploads."""
    chart = ALL_CHARTS[name]()
    assert isinstance(chart, go.Figure)
    assert chart.layout.template == pio.templates["bulkkit"]
    assert "sendChartToCloud" in chart.layout.template.layout.modebar.remove
    assert chart.layout.title.text
    assert chart.layout.title.subtitle.text
    assert chart.layout.height > 100


@settings(max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(0, 300), st.integers(300, 5000)), min_size=1, max_size=15))
def test_every_known_rate_is_drawn_where_it_is(pairs: list[tuple[int, int]]) -> None:
    """The dots of a rates chart are exactly the known values of the frame, whatever they are."""
    frame = rates_frame({f"campaign-{place}": {("clicked", "all"): pair} for place, pair in enumerate(pairs)})
    assert sorted(dots(charts.rates(frame))) == pytest.approx(sorted(frame["value"]))


def test_floor_and_ceiling_are_both_drawn() -> None:
    """Opens and clicks are a range: people only as a filled dot, everything as a hollow one."""
    frame = rates_frame({"office-move": {key: share for key, share in campaign().items() if key[0] == "clicked"}})
    chart = charts.rates(frame)
    assert dots(chart) == pytest.approx([112 / 1139, 160 / 1139])
    assert [trace.marker.color == "#ffffff" for trace in chart.data if trace.mode == "markers"] == [False, True]
    assert "9.8 to 14.0 %" in words(chart)


def test_hover_tells_n_and_the_interval() -> None:
    """Pointing at a dot tells the share, its interval and how many it is of."""
    chart = charts.rates(rates_frame({"office-move": {("complained", "all"): (1, 1139)}}))
    told = next(trace.hovertext[0] for trace in chart.data if trace.mode == "markers").replace("\u00a0", " ")
    assert "0.09 %" in told
    assert "95 % interval 0.02 to 0.50 %" in told
    assert "1 of n = 1,139" in told


def test_an_unknown_rate_is_written_and_not_drawn() -> None:
    """A rate without a value has no dot, not even at zero, and says that it is unknown."""
    frame = rates_frame(
        {"office-move": {("complained", "all"): (NAN, 1139)}, "spring": {("complained", "all"): (0, 402)}}
    )
    chart = charts.rates(frame)
    assert dots(chart) == [0.0]
    assert "unknown" in words(chart)


def test_a_ceiling_without_a_floor_is_at_most() -> None:
    """Where nobody told people from machines, only the ceiling is drawn, as the most that it can be."""
    chart = charts.rates(rates_frame({"spring": campaign(clicks=NAN)}))
    assert "≤ 14.0 %" in words(chart)


def test_one_campaign_is_highlighted() -> None:
    """The highlighted campaign leads the title, and it alone is in colour."""
    frame = rates_frame({"spring": campaign(clicks=150), "office-move": campaign(), "autumn": campaign(clicks=90)})
    chart = charts.rates(frame, highlight="office-move")
    assert chart.layout.title.text.startswith("office-move: 9.8")
    coloured = {value: trace.marker.line.color for trace in chart.data if trace.mode == "markers" for value in trace.x}
    assert coloured[112 / 1139] != coloured[150 / 1139] == coloured[90 / 1139]


def test_several_columns_name_a_group() -> None:
    """A frame that was grouped by two columns has a row for each pair."""
    frame = rates_frame({"office-move": {("clicked", "all"): (112, 1139)}}).assign(provider="Northmail")
    chart = charts.rates(pd.concat([frame, frame.assign(provider="Postbox")]))
    assert "office-move · Postbox" in words(chart)


def test_a_small_denominator_of_clicks_is_said_to_be_tracked() -> None:
    """Where clicks stand on fewer people than were delivered to, the heading says that they are the tracked ones."""
    shares = campaign() | {("clicked", "human"): (80, 903), ("clicked", "all"): (90, 903)}
    assert "of delivered, tracked" in words(charts.rates(rates_frame({"office-move": shares})))
    assert "tracked" not in words(charts.rates(rates_frame({"office-move": campaign()})))


def test_both_differences_are_drawn_around_zero() -> None:
    """The raw and the adjusted difference stand where they are, on a scale that is even on both sides of zero."""
    chart = charts.compare(comparison(difference(-0.012, -0.041, 0.018)))
    assert dots(chart) == [-0.043, -0.012]
    assert chart.layout.xaxis.range[0] == -chart.layout.xaxis.range[1]
    assert "shows no difference" in words(chart)


@pytest.mark.parametrize(
    ("adjusted", "said"),
    [
        (difference(0.03, 0.01, 0.05), "3.0 points higher"),
        (difference(-0.03, -0.05, -0.01), "3.0 points lower"),
        (difference(0.01, -0.01, 0.03), "shows no difference"),
        (REFUSED, "cannot be compared fairly"),
    ],
)
def test_the_title_of_a_comparison_says_the_finding(adjusted: SimpleNamespace, said: str) -> None:
    """Higher, lower, nothing to be shown, or refused."""
    assert said in words(charts.compare(comparison(adjusted)))


def test_nothing_to_adjust_by_is_not_called_like_with_like() -> None:
    """Where the adjusted difference is the raw one, neither the title nor the row compares like with like."""
    found = comparison(difference(-0.043, -0.079, -0.007))
    assert words(charts.compare(found)).lower().count("like with like") == 2
    found.is_adjusted = False
    said = words(charts.compare(found)).replace("<br>", " ")
    assert "With nothing known to adjust by, office-move has a click rate 4.3 points lower than spring" in said
    assert "nothing to adjust by" in said
    assert "like with like" not in said.lower()


def test_a_refused_difference_has_no_dot() -> None:
    """Where there is no like to compare, nothing is drawn but the raw difference, and the reason is written."""
    chart = charts.compare(comparison(REFUSED))
    assert dots(chart) == [-0.043]
    assert "refused" in words(chart)


def test_an_unknown_comparison_is_not_called_unfair() -> None:
    """Where even the raw difference is unknown, the title blames the missing rate and not the people."""
    found = comparison(REFUSED)
    found.raw = REFUSED
    assert "a click rate is unknown" in words(charts.compare(found))


def test_many_controls_are_counted() -> None:
    """More than three campaigns on one side are shortened to two and a number."""
    chart = charts.compare(comparison(REFUSED, control=("spring", "summer", "autumn", "winter")))
    assert "spring, summer and 2 others" in words(chart)


def test_health_bars_are_the_points() -> None:
    """The grey bars are the weights, the red ones the points lost; the unknown and the unscored are named."""
    chart = ALL_CHARTS["health"]()
    weights, lost = (list(bar.x) for bar in chart.data)
    assert weights == [30.0, 0.0, 20.0]
    assert lost == [12.4, 0.0, 0.0]
    assert "Health 71 of 100; most is lost to expected bounces: 12.4 points" in words(chart)
    assert "unknown" in words(chart)
    assert "not scored" in words(chart)


def test_an_unknown_score_is_unknown() -> None:
    """A score that is missing is not written as a number."""
    assert "unknown" in charts.health(SimpleNamespace(score=NAN, components=COMPONENTS)).layout.title.text


@pytest.mark.parametrize("seconds", [30, 7200, 86_400, 14 * 86_400, 400 * 86_400])
def test_the_bars_of_a_timeline_add_up(seconds: int) -> None:
    """However long the span, each strip's bars together are all events of its kind, in no more bins than fit."""
    numbers = {"sent": 50, "opened": 31, "clicked": 7, "bounced": 3}
    chart = charts.timeline(events_frame(numbers, seconds))
    drawn: dict[str, int] = {}
    for bar in chart.data:
        drawn[bar.yaxis] = drawn.get(bar.yaxis, 0) + int(sum(bar.y))
        assert len(bar.x) <= 122
    assert list(drawn.values()) == list(numbers.values())


def test_a_timeline_is_the_same_from_arrow() -> None:
    """Any frame that Narwhals knows draws the same bars."""
    ours, theirs = charts.timeline(EVENTS), charts.timeline(pa.Table.from_pandas(EVENTS))
    assert [list(bar.y) for bar in ours.data] == [list(bar.y) for bar in theirs.data]


def test_a_timeline_parts_people_from_the_rest() -> None:
    """Opens and clicks are two bars each, people's and the rest; other kinds are one."""
    names = [bar.name for bar in charts.timeline(EVENTS).data]
    assert [name for name in names if name.startswith("Opened")] == [
        "Opened by people",
        "Opened by machines, or by whom is not known",
    ]
    assert names.count("Sent") == 1


def test_events_without_a_time_are_counted_in_the_subtitle() -> None:
    """An event without a time cannot be drawn, and is not passed over in silence."""
    undated = EVENTS.copy()
    undated.loc[:2, "at"] = pd.NaT
    assert "3 events without a time" in words(charts.timeline(undated))


def test_a_timeline_of_several_campaigns_counts() -> None:
    """How soon people reacted makes sense for one campaign only; for several the totals are the title."""
    two = pd.concat([EVENTS, events_frame({"sent": 10, "clicked": 2}, name="spring")])
    assert words(charts.timeline(EVENTS)).startswith("Half of all clicks by people came within")
    assert charts.timeline(two).layout.title.text.startswith("1,194 sent")


def test_a_funnel_is_the_frame() -> None:
    """Sent and delivered are denominators, opened and clicked numerators, floor and ceiling."""
    chart = ALL_CHARTS["funnel"]()
    most, least = (list(bar.x) for bar in chart.data)
    assert most == [1184, 1139, 702, 160]
    assert least == [1184, 1139, 451, 112]
    assert "1,139 of 1,184 messages were delivered; 112 to 160 people clicked" in words(chart)


def test_a_funnel_says_unknown() -> None:
    """A stage that the frame does not tell is written as unknown."""
    chart = charts.funnel(rates_frame({"spring": {("bounced", "all"): (3, 402)}}))
    assert words(chart).count("unknown") >= 3
    assert "399 of 402 messages were delivered; how many clicked is unknown" in words(chart)


@pytest.mark.parametrize(
    ("sent", "delivered", "said"),
    [
        (1184, 1139, "1,139 of 1,184 messages were delivered"),
        (1184, 1184, "All 1,184 messages were delivered"),
        (1, 1, "The one message was delivered"),
        (12, 1, "1 of 12 messages was delivered"),
        (12, 0, "None of 12 messages was delivered"),
        (NAN, 7, "7 messages were delivered"),
        (NAN, NAN, "How many messages were delivered is unknown"),
    ],
)
def test_arrival(sent: float, delivered: float, said: str) -> None:
    """How many were delivered, in words for all, some, one, none and unknown."""
    assert arrival(sent, delivered).replace("\u00a0", " ") == said


def test_one_person_is_one_person() -> None:
    """One message delivered and one click are not spoken of as several."""
    shares = {("bounced", "all"): (2, 3), ("unsubscribed", "all"): (0, 1), ("clicked", "all"): (1, 1)}
    assert "1 of 3 messages was delivered; 1 person clicked" in words(charts.funnel(rates_frame({"a": shares})))


def test_delivered_is_what_did_not_bounce() -> None:
    """Where unsubscribes are unknown, delivered is what was sent less what bounced, and not those who were tracked."""
    frame = rates_frame({"spring": {("bounced", "all"): (3, 402), ("clicked", "all"): (5, 40)}})
    assert "399 of 402 messages were delivered" in words(charts.funnel(frame))


def test_a_funnel_holds_fifteen_campaigns() -> None:
    """Each campaign has a panel of its own."""
    chart = charts.funnel(rates_frame({f"campaign-{place:02}": campaign() for place in range(15)}))
    assert len(list(chart.select_xaxes())) == 15
    assert "campaign-14" in words(chart)


def test_the_slowest_networks_are_shown_and_the_rest_together() -> None:
    """Twenty networks have bars of their own, the others one, and nobody is lost."""
    chart = ALL_CHARTS["eta"]()
    assert len(chart.data[0].x) == 21
    assert "13 other networks" in words(chart)
    assert "561 messages take 55 min" in words(chart)
    assert max(chart.data[0].x) == pytest.approx(3300 / 3600)


def test_a_network_without_an_estimate_is_unknown() -> None:
    """A missing time is written as unknown, and the whole takes at least what is known."""
    eta = ETA.head(2).assign(finishes_after=pd.to_timedelta([pd.NaT, 60], unit="s"))
    chart = charts.eta(SimpleNamespace(eta=eta))
    assert "unknown" in words(chart)
    assert "at least 1 min" in words(chart)


def test_a_waterfall_loses_nobody() -> None:
    """Each step's bar hangs from what remained before it down to what remains after it."""
    chart = ALL_CHARTS["waterfall"]()
    bar = chart.data[0]
    tops = [base + length for base, length in zip(bar.base, bar.x, strict=True)]
    assert tops == [1500, 1500, 1460, 1184, 1184]
    assert list(bar.base)[1:4] == list(WATERFALL["remaining"])[1:4]
    assert "1,184 of 1,500 rows are recipients; 316 are left out" in words(chart)


def test_every_step_of_a_plan_has_its_words() -> None:
    """Each step has words that stand after a number, and begin a line of the chart with a capital."""
    assert set(STEP_NAMES) == {"read", *STEPS, "recipients"}
    assert all(name[:1].islower() and len(name) <= 44 for name in STEP_NAMES.values())
    steps = WATERFALL.assign(step=["read", "risky", "capped", "over_limit", "recipients"])
    said = words(charts.waterfall(SimpleNamespace(waterfall=steps)))
    for name in ("Rows read", "Disposable or probably misspelt", "Beyond the first so many asked for", "Recipients"):
        assert name in said


EMPTY = {
    "rates": lambda: charts.rates(rates_frame({"a": campaign()}).iloc[:0]),
    "funnel": lambda: charts.funnel(rates_frame({"a": campaign()}).iloc[:0]),
    "timeline": lambda: charts.timeline(EVENTS.iloc[:0]),
    "health": lambda: charts.health(SimpleNamespace(score=NAN, components=COMPONENTS.iloc[:0])),
    "eta": lambda: charts.eta(SimpleNamespace(eta=ETA.iloc[:0])),
    "waterfall": lambda: charts.waterfall(SimpleNamespace(waterfall=WATERFALL.iloc[:0])),
}


@pytest.mark.parametrize("name", EMPTY)
def test_an_empty_frame_is_a_sentence(name: str) -> None:
    """Where there is nothing to draw, the figure says so."""
    assert words(EMPTY[name]()).endswith(".")


LACKING = {
    "rates": lambda: charts.rates(pd.DataFrame({"campaign": ["a"]})),
    "funnel": lambda: charts.funnel(pd.DataFrame({"campaign": ["a"]})),
    "timeline": lambda: charts.timeline(pa.table({"kind": ["sent"]})),
    "health": lambda: charts.health(SimpleNamespace(score=1, components=COMPONENTS[["component"]])),
    "eta": lambda: charts.eta(SimpleNamespace(eta=ETA[["network"]])),
    "waterfall": lambda: charts.waterfall(SimpleNamespace(waterfall=WATERFALL[["step"]])),
}


@pytest.mark.parametrize("name", LACKING)
def test_a_missing_column_is_named(name: str) -> None:
    """A frame of another kind is refused, with the columns that it lacks."""
    with pytest.raises(InputError, match="has no column"):
        LACKING[name]()


def test_other_peoples_names_are_text() -> None:
    """A campaign's name is never read as markup or as a template, wherever it is written."""
    found = comparison(difference(-0.01, -0.02, 0.01))
    found.treated = HOSTILE
    hostile = [
        charts.rates(rates_frame({HOSTILE: campaign(), "b": campaign()}), highlight=HOSTILE),
        charts.funnel(rates_frame({HOSTILE: campaign(), "b": campaign()})),
        charts.compare(found),
        charts.eta(SimpleNamespace(eta=ETA.assign(network=HOSTILE))),
        charts.waterfall(SimpleNamespace(waterfall=WATERFALL.assign(step=HOSTILE))),
        charts.health(SimpleNamespace(score=50, components=COMPONENTS.assign(component=HOSTILE, advice=HOSTILE))),
    ]
    for chart in hostile:
        drawn = chart.to_json()
        assert not re.search(r"<\s*/?\s*(a|script)\b", drawn.replace("\\u003c", "<"))
        assert "hovertemplate" not in drawn.replace('"hovertemplate":null', "")


@pytest.mark.parametrize(
    ("number", "said"),
    [(0.098, "9.8 %"), (0.029, "2.9 %"), (0.0005, "0.05 %"), (0, "0 %"), (1, "100 %"), (0.00001, "<0.01 %"),
     (0.99999, ">99.9 %"), (0.412, "41.2 %"), (None, "unknown"), (NAN, "unknown"), (pd.NA, "unknown")],
)  # fmt: skip
def test_per_cent_as_people_write_it(number: Any, said: str) -> None:
    """Two decimals below one per cent, else one; what is missing is unknown, and little is not nothing."""
    assert numerals.percent(number).replace("\u00a0", " ") == said


@pytest.mark.parametrize(
    ("span", "said"),
    [("45s", "45 s"), ("90s", "1 min 30 s"), ("200min", "3 h 20 min"), ("52h", "2 days 4 h"), ("24h", "1 day"),
     ("0s", "0 s"), (None, "unknown"), (pd.NaT, "unknown")],
)  # fmt: skip
def test_spans_as_people_say_them(span: Any, said: str) -> None:
    """The two largest units, and no empty one."""
    moment = pd.Timedelta(span) if isinstance(span, str) else span
    assert numerals.duration(moment).replace("\u00a0", " ") == said


def test_counts_and_points_as_people_write_them() -> None:
    """Thousands are apart, a minus is a minus sign, one is singular, and zero has no sign."""
    said = [
        numerals.count(1184), numerals.plural(1, "person", "people"), numerals.plural(1184, "message"),
        numerals.points(-0.012), numerals.points(0.0), numerals.points_range(-0.029, 0.006),
        numerals.percent_range(0.082, 0.117), numerals.percent_range(0.0002, 0.005), numerals.plural(None, "message"),
    ]  # fmt: skip
    assert [text.replace("\u00a0", " ") for text in said] == [
        "1,184", "1 person", "1,184 messages", "−1.2 points", "0.00 points", "−2.9 to +0.6 points",
        "8.2 to 11.7 %", "0.02 to 0.50 %", "an unknown number of messages",
    ]  # fmt: skip


def test_a_second_opinion_stands_below() -> None:
    """Where weights gave an answer too, it is a row of its own; beside nothing adjusted it is not."""
    found = comparison(difference(-0.012, -0.041, 0.018))
    found.weighted = difference(-0.015, -0.045, 0.02)
    assert sorted(dots(charts.compare(found))) == pytest.approx([-0.043, -0.015, -0.012])
    assert "a second opinion" in words(charts.compare(found))
    found.is_adjusted = False
    assert len(dots(charts.compare(found))) == 2


def test_where_chance_decided_nothing_is_said_of_likeness() -> None:
    """Beside people held out by chance the title says so, and claims no adjusting."""
    found = comparison(difference(0.02, 0.01, 0.03), control="holdout")
    found.randomised = True
    said = words(charts.compare(found))
    assert "Where chance decided, office-move has a click rate 2.0 points higher than holdout" in said
    assert "ike with like" not in said


def test_an_outcome_is_drawn_in_its_own_units() -> None:
    """What is no rate is no percentage: 12.3 of a currency stay 12.3."""
    found = comparison(difference(12.3, 8.0, 16.5))
    found.rate, found.raw = "spent_in_march", difference(20.0, 15.0, 25.0)
    said = words(charts.compare(found))
    assert "Like with like, spent in march is 12.3 higher for office-move than for spring" in said
    assert "points" not in said
    assert "in its own units" in said
