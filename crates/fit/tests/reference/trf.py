#!/usr/bin/env python3
"""Single runs of SciPy's bounded trust-region-reflective least squares: trf.py REFERENCE_DIR OUT.json

REFERENCE_DIR/scipy_fits.json gives the data. Every run is
    least_squares(lambda p: f(x, *p) - y, p0, jac='2-point', bounds=(lb, ub), method='trf', max_nfev=...)
with SciPy's defaults otherwise (ftol = xtol = gtol = 1e-8, x_scale 1, tr_solver exact), which is what
curve_fit(f, x, y, p0, bounds=..., max_nfev=...) runs. The script asserts that curve_fit's popt and pcov are equal,
bit for bit. OPENBLAS_NUM_THREADS=1; numpy's `**` for the power.

Stored
- data: {id: {x, y}} once per data set.
- cases: id, form, data, p0, lb, ub (null is infinite), max_nfev, popt, cost (half the sum of squares), nfev, njev,
  status, optimality, pcov (null: not finite), steps and nudged. `nfev` does not count the differences for the
  Jacobian, as SciPy does. p0 is as given: least_squares itself moves a start on a bound (or within 1e-10 max(1, |bound|) of it) inwards.
- steps: how many trial steps (accepted or not) select_step returned of each kind: `inside` (the trust-region step
  stays within the bounds), `to_bound` (it is cut at theta of the way to the bound), `reflected`, `gradient` (the
  Cauchy step). Counted by watching scipy.optimize._lsq.trf.select_step without changing it.
- nudged: popt, cost and nfev of the same run after every y was moved to the neighbouring double, four times: up,
  down, up, ...; down, up, down, ...; all up; all down. What differs between the run and its nudged runs no other
  implementation can be asked to reproduce: some starts end elsewhere.
- trace (6 saturation cases and all generic ones): x and cost after each accepted step, the first 40, with nfev at that time; and
  trace_nudged, the same of the first nudged run.

Forms
- saturation: a*(x+b)**c + d, a, b, d in [0, inf), c in (-inf, 0]. Starts from the released grid a, b = 0, 5 .. 95,
  c = -.2, -.15, -.1, -.05, d = 0, .0005. 30 per data set: EDGES; up to 12 that end above the stored optimum
  (sum of squares > 1 + 1e-6 times it) out of 300 drawn without replacement (default_rng(20240611)), evenly spread
  over their final costs; the rest those of the 300 that reach it and lie farthest from the starts already
  taken (each of the four axes scaled to 0..1). `reaches_best` says which.
- saturation_without_d: a*(x+b)**c, the same bounds, its single released start [10, 10, -0.1].
- generic problems: formulas in GENERIC below; data made with default_rng(7) and stored.
max_nfev is 1000000 except for one generic case that is stopped by it (status 0).
Traces: for each of the first three data sets the first case of most steps among the reaching, and of the fewest.
"""
import itertools
import json
import sys
import warnings

import numpy as np
import scipy
from scipy.optimize import OptimizeWarning, curve_fit, least_squares
from scipy.optimize._lsq import trf as scipy_trf

DATA = [
    "figure_points/fig1_clip_mammut/datacomp_1b/cosine/clip/imagenet1k/acc1/as_given",
    "figure_points/fig1_clip_mammut/datacomp_1b/cosine/mammut/imagenet1k/acc1/as_given",
    "segmentation_runs/datacomp_1b/cosine/clip/ade20k/ade20k_miou/released",
    "segmentation_runs/datacomp_1b/cosine/mammut/ade20k/ade20k_miou/released",
    "best_of_sweep/datacomp_1b/cosine/clip/mscoco_captions/image_retrieval_recall@5/released",
]
GRID = list(itertools.product(range(0, 100, 5), range(0, 100, 5), (-.2, -.15, -.1, -.05), (0., .0005)))
EDGES = [(0, 0, -.1, 0.), (0, 50, -.2, .0005), (50, 0, -.05, 0.), (95, 95, -.2, .0005), (0, 95, -.05, 0.),
         (95, 0, -.15, .0005), (5, 5, -.05, .0005), (0, 0, -.2, .0005)]
INF = np.inf


def saturation(x, a, b, c, d):
    return a * (x + b) ** c + d


def saturation_without_d(x, a, b, c):
    return a * (x + b) ** c


def decay(x, a, b):
    return a * np.exp(-b * x)


def decay_with_floor(x, a, b, c):
    return a * np.exp(-b * x) + c


def line(x, a, b):
    return a + b * x


def parabola(x, a, b, c):
    return a + b * x + c * x * x


def michaelis(x, v, k):
    return v * x / (k + x)


def gauss_peak(x, h, m, s):
    return h * np.exp(-((x - m) / s) ** 2 / 2)


def rosenbrock(x, a, b):
    """Two residuals, y = 0: 10 (b - a^2) and 1 - a (x = 0, 1 tells which)."""
    return np.where(x == 0, 10 * (b - a * a), 1 - a)


