"""Traces, metrics and log fields of jobs. Without an exporter configured, all of it does next to nothing."""

from reelbrush.telemetry.fields import log_fields, process_log_fields
from reelbrush.telemetry.metrics import count_event, count_evictions, count_wait, record_receipt
from reelbrush.telemetry.setup import start_telemetry, stop_telemetry, telemetry_started
from reelbrush.telemetry.trace import current_traceparent, job_span, new_traceparent

__all__ = [
    "count_event",
    "count_evictions",
    "count_wait",
    "current_traceparent",
    "job_span",
    "log_fields",
    "new_traceparent",
    "process_log_fields",
    "record_receipt",
    "start_telemetry",
    "stop_telemetry",
    "telemetry_started",
]
