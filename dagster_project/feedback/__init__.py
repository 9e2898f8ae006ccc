"""What unhappy customers said, so that somebody calls them back while it still helps."""

from dagster_project.feedback.call_backs import NEGATIVE_ANSWERS, call_backs, negative_answers, summary

__all__ = ["NEGATIVE_ANSWERS", "call_backs", "negative_answers", "summary"]
