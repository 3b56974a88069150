"""Figures of frames and results: each function returns a `plotly.graph_objects.Figure` and computes no statistics.

The figures wear the template "bulkkit", which is registered with plotly when
this package is imported. What is unknown is drawn as unknown, never as zero.
"""

from __future__ import annotations

from bulkkit.charts.activity import timeline
from bulkkit.charts.differences import compare
from bulkkit.charts.exclusions import waterfall
from bulkkit.charts.foretold import simulation
from bulkkit.charts.pace import eta
from bulkkit.charts.passage import funnel
from bulkkit.charts.proportions import rates
from bulkkit.charts.scorecard import health
from bulkkit.charts.standing import verdicts

__all__ = ["compare", "eta", "funnel", "health", "rates", "simulation", "timeline", "verdicts", "waterfall"]
