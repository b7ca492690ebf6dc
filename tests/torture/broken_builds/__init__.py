"""Builds that do one thing wrong, and what is left behind changed: none of it may become an output."""
