"""The styles and their thumbnails."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from function_app.api.bodies import invalid
from function_app.api.conditional import conditional, tag_of, weak_tag
from function_app.api.messages import Reply, Request
from function_app.api.problems import Refused, problem
from function_app.api.surface import Surface
from reelbrush.catalogue import StyleLine, list_cards
from reelbrush.job.names import STYLE_NAME
from reelbrush.settings import Settings

PICTURES = ("before", "after")
SHIPPED = Path(__file__).resolve().parents[2] / "styles"


def styles_folder(settings: Settings) -> Path:
    """Return the folder of styles that the app knows."""
    return Path(settings.styles) if settings.styles else SHIPPED


async def get_styles(to: Surface, request: Request) -> Reply:
    """Return all styles in order of name, with links to a picture before and after where there is one."""
    folder = styles_folder(to.services.settings)
    body = {"value": await asyncio.to_thread(_documents, request, folder)}
    return conditional(request, Reply(200, body), weak_tag(body))


async def get_picture(to: Surface, request: Request) -> Reply:
    """Return the JPEG `before` or `after` of a style."""
    name, picture = request.params["name"], request.params["picture"]
    stem = picture.removesuffix(".jpg")
    path = styles_folder(to.services.settings) / name / picture
    if not STYLE_NAME.fullmatch(name) or stem not in PICTURES or picture == stem or not path.is_file():
        return problem(404, "PictureNotFound", "There is no such picture of a style.")
    content = await asyncio.to_thread(path.read_bytes)
    reply = Reply(200, content, {"Cache-Control": "public, max-age=3600"}, "image/jpeg")
    return conditional(request, reply, tag_of(content))


async def check_style(settings: Settings, name: str) -> None:
    """Raise Refused unless there is a style of this name: 400 for what can be no name, else 422."""
    if not STYLE_NAME.fullmatch(name):
        raise invalid("The style cannot be used", [f"style matches {STYLE_NAME.pattern}"])
    names = [line.name for line in await asyncio.to_thread(list_cards, styles_folder(settings))]
    if name not in names:
        raise Refused(422, "UnknownStyle", f"There is no style {name[:64]!r}; there are {', '.join(names)}.")


def _documents(request: Request, folder: Path) -> list[dict[str, Any]]:
    return [_document(request, folder, line) for line in list_cards(folder)]


def _document(request: Request, folder: Path, line: StyleLine) -> dict[str, Any]:
    pictures = {
        picture: request.absolute(f"/api/styles/{line.name}/{picture}.jpg")
        for picture in PICTURES
        if (folder / line.name / f"{picture}.jpg").is_file()
    }
    about = {"name": line.name, "title": line.title, "description": line.description}
    return {**about, "precisions": list(line.precisions), **pictures}
