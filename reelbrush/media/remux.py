"""The cheap intermediate: a stream whose packets are sound, in a container that cannot be read by seeking.

The packets are copied into Matroska; as in every intermediate, frame i has timestamp i in 1/1000 s.
"""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
import numpy as np

from reelbrush.errors import SourceDamaged
from reelbrush.media.container import Opener, opened, packets_of
from reelbrush.media.index import MOST_REORDERED, PacketIndex
from reelbrush.media.room import check_room, full_disk_named

REMUXED_CODECS = frozenset({"h264", "hevc", "mpeg2video", "vp8", "vp9", "libdav1d"})
ROOM_EVERY = 100  # packets
_TIME_BASE = Fraction(1, 1000)


def write_remux(open_source: Opener, stream_index: int, index: PacketIndex, path: Path) -> str:
    """Copy the stream's packets into `path`; say why that is impossible, else return "".

    `index` must be free of distrust. Raises SourceDamaged when the packets are not those of the index,
    and ReelbrushError `disk-full`, leaving no file, when they do not fit.
    """
    with (
        full_disk_named(path),
        opened(open_source) as source,
        av.open(f"file:{path}", "w", format="matroska", options={"avoid_negative_ts": "disabled"}) as output,
    ):
        stream = source.streams[stream_index]
        track = output.add_stream_from_template(stream)
        track.time_base = _TIME_BASE
        order = 0
        for packet in packets_of(source, stream):
            if packet.size == 0:
                continue
            rank = int(np.searchsorted(index.timestamps, packet.pts or 0))
            if rank >= len(index.timestamps) or packet.pts != index.timestamps[rank]:
                raise SourceDamaged(f"a packet at {packet.pts} appeared that was not there before")
            packet.stream, packet.time_base = track, _TIME_BASE
            packet.pts, packet.dts, packet.duration = rank, order - MOST_REORDERED, 1
            output.mux(packet)
            if order % ROOM_EVERY == 0:
                check_room(path.parent)
            order += 1
    return "" if order == len(index.timestamps) else "some packets hold no frame"
