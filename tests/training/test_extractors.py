"""Feature extractors are read from every kind of file that holds one; the weights here are random."""

import struct
from pathlib import Path

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="torch is an extra: pip install '.[train]'")

from onnx import TensorProto, helper, load, numpy_helper, save  # noqa: E402

from training.extractors import Extractor, download_vgg16, open_extractor  # noqa: E402
from training.extractors.base import CAFFE, TORCHVISION  # noqa: E402
from training.extractors.squeezenet import SqueezeNet  # noqa: E402
from training.extractors.vgg import Vgg, VggShape  # noqa: E402

NARROW = {
    "VGG16": VggShape("VGG16", ((4, 4), (6, 6), (8,) * 3, (10,) * 3)),
    "VGG19": VggShape("VGG19", ((4, 4), (6, 6), (8,) * 4, (10,) * 4)),
}


def _varint(number: int) -> bytes:
    parts = bytearray()
    while number > 127:
        parts.append(number & 127 | 128)
        number >>= 7
    return bytes([*parts, number])


def _message(number: int, *parts: bytes) -> bytes:
    body = b"".join(parts)
    return _varint(number << 3 | 2) + _varint(len(body)) + body


def _integer(number: int, value: int) -> bytes:
    return _varint(number << 3) + _varint(value)


def _blob(values: np.ndarray, old: bool) -> bytes:
    data = values.astype("<f4").tobytes()
    if old:
        sizes = (1,) * (4 - values.ndim) + values.shape
        # Unpacked floats, one field each, as the oldest files have them.
        single = [_varint(5 << 3 | 5) + data[at : at + 4] for at in range(0, len(data), 4)]
        return b"".join([*(_integer(index + 1, size) for index, size in enumerate(sizes)), *single])
    return _message(7, _message(1, b"".join(map(_varint, values.shape)))) + _message(5, data)


def _caffemodel(path: Path, extractor: Extractor, old: bool) -> None:
    layers = [_message(1, b"net")]
    for index in range(len(extractor.convolutions)):
        conv, name = extractor.conv(index), f"conv{index}".encode()
        blobs = [_blob(values.numpy(), old) for values in (conv.weight, conv.bias)]
        if old:
            layers.append(_message(2, _message(4, name), _integer(5, 4), *(_message(6, b) for b in blobs)))
            layers.append(_message(2, _message(4, b"relu"), _integer(5, 18)))
        else:
            kind = _message(2, b"Convolution")
            loss = _varint(5 << 3 | 5) + struct.pack("<f", 1.0)
            layers.append(_message(100, _message(1, name), kind, loss, *(_message(7, b) for b in blobs)))
            layers.append(_message(100, _message(1, b"relu"), _message(2, b"ReLU")))
    path.write_bytes(b"".join(layers))


def _onnx(path: Path, extractor: Extractor, name: str, fires_swapped: bool = False) -> None:
    count = len(extractor.convolutions)
    order = list(range(count))
    if fires_swapped:
        for first in range(2, count, 3):
            order[first : first + 2] = first + 1, first
    nodes, weights = [], []
    for index in order:
        conv = extractor.conv(index)
        names = f"{name}{index}.weight", f"{name}{index}.bias"
        for key, values in zip(names, (conv.weight, conv.bias), strict=True):
            weights.append(numpy_helper.from_array(values.numpy().astype(np.float16), key))
        nodes.append(helper.make_node("Conv", [f"x{index}", *names], [f"x{index + 1}"]))
    given = helper.make_tensor_value_info("x0", TensorProto.FLOAT16, [1, 3, 64, 64])
    out = helper.make_tensor_value_info(f"x{count}", TensorProto.FLOAT16, None)
    save(helper.make_model(helper.make_graph(nodes, "net", [given], [out], weights)), path)


def _same(one: Extractor, other: Extractor, tolerance: float = 0.0) -> bool:
    picture = torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1))
    pairs = [*zip(one(picture).style(), other(picture).style(), strict=True)]
    pairs.append((one(picture).content(), other(picture).content()))
    return all((a - b).abs().max() <= tolerance * b.abs().max() for a, b in pairs)


@pytest.mark.parametrize("swapped", [False, True], ids=["in order", "fires swapped"])
def test_squeezenet_is_read_from_onnx(tmp_path: Path, swapped: bool) -> None:
    wanted = SqueezeNet()
    _onnx(tmp_path / "net.onnx", wanted, "conv_", swapped)
    read = open_extractor(tmp_path / "net.onnx")
    assert isinstance(read, SqueezeNet) and read.preparation == CAFFE
    assert read.facts.license == "unknown" and len(read.facts.sha256) == 64
    assert _same(read, wanted, 0.02)
    assert not any(parameter.requires_grad for parameter in read.parameters())


def test_a_file_with_torch_s_names_is_prepared_as_torchvision_does(tmp_path: Path) -> None:
    wanted = SqueezeNet(TORCHVISION)
    _onnx(tmp_path / "net.onnx", wanted, "features.")
    assert _same(open_extractor(tmp_path / "net.onnx"), wanted, 0.02)


