"""A style exported again from its own weights: the graph of today, the painting of before."""

from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import onnx

from training.card_file import MODEL, read_card, write_card
from training.digest import sha256
from training.export import export
from training.image_file import read_picture
from training.measure import Painter, cpu_times
from training.quantise import colour_card, drop_variant
from training.weights import read_style_net

BEFORE = "before.jpg"


def renew(style: Path) -> tuple[float, float]:
    """Write the style's model and card anew; return CPU ms of one frame of 640x360, before and after.

    The int8 variant, which belonged to the model before, is gone afterwards.
    Raises FileNotFoundError when the model, its card or its picture before.jpg is missing, and ValueError
    when the model was not made by this package or would paint anything differently by more than one level of
    255; nothing of the style changes then.
    """
    card, model = read_card(style), style / MODEL
    net = read_style_net(model)
    properties = {entry.key: entry.value for entry in onnx.load(model).metadata_props}
    frames = np.asarray(read_picture(style / BEFORE))[None], colour_card()
    with TemporaryDirectory(dir=style) as scratch:
        fresh = Path(scratch) / MODEL
        export(net, fresh, properties)
        painters = Painter(model), Painter(fresh)
        for frame in frames:
            first, second = (painter.paint(frame).astype(np.int16) for painter in painters)
            if np.abs(first - second).max() > 1:
                raise ValueError(f"{model} exported again would paint differently: this is a bug")
        times = cpu_times(painters, frames[0][0])
        drop_variant(style)
        card.pop("variants", None)
        card["model"] |= {"sha256": sha256(fresh)}
        card["measured"] = card.get("measured", {}) | {"cpu_ms_per_frame_640x360": times[1]}
        fresh.replace(model)
    write_card(style, card)
    return times[0], times[1]
