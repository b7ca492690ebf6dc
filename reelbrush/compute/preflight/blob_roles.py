"""What roles on a storage account let somebody do with blobs, container by container."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

# Roles by the GUIDs that they have in every tenant (Microsoft Learn: Azure built-in roles, Storage).
READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"  # Storage Blob Data Reader
CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"  # Storage Blob Data Contributor
OWNER = "b7e6dc6d-f1e8-4753-8033-0f276bb0955b"  # Storage Blob Data Owner
_WRITING = (CONTRIBUTOR, OWNER)

_CONTAINERS = "/blobServices/default/containers/"
_ONE_CONTAINER = re.compile(r"containers:name\]\s+StringEquals(?:IgnoreCase)?\s+'([^']+)'")
_ATTRIBUTE = re.compile(r"@\w+\[")
_NEGATED = re.compile(r"(!|\bNOT\b)[\s(]*@", re.IGNORECASE)


@dataclass(frozen=True)
class BlobRoles:
    """Where blobs may be read and written; "*" stands for every container of the account."""

    reads: frozenset[str]
    writes: frozenset[str]
    unclear: tuple[str, ...] = ()  # conditions that nobody here understands

    def may_read(self, container: str) -> bool:
        """Return whether blobs of the container may be read."""
        return bool({container, "*"} & self.reads)

    def may_write(self, container: str) -> bool:
        """Return whether blobs of the container may be written and deleted."""
        return bool({container, "*"} & self.writes)


def blob_roles(account: str, assignments: Iterable[dict[str, Any]]) -> BlobRoles:
    """Return what role assignments (as Azure lists them) allow on the account with this resource id.

    Of conditions, those are understood that name one container. An assignment with any other condition
    counts as nothing and is told in `unclear`. Roles of one's own making count as nothing, too.
    """
    reads: set[str] = set()
    writes: set[str] = set()
    unclear: list[str] = []
    for assignment in assignments:
        properties: dict[str, Any] = assignment.get("properties") or {}
        role = str(properties.get("roleDefinitionId", "")).rpartition("/")[2].lower()
        where = _where(account, str(properties.get("scope", "")))
        if where is None or role not in (READER, *_WRITING):
            continue
        condition = str(properties.get("condition") or "")
        if condition:
            named = _ONE_CONTAINER.findall(condition)
            alone = len(named) == 1 == len(_ATTRIBUTE.findall(condition)) and not _NEGATED.search(condition)
            if not alone or where not in ("*", named[0]):
                unclear.append(condition)
                continue
            where = named[0]
        reads.add(where)
        if role in _WRITING:
            writes.add(where)
    return BlobRoles(frozenset(reads), frozenset(writes), tuple(unclear))


def _where(account: str, scope: str) -> str | None:
    """Return the container of the account that a scope means, "*" for all, None for none."""
    account, at = account.lower().rstrip("/"), scope.lower().rstrip("/")
    if f"{account}/blobservices/default/".startswith(f"{at}/"):
        return "*"
    container = at.removeprefix(account + _CONTAINERS.lower())
    return container if container != at and "/" not in container else None
