"""Which records a night has to look at: those that changed, and all that share a key or resemble them, and theirs."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Any

import pyarrow as pa

from dagster_project.identity.memory import RECORD, SEEN_SCHEMA, Memory
from dagster_project.identity.scratch import open_scratch

_NAME = ", ".join(RECORD)


def _node(suffix: str = "") -> str:
    """A record's number, of the columns of its name."""
    return f"hash({', '.join(name + suffix for name in RECORD)})"


class Neighbourhood:
    """A growing set of records: first the changed ones, then what `grow` reaches over the bonds they share."""

    def __init__(self, records: pa.Table, memory: Memory | None) -> None:
        """`records`: one row per (source_system, source_person_key). Raises ValueError when a record is there twice."""
        self._connection = open_scratch()
        self._records = records
        self._connection.register("records", records)
        said = ", ".join(column for column in records.column_names if column not in RECORD)
        self._run(
            f"create table now as select {_NAME}, {_node()} as node, (hash({said}) >> 1)::bigint as fingerprint,"
            " row_number() over () - 1 as position from records"
        )
        self._refuse_repeated()
        self._run("create table bonds (node ubigint, bond ubigint)")
        self._run("create table reached (node ubigint)")
        if memory is None:
            self._run("insert into reached select node from now")
            self._run(f"create table before as select {_NAME}, 0::ubigint as node from now limit 0")
            return
        self._connection.register("seen", memory.seen_records)
        self._run(f"create table before as select {_NAME}, {_node()} as node, fingerprint from seen")
        self._run(
            """
            insert into reached
            select node from now anti join before using (node, fingerprint)
            union
            select node from before anti join now using (node, fingerprint)
            """
        )

    def __enter__(self) -> Neighbourhood:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._connection.close()

    def records(self) -> pa.Table:
        """Its records that are delivered, in the order given."""
        found = self._table("select position from now semi join reached using (node) order by position")
        return self._records if found.num_rows == self._records.num_rows else self._records.take(found["position"])

    def names(self) -> pa.Table:
        """The names of all its records, those no longer delivered included."""
        return self._table(
            f"select {_NAME} from now semi join reached using (node) union "
            f"select {_NAME} from before semi join reached using (node)"
        )

    def seen(self) -> pa.Table:
        """The fingerprints of its delivered records, SEEN_SCHEMA."""
        found = self._table(f"select {_NAME}, fingerprint from now semi join reached using (node) order by {_NAME}")
        return found.cast(SEEN_SCHEMA)

    def bind(self, bonds: pa.Table, by: Sequence[str]) -> None:
        """Records bear bonds: rows with a record's name and the columns `by`; records with an equal bond are
        neighbours."""
        self._connection.register("borne", bonds)
        self._run(f"insert into bonds select {_node()}, hash({', '.join(by)}) from borne")
        self._connection.unregister("borne")

    def bind_pairs(self, pairs: pa.Table) -> None:
        """The two records of a row, `_a` and `_b`, are neighbours."""
        self._connection.register("paired", pairs)
        ends = [_node(f"_{side}") for side in "ab"]
        for end in ends:
            self._run(f"insert into bonds select {end}, hash({', '.join(ends)}) from paired")
        self._connection.unregister("paired")

    def add_pairs(self, pairs: pa.Table) -> None:
        """Take both records of these pairs in; they are neighbours."""
        self.bind_pairs(pairs)
        self._connection.register("paired", pairs)
        for side in "ab":
            node = _node(f"_{side}")
            self._run(f"insert into reached select distinct {node} from paired anti join reached on node = {node}")
        self._connection.unregister("paired")

    def grow(self) -> None:
        """Take in the neighbours of its records, and theirs, as far as bonds lead."""
        self._run("create or replace table frontier as select node from reached")
        while self._run("select count(*) from frontier")[0][0]:
            self._run(
                """
                create or replace table frontier as
                select distinct node from bonds semi join (select bond from bonds semi join frontier using (node))
                using (bond) anti join reached using (node)
                """
            )
            self._run("insert into reached select node from frontier")

    def inside(self, rows: pa.Table, but: pa.Table | None = None) -> pa.Table:
        """The rows that bear the name of one of its records, and none of the names in `but`."""
        self._connection.register("rows", rows)
        query = f"from rows semi join reached on reached.node = {_node()}"
        if but is not None:
            self._connection.register("but", but)
            query += f" anti join but using ({_NAME})"
        found = self._table(f"select rows.* {query}")
        self._connection.unregister("rows")
        return found.cast(rows.schema)

    def pairs_inside(self, pairs: pa.Table) -> pa.Table:
        """The pairs of two of its records."""
        self._connection.register("paired", pairs)
        one, other = (_node(f"_{side}") for side in "ab")
        found = self._table(f"from paired semi join reached on reached.node = {one}").cast(pairs.schema)
        self._connection.register("paired", found)
        found = self._table(f"from paired semi join reached on reached.node = {other}").cast(pairs.schema)
        self._connection.unregister("paired")
        return found

    def concerning(self, decisions: pa.Table) -> pa.Table:
        """The decisions on two of its records, and those on a record that is not delivered."""
        if not decisions.num_rows:
            return decisions
        self._connection.register("decided", decisions)
        one, other = (_node(f"_{side}") for side in "ab")
        found = self._table(
            f"""
            select * from (select *, row_number() over () as place from decided)
            where ({one} in (select node from reached) and {other} in (select node from reached))
                or {one} not in (select node from now) or {other} not in (select node from now)
            order by place
            """
        )
        self._connection.unregister("decided")
        return found.select(decisions.column_names).cast(decisions.schema)

    def delivered(self, decisions: pa.Table) -> list[bool]:
        """Per decision, whether both of its records are delivered."""
        if not decisions.num_rows:
            return []
        self._connection.register("decided", decisions)
        one, other = (_node(f"_{side}") for side in "ab")
        answer = self._run(
            f"select {one} in (select node from now) and {other} in (select node from now)"
            " from (select *, row_number() over () as place from decided) order by place"
        )
        self._connection.unregister("decided")
        return [there for (there,) in answer]

    def _refuse_repeated(self) -> None:
        repeated = self._run(
            "select source_system, count(*) - count(distinct node) as times from now group by all having times > 0"
            " order by source_system"
        )
        if repeated:
            raise ValueError(
                f"customer records: {sum(times for _, times in repeated)} rows repeat a (source_system, "
                f"source_person_key) of {', '.join(system for system, _ in repeated)}; one row per record is expected"
            )

    def _run(self, query: str) -> list[tuple[Any, ...]]:
        answer: list[tuple[Any, ...]] = self._connection.execute(query).fetchall()
        return answer

    def _table(self, query: str) -> pa.Table:
        return self._connection.execute(query).to_arrow_table()
