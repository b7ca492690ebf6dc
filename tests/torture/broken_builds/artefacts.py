"""Work that was changed behind the product's back: segments, pages, manifest, times."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from reelbrush.job import timestamps_hash
from reelbrush.job.names import WORK
from tests.torture.broken_builds.broken import Broken
from tests.torture.broken_builds.line import Line

LAST = 2  # index of the last of three segments


def _other(which: str, page: bool) -> Callable[[Line], None]:
    """Put a segment's file, and its page, of another finished job."""

    def change(line: Line) -> None:
        other = line.others[which]
        line.store.put_bytes(WORK, line.file(1), other.store.read_bytes(WORK, other.file(1)))
        if page:
            line.store.put_bytes(WORK, line.page(1), other.store.read_bytes(WORK, other.page(1)))

    return change


def _bytes(change: Callable[[bytes], bytes]) -> Callable[[Line], None]:
    def apply(line: Line) -> None:
        line.store.put_bytes(WORK, line.file(1), change(line.store.read_bytes(WORK, line.file(1))))

    return apply


def _flipped(data: bytes, at: float) -> bytes:
    place = int(len(data) * at)
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


def _page(**changes: Any) -> Callable[[Line], None]:
    return lambda line: line.put(line.page(1), {**line.document(line.page(1)), **changes})


def _renamed(line: Line) -> None:
    """Segment 0 as segment 1, with a page that was made to fit."""
    times = line.manifest.segments[1]
    page = line.document(line.page(1))
    vouched = {"segment": 1, "timestamps_sha256": page["timestamps_sha256"], "frame_count": times.frame_count}
    line.put(line.page(1), {**line.document(line.page(0)), **vouched})
    line.store.put_bytes(WORK, line.file(1), line.store.read_bytes(WORK, line.file(0)))


def _exchanged(*names: Callable[[Line, int], str]) -> Callable[[Line], None]:
    def change(line: Line) -> None:
        for name in names:
            one, two = (line.store.read_bytes(WORK, name(line, index)) for index in (1, LAST))
            line.store.put_bytes(WORK, name(line, 1), two)
            line.store.put_bytes(WORK, name(line, LAST), one)

    return change


def _copied_page(line: Line) -> None:
    line.store.put_bytes(WORK, line.page(1), line.store.read_bytes(WORK, line.page(0)))


