"""Films painted and measured by the product's own commands, `reelbrush run` and `reelbrush score-flicker`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from gallery_scenes import Scene, frames_of, write_film

from scoring.flow import Picture


@dataclass(frozen=True)
class Studio:
    """A folder to work in and the folder of styles."""

    folder: Path
    styles: Path

    @property
    def film(self) -> Path:
        """What was painted last."""
        return self.folder / "film.mp4"

    @property
    def painting(self) -> Path:
        """What came out."""
        return self.folder / "painted.mp4"

    def paint(self, scenes: Sequence[Scene], indices: Sequence[int], *options: str) -> list[Picture]:
        """Run the scenes as one film with `options` of `reelbrush run`; return its frames at `indices`.

        Raises RuntimeError with the command's last lines when it fails.
        """
        write_film(scenes, self.film)
        self._reelbrush("run", str(self.film), "-o", str(self.painting), *options, "--quiet")
        return frames_of(self.painting, indices)

    def paint_middles(self, scenes: Sequence[Scene], *options: str) -> list[Picture]:
        """Paint all scenes in one film; return the middle frame of each."""
        return self.paint(scenes, middles(scenes), *options)

    def flicker(self, every: int) -> float:
        """Flicker of what was painted last against its original, over each `every`-th pair of frames."""
        told = self._reelbrush(
            "score-flicker", str(self.painting), str(self.film), "--every", str(every), "--json"
        )
        return float(json.loads(told)["score"]["ratio"])

    def originals(self, scenes: Sequence[Scene]) -> list[Picture]:
        """The middle frame of each scene as the film shows it."""
        write_film(scenes, self.film)
        return frames_of(self.film, middles(scenes))

    def _reelbrush(self, *arguments: str) -> str:
        environment = os.environ | {"REELBRUSH_STYLES": str(self.styles.resolve())}
        command = [sys.executable, "-m", "reelbrush", *arguments]
        done = subprocess.run(
            command, cwd=self.folder, env=environment, capture_output=True, text=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(f"reelbrush {' '.join(arguments)}: {done.stderr[-2000:]}")
        return done.stdout


def middles(scenes: Sequence[Scene]) -> list[int]:
    """Index of each scene's middle frame in the film of all of them."""
    found: list[int] = []
    first = 0
    for scene in scenes:
        found.append(first + scene.middle)
        first += len(scene.frames)
    return found
