"""What a treatment, or buying in more than one kind of channel, changes: effects with their intervals.

Belongs here: the statistics, by scipy and statsmodels, on counts and sums that SQL made. Lives elsewhere: who was
exposed to what and what came of it (`dbt/models/intermediate/effects`). Tables in, tables out.
"""

from dagster_project.effects.experiments import experiment_effects
from dagster_project.effects.landmark import landmark_effects

__all__ = ["experiment_effects", "landmark_effects"]
