"""Checkpoints of fast neural style's TransformerNet (pytorch/examples) as ONNX models that take frames."""
