"""Pictures computed by this package, to be painted after: no third party holds a right in them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.paintings.halftone import halftone
from training.paintings.impasto import impasto
from training.paintings.ink_hatching import ink_hatching
from training.paintings.stained_glass import stained_glass

PAINTINGS: dict[str, Callable[[int, int], NDArray[np.uint8]]] = {
    "halftone": halftone,
    "impasto": impasto,
    "ink-hatching": ink_hatching,
    "stained-glass": stained_glass,
}
"""Name -> function(side in px, seed) -> (side, side, 3) uint8 RGB."""
