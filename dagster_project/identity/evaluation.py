"""How well records were put together, against a known truth: over pairs of records, over records, and by what made a
record hard."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import pandas as pd


class EvaluationError(ValueError):
    """Frames that cannot be compared; the message names the column and the remedy."""


@dataclass(frozen=True)
class Score:
    """Shares in 0..1; NaN where there was nothing to judge."""

    precision: float
    recall: float

    @property
    def f1(self) -> float:
        """The harmonic mean; 0 when both are."""
        total = self.precision + self.recall
        return 2 * self.precision * self.recall / total if total else 0.0


@dataclass(frozen=True)
class Evaluation:
    """`pairwise`: of the pairs put together, those of one person (precision), and of one person's pairs, those put
    together (recall). `b_cubed`: the same for the average record's neighbours, itself included (Bagga and Baldwin
    1998). `kinds`: one row per kind of record (kind, records, precision, recall over the pairs with such a record).
    `nobodys`: one row per kind of record that names no one person (kind, records, one_person = those put with one
    person's records, as other evidence may, several_people = those of customers that are several people). `alone`:
    how many of `records` no customer was assigned, so that each counts as one of `customers`."""

    records: int
    alone: int
    people: int
    customers: int
    pairwise: Score
    b_cubed: Score
    kinds: pd.DataFrame
    nobodys: pd.DataFrame


def evaluate(assigned: pd.DataFrame, truth: pd.DataFrame) -> Evaluation:
    """Compare `assigned` (record_id, customer_id) with `truth` (record_id, person_id, and `kind` if there are several).

    A record that `assigned` leaves out, or gives no customer, stands alone. Records whose person_id is missing belong
    to nobody: they are counted apart and make no pairs. Raises EvaluationError when a column is missing, a record_id is
    repeated, or no record is in both.
    """
    for name, frame, needed in (("assigned", assigned, "customer_id"), ("truth", truth, "person_id")):
        for column in ("record_id", needed):
            if column not in frame.columns:
                raise EvaluationError(f"{name}: column '{column}' is missing; it has {', '.join(frame.columns)}")
        if frame["record_id"].duplicated().any():
            first = frame.loc[frame["record_id"].duplicated(), "record_id"].iloc[0]
            raise EvaluationError(f"{name}: record_id {first!r} is repeated; one row per record is expected")
    known = truth.assign(kind=truth["kind"] if "kind" in truth.columns else "all")
    known = known.merge(assigned[["record_id", "customer_id"]], on="record_id", how="left")
    if not len(known) or not known["record_id"].isin(assigned["record_id"]).any():
        raise EvaluationError("assigned and truth have no record_id in common")
    # A record of no customer is a customer of its own.
    customers = pd.factorize(known["customer_id"], use_na_sentinel=True)[0]
    alone = customers < 0
    customers[alone] = customers.max(initial=-1) + 1 + np.arange(int(alone.sum()))
    is_somebodys = known["person_id"].notna().to_numpy()
    persons = pd.factorize(known["person_id"], use_na_sentinel=True)[0]

    judged = pd.DataFrame({"customer": customers, "person": persons, "kind": known["kind"].to_numpy()})[is_somebodys]
    together = judged.groupby(["customer", "person"])["kind"].transform("size").to_numpy()
    of_customer = judged.groupby("customer")["kind"].transform("size").to_numpy()
    of_person = judged.groupby("person")["kind"].transform("size").to_numpy()
    judged = judged.assign(found=together - 1, made=of_customer - 1, due=of_person - 1)
    kinds = judged.groupby("kind", sort=True)[["found", "made", "due"]].sum()
    kinds.insert(0, "records", judged.groupby("kind").size())
    return Evaluation(
        records=len(known),
        alone=int(alone.sum()),
        people=int(judged["person"].nunique()),
        customers=len(np.unique(customers)),
        pairwise=_score(judged["found"].sum(), judged["made"].sum(), judged["due"].sum()),
        b_cubed=Score(float(np.mean(together / of_customer)), float(np.mean(together / of_person))),
        kinds=kinds.assign(
            precision=kinds["found"] / kinds["made"].where(kinds["made"] > 0),
            recall=kinds["found"] / kinds["due"].where(kinds["due"] > 0),
        )[["records", "precision", "recall"]].reset_index(),
        nobodys=_nobodys(known["kind"].to_numpy(), customers, persons, is_somebodys),
    )


def _score(found: float, made: float, due: float) -> Score:
    return Score(float(found / made) if made else float("nan"), float(found / due) if due else float("nan"))


def _nobodys(kind: np.ndarray, customers: np.ndarray, persons: np.ndarray, is_somebodys: np.ndarray) -> pd.DataFrame:
    met = np.unique(np.stack([customers[is_somebodys], persons[is_somebodys]]), axis=1)
    people = np.bincount(met[0], minlength=int(customers.max(initial=-1)) + 1)[customers]
    nobodys = pd.DataFrame({"kind": kind, "one_person": people == 1, "several_people": people > 1})[~is_somebodys]
    counted = nobodys.groupby("kind", sort=True)[["one_person", "several_people"]].sum()
    counted.insert(0, "records", nobodys.groupby("kind").size())
    return counted.reset_index()
