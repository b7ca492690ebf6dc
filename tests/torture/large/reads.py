"""Everything that reads a source, in a process of its own: python -m ... STORE CONTAINER NAME FOLDER

Prints a JSON object: what was found, CPU seconds, bytes at the peak, bytes read and written. `FOLDER` takes
all temporary files.
"""

from __future__ import annotations

import hashlib
import io
import json
import sys
from array import array
from pathlib import Path

from reelbrush.job import Manifest, Media, Options
from reelbrush.media.limits import Limits
from reelbrush.media.split import Split, split_video
from reelbrush.media.stitch import stitch
from reelbrush.store import open_store
from tests.torture.large.published import painted, retitled
from tests.torture.large.usage import peak, used

_NO_LIMIT = 1 << 40


def manifest_of(found: Split, name: str) -> Manifest:
    """Return what the split activity would write."""
    media = Media(name, found.ordinal, found.stream_index, found.media_colour)
    return Manifest(
        "film-0123456789", "index-0123456789", media, found.video, found.encode, len(found.timestamps),
        found.last_duration, "times", found.segments, found.notes, found.origin, found.has_audio,
    )  # fmt: skip


def _transferred() -> tuple[int, int]:
    """Return the bytes that this process and its ended children have read and written, sockets too."""
    lines = dict(line.split(": ") for line in Path("/proc/self/io").read_text().splitlines())
    return int(lines["rchar"]), int(lines["wchar"])


def main() -> None:
    """Split, paint the first, a middle and the last segment, stitch."""
    store, (container, name) = open_store(sys.argv[1]), sys.argv[2:4]
    folder = Path(sys.argv[4])

    def open_source():  # type: ignore[no-untyped-def]
        return store.open(container, name)

    before = _transferred()
    with used() as usage:
        limits = Limits(max_seconds=_NO_LIMIT)
        found = split_video(open_source, folder, limits=limits, options=Options())
        manifest, times = manifest_of(found, name), array("q", found.timestamps)
        segments = manifest.segments
        some = {
            index: painted(open_source, manifest, segments[index], times, folder / f"{index}.mp4")
            for index in (0, len(segments) // 2, len(segments) - 1)
        }
        kinds = {segments[index].frame_count: some[index] for index in (len(segments) - 1, 0)}
        made = stitch(
            open_source,
            manifest,
            times,
            lambda index: io.BytesIO(
                retitled(kinds[segments[index].frame_count], manifest, segments[index]).content
            ),
            folder,
        )
    after = _transferred()
    print(
        json.dumps(
            {
                "frames": len(times),
                "times": hashlib.sha256(times.tobytes()).hexdigest(),
                "segments": len(segments),
                "painted": [one.sha256 for one in some.values()],
                "output": made.sha256,
                "audio": made.audio_tracks,
                "subtitles": made.subtitle_tracks,
                "cpu": usage.cpu,
                "peak": peak(),
                "read": after[0] - before[0],
                "written": after[1] - before[1],
            }
        )
    )


if __name__ == "__main__":
    main()
