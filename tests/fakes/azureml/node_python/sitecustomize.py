"""Keeps a node from importing this checkout, which an editable installation offers to every process."""

import os
import sys

_checkout = os.environ.get("STAND_IN_CHECKOUT", "")
sys.meta_path[:] = [finder for finder in sys.meta_path if "Editable" not in getattr(finder, "__name__", "")]
sys.path[:] = [
    entry for entry in sys.path if not entry or os.path.realpath(entry) != os.path.realpath(_checkout)
]
sys.path[:] = [entry for entry in sys.path if not entry.startswith("__editable__")]
