#!/usr/bin/env python3
"""SciPy reference values for the comparison study's released analysis.

    scipy_fits.py FACTS_DIR OUT.json [--until HH:MM] [--frontiers-only]

Writes OUT.json (a list under "fits", rewritten after every fit; fits that OUT.json already has are
kept and not repeated, so the script can be stopped and started again) and, beside it,
frontiers.json. An independent reimplementation from the words of FACTS_DIR/README.md, not from the
released code. --until stops before that time of day (UTC); a fit cut short is not stored.
Run with OPENBLAS_NUM_THREADS=1; one fit is about a minute of one core.

Law: error = A*(C+B)^(-alpha) + E, C in forward GFLOPs, least squares on the error.

Decisions that the README leaves open
- Selection. `compute >= 1e6` and `samples <= 1e10` are closed limits. `error >= 0.7 where compute >
  1e11` is applied to imagenet1k and mscoco_captions (both retrieval metrics) only.
- "compute <= 1e12" is read as a hold-out, not as a deletion: runs above it are counted as held out
  and enter neither the bin edges nor the frontier nor the fit. Selection comes first, then the
  hold-out, so a run dropped by the selection is not counted as held out.
- `alt` architectures ("not drawn") are dropped before the frontier. Only the const rows of
  best_of_sweep.csv have any.
- cosine, last epoch: best_of_sweep.csv has only last epochs (one row per model and samples seen), so
  there is nothing to apply. segmentation_runs.csv: epoch == total_epochs (true of every row).
- const: compute <= 2e11 is applied (a run above it is dropped, not held out). "epochs after warm-up"
  cannot be applied: best_of_sweep.csv has neither epoch nor warm-up, so const frontiers here may
  contain checkpoints still in warm-up and are not what the paper fitted.
- The error is 1 - value in double precision, not rounded again. best_of_sweep.csv has 3 decimals, so
  ties are decided at 3 decimals, and 1 - value can differ from the decimal by an ulp. Equal values
  give equal errors, so ties and the membership test stay exact.
- Frontier: n = floor(log2(Cmax/1500)) edges, numpy.geomspace(Cmin, Cmax, n), bins [edge_i, edge_i+1),
  so Cmax is in no bin. Of the points at Cmax the one of lowest error is the candidate that is
  appended if it is strictly below the last frontier error. An empty bin is skipped. If Cmax/1500 gave
  fewer than 2 edges there would be no bin (does not occur).
- "corrected" is that binned, strictly improving set P. "released" is every selected, kept point whose
  compute is in P's computes and whose error is in P's errors (the released mask's membership quirk),
  duplicates included: two runs with the same compute and the same error are both kept.
- Starts outside or on the bounds: A = 0, B = 0, E = 0 are passed as they are; curve_fit itself moves
  them strictly inside. Tolerances, Jacobian ('2-point'), x_scale and max_nfev are curve_fit's
  defaults. A start that raises (max_nfev) or ends in a non-finite error counts as not reaching the
  best. Best is the lowest squared error; of exactly equal ones the first start in the order A, B,
  -alpha, E (last varies fastest).
- starts_reaching_best: sum of squared errors <= best * (1 + 1e-6).
- pcov is curve_fit's own (absolute_sigma False), order A, B, -alpha, E. null where not finite.
- ln_B is null where B is 0.
- "pareto" series of figure_points.csv are fitted as given (frontier "as_given"); their "corrected"
  frontier is the set of strictly improving points in (compute, error) order, without bins.
"""
import itertools
import json
import os
import sys
import time
import warnings

import numpy as np
import pandas as pd
import scipy
from scipy.optimize import curve_fit

LAW = "A*(C+B)^(-alpha)+E"
HOLD_OUT_ABOVE = 1e12
PREDICT_AT = (2.14e12, 2.59e12)
STARTS = list(itertools.product(range(0, 100, 5), range(0, 100, 5),
                                (-0.2, -0.15, -0.1, -0.05), (0.0, 0.0005)))
BOUNDS = ([0, 0, -np.inf, 0], [np.inf, np.inf, 0, np.inf])
assert len(STARTS) == 3200


def law(c, a, b, minus_alpha, e):
    return a * (c + b) ** minus_alpha + e


def select(frame, schedule, dataset):
    """Rows of `frame` (compute, error, samples, architecture) that the released analysis would use."""
    keep = (frame.compute >= 1e6) & (frame.samples <= 1e10)
    keep &= ~frame.architecture.str.endswith("-alt")
    if dataset in ("imagenet1k", "mscoco_captions"):
        keep &= ~((frame.error >= 0.7) & (frame.compute > 1e11))
    if schedule == "const":
        keep &= frame.compute <= 2e11
    return frame[keep]


