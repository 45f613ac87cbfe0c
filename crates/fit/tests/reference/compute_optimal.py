#!/usr/bin/env python3
"""Compute-optimal training by the three ways of Hoffmann et al. 2022: compute_optimal.py FACTS_DIR OUT.json

FACTS_DIR has two tables. points.csv: 245 runs of Hoffmann et al. 2022 (arXiv 2203.15556), read from a figure by
Epoch AI (epoch-research/analyzing-chinchilla), parameters, training FLOP and loss, D = C / 6N; `dropped_by_besiroglu`
marks the five largest losses, which Besiroglu et al. 2024 (arXiv 2404.10102) leave out. llama3_isoflops.csv: 266
IsoFLOP runs of Llama 3, two conditions (Open-Athena/scaling-law-analysis). OPENBLAS_NUM_THREADS=1. Nothing is rounded.

chinchilla: n, c, d, y, dropped, in the table's order.
surfaces: L = E + A N^-alpha + B D^-beta on the 240 and on all 245 points.
- huber:0.001: the sum (not the mean) over the points of rho(ln L - ln y), rho(r) = r^2 / 2 up to delta, else
  delta (|r| - delta / 2), delta = 1e-3. Coordinates ln A, ln B, ln E, alpha, beta; the lowest of L-BFGS-B from the 4,500
  starts of Hoffmann et al. (alpha, beta 0 .. 2 step .5; ln E -1 .. 1 step .5; ln A, ln B 0 .. 25 step 5), the best 40 polished by
  Nelder-Mead and BFGS in turn until nothing is gained.
- log-squares: half the sum of squares of ln L - ln y, by scipy.optimize.least_squares from the Huber optimum and 30 spread
  starts; standard errors s^2 (J^T J)^-1 of central differences, s^2 = SSE / (n - 5), 240 points.
optima: at each C the minimum over ln N of L(N, C / 6N) by scipy.optimize.minimize_scalar, not by the formula, for the 240
points' Huber law. `delta`: of the log-squares law, standard error and 95 % interval (t, n - 5) of each quantity, its
gradient by central differences; logarithmic (G, N, D, D/N, and L) intervals are exp of those of the logarithm.
coupled: the same optima for a law of Kaplan et al. 2020, eq. 1.5, with their parameters.

isoflop: np.polyfit (degree 2) of loss on ln N, and on ln D, for each budget; the interval of the vertex from the
covariance of the coefficients, SSE / (n - 3) (X^T X)^-1, with t of n - 3; scipy.stats.linregress of the ln of minima on
ln C with t intervals. Series: the two conditions of Llama 3 (budgets as named in the table), and the 240 points by
Hoffmann et al.'s nine budgets, runs within 10 % of one, the geometric mean of their C as C.

envelope: ten synthetic runs, N = 5e7 2^i, L = 1.8 + 480 N^-.35 + 2100 D^-.37 times exp(.003 z) at 40 computes log-spaced
over one and a half decades up to a last D of 60 N, z of default_rng(20221); np.interp over ln C at 300 values; np.polyfit over
those with two runs or more. frontier: the 240 points.
"""
import csv
import json
import platform
import sys

import numpy as np
import scipy
from scipy import optimize, stats

DELTA = 1e-3
K = 6.0
BUDGETS = [6e18, 1e19, 3e19, 6e19, 1e20, 3e20, 6e20, 1e21, 3e21]
COMPUTES = [1e18, 1e20, 5.76e23, 1e25]


def rho(r):
    a = np.abs(r)
    return np.where(a <= DELTA, r * r / 2, DELTA * (a - DELTA / 2))


def terms(th, ln_n, ln_d):
    """th = ln A, ln B, ln E, alpha, beta."""
    return np.array([th[0] - th[3] * ln_n, th[1] - th[4] * ln_d, np.full_like(ln_n, th[2])])


def huber(ln_n, ln_d, ln_y):
    def value(th):
        t = terms(th, ln_n, ln_d)
        top = t.max(axis=0)
        e = np.exp(t - top)
        s = e.sum(axis=0)
        r = top + np.log(s) - ln_y
        share = e / s
        psi = np.clip(r, -DELTA, DELTA)
        grad = np.array([psi @ share[0], psi @ share[1], psi @ share[2], -(psi * share[0]) @ ln_n, -(psi * share[1]) @ ln_d])
        return rho(r).sum(), grad
    return value


