"""A contract's columns as SQL: the typed value, and whether the delivered value breaks the contract.

Every reader hands over one *delivered* expression per column and says how it is typed (`Delivered.kind`); what
is built here is the same for all of them. Only SQL text is made here, nothing is executed.

A value breaks the contract by type (it is there, but its typed value is not), by absence (`required`), or by
rule (`valid_values`, `minimum`, `maximum`, `pattern`, a year from 1 to 9999). Text is kept as delivered, blanks
around it included; a text of blanks alone counts as absent for `required`. Numbers must fit exactly: 12.345 is no
DECIMAL(12,2), 1.5 is no BIGINT, and "12.50" is no number where the decimal mark is a comma.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from dagster_project.ingestion.date_formats import date_format
from data_quality.contract import Column, Contract, Dialect

_INTEGERS = {"TINYINT", "SMALLINT", "INTEGER", "BIGINT", "HUGEINT"}
_FLOATS = {"FLOAT", "DOUBLE"}
_LAST = {"DATE": "9999-12-31", "TIMESTAMP": "9999-12-31 23:59:59.999999"}


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def literal(value: str) -> str:
    """An SQL text literal."""
    return "'" + value.replace("'", "''") + "'"


def is_blank(text: str) -> str:
    """SQL: the text is null, empty, or blanks. Only what begins with a blank is trimmed, which is slow."""
    return f"case when {text} is null then true when {text} < '!' then trim({text}) = '' else false end"


@dataclass(frozen=True)
class Delivered:
    """A column as a reader delivers it: `text` (VARCHAR), `json` (a nested value whose leaves are text), or
    `typed`.

    `source_type` is the DuckDB type of a typed value. `container` (json) is SQL that is true when the delivered
    value is there but is neither object nor array where the contract wants one; `json` is then its text.
    """

    sql: str
    kind: Literal["text", "json", "typed", "absent"]
    source_type: str = "VARCHAR"
    container: str | None = None
    json: str = "null"


@dataclass(frozen=True)
class Rule:
    """One way a column can break the contract: SQL that is true then, and SQL text saying so."""

    breaks: str
    reason: str


@dataclass(frozen=True)
class ColumnSql:
    """SQL of one column. `typed` reads `delivered`; `rules` read the typed value as `value` and the delivered
    as `delivered`.
    """

    column: Column
    delivered: Delivered
    dialect: Dialect

    @property
    def value(self) -> str:
        return quoted(f"v_{self.column.name}")

    @property
    def raw(self) -> str:
        return quoted(f"d_{self.column.name}")

    @property
    def shown(self) -> str:
        """The delivered value as text, for messages."""
        if self.delivered.kind == "text":
            return self.raw
        text = f"cast({self.raw} as VARCHAR)"
        if self.delivered.container is None:
            return text
        return f"case when {self.delivered.container} then cast({self.delivered.json} as VARCHAR) else {text} end"

    @cached_property
    def typed(self) -> str:
        """The typed value as an expression over the delivered column `raw`."""
        column, raw = self.column, self.raw
        if self.delivered.kind == "absent":
            return f"cast(null as {column.type})"
        if self.delivered.kind == "typed" and self.delivered.source_type != "VARCHAR":
            return _typed_from_typed(column, raw, self.delivered.source_type)
        if self.delivered.kind == "json":
            return f"try_cast({raw} as {column.type})"
        if column.is_text:
            return raw
        if column.is_nested:
            wanted = literal(json.dumps(structure(column.type)))
            return f"case when json_valid({raw}) then json_transform({raw}, {wanted}) end"
        if column.type in ("DATE", "TIMESTAMP"):
            return _date_from_text(column, raw)
        if column.type == "BOOLEAN":
            return f"try_cast({raw} as BOOLEAN)"
        return _number_from_text(column, raw, self.dialect)

    @cached_property
    def rules(self) -> list[Rule]:
        column, raw, value = self.column, self.raw, self.value
        if self.delivered.kind == "absent":
            return []
        rules = []
        shown = f"'holds ''' || left({self.shown}, 100) || ''', '"
        wanted = literal(f"not {_describe_type(column, self.dialect)}")
        if broken := self._type_breaks():
            rules.append(Rule(broken, f"{shown} || {wanted}"))
        if column.type in _LAST:
            # DuckDB knows infinity and the year 290000, which nothing downstream does.
            wanted = literal(f"a {column.type.lower()} outside the years 1 to 9999")
            breaks = f"({value} < '0001-01-01'::{column.type} or {value} > '{_LAST[column.type]}'::{column.type})"
            rules.append(Rule(breaks, f"{shown} || {wanted}"))
        if column.required:
            is_text = self.delivered.kind != "json" and self.delivered.source_type == "VARCHAR"
            absent = is_blank(raw) if is_text else f"{raw} is null"
            rules.append(Rule(f"({absent})", literal("is empty, but required")))
        if column.valid_values:
            # Not `in (...)`: DuckDB turns a longer list into a join, and the table made from it loses the files' order.
            known = " ".join(f"when {literal(item)} then false" for item in column.valid_values)
            wanted = literal("none of " + ", ".join(column.valid_values))
            rules.append(
                Rule(
                    f"case when {value} is null then false else case {value} {known} else true end end",
                    f"{shown} || {wanted}",
                )
            )
        if column.minimum is not None:
            bound = f"cast({literal(column.minimum)} as {column.type})"
            rules.append(Rule(f"{value} < {bound}", f"{shown} || {literal(f'less than {column.minimum}')}"))
        if column.maximum is not None:
            bound = f"cast({literal(column.maximum)} as {column.type})"
            rules.append(Rule(f"{value} > {bound}", f"{shown} || {literal(f'more than {column.maximum}')}"))
        if column.pattern is not None:
            pattern = literal(column.pattern)
            rules.append(
                Rule(f"not regexp_matches({value}, {pattern})", f"{shown} || {literal(f'not like {column.pattern}')}")
            )
        return rules

    def _type_breaks(self) -> str | None:
        column, raw, value = self.column, self.raw, self.value
        if self.delivered.kind == "json":
            parts = [self.delivered.container] if self.delivered.container else []
            if leaves := _leaf_breaks(raw, value, column.type):
                parts.append(leaves)
            return "(" + " or ".join(parts) + ")" if parts else None
        if column.is_text:
            return None
        if self.delivered.kind == "text" or self.delivered.source_type == "VARCHAR":
            return f"case when {raw} is not null and {value} is null then trim({raw}) <> '' else false end"
        return f"({raw} is not null and {value} is null)"


def column_sql(contract: Contract, delivered: dict[str, Delivered], dialect: Dialect) -> list[ColumnSql]:
    """The contract's columns in its order; those a reader does not deliver are absent (typed null)."""
    return [
        ColumnSql(column, delivered.get(column.name, Delivered("null", "absent")), dialect)
        for column in contract.columns
    ]


