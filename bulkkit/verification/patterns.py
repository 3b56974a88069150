"""The patterns (RE2) by which addresses and domains are told apart, from what the standards let them have."""

from __future__ import annotations

import re
from typing import Final

from email_validator import SPECIAL_USE_DOMAIN_NAMES

LONGEST: Final = 254
"""Octets of an address (RFC 5321 4.5.3.1.3 with RFC 3696's erratum 1690)."""

LONGEST_DOMAIN: Final = 253
"""Octets of a domain without its final dot (RFC 1035 2.3.4)."""

ROOMY: Final = 50
"""Octets up to which an address with an internationalised domain is not too long in any of its forms: each
non-ASCII character becomes at most 8 octets, and each label has at most `ROOMY_LABEL` of them."""

ATEXT: Final = r"A-Za-z0-9_!#$%&'*+/=?^`{|}~-"
"""What an atom may have (RFC 5322 3.2.3), inside brackets."""

PLAIN_LOCAL: Final = rf"^[{ATEXT}]+(?:\.[{ATEXT}]+)*\z"
PLAIN_DOMAIN: Final = r"^[A-Za-z0-9](?:[A-Za-z0-9.-]*[A-Za-z0-9])?\z"
"""A dot-atom of ASCII, and what may stand behind it so that whatever is wrong is wrong with the domain alone."""

ENCODED: Final = "(?i)xn--"
"""A name that may be longer or wrong when it is decoded (RFC 5890 2.3.2.1), and has another normal form."""

LETTERS: Final = (
    "\u00c0-\u00d6\u00d8-\u00f6\u00f8-\u0148\u014a-\u017e\u0388-\u038a\u038c\u038e-\u03a1\u03a3-\u03ce"
    "\u0400-\u0481\u048a-\u052f\u05d0-\u05ea\u0620-\u064a\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
"""Letters of Latin, Greek, Cyrillic, Hebrew, Arabic, Japanese, Chinese and Korean that normalisation (NFC) leaves as
they are wherever they stand."""

SMALL: Final = (
    "\u00df-\u00f6\u00f8-\u00ff"
    + "".join(map(chr, {*range(0x101, 0x138, 2), *range(0x13A, 0x149, 2), *range(0x14B, 0x178, 2)} - {0x133, 0x140}))
    + "\u017a\u017c\u017e\u03ac-\u03af\u03b1-\u03c1\u03c3-\u03ce\u0430-\u045f"
    "\u3041-\u3096\u30a1-\u30fa\u4e00-\u9fa5\uac00-\ud7a3"
)
"""Those of them that may stand in a domain as they are (RFC 5892), written from left to right."""

TAME: Final = rf"^[\x00-\x7f{LETTERS}]*\z"
HOST_NAME: Final = r"(?:[A-Za-z0-9](?:[A-Za-z0-9-]*[A-Za-z0-9])?\.)+(?:[A-Za-z0-9][A-Za-z0-9-]*)?[A-Za-z]\z"
HOST: Final = f"^{HOST_NAME}"
"""A name of letters, digits and hyphens within (RFC 952, RFC 1123 2.1) that ends in a letter, as all do."""

PLAIN: Final = rf"^[{ATEXT}]+(?:\.[{ATEXT}]+)*@{HOST_NAME}"
BARRED: Final = r"[^.@]{64}|(?:^|[.@])[^.@]{2}--"
"""A label of more than 63 octets, or one that is reserved for encodings (RFC 5890 2.3.1)."""

RESERVED: Final = r"(?i)\.(?:" + "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES)) + r")\z"
"""Whatever lies below a special-use name (RFC 6761)."""

SPELT: Final = r"(?i)--|[\[\x22]|\.(?:" + "|".join(map(re.escape, SPECIAL_USE_DOMAIN_NAMES)) + ")"
"""Where letters and digits have a meaning of their own: an encoding, a number in brackets, what stands behind a quote,
a special-use name."""

UNFIT: Final = f"{BARRED}|{RESERVED}"

MANY: Final = 200
"""Wrong characters in a domain beyond which it is looked at alone."""

ROOMY_LABEL: Final = 20
SMALL_HOST: Final = rf"^(?:(?:[a-z0-9{SMALL}](?:[a-z0-9{SMALL}-]*[a-z0-9{SMALL}])?)\.)+[a-z]+\z"
UNROOMY: Final = rf"[^.]{{{ROOMY_LABEL + 1}}}|(?:^|\.)[^.]{{2}}--|(?:[^\x00-\x7f][^.]*){{6}}"
"""An internationalised label that is long, has hyphens of its own, or more than five characters that are encoded."""

GOOD_HOST: Final = "a.example"
GOOD: Final = f"a@{GOOD_HOST}"

QUOTED: Final = r'^"[ !#-\[\]-~]+"@[\x00-\x7f]*\z'
NAMED: Final = rf"^[{ATEXT[:-1]} -]*<[\x00-!#-;=?-\[\]-\x7f{LETTERS}]*>\z"
DOTTED: Final = r"^\.|^[^@]*\.@|^[^@]*\.\."
HYPHENED: Final = r"^[.-]|[.-]\z|\.[.-]|-\."

LOCAL: Final = rf"^[.{LETTERS}{ATEXT}]*@"
LOCAL_CHARACTERS: Final = rf"[.{LETTERS}{ATEXT}]+"
DOMAIN_CHARACTERS: Final = rf"[A-Za-z0-9.{LETTERS}-]+"
DOMAIN: Final = rf"^{DOMAIN_CHARACTERS}\z"
BRACKETED: Final = r"(?s)^\[.*\]\z|^\z"
INTERNATIONAL: Final = r"[^\x00-\x7f]"
FOREIGN: Final = rf"{INTERNATIONAL}|{ENCODED}"
