"""A wrong mart cannot be published: each is made wrong in one way at a time, in a copy of a warehouse that passed, and
the suites that speak of it must say so."""

from __future__ import annotations

import re
import shutil
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest

from data_quality.runner import run_stage
from data_quality.suites import core, marts
from data_quality.suites.vocabulary import TableSuite

# Written after the gate, from what it found.
OF_THE_GATE = frozenset({"data_quality_results"})
# Made of settings, of dbt's YAML or of lists in models alone, or of releases that went before: no other table knows how
# many rows they should have.
OF_SETTINGS = frozenset({"data_profile", "kpi_definitions", "kpi_scorecard", "reconciliation"})
# The calendar reaches beyond the last day observed, a pair of categories is not bought in every period, what follows a
# category is not known of every one, and history is of the nights.
WITHOUT_A_LAST_DAY = frozenset({"dim_dates", "kpi_cross_sell", "customer_id_history", "customer_next_category"})
MONEY = ("net_revenue", "gross_revenue", "revenue", "cost", "spend", "credit_revenue", "margin", "refund")


@dataclass
class Marts:
    """A warehouse whose marts may be made wrong, and which suites speak of each."""

    path: Path
    spoken_of: dict[str, list[TableSuite]]

    def verdicts(self, table: str, change: str) -> list[str]:
        """What its own suite says after `change`; where that is silent, what the others say that speak of `table`."""
        own = [suite for suite in self.spoken_of[table] if suite.table == f"marts.{table}"]
        others = [suite for suite in self.spoken_of[table] if suite not in own]
        return self.verdicts_on({table: change}, own, others)

    def verdicts_on(self, changes: dict[str, str], *rounds: list[TableSuite]) -> list[str]:
        """What the suites of the first round that is not silent say after a change to each table, in which {mart}
        stands for it; changes are taken back."""
        with duckdb.connect(str(self.path)) as session:
            session.execute("create schema kept")
            for table, change in changes.items():
                session.execute(f"create table kept.{table} as from marts.{table}")
                session.execute(change.format(mart=f"marts.{table}"))
        try:
            for suites in rounds:
                if failures := run_stage("marts", suites, self.path, title="wrong").failures:
                    return [failure.sentence() for failure in failures]
            return []
        finally:
            with duckdb.connect(str(self.path)) as session:
                for table in changes:
                    session.execute(f"delete from marts.{table}")
                    session.execute(f"insert into marts.{table} from kept.{table}")
                session.execute("drop schema kept cascade")

    def columns(self, table: str) -> dict[str, str]:
        with duckdb.connect(str(self.path), read_only=True) as session:
            return {name: type_ for name, type_, *_ in session.execute(f"describe marts.{table}").fetchall()}

    def rows(self, table: str) -> int:
        with duckdb.connect(str(self.path), read_only=True) as session:
            (count,) = session.execute(f"select count(*) from marts.{table}").fetchone()
            return int(count)


