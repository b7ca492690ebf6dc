"""Parts of `benchmarks/video.py`: what the way of a frame costs before and behind the model."""
