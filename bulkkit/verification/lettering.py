"""Letters that look like others: the accented ones, and those that Cyrillic and Greek share with Latin."""

from __future__ import annotations

import unicodedata
from typing import Final

LATIN: Final = str.maketrans("аеорсухіјѕԁһӏոοαενρτıłøđ", "aeopcyxijsdhlnoaevptilod")
"""Of Unicode Technical Standard 39's confusables those that stand for small letters of the big providers' names; and
letters without a decomposition that a foreign keyboard has in their place (Turkish, Polish, Danish, Croatian)."""


def look_alike(label: str) -> str:
    """Return the ASCII that an A-label looks like; as it is, where it is none."""
    try:
        letters = label.encode("ascii").decode("idna")
    except UnicodeError:
        return label
    bare = unicodedata.normalize("NFKD", letters.translate(LATIN))
    plain = "".join(letter for letter in bare if not unicodedata.combining(letter))
    return plain if plain.isascii() else label
