"""The report: its figures are the frames' figures, its words are honest, and it loads nothing from anywhere."""

from __future__ import annotations

import base64
import hashlib
import json
import math
import re
from dataclasses import dataclass, field
from html.parser import HTMLParser
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pandas as pd
import pytest

from bulkkit import reporting
from bulkkit.benchmarks import PUBLISHED
from bulkkit.charts.shares import Band, Share
from bulkkit.comparison import Estimate
from bulkkit.errors import InputError, LedgerError
from bulkkit.frames import conform, from_rows
from bulkkit.ledger import Ledger
from bulkkit.ledger.tables import events_of_sends
from bulkkit.reporting import wording
from bulkkit.reporting.bounces import reasons
from bulkkit.reporting.fidelity import source_rows
from bulkkit.reporting.figures import script_safe
from bulkkit.reporting.page import _left
from bulkkit.vocabulary import CAMPAIGN_DTYPES, EVENT_DTYPES, SEND_DTYPES

DATA = Path(__file__).parent.parent / "data"
HOSTILE = "</script><script>document.title='run'</script><img src=x onerror=\"document.title='run'\"> {{ 7*7 }} $x$"


@dataclass
class Page(HTMLParser):
    """What a browser would find in a page: text, the values of data elements, and what it refers to."""

    html: str
    text: str = ""
    values: list[float] = field(default_factory=list)
    references: list[tuple[str, str, str]] = field(default_factory=list)
    scripts: list[str] = field(default_factory=list)
    styles: list[str] = field(default_factory=list)
    tags: list[str] = field(default_factory=list)
    handlers: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self._inside, self._type = "", ""
        self.feed(self.html)
        self.text = " ".join(self.text.replace("\u00a0", " ").split())

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note the tag and what it refers to."""
        told = {name: value or "" for name, value in attrs}
        self.tags.append(tag)
        self._inside, self._type = tag, told.get("type", "")
        self.references += [
            (tag, name, told[name]) for name in ("src", "href", "srcset", "action", "data", "poster") if name in told
        ]
        self.handlers += [name for name in told if name.startswith("on")]
        self.styles.append(told.get("style", ""))
        if tag == "data":
            self.values.append(float(told["value"]))
        if tag == "script":
            self.scripts.append("")

    def handle_endtag(self, tag: str) -> None:
        """Leave the tag."""
        self._inside = ""

    def handle_data(self, data: str) -> None:
        """Keep scripts, styles and text apart."""
        if self._inside == "script":
            self.scripts[-1] += data
        elif self._inside == "style":
            self.styles.append(data)
        else:
            self.text += data


STARTS = {"spring": pd.Timestamp("2026-05-05 09:00", tz="UTC")}
START = pd.Timestamp("2026-10-01 09:00", tz="UTC")


def sends_frame(campaign: str, states: dict[str, int], tracked: float = 1.0) -> pd.DataFrame:
    """Return the ledger's rows of one campaign, so many in each state, the first share of each of them tracked."""
    start, rows = STARTS.get(campaign, START), []
    for state, number in states.items():
        for place in range(number):
            claimed = start + pd.Timedelta(seconds=len(rows))
            address = f"{state}{place}@northmail.example"
            rows.append(
                {
                    "campaign": campaign, "email": address, "state": state,
                    "message_id": f"<{campaign}.{len(rows)}@example.org>",
                    "tracked": place < tracked * number, "queued_at": start, "claimed_at": claimed,
                    "finished_at": claimed, "smtp_code": 550 if state == "refused" else 250,
                    "enhanced_code": "5.1.1" if state == "refused" else "2.0.0",
                    "reason": "InvalidRecipient" if state == "refused" else None,
                    "reply": f"550 5.1.1 <{address}>: unknown" if state == "refused" else "250 ok",
                }
            )  # fmt: skip
    return from_rows(rows, SEND_DTYPES) if rows else from_rows([], SEND_DTYPES)


