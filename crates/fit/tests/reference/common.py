"""Laws, losses and the minimiser that losses.py, intervals.py and surfaces.py share. Stores nothing.

Every law is minimised in working coordinates in which its terms have size one in the middle of the data (u is the log
of a term at the geometric mean of C; see each law), from many starts at once (axis 0 is the start), by Newton's method
with the exact Hessian: negative eigenvalues are turned round, a damping term makes every accepted step go down, bounds
are kept by projection. The best is then polished by Newton steps whose residuals and gradients are in 80-bit long
doubles, so parameters are good to about the last digit of a double.

B = 0 is not reachable through ln B and is fitted separately, as the same law without B.
"""
import numpy as np

LOW_B, HIGH_B = 25., 15.  # ln B runs from ln(min C) - LOW_B to ln(max C) + HIGH_B


class Shifted:
    """exp(u - alpha (ln(C+B) - ln(C0+B))) [+ E]: saturation, shifted-power, and with B = 0 offset-power and power.

    Working coordinates: u, [ln B], alpha, [E]. `sign` is -1 for laws in C^-alpha, +1 for the power law in C^alpha.
    """

    def __init__(self, c, with_b, with_e, sign=-1, centred=True):
        """Not centred: the first coordinate is ln A itself (ln(C0+B) left out); only intervals.py needs that."""
        self.with_b, self.with_e, self.sign, self.centred = with_b, with_e, sign, centred
        self.set(c)
        p = 2 + with_b + with_e
        self.lo, self.hi = np.full(p, -np.inf), np.full(p, np.inf)
        self.ia = 1 + with_b
        if sign < 0:
            self.lo[self.ia] = 0
        self.hi[self.ia] = 60
        if with_b:
            self.lo[1], self.hi[1] = self.low_b, self.high_b = np.log(c.min()) - LOW_B, np.log(c.max()) + HIGH_B
        if with_e:
            self.lo[-1] = 0

    def set(self, c):
        self.c, self.lc = c, np.log(c)
        self.c0 = np.exp(self.lc.mean())

    def values(self, th, derivatives=True):
        u, alpha = th[:, :1], th[:, self.ia:self.ia + 1]
        if self.with_b:
            b = np.exp(th[:, 1:2])
            length = np.log(self.c + b) - (np.log(self.c0 + b) if self.centred else 0)
        else:
            length = self.lc - (np.log(self.c0) if self.centred else 0)
        t = np.exp(u + self.sign * alpha * length)
        f = t + th[:, -1:] if self.with_e else t
        if not derivatives:
            return f, None, None
        n, p = t.shape[1], th.shape[1]
        dh = np.zeros((len(th), n, p), th.dtype)  # of h = ln t
        d2h = np.zeros((len(th), n, p, p), th.dtype)
        dh[..., 0] = 1
        dh[..., self.ia] = self.sign * length
        if self.with_b:
            s, s0 = b / (self.c + b), b / (self.c0 + b) if self.centred else 0
            dh[..., 1] = self.sign * alpha * (s - s0)
            d2h[..., 1, 1] = self.sign * alpha * (s * (1 - s) - s0 * (1 - s0))
            d2h[..., 1, self.ia] = d2h[..., self.ia, 1] = self.sign * (s - s0)
        g = t[..., None] * dh
        h = t[..., None, None] * (dh[..., :, None] * dh[..., None, :] + d2h)
        if self.with_e:
            g[..., -1] = 1
        return f, g, h

    def starts(self, y, count, rng):
        p = len(self.lo)
        th = np.zeros((count, p))
        low, high = np.log(self.c.min()), np.log(self.c.max())
        th[:, self.ia] = np.exp(rng.uniform(np.log(.02), np.log(3), count))
        if self.sign > 0:
            th[:, self.ia] *= np.where(rng.uniform(size=count) < .8, -1, 1)
        e = np.zeros(count)
        if self.with_b:
            th[:, 1] = rng.uniform(low - 7, high + 3, count)
        if self.with_e:
            e = th[:, -1] = np.where(rng.uniform(size=count) < .2, 0, rng.uniform(0, .97, count) * y.min())
        middle = np.exp(np.interp(np.log(self.c0), self.lc, np.log(y)))
        th[:, 0] = np.log(np.maximum(middle - e, .01 * middle)) + rng.normal(0, .3, count)
        if not self.centred:
            th[:, 0] -= self.sign * th[:, self.ia] * np.log(self.c0 + (np.exp(th[:, 1]) if self.with_b else 0))
        return th

    def log_a(self, th):
        if not self.centred:
            return th[0]
        shift = np.log(self.c0 + np.exp(th[1])) if self.with_b else np.log(self.c0)
        return th[0] - self.sign * th[self.ia] * shift

    def natural(self, th):
        """A or beta, [ln B], alpha, [E] of one set of working coordinates."""
        return [np.exp(self.log_a(th)), *th[1:]]

    def natural_jacobian(self, th):
        """n x p derivatives of f in the natural parameters."""
        ln_shifted = np.log(self.c + (np.exp(th[1]) if self.with_b else 0))
        t = np.exp(self.log_a(th) + self.sign * th[self.ia] * ln_shifted)
        columns = [np.exp(ln_shifted * self.sign * th[self.ia])]
        if self.with_b:
            columns.append(t * self.sign * th[1 + 1] * np.exp(th[1]) / (self.c + np.exp(th[1])))
        columns.append(t * self.sign * ln_shifted)
        if self.with_e:
            columns.append(np.ones_like(t))
        return np.stack(columns, axis=1)


