"""Opening a style for painting: proven, and sparing with memory."""

from __future__ import annotations

from scoring.faithful import faithful_session
from scoring.halved import halved_session
from scoring.probe import proven_session
from scoring.providers import paints_on_cuda
from scoring.sparing import SparingSession
from scoring.styles import Style


def open_sparing(style: Style, providers: str = "auto", frames: int = 0) -> SparingSession:
    """Return a session of `style` whose contract was proven by `probe`; `providers` as in StyleSession.

    `frames` are painted by one call, 0 takes what suits the device. On a GPU it computes in 16-bit floats
    where that paints the same (`faithful`). Raises StyleError saying what differs from the card and what to
    change there.
    """
    model, contract = style.load_model(), style.card.contract
    if paints_on_cuda(providers):
        half = faithful_session(model, contract, style.name, providers)
        if half is not None:
            return SparingSession(style.name, half, lambda release: None, frames, half=True)
    session = proven_session(model, contract, style.name, providers)
    made_for = session.frames_per_call if session.fixed else None
    return SparingSession(
        style.name,
        session,
        lambda release: halved_session(model, contract, style.name, providers, made_for, release),
        frames,
    )
