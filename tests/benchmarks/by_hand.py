"""The same rates and comparisons written by hand for each library, for columns known beforehand."""

from __future__ import annotations

from typing import Any

import duckdb
import pandas as pd
import polars as pl

KEY = ["campaign", "mailbox"]
SENT = ["accepted", "refused", "expired"]
SEEN = ("opened", "opened_human", "clicked", "clicked_human")
NAMES = {
    ("opened", "human"): ("opened_human", "seen"), ("opened", "all"): ("opened", "seen"),
    ("clicked", "human"): ("clicked_human", "seen"), ("clicked", "all"): ("clicked", "seen"),
    ("click_to_open", "human"): ("both_human", "opened_human"), ("click_to_open", "all"): ("both", "opened"),
    ("bounced", "all"): ("bounced", "sent"), ("hard_bounced", "all"): ("hard", "sent"),
    ("soft_bounced", "all"): ("only_soft", "sent"), ("unsubscribed", "all"): ("unsubscribed", "delivered"),
    ("complained", "all"): ("complained", "reporting"),
}  # fmt: skip


def rates_in_pandas(events: pd.DataFrame, sends: pd.DataFrame) -> pd.DataFrame:
    """Take together what happened to each message, and count."""
    sends = sends[sends["state"].isin(SENT)]
    written = sends[["campaign", "tracked"]].assign(mailbox=sends["email"].str.strip().str.lower())
    events = events[~events["kind"].isin(["sent", "delivered"])]
    kind, bounced = events["kind"], events["kind"] == "bounced"
    suppressed = (events["bounce_type"] == "suppressed").fillna(False)
    human = (~events["machine"]).fillna(False).astype(bool)
    facts = pd.DataFrame(
        {
            "campaign": events["campaign"], "mailbox": events["email"].str.strip().str.lower(),
            "rejected": (kind == "rejected") | bounced & suppressed, "bounced": bounced & ~suppressed,
            "hard": bounced & (events["bounce_type"] == "hard"), "soft": bounced & (events["bounce_type"] == "soft"),
            "opened": kind == "opened", "opened_human": (kind == "opened") & human,
            "clicked": kind == "clicked", "clicked_human": (kind == "clicked") & human,
            "unsubscribed": kind == "unsubscribed", "complained": kind == "complained",
        }
    )  # fmt: skip
    happened = facts.groupby(KEY).any()
    rows = written.drop_duplicates(KEY).merge(happened, left_on=KEY, right_index=True, how="left")
    rows = rows.fillna(dict.fromkeys(happened, False)).astype(dict.fromkeys(happened, bool))
    delivered = ~(rows["rejected"] | rows["bounced"])
    seen = delivered & rows["tracked"]
    counted = {"campaign": rows["campaign"], "sent": 1, "delivered": delivered, "seen": seen}
    counted |= {name: seen & rows[name] for name in SEEN}
    counted |= {"both": seen & rows["opened"] & rows["clicked"]}
    counted |= {"both_human": seen & rows["opened_human"] & rows["clicked_human"]}
    counted |= {"bounced": rows["bounced"], "hard": rows["hard"], "only_soft": rows["soft"] & ~rows["hard"]}
    reporting = delivered & (rows["complained"] | ~rows["mailbox"].str.endswith("@gmail.com"))
    counted |= {"unsubscribed": delivered & rows["unsubscribed"], "complained": delivered & rows["complained"]}
    counted |= {"reporting": reporting}
    return pd.DataFrame(counted).groupby("campaign").sum().reset_index()


def rates_in_polars(events: pl.DataFrame, sends: pl.DataFrame) -> pd.DataFrame:
    """The same as one lazy query."""
    col, mailbox = pl.col, pl.col("email").str.strip_chars().str.to_lowercase().alias("mailbox")
    bounced, suppressed = col("kind") == "bounced", col("bounce_type").eq_missing(pl.lit("suppressed"))
    facts = {
        "rejected": (col("kind") == "rejected") | bounced & suppressed, "bounced": bounced & ~suppressed,
        "hard": bounced & (col("bounce_type") == "hard"), "soft": bounced & (col("bounce_type") == "soft"),
        "opened": col("kind") == "opened", "opened_human": (col("kind") == "opened") & ~col("machine"),
        "clicked": col("kind") == "clicked", "clicked_human": (col("kind") == "clicked") & ~col("machine"),
        "unsubscribed": col("kind") == "unsubscribed", "complained": col("kind") == "complained",
    }  # fmt: skip
    happened = (
        events.lazy().group_by("campaign", mailbox).agg(*(fact.any().alias(name) for name, fact in facts.items()))
    )
    written = sends.lazy().filter(col("state").is_in(SENT)).select("campaign", mailbox, "tracked").unique(KEY)
    rows = written.join(happened, on=KEY, how="left").with_columns(col(list(facts)).fill_null(False))
    rows = rows.with_columns(delivered=~(col("rejected") | col("bounced")))
    reporting = col("delivered") & (col("complained") | ~col("mailbox").str.ends_with("@gmail.com"))
    rows = rows.with_columns(seen=col("delivered") & col("tracked"), reporting=reporting)
    counted = rows.group_by("campaign").agg(
        col("delivered", "seen", "reporting", "bounced", "hard").sum(),
        *((col("seen") & col(name)).sum().alias(name) for name in SEEN),
        *((col("delivered") & col(name)).sum().alias(name) for name in ("unsubscribed", "complained")),
        sent=pl.len(),
        both=(col("seen") & col("opened") & col("clicked")).sum(),
        both_human=(col("seen") & col("opened_human") & col("clicked_human")).sum(),
        only_soft=(col("soft") & ~col("hard")).sum(),
    )
    return counted.collect().to_pandas()


