"""The steps with an effect, one file each. Every one may be repeated or doubled without harm."""

from activities import cancel, finish, poll, split, stitch, submit, tell

blueprints = (split.bp, submit.bp, poll.bp, stitch.bp, finish.bp, cancel.bp, tell.bp)

__all__ = ["blueprints"]
