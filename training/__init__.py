"""From one painting to a style: trains the small network, exports it to ONNX and writes its card.

The command line alone imports this package, and only when it is asked to; torch is needed here and nowhere
else.
"""

# onnxruntime, which the training imports itself, is kept from telling its makers.
import scoring  # noqa: F401  # pyright: ignore[reportUnusedImport]