RATES_SQL = """
WITH happened AS (
  SELECT campaign, lower(trim(email)) AS mailbox,
    bool_or(kind = 'rejected' OR kind = 'bounced' AND bounce_type IS NOT DISTINCT FROM 'suppressed') AS rejected,
    bool_or(kind = 'bounced' AND bounce_type IS DISTINCT FROM 'suppressed') AS bounced,
    bool_or(kind = 'bounced' AND bounce_type = 'hard') AS hard,
    bool_or(kind = 'bounced' AND bounce_type = 'soft') AS soft,
    bool_or(kind = 'opened') AS opened, bool_or(kind = 'opened' AND NOT machine) AS opened_human,
    bool_or(kind = 'clicked') AS clicked, bool_or(kind = 'clicked' AND NOT machine) AS clicked_human,
    bool_or(kind = 'unsubscribed') AS unsubscribed, bool_or(kind = 'complained') AS complained
  FROM events GROUP BY ALL),
written AS (
  SELECT DISTINCT campaign, lower(trim(email)) AS mailbox, tracked FROM sends
  WHERE state IN ('accepted', 'refused', 'expired')),
message AS (
  SELECT written.campaign AS campaign, happened.* EXCLUDE (campaign, mailbox),
    coalesce(NOT (rejected OR bounced), true) AS delivered, delivered AND tracked AS seen,
    delivered AND (coalesce(complained, false) OR NOT written.mailbox LIKE '%@gmail.com') AS reporting
  FROM written LEFT JOIN happened USING (campaign, mailbox))
SELECT campaign, count(*) AS sent, count(*) FILTER (delivered) AS delivered, count(*) FILTER (seen) AS seen,
  count(*) FILTER (reporting) AS reporting,
  count(*) FILTER (seen AND opened) AS opened, count(*) FILTER (seen AND opened_human) AS opened_human,
  count(*) FILTER (seen AND clicked) AS clicked, count(*) FILTER (seen AND clicked_human) AS clicked_human,
  count(*) FILTER (seen AND clicked AND opened) AS "both",
  count(*) FILTER (seen AND clicked_human AND opened_human) AS both_human,
  count(*) FILTER (bounced) AS bounced, count(*) FILTER (hard) AS hard,
  count(*) FILTER (soft AND NOT hard) AS only_soft,
  count(*) FILTER (delivered AND unsubscribed) AS unsubscribed, count(*) FILTER (delivered AND complained) AS complained
FROM message GROUP BY ALL
"""


def rates_in_duckdb(events: Any, sends: Any) -> pd.DataFrame:
    """The same in SQL."""
    return duckdb.sql(RATES_SQL).df()