def reactions(campaign: str, kind: str, people: int, machines: int = 0, state: str = "accepted") -> pd.DataFrame:
    """Return one reaction each of so many people, and of so many machines after them."""
    rows = [
        {
            "event_id": f"{campaign}-{kind}-{place}", "kind": kind, "source": "tracker", "campaign": campaign,
            "email": f"{state}{place}@northmail.example", "machine": place >= people,
            "at": STARTS.get(campaign, START) + pd.Timedelta(hours=3, minutes=place),
        }
        for place in range(people + machines)
    ]  # fmt: skip
    return from_rows(rows, EVENT_DTYPES)


def campaigns_frame(*campaigns: tuple[str, str, str]) -> pd.DataFrame:
    """Return campaigns by name, kind and subject."""
    rows = [{"campaign": name, "kind": kind, "subject": subject} for name, kind, subject in campaigns]
    return conform(pd.DataFrame(rows, columns=["campaign", "kind", "subject"]), CAMPAIGN_DTYPES)


STEPS = pd.DataFrame({"step": ["read", "risky", "recipients"], "rows": [9, 2, 7], "remaining": [9, 7, 7]})


def book(sends: list[pd.DataFrame], reacted: list[pd.DataFrame], campaigns: pd.DataFrame) -> SimpleNamespace:
    """Return something that is read like a ledger."""
    rows = pd.concat(sends, ignore_index=True) if sends else from_rows([], SEND_DTYPES)
    events = pd.concat([events_of_sends(rows), *reacted], ignore_index=True)
    return SimpleNamespace(
        path=Path("bulkkit.db"), sends=lambda: rows, events=lambda: events, campaigns=lambda: campaigns,
        waterfall=lambda _: STEPS,
    )  # fmt: skip


def office_move(name: str = "office-move", subject: str = "We move") -> SimpleNamespace:
    """Return the ledger of a blast with bounces, doubts and untracked people, beside a segmented campaign."""
    states = {"accepted": 400, "refused": 12, "expired": 5, "in_doubt": 2}
    reacted = [
        reactions(name, "opened", 120, 80), reactions(name, "clicked", 30, 10), reactions(name, "unsubscribed", 3),
        reactions("spring", "opened", 90, 30), reactions("spring", "clicked", 40, 5),
    ]  # fmt: skip
    return book(
        [sends_frame("spring", {"accepted": 200}), sends_frame(name, states, tracked=0.8)],
        reacted,
        campaigns_frame(("spring", "segmented", "Spring"), (name, "blast", subject)),
    )


def untold() -> SimpleNamespace:
    """Return a ledger of two campaigns that went out at once to people of whom nothing was known before."""
    people = {"office-move": 40, "autumn": 12}
    return book(
        [sends_frame(name, {"accepted": 100}) for name in people],
        [reactions(name, "clicked", number) for name, number in people.items()],
        campaigns_frame(("autumn", "segmented", "Autumn"), ("office-move", "blast", "We move")),
    )


