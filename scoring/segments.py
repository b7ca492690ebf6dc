"""Scoring segments: decode, paint, encode, prove, publish; each stage works while the others do."""

from __future__ import annotations

import hashlib
import logging
import time
from collections import deque
from collections.abc import Callable, Generator, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack, closing, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

from reelbrush.errors import ScoringError, SourceDamaged
from reelbrush.job import Manifest, Segment
from reelbrush.media.decode import SegmentReader
from reelbrush.media.encode import SegmentEncoder
from reelbrush.media.prove import prove_segment, segment_title
from scoring.pipeline import PipelineStopped, ordered_map
from scoring.repaint import Repainter
from scoring.sampling import FrameSample, sampled_offsets, take_samples
from scoring.session import Frames
from scoring.stop import StopRequest
from scoring.timestamps import Timestamps

_LOG = logging.getLogger("scoring")
_QUEUE_BYTES = 256 << 20  # decoded and painted frames waiting between the stages
_UPLOADS_WAITING = 2  # encoded segments on disk that are not published yet


@dataclass(frozen=True)
class ScoredSegment:
    """An encoded segment on local disk with its proof; `path` is deleted once it is published."""

    segment: Segment
    path: Path
    sha256: str
    ticks: Sequence[int]  # the times that its frames told when they were decoded, in the order of the file
    packets: str  # see reelbrush.media.prove
    seconds: dict[str, float]
    samples: tuple[FrameSample, ...] = ()  # see scoring.sampling
    versions: dict[str, str] = field(default_factory=dict[str, str])  # of the painting, when it ended


@dataclass(frozen=True)
class _Group:
    """Frames of one segment that are painted by one call."""

    segment: Segment
    first: int  # offset of the first frame in the segment
    frames: Frames
    ticks: Sequence[int]  # presentation times that the frames themselves told
    last: bool  # of the segment
    decode_seconds: float
    infer_seconds: float = 0.0
    samples: tuple[FrameSample, ...] = ()


