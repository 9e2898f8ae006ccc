"""The KPI catalogue: every table says what a reader needs, and the page says it in the retailer's own values."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from dagster_project.publishing.catalogue import MARTS, CatalogueError, read_catalogue, write_catalogue
from dagster_project.settings import Settings, shipped_settings

# A complete table: what `_without` takes a field away from.
TABLE: dict[str, Any] = {
    "name": "kpi_calls",
    "description": "One row per period & `queue`. Calls and their answers.",
    "config": {
        "meta": {
            "owner": "service",
            "counts_by": "date of call",
            "time_window": "{{ var('windows')['active_days'] }} days",
            "caveats": ["Calls at night <10 are left out."],
        }
    },
    "data_tests": [{"unique_combination": {"arguments": {"columns": ["period", "queue"]}}}],
    "columns": [
        {"name": "period", "data_type": "string", "description": "Length."},
        {"name": "queue", "data_type": "bigint", "description": "A key, although a number."},
        {
            "name": "calls",
            "data_type": "bigint",
            "description": "Calls.",
            "config": {"meta": {"additivity": "additive"}},
        },
        {
            "name": "answer_rate",
            "data_type": "double",
            "description": "answered / calls.",
            "config": {
                "meta": {
                    "additivity": "non-additive",
                    "unit": "share, 0..1",
                    "direction": "higher is better",
                    "formula": "answered / calls",
                    "numerator": "calls answered in {{ var('windows')['active_days'] }} days",
                    "denominator": "calls",
                    "counts_by": "date of answer",
                }
            },
        },
        {"name": "is_complete", "data_type": "boolean", "description": "Whether it is over."},
    ],
}


def _settings(active_days: int) -> Settings:
    settings = shipped_settings()
    return settings.model_copy(
        update={"windows": settings.windows.model_copy(update={"active_days": active_days})}, deep=True
    )


def _folder(tmp_path: Path, table: dict[str, Any]) -> Path:
    (tmp_path / "kpis").mkdir()
    file = tmp_path / "kpis" / "_calls__models.yml"
    file.write_text(yaml.safe_dump({"version": 2, "models": [table]}), encoding="utf-8")
    return tmp_path


def _without(*path: str | int) -> dict[str, Any]:
    table: dict[str, Any] = yaml.safe_load(yaml.safe_dump(TABLE))
    node: Any = table
    for key in path[:-1]:
        node = node[key]
    del node[path[-1]]
    return table


def test_every_kpi_table_of_the_project_is_complete() -> None:
    tables = read_catalogue(shipped_settings())

    assert {file.stem for file in (MARTS / "kpis").glob("*.sql")} <= {table.name for table in tables}
    assert [table.name for table in tables] == sorted(table.name for table in tables)


def test_a_mart_elsewhere_is_in_it_once_it_names_an_owner(tmp_path: Path) -> None:
    for folder, table in (("attribution", TABLE), ("core", _without("config", "meta", "owner"))):
        (tmp_path / folder).mkdir()
        file = tmp_path / folder / "_models__models.yml"
        file.write_text(yaml.safe_dump({"models": [table | {"name": f"{folder}_table"}]}), encoding="utf-8")

    assert [table.name for table in read_catalogue(shipped_settings(), tmp_path)] == ["attribution_table"]


def test_settings_stand_in_the_definitions(tmp_path: Path) -> None:
    (table,) = read_catalogue(_settings(active_days=90), _folder(tmp_path, TABLE))

    assert table.facts == {"owner": "service", "counts_by": "date of call", "time_window": "90 days"}
    (kpi,) = table.kpis
    assert kpi.facts["numerator"] == "calls answered in 90 days"


def test_a_measure_may_have_a_date_basis_of_its_own(tmp_path: Path) -> None:
    (table,) = read_catalogue(_settings(active_days=90), _folder(tmp_path, TABLE))

    assert table.kpis[0].facts["counts_by"] == "date of answer"
    assert table.kpis[0].facts["time_window"] == "90 days"


def test_numbers_in_the_key_are_no_measures(tmp_path: Path) -> None:
    (table,) = read_catalogue(shipped_settings(), _folder(tmp_path, TABLE))

    found = {column.name: (column.is_key, column.additivity) for column in table.columns}
    assert found == {
        "period": (True, None),
        "queue": (True, None),
        "calls": (False, "additive"),
        "answer_rate": (False, "non-additive"),
        "is_complete": (False, None),
    }


@pytest.mark.parametrize("field", ["owner", "counts_by", "time_window", "caveats"])
def test_a_table_that_forgets_a_field_is_named(field: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=rf"^kpi_calls: its YAML lacks {field}$"):
        read_catalogue(shipped_settings(), _folder(tmp_path, _without("config", "meta", field)))


@pytest.mark.parametrize("field", ["unit", "direction", "formula", "numerator", "denominator"])
def test_a_kpi_that_forgets_a_field_is_named(field: str, tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=rf"^kpi_calls\.answer_rate: its YAML lacks {field}$"):
        read_catalogue(shipped_settings(), _folder(tmp_path, _without("columns", 3, "config", "meta", field)))


def test_a_measure_without_additivity_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"^kpi_calls\.calls: a measure whose meta\.additivity is not one of add"):
        read_catalogue(shipped_settings(), _folder(tmp_path, _without("columns", 2, "config")))


def test_a_table_without_a_formula_is_named(tmp_path: Path) -> None:
    with pytest.raises(CatalogueError, match=r"^kpi_calls: no column has a formula"):
        read_catalogue(shipped_settings(), _folder(tmp_path, _without("columns", 3)))


def test_the_page_needs_no_network_and_its_links_lead_somewhere(tmp_path: Path) -> None:
    page = write_catalogue(tmp_path / "docs" / "kpis.html", _settings(active_days=77)).read_text(encoding="utf-8")

    links = re.findall(r'(?:href|src)="([^"]*)"', page)
    anchors = re.findall(r' id="([^"]*)"', page)
    assert links == [f"#{name}" for name in anchors]
    assert "url(" not in page
    assert "@import" not in page
    assert "known customers with an order not cancelled in the 77 days before period_start" in page
    assert "{{" not in page
    # `A rate over answers ...` of kpi_nps: names between backticks are code.
    assert "answers of <code>unknown</code> count" in page


def test_texts_are_escaped(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "dagster_project.publishing.catalogue.read_catalogue",
        lambda settings: read_catalogue(settings, _folder(tmp_path, TABLE)),
    )

    page = write_catalogue(tmp_path / "kpis.html", shipped_settings()).read_text(encoding="utf-8")

    assert "Calls at night &lt;10 are left out." in page
    assert "One row per period &amp; <code>queue</code>." in page
