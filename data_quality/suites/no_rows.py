"""The expectation that a query returns nothing, without reading the rows it returns.

The library's `UnexpectedRowsExpectation` runs its query twice, once to count and once to fetch rows of any column; this
one only counts. Failing keys are read afterwards by the runner, and only of what failed.
"""

from __future__ import annotations

from typing import Any, ClassVar

from great_expectations.expectations.core.unexpected_rows_expectation import UnexpectedRowsExpectation


class ExpectNoRows(UnexpectedRowsExpectation):
    """`unexpected_rows_query` returns no row; `description` is the rule as a sentence."""

    metric_dependencies: ClassVar[tuple[str, ...]] = ("unexpected_rows_query.row_count",)

    def _validate(
        self,
        metrics: dict[str, Any],
        runtime_configuration: dict[str, Any] | None = None,
        execution_engine: Any = None,
    ) -> dict[str, Any]:
        count = int(metrics["unexpected_rows_query.row_count"])
        return {"success": count == 0, "result": {"observed_value": count, "unexpected_count": count}}
