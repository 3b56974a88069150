"""The like of an address: a short one that email-validator judges in the very same words.

What email-validator says depends on little of an address: on which characters
are wrong, on where the periods stand, on how long it is. Addresses that agree in
this have one like, which is judged once for all of them. An address that no rule
here covers is its own like. The rules follow the order in which email-validator
looks at an address (its `validate_email` and `syntax`, 2.2 to 2.4).
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from string import ascii_letters, digits
from typing import Final, TypeAlias

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from email_validator import SPECIAL_USE_DOMAIN_NAMES

from bulkkit.verification import patterns
from bulkkit.verification.patterns import GOOD, GOOD_HOST, LONGEST, LONGEST_DOMAIN, MANY, ROOMY
from bulkkit.verification.text_columns import (
    FEW,
    halves,
    in_chunks,
    joined,
    matches,
    octets,
    rows_with,
    text,
    translated,
)

Texts: TypeAlias = pa.LargeStringArray
Flags = npt.NDArray[np.bool_]
Change = Callable[[Texts], Texts]
Rule = tuple[Callable[[Texts], Flags], Change]

ALIKE: Final = bytes.maketrans(f"{ascii_letters}{digits}".encode(), b"a" * len(ascii_letters) + b"0" * len(digits))


def likes(addresses: Texts) -> Texts:
    """Return the like of each address; there is none that is missing."""
    told = _shapes(addresses).dictionary_encode()
    found = in_chunks(lambda shapes: _by(ADDRESS_RULES, shapes), told.dictionary, FEW)
    return pa.concat_arrays(found).take(told.indices)


def likes_of_domains(domains: Texts) -> Texts:
    """Return the domain that is judged as each one is; what has ASCII alone in it is judged without regard to case."""
    return _by(DOMAIN_RULES, domains)


def _shapes(addresses: Texts) -> Texts:
    """Return the addresses with one letter for every letter and one digit for every digit.

    Which ones they are is nothing to email-validator, but for the names and
    numbers of `patterns.SPELT`, and beyond ASCII: such addresses stay.
    """
    spelt = rows_with(addresses, lambda data: data >= 128) | matches(addresses, patterns.SPELT)
    shaped = translated(addresses, ALIKE)
    return pc.if_else(pa.array(spelt), addresses, shaped) if spelt.any() else shaped


def _by(rules: Sequence[Rule], texts: Texts) -> Texts:
    """Return what the first rule that holds makes of each text; a text that none holds for stays."""
    if not rules or not len(texts):
        return texts
    (holds, like), *others = rules
    rows = holds(texts)
    if not rows.any():
        return _by(others, texts)
    if rows.all():
        return like(texts)
    where = pa.array(rows)
    found = pc.replace_with_mask(texts, where, like(texts.filter(where)))
    rest = pa.array(~rows)
    return pc.replace_with_mask(found, rest, _by(others, texts.filter(rest)))


def _has(pattern: str) -> Callable[[Texts], Flags]:
    return lambda texts: matches(texts, pattern)


def _lacks(pattern: str) -> Callable[[Texts], Flags]:
    return lambda texts: ~matches(texts, pattern)


def _is(like: str) -> Change:
    return lambda texts: pa.repeat(text(like), len(texts))


def _itself(texts: Texts) -> Texts:
    return texts


def _is_good_address(addresses: Texts) -> Flags:
    plain = matches(addresses, patterns.PLAIN) & (octets(addresses) <= LONGEST_DOMAIN)
    return plain & ~matches(addresses, patterns.UNFIT)


def _of_named(addresses: Texts) -> Texts:
    """Return the likes of addresses with a display name: their own, named."""
    inner = pc.replace_substring_regex(addresses, r"(?s)^[^<]*<(.*)>\z", r"\1")
    return joined("<", _by(BARE_RULES, inner), ">")


def _of_wrong_local(addresses: Texts) -> Texts:
    """Return the wrong characters alone."""
    return joined(pc.replace_substring_regex(halves(addresses)[0], patterns.LOCAL_CHARACTERS, ""), GOOD_HOST, by="@")


def _of_dotted(addresses: Texts) -> Texts:
    """Return the periods alone, with one letter for each run of others."""
    letters = pc.replace_substring_regex(halves(addresses)[0], r"[^.]+", "a")
    return joined(pc.replace_substring_regex(letters, r"\.{3,}", ".."), GOOD_HOST, by="@")


def _of_right_local(addresses: Texts) -> Texts:
    """Return the likes of addresses that are wrong in their domain or too long, if at all."""
    domain = halves(addresses)[1]
    found, length = joined("a", likes_of_domains(domain), by="@"), octets(addresses)
    ascii_only = ~matches(addresses, patterns.INTERNATIONAL)
    over = (length > LONGEST) & ascii_only & matches(found, rf"^{GOOD}\z")
    # A domain that is encoded or decoded is longer then, and each form counts.
    alone = (length > ROOMY) & matches(domain, patterns.FOREIGN) | (length > LONGEST) & ~ascii_only
    found = pc.if_else(pa.array(over), joined(_letters(length - len(GOOD)), GOOD), found)
    return pc.if_else(pa.array(alone), addresses, found)


def _is_good_host(domains: Texts) -> Flags:
    host = matches(domains, patterns.HOST) & (octets(domains) <= LONGEST_DOMAIN)
    return host & ~matches(domains, patterns.UNFIT)


def _is_long(domains: Texts) -> Flags:
    return octets(domains) > LONGEST_DOMAIN


def _of_long(domains: Texts) -> Texts:
    return pc.if_else(pc.string_is_ascii(domains), _letters(octets(domains)), domains)


def _of_wrong_domain(domains: Texts) -> Texts:
    wrong = pc.replace_substring_regex(domains, patterns.DOMAIN_CHARACTERS, "")
    return pc.if_else(pa.array(octets(wrong) <= MANY), joined("a", wrong), domains)


def _of_international(domains: Texts) -> Texts:
    small = matches(domains, patterns.SMALL_HOST) & (octets(domains) <= ROOMY)
    odd = matches(domains, patterns.UNROOMY) | matches(domains, patterns.UNFIT)
    return pc.if_else(pa.array(small & ~odd), text(GOOD_HOST), domains)


def _of_hyphened(domains: Texts) -> Texts:
    return pc.replace_substring_regex(domains, "[A-Za-z0-9]+", "a")


def _letters(lengths: npt.NDArray[np.int64]) -> Texts:
    return pc.binary_repeat(text("a"), pa.array(np.maximum(lengths, 0)))


TAME_RULES: tuple[Rule, ...] = (
    (_lacks("@"), _is("a")),
    (_has("^@"), _is(f"@{GOOD_HOST}")),
    (_lacks(patterns.LOCAL), _of_wrong_local),
    (_has(patterns.DOTTED), _of_dotted),
    (_has(""), _of_right_local),
)
"""Nothing has two meanings here: an address is cut at its first at-sign, and its local part is looked at first."""

BARE_RULES: tuple[Rule, ...] = (
    (_has(patterns.QUOTED), _is(f'"a"@{GOOD_HOST}')),
    (_lacks(patterns.TAME), _itself),
    (_has('["<]'), _itself),
    *TAME_RULES,
)

ADDRESS_RULES: tuple[Rule, ...] = (
    (_is_good_address, _is(GOOD)),
    (_has(patterns.NAMED), _of_named),
    *BARE_RULES,
)

DOMAIN_RULES: tuple[Rule, ...] = (
    (_is_good_host, _is(GOOD_HOST)),
    (_lacks(patterns.TAME), _itself),
    (_has(patterns.BRACKETED), _itself),
    (_is_long, _of_long),
    (_lacks(patterns.DOMAIN), _of_wrong_domain),
    (_has(patterns.INTERNATIONAL), _of_international),
    (_has(patterns.HYPHENED), _of_hyphened),
    (_has(patterns.BARRED), _itself),
    (_lacks(r"\."), _is("a")),
    (_has(r"[0-9]\z"), _is("a.0")),
    (_has(patterns.RESERVED), _is(f"a.{SPECIAL_USE_DOMAIN_NAMES[0]}")),
)
