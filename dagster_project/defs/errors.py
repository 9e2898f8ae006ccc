"""Verdicts that end a run: expected outcomes with a sentence for people, apart from crashes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeVar

Error = TypeVar("Error", bound=BaseException)


class DataRejected(Exception):  # noqa: N818  (a verdict, not a fault)
    """More rows or files of an extract broke its contract than the contract allows; the message names it."""


class GateFailed(Exception):  # noqa: N818
    """A critical expectation or a dbt test failed; the message says which. The current release is untouched."""


def find(error: BaseException | None, kind: type[Error]) -> Error | None:
    """The error of `kind` behind `error`, however deep the orchestrator has wrapped it."""
    for cause in _chain(error):
        if isinstance(cause, kind):
            return cause
    return None


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    seen: set[int] = set()
    while error is not None and id(error) not in seen:
        seen.add(id(error))
        yield error
        error = error.__cause__ or error.__context__
