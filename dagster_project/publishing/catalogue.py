"""The KPI catalogue: what each KPI table means, as one page that analysts read instead of SQL.

Its one source is the YAML beside the models: `meta` of a table says owner, date basis, window and caveats, `meta` of a
column additivity and, for a KPI, its formula. Every table of `dbt/models/marts/kpis` is in it, and any other mart whose
`meta` names an owner. dbt makes marts.kpi_definitions of the same.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import jinja2
import yaml

from dagster_project.settings import DBT_PROJECT_DIR, Settings
from data_quality.data_docs import page

CATALOGUE = "kpi_catalogue.html"
MARTS = DBT_PROJECT_DIR / "models" / "marts"
_KPIS = "kpis"
_OF_A_TABLE = ("owner", "counts_by", "time_window", "caveats")
_OF_A_KPI = ("unit", "direction", "formula", "numerator", "denominator")
_ADDITIVITY = {
    "additive": "Sum it over periods and dimensions.",
    "semi-additive": "People counted once, or a stock: one may stand in two rows, so do not sum it over periods, and "
    "over a dimension only where its description says so.",
    "non-additive": "A ratio, mean, median or bound of an interval: take it again from its sums, never add or average.",
}
_NUMBERS = ("bigint", "int", "double", "decimal")
_HEADINGS = {
    "numerator": "Numerator",
    "denominator": "Denominator",
    "direction": "Direction",
    "unit": "Unit",
    "time_window": "Window",
    "counts_by": "Counts by",
    "owner": "Owner",
}
_STYLE = """
table.legend { width: auto; } table.legend th { background: none; white-space: nowrap; }
h2 { border-top: 1px solid var(--line); font-family: ui-monospace, monospace; margin-top: 2.5rem; padding-top: 1rem; }
h3 { font-size: 1rem; margin: 1.2rem 0 .2rem; } ul { margin: .3rem 0; }
code { font: .92em ui-monospace, monospace; } td:first-child code { font-weight: 600; }
@media print { h2 { break-before: page; } tr { break-inside: avoid; } }
""".strip()


class CatalogueError(ValueError):
    """The YAML of a KPI table lacks what a reader needs; the message names table, column and field."""


@dataclass(frozen=True)
class Kpi:
    """A measure with a formula: `facts` by field, date basis and window included."""

    name: str
    facts: Mapping[str, str]


@dataclass(frozen=True)
class Column:
    """A column; `additivity` is None for a key, a flag, a date or a text."""

    name: str
    data_type: str
    description: str
    additivity: str | None
    is_key: bool


@dataclass(frozen=True)
class KpiTable:
    """A KPI table: `facts` by field, and what a reader may get wrong."""

    name: str
    description: str
    facts: Mapping[str, str]
    caveats: tuple[str, ...]
    kpis: tuple[Kpi, ...]
    columns: tuple[Column, ...]


def write_catalogue(target: Path, settings: Settings) -> Path:
    """Write the page of all KPI tables, with the settings' values, and return its path. Raises CatalogueError when a
    table's YAML is incomplete, OSError when the page cannot be written."""
    text = _catalogue_page(read_catalogue(settings))
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(text, encoding="utf-8")
    return target


def read_catalogue(settings: Settings, folder: Path = MARTS) -> tuple[KpiTable, ...]:
    """The KPI tables below `folder`, by name, as their YAML describes them; `var()` in it stands for a setting. Raises
    CatalogueError when a field is missing."""
    values = settings.public()
    models = [
        model
        for file in sorted(folder.rglob("_*__models.yml"))
        for model in yaml.load(file.read_text(encoding="utf-8"), Loader=_LOADER)["models"]
        if file.parent.name == _KPIS or "owner" in _meta(model)
    ]
    return tuple(_table(model, values) for model in sorted(models, key=lambda model: str(model["name"])))


# Ten times as fast, where PyYAML was built with it.
_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


def _table(model: Mapping[str, Any], values: Mapping[str, Any]) -> KpiTable:
    name = str(model["name"])
    meta = _rendered(_meta(model), values)
    _require(name, meta, _OF_A_TABLE)
    keys = _keys(model)
    facts = {field: str(meta[field]) for field in _OF_A_TABLE if field != "caveats"}
    kpis, columns = [], []
    for column in model["columns"]:
        where = f"{name}.{column['name']}"
        of_column = _rendered(_meta(column), values)
        _require(where, column, ("data_type", "description"))
        additivity = of_column.get("additivity")
        is_key = column["name"] in keys
        if str(column["data_type"]).startswith(_NUMBERS) and not is_key and additivity not in _ADDITIVITY:
            raise CatalogueError(f"{where}: a measure whose meta.additivity is not one of {', '.join(_ADDITIVITY)}")
        if any(field in of_column for field in _OF_A_KPI):
            _require(where, of_column, _OF_A_KPI)
            own = {field: str(of_column.get(field, facts.get(field))) for field in (*_OF_A_KPI, *facts)}
            kpis.append(Kpi(column["name"], own))
        columns.append(
            Column(column["name"], str(column["data_type"]), _one_line(column["description"]), additivity, is_key)
        )
    if not kpis:
        raise CatalogueError(f"{name}: no column has a formula in its meta, so the table defines no KPI")
    return KpiTable(
        name, _one_line(model["description"]), facts, tuple(map(str, meta["caveats"])), tuple(kpis), tuple(columns)
    )


