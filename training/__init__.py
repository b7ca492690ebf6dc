"""From one painting to a style: trains the small network, exports it to ONNX and writes its card.

Nothing else in the product imports this package; torch is needed here and nowhere else.
"""
