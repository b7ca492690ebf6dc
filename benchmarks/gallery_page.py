"""The gallery's page: pictures, a table of numbers from cards and jobs, credits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from training.gates import LIMITS, Gates

GATES = tuple(field.name for field in fields(Gates))
STYLE_LOSS_LIMIT = 1.6
"""Times what optimisation of the pixels reaches with the same losses (`training/gatys.py`)."""

BEGIN, END = "<!-- styles -->", "<!-- /styles -->"
"""What encloses the list of styles in a page that is not made here alone."""

COMMAND = "poe gallery --scenes FOLDER"


@dataclass(frozen=True)
class Shown:
    """A style as the page tells of it: its card, the size of its model in bytes, flicker over all scenes."""

    card: Mapping[str, Any]
    size: int
    flicker: float

    @property
    def name(self) -> str:
        """The style's name, which is also that of its picture."""
        return str(self.card["name"])


def page(shown: Sequence[Shown], options: Mapping[str, str], credits: Mapping[str, str]) -> str:
    """Return the page as Markdown; it lies beside the pictures.

    options: the file of each strip -> what it shows. credits: name of a scene -> where it is from.
    """
    lines = [
        "# Gallery",
        "",
        f"Made by `{COMMAND}` ([`benchmarks/gallery.py`](../../benchmarks/gallery.py)): every scene went",
        "through `reelbrush run` as a film, and these are frames of what came out.",
        "",
        "![All styles](../gallery.jpg)",
        "",
        *numbers(shown),
        "",
        "Flicker: what changes from frame to frame in the painted film of all scenes, over the same of",
        "the original; 1 is as steady as the original ([more](../limits.md#flicker)). CPU ms: of one thread",
        "for a frame of 640x360. kB: of the model. int8: distance of the int8 variant from the model in dB.",
        "Style loss: over what optimising the pixels reaches ([`gatys.py`](../../training/gatys.py)); its",
        f"limit is a goal, which {_reaching(shown)} of {len(shown)} reach. The rest are the gates of every",
        "shipped style ([`gates.py`](../../training/gates.py)). `–`: the card does not tell.",
        "",
        "## Styles",
    ]
    for style in shown:
        card, provenance = style.card, style.card.get("provenance", {})
        facts = ". ".join(str(provenance[key]) for key in ("painting", "legal_status") if provenance.get(key))
        lines += ["", f"### {card.get('title') or style.name}", "", str(card.get("description", ""))]
        lines += ["", f"`--style {style.name}`. {facts}.", "", f"![{style.name}]({style.name}.jpg)"]
    lines += ["", "## Options"]
    for file, text in options.items():
        lines += ["", text, "", f"![{Path(file).stem}]({file})"]
    lines += ["", "## Credits", "", "| scene | source and licence |", "|---|---|"]
    lines += [f"| {name} | {credit} |" for name, credit in credits.items()]
    return "\n".join(lines) + "\n"


def with_styles(text: str, shown: Sequence[Shown], pictures: str) -> str:
    """Return a page with its list of styles written anew between BEGIN and END; unchanged without these.

    pictures: folder of the styles' pictures, as the page calls it.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not end:
        return text
    lines = ["| style | paints |", "|---|---|"]
    lines += [f"| [`{s.name}`]({pictures}/{s.name}.jpg) | {s.card.get('description', '')} |" for s in shown]
    return "\n".join([f"{before}{begin}", *lines, f"{end}{after}"])


def numbers(shown: Sequence[Shown]) -> list[str]:
    """Lines of the table: a row per style, and one of the limits."""
    heads = ["style", "flicker", "CPU ms", "kB", "int8", "style loss"]
    heads += [name.replace("_", " ") for name in GATES]
    limits = ["*limit*", "", "", "1500", "", f"{STYLE_LOSS_LIMIT:g}"]
    limits += [f"{getattr(LIMITS, name):g}" for name in GATES]
    rows = [heads, ["---"] * len(heads), *(_cells(style) for style in shown), limits]
    return [f"| {' | '.join(row)} |" for row in rows]


def _reaching(shown: Sequence[Shown]) -> int:
    """How many styles come within STYLE_LOSS_LIMIT; one whose card does not tell does not."""
    ratios = [style.card.get("measured", {}).get("optimisation", {}).get("style_ratio") for style in shown]
    return sum(ratio is not None and ratio <= STYLE_LOSS_LIMIT for ratio in ratios)


def _cells(style: Shown) -> list[str]:
    measured: dict[str, Any] = style.card.get("measured", {})
    int8: dict[str, Any] = style.card.get("variants", {}).get("int8", {})
    gates: dict[str, Any] = measured.get("gates", {})
    return [
        style.name,
        f"{style.flicker:.2f}",
        _told(measured, "cpu_ms_per_frame_640x360"),
        str(round(style.size / 1000)),
        _told(int8, "psnr_db"),
        _told(measured.get("optimisation", {}), "style_ratio"),
        *(_told(gates, name) for name in GATES),
    ]


def _told(numbers: Mapping[str, Any], name: str) -> str:
    return f"{numbers[name]:.3g}" if name in numbers else "–"
