"""Figures of frames and results: each function returns a `plotly.graph_objects.Figure` and computes no statistics.

The figures wear the template "bulkkit", which is registered with plotly when
this package is imported, beside "bulkkit-dark" and "bulkkit-print"; `dark` and
`printed` return a finished figure in those colours, and `save` writes one to a
file. What is unknown is drawn as unknown, never as zero.
"""

from __future__ import annotations

from bulkkit.charts.activity import timeline
from bulkkit.charts.apart import contrast
from bulkkit.charts.cleansing import cleaning
from bulkkit.charts.development import growth, history
from bulkkit.charts.differences import compare
from bulkkit.charts.divisions import parts
from bulkkit.charts.exclusions import waterfall
from bulkkit.charts.export import save
from bulkkit.charts.foretold import simulation
from bulkkit.charts.likeness import balance
from bulkkit.charts.pace import eta
from bulkkit.charts.palette import DARK, dark, printed
from bulkkit.charts.passage import funnel
from bulkkit.charts.proportions import rates
from bulkkit.charts.provider_map import providers
from bulkkit.charts.scorecard import health
from bulkkit.charts.standing import verdicts
from bulkkit.charts.survival import waiting

__all__ = [
    "DARK",
    "balance",
    "cleaning",
    "compare",
    "contrast",
    "dark",
    "eta",
    "funnel",
    "growth",
    "health",
    "history",
    "parts",
    "printed",
    "providers",
    "rates",
    "save",
    "simulation",
    "timeline",
    "verdicts",
    "waiting",
    "waterfall",
]
