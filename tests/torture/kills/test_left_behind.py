"""What killed processes leave on the disk goes when the next job begins."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from activities.services import scratch_folder
from reelbrush.store import FolderStore


def test_half_written_files_of_dead_processes_go_and_those_of_living_ones_stay(tmp_path: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from reelbrush.store import FolderStore; import os, signal\n"
    )
    code += "FolderStore(Path(sys.argv[1])).temporary().write_bytes(b'half')\n"
    code += "os.kill(os.getpid(), signal.SIGKILL)"
    killed = subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=False)
    assert killed.returncode == -9
    store = FolderStore(tmp_path)
    mine = store.temporary()
    mine.write_bytes(b"under way")
    blocks = tmp_path / ".tmp" / "blocks"
    blocks.mkdir()
    assert len(list((tmp_path / ".tmp").iterdir())) == 3
    with scratch_folder(store) as scratch:
        assert set((tmp_path / ".tmp").iterdir()) == {mine, blocks, scratch}
    assert mine.name.startswith(f"{os.getpid()}-")