class Logistic:
    """1 - U / (1 + exp(-k (ln C - ln_C50))). Working coordinates are the natural ones: U, ln_C50, k."""

    def __init__(self, c):
        self.set(c)
        self.lo, self.hi = np.array([0., self.lc.min() - 60, 0]), np.array([1., self.lc.max() + 60, 60])

    def set(self, c):
        self.c, self.lc = c, np.log(c)

    def values(self, th, derivatives=True):
        u, m, k = th[:, :1], th[:, 1:2], th[:, 2:]
        d = self.lc - m
        z = k * d
        away = np.exp(-np.abs(z)) / (1 + np.exp(-np.abs(z)))  # the smaller of s and 1 - s
        s = np.where(z > 0, 1 - away, away)
        rest = np.where(z > 0, away, 1 - away)
        f = (1 - u) + u * rest
        if not derivatives:
            return f, None, None
        s1 = s * rest
        s2 = s1 * (rest - s)
        g = np.stack([-s, u * s1 * k, -u * s1 * d], axis=-1)
        h = np.zeros((*s.shape, 3, 3), th.dtype)
        h[..., 0, 1] = h[..., 1, 0] = s1 * k
        h[..., 0, 2] = h[..., 2, 0] = -s1 * d
        h[..., 1, 1] = -u * s2 * k * k
        h[..., 1, 2] = h[..., 2, 1] = u * s1 + u * k * s2 * d
        h[..., 2, 2] = -u * s2 * d * d
        return f, g, h

    def starts(self, y, count, rng):
        return np.stack([rng.uniform(.2, 1, count), rng.uniform(self.lc.min() - 2, self.lc.max() + 5, count),
                         np.exp(rng.uniform(np.log(.03), np.log(3), count))], axis=1)

    def natural(self, th):
        return list(th)

    def natural_jacobian(self, th):
        return self.values(th[None])[1][0]


class Loss:
    """name, or name:number. pieces(y, f) -> r, dr/df, d2r/df2; rho(r) -> rho, psi, psi'."""

    def __init__(self, name):
        self.name = name
        self.kind, _, number = name.partition(":")
        self.number = float(number) if number else None
        self.in_logs = self.kind in ("log-squares", "huber")

    def pieces(self, y, f):
        if self.in_logs:
            with np.errstate(all="ignore"):
                return np.log(y) - np.log(f), -1 / f, 1 / (f * f)
        if self.kind == "binomial":
            n = self.number
            scale = np.sqrt(n / np.maximum(y * (1 - y), 1 / n))
        else:
            scale = np.ones_like(y)
        return scale * (y - f), -scale + 0 * f, 0 * f

    def rho(self, r):
        if self.kind == "huber":
            d = self.number
            inside = np.abs(r) <= d
            return (np.where(inside, r * r / 2, d * (np.abs(r) - d / 2)), np.where(inside, r, d * np.sign(r)),
                    inside.astype(r.dtype))
        if self.kind == "asymmetric":
            w = np.where(r < 0, self.number, 1).astype(r.dtype)
            return w * r * r / 2, w * r, w
        return r * r / 2, r, np.ones_like(r)


def objective(law, loss, y, th, weights=None):
    f, _, _ = law.values(th, False)
    r, _, _ = loss.pieces(y, f)
    rho = loss.rho(r)[0]
    total = (rho if weights is None else rho * weights).sum(axis=1)
    return np.where(np.isfinite(total), total, np.inf)


