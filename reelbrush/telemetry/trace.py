"""One trace per job: the spans of all processes hang on the `traceparent` of the job's start."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Mapping
from contextlib import contextmanager

from opentelemetry import trace
from opentelemetry.context import Context
from opentelemetry.trace import Link, Span, SpanKind
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from reelbrush.telemetry.names import SCOPE

_W3C = TraceContextTextMapPropagator()


def new_traceparent() -> str:
    """Return a fresh sampled W3C traceparent: 00-<32 hex>-<16 hex>-01."""
    return f"00-{secrets.token_hex(16)}-{secrets.token_hex(8)}-01"


def current_traceparent() -> str:
    """Return the traceparent of the span that is entered now, "" where there is none."""
    carrier: dict[str, str] = {}
    _W3C.inject(carrier)
    return carrier.get("traceparent", "")


def annotate(attributes: Mapping[str, str | int | float]) -> None:
    """Add attributes to the span that is entered now; empty texts are left out."""
    span = trace.get_current_span()
    if span.is_recording():
        span.set_attributes({name: value for name, value in attributes.items() if value != ""})


@contextmanager
def job_span(
    name: str,
    traceparent: str,
    attributes: Mapping[str, str | int | float],
    kind: SpanKind = SpanKind.INTERNAL,
) -> Generator[Span]:
    """Enter a span of the job's trace. An exception marks it as failed and goes on.

    An unusable or empty `traceparent` begins a trace of its own. A span that is entered already, such as the
    invocation's, becomes a link, because it belongs to another trace.
    """
    around = trace.get_current_span().get_span_context()
    parent = _W3C.extract({"traceparent": traceparent}, context=Context())
    with trace.get_tracer(SCOPE).start_as_current_span(
        name,
        context=parent,
        kind=kind,
        attributes=dict(attributes),
        links=[Link(around)] if around.is_valid else [],
    ) as span:
        yield span
