"""When stewards part a customer, the history of that customer changes and nobody else's; the decision taken back, all
is as it was, the old id included."""

from __future__ import annotations

import shutil
from pathlib import Path

import duckdb
import pytest
from acceptance_tools import fingerprints, marts

FACTS = ("fct_orders", "fct_order_lines", "fct_sessions", "fct_touchpoints", "fct_messages", "fct_tickets")
DECISIONS = "decided_on;action;source_system_a;source_person_key_a;source_system_b;source_person_key_b;reason\n"


def customer_and_records(home: Path) -> tuple[str, tuple[str, str], list[tuple[str, str]]]:
    """A customer of several records, the one that ordered most and is not the eldest, and the others."""
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as session:
        customer, system, key = session.execute(
            """
            with
            eldest as (
                select arg_min((source_system, source_person_key), (first_seen_date, source_system, source_person_key))
                    as name
                from identity.customer_links
                inner join intermediate.int_customer_records using (source_system, source_person_key)
                group by customer_id having count(*) >= 4
            )
            select customer_id, source_system, source_person_key
            from intermediate.int_orders
            inner join identity.customer_links using (source_system, source_person_key)
            where (source_system, source_person_key) not in (select name from eldest)
                and customer_id in (select customer_id from identity.customer_links group by all having count(*) >= 4)
            group by all order by count(*) desc, customer_id, source_system, source_person_key limit 1
            """
        ).fetchone()
        records = session.execute(
            "select source_system, source_person_key from identity.customer_links where customer_id = ? order by all",
            [customer],
        ).fetchall()
    return customer, (system, key), [record for record in records if record != (system, key)]


def rows_of_others(home: Path, customers: tuple[str, str]) -> dict[str, object]:
    """Per fact, and of dim_customers, the rows of everybody else that is known: what only a mailbox held together may
    belong to nobody afterwards. Scores and personas are learnt from everybody, so they may move."""
    tables = {name: name for name in FACTS}
    tables["dim_customers"] = "(select * exclude (clv, churn_probability, persona) from dim_customers)"
    with marts(home) as session:
        return {
            name: session.execute(
                f"select count(*), bit_xor(hash(source)) from {rows} as source "
                "where customer_id not in (?, ?, 'unknown')",
                customers,
            ).fetchone()
            for name, rows in tables.items()
        }


@pytest.mark.slow
def test_a_parted_customer_is_restated_and_nobody_else(retailer: Path, omnivue, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(retailer, home, symlinks=True)
    customer, (system, key), others = customer_and_records(home)
    with marts(home) as session:
        before = session.execute("select count(*) from fct_orders where customer_id = ?", [customer]).fetchone()
    lines = [f"2026-10-31;unlink;{system};{key};{ours};{name};test\n" for ours, name in others]
    (home / "decisions.csv").write_text(DECISIONS + "".join(lines), encoding="utf-8")
    (home / "settings.yaml").write_text("identity: {decisions: decisions.csv}\n", encoding="utf-8")

    assert "restated" in omnivue("run", home=home).stdout
    with marts(home) as session:
        (born,) = session.execute(
            "select customer_id from customer_id_history where event = 'split_from' and other_customer_id = ?",
            [customer],
        ).fetchone()
        parts = session.execute(
            "select count(*) from fct_orders where customer_id in (?, ?)", [customer, born]
        ).fetchone()
        (moved,) = session.execute("select count(*) from fct_orders where customer_id = ?", [born]).fetchone()
        orders = session.execute("select orders from dim_customers where customer_id = ?", [born]).fetchone()
    assert parts == before
    assert moved > 0
    assert orders[0] <= moved
    assert rows_of_others(home, (customer, born)) == rows_of_others(retailer, (customer, born))

    (home / "decisions.csv").write_text(DECISIONS, encoding="utf-8")
    omnivue("run", home=home)
    apart = frozenset({"release_info", "data_quality_results", "data_profile", "customer_id_history"})
    assert fingerprints(home, without=apart) == fingerprints(retailer, without=apart)
