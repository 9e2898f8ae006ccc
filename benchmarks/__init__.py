"""Timings, as ratios within one run where they compare; none of them is a test."""
