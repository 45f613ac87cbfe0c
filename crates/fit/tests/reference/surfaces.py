#!/usr/bin/env python3
"""Two-variable laws of model size and samples seen: surfaces.py DATA_DIR OUT.json

Points: rows of DATA_DIR/comparison/sweep.csv with dataset imagenet1k, metric acc1, schedule cosine, pretrain datacomp_1b,
family clip (and again mammut), architecture not ending "-alt", 1e6 <= compute <= 1e12, samples_seen <= 1e10, in file
order. N = mparams of architectures.csv by family and architecture (millions of parameters), D = samples_seen / 1e6,
error = 1 - value in double precision, not rounded again. OPENBLAS_NUM_THREADS=1.
Because E = 0 is the optimum on both families, a third set "synthetic" has the N and D of clip and
y = (.15 + 8 N^-.8 + 1.1 D^-.3) exp(.02 z), z normal of default_rng(20240614).

Laws (parameters in this order)
- additive (E, A, alpha, B, beta): E + A N^-alpha + B D^-beta, all >= 0
- coupled (ln_Nc, alpha_N, ln_Dc, alpha_D), Kaplan et al. 2020, eq. 1.5: ((Nc/N)^(alpha_N/alpha_D) + Dc/D)^alpha_D,
  alpha_N >= 0, alpha_D > 0; Nc and Dc are in the units of N and D (millions)
Losses: squares, log-squares, huber:0.001 as in losses.py; the objective is the sum of rho.

Search, polish, the two looks for anything lower and the meaning of objective, on_bound, starts, starts_reaching,
stiffness, inside, standard_errors and standard_errors_free are those of losses.py (the functions are shared).
Additive: A = 0 (alpha null) and B = 0 (beta null) are pieces of their own, left when their best of 200 starts is above
the optimum with both terms. aicc and bic as there, not for huber.
separable: additive with squares again another way, asserted equal: for given alpha, beta the best E, A, B by nnls;
alpha, beta by Nelder-Mead and then BFGS from the best 20 cells of a 40 x 40 grid over .01 .. 5, logarithmic.
"""
import json
import sys
import time

import numpy as np
import pandas as pd
import scipy
from scipy.optimize import minimize, nnls

import common
import losses

LOSSES = ["squares", "log-squares", "huber:0.001"]


class Additive:
    """[E], u, alpha, v, beta: E + exp(u - alpha (ln N - n0)) + exp(v - beta (ln D - d0)), n0, d0 means of the logs.

    `terms` are the variables that have a term: (0, 1), or one of them for A = 0 or B = 0.
    """
    names = ["E", "A", "alpha", "B", "beta"]

    def __init__(self, c, terms):
        self.terms = terms
        self.set(c)
        self.lo = np.array([0.] + [-np.inf, 0] * len(terms))
        self.hi = np.array([np.inf] + [np.inf, 60] * len(terms))

    def set(self, c):
        self.c, self.ln = c, np.log(c)
        self.middle = self.ln.mean(axis=1)

    def values(self, th, derivatives=True):
        n, p = self.c.shape[1], th.shape[1]
        f = np.repeat(th[:, :1], n, axis=1)
        g = np.zeros((len(th), n, p), th.dtype)
        h = np.zeros((len(th), n, p, p), th.dtype)
        g[..., 0] = 1
        for k, term in enumerate(self.terms):
            i = 1 + 2 * k
            length = self.ln[term] - self.middle[term]
            t = np.exp(th[:, i:i + 1] - th[:, i + 1:i + 2] * length)
            f = f + t
            g[..., i], g[..., i + 1] = t, -t * length
            h[..., i, i], h[..., i + 1, i + 1] = t, t * length ** 2
            h[..., i, i + 1] = h[..., i + 1, i] = -t * length
        return f, g, h

    def starts(self, y, count, rng):
        e = np.where(rng.uniform(size=count) < .2, 0, rng.uniform(0, .97, count) * y.min())
        columns = [e]
        share = rng.uniform(.05, .95, count) if len(self.terms) == 2 else np.ones(count)
        for s in (share, 1 - share)[:len(self.terms)]:
            columns += [np.log(s * (np.median(y) - e)) + rng.normal(0, .3, count),
                        np.exp(rng.uniform(np.log(.02), np.log(3), count))]
        return np.stack(columns, axis=1)

    def box(self, y):
        return [(0, y.max())] + [(-8, 1), (0, 4)] * len(self.terms)

    def coefficient(self, th, k):
        return np.exp(th[1 + 2 * k] + th[2 + 2 * k] * self.middle[self.terms[k]])

    def natural(self, th):
        out = [th[0]]
        for k in range(len(self.terms)):
            out += [self.coefficient(th, k), th[2 + 2 * k]]
        return out

    def natural_jacobian(self, th):
        columns = [np.ones(self.c.shape[1])]
        for k, term in enumerate(self.terms):
            power = np.exp(-th[2 + 2 * k] * self.ln[term])
            columns += [power, -self.coefficient(th, k) * power * self.ln[term]]
        return np.stack(columns, axis=1)

    def present(self):
        return [0] + [1 + 2 * term + i for term in self.terms for i in (0, 1)]


