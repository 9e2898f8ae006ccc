"""A French population with duplicates, as frames for `resolve`: who lives together, and what their records say.

Households share a surname, an address, a landline, sometimes a mailbox; twins share a birth date. People hold several
records, written differently: nicknames, maiden names, typing errors, swapped fields, a move, and gaps.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from dagster_project.simulator.names import choose_first_names, name_book

SURNAMES, POSTCODES, STREETS = 60_000, 5_000, 4_000
SOURCES = np.array(["crm", "loyalty", "pos", "shop"], dtype=object)
DOMAINS = np.array(["gmail.com", "orange.fr", "free.fr", "hotmail.fr", "laposte.net", "sfr.fr"], dtype=object)
STREET_KINDS = np.array(["rue", "avenue", "boulevard", "chemin", "place", "impasse"], dtype=object)
SHORT_KINDS = np.array(["r.", "av.", "bd", "ch.", "pl", "imp."], dtype=object)
START_LIST = """
Bar Bel Ber Bou Bri Car Cha Che Cor Cou Dau Del Des Du Far Fau Fer Fon Gar Gau Gi Gou Gra Ha Hu Jac La Le Lam Lan Le_ Lo
Mar Mau Mer Mon Mor Nau Or Pa Per Pi Por Ra Ri Ro Rou Sa Sau Ser Si Tal Ter Tour Va Ver Vi
"""
MIDDLE_LIST = "ba bi cha chi da de di gi go la le li lo ma mi na ni pi ra re ri ro sa se te ti vi"
END_LIST = "ard aud ault aux ay eau el er et eu ier in lle met net on ot oux rd sson t tte ville y"


def surnames() -> np.ndarray:
    """Distinct surnames, the real ones of the simulator first."""
    rng = np.random.default_rng(1)
    made = [
        f"{start}{middle}{end}".replace("_", " ").title()
        for start, middle, end in zip(
            *(rng.choice(part.split(), SURNAMES * 2) for part in (START_LIST, MIDDLE_LIST, END_LIST)), strict=True
        )
    ]
    return np.array(list(dict.fromkeys(name_book().last.to_pylist() + made))[:SURNAMES], dtype=object)


def zipf(rng: np.random.Generator, size: int, values: int, skew: float) -> np.ndarray:
    """Numbers below `values`, the small ones the commonest."""
    share = 1 / (np.arange(values) + 8) ** skew
    drawn: np.ndarray = rng.choice(values, size=size, p=share / share.sum())
    return drawn


def population(records: int, seed: int = 7) -> tuple[pd.DataFrame, np.ndarray]:
    """`records` rows in random order, and per row the number of its person."""
    rng = np.random.default_rng([seed, records])
    book, names = name_book(), surnames()
    people = records // 2
    # Households of one to five, in rows one after another.
    sizes = rng.choice([1, 2, 3, 4, 5], size=people, p=[0.38, 0.33, 0.13, 0.11, 0.05])
    home = np.repeat(np.arange(people), sizes)[:people]
    role = np.arange(people) - np.searchsorted(home, home)
    adult_year = rng.integers(1940, 1990, people)[home]
    year = np.where(role < 2, adult_year + rng.integers(-4, 5, people), adult_year + rng.integers(24, 34, people))
    year = np.minimum(year, 2010)
    birth = pd.to_datetime(pd.Series(year.astype(str) + "-01-01")).to_numpy() + rng.integers(0, 365, people).astype(
        "timedelta64[D]"
    )
    twin = (role > 2) & (rng.random(people) < 0.03)
    birth[twin] = birth[np.flatnonzero(twin) - 1]
    female = np.where(role == 1, rng.random(people) < 0.95, rng.random(people) < 0.45)
    first = choose_first_names(rng, female, year)
    for _ in range(5):  # no family calls two of its members by one name
        again = pd.DataFrame({"home": home, "first": first}).duplicated().to_numpy()
        first[again] = choose_first_names(rng, female[again], year[again])
    last = zipf(rng, people, len(names), 0.85)[home]
    birth_name = zipf(rng, people, len(names), 0.85)
    own_name = (role == 1) & (rng.random(people) < 0.3)
    last = np.where(own_name, birth_name, last)
    house, street = rng.integers(1, 150, people)[home], rng.integers(0, STREETS, people)[home]
    place = zipf(rng, people, POSTCODES, 0.7)[home]
    mobile, landline = (
        rng.integers(600_000_000, 799_999_999, people),
        rng.integers(100_000_000, 599_999_999, people)[home],
    )
    plain = np.array(book.first_plain.to_pylist(), dtype=object)
    folded = np.array([name.lower().replace(" ", "") for name in names], dtype=object)
    shared = (rng.random(people) < 0.1)[home]
    personal = np.char.lower(plain[first].astype(str)).astype(object) + "." + folded[last]
    taken = pd.Series(personal).duplicated().to_numpy() | (rng.random(people) < 0.6)
    personal += np.where(taken, np.arange(people).astype(str), "").astype(object)
    box = np.where(
        shared,
        "famille." + folded[last[np.searchsorted(home, home)]] + home.astype(str).astype(object),
        personal,
    )
    email = box + "@" + DOMAINS[np.where(shared, home, np.arange(people)) % len(DOMAINS)]

    # Records: every person once, the rest given to people by chance.
    who = np.concatenate([np.arange(people), rng.integers(0, people, records - people)])
    rng.shuffle(who)
    size = len(who)

    def some(share: float) -> np.ndarray:
        return rng.random(size) < share

    given = np.array(book.first.to_pylist(), dtype=object)[first[who]]
    nickname = np.array(book.nickname.to_pylist(), dtype=object)[first[who]]
    given = np.where(some(0.04), nickname, given)
    given = np.where(some(0.03), np.array([name[0] + "." for name in given], dtype=object), given)
    given = typed(rng, given, some(0.03))
    surname = names[last[who]]
    surname = np.where((role[who] == 1) & some(0.08), names[birth_name[who]], surname)
    surname = typed(rng, surname, some(0.03))
    swapped = some(0.01)
    given, surname = np.where(swapped, surname, given), np.where(swapped, given, surname)
    upper = some(0.2)
    surname = np.where(upper, np.array([name.upper() for name in surname], dtype=object), surname)

    born = birth[who].astype("datetime64[D]")
    slip = some(0.02)
    born = np.where(slip, born + rng.choice([1, 10, 365, 3652], size).astype("timedelta64[D]"), born)
    iso = born.astype(str)
    parts = np.array([text.split("-") for text in iso], dtype=object)
    exchange = some(0.02) & (parts[:, 2].astype(int) <= 12)
    month, day = np.where(exchange, parts[:, 2], parts[:, 1]), np.where(exchange, parts[:, 1], parts[:, 2])
    born_text = np.where(some(0.5), parts[:, 0] + "-" + month + "-" + day, day + "/" + month + "/" + parts[:, 0])

    moved = some(0.08)
    shown_house = np.where(moved, rng.integers(1, 150, size), house[who])
    shown_street = np.where(moved, rng.integers(0, STREETS, size), street[who])
    shown_place = np.where(moved, zipf(rng, size, POSTCODES, 0.7), place[who])
    kind = np.where(some(0.3), SHORT_KINDS[shown_street % 6], STREET_KINDS[shown_street % 6])
    road = typed(rng, names[(shown_street * 13) % len(names)], some(0.03))
    address = shown_house.astype(str).astype(object) + " " + kind + " " + road
    postcode = np.char.zfill((1000 + shown_place * 19).astype(str), 5).astype(object)
    city = names[(shown_place * 7 + 11) % len(names)] + np.where(shown_place % 3 == 0, "-sur-Mer", "")
    other_box = some(0.12)
    shown_email = np.where(other_box, folded[last[who]] + who.astype(str).astype(object) + "@free.fr", email[who])
    shown_email = typed(rng, shown_email, some(0.01))
    number = np.where(some(0.25), landline[who], mobile[who]).astype(str).astype(object)
    phone = np.where(some(0.5), "0" + number, "+33 " + number)

    frame = pd.DataFrame(
        {
            "record_id": np.char.add("r", np.char.zfill(np.arange(size).astype(str), 8)),
            "source_system": SOURCES[rng.integers(0, 4, size)],
            "given_name": np.where(some(0.04), None, given),
            "surname": np.where(some(0.02), None, surname),
            "birth_date": np.where(some(0.35), None, born_text),
            "email": np.where(some(0.25), None, shown_email),
            "phone": np.where(some(0.35), None, phone),
            "address": np.where(some(0.2), None, address),
            "postcode": np.where(some(0.08), None, postcode),
            "city": np.where(some(0.08), None, city),
        }
    )
    return frame, who


def typed(rng: np.random.Generator, texts: np.ndarray, errs: np.ndarray) -> np.ndarray:
    """The texts with one typing error where `errs`."""
    result = texts.copy()
    letters = "abcdefghijklmnopqrstuvwxyz"
    for row in np.flatnonzero(errs):
        text = str(texts[row])
        if len(text) < 4:
            continue
        at, how, letter = int(rng.integers(1, len(text) - 1)), int(rng.integers(4)), letters[int(rng.integers(26))]
        result[row] = (
            text[:at] + text[at + 1 :],
            text[:at] + letter + text[at:],
            text[:at] + letter + text[at + 1 :],
            text[:at] + text[at + 1] + text[at] + text[at + 2 :],
        )[how]
    return result


def pairwise(found: pd.Series | np.ndarray, truth: np.ndarray) -> tuple[float, float, float]:
    """Precision, recall and F1 over pairs of records."""

    def pairs(*columns: np.ndarray) -> float:
        counts = pd.DataFrame(dict(enumerate(columns))).value_counts().to_numpy().astype(float)
        return float((counts * (counts - 1) / 2).sum())

    hits, linked, true = pairs(np.asarray(found), truth), pairs(np.asarray(found)), pairs(truth)
    return hits / max(linked, 1), hits / max(true, 1), 2 * hits / max(linked + true, 1)