@pytest.fixture(scope="module")
def wrong(retailer: Path, tmp_path_factory: pytest.TempPathFactory) -> Marts:
    # Views name the file they were made in.
    path = tmp_path_factory.mktemp("wrong") / "warehouse.duckdb"
    shutil.copy(retailer / "warehouse" / "warehouse.duckdb", path)
    with duckdb.connect(str(path)) as session:
        views = session.execute("select view_name from duckdb_views() where schema_name = 'marts'").fetchall()
        for (view,) in views:
            session.execute(f"create table main.kept as from marts.{view}")
            session.execute(f"drop view marts.{view}")
            session.execute(f"create table marts.{view} as from main.kept")
            session.execute("drop table main.kept")
        tables = [
            name
            for (name,) in session.execute(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        ]
    suites = [*core.suites(), *marts.suites()]
    spoken = {
        suite.name: f"{suite.table} {[str(rule.configuration) for rule in suite.build().expectations]}"
        for suite in suites
    }
    return Marts(
        path,
        {
            table: [suite for suite in suites if re.search(rf"\bmarts\.{table}\b", spoken[suite.name])]
            for table in tables
        },
    )


@pytest.mark.slow
def test_every_mart_passes_before_it_is_made_wrong(wrong: Marts) -> None:
    """And each has a suite of its own, save what the gate writes itself."""
    assert {
        table for table, suites in wrong.spoken_of.items() if f"marts.{table}" not in [s.table for s in suites]
    } == (OF_THE_GATE)
    assert run_stage("marts", [*core.suites(), *marts.suites()], wrong.path, title="right").failures == ()


def judged(wrong: Marts) -> list[str]:
    return sorted(table for table in wrong.spoken_of if table not in OF_THE_GATE and wrong.rows(table))


@pytest.mark.slow
def test_a_duplicated_key_is_told_by_every_suite(wrong: Marts) -> None:
    tables = judged(wrong)
    told = wrong.verdicts_on(
        dict.fromkeys(tables, "insert into {mart} (from {mart} limit 1)"), [*core.suites(), *marts.suites()]
    )
    of_keys = {
        sentence.partition(":")[0] for sentence in told if "identifies a row" in sentence or "exactly 1" in sentence
    }
    assert set(map("marts.{}".format, tables)) - of_keys == {"marts.attribution_credits"}
    # Its grain is a credit: twice the credit of an order is told as such.
    assert any("credits sum to 1" in sentence for sentence in told)


@pytest.mark.slow
def test_lost_rows_are_told(wrong: Marts) -> None:
    """A third of them; of a few, all."""
    change = {True: "delete from {mart} where hash(rowid) % 3 = 0", False: "delete from {mart}"}
    tables = [table for table in judged(wrong) if table not in OF_SETTINGS]
    assert [table for table in tables if not wrong.verdicts(table, change[wrong.rows(table) > 3])] == []


@pytest.mark.slow
def test_doubled_money_is_told(wrong: Marts) -> None:
    """The first amount of every table that holds one; so is a credit that is doubled."""
    silent = []
    for table in judged(wrong):
        columns = wrong.columns(table)
        for amount in [name for name in (*MONEY, "credit_conversions") if name in columns][:2]:
            if not wrong.verdicts(table, f"update {{mart}} set {amount} = 2 * {amount}"):
                silent.append((table, amount))
    assert silent == []


@pytest.mark.slow
def test_a_table_of_an_earlier_day_is_told(wrong: Marts) -> None:
    """Without what is dated in its last 45 days, as if that were not yet known."""
    silent = []
    for table in [table for table in judged(wrong) if table not in WITHOUT_A_LAST_DAY | OF_SETTINGS]:
        columns = wrong.columns(table)
        dated = [name for name in columns if name in ("period_start", "month", "date_day")]
        dated += [name for name, type_ in columns.items() if type_ in ("DATE", "TIMESTAMP")]
        if dated:
            day = f'cast("{dated[0]}" as date)'
            change = f"delete from {{mart}} where {day} > (select max({day}) - 45 from {{mart}})"
            if not wrong.verdicts(table, change):
                silent.append(table)
    assert silent == []


@pytest.mark.slow
def test_an_address_in_any_text_is_told_by_every_suite_and_repeated_by_none(wrong: Marts) -> None:
    changes = {}
    for table in judged(wrong):
        texts = [name for name, type_ in wrong.columns(table).items() if type_ == "VARCHAR"]
        if texts and table != "dim_stores":  # a store may tell its own
            one_row = "rowid = (select min(rowid) from {mart})"
            changes[table] = f"update {{mart}} set \"{texts[-1]}\" = 'anne.martin@example.fr' where {one_row}"
    told = wrong.verdicts_on(changes, [*core.suites(), *marts.suites()])
    of_leaks = [sentence for sentence in told if "no text is an e-mail address or a phone number" in sentence]
    assert {sentence.partition(":")[0] for sentence in of_leaks} == {f"marts.{table}" for table in changes}
    assert [sentence for sentence in of_leaks if "martin" in sentence] == []
