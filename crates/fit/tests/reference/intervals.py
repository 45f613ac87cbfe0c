#!/usr/bin/env python3
"""Intervals of the laws' parameters and of one prediction: intervals.py REFERENCE_DIR OUT.json

Data, laws, working coordinates and minimiser as in losses.py and common.py (the five frontiers and synthetic/25).
OPENBLAS_NUM_THREADS=1. Nothing is rounded. All intervals are 95 %. AT = 2.14e12 is the C of the prediction.

profiles: the set of theta_j where the minimum over the other parameters (within their bounds, B = 0 included) of
    SSE <= SSE_min (1 + F / (n - p)),   F the 0.95 quantile of F(1, n - p),  p all parameters of the law,
as in lmfit.conf_interval and R's profile.nls. saturation, offset-power, logistic with squares; power with log-squares;
saturation on synthetic/25 too. For ends that do not exist: shifted-power on the two ADE20K frontiers (B can be 0) and
saturation on FEW, the first 8 points of synthetic/12 (nearly all of them on the plateau).
- Each end is the first crossing of the limit going away from the optimum: found on a grid of offsets se * (.25, .5,
  ..., 8, then growing by 1.15) up to the end of the domain, then by brentq to about 1e-13 relative. At every value: 24 spread
  starts, the optimum, the solutions at the neighbouring values, and B = 0 as a piece of its own.
- Domain: A in ln A to +-300 around the optimum (ends stored as A), ln_B in common.py's range, alpha 0..60, E 0..
  max(y), U 0..1, ln_C50 +-60 beyond the data, k 0..60; power: ln beta and alpha without end. null: no crossing up to
  there (or the optimum itself lies there); sse_at_.._end_of_domain then stores the SSE there.
- returns: whether further out on the grid the profile comes below the limit again (only the connected set is stored).
- others_at_low, others_at_high: the other parameters at the ends (A not its log; ln_B null where B = 0).
- Checked: lmfit.conf_interval for saturation on the first frontier; the t interval for power; and every ln_B and alpha
  end of the saturation law by a separable fit (for given ln_B, alpha: A, E by nnls; the other by bounded search).

bootstrap: the saturation law with squares on BOOTSTRAP data; points (x, y) resampled in pairs, each resample refitted
globally (starts: the optimum, 4 spread ones, the best with E = 0, and B = 0 as a piece of its own with 3 starts; ln B,
alpha limited as in common.py). scipy.stats.bootstrap itself computes the ends, on the indices of the points:
    bootstrap((arange(n),), statistic, n_resamples=4000, vectorized=True, rng=default_rng(SEED), method=...).
Functionals: alpha and f(AT).
- ends: percentile, basic, BCa of the 4000 resamples of seed SEED.
- monte_carlo_error: of each of these ends, the standard deviation of the ends of 10 separate runs of 4000 (seeds SEED
  .. SEED + 9). monte_carlo_error_batches: as from the first 4000 alone, ten batches of 400, divided by sqrt(10).
- ends_40000: the ends of the 10 runs together; their Monte-Carlo error is about a third (1/sqrt(10)).
- estimate, jackknife (the functional without point i, i = 0 .. n-1), acceleration (BCa's), bias_correction (BCa's z0 of
  the 4000), standard_error (of the 4000), at_bound (of the 4000: how many have B = 0, E = 0, or lie at the upper end
  of alpha or ln B).

delta: f(AT) +- t_{.975}(n-p) sqrt(g^T cov g), cov = s^2 pinv(J^T J) (unit columns; losses.py), g the gradient of f(AT)
in the natural parameters; for the log-squares power law too f itself is taken symmetric. `full` counts all parameters,
`free` leaves out those on a bound (columns and p); the same where none is.
"""
import json
import sys
import time

import lmfit
import numpy as np
import scipy
from scipy import stats
from scipy.optimize import brentq, minimize_scalar, nnls

import common

