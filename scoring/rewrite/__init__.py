"""Graphs rewritten to the same picture with less work for onnxruntime; only when styles are made."""
