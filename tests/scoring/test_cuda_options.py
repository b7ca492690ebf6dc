"""How a model would run on a GPU, decided from its operators and from what the node says of itself."""

from __future__ import annotations

import logging
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import onnxruntime as ort
import pytest

from reelbrush.errors import ScoringError
from scoring.cache_folder import cache_folder
from scoring.contract import Contract
from scoring.cuda_options import CPU, CUDA, TENSORRT, Way, cuda_way, dynamic_way
from scoring.gpu import Gpu
from scoring.providers import gpu_plan, make_plan, paints_on_cuda
from scoring.styles import load_style
from scoring.tensorrt import EngineFacts, engine_digest, tensorrt_way, why_not
from scoring.wrap import GraphChain, wrap
from tests.scoring.models import block_model

H100 = Gpu("NVIDIA H100 80GB HBM3", "9.0", "580.159.04")
SHAPE = (4, 720, 1280, 3)
FACTS = EngineFacts("NVIDIA H100", "9.0", "580.1", "10.16.1.11", "1.31.1", "ab", SHAPE, True, (("a", "1"),))


def chain_of(name: str) -> GraphChain:
    style = load_style(name)
    return wrap(style.load_model(), style.card.contract, name)


def test_a_shipped_style_has_its_channels_last_and_its_launches_recorded() -> None:
    plan = gpu_plan(chain_of("starry-night"), H100)
    assert plan.fixed is not None and plan.fixed.captures and plan.fixed.fixed
    assert plan.fixed.options["prefer_nhwc"] == "1"
    assert not plan.dynamic.captures and plan.dynamic.options["prefer_nhwc"] == "1"
    assert plan.fixed.providers[0][0] == CUDA and plan.fixed.providers[-1] == CPU
    told = dict(plan.notes)
    assert told["driver"] == "580.159.04" and "enable_cuda_graph=1" in told["cuda_options"]
    refused = plan.without_capture().at(SHAPE)
    assert refused is not None and not refused.captures and refused.options["prefer_nhwc"] == "1"


def test_normalisation_keeps_channels_first() -> None:
    assert "prefer_nhwc" not in cuda_way({"Conv", "InstanceNormalization"}).options
    assert "prefer_nhwc" not in cuda_way({"Cast", "Transpose"}).options


@pytest.mark.parametrize(("operators", "graphs"), [({"Conv", "If"}, 1), ({"Loop"}, 1), ({"Conv"}, 3)])
def test_what_may_take_another_way_each_time_is_not_recorded(operators: set[str], graphs: int) -> None:
    assert not cuda_way(operators, graphs).captures


def test_no_kernel_is_chosen_by_a_stopwatch() -> None:
    for way in (cuda_way({"Conv"}), dynamic_way(cuda_way({"Conv"}))):
        assert way.options["cudnn_conv_algo_search"] == "HEURISTIC"
        assert "tunable_op_tuning_enable" not in way.options


def test_an_old_model_whose_edges_stay_apart_runs_on_cuda_unrecorded() -> None:
    contract = Contract(layout="NCHW", dtype="float32", range=(0.0, 1.0))
    plan = gpu_plan(wrap(block_model(contract, 8), contract, "old"), H100, by_tensorrt=True)
    assert plan.engine is None and plan.fixed is not None and not plan.fixed.captures


def test_each_shape_has_its_engine(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    plan = gpu_plan(chain_of("starry-night"), H100, by_tensorrt=True)
    first, second = plan.at(SHAPE), plan.at((4, 360, 640, 3))
    assert first is not None and second is not None and first == plan.at(SHAPE)
    assert [name for name, _ in first.providers[:2]] == [TENSORRT, CUDA] and first.providers[2] == CPU
    homes = [way.options["trt_engine_cache_path"] for way in (first, second)]
    assert homes[0] != homes[1] and all(home.startswith(f"{tmp_path}/reelbrush/tensorrt/") for home in homes)
    assert plan.dynamic.provider == CUDA  # pictures of any shape are no engine's


def test_the_engine_changes_with_all_it_depends_on() -> None:
    others: dict[str, Any] = {"shape": (1, 720, 1280, 3), "half": False, "options": (("a", "2"),)}
    keys = {FACTS.key}
    for field in fields(FACTS):
        keys.add(replace(FACTS, **{field.name: others.get(field.name, "another")}).key)
    assert len(keys) == 1 + len(fields(FACTS))
    assert FACTS.key == replace(FACTS).key and len(FACTS.key) == 32


def test_which_engine_painted_can_be_told(tmp_path: Path) -> None:
    way = tensorrt_way(FACTS, tmp_path)
    assert engine_digest(way) == "" == engine_digest(Way())
    home = tmp_path / FACTS.key
    home.mkdir()
    (home / "style_sm90.engine").write_bytes(b"kernels")
    one = engine_digest(way)
    (home / "style_sm90.engine").write_bytes(b"other kernels")
    assert len(one) == 64 and engine_digest(way) != one


def test_where_engines_are_kept() -> None:
    assert cache_folder("tensorrt", {"HOME": "/home/a"}) == Path("/home/a/.cache/reelbrush/tensorrt")
    chosen = {"HOME": "/home/a", "XDG_CACHE_HOME": "/c"}
    assert cache_folder("tensorrt", chosen) == Path("/c/reelbrush/tensorrt")
    for homeless in ({}, {"HOME": ""}):  # users of some containers; not below the current folder
        assert cache_folder("threads", homeless) == Path("/tmp/.cache/reelbrush/threads")


@pytest.mark.parametrize(
    ("available", "loads", "installed", "reason"),
    [
        ([TENSORRT, CUDA, CPU], True, "10.16.1.11", ""),
        (
            [TENSORRT, CUDA, CPU],
            False,
            "11.4.0.106",
            "libnvinfer.so.10 cannot be loaded (TensorRT 11.4.0.106 is",
        ),
        ([TENSORRT, CUDA, CPU], False, "", "(TensorRT is not installed): pip install tensorrt-cu13==10."),
        ([CUDA, CPU], True, "10.16.1.11", "has no TensorrtExecutionProvider"),
    ],
)
def test_why_tensorrt_is_not_used(available: list[str], loads: bool, installed: str, reason: str) -> None:
    told = why_not(available, loads, installed)
    assert (reason in told if reason else told == "") and "\n" not in told


def test_cuda_paints_in_the_place_of_a_tensorrt_that_does_not_load(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ort, "get_available_providers", lambda: [TENSORRT, CUDA, CPU])
    monkeypatch.setattr("scoring.providers.library_loads", lambda: False)
    with caplog.at_level(logging.WARNING):
        plan = make_plan("tensorrt", chain_of("starry-night"))
    assert plan.engine is None and plan.fixed is not None and plan.fixed.provider == CUDA
    (line,) = caplog.messages
    assert "CUDA paints instead of TensorRT: libnvinfer.so.10 cannot be loaded" in line
    monkeypatch.setattr("scoring.providers.library_loads", lambda: True)
    plan = make_plan("tensorrt", chain_of("starry-night"))
    assert plan.engine is not None and not plan.engine.half and len(plan.engine.model) == 64


def test_a_gpu_that_is_wanted_by_name_must_be_there() -> None:
    if CUDA in ort.get_available_providers():
        pytest.skip("this onnxruntime has CUDA")
    for choice in ("cuda", "tensorrt"):
        with pytest.raises(ScoringError, match="CUDA is wanted"):
            make_plan(choice, chain_of("identity"))
        assert not paints_on_cuda(choice)
    assert make_plan("auto", chain_of("identity")).fixed is None
