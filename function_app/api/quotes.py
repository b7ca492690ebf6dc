"""What painting a video would take and cost, before anything is started."""

from __future__ import annotations

import asyncio
import re
from dataclasses import dataclass
from fractions import Fraction
from typing import Any, BinaryIO, cast

from activities.services import Services, source_limits
from function_app.api.asking import check_wishes, source_named
from function_app.api.bodies import invalid, read_body
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused
from function_app.api.surface import Surface
from function_app.asked import check_size, job_of_request
from reelbrush.errors import ReelbrushError, Refusal
from reelbrush.job import BlobRef, Options, parse_options
from reelbrush.settings import Settings

PROBE_SECONDS = 20.0  # for the header of a video in the store
USUAL_RATE = Fraction(25)  # frames per second where nobody names a rate
LARGEST = 1 << 31  # of width, height and frames

_RATE = re.compile(r"([0-9]{1,9})(?:/([0-9]{1,9}))?", re.ASCII)
_WISHES: dict[str, type] = {"style": str, "options": dict}
_SIZE: dict[str, type] = {"width": int, "height": int}
_FORMS: tuple[tuple[dict[str, type], tuple[str, ...]], ...] = (
    ({"blob": str}, ("blob",)),
    ({**_SIZE, "frames": int, "frameRate": str}, (*_SIZE, "frames")),
    ({**_SIZE, "durationSeconds": float, "frameRate": str}, (*_SIZE, "durationSeconds")),
)


@dataclass(frozen=True)
class _Film:
    """What is to be painted, as far as it is known."""

    width: int
    height: int
    frames: int
    frame_rate: Fraction | None
    style: str
    options: Options
    remarks: tuple[str, ...] = ()  # what of it is assumed, sentences
    size: int | None = None  # bytes


async def post_quote(to: Surface, request: Request) -> Reply:
    """Return the quote of an upload, or of a video that is only described. Nothing is started or kept."""
    body = _body(request)
    style, options = body.get("style"), cast("dict[str, Any] | None", body.get("options"))
    await check_wishes(to, style, options)
    if "blob" in body:
        film = await _uploaded(to, body["blob"], style, options)
    else:
        film = _described(to.services.settings, body, style, options)
    _check_limits(to.services.settings, film)
    return Reply(200, await asyncio.to_thread(_quoted, to.services, film))


def _body(request: Request) -> dict[str, Any]:
    """Return the body in one of `_FORMS`. Raises Refused."""
    every = {name: kind for fields, _ in _FORMS for name, kind in fields.items()}
    body = read_body(request, {**every, **_WISHES})
    for fields, needed in _FORMS:
        if all(name in body for name in needed) and not set(body) - {*fields, *_WISHES}:
            return body
    texts = ["the video is named by blob alone, or by width, height and either frames or durationSeconds"]
    raise invalid("The body cannot be used", texts)


async def _uploaded(to: Surface, blob: str, style: str | None, options: dict[str, Any] | None) -> _Film:
    source = await source_named(to, blob)
    if source is None:
        raise Refused(404, "BlobNotFound", f"There is no blob {blob[:200]}; upload it first.")
    try:
        look = asyncio.to_thread(_look, to.services, source, style, options)
        return await asyncio.wait_for(look, PROBE_SECONDS)
    except TimeoutError:
        raise Refused(422, "CannotBeServed", "The video's header could not be read in time.") from None
    except ReelbrushError as error:
        if error.retryable:
            raise
        raise _refused(error) from None


def _look(to: Services, source: BlobRef, style: str | None, options: dict[str, Any] | None) -> _Film:
    from reelbrush.media.glance import glance
    from reelbrush.media.trial import try_opening

    def opened() -> BinaryIO:
        return to.store.open(source.container, source.name)

    check_size(to.settings, source)
    job = job_of_request(to.store, to.settings, source, style, options)
    try_opening(opened, source_limits(to.settings))
    seen = glance(opened)
    remarks = () if seen.exact else (f"The number of frames follows from a length of {seen.seconds:.1f} s.",)
    return _Film(
        seen.width, seen.height, seen.frames, seen.frame_rate, job.style, job.options, remarks, source.size
    )


def _described(
    settings: Settings, body: dict[str, Any], style: str | None, options: dict[str, Any] | None
) -> _Film:
    problems = [
        f"{name} is 1..{LARGEST}"
        for name in ("width", "height", "frames")
        if not 1 <= body.get(name, 1) <= LARGEST
    ]
    rate = _rate(body["frameRate"], problems) if "frameRate" in body else None
    seconds = body.get("durationSeconds", 1)
    if seconds <= 0:
        problems.append("durationSeconds is more than 0")
    if problems:
        raise invalid("The body cannot be used", problems)
    remarks: tuple[str, ...] = ()
    if "frames" not in body and rate is None:
        rate = USUAL_RATE
        remarks = (f"The frame rate is not known yet; {USUAL_RATE} frames per second are assumed.",)
    frames = body.get("frames") or max(1, round(seconds * float(rate or USUAL_RATE)))
    chosen = style if style is not None else settings.default_style
    return _Film(body["width"], body["height"], frames, rate, chosen, parse_options(options or {}), remarks)


def _rate(text: str, problems: list[str]) -> Fraction | None:
    found = _RATE.fullmatch(text)
    if found is None or not int(found[1]) or not int(found[2] or 1):
        problems.append("frameRate is a text like 25 or 30000/1001")
        return None
    return Fraction(int(found[1]), int(found[2] or 1))


def _check_limits(settings: Settings, film: _Film) -> None:
    """Raise Refused for what would be refused after an upload, too."""
    limits = source_limits(settings)
    try:
        limits.check_picture(film.width, film.height)
        limits.check_amount(film.frames, film.width, film.height, film.size or settings.max_bytes)
        if film.frame_rate is not None:
            limits.check_time(1, float(film.frames / film.frame_rate))
    except Refusal as refusal:
        raise _refused(refusal) from None


def _quoted(to: Services, film: _Film) -> dict[str, Any]:
    from reelbrush.pricing.quote import quote_for

    document = quote_for(
        to.settings,
        to.store,
        width=film.width,
        height=film.height,
        frames=film.frames,
        frame_rate=film.frame_rate,
        style=film.style,
        options=film.options,
    )
    return {**document, "reasons": [*film.remarks, *document["reasons"]]}


def _refused(error: ReelbrushError) -> Refused:
    text = str(error)
    if error.code == "too-large":
        return Refused(413, "VideoTooLarge", text)
    if error.code == "side-car":
        return Refused(409, "UploadUnusable", text)
    return Refused(422, "CannotBeServed", text, [text])
