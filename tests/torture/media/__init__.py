"""Hostile and broken files: through every way into the product, judged from outside."""
