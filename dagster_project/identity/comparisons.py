"""What two records can say of being one person: comparisons, each a ladder of levels from agreement to conflict.

Levels are SQL over the columns of `normalise.PEOPLE`, read from the top; the first that holds counts. The weights of
the levels are the match model's; the shares given here are where its training starts, and what stands in for a level
that the training records do not show.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dagster_project.identity.scratch import Scratch

ELSE = "ELSE"
SILENT = -1
TERMS = ("given", "surname", "postcode")


@dataclass(frozen=True)
class Level:
    """`m` and `u`: shares of one person's pairs and of random pairs that reach the level. `h`: the share of pairs of
    two people of one household, for comparisons that tell them apart; in the others they agree as one person does.
    `frequency_of`: the column whose rarity sharpens an agreement."""

    name: str
    sql: str
    m: float
    u: float
    h: float | None = None
    frequency_of: str | None = None


@dataclass(frozen=True)
class Comparison:
    """`silent`: when there is nothing to compare. `levels`: best first, the last is ELSE, the conflict. `needs`: the
    columns without which it is always silent."""

    name: str
    silent: str
    levels: tuple[Level, ...]
    needs: tuple[str, ...]

    @property
    def tells_household(self) -> bool:
        """Whether it tells two people of one household apart."""
        return self.levels[0].h is not None

    def value(self, level: str) -> int:
        """The number a pair at this level bears; -1 is silence, 0 conflict."""
        names = [each.name for each in self.levels]
        return SILENT if level == "silent" else len(names) - 1 - names.index(level)

    @property
    def sql(self) -> str:
        """The number of a pair's level as SQL, over columns called `x_l` and `x_r`."""
        cases = [f"when {each.sql} then {self.value(each.name)}" for each in self.levels if each.sql != ELSE]
        return f"case when {self.silent} then {SILENT} {' '.join(cases)} else 0 end"


# Levels are calls of macros: Splink rewrites every condition it is given several times over, and a call is short.
MACROS = (
    # One edit in three letters, two in six (a swap of neighbours is one edit), or all but the end alike. The cheapest
    # measure is asked first: below .7 there is more amiss than that.
    """is_misspelt(a, b) as
        jaro_similarity(a, b) >= 0.7
        and (jaro_winkler_similarity(a, b) >= 0.92
            or damerau_levenshtein(a, b) <= (case when least(length(a), length(b)) >= 6 then 2 else 1 end)
                and least(length(a), length(b)) >= 3)""",
    # One digit, or two neighbours swapped, in codes of one length.
    """is_one_digit_off(a, b) as
        length(a) = length(b) and hamming(a, b) <= 2 and damerau_levenshtein(a, b) <= 1""",
    "is_alike(a, b, least) as jaro_winkler_similarity(a, b) >= least",
    """are_names_swapped(given_a, given_b, surname_a, surname_b) as
        ascii(given_a) = ascii(surname_b) and ascii(surname_a) = ascii(given_b)
        and given_a <> given_b and surname_a <> surname_b
        and is_alike(given_a, surname_b, 0.88) and is_alike(surname_a, given_b, 0.88)
        and not is_alike(given_a, given_b, 0.88)""",
    "is_initial(a, b) as least(length(a), length(b)) = 1 and a[1] = b[1]",
    # `jean` for `jean pierre`, `steph` for `stephanie`; but `jean` beside `jeanne` is a name of its own.
    """is_variant(a, b, forms_a, forms_b, first_a, first_b, common_a, common_b) as
        list_has_any(forms_a, forms_b)
        or a = first_b or b = first_a
        or (least(length(a), length(b)) >= 3 and abs(length(a) - length(b)) >= 2
            and (starts_with(a, b) and not common_b or starts_with(b, a) and not common_a))""",
    # Two usual names are two names, however close: Julie and Julien. A last e or a more is a feminine form.
    """is_given_typo(a, b, common_a, common_b) as
        not (common_a and common_b)
        and (a <> b || 'e' and a <> b || 'a' and b <> a || 'e' and b <> a || 'a')
        and is_misspelt(a, b)""",
    # The same letters with other points and digits are two mailboxes: the plain one was taken.
    """is_email_misspelt(a, b) as
        ascii(a) = ascii(b) and abs(length(a) - length(b)) <= 1 and length(a) >= 10
        and damerau_levenshtein(a, b) <= 2
        and regexp_replace(a, '[^a-z@]', '', 'g') <> regexp_replace(b, '[^a-z@]', '', 'g')""",
    # Two of year, month and day.
    """is_near(year_a, year_b, month_a, month_b, day_a, day_b) as
        (year_a = year_b)::int + (month_a = month_b)::int + (day_a = day_b)::int = 2""",
    # At another provider; a part without digits is but the name again.
    """is_same_local_part(a, b) as
        split_part(a, '@', 1) = split_part(b, '@', 1)
        and length(split_part(a, '@', 1)) >= 6 and regexp_matches(split_part(a, '@', 1), '[0-9]')""",
    "is_same_street(words_a, words_b, a, b) as list_has_any(words_a, words_b) or is_alike(a, b, 0.9)",
)
_SWAPPED = "are_names_swapped(given_l, given_r, surname_l, surname_r)"
_VARIANT = (
    "is_variant(given_l, given_r, given_forms_l, given_forms_r, given_first_l, given_first_r,"
    " given_is_common_l, given_is_common_r)"
)
_GIVEN_TYPO = "is_given_typo(given_l, given_r, given_is_common_l, given_is_common_r)"
_NEAR = "is_near(birth_year_l, birth_year_r, birth_month_l, birth_month_r, birth_day_l, birth_day_r)"
_SAME_STREET = "is_same_street(street_words_l, street_words_r, address_l, address_r)"


