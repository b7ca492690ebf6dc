"""Makes what the contenders share: one network's weights, as a checkpoint, a plain graph and a style.

    python -m contenders.prepare CLIP FOLDER [--checkpoint FILE] [--style]

Writes FOLDER/weights.pth (a copy of the checkpoint, or random but fixed), FOLDER/plain.onnx (node by node as
torch computes it) and, if wished, FOLDER/styles/same-weights (by `reelbrush import-style`).
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
    sys.exit(subprocess.run(command, check=False, stdout=subprocess.DEVNULL).returncode)


if __name__ == "__main__":
    main()
