"""Which int8 kernels onnxruntime takes depends on the processor; what they paint does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime as ort
import pytest

from scoring.cpu_options import adds_exactly, session_options
from scoring.probe import probe_picture
from scoring.session import FRAMES
from scoring.styles import load_style

EXACT = "session.x64quantprecision"
OLD = "processor : 0\nflags\t\t: fpu sse4_2 avx2 avx512f avx512bw\n"


@pytest.mark.parametrize("flag", ["avx512_vnni", "avx_vnni"])
def test_a_processor_with_vnni_takes_the_fast_kernels(tmp_path: Path, flag: str) -> None:
    info = tmp_path / "cpuinfo"
    info.write_text(f"flags\t\t: fpu avx2 {flag} amx_int8\nbugs\t\t: none\n" * 2)
    assert adds_exactly(info)
    with pytest.raises(RuntimeError, match="not"):
        session_options(info).get_session_config_entry(EXACT)


@pytest.mark.parametrize(
    "text", [OLD, OLD + OLD.replace("bw", "bw avx512_vnni"), "", "Features\t: asimd dotprod avx_vnni\n", None]
)
def test_any_other_processor_takes_the_exact_ones(tmp_path: Path, text: str | None) -> None:
    info = tmp_path / "cpuinfo"
    if text is not None:
        info.write_text(text)
    assert not adds_exactly(info)
    assert session_options(info).get_session_config_entry(EXACT) == "1"


@pytest.mark.skipif(not adds_exactly(), reason="the processor has no VNNI: its fast int8 kernels overflow")
@pytest.mark.parametrize("style", ["starry-night", "the-scream", "composition-vii"])
def test_both_paint_the_same_bytes(tmp_path: Path, style: str) -> None:
    model = load_style(style).in_precision("int8").load_model().SerializeToString()
    frames = probe_picture(120, 176)
    fast, exact = (
        ort.InferenceSession(model, session_options(info), ["CPUExecutionProvider"])
        for info in (Path("/proc/cpuinfo"), tmp_path / "unknown")
    )
    wanted, painted = (np.asarray(session.run(None, {FRAMES: frames})[0]) for session in (exact, fast))
    assert np.array_equal(wanted, painted)