FORMS = {f.__name__: f for f in (saturation, saturation_without_d, decay, decay_with_floor, line, parabola, michaelis,
                                 gauss_peak, rosenbrock)}
# name, form, x, true parameters of the data, noise, p0, lb, ub, max_nfev
T = np.linspace(0, 4, 15)
GENERIC = [
    ("optimum inside a finite box", "decay", T, (2.5, 1.3), .05, (1., 1.), (0, 0), (10, 10), 1000000),
    ("one parameter on its upper bound", "decay", T, (2.5, 1.3), .05, (1., .5), (0, 0), (10, 1.), 1000000),
    ("both parameters on bounds", "decay", T, (2.5, 1.3), .05, (1., .5), (0, 0), (2., 1.), 1000000),
    ("one-sided bounds, floor on its bound", "decay_with_floor", T, (3., .9, -.1), .05, (1., 1., 1.), (0, 0, 0), (INF, INF, INF), 1000000),
    ("one-sided bounds, optimum inside", "decay_with_floor", T, (3., .9, .4), .05, (10., 5., 3.), (0, 0, 0), (INF, INF, INF), 1000000),
    ("two of three on bounds", "decay_with_floor", T, (3., 1.5, -.2), .05, (1., .5, .5), (0, 0, 0), (INF, 1.2, 1.), 1000000),
    ("linear, minimum outside through a bound", "line", T, (1., -.5), .1, (4., 3.), (0, 0), (INF, INF), 1000000),
    ("quadratic, mixed bounds", "parabola", T - 2, (.5, -1., .8), .1, (.1, .1, .1), (-INF, -.6, 0), (INF, INF, .7), 1000000),
    ("start on both bounds (gets nowhere)", "michaelis", np.linspace(.2, 6, 12), (2., 1.1), .03, (0., 0.), (0, 0), (INF, INF), 1000000),
    ("start on one bound", "michaelis", np.linspace(.2, 6, 12), (2., 1.1), .03, (0., .5), (0, 0), (INF, INF), 1000000),
    ("peak, start far off in a finite box", "gauss_peak", np.linspace(-3, 5, 25), (2., 1.2, .7), .05, (.5, 3.5, 2.5), (.1, -3, .1), (5., 4., 3.), 1000000),
    ("Rosenbrock, minimum outside the box", "rosenbrock", np.array([0., 1.]), None, 0, (-1.5, 2.), (-2, .3), (.7, 3.), 1000000),
    ("Rosenbrock, stopped by max_nfev", "rosenbrock", np.array([0., 1.]), None, 0, (-1.9, 2.), (-2, -1.5), (2, 3.), 6),
]

kinds = {}
select_step = scipy_trf.select_step


def watched_select_step(x, J_h, diag_h, g_h, p, p_h, d, Delta, lb, ub, theta):
    inside = scipy_trf.in_bounds(x + p, lb, ub)
    full = p_h.copy()
    step, step_h, value = select_step(x, J_h, diag_h, g_h, p, p_h, d, Delta, lb, ub, theta)

    def parallel(v):
        return np.allclose(step_h / np.linalg.norm(step_h), v / np.linalg.norm(v), rtol=1e-10, atol=1e-12)

    # the step cut at the bound keeps p's direction and is p itself, in place; the reflected one is a new array
    kind = "inside" if inside else "to_bound" if step is p else "gradient" if parallel(-g_h) and not parallel(full) \
        else "reflected"
    kinds[kind] = kinds.get(kind, 0) + 1
    return step, step_h, value


scipy_trf.select_step = watched_select_step


def finite(v):
    return [finite(u) for u in v] if np.ndim(v) else (float(v) if np.isfinite(v) else None)


def minimise(f, x, y, p0, lb, ub, max_nfev, trace=None):
    def record(intermediate_result):
        if not trace or trace[-1]["cost"] != intermediate_result["cost"]:
            trace.append({"x": intermediate_result.x.tolist(), "cost": float(intermediate_result["cost"]),
                          "nfev": int(intermediate_result.nfev)})
    kinds.clear()
    return least_squares(lambda p: f(x, *p) - y, np.asarray(p0, float), jac="2-point", bounds=(lb, ub), method="trf",
                         max_nfev=max_nfev, callback=None if trace is None else record)


def nudge(y, how):
    odd = np.arange(len(y)) % 2 == 1
    up = {0: ~odd, 1: odd, 2: odd | True, 3: odd & False}[how]
    return np.nextafter(y, np.where(up, np.inf, -np.inf))


def covariance(jac, cost):
    """curve_fit's, with absolute_sigma False."""
    m, n = jac.shape
    _, s, vt = scipy.linalg.svd(jac, full_matrices=False)
    s = s[s > np.finfo(float).eps * max(m, n) * s[0]]
    vt = vt[:s.size]
    return np.dot(vt.T / s ** 2, vt) * (2 * cost / (m - n)) if m > n else np.full((n, n), np.inf)


