"""Which GPU a process uses, and what it is called. CUDA's driver is asked; nothing here needs a toolkit."""

from __future__ import annotations

import ctypes
import os
import re
import shutil
import subprocess
from collections.abc import Mapping, MutableMapping
from dataclasses import dataclass
from pathlib import Path

from scoring.mpi import Rank

CPU = "cpu"
VISIBLE = "CUDA_VISIBLE_DEVICES"

_NAME_BYTES = 256
_LIST_SECONDS = 20
_MAJOR, _MINOR = 75, 76  # CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR and _MINOR
_DRIVER = Path("/proc/driver/nvidia/version")


@dataclass(frozen=True)
class Gpu:
    """What compiled kernels depend on; '' for what cannot be found out."""

    name: str  # "NVIDIA H100 80GB HBM3"
    capability: str  # compute capability, "9.0"
    driver: str  # "580.159.04"


def visible_gpus(environment: Mapping[str, str] = os.environ) -> list[str]:
    """Return the GPUs of this node that its processes may use, as CUDA_VISIBLE_DEVICES names them.

    The variable itself counts where it is set: numbers, GPU-... or MIG-...; empty or -1 hides what follows.
    Otherwise all parts of divided GPUs (MIG), else all GPUs by their numbers.
    """
    if VISIBLE in environment:
        named: list[str] = []
        for name in environment[VISIBLE].split(","):
            if not re.fullmatch(r"[0-9]+|(GPU|MIG)-\S+", name.strip()):
                break  # CUDA, too, ignores what comes after a name that is none
            named.append(name.strip())
        return named
    # numbers, not minors: CUDA counts from 0 whatever the device files are called
    return _parts() or [str(number) for number, _ in enumerate(Path("/dev").glob("nvidia[0-9]*"))]


def choose_gpu(rank: Rank, environment: MutableMapping[str, str] = os.environ) -> str:
    """Give each process of a node its own GPU by CUDA_VISIBLE_DEVICES; return what to tell, '' for nothing.

    A process alone keeps what it was given. More processes than GPUs share them in turn.
    """
    if rank.size == 1:
        return ""
    gpus = visible_gpus(environment)
    if not gpus:
        return ""
    environment[VISIBLE] = gpus[rank.local % len(gpus)]
    if rank.local < len(gpus):
        return ""
    count = "1 GPU" if len(gpus) == 1 else f"{len(gpus)} GPUs"
    return f"process {rank.local} of this node shares GPU {environment[VISIBLE]}: the node has {count}"


def this_gpu(library: str = "libcuda.so.1", driver: Path = _DRIVER) -> Gpu:
    """Return what CUDA's driver says of this process's first GPU; empty where there is none.

    `driver` is the file in which the kernel's module tells its version.
    """
    name, number = ctypes.create_string_buffer(_NAME_BYTES), ctypes.c_int()
    major, minor = ctypes.c_int(), ctypes.c_int()
    try:
        cuda = ctypes.CDLL(library)
        failed = (
            cuda.cuInit(0)
            or cuda.cuDeviceGet(ctypes.byref(number), 0)
            or cuda.cuDeviceGetName(name, _NAME_BYTES, number)
            or cuda.cuDeviceGetAttribute(ctypes.byref(major), _MAJOR, number)
            or cuda.cuDeviceGetAttribute(ctypes.byref(minor), _MINOR, number)
        )
    except (OSError, AttributeError):
        return Gpu("", "", "")
    if failed:
        return Gpu("", "", "")
    called = name.value.decode("utf-8", "replace").strip()
    return Gpu(called, f"{major.value}.{minor.value}", _driver_version(driver))


def cuda_name(library: str = "libcuda.so.1") -> str:
    """Return what CUDA's driver calls this process's first GPU, '' where there is none."""
    return this_gpu(library).name


def device_of(provider: str) -> str:
    """Return the device of an onnxruntime provider: `cpu`, or the GPU's name, `cuda` if it has none."""
    return (cuda_name() or "cuda") if provider.startswith(("CUDA", "Tensorrt")) else CPU


def _driver_version(file: Path) -> str:
    try:
        found = re.search(r"\b[0-9]{3,}\.[0-9.]*[0-9]\b", file.read_text("utf-8", "replace"))
    except OSError:
        return ""
    return found[0] if found else ""


def _parts() -> list[str]:
    """The ids of all MIG parts, as the driver's own tool lists them."""
    program = shutil.which("nvidia-smi")
    if program is None:
        return []
    try:
        listed = subprocess.run([program, "-L"], capture_output=True, text=True, timeout=_LIST_SECONDS)
    except (OSError, subprocess.TimeoutExpired):
        return []
    return re.findall(r"UUID: (MIG-[^)\s]+)", listed.stdout)
