"""The domains of the sample: all in reserved names, except two misspellings that nobody can receive mail at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

PROVIDERS: Final = {
    "northmail.example": "Northmail",
    "northmail-work.example": "Northmail",
    "postbox.example": "Postbox",
    "webpost.example": "Webpost",
    "mailhaus.example": "Mailhaus",
    "inboxly.example": "Inboxly",
}
"""Who runs the mail servers of a domain; every other domain runs its own."""

FREE: Final = {
    "northmail.example": 0.205,
    "northmail-work.example": 0.035,
    "postbox.example": 0.135,
    "webpost.example": 0.100,
    "mailhaus.example": 0.075,
    "inboxly.example": 0.050,
}
"""Big providers and their share of the list."""

DISPOSABLE: Final = ("tempinbox.example", "tenminute.example", "throwaway.example")
RELAYS: Final = ("relay.example", "hidemy.example")

MISSPELT: Final = {
    "nortmail.example": "northmail.example",
    "northmial.example": "northmail.example",
    "northmaill.example": "northmail.example",
    "nothmail.example": "northmail.example",
    "northmai.example": "northmail.example",
    "postbx.example": "postbox.example",
    "potsbox.example": "postbox.example",
    "postbox.exmaple": "postbox.example",
    "webpsot.example": "webpost.example",
    "wepost.example": "webpost.example",
    "mailhuas.example": "mailhaus.example",
    "inboxy.example": "inboxly.example",
    "exmaple.org": "example.org",
    "examlpe.com": "example.com",
}
"""Look-alikes as typed, and what was meant; no mailbox is at any of them."""

_COMPANIES: Final = (
    "acme.example example.org lakeside-school.example example.com mail.uni-lakeside.example globex.example "
    "bücher.example cityhall.example initrode.example example.net umbrella-health.example riverside-clinic.example "
    "例え.example stonebridge-law.example harbour-freight.example brightside-energy.example museum-of-maps.example "
    "copperkettle.example oakandiron.example greenfield-farms.example tidewater-logistics.example "
    "kindergarten-sonnenblume.example café-lumière.example redwood-theatre.example quartz-analytics.example "
    "skyline-architects.example paperboat.example velvet-records.example hilltop-dental.example "
    "lantern-press.example seven-seas-travel.example cobalt-systems.example silverfern-studio.example "
    "bakery-krume.example orchard-bank.example wanderlust-bikes.example polar-research.example "
    "driftwood-hotels.example marigold-garden.example clockwork-toys.example summit-sports.example "
    "foxglove-pharmacy.example meridian-maps.example plumtree-primary.example saffron-kitchen.example "
    "ironbridge-works.example blue-door-housing.example moonrise-cinema.example thistle-and-co.example "
    "granite-insurance.example fjord-fisheries.example amberlight-film.example willow-vets.example "
    "nightingale-choir.example delta-print.example hazelnut-coop.example ferry-terminal.example "
    "schreinerei-holzwurm.example ostrava-tools.example pinecone-camping.example tram-museum.example "
    "beacon-radio.example zephyr-kites.example"
)
COMPANIES: Final = tuple(_COMPANIES.split())
"""Employers, schools and societies, the frequent ones first."""

SCANNED: Final = frozenset(
    {"globex.example", "umbrella-health.example", "cityhall.example", "stonebridge-law.example", "orchard-bank.example"}
)
"""Domains whose mail passes a security gateway that follows all links."""


@dataclass(frozen=True, slots=True)
class Shares:
    """Which part of the list has an address of each sort; the big providers take most of the rest."""

    disposable: float = 0.008
    relay: float = 0.015
    misspelt: float = 0.012
    role: float = 0.015