def local_model(law, loss, y, th, weights=None):
    """Objective, gradient, Hessian and the column lengths of the (weighted) Jacobian, per row of th."""
    with np.errstate(all="ignore"):
        f, g, h = law.values(th)
        r, r1, r2 = loss.pieces(y, f)
        rho, psi, psi1 = loss.rho(r)
        w = 1 if weights is None else weights
        total = (rho * w).sum(axis=1)
        a = psi * r1 * w
        grad = np.einsum("bn,bnj->bj", a, g)
        b = (psi1 * r1 * r1 + psi * r2) * w
        hess = np.einsum("bn,bnj,bnk->bjk", b, g, g) + np.einsum("bn,bnjk->bjk", a, h)
        length = np.sqrt(np.einsum("bn,bnj->bj", r1 * r1 * w, g * g))
    ok = np.isfinite(total) & np.isfinite(grad).all(1) & np.isfinite(hess).all((1, 2))
    return np.where(ok, total, np.inf), grad, hess, length


def minimise(law, loss, y, th, weights=None, fixed=(), iterations=400):
    """Local minima from each row of th. Returns th, objective. `fixed` columns stay."""
    th = np.clip(th, law.lo, law.hi)
    p = th.shape[1]
    total, grad, hess, length = local_model(law, loss, y, th, weights)
    damping = np.full(len(th), 1e-3)
    alive = np.isfinite(total)
    free_columns = np.array([j not in fixed for j in range(p)])
    for _ in range(iterations):
        i = np.flatnonzero(alive)
        if not len(i):
            break
        held = ((th[i] <= law.lo) & (grad[i] > 0)) | ((th[i] >= law.hi) & (grad[i] < 0)) | ~free_columns
        d = np.where(length[i] > 0, length[i], 1)
        g = np.where(held, 0, grad[i] / d)
        h = hess[i] / (d[:, :, None] * d[:, None, :])
        h = np.where(held[:, :, None] | held[:, None, :], np.eye(p), h)
        values, vectors = np.linalg.eigh(h)
        curve = np.maximum(np.abs(values), 1e-14) + damping[i, None]
        along = np.einsum("bjk,bj->bk", vectors, g)
        step = -np.einsum("bjk,bk->bj", vectors, along / curve) / d
        predicted = (along * along / curve).sum(axis=1)
        new = np.clip(th[i] + step, law.lo, law.hi)
        w = None if weights is None else weights[i]
        t2, g2, h2, l2 = local_model(law, loss, y, new, w)
        better = t2 < total[i]
        k = i[better]
        th[k], total[k], grad[k], hess[k], length[k] = new[better], t2[better], g2[better], h2[better], l2[better]
        damping[i] = np.where(better, np.maximum(damping[i] / 8, 1e-15), damping[i] * 6)
        # no digits left: the step cannot be seen in the objective, or no step of any length goes down
        alive[i] = ~((predicted < 1e-17 * np.abs(total[i])) | (damping[i] > 1e8) | (total[i] == 0))
    return th, total


def sharpen(law, loss, y, th, weights=None, fixed=()):
    """Three undamped Newton steps, each kept where it shrinks the gradient: the digits the objective cannot show."""
    free_columns = np.array([j not in fixed for j in range(th.shape[1])])

    def gradient(th):
        _, grad, hess, length = local_model(law, loss, y, th, weights)
        held = ((th <= law.lo) & (grad > 0)) | ((th >= law.hi) & (grad < 0)) | ~free_columns
        d = np.where(length > 0, length, 1)
        h = hess / (d[:, :, None] * d[:, None, :])
        return np.where(held, 0, grad / d), d, np.where(held[:, :, None] | held[:, None, :], np.eye(th.shape[1]), h)

    for _ in range(3):
        g, d, h = gradient(th)
        values, vectors = np.linalg.eigh(h)
        along = np.einsum("bjk,bj->bk", vectors, g) / np.where(values[:, :1] > 1e-12, values, np.inf)
        new = np.clip(th - np.einsum("bjk,bk->bj", vectors, along) / d, law.lo, law.hi)
        better = np.abs(gradient(new)[0]).max(axis=1) < np.abs(g).max(axis=1)
        th = np.where(better[:, None], new, th)
    return th


