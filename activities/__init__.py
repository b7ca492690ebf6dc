"""The steps with an effect, one file each. Every one may be repeated or doubled without harm."""

from activities import (
    admit,
    approval,
    cancel,
    close,
    finish,
    plan,
    poll,
    split,
    stitch,
    submit,
    tell,
    waiting,
)

blueprints = (
    split.bp,
    plan.bp,
    submit.bp,
    poll.bp,
    stitch.bp,
    finish.bp,
    cancel.bp,
    admit.bp,
    close.bp,
    tell.bp,
    approval.bp,
    waiting.bp,
)

__all__ = ["blueprints"]
