"""int8 with a scale for each channel, and float16, by NumPy: pack.json for crates/clip/tests/pack.rs.

    python pack.py pack.json
"""

import json
import sys

import numpy as np

rng = np.random.default_rng(20261127)
cases = []
for shape, axis in [((5, 7), 0), ((5, 7), 1), ((4, 3, 2, 2), 0)]:
    values = rng.normal(0, 0.05, shape).astype(np.float32)
    # A channel of zeros, one with an outlier, numbers that float16 keeps as subnormals.
    channel = np.moveaxis(values, axis, 0)
    channel[1] = 0
    channel[2].flat[3] = 9.25
    channel[3].flat[:2] = [3e-6, -4.4e-8]
    others = tuple(i for i in range(len(shape)) if i != axis)
    scale = (np.abs(values).max(others, keepdims=True) / np.float32(127)).astype(np.float32)
    safe = np.where(scale > 0, scale, np.float32(1))
    integers = np.rint(values / safe).clip(-127, 127).astype(np.int8)
    cases.append(
        {
            "shape": shape,
            "axis": axis,
            "values": [float(v) for v in values.flat],
            "scales": [float(v) for v in scale.flat],
            "integers": [int(v) for v in integers.flat],
            "widened": [float(v) for v in (integers.astype(np.float32) * scale).flat],
            "half": [int(v) for v in values.astype(np.float16).view(np.uint16).flat],
        }
    )
json.dump(cases, open(sys.argv[1], "w"))