class Coupled:
    """a, alpha_N, q, alpha_D: exp(s ln(exp(P/s) + exp(Q/s))), P = a - alpha_N (ln N - n0), Q = q - s (ln D - d0), s = alpha_D."""
    names = ["ln_Nc", "alpha_N", "ln_Dc", "alpha_D"]

    def __init__(self, c):
        self.set(c)
        self.lo, self.hi = np.array([-np.inf, 0, -np.inf, 1e-4]), np.array([np.inf, 60, np.inf, 60])

    set = Additive.set

    def parts(self, th):
        ln, ld = self.ln - self.middle[:, None]
        s = th[:, 3:]
        big_p, big_q = th[:, :1] - th[:, 1:2] * ln, th[:, 2:3] - s * ld
        delta = (big_p - big_q) / s
        w = np.exp(-np.logaddexp(0, -delta))
        length = s * np.logaddexp(big_p / s, big_q / s)
        entropy = (length - w * big_p - (1 - w) * big_q) / s  # d length / d s at fixed P, Q
        return ln, ld, s, delta, w, length, entropy

    def values(self, th, derivatives=True):
        ln, ld, s, delta, w, length, entropy = self.parts(th)
        f = np.exp(length)
        if not derivatives:
            return f, None, None
        zero, one = np.zeros_like(w), np.ones_like(w)
        dp = np.stack([one, -ln * one, zero, zero], axis=-1)
        dq = np.stack([zero, zero, one, -ld * one], axis=-1)
        ds = np.zeros_like(dp)
        ds[..., 3] = 1
        dl = w[..., None] * dp + (1 - w)[..., None] * dq + entropy[..., None] * ds
        # second derivatives of length in (P, Q, s): w(1-w)/s times the square of dP - dQ - delta ds, plus d2Q terms (0)
        v = dp - dq - delta[..., None] * ds
        d2l = (w * (1 - w) / s)[..., None, None] * v[..., :, None] * v[..., None, :]
        return f, f[..., None] * dl, f[..., None, None] * (dl[..., :, None] * dl[..., None, :] + d2l)

    def starts(self, y, count, rng):
        alpha = np.exp(rng.uniform(np.log(.02), np.log(2), (2, count)))
        share = rng.uniform(.05, .95, count)
        middle = np.median(y) ** (1 / alpha[1]) * np.exp(rng.normal(0, .3, count) / alpha[1])
        return np.stack([alpha[1] * np.log(share * middle), alpha[0], alpha[1] * np.log((1 - share) * middle), alpha[1]], 1)

    def box(self, y):
        return [(-12, 1), (0, 3), (-12, 1), (.01, 3)]

    def natural(self, th):
        return [self.middle[0] + th[0] / th[1], th[1], self.middle[1] + th[2] / th[3], th[3]]

    def natural_jacobian(self, th):
        _, _, s, _, w, length, entropy = (v[0] if np.ndim(v) == 2 else v for v in self.parts(th[None]))
        ln_nc, alpha_n, ln_dc, alpha_d = self.natural(th)
        rows = [w * alpha_n, w * (ln_nc - self.ln[0]), (1 - w) * alpha_d, entropy + (1 - w) * (ln_dc - self.ln[1])]
        return np.exp(length)[:, None] * np.stack(rows, axis=1)

    def present(self):
        return [0, 1, 2, 3]


