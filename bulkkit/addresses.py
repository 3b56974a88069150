"""Which mailbox an address means: the form in which two spellings of one person are the same.

It serves to find duplicates and to look up suppressions. It is never what is
written to.
"""

from __future__ import annotations

import unicodedata
from functools import lru_cache
from typing import Any, Final

import idna
import pandas as pd

GOOGLE_DOMAINS: Final = frozenset({"gmail.com", "googlemail.com"})
"""Google ignores dots and what follows a plus sign here (support.google.com/mail/answer/7436150, 2026-11)."""


def mailbox_key(address: str) -> str:
    """Return the mailbox that `address` means: trimmed, lower case, domain in A-labels."""
    local, at, domain = address.strip().rpartition("@")
    local = unicodedata.normalize("NFC", local.strip()).lower()
    domain = ascii_domain(domain.strip())
    if domain in GOOGLE_DOMAINS:
        local, domain = local.split("+", 1)[0].replace(".", ""), "gmail.com"
    return f"{local}{at}{domain}"


def mailbox_keys(addresses: pd.Series[Any]) -> pd.Series[Any]:
    """Return `mailbox_key` of each address, missing where it is missing; plain ASCII column-wise."""
    # Looked at before lower(): Arrow makes a plain "i" of a dotted capital one, which is somebody else.
    trimmed = addresses.str.strip()
    keys = trimmed.str.lower()
    odd = ~trimmed.str.fullmatch(r"[!-?A-~]+@[A-Za-z0-9.-]+", na=True) | keys.str.endswith(
        ("@gmail.com", "@googlemail.com", "."), na=False
    )
    odd = odd & addresses.notna()
    if odd.any():
        keys[odd] = addresses[odd].map(mailbox_key).to_numpy()
    return keys


def domain_of(addresses: pd.Series[Any]) -> pd.Series[Any]:
    """Return what stands behind the last `@` of each address, in A-labels; missing where there is none."""
    trimmed = addresses.str.strip()
    behind = trimmed.str.replace(r"(?s)^.*@", "", regex=True).where(trimmed.str.contains("@", regex=False, na=False))
    codes, names = pd.factorize(behind)
    table = pd.array([ascii_domain(name) for name in names], dtype="str")
    return pd.Series(table.take(codes, allow_fill=True), index=addresses.index, name=addresses.name)


@lru_cache(maxsize=100_000)
def ascii_domain(domain: str) -> str:
    """Return a domain in lower case and A-labels (UTS 46); what cannot be encoded stays as it is."""
    plain = domain.lower().rstrip(".")
    if plain.isascii():
        return plain
    try:
        return idna.encode(plain, uts46=True).decode("ascii")
    except idna.IDNAError:
        return plain
