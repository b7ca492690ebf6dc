"""Finding the style whose weights a training begins with."""

from pathlib import Path

from training.card_file import MODEL
from training.order import DEFAULT_START, FROM_NOTHING, TrainOrder


def model_to_start_from(order: TrainOrder) -> Path | None:
    """The ONNX file of the style to start from, or None to start from nothing.

    Raises FileNotFoundError when a style was named that is not there.
    """
    wanted = order.start_from
    if wanted == FROM_NOTHING:
        return None
    if wanted is None:
        model = order.styles / DEFAULT_START / MODEL
        return model if model.is_file() else None
    places = (Path(wanted), Path(wanted) / MODEL, order.styles / wanted / MODEL)
    for place in places:
        if place.is_file():
            return place
    raise FileNotFoundError(
        f"there is no style {wanted!r} to start from, neither a file nor in {order.styles};"
        f" `--start-from {FROM_NOTHING}` starts from nothing"
    )
