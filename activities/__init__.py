"""The steps with an effect, one file each. Every one may be repeated or doubled without harm."""

from activities import cancel, finish, poll, split, stitch, submit

blueprints = (split.bp, submit.bp, poll.bp, stitch.bp, finish.bp, cancel.bp)

__all__ = ["blueprints"]
