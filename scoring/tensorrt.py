"""TensorRT: whether it can be used, under which options, and what its engines depend on."""

from __future__ import annotations

import ctypes
import hashlib
import json
from collections.abc import Collection
from dataclasses import asdict, dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from scoring.cuda_options import TENSORRT, Way

LIBRARY = "libnvinfer.so.10"
"""What onnxruntime-gpu's provider is linked against; packages of TensorRT 11 and later do not have it."""

PIN = "tensorrt-cu13==10.16.1.11"
_PACKAGES = ("tensorrt-cu13", "tensorrt")


@dataclass(frozen=True)
class EngineFacts:
    """Everything that an engine depends on: with any of it changed, another one has to be built."""

    gpu: str  # name
    capability: str  # compute capability, as 9.0
    driver: str
    tensorrt: str
    onnxruntime: str
    model: str  # sha256 of the graph as it is run, hex
    shape: tuple[int, ...]  # (N, H, W, 3) of the frames
    half: bool
    options: tuple[tuple[str, str], ...] = ()

    @property
    def key(self) -> str:
        """The name of the engine's folder: 32 hex digits."""
        text = json.dumps(asdict(self), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def tensorrt_version() -> str:
    """Return the version of the installed TensorRT package, '' where there is none."""
    for package in _PACKAGES:
        try:
            return version(package)
        except PackageNotFoundError:
            continue
    return ""


def library_loads(name: str = LIBRARY) -> bool:
    """Return whether the dynamic linker finds and loads `name`."""
    try:
        ctypes.CDLL(name)
    except OSError:
        return False
    return True


def why_not(available: Collection[str], loads: bool, installed: str) -> str:
    """Return why TensorRT cannot be used, in one line, '' where it can.

    `available` are onnxruntime's providers, `loads` whether `LIBRARY` does, `installed` the version of the
    package, '' for none. onnxruntime itself would only warn and go on without.
    """
    if TENSORRT not in available:
        return f"this onnxruntime has no {TENSORRT}"
    if loads:
        return ""
    found = f"TensorRT {installed} is installed" if installed else "TensorRT is not installed"
    return f"{LIBRARY} cannot be loaded ({found}): pip install {PIN}"


def tensorrt_options(half: bool) -> dict[str, str]:
    """Return the provider's options that do not name files; flags are words in onnxruntime's Python."""
    return {
        "trt_fp16_enable": "True" if half else "False",
        "trt_builder_optimization_level": "3",
        "trt_cuda_graph_enable": "True",
        "trt_engine_cache_enable": "True",
        "trt_timing_cache_enable": "True",
    }


def tensorrt_way(facts: EngineFacts, folder: Path) -> Way:
    """Return how a model runs on TensorRT with the engine of `facts` kept below `folder`.

    Building times kernels, so two engines of the same facts may paint other bytes: nodes that share a job
    have to share the folder. It is one engine per folder, and the first one stays.
    """
    home = str(folder / facts.key)
    files = {"trt_engine_cache_path": home, "trt_timing_cache_path": home}
    return Way(TENSORRT, "cuda", dict(facts.options) | files, fixed=True)


def engine_digest(way: Way) -> str:
    """Return the sha256 (hex) of the engine files of `way`, '' while there are none."""
    home = way.options.get("trt_engine_cache_path")
    engines = sorted(Path(home).glob("*.engine")) if home else []
    if not engines:
        return ""
    digest = hashlib.sha256()
    for engine in engines:
        digest.update(engine.read_bytes())
    return digest.hexdigest()
