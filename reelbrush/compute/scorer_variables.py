"""Variables of the environment of every scoring process, wherever a backend starts it."""

from __future__ import annotations

from collections.abc import Mapping

_TUNABLES = "GLIBC_TUNABLES"
# big blocks of memory in pages of 2 MiB where the kernel gives them on request, from glibc 2.35 on
_HUGE_PAGES = "glibc.malloc.hugetlb=1"


def scorer_variables(given: Mapping[str, str] | None) -> dict[str, str]:
    """Return the variables to add to those that a scoring process is given.

    `given` are the ones it has already, None where they cannot be known: GLIBC_TUNABLES is glibc's only
    variable of its kind, so what somebody else put there is left alone.
    """
    added = {"PYTHONUNBUFFERED": "1", "OMP_NUM_THREADS": "1"}
    if given is not None and _TUNABLES not in given:
        added[_TUNABLES] = _HUGE_PAGES
    return added