COMPARED_SQL = """
WITH begun AS (
  SELECT min("at") FILTER (campaign = '{treated}') AS treated, min("at") FILTER (campaign = '{control}') AS control
  FROM events WHERE kind IN ('sent', 'delivered') AND campaign IN ('{treated}', '{control}')),
said AS (
  SELECT lower(trim(email)) AS mailbox, {said}
  FROM events, begun WHERE campaign IN ('{treated}', '{control}') OR "at" < greatest(treated, control) GROUP BY ALL),
written AS (
  SELECT lower(trim(email)) AS mailbox, bool_or(campaign = '{treated}') AS treated,
    bool_or(campaign = '{control}') AS control
  FROM sends WHERE campaign IN ('{treated}', '{control}') AND tracked AND state IN ('accepted', 'refused', 'expired')
  GROUP BY ALL)
SELECT {known}, count(*) AS people FROM written LEFT JOIN said USING (mailbox), begun
WHERE treated_came IS NOT NULL OR control_came IS NOT NULL GROUP BY ALL
"""
SAID_SQL = """
bool_or(campaign = '{name}' AND kind IN ('bounced', 'rejected')) AS {side}_lost,
bool_or(campaign = '{name}' AND kind = 'clicked' AND NOT machine) AS {side}_clicked,
max("at") FILTER (kind IN ('opened', 'clicked') AND NOT machine AND "at" < begun.{side}) AS {side}_human,
max("at") FILTER (kind IN ('opened', 'clicked') AND machine IS NULL AND "at" < begun.{side}) AS {side}_unjudged,
bool_or(kind IN ('sent', 'delivered') AND "at" < begun.{side}) AS {side}_received
"""
KNOWN_SQL = """
CASE WHEN written.{side} AND NOT coalesce({side}_lost, false) THEN coalesce({side}_clicked, false) END AS {side}_came,
CASE WHEN begun.{side} - {side}_human <= INTERVAL 90 DAY THEN 'active'
  WHEN begun.{side} - {side}_unjudged <= INTERVAL 90 DAY THEN 'unknown'
  WHEN begun.{side} - {side}_human <= INTERVAL 365 DAY THEN 'occasional'
  WHEN begun.{side} - {side}_unjudged <= INTERVAL 365 DAY THEN 'unknown'
  WHEN {side}_received OR {side}_human IS NOT NULL OR {side}_unjudged IS NOT NULL THEN 'inactive'
  ELSE 'new' END AS {side}_engagement
"""


def compared_in_duckdb(events: Any, sends: Any, **sides: str) -> pd.DataFrame:
    """Count people by what both campaigns came to and how engaged they were: all that rates and intervals need."""
    said = ",".join(SAID_SQL.format(side=side, name=name) for side, name in sides.items())
    known = ",".join(KNOWN_SQL.format(side=side) for side in sides)
    return duckdb.sql(COMPARED_SQL.format(said=said, known=known, **sides)).df()


def compared_in_polars(events: pl.DataFrame, sends: pl.DataFrame, **sides: str) -> pd.DataFrame:
    """The same as one lazy query, after another for the starts."""
    col, mailbox = pl.col, pl.col("email").str.strip_chars().str.to_lowercase().alias("mailbox")
    kind, campaign, at = pl.col("kind"), pl.col("campaign"), pl.col("at")
    received, seen = kind.is_in(["sent", "delivered"]), kind.is_in(["opened", "clicked"])
    first = [at.filter(campaign == name).min().alias(side) for side, name in sides.items()]
    starts = events.lazy().filter(received).select(first).collect().row(0, named=True)
    said, known = {}, {}
    quarter, year = pl.duration(days=90), pl.duration(days=365)
    for side, name in sides.items():
        own, before = campaign == name, at < starts[side]
        said |= {
            f"{side}_lost": (own & kind.is_in(["bounced", "rejected"])).any(),
            f"{side}_clicked": (own & (kind == "clicked") & ~col("machine")).any(),
            f"{side}_human": at.filter(seen & ~col("machine") & before).max(),
            f"{side}_unjudged": at.filter(seen & col("machine").is_null() & before).max(),
            f"{side}_received": (received & before).any(),
        }
        human, unjudged = (pl.lit(starts[side]) - col(f"{side}_{which}") for which in ("human", "unjudged"))
        reached = col(side) & ~col(f"{side}_lost").fill_null(False)
        known[f"{side}_came"] = pl.when(reached).then(col(f"{side}_clicked").fill_null(False))
        known[f"{side}_engagement"] = (
            pl.when(human <= quarter).then(pl.lit("active")).when(unjudged <= quarter).then(pl.lit("unknown"))
            .when(human <= year).then(pl.lit("occasional")).when(unjudged <= year).then(pl.lit("unknown"))
            .when(col(f"{side}_received") | human.is_not_null() | unjudged.is_not_null()).then(pl.lit("inactive"))
            .otherwise(pl.lit("new"))
        )  # fmt: skip
    chosen = campaign.is_in(list(sides.values()))
    people = events.lazy().filter(chosen | (at < max(starts.values()))).group_by(mailbox).agg(**said)
    written = sends.lazy().filter(chosen & col("tracked") & col("state").is_in(SENT)).group_by(mailbox).agg(
        **{side: (campaign == name).any() for side, name in sides.items()}
    )  # fmt: skip
    rows = written.join(people, on="mailbox", how="left").select(**known)
    rows = rows.filter(pl.any_horizontal(col(f"{side}_came").is_not_null() for side in sides))
    return rows.group_by(pl.all()).agg(people=pl.len()).collect().to_pandas()


