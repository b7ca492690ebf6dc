"""What lies around the cluster: the environment of the runs, and locks."""

from __future__ import annotations

from collections.abc import Iterator

from reelbrush.compute.environment import scoring_environment
from reelbrush.compute.preflight.check import Check, passed, remark, unchecked
from reelbrush.compute.preflight.place import ML, Place
from reelbrush.errors import ReelbrushError


def check_image(place: Place) -> Iterator[Check]:
    """Yield whether the environment of the runs is registered already."""
    title = "environment"
    try:
        wanted = scoring_environment(place.settings)
        found = place.arm.find(f"environments/{wanted.name}/versions/{wanted.version}", ML)
    except (ReelbrushError, OSError) as error:
        yield unchecked(title, error)
        return
    label = f"{wanted.name}:{wanted.version}"
    if found is not None:
        yield passed(title, label)
    elif wanted.image:
        yield remark(title, f"{label} is registered with the first run, of {wanted.image}")
    else:
        yield remark(
            title,
            f"{label} is built with the first run, which then waits ten minutes or longer",
            "start a short clip before you need it, or set REELBRUSH_IMAGE",
        )


def check_locks(place: Place) -> Iterator[Check]:
    """Yield whether somebody locked the resource group, which keeps clusters from scaling."""
    title, at = "locks", place.workspace
    group = f"/subscriptions/{at.subscription}/resourceGroups/{at.resource_group}"
    try:
        locks = list(place.arm.list(f"{group}/providers/Microsoft.Authorization/locks", "2020-05-01"))
    except ReelbrushError as error:
        yield unchecked(title, error)
        return
    if not locks:
        yield passed(title, "none")
    for lock in locks:
        level = (lock.get("properties") or {}).get("level")
        yield remark(
            title,
            f"{lock.get('name')} ({level}) in {at.resource_group} may keep the cluster from scaling",
            f"az lock delete --ids {lock.get('id')}",
        )
