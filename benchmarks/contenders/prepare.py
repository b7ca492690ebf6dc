"""Makes what the contenders share: one network's weights, as a checkpoint, a plain graph and a style.

    python -m contenders.prepare CLIP FOLDER [--checkpoint FILE] [--style] [--int8 CLIP]

Writes FOLDER/weights.pth (a copy of the checkpoint, or random but fixed), FOLDER/plain.onnx (node by node as
torch computes it) and, if wished, FOLDER/styles/same-weights (by `reelbrush import-style`), in int8 as well,
calibrated on a clip. Random weights are not held to the distance from float that trained ones have to keep.
"""

from __future__ import annotations

import argparse
import shutil
import subprocess
import sys
from pathlib import Path

STYLE = "same-weights"


def main() -> None:
    """Write them; ends with the exit code of `import-style` when it refuses."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("folder", type=Path)
    parser.add_argument("--checkpoint", type=Path)
    parser.add_argument("--style", action="store_true")
    parser.add_argument("--int8", type=Path)
    wanted = parser.parse_args()
    clip, folder = wanted.clip, wanted.folder
    weights = folder / "weights.pth"
    if wanted.checkpoint:
        shutil.copyfile(wanted.checkpoint, weights)
    else:
        import torch

        from contenders.clip import first_frames
        from contenders.network import random_network

        torch.save(random_network(first_frames(clip, 1)[0]).state_dict(), weights)
    from training.fast_neural_style.checkpoint import read_checkpoint
    from training.fast_neural_style.graph import build

    plain = build(read_checkpoint(weights), {}, fast=False)
    (folder / "plain.onnx").write_bytes(plain.SerializeToString(deterministic=True))
    if not wanted.style:
        return
    command = [sys.executable, "-m", "reelbrush", "import-style", weights, "--out", folder / "styles" / STYLE]
    done = subprocess.run(command, check=False, stdout=subprocess.DEVNULL)
    if done.returncode or not wanted.int8:
        sys.exit(done.returncode)
    from training.imported.quantise import LEAST_PSNR_DB, quantise_imported

    least = LEAST_PSNR_DB if wanted.checkpoint else 0.0
    made = quantise_imported(folder / "styles" / STYLE, wanted.int8, least_psnr_db=least)
    print(f"in int8 {made.psnr_db} dB from float, {made.psnr_db_worst} dB at worst, {made.ranges}")


if __name__ == "__main__":
    main()
