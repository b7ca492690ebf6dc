"""How near a contender's video is to what its network paints.

    python -m contenders.picture MODEL CLIP VIDEO...

MODEL is float and takes and gives frames (N, H, W, 3) uint8. It paints the first frames of CLIP as they
decode; those of each VIDEO are compared with that. Prints JSON: per video the PSNR in dB over all of these
frames together, and the number of all its frames. What a video lost to JPEG files, int8 and x264 is in it.
"""

from __future__ import annotations

import json
import math
import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from contenders.clip import count_frames, first_frames

COMPARED = 3
"""Frames."""


def psnr(one: NDArray[np.uint8], other: NDArray[np.uint8]) -> float:
    """Return dB over all values of two arrays of one shape; 99 when they are equal."""
    error = float(np.mean((one.astype(np.float32) - other.astype(np.float32)) ** 2))
    return 99.0 if error == 0 else 10 * math.log10(255**2 / error)


def main() -> None:
    """Paint, compare and print."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 3
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(sys.argv[1], options, providers=["CPUExecutionProvider"])
    frames = first_frames(Path(sys.argv[2]), COMPARED)
    truth = np.concatenate([session.run(None, {"frames": frame[None]})[0] for frame in frames])
    found = [
        {"psnr_db": psnr(truth, first_frames(path, len(truth))), "frames": count_frames(path)}
        for path in map(Path, sys.argv[3:])
    ]
    print(json.dumps(found))


if __name__ == "__main__":
    main()
