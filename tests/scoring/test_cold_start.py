"""A scoring process loads what its first frame needs, and nothing else before."""

from __future__ import annotations

import subprocess
import sys

LATER = ("asyncio", "azure", "cv2", "torch", "opentelemetry.sdk", "onnxruntime.transformers")


def test_what_the_first_frame_does_not_need_is_not_imported() -> None:
    program = f"import sys, scoring.command; print([name for name in {LATER} if name in sys.modules])"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
