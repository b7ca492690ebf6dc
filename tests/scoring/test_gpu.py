"""Which GPU a process takes, and its name; the driver is a small library compiled on the spot."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from reelbrush.errors import ReelbrushError, ScoringError
from scoring.gpu import Gpu, choose_gpu, cuda_name, device_of, this_gpu, visible_gpus
from scoring.mpi import Rank
from scoring.probe import open_session
from scoring.styles import load_style
from tests.absent import absent

DIVIDED = """GPU 0: NVIDIA A100 80GB PCIe (UUID: GPU-5d5ba0d6)
  MIG 3g.40gb     Device  0: (UUID: MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f)
  MIG 3g.40gb     Device  1: (UUID: MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb)
"""
DRIVER = """
int cuInit(unsigned flags) { return INIT; }
int cuDeviceGet(int *device, int number) { *device = 7 + number; return 0; }
int cuDeviceGetName(char *name, int size, int device) {
    const char *own = device == 7 ? "NVIDIA A100 80GB PCIe" : "?";
    int i = 0;
    for (; own[i] && i < size - 1; i++) name[i] = own[i];
    name[i] = 0;
    return 0;
}
int cuDeviceGetAttribute(int *value, int which, int device) { *value = which - 67; return device != 7; }
"""


def driver(folder: Path, init: int) -> str:
    compiler = shutil.which("cc")
    if compiler is None:
        absent("there is no C compiler")
    (folder / "cuda.c").write_text(DRIVER.replace("INIT", str(init)))
    library = folder / f"libcuda-{init}.so"
    subprocess.run([compiler, "-shared", "-fPIC", "-o", library, folder / "cuda.c"], check=True)
    return str(library)


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The driver's tool that lists GPUs; what it says is to be written into the file."""
    said = tmp_path / "said"
    program = tmp_path / "nvidia-smi"
    program.write_text(f'#!/bin/sh\n[ "$1" = -L ] && cat {said}\n')
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return said


@pytest.mark.parametrize(
    ("value", "gpus"),
    [
        ("2,3", ["2", "3"]),
        ("0, 1", ["0", "1"]),
        ("", []),
        ("-1", []),
        ("NoDevFiles", []),
        ("0,-1,2", ["0"]),
        ("GPU-5d5ba0d6,GPU-8f21", ["GPU-5d5ba0d6", "GPU-8f21"]),
        ("MIG-c6d4f1ef-42e4", ["MIG-c6d4f1ef-42e4"]),
    ],
)
def test_what_the_cluster_chose_counts(value: str, gpus: list[str]) -> None:
    assert visible_gpus({"CUDA_VISIBLE_DEVICES": value}) == gpus


def test_each_process_gets_a_part_of_a_divided_gpu(tool: Path) -> None:
    tool.write_text(DIVIDED)
    parts = ["MIG-c6d4f1ef-42e4-5de3-91c7-45d71c87eb3f", "MIG-cba663e8-9bed-5b25-b243-5985ef7c9beb"]
    assert visible_gpus({}) == parts
    for local, part in enumerate(parts):
        environment: dict[str, str] = {}
        assert choose_gpu(Rank(local, 2, local), environment) == ""
        assert environment == {"CUDA_VISIBLE_DEVICES": part}


def test_more_processes_than_gpus_are_told_and_go_on() -> None:
    environment = {"CUDA_VISIBLE_DEVICES": "4,6"}
    told = choose_gpu(Rank(9, 12, 3), environment)
    assert environment == {"CUDA_VISIBLE_DEVICES": "6"}
    assert told == "process 3 of this node shares GPU 6: the node has 2 GPUs"


def test_hidden_gpus_stay_hidden() -> None:
    environment = {"CUDA_VISIBLE_DEVICES": ""}
    assert choose_gpu(Rank(1, 2, 1), environment) == ""
    assert environment == {"CUDA_VISIBLE_DEVICES": ""}


