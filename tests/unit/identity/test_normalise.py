"""Every spelling of a field is one."""

from __future__ import annotations

import duckdb
import pandas as pd
import pytest

from dagster_project.identity.normalise import PEOPLE, mailbox, normalise, parse_birth, surname_words


@pytest.mark.parametrize(
    "text",
    ["1980-02-03", "03/02/1980", "3.2.1980", "03-02-80", "19800203", "03021980", "3 février 1980", "1980/2/3",
     "1980-02-03T00:00:00", "1980-02-03 00:00:00", "February 3, 1980"],
)  # fmt: skip
def test_a_birth_date_is_read_in_its_many_forms(text: str) -> None:
    assert parse_birth(text) == "19800203"


@pytest.mark.parametrize(("text", "digits"), [("19801332", "19801332"), ("31/13/1980", "19801331")])
def test_a_mistyped_birth_date_keeps_its_digits(text: str, digits: str) -> None:
    assert parse_birth(text) == digits


@pytest.mark.parametrize("text", ["", "unknown", "1900-01-01", "01/01/1970", "1980", "12/1980"])
def test_what_is_no_birth_date_is_none(text: str) -> None:
    assert parse_birth(text) is None


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("Anne.Lefevre+news@googlemail.com", "annelefevre@gmail.com"),
        ("Anne.Lefevre+news@orange.fr", "anne.lefevre@orange.fr"),
        ("contact@lefevre.fr", None),
        ("anne@yopmail.com", None),
        ("no address", None),
    ],
)
def test_a_mailbox_has_one_spelling_and_one_holder(text: str, named: str | None) -> None:
    assert mailbox(text) == named


@pytest.mark.parametrize(
    ("name", "words"),
    [("de la tour", ["tour"]), ("le goff", ["goff"]), ("le", ["le"]), ("martin durand", ["martin", "durand"])],
)
def test_particles_name_no_family(name: str, words: list[str]) -> None:
    assert surname_words(name) == words


def test_records_are_numbered_by_id_and_folded() -> None:
    records = pd.DataFrame(
        {
            "record_id": ["b", "a"],
            "given_name": [" ", "Jean-François"],
            "surname": [None, "L'Hœst"],
            "email": [None, "j.f@free.fr; jf@orange.fr"],
            "phone": ["nothing", "06 12 34 56 78"],
            "address": [None, "12 bis, av. du Général-Leclerc"],
            "postcode": [None, 75013.0],
            "city": [None, "PARIS 13e Cedex 08"],
        }
    )
    with duckdb.connect() as connection:
        rows = normalise(connection, records)
        first, second = connection.execute(f"select * from {PEOPLE} order by record").fetchdf().to_dict("records")

    assert rows.tolist() == [1, 0]
    assert first["given"] == "jeanfrancois"
    assert first["given_first"] == "jean"
    assert first["surname"] == "lhoest"
    assert first["emails"].tolist() == ["j.f@free.fr", "jf@orange.fr"]
    assert first["phone"] == "+33612345678"
    assert (first["address"], first["house"], first["street_words"].tolist()) == ("12leclerc", "12", ["leclerc"])
    assert (first["postcode"], first["city"]) == ("75013", "paris")
    assert pd.isna(
        pd.Series({field: second[field] for field in ("given", "surname", "email", "phone", "address", "city")})
    ).all()
