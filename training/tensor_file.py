"""Named tensors of a torch file that nobody vouches for: nothing in it is run, and no number is believed."""

from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray

_WRAPPERS = ("state_dict", "model_state_dict", "model")
_DEEPEST = 3  # dictionaries inside each other; a damaged file can hold one that contains itself


def read_named(path: Path) -> dict[str, Any]:
    """What a state dict (`.pth`, `.pt`, `.model`) holds by name, tensors on the CPU mostly.

    A state dict inside another dictionary, as training loops save it, is taken out. Raises ValueError with
    the reason when the file is none.
    """
    try:
        loaded: Any = torch.load(path, map_location="cpu", weights_only=True)
    except MemoryError:
        raise
    except Exception as error:  # torch's readers fail in more ways than can be listed
        reason = (str(error).splitlines() or [type(error).__name__])[0]
        raise ValueError(f"it is no torch checkpoint: {reason[:200]}") from None
    for _ in range(_DEEPEST):
        if isinstance(loaded, dict):
            inner = (cast("dict[Any, Any]", loaded).get(wrapper) for wrapper in _WRAPPERS)
            loaded = next((found for found in inner if isinstance(found, dict)), loaded)
    if not isinstance(loaded, dict) or not all(isinstance(name, str) for name in cast("Any", loaded)):
        raise ValueError("it is no torch state dict, a mapping from names to tensors")
    return cast("dict[str, Any]", loaded)


def numbers_of(name: str, value: Any) -> NDArray[np.float32]:
    """The tensor `value`, named `name`, as an array. Raises ValueError when it is no plain tensor.

    A view can claim a size that its few bytes in the file do not have: a kilobyte that becomes a terabyte.
    """
    if (
        not isinstance(value, torch.Tensor)
        or value.layout != torch.strided
        or value.device.type != "cpu"
        or value.is_quantized
        or value.is_complex()
    ):
        raise ValueError(f"{name} is no plain tensor")
    if value.numel() * value.element_size() > value.untyped_storage().nbytes():
        raise ValueError(f"{name} claims {value.numel():,} numbers, the file holds fewer")
    return value.detach().to(torch.float32).numpy()
