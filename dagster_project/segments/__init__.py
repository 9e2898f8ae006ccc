"""Personas: kinds of customers told apart by how they buy, the same ones from month to month.

Tables in, tables out: no orchestrator, no engine, no clock. What customers bought is summed up, the months to look at
are chosen, and customers are assigned to the nearest persona in SQL (`dbt/models/intermediate/segments`); here is what
finds and names the personas.
"""

from dagster_project.segments.personas import find_personas

__all__ = ["find_personas"]