def first_broken(columns: list[ColumnSql]) -> str:
    """SQL: name of the first column in contract order that breaks the contract, null when none does."""
    whens = [f"when {rule.breaks} then {literal(sql.column.name)}" for sql in columns for rule in sql.rules]
    return f"case {' '.join(whens)} end" if whens else "cast(null as VARCHAR)"


def all_reasons(columns: list[ColumnSql]) -> str:
    """SQL: every breach of the row, first column first, as `column 'total' holds 'abc', not a ...; column ...`."""
    parts = [
        f"case when {rule.breaks} then {prefix} || {rule.reason} end"
        for sql in columns
        for prefix in [literal(f"column '{sql.column.name}' ")]
        for rule in sql.rules
    ]
    return f"concat_ws('; ', {', '.join(parts)})" if parts else "cast(null as VARCHAR)"


def structure(type_: str, *, leaves: str | None = None) -> object:
    """A DuckDB type as `json_transform` wants it; `leaves` overrides the type of every leaf."""
    type_ = type_.strip()
    if type_.endswith("[]"):
        return [structure(type_[:-2], leaves=leaves)]
    if type_.upper().startswith("STRUCT"):
        return {name: structure(child, leaves=leaves) for name, child in struct_fields(type_)}
    return leaves or type_


def struct_fields(type_: str) -> list[tuple[str, str]]:
    """Names and types of a STRUCT's fields: `STRUCT(a BIGINT, b STRUCT(c VARCHAR))` -> [(a, BIGINT), (b,
    STRUCT(...))].
    """
    body = type_[type_.index("(") + 1 : type_.rindex(")")]
    parts, depth, start = [], 0, 0
    for position, character in enumerate(body):
        depth += (character == "(") - (character == ")")
        if character == "," and depth == 0:
            parts.append(body[start:position])
            start = position + 1
    parts.append(body[start:])
    fields = []
    for part in parts:
        name, _, child = part.strip().partition(" ")
        fields.append((name.strip('"'), child.strip()))
    return fields


