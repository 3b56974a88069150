"""Mail servers asked about single mailboxes, without a message: off by default, slow, and only where it may be done."""

from __future__ import annotations

from bulkkit.probing.probe import Probe

__all__ = ["Probe"]
