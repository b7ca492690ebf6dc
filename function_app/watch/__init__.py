"""Watching a video while it is painted: published segments packaged for players when they ask for them.

Nothing is written and nothing is encoded: a playlist is made of what the store lists, a fragment of one
segment.
"""
