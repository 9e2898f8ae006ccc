"""Contracts: one channel's promise, read from an ODCS v3 file into plain frozen values.

Here: loading, validating and asking. What a contract means for a file is the ingestion's business; what it means for a
table is the suites'. The standard's own fields are used where it has them; the rest stands in `customProperties`:

- `filePattern`: regular expression of the file name, with groups `date` (year, month, day) and maybe `kind`
- `delivery`: `snapshot` or `increment`, or one of them per `kind`, as `{full: snapshot, changes: increment}`
- `delimiter`, `quote`: CSV marks; comma and double quote by default
- `decimalSeparator`, `thousandsSeparator`: marks inside numbers; point and none by default
- `skipLines`: lines before the header
- `footerPattern`: regular expression of the line that closes the file; a file without it is incomplete
- `sheet`: XLSX sheet; the first by default
- `maxRejectedShare`: share of a batch's rows in [0, 1] that may break the contract before the run fails
- `mapTo`, `mapping`: a mapping extract: the contract whose table the rows also become, and the SQL file beside this
  contract that says how; for several, `mapTo` alone as a map `{<extract>: <file.sql>, ...}`
"""

from __future__ import annotations

import datetime as dt
import hashlib
import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal, cast
from zoneinfo import ZoneInfo

import yaml
from open_data_contract_standard.model import OpenDataContractStandard, SchemaProperty
from pydantic import ValidationError

CONTRACTS_DIR = Path(__file__).with_name("contracts")
SUFFIX = ".odcs.yaml"

Format = Literal["csv", "json", "parquet", "xlsx"]
DeliveryKind = Literal["snapshot", "increment"]
Classification = Literal["public", "internal", "personal", "sensitive"]

_FORMATS: tuple[Format, ...] = ("csv", "json", "parquet", "xlsx")
_CLASSES: tuple[Classification, ...] = ("public", "internal", "personal", "sensitive")
_DAYS_PER_UNIT = {"d": 1, "day": 1, "days": 1, "m": 31, "months": 31, "y": 365, "yr": 365, "years": 365}
_CUSTOM = {
    "filePattern", "delivery", "delimiter", "quote", "decimalSeparator", "thousandsSeparator", "skipLines",
    "footerPattern", "sheet", "maxRejectedShare", "mapTo", "mapping",
}  # fmt: skip


class ContractError(ValueError):
    """A contract that cannot be used; the message names file, place, value and remedy."""


@dataclass(frozen=True)
class Column:
    """One column: `header` in the file, `name` and DuckDB `type` in the lake.

    `format` is a JDK date pattern; without one, ISO 8601. `time_zone` is the zone of timestamps that carry no offset of
    their own. Bounds are inclusive, in the column's own unit. `key_position` counts from 1.
    """

    name: str
    header: str
    type: str
    logical_type: str
    description: str
    classification: Classification
    required: bool = False
    key_position: int | None = None
    format: str | None = None
    has_offset: bool = False
    time_zone: str = "UTC"
    minimum: str | None = None
    maximum: str | None = None
    pattern: str | None = None
    valid_values: tuple[str, ...] = ()
    unit: str | None = None

    @property
    def is_text(self) -> bool:
        return self.type == "VARCHAR"

    @property
    def is_nested(self) -> bool:
        return self.type.endswith("[]") or self.type.startswith("STRUCT")


@dataclass(frozen=True)
class Dialect:
    """How the bytes of a file become rows."""

    format: Format
    encoding: str = "utf-8"
    delimiter: str = ","
    quote: str = '"'
    decimal_separator: str = "."
    thousands_separator: str = ""
    skip_lines: int = 0
    footer_pattern: str | None = None
    sheet: str | None = None


@dataclass(frozen=True)
class Delivery:
    """What a file's name says: `key` names the delivery, a later file of the same key replaces an earlier one."""

    key: str
    kind: DeliveryKind
    business_date: dt.date