def written(tmp_path: Path, ledger: Any, campaign: str = "office-move", **options: Any) -> Page:
    """Write the report and read it."""
    path = reporting.report(campaign, ledger=ledger, path=tmp_path / "report.html", **options)
    return Page(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> Page:
    """The report of the office move."""
    return written(tmp_path_factory.mktemp("report"), office_move())


def test_the_pages_rates_are_the_frames_rates(page: Page) -> None:
    """Each known rate of the frame stands in the table of key figures, to the last digit, and nothing else does."""
    findings = reporting.gather("office-move", ledger=office_move())
    known = findings.own_rates["value"].dropna()
    assert page.values == known.tolist()
    assert len(known) > 8


def test_the_bounces_are_the_frames_bounces() -> None:
    """The table of reasons counts exactly the people whom the bounce rate counts."""
    findings = reporting.gather("office-move", ledger=office_move())
    bounced = findings.own_rates.set_index(["rate", "counts"]).loc[("bounced", "all"), "numerator"]
    assert findings.bounces["people"].sum() == bounced == 17


def test_the_page_says_the_finding_first(page: Page) -> None:
    """The headline says how many were delivered and clicked, and how that stands beside the segmented campaign."""
    assert "400 of 417 messages were delivered; 9.4 to 12.5 % clicked, " in page.text
    assert page.text.index("delivered; 9.4") < page.text.index("What happened")
    assert page.tags.count("h1") == 1


def test_the_page_has_its_sections(page: Page) -> None:
    """A reader finds what happened, to whom, the comparison, the times, the bounces, the method and the sources."""
    for heading in (
        "What happened", "Who it went to", "Beside the segmented campaigns", "When people reacted",
        "What bounced and why", "Beside earlier campaigns", "Method and limits", "Where these figures come from",
    ):  # fmt: skip
        assert heading in page.text
    assert "bulkkit.db" in page.text
    assert "Of 9 rows of the list, 7 were written to." in page.text
    assert page.tags.count("figure") == 7


def test_doubts_and_untracked_people_are_named(page: Page) -> None:
    """What is in doubt is named and said to be in no rate; so are people who cannot be seen."""
    assert "2 messages are in doubt" in page.text
    assert "in_doubt1@northmail.example" in page.text
    assert "of 419 recipients had not agreed to be tracked" in page.text
    assert "320 delivered and tracked" in page.text


def test_a_report_hands_on_no_addresses_of_bounced_people(page: Page) -> None:
    """The words of a server are quoted without the address that they hold."""
    assert "550 5.1.1 (address): unknown" in page.text
    assert "refused0@" not in page.html


def test_published_figures_bear_their_dates(page: Page) -> None:
    """Each published figure stands there with who says so and when."""
    for figure in PUBLISHED:
        assert figure.who in page.text
        assert figure.dated in page.text
    assert all(re.search(r"20\d\d", figure.dated) for figure in PUBLISHED)


def test_a_report_loads_nothing(page: Page) -> None:
    """No element, no style and no policy of the page lets anything be loaded from anywhere."""
    assert page.references == []
    assert not re.search(r"url\(|@import|@font-face", " ".join(page.styles))
    assert "link" not in page.tags
    assert "iframe" not in page.tags
    assert "default-src 'none'" in page.html
    assert "connect-src" not in page.html


def test_the_drawing_library_is_there_once(page: Page) -> None:
    """plotly.js is inlined exactly once."""
    assert sum("plotly.js v" in script for script in page.scripts) == 1
    assert page.html.count("* plotly.js v") == 1


def test_only_the_pages_own_scripts_may_run(page: Page) -> None:
    """The policy names the digests of the two scripts that are there; the other blocks are data and not run."""
    allowed = set(re.findall(r"'sha256-([^']+)'", page.html))
    run = [script for script in page.scripts if not script.lstrip().startswith("{")]
    assert {base64.b64encode(hashlib.sha256(script.encode()).digest()).decode() for script in run} == allowed
    assert len(run) == 2


def test_the_data_of_a_chart_cannot_end_its_block() -> None:
    """JSON in a script block holds nothing that HTML would read, and still means the same."""
    harmful = json.dumps({"name": "</script><!-- \u2028 & -->"}, ensure_ascii=False)
    safe = script_safe(harmful)
    assert not set("<>&\u2028") & set(safe)
    assert json.loads(safe) == json.loads(harmful)


def test_other_peoples_words_are_text(tmp_path: Path) -> None:
    """A campaign's name, a subject and a server's reply are never read as markup."""
    ledger = office_move(name=HOSTILE, subject=HOSTILE)
    ledger.events().loc[lambda events: events["kind"].eq("bounced"), "diagnostic"] = HOSTILE
    hostile = written(tmp_path, ledger, HOSTILE)
    assert "img" not in hostile.tags
    assert hostile.handlers == []
    assert len(hostile.scripts) == 3 + 7
    assert "{{ 7*7 }}" in hostile.text


@pytest.mark.parametrize(
    ("kind", "steps", "people", "said"),
    [
        ("blast", {"read": 9, "over_limit": 0, "recipients": 7}, 7, " to the whole list"),
        ("blast", {"read": 4281, "over_limit": 2281, "recipients": 2000}, 2000, " to 2,000 people"),
        ("blast", {"read": 4281, "holdout": 281, "recipients": 4000}, 4000, " to 4,000 people"),
        ("blast", {}, 1, " to 1 person"),
        ("blast", {}, math.nan, ""),
        ("segmented", {}, 7, " to people chosen for it"),
        ("", {}, 7, ""),
    ],
)
def test_a_blast_with_a_limit_is_not_said_to_go_to_everybody(
    kind: str, steps: dict[str, int], people: float, said: str
) -> None:
    """The whole list got it only where the plan is known to have cut nobody off."""
    waterfall = pd.DataFrame({"step": list(steps), "rows": list(steps.values())})
    assert wording.reach(kind, waterfall, people).replace("\u00a0", " ") == said


def test_the_opening_goes_by_the_waterfall(tmp_path: Path) -> None:
    """A blast beyond whose limit people were left over went out to so many people."""
    assert "went out on 1 October 2026 to the whole list." in written(tmp_path, office_move()).text
    limited = office_move()
    limited.waterfall = lambda _: STEPS.assign(step=["read", "over_limit", "recipients"])
    assert "went out on 1 October 2026 to 419 people." in written(tmp_path, limited).text


def test_with_nothing_to_adjust_by_the_page_claims_no_likeness(tmp_path: Path) -> None:
    """Without anything known of people, no sentence speaks of people alike, and no table shows groups of them."""
    found = written(tmp_path, untold())
    assert "with nothing known to adjust by" in found.text
    assert "no selection was removed" in found.text
    assert "Nothing was adjusted for." in found.text
    for claim in (
        "once like is compared",
        "Like with like",
        "Alike are",
        "their like on",
        "The groups of people alike",
    ):
        assert claim not in found.text


def test_a_report_that_cannot_be_written_is_refused_before_any_work(tmp_path: Path) -> None:
    """A folder that is not there, or a folder in place of a file, is an error with a way out, and reads no ledger."""
    for path, said in ((tmp_path / "missing" / "r.html", "no folder"), (tmp_path, "is a folder")):
        with pytest.raises(InputError, match=said):
            reporting.report("office-move", ledger=tmp_path / "nowhere.db", path=path)
        with pytest.raises(InputError, match=said):
            reporting.check_target(path)
    assert reporting.check_target(str(tmp_path / "r.html")) == tmp_path / "r.html"


def test_an_unknown_campaign_is_refused_with_the_known_ones(tmp_path: Path) -> None:
    """A misspelt campaign is answered with the campaigns that there are, and no file is written."""
    with pytest.raises(InputError, match=r"'office-mvoe'.*'office-move', 'spring'"):
        written(tmp_path, office_move(), "office-mvoe")
    assert not (tmp_path / "report.html").exists()


def test_a_ledger_that_is_not_there_is_not_made(tmp_path: Path) -> None:
    """A misspelt path is an error, and leaves no empty ledger behind."""
    with pytest.raises(LedgerError, match="no ledger"):
        reporting.report("office-move", ledger=tmp_path / "nowhere.db")
    assert list(tmp_path.iterdir()) == []


def test_a_real_ledger_makes_a_report(tmp_path: Path) -> None:
    """What went into a ledger file comes out as a report, opened by its path."""
    made = office_move()
    ledger = Ledger(tmp_path / "bulkkit.db")
    ledger.add_campaigns(made.campaigns())
    ledger.add_events(made.events().assign(raw="{}"))
    ledger.close()
    found = written(tmp_path, tmp_path / "bulkkit.db")
    assert "400 of 417 messages were delivered" in found.text
    assert "no row for each recipient" in found.text


def test_events_handed_in_twice_count_once() -> None:
    """Handing in the events that the ledger has already changes nothing."""
    ledger = office_move()
    once = reporting.gather("office-move", ledger=ledger)
    twice = reporting.gather("office-move", ledger=ledger, events=ledger.events())
    pd.testing.assert_frame_equal(once.rates, twice.rates)
    assert len(once.events) == len(twice.events)


def test_events_handed_in_are_counted() -> None:
    """Events beside the ledger's are counted, also of campaigns that the ledger does not know."""
    more = reactions("office-move", "complained", 2)
    findings = reporting.gather("office-move", ledger=office_move(), events=more)
    complained = findings.own_rates.set_index("rate").loc["complained"]
    assert complained["numerator"] == 2


@pytest.mark.parametrize(
    ("as_of", "clicks"),
    [(None, 30), ("2026-10-01", 30), ("2026-09-30", 0), ("2026-10-01T12:04:30+00:00", 5)],
)
def test_what_came_later_does_not_count(as_of: str | None, clicks: int) -> None:
    """A day counts to its end, a moment to itself."""
    findings = reporting.gather("office-move", ledger=office_move(), as_of=as_of)
    reacted = findings.events.loc[findings.events["kind"].eq("clicked") & findings.events["machine"].eq(False)]
    assert len(reacted) == clicks


def test_a_date_that_is_none_is_refused() -> None:
    """`as_of` must be a date."""
    with pytest.raises(InputError, match="no date"):
        reporting.gather("office-move", ledger=office_move(), as_of="soon")


def test_without_a_segmented_campaign_there_is_no_comparison(tmp_path: Path) -> None:
    """A blast that stands alone is not compared, and the page says why."""
    alone = book([sends_frame("office-move", {"accepted": 30})], [], campaigns_frame(("office-move", "blast", "")))
    found = written(tmp_path, alone)
    assert "nothing to compare with" in found.text
    assert "No earlier campaign is known here" in found.text
    assert "All 30 messages were delivered" in found.text
    assert "Nothing bounced." in found.text


def test_without_tracking_clicks_are_unknown(tmp_path: Path) -> None:
    """Where nobody agreed to be tracked, there is no rate of clicks: not even 0 %."""
    silent = sends_frame("office-move", {"accepted": 30}, tracked=0)
    found = written(tmp_path, book([silent], [], campaigns_frame(("office-move", "blast", ""))))
    assert "how many people clicked is unknown" in found.text
    assert "All 30 messages were delivered" in found.text
    assert "delivered; how many clicked is unknown" in found.text
    assert "This message was sent without tracked links or without consent to them: there is no open" in found.text
    assert "had agreed" not in found.text


def test_an_unfinished_send_is_said_to_be_unfinished(tmp_path: Path) -> None:
    """Messages still to go are named before anything else."""
    running = sends_frame("office-move", {"accepted": 30, "queued": 7, "deferred": 1})
    found = written(tmp_path, book([running], [], campaigns_frame(("office-move", "blast", ""))))
    assert "8 messages are still to go" in found.text


def test_a_campaign_without_any_event_makes_a_page(tmp_path: Path) -> None:
    """A campaign that was only queued, or only announced, has a page that says how little is known."""
    queued = book([sends_frame("office-move", {"queued": 3})], [], campaigns_frame(("office-move", "blast", "")))
    announced = book([], [], campaigns_frame(("office-move", "blast", "")))
    for ledger in (queued, announced):
        assert "How many messages were delivered is unknown" in written(tmp_path, ledger).text


def test_a_source_that_knows_no_recipients_leaves_the_rates_open(tmp_path: Path) -> None:
    """Opens without anybody knowing to whom the campaign went are numerators without a denominator."""
    opens = reactions("office-move", "opened", 5)
    found = written(tmp_path, book([], [opens], campaigns_frame(("office-move", "blast", ""))))
    assert "no source says to whom this was sent" in found.text


def test_a_segmented_campaign_stands_beside_the_blasts(tmp_path: Path) -> None:
    """The other kind is what a campaign is compared with."""
    found = written(tmp_path, office_move(), "spring")
    assert "Beside the blasts" in found.text
    assert reporting.gather("spring", ledger=office_move()).control == ("office-move",)


@pytest.mark.skipif(not (DATA / "events.parquet").exists(), reason="the sample is not there")
def test_the_samples_last_blast_can_be_reported(tmp_path: Path) -> None:
    """On the shipped sample most of the raw difference to a segmented campaign is selection."""
    events = pd.read_parquet(DATA / "events.parquet")
    ledger = Ledger(tmp_path / "bulkkit.db")
    ledger.add_campaigns(conform(pd.read_csv(DATA / "campaigns.csv"), CAMPAIGN_DTYPES))
    findings = reporting.gather(
        "summer-update", ledger=ledger, events=events,
        contacts=pd.read_csv(DATA / "contacts.csv"), control="spring",
    )  # fmt: skip
    ledger.close()
    assert findings.subject == "What happened this summer"
    assert findings.comparison is not None
    assert abs(findings.comparison.adjusted.difference) < abs(findings.comparison.raw.difference) / 2
    assert "are selection" in findings.comparison.verdict


def _share(numerator: float, denominator: float, counts: str = "human") -> Share:
    value = numerator / denominator if denominator else math.nan
    return Share("clicked", counts, numerator, denominator, value)


CLICKED = Band(_share(112, 1139), _share(160, 1139, "all"))
NO_DIFFERENCE = Estimate(-0.012, -0.041, 0.018)


@pytest.mark.parametrize(
    ("adjusted", "said"),
    [
        (Estimate(0.03, 0.01, 0.05), "more than spring got once like is compared with like"),
        (Estimate(-0.03, -0.05, -0.01), "fewer than spring got once like is compared with like"),
        (NO_DIFFERENCE, "and no difference from spring can be shown once like is compared with like"),
        (Estimate(), "and no fair comparison with spring is possible"),
    ],
)
def test_standing(adjusted: Estimate, said: str) -> None:
    """More, fewer, no difference to be shown, or no comparison."""
    assert wording.standing(adjusted, "spring", is_adjusted=True) == said
    assert wording.standing(adjusted, "spring", is_adjusted=False) == said.replace(
        " once like is compared with like", ", with nothing known to adjust by"
    )


def test_headline() -> None:
    """The finding in one sentence, without the comparison where there is none."""
    beside = wording.standing(NO_DIFFERENCE, "spring", is_adjusted=True)
    whole = wording.headline(1184, 1139, CLICKED, beside).replace("\u00a0", " ")
    assert whole.startswith("1,139 of 1,184 messages were delivered; 9.8 to 14.0 % clicked, and no difference")
    assert wording.headline(9, 9, None, "").endswith("; how many people clicked is unknown")


@pytest.mark.parametrize(
    ("band", "delivered", "said"),
    [
        (CLICKED, 1139, "Of 1,139 people who got it, 112 to 160 clicked"),
        (Band(_share(80, 903), _share(90, 903, "all")), 1139, "the 903 people who got it and agreed to be tracked"),
        (Band(_share(math.nan, 903), _share(90, 903, "all")), 903, "at most 90 clicked"),
        (Band(None, _share(90, 903, "all")), 903, "90 clicked a link (10.0 %)."),
        (None, 903, "is unknown"),
    ],
)
def test_clicks(band: Band | None, delivered: float, said: str) -> None:
    """A range, a ceiling, one figure or nothing, and out of whom."""
    assert said in wording.clicks(band, delivered).replace("\u00a0", " ")


def test_losses_and_leavers() -> None:
    """None, one, many and unknown each have their words."""
    said = [
        wording.losses(0, 0), wording.losses(45, 28), wording.losses(3, 0), wording.losses(math.nan, 1),
        wording.leavers(3, 0), wording.leavers(1, math.nan), wording.leavers(math.nan, 2),
    ]  # fmt: skip
    assert [sentence.replace("\u00a0", " ") for sentence in said] == [
        "Nothing bounced.",
        "45 messages bounced, 28 of them hard, that is refused for good.",
        "3 messages bounced, none of them hard, that is refused for good.",
        "How many messages bounced is unknown.",
        "3 people unsubscribed and nobody complained to their mail provider.",
        "1 person unsubscribed; how many complained is unknown, because no source that was counted reports complaints.",
        "How many unsubscribed is unknown and 2 people complained to their mail provider.",
    ]


def test_nothing_is_said_where_there_is_nothing_to_say() -> None:
    """No doubt, no unfinished message and no departure time make no sentence."""
    assert wording.doubt(0) == wording.unfinished(0) == wording.span(pd.NaT, pd.NaT) == wording.paragraph("", "") == ""


def test_each_person_bounces_once_and_for_the_last_reason() -> None:
    """Two bounces of one person, however spelt, are one row of the table; what was never sent is none."""
    rows = [
        {"kind": "bounced", "email": "Ana@x.example", "at": "2026-10-01T09:00:00Z", "bounce_type": "soft"},
        {"kind": "bounced", "email": "ana@x.example ", "at": "2026-10-02T09:00:00Z", "bounce_type": "hard"},
        {"kind": "bounced", "email": "bo@x.example", "at": "2026-10-01T09:00:00Z", "bounce_type": "suppressed"},
        {"kind": "opened", "email": "cy@x.example", "at": "2026-10-01T09:00:00Z"},
    ]
    found = reasons(from_rows(rows, EVENT_DTYPES))
    assert found[["bounce_type", "people"]].to_numpy().tolist() == [["hard", 1]]


def test_a_megabyte_of_diagnostic_is_quoted_in_a_line() -> None:
    """What a server says without end is cut, in no time."""
    row = {"kind": "bounced", "email": "a@x.example", "bounce_type": "hard", "diagnostic": "a@" * 500_000}
    found = reasons(from_rows([row], EVENT_DTYPES))
    assert len(found["example"].iloc[0]) <= 160


def test_each_source_says_what_it_leaves_open() -> None:
    """What a source cannot tell, and what it did not tell of some events, stands beside what it tells."""
    events = office_move().events().loc[lambda frame: frame["campaign"].eq("office-move")]
    rows = {row.name: row for row in source_rows(events)}
    ledger = rows["the sender’s own ledger"]
    assert "cannot tell who opened or clicked or unsubscribed or complained" in ledger.leaves_open
    assert rows["bulkkit’s tracker"].leaves_open == "cannot tell who complained"
    assert "opened (200)" in rows["bulkkit’s tracker"].tells
    unjudged = events.assign(machine=pd.NA, source="elsewhere", at=pd.NaT)
    (row,) = source_rows(unjudged)
    assert row.leaves_open.startswith("100\u00a0% of its opens and clicks judged neither people’s nor machines’")
    assert row.leaves_open.endswith("events without a time")
    assert sum(int(row.events.replace(",", "")) for row in rows.values()) == len(events)


def test_the_page_tells_hours_and_likeness(page: Page) -> None:
    """How long people took and how alike both sides are stand there, and the method says how both came about."""
    assert "of the clicks by people came within" in page.text
    assert "standard deviations apart" in page.text
    assert "Kaplan and Meier" in page.text
    assert "What it leaves open" in page.text


def test_what_was_given_up_never_left() -> None:
    """The span of sending ends with the last message that left, and not with the end of days of trying."""
    at = pd.to_datetime(["2026-10-01 09:00", "2026-10-01 10:00", "2026-10-05 10:00", "2026-10-05 10:00"], utc=True)
    events = pd.DataFrame({"kind": ["sent", "sent", "sent", "bounced"], "email": ["a", "b", "c", "c"], "at": at})
    events["bounce_class"] = [None, None, None, "MessageExpired"]
    assert list(_left(events)) == list(at[:2])