AT = 2.14e12
SEED = 20240613
LAWS = [("saturation", "squares"), ("offset-power", "squares"), ("logistic", "squares"), ("power", "log-squares")]
BOOTSTRAP = [common.FRONTIERS[0], common.FRONTIERS[2], "synthetic/25"]
CLOSE = 1e-9
FEW = "synthetic/12, first 8"


def pieces(law, c, uncentred=False):
    if uncentred:
        return {"saturation": lambda: [common.Shifted(c, True, True, centred=False), common.Shifted(c, False, True, centred=False)],
                "shifted-power": lambda: [common.Shifted(c, True, False, centred=False), common.Shifted(c, False, False, centred=False)],
                "offset-power": lambda: [common.Shifted(c, False, True, centred=False)],
                "power": lambda: [common.Shifted(c, False, False, 1, centred=False)]}[law]()
    return [piece for piece, _ in common.faces(law, c)]


def optimum(law, loss, c, y):
    """(index of the piece, polished th, SSE, free)"""
    best = None
    for k, piece in enumerate(pieces(law, c)):
        th, total = common.minimise(piece, loss, y, piece.starts(y, 200, np.random.default_rng(k)))
        th, total, free, _, _ = common.polish(piece, loss, y, th[np.argmin(total)])
        total = float(total)
        if best is None or total <= best[2] / 2 * (1 + 1e-12):
            best = (k, th.astype(float), 2 * total, free)
    return best


def columns(law, name):
    """Column of parameter `name` in each piece's th (None: the piece does not have it)."""
    names = common.PARAMETERS[law]
    full = names.index(name)
    if law not in ("saturation", "shifted-power"):
        return [full]
    without = [n for n in names if n != "ln_B"]
    return [full, without.index(name) if name in without else None]


class Profile:
    """Minimum of SSE over the other parameters as a function of one."""

    def __init__(self, law, loss, c, y, name, best):
        self.law, self.loss, self.c, self.y, self.name = law, loss, c, y, name
        self.pieces = pieces(law, c, uncentred=name in ("A", "beta"))
        self.columns = columns(law, name)
        self.spread = []
        for k, piece in enumerate(self.pieces):
            th = piece.starts(y, 24, np.random.default_rng(100 + k))
            if k == best[0]:
                at = best[1].copy()
                if name in ("A", "beta"):
                    at[0] = pieces(law, c)[k].log_a(at)
                th = np.vstack([th, at])
            self.spread.append(th)

    def prepared(self, piece, column, th, v):
        """Starts th with the parameter put at v, keeping the curve near the data where that parameter is ln A."""
        th = th.copy()
        if column == 0 and isinstance(piece, common.Shifted):
            length = np.log(piece.c0 + (np.exp(th[:, 1]) if piece.with_b else 0))
            th[:, piece.ia] = np.maximum(th[:, piece.ia] + piece.sign * (th[:, 0] - v) / length, piece.lo[piece.ia])
        th[:, column] = v
        return th

    def at(self, values, warm=None):
        """SSE and the solutions {(value index): (piece, th)} at each of values; warm: solutions to start from, per value."""
        total, where = np.full(len(values), np.inf), [None] * len(values)
        for k, (piece, column) in enumerate(zip(self.pieces, self.columns)):
            if column is None:
                continue
            rows, owner = [], []
            for i, v in enumerate(values):
                starts = self.spread[k]
                for kind, th in (warm[i] if warm else []):
                    if kind == k:
                        starts = np.vstack([starts, th])
                rows.append(self.prepared(piece, column, starts, v))
                owner += [i] * len(starts)
            th, t = common.minimise(piece, self.loss, self.y, np.vstack(rows), fixed=(column,))
            for i, row, s in zip(owner, th, 2 * t):
                if s < total[i]:
                    total[i], where[i] = s, (k, row)
        return total, where

    def domain(self, v0):
        piece, column = self.pieces[0], self.columns[0]
        if self.name == "A":
            return v0 - 300, v0 + 300
        if self.name == "E":
            return 0., float(self.y.max())
        return piece.lo[column], piece.hi[column]

    def end(self, v0, se, sign, limit):
        low, high = self.domain(v0)
        edge = low if sign < 0 else high
        offsets = list(np.arange(1, 33) / 4)
        while offsets[-1] < 400:
            offsets.append(offsets[-1] * 1.15)
        grid = v0 + sign * se * np.array(offsets)
        grid = grid[(grid > low) & (grid < high)]
        if np.isfinite(edge) and edge != v0:
            if sign * (edge - (grid[-1] if len(grid) else v0)) > 0 and len(grid) and self.name != "E":
                grid = np.concatenate([grid, np.linspace(grid[-1], edge, 12)[1:-1]])
            grid = np.append(grid, edge)
        if not len(grid):
            return {"end": None, "at_end": self.at([v0])[0][0], "returns": False, "others": None}
        total, where = self.at(grid)
        for _ in range(2):
            around = [[where[j] for j in (i - 1, i + 1) if 0 <= j < len(grid) and where[j]] for i in range(len(grid))]
            total, where = self.at(grid, around)
        above = np.flatnonzero(total > limit)
        if not len(above):
            return {"end": None, "at_end": float(total[-1]), "returns": False, "others": self.others(where[-1], edge)}
        i = above[0]
        inner = grid[i - 1] if i else v0
        near = [w for w in (where[i - 1] if i else None, where[i]) if w]

        def excess(v):
            return self.at([v], [near])[0][0] / limit - 1
        low_excess = excess(inner)
        assert low_excess <= 0 < excess(grid[i])
        end = brentq(excess, inner, grid[i], xtol=1e-14 * max(abs(v0), se), rtol=1e-14)
        return {"end": float(end), "at_end": None, "returns": bool(np.any(total[i:] < limit)),
                "others": self.others(self.at([end], [near])[1][0], end)}

    def others(self, found, v):
        if found is None:
            return None
        k, th = found
        th = common.sharpen(self.pieces[k], self.loss, self.y, th[None], fixed=(self.columns[k],))[0]
        values = [float(u) if np.isfinite(u) else None for u in self.pieces[k].natural(th)]
        names = [n for n in common.PARAMETERS[self.law] if not (k == 1 and n == "ln_B")]
        out = dict(zip(names, values))
        return {n: out.get(n) for n in common.PARAMETERS[self.law] if n != self.name}


