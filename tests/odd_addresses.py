"""Addresses for tests and benchmarks: ordinary ones by the million, and odd ones of every kind."""

from __future__ import annotations

from random import Random

import numpy as np
import pandas as pd
from email_validator import EmailSyntaxError, validate_email

LOCALS = [
    *("ana", "Ana.Bel", "o'hara", "x+y", "info", "INFO", "Support", "jörg", "анна", "太郎", "a..b", ".a", "a.", ""),
    *("a b", "a(c)", '"a b"', '"a"', '"a\\"b"', '"a@b"', 'a"b', "é", "e\u0301", "a\u200b", "a\n", "\x00a", "a\x85"),
    *("a\u2028", "a" * 64, "a" * 65, "a" * 230, "a" * 255, "é" * 100, "中" * 60, "a,b", "a:b", "ﬁ", "Å", "ŉ", "שלום"),
    *("a%b", "😀", "\ud7ff", "\u1100\u1161", "＠", "a\\b", "[a]", "a<b", "a>b", "^", "{x}", "~"),
]

DOMAINS = [
    *("example.com", "Example.COM", "gmail.com", "a.b.c.example.co.uk", "bücher.de", "BÜCHER.de", "xn--bcher-kva.de"),
    *("XN--bcher-kva.de", "xn--zzzzz.de", "straße.de", "太郎.jp", "пример.рф", "example", "localhost", "a.localhost"),
    *("foo.test", "foo.TEST", "x.local", "x.arpa", "x.onion", "x.invalid", "test", "ex_ample.com", "ex ample.com"),
    *("-a.com", "a-.com", "a.-b.com", "a..com", ".com", "a.com.", "a.c0m", "a.com1", "1.2.3.4", "[127.0.0.1]"),
    *(
        "[IPv6:::1]",
        "[x]",
        "ab--cd.com",
        "a--b.com",
        "a" * 63 + ".com",
        "a" * 64 + ".com",
        "a.com>",
        "a,com",
        "a@b.com",
    ),
    *(".".join(["a" * 60] * 4) + ".com", ".".join(["abc"] * 70) + ".com", "é.com", "e\u0301x.com", "a。com", "ａ.com"),
    *("ßs.de", "x.中国", "a.\u0660b.com", "שלום.com", "1.שלום.com", "a.b-", "", "ıx.com", "ĳ.com", "ŀ.com", "ς.gr"),
    *(
        "o" * 30 + "ü.de",
        "ü" * 21 + ".de",
        "üäöüäöüä.de",
        "中中中中中中中.中中中中中中.com",
        "a/b.com",
        "a\n.com",
        "a.com\n",
    ),
    *(" a.com", "a.com ", "x.museum", "a.b", "ab.c-d", "a.d--e", "0.a", "a.0a", "．.com", "·.com", "a·b.com"),
]

SIGNS = ["@", "@", "@", "@", "@", "@", "", "@@", " @", "＠"]
NAMES = ["Ana ", "Ana B. ", "", "Änne ", '"Ana" ', "a@b "]
LETTERS = "abzAZ09.@-_+ \"'<>()[],;:\\/!#%\n\r\t\x00é中ß\u0301\u200bÄ"

BIG = ("gmail.com", "yahoo.com", "hotmail.com", "outlook.com", "icloud.com", "aol.com", "gmx.de", "web.de", "orange.fr")

KINDS = (
    "{local}{domain}", "{local}@@{domain}", "{local} @{domain}", "{local}..x@{domain}", "{local}.@{domain}",
    ".{local}@{domain}", "{local}@{domain}.", "{local}@{domain},", "{local}@{domain}..com", "{local}@-{domain}",
    "{local}@{domain}.test", "{local}@localhost", "{local}@[127.0.0.1]", '"{local}"@{domain}', "Ana <{local}@{domain}>",
    "{local}(home)@{domain}", "ä{local}@{domain}", "{local}@bü{domain}", " {local}@{domain}", "{local}\n@{domain}",
    "{local}@{domain}1", "{local}@_{domain}", "{local}@gmial.com",
)  # fmt: skip
"""What is commonly odd in a list."""


def oracle(address: str) -> tuple[str | None, str | None]:
    """Return what email-validator says against an address, and its normal form."""
    try:
        return None, validate_email(address, check_deliverability=False).normalized
    except EmailSyntaxError as error:
        return str(error), None


def odd_address(random: Random) -> str:
    """Return an address put together from odd parts, and misspelt once or twice more often than not."""
    address = _mutated(random.choice(LOCALS) + random.choice(SIGNS) + random.choice(DOMAINS), random)
    if random.random() < 0.05:
        return f"{random.choice(NAMES)}<{address}>{random.choice(['', ' '])}"
    return address


def big_list(rows: int, domains: int = 50_000, odd: float = 0.04, seed: int = 1) -> pd.DataFrame:
    """Return a list of so many rows, of which a part is odd, over so many domains, of which a few are frequent."""
    generator, random = np.random.default_rng(seed), Random(seed)
    names = _domains(domains, random)
    weights = 1 / np.arange(1, domains + 1) ** 0.8
    picked = generator.choice(domains, rows, p=weights / weights.sum())
    pairs = [(f"ana.smith{number}", names[place]) for number, place in zip(_numbers(rows), picked, strict=True)]
    emails = [f"{local}@{domain}" for local, domain in pairs]
    for row in generator.choice(rows, int(rows * odd), replace=False):
        local, domain = pairs[row]
        emails[row] = KINDS[row % len(KINDS)].format(local=local, domain=domain)
    return pd.DataFrame({"email": pd.Series(emails, dtype="str")})


def _domains(number: int, random: Random) -> list[str]:
    names = dict.fromkeys(BIG)
    while len(names) < number:
        word = "".join(random.choice("bdfklmnprstv") + random.choice("aeiou") for _ in range(random.randint(2, 5)))
        names[word + random.choice([".com", ".de", ".org", ".net", ".co.uk", ".fr", ".io", ".it"])] = None
    return list(names)[:number]


def _numbers(rows: int) -> list[int]:
    return [(number * 7919) % 1_000_003 for number in range(rows)]


def _mutated(address: str, random: Random) -> str:
    for _ in range(random.choice([0, 0, 0, 1, 1, 2])):
        place, letter = random.randrange(len(address) + 1), random.choice(LETTERS)
        gone = random.choice([0, 0, 1])
        address = address[:place] + random.choice([letter, ""]) + address[place + gone :]
    return address