def fit_huber(n, d, y):
    f = huber(np.log(n), np.log(d), np.log(y))
    scaled = lambda th: tuple(v * 1e3 for v in f(th))
    ends = []
    for la in range(0, 30, 5):
        for lb in range(0, 30, 5):
            for le in np.arange(-1, 1.5, .5):
                for al in np.arange(0, 2.5, .5):
                    for be in np.arange(0, 2.5, .5):
                        got = optimize.minimize(scaled, [la, lb, le, al, be], jac=True, method="L-BFGS-B", options={"maxiter": 400})
                        ends.append((got.fun, got.x))
    ends.sort(key=lambda e: e[0])
    best = (np.inf, None)
    for _, x in ends[:40]:
        low = np.inf
        while True:
            x = optimize.minimize(lambda th: scaled(th)[0], x, method="Nelder-Mead",
                                  options={"xatol": 1e-11, "fatol": 1e-16, "maxiter": 8000, "maxfev": 8000}).x
            x = optimize.minimize(scaled, x, jac=True, method="BFGS", options={"gtol": 1e-14}).x
            value = f(x)[0]
            if not value < low * (1 - 1e-12):
                break
            low = value
        if value < best[0]:
            best = (value, x)
    return best


def named(th):
    return {"A": np.exp(th[0]), "B": np.exp(th[1]), "E": np.exp(th[2]), "alpha": th[3], "beta": th[4]}


def fit_squares(n, d, y, start):
    ln_n, ln_d, ln_y = np.log(n), np.log(d), np.log(y)
    residual = lambda th: np.log(np.exp(terms(th, ln_n, ln_d)).sum(axis=0)) - ln_y
    rng = np.random.default_rng(2024)
    best = None
    for i in range(31):
        x = start if i == 0 else start + rng.normal(size=5) * [2, 2, .3, .1, .1]
        got = optimize.least_squares(residual, x, xtol=1e-15, ftol=1e-15, gtol=1e-15, x_scale="jac", max_nfev=2000)
        if best is None or got.cost < best.cost:
            best = got
    return best.cost, best.x, residual


def central(f, x):
    out = []
    for j in range(len(x)):
        h = np.cbrt(np.finfo(float).eps) * max(abs(x[j]), .1)
        step = np.eye(len(x))[j] * h
        out.append((f(x + step) - f(x - step)) / (2 * h))
    return np.array(out).T


def quantities(th, c):
    """By the formula, for gradients; the values are compared with a minimisation below."""
    la, lb, le, al, be = th
    ln_g = (np.log(al / be) + la - lb) / (al + be)
    ln_n = ln_g + be / (al + be) * np.log(c / K)
    ln_d = -ln_g + al / (al + be) * np.log(c / K)
    loss = np.exp(terms(th, np.array([ln_n]), np.array([ln_d]))).sum()
    return np.array([be / (al + be), al / (al + be), ln_g, ln_n, ln_d, ln_d - ln_n, np.log(loss)])


QUANTITIES = ["a", "b", "G", "N", "D", "D/N", "L"]


def minimum(loss, c):
    got = optimize.minimize_scalar(lambda u: loss(np.exp(u), c / K / np.exp(u)), bracket=(np.log(1e8), np.log(1e10)), tol=1e-12)
    return {"c": c, "N": np.exp(got.x), "D": c / K / np.exp(got.x), "L": got.fun}


def vertex(x, y):
    u = np.log(x)
    m = u.mean()
    c = np.polyfit(u - m, y, 2)
    design = np.vander(u - m, 3)
    sse = ((y - design @ c) ** 2).sum()
    v = -c[1] / (2 * c[0])
    out = {"at": np.exp(m + v), "value": np.polyval(c, v), "convex": bool(c[0] > 0),
           "outside": bool(not x.min() <= np.exp(m + v) <= x.max())}
    if len(x) > 3:
        cov = sse / (len(x) - 3) * np.linalg.inv(design.T @ design)
        g = np.array([c[1] / (2 * c[0] ** 2), -1 / (2 * c[0]), 0])
        half = np.sqrt(g @ cov @ g) * stats.t.ppf(.975, len(x) - 3)
        out |= {"low": np.exp(m + v - half), "high": np.exp(m + v + half)}
    return out