def separable(c, y, ln_b, alpha):
    """SSE of the saturation law for given ln_B and alpha, A and E by nnls."""
    t = np.exp(-alpha * (np.log(c + np.exp(ln_b)) - np.log(c.mean() + np.exp(ln_b))))
    return nnls(np.stack([t, np.ones_like(t)], 1), y)[1] ** 2


def check_separable(c, y, name, v, other, limit):
    if name == "ln_B":
        def f(a):
            return separable(c, y, v, a)
        low, high = other * .8, other * 1.25
    else:
        def f(b):
            return separable(c, y, b, v)
        low, high = other - 1, other + 1
    found = minimize_scalar(f, bounds=(low, high), method="bounded", options={"xatol": 1e-12}).fun
    assert abs(found / limit - 1) < CLOSE, (name, v, found, limit)


def profile_case(law, loss_name, c, y, best):
    loss = common.Loss(loss_name)
    n, p = len(c), len(common.PARAMETERS[law])
    k, th, sse, _ = best
    piece = pieces(law, c)[k]
    limit = sse * (1 + stats.f.ppf(.95, 1, n - p) / (n - p))
    natural = dict(zip([m for m in common.PARAMETERS[law] if not (k == 1 and m == "ln_B")], map(float, piece.natural(th))))
    se = dict(zip(natural, np.sqrt(np.diag(common.standard_errors(piece, loss, y, th)))))
    out = {"sse": sse, "limit": float(limit), "estimate": {m: natural.get(m) for m in common.PARAMETERS[law]}, "ends": {}}
    for name in common.PARAMETERS[law]:
        in_log = name in ("A", "beta")
        v0, s = (natural[name], se[name]) if name in natural else (pieces(law, c)[0].low_b, 1.)  # B = 0
        if in_log:
            v0, s = float(np.log(v0)), s / v0
        prof = Profile(law, loss, c, y, name, best)
        assert abs(prof.at([v0])[0][0] / sse - 1) < (1e-11 if name in natural else 1e-8)
        row = {}
        for side, sign in (("low", -1), ("high", 1)):
            found = prof.end(v0, s, sign, limit)
            if found["end"] is not None and law == "saturation" and name in ("ln_B", "alpha"):
                other = found["others"]["alpha" if name == "ln_B" else "ln_B"]
                if other is not None:
                    check_separable(c, y, name, found["end"], other, limit)
            row[side] = float(np.exp(found["end"])) if in_log and found["end"] is not None else found["end"]
            row[f"others_at_{side}"] = found["others"]
            if found["end"] is None:
                row[f"sse_at_{side}_end_of_domain"] = found["at_end"]
            row[f"returns_{side}"] = found["returns"]
        if law == "power":
            t = stats.t.ppf(.975, n - p)
            for side, sign in (("low", -1), ("high", 1)):
                exact = v0 + sign * t * s
                assert abs((np.exp(exact) if in_log else exact) / row[side] - 1) < CLOSE
        out["ends"][name] = row
    return out


