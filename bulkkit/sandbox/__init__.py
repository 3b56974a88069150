"""The sandbox: an embedded mail server, a tracker and a simulated audience."""

from bulkkit.sandbox.sandbox import Sandbox

__all__ = ["Sandbox"]
