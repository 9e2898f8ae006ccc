"""The consent register (JSON Lines, weekly): who granted or withdrew what, where and when. The first file holds all
earlier grants.
"""

from __future__ import annotations

import numpy as np
import pyarrow as pa

from dagster_project.simulator.calendar import DAY, day_of, local_day, to_utc, utc_text, week_end
from dagster_project.simulator.columns import NONE, Flags, Ints, Text, blank, choose, joined, padded, pick, stream
from dagster_project.simulator.people import FAR, e164
from dagster_project.simulator.records import Scene, key_of
from dagster_project.simulator.render import Cells, json_text
from dagster_project.simulator.writers import Dialect, FileKey, Landing

PURPOSES = ("email", "sms", "phone", "push", "postal", "profiling", "cookies", "open_tracking")
_BASES = ("consent", "legitimate_interest", "contract")
_SOURCES = ("web", "store", "crm", "app")


def write_consents(scene: Scene, landing: Landing) -> None:
    """consents_YYYY-MM-DD.jsonl."""
    world, people = scene.world, scene.world.people
    rng = stream(world.seed, "consents")
    size, window = len(people), world.window
    known_day = np.minimum(np.minimum(people.contact_day, people.account_day), people.card_day)
    known = known_day < FAR
    online = people.account_day < FAR
    parts: list[tuple[Ints, Ints, Ints, Ints, Ints, Ints]] = []

    def grant(purpose: int, flag: Flags, day: Ints, basis: int, source: Ints, granted: bool = True) -> None:
        rows = np.flatnonzero(flag & (day <= window.last))
        at = to_utc(day[rows], rng.integers(9 * 3600, 20 * 3600, len(rows)))
        parts.append(
            (
                rows,
                np.full(len(rows), purpose),
                at,
                np.full(len(rows), basis),
                source[rows],
                np.full(len(rows), int(granted)),
            )
        )

    place = np.where(online, 0, np.where(people.card_day < FAR, 1, 2))
    grant(0, known & people.takes_email, known_day, 0, place)
    grant(1, known & people.takes_sms & people.has_mobile, known_day, 0, place)
    grant(5, known & people.takes_profiling, known_day, 0, place)
    grant(6, online & people.takes_cookies, people.account_day, 0, np.zeros(size, dtype=np.int64))
    grant(6, online & ~people.takes_cookies, people.account_day, 0, np.zeros(size, dtype=np.int64), granted=False)
    grant(3, online & people.takes_push, people.account_day, 0, np.full(size, 3))
    grant(4, (people.card_day < FAR) & (rng.random(size) < 0.35), people.card_day, 1, np.full(size, 1))
    grant(7, known & people.takes_email & (rng.random(size) < 0.6), known_day, 0, place)
    left_day = local_day(np.minimum(world.sends.left_email_at(size), FAR * DAY)) + 1  # registered the day after
    grant(0, known, left_day, 0, place, granted=False)
    away = np.maximum(known_day, window.first) + rng.integers(20, 700, size)
    grant(5, known & people.takes_profiling & (rng.random(size) < 0.05), away, 0, place, granted=False)

    person, purpose, at, basis, source, granted = (
        np.concatenate(column).astype(np.int64) for column in zip(*parts, strict=True)
    )
    day = local_day(at)
    sundays = window.sundays()
    sunday = np.maximum(week_end(day), sundays[0] if len(sundays) else 0)
    kept = np.flatnonzero(sunday <= (sundays[-1] if len(sundays) else NONE))
    kept = kept[np.lexsort((purpose[kept], person[kept], at[kept], sunday[kept]))]
    person, purpose, at, basis, source, granted, day, sunday = (
        column[kept] for column in (person, purpose, at, basis, source, granted, day, sunday)
    )
    # Every register entry names the person by one or two of the keys it was given with.
    style = rng.random(size)[person]
    taken = pa.array(person)
    has_account = (people.account_day[person] <= day) & (source != 1)
    has_card = (people.card_day[person] <= day) & ~has_account
    gives_email = people.has_email[person] & ((style < 0.75) | (~has_account & ~has_card))
    email = blank(scene.address(person, day, np.zeros(len(person), dtype=np.bool_)), ~gives_email)
    account = blank(people.account.take(taken), ~has_account)
    card = blank(people.card.take(taken), ~has_card)
    phone = blank(e164(people.mobile.take(taken)), (purpose != 1) & (gives_email | has_account | has_card))
    keys = choose(
        gives_email,
        key_of("email", email),
        choose(
            has_account,
            joined("account:", account),
            choose(has_card, joined("card:", card), blank(joined("phone:", phone), ~people.has_mobile[person])),
        ),
    )
    scene.sightings.add("consents", keys, person, "exact")
    files = [FileKey(f"consents_{day_of(int(d))}.jsonl", int(d)) for d in sundays]

    def cells(rows: Ints) -> Cells:
        chosen = pa.array(rows)
        return {
            "id": joined('"cst-', padded(rows + 1, 8), '"'),
            "email": _json(email, chosen),
            "phone": _json(phone, chosen),
            "web_account": _json(account, chosen),
            "loyalty_card": _json(card, chosen),
            "purpose": pick(pa.array([f'"{name}"' for name in PURPOSES]), purpose[rows]),
            "status": choose(granted[rows] == 1, '"granted"', '"withdrawn"'),
            "basis": pick(pa.array([f'"{name}"' for name in _BASES]), basis[rows]),
            "source": pick(pa.array([f'"{name}"' for name in _SOURCES]), source[rows]),
            "occurred_at": joined('"', utc_text(at[rows]), '"'),
        }

    landing.write_text("consents", files, np.searchsorted(sundays, sunday), cells, Dialect(kind="jsonl"))


def _json(values: Text, rows: Text) -> Text:
    return json_text(values.take(rows))
