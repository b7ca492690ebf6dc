"""Puts one file into a store, in a process of its own: python -m ... STORE CONTAINER NAME FILE

Prints how many bytes of memory that took at the peak.
"""

from __future__ import annotations

import sys
from pathlib import Path

from reelbrush.store import open_store
from tests.torture.large.usage import peak, used


def main() -> None:
    """Put a small blob first, so that all code is there."""
    store = open_store(sys.argv[1])
    store.put_bytes(sys.argv[2], "small", b"x")
    with used():
        before = peak()
        store.put_file(sys.argv[2], sys.argv[3], Path(sys.argv[4]))
    print(peak() - before)


if __name__ == "__main__":
    main()
