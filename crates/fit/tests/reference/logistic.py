"""Multinomial logistic regression by scikit-learn: `python logistic.py .` writes logistic.json and logistic.f32.

The vectors are made by a formula, which `tests/labelled.rs` has too: splitmix64 of each number's index,
four of which are summed to a noise, around a centre for each class. scikit-learn's solution is polished by its
Newton solver until the gradient says that no coefficient is further than 1e-6 from the optimum (the penalty makes the
objective strongly convex). Coefficients of the largest case are in logistic.f32, as float32, class by class.
Needs numpy and scikit-learn (1.9.1)."""

import json
import sys

import numpy as np
import sklearn
from sklearn.linear_model import LogisticRegression

M = (1 << 64) - 1


def uniform(seed, index):
    """Uniform in [0, 1) for an array of indices."""
    with np.errstate(over="ignore"):
        z = (index.astype(np.uint64) + np.uint64(1)) * np.uint64(0x9E3779B97F4A7C15)
        z = z + np.uint64(seed * 0xBF58476D1CE4E5B9 & M)
        z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        z = z ^ (z >> np.uint64(31))
    return (z >> np.uint64(11)).astype(np.float64) / 2.0**53


def noise(seed, count):
    index = np.arange(4 * count, dtype=np.uint64)
    return uniform(seed, index).reshape(count, 4).sum(1) - 2.0


def made(case):
    """Vectors as float32, and classes."""
    n, d, k, seed = case["vectors"], case["width"], case["classes"], case["seed"]
    drawn = (uniform(seed, np.arange(n)) ** case["skew"] * k).astype(int)
    labels = np.where(np.arange(n) < 2 * k, np.arange(n) % k, drawn)
    mean, centres = noise(seed + 1, d), noise(seed + 2, k * d).reshape(k, d)
    x = mean + case["separation"] * centres[labels] + noise(seed + 3, n * d).reshape(n, d)
    x *= np.exp(-case["decay"] * np.arange(d) / d)
    if case["unit"]:
        x /= np.linalg.norm(x, axis=1, keepdims=True)
    return x.astype(np.float32), labels


def objective(x, labels, w, b, penalty):
    """The objective, and how far a coefficient can be from the optimum."""
    z = x @ w.T + b
    top = z.max(1, keepdims=True)
    powers = np.exp(z - top)
    total = powers.sum(1, keepdims=True)
    own = z[np.arange(len(x)), labels]
    loss = (np.log(total[:, 0]) + top[:, 0] - own).sum() + 0.5 * penalty * (w**2).sum()
    p = powers / total
    p[np.arange(len(x)), labels] -= 1
    gradient = p.T @ x + penalty * w
    return loss, np.linalg.norm(gradient) / penalty


def solve(case):
    x, labels = made(case)
    x = x.astype(np.float64)
    penalty = case["penalty"]
    # With two classes scikit-learn has one row w, ours are w / 2 and -w / 2.
    C = (2 if case["classes"] == 2 else 1) / penalty
    # Vectors of which one direction is constant are hard to solve: centred, the problem is the same.
    mean = x.mean(0)
    fit = LogisticRegression(C=C, solver="newton-cg", tol=case["tolerance"], max_iter=2000)
    fit.fit(x - mean, labels)
    w, b = fit.coef_, fit.intercept_
    if case["classes"] == 2:
        w, b = np.concatenate([-w, w]) / 2, np.concatenate([-b, b]) / 2
    b = b - w @ mean
    b -= b.mean()
    loss, distance = objective(x, labels, w, b, penalty)
    largest = max(1.0, np.abs(w).max())
    print(case["name"], penalty, loss, f"within {distance:.1e}, largest {np.abs(w).max():.3g}", fit.n_iter_)
    assert distance < 1e-5 * largest, case["name"]
    return loss, w, b


def case(name, vectors, width, classes, penalties, separation=1.0, decay=2.0, unit=True, skew=1.0, tolerance=1e-11):
    for penalty in penalties:
        yield {
            "name": name,
            "vectors": vectors,
            "width": width,
            "classes": classes,
            "seed": 10 * (len(name) + classes),
            "separation": separation,
            "decay": decay,
            "unit": unit,
            "skew": skew,
            "penalty": penalty,
            "tolerance": tolerance,
        }


CASES = [
    *case("small", 60, 8, 3, [100.0, 1.0, 0.01, 1e-4]),
    *case("two classes", 200, 16, 2, [10.0, 1.0, 1e-3]),
    *case("fewer vectors than numbers", 40, 128, 10, [1.0, 0.01]),
    *case("far apart", 150, 24, 5, [1.0, 1e-4], separation=6.0),
    *case("unequal classes", 400, 32, 8, [0.1, 1e-3], skew=3.0),
    *case("long vectors", 200, 12, 4, [1.0], unit=False),
    *case("largest", 5000, 512, 100, [1.0], tolerance=1e-9),
]


def main(folder):
    stored = []
    for case in CASES:
        loss, w, b = solve(case)
        answer = {key: value for key, value in case.items() if key != "tolerance"}
        answer["loss"] = loss
        answer["intercepts"] = [round(v, 7) for v in b.tolist()]
        if case["name"] == "largest":
            w.astype("<f4").tofile(f"{folder}/logistic.f32")
        else:
            answer["coefficients"] = [round(v, 7) for v in w.ravel().tolist()]
        stored.append(answer)
    with open(f"{folder}/logistic.json", "w") as file:
        json.dump({"scikit_learn": sklearn.__version__, "cases": stored}, file, separators=(",", ":"))


if __name__ == "__main__":
    main(sys.argv[1])