def compared_in_pandas(events: pd.DataFrame, sends: pd.DataFrame, **sides: str) -> pd.DataFrame:
    """The same in pandas."""
    kind, campaign, at, machine = (events[name] for name in ("kind", "campaign", "at", "machine"))
    received, seen, lost = (
        kind.isin(which) for which in (["sent", "delivered"], ["opened", "clicked"], ["bounced", "rejected"])
    )
    human, unjudged = seen & (~machine).fillna(False).astype(bool), seen & machine.isna()
    clicked = human & (kind == "clicked")
    said, starts = {"mailbox": events["email"].str.strip().str.lower()}, {}
    for side, name in sides.items():
        own = campaign == name
        starts[side] = at[own & received].min()
        before = at < starts[side]
        said |= {f"{side}_lost": own & lost, f"{side}_clicked": own & clicked, f"{side}_received": received & before}
        said |= {f"{side}_human": at.where(human & before), f"{side}_unjudged": at.where(unjudged & before)}
    chosen = campaign.isin(sides.values()) | (at < max(starts.values()))
    people = pd.DataFrame(said)[chosen].groupby("mailbox").max()
    written = sends[sends["campaign"].isin(sides.values()) & sends["tracked"] & sends["state"].isin(SENT)]
    sent = pd.DataFrame({side: written["campaign"] == name for side, name in sides.items()})
    rows = sent.groupby(written["email"].str.strip().str.lower()).max().join(people)
    known = {}
    for side, start in starts.items():
        days = {which: (start - rows[f"{side}_{which}"]).dt.total_seconds() / 86400 for which in ("human", "unjudged")}
        lost, clicked, received = (
            rows[f"{side}_{which}"].fillna(False).astype(bool) for which in ("lost", "clicked", "received")
        )
        band = pd.Series("new", rows.index).mask(
            received | days["human"].notna() | days["unjudged"].notna(), "inactive"
        )
        for limit, word in ((365, "occasional"), (90, "active")):
            band = band.mask(days["unjudged"] <= limit, "unknown").mask(days["human"] <= limit, word)
        known |= {f"{side}_came": clicked.astype("boolean").where(rows[side] & ~lost), f"{side}_engagement": band}
    table = pd.DataFrame(known)
    reached = table[[f"{side}_came" for side in sides]].notna().any(axis=1)
    return table[reached].groupby(list(known), dropna=False).size().rename("people").reset_index()


def same_rates(ours: pd.DataFrame, hand: pd.DataFrame) -> None:
    """Assert equal numerators and denominators."""
    hand = hand.set_index("campaign")
    for row in ours.itertuples():
        numerator, denominator = NAMES[row.rate, row.counts]
        told = int(hand.loc[row.campaign, numerator]), int(hand.loc[row.campaign, denominator])
        assert (row.numerator, row.denominator) == told, (row, told)


def same_comparison(ours: Any, hand: pd.DataFrame) -> None:
    """Assert equal counts in each stratum, each person counted once among the people."""
    sides = {side: hand[hand[f"{side}_came"].notna()] for side in ("treated", "control")}
    messages = sum(hand[f"{side}_came"].notna().astype(int) for side in sides)
    people: dict[str, float] = {}
    for row in ours.strata.to_dict("records"):
        band = row["engagement"]
        for side, rows in sides.items():
            alike = rows[rows[f"{side}_engagement"] == band]
            came = alike[f"{side}_came"].astype(bool)
            assert row[f"{side}_n"] == alike["people"].sum(), (row, alike)
            assert row[f"{side}_events"] == alike.loc[came, "people"].sum(), (row, alike)
            people[band] = people.get(band, 0) + (alike["people"] / messages[alike.index]).sum()
    met = {row["engagement"] for row in ours.strata.to_dict("records") if row["weight"] > 0}
    for row in ours.strata[ours.strata["weight"] > 0].to_dict("records"):
        share = people[row["engagement"]] / sum(people[band] for band in met)
        assert abs(row["weight"] - share) < 1e-9, (row, share)


def _relations(events: pd.DataFrame, sends: pd.DataFrame) -> tuple[Any, Any]:
    duckdb.execute("CREATE OR REPLACE TABLE events AS FROM events; CREATE OR REPLACE TABLE sends AS FROM sends")
    return duckdb.table("events"), duckdb.table("sends")


FRAMES = {
    "pandas": lambda events, sends: (events, sends),
    "polars": lambda events, sends: (pl.from_pandas(events), pl.from_pandas(sends)),
    "duckdb": _relations,
}
RATES = {"pandas": rates_in_pandas, "polars": rates_in_polars, "duckdb": rates_in_duckdb}
COMPARED = {"pandas": compared_in_pandas, "polars": compared_in_polars, "duckdb": compared_in_duckdb}
same = {"rates": same_rates, "compare": same_comparison}