@dataclass(frozen=True)
class Contract:
    """One extract's promise.

    `latency_days` is counted from business date to arrival, `frequency_days` from one delivery to the next.
    """

    id: str
    name: str
    version: str
    domain: str
    owner: str
    description: str
    grain: str
    columns: tuple[Column, ...]
    dialects: tuple[Dialect, ...]
    file_pattern: str
    delivery_kinds: Mapping[str, DeliveryKind]
    frequency_days: int
    latency_days: int
    retention_days: int
    max_rejected_share: float | None
    mappings: Mapping[str, str]
    file: Path

    @property
    def key(self) -> tuple[Column, ...]:
        """The primary key's columns in their order; empty where equal rows are different facts."""
        keys = [column for column in self.columns if column.key_position is not None]
        return tuple(sorted(keys, key=lambda column: column.key_position or 0))

    @property
    def told(self) -> frozenset[str]:
        """The columns whose values may be shown: neither personal nor text that anything may stand in, nor a key."""
        return frozenset(
            column.name
            for column in self.columns
            if column.classification in ("public", "internal")
            and column.key_position is None
            and (column.valid_values or not column.is_text)
        )

    @property
    def required(self) -> tuple[Column, ...]:
        return tuple(column for column in self.columns if column.required)

    @property
    def personal(self) -> tuple[Column, ...]:
        """Columns about a person: classified personal or sensitive."""
        return tuple(column for column in self.columns if column.classification in ("personal", "sensitive"))

    def column(self, name: str) -> Column:
        """Raises KeyError when the contract has no such column."""
        for column in self.columns:
            if column.name == name:
                return column
        raise KeyError(f"{self.id}: no column '{name}'; its columns are {', '.join(c.name for c in self.columns)}")

    def delivery(self, file_name: str) -> Delivery | None:
        """What the file's name says, or None when it does not match `filePattern` or holds no such day."""
        match = re.search(self.file_pattern, file_name)
        if match is None:
            return None
        digits = re.sub(r"\D", "", match["date"])
        try:
            day = dt.date(int(digits[:4]), int(digits[4:6]), int(digits[6:8]))
        except ValueError:
            return None
        kind = self.delivery_kinds.get(match.groupdict().get("kind") or "")
        if kind is None or len(digits) != 8:
            return None
        return Delivery(_stem(file_name), kind, day)

    def dialect(self, file_name: str) -> Dialect:
        """The dialect of a file: that of the server whose format its extension names, else the first."""
        suffixes = {suffix.lower() for suffix in Path(file_name).suffixes}
        for dialect in self.dialects:
            if suffixes & _EXTENSIONS[dialect.format]:
                return dialect
        return self.dialects[0]

    def mapping_sql(self, target: str) -> str:
        """The SQL (`select ... from source`) that makes rows of contract `target` from this extract's rows.

        Raises ContractError when the file cannot be read.
        """
        path = self.file.parent / self.mappings[target]
        try:
            return path.read_text(encoding="utf-8").strip().rstrip(";")
        except OSError as error:
            raise ContractError(
                f"{self.file}: mapping '{self.mappings[target]}' to '{target}' cannot be read ({error.strerror}): "
                f"put the SQL file beside the contract"
            ) from error

    @property
    def layout(self) -> str:
        """Hash of all a loaded value depends on (columns, types, formats, dialect), not of the rules for rows."""
        columns = [(c.name, c.header, c.type, c.format, c.has_offset, c.time_zone) for c in self.columns]
        described = json.dumps([columns, [asdict(dialect) for dialect in self.dialects]])
        return hashlib.sha256(described.encode()).hexdigest()[:16]


_EXTENSIONS: dict[Format, set[str]] = {
    "csv": {".csv", ".tsv", ".txt"},
    "json": {".json", ".jsonl", ".ndjson"},
    "parquet": {".parquet"},
    "xlsx": {".xlsx", ".xls", ".ods"},
}
_PACKING = {".gz", ".zst"}


