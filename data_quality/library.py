"""Great Expectations, imported late and quietly: no analytics, no warnings of its own. 5 seconds, 300 MB."""

from __future__ import annotations

import os
import warnings
from types import ModuleType


def great_expectations() -> ModuleType:
    """The library; the opt-out is set before its first import, whose deprecation warnings are not ours to act on."""
    os.environ["GX_ANALYTICS_ENABLED"] = "false"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import great_expectations
        import great_expectations.expectations
    return great_expectations
