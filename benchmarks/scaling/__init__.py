"""What `scale.py` is made of: costs measured here, a model of a job on many nodes, and its check."""
