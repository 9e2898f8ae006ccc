"""Attribution: which channels earned the conversions at the end of journeys.

Tables in, tables out: `attribute` compares models over a table of paths; `share_out` gives what the
warehouse needs to share out each order. Everything works on distinct paths with their counts (`Paths`), so that
cost grows with the variety of journeys rather than their number. Nothing here knows a clock, an engine or the
orchestrator; which touches belong to an order's path is decided where paths are made.
"""

from dagster_project.attribution.markov import removal_effects
from dagster_project.attribution.models import DEFAULT_MODELS, MODELS, attribute, channel_weights, step_shares
from dagster_project.attribution.paths import AttributionError, Paths, encode
from dagster_project.attribution.warehouse import share_out

__all__ = [
    "DEFAULT_MODELS",
    "MODELS",
    "AttributionError",
    "Paths",
    "attribute",
    "channel_weights",
    "encode",
    "removal_effects",
    "share_out",
    "step_shares",
]
