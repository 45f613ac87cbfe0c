#!/usr/bin/env python3
"""Global optimum of every law under every loss on eight data sets: losses.py REFERENCE_DIR OUT.json

Data: the five frontiers common.FRONTIERS of REFERENCE_DIR/scipy_fits.json and three synthetic sets
(common.synthetic). OPENBLAS_NUM_THREADS=1. Nothing is rounded.

Laws (parameters in this order; C > 0)
- saturation (A, ln_B, alpha, E): A (C+B)^-alpha + E       - shifted-power (A, ln_B, alpha): A (C+B)^-alpha
- offset-power (A, alpha, E): A C^-alpha + E               - power (beta, alpha): beta C^alpha, alpha of either sign
- logistic (U, ln_C50, k): 1 - U / (1 + exp(-k (ln C - ln_C50)))
A, B, alpha, E, beta, k >= 0 and 0 <= U <= 1.

Losses; the objective is the sum of rho(r_i)
- squares: r = y - f, rho = r^2/2                           - log-squares: r = ln y - ln f, rho = r^2/2
- huber:D: r = ln y - ln f, rho = r^2/2 where |r| <= D, else D (|r| - D/2)
- binomial:50000: r = sqrt(w) (y - f), w = n / max(y(1-y), 1/n), n = 50000, rho = r^2/2
- asymmetric:10: r = y - f, rho = r^2/2, ten times that where r < 0

Search. B = 0 is a piece of its own (the law without B). In each piece: 200 spread starts; for huber also 60 starts
taken down through D = 1, .3, .1, .03, .01, .003, .001 to the wanted D; the optima of the losses done before on the
same piece. Newton in long doubles at the end (common.polish). Then two things look for anything lower: 100 restarts
from the optimum moved by normal numbers of size 1e-4 to 1 in the working coordinates; SciPy's differential evolution
over a wide box, its last population minimised too. The script stops (assert) if either, polished, is lower by more
than 1e-11 relative.
B = 0 is taken where its objective is not above that of the piece with B > 0 by more than 1e-12 relative.

Stored per case
- objective; parameters (ln_B null where B = 0); on_bound: the names of parameters on a bound (B = 0 is "ln_B").
- starts, starts_reaching: of the 200 spread starts in the winning piece, how many end within 1e-9 relative.
- stiffness: smallest eigenvalue of the objective's Hessian over the free parameters at the optimum, in the working
  coordinates of common.py scaled to unit Jacobian columns; a small number means a flat optimum.
- huber: inside, the number of points with |r| <= D.
- standard_errors: statsmodels' RLM covariance H1 with scale 1 and the nonlinear Jacobian. psi = rho', psi' = rho'' at
  the residuals; J_ij = -d r_i / d theta_j in the order above with ln_B as the parameter (a column of zeros where
  B = 0); p = all parameters of the law, on bounds or not; m = mean(psi'); kappa = 1 + (p/n) var(psi') / m^2, population
  variance; cov = kappa^2 (sum(psi^2) / (n-p)) / m^2 pinv(J^T J), the columns of J scaled to unit length before the
  singular value decomposition and singular values below eps max(n, p) times the largest dropped. null on a bound.
- standard_errors_free: the same with the parameters on bounds taken as known: their columns left out, p the number of
  the others. Equal to standard_errors where no parameter is on a bound.
- aicc, bic for squares, log-squares and binomial: SSE = 2 objective, k = p + 1 with p all parameters of the law:
  aicc = n ln(SSE/n) + 2k + 2k(k+1)/(n-k-1), bic = n ln(SSE/n) + k ln n.
Checked against statsmodels (OLS, RLM with HuberT and the scale held at 1) for the power law in logs, and against
curve_fit's pcov and REFERENCE_DIR's own fits for the saturation law with squares: see check_*.
"""
import json
import sys
import time
import warnings

import numpy as np
import scipy
import statsmodels
import statsmodels.api as sm
from scipy.optimize import curve_fit, differential_evolution

import common

LOSSES = ["squares", "log-squares", "huber:0.01", "huber:0.001", "binomial:50000", "asymmetric:10"]
DESCENT = [1, .3, .1, .03, .01, .003, .001]


