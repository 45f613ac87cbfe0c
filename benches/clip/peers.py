#!/usr/bin/env python3
"""ViT-B/32 with the formula's weights for the peers: peers.py FOLDER

Writes FOLDER/image.onnx and FOLDER/text.onnx, unless they are there, and prints PyTorch's own times on one thread as
JSON, medians in milliseconds.
"""
import contextlib
import json
import pathlib
import statistics
import sys
import time

import open_clip
import torch

sys.path.insert(0, str(pathlib.Path(__file__).parents[2] / "crates/clip/tests/reference"))
import formula_models

RUNS = 9


class Tower(torch.nn.Module):
    def __init__(self, encode):
        super().__init__()
        self.encode = encode

    def forward(self, x):
        return self.encode(x, normalize=True)


def main(folder):
    model = formula_models.fill(open_clip.create_model("ViT-B-32"))
    pictures = torch.rand(8, 3, 224, 224) * 2 - 1
    texts = torch.randint(320, 49000, (10, 77))
    texts[:, 0], texts[:, -1] = 49406, 49407
    towers = {"image": (model.encode_image, pictures), "text": (model.encode_text, texts)}
    for name, (encode, inputs) in towers.items():
        path = folder / f"{name}.onnx"
        if path.exists():
            continue
        tower = Tower(encode)
        tower.model = model
        tower.eval()
        # What the exporter says goes where errors go.
        with torch.no_grad(), contextlib.redirect_stdout(sys.stderr):
            torch.onnx.export(
                tower,
                (inputs[:3],),
                str(path),
                dynamo=True,
                opset_version=18,
                input_names=["x"],
                output_names=["unit"],
                dynamic_shapes=({0: torch.export.Dim("batch", min=1, max=256)},),
                external_data=False,
                optimize=True,
                verbose=False,
            )
    torch.set_num_threads(1)
    jobs = {"image_1": (model.encode_image, pictures[:1]), "image_8": (model.encode_image, pictures), "text_10": (model.encode_text, texts)}
    times = {}
    with torch.inference_mode():
        for name, (encode, inputs) in jobs.items():
            runs = []
            for _ in range(RUNS):
                start = time.perf_counter()
                encode(inputs, normalize=True)
                runs.append(1e3 * (time.perf_counter() - start))
            times[name] = statistics.median(runs)
    print(json.dumps(times))


if __name__ == "__main__":
    main(pathlib.Path(sys.argv[1]))
