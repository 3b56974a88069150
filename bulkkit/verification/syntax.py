"""Whether an address can be an address at all: email-validator's verdict, in its own words."""

from __future__ import annotations

from typing import Any, Final

import pandas as pd
from email_validator import EmailSyntaxError, validate_email

LONGEST: Final = 254
"""Octets of an address (RFC 5321 4.5.3.1.3 with RFC 3696's erratum 1690)."""

LONGEST_READ: Final = 2_000
"""Characters beyond which an address is refused by its length, without being read."""

PLAIN: Final = (
    r"[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+(?:\.[A-Za-z0-9_!#$%&'*+/=?^`{|}~-]+)*@[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?"
)
"""A dot-atom of ASCII (RFC 5322 3.2.3) before a domain of ASCII: whatever is wrong here is wrong with the domain."""


def syntax_errors(addresses: pd.Series[Any], domains: pd.Series[Any]) -> pd.Series[Any]:
    """Return what is wrong with each address as an address; missing where nothing is.

    Parameters
    ----------
    addresses : pandas.Series
        Addresses of dtype `str`, each once.
    domains : pandas.Series
        Their domains (`addresses.domain_of`), on the same index.

    Returns
    -------
    pandas.Series
        `str`: email-validator's message, DNS left out. Addresses that differ
        only in a plain local part share the verdict on their domain.
    """
    plain = (
        addresses.str.fullmatch(PLAIN, na=False)
        & addresses.str.len().le(LONGEST)
        & ~domains.str.contains("xn--", regex=False, na=False)
    )
    by_domain = {domain: _error(f"a@{domain}") for domain in domains[plain].unique()}
    by_address = {address: _error(address) for address in addresses[~plain].dropna()}
    return domains.map(by_domain).where(plain, addresses.map(by_address)).astype("str")


def _error(address: str) -> str | None:
    if len(address) > LONGEST_READ:
        return f"The email address is too long ({len(address) - LONGEST} characters too many)."
    try:
        validate_email(address, check_deliverability=False)
    except EmailSyntaxError as error:
        return str(error)
    return None
