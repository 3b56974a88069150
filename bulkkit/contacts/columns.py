"""Which column holds the addresses, and which of the others bulkkit knows under another name."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from typing import Any, Final

import pandas as pd

from bulkkit.errors import InputError

ADDRESS_NAMES: Final = """
    email emailaddress eaddress emailadresse emailadress emailadres adresseemail adressemail adresseelectronique
    adressedemessagerie courriel correo correoelectronico correoe direcciondecorreo indirizzoemail postaelettronica
    enderecodeemail epost epostadress epostadresse eposta sahkoposti adresemail emailaddress1 email1 email1value
    primaryemail workemail useremail contactemail subscriberemail recipientemail 邮箱 電子郵件 メールアドレス почта
"""
"""Headings that say "e-mail address", as `folded`, the plainest first (those of Outlook, Google and Mailchimp too)."""

VAGUE_NAMES: Final = "mail mailaddress address adresse recipient to contact contacts subscriber user login"
"""Headings that say it only where addresses stand below."""

ALIASES: Final = {
    "first_name": "firstname fname givenname forename vorname prenom nombre nome voornaam first",
    "consent_at": "consentat optintime optinat optindate consenttime consentdate confirmtime subscribedat",
    "consent_source": "consentsource optinsource signupsource",
    "consent_basis": "consentbasis legalbasis lawfulbasis",
    "segment": "segment",
    "created_at": "createdat created creationdate createdate datecreated dateadded registrationdate",
    "tracking_consent": "trackingconsent consenttotracking opentracking",
}
"""Other spellings of the known columns, as `folded`, the most believed first (Mailchimp's audience export has First
Name, OPTIN_TIME and CONFIRM_TIME)."""

LOOKS_LIKE: Final = r"^[^@]*[^@\s]@[^@\s]+\.[^@\s]+[^@]*$"
"""One at-sign with something around it: enough to tell a column of addresses from a column of anything else."""

SAMPLE: Final = 1_000
"""Rows whose content is looked at to find the addresses."""

ENOUGH: Final = 0.5
"""The share of filled cells that must look like addresses."""

ASKED: Final = 'email="…", or --email on the command line'
"""How the column is named, by whoever calls and by whoever types."""

SHOWN: Final = 30
"""Names of columns that a message lists."""


def folded(name: object) -> str:
    """Return a heading without case, accents, spaces and punctuation: `E-Mail Adresse` is `emailadresse`."""
    plain = unicodedata.normalize("NFKD", str(name)).casefold()
    return "".join(letter for letter in plain if letter.isalnum())


def distinct(names: Iterable[object]) -> list[object]:
    """Return the names with `.1`, `.2` … behind each that stood before."""
    seen: set[object] = set()
    result = []
    for name in names:
        number, unique = 0, name
        while unique in seen:
            number += 1
            unique = f"{name}.{number}"
        seen.add(unique)
        result.append(unique)
    return result


def address_column(frame: pd.DataFrame, email: str | None, where: str) -> object:
    """Return the label of the column that holds the addresses.

    Raises
    ------
    InputError
        The column named is not there; or none, or more than one, could be it.
    """
    if email is not None:
        return _named(frame, email, where)
    by_name = "email" if "email" in frame else _by_name(frame, ADDRESS_NAMES)
    if by_name is not None:
        return by_name
    shares = {name: _share(frame[name]) for name in frame.columns}
    full = [name for name, share in shares.items() if share >= ENOUGH]
    vague = _by_name(frame[full], VAGUE_NAMES)
    if vague is not None:
        return vague
    if len(full) == 1:
        return full[0]
    raise InputError(_unsure(where, full, frame.columns))


def known_names(columns: Sequence[object]) -> dict[object, str]:
    """Return what to rename: other spellings of known columns whose own name is free."""
    renamed: dict[object, str] = {}
    for known, aliases in ALIASES.items():
        if known in columns:
            continue
        spellings = {folded(name): name for name in reversed(columns) if name not in renamed and name != "email"}
        found = next((spellings[alias] for alias in aliases.split() if alias in spellings), None)
        if found is not None:
            renamed[found] = known
    return renamed


def _named(frame: pd.DataFrame, email: str, where: str) -> object:
    if email in frame.columns:
        return email
    alike = [name for name in frame.columns if folded(name) == folded(email)]
    if len(alike) == 1:
        return alike[0]
    raise InputError(f"{where} has no column {email!r}; its columns are {_listed(frame.columns)}. Name one of these.")


def _by_name(frame: pd.DataFrame, names: str) -> object | None:
    spellings = {folded(name): name for name in reversed(frame.columns)}
    return next((spellings[name] for name in names.split() if name in spellings), None)


def _share(column: pd.Series[Any]) -> float:
    filled = column.dropna().head(SAMPLE)
    return float(filled.astype("str").str.contains(LOOKS_LIKE, regex=True).mean()) if len(filled) else 0.0


def _unsure(where: str, candidates: Sequence[object], columns: Iterable[object]) -> str:
    if not candidates:
        return (
            f"{where} has no column of e-mail addresses that could be recognised; its columns are {_listed(columns)}. "
            f"Say which one holds them: {ASKED}."
        )
    return f"{where} has several columns of e-mail addresses: {_listed(candidates)}. Say which one to use: {ASKED}."


def _listed(names: Iterable[object]) -> str:
    shown = [repr(str(name)) for name in names]
    more = f" and {len(shown) - SHOWN} more" if len(shown) > SHOWN else ""
    return ", ".join(shown[:SHOWN]) + more