def _stem(file_name: str) -> str:
    """The name without packing and format extensions: `events_20241105.jsonl.gz` -> `events_20241105`."""
    path = Path(file_name)
    if path.suffix.lower() in _PACKING:
        path = path.with_suffix("")
    if any(path.suffix.lower() in known for known in _EXTENSIONS.values()):
        path = path.with_suffix("")
    return path.name


def load_contracts(folders: Iterable[Path] = (CONTRACTS_DIR,)) -> dict[str, Contract]:
    """Every `*.odcs.yaml` of the folders by id, in order of id; a later folder overrides an earlier one's contract.

    A folder that does not exist is an empty one. Raises ContractError for the first contract that cannot be used, also
    when a mapping names a contract that none of the folders has.
    """
    contracts: dict[str, Contract] = {}
    for folder in folders:
        for file in sorted(folder.glob(f"*{SUFFIX}")):
            contract = load_contract(file)
            contracts[contract.id] = contract
    for contract in contracts.values():
        for target in contract.mappings:
            if target not in contracts:
                raise ContractError(
                    f"{contract.file}: mapTo names '{target}', which no contract has; "
                    f"known are {', '.join(sorted(contracts))}"
                )
    return dict(sorted(contracts.items()))


def load_contract(file: Path) -> Contract:
    """One contract. Raises ContractError naming the file, the place in it, the value and the remedy."""
    try:
        content = yaml.safe_load(file.read_text(encoding="utf-8"))
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ContractError(f"{file}: not valid YAML: {error}") from error
    if not isinstance(content, dict):
        raise ContractError(f"{file}: expected an ODCS data contract, got {type(content).__name__}")
    try:
        document = OpenDataContractStandard.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"])
        raise ContractError(f"{file}: {where} holds {first.get('input')!r}: {first['msg']}; see ODCS v3") from error
    return _Reader(file, document).contract()


