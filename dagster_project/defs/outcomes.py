"""How a finished run ended, read from the events Dagster keeps of it: the same for a run of the command line and one of
the daemon, and for one whose process is gone.

Sentences are fit for anybody: a verdict brings its own, of a crash only its kind is told, as an error's text may quote
a row.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

import dagster as dg
from dagster_shared.error import SerializableErrorInfo

from dagster_project.defs.schedules import BACKFILL

Ending = Literal[
    "published", "nothing_new", "taken_in", "data_rejected", "gate_failed", "crashed", "busy", "postgres_not_served"
]
_VERDICTS: dict[str, Ending] = {
    "DataRejected": "data_rejected",
    "GateFailed": "gate_failed",
    "RunBusy": "busy",
    "WarehouseBusy": "busy",
    "PostgresError": "postgres_not_served",
}
# Of several failed steps the first of these is why the run failed.
_WORST_FIRST: tuple[Ending, ...] = ("data_rejected", "gate_failed", "busy", "crashed", "postgres_not_served")
# The check of marts.fct_survey_responses that asks for calls.
NEGATIVE_ANSWERS = "negative_answers"
RELEASE_TAG, AS_OF_TAG = "omnivue/release", "omnivue/as_of"


@dataclass(frozen=True)
class Outcome:
    """`sentence` says why a run failed; None of one that did not. `negative_answers` is the check's sentence when there
    are customers to call back."""

    ending: Ending
    sentence: str | None = None
    negative_answers: str | None = None


def outcome_of(instance: dg.DagsterInstance, run: dg.DagsterRun) -> Outcome | None:
    """How `run` ended; None while it goes on, and for one that a person cancelled."""
    if run.status not in (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE):
        return None
    kinds = (
        dg.DagsterEventType.STEP_FAILURE,
        dg.DagsterEventType.RUN_FAILURE,
        dg.DagsterEventType.ASSET_CHECK_EVALUATION,
    )
    events = [entry.get_dagster_event() for entry in instance.all_logs(run.run_id, of_type=set(kinds))]
    told = _negative_answers(events)
    if run.status == dg.DagsterRunStatus.SUCCESS:
        if run.job_name == BACKFILL:
            return Outcome("taken_in")
        return Outcome("published" if RELEASE_TAG in run.tags else "nothing_new", negative_answers=told)
    failures = [event for event in events if event.event_type == dg.DagsterEventType.STEP_FAILURE]
    if not failures:
        return _without_a_step(events)
    found = [_of_step(event) for event in failures]
    first = min(found, key=lambda outcome: _WORST_FIRST.index(outcome.ending))
    # Of customers to call back is told once they are published: until then every night finds the same answers.
    return replace(first, negative_answers=told if RELEASE_TAG in run.tags else None)


def _of_step(event: dg.DagsterEvent) -> Outcome:
    error = event.step_failure_data.error
    for cause in _chain(error):
        ending = _VERDICTS.get(cause.cls_name or "")
        if ending is not None:
            return Outcome(ending, _text(cause))
    return Outcome("crashed", f"crashed in step '{event.step_key}': {_kind(error)}")


def _without_a_step(events: list[dg.DagsterEvent]) -> Outcome:
    """A run that failed outside its steps: before the first, or with its process."""
    for event in events:
        if event.event_type == dg.DagsterEventType.RUN_FAILURE:
            error = event.job_failure_data.error if event.event_specific_data else None
            for cause in _chain(error):
                if _VERDICTS.get(cause.cls_name or "") == "busy":
                    return Outcome("busy", _text(cause))
            if any(cause.cls_name == "SettingsError" for cause in _chain(error)):
                return Outcome("crashed", "the settings cannot be used; `omnivue doctor` says why")
            if error is not None:
                return Outcome("crashed", f"crashed outside its steps: {_kind(error)}")
    return Outcome("crashed", "the process of the run is gone: killed, out of memory, or the machine stopped")


def _negative_answers(events: list[dg.DagsterEvent]) -> str | None:
    for event in events:
        if event.event_type == dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            if check.check_name == NEGATIVE_ANSWERS and not check.passed:
                return check.description
    return None


def _chain(error: SerializableErrorInfo | None) -> Iterator[SerializableErrorInfo]:
    while error is not None:
        yield error
        error = error.cause or error.context


def _text(error: SerializableErrorInfo) -> str:
    """The sentence of an error, without the name of its class, which Python puts before it."""
    name, _, text = error.message.strip().partition(": ")
    return text if name.endswith(error.cls_name or "") else error.message.strip()


def _kind(error: SerializableErrorInfo | None) -> str:
    """The innermost error's class, with what the system says where it is the system's."""
    *_, inner = _chain(error) or [None]
    if inner is None:
        return "unknown"
    text = _text(inner)
    # `[Errno 28] No space left on device: '/path'`: without the path.
    known = text.partition(": ")[0] if text.startswith("[Errno ") else ""
    return " ".join(filter(None, [inner.cls_name or "an error", known]))
