"""Keys in one spelling, and none that names nobody."""

from __future__ import annotations

import random

import phonenumbers
import pytest

from dagster_project.identity.keys import (
    normalise_account,
    normalise_card,
    normalise_email,
    normalise_phone,
)


@pytest.mark.parametrize(
    ("raw", "email"),
    [
        ("  Anne.Durand@Orange.FR ", "anne.durand@orange.fr"),
        ("ａnne@orange.fr", "anne@orange.fr"),  # a full-width letter
        ("anne.durand+shop@gmail.com", "anne.durand+shop@gmail.com"),
        ("noreply@boutique.fr", None),
        ("test@test.fr", None),
        ("anne@orange", None),
        ("anne orange.fr", None),
        ("", None),
    ],
)
def test_emails_are_trimmed_lowered_and_placeholders_are_none(raw: str, email: str | None) -> None:
    assert normalise_email(raw) == email


@pytest.mark.parametrize(
    ("raw", "phone"),
    [
        ("06 12 34 56 78", "+33612345678"),
        ("06.12.34.56.78", "+33612345678"),
        ("+33 (0)6 12 34 56 78", "+33612345678"),
        ("0033612345678", "+33612345678"),
        ("+41 44 668 18 00", "+41446681800"),
        ("06 39 98 12 34", "+33639981234"),  # set apart for fiction
        ("06 39 12 34 56", None),  # no such block
        ("0000000000", None),
        ("06 66 66 66 66", None),
        ("0123456789", None),
        ("12", None),
        ("call me", None),
    ],
)
def test_phones_become_e164_and_made_up_numbers_none(raw: str, phone: str | None) -> None:
    assert normalise_phone(raw, "FR") == phone


@pytest.mark.parametrize("country", ["FR", "DE", "US", "BE"])
def test_the_quick_reader_agrees_with_phonenumbers(country: str) -> None:
    """Oracle: the library's own parser and validity test, on numbers that mostly do exist."""
    rng = random.Random(20261101)
    code = phonenumbers.country_code_for_region(country)

    def library(text: str) -> str | None:
        try:
            number = phonenumbers.parse(text, country)
        except phonenumbers.NumberParseException:
            return None
        valid = phonenumbers.is_valid_number(number)
        return phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) if valid else None

    for _ in range(400):
        digits = "".join(rng.choice("0123456789") for _ in range(rng.choice([8, 9, 9, 9, 10])))
        text = rng.choice(["0", f"+{code}", f"00{code}", f"+{code} (0)", f"+{code}0", ""]) + digits
        if rng.random() < 0.3:
            text = text[:4] + rng.choice(" .-/") + text[4:]
        if "63998" not in text:  # numbers of fiction, which the library does not know
            assert normalise_phone(text, country) == library(text), text


def test_cards_lose_their_blanks_and_a_spreadsheets_decimals() -> None:
    assert normalise_card("9250 0000 00017") == normalise_card("9250000000017.0") == "9250000000017"
    assert normalise_card("0000000000000") is None
    assert normalise_card(" ") is None


def test_accounts_stay_as_given_but_placeholders_are_none() -> None:
    assert normalise_account(" acc-000A ") == "acc-000A"
    assert normalise_account("(not set)") is None
    assert normalise_account("0") is None
