"""Who is who: which source records are one customer, and the id that customer keeps.

Tables in, tables out. `identify` joins the warehouse's records: keys come first (normalised e-mail, E.164 phone,
loyalty card, web account), and a match model puts together what they leave apart, by names, birth dates and places.
`resolve` is that model alone, for any frame of people; `evaluate` scores what either found against a truth. The only
files touched here are the ledger's (`ledger_files`) and the match model's; nothing here knows a clock, the warehouse's
engine or the orchestrator.
"""

from dagster_project.identity.decisions import Decisions, DecisionsError, read_decisions, weigh
from dagster_project.identity.evaluation import Evaluation, EvaluationError, Score, evaluate
from dagster_project.identity.ledger import Ledger, LedgerError, decide
from dagster_project.identity.ledger_files import add_decisions, append_to_ledger, load_decisions, load_ledger
from dagster_project.identity.match_model import MatchModel
from dagster_project.identity.matching import score_pairs
from dagster_project.identity.resolution import IdentityReport, IdentityResult, identify, train_model
from dagster_project.identity.resolve import resolve
from dagster_project.identity.reversal import Reversal, revert
from dagster_project.identity.training import train

__all__ = [
    "Decisions",
    "DecisionsError",
    "Evaluation",
    "EvaluationError",
    "IdentityReport",
    "IdentityResult",
    "Ledger",
    "LedgerError",
    "MatchModel",
    "Reversal",
    "Score",
    "add_decisions",
    "append_to_ledger",
    "decide",
    "evaluate",
    "identify",
    "load_decisions",
    "load_ledger",
    "read_decisions",
    "resolve",
    "revert",
    "score_pairs",
    "train",
    "train_model",
    "weigh",
]
