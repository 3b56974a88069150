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
WITH one AS (
  SELECT campaign, lower(trim(email)) AS mailbox,
    bool_or(kind IN ('bounced', 'rejected')) AS lost, bool_or(kind = 'clicked' AND NOT machine) AS clicked
  FROM events WHERE campaign IN ({names}) GROUP BY ALL),
written AS (
  SELECT DISTINCT campaign, lower(trim(email)) AS mailbox FROM sends
  WHERE campaign IN ({names}) AND tracked AND state IN ('accepted', 'refused', 'expired')),
begun AS (
  SELECT campaign, min("at") AS start FROM events WHERE kind IN ('sent', 'delivered') AND campaign IN ({names})
  GROUP BY ALL),
past AS (
  SELECT begun.campaign, lower(trim(email)) AS mailbox, any_value(start) AS start,
    max("at") FILTER (kind IN ('opened', 'clicked') AND NOT machine) AS human,
    max("at") FILTER (kind IN ('opened', 'clicked') AND machine IS NULL) AS unjudged,
    bool_or(kind IN ('sent', 'delivered')) AS received
  FROM events JOIN begun ON events."at" < start GROUP BY ALL)
SELECT campaign,
  CASE WHEN start - human <= INTERVAL 90 DAY THEN 'active' WHEN start - unjudged <= INTERVAL 90 DAY THEN 'unknown'
    WHEN start - human <= INTERVAL 365 DAY THEN 'occasional' WHEN start - unjudged <= INTERVAL 365 DAY THEN 'unknown'
    WHEN received OR human IS NOT NULL THEN 'inactive' ELSE 'new' END AS engagement,
  count(*) AS n, count(*) FILTER (clicked) AS events
FROM written LEFT JOIN one USING (campaign, mailbox) LEFT JOIN past USING (campaign, mailbox)
WHERE NOT coalesce(lost, false) GROUP BY ALL
"""


def compared_in_duckdb(events: Any, sends: Any, treated: str, control: str) -> pd.DataFrame:
    """Count two campaigns' clicks by engagement."""
    return duckdb.sql(COMPARED_SQL.format(names=f"'{treated}', '{control}'")).df()


def compared_in_polars(events: pl.DataFrame, sends: pl.DataFrame, treated: str, control: str) -> pd.DataFrame:
    """The same as lazy queries, one a campaign."""
    col, mailbox = pl.col, pl.col("email").str.strip_chars().str.to_lowercase().alias("mailbox")
    kind, parts = pl.col("kind"), []
    for name in (treated, control):
        own = events.lazy().filter(col("campaign") == name)
        start = own.filter(kind.is_in(["sent", "delivered"])).select(col("at").min()).collect().item()
        lost, clicked = kind.is_in(["bounced", "rejected"]), (kind == "clicked") & ~col("machine")
        one = own.group_by(mailbox).agg(lost=lost.any(), clicked=clicked.any())
        written = sends.lazy().filter((col("campaign") == name) & col("tracked") & col("state").is_in(SENT))
        seen = kind.is_in(["opened", "clicked"])
        past = events.lazy().filter(col("at") < start).group_by(mailbox).agg(
            human=col("at").filter(seen & ~col("machine")).max(),
            unjudged=col("at").filter(seen & col("machine").is_null()).max(),
            received=kind.is_in(["sent", "delivered"]).any(),
        )  # fmt: skip
        rows = written.select(mailbox).unique().join(one, on="mailbox", how="left").join(past, on="mailbox", how="left")
        human, unjudged = (pl.lit(start) - col(name) for name in ("human", "unjudged"))
        quarter, year = pl.duration(days=90), pl.duration(days=365)
        band = (
            pl.when(human <= quarter).then(pl.lit("active")).when(unjudged <= quarter).then(pl.lit("unknown"))
            .when(human <= year).then(pl.lit("occasional")).when(unjudged <= year).then(pl.lit("unknown"))
            .when(col("received")).then(pl.lit("inactive")).otherwise(pl.lit("new")).alias("engagement")
        )  # fmt: skip
        counted = rows.filter(~col("lost").fill_null(False)).group_by(band).agg(n=pl.len(), events=col("clicked").sum())
        parts.append(counted.with_columns(campaign=pl.lit(name)))
    return pl.concat(parts).collect().to_pandas()


