#!/usr/bin/env python3
"""ViT-B/32 with the formula's weights for the peers: peers.py FOLDER | peers.py --gpu

Writes FOLDER/image.onnx and FOLDER/text.onnx, unless they are there, and prints PyTorch's own times on one thread as
JSON, medians in milliseconds. With --gpu prints PyTorch's times on CUDA as rows of Markdown instead.
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
            times[name] = median(lambda: encode(inputs, normalize=True))
    print(json.dumps(times))


def gpu():
    """From arrays in memory to embeddings in memory, as gpu_table.rs; TF32 off, so that float32 is float32."""
    torch.backends.cuda.matmul.allow_tf32 = torch.backends.cudnn.allow_tf32 = False
    print(f"| {torch.cuda.get_device_name()}, PyTorch {torch.__version__} | precision | | ms | ms | ms | |")
    side = 8192
    for dtype in (torch.float32, torch.float16):
        model = formula_models.fill(open_clip.create_model("ViT-B-32")).cuda().to(dtype)
        name = {torch.float32: "F32", torch.float16: "F16"}[dtype]
        pictures = torch.rand(64, 3, 224, 224) * 2 - 1
        texts = torch.randint(320, 49000, (64, 77))
        texts[:, 0], texts[:, -1] = 49406, 49407
        towers = {
            "ViT-B/32, images": lambda n: model.encode_image(pictures[:n].cuda().to(dtype), normalize=True).float().cpu(),
            "texts of 77 tokens": lambda n: model.encode_text(texts[:n].cuda(), normalize=True).float().cpu(),
        }
        with torch.inference_mode():
            for tower, encode in towers.items():
                times = [median(lambda: encode(n)) for n in (1, 8, 64)]
                print(f"| {tower} | {name} | | " + " | ".join(f"{t:.2f}" for t in times) + " | |")
            a = torch.randn(side, side, device="cuda", dtype=dtype)
            rate = 2 * side**3 / (1e-3 * median(lambda: (a @ a, torch.cuda.synchronize()))) / 1e12
            print(f"| matrix product of side {side} | {name} | | | | | {rate:.1f} |")
    bytes_ = torch.empty(1 << 30, dtype=torch.uint8, device="cuda")
    time_ = median(lambda: (bytes_.clone(), torch.cuda.synchronize()))
    print(f"| copy on the device | | {2 * bytes_.numel() / (1e-3 * time_) / 1e9:.0f} GB/s | | | | |")


def median(work):
    runs = []
    for _ in range(RUNS):
        start = time.perf_counter()
        work()
        runs.append(1e3 * (time.perf_counter() - start))
    return statistics.median(runs)


if __name__ == "__main__":
    if sys.argv[1] == "--gpu":
        gpu()
    else:
        main(pathlib.Path(sys.argv[1]))
