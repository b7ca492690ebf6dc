"""A picture of the losses over the steps of a training."""

import math
from pathlib import Path

from PIL import Image, ImageDraw, ImageFont

from training.log import SECONDS, STEP, read_log

PLOT = (560, 300)
"""Width and height in px of the area of the curves."""

MARGINS = (70, 40, 150, 40)
"""Pixels to the left, above, to the right and below of it."""

COLOURS = ("#d62728", "#1f77b4", "#2ca02c", "#9467bd", "#ff7f0e", "#8c564b", "#17becf", "#7f7f7f")

DECADES = 5
"""The vertical axis is logarithmic and reaches this many powers of ten down from the largest loss."""


def draw_curve(log: Path, picture: Path) -> None:
    """Draw the losses of a log over its steps into a PNG file; an empty log gives empty axes."""
    rows = read_log(log)
    left, top, right, below = MARGINS
    width, height = PLOT
    image = Image.new("RGB", (left + width + right, top + height + below), "white")
    draw, font = ImageDraw.Draw(image), ImageFont.load_default(13)
    known = dict.fromkeys(key for row in rows for key in row)
    names = [name for name in known if name not in (STEP, SECONDS)]
    first, last = rows[0][STEP] if rows else 0.0, rows[-1][STEP] if rows else 1.0
    highest = max((row.get(name, 0.0) for row in rows for name in names), default=1.0)
    power = _power_above(highest)

    def place(step: float, loss: float) -> tuple[float, float]:
        depth = min(power - math.log10(max(loss, 1e-12)), DECADES)
        return left + width * (step - first) / max(1.0, last - first), top + height * depth / DECADES

    for decade in range(DECADES + 1):
        y = place(first, 10.0 ** (power - decade))[1]
        draw.line((left, y, left + width, y), fill="#dddddd")
        draw.text((left - 8, y), f"{10.0 ** (power - decade):g}", "black", font, anchor="rm")
    for quarter in range(5):
        x, step = left + width * quarter / 4, first + (last - first) * quarter / 4
        draw.text((x, top + height + 8), f"{step:.0f}", "black", font, anchor="mt")
    draw.text((left + width / 2, top + height + 26), "steps", "black", font, anchor="mt")
    draw.text((left, top - 14), "losses before weighting, running means", "black", font, anchor="lb")
    for index, name in enumerate(names):
        colour = COLOURS[index % len(COLOURS)]
        points = [place(row[STEP], row[name]) for row in rows if name in row]
        if len(points) > 1:
            draw.line(points, fill=colour, width=2)
        y = top + 10 + 20 * index
        draw.line((left + width + 14, y, left + width + 34, y), fill=colour, width=3)
        draw.text((left + width + 42, y), name, "black", font, anchor="lm")
    image.save(picture)


def _power_above(value: float) -> int:
    """The power of ten at or above a value; 0 for what has none."""
    return math.ceil(math.log10(value)) if value > 0 and math.isfinite(value) else 0