def _half_page(line: Line) -> None:
    data = line.store.read_bytes(WORK, line.page(1))
    line.store.put_bytes(WORK, line.page(1), data[: len(data) // 2])


def _stale(line: Line) -> None:
    """A page of the grid before: it began one frame earlier."""
    first = line.manifest.segments[1].first_frame
    data = line.store.read_bytes(WORK, line.manifest.timestamps_blob)
    times = memoryview(data).cast("q")[first - 1 : first + 47]
    line.put(line.page(1), {**line.document(line.page(1)), "timestamps_sha256": timestamps_hash(times)})


def _manifest(change: Callable[[dict[str, Any]], Any]) -> Callable[[Line], None]:
    def apply(line: Line) -> None:
        document = line.document(line.names.manifest)
        change(document)
        line.put(line.names.manifest, document)

    return apply


def _half_manifest(line: Line) -> None:
    data = line.store.read_bytes(WORK, line.names.manifest)
    line.store.put_bytes(WORK, line.names.manifest, data[: len(data) // 2])


def _times(change: Callable[[list[int]], list[int]]) -> Callable[[Line], None]:
    def apply(line: Line) -> None:
        name = line.manifest.timestamps_blob
        values = change(memoryview(line.store.read_bytes(WORK, name)).cast("q").tolist())
        line.store.put_bytes(
            WORK, name, b"".join(value.to_bytes(8, "little", signed=True) for value in values)
        )

    return apply


def _swapped(values: list[int]) -> list[int]:
    values[70], values[71] = values[71], values[70]
    return values


def _overlap(document: dict[str, Any]) -> None:
    document["segments"][1]["first_frame"] -= 1


def _counted(document: dict[str, Any]) -> None:
    document["segments"][1]["frame_count"] -= 1


def _twice(document: dict[str, Any]) -> None:
    document["segments"].insert(1, document["segments"][1])


def _sought(document: dict[str, Any]) -> None:
    document["segments"][1]["seek_pts"] = document["segments"][2]["seek_pts"]


def _without(name: Callable[[Line, int], str]) -> Callable[[Line], None]:
    return lambda line: line.store.delete(WORK, name(line, 1))


PUBLISHED: tuple[tuple[str, Callable[[Line], None]], ...] = (
    ("the file of another job's segment", _other("film", page=False)),
    ("file and page of another job's segment", _other("film", page=True)),
    ("the file of another style's segment", _other("style", page=False)),
    ("file and page of another style's segment", _other("style", page=True)),
    ("file and page painted with other options", _other("options", page=True)),
    ("file and page of another generation", _other("careful", page=True)),
    ("a file cut off", _bytes(lambda data: data[:-200])),
    ("a file cut in half", _bytes(lambda data: data[: len(data) // 2])),
    ("a file with more behind it", _bytes(lambda data: data + b"\0")),
    ("an empty file", _bytes(lambda data: b"")),
    ("a file of zeros", _bytes(lambda data: bytes(len(data)))),
    *(
        (f"a byte flipped at {at:.0%}", _bytes(lambda data, at=at: _flipped(data, at)))
        for at in (0.0, 0.3, 0.99)
    ),
    ("another segment under this name, vouched for", _renamed),
    ("two segments exchanged", _exchanged(Line.file)),
    ("two pages exchanged", _exchanged(Line.page)),
    ("two segments and their pages exchanged", _exchanged(Line.file, Line.page)),
    ("the page of another segment", _copied_page),
    ("a page half written", _half_page),
    ("a page of an earlier grid", _stale),
    ("a page with another number of frames", _page(frame_count=47)),
    ("a page with another hash", _page(sha256="0" * 64)),
    ("a page with other packets", _page(packets="48:00000000")),
    ("a page with another model", _page(versions={"model": "another"})),
    ("a page without its file", _without(Line.file)),
    ("a file without its page", _without(Line.page)),
)

CHANGED: tuple[tuple[str, Callable[[Line], None]], ...] = (
    ("a segment is missing in the manifest", _manifest(lambda d: d["segments"].pop(1))),
    ("the last segment is missing in the manifest", _manifest(lambda d: d["segments"].pop())),
    ("no segment is left in the manifest", _manifest(lambda d: d["segments"].clear())),
    ("a segment is twice in the manifest", _manifest(_twice)),
    ("segments overlap in the manifest", _manifest(_overlap)),
    ("a segment is shorter in the manifest", _manifest(_counted)),
    ("segments are in another order in the manifest", _manifest(lambda d: d["segments"].reverse())),
    ("the manifest counts other frames", _manifest(lambda d: d.update(frame_count=143))),
    ("the manifest seeks elsewhere", _manifest(_sought)),
    ("the manifest wants another quality", _manifest(lambda d: d["encode"].update(crf=40))),
    ("the manifest wants another size", _manifest(lambda d: d["encode"].update(width=50))),
    ("the manifest knows another time 0", _manifest(lambda d: d.update(origin="1/40"))),
    ("the manifest knows no sound", _manifest(lambda d: d.update(has_audio=False))),
    ("the manifest shows the last frame longer", _manifest(lambda d: d.update(last_duration=99999))),
    ("the manifest is of another job", _manifest(lambda d: d.update(job="film-0123456789"))),
    ("the manifest is half written", _half_manifest),
    ("the times are cut off", _times(lambda values: values[:-1])),
    ("there are more times than frames", _times(lambda values: [*values, values[-1] + 512])),
    ("a time is one tick late", _times(lambda v: [value + (at == 70) for at, value in enumerate(v)])),
    ("all times are one tick late", _times(lambda values: [value + 1 for value in values])),
    ("two times are exchanged", _times(_swapped)),
)

ARTEFACTS = (
    *(Broken(f"published: {name}", after_scoring=change) for name, change in PUBLISHED),
    *(Broken(f"before painting, {name}", before_scoring=change) for name, change in CHANGED),
    *(Broken(f"after painting, {name}", after_scoring=change) for name, change in CHANGED),
)
