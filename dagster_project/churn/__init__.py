"""Who will not order again: a probability for every active customer, with what speaks for it, and its error.

Tables in, tables out: no orchestrator, no engine, no clock. What customers did by a cut is the warehouse's to say.
"""

from __future__ import annotations

from dagster_project.churn.features import FEATURES, GROUPS
from dagster_project.churn.scoring import SCORES_SCHEMA, ScoredChurn, score_churn

__all__ = ["FEATURES", "GROUPS", "SCORES_SCHEMA", "ScoredChurn", "score_churn"]
