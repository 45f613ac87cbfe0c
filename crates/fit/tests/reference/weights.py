"""weights.json: laws fitted to points with standard errors, by scipy.optimize.curve_fit.

python3 weights.py > weights.json
"""
import json

import numpy as np
from scipy.optimize import curve_fit

rng = np.random.default_rng(16)


def law(c, ln_a, alpha, e):
    return np.exp(ln_a) * c**-alpha + e


cases = []
for n, scale in [(8, "linear"), (20, "linear"), (12, "log"), (40, "log")]:
    x = np.logspace(8, 12, n)
    truth = (np.log(40.0), 0.22, 0.12)
    sigma = law(x, *truth) * 10 ** rng.uniform(-3, -1.3, n)
    y = law(x, *truth) + sigma * rng.standard_normal(n)
    if scale == "linear":
        p, cov = curve_fit(law, x, y, p0=truth, sigma=sigma, xtol=1e-15, ftol=1e-15, gtol=1e-15)
    else:
        p, cov = curve_fit(lambda c, *q: np.log(law(c, *q)), x, np.log(y), p0=truth, sigma=sigma / y,
                           xtol=1e-15, ftol=1e-15, gtol=1e-15)
    # The standard error of A to first order.
    errors = np.sqrt(np.diag(cov)) * np.array([np.exp(p[0]), 1, 1])
    cases.append({
        "scale": scale, "x": x.tolist(), "y": y.tolist(), "sigma": sigma.tolist(),
        "parameters": [float(np.exp(p[0])), float(p[1]), float(p[2])],
        "standard_errors": errors.tolist(),
    })
print(json.dumps(cases, indent=1))
