"""The chart of a simulated send: what the frame says is what is drawn, and what is never sent is said."""

from __future__ import annotations

import pandas as pd
import plotly.graph_objects as go
import pytest

from bulkkit import charts
from bulkkit.errors import InputError
from bulkkit.sending.forecast import Way
from bulkkit.sending.provider import BEHAVIOURS, Provider
from bulkkit.sending.relay import Relay
from bulkkit.sending.retry import Retry
from bulkkit.sending.simulation import simulate
from bulkkit.sending.throttle import Throttle

WAY = Way(Throttle.cautious(), Retry(), [Relay("smtp+starttls://mail.company.com")], 0.1)
KINDS = ("accepted", "deferred", "refused", "expired")


def simulated(counts: dict[str, int], others: Provider, **providers: Provider) -> pd.DataFrame:
    """Return a simulated send."""
    return simulate(counts, WAY, providers, others)


@pytest.mark.parametrize("name", BEHAVIOURS)
def test_each_message_is_drawn_once(name: str) -> None:
    """The bars hold what the frame counts, one strip for each of the largest networks and one for the rest."""
    counts = {f"n{number}": 200 - 10 * number for number in range(12)}
    told = simulated(counts, BEHAVIOURS[name])
    chart = charts.simulation(told)
    assert sum(sum(bar.y) for bar in chart.data) == told[list(KINDS)].sum().sum()
    strips = [note.text for note in chart.layout.annotations]
    assert len(strips) == 7
    assert [strip.partition("</b>")[0] for strip in strips] == [f"<b>n{n}" for n in range(6)] + ["<b>6 other networks"]


def title(chart: go.Figure) -> str:
    """Return a chart's title in one line."""
    return str(chart.layout.title.text).replace("<br>", " ").replace("\xa0", " ")


def test_the_title_says_how_it_ends() -> None:
    """Through after a time, never sent because networks refuse us, or stopped by the send itself with its reason."""
    well = charts.simulation(simulated({"a": 250, "b": 3}, Provider()))
    assert title(well) == "253 messages are through after 2 h 1 min"
    blocked = charts.simulation(simulated({"a": 250, "b": 300}, Provider(), a=Provider(blocks_after=120)))
    assert "of 550 messages are never sent" in title(blocked)
    assert "networks refuse us" in title(blocked)
    dead = charts.simulation(simulated({"a": 250, "b": 300}, Provider(dead=0.5)))
    assert "the send stops itself" in title(dead)
    assert "say that the mailbox is dead" in dead.layout.title.subtitle.text.replace("<br>", " ")


def test_names_of_networks_are_text() -> None:
    """A network's name is drawn as it is written, whatever it would mean to a browser."""
    chart = charts.simulation(simulated({"<b onclick=x>": 3}, Provider()))
    assert "<b>&lt;b onclick=x&gt;</b>" in chart.layout.annotations[0].text


def test_nothing_to_draw_and_a_foreign_frame() -> None:
    """An empty plan is a sentence, and a frame without the columns an error that names them."""
    assert "no recipients" in charts.simulation(simulated({}, Provider())).layout.annotations[0].text
    with pytest.raises(InputError, match="no column 'network'"):
        charts.simulation(pd.DataFrame({"time": []}))