@pytest.mark.parametrize("name", ["VGG16", "VGG19"])
def test_a_vgg_is_read_from_a_torch_state_dict(tmp_path: Path, name: str) -> None:
    wanted = Vgg(NARROW[name], TORCHVISION)
    state = {}
    for index in range(len(wanted.convolutions)):
        conv = wanted.conv(index)
        state |= {f"features.{2 * index}.weight": conv.weight, f"features.{2 * index}.bias": conv.bias}
    # The fifth stage is as wide as the fourth, and is not used.
    state["features.99.weight"] = torch.rand(10, 10, 3, 3)
    state["classifier.0.weight"] = torch.rand(7, 10)
    torch.save(state, tmp_path / "net.pth")
    read = open_extractor(tmp_path / "net.pth")
    assert isinstance(read, Vgg) and read.facts.network == f"{name}, narrowed, ImageNet"
    assert _same(read, wanted)
    maps = read(torch.rand(1, 3, 64, 96))
    assert [tuple(m.shape[1:]) for m in maps.style()] == [(4, 64, 96), (6, 32, 48), (8, 16, 24), (10, 8, 12)]
    assert maps.content().shape == (1, 8, 16, 24)


def test_a_distilled_vgg_prepares_its_pictures_itself(tmp_path: Path) -> None:
    shape = VggShape("small", ((4, 4), (6, 6), (8,) * 4, (10,)), prepares=True)
    wanted = Vgg(shape, TORCHVISION)
    state = {"conv0.weight": wanted.conv(0).weight, "conv0.bias": wanted.conv(0).bias}
    for index in range(1, len(wanted.convolutions)):
        conv = wanted.conv(index)
        state |= {f"conv{index}.weight": conv.weight, f"conv{index}.bias": conv.bias}
    state["conv11_aux.weight"] = torch.rand(64, 4, 1, 1)
    torch.save({"model": state}, tmp_path / "net.pth")
    assert _same(open_extractor(tmp_path / "net.pth"), wanted)


@pytest.mark.parametrize("old", [False, True], ids=["LayerParameter", "V1LayerParameter"])
def test_a_caffemodel_is_read(tmp_path: Path, old: bool) -> None:
    wanted = Vgg(NARROW["VGG16"], CAFFE)
    _caffemodel(tmp_path / "net.caffemodel", wanted, old)
    read = open_extractor(tmp_path / "net.caffemodel")
    assert read.preparation == CAFFE and _same(read, wanted)


def test_pictures_are_prepared_as_the_weights_expect() -> None:
    red = torch.tensor([1.0, 0.0, 0.0]).view(1, 3, 1, 1)
    assert CAFFE.apply(red).flatten().tolist() == pytest.approx([-103.939, -116.779, 255 - 123.68])
    assert TORCHVISION.apply(red).flatten().tolist() == pytest.approx(
        [(1 - 0.485) / 0.229, -0.456 / 0.224, -0.406 / 0.225]
    )


def test_a_wrong_file_is_refused_with_the_one_to_get(tmp_path: Path) -> None:
    _onnx(tmp_path / "short.onnx", Vgg(VggShape("short", ((4, 4), (6, 6))), CAFFE), "c")
    _caffemodel(tmp_path / "cut.caffemodel", Vgg(NARROW["VGG16"], CAFFE), old=False)
    (tmp_path / "cut.caffemodel").write_bytes((tmp_path / "cut.caffemodel").read_bytes()[:-50])
    for name in ("text.onnx", "text.pth", "text.caffemodel", "text.h5"):
        (tmp_path / name).write_text("These are not the weights you are looking for.\n")
    (tmp_path / "empty.caffemodel").touch()
    torch.save({"features.1.running_mean": torch.rand(4)}, tmp_path / "norm.pth")
    torch.save([1, 2], tmp_path / "list.pth")
    names = sorted(path.name for path in tmp_path.iterdir())
    assert len(names) == 9
    for name in names:
        with pytest.raises(ValueError, match="SqueezeNet_fp16") as caught:
            open_extractor(tmp_path / name)
        assert name in str(caught.value)
    with pytest.raises(FileNotFoundError, match="SqueezeNet_fp16"):
        open_extractor(tmp_path / "absent.onnx")


def test_weights_in_another_file_are_not_fetched(tmp_path: Path) -> None:
    _onnx(tmp_path / "whole.onnx", SqueezeNet(), "conv_")
    model = load(tmp_path / "whole.onnx")
    save(model, tmp_path / "net.onnx", save_as_external_data=True, location="weights", size_threshold=0)
    with pytest.raises(ValueError, match="in another file"):
        open_extractor(tmp_path / "net.onnx")


def test_a_pickle_with_code_in_it_is_not_run(tmp_path: Path) -> None:
    class Trap:
        def __reduce__(self) -> tuple[object, tuple[str]]:
            return Path.touch, (Path(tmp_path / "sprung"),)  # type: ignore[return-value]

    torch.save({"features.0.weight": Trap()}, tmp_path / "trap.pth")
    with pytest.raises(ValueError, match=r"trap\.pth"):
        open_extractor(tmp_path / "trap.pth")
    assert not (tmp_path / "sprung").exists()


def test_without_torchvision_the_file_to_get_is_named() -> None:
    try:
        import torchvision  # noqa: F401
    except ImportError:
        with pytest.raises(FileNotFoundError, match="SqueezeNet_fp16"):
            download_vgg16()
    else:
        pytest.skip("torchvision is installed")


def test_well_known_files_are_told_by_their_bytes(shared: Path) -> None:
    squeezenet = open_extractor(shared / "style" / "extractors" / "SqueezeNet_fp16.onnx")
    assert squeezenet.facts.license.startswith("BSD-2-Clause")
    distilled = open_extractor(shared / "style" / "extractors" / "vgg19-small16x-e5.pth")
    assert distilled.facts.license.startswith("MIT") and "VGG19" in distilled.facts.network
    maps = distilled(torch.rand(1, 3, 64, 64))
    assert [m.shape[1] for m in maps.style()] == [16, 32, 64, 128]
