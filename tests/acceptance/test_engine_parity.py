"""One retailer on both engines: every table of the release is equal, cell by cell. Spark runs on a cluster of two
workers, one of which is killed in the middle of the job, with all it had computed.

Needs no upkeep: the tables are those of dbt's manifest, their keys those of its uniqueness tests. Decimals, texts,
dates and times are compared exactly, doubles to 1e-9 relative.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from spark_cluster import Cluster, read_log, spark_cluster, wait_for

from dagster_project.warehouse.spark_session import missing

pytestmark = pytest.mark.skipif(missing() is not None, reason=str(missing()))

SIZE = ("--customers", "1000", "--months", "6", "--seed", "3")
# Half a year is enough to foretell two months of churn, and to find personas by what was bought in four.
SETTINGS = "churn: {horizon_days: 60}\nwindows: {active_days: 120}\n"
# The killed worker has staged extracts by then, and the facts that read them are being built.
MIDDLE = "intermediate.db/int_orders"
TOLERANCE = 1e-9
OF_THE_GATE = ("data_profile", "data_quality_results")
# Which run made the release, and with what.
OF_THE_RUN = {"release_info": {"built_at", "engine", "settings", "input_digest"}}


@pytest.fixture(scope="module")
def homes(tmp_path_factory: pytest.TempPathFactory, omnivue) -> dict[str, Path]:
    """The same landing, run on each engine."""
    root = tmp_path_factory.mktemp("engines")
    homes = {engine: root / engine for engine in ("duckdb", "spark")}
    omnivue("simulate", *SIZE, home=homes["duckdb"])
    shutil.copytree(homes["duckdb"] / "landing", homes["spark"] / "landing")
    (homes["duckdb"] / "settings.yaml").write_text(SETTINGS, encoding="utf-8")
    omnivue("run", home=homes["duckdb"])
    with spark_cluster(root) as cluster:
        _run_and_kill_a_worker(homes["spark"], cluster)
    return homes


def _run_and_kill_a_worker(home: Path, cluster: Cluster) -> None:
    # Two gigabytes are a worker's all: one executor each.
    (home / "settings.yaml").write_text(
        f"{SETTINGS}engine: spark\nspark:\n  master: {cluster.url}\n  config:\n"
        "    spark.executor.memory: 1g\n    spark.driver.memory: 2g\n    spark.driver.host: 127.0.0.1\n"
        "    spark.driver.bindAddress: 127.0.0.1\n    spark.sql.shuffle.partitions: 4\n",
        encoding="utf-8",
    )
    with subprocess.Popen(
        [str(Path(sys.executable).with_name("omnivue")), "run"],
        env=os.environ | {"OMNIVUE_HOME": str(home), "COLUMNS": "200", "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as job:
        middle = home / "warehouse" / "spark" / MIDDLE
        wait_for(lambda: middle.exists() or job.poll() is not None, 1800, "the job did not reach its middle")
        assert job.poll() is None, job.stdout and job.stdout.read()
        assert cluster.executors(0), "the worker to be killed has run nothing"
        cluster.kill(0)
        output, _ = job.communicate(timeout=3600)
    assert job.returncode == 0, output[-6000:]
    log = read_log(cluster.folder, "master")
    assert "Removing executor" in log or "Removing worker" in log
    assert cluster.executors(1)


@pytest.fixture(scope="module")
def keys(homes: dict[str, Path]) -> dict[str, list[str]]:
    """The models of schema marts, each with the columns that identify a row (none declared: empty)."""
    manifest = json.loads((homes["duckdb"] / "dbt" / "target" / "manifest.json").read_text(encoding="utf-8"))
    models = {
        key: node["alias"]
        for key, node in manifest["nodes"].items()
        if node["resource_type"] == "model" and node["schema"] == "marts"
    }
    found: dict[str, list[str]] = {name: [] for name in models.values()}
    for node in manifest["nodes"].values():
        test = node.get("test_metadata") or {}
        if node.get("attached_node") in models and test.get("name") in ("unique", "unique_combination"):
            columns = test["kwargs"].get("columns") or [test["kwargs"]["column_name"]]
            found[models[node["attached_node"]]] = found[models[node["attached_node"]]] or columns
    return found


@pytest.fixture(scope="module")
def both(homes: dict[str, Path]) -> duckdb.DuckDBPyConnection:
    session = duckdb.connect()
    for engine, home in homes.items():
        session.execute(f"attach '{home}/published/current/omnivue.duckdb' as on_{engine} (read_only)")
    return session


def test_both_engines_publish_every_model_and_nothing_else(
    both: duckdb.DuckDBPyConnection, keys: dict[str, list[str]]
) -> None:
    for engine in ("duckdb", "spark"):
        published = both.execute(
            "select table_name from duckdb_tables() where database_name = ?", [f"on_{engine}"]
        ).fetchall()
        assert {name for (name,) in published} == {*keys, *OF_THE_GATE}
    orders = both.execute("select count(*) from on_duckdb.marts.fct_orders").fetchall()[0][0]
    assert orders > 500


def test_every_table_has_the_same_columns_with_types_and_comments(both: duckdb.DuckDBPyConnection) -> None:
    def columns(engine: str) -> list[tuple[object, ...]]:
        return both.execute(
            "select table_name, column_index, column_name, data_type, comment from duckdb_columns() "
            "where database_name = ? order by all",
            [f"on_{engine}"],
        ).fetchall()

    assert columns("spark") == columns("duckdb")
    assert all(comment for *_, comment in columns("duckdb"))


def test_every_cell_is_the_same(both: duckdb.DuckDBPyConnection, keys: dict[str, list[str]]) -> None:
    differences = {
        table: first for table in [*keys, *OF_THE_GATE] if (first := _differing(both, table, keys.get(table, [])))
    }
    assert differences == {}, "first differing rows, as (key, column, on DuckDB, on Spark)"


def _differing(both: duckdb.DuckDBPyConnection, table: str, key: list[str]) -> list[tuple[object, ...]]:
    """At most three cells in which the engines differ, with the key of their row. Rows are paired by their key; where
    there is none, by their order over all columns, the doubles last."""
    described = both.execute(f"describe on_duckdb.marts.{table}").fetchall()
    left_out = OF_THE_RUN.get(table, set())
    columns = {name: type_ for name, type_, *_ in described if name not in left_out}
    exact = [name for name, type_ in columns.items() if type_ not in ("DOUBLE", "FLOAT")]
    order = ", ".join(f'"{name}"' for name in [*exact, *columns])

    def numbered(engine: str) -> str:
        return f"(select *, row_number() over (order by {order}) as pair from on_{engine}.marts.{table}) as {engine}"

    pair = key or ["pair"]
    joined = " and ".join(f'duckdb."{part}" is not distinct from spark."{part}"' for part in pair)
    named = ", ".join(f'coalesce(duckdb."{part}", spark."{part}")::varchar' for part in key or exact[:3])
    found: list[tuple[object, ...]] = []
    for name in columns:
        a, b = f'duckdb."{name}"', f'spark."{name}"'
        differs = f"{a} is distinct from {b}"
        if name not in exact:
            differs += f" and not coalesce(abs({a} - {b}) <= {TOLERANCE} * greatest(abs({a}), abs({b})), false)"
        found += both.execute(
            f"select concat_ws(', ', {named}), '{name}', {a}::varchar, {b}::varchar "
            f"from {numbered('duckdb')} full join {numbered('spark')} on {joined} where {differs} order by all limit 3"
        ).fetchall()
    return found[:3]
