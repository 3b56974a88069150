"""Given names, family names and towns: common or invented words, combined at random, so that nobody real is meant."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cached_property
from typing import Final

_UNDECOMPOSED: Final = str.maketrans(
    {"ß": "ss", "ø": "o", "ł": "l", "ı": "i", "æ": "ae", "đ": "d", "’": None, "'": None}
)
"""Letters that NFKD leaves whole, in the spelling that mailbox names use."""


@dataclass(frozen=True)
class Language:
    """Names of one language; `word=latin` where a name is not written in Latin letters."""

    share: float
    given_words: str
    family_words: str

    @cached_property
    def given(self) -> list[str]:
        """Given names as people write them."""
        return _written(self.given_words)

    @cached_property
    def given_latin(self) -> list[str]:
        """The same given names as they stand in a mailbox name."""
        return _latin(self.given_words)

    @cached_property
    def family(self) -> list[str]:
        """Family names as people write them."""
        return _written(self.family_words)

    @cached_property
    def family_latin(self) -> list[str]:
        """The same family names as they stand in a mailbox name."""
        return _latin(self.family_words)


def plain(word: str) -> str:
    """Return `word` in the lower-case ASCII letters and digits of a mailbox name."""
    folded = unicodedata.normalize("NFKD", word.lower().translate(_UNDECOMPOSED))
    return "".join(letter for letter in folded if letter.isascii() and letter.isalnum())


def _written(words: str) -> list[str]:
    return [word.partition("=")[0].replace("_", " ") for word in words.split()]


def _latin(words: str) -> list[str]:
    return [plain(word.rpartition("=")[2]) for word in words.split()]


LANGUAGES: Final = (
    Language(
        0.44,
        "Alice Amber Ben Bridget Clara Colin Dana Edith Ethan Fiona Gavin Grace Harriet Hugh Iris Isaac Jack Joan Kate "
        "Keith Laura Leo Mabel Martin Nell Nina Oliver Owen Pearl Peter Quentin Rose Ruth Sam Seth Tessa Theo Una Vera "
        "Wendy Will Yvonne Zachary Mary-Ann",
        "Alderbrook Ashgrove Barleymow Beckwater Brackenfield Coldspring D'Arrowby Dunmarsh Elderway Fernhollow "
        "Foxglade Greenlaw Hartsmere Hazelden Hollowell Kestrelby Larkrise Longbarn Marlbeck Millrace Northgate "
        "O'Brannick O'Tarrow Oakenshaw Penmarrow Quillfeather Ravensby Reedwater Rushmead Saltmarsh Stonecross "
        "Thistlewood Thornwick Underbank Vanewright Wainscott Whitlock-Moor Wrenfield Yarrowby",
    ),
    Language(
        0.14,
        "Anke Bärbel Björn Dörte Elke Frieda Günther Heike Jörg Jürgen Käthe Lena Lutz Maren Nele Ole Silke Sören "
        "Uwe Wiebke",
        "Birkenhain Brückenthal Erlengrund Föhrenbach Grünewaldt Haselhöh Königsmoor Lindenau Müllersbach Nebelhorst "
        "Ölmühl Rosenbrück Schönwasser Straßfeld Tannhöfer Weißenau von_Ahornsee",
    ),
    Language(
        0.12,
        "Adèle Benoît Célia François Hélène Joël Léonie Maëlle Noémie Rémi Begoña Inés Íñigo Joaquín Lucía Nuria "
        "Ramón Sofía João Conceição Chiara Niccolò",
        "Boisclair Châteauneige d'Arbrelune Fontvieille L'Ombrage Montfleuri Prévallon Arroyoseco Campoviejo Del_Olmar "
        "Fuentespina Nogueral Peñablanca Riofrío Valdelirio Águasfrias Montefiori Pratolungo",
    ),
    Language(
        0.09,
        "Agnieszka Bożena Grażyna Łucja Michał Paweł Stanisław Zofia Běla Jiří Lukáš Věra Zdeněk Ágnes Gergő Zsófia "
        "Ayşe Çağla Işıl Ömer Åsa Bjørn Søren Þóra=thora",
        "Brzozowiecki Dąbrówczak Jesionowicz Łąkowski Wierzbowicz Hruškovník Lipovský Růžolesk Erdősvölgyi Nyírfás "
        "Çamlıbel Gülağaç Bjørkholt Ekedalsö Fjällvik Søndermark",
    ),
    Language(
        0.06,
        "Алёна=alyona Борис=boris Вера=vera Галина=galina Егор=egor Жанна=zhanna Игорь=igor Оксана=oksana Юлия=yulia "
        "Ярослав=yaroslav",
        "Берёзкин=beryozkin Ветров=vetrov Заозёрный=zaozyorny Калиновский=kalinovsky Лесной=lesnoy Озёрная=ozyornaya "
        "Снегирь=snegir Тополь=topol",
    ),
    Language(
        0.04,
        "Αγγελική=angeliki Γιώργος=giorgos Δήμητρα=dimitra Ελένη=eleni Νίκος=nikos Χρύσα=chrysa",
        "Αμπελάκης=ampelakis Βουνάρης=vounaris Ελαιώνας=elaionas Θαλασσινού=thalassinou Πευκάδης=pefkadis",
    ),
    Language(
        0.025,
        "أمل=amal بشير=bashir ليلى=layla نور=nour ياسمين=yasmin",
        "الزيتوني=alzaytouni النخيلي=alnakhili الوادي=alwadi",
    ),
    Language(0.015, "דנה=dana נועם=noam תמר=tamar", "גבעון=givon הרדוף=harduf ים_סוף=yamsuf"),
    Language(0.015, "小雨=xiaoyu 明月=mingyue 青山=qingshan 思远=siyuan", "林=lin 江=jiang 白=bai 南宫=nangong"),
    Language(0.015, "陽子=yoko 健一=kenichi さくら=sakura 海斗=kaito", "石橋=ishibashi 森田=morita 花岡=hanaoka"),
    Language(0.010, "하늘=haneul 지우=jiwoo 별=byeol", "한=han 남궁=namgung 서=seo"),
    Language(0.020, "अनिता=anita दीपक=deepak मीरा=meera रवि=ravi", "वनमाली=vanamali पर्वत=parvat नदिया=nadiya"),
    Language(0.010, "ธิดา=thida ชัย=chai", "ภูเขา=phukhao แม่น้ำ=maenam"),
)

_LONG: Final = (
    "Maximiliana-Konstantina-Wilhelmina-Apollonia-Eustachia-Philippina-Theodolinda-Kunigunde-Walburga-Hortensia"
)

ODD_GIVEN: Final = (
    'Anne "Annie"',
    "J. R., Jr.",
    "<b>Bea</b>",
    "Zoë 🌻",
    "👩‍🚀 Astra",
    "{{ first_name }}",
    "{{7*7}}",
    '=HYPERLINK("https://example.org","Me")',
    "+Plus",
    "@home",
    "Tom & Tina",
    "ALL CAPS",
    "  Spacey  ",
    "Dr. h.c. Ida",
    "N/A",
    "O'",
    "Back\\slash",
    "Semi;Colon",
    _LONG,
)
"""What people really type into the field for the first name; a mail merge has to survive each."""

TOWNS: Final = (
    (
        "Springfield Lakeside Northaven Amberford Millbrook-on-Sea Port_Ellery Saint-Aubin-des-Prés Grünwiesen "
        "Nieder-Erlau Königsfurt Valdeluna Puerto_Brisa Świerkowo Horní_Lipka Söderhamra Bjørkvik "
        "Озёрск-на-Горе Νέα_Ακτή 青葉町 دار_النخيل"
    )
    .replace(" ", "|")
    .replace("_", " ")
    .split("|")
)
"""Towns of nowhere in particular."""