def power(x, y):
    r = stats.linregress(np.log(x), np.log(y))
    t = stats.t.ppf(.975, len(x) - 2) if len(x) > 2 else np.nan
    return {"exponent": r.slope, "low": r.slope - t * r.stderr, "high": r.slope + t * r.stderr,
            "coefficient": np.exp(r.intercept), "coefficient_low": np.exp(r.intercept - t * r.intercept_stderr),
            "coefficient_high": np.exp(r.intercept + t * r.intercept_stderr), "r_squared": r.rvalue ** 2}


def profile(groups, runs):
    optima, left_out = [], []
    for c, index in groups:
        n, d, y = (runs[k][index] for k in "ndy")
        if min(len(set(n)), len(set(d))) < 3:
            left_out.append({"c": c, "reason": "too few"})
            continue
        of_n, of_d = vertex(n, y), vertex(d, y)
        if not (of_n["convex"] and of_d["convex"]):
            left_out.append({"c": c, "reason": "no minimum"})
            continue
        optima.append({"c": c, "runs": len(n), "n": of_n, "d": of_d})
    c = np.array([o["c"] for o in optima])
    return {"optima": optima, "left_out": left_out, "N": power(c, np.array([o["n"]["at"] for o in optima])),
            "D": power(c, np.array([o["d"]["at"] for o in optima]))}


def envelope():
    rng = np.random.default_rng(20221)
    curves = []
    for i in range(10):
        n = 5e7 * 2. ** i
        top = K * n * 60 * n
        c = np.geomspace(top / 10 ** 1.5, top, 40)
        d = c / (K * n)
        y = (1.8 + 480 * n ** -.35 + 2100 * d ** -.37) * np.exp(.003 * rng.normal(size=40))
        curves.append({"n": n, "c": c.tolist(), "y": y.tolist()})
    low, high = min(c["c"][0] for c in curves), max(c["c"][-1] for c in curves)
    grid = np.exp(np.linspace(np.log(low), np.log(high), 300))
    grid[0], grid[-1] = low, high
    at = np.array([np.interp(np.log(grid), np.log(c["c"]), c["y"], left=np.inf, right=np.inf) for c in curves])
    which, runs = at.argmin(axis=0), np.isfinite(at).sum(axis=0)
    n = np.array([c["n"] for c in curves])[which]
    d = grid / (K * n)
    has = runs > 1
    slope = lambda v: np.polyfit(np.log(grid[has]), np.log(v[has]), 1)[0]
    return {"curves": curves, "c": grid.tolist(), "l": at.min(axis=0).tolist(), "curve": which.tolist(), "runs": runs.tolist(),
            "a": slope(n), "b": slope(d)}


def frontier(runs):
    order = np.lexsort((runs["y"], runs["c"]))
    low, kept = np.inf, []
    for i in order:
        if runs["y"][i] < low:
            low = runs["y"][i]
            kept.append(int(i))
    return {"kept": kept, "N": power(runs["c"][kept], runs["n"][kept]), "D": power(runs["c"][kept], runs["c"][kept] / (K * runs["n"][kept]))}


def plain(v):
    if isinstance(v, dict):
        return {k: plain(x) for k, x in v.items()}
    if isinstance(v, (list, tuple)):
        return [plain(x) for x in v]
    if isinstance(v, (float, np.floating)):
        return float(v) if np.isfinite(v) else None
    return v


