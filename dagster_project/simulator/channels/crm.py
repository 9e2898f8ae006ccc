"""The CRM (HubSpot contact export): weekly full snapshots, daily increments of contacts created or modified that day.

A contact has versions: as created, and after each change that reached the CRM (phone, name, address, consent,
e-mail). A snapshot holds each contact's version of that evening; an increment the versions of that day.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from dagster_project.simulator.calendar import DAY, date_text, day_of, local_day, local_text, to_utc, weekday
from dagster_project.simulator.columns import NONE, Flags, Ints, Table, blank, choose, constant, numbers, pick, stream
from dagster_project.simulator.people import FAR, city_index, phone_text, street_text
from dagster_project.simulator.places import places
from dagster_project.simulator.records import Scene
from dagster_project.simulator.render import Cells, quoted
from dagster_project.simulator.writers import Dialect, FileKey, Landing

_CREATED, _PHONE, _NAME, _MOVE, _CONSENT, _MAIL = range(6)


@dataclass(frozen=True)
class Versions(Table):
    """One row per contact version, sorted by contact and day. What the version knows stands in the flags."""

    contact: Ints
    person: Ints
    is_second: Flags
    day: Ints
    knows_phone: Flags
    knows_name: Flags
    knows_move: Flags
    withdrew: Flags
    knows_mail: Flags


def make_versions(scene: Scene) -> Versions:
    """All versions of all contacts until the window's end."""
    world, people = scene.world, scene.world.people
    rng = stream(world.seed, "contact versions")
    size, last = len(people), world.window.last
    told = rng.random((3, size))
    left_day = local_day(np.minimum(world.sends.left_email_at(size), FAR * DAY))
    days = [
        people.contact_day,
        np.where(told[0] < 0.25, people.contact_day + 1 + rng.integers(0, 400, size), FAR),
        np.where(told[1] < 0.55, people.renamed_day + rng.integers(5, 90, size), FAR),
        np.where(told[2] < 0.6, people.moved_day + rng.integers(2, 60, size), FAR),
        left_day,
        np.where(rng.random(size) < 0.6, people.second_email_day + 3, FAR),
    ]
    happens = [(people.contact != NONE) & (day <= last) & (day >= people.contact_day) for day in days]
    person = np.concatenate([np.flatnonzero(flag) for flag in happens])
    day = np.concatenate([when[flag] for when, flag in zip(days, happens, strict=True)])
    pairs = np.unique(person * (1 << 24) + day)
    person, day = pairs >> 24, pairs & ((1 << 24) - 1)

    def known(change: int) -> Flags:
        is_known: Flags = days[change][person] <= day
        return is_known

    first = Versions(
        people.contact[person],
        person,
        np.zeros(len(person), dtype=np.bool_),
        day,
        known(_PHONE),
        known(_NAME),
        known(_MOVE),
        known(_CONSENT),
        known(_MAIL),
    )
    again = np.flatnonzero(people.second_contact != NONE)
    no = np.zeros(len(again), dtype=np.bool_)
    second = Versions(people.second_contact[again], again, ~no, people.second_contact_day[again], ~no, no, no, no, no)
    versions = Versions.concat([first, second])
    return versions.take(np.lexsort((versions.day, versions.contact)))


