#!/usr/bin/env python3
"""Lines of accuracy against accuracy, and rank correlations: accuracy_line.py FACTS_DIR OUT.json

FACTS_DIR/imagenet_testbed.csv has percentages of the ImageNet testbed's models (Taori et al. 2020, arXiv 2007.00644). x is the
fraction on imagenet1k, y that on the shifted set, of models that have both, in file order. OPENBLAS_NUM_THREADS=1.
Nothing is rounded.

axes: scipy.special.logit and expit, scipy.stats.norm.ppf and cdf at fractions from 1e-12 to 1 - 1e-12.
lines: scipy.stats.linregress on transformed axes, standard errors of slope and intercept, R^2; at each of AT the line's
fraction, the 95 % interval of the mean (t, n - 2: s^2 (1/n + (x - m)^2 / Sxx)) and of one more point (1 + that), mapped
back; effective robustness of the first 20 models.
ranks: scipy.stats.spearmanr and kendalltau (tau-b) of the same points and of synthetic ones with many ties; 95 % intervals
tanh(atanh r +- z sqrt(v)), v = (1 + r^2/2) / (n - 3) for Spearman (Bonett and Wright 2000), .437 / (n - 4) for
Kendall (Fieller, Hartley and Pearson 1957). null: no interval.
"""
import csv
import json
import platform
import sys

import numpy as np
import scipy
from scipy import special, stats

AT = [.05, .3, .55, .7, .85, .95]
SETS = ["imagenetv2", "imagenet_sketch", "objectnet", "imagenet-r"]
AXES = {"linear": (lambda p: p, lambda v: v), "logit": (special.logit, special.expit), "probit": (stats.norm.ppf, stats.norm.cdf)}


def line(axis, x, y):
    to, back = AXES[axis]
    u, v = to(x), to(y)
    r = stats.linregress(u, v)
    n = len(x)
    t = stats.t.ppf(.975, n - 2)
    s2 = ((v - r.intercept - r.slope * u) ** 2).sum() / (n - 2)
    expected = []
    for p in AT:
        a = to(p)
        value = r.intercept + r.slope * a
        leverage = 1 / n + (a - u.mean()) ** 2 / ((u - u.mean()) ** 2).sum()
        mean, single = t * np.sqrt(s2 * leverage), t * np.sqrt(s2 * (1 + leverage))
        expected.append({"x": p, "value": back(value), "mean": [back(value - mean), back(value + mean)],
                         "single": [back(value - single), back(value + single)]})
    return {"axis": axis, "slope": r.slope, "intercept": r.intercept, "slope_error": r.stderr, "intercept_error": r.intercept_stderr,
            "r_squared": r.rvalue ** 2, "scatter": np.sqrt(s2), "expected": expected,
            "effective_robustness": [yi - back(r.intercept + r.slope * to(xi)) for xi, yi in zip(x[:20], y[:20])]}


def interval(r, v):
    if v is None or abs(r) > 1 - 1e-12:
        return None
    half = stats.norm.ppf(.975) * np.sqrt(v)
    return [np.tanh(np.arctanh(r) - half), np.tanh(np.arctanh(r) + half)]


def ranks(x, y):
    rho, tau = stats.spearmanr(x, y).statistic, stats.kendalltau(x, y, variant="b").statistic
    n = len(x)
    return {"spearman": rho, "spearman_interval": interval(rho, (1 + rho ** 2 / 2) / (n - 3)),
            "kendall": tau, "kendall_interval": interval(tau, .437 / (n - 4) if n > 4 else None)}


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    return float(v) if isinstance(v, np.floating) else v


def main(facts, out):
    table = {}
    for r in csv.DictReader(open(f"{facts}/imagenet_testbed.csv")):
        table.setdefault(r["dataset"], {})[r["model"]] = float(r["percent"]) / 100
    data, lines, correlations = {}, [], []
    for name in SETS:
        if name not in table:
            sys.exit(f"no {name} among {sorted(table)}")
        both = [m for m in table["imagenet1k"] if m in table[name]]
        x = np.array([table["imagenet1k"][m] for m in both])
        y = np.array([table[name][m] for m in both])
        inside = (x > 0) & (x < 1) & (y > 0) & (y < 1)
        x, y = x[inside], y[inside]
        data[name] = {"x": x.tolist(), "y": y.tolist()}
        lines += [{"data": name, **line(axis, x, y)} for axis in AXES]
        correlations.append({"data": name, **ranks(x, y)})
    rng = np.random.default_rng(2000)
    for name, n, levels in [("ties/40", 40, 6), ("ties/8", 8, 3), ("ties/4", 4, 3), ("ties/500", 500, 12)]:
        x = rng.integers(levels, size=n).astype(float)
        y = np.round(x + rng.normal(size=n) * levels / 4)
        data[name] = {"x": x.tolist(), "y": y.tolist()}
        correlations.append({"data": name, **ranks(x, y)})
    data["reverse"] = {"x": [1., 2, 3, 4, 5, 6], "y": [6., 5, 4, 3, 2, 1]}
    correlations.append({"data": "reverse", **ranks(data["reverse"]["x"], data["reverse"]["y"])})
    p = np.concatenate([np.geomspace(1e-12, .5, 60), 1 - np.geomspace(1e-12, .4, 60)])
    axes = {"fraction": p.tolist(), "logit": special.logit(p).tolist(), "probit": stats.norm.ppf(p).tolist(),
            "value": np.linspace(-8, 8, 65).tolist(), "expit": special.expit(np.linspace(-8, 8, 65)).tolist(),
            "cdf": stats.norm.cdf(np.linspace(-8, 8, 65)).tolist()}
    json.dump(plain({
        "software": {"scipy": scipy.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "axes": axes, "data": data, "lines": lines, "ranks": correlations,
    }), open(out, "w"))


if __name__ == "__main__":
    main(*sys.argv[1:])