def _leaf_breaks(raw: str, value: str, type_: str, depth: int = 0) -> str | None:
    """SQL: some leaf is delivered but has no typed value. None when every leaf is text."""
    if type_.endswith("[]"):
        pair = f"x{depth}"
        inner = _leaf_breaks(f"{pair}[1]", f"{pair}[2]", type_[:-2], depth + 1)
        if inner is None:
            return None
        return f"coalesce(len(list_filter(list_zip({raw}, {value}), lambda {pair}: {inner})) > 0, false)"
    if type_.startswith("STRUCT"):
        parts = [
            part
            for name, child in struct_fields(type_)
            if (part := _leaf_breaks(f"{raw}.{quoted(name)}", f"{value}.{quoted(name)}", child, depth)) is not None
        ]
        return "(" + " or ".join(parts) + ")" if parts else None
    if type_ == "VARCHAR":
        return None
    return f"({raw} is not null and {value} is null)"


def _describe_type(column: Column, dialect: Dialect) -> str:
    article = "an" if column.type[0] in "AEIOU" else "a"
    if column.format is not None:
        return f"{article} {column.type.lower()} like {column.format}"
    if column.logical_type in ("integer", "number"):
        marks = []
        if dialect.decimal_separator != ".":
            marks.append(f"decimal mark '{dialect.decimal_separator}'")
        if dialect.thousands_separator:
            marks.append(f"thousands mark '{dialect.thousands_separator}'")
        return f"{article} {column.type.lower()}" + (f" with {' and '.join(marks)}" if marks else "")
    return f"{article} {column.type.lower()}"


def _date_from_text(column: Column, raw: str) -> str:
    """DATE, or TIMESTAMP in UTC. Blanks around a value are cut off only when it has the wrong length as it is: trimming
    every value would take longer than reading the dates."""
    trimmed = _date_branch(column, f"trim({raw})")
    parsed = f"coalesce({_date_branch(column, raw)}, case when {raw} is not null then {trimmed} end)"
    if column.type == "DATE":
        return f"cast({parsed} as DATE)"
    has_offset = column.has_offset if column.format is None else date_format(column.format).has_offset
    return f"timezone('UTC', {parsed})" if has_offset else _to_utc(parsed, column.time_zone)


def _date_branch(column: Column, text: str) -> str:
    """DATE and TIMESTAMP as they stand, or TIMESTAMPTZ when the value carries an offset; null when it is none."""
    if column.format is None:
        if column.type == "DATE":
            return f"case when strlen({text}) = 10 then try_cast({text} as DATE) end"
        return f"try_cast({text} as {'TIMESTAMPTZ' if column.has_offset else 'TIMESTAMP'})"
    known = date_format(column.format)
    formats = ", ".join(literal(item) for item in known.formats)
    formats = f"[{formats}]" if len(known.formats) > 1 else formats
    whens = f"when strlen({text}) in ({', '.join(map(str, known.lengths))}) then try_strptime({text}, {formats})"
    if known.zulu_lengths:
        zulu = ", ".join(map(str, known.zulu_lengths))
        parse = (
            f"try_cast({text} as TIMESTAMPTZ)"
            if known.is_iso
            else f"try_strptime(left({text}, -1) || '+00:00', {formats})"
        )
        whens = f"when strlen({text}) in ({zulu}) and suffix({text}, 'Z') then {parse} {whens}"
    return f"case {whens} end"


