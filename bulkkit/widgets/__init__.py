"""Widgets for notebooks: compose a send, watch it, look into a list's health and into what came of campaigns.

A widget's traits end up in the saved notebook. So they hold what their user typed,
names and counts; whatever names a person is told to the browser in a message
and kept nowhere (`view.View`).
"""

from __future__ import annotations

from bulkkit.widgets.composer import Composer
from bulkkit.widgets.health_panel import HealthPanel
from bulkkit.widgets.report_panel import ReportPanel
from bulkkit.widgets.send_panel import SendPanel

__all__ = ["Composer", "HealthPanel", "ReportPanel", "SendPanel"]
