"""How runs share the cores of one machine: few runs of several threads for a film, a core for short ones."""

from __future__ import annotations

THREADS_PER_RUN = 4  # that paint at the same time, before the one thread that encodes cannot follow
LONG_FRAMES = 192  # of a batch: of fewer, its start is not small beside its painting


def runs_at_once(cores: int) -> int:
    """Return how many runs a film is shared among on a machine of `cores` >= 1 cores.

    Threads of one run share its frames to the last one, whereas runs end at different times.
    """
    return -(-cores // THREADS_PER_RUN)


def cores_of_run(cores: int, frames: int) -> int:
    """Return how many of `cores` >= 1 cores are kept for a run of `frames` frames, 0 where that is not known.

    A long run has to have all the threads that it will want from its start, or it leaves cores idle once
    others have ended. Short ones take a core each, so that one paints while another starts.
    """
    return -(-cores // runs_at_once(cores)) if frames >= LONG_FRAMES else 1
