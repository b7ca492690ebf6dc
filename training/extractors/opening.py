"""From a weights file to the extractor it holds."""

import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

from training.digest import sha256
from training.extractors.base import CAFFE, TORCHVISION, Extractor, Preparation
from training.extractors.known import known_file
from training.extractors.squeezenet import SqueezeNet, ordered
from training.extractors.vgg import Vgg, shape_of
from training.extractors.weights import Convolution, read_convolutions

WHICH_FILE = (
    "Get SqueezeNet_fp16.onnx (2.5 MB, BSD-2-Clause), in SharedContent/models of"
    " github.com/microsoft/Windows-Machine-Learning, and name it with --extractor. Also good: any VGG16,"
    " VGG19 or SqueezeNet 1.1 without batch normalisation, as .onnx, .pth or .caffemodel."
)

_TORCH_NAME = re.compile(r"(features\.)?\d+\.")
_MXNET_NAME = re.compile(r"(vgg|squeezenet)\d+_")


def open_extractor(path: Path) -> Extractor:
    """Read the extractor of an `.onnx`, `.pth`, `.pt` or `.caffemodel` file.

    Raises FileNotFoundError when there is no such file, and ValueError when it cannot be read or its
    convolutions are neither those of SqueezeNet 1.1 nor of a VGG16 or VGG19; both say which file to get.
    """
    try:
        found = read_convolutions(path)
    except (FileNotFoundError, ValueError) as error:
        raise type(error)(f"{error}. {WHICH_FILE}") from None
    digest = sha256(path)
    known = known_file(digest)
    preparation = known.preparation if known else _preparation(path, found)
    extractor = _network(path, found, preparation)
    extractor.facts = replace(extractor.facts, license=known.license if known else "unknown", sha256=digest)
    return extractor


def download_vgg16() -> Extractor:
    """torchvision's VGG16, downloaded once into torch's cache (528 MB).

    Raises FileNotFoundError, saying which file to get instead, when torchvision is not installed or the
    network does not allow.
    """
    try:
        from torchvision.models import VGG16_Weights, vgg16  # pyright: ignore
    except (ImportError, RuntimeError):  # the latter from a torchvision that was built for another torch
        raise FileNotFoundError(
            "no feature extractor is given, and torchvision is not installed or does not fit torch."
            f" {WHICH_FILE}"
        ) from None
    try:
        state = vgg16(weights=VGG16_Weights.IMAGENET1K_V1).features.state_dict()
    except OSError as error:
        raise FileNotFoundError(f"torchvision's VGG16 cannot be downloaded ({error}). {WHICH_FILE}") from None
    names = [name for name in state if name.endswith(".weight")]
    found = [
        Convolution(name, state[name].numpy(), state[name.replace("weight", "bias")].numpy())
        for name in names
    ]
    extractor = _network(Path("torchvision"), found, TORCHVISION)
    extractor.facts = replace(extractor.facts, license="BSD-3-Clause (torchvision)")
    return extractor


def _network(path: Path, found: Sequence[Convolution], preparation: Preparation) -> Extractor:
    squeezenet = ordered(found)
    if squeezenet is not None:
        return SqueezeNet(preparation).filled(squeezenet)
    shape = shape_of(found)
    if shape is None:
        widths = ", ".join("x".join(map(str, conv.shape)) for conv in found[:4]) or "none"
        raise ValueError(
            f"{path} is neither SqueezeNet 1.1 nor VGG16 or VGG19: it has {len(found)} convolutions,"
            f" the first are {widths}. {WHICH_FILE}"
        )
    return Vgg(shape, preparation).filled(found)


def _preparation(path: Path, found: Sequence[Convolution]) -> Preparation:
    """How an unknown file wants its pictures, by whose names it uses; Caffe's have neither form."""
    name = found[0].name if found else ""
    if path.suffix.lower() != ".caffemodel" and (_TORCH_NAME.match(name) or _MXNET_NAME.match(name)):
        return TORCHVISION
    return CAFFE
