"""Great Expectations suites as code: one function per table, grouped by the stage at which they gate.

`landing` derives from the contracts, `core` judges dimensions and facts, `marts` the KPI tables and the tie-outs.
Nothing here imports Great Expectations before a suite is built: listing suites costs nothing.
"""