def define_macros(connection: Scratch) -> None:
    """Make the macros that levels call known to a connection."""
    for macro in MACROS:
        connection.execute(f"create or replace temp macro {macro}").fetchall()


COMPARISONS = (
    Comparison(
        "given",
        "given_l is null or given_r is null",
        (
            Level("same", "given_l = given_r", 0.75, 0.005, 0.004, "given"),
            Level("variant", _VARIANT, 0.06, 0.005, 0.006),
            Level("typo", _GIVEN_TYPO, 0.1, 0.005, 0.005),
            Level("initial", "is_initial(given_l, given_r)", 0.02, 0.004, 0.06),
            Level("swapped", _SWAPPED, 0.02, 0.000005, 0.0001),
            Level("two_names", "given_is_common_l and given_is_common_r", 0.005, 0.7, 0.7),
            Level("other", ELSE, 0.045, 0.280995, 0.2249),
        ),
        ("given",),
    ),
    Comparison(
        "surname",
        f"surname_l is null or surname_r is null or coalesce({_SWAPPED}, false)",
        (
            Level("same", "surname_l = surname_r", 0.8, 0.002, frequency_of="surname"),
            Level("part", "list_has_any(surname_words_l, surname_words_r)", 0.03, 0.0005),
            Level(
                "typo",
                "is_misspelt(surname_l, surname_r)",
                0.12,
                0.002,
            ),
            Level("other", ELSE, 0.05, 0.9955),
        ),
        ("surname",),
    ),
    Comparison(
        "birth",
        "birth_l is null or birth_r is null",
        (
            Level("same", "birth_l = birth_r", 0.85, 0.00005, 0.015),
            Level("swapped", "birth_l = birth_swapped_r", 0.02, 0.00005, 0.0005),
            Level("typo", f"{_NEAR} and is_one_digit_off(birth_l, birth_r)", 0.07, 0.0006, 0.002),
            Level("near", _NEAR, 0.02, 0.015, 0.04),
            Level("other", ELSE, 0.04, 0.9843, 0.9425),
        ),
        ("birth",),
    ),
    Comparison(
        "email",
        "emails_l is null or emails_r is null",
        (
            Level("same", "list_has_any(emails_l, emails_r)", 0.7, 0.000002, 0.12),
            Level(
                "local",
                "is_same_local_part(email_l, email_r)",
                0.04,
                0.00002,
                0.02,
            ),
            Level("typo", "is_email_misspelt(email_l, email_r)", 0.06, 0.00002, 0.02),
            Level("other", ELSE, 0.2, 0.999958, 0.84),
        ),
        ("email",),
    ),
    Comparison(
        "phone",
        "phones_l is null or phones_r is null",
        (
            Level("same", "list_has_any(phones_l, phones_r)", 0.7, 0.000003),
            Level("typo", "is_one_digit_off(phone_l, phone_r)", 0.05, 0.00001),
            Level("other", ELSE, 0.25, 0.999987),
        ),
        ("phone",),
    ),
    Comparison(
        "address",
        "address_l is null or address_r is null",
        (
            Level("same", "address_l = address_r", 0.55, 0.00005),
            Level("house", f"house_l = house_r and {_SAME_STREET}", 0.2, 0.0001),
            Level("street", "list_has_any(street_words_l, street_words_r)", 0.1, 0.01),
            Level("number", "house_l = house_r", 0.02, 0.02),
            Level("other", ELSE, 0.13, 0.96985),
        ),
        ("address",),
    ),
    Comparison(
        "place",
        "(postcode_l is null or postcode_r is null) and (city_l is null or city_r is null)",
        (
            Level("same", "postcode_l = postcode_r and city_l = city_r", 0.75, 0.002, frequency_of="postcode"),
            Level("postcode", "postcode_l = postcode_r", 0.08, 0.001, frequency_of="postcode"),
            Level("city", "is_alike(city_l, city_r, 0.92)", 0.06, 0.003),
            Level("near", "is_one_digit_off(postcode_l, postcode_r)", 0.03, 0.02),
            Level("district", "postcode_l[1:2] = postcode_r[1:2]", 0.03, 0.03),
            Level("other", ELSE, 0.05, 0.944),
        ),
        ("postcode", "city"),
    ),
)
BY_NAME = {comparison.name: comparison for comparison in COMPARISONS}
COLUMNS = (
    "given",
    "given_first",
    "given_forms",
    "given_is_common",
    "surname",
    "surname_words",
    "birth",
    "birth_swapped",
    "birth_year",
    "birth_month",
    "birth_day",
    "emails",
    "email",
    "phones",
    "phone",
    "address",
    "house",
    "street_words",
    "postcode",
    "city",
)


def both_sides(columns: Iterable[str], left: str, right: str) -> str:
    """A select list of columns of two tables, the left's called `x_l`, the right's `x_r`."""
    return ", ".join(f"{left}.{column} as {column}_l, {right}.{column} as {column}_r" for column in columns)
