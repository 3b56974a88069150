"""Whether an address can be an address at all: email-validator's verdict, in its own words."""

from __future__ import annotations

from functools import lru_cache
from typing import Final

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import EmailSyntaxError, validate_email
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from bulkkit.verification.anatomy import is_long
from bulkkit.verification.likeness import likes, likes_of_domains
from bulkkit.verification.patterns import GOOD, GOOD_HOST, LONGEST
from bulkkit.verification.text_columns import halves, joined, mask, matches, text

NAMES: Final = rf"(?i)^(?:{'|'.join(CASE_INSENSITIVE_MAILBOX_NAMES)})\z"
"""Local parts that mean the same in any case (RFC 2142)."""


def are_hosts(domains: pa.LargeStringArray) -> npt.NDArray[np.bool_]:
    """Tell which domains are right for certain, behind any plain local part."""
    return mask(pc.equal(likes_of_domains(domains), GOOD_HOST))


def syntax(addresses: pa.LargeStringArray) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Return what is wrong with each address, and its normal form; one of the two is missing in each row.

    Both are email-validator's: its message, DNS left out, and what it calls
    `normalized`. Addresses that it judges alike (`likeness`) are judged once.
    """
    long = pa.array(is_long(addresses))
    read = pc.if_else(long, text(GOOD), addresses)
    alike = likes(read)
    errors, normal = _judged(alike)
    normal = pc.if_else(pc.equal(alike, read), normal, _with_local_part(read, alike, normal))
    return pc.if_else(long, _too_long(addresses), errors), pc.if_else(long, text(None), normal)


def normal_forms(local: pa.LargeStringArray, domains: pa.LargeStringArray) -> pa.LargeStringArray:
    """Return addresses of these parts in their normal form: the domain in lower case, the local part as it is.

    Local parts that RFC 2142 reserves are in lower case too.
    """
    named = matches(local, NAMES)
    small = pc.if_else(pa.array(named), pc.ascii_lower(local), local) if named.any() else local
    return joined(small, pc.ascii_lower(domains), by="@")


def _with_local_part(
    addresses: pa.LargeStringArray, alike: pa.LargeStringArray, normal: pa.LargeStringArray
) -> pa.LargeStringArray:
    """Return the normal forms of addresses whose likes have another local part, or another domain too."""
    local, domain = halves(addresses)
    written = pc.if_else(pc.equal(alike, GOOD), domain, halves(normal)[1])
    return pc.if_else(pc.is_valid(normal), normal_forms(local, written), text(None))


def _judged(addresses: pa.LargeStringArray) -> tuple[pa.LargeStringArray, pa.LargeStringArray]:
    """Ask email-validator once for each distinct address."""
    told = addresses.dictionary_encode()
    verdicts = [_verdict(address) for address in told.dictionary.to_pylist()]
    errors, normal = (
        (pa.array(column, pa.large_string()) for column in zip(*verdicts, strict=True))
        if verdicts
        else (told.dictionary, told.dictionary)
    )
    return errors.take(told.indices), normal.take(told.indices)


@lru_cache(maxsize=10_000)
def _verdict(address: str) -> tuple[str | None, str | None]:
    try:
        return None, validate_email(address, check_deliverability=False).normalized
    except EmailSyntaxError as error:
        return str(error), None


def _too_long(addresses: pa.LargeStringArray) -> pa.LargeStringArray:
    beyond = pc.cast(pc.subtract(pc.utf8_length(addresses), LONGEST), pa.large_string())
    return joined("The email address is too long (", beyond, " characters too many).")
