"""People: identifiers that are nobody's in real life, and spellings that stay traceable."""

from __future__ import annotations

import datetime as dt

import numpy as np
import phonenumbers
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from dagster_project.simulator.calendar import day_number, window_of, year_of
from dagster_project.simulator.columns import NONE
from dagster_project.simulator.names import name_book, plain
from dagster_project.simulator.people import FAR, People, _mistyped, _swapped, make_people, phone_text, spell
from dagster_project.simulator.places import places, stores

WINDOW = window_of(24, dt.date(2026, 10, 31))


@pytest.fixture(scope="module")
def people() -> People:
    return make_people(15_000, WINDOW, seed=3)


def test_every_written_phone_form_is_the_same_possible_french_number(people: People) -> None:
    for column in (people.mobile, people.landline):
        digits = column.drop_null()[:200]
        assert len(digits) == 200
        for form in range(8):
            for text, national in zip(
                phone_text(digits, np.full(200, form)).to_pylist(), digits.to_pylist(), strict=True
            ):
                number = phonenumbers.parse(text, "FR")
                assert phonenumbers.is_possible_number(number)
                assert phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164) == f"+33{national}"


def test_numbers_outside_the_mobile_range_for_fiction_are_valid(people: People) -> None:
    # 06 39 98 is reserved for fiction and so belongs to no operator: libphonenumber calls it possible, not valid.
    others = [*people.mobile.drop_null().to_pylist(), *people.landline.drop_null().to_pylist()]
    others = [digits for digits in others if not digits.startswith("63998")]
    assert len(others) > 1_000
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(f"0{digits}", "FR")) for digits in others)
    assert all(phonenumbers.is_valid_number(phonenumbers.parse(store.phone, "FR")) for store in stores())


def test_the_fictional_ranges_are_used_up_first() -> None:
    few = make_people(5_000, WINDOW, seed=3)
    assert all(digits.startswith("63998") for digits in few.mobile.drop_null().to_pylist())
    prefixes = ("19900", "26191", "35301", "46571", "53649")
    assert all(digits.startswith(prefixes) for digits in few.landline.drop_null().to_pylist())


def test_nobody_shares_a_number_an_address_or_a_card_unless_intended(people: People) -> None:
    for column in (people.mobile, people.card, people.account, people.second_email):
        values = column.drop_null()
        assert pc.count_distinct(values).as_py() == len(values)
    own = people.email.filter(pa.array(~people.shares_mailbox)).drop_null().to_pylist()
    assert len(set(own)) == len(own)
    assert not set(own) & set(people.second_email.drop_null().to_pylist())
    sharing = np.flatnonzero(people.shares_mailbox)
    assert len(sharing) > 50
    email = people.email.to_pylist()
    assert all(email[person] == email[people.partner[person]] for person in sharing)


def test_addresses_live_under_reserved_domains_only(people: People) -> None:
    for address in [*people.email.drop_null().to_pylist(), *people.second_email.drop_null().to_pylist()]:
        domain = address.rpartition("@")[2]
        assert domain.endswith((".example", "example.fr", "example.com", "example.org", "example.net"))
        assert address.isascii()
        assert " " not in address


def test_cards_have_a_valid_ean_check_digit(people: People) -> None:
    for card in people.card.drop_null().to_pylist()[:300]:
        assert len(card) == 13
        assert card.startswith("925")
        assert sum(int(digit) * (3 if place % 2 else 1) for place, digit in enumerate(card)) % 10 == 0


def test_first_names_fit_the_years_of_birth(people: People) -> None:
    book = name_book()
    assert (book.is_female[people.first] == people.is_female).all()
    distance = book.peak_year[people.first] - year_of(people.birth_day)
    assert abs(float(np.median(distance))) < 4
    assert np.quantile(np.abs(distance), 0.9) < 22
    assert len(book.first) >= 300
    assert len(book.last) >= 300


def test_couples_are_mutual_and_live_together(people: People) -> None:
    paired = np.flatnonzero(people.partner != NONE)
    assert (people.partner[people.partner[paired]] == paired).all()
    assert (people.city[paired] == people.city[people.partner[paired]]).all()
    assert 0.2 < len(paired) / len(people) < 0.35


def test_swapped_birth_dates_exchange_day_and_month() -> None:
    days = np.array([day_number(dt.date(1984, 3, 12)), day_number(dt.date(1990, 11, 2))])
    swapped = _swapped(days, np.array([12, 2]))
    assert swapped.tolist() == [day_number(dt.date(1984, 12, 3)), day_number(dt.date(1990, 2, 11))]


def test_a_typo_exchanges_two_neighbouring_letters_only_where_asked() -> None:
    words = pa.array(["Martin", "Dupont", "Hélène"])
    typed = _mistyped(words, np.array([True, False, True]), np.random.default_rng(1)).to_pylist()
    assert typed[1] == "Dupont"
    for before, after in ((words[0].as_py(), typed[0]), (words[2].as_py(), typed[2])):
        assert sorted(before) == sorted(after)
        assert sum(left != right for left, right in zip(before, after, strict=True)) in (0, 2)


@pytest.mark.parametrize("system", ["crm", "shop", "account", "loyalty", "support"])
def test_spellings_differ_by_what_their_kind_says(people: People, system: str) -> None:
    spelling, book = spell(people, system, seed=3), name_book()
    first = spelling.first.to_pylist()
    exact = book.first.take(pa.array(people.first)).to_pylist()
    nickname = book.nickname.take(pa.array(people.first)).to_pylist()
    for person in range(1_500):
        kind = spelling.kind[person]
        if kind == 0:
            assert first[person] == exact[person]
        elif kind == 1:
            assert first[person] == plain(exact[person])
        elif kind == 2:
            assert first[person] == nickname[person] != exact[person]
        elif kind == 4:
            assert first[person] == plain(exact[person]).upper()
    changed = spelling.last.to_pylist() != spelling.last_before.to_pylist()
    assert changed
    assert (people.renamed_day[people.maiden != NONE] < FAR).all()


def test_the_map_covers_all_regions_with_corsica_and_overseas_rare(people: People) -> None:
    land = places()
    regions = np.array(land.region.to_pylist())[people.city]
    assert len(set(regions)) >= 14
    far = np.isin(regions, ["Corse", "Martinique", "Guadeloupe", "La Réunion"])
    assert 0 < far.mean() < 0.04
    assert all(len(code) == 5 and code.isdigit() for code in land.postcode.to_pylist())
