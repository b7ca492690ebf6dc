"""Wheels for a GPU machine that can download nothing, small enough to be carried there in parts.

    python -m pip download --no-deps --only-binary=:all: --python-version 3.12 ... -d WHEELS onnxruntime-gpu
    python benchmarks/gpu/pack.py --arch 90 --out FOLDER WHEELS/*.whl

onnxruntime-gpu brings machine code for every generation of GPUs. All but that of `--arch` (90: Hopper) is
written over with zeros, which compress to nothing; file sizes and offsets stay. FOLDER/wheels.tar.xz.00 and
so on have at most `--part-mib`; how to unpack them there is printed. All this is for measuring alone.
"""

from __future__ import annotations

import argparse
import io
import lzma
import struct
import sys
import tarfile
import zipfile
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

MAGIC = struct.pack("<I", 0xBA55ED50)
"""With which a container of code for several GPUs begins, as `nvcc` writes them."""

_HEADER = struct.Struct("<IHHQ")  # magic, version, bytes of this header, bytes behind it
_ENTRY = struct.Struct("<HHIQ")  # kind, flags, bytes of this header, bytes of code; at 28 the architecture
_MACHINE_CODE = 2  # kind; 1 is PTX
_ARCHITECTURE_AT = 28
_LEFT_OUT = ("libonnxruntime_providers_tensorrt.so", "onnxruntime/tools/", "onnxruntime/transformers/models/")


@dataclass(frozen=True)
class Code:
    """Code for one generation of GPUs inside a library."""

    machine: bool  # machine code, else PTX
    architecture: int  # 90: Hopper
    start: int  # of the code, in the file
    size: int  # bytes


def codes(data: bytes | bytearray) -> Iterator[Code]:
    """Yield all GPU code in a library's bytes. What only looks like a container is passed over."""
    place = data.find(MAGIC)
    while place >= 0:
        end = place + 4
        if place + _HEADER.size <= len(data):
            _, version, header, behind = _HEADER.unpack_from(data, place)
            if version == 1 and header == _HEADER.size and place + header + behind <= len(data):
                end = place + header + behind
                yield from _entries(data, place + header, end)
        place = data.find(MAGIC, end)


def _entries(data: bytes | bytearray, place: int, end: int) -> Iterator[Code]:
    while place + _ARCHITECTURE_AT + 4 <= end:
        kind, _, header, size = _ENTRY.unpack_from(data, place)
        if header < _ARCHITECTURE_AT + 4 or place + header + size > end:
            return
        (architecture,) = struct.unpack_from("<I", data, place + _ARCHITECTURE_AT)
        yield Code(kind == _MACHINE_CODE, architecture, place + header, size)
        place += header + size


def strip(data: bytes, keep: int) -> tuple[bytes, Counter[str]]:
    """Return a library with all GPU code but machine code for `keep` zeroed, and bytes by kind before."""
    stripped, sizes = bytearray(data), Counter[str]()
    for code in codes(data):
        sizes[f"{'sm' if code.machine else 'ptx'}_{code.architecture}"] += code.size
        if not (code.machine and code.architecture == keep):
            stripped[code.start : code.start + code.size] = bytes(code.size)
    return bytes(stripped), sizes


def pack(wheels: list[Path], keep: int) -> bytes:
    """Return what `wheels` hold as one tar.xz. Raises ValueError where no code for `keep` is found."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w") as tar:
        for wheel in wheels:
            with zipfile.ZipFile(wheel) as archive:
                for info in archive.infolist():
                    if info.is_dir() or any(part in info.filename for part in _LEFT_OUT):
                        continue
                    data = archive.read(info)
                    if info.filename.endswith("providers_cuda.so"):
                        data, sizes = strip(data, keep)
                        _tell(info.filename, sizes)
                        if not sizes[f"sm_{keep}"]:
                            raise ValueError(f"{info.filename} holds no code for sm_{keep}")
                    entry = tarfile.TarInfo(info.filename)
                    entry.size, entry.mode = len(data), 0o755
                    tar.addfile(entry, io.BytesIO(data))
    filters = [{"id": lzma.FILTER_X86}, {"id": lzma.FILTER_LZMA2, "preset": 6, "dict_size": 64 << 20}]
    return lzma.compress(packed.getvalue(), lzma.FORMAT_XZ, filters=filters)


def _tell(name: str, sizes: Counter[str]) -> None:
    told = ", ".join(f"{kind} {size / 2**20:.0f} MiB" for kind, size in sorted(sizes.items()))
    print(f"{name}: {told}", file=sys.stderr)


def main() -> None:
    """Pack what the arguments name."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("wheels", nargs="+", type=Path)
    parser.add_argument("--arch", type=int, default=90, help="compute capability times ten")
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--part-mib", type=int, default=56)
    wanted = parser.parse_args()
    packed, size = pack(wanted.wheels, wanted.arch), wanted.part_mib << 20
    wanted.out.mkdir(parents=True, exist_ok=True)
    for number, start in enumerate(range(0, len(packed), size)):
        part = wanted.out / f"wheels.tar.xz.{number:02d}"
        part.write_bytes(packed[start : start + size])
        print(f"{part}: {part.stat().st_size / 2**20:.1f} MiB")
    print("there: mkdir -p site && cat wheels.tar.xz.* | tar -xJ -C site && export PYTHONPATH=$PWD/site")


if __name__ == "__main__":
    main()
