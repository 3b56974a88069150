"""DKIM: what is signed verifies with dkimpy, what is changed does not, and the key is seen nowhere."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Final

import dkim as verifier
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from hypothesis import given
from hypothesis import strategies as st
from rehearsal import SENDER, campaign, people, relay
from servers import MailServer
from signatures import PAIRS, verifies

import bulkkit as bk
from bulkkit.dispatch import plan, resume
from bulkkit.errors import ConfigurationError
from bulkkit.keys import DKIM_KEY, signer
from bulkkit.ledger import Ledger
from bulkkit.message.dkim import Dkim
from bulkkit.message.links import Links
from bulkkit.message.signature import Signer, relaxed_body
from bulkkit.sending.throttle import Throttle

MARK: Final = Dkim("example.org", "news")
LONG_BASE: Final = "https://news.example.org/" + "way-out-" * 22
"""With its token, an address of some 230 characters."""


def signed(message: bytes, kind: str = "ed25519") -> bytes:
    """Return a message with its signature."""
    return Signer.of(MARK.domain, MARK.selector, PAIRS[kind].pem.encode()).signed(message)


def through_a_send(server: MailServer, path: Path, kind: str, links: Links | None = None) -> list[bytes]:
    """Return what a server got of a send to three people."""
    mark = Dkim("example.org", "news", PAIRS[kind].pem)
    planned = plan(campaign(people(3)), [relay(server.port)], links, Throttle.unlimited(), path, dkim=mark)
    planned.send(confirm=3).wait(20)
    return [taken.data for taken in server.mail]


@pytest.mark.parametrize("kind", PAIRS)
def test_what_is_on_the_wire_verifies(serve: Callable[..., MailServer], path: Path, kind: str) -> None:
    """Each message bears a signature that verifies, with both headers of the one-click way out in it, unencoded."""
    messages = through_a_send(serve(), path, kind, Links(LONG_BASE, b"k" * 32))
    assert len(messages) == 3
    for message in messages:
        assert verifies(message, kind)
        names = re.search(rb"h=([a-z:-]+);", message)[1].split(b":")
        assert names.count(b"from") == 2  # So that no second one can be added.
        assert {b"from", b"to", b"subject", b"date", b"list-unsubscribe", b"list-unsubscribe-post"} <= set(names)
        (way_out,) = re.findall(rb"(?m)^List-Unsubscribe: <(\S+)>, <mailto:\S+>\r$", message)
        assert len(way_out) > 200
        assert way_out.startswith(LONG_BASE.encode())
        assert max(map(len, message.split(b"\r\n"))) <= 998


TEXTS = st.text(st.sampled_from(" \t\r\nab.é="), max_size=60)


@given(st.lists(TEXTS, max_size=6), st.text(st.characters(blacklist_categories=("C", "Z")), min_size=1, max_size=30))
def test_whatever_is_written_verifies(lines: list[str], name: str) -> None:
    """Blanks, tabs, empty lines at the end, dots, umlauts, no body at all: the signature holds for all of it."""
    body = "\r\n".join(line.replace("\r", "").replace("\n", "") for line in lines).encode()
    head = (
        f"From: News <news@example.org>\r\nTo: a@b.example\r\nSubject:  {name}  x \r\n\tgoes on\r\nX-Other: 1\r\n\r\n"
    )
    assert verifies(signed(head.encode() + body), "ed25519")


@given(st.lists(st.sampled_from([b" ", b"\t", b"\r\n", b"a", b"b"]), max_size=12).map(b"".join))
def test_the_body_is_reduced_as_dkimpy_does(body: bytes) -> None:
    """The canonical form of a body is the verifier's own."""
    assert relaxed_body(body) == verifier.canonicalization.Relaxed.canonicalize_body(body)


WHOLE: Final = (
    b"From: News <news@example.org>\r\nTo: a@b.example\r\nSubject: Hi\r\nDate: Thu, 01 Oct 2026 09:00:00 +0000\r\n"
    b"List-Unsubscribe: <https://news.example.org/u/x>\r\nList-Unsubscribe-Post: List-Unsubscribe=One-Click\r\n"
    b"\r\nDear Ana\r\n"
)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"Dear Ana", b"Dear Eve"),
        (b"Subject: Hi", b"Subject: Ho"),
        (b"To: a@", b"To: b@"),
        (b"/u/x", b"/u/y"),
        (b"One-Click", b"Two-Click"),
        (b"From: News", b"From: Eve <eve@example.com>\r\nFrom: News"),
    ],
    ids=["body", "subject", "recipient", "way out", "one click", "a second sender"],
)
def test_what_is_changed_does_not_verify(old: bytes, new: bytes) -> None:
    """A signature holds for the message that was signed and for no other."""
    message = signed(WHOLE)
    assert verifies(message, "ed25519")
    assert not verifies(message.replace(old, new), "ed25519")
    assert verifies(message.replace(b"Subject: Hi", b"SUBJECT:   Hi "), "ed25519")


