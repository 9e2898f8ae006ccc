"""How fast a warehouse's orders are credited, by all eight models: `python -m benchmarks.credits --home H`.

Random touches and orders stand in for those of a home that has run once; the compiled models of that home then run over
them in DuckDB on two threads, the attribution room between them, as in a night. Peak memory is that of the process.
"""

from __future__ import annotations

import argparse
import tempfile
from pathlib import Path

import duckdb

from benchmarks.identity import timed
from dagster_project.attribution import share_out
from dagster_project.settings import shipped_settings

BEFORE = ("int_attribution_touches", "int_attribution_journeys", "int_attribution_paths")
AFTER = ("int_attribution_credits", "int_attribution_by_day")

# Three bouts of three or four touches per customer; every third ends with an order, the others are lost.
_FACTS = """
create schema marts; create schema intermediate; create schema analytics;
create table bouts as
select
    'c' || customer as customer_id,
    customer * 3 + bout as bout,
    (timestamp '2024-01-01' + to_seconds(cast((bout * 240 + random() * 200) * 86400 as bigint))) as started_at,
    2 + cast(floor(random() * 2.7) as integer) as touches,
    random() < 0.34 as is_order
from range({customers}) as people(customer) cross join range(3) as bouts(bout);
create table touches as
select
    *,
    started_at + to_seconds(cast(step * (0.2 + random()) * 4 * 86400 as bigint)) as touched_at,
    ['direct', 'email', 'paid_search', 'organic_search', 'organic_social', 'paid_social', 'display', 'affiliate',
     'referral', 'sms', 'push', 'store_visit'][1 + cast(floor(power(random(), 1.6) * 12) as integer)] as touch_channel
from bouts cross join range(5) as steps(step) where step <= touches;
create table marts.fct_touchpoints as
select md5(bout || '-' || step) as touchpoint_id, customer_id, touched_at, touch_channel,
    case when touch_channel = 'email' then 'c' || (bout % 50) end as campaign_id, 'session' as touch_kind,
    md5('j' || bout) as journey_id, is_order
from touches;
create table marts.fct_orders as
select md5('o' || bout) as order_id, customer_id, max(touched_at) + interval 1 hour as ordered_at,
    cast(max(touched_at) as date) as ordered_date, cast(10 + random() * 90 as decimal(18, 4)) as net_revenue,
    cast(5 as decimal(18, 4)) as margin, false as is_cancelled, bout % 3 = 0 as is_first_order
from touches where is_order group by bout, customer_id;
create table marts.fct_journeys as
select distinct journey_id, is_order as is_converted, false as is_open from marts.fct_touchpoints;
create table intermediate.int_journey_events as
select journey_id, touchpoint_id as event_id, touch_channel, touch_kind, touched_at as happened_at
from marts.fct_touchpoints;
drop table touches; drop table bouts;
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--home", type=Path, required=True, help="an OMNIVUE_HOME that has run once on DuckDB")
    parser.add_argument("--customers", type=int, default=1_000_000)
    arguments = parser.parse_args()
    compiled = arguments.home / "dbt" / "target" / "compiled" / "omnivue" / "models" / "intermediate" / "attribution"
    with tempfile.TemporaryDirectory(prefix="omnivue-credits-") as folder:
        session = duckdb.connect(f"{folder}/warehouse.duckdb", config={"threads": 2, "memory_limit": "4GB"})
        session.execute("select setseed(0.5)")
        session.execute(_FACTS.format(customers=arguments.customers))
        for table in ("fct_touchpoints", "fct_orders"):
            print(f"{table}: {session.table(f'marts.{table}').count('*').fetchall()[0][0]:,} rows")

        def build(model: str) -> None:
            with timed(model):
                query = (compiled / f"{model}.sql").read_text(encoding="utf-8")
                session.execute(f"create table intermediate.{model} as {query}")

        with timed("all"):
            for model in BEFORE:
                build(model)
            with timed("shares and weights"):
                paths = session.table("intermediate.int_attribution_paths").to_arrow_table()
                session.register("found", share_out(paths, shipped_settings().attribution)[0])
                session.execute("create table analytics.attribution_shares as select * from found")
            for model in AFTER:
                build(model)
        print(f"distinct paths: {session.table('intermediate.int_attribution_paths').count('*').fetchall()[0][0]:,}")


if __name__ == "__main__":
    main()
