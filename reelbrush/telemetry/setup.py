"""Turning telemetry on, once per process, at its first work and never while a module is imported.

APPLICATIONINSIGHTS_CONNECTION_STRING sends to Azure Monitor. OTEL_TRACES_EXPORTER, OTEL_METRICS_EXPORTER or
OTEL_EXPORTER_OTLP_ENDPOINT choose any installed OpenTelemetry exporter (`console` comes with the SDK).
"""

from __future__ import annotations

import logging
import os
import threading
import time
from typing import TYPE_CHECKING, Any

from reelbrush.telemetry.fields import add_fields
from reelbrush.telemetry.nodes import CONNECTION, name_own_identity

if TYPE_CHECKING:
    from opentelemetry.sdk.resources import Resource

SAMPLER = "OTEL_TRACES_SAMPLER"
WORKER_LOGS = "PYTHON_ENABLE_OPENTELEMETRY"  # then the Functions host leaves our logs to us
SECONDS = 10.0  # to connect to Azure Monitor, and again for its answer
LOGGERS = ("reelbrush", "scoring")  # whose records are exported, with those of all below them

log = logging.getLogger("reelbrush.telemetry")
_lock = threading.Lock()
_started = False


async def telemetry_started() -> None:
    """Turn the app's telemetry on if it is not on yet; the event loop goes on meanwhile."""
    if not _started:
        import asyncio  # the app has it already; a scoring process, which is not asked, need not load it

        await asyncio.to_thread(start_telemetry, "app")


def start_telemetry(role: str) -> None:
    """Turn telemetry on for this process; `role` (`app`, `scoring`) tells it apart. Never raises.

    Later calls change nothing. A provider that somebody else has set, as the Functions worker can, is kept.
    """
    global _started
    with _lock:
        if _started:
            return
        try:
            _configure(role)
        except Exception as error:
            log.warning("telemetry stays off: %s: %s", type(error).__name__, error)
        for handler in logging.getLogger().handlers:
            add_fields(handler)
        _started = True


def stop_telemetry(seconds: float = 5.0) -> None:
    """Send what is left before the process ends; what takes longer than `seconds` is lost."""
    from opentelemetry import _logs, metrics, trace

    providers = (trace.get_tracer_provider(), metrics.get_meter_provider(), _logs.get_logger_provider())
    ends = [end for provider in providers if (end := getattr(provider, "shutdown", None)) is not None]
    # the SDK's own limits do not hold while an exporter waits for an answer, and a node must not wait with it
    threads = [threading.Thread(target=end, name="telemetry-end", daemon=True) for end in ends]
    for thread in threads:
        thread.start()
    deadline = time.monotonic() + seconds
    for thread in threads:
        thread.join(max(0.0, deadline - time.monotonic()))


def _configure(role: str) -> None:
    from opentelemetry import trace

    if not isinstance(trace.get_tracer_provider(), trace.ProxyTracerProvider):
        return
    connection = os.environ.get(CONNECTION, "")
    traces, metrics = _exporter_names("TRACES"), _exporter_names("METRICS")
    if not (connection or traces or metrics):
        return
    from opentelemetry.sdk.resources import SERVICE_NAME, Resource

    named = {} if os.environ.get("OTEL_SERVICE_NAME") else {SERVICE_NAME: _service(role)}
    if connection:
        _configure_azure_monitor(Resource.create(named))
    else:
        _configure_exporters(Resource.create(named), traces, metrics)


def _service(role: str) -> str:
    site = os.environ.get("WEBSITE_SITE_NAME")  # in Azure, where the host tells of itself by this name
    return site if site and role == "app" else f"reelbrush-{role}"


def _configure_azure_monitor(resource: Resource) -> None:
    from azure.monitor.opentelemetry import configure_azure_monitor

    name_own_identity()
    # the default sampler keeps 5 traces per second and would tear jobs apart
    sampling: dict[str, Any] = {} if os.environ.get(SAMPLER) else {"sampling_ratio": 1.0}
    # the host sends the worker's logs already, unless it was told that the worker does
    told = os.environ.get(WORKER_LOGS, "").lower() in ("1", "true")
    sends_logs = told or "FUNCTIONS_WORKER_RUNTIME" not in os.environ
    configure_azure_monitor(
        **sampling,
        resource=resource,
        logger_name=LOGGERS[0] if sends_logs else "reelbrush-unsent",
        timeout=SECONDS,
        read_timeout=SECONDS,
        enable_live_metrics=False,
        enable_performance_counters=False,
        # every read of a blob and every heartbeat would be a span of its own
        instrumentation_options={name: {"enabled": False} for name in _instrumented()},
    )
    for handler in logging.getLogger(LOGGERS[0]).handlers:
        add_fields(handler)
        for name in LOGGERS[1:]:
            logging.getLogger(name).addHandler(handler)


def _instrumented() -> list[str]:
    from importlib.metadata import entry_points

    return ["azure_sdk", *(entry.name for entry in entry_points(group="opentelemetry_instrumentor"))]


def _exporter_names(signal: str) -> list[str]:
    """Return the exporters that the OTEL_ variables choose for TRACES or METRICS."""
    named = os.environ.get(f"OTEL_{signal}_EXPORTER", "")
    if not named and any(
        os.environ.get(f"OTEL_EXPORTER_OTLP{part}ENDPOINT") for part in ("_", f"_{signal}_")
    ):
        named = "otlp"
    protocol = os.environ.get("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf")
    otlp = "otlp_proto_grpc" if protocol == "grpc" else "otlp_proto_http"
    wanted = [name.strip() for name in named.split(",")]
    return [otlp if name == "otlp" else name for name in wanted if name not in ("", "none")]


def _configure_exporters(resource: Resource, traces: list[str], metrics: list[str]) -> None:
    from opentelemetry.metrics import set_meter_provider
    from opentelemetry.sdk.metrics import MeterProvider
    from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
    from opentelemetry.sdk.trace import TracerProvider
    from opentelemetry.sdk.trace.export import BatchSpanProcessor
    from opentelemetry.trace import set_tracer_provider

    provider = TracerProvider(resource=resource)
    for name in traces:
        provider.add_span_processor(BatchSpanProcessor(_exporter("opentelemetry_traces_exporter", name)))
    set_tracer_provider(provider)
    readers = [
        PeriodicExportingMetricReader(_exporter("opentelemetry_metrics_exporter", name)) for name in metrics
    ]
    set_meter_provider(MeterProvider(readers, resource=resource))


def _exporter(group: str, name: str) -> Any:
    from importlib.metadata import entry_points

    for entry in entry_points(group=group, name=name):
        return entry.load()()
    raise LookupError(f"the exporter {name} is not installed (pip install opentelemetry-exporter-...)")