def _meta(node: Mapping[str, Any]) -> dict[str, Any]:
    return dict((node.get("config") or {}).get("meta") or {})


def _keys(model: Mapping[str, Any]) -> set[str]:
    """The columns that tell the rows apart, from the tests that say so."""
    combinations = (
        test["unique_combination"]["arguments"]["columns"]
        for test in model.get("data_tests", [])
        if "unique_combination" in test
    )
    alone = {column["name"] for column in model["columns"] if "unique" in column.get("data_tests", [])}
    return alone.union(*combinations)


def _require(where: str, given: Mapping[str, Any], fields: Iterable[str]) -> None:
    missing = [field for field in fields if not given.get(field)]
    if missing:
        raise CatalogueError(f"{where}: its YAML lacks {', '.join(missing)}")


def _rendered(node: Any, values: Mapping[str, Any]) -> Any:
    """`node` with the settings put in the place of `{{ var('windows')['active_days'] }}`, as dbt does it."""
    if isinstance(node, dict):
        return {key: _rendered(value, values) for key, value in node.items()}
    if isinstance(node, list):
        return [_rendered(value, values) for value in node]
    if isinstance(node, str):
        return _one_line(_JINJA.from_string(node).render(var=values.__getitem__))
    return node


_JINJA = jinja2.Environment(undefined=jinja2.StrictUndefined, autoescape=False)


def _one_line(text: str) -> str:
    return " ".join(str(text).split())


def _catalogue_page(tables: tuple[KpiTable, ...]) -> str:
    kpis = sum(len(table.kpis) for table in tables)
    contents = "".join(
        f'<tr><td><a href="#{_text(table.name)}"><code>{_text(table.name)}</code></a></td>'
        f"<td>{', '.join(_text(kpi.name) for kpi in table.kpis)}</td>"
        f"<td>{_text(table.facts['owner'])}</td><td>{_prose(_grain(table.description))}</td></tr>"
        for table in tables
    )
    legend = "".join(f"<tr><th>{name}</th><td>{meaning}</td></tr>" for name, meaning in _ADDITIVITY.items())
    return page(
        "KPI catalogue",
        f'<h1>KPI catalogue</h1><p class="soft">{len(tables)} tables with {kpis} KPIs in schema <code>marts</code>, '
        "with the values of this retailer's settings. <code>marts.kpi_definitions</code> holds the same formulas.</p>"
        "<p>Tables hold counts first and ratios last: filter on one <code>period</code> (week, month, quarter, year), "
        "sum the counts, and take the ratio again. NULL means not measurable, 0 means zero. <code>is_complete</code>: "
        "the period is over and wholly in the data; <code>matures_at</code>: the day from which its windows have "
        "elapsed; <code>is_reliable</code>: enough cases for a ratio. Times are cut in the business's time zone, money "
        "is without VAT and shipping.</p>"
        f'<table class="legend">{legend}</table>'
        f"<table><tr><th>Table</th><th>KPIs</th><th>Owner</th><th>Grain</th></tr>{contents}</table>"
        + "".join(_section(table) for table in tables),
        _STYLE,
    )


def _section(table: KpiTable) -> str:
    caveats = "".join(f"<li>{_prose(caveat)}</li>" for caveat in table.caveats)
    headings = "".join(f"<th>{heading}</th>" for heading in _HEADINGS.values())
    return (
        f'<h2 id="{_text(table.name)}">{_text(table.name)}</h2><p>{_prose(table.description)}</p>'
        f"<h3>Caveats</h3><ul>{caveats}</ul>"
        f"<h3>KPIs</h3><table><tr><th>KPI and formula</th>{headings}</tr>{''.join(map(_kpi, table.kpis))}</table>"
        "<h3>Columns</h3><table><tr><th>Column</th><th>Adds up</th><th>Type</th><th>Meaning</th></tr>"
        f"{''.join(map(_column, table.columns))}</table>"
    )


def _kpi(kpi: Kpi) -> str:
    cells = "".join(f"<td>{_prose(kpi.facts[field])}</td>" for field in _HEADINGS)
    return f"<tr><td><code>{_text(kpi.name)}</code><br>= {_prose(kpi.facts['formula'])}</td>{cells}</tr>"


def _column(column: Column) -> str:
    adds_up = "key" if column.is_key else column.additivity or ""
    return (
        f"<tr><td><code>{_text(column.name)}</code></td><td>{adds_up}</td><td>{_text(column.data_type)}</td>"
        f"<td>{_prose(column.description)}</td></tr>"
    )


def _grain(text: str) -> str:
    """What a row is, from the first sentence of a description."""
    return text.partition(". ")[0].removeprefix("One row per ").partition(":")[0].rstrip(".")


def _text(value: object) -> str:
    return html.escape(str(value))


def _prose(value: str) -> str:
    """`names` between backticks as code."""
    return re.sub("`([^`]+)`", r"<code>\1</code>", _text(value))
