"""Traces, metrics and log fields of jobs. Without an exporter configured, all of it does next to nothing."""

from reelbrush.telemetry.fields import log_fields, process_log_fields
from reelbrush.telemetry.metrics import (
    count_event,
    count_evictions,
    count_node_seconds,
    count_wait,
    record_open_jobs,
    record_receipt,
)
from reelbrush.telemetry.nodes import node_environment
from reelbrush.telemetry.setup import start_telemetry, stop_telemetry, telemetry_started
from reelbrush.telemetry.trace import annotate, current_traceparent, job_span, new_traceparent

__all__ = [
    "annotate",
    "count_event",
    "count_evictions",
    "count_node_seconds",
    "count_wait",
    "current_traceparent",
    "job_span",
    "log_fields",
    "new_traceparent",
    "node_environment",
    "process_log_fields",
    "record_open_jobs",
    "record_receipt",
    "start_telemetry",
    "stop_telemetry",
    "telemetry_started",
]
