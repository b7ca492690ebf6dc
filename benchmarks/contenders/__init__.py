"""Who stands side by side in `side_by_side.py`, and how each of them is measured."""
