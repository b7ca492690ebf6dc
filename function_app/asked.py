"""Which job is asked for: by an upload's place and side-car, or in so many words."""

from __future__ import annotations

import json
from typing import Any, cast

from reelbrush.errors import Refusal, StoreError
from reelbrush.job import BlobRef, Job, Options, job_id, parse_options, style_of_upload
from reelbrush.settings import Settings
from reelbrush.store import Store

SIDECAR_BYTES = 65536  # inclusive


def job_of_request(
    store: Store, settings: Settings, source: BlobRef, style: str | None, options: dict[str, Any] | None
) -> Job:
    """Return the job of a source; what is None is read from its side-car and folder, as for an upload.

    Raises Refusal (`options`, `style`) for words that cannot be used, StoreError for such a side-car.
    """
    if style is not None and not 1 <= len(style) <= 64:
        raise Refusal("the style's name has 1 to 64 characters", code="style")
    upload = job_of_upload(store, settings, source) if style is None or options is None else None
    try:
        chosen = parse_options(options) if options is not None else cast("Job", upload).options
    except ValueError as error:
        raise Refusal(f"the options cannot be used: {error}", code="options") from None
    named = style if style is not None else cast("Job", upload).style
    return Job(job_id(source, named, chosen), source, named, chosen)


def job_of_upload(store: Store, settings: Settings, source: BlobRef) -> Job:
    """Return the job that an upload asks for: style by folder or side-car, options by side-car `<name>.json`.

    A side-car that cannot be read as {"style"?, "options"?}, see `parse_options`, raises StoreError.
    """
    sidecar = _sidecar(store, source)
    named = str(sidecar.get("style") or style_of_upload(source.name, settings.default_style))
    if len(named) > 64:
        raise _unusable(source, "the style's name has more than 64 characters")
    wishes = sidecar.get("options")
    if not isinstance(wishes, dict | None):
        raise _unusable(source, "options is an object")
    try:
        options = parse_options(cast("dict[str, Any]", wishes or {}))
    except ValueError as error:
        raise _unusable(source, str(error)) from None
    return Job(job_id(source, named, options), source, named, options)


def plain_job(settings: Settings, source: BlobRef) -> Job:
    """Return the job of an upload whose wishes cannot be read: default options, style by folder."""
    style = style_of_upload(source.name, settings.default_style)
    return Job(job_id(source, style, Options()), source, style)


def check_size(settings: Settings, source: BlobRef) -> None:
    """Raise Refusal `too-large` when the source has more bytes than a source may have."""
    if source.size > settings.max_bytes:
        raise Refusal(
            f"the file has {source.size} bytes, at most {settings.max_bytes} are allowed",
            code="too-large",
            advice="shorten the video, encode it smaller or raise REELBRUSH_MAX_BYTES",
        )


def _sidecar(store: Store, source: BlobRef) -> dict[str, Any]:
    name = f"{source.name}.json"
    blob = store.stat(source.container, name)
    if blob is None:
        return {}
    if blob.size > SIDECAR_BYTES:
        raise _unusable(source, f"it has more than {SIDECAR_BYTES} bytes")
    try:
        document = json.loads(store.read_bytes(source.container, name))
    except (ValueError, RecursionError) as error:
        raise _unusable(source, str(error)) from None
    if not isinstance(document, dict):
        raise _unusable(source, "an object is expected")
    return document  # pyright: ignore[reportUnknownVariableType]


def _unusable(source: BlobRef, why: str) -> StoreError:
    return StoreError(
        f"the side-car of {source.name} cannot be used: {why}", retryable=False, code="side-car"
    )
