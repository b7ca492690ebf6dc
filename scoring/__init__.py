"""What runs on the node: `python -m scoring` decodes, repaints and encodes the segments of one batch."""

import os

# onnxruntime tells its makers of each process, its models and its errors, from 1.29 on and unless this is set
# before it is imported; in a closed network it would try again and again.
os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