def binned_frontier(x, y):
    """Sorted x, y (by compute, then error) -> indices of the binned, strictly improving set P."""
    edges = np.geomspace(x[0], x[-1], int(np.floor(np.log2(x[-1] / 1500))))
    chosen = []
    for low, high in zip(edges[:-1], edges[1:]):
        inside = np.flatnonzero((x >= low) & (x < high))
        if len(inside):
            chosen.append(inside[np.argmin(y[inside])])  # first of equals: the smaller compute
    at_max = np.flatnonzero(x == x[-1])
    chosen.append(at_max[np.argmin(y[at_max])])
    kept, best = [], np.inf
    for i in chosen:
        if y[i] < best:
            kept.append(i)
            best = y[i]
    return np.array(kept)


def frontiers(frame):
    """Selected rows -> dict with kept and held-out counts and both frontiers."""
    held = frame[frame.compute > HOLD_OUT_ABOVE]
    rows = frame[frame.compute <= HOLD_OUT_ABOVE].sort_values(["compute", "error"], kind="stable")
    x, y = rows.compute.to_numpy(), rows.error.to_numpy()
    p = binned_frontier(x, y)
    mask = np.isin(x, x[p]) & np.isin(y, y[p])
    return {"kept": len(rows), "held_out": len(held), "edges": int(np.floor(np.log2(x[-1] / 1500))),
            "released": {"compute": x[mask].tolist(), "error": y[mask].tolist()},
            "corrected": {"compute": x[p].tolist(), "error": y[p].tolist()}}


def combinations(facts):
    """Every (id, table, pretrain, schedule, family, dataset, metric, selected frame) with a frontier."""
    seg = pd.read_csv(f"{facts}/comparison/segmentation_runs.csv")
    seg = seg[seg.epoch == seg.total_epochs]
    for family in ("clip", "mammut"):
        rows = seg[(seg.family == family) & seg.ade20k_miou.notna()]
        frame = pd.DataFrame({"compute": rows.compute_gflops.astype(float), "error": 1 - rows.ade20k_miou,
                              "samples": rows.samples_seen, "architecture": rows.architecture})
        yield dict(table="segmentation_runs.csv", pretrain="datacomp_1b", schedule="cosine",
                   family=family, dataset="ade20k", metric="ade20k_miou"), select(frame, "cosine", "ade20k")
    sweep = pd.read_csv(f"{facts}/comparison/best_of_sweep.csv")
    sets = [("imagenet1k", "acc1"), ("mscoco_captions", "image_retrieval_recall@5"),
            ("mscoco_captions", "text_retrieval_recall@5"), ("datacomp_classification", "acc1"),
            ("imagenet_distribution_shift", "acc1")]
    order = [("datacomp_1b", "cosine", "clip"), ("datacomp_1b", "cosine", "mammut"),
             ("relaion2b-en", "cosine", "clip"), ("relaion2b-en", "cosine", "mammut"),
             ("datacomp_1b", "cosine", "coca"), ("datacomp_1b", "cosine", "siglip"),
             ("datacomp_1b", "const", "clip"), ("datacomp_1b", "const", "mammut")]
    seen = 0
    for pretrain, schedule, family in order:
        for dataset, metric in sets:
            rows = sweep[(sweep.pretrain_dataset == pretrain) & (sweep.lr_schedule == schedule)
                         & (sweep.family == family) & (sweep.downstream_dataset == dataset)
                         & (sweep.metric == metric)]
            if not len(rows):
                continue
            seen += len(rows)
            frame = pd.DataFrame({"compute": rows.compute_gflops.astype(float), "error": 1 - rows.value,
                                  "samples": rows.samples_seen, "architecture": rows.architecture})
            yield dict(table="best_of_sweep.csv", pretrain=pretrain, schedule=schedule, family=family,
                       dataset=dataset, metric=metric), select(frame, schedule, dataset)
    assert seen == len(sweep), "a combination of best_of_sweep.csv was missed"
    for family in ("clip", "mammut"):  # raw runs: the one place where the released mask keeps more than P
        rows = seg[(seg.family == family) & seg.imagenet1k_acc1.notna()]
        frame = pd.DataFrame({"compute": rows.compute_gflops.astype(float), "error": 1 - rows.imagenet1k_acc1,
                              "samples": rows.samples_seen, "architecture": rows.architecture})
        yield dict(table="segmentation_runs.csv", pretrain="datacomp_1b", schedule="cosine", family=family,
                   dataset="imagenet1k", metric="imagenet1k_acc1"), select(frame, "cosine", "imagenet1k")


def identity(key, frontier):
    return "/".join([key["table"].removesuffix(".csv"), *([key["figure"]] if "figure" in key else []),
                     key["pretrain"], key["schedule"], key["family"], key["dataset"], key["metric"], frontier])


def improving(x, y):
    return np.flatnonzero(y < np.concatenate([[np.inf], np.minimum.accumulate(y)[:-1]]))


