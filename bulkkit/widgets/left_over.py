"""What an earlier kernel left unfinished in a ledger, and how to go on with it."""

from __future__ import annotations

from os import PathLike

from bulkkit.composition.material import Material
from bulkkit.errors import BulkkitError
from bulkkit.ledger import Ledger
from bulkkit.widgets.send_panel import SendPanel
from bulkkit.widgets.stored_campaign import StoredCampaign


def left_over(material: Material, ledger: str | PathLike[str] | Ledger, but: str) -> SendPanel | None:
    """Return a panel on the ledger's latest unfinished campaign, unless there is none or it is called `but`."""
    try:
        found = StoredCampaign(None, ledger, material.relays, material.links).found()
    except BulkkitError:
        return None  # What is wrong with the ledger is said at its field.
    if found is None or found[0] == but:
        return None
    return SendPanel(campaign=found[0], ledger=ledger, relays=material.relays, links=material.links)
