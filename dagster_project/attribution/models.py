"""The models of attribution side by side, and what the algorithmic ones find about channels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd
import pyarrow as pa
from pydantic import ValidationError

from dagster_project.attribution import shares
from dagster_project.attribution.markov import removal_effects
from dagster_project.attribution.paths import AttributionError, Journeys, Paths, encode
from dagster_project.attribution.shapley import shapley, shapley_rate
from dagster_project.settings import Attribution, expectation, shipped_settings

ALGORITHMIC = ("markov", "shapley", "shapley_rate")
MODELS = (*shares.RULES, *ALGORITHMIC)
# shapley_rate is for those who ask for it: its raw values need explanation.
DEFAULT_MODELS = MODELS[:-1]


def attribute(
    paths: pd.DataFrame | pa.Table,
    models: Sequence[str] = DEFAULT_MODELS,
    *,
    separator: str = ">",
    **settings: float | str,
) -> pd.DataFrame:
    """Credit channels with conversions and their value, by several models.

    `paths`: one row per journey, or per any number of equal ones: `path` (the channels in order, `a > b > c` or a
    list), `conversions` and `nulls` (how many journeys converted, how many did not), `value` (of the conversions); for
    time_decay perhaps `days_before` (days from each step to the order, `9.5 > 2 > 0` or a list).

    `models`: of MODELS, each described where it is computed: `shares` (first_touch, last_touch, last_non_direct,
    linear, position_based, time_decay), `markov`, `shapley` (shapley, shapley_rate). `settings`: those of the section
    `attribution` of settings.yaml, such as half_life_days=14; what is not given is as shipped.

    Returns one row per model and channel: channel, model, conversions, value; models as asked for, channels by name.
    Each model's conversions sum to those of `paths`, its value to theirs. The removal effects of markov, and what
    shapley_rate finds with its negative values set to 0, are shares of both totals. Raises AttributionError.
    """
    chosen, asked = _settings(settings), _known(models, MODELS)
    journeys = Journeys.of(paths, separator)
    plain = journeys.paths()
    parts = []
    for model in asked:
        if model in ("markov", "shapley_rate"):
            weights = _weights(_effects(plain, model, chosen))
            conversions, value = (weights * total.sum() for total in (plain.conversions, plain.value))
        else:
            seen = journeys.timed_paths() if journeys.has_days and model == "time_decay" else plain
            of_steps = _step_shares(seen, model, chosen)
            conversions, value = (
                seen.sum_by_channel(of_steps * counts[seen.path_of]) for counts in (seen.conversions, seen.value)
            )
        parts.append(
            pd.DataFrame(
                {"channel": plain.channels.astype(object), "model": model, "conversions": conversions, "value": value}
            )
        )
    return pd.concat(parts, ignore_index=True)


def channel_weights(
    paths: Paths | pd.DataFrame | pa.Table, models: Sequence[str] = ("markov", "shapley"), **settings: float | str
) -> pd.DataFrame:
    """What algorithmic models find about channels, from distinct paths and their counts.

    Returns one row per model and channel: channel, model, `effect` and `weight`. `effect`: the removal effect (markov,
    0..1), the Shapley value in conversions (shapley) or in conversions per journey (shapley_rate; may be negative).
    `weight`: the share of the model's total that is the channel's, in [0, 1], sums to 1 (all 0 where nothing
    converted). To share out an order, see `step_shares`. Raises AttributionError.
    """
    chosen, asked = _settings(settings), _known(models, ALGORITHMIC)
    seen = paths if isinstance(paths, Paths) else encode(paths)
    parts = []
    for model in asked:
        effects = _effects(seen, model, chosen)
        weights = _weights(effects)
        names = seen.channels.astype(object)
        parts.append(pd.DataFrame({"channel": names, "model": model, "effect": effects, "weight": weights}))
    return pd.concat(parts, ignore_index=True)


def step_shares(paths: Paths, model: str, **settings: float | str) -> np.ndarray:
    """The share of every step (as `paths.steps`) in each conversion of its path; sums to 1 per path.

    markov and shapley_rate share a path out among its channels in proportion to their weights, equally where all are
    0; a channel's share goes in equal parts to its steps. shapley shares equally: so its credits, order by order, sum
    to the Shapley values. Raises AttributionError.
    """
    return _step_shares(paths, _known([model], MODELS)[0], _settings(settings))


def _step_shares(paths: Paths, model: str, settings: Attribution) -> np.ndarray:
    if model in shares.RULES:
        return shares.RULES[model](paths, settings)
    if model == "shapley":
        return shares.equal_by_channel(paths)
    return shares.by_channel(paths, _weights(_effects(paths, model, settings)))


def _effects(paths: Paths, model: str, settings: Attribution) -> np.ndarray:
    if model == "markov":
        return removal_effects(paths, settings.markov_order)
    return shapley(paths) if model == "shapley" else shapley_rate(paths)


def _weights(effects: np.ndarray) -> np.ndarray:
    positive = np.maximum(effects, 0.0)
    return np.asarray(positive / (positive.sum() or 1.0))


def _known(models: Sequence[str], among: Sequence[str]) -> list[str]:
    """The models asked for, each once."""
    asked = [models] if isinstance(models, str) else list(models)
    if unknown := [model for model in asked if model not in among]:
        raise AttributionError(f"there is no model '{unknown[0]}'; there are {', '.join(among)}")
    if not asked:
        raise AttributionError(f"no model is asked for; there are {', '.join(among)}")
    return list(dict.fromkeys(asked))


def _settings(chosen: Mapping[str, float | str]) -> Attribution:
    """The shipped settings with `chosen` laid over them."""
    try:
        return Attribution.model_validate(shipped_settings().attribution.model_dump() | dict(chosen))
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"])
        problem = "there is no such setting" if first["type"] == "extra_forbidden" else expectation(first)
        said = f"{name}={first['input']!r}: {problem}" if name else problem
        known = ", ".join(f"{field}={value!r}" for field, value in shipped_settings().attribution)
        raise AttributionError(f"{said}. Settings and their defaults: {known}") from error
