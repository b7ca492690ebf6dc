"""Blocks of uploads that are not complete yet, as files beside the blobs."""

from __future__ import annotations

import hashlib
import shutil
import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path

from reelbrush.host.blob_errors import BlobError, too_large

_KEPT_SECONDS = 7 * 86400  # as long as an account keeps blocks that no list commits
_PIECE = 1 << 20


class StagedBlocks:
    """What has been sent of blobs whose block list has not, below `root`/.tmp/blocks."""

    def __init__(self, root: Path) -> None:
        self._folder = root / ".tmp" / "blocks"
        self._bytes: dict[Path, int] = {}  # staged for each blob

    def sweep(self, now: float | None = None) -> None:
        """Remove what was begun more than a week before `now` (seconds since 1970) and never completed."""
        now = time.time() if now is None else now
        for path in [*self._folder.glob("*"), *self._folder.parent.glob("*" + "[0-9a-f]" * 32)]:
            # Runs that outlived their host write there too, so that a file may be gone a moment later.
            with suppress(FileNotFoundError):
                # Not the time of modification, which a file that is being copied has from its source.
                if now - path.stat().st_ctime > _KEPT_SECONDS:
                    self._bytes.pop(path, None)
                    _remove(path)

    def add(self, container: str, name: str, block: str, path: Path, limit: int | None) -> None:
        """Take the file `path` as a block, replacing one of this id.

        Raises BlobError (413) when all blocks of the blob would have more than `limit` bytes.
        """
        folder = self._of(container, name)
        folder.mkdir(parents=True, exist_ok=True)
        if folder not in self._bytes:
            self._bytes[folder] = sum(file.stat().st_size for file in folder.glob("b-*"))
        target = folder / _file_name(block)
        replaced = target.stat().st_size if target.exists() else 0
        total = self._bytes[folder] + path.stat().st_size - replaced
        if limit is not None and total > limit:
            raise too_large(limit)
        path.replace(target)
        self._bytes[folder] = total

    def join(self, container: str, name: str, blocks: Sequence[str], target: Path, limit: int | None) -> None:
        """Write the blocks, in this order, into the new file `target`; they stay until `forget`.

        A list may name a block many times, so nothing is written before all is known to be there (else
        BlobError 400) and to have at most `limit` bytes together (else 413).
        """
        folder = self._of(container, name)
        files = {block: folder / _file_name(block) for block in blocks}
        try:
            sizes = {block: file.stat().st_size for block, file in files.items()}
            if limit is not None and sum(sizes[block] for block in blocks) > limit:
                raise too_large(limit)
            with target.open("xb") as joined:
                for block in blocks:
                    with files[block].open("rb") as file:
                        shutil.copyfileobj(file, joined, _PIECE)
        except FileNotFoundError:
            raise BlobError(400, "InvalidBlockList", "A listed block has not been sent.") from None

    def remember(self, container: str, name: str, blocks: Sequence[str], etag: str) -> None:
        """Note that this list of blocks becomes the version `etag`, just before it does."""
        folder = self._of(container, name)
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "committed").write_text(_list_id(blocks) + etag)

    def forget(self, container: str, name: str) -> None:
        """Remove a blob's blocks."""
        folder = self._of(container, name)
        for file in folder.glob("b-*"):
            file.unlink(missing_ok=True)
        self._bytes.pop(folder, None)

    def committed(self, container: str, name: str, blocks: Sequence[str]) -> str | None:
        """Return the ETag that this very list became the last time, or None."""
        said = ""
        with suppress(FileNotFoundError):
            said = (self._of(container, name) / "committed").read_text()
        known = _list_id(blocks)
        return said.removeprefix(known) if said.startswith(known) else None

    def _of(self, container: str, name: str) -> Path:
        return self._folder / hashlib.sha256(f"{container}/{name}".encode("utf-8", "replace")).hexdigest()


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path, ignore_errors=True)
    else:
        path.unlink(missing_ok=True)


def _file_name(block: str) -> str:
    return "b-" + hashlib.sha256(block.encode("utf-8", "replace")).hexdigest()


def _list_id(blocks: Sequence[str]) -> str:
    return hashlib.sha256("\n".join(blocks).encode("utf-8", "replace")).hexdigest()