@dataclass(frozen=True)
class SegmentScorer:
    """Scores segments of one manifest with one repainter."""

    manifest: Manifest
    timestamps: Timestamps
    open_media: Callable[[], BinaryIO]
    repainter: Repainter
    threads: int  # that paint at the same time, >= 1
    scratch: Path  # folder for encoded segments
    stop: StopRequest

    def score(
        self,
        segments: Sequence[Segment],
        publish: Callable[[ScoredSegment], None],
        on_painted: Callable[[int], None] = lambda frames: None,
    ) -> None:
        """Score `segments` in order; `publish` is called for each in order, in another thread.

        The segments flow through the stages without a break between them. `on_painted` is told numbers of
        frames as they are encoded. After a stop request the segment being encoded is finished if its grace
        allows; every finished segment is published before this returns. Raises what any stage raises, after
        all have stopped.
        """
        waiting: deque[Future[None]] = deque()
        with ThreadPoolExecutor(1, thread_name_prefix="publish") as publisher:
            with suppress(PipelineStopped), closing(self._encoded(segments, on_painted)) as encoded:
                for scored in encoded:
                    waiting.append(publisher.submit(publish, scored))
                    while len(waiting) > _UPLOADS_WAITING or (waiting and waiting[0].done()):
                        waiting.popleft().result()
            while waiting:
                waiting.popleft().result()

    def _encoded(
        self, segments: Sequence[Segment], on_painted: Callable[[int], None]
    ) -> Generator[ScoredSegment]:
        began = time.monotonic()
        painted = ordered_map(
            self._groups(segments),
            self._paint,
            workers=self.threads,
            depth=self._depth(),
            should_stop=lambda: self.stop.expired,
        )
        with closing(painted):
            for segment in segments:
                scored = self._encode(segment, painted, began, on_painted)
                if scored is None:
                    return
                began = time.monotonic()
                yield scored
                if self.stop.requested:
                    return

    def _encode(
        self,
        segment: Segment,
        painted: Iterator[_Group],
        began: float,
        on_painted: Callable[[int], None],
    ) -> ScoredSegment | None:
        """Encode the segment's groups; None when the stages ended before its first one because of a stop."""
        path = self.scratch / f"{segment.index:05d}.mp4"
        seconds = {"decode": 0.0, "infer": 0.0, "encode": 0.0}
        encoder: SegmentEncoder | None = None
        samples: tuple[FrameSample, ...] = ()
        ticks: list[int] = []
        title = segment_title(self.manifest.generation, segment.index)
        with ExitStack() as stack:
            for group in painted:
                start = time.monotonic()
                encoder = encoder or stack.enter_context(SegmentEncoder(path, self.manifest.encode, title))
                for frame, tick in zip(group.frames, group.ticks, strict=True):
                    encoder.write(frame)
                    ticks.append(tick)
                if group.last:
                    encoder.close()
                samples += group.samples
                seconds["decode"] += group.decode_seconds
                seconds["infer"] += group.infer_seconds
                seconds["encode"] += time.monotonic() - start
                on_painted(len(group.frames))
                if group.last:
                    break
            else:
                return None
        packets = prove_segment(path, segment.frame_count, title)
        seconds["total"] = time.monotonic() - began
        _log_segment(segment, seconds["total"])
        rounded = {name: round(value, 4) for name, value in seconds.items()}
        digest = _sha256(path)
        return ScoredSegment(segment, path, digest, ticks, packets, rounded, samples, self.repainter.versions)

    def _groups(self, segments: Sequence[Segment]) -> Iterator[_Group]:
        """Decoded groups of all segments. None crosses a border, so each depends on its segment alone."""
        size = self.repainter.frames_per_call
        encode = self.manifest.encode
        with SegmentReader(
            self.open_media, self.manifest.media, self.manifest.video, (encode.width, encode.height)
        ) as reader:
            if reader.upright != (encode.width, encode.height):
                raise ScoringError(f"pictures of {reader.upright} do not stand as the manifest wants them")
            for segment in segments:
                if self.stop.requested:
                    return
                group: list[NDArray[np.uint8]] = []
                ticks: list[int] = []
                done, start = 0, time.monotonic()
                times = self.timestamps.of(segment)
                for tick, frame in reader.timed(segment, times):
                    group.append(frame)
                    ticks.append(tick)
                    if len(group) == size or done + len(group) == segment.frame_count:
                        first = done
                        done += len(group)
                        stacked = group[0][None] if len(group) == 1 else np.stack(group)
                        last = done == segment.frame_count
                        yield _Group(segment, first, stacked, ticks, last, time.monotonic() - start)
                        group, ticks, start = [], [], time.monotonic()
                if done != segment.frame_count:
                    raise SourceDamaged(
                        f"segment {segment.index} has {segment.frame_count} frames, {done} of them decode"
                    )

    def _paint(self, group: _Group) -> _Group:
        start = time.monotonic()
        frames = self.repainter.paint(group.frames, group.ticks)
        seconds = time.monotonic() - start
        wanted = sampled_offsets(group.segment.frame_count)
        samples = take_samples(group.first, group.frames, frames, wanted)
        return replace(group, frames=frames, infer_seconds=seconds, samples=samples)

    def _depth(self) -> int:
        """Groups in flight: enough that no stage waits for another without need, within _QUEUE_BYTES."""
        encode = self.manifest.encode
        group_bytes = encode.width * encode.height * 3 * self.repainter.frames_per_call
        return max(self.threads + 1, min(4 * self.threads + 4, _QUEUE_BYTES // group_bytes))


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _log_segment(segment: Segment, seconds: float) -> None:
    last = segment.first_frame + segment.frame_count - 1
    _LOG.info(
        "segment %d frames %d..%d %d frames %.1f s %.1f fps",
        segment.index,
        segment.first_frame,
        last,
        segment.frame_count,
        seconds,
        segment.frame_count / max(seconds, 1e-9),
    )
