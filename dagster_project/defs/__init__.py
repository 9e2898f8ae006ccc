"""Everything that imports the orchestrator: thin assets, checks, the job, its schedule and sensor, resources."""