def case(name, form, data_id, x, y, p0, lb, ub, max_nfev=1000000):
    f = FORMS[form]
    r = minimise(f, x, y, p0, lb, ub, max_nfev)
    steps = dict(sorted(kinds.items()))
    cov = covariance(r.jac, r.cost)
    if r.status > 0:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", OptimizeWarning)
            popt, pcov = curve_fit(f, x, y, p0=p0, bounds=(lb, ub), max_nfev=max_nfev)
        assert np.array_equal(popt, r.x) and np.array_equal(pcov, cov), name
    nudged = [minimise(f, x, nudge(y, how), p0, lb, ub, max_nfev) for how in range(4)]
    return {"id": name, "form": form, "data": data_id, "p0": finite(p0), "lb": finite(lb), "ub": finite(ub),
            "max_nfev": max_nfev, "popt": r.x.tolist(), "cost": float(r.cost), "nfev": int(r.nfev),
            "njev": int(r.njev), "status": int(r.status), "optimality": float(r.optimality), "pcov": finite(cov),
            "steps": steps, "nudged": [{"popt": u.x.tolist(), "cost": float(u.cost), "nfev": int(u.nfev)} for u in nudged]}


def add_traces(c, x, y, lb, ub):
    for key, ys in (("trace", y), ("trace_nudged", nudge(y, 0))):
        c[key] = []
        minimise(FORMS[c["form"]], x, ys, c["p0"], lb, ub, c["max_nfev"], c[key])
        c[key] = c[key][:40]


def choose_starts(x, y, lb, ub, best_sse):
    drawn = [GRID[i] for i in np.random.default_rng(20240611).choice(len(GRID), 300, replace=False)]
    drawn = [s for s in drawn if s not in EDGES]
    sse = np.array([2 * minimise(saturation, x, y, s, lb, ub, 1000000).cost for s in drawn])
    failed = [i for i in np.argsort(sse, kind="stable") if sse[i] > best_sse * (1 + 1e-6)]
    print(len(failed), "of", len(drawn), "end above the best", flush=True)
    if len(failed) > 12:
        failed = [failed[i] for i in np.linspace(0, len(failed) - 1, 12).round().astype(int)]
    chosen = EDGES + [drawn[i] for i in failed]
    unit = np.array([95, 95, .15, .0005])
    while len(chosen) < 30:
        reaching = [s for i, s in enumerate(drawn) if sse[i] <= best_sse * (1 + 1e-6) and s not in chosen]
        gap = [min(np.linalg.norm((np.array(s) - t) / unit) for t in chosen) for s in reaching]
        chosen.append(reaching[int(np.argmax(gap))])
    return chosen


def main():
    reference, path = sys.argv[1:3]
    np.seterr(all="ignore")
    fits = {f["id"]: f for f in json.load(open(f"{reference}/scipy_fits.json"))["fits"]}
    data, cases = {}, []
    lb, ub = [0, 0, -INF, 0], [INF, INF, 0, INF]
    for number, data_id in enumerate(DATA):
        fit = fits[data_id]
        x, y = np.array(fit["x"]), np.array(fit["y"])
        data[data_id] = {"x": fit["x"], "y": fit["y"]}
        best_sse = fit["mse"] * len(x)
        own = []
        for i, p0 in enumerate(choose_starts(x, y, lb, ub, best_sse)):
            c = case(f"saturation {number}.{i}", "saturation", data_id, x, y, p0, lb, ub)
            c["reaches_best"] = bool(2 * c["cost"] <= best_sse * (1 + 1e-6))
            own.append(c)
        if number < 3:
            reaching = [c for c in own if c["reaches_best"]]
            for c in (max(reaching, key=lambda c: c["nfev"]), min(reaching, key=lambda c: c["nfev"])):
                add_traces(c, x, y, lb, ub)
        cases += own
        cases.append(case(f"without d {number}", "saturation_without_d", data_id, x, y, [10, 10, -.1], lb[:3], ub[:3]))
    rng = np.random.default_rng(7)
    for name, form, x, truth, noise, p0, low, high, max_nfev in GENERIC:
        y = np.zeros(len(x)) if truth is None else FORMS[form](x, *truth) + noise * rng.standard_normal(len(x))
        data[name] = {"x": x.tolist(), "y": y.tolist()}
        cases.append(case(name, form, name, x, y, p0, list(low), list(high), max_nfev))
        add_traces(cases[-1], x, y, list(low), list(high))
    with open(path, "w") as out:
        json.dump({"software": {"scipy": scipy.__version__, "numpy": np.__version__, "python": sys.version.split()[0]},
                   "data": data, "cases": cases}, out, allow_nan=False)


if __name__ == "__main__":
    main()