def figure_series(facts):
    points = pd.read_csv(f"{facts}/comparison/figure_points.csv")
    for figure, dataset in (("fig1_clip_mammut", "imagenet1k"), ("fig10_imagenet_r", "imagenet-r")):
        for family in ("clip", "mammut"):
            rows = points[(points.figure == figure) & (points.series == "pareto") & (points.family == family)
                          & (points.downstream_dataset == dataset)].sort_values(["compute_gflops", "error"])
            yield dict(table="figure_points.csv", figure=figure, pretrain="datacomp_1b", schedule="cosine",
                       family=family, dataset=dataset, metric="acc1"), \
                rows.compute_gflops.to_numpy(float), rows.error.to_numpy(float)


def queue(facts, all_frontiers):
    """The fits in order of priority: (key, frontier name, x, y)."""
    given = list(figure_series(facts))
    for key, x, y in given:
        yield key, "as_given", x, y
    later = []
    for key, x, y in given:
        i = improving(x, y)
        if len(i) < len(x):
            later.append((key, "corrected", x[i], y[i]))
    for key, found in all_frontiers:
        released, corrected = found["released"], found["corrected"]
        yield key, "released", np.array(released["compute"]), np.array(released["error"])
        if released != corrected:
            later.append((key, "corrected", np.array(corrected["compute"]), np.array(corrected["error"])))
    yield from later


def fit(x, y, until):
    """Best of 3,200 curve_fit starts; None when the time is up."""
    began = time.process_time()
    sums = np.full(len(STARTS), np.inf)
    best = None
    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        for i, start in enumerate(STARTS):
            if until and i % 50 == 0 and time.time() > until:
                return None
            try:
                popt, pcov = curve_fit(law, x, y, p0=start, bounds=BOUNDS)
            except (RuntimeError, ValueError):
                continue
            residual = law(x, *popt) - y
            sums[i] = residual @ residual
            if best is None or sums[i] < best[0]:
                best = (sums[i], popt, pcov, i)
    sse, popt, pcov, index = best
    a, b, minus_alpha, e = (float(v) for v in popt)
    return {"parameters": {"A": a, "B": b, "ln_B": float(np.log(b)) if b > 0 else None,
                           "alpha": -minus_alpha, "E": e},
            "mse": float(sse / len(x)),
            "pcov": [[float(v) if np.isfinite(v) else None for v in row] for row in pcov],
            "starts": len(STARTS),
            "starts_reaching_best": int(np.sum(sums <= sse * (1 + 1e-6))),
            "starts_failed": int(np.sum(~np.isfinite(sums))),
            "best_start": list(STARTS[index]),
            "cpu_seconds": round(time.process_time() - began, 2),
            "predictions": [{"compute_gflops": c, "error": float(law(c, *popt))} for c in PREDICT_AT]}


def write(path, value):
    with open(path + ".tmp", "w") as out:
        json.dump(value, out, indent=1, allow_nan=False)
        out.write("\n")
    os.replace(path + ".tmp", path)


def main():
    facts, path = sys.argv[1:3]
    until = None
    if "--until" in sys.argv:
        hour, minute = sys.argv[sys.argv.index("--until") + 1].split(":")
        now = time.gmtime()
        until = time.time() + (int(hour) - now.tm_hour) * 3600 + (int(minute) - now.tm_min) * 60 - now.tm_sec
    software = {"scipy": scipy.__version__, "numpy": np.__version__, "python": sys.version.split()[0]}
    all_frontiers = [(key, frontiers(frame)) for key, frame in combinations(facts)]
    write(os.path.join(os.path.dirname(os.path.abspath(path)), "frontiers.json"),
          {"software": software, "hold_out_above_gflops": HOLD_OUT_ABOVE,
           "frontiers": [{**key, **found} for key, found in all_frontiers]})
    if "--frontiers-only" in sys.argv:
        return
    fits = []
    if os.path.exists(path):
        with open(path) as stored:
            fits = json.load(stored)["fits"]
    done = {f["id"] for f in fits}
    for key, frontier, x, y in queue(facts, all_frontiers):
        name = identity(key, frontier)
        if name in done:
            continue
        result = fit(x, y, until)
        if result is None:
            print("time is up before", name)
            return
        fits.append({"id": name, **key, "frontier": frontier, "law": LAW,
                     "x": x.tolist(), "y": y.tolist(), **result})
        write(path, {"software": software, "law": LAW, "bounds": "A, B, E >= 0, -alpha <= 0", "fits": fits})
        p = result["parameters"]
        print(time.strftime("%H:%M:%S"), name, len(x), p["A"], p["ln_B"], p["alpha"], p["E"], result["mse"],
              result["starts_reaching_best"], result["cpu_seconds"], flush=True)


if __name__ == "__main__":
    main()