def check_derivatives(piece, y):
    th = piece.starts(y, 3, np.random.default_rng(0))
    loss = common.Loss("squares")
    _, g, h, _ = common.local_model(piece, loss, y, th)
    for j in range(th.shape[1]):
        step = np.zeros(th.shape[1])
        step[j] = 1e-6
        up, down = (common.local_model(piece, loss, y, th + s * step) for s in (1, -1))
        assert np.max(np.abs((up[0] - down[0]) / 2e-6 - g[:, j])) < 1e-6 * np.abs(g).max()
        assert np.max(np.abs((up[1] - down[1]) / 2e-6 - h[:, j])) < 1e-6 * np.abs(h).max()
    # natural Jacobian: f itself must follow when the natural parameters move
    t = th[0]
    j = piece.natural_jacobian(t)
    moved = np.stack([(np.array(piece.natural(t + d)) - np.array(piece.natural(t - d))) / 2e-6
                      for d in 1e-6 * np.eye(len(t))], axis=1)
    assert np.allclose(j @ moved, piece.values(t[None])[1][0], rtol=1e-6, atol=1e-7)


def separable(c, y):
    def sse(v):
        if max(v) > 3:
            return 1e9
        t = np.stack([np.ones(c.shape[1]), (c[0] / c[0].mean()) ** -np.exp(v[0]), (c[1] / c[1].mean()) ** -np.exp(v[1])], 1)
        return nnls(t, y)[1] ** 2
    axis = np.linspace(np.log(.01), np.log(5), 40)
    grid = sorted((sse((a, b)), a, b) for a in axis for b in axis)[:20]
    best = None
    for _, a, b in grid:
        r = minimize(sse, (a, b), method="Nelder-Mead", options={"xatol": 1e-10, "fatol": 1e-18, "maxiter": 4000})
        if best is None or r.fun < best.fun:
            best = r
    r = minimize(sse, best.x, method="BFGS", options={"gtol": 1e-13})
    best = r if r.fun < best.fun else best
    return best.fun, np.exp(best.x)


