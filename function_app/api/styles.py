"""The styles and their thumbnails: those that the app brings along, and those that lie in the store alone."""

from __future__ import annotations

import asyncio
import logging
from pathlib import Path
from typing import Any

from activities.services import Services
from function_app.api.bodies import invalid
from function_app.api.conditional import conditional, tag_of, weak_tag
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused, problem
from function_app.api.surface import Surface
from reelbrush.catalogue import StyleLine, line_of_card, list_cards
from reelbrush.errors import StyleError
from reelbrush.job.names import STYLE_NAME, STYLES
from reelbrush.settings import Settings
from reelbrush.store import read_if_there
from reelbrush.style_shelf import shelved_card, shelved_styles

PICTURES = ("before", "after")
SHIPPED = Path(__file__).resolve().parents[2] / "styles"
PICTURE_BYTES = 4 << 20  # of a thumbnail in the store, inclusive

log = logging.getLogger("reelbrush.api")


def styles_folder(settings: Settings) -> Path:
    """Return the folder of styles that the app knows."""
    return Path(settings.styles) if settings.styles else SHIPPED


async def get_styles(to: Surface, request: Request) -> Reply:
    """Return all styles in order of name, with links to a picture before and after where there is one."""
    body = {"value": await asyncio.to_thread(_documents, to.services, request)}
    return conditional(request, Reply(200, body), weak_tag(body))


async def get_picture(to: Surface, request: Request) -> Reply:
    """Return the JPEG `before` or `after` of a style."""
    name, picture = request.params["name"], request.params["picture"]
    stem = picture.removesuffix(".jpg")
    content = None
    if STYLE_NAME.fullmatch(name) and stem in PICTURES and picture != stem:
        content = await asyncio.to_thread(_picture, to.services, name, picture)
    if content is None:
        return problem(404, "PictureNotFound", "There is no such picture of a style.")
    reply = Reply(200, content, {"Cache-Control": "public, max-age=3600"}, "image/jpeg")
    return conditional(request, reply, tag_of(content))


async def check_style(to: Services, name: str) -> None:
    """Raise Refused unless there is a style of this name: 400 for what can be no name, else 422."""
    if not STYLE_NAME.fullmatch(name):
        raise invalid("The style cannot be used", [f"style matches {STYLE_NAME.pattern}"])
    own = [line.name for line in await asyncio.to_thread(list_cards, styles_folder(to.settings))]
    if name in own:
        return
    try:
        if await asyncio.to_thread(shelved_card, to.store, name) is not None:
            return
    except StyleError as error:
        raise Refused(422, "StyleUnusable", str(error)) from None
    names = sorted({*own, *await asyncio.to_thread(shelved_styles, to.store)})
    raise Refused(422, "UnknownStyle", f"There is no style {name[:64]!r}; there are {', '.join(names)}.")


def _documents(to: Services, request: Request) -> list[dict[str, Any]]:
    folder = styles_folder(to.settings)
    lines = {line.name: line for line in list_cards(folder)}
    pictures = {
        name: [side for side in PICTURES if (folder / name / f"{side}.jpg").is_file()] for name in lines
    }
    for name, sides in _shelved_pictures(to).items():
        if name in lines:
            continue
        try:
            card = shelved_card(to.store, name)
        except StyleError as error:  # one unusable card hides no other style
            log.warning("%s", error)
            continue
        if card is not None:
            lines[name], pictures[name] = line_of_card(name, card), sides
    return [_document(request, lines[name], pictures[name]) for name in sorted(lines)]


def _shelved_pictures(to: Services) -> dict[str, list[str]]:
    """Which pictures there are of the styles that have a card in the store."""
    names = set(shelved_styles(to.store))
    if not names:
        return {}
    blobs = {blob.name for blob in to.store.list(STYLES)}
    return {name: [side for side in PICTURES if f"{name}/{side}.jpg" in blobs] for name in names}


def _picture(to: Services, name: str, picture: str) -> bytes | None:
    folder = styles_folder(to.settings) / name
    if (folder / "card.json").is_file():
        path = folder / picture
        return path.read_bytes() if path.is_file() else None
    blob = to.store.stat(STYLES, f"{name}/{picture}")
    if blob is None or blob.size > PICTURE_BYTES:
        return None
    return read_if_there(to.store, STYLES, blob.name)


def _document(request: Request, line: StyleLine, pictures: list[str]) -> dict[str, Any]:
    links = {side: request.absolute(f"/api/styles/{line.name}/{side}.jpg") for side in pictures}
    about = {"name": line.name, "title": line.title, "description": line.description}
    return {**about, "precisions": list(line.precisions), **links}
