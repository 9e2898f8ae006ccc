"""Omnivue's Python: it ingests, identifies, publishes and orchestrates; dbt transforms, data_quality judges."""
