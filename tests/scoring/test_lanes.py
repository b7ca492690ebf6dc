"""Bound buffers, a session per thread and shape, fixed batches: as on a GPU, with buffers of the CPU."""

from __future__ import annotations

import fcntl
import hashlib
import logging
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from reelbrush.errors import ScoringError, StyleError
from scoring import lanes
from scoring.bound import BoundChain, Frames
from scoring.contract import Contract
from scoring.cuda_options import Way
from scoring.gate import Gate
from scoring.loading import load_graphs
from scoring.probe import probe, probe_picture
from scoring.providers import Plan
from scoring.session import StyleSession
from scoring.sparing import SparingSession
from scoring.styles import load_style
from scoring.wrap import GraphChain, wrap
from tests.scoring.models import block_model

AS_ON_A_GPU = Plan(Way(), Way(fixed=True), notes=(("driver", "0"),))
OLD = Contract(layout="NCHW", dtype="float32", range=(0.0, 1.0), size_multiple=4)


def chain_of(name: str) -> GraphChain:
    if name == "old":  # its edges stay graphs of their own
        return wrap(block_model(OLD, 8), OLD, name)
    style = load_style(name)
    return wrap(style.load_model(), style.card.contract, name)


def frames_of(count: int, height: int = 40, width: int = 56) -> Frames:
    shape = (count, height, width, 3)
    return np.random.default_rng(count * height).integers(0, 256, shape, dtype=np.uint8)


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> list[tuple[Way, tuple[int, ...] | None]]:
    """What was loaded for lanes, in order."""
    made: list[tuple[Way, tuple[int, ...] | None]] = []

    def load(chain: GraphChain, way: Way, shape: tuple[int, ...] | None = None) -> list[Any]:
        made.append((way, shape))
        return load_graphs(chain, way, shape)

    monkeypatch.setattr(lanes, "load_graphs", load)
    return made


@pytest.mark.parametrize("name", ["starry-night", "old", "identity"])
def test_frames_are_painted_the_same_however_they_are_bound(name: str) -> None:
    chain, frames = chain_of(name), probe_picture()
    plain = StyleSession(chain, name, "cpu")
    painted = plain.paint(frames)
    assert (painted == plain.run(frames)["stylized"]).all()
    assert (painted == StyleSession(chain, name, plan=AS_ON_A_GPU).paint(frames)).all()


def test_what_was_painted_stays_when_the_buffers_are_used_again() -> None:
    session = StyleSession(chain_of("starry-night"), "starry-night", plan=AS_ON_A_GPU)
    one, other = frames_of(1), frames_of(1)[:, ::-1]
    first = session.paint(one)
    kept = first.copy()
    second = session.paint(other)
    assert (first == kept).all() and not (second == first).all()
    assert (session.paint(one) == first).all()


def test_rests_are_filled_up_and_all_calls_have_one_shape(
    opened: list[tuple[Way, tuple[int, ...] | None]],
) -> None:
    session = StyleSession(chain_of("identity"), "identity", plan=AS_ON_A_GPU)
    sparing = SparingSession("identity", session, lambda _: None, 4)
    for count in (4, 3, 1, 4, 6):
        frames = frames_of(count)
        assert (sparing.paint(frames) == frames).all()
    assert [shape for _, shape in opened] == [(4, 40, 56, 3)]
    small = frames_of(2, 24, 32)
    assert (sparing.paint(small) == small).all()
    assert [shape for _, shape in opened][1:] == [(4, 24, 32, 3)]
    assert sparing.notes == {"driver": "0"}
    assert sparing.streams == 3 and StyleSession(chain_of("identity"), "identity", "cpu").streams == 1


def test_sizes_that_are_known_leave_nothing_to_be_computed_at_every_call() -> None:
    (session,) = load_graphs(chain_of("starry-night"), Way(fixed=True), (2, 40, 56, 3))
    assert session.get_inputs()[0].shape == [2, 40, 56, 3]
    (session,) = load_graphs(chain_of("starry-night"), Way())
    assert not any(isinstance(side, int) for side in session.get_inputs()[0].shape[:3])


def test_each_thread_has_a_session_of_its_own(opened: list[tuple[Way, tuple[int, ...] | None]]) -> None:
    session = StyleSession(chain_of("starry-night"), "starry-night", plan=AS_ON_A_GPU)
    pictures = [frames_of(1)[:, :, ::step] for step in (1, -1, 1, -1, 1, -1)]
    alone = StyleSession(chain_of("starry-night"), "starry-night", "cpu")
    meet = threading.Barrier(2)

    def paint(which: int) -> Frames:
        if which < 2:
            meet.wait(30)
        return session.paint(pictures[which])

    with ThreadPoolExecutor(2) as threads:
        painted = list(threads.map(paint, range(6)))
    assert len(opened) == 2
    for picture, result in zip(pictures, painted, strict=True):
        assert (result == alone.paint(picture)).all()


def test_memory_is_given_back_and_sessions_are_made_anew(
    opened: list[tuple[Way, tuple[int, ...] | None]],
) -> None:
    session = StyleSession(chain_of("identity"), "identity", plan=AS_ON_A_GPU)
    frames = frames_of(2)
    session.paint(frames)
    session.trim()
    assert (session.paint(frames) == frames).all() and len(opened) == 2
    assert (session.paint(frames, trim=True) == frames).all() and len(opened) == 2


