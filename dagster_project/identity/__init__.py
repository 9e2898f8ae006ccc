"""Who is who: which source records are one customer, and the id that customer keeps.

Tables in, tables out. The rules are deterministic: normalised e-mail, E.164 phone, loyalty card and web account.
The only files touched here are the ledger's (`ledger_files`), and nothing here knows a clock, an engine or the
orchestrator.
"""

from dagster_project.identity.ledger import Ledger, LedgerError, decide, revert_merge
from dagster_project.identity.ledger_files import add_decisions, append_to_ledger, load_ledger
from dagster_project.identity.resolution import IdentityReport, IdentityResult, identify

__all__ = [
    "IdentityReport",
    "IdentityResult",
    "Ledger",
    "LedgerError",
    "add_decisions",
    "append_to_ledger",
    "decide",
    "identify",
    "load_ledger",
    "revert_merge",
]
