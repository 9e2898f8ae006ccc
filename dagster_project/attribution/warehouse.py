"""What the warehouse shares orders out by: the steps of its distinct paths, by every model that knows no times."""

from __future__ import annotations

import pyarrow as pa

from dagster_project.attribution.models import channel_weights, step_shares
from dagster_project.attribution.paths import encode
from dagster_project.settings import Attribution

# time_decay asks when a touch was, which a path does not tell.
MODELS_OF_PATHS = ("first_touch", "last_touch", "last_non_direct", "linear", "position_based", "markov", "shapley")
SHARES_SCHEMA = pa.schema(
    [("path_number", pa.int64()), ("position", pa.int64()), *((model, pa.float64()) for model in MODELS_OF_PATHS)]
)
WEIGHTS_SCHEMA = pa.schema(
    [("touch_channel", pa.string()), ("model", pa.string()), ("effect", pa.float64()), ("weight", pa.float64())]
)


def share_out(paths: pa.Table, settings: Attribution) -> tuple[pa.Table, pa.Table]:
    """The shares of every step and the weights of every channel. `paths`: one row per distinct path: path_number, path
    (`a > b > c`), conversions, net_revenue, nulls.

    Returns one row per path that converted and step (position, from 1), with the step's share of an order by model:
    they sum to 1 per path; and one row per channel and algorithmic model, as `channel_weights`.
    """
    if paths.num_rows == 0:
        return SHARES_SCHEMA.empty_table(), WEIGHTS_SCHEMA.empty_table()
    ordered = paths.sort_by("path_number")
    seen = encode(ordered.rename_columns({"net_revenue": "value"}))
    chosen = settings.model_dump()
    numbers = ordered["path_number"].to_numpy()[seen.path_of]
    columns = {"path_number": numbers, "position": seen.positions + 1}
    shares = pa.table(columns | {model: step_shares(seen, model, **chosen) for model in MODELS_OF_PATHS})
    weights = channel_weights(seen, **chosen).rename(columns={"channel": "touch_channel"})
    return (
        shares.filter(pa.array((seen.conversions > 0)[seen.path_of])).cast(SHARES_SCHEMA),
        pa.Table.from_pandas(weights, preserve_index=False).select(WEIGHTS_SCHEMA.names).cast(WEIGHTS_SCHEMA),
    )