def main(facts, out):
    rows = list(csv.DictReader(open(f"{facts}/points.csv")))
    column = lambda name: np.array([float(r[name]) for r in rows])
    n, c, y = column("parameters"), column("training_flop"), column("loss")
    d = c / (K * n)
    assert np.allclose(d, column("tokens"), rtol=1e-12)
    dropped = np.array([r["dropped_by_besiroglu"] == "True" for r in rows])
    assert set(np.argsort(-y)[:5]) == set(np.flatnonzero(dropped))
    kept = ~dropped

    surfaces = []
    value, th = fit_huber(n[kept], d[kept], y[kept])
    surfaces.append({"points": 240, "loss": "huber:0.001", "objective": value, **named(th)})
    value_all, th_all = fit_huber(n, d, y)
    surfaces.append({"points": 245, "loss": "huber:0.001", "objective": value_all, **named(th_all)})

    cost, sq, residual = fit_squares(n[kept], d[kept], y[kept], th)
    jacobian = central(residual, sq)
    cov = 2 * cost / (240 - 5) * np.linalg.inv(jacobian.T @ jacobian)
    scale = np.array([np.exp(sq[0]), np.exp(sq[1]), np.exp(sq[2]), 1, 1])
    errors = np.sqrt(np.diag(cov)) * scale
    surfaces.append({"points": 240, "loss": "log-squares", "objective": cost, **named(sq),
                     "standard_errors": dict(zip(["A", "B", "E", "alpha", "beta"], errors))})
    t = stats.t.ppf(.975, 235)
    deltas = []
    for c_at in COMPUTES:
        q = quantities(sq, c_at)
        g = central(lambda x: quantities(x, c_at), sq)
        se = np.sqrt(np.diag(g @ cov @ g.T))
        for name, v, s in zip(QUANTITIES, q, se):
            if name in "ab":
                deltas.append({"c": c_at, "quantity": name, "value": v, "standard_error": s, "low": v - t * s, "high": v + t * s})
            else:
                deltas.append({"c": c_at, "quantity": name, "value": np.exp(v), "standard_error": s * np.exp(v),
                               "low": np.exp(v - t * s), "high": np.exp(v + t * s)})
    p = named(th)
    loss = lambda n, d: p["E"] + p["A"] * n ** -p["alpha"] + p["B"] * d ** -p["beta"]
    kaplan = {"ln_Nc": np.log(6.4e13), "alpha_N": .076, "ln_Dc": np.log(1.8e13), "alpha_D": .103}
    coupled = lambda n, d: (np.exp(kaplan["alpha_N"] / kaplan["alpha_D"] * (kaplan["ln_Nc"] - np.log(n)))
                            + np.exp(kaplan["ln_Dc"] - np.log(d))) ** kaplan["alpha_D"]

    isoflop = []
    rows = list(csv.DictReader(open(f"{facts}/llama3_isoflops.csv")))
    for condition in ["raw_loss", "exp_loss"]:
        mine = [r for r in rows if r["condition"] == condition]
        runs = {"c": np.array([float(r["budget_flop"]) for r in mine]), "n": np.array([float(r["parameters"]) for r in mine]),
                "d": np.array([float(r["tokens"]) for r in mine]), "y": np.array([float(r["loss"]) for r in mine])}
        groups = [(b, np.flatnonzero(runs["c"] == b)) for b in sorted(set(runs["c"]))]
        isoflop.append({"series": f"llama3 {condition}", "runs": {k: v.tolist() for k, v in runs.items()}, **profile(groups, runs)})
    runs = {"c": c[kept], "n": n[kept], "d": d[kept], "y": y[kept]}
    near = [np.flatnonzero(np.abs(np.log(runs["c"] / b)) <= np.log(1.1)) for b in BUDGETS]
    groups = [(np.exp(np.log(runs["c"][i]).mean()), i) for i in near]
    isoflop.append({"series": "chinchilla", "named": BUDGETS, "tolerance": .1, "in_a_budget": sum(len(i) for i in near), **profile(groups, runs)})

    json.dump(plain({
        "software": {"scipy": scipy.__version__, "numpy": np.__version__, "python": platform.python_version()},
        "chinchilla": {"n": n.tolist(), "c": c.tolist(), "d": d.tolist(), "y": y.tolist(), "dropped": dropped.tolist()},
        "surfaces": surfaces, "optima": [minimum(loss, c) for c in COMPUTES], "delta": deltas,
        "coupled": {"parameters": kaplan, "optima": [minimum(coupled, c) for c in COMPUTES]},
        "isoflop": isoflop, "envelope": envelope(), "frontier": frontier(runs),
    }), open(out, "w"))


if __name__ == "__main__":
    main(*sys.argv[1:])
