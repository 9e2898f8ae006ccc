"""The Spark session: one per process, made before dbt asks for it, with the properties that make Spark's answers those
of DuckDB."""

from __future__ import annotations

import importlib.util
import os
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING

from dagster_project.settings import Spark
from dagster_project.warehouse.warehouse import WarehouseBusy, WarehouseError

if TYPE_CHECKING:
    from pyspark.sql import SparkSession


_SPILL = "spill"
_LOGGING = Path(__file__).with_name("log4j2.properties")


def missing() -> str | None:
    """What Spark lacks on this machine, as a sentence with its remedy; None when it can be started."""
    if importlib.util.find_spec("pyspark") is None or importlib.util.find_spec("dbt.adapters.spark") is None:
        return "engine spark needs pyspark and dbt-spark: `make setup-spark`, or pip install 'omnivue[spark]'"
    java_home = os.environ.get("JAVA_HOME")
    java = Path(java_home) / "bin" / "java" if java_home else shutil.which("java")
    if java is None or not Path(java).exists():
        return "engine spark needs Java 17 or 21, and none is on the PATH (Debian: apt install openjdk-17-jre-headless)"
    return None


def properties(folder: Path, settings: Spark) -> dict[str, str]:
    """Spark's properties for tables below `folder`; those of the settings win."""
    is_local = settings.master.startswith("local")
    own = {
        # Tables as Parquet that any engine reads, and a catalogue that outlives the process.
        "spark.sql.warehouse.dir": str(folder),
        "spark.sql.catalogImplementation": "hive",
        "spark.hadoop.javax.jdo.option.ConnectionURL": f"jdbc:derby:;databaseName={folder / 'metastore'};create=true",
        "spark.driver.extraJavaOptions": " ".join(
            (
                "-Duser.timezone=UTC",
                f"-Dderby.stream.error.file={folder / 'derby.log'}",
                f"-Dlog4j2.configurationFile={_LOGGING}",
            )
        ),
        "spark.executor.extraJavaOptions": "-Duser.timezone=UTC",
        "spark.sql.sources.default": "parquet",
        "spark.sql.parquet.outputTimestampType": "TIMESTAMP_MICROS",
        # Times are UTC without a zone, as in DuckDB.
        "spark.sql.session.timeZone": "UTC",
        "spark.sql.parquet.inferTimestampNTZ.enabled": "false",
        # Names of partition folders are texts, and double quotes mark names, as in standard SQL.
        "spark.sql.sources.partitionColumnTypeInference.enabled": "false",
        "spark.sql.ansi.enabled": "true",
        "spark.sql.ansi.doubleQuotedIdentifiers": "true",
        "spark.sql.execution.arrow.pyspark.enabled": "true",
        "spark.ui.enabled": "false",
        "spark.ui.showConsoleProgress": "false",
    }
    if is_local:
        own |= {
            "spark.driver.host": "127.0.0.1",
            "spark.driver.bindAddress": "127.0.0.1",
            "spark.driver.memory": "4g",
            # Shuffles hold personal data: they stay in OMNIVUE_HOME.
            "spark.local.dir": str(folder / _SPILL),
            # The default of 200 is for clusters: a table of a small retailer would be 200 files.
            "spark.sql.shuffle.partitions": str(2 * (os.cpu_count() or 1)),
            # Hundreds of small files are listed eight times faster by the driver than by a job of as many tasks.
            "spark.sql.sources.parallelPartitionDiscovery.threshold": "1000000",
        }
    return own | {name: str(value) for name, value in settings.config.items()}


def spark_session(folder: Path, settings: Spark) -> SparkSession:
    """The session of this process over the tables below `folder`, made when there is none.

    Raises WarehouseError when Spark is not installed, cannot start, or this process already has a session over other
    tables; WarehouseBusy when another process holds the catalogue.
    """
    if lacks := missing():
        raise WarehouseError(lacks)
    from pyspark.sql import SparkSession

    wanted = properties(folder, settings)
    active = SparkSession.getActiveSession()
    if active is not None:
        have = str(active.conf.get("spark.sql.warehouse.dir")).removeprefix("file:").rstrip("/")
        if have != wanted["spark.sql.warehouse.dir"].removeprefix("file:").rstrip("/"):
            raise WarehouseError(f"this process has a Spark session over {have} already; use another process")
        return active
    folder.mkdir(parents=True, exist_ok=True)
    spilt = list((folder / _SPILL).glob("*"))
    try:
        session = _build(wanted, settings.master)
        session.sql("show databases").collect()
    except Exception as error:
        raise _explained(error, folder, settings.master) from error
    # The catalogue is ours, so no other process is at work: what one left that was killed may go.
    for path in [*spilt, *_unknown_tables(session, folder)]:
        shutil.rmtree(path, ignore_errors=True)
    return session


def _unknown_tables(session: SparkSession, folder: Path) -> list[Path]:
    """Folders of tables that were being written when their process died: Spark refuses to write there again."""
    unknown: list[Path] = []
    for schema in sorted(folder.glob("*.db")):
        known: set[str] = set()
        if session.catalog.databaseExists(schema.stem):
            known = {row["tableName"] for row in session.sql(f"show tables in `{schema.stem}`").collect()}
        unknown += [path for path in schema.iterdir() if path.is_dir() and path.name not in known]
    return unknown


def _build(wanted: Mapping[str, str], master: str) -> SparkSession:
    from pyspark.sql import SparkSession

    builder = SparkSession.builder.appName("omnivue").master(master)
    for name, value in wanted.items():
        builder = builder.config(name, value)
    return builder.getOrCreate()


def _explained(error: Exception, folder: Path, master: str) -> WarehouseError:
    """What a session that did not start means, in one sentence with its remedy."""
    text = str(error)
    if "Another instance of Derby" in text:
        return WarehouseBusy(f"{folder}: another process has this Spark catalogue open; wait for it to end.")
    first = next((line.strip() for line in text.splitlines() if line.strip()), type(error).__name__)
    return WarehouseError(f"Spark does not start on {master}: {first}. See settings spark.master and spark.config.")
