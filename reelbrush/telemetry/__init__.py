"""Traces, metrics and log fields of jobs."""
