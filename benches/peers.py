#!/usr/bin/env python3
"""The same fits by SciPy, as the comparison study's released code runs them: peers.py ADE20K_CSV

Prints JSON, seconds by name. The released search is curve_fit from its 3,200 starts in a pool of 24 processes; a
bootstrap is 1,000 resamples of the points, each fitted by curve_fit from the optimum alone, which is less than the
released code does (3,200 starts a resample).
"""
import itertools
import json
import multiprocessing
import sys
import time
import warnings

import numpy as np
from scipy.optimize import curve_fit

STARTS = list(itertools.product(range(0, 100, 5), range(0, 100, 5), (-0.2, -0.15, -0.1, -0.05), (0.0, 0.0005)))
BOUNDS = ([0, 0, -np.inf, 0], [np.inf, np.inf, 0, np.inf])
X, Y = np.loadtxt(sys.argv[1], delimiter=",", skiprows=1, unpack=True)


def law(c, a, b, exponent, e):
    return a * (c + b) ** exponent + e


def fit(start, x=X, y=Y):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        popt, _ = curve_fit(law, x, y, p0=start, bounds=BOUNDS, maxfev=1000000)
    return np.mean((law(x, *popt) - y) ** 2), popt


def timed(work):
    start = time.perf_counter()
    result = work()
    return time.perf_counter() - start, result


def search():
    with multiprocessing.Pool(24) as pool:
        return min(pool.imap(fit, STARTS), key=lambda found: found[0])


def bootstrap(best):
    random = np.random.default_rng(1)
    for _ in range(1000):
        draw = random.integers(0, len(X), len(X))
        fit(best, X[draw], Y[draw])


if __name__ == "__main__":
    seconds, (mse, best) = timed(search)
    times = {"released-search/ade20k": seconds, "mse": mse}
    times["one-start/ade20k"] = min(timed(lambda: fit(best))[0] for _ in range(20))
    times["bootstrap/ade20k"] = timed(lambda: bootstrap(best))[0]
    print(json.dumps(times))