def check_lmfit(c, y, found):
    def residual(p):
        p = p.valuesdict()
        return y - np.exp(p["lnA"] - p["alpha"] * np.log(c + np.exp(p["ln_B"]))) - p["E"]
    p = lmfit.Parameters()
    e = found["estimate"]
    for name, v in (("lnA", np.log(e["A"])), ("ln_B", e["ln_B"]), ("alpha", e["alpha"]), ("E", e["E"])):
        p.add(name, value=v)
    mini = lmfit.Minimizer(residual, p, nan_policy="omit")
    result = mini.minimize(method="leastsq", ftol=1e-15, xtol=1e-15)
    ci = lmfit.conf_interval(mini, result, sigmas=[.95], maxiter=500)
    for name, rows in ci.items():
        ends = found["ends"]["A" if name == "lnA" else name]
        for (prob, v), side in ((rows[0], "low"), (rows[-1], "high")):
            own = np.log(ends[side]) if name == "lnA" else ends[side]
            assert abs(v / own - 1) < 1e-6, (name, v, own)
    print("lmfit agrees")


class Refit:
    """alpha and f(AT) of the globally refitted saturation law, per row of point weights."""

    def __init__(self, c, y):
        self.c, self.y, self.loss = c, y, common.Loss("squares")
        self.inside, self.zero_b = pieces("saturation", c)
        k, self.best, self.sse, _ = optimum("saturation", self.loss, c, y)
        assert k == 0
        rng = np.random.default_rng(5)
        no_e = common.Shifted(c, True, False)
        th, t = common.minimise(no_e, self.loss, y, no_e.starts(y, 60, rng))
        th_b, t_b = common.minimise(self.zero_b, self.loss, y, self.zero_b.starts(y, 60, rng))
        self.starts = [self.best, np.append(th[np.argmin(t)], 0), *self.inside.starts(y, 4, rng)]
        self.starts_b = [th_b[np.argmin(t_b)], *self.zero_b.starts(y, 2, rng)]

    def one_piece(self, piece, starts, weights):
        rows = np.tile(np.array(starts), (len(weights), 1))
        th, t = common.minimise(piece, self.loss, self.y, rows, np.repeat(weights, len(starts), axis=0), iterations=200)
        t = t.reshape(len(weights), -1)
        i = t.argmin(axis=1)
        th = th.reshape(len(weights), len(starts), -1)[np.arange(len(weights)), i]
        return common.sharpen(piece, self.loss, self.y, th, weights), t.min(axis=1)

    def fits(self, weights):
        th, t = self.one_piece(self.inside, self.starts, weights)
        tb, ub = self.one_piece(self.zero_b, self.starts_b, weights)
        zero = ub <= t * (1 + 1e-12)
        both = np.where(zero[:, None], np.stack([tb[:, 0], np.full(len(tb), -np.inf), tb[:, 1], tb[:, 2]], axis=1), th)
        return both

    def __call__(self, indices):
        """indices (..., m) -> functionals (2, ...) and notes."""
        flat = indices.reshape(-1, indices.shape[-1])
        weights = np.zeros((len(flat), len(self.c)))
        np.add.at(weights, (np.arange(len(flat))[:, None], flat), 1)
        th = np.vstack([self.fits(weights[i:i + 500]) for i in range(0, len(flat), 500)])
        b = np.exp(th[:, 1])
        f = np.exp(th[:, 0] - th[:, 2] * (np.log(AT + b) - np.log(self.inside.c0 + b))) + th[:, 3]
        self.notes = {"B=0": int(np.sum(b == 0)), "E=0": int(np.sum(th[:, 3] == 0)),
                      "upper_alpha_or_ln_B": int(np.sum((th[:, 2] > 59.9) | (th[:, 1] > self.inside.high_b - .1)))}
        return np.stack([th[:, 2], f]).reshape(2, *indices.shape[:-1])


