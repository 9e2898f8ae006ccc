"""First names: one person's spellings agree, a couple's do not."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dagster_project.identity.names import fold, same_first_name
from dagster_project.identity.people import Profile, clearly_different, disagreeing


@pytest.mark.parametrize(
    ("raw", "folded"),
    [
        ("Hélène", "helene"),
        ("  JEAN-PIERRE ", "jean pierre"),
        ("Mme Zoé", "zoe"),
        ("M.", "m"),
        ("Œdipe", "oedipe"),
        ("", ""),
        (None, ""),
    ],
)
def test_names_are_folded_to_ascii_words(raw: str | None, folded: str) -> None:
    assert fold(raw) == folded


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Hélène", "helene"),
        ("Stéphanie", "Steph"),
        ("Robert", "Bob"),
        ("J.", "Julie"),
        ("JP", "Jean-Pierre"),
        ("J-P", "Jean-Pierre"),
        ("Jean", "Jean-Pierre"),
        ("Jean-Claude", "Jean-Clo"),
        ("Antoine", "Toine"),
        ("Sophi", "Sophie"),
        ("Caroline", "Carloine"),
        ("Mathieu", "Matthieu"),
    ],
)
def test_spellings_of_one_person_agree(one: str, other: str) -> None:
    assert same_first_name(fold(one), fold(other))
    assert same_first_name(fold(other), fold(one))


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Martin", "Martine"),
        ("Jean", "Jeanne"),
        ("Julie", "Julien"),
        ("Laurent", "Laurence"),
        ("Pascal", "Pascale"),
        ("Jean-Pierre", "Jean-Paul"),
        ("Rayan", "Rayane"),
        ("Paul", "Marie"),
        ("J.", "Marie"),
    ],
)
def test_names_of_a_couple_or_of_siblings_differ(one: str, other: str) -> None:
    assert not same_first_name(fold(one), fold(other))


@given(st.text(min_size=1, max_size=12), st.text(min_size=1, max_size=12))
def test_agreement_is_symmetric_and_reflexive(one: str, other: str) -> None:
    left, right = fold(one), fold(other)
    if left and right:
        assert same_first_name(left, left)
        assert same_first_name(left, right) == same_first_name(right, left)


def profile(first: str = "", birth: str = "", gender: str | None = None, last: str = "") -> Profile:
    return Profile(fold(first), fold(last), dt.date.fromisoformat(birth) if birth else None, gender)


def test_silence_is_no_difference() -> None:
    assert not clearly_different(profile("Anne"), profile())
    assert not clearly_different(profile("Anne"), profile(birth="1980-02-03"))


def test_a_swapped_or_mistyped_birth_date_is_no_difference_but_another_date_is() -> None:
    anne = profile("Anne", "1980-02-03")
    assert not clearly_different(anne, profile("Anne", "1980-03-02"))
    assert not clearly_different(anne, profile("Anne", "1981-02-03"))
    assert clearly_different(anne, profile("Anne", "2005-07-03"))


def test_one_birth_date_outweighs_an_unknown_nickname_unless_the_genders_contradict() -> None:
    assert not clearly_different(profile("Élisabeth", "1980-02-03"), profile("Zabou", "1980-02-03"))
    twins = profile("Emma", "1980-02-03", "female"), profile("Lucas", "1980-02-03", "male")
    assert clearly_different(*twins)


def test_swapped_first_and_last_names_are_one_person() -> None:
    assert not clearly_different(profile("Anne", last="Durand"), profile("Durand", last="Anne"))


def test_the_first_set_of_groups_that_all_differ_is_found() -> None:
    # 0-1 agree; 2 differs from both; 3 differs from everybody.
    agree = {(0, 1), (1, 0)}

    def differ(one: int, other: int) -> bool:
        return (one, other) not in agree

    assert disagreeing([0, 1], 2, differ) is None
    assert disagreeing([0, 1, 2, 3], 3, differ) == [0, 2, 3]
    assert disagreeing([0, 1, 2, 3], 4, differ) is None
