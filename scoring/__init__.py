"""What runs on the node: `python -m scoring` decodes, repaints and encodes the segments of one batch."""
