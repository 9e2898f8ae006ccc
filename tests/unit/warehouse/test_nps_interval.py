"""The interval of the net promoter score: a study of its coverage, by the macro that kpi_nps uses, on DuckDB."""

from __future__ import annotations

import duckdb
import jinja2
import numpy as np
import pyarrow as pa
import pytest

from dagster_project.settings import DBT_PROJECT_DIR

SEEDS = 200
# promoters, passives, detractors of the whole population
POPULATIONS = [(0.35, 0.30, 0.35), (0.50, 0.30, 0.20), (0.70, 0.20, 0.10), (0.15, 0.25, 0.60)]
MACRO = (DBT_PROJECT_DIR / "macros" / "business" / "nps_bound.sql").read_text(encoding="utf-8")


def intervals(counts: pa.Table) -> list[tuple[float, float]]:
    """nps_low and nps_high of each row of promoters, detractors, responses, in their order."""
    template = MACRO + "{{ nps_bound('promoters', 'detractors', 'responses', side) }}"
    low, high = (jinja2.Environment().from_string(template).render(side=side) for side in ("low", "high"))
    return duckdb.sql(f"select {low}, {high} from counts").fetchall()


def test_the_interval_is_that_of_the_formula() -> None:
    # 2 promoters, 1 detractor of 4: see the unit test of kpi_nps. All 10 promoters: 10.75 / 13 - 0.75 / 13 = 0.769231;
    # variance 0.884615 - 0.591716 = 0.292899, over 13 and under the root 0.150103, times 1.96 = 0.294202: cut at 100.
    counts = pa.table({"promoters": [2, 10, 0], "detractors": [1, 0, 0], "responses": [4, 10, 0]})

    assert intervals(counts) == [(-44.1608, 72.7323), (pytest.approx(47.5029, abs=1e-3), 100.0), (None, None)]


@pytest.mark.slow
@pytest.mark.parametrize("shares", POPULATIONS, ids=str)
@pytest.mark.parametrize("responses", [30, 100, 1_000])
def test_the_interval_covers_the_truth_about_as_often_as_it_says(
    responses: int, shares: tuple[float, float, float]
) -> None:
    drawn = np.array([np.random.default_rng(seed).multinomial(responses, shares) for seed in range(SEEDS)])
    counts = pa.table({"promoters": drawn[:, 0], "detractors": drawn[:, 2], "responses": [responses] * SEEDS})
    truth = 100 * (shares[0] - shares[2])

    covered = sum(low <= truth <= high for low, high in intervals(counts)) / SEEDS

    assert 0.91 <= covered <= 0.99
