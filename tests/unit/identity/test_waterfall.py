"""Evidence as a picture: the bars add up to the model's score, and what is drawn can be read."""

from __future__ import annotations

import datetime as dt
import math
import stat
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

from dagster_project.charts import ChartError
from dagster_project.identity import IdentityResult, MatchModel, score_pairs
from dagster_project.identity.explanation import Finding, compare
from dagster_project.identity.waterfall import Waterfall, draw, waterfalls

Record = Callable[..., dict[str, Any]]
Run = Callable[..., IdentityResult]

MODEL = MatchModel.load()
HELENE = {
    "given_name": "Hélène",
    "surname": "Lefèvre",
    "birth_date": "1980-02-03",
    "address": "12 rue de la Paix",
    "postcode": "69003",
    "city": "Lyon",
    "email": "helene.lefevre@orange.fr",
}
CARD = "9250293487793"


def without(*fields: str) -> dict[str, str]:
    return {name: value for name, value in HELENE.items() if name not in fields}


def likelihood(one: dict[str, str], other: dict[str, str]) -> Waterfall:
    return Waterfall((("a", ""), ("b", "")), MODEL.among(2).prior, compare(one, other, MODEL), 0.9)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (HELENE, HELENE | {"email": "hl@free.fr"}),
        (without("email", "birth_date", "address"), without("email")),
        (without("email", "postcode", "birth_date"), without("city")),
        (without("email", "city"), without("birth_date", "email", "city")),
        (without("email"), HELENE | {"surname": "Durand", "email": "h.durand@free.fr"}),
        (without("email"), HELENE | {"given_name": "Lefèvre", "surname": "Hélène", "birth_date": "1980-03-02"}),
        (without("email"), HELENE | {"given_name": "H", "postcode": "69008"}),
        (without("email", "address"), HELENE | {"surname": "Lefèvre-Wojciechowska", "birth_date": "1980-02-08"}),
        (without("birth_date"), HELENE | {"address": "9 place Bellecour", "postcode": "31000", "city": "Toulouse"}),
    ],
)
def test_the_bars_add_up_to_the_score_of_the_pair(one: dict[str, str], other: dict[str, str]) -> None:
    """The oracle is the matcher itself, which adds the weights inside Splink."""
    scored = score_pairs(pd.DataFrame([{"record_id": "1"} | one, {"record_id": "2"} | other]), MODEL)
    (probability,) = scored["probability"]
    found = likelihood(one, other)
    assert found.probability == pytest.approx(probability, abs=2e-5)
    if probability < 0.9999:  # nearer to 1 its six digits tell less
        assert sum(found.bits) == pytest.approx(math.log2(probability / (1 - probability)), abs=0.02)


def test_bars_are_logarithms_of_the_odds() -> None:
    """By hand: odds 1 : 1023, times 4096, divided by 2, is 2048 : 1023; 2^-10 2^12 2^-1 but for the 1023."""
    found = Waterfall((("a", ""), ("b", "")), 1 / 1024, [Finding("x", 4096.0), Finding("y", 0.5)], 0.9)
    assert found.bits == pytest.approx([-9.99859, 12.0, -1.0], abs=1e-5)
    assert found.probability == pytest.approx(2048 / (2048 + 1023))


@pytest.fixture
def tables(record: Record, run: Run) -> dict[str, pd.DataFrame]:
    """Hélène, known to three systems: a card joins two of them, likeness the third. Luc has one record."""
    helene = {"last_name": "Lefèvre", "birth_date": dt.date(1983, 4, 17), "postal_code": "31000", "city": "Toulouse"}
    rows = [
        record("crm:1", 1, first_name="Hélène", card=CARD, **helene),
        record(f"loyalty:{CARD}", 2, first_name="Hélène", card=CARD, **helene),
        record("support:7", 3, first_name="HELENE", email="hlefevre@example.fr", **helene),
        record("crm:2", 4, first_name="Luc", last_name="Martin", birth_date=dt.date(1951, 1, 2)),
    ]
    result = run(rows, model=MODEL)
    empty = dict.fromkeys(("street", "postal_code", "city", "birth_date", "first_name", "last_name"))
    return {
        "customer_sources": result.links.to_pandas(),
        "link_evidence": result.evidence.to_pandas(),
        "normalised_keys": result.memory.normalised_keys.to_pandas(),
        "customer_records": pd.DataFrame([empty | row for row in rows]),
    }


def customer_of(key: str, tables: dict[str, pd.DataFrame]) -> str:
    links = tables["customer_sources"]
    (customer,) = links.loc[links["source_person_key"] == key, "customer_id"]
    return str(customer)


def test_a_link_by_resemblance_is_drawn_with_the_probability_it_was_joined_with(
    tables: dict[str, pd.DataFrame],
) -> None:
    (found,) = waterfalls(customer_of("7", tables), tables, MODEL, "FR")
    links = tables["customer_sources"].set_index("source_person_key")["match_probability"]
    assert found.probability == pytest.approx(links["7"], abs=2e-5)
    assert {name for name, _ in found.records} >= {"support 7"}
    assert "the same birth date" in [finding.text for finding in found.findings]


def test_a_customer_without_such_a_link_and_a_retailer_without_a_model_are_told(
    tables: dict[str, pd.DataFrame],
) -> None:
    luc = customer_of("2", tables)
    with pytest.raises(ChartError, match=f"no records of {luc} are joined by resemblance"):
        waterfalls(luc, tables, MODEL, "FR")
    with pytest.raises(ChartError, match=r"identity\.match_model"):
        waterfalls(luc, tables, None, "FR")


def test_a_picture_says_the_evidence_in_words_and_is_its_owners_alone(
    tables: dict[str, pd.DataFrame], tmp_path: Path
) -> None:
    found = waterfalls(customer_of("7", tables), tables, MODEL, "FR")
    for name in ("why.svg", "why.png", "why.HTML"):
        (tmp_path / name).write_text("an older one", encoding="utf-8")
        draw(found, tmp_path / name)
        assert stat.S_IMODE((tmp_path / name).stat().st_mode) == 0o600
    drawn = (tmp_path / "why.svg").read_text(encoding="utf-8")
    for words in ("any two records", "the same birth date", "Hélène Lefèvre", "less likely", "joined from 90 %"):
        assert words in drawn, words
    assert (tmp_path / "why.png").read_bytes().startswith(b"\x89PNG")
    page = (tmp_path / "why.HTML").read_text(encoding="utf-8")
    assert "the same birth date" in page
    assert 'src="http' not in page


def test_a_file_that_cannot_be_drawn_is_named(tmp_path: Path) -> None:
    for file, message in ((tmp_path / "why.pdf", r"\.svg, \.png, \.html"), (tmp_path / "no" / "why.svg", "no folder")):
        with pytest.raises(ChartError, match=message):
            draw([likelihood(HELENE, HELENE)], file)
        assert not file.exists()
