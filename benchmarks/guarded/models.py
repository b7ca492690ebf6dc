"""Pairs about painting: shipped models over matrix products, a rewritten graph over the plain one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from contenders.ceiling import SIDE, session_of

from guarded.network import network
from guarded.pair import Pair, Work
from scoring.contract import Contract
from scoring.probe import open_session, probe_picture
from scoring.rewrite.lighten import lightened
from scoring.styles import load_style

STYLE = "starry-night"
_HEIGHT, _WIDTH = 360, 640
_PRODUCTS = 3  # matrix products of one turn, about as long as a frame


def products() -> Work:
    """Return float32 products of numpy's BLAS, 1024 x 1024, on one thread."""
    left, right = np.random.default_rng(0).random((2, SIDE, SIDE), dtype=np.float32)
    out = np.empty_like(left)

    def multiply() -> None:
        for _ in range(_PRODUCTS):
            np.matmul(left, right, out=out)

    return multiply


def painting(styles: Path, precision: str, bound: float) -> Pair:
    """One frame of 640x360 in a shipped style over matrix products."""
    session = open_session(load_style(STYLE, styles).in_precision(precision), "cpu")
    frame = probe_picture(_HEIGHT, _WIDTH)
    what = f"{STYLE} in {precision}, a frame of 640x360, over {_PRODUCTS} sgemm of {SIDE}"
    return Pair(f"model-{precision}", what, lambda: session.paint(frame), products(), bound)


def rewriting(bound: float) -> Pair:
    """An imported network as the product rewrites it over the same as it came."""
    model = network()
    contract = Contract("x", model.graph.output[0].name, "NCHW", "RGB", "float32", size_multiple=2)
    plain, light = session_of(model), session_of(lightened(model, contract).model)
    picture = probe_picture(192, 320).transpose(0, 3, 1, 2).astype(np.float32)
    what = "an imported network, rewritten, over the same as it came"

    def work() -> None:
        light.run(None, {"x": picture})

    def yardstick() -> None:
        plain.run(None, {"x": picture})

    return Pair("rewritten", what, work, yardstick, bound)
