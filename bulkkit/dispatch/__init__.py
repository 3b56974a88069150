"""From a campaign to a send: planned without writing anything, confirmed, stored, and taken up again.

Here the list, the message, the policies and the ledger meet; none of them knows
the others.
"""

from bulkkit.dispatch.beginning import begin
from bulkkit.dispatch.drafting import plan
from bulkkit.dispatch.plans import Plan
from bulkkit.dispatch.resumption import resume

__all__ = ["Plan", "begin", "plan", "resume"]