def case(pieces, loss, c, y, warm, rng):
    found = []
    for k, piece in enumerate(pieces):
        quick = common.minimise(piece, loss, y, piece.starts(y, 200, np.random.default_rng(k)))[1].min()
        if found and quick > found[0][1][1] * (1 + 1e-9):
            continue
        found.append((piece, losses.search(piece, loss, y, warm.setdefault(k, []), rng, piece.box(y))))
        warm[k].append(found[-1][1][0])
    piece, (th, total, free, stiffness, starts, reaching) = min(
        reversed(found), key=lambda v: v[1][1] * (1 + 1e-12 * (v[0] is pieces[0])))
    for j in range(len(th)):
        if free[j] and (piece.hi[j] - th[j] < 1e-6 or piece.lo[j] > -1 and th[j] - piece.lo[j] < 1e-6):
            print("NEAR AN EDGE", loss.name, th)
    names, present = piece.names, piece.present()
    value = dict(zip([names[i] for i in present], map(float, piece.natural(th))))
    on_bound = [n for n in names if n not in value or not free[[names[i] for i in present].index(n)]]
    free_names = [n for n in names if n not in on_bound]
    out = {"objective": total, "parameters": {n: value.get(n, 0. if n in "AB" else None) for n in names},
           "on_bound": on_bound, "starts": starts, "starts_reaching": reaching, "stiffness": stiffness}
    f = piece.values(th[None])[0][0]
    r, r1, _ = loss.pieces(y, f)
    rho, psi, psi1 = loss.rho(r)
    assert abs(rho.sum() - total) < 1e-9 * total
    j = np.zeros((len(y), len(names)))
    j[:, present] = -r1[:, None] * piece.natural_jacobian(th)
    full = np.sqrt(np.diag(common.covariance(j, psi, psi1)))
    out["standard_errors"] = {n: float(s) if n in free_names else None for n, s in zip(names, full)}
    part = np.sqrt(np.diag(common.covariance(j[:, [names.index(n) for n in free_names]], psi, psi1)))
    out["standard_errors_free"] = {n: float(part[free_names.index(n)]) if n in free_names else None for n in names}
    if loss.kind == "huber":
        out["inside"] = int(np.sum(np.abs(r) <= loss.number))
    else:
        n, k, sse = len(y), len(names) + 1, 2 * total
        out["aicc"] = n * np.log(sse / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        out["bic"] = n * np.log(sse / n) + k * np.log(n)
    return out


def points(data, family):
    sweep, architectures = (pd.read_csv(f"{data}/comparison/{n}.csv") for n in ("sweep", "architectures"))
    r = sweep[(sweep.dataset == "imagenet1k") & (sweep.metric == "acc1") & (sweep.schedule == "cosine")
              & (sweep.pretrain == "datacomp_1b") & (sweep.family == family) & ~sweep.architecture.str.endswith("-alt")
              & (sweep.compute >= 1e6) & (sweep.compute <= 1e12) & (sweep.samples_seen <= 1e10)]
    size = {(a.family, a.architecture): float(a.mparams) for a in architectures.itertuples()}
    n = np.array([size[family, a] for a in r.architecture])
    return np.stack([n, r.samples_seen.to_numpy(float) / 1e6]), 1 - r.value.to_numpy(float)


def main():
    data, path = sys.argv[1:3]
    out = {"software": {"scipy": scipy.__version__, "numpy": np.__version__, "python": sys.version.split()[0]},
           "data": {}, "cases": []}
    for number, family in enumerate(("clip", "mammut", "synthetic")):
        c, y = points(data, "clip" if family == "synthetic" else family)
        if family == "synthetic":
            z = np.random.default_rng(20240614).standard_normal(len(y))
            y = (.15 + 8 * c[0] ** -.8 + 1.1 * c[1] ** -.3) * np.exp(.02 * z)
        out["data"][family] = {"n": c[0].tolist(), "d": c[1].tolist(), "y": y.tolist()}
        for law in ("additive", "coupled"):
            pieces = [Additive(c, (0, 1)), Additive(c, (1,)), Additive(c, (0,))] if law == "additive" else [Coupled(c)]
            warm, began = {}, time.process_time()
            for piece in pieces:
                check_derivatives(piece, y)
            for k, name in enumerate(LOSSES):
                rng = np.random.default_rng([number, len(law), k])
                found = case(pieces, common.Loss(name), c, y, warm, rng)
                if law == "additive" and name == "squares":
                    sse, (alpha, beta) = separable(c, y)
                    print("separable", sse / 2, "own", found["objective"], alpha, beta)
                    assert abs(sse / 2 / found["objective"] - 1) < 1e-9
                    found["separable"] = {"objective": sse / 2, "alpha": float(alpha), "beta": float(beta)}
                out["cases"].append({"data": family, "law": law, "loss": name, **found})
                print(family, law, name, found, flush=True)
            print(round(time.process_time() - began, 1), "cpu s", flush=True)
    with open(path, "w") as stream:
        json.dump(out, stream, allow_nan=False)


if __name__ == "__main__":
    main()
