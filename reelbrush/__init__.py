"""Reelbrush repaints every frame of a video in the style of a painting."""

__version__ = "0.1.0"
