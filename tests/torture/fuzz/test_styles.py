"""Mutated models: a verdict or a known error, in bounded memory, in a process of their own."""

from __future__ import annotations

import random
from collections import Counter
from pathlib import Path

import numpy as np
import onnx
import pytest
from onnx import numpy_helper

from tests.scoring.check.specimens import pixels_painter, unit_to_bytes
from tests.scoring.models import slow_model
from tests.torture.fuzz.mutators import NUMBERS, mutated
from tests.torture.fuzz.patient import Patient
from tests.torture.toll import Toll

CPU_SECONDS = 60.0  # of one try
PEAK_MB = 1500  # onnxruntime and onnx take 300 by themselves
_OPS = (
    "Conv",
    "Relu",
    "Resize",
    "Pad",
    "Reshape",
    "Concat",
    "Transpose",
    "MatMul",
    "Loop",
    "If",
    "Tile",
    "Expand",
)


def lying(data: bytes, rng: random.Random) -> bytes:
    """Return a model that can be read, but says of its tensors and nodes what is not so."""
    model = onnx.load_from_string(data)
    graph = model.graph
    for _ in range(rng.choice((1, 1, 2, 4))):
        what = rng.randrange(7)
        number = rng.choice((*NUMBERS, -1)) % (1 << 63)
        node = rng.choice(graph.node)
        if what == 0:
            shape = rng.choice((*graph.input, *graph.output)).type.tensor_type.shape
            if shape.dim:
                rng.choice(shape.dim).dim_value = number
        elif what == 1 and graph.initializer:
            tensor = rng.choice(graph.initializer)
            if tensor.dims:
                tensor.dims[rng.randrange(len(tensor.dims))] = number
        elif what == 2:
            node.op_type = rng.choice(_OPS)
        elif what == 3 and node.attribute:
            attribute = rng.choice(node.attribute)
            if attribute.ints:
                attribute.ints[rng.randrange(len(attribute.ints))] = number
            attribute.i = number
        elif what == 4 and node.input:
            node.input[rng.randrange(len(node.input))] = rng.choice((graph.output[0].name, "", "nobody"))
        elif what == 5:
            graph.node.append(node)
        elif graph.initializer:
            name = rng.choice([tensor.name for tensor in graph.initializer])
            lie = numpy_helper.from_array(np.zeros(rng.choice((1, 3, 64)), np.float32), name)
            graph.initializer.append(lie)
    return model.SerializeToString()


@pytest.mark.slow
@pytest.mark.timeout(3000)
@pytest.mark.torture("mutated models: a verdict", full=150, slice=12)
def test_mutated_models_get_a_verdict(toll: Toll, tmp_path: Path) -> None:
    ends, largest, slowest = Counter[str](), 0, 0.0
    specimens = [model.SerializeToString() for model in (pixels_painter(), unit_to_bytes(), slow_model(2))]
    path = tmp_path / "model.onnx"
    with Patient(tmp_path, CPU_SECONDS, PEAK_MB) as patient:
        for seed in toll.seeds():
            rng = random.Random(seed)
            sound = rng.choice(specimens)
            path.write_bytes(mutated(sound, specimens[0], rng) if rng.random() < 0.4 else lying(sound, rng))
            ending = patient.attempt("style", path=str(path))
            ends[ending.end.split(" ")[0]] += 1
            largest, slowest = max(largest, ending.peak), max(slowest, ending.cpu)
            if ending.fault:
                toll.lost(f"seed {seed}: {ending.end}: {ending.fault}")
            else:
                toll.survived()
    toll.figure("ends", ", ".join(f"{end} {count}" for end, count in ends.most_common(10)))
    toll.figure("longest try, largest process", f"{slowest:.1f} s of CPU, {largest} MB")