def write_contacts(scene: Scene, landing: Landing) -> None:
    """hubspot-contacts-full-YYYY-MM-DD.csv on Sundays and hubspot-contacts-changes-YYYY-MM-DD.csv daily."""
    world, people, window = scene.world, scene.world.people, scene.world.window
    versions = make_versions(scene)
    next_day = np.r_[versions.day[1:], FAR]
    same = np.r_[versions.contact[1:] == versions.contact[:-1], False]
    next_day = np.where(same, next_day, FAR) if len(versions) else next_day[:0]
    rng = stream(world.seed, "crm")
    clock = rng.integers(8 * 3600, 20 * 3600, (2, len(people)))
    gives_address = rng.random(len(people)) < 0.55
    gives_card = rng.random(len(people)) < 0.3
    gives_second = rng.random(len(people)) < 0.6
    source = rng.choice(5, size=len(people), p=(0.34, 0.22, 0.14, 0.18, 0.12))

    # Texts are made once per version; a snapshot is a choice of versions.
    def version_cells(rows: Ints) -> Cells:
        part = versions.take(rows)
        who, day, twice = part.person, part.day, part.is_second
        taken = pa.array(who)
        spelling, other = scene.spelling("crm"), scene.spelling("crm_second")
        as_named = np.where(
            part.knows_name,
            FAR - 1,
            np.where(twice, day, np.minimum(people.contact_day[who], people.renamed_day[who] - 1)),
        )
        first = choose(twice, other.first.take(taken), spelling.first.take(taken))
        last = choose(twice, scene.surname("crm_second", who, as_named), scene.surname("crm", who, as_named))
        uses_second = twice & (people.second_email_day[who] <= day)
        email = scene.address(who, day, uses_second)
        email = blank(email, twice & ~uses_second & (who % 2 == 0))
        extra = blank(people.second_email.take(taken), ~part.knows_mail | ~gives_second[who] | twice)
        has_birth = np.where(twice, other.has_birth[who], spelling.has_birth[who])
        birth = np.where(twice, people.birth_day[who], spelling.birth_day[who])
        located = gives_address[who] & ~twice
        as_of = np.where(part.knows_move, FAR, np.minimum(people.contact_day[who], people.moved_day[who] - 1))
        town = city_index(people, who, as_of)
        created = to_utc(np.where(twice, people.second_contact_day[who], people.contact_day[who]), clock[0, who])
        modified = to_utc(day, np.where(day == people.contact_day[who], clock[0, who], clock[1, who]))
        modified = np.where(twice, created, modified)
        stage = np.where(people.is_prospect[who], 0, 1)
        return {
            "Record ID": numbers(part.contact),
            "First Name": first,
            "Last Name": last,
            "Email": choose((who % 29 == 0) & ~twice, pc.utf8_capitalize(email), email),
            "Additional email addresses": extra,
            "Phone Number": blank(phone_text(people.landline.take(taken), (who + 3) % 8), ~part.knows_phone),
            "Mobile Phone Number": blank(
                phone_text(people.mobile.take(taken), spelling.phone_form[who]), ~part.knows_phone & (who % 10 < 4)
            ),
            "Date of Birth": blank(date_text(birth), ~has_birth),
            "Gender": blank(
                choose(people.is_female[who], "female", choose(who % 97 == 0, "other", "male")), (who % 7 == 0) | twice
            ),
            "Street Address": blank(quoted(street_text(people, who, as_of)), ~located),
            "City": blank(pick(places().city, town), ~located & (who % 3 > 0)),
            "Postal Code": blank(pick(places().postcode, town), ~located & (who % 3 > 0)),
            "Country/Region": constant("France", len(rows)),
            "Loyalty Card Number": blank(
                people.card.take(taken), ~gives_card[who] | (people.card_day[who] > day) | twice
            ),
            "Preferred language": choose(people.is_english[who], "en", "fr"),
            "Lifecycle Stage": pick(pa.array(["lead", "customer"]), stage),
            "Original Source": pick(
                pa.array(["ORGANIC_SEARCH", "PAID_SEARCH", "PAID_SOCIAL", "OFFLINE", "DIRECT_TRAFFIC"]), source[who]
            ),
            "Marketing contact status": choose(
                people.takes_email[who] & ~part.withdrew, "Marketing contact", "Non-marketing contact"
            ),
            "Create Date": local_text(created, "HH:mm"),
            "Last Modified Date": local_text(modified, "HH:mm"),
        }

    sundays, days = window.sundays(), window.every_day()
    full = [np.flatnonzero((versions.day <= day) & (next_day > day)) for day in sundays]
    in_window = np.flatnonzero(versions.day >= window.first)
    in_window = in_window[np.lexsort((versions.contact[in_window], versions.day[in_window]))]
    edges = np.searchsorted(versions.day[in_window], np.append(days, days[-1] + 1))
    changes = [in_window[edges[i] : edges[i + 1]] for i in range(len(days))]
    files: list[FileKey] = []
    rows: list[Ints] = []
    week = 0
    for number, day in enumerate(days.tolist()):
        files.append(FileKey(f"hubspot-contacts-changes-{day_of(int(day))}.csv", int(day)))
        rows.append(changes[number])
        if weekday(days[number : number + 1])[0] == 7:
            files.append(FileKey(f"hubspot-contacts-full-{day_of(int(day))}.csv", int(day)))
            rows.append(full[week])
            week += 1
    row = np.concatenate(rows)
    file_of_row = np.repeat(np.arange(len(files)), [len(part) for part in rows])
    everything = version_cells(np.arange(len(versions)))
    shown = np.unique(row)
    seen = versions.take(shown)
    kinds = choose(seen.is_second, "second_contact", scene.kinds("crm", seen.person, seen.day))
    scene.sightings.add("crm", numbers(seen.contact), seen.person, kinds)
    landing.write_text(
        "crm_contacts",
        files,
        file_of_row,
        lambda chunk: {name: values.take(pa.array(row[chunk])) for name, values in everything.items()},
        Dialect(encoding="utf-8-sig"),
    )