def ends_of(n, distribution, values, k, methods=("percentile", "basic", "BCa")):
    """scipy.stats.bootstrap's ends from a given bootstrap distribution; values(indices) -> functionals."""
    class Given:
        bootstrap_distribution = distribution
    out = {}
    for method in methods:
        r = stats.bootstrap((np.arange(n),), lambda i, axis=-1: values(i)[k], n_resamples=0, vectorized=True,
                            bootstrap_result=Given, method=method, confidence_level=.95)
        out[method] = [float(r.confidence_interval.low), float(r.confidence_interval.high)]
    return out


def bootstrap_case(c, y):
    n = len(c)
    refit = Refit(c, y)
    everything = np.arange(n)
    estimate = refit(everything[None])[:, 0]
    jackknife = refit(np.array([np.delete(everything, i) for i in range(n)]))
    known = {everything.tobytes(): estimate}

    def values(indices):
        """The functionals of the data and of its jackknife, which is all that BCa asks for again."""
        flat = indices.reshape(-1, indices.shape[-1])
        if flat.shape[1] == n:
            return np.repeat(known[flat[0].tobytes()][:, None], len(flat), 1).reshape(2, *indices.shape[:-1])
        left_out = [int(np.setdiff1d(everything, row)[0]) for row in flat]
        return jackknife[:, left_out].reshape(2, *indices.shape[:-1])

    runs = []
    for run in range(10):
        rng = np.random.default_rng(SEED + run)
        indices = rng.integers(0, n, (4000, n))
        runs.append(refit(indices))
        if run == 0:
            notes = refit.notes
            # the same resamples as scipy's: the first alpha percentile interval straight from it, 200 resamples
            seen = []
            stats.bootstrap((everything,), lambda i, axis=-1: seen.append(i) or i.mean(-1), n_resamples=4000,
                            vectorized=True, rng=np.random.default_rng(SEED), method="percentile")
            assert any(s.shape == indices.shape and np.array_equal(s, indices) for s in seen)
    out = {"functionals": {}, "at_bound": notes}
    for k, name in enumerate(("alpha", f"f({AT:g})")):
        main = runs[0][k]
        ends = ends_of(n, main, values, k)
        all_runs = [ends_of(n, r[k], values, k) for r in runs]
        batches = [ends_of(n, main[i:i + 400], values, k) for i in range(0, 4000, 400)]
        u = (n - 1) * (jackknife[k].mean() - jackknife[k])
        acceleration = (u ** 3).sum() / (u ** 2).sum() ** 1.5 / 6
        z0 = stats.norm.ppf(((main < estimate[k]).sum() + (main <= estimate[k]).sum()) / 8000)
        level = [stats.norm.cdf(z0 + (z0 + z) / (1 - acceleration * (z0 + z))) for z in stats.norm.ppf([.025, .975])]
        assert np.allclose(np.quantile(main, level), ends["BCa"], rtol=1e-12)
        out["functionals"][name] = {
            "estimate": float(estimate[k]), "standard_error": float(main.std(ddof=1)), "ends": ends,
            "monte_carlo_error": {m: np.std([r[m] for r in all_runs], axis=0, ddof=1).tolist() for m in ends},
            "monte_carlo_error_batches": {m: (np.std([r[m] for r in batches], axis=0, ddof=1) / np.sqrt(10)).tolist()
                                          for m in ends},
            "ends_40000": ends_of(n, np.concatenate([r[k] for r in runs]), values, k),
            "acceleration": float(acceleration), "bias_correction": float(z0), "jackknife": jackknife[k].tolist()}
    return out