def fails_once(monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    paint = BoundChain.paint
    left = [1]

    def refuse(self: BoundChain, frames: Frames, options: Any = None) -> Frames:
        if self._given is not None and left:  # pyright: ignore[reportPrivateUsage]
            left.clear()
            raise RuntimeError(text)
        return paint(self, frames, options)

    monkeypatch.setattr(BoundChain, "paint", refuse)


def test_less_is_painted_at_once_where_memory_is_short(
    monkeypatch: pytest.MonkeyPatch, opened: list[tuple[Way, tuple[int, ...] | None]]
) -> None:
    session = StyleSession(chain_of("identity"), "identity", plan=AS_ON_A_GPU)
    sparing = SparingSession("identity", session, lambda _: None, 4)
    fails_once(monkeypatch, "CUDA failure 2: out of memory ; GPU=0")
    frames = frames_of(4)
    assert (sparing.paint(frames) == frames).all()
    assert [shape[0] for _, shape in opened if shape] == [4, 2]
    assert sparing.notes["frames_per_call"] == "2"


def test_who_painted_is_told_when_sessions_of_shapes_are_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    plan = replace(AS_ON_A_GPU, notes=(("painted_by", "TensorrtExecutionProvider"),))
    session = StyleSession(chain_of("identity"), "identity", plan=plan)
    sparing = SparingSession("identity", session, lambda _: None, 1)
    assert sparing.notes["painted_by"] == "TensorrtExecutionProvider"
    fails_once(monkeypatch, "CUDA failure 2: out of memory ; GPU=0")
    frames = frames_of(1)
    assert (sparing.paint(frames) == frames).all()
    assert sparing.notes["painted_by"] == session.provider


def test_a_folder_that_cannot_be_written_is_no_fault_of_the_model(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    way = Way(fixed=True, options={"trt_engine_cache_path": str(tmp_path / "file" / "key")})
    session = StyleSession(chain_of("identity"), "identity", plan=Plan(Way(), way))
    with pytest.raises(OSError, match="file"):
        session.paint(frames_of(1))


def test_a_proven_style_has_no_session_of_the_proofs_size(
    opened: list[tuple[Way, tuple[int, ...] | None]],
) -> None:
    session = StyleSession(chain_of("starry-night"), "starry-night", plan=AS_ON_A_GPU)
    probe(session, load_style("starry-night").card.contract, "starry-night")
    assert opened == []


def test_frames_may_lie_in_memory_in_any_order() -> None:
    session = StyleSession(chain_of("identity"), "identity", "cpu")
    frames = np.asfortranarray(frames_of(2))
    assert (session.paint(frames) == frames).all()


def test_a_gpu_that_fails_later_is_told() -> None:
    session = StyleSession(chain_of("identity"), "identity", plan=AS_ON_A_GPU)
    session.paint(frames_of(1))
    with pytest.MonkeyPatch.context() as patch:
        fails_once(patch, "CUDA failure 719: unspecified launch failure")
        with pytest.raises(ScoringError) as told:
            session.paint(frames_of(1))
    assert told.value.code == "gpu"


def test_a_graph_that_cuda_refuses_to_record_is_painted_without(
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    opened: list[tuple[Way, tuple[int, ...] | None]],
) -> None:
    recorded = Plan(Way(), Way(fixed=True, options={"enable_cuda_graph": "1"}))
    session = StyleSession(chain_of("identity"), "identity", plan=recorded)
    fails_once(monkeypatch, "This session cannot use the graph capture feature")
    frames = frames_of(1)
    with caplog.at_level(logging.WARNING):
        assert (session.paint(frames) == frames).all()
        assert (session.paint(frames) == frames).all()
    assert [way.captures for way, _ in opened] == [True, False]
    assert len(caplog.messages) == 1 and "painted without a CUDA graph" in caplog.text
    assert session.notes == {"cuda_graph": "refused"}


def test_an_engine_is_built_by_one_process_and_told(tmp_path: Path) -> None:
    """The CPU stands in for the provider; the folder and its lock are those of an engine."""
    home = tmp_path / "key"
    way = Way(fixed=True, options={"trt_engine_cache_path": str(home)})
    session = StyleSession(chain_of("identity"), "identity", plan=Plan(Way(), way))
    session.paint(frames_of(1))
    assert (home / "lock").exists() and session.notes == {}
    (home / "style.engine").write_bytes(b"kernels")
    painted: list[Frames] = []
    with (home / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # as a process does that builds
        other = threading.Thread(target=lambda: painted.append(session.paint(frames_of(2))))
        other.start()
        other.join(0.3)
        assert not painted
    other.join(60)
    assert painted and session.notes["engine"] == hashlib.sha256(b"kernels").hexdigest()


def test_models_that_change_the_size_are_refused() -> None:
    contract = Contract(size_multiple=4)
    model = block_model(contract, 17)
    session = StyleSession(wrap(model, replace(contract, size_multiple=1), "off"), "off", "cpu")
    with pytest.raises(StyleError, match=r"turns pictures of \(1, 42, 58, 3\) into \(1, 40, 56, 3\)"):
        session.paint(frames_of(1, 42, 58))


def test_one_alone_keeps_all_others_out() -> None:
    gate, inside, seen = Gate(), [0], list[int]()
    lock = threading.Lock()

    def together(_: int) -> None:
        with gate.together():
            with lock:
                inside[0] += 1
            threading.Event().wait(0.001)
            with lock:
                inside[0] -= 1

    def alone(_: int) -> None:
        with gate.alone():
            seen.append(inside[0])
            threading.Event().wait(0.001)
            seen.append(inside[0])

    with ThreadPoolExecutor(6) as threads:
        for number in range(60):
            threads.submit(alone if number % 5 == 0 else together, number)
    assert seen == [0] * 24