def compared_in_pandas(events: pd.DataFrame, sends: pd.DataFrame, treated: str, control: str) -> pd.DataFrame:
    """The same in pandas."""
    parts = []
    for name in (treated, control):
        own = events[events["campaign"] == name]
        start = own.loc[own["kind"].isin(["sent", "delivered"]), "at"].min()
        human = (~own["machine"]).fillna(False).astype(bool)
        told = pd.DataFrame({"mailbox": own["email"].str.strip().str.lower()})
        told["lost"], told["clicked"] = own["kind"].isin(["bounced", "rejected"]), (own["kind"] == "clicked") & human
        one = told.groupby("mailbox").any()
        written = sends[(sends["campaign"] == name) & sends["tracked"] & sends["state"].isin(SENT)]
        earlier = events[events["at"] < start]
        machine, seen = earlier["machine"], earlier["kind"].isin(["opened", "clicked"])
        past = pd.DataFrame({"mailbox": earlier["email"].str.strip().str.lower()})
        past["human"] = earlier["at"].where(seen & (~machine).fillna(False).astype(bool))
        past["unjudged"] = earlier["at"].where(seen & machine.isna())
        past["received"] = earlier["kind"].isin(["sent", "delivered"])
        past = past.groupby("mailbox").max()
        rows = pd.DataFrame(index=pd.Index(written["email"].str.strip().str.lower().unique())).join(one).join(past)
        rows = rows[~rows["lost"].fillna(False).astype(bool)]
        days = {which: (start - rows[which]).dt.total_seconds() / 86400 for which in ("human", "unjudged")}
        band = pd.Series("new", rows.index).mask(rows["received"].fillna(False).astype(bool), "inactive")
        for limit, word in ((365, "occasional"), (90, "active")):
            band = band.mask(days["unjudged"] <= limit, "unknown").mask(days["human"] <= limit, word)
        counted = rows["clicked"].fillna(False).astype(bool).groupby(band).agg(["size", "sum"])
        parts.append(
            counted.set_axis(["n", "events"], axis=1).rename_axis("engagement").reset_index().assign(campaign=name)
        )
    return pd.concat(parts)


def same_rates(ours: pd.DataFrame, hand: pd.DataFrame) -> None:
    """Assert equal numerators and denominators."""
    hand = hand.set_index("campaign")
    for row in ours.itertuples():
        numerator, denominator = NAMES[row.rate, row.counts]
        told = int(hand.loc[row.campaign, numerator]), int(hand.loc[row.campaign, denominator])
        assert (row.numerator, row.denominator) == told, (row, told)


def same_comparison(ours: Any, hand: pd.DataFrame) -> None:
    """Assert equal counts in each stratum."""
    table = hand.set_index(["campaign", "engagement"])
    for row in ours.strata.to_dict("records"):
        for side, campaign in (("treated", ours.treated), ("control", ours.control)):
            told = table.loc[(campaign, row["engagement"])] if (campaign, row["engagement"]) in table.index else None
            assert row[f"{side}_n"] == (0 if told is None else told["n"]), (row, told)
            assert row[f"{side}_events"] == (0 if told is None else told["events"]), (row, told)


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

GENERATED = """
SELECT CASE WHEN i < {sends} THEN 'delivered' WHEN hash(i) % 100 < 80 THEN 'opened'
    WHEN hash(i) % 100 < 97 THEN 'clicked' ELSE 'bounced' END AS kind,
  'campaign-' || (who // {part}) AS campaign,
  'person.' || (who % {part}) || '@domain' || (who % 5000) || '.example' AS email,
  CASE WHEN kind IN ('opened', 'clicked') THEN hash(i, 1) % 5 < 2 END AS machine,
  CASE WHEN kind = 'bounced' THEN 'hard' END AS bounce_type, 'sendgrid' AS source
FROM (SELECT i, CASE WHEN i < {sends} THEN i ELSE hash(i, 2) % {sends} END AS who FROM range({events}) AS t(i))
"""