def delta_case(law, loss_name, c, y, best):
    loss = common.Loss(loss_name)
    k, th, _, free = best
    piece, beyond = pieces(law, c)[k], pieces(law, c)[k]
    beyond.set(np.array([AT]))
    if isinstance(piece, common.Shifted):  # what belongs to the middle of the data stays there
        beyond.c0 = piece.c0
    f = float(beyond.values(th[None], False)[0][0][0])
    r, r1, _ = loss.pieces(y, piece.values(th[None], False)[0][0])
    j, g, free = -r1[:, None] * piece.natural_jacobian(th), beyond.natural_jacobian(th)[0], np.array(free)
    if len(th) < len(common.PARAMETERS[law]):  # B = 0: no change with ln B
        j, g, free = np.insert(j, 1, 0, axis=1), np.insert(g, 1, 0), np.insert(free, 1, False)
    out = {"f": f}
    for kind, keep in (("full", np.full(len(g), True)), ("free", free)):
        cov = common.covariance(j[:, keep], r, np.ones(len(c)))
        se = np.sqrt(g[keep] @ cov @ g[keep])
        half = stats.t.ppf(.975, len(c) - keep.sum()) * se
        out[kind] = {"low": float(f - half), "high": float(f + half), "standard_error": float(se)}
    return out


def main():
    reference, path = sys.argv[1:3]
    fits = {f["id"]: f for f in json.load(open(f"{reference}/scipy_fits.json"))["fits"]}
    sets = {i: (np.array(fits[i]["x"]), np.array(fits[i]["y"])) for i in common.FRONTIERS}
    sets["synthetic/25"] = common.synthetic()["synthetic/25"]
    sets[FEW] = tuple(v[:8] for v in common.synthetic()["synthetic/12"])
    out = {"software": {"scipy": scipy.__version__, "numpy": np.__version__, "lmfit": lmfit.__version__,
                        "python": sys.version.split()[0]},
           "data": {i: {"x": c.tolist(), "y": y.tolist()} for i, (c, y) in sets.items()},
           "profiles": [], "bootstrap": [], "delta": []}

    def write():
        with open(path, "w") as stream:
            json.dump(out, stream, allow_nan=False)

    for i, (c, y) in sets.items():
        began = time.process_time()
        for law, loss in LAWS + [("shifted-power", "squares")]:
            if i not in fits and law != "saturation" or law == "shifted-power" and "ade20k" not in i:
                continue
            best = optimum(law, common.Loss(loss), c, y)
            key = {"data": i, "law": law, "loss": loss}
            out["delta"].append({**key, **delta_case(law, loss, c, y, best)})
            out["profiles"].append({**key, **profile_case(law, loss, c, y, best)})
            if law == "saturation" and i == common.FRONTIERS[0]:
                check_lmfit(c, y, out["profiles"][-1])
        print(i, "profiles", round(time.process_time() - began, 1), "cpu s", flush=True)
        write()
    for i in BOOTSTRAP:
        began = time.process_time()
        out["bootstrap"].append({"data": i, "law": "saturation", "loss": "squares", "seed": SEED, "resamples": 4000,
                                 **bootstrap_case(*sets[i])})
        print(i, "bootstrap", round(time.process_time() - began, 1), "cpu s", flush=True)
        write()


if __name__ == "__main__":
    main()