class _Reader:
    """Turns one ODCS document into a Contract, naming the place of whatever is amiss."""

    def __init__(self, file: Path, document: OpenDataContractStandard) -> None:
        self.file = file
        self.document = document
        self.custom = {str(item.property): item.value for item in document.customProperties or []}

    def fail(self, place: str, message: str) -> ContractError:
        return ContractError(f"{self.file}: {place}: {message}")

    def contract(self) -> Contract:
        document = self.document
        name = self.file.name.removesuffix(SUFFIX)
        if document.id != name:
            raise self.fail("id", f"is '{document.id}', the file's name says '{name}'; make them equal")
        if re.fullmatch(r"[a-z][a-z0-9_]*", name) is None:
            raise self.fail("id", f"'{name}' is no extract name; use lower case letters, digits and underscores")
        if not document.schema_ or len(document.schema_) != 1:
            raise self.fail("schema", f"holds {len(document.schema_ or [])} objects; an extract has exactly one")
        if unknown := sorted(set(self.custom) - _CUSTOM):
            raise self.fail("customProperties", f"'{unknown[0]}' is not known; known are {', '.join(sorted(_CUSTOM))}")
        table = document.schema_[0]
        columns = tuple(self.column(prop) for prop in table.properties or [])
        self.check_columns(columns)
        description = document.description
        team = document.team
        return Contract(
            id=name,
            name=document.name or name,
            version=document.version or "",
            domain=document.domain or "",
            owner=(None if team is None or isinstance(team, list) else team.name) or "",
            description=" ".join(
                part for part in (description.purpose, description.usage, description.limitations) if part
            ) if description else "",
            grain=table.dataGranularityDescription or "",
            columns=columns,
            dialects=self.dialects(),
            file_pattern=self.file_pattern(),
            delivery_kinds=self.delivery_kinds(),
            frequency_days=self.days("frequency"),
            latency_days=self.days("latency"),
            retention_days=self.days("retention"),
            max_rejected_share=self.share(),
            mappings=self.mappings(),
            file=self.file,
        )  # fmt: skip

    def column(self, prop: SchemaProperty) -> Column:
        place = f"schema.properties.{prop.name}"
        if not prop.name or re.fullmatch(r"[a-z][a-z0-9_]*", prop.name) is None:
            raise self.fail(
                place, f"'{prop.name}' is no column name; use snake_case, the file's header goes to physicalName"
            )
        if not prop.physicalType or not prop.logicalType:
            raise self.fail(place, "needs logicalType (ODCS) and physicalType (DuckDB)")
        if prop.classification not in _CLASSES:
            raise self.fail(place, f"classification is '{prop.classification}', use one of {', '.join(_CLASSES)}")
        if not prop.description:
            raise self.fail(place, "has no description; say what the column means, its unit and what empty means")
        options = prop.logicalTypeOptions or {}
        zone = str(options.get("defaultTimezone", "UTC"))
        try:
            ZoneInfo(zone)
        except (KeyError, ValueError) as error:
            raise self.fail(place, f"defaultTimezone '{zone}' is not an IANA time zone such as Europe/Paris") from error
        pattern = options.get("pattern")
        if pattern is not None:
            self.compiled(place, pattern)
        custom = {str(item.property): item.value for item in prop.customProperties or []}
        return Column(
            name=prop.name,
            header=prop.physicalName or prop.name,
            type=" ".join(prop.physicalType.split()),
            logical_type=prop.logicalType,
            description=prop.description,
            classification=cast(Classification, prop.classification),
            required=bool(prop.required),
            key_position=(prop.primaryKeyPosition or 1) if prop.primaryKey else None,
            format=options.get("format") if prop.logicalType in ("date", "timestamp", "time") else None,
            has_offset=bool(options.get("timezone", False)),
            time_zone=zone,
            minimum=None if options.get("minimum") is None else str(options["minimum"]),
            maximum=None if options.get("maximum") is None else str(options["maximum"]),
            pattern=pattern,
            valid_values=_valid_values(prop),
            unit=None if custom.get("unit") is None else str(custom["unit"]),
        )

    def check_columns(self, columns: tuple[Column, ...]) -> None:
        if not columns:
            raise self.fail("schema.properties", "is empty; list the extract's columns")
        for what, values in (
            ("name", [column.name for column in columns]),
            ("physicalName", [column.header.strip().casefold() for column in columns]),
        ):
            twice = sorted({value for value in values if values.count(value) > 1})
            if twice:
                raise self.fail("schema.properties", f"{what} '{twice[0]}' stands twice; columns are told apart by it")
        positions = sorted(column.key_position for column in columns if column.key_position is not None)
        if positions != list(range(1, len(positions) + 1)):
            raise self.fail("schema.properties", f"primaryKeyPosition holds {positions}; count from 1 without gaps")
        if optional := [column.name for column in columns if column.key_position is not None and not column.required]:
            raise self.fail(
                f"schema.properties.{optional[0]}", "is part of the key but not required; set required: true"
            )

    def dialects(self) -> tuple[Dialect, ...]:
        dialects = []
        for server in self.document.servers or []:
            if server.format not in _FORMATS:
                raise self.fail(
                    f"servers.{server.server}", f"format '{server.format}' is none of {', '.join(_FORMATS)}"
                )
            encoding = server.encoding or "utf-8"
            try:
                "".encode(encoding)
            except LookupError as error:
                raise self.fail(f"servers.{server.server}", f"encoding '{encoding}' is not known to Python") from error
            dialect = Dialect(
                format=cast(Format, server.format),
                encoding=encoding.lower(),
                delimiter=str(server.delimiter or self.custom.get("delimiter", ",")),
                quote=str(self.custom.get("quote", '"')),
                decimal_separator=str(self.custom.get("decimalSeparator", ".")),
                thousands_separator=str(self.custom.get("thousandsSeparator", "")),
                skip_lines=int(str(self.custom.get("skipLines", 0))),
                footer_pattern=self.custom.get("footerPattern"),
                sheet=self.custom.get("sheet"),
            )
            if len(dialect.delimiter) != 1 or len(dialect.quote) > 1:
                raise self.fail("customProperties", "delimiter and quote are single characters")
            if dialect.decimal_separator == dialect.thousands_separator:
                raise self.fail("customProperties", "decimalSeparator and thousandsSeparator are the same mark")
            if dialect.footer_pattern is not None:
                self.compiled("customProperties.footerPattern", dialect.footer_pattern)
            dialects.append(dialect)
        if not dialects:
            raise self.fail("servers", "is empty; say the files' format and encoding")
        return tuple(dialects)

    def compiled(self, place: str, pattern: str) -> re.Pattern[str]:
        try:
            return re.compile(pattern)
        except re.error as error:
            raise self.fail(place, f"'{pattern}' is no regular expression: {error}") from error

    def file_pattern(self) -> str:
        pattern = self.custom.get("filePattern")
        if not isinstance(pattern, str):
            raise self.fail(
                "customProperties.filePattern", "is missing; for instance '^orders_(?P<date>\\d{8})\\.csv$'"
            )
        if "date" not in self.compiled("customProperties.filePattern", pattern).groupindex:
            raise self.fail(
                "customProperties.filePattern", f"'{pattern}' has no group (?P<date>...), the business date"
            )
        return pattern if pattern.startswith("^") else f"^{pattern}"

    def delivery_kinds(self) -> dict[str, DeliveryKind]:
        value = self.custom.get("delivery")
        kinds = value if isinstance(value, dict) else {"": value}
        for kind, delivery in kinds.items():
            if delivery not in ("snapshot", "increment"):
                raise self.fail("customProperties.delivery", f"'{kind or delivery}' is neither snapshot nor increment")
        has_group = "(?P<kind>" in str(self.custom.get("filePattern"))
        if has_group != isinstance(value, dict):
            raise self.fail(
                "customProperties.delivery", "is a map by `kind` exactly when filePattern has a group `kind`"
            )
        return {str(kind): cast(DeliveryKind, delivery) for kind, delivery in kinds.items()}

    def days(self, name: str) -> int:
        for sla in self.document.slaProperties or []:
            if sla.property == name:
                unit = _DAYS_PER_UNIT.get(sla.unit or "d")
                if unit is None or isinstance(sla.value, bool) or not isinstance(sla.value, int) or sla.value < 0:
                    raise self.fail(
                        f"slaProperties.{name}", f"'{sla.value} {sla.unit}' is no number of days, months or years"
                    )
                return sla.value * unit
        raise self.fail("slaProperties", f"'{name}' is missing; state it in days")

    def share(self) -> float | None:
        value = self.custom.get("maxRejectedShare")
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= 1:
            raise self.fail("customProperties.maxRejectedShare", f"'{value}' is no share between 0 and 1")
        return float(value)

    def mappings(self) -> dict[str, str]:
        target, mapping = self.custom.get("mapTo"), self.custom.get("mapping")
        if target is None and mapping is None:
            return {}
        found = target if isinstance(target, dict) and mapping is None else {target: mapping}
        if not all(isinstance(key, str) and isinstance(value, str) for key, value in found.items()):
            raise self.fail("customProperties.mapTo", "needs an extract and `mapping`, its SQL file; or a map of both")
        return dict(found)


def _valid_values(prop: SchemaProperty) -> tuple[str, ...]:
    """Allowed values, from the property's `enum` (ODCS 3.2) or its library check `invalidValues`."""
    if prop.enum:
        return tuple(str(item.value) for item in prop.enum)
    for check in prop.quality or []:
        if check.metric == "invalidValues" and check.arguments:
            return tuple(str(value) for value in cast("list[Any]", check.arguments.get("validValues", [])))
    return ()
