"""Reading a `.caffemodel`: only as much of protobuf's wire format and of caffe.proto as convolutions need.

Wire format: protobuf.dev/programming-guides/encoding. Fields: src/caffe/proto/caffe.proto of BVLC/caffe,
where a layer is either a LayerParameter or, in older files, a V1LayerParameter.
"""

import mmap
from collections.abc import Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Field = tuple[int, int | memoryview]
"""Number of a field, and its value: an integer, or the bytes of a string, message, float or packed list."""

VARINT, EIGHT_BYTES, LENGTH_DELIMITED, FOUR_BYTES = 0, 1, 2, 5
NET_LAYER, NET_LAYER_V1 = 100, 2
NAME, TYPE, BLOBS = 1, 2, 7
NAME_V1, TYPE_V1, BLOBS_V1 = 4, 5, 6
CONVOLUTION, CONVOLUTION_V1 = b"Convolution", 4
BLOB_OLD_SIZES, BLOB_DATA, BLOB_SHAPE, SHAPE_DIM = (1, 2, 3, 4), 5, 7, 1


def caffe_convolutions(path: Path) -> Iterator[tuple[str, Floats, Floats | None]]:
    """Yield (name, weight (out, in, height, width), bias (out,) or None) of every convolution, in order.

    The file is mapped, not read: VGG's has 500 MB, most of it not convolutions. Raises ValueError when it is
    cut off or no protobuf message.
    """
    with path.open("rb") as file:
        if not file.seek(0, 2):
            raise ValueError("the file is empty")
        # Never closed by hand: views into it would forbid that, and it goes with the last of them.
        data = memoryview(mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ))
    for number, value in _fields(data):
        if number in (NET_LAYER, NET_LAYER_V1) and isinstance(value, memoryview):
            layer = _layer(value, number == NET_LAYER_V1)
            if layer is not None:
                yield layer


def _layer(data: memoryview, old: bool) -> tuple[str, Floats, Floats | None] | None:
    name_field, type_field, blobs_field = (NAME_V1, TYPE_V1, BLOBS_V1) if old else (NAME, TYPE, BLOBS)
    name, is_convolution, blobs = "", False, list[memoryview]()
    for number, value in _fields(data):
        if isinstance(value, int):
            is_convolution |= old and number == type_field and value == CONVOLUTION_V1
        elif number == name_field:
            name = bytes(value).decode("utf-8", "replace")
        elif number == type_field:
            is_convolution |= not old and bytes(value) == CONVOLUTION
        elif number == blobs_field:
            blobs.append(value)
    if not is_convolution or not blobs:
        return None
    weight, *bias = (_blob(blob) for blob in blobs[:2])
    return name, weight, bias[0].ravel() if bias else None


def _blob(data: memoryview) -> Floats:
    old_sizes, shape, parts = dict[int, int](), list[int](), list[memoryview]()
    for number, value in _fields(data):
        if isinstance(value, int):
            if number in BLOB_OLD_SIZES:
                old_sizes[number] = value
        elif number == BLOB_SHAPE:
            shape = [size for field, dims in _fields(value) if field == SHAPE_DIM for size in _integers(dims)]
        elif number == BLOB_DATA:
            parts.append(value)
    shape = shape or [old_sizes.get(number, 1) for number in BLOB_OLD_SIZES]
    return np.frombuffer(b"".join(parts), "<f4").reshape(shape)


def _integers(value: int | memoryview) -> list[int]:
    """One integer, or those of a packed list."""
    if isinstance(value, int):
        return [value]
    found, at = list[int](), 0
    while at < len(value):
        number, at = _varint(value, at)
        found.append(number)
    return found


def _fields(data: memoryview) -> Iterator[Field]:
    at = 0
    while at < len(data):
        key, at = _varint(data, at)
        number, kind = key >> 3, key & 7
        if kind == VARINT:
            value, at = _varint(data, at)
            yield number, value
            continue
        length = {EIGHT_BYTES: 8, FOUR_BYTES: 4}.get(kind, 0)
        if kind == LENGTH_DELIMITED:
            length, at = _varint(data, at)
        if (not length and kind != LENGTH_DELIMITED) or not number or at + length > len(data):
            raise ValueError("the file is cut off, or is no Caffe model")
        yield number, data[at : at + length]
        at += length


def _varint(data: memoryview, at: int) -> tuple[int, int]:
    """The number that begins at byte `at`, 7 bits per byte, lowest first, and where it ends."""
    number = 0
    for index, byte in enumerate(data[at : at + 10]):
        number |= (byte & 127) << (7 * index)
        if byte < 128:
            return number, at + index + 1
    raise ValueError("the file is cut off, or is no Caffe model")
