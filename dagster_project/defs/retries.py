"""Trying a step again: steps that touch what others use too (landing on a share, published files)."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import dagster as dg

TRIES, FIRST_WAIT = 3, 5


@contextmanager
def tried_again(context: dg.AssetExecutionContext) -> Iterator[None]:
    """What fails in the block is tried again after 5 seconds, and once more after 15. Not a verdict (dg.Failure), and
    not what somebody interrupted: a retry policy of the asset would begin that anew, told to end or not."""
    try:
        yield
    except dg.Failure:
        raise
    except Exception as error:
        failed = context.op_execution_context.retry_number + 1
        raise dg.RetryRequested(max_retries=TRIES - 1, seconds_to_wait=FIRST_WAIT * (2**failed - 1)) from error
