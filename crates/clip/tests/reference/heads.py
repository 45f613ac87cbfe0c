"""Heads as others publish them: `python heads.py .` writes heads/ and heads.json. Needs torch and numpy.

A linear layer to a score, a stack of linear layers with dropout between them (as the aesthetics predictors on CLIP's
embeddings are published), one with an activation that its file does not tell, class embeddings as .npy of several kinds;
and what PyTorch says for a vector."""

import json
import sys

import numpy as np
import torch
from torch import nn

WIDTH = 12


def formula(*shape):
    """Numbers from -1 to 1."""
    count = int(np.prod(shape))
    return torch.tensor([np.sin(1.7 * i + 0.3) for i in range(count)], dtype=torch.float32).reshape(shape)


def fill(module):
    for name, parameter in module.named_parameters():
        parameter.data = formula(*parameter.shape) * (1 + len(name) % 3)
    return module.eval()


class Stack(nn.Module):
    def __init__(self):
        super().__init__()
        layers = [nn.Linear(WIDTH, 20), nn.Dropout(0.2)]
        # Enough that layers.10 comes before layers.2 in alphabetical order.
        for _ in range(4):
            layers += [nn.Linear(20, 20), nn.Dropout(0.2)]
        self.layers = nn.Sequential(*layers, nn.Linear(20, 1))

    def forward(self, x):
        return self.layers(x)


def main(folder):
    x = formula(WIDTH + 5)[5:]
    x = x / x.norm()
    said = {"vector": x.tolist()}
    with torch.no_grad():
        for name, module in [
            ("score", nn.Linear(WIDTH, 1)),
            ("classes", nn.Linear(WIDTH, 3, bias=False)),
            ("stack", Stack()),
        ]:
            fill(module)
            torch.save(module.state_dict(), f"{folder}/heads/{name}.pth")
            said[name] = module(x).tolist()
    # A classifier, as code that fine-tunes CLIP saves it: an image tower, what is left of the text tower, the head.
    encoder = nn.Module()
    encoder.model = nn.Module()
    encoder.model.visual = nn.Module()
    encoder.model.visual.conv1 = nn.Conv2d(3, 4, 2, bias=False)
    encoder.model.ln_final = nn.LayerNorm(4)
    classifier = nn.Module()
    classifier.image_encoder = encoder
    classifier.classification_head = fill(nn.Linear(WIDTH, 3))
    torch.save(classifier, f"{folder}/heads/classifier.pt")
    state = {f"module.{name}": value for name, value in classifier.state_dict().items()}
    torch.save(state, f"{folder}/heads/classifier_state.pt")
    with torch.no_grad():
        said["classifier"] = classifier.classification_head(x).tolist()
    convolution = nn.Conv2d(1, 2, 3)
    torch.save(fill(convolution).state_dict(), f"{folder}/heads/convolution.pth")
    apart = nn.ModuleList([nn.Linear(WIDTH, 4), nn.Linear(5, 2)])
    torch.save(fill(apart).state_dict(), f"{folder}/heads/apart.pth")
    nan = nn.Linear(WIDTH, 2)
    fill(nan).weight.data[1, 3] = float("nan")
    torch.save(nan.state_dict(), f"{folder}/heads/nan.pth")
    vectors = formula(2, WIDTH).numpy()
    units = vectors / np.linalg.norm(vectors, axis=1, keepdims=True)
    said["cosines"] = (units @ x.numpy()).tolist()
    torch.save(torch.tensor(units), f"{folder}/heads/units.pt")
    np.savez(f"{folder}/heads/arrays.npz", coef=vectors, intercept=vectors[:, 0])
    np.save(f"{folder}/heads/f16.npy", vectors.astype("<f2"))
    np.save(f"{folder}/heads/f32.npy", vectors)
    np.save(f"{folder}/heads/f64_by_column.npy", np.asfortranarray(vectors.astype("<f8")))
    np.save(f"{folder}/heads/one.npy", vectors[0])
    np.save(f"{folder}/heads/integers.npy", np.arange(WIDTH))
    np.save(f"{folder}/heads/three.npy", vectors.reshape(2, 3, 4))
    with open(f"{folder}/heads.json", "w") as file:
        json.dump(said, file)


if __name__ == "__main__":
    main(sys.argv[1])
