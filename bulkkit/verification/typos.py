"""Which domain was probably meant: a known one, one slip away. It proposes and never rewrites."""

from __future__ import annotations

from functools import lru_cache, reduce
from typing import Any, Final

import pandas as pd
import pyarrow as pa
import pyarrow.compute as pc
from rapidfuzz.distance import OSA

from bulkkit.verification.endings import is_ending, mended_ending
from bulkkit.verification.lettering import look_alike
from bulkkit.verification.neighbours import ESTABLISHED, neighbours
from bulkkit.verification.slips import LONG, is_careful, is_likely, near, nearest
from bulkkit.verification.tables import inverted
from bulkkit.verification.targets import (
    all_names,
    alone,
    endings_of,
    joined,
    known,
    misspellings,
    misspelt_names,
    names,
)
from bulkkit.verification.text_columns import halves

COMPOUND: Final = ("co.", "com.")
"""How an ending of two parts begins."""

DIGITS: Final = "0123456789"
"""What somebody types twice whose name ends in a number: `ana22@22gmail.com`."""

ENCODED: Final = "xn--"

LONGEST: Final = 100
"""Characters of a domain beyond which it is like no other."""


def suggestions(counts: pd.Series[Any]) -> dict[str, str]:
    """Return the domain that was probably meant, for those that look misspelt.

    Parameters
    ----------
    counts : pandas.Series
        How many rows of the list each domain has; the index holds the domains,
        in lower case and A-labels.

    Notes
    -----
    Known domains come first (providers, free mail, look-alikes in their own
    right) and get no suggestion. A domain with `ESTABLISHED` rows and at least
    as many as the one suggested is known for this list, unless it stands in the
    table of misspellings or ends in what is no top-level domain. A domain of at
    most `RARE` rows that has a letter dropped, doubled or swapped beside one of
    the same ending that is `ESTABLISHED` times as frequent is suggested that
    one; other differences are left alone, for firms have similar names.
    """
    told = meant(counts.index.tolist())
    rows = {domain: int(counts[domain]) for domain in {*told, *told.values()} if domain in counts.index}
    found = {domain: target for domain, target in told.items() if not _is_own(domain, target, rows)}
    return {**neighbours(counts), **found}


def meant(domains: list[str]) -> dict[str, str]:
    """Return the `suggestion` for those domains that have one."""
    told = ((domain, suggestion(domain)) for domain in _doubtful(domains))
    return {domain: target for domain, target in told if target}


@lru_cache(maxsize=10_000)
def suggestion(domain: str) -> str | None:
    """Return the well-known domain, or the mended ending, that a domain was probably meant for."""
    if domain in misspellings():
        return misspellings()[domain]
    if domain in known() or len(domain) > LONGEST:
        return None
    mended = mended_ending(domain)
    if mended in known():
        return mended
    return misspellings().get(mended) or _target(mended) or (mended if mended != domain else None)


def _doubtful(domains: list[str]) -> list[str]:
    """Return the domains that may have a suggestion: most are near to nothing, which is seen for all at once."""
    every = pa.array(domains, pa.large_string())
    every = every.filter(pc.less_equal(pc.utf8_length(every), LONGEST))
    first, rest = halves(every, ".")
    signs = (
        pc.is_in(first, value_set=_names_like(first.unique().to_pylist())),
        pc.is_in(pc.replace_substring(every, ".", ""), value_set=pa.array(joined(), pa.large_string())),
        pc.match_substring_regex(first, f"^(?:[{DIGITS}]|{ENCODED})"),
        pc.is_in(rest, value_set=_wrong(rest.unique().to_pylist())),
    )
    doubtful: list[str] = every.filter(reduce(pc.or_, signs)).to_pylist()
    return doubtful


def _names_like(firsts: list[str]) -> pa.LargeStringArray:
    """Return the first labels that are those of a well-known domain, or a slip away from one."""
    close = {*near(firsts, all_names()), *misspelt_names(), *joined(), *endings_of(), "www"}
    return pa.array(close, pa.large_string())


def _wrong(rests: list[str]) -> pa.LargeStringArray:
    """Return what stands behind a first label and has a misspelt ending."""
    return pa.array([rest for rest in rests if mended_ending(f"x.{rest}") != f"x.{rest}"], pa.large_string())


def _target(domain: str) -> str | None:
    """Return the target that a domain is one slip away from."""
    name, _, ending = domain.partition(".")
    meant_name = misspelt_names().get(name, name)
    if name == "gmail" or (meant_name == "gmail" and ending.startswith(COMPOUND)):
        return "gmail.com"
    if name == "www" and ending in known():
        return ending
    if not ending and name in alone():
        return alone()[name]
    if domain.replace(".", "") in joined():
        return joined()[domain.replace(".", "")]
    return _itself_but_for_more(name, ending) or _near(meant_name, ending) or _at_ending(meant_name, ending)


def _itself_but_for_more(name: str, ending: str) -> str | None:
    """Return the target that stands there with something beside it, or in letters that look like its own."""
    if name.startswith(ENCODED):
        return _if_target(look_alike(name), ending)
    return _if_target(name.lstrip(DIGITS), ending) if name[:1].isdigit() else _run_on(name, ending)


def _if_target(name: str, ending: str) -> str | None:
    return f"{name}.{ending}" if name in names("targets").get(ending, ()) else None


def _at_ending(name: str, ending: str) -> str | None:
    """Return the provider's domain at the ending that this one, which is none, was cut from or is a slip away from."""
    if name not in endings_of() or is_ending(ending):
        return None
    close = [own for own in endings_of()[name] if _is_cut(ending, own) or _is_slip_of_two(ending, own)]
    return f"{name}.{close[0]}" if close and ("." in ending or len(close) == 1) else None


def _is_cut(ending: str, own: str) -> bool:
    """Tell whether only the first letter of an ending stands there; it may be that of several."""
    return len(ending) == 1 and own.startswith(ending) and "." not in own


def _is_slip_of_two(ending: str, own: str) -> bool:
    return "." in ending and OSA.distance(own, ending, score_cutoff=1) <= 1


def _run_on(name: str, ending: str) -> str | None:
    """Return the target whose ending stands twice, the first time without its dot: `outlookcom.com`."""
    target = joined().get(name)
    return target if target and len(name) >= LONG and target.endswith(f".{ending}") else None


def _near(name: str, ending: str) -> str | None:
    """Return the target that has nearly this name, and this ending or the one that it was cut from."""
    whole = inverted("cuts").get(ending, ending) if ending else "com"
    if whole != ending and ending != "co" and name in names("careful").get(whole, ()):
        return f"{name}.{whole}"
    for rest in dict.fromkeys((ending, whole)):
        found = nearest(name, names("targets").get(rest, ()), is_likely)
        if found:
            return f"{found}.{rest}"
    found = nearest(name, names("careful").get(ending, ()), is_careful)
    return f"{found}.{ending}" if found else None


def _is_own(domain: str, target: str, rows: dict[str, int]) -> bool:
    """Tell whether a domain that looks misspelt is common enough in the list to be meant."""
    certain = domain in misspellings() or mended_ending(domain) != domain
    return not certain and rows[domain] >= max(ESTABLISHED, rows.get(target, 0))