def test_the_key_is_seen_nowhere(serve: Callable[..., MailServer], path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Neither a repr nor the ledger holds the key; a resume takes it from the environment, as text or as a file."""
    pem = PAIRS["ed25519"].pem
    secret = pem.splitlines()[1]
    server = serve()
    to, mark = relay(server.port), Dkim("example.org", "news", pem)
    planned = plan(campaign(people(2)), [to], throttle=Throttle.unlimited(), ledger=path, dkim=mark)
    planned.queue(confirm=2)
    shown = f"{mark!r} {planned!r} {planned.route!r} {planned.route.job(planned.message)!r} {signer(mark)!r}"
    assert secret not in shown
    monkeypatch.delenv(DKIM_KEY, raising=False)
    with pytest.raises(
        ConfigurationError, match=r"signed for example\.org and there is no private key.*BULKKIT_DKIM_KEY"
    ):
        resume(planned.campaign.name, path, [to])
    assert not server.mail
    file = path.with_name("dkim.pem")
    file.write_text(pem)
    monkeypatch.setenv(DKIM_KEY, str(file))
    resume(planned.campaign.name, path, [to]).wait(20)
    assert [verifies(taken.data, "ed25519") for taken in server.mail] == [True, True]
    Ledger(path).close()
    assert all(secret.encode() not in part.read_bytes() for part in path.parent.glob("bulkkit.db*"))
    monkeypatch.setenv(DKIM_KEY, pem)
    assert signer(Dkim("example.org", "news")).algorithm == "ed25519-sha256"


def pem_of(key: ec.EllipticCurvePrivateKey | rsa.RSAPrivateKey, password: bytes | None = None) -> str:
    """Return a key as PEM, perhaps encrypted."""
    lock = serialization.BestAvailableEncryption(password) if password else serialization.NoEncryption()
    return key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, lock).decode()


@pytest.mark.parametrize(
    ("key", "said"),
    [
        ("-----BEGIN PRIVATE KEY-----\nc2VjcmV0\n-----END PRIVATE KEY-----", "is no PEM key"),
        (pem_of(ec.generate_private_key(ec.SECP256R1())), "neither RSA of 2048 bits nor Ed25519"),
        (pem_of(ec.generate_private_key(ec.SECP256R1()), b"x"), "encrypted; take the encryption off"),
        ("/nowhere/secret-file.pem", "cannot be read: No such file"),
    ],
    ids=["rubbish", "another kind", "encrypted", "no file"],
)
def test_a_key_that_cannot_sign_says_why(key: str, said: str) -> None:
    """What is wrong with a key is said without a word of it, and before anything is sent."""
    with pytest.raises(ConfigurationError, match=said) as caught:
        signer(Dkim("example.org", "news", key))
    assert "secret" not in str(caught.value)
    assert "c2VjcmV0" not in str(caught.value)


@pytest.mark.parametrize(
    ("domain", "selector"), [("", "news"), ("a b", "news"), ("example.org", "a;b"), ("example.org", "x\r\nTo: y")]
)
def test_a_name_that_dns_cannot_hold_is_refused(domain: str, selector: str) -> None:
    """Nothing that is no name in DNS gets into a signature."""
    with pytest.raises(ConfigurationError, match="it is a name in DNS"):
        Dkim(domain, selector)


@pytest.mark.parametrize(
    ("domain", "rule"),
    [("example.org", "signature"), ("mail.example.org", "signature"), ("example.com", "alignment")],
)
def test_a_signature_of_another_domain_blocks(path: Path, domain: str, rule: str) -> None:
    """A signature that is not aligned with the sender blocks; whether its key is published is said to be unknown."""
    away = [bk.Relay("smtp://relay.example.net:25")]
    mark = Dkim(domain, "news")
    planned = plan(campaign(people(1)), away, throttle=Throttle.unlimited(), ledger=path, dkim=mark)
    found = planned.findings.set_index("rule")["severity"].to_dict()
    assert {name: found.get(name) for name in ("alignment", "signature")} == {
        "alignment": "error" if rule == "alignment" else None,
        "signature": "unknown" if rule == "signature" else None,
    }


def test_a_test_mail_is_signed_too(serve: Callable[..., MailServer], path: Path) -> None:
    """What `test_to` sends bears the signature, so that a mailbox can tell whether it holds."""
    server = serve()
    mark = bk.Dkim("example.org", "news", PAIRS["ed25519"].pem)
    plan(campaign(people(1)), [relay(server.port)], ledger=path, dkim=mark).test_to(SENDER.address)
    assert verifies(server.mail[0].data, "ed25519")
