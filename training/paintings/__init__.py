"""Pictures computed by this package, to be painted after: no third party holds a right in them."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from training.paintings.stained_glass import stained_glass

PAINTINGS: dict[str, Callable[[int, int], NDArray[np.uint8]]] = {"stained-glass": stained_glass}
"""Name -> function(side in px, seed) -> (side, side, 3) uint8 RGB."""
