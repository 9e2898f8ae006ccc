"""Probabilistic matching as its users see it: who is joined, who is not, and that nothing else matters."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dagster_project.identity import MatchModel, resolve, score_pairs

MODEL = MatchModel.load()
HOME = {"surname": "Lefèvre", "address": "12 rue de la Paix", "postcode": "69003", "city": "Lyon"}
ANNE = {
    **HOME,
    "given_name": "Anne",
    "birth_date": "1980-02-03",
    "email": "anne.lefevre@orange.fr",
    "phone": "0612345678",
}


def frame(*records: dict[str, object]) -> pd.DataFrame:
    """record_id a, b, c ..., in the order given."""
    return pd.DataFrame([{"record_id": chr(ord("a") + row), **record} for row, record in enumerate(records)])


def groups(found: pd.DataFrame) -> set[frozenset[str]]:
    return {frozenset(ids) for _, ids in found.groupby("customer_id")["record_id"]}


def joined(*records: dict[str, object]) -> bool:
    return len(groups(resolve(frame(*records), MODEL))) == 1


@pytest.mark.parametrize(
    "other",
    [
        {"given_name": "ANNE", "surname": "LEFEVRE"},
        {"birth_date": "03/02/1980"},
        {"birth_date": "3 février 1980"},
        {"birth_date": "1980-03-02"},
        {"birth_date": "1981-02-03"},
        {"given_name": "Annie", "birth_date": None},
        {"given_name": "Lefèvre", "surname": "Anne"},
        {"surname": "Lefèvre-Martin"},
        {"surname": "Durand"},
        {"address": "12, r. de la paix", "postcode": "69030"},
        {"address": "3 place Bellecour", "postcode": "69002", "phone": None},
        {"phone": "+33 6 12 34 56 78", "email": None},
    ],
)
def test_one_person_written_in_two_ways_is_one_customer(other: dict[str, object]) -> None:
    assert joined(ANNE, {**ANNE, **other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"given_name": "Anne", "birth_date": "1980-02-03"}, {"given_name": "Paul", "birth_date": "1978-11-21"}),
        ({"given_name": "Anne"}, {"given_name": "Paul"}),
        ({"given_name": "Emma", "birth_date": "2001-05-06"}, {"given_name": "Lucas", "birth_date": "2001-05-06"}),
        ({"given_name": "Julie", "birth_date": "2001-05-06"}, {"given_name": "Julien", "birth_date": "2003-09-14"}),
        ({"given_name": "Paul", "birth_date": "1950-01-30"}, {"given_name": "Pierre", "birth_date": "1980-04-12"}),
        ({"given_name": "Martin"}, {"given_name": "Martine"}),
    ],
)
@pytest.mark.parametrize("shared", [{"phone": "0478123456"}, {"phone": "0478123456", "email": "famille@lefevre.fr"}])
def test_two_of_a_household_stay_two(
    one: dict[str, object], other: dict[str, object], shared: dict[str, object]
) -> None:
    assert not joined({**HOME, **shared, **one}, {**HOME, **shared, **other})


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"given_name": "Anne"}, {}),
        ({"given_name": "Anne", "birth_date": "1980-02-03"}, {"birth_date": "1978-11-21"}),
        ({"given_name": "Anne", "birth_date": "1980-02-03"}, {}),
        ({"given_name": "Anne", "email": "anne.lefevre@orange.fr"}, {"email": "pjl@free.fr"}),
    ],
)
def test_a_missing_first_name_is_not_enough(one: dict[str, object], other: dict[str, object]) -> None:
    assert not joined({**HOME, "phone": "0478123456", **one}, {**HOME, "phone": "0478123456", **other})


def test_a_mailbox_or_a_birth_date_names_who_gave_no_first_name() -> None:
    nameless = {**ANNE, "given_name": None}

    assert joined(ANNE, {**nameless, "birth_date": None})
    assert joined(ANNE, {**nameless, "email": None})


def test_a_record_without_first_name_does_not_join_a_couple() -> None:
    home = {**HOME, "phone": "0478123456", "email": "famille@lefevre.fr"}
    anne = {**home, "given_name": "Anne", "birth_date": "1980-02-03"}
    paul = {**home, "given_name": "Paul", "birth_date": "1978-11-21"}

    found = resolve(frame(anne, home, paul), MODEL)

    assert found["customer_id"][0] != found["customer_id"][2]


def test_matches_within_one_source_are_found_unless_it_holds_everybody_once() -> None:
    twice = frame({**ANNE, "source_system": "crm"}, {**ANNE, "source_system": "crm"})

    assert len(groups(resolve(twice, MODEL))) == 1
    assert len(groups(resolve(twice, MODEL, deduplicated_sources=["crm"]))) == 2


def test_one_row_per_record_in_the_order_given() -> None:
    records = frame(ANNE, {"given_name": "Zoé"}, ANNE).iloc[[2, 0, 1]]

    found = resolve(records, MODEL)

    assert found.columns.tolist() == ["record_id", "customer_id", "match_method", "match_probability"]
    assert found["record_id"].tolist() == ["c", "a", "b"]
    assert found["match_method"].tolist() == ["probabilistic", "probabilistic", "single"]
    assert found["match_probability"].between(0, 1).all()
    assert found["match_probability"][2] == 1.0


def test_an_id_is_that_of_the_first_record_whoever_joins() -> None:
    alone = resolve(frame(ANNE), MODEL)["customer_id"][0]

    assert set(resolve(frame(ANNE, {**ANNE, "email": None}), MODEL)["customer_id"]) == {alone}


def test_another_key_gives_other_ids() -> None:
    assert (
        resolve(frame(ANNE), MODEL, id_key="another key")["customer_id"][0]
        != resolve(frame(ANNE), MODEL)["customer_id"][0]
    )


def test_records_may_say_nothing_or_be_none() -> None:
    assert resolve(frame({}, {}), MODEL)["customer_id"].nunique() == 2
    assert resolve(pd.DataFrame({"record_id": []}), MODEL).empty
    assert resolve(pd.DataFrame({"record_id": []})).empty


def test_too_few_records_to_learn_from_are_matched_by_the_shipped_model() -> None:
    records = frame(ANNE, {**ANNE, "phone": None}, {**HOME, "given_name": "Paul", "phone": "0612345678"})

    assert groups(resolve(records)) == groups(resolve(records, MODEL)) == {frozenset("ab"), frozenset("c")}


def test_a_model_may_be_a_file(tmp_path: Path) -> None:
    MODEL.save(tmp_path / "model.json")
    records = frame(ANNE, ANNE)

    pd.testing.assert_frame_equal(resolve(records, tmp_path / "model.json"), resolve(records, MODEL))


def test_scored_pairs_name_records_once_each_way() -> None:
    scored = score_pairs(frame(ANNE, {**ANNE, "phone": None}, {"given_name": "Zoé"}), MODEL)

    assert scored[["record_l", "record_r"]].to_numpy().tolist() == [["a", "b"]]
    assert scored["probability"].between(MODEL.thresholds.link, 1).all()


@pytest.mark.parametrize(
    ("records", "complaint"),
    [
        (pd.DataFrame({"given_name": ["Anne"]}), "'record_id' is missing"),
        (pd.DataFrame({"record_id": ["a", None]}), "'record_id' is empty in 1 rows"),
        (pd.DataFrame({"record_id": ["a", "a"]}), "a record_id is repeated"),
    ],
)
def test_records_without_an_id_of_their_own_are_refused(records: pd.DataFrame, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        resolve(records, MODEL)


NAMES = st.sampled_from(["Anne", "Annie", "Paul", "P.", "Jean-Pierre", "Jean", "Zoé", None])
PEOPLE = st.lists(
    st.fixed_dictionaries(
        {
            "given_name": NAMES,
            "surname": st.sampled_from(["Lefèvre", "Lefebvre", "Durand", None]),
            "birth_date": st.sampled_from(["1980-02-03", "03/02/1980", "1980-03-02", "1955-10-11", None]),
            "email": st.sampled_from(["a@lefevre.fr", "b@lefevre.fr", None]),
            "phone": st.sampled_from(["0612345678", "0478123456", None]),
            "address": st.sampled_from(["12 rue de la Paix", "3 place Bellecour", None]),
            "postcode": st.sampled_from(["69003", "69002", None]),
        }
    ),
    min_size=1,
    max_size=8,
)
FEW = settings(max_examples=8, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@FEW
@given(PEOPLE, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(people: list[dict[str, object]], random: object) -> None:
    records = frame(*people)
    shuffled = records.sample(frac=1, random_state=random.randrange(1000))  # type: ignore[attr-defined]

    expected = resolve(records, MODEL).set_index("record_id")
    pd.testing.assert_frame_equal(resolve(shuffled, MODEL).set_index("record_id").sort_index(), expected)


@FEW
@given(PEOPLE)
def test_two_runs_agree(people: list[dict[str, object]]) -> None:
    pd.testing.assert_frame_equal(resolve(frame(*people), MODEL), resolve(frame(*people), MODEL))
