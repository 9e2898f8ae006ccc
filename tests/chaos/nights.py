"""Incremental equals full: random sequences of nights, against one run over all that they delivered.

A retailer's deliveries are dealt out over some nights. Most arrive in the night of their date; some come late, after
younger ones; some never; some again, unchanged or corrected, under a new date; and stewards link and part customers
between the nights. After the last night every mart equals that of a home that got everything at once.

    python -m tests.chaos.nights --sequences 5

An id is that of the earliest record known when a customer was born, so it may depend on the order of deliveries. Where
ids differ they are compared up to renaming, by the records behind them, and without what is learnt from everybody in
the order of their ids.
"""

from __future__ import annotations

import argparse
import csv
import datetime as dt
import io
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass, field
from pathlib import Path

import duckdb

from tests.chaos import homes
from tests.chaos.report import Row

SIZE = ("--customers", "150", "--months", "5", "--seed", "11")
# What happened on the way, beside what says which run made the release.
OF_THE_WAY = homes.OF_THE_RUN | {"customer_id_history"}
# Models are fitted to customers in the order of their ids.
LEARNT_BY_ID = {
    "dim_customers": {"clv", "churn_probability", "persona"},
    "customer_churn": {"churn_probability", "churn_band", "reason_1", "reason_2", "reason_3"},
    "customer_segments_monthly": {"persona", "persona_name"},
}
LEARNT_TABLES = frozenset({"persona_profiles", "model_evaluations", "kpi_segment_movements", "kpi_customer_value"})
# Hashes of what an id is a part of.
KEYS_OF_IDS = {"fct_consents": {"consent_id"}, "fct_journeys": {"journey_id"}}
DECISIONS = ["decided_on", "action", "source_system_a", "source_person_key_a", "source_system_b", "source_person_key_b"]


@dataclass(frozen=True)
class Delivery:
    """A file as it lies in landing: `path` within it, what is in it, and the night (from 0) that it comes with."""

    path: Path
    content: bytes
    night: int


@dataclass
class Sequence:
    """Deliveries by night, and what was done to them, for people to read."""

    nights: int
    deliveries: list[Delivery] = field(default_factory=list)
    events: list[str] = field(default_factory=list)


def omnivue(*arguments: str, home: Path) -> None:
    """Run the command over `home`. Raises RuntimeError with its output when it fails."""
    command = [*homes.COMMAND, *arguments]
    environment = os.environ | {"OMNIVUE_HOME": str(home), "NO_COLOR": "1"}
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"omnivue {' '.join(arguments)} exited {done.returncode}\n{done.stdout}\n{done.stderr}")


