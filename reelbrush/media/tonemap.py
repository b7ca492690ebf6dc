"""High dynamic range to BT.709: a documented curve, computed once as a lattice, applied by FFmpeg's lut3d.

The way of one colour: code values -> light of the display in cd/m2 (SMPTE ST 2084, or ARIB STD-B67 with the
system gamma 1.2 of a 1000 cd/m2 display, ITU-R BT.2100) -> the largest of R, G, B is compressed by the EETF
of ITU-R BT.2390 from 1000 to 203 cd/m2, the other two follow in proportion, so that hue stays -> BT.709
primaries (ITU-R BT.2087), colours out of gamut clipped -> inverse of the BT.1886 display curve.
203 cd/m2 is the reference white of ITU-R BT.2408.
"""

from __future__ import annotations

import os
import tempfile
from fractions import Fraction

import numpy as np
from av.filter import Graph
from av.video.format import VideoFormat
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from reelbrush.media.colour import HLG, PQ

SOURCE_PEAK = 1000.0  # cd/m2; brighter light of PQ is clipped
TARGET_PEAK = 203.0  # cd/m2, shown as white
LATTICE = 33  # points per axis; tetrahedral interpolation between them
_M1, _M2, _C1, _C2, _C3 = 2610 / 16384, 2523 / 32, 3424 / 4096, 2413 / 128, 2392 / 128
_BT2020_LUMA = np.array([0.2627, 0.6780, 0.0593])
_TO_BT709 = np.array([[1.6605, -0.5876, -0.0728], [-0.1246, 1.1329, -0.0083], [-0.0182, -0.1006, 1.1187]])


def pq_to_light(code: np.ndarray) -> np.ndarray:
    """SMPTE ST 2084 EOTF: code values 0..1 to cd/m2."""
    power = np.clip(code, 0, 1) ** (1 / _M2)
    return 10000 * (np.maximum(power - _C1, 0) / (_C2 - _C3 * power)) ** (1 / _M1)


def light_to_pq(light: np.ndarray) -> np.ndarray:
    """Inverse of `pq_to_light`."""
    power = (np.maximum(light, 0) / 10000) ** _M1
    return ((_C1 + _C2 * power) / (1 + _C3 * power)) ** _M2


def hlg_to_light(code: np.ndarray) -> np.ndarray:
    """ARIB STD-B67 and BT.2100 system gamma of a 1000 cd/m2 display: R'G'B' (..., 3) 0..1 to cd/m2."""
    a, b, c = 0.17883277, 0.28466892, 0.55991073
    code = np.clip(code, 0, 1)
    scene = np.where(code <= 0.5, code**2 / 3, (np.exp((code - c) / a) + b) / 12)
    luma = np.maximum(scene @ _BT2020_LUMA, 1e-9)[..., None]
    return SOURCE_PEAK * scene * luma**0.2


def compress(light: np.ndarray) -> np.ndarray:
    """BT.2390 EETF: cd/m2 up to SOURCE_PEAK to cd/m2 up to TARGET_PEAK; below the knee nothing changes."""
    top = light_to_pq(np.array(SOURCE_PEAK))
    value = np.minimum(light_to_pq(light) / top, 1)
    ceiling = float(light_to_pq(np.array(TARGET_PEAK)) / top)
    knee = 1.5 * ceiling - 0.5
    t = np.clip((value - knee) / (1 - knee), 0, 1)
    spline = (
        (2 * t**3 - 3 * t**2 + 1) * knee
        + (t**3 - 2 * t**2 + t) * (1 - knee)
        + (3 * t**2 - 2 * t**3) * ceiling
    )
    return pq_to_light(np.where(value < knee, value, spline) * top)


def tone_map(code: np.ndarray, transfer: int) -> np.ndarray:
    """Map BT.2020 R'G'B' code values (..., 3) 0..1 of `transfer` (16 PQ, 18 HLG) to BT.709 R'G'B' 0..1."""
    light = hlg_to_light(code) if transfer == HLG else pq_to_light(code)
    largest = np.maximum(light.max(-1, keepdims=True), 1e-6)
    linear = (light * (compress(largest) / largest)) @ _TO_BT709.T / TARGET_PEAK
    return np.clip(linear, 0, 1) ** (1 / 2.4)


def cube_file(transfer: int) -> str:
    """Return the text of an Adobe .cube file of LATTICE points per axis, red changing fastest."""
    axis = np.linspace(0, 1, LATTICE)
    blue, green, red = np.meshgrid(axis, axis, axis, indexing="ij")
    mapped = tone_map(np.stack([red, green, blue], -1).reshape(-1, 3), transfer)
    rows = "\n".join(f"{r:.6f} {g:.6f} {b:.6f}" for r, g, b in mapped.tolist())
    return f"LUT_3D_SIZE {LATTICE}\n{rows}\n"


class ToneMapper:
    """Tone-maps frames of one transfer; one size after another is allowed, two threads at once are not."""

    def __init__(self, transfer: int) -> None:
        if transfer not in (PQ, HLG):
            raise ValueError(f"transfer {transfer} is neither PQ (16) nor HLG (18)")
        self._cube = cube_file(transfer)
        self._graph: Graph | None = None
        self._size = (0, 0)
        self._scaler = VideoReformatter()

    def map(self, frame: VideoFrame) -> np.ndarray:
        """Return (H, W, 3) uint8 BT.709 pixels of a gbrp16le frame of BT.2020 code values, full range."""
        if self._graph is None or (frame.width, frame.height) != self._size:
            self._graph = self._build(frame)
            self._size = (frame.width, frame.height)
        frame.pts = None
        self._graph.vpush(frame)
        return self._scaler.reformat(self._graph.vpull(), format="rgb24", threads=1).to_ndarray()

    def _build(self, frame: VideoFrame) -> Graph:
        descriptor, path = tempfile.mkstemp(prefix="reelbrush-", suffix=".cube")
        try:
            with os.fdopen(descriptor, "w") as file:
                file.write(self._cube)
            graph = Graph()
            graph.threads = 1
            source = graph.add_buffer(
                width=frame.width,
                height=frame.height,
                format=VideoFormat("gbrp16le", frame.width, frame.height),
                time_base=Fraction(1, 1000),
            )
            graph.link_nodes(
                source, graph.add("lut3d", file=path, interp="tetrahedral"), graph.add("buffersink")
            ).configure()
            return graph
        finally:
            os.unlink(path)
