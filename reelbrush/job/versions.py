"""Versions of what jobs leave in the store, and of what their orchestrations are given.

A version is raised only when a reader of the one before it would do something wrong. A field that may be
ignored, or whose absence means what was before it, is added without that: readers ignore what they do not
know. So the nodes, apps and pages of neighbouring releases understand each other while an upgrade is under
way, and what they cannot understand they refuse instead of guessing.
"""

from __future__ import annotations

from dataclasses import field
from typing import Any

RELEASE = 3  # of an orchestration's input; 1 knew no queue and no events, 2 no plan by price
BATCH, RECEIPT, RECORD = 1, 1, 1  # of documents that are no dataclass; without a version they are of 1
NEWER = "was made by a newer release of the product"  # in every refusal, by which it is known again
ADVICE = "Upgrade to that release and retry the job, or start the job again here"
_SCHEMA = "schema"


class NewerVersion(ValueError):
    """A document is of a version that this release does not know."""

    code = "newer-version"


def schema(newest: int) -> Any:
    """Return the field `version` of a document whose newest version, written by this release, is `newest`."""
    return field(default=newest, metadata={_SCHEMA: newest})


def newest_of(fields: tuple[Any, ...]) -> int | None:
    """Return the newest version that this release knows of a dataclass, None where it has no versions."""
    return next((f.metadata[_SCHEMA] for f in fields if _SCHEMA in f.metadata), None)


def check_version(what: str, version: Any, newest: int) -> None:
    """Refuse a version, None where a document has none, that is not 1..`newest`.

    Raises NewerVersion for later ones, ValueError for what is no version.
    """
    if version is None:
        return
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise ValueError(f"{what}: {version!r:.40} is no version of it")
    if version > newest:
        raise NewerVersion(f"{what} {NEWER} (version {version}, at most {newest} is known here). {ADVICE}")