def deal(landing: Path, nights: int, rng: random.Random) -> Sequence:
    """Deal the folders of `landing` out over the nights."""
    days = homes.arrivals(landing)
    # The first night has the most of it, as when a retailer begins; then some days each.
    later = sorted(rng.sample(range(len(days) // 2, len(days)), nights - 1))
    ends = [*(days[index] for index in later), "9999"]
    dealt = Sequence(nights)
    for folder in sorted(landing.glob("*/*")):
        night = next(number for number, end in enumerate(ends) if folder.name < end)
        chance = rng.random()
        if chance < 0.02:
            dealt.events.append(f"never delivered: {folder.relative_to(landing)}")
            continue
        if chance < 0.08 and night < nights - 1:
            night = rng.randint(night + 1, nights - 1)
            dealt.events.append(f"late, in night {night}: {folder.relative_to(landing)}")
        for file in sorted(folder.iterdir()):
            dealt.deliveries.append(Delivery(file.relative_to(landing), file.read_bytes(), night))
    newest = dt.date.fromisoformat(days[-1])
    for number, delivery in enumerate(rng.sample(dealt.deliveries, min(24, len(dealt.deliveries)))):
        if delivery.night == nights - 1:
            continue
        night = rng.randint(delivery.night + 1, nights - 1)
        again = newest - dt.timedelta(days=rng.randint(0, 3))
        path = Path(delivery.path.parts[0], max(again.isoformat(), delivery.path.parts[1]), delivery.path.name)
        if path == delivery.path or any(other.path == path for other in dealt.deliveries):
            continue
        content = corrected(delivery, rng) if number % 2 else delivery.content
        what = "corrected" if content != delivery.content else "again"
        dealt.deliveries.append(Delivery(path, content, night))
        dealt.events.append(f"{what}, in night {night}: {path}")
    return dealt


def corrected(delivery: Delivery, rng: random.Random) -> bytes:
    """A text file without some of its records: the first line, and the others but one in five. Others stay."""
    if delivery.path.suffix not in (".csv", ".jsonl") or b'"' in delivery.content:
        return delivery.content  # a line of quoted text may be a part of a record
    lines = delivery.content.splitlines(keepends=True)
    return b"".join([*lines[:1], *(line for line in lines[1:] if rng.random() > 0.2)])


def decide(home: Path, day: dt.date, rng: random.Random) -> list[list[str]]:
    """A steward's lines: two customers who are one, and a record that is somebody else's."""
    with duckdb.connect(str(home / "warehouse" / "warehouse.duckdb"), read_only=True) as session:
        records = session.execute(
            "select customer_id, source_system, source_person_key from identity.customer_links order by all"
        ).fetchall()
    people: dict[str, list[tuple[str, str]]] = {}
    for customer, *record in records:
        people.setdefault(customer, []).append((record[0], record[1]))
    one, other = rng.sample(sorted(people), 2)
    lines = [[day.isoformat(), "link", *people[one][0], *people[other][0], "one person"]]
    several = [customer for customer in sorted(people) if len(people[customer]) > 2 and customer not in (one, other)]
    if several:
        first, second, *_ = rng.sample(people[rng.choice(several)], 2)
        lines.append([day.isoformat(), "unlink", *first, *second, "two people"])
    return lines


def run_sequence(retailer: Path, folder: Path, seed: int, nights: int = 4, *, tell: bool = False) -> list[str]:
    """Play one sequence in `folder`; returns the tables that differ from those of one run over the same, none when all
    is well. `retailer` is a home with deliveries."""
    rng = random.Random(seed)
    dealt = deal(retailer / "landing", nights, rng)
    by_night, at_once = folder / "by_night", folder / "at_once"
    lines: list[list[str]] = []
    for night in range(nights):
        for delivery in dealt.deliveries:
            if delivery.night == night:
                _lay(by_night, delivery)
        if night:
            lines += decide(by_night, dt.date(2026, 10, 1) + dt.timedelta(days=night), rng)
        _write_decisions(by_night, lines)
        started = time.monotonic()
        omnivue("run", home=by_night)
        if tell:
            print(f"  sequence {seed}, night {night + 1} of {nights}: {time.monotonic() - started:.0f} s", flush=True)
    for delivery in dealt.deliveries:
        _lay(at_once, delivery)
    _write_decisions(at_once, lines)
    omnivue("run", home=at_once)
    different = differences(by_night, at_once)
    if tell:
        print(f"  sequence {seed}: {len(dealt.events)} irregular deliveries, {len(lines)} decisions, {different}")
    return different


def _lay(home: Path, delivery: Delivery) -> None:
    path = home / "landing" / delivery.path
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(delivery.content)


def _write_decisions(home: Path, lines: list[list[str]]) -> None:
    text = io.StringIO()
    csv.writer(text).writerows([[*DECISIONS, "reason"], *lines])
    (home / "decisions.csv").write_text(text.getvalue(), encoding="utf-8")
    (home / "settings.yaml").write_text("identity: {decisions: decisions.csv}\n", encoding="utf-8")


def differences(one: Path, other: Path) -> list[str]:
    """The tables whose cells differ; see the module for ids."""
    with duckdb.connect() as session:
        for name, home in (("one", one), ("other", other)):
            file = home / "published" / "current" / "omnivue.duckdb"
            session.execute(f"attach '{file}' as {name} (read_only)")
            session.execute(
                f"create table names_{name} as select customer_id, min(source_record_key) as named "
                f"from {name}.marts.bridge_customer_sources group by customer_id"
            )
        (renamed,) = session.execute("select count(*) from (from names_one except from names_other)").fetchone() or (0,)
        tables = session.execute(
            "select database_name, table_name from duckdb_tables() where schema_name = 'marts'"
        ).fetchall()
        sides = {name: {table for database, table in tables if database == name} for name in ("one", "other")}
        different = sorted(sides["one"] ^ sides["other"])
        for table in sorted((sides["one"] & sides["other"]) - OF_THE_WAY - (LEARNT_TABLES if renamed else set())):
            left_out = LEARNT_BY_ID.get(table, set()) | KEYS_OF_IDS.get(table, set()) if renamed else set()
            found = [
                session.execute(_fingerprint(session, name, table, left_out)).fetchone() for name in ("one", "other")
            ]
            if found[0] != found[1]:
                different.append(table)
    return different


def rows(home: Path, table: str) -> int:
    """How many rows a published table has."""
    with duckdb.connect(str(home / "published" / "current" / "omnivue.duckdb"), read_only=True) as session:
        (count,) = session.execute(f"select count(*) from marts.{table}").fetchone() or (0,)
        return int(count)


def _fingerprint(session: duckdb.DuckDBPyConnection, name: str, table: str, left_out: set[str]) -> str:
    """Rows and a sum of their hashes, each id replaced by the least of its records' keys."""
    columns = [column for column, *_ in session.execute(f"describe {name}.marts.{table}").fetchall()]
    ids = [column for column in columns if column.endswith("customer_id")]
    shown = ", ".join(
        f"coalesce(of_{column}.named, cells.{column}) as {column}" if column in ids else f'cells."{column}"'
        for column in columns
        if column not in left_out
    )
    joins = " ".join(f"left join names_{name} as of_{i} on of_{i}.customer_id = cells.{i}" for i in ids)
    rows = f"select {shown} from {name}.marts.{table} as cells {joins}"
    return f"select count(*), sum(cast(hash(source) as hugeint)) from ({rows}) as source"


def run(sequences: int, *, first_seed: int = 0, nights: int = 5, tell: bool = False) -> Row:
    """Play some sequences; a row for the table, `cases` the nights."""
    started, errors, notes = time.monotonic(), 0, []
    with tempfile.TemporaryDirectory(prefix="omnivue-nights-") as name:
        retailer = Path(name) / "retailer"
        omnivue("simulate", *SIZE, home=retailer)
        for seed in range(first_seed, first_seed + sequences):
            folder = Path(name) / f"sequence_{seed}"
            if different := run_sequence(retailer, folder, seed, nights, tell=tell):
                errors += 1
                notes.append(f"sequence {seed}: {', '.join(different)}")
            shutil.rmtree(folder)
    note = "; ".join(notes) or f"{sequences} sequences of {nights} nights equal to one run each"
    return Row("nights", errors=errors, cases=sequences * nights, seconds=time.monotonic() - started, note=note)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--sequences", type=int, default=5)
    parser.add_argument("--nights", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    arguments = parser.parse_args()
    row = run(arguments.sequences, first_seed=arguments.seed, nights=arguments.nights, tell=True)
    print(row.note)
    sys.exit(bool(row.errors))


if __name__ == "__main__":
    main()