def wide_box(piece, y):
    if isinstance(piece, common.Logistic):
        return [(0, 1), (piece.lc.min() - 10, piece.lc.max() + 20), (0, 5)]
    low, high = piece.lc.min(), piece.lc.max()
    box = [(-4., 1.)] + ([(low - 9, high + 4)] if piece.with_b else [])
    return box + [(0, 4) if piece.sign < 0 else (-2, 2)] + ([(0, y.max())] if piece.with_e else [])


def search(piece, loss, y, warm, rng, box):
    """Lowest polished minimum of one piece: (theta, objective, free, stiffness, starts, reaching)."""
    th, total = common.minimise(piece, loss, y, piece.starts(y, 200, rng))
    spread = total
    if loss.kind == "huber":
        path = piece.starts(y, 60, rng)
        for d in DESCENT:
            if d >= loss.number:
                path, t = common.minimise(piece, common.Loss(f"huber:{d}"), y, path)
        th, total = np.vstack([th, path]), np.append(total, t)
    if len(warm):
        w, t = common.minimise(piece, loss, y, np.array(warm))
        th, total = np.vstack([th, w]), np.append(total, t)
    best = polished(piece, loss, y, th[np.argmin(total)])
    size = np.exp(rng.uniform(np.log(1e-4), 0, (100, 1)))
    moved, t1 = common.minimise(piece, loss, y, best[0] + size * rng.standard_normal((100, len(best[0]))))
    de = differential_evolution(lambda v: common.objective(piece, loss, y, v.T), box, popsize=20,
                                maxiter=150, tol=0, polish=False, vectorized=True, updating="deferred", rng=rng)
    evolved, t2 = common.minimise(piece, loss, y, de.population)
    for rest, t in ((moved, t1), (evolved, t2)):
        other = polished(piece, loss, y, rest[np.argmin(t)])
        assert other[1] >= best[1] * (1 - 1e-11), ("something lower", loss.name, best[1], other[1])
    return (*best, len(spread), int(np.sum(spread <= best[1] * (1 + 1e-9))))


def polished(piece, loss, y, th):
    th, total, free, step, stiffness = common.polish(piece, loss, y, th)
    assert step < 1e-13 * max(1, np.sqrt(float(total))), ("not converged", loss.name, step, total)
    return th.astype(float), float(total), free, stiffness


def solve(law, loss, c, y, warm, rng):
    found = []
    for piece, name in common.faces(law, c):
        found.append((piece, name, search(piece, loss, y, warm.setdefault(name, []), rng, wide_box(piece, y))))
        warm[name].append(found[-1][2][0])
    inside = found[0]
    zero_b = found[1] if len(found) > 1 else None
    chosen = zero_b if zero_b and zero_b[2][1] <= inside[2][1] * (1 + 1e-12) else inside
    piece, name, (th, total, free, stiffness, starts, reaching) = chosen
    for j in range(len(th)):
        if free[j] and piece.hi[j] - th[j] < 1e-6:
            print("AT THE END OF THE SEARCH BOX", law, loss.name, th)
    names = common.PARAMETERS[law]
    values = [float(v) for v in piece.natural(th)]
    free = [bool(v) for v in free]
    missing = names.index("ln_B") if name == "B=0" else None
    if missing is not None:
        values.insert(missing, None)
        free.insert(missing, False)
    return piece, th, {"objective": total, "parameters": dict(zip(names, values)),
                       "on_bound": [n for n, v in zip(names, free) if not v], "starts": starts,
                       "starts_reaching": reaching, "stiffness": stiffness}, missing, free


def jacobian(piece, loss, y, th, missing):
    f = piece.values(th[None], False)[0][0]
    r, r1, _ = loss.pieces(y, f)
    j = -r1[:, None] * piece.natural_jacobian(th)
    return r, (j if missing is None else np.insert(j, missing, 0, axis=1))