def _to_utc(timestamp: str, zone: str) -> str:
    return timestamp if zone in ("UTC", "Etc/UTC") else f"timezone('UTC', timezone({literal(zone)}, {timestamp}))"


def _number_from_text(column: Column, raw: str, dialect: Dialect) -> str:
    text = raw
    decimal, thousands = dialect.decimal_separator, dialect.thousands_separator
    if thousands:
        mark, point = re.escape(thousands), re.escape(decimal)
        grouped = literal(rf"\s*[+-]?\d{{1,3}}({mark}\d{{3}})*({point}\d*)?\s*")
        text = (
            f"case when not contains({raw}, {literal(thousands)}) then {raw} "
            f"when regexp_full_match({raw}, {grouped}) then replace({raw}, {literal(thousands)}, '') end"
        )
    if decimal != ".":
        without_point = f"case when contains({raw}, '.') then null else {text} end" if thousands != "." else text
        text = f"replace({without_point}, {literal(decimal)}, '.')"
    type_ = column.type
    if type_ in _FLOATS:
        cast = f"try_cast({text} as {type_})"
        return f"case when isfinite({cast}) then {cast} end"
    if type_ in _INTEGERS:
        # try_cast rounds fractions and reads exponents and underscores: what does not read back as it was written takes
        # the exact way.
        plain = f"try_cast({text} as {type_})"
        exact = f"try_cast({text} as DECIMAL(38, 9))"
        return (
            f"case when cast({plain} as VARCHAR) = {raw} then {plain} "
            f"when not regexp_matches({raw}, '[eE_]') and {exact} = trunc({exact}) "
            f"then try_cast({exact} as {type_}) end"
        )
    scale = _scale(type_)
    exact = f"try_cast({text} as DECIMAL(38, {min(scale + 6, 20)}))"
    return (
        f"case when strpos({text}, '.') = 0 or strlen({text}) - strpos({text}, '.') <= {scale} "
        f"then try_cast({text} as {type_}) "
        f"when {exact} = try_cast({text} as {type_}) then try_cast({text} as {type_}) end"
    )


def _scale(type_: str) -> int:
    match = re.fullmatch(r"DECIMAL\s*\(\s*\d+\s*,\s*(\d+)\s*\)", type_)
    return int(match[1]) if match else 3


def _typed_from_typed(column: Column, raw: str, source: str) -> str:
    """From a value that already has a type (Parquet, XLSX through Arrow, mapping SQL)."""
    type_ = column.type
    is_float = source in _FLOATS or source.startswith("DECIMAL")
    if type_ == "VARCHAR":
        # 13085.0, the way identifiers come out of a spreadsheet or a pandas column with gaps, is 13085.
        if source in _FLOATS:
            whole = f"cast(try_cast({raw} as HUGEINT) as VARCHAR)"
            return f"coalesce(case when {raw} = trunc({raw}) then {whole} end, cast({raw} as VARCHAR))"
        return f"cast({raw} as VARCHAR)"
    if type_ in _FLOATS:
        cast = f"try_cast({raw} as {type_})"
        return f"case when isfinite({cast}) then {cast} end"
    if type_ in _INTEGERS and is_float:
        return f"case when {raw} = trunc({raw}) then try_cast({raw} as {type_}) end"
    if type_.startswith("DECIMAL") and is_float:
        cast = f"try_cast({raw} as {type_})"
        tolerance = 10.0 ** -(_scale(type_) + 4)
        return f"case when abs({cast} - {raw}) <= {tolerance:.12f} then {cast} end"
    if type_ == "TIMESTAMP" and source == "TIMESTAMP WITH TIME ZONE":
        return f"timezone('UTC', {raw})"
    if type_ == "TIMESTAMP" and source.startswith("TIMESTAMP"):
        return _to_utc(f"cast({raw} as TIMESTAMP)", column.time_zone)
    return f"try_cast({raw} as {type_})"
