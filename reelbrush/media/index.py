"""The packet index: every displayed frame's presentation time from one pass over the packets, no decoding."""

from __future__ import annotations

from array import array
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from av.container import InputContainer
from av.error import FFmpegError
from av.video.stream import VideoStream

from reelbrush.media.container import encrypted, hides_negative_times, packets_of
from reelbrush.media.entrypoint import entry_test, shows_frame
from reelbrush.media.repair import longest_leap

Progress = Callable[[int, int | None], None]  # (frames so far, frames in all or None when unknown)
PROGRESS_EVERY = 2000  # packets
MOST_REORDERED = 32  # frames between decoding and display order; where there are more, a clock jumped


@dataclass(frozen=True)
class PacketIndex:
    """What the packets of one video stream promise.

    `timestamps`: presentation times of all displayed frames in ticks, strictly increasing when trusted.
    `entries`: numbers of the displayed frames at which decoding can start, strictly increasing.
    `distrust` says why the index must not be relied upon; empty when it may be.
    """

    timestamps: np.ndarray  # (frames,) int64
    entries: np.ndarray  # (entries,) int64
    last_duration: int  # ticks, 0 when unknown
    packets: int
    distrust: str


def index_packets(
    container: InputContainer, stream: VideoStream, most: int, on_progress: Progress | None = None
) -> PacketIndex:
    """Read all packets of `stream` from the container's present position, which must be its beginning,
    but stop after one more than `most`.

    Never raises for damaged media: what is wrong is said in `distrust`. Raises Refusal `encrypted` when the
    packets are (ISO/IEC 23001-7), whatever the container says.
    """
    times, keys, peaks = (
        array("q"),
        array("q"),
        array("q"),
    )  # decode order; keys and the highest time before each
    codec = stream.codec_context.name
    may_start = entry_test(stream)
    hide_negative = hides_negative_times(container)
    packets, peak, last_time, last_duration = 0, -(1 << 62), -(1 << 62), 0
    distrust = ""
    try:
        for packet in packets_of(container, stream):
            if packet.size == 0:
                continue
            packets += 1
            if packets > most:
                break
            if packet.is_keyframe and packet.has_sidedata("encryption_info"):
                # without its key such a stream is noise, which the decoder may take for a picture or two
                raise encrypted()
            if on_progress is not None and packets % PROGRESS_EVERY == 0:
                on_progress(packets, stream.frames or None)
            time = packet.pts
            if time is None:
                distrust = distrust or "a packet has no presentation time"
                continue
            if packet.is_corrupt:
                distrust = distrust or "a packet is damaged"
            if packets > 1 and packet.has_sidedata("new_extradata"):
                distrust = distrust or "the decoder's parameters change on the way"
            if packet.is_discard or (hide_negative and time < 0):
                peak = max(peak, time)
                continue
            if not shows_frame(codec, memoryview(packet)):
                continue
            times.append(time)
            if packet.is_keyframe and (packets == 1 or may_start(memoryview(packet))):
                keys.append(time)
                peaks.append(peak)
            if time > last_time:
                last_time, last_duration = time, packet.duration or 0
            peak = max(peak, time)
    except (FFmpegError, ValueError) as error:
        distrust = distrust or f"reading stopped early ({type(error).__name__})"
    if not distrust and packets < _promised(container, stream):
        distrust = "the file ends before its last frames"
    timestamps = np.sort(np.frombuffer(times, np.int64)) if times else np.zeros(0, np.int64)
    if not distrust and bool(np.any(np.diff(timestamps) <= 0)):
        distrust = "two frames have the same presentation time"
    if not distrust and _jumps(np.frombuffer(times, np.int64), timestamps, stream):
        distrust = "its clock jumps"
    key_times = np.array([key for key, before in zip(keys, peaks, strict=True) if before < key], np.int64)
    entries = np.unique(np.searchsorted(timestamps, key_times)) if not distrust else np.zeros(0, np.int64)
    return PacketIndex(timestamps, entries, last_duration, packets, distrust)


def _jumps(times: np.ndarray, ordered: np.ndarray, stream: VideoStream) -> bool:
    """Whether a clock started anew on the way: a jump back, or what FFmpeg made a leap forward of."""
    ranks = np.searchsorted(ordered, times)
    leap = longest_leap(stream.time_base) if stream.time_base else 0
    return len(times) > 1 and bool(
        np.any(np.abs(ranks - np.arange(len(times))) > MOST_REORDERED) or np.any(np.diff(ordered) > leap)
    )


def _promised(container: InputContainer, stream: VideoStream) -> int:
    """How many packets the header lists; 0 where it lists none or only some."""
    return len(stream.index_entries) if hides_negative_times(container) else 0