def case(law, loss, c, y, warm, rng):
    piece, th, out, missing, free = solve(law, loss, c, y, warm, rng)
    names = common.PARAMETERS[law]
    r, j = jacobian(piece, loss, y, th, missing)
    rho, psi, psi1 = loss.rho(r)
    assert abs(rho.sum() - out["objective"]) <= 1e-9 * out["objective"]
    full = np.sqrt(np.diag(common.covariance(j, psi, psi1)))
    out["standard_errors"] = {n: float(s) if ok and np.isfinite(s) else None for n, s, ok in zip(names, full, free)}
    part = iter(np.sqrt(np.diag(common.covariance(j[:, free], psi, psi1))))
    out["standard_errors_free"] = {n: float(next(part)) if ok else None for n, ok in zip(names, free)}
    if loss.kind == "huber":
        out["inside"] = int(np.sum(np.abs(r) <= loss.number))
    if loss.kind in ("squares", "log-squares", "binomial"):
        n, k, sse = len(c), len(names) + 1, 2 * out["objective"]
        out["aicc"] = n * np.log(sse / n) + 2 * k + 2 * k * (k + 1) / (n - k - 1)
        out["bic"] = n * np.log(sse / n) + k * np.log(n)
    return out


def close(a, b, tolerance):
    assert np.all(np.abs(np.array(a) - np.array(b)) <= tolerance * np.abs(b)), (a, b)


def check_statsmodels(cases, c, y):
    """Power law in logs: ln y = ln beta + alpha ln C."""
    x = sm.add_constant(np.log(c))
    for loss in ("log-squares", "huber:0.01", "huber:0.001"):
        own = cases[f"power/{loss}"]
        if loss == "log-squares":
            fit = sm.OLS(np.log(y), x).fit()
            objective = fit.ssr / 2
        else:
            d = float(loss.split(":")[1])
            model = sm.RLM(np.log(y), x, M=sm.robust.norms.HuberT(t=d))
            fit = model.fit(scale_est=lambda m, resid: 1., start_scale=1., update_scale=False, cov="H1", conv="coefs",
                            tol=1e-15, maxiter=200000)
            objective = model.M.rho(fit.resid).sum()
            assert fit.scale == 1
        beta, alpha = own["parameters"]["beta"], own["parameters"]["alpha"]
        se = own["standard_errors"]
        close(objective, own["objective"], 1e-10)
        close([np.log(beta), alpha], fit.params, 1e-7)
        close([se["beta"] / beta, se["alpha"]], fit.bse, 1e-7)
        print("statsmodels agrees:", loss, fit.params, fit.bse)


def check_curve_fit(cases, c, y, stored):
    own = cases["saturation/squares"]
    assert abs(2 * own["objective"] / len(c) / stored["mse"] - 1) < 1e-6
    p = own["parameters"]
    popt, pcov = curve_fit(lambda x, a, lnb, alpha, e: a * np.exp(-alpha * np.log(x + np.exp(lnb))) + e, c, y,
                           p0=list(p.values()), x_scale=np.abs(list(p.values())), method="trf", xtol=1e-15, ftol=1e-15)
    close(popt, list(p.values()), 1e-5)
    close(list(own["standard_errors"].values()), np.sqrt(np.diag(pcov)), 1e-4)


def main():
    reference, path = sys.argv[1:3]
    fits = {f["id"]: f for f in json.load(open(f"{reference}/scipy_fits.json"))["fits"]}
    sets = {i: (np.array(fits[i]["x"]), np.array(fits[i]["y"])) for i in common.FRONTIERS} | common.synthetic()
    out = {"software": {"scipy": scipy.__version__, "numpy": np.__version__, "statsmodels": statsmodels.__version__,
                        "python": sys.version.split()[0]},
           "data": {i: {"x": c.tolist(), "y": y.tolist()} for i, (c, y) in sets.items()}, "cases": []}
    for number, (i, (c, y)) in enumerate(sets.items()):
        began, cases = time.process_time(), {}
        for law in common.PARAMETERS:
            warm = {}
            for k, name in enumerate(LOSSES):
                rng = np.random.default_rng([number, len(law), k])
                found = case(law, common.Loss(name), c, y, warm, rng)
                cases[f"{law}/{name}"] = found
                out["cases"].append({"data": i, "law": law, "loss": name, **found})
        print(i, round(time.process_time() - began, 1), "cpu s", flush=True)
        if number == 0:
            check_statsmodels(cases, c, y)
        if i in fits:
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                check_curve_fit(cases, c, y, fits[i])
        with open(path, "w") as stream:
            json.dump(out, stream, allow_nan=False)


if __name__ == "__main__":
    main()