def test_a_tool_that_fails_lists_nothing(tool: Path) -> None:
    tool.unlink(missing_ok=True)
    assert all(gpu.isdecimal() for gpu in visible_gpus({}))


def test_the_name_of_the_gpu(tmp_path: Path) -> None:
    assert cuda_name(driver(tmp_path, 0)) == "NVIDIA A100 80GB PCIe"
    assert cuda_name(driver(tmp_path, 100)) == ""  # CUDA_ERROR_NO_DEVICE
    assert cuda_name(str(tmp_path / "none.so")) == ""


def test_what_kernels_depend_on(tmp_path: Path) -> None:
    told = tmp_path / "version"
    told.write_text(
        "NVRM version: NVIDIA UNIX Open Kernel Module for x86_64  580.159.04  Release Build\n"
        "GCC version:  gcc version 12.2.0 (Debian 12.2.0-14)\n"
    )
    found = this_gpu(driver(tmp_path, 0), told)
    assert found == Gpu("NVIDIA A100 80GB PCIe", "8.9", "580.159.04")
    assert this_gpu(driver(tmp_path, 0), tmp_path / "none").driver == ""
    assert this_gpu(driver(tmp_path, 100), told) == Gpu("", "", "")


def test_devices_of_providers() -> None:
    assert device_of("CPUExecutionProvider") == "cpu"
    assert device_of("CUDAExecutionProvider")


def test_a_gpu_that_cannot_be_used_is_told_and_a_cpu_without_one_paints(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The installed runtime knows no CUDA, so a session that wants it gets none, as with a wrong driver."""
    both = ["CUDAExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(ort, "get_available_providers", lambda: both)
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "0")
    with (
        pytest.warns(UserWarning, match="not in available provider names"),
        pytest.raises(ScoringError) as told,
    ):
        open_session(load_style("identity"))
    assert told.value.code == "gpu" and told.value.retryable
    assert "cannot use CUDA on this node" in str(told.value) and "CUDA_VISIBLE_DEVICES=-1" in str(told.value)
    if not cuda_name():
        monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "-1")
        assert open_session(load_style("identity")).provider == "CPUExecutionProvider"


@pytest.mark.parametrize(
    ("status", "code"),
    [
        ("CUDA failure 719: unspecified launch failure ; GPU=0 ; hostname=n", "gpu"),
        ("CUDA failure 35: CUDA driver version is insufficient for CUDA runtime version ; GPU=0", "gpu"),
        ("CUDNN_FE failure 11: CUDNN_BACKEND_API_FAILED ; GPU=0", "gpu"),
        ("CUBLAS failure 13: CUBLAS_STATUS_EXECUTION_FAILED ; GPU=0", "gpu"),
        ("Failed to initialize CUDNN Frontend", "gpu"),
        ("CUDA failure 2: out of memory ; GPU=0", "out-of-memory"),
        ("CUBLAS failure 3: CUBLAS_STATUS_ALLOC_FAILED ; GPU=0", "out-of-memory"),
        ("CUDNN failure 4003: CUDNN_STATUS_INTERNAL_ERROR_DEVICE_ALLOCATION_FAILED ; GPU=0", "out-of-memory"),
        ("Dimensions must match", "style"),
    ],
)
def test_what_fails_is_the_gpu_or_the_memory_or_the_model(
    status: str, code: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    text = f"[ONNXRuntimeError] : 1 : FAIL : Non-zero status code returned while running Conv node. {status}"
    session = open_session(load_style("identity"), "cpu")

    def refuse(*_: object) -> None:
        raise RuntimeError(text)

    (inner,) = session._sessions  # pyright: ignore[reportPrivateUsage]
    monkeypatch.setattr(inner, "run_with_iobinding", refuse)
    with pytest.raises(ReelbrushError) as told:
        session.paint(np.zeros((1, 16, 16, 3), np.uint8))
    assert told.value.code == code and told.value.retryable == (code != "style")
    assert status in str(told.value)