def polish(law, loss, y, th, fixed=()):
    """Newton with long double gradients from one th. Returns long double th, objective, free columns, worst scaled step."""
    c = law.c
    law.set(c.astype(np.longdouble))
    y = y.astype(np.longdouble)
    th = th.astype(np.longdouble)[None]
    try:
        last = np.inf
        for _ in range(40):
            total, grad, hess, length = local_model(law, loss, y, th)
            held = ((th <= law.lo) & (grad > 0)) | ((th >= law.hi) & (grad < 0))
            free = ~held[0] & np.array([j not in fixed for j in range(th.shape[1])])
            d = length[0][free].astype(float)
            h = hess[0].astype(float)[np.ix_(free, free)] / np.outer(d, d)
            step = -np.linalg.solve(h, (grad[0][free] / d).astype(float)) / d
            size = np.max(np.abs(step * d))
            new = th.copy()
            new[0, free] += step
            new = np.clip(new, law.lo, law.hi)
            if size >= last and last < 1e-12 * max(1., float(np.sqrt(total[0]))):
                break
            th, last = new, size
        total = local_model(law, loss, y, th)[0][0]
        smallest = np.linalg.eigvalsh(h).min() if len(h) else 1.
        return th[0], total, free, float(last), float(smallest)
    finally:
        law.set(c)


def standard_errors(law, loss, y, th, columns=None):
    """Formula H1 of statsmodels' RLM with scale 1 (see losses.py). Returns the covariance (pinv, unit columns)."""
    th = np.asarray(th, float)
    f = law.values(th[None], False)[0][0]
    r, r1, _ = loss.pieces(y, f)
    _, psi, psi1 = loss.rho(r)
    j = -r1[:, None] * law.natural_jacobian(th)
    if columns is not None:
        j = j[:, columns]
    return covariance(j, psi, psi1)


def covariance(j, psi, psi1):
    n, p = j.shape
    d = np.sqrt((j * j).sum(axis=0))
    d = np.where(d > 0, d, 1)
    _, s, vt = np.linalg.svd(j / d, full_matrices=False)
    keep = s > np.finfo(float).eps * max(n, p) * s[0]
    inverse = (vt[keep].T / s[keep] ** 2) @ vt[keep] / np.outer(d, d)
    m = psi1.mean()
    kappa = 1 + p / n * psi1.var() / m ** 2
    return kappa ** 2 * ((psi ** 2).sum() / (n - p)) / m ** 2 * inverse


def synthetic():
    """The three synthetic sets: {id: (C, y)}, default_rng(20240612), in the order n = 12, 25, 60.

    C = exp of sorted uniform numbers from ln 1e6 to ln 1e12; y = (60 (C + exp(18.4))^-.23 + .11) exp(.02 z), z normal.
    All y are below 1.
    """
    rng = np.random.default_rng(20240612)
    out = {}
    for n in (12, 25, 60):
        c = np.exp(np.sort(rng.uniform(np.log(1e6), np.log(1e12), n)))
        y = (60 * (c + np.exp(18.4)) ** -.23 + .11) * np.exp(.02 * rng.standard_normal(n))
        out[f"synthetic/{n}"] = (c, y)
    return out


FRONTIERS = [
    "figure_points/fig1_clip_mammut/datacomp_1b/cosine/clip/imagenet1k/acc1/as_given",
    "figure_points/fig1_clip_mammut/datacomp_1b/cosine/mammut/imagenet1k/acc1/as_given",
    "segmentation_runs/datacomp_1b/cosine/clip/ade20k/ade20k_miou/released",
    "segmentation_runs/datacomp_1b/cosine/mammut/ade20k/ade20k_miou/released",
    "best_of_sweep/datacomp_1b/cosine/clip/mscoco_captions/image_retrieval_recall@5/released",
]


def faces(law, c):
    """The pieces of a law's domain that are minimised separately: [(piece, name)]."""
    return {"saturation": lambda: [(Shifted(c, True, True), "inside"), (Shifted(c, False, True), "B=0")],
            "shifted-power": lambda: [(Shifted(c, True, False), "inside"), (Shifted(c, False, False), "B=0")],
            "offset-power": lambda: [(Shifted(c, False, True), "inside")],
            "power": lambda: [(Shifted(c, False, False, 1), "inside")],
            "logistic": lambda: [(Logistic(c), "inside")]}[law]()


PARAMETERS = {"saturation": ["A", "ln_B", "alpha", "E"], "shifted-power": ["A", "ln_B", "alpha"],
              "offset-power": ["A", "alpha", "E"], "power": ["beta", "alpha"], "logistic": ["U", "ln_C50", "k"]}
