//! Clipping and dashing in pixels.

pub(super) type PixelPoint = (f64, f64);

/// The part of a segment inside `(left, top, right, bottom)` (Liang–Barsky).
pub(super) fn clip(
    a: PixelPoint,
    b: PixelPoint,
    (l, t, r, bt): (f64, f64, f64, f64),
) -> Option<(PixelPoint, PixelPoint)> {
    let (dx, dy) = (b.0 - a.0, b.1 - a.1);
    let (mut enter, mut leave) = (0.0f64, 1.0f64);
    for (p, q) in [
        (-dx, a.0 - l),
        (dx, r - a.0),
        (-dy, a.1 - t),
        (dy, bt - a.1),
    ] {
        if p == 0.0 {
            if q < 0.0 {
                return None;
            }
        } else if p < 0.0 {
            enter = enter.max(q / p);
        } else {
            leave = leave.min(q / p);
        }
    }
    let at = |s: f64| (a.0 + s * dx, a.1 + s * dy);
    (enter <= leave).then(|| (at(enter), at(leave)))
}

/// Cuts a segment by a dash pattern `(on, off)`, continuing at `phase` pixels.
pub(super) fn dash(
    a: PixelPoint,
    b: PixelPoint,
    (on, off): (f64, f64),
    phase: &mut f64,
) -> Vec<(PixelPoint, PixelPoint)> {
    let length = (b.0 - a.0).hypot(b.1 - a.1);
    let at = |s: f64| {
        (
            a.0 + (b.0 - a.0) * s / length,
            a.1 + (b.1 - a.1) * s / length,
        )
    };
    let (mut cuts, mut s) = (vec![], -*phase);
    while s < length {
        let (from, to) = (s.max(0.0), (s + on).min(length));
        if from < to {
            cuts.push((at(from), at(to)));
        }
        s += on + off;
    }
    *phase = (*phase + length) % (on + off);
    cuts
}

/// The part of a polygon inside `(left, top, right, bottom)`, side after side.
pub(super) fn clip_ring(
    ring: Vec<PixelPoint>,
    (l, t, r, b): (f64, f64, f64, f64),
) -> Vec<PixelPoint> {
    // How far inside each side a point lies.
    let sides: [&dyn Fn(PixelPoint) -> f64; 4] =
        [&|p| p.0 - l, &|p| r - p.0, &|p| p.1 - t, &|p| b - p.1];
    sides.into_iter().fold(ring, |ring, inside| {
        let mut kept = Vec::with_capacity(ring.len() + 2);
        for (i, &q) in ring.iter().enumerate() {
            let p = ring[(i + ring.len() - 1) % ring.len()];
            let (dp, dq) = (inside(p), inside(q));
            if (dp < 0.0) != (dq < 0.0) {
                let s = dp / (dp - dq);
                kept.push((p.0 + s * (q.0 - p.0), p.1 + s * (q.1 - p.1)));
            }
            if dq >= 0.0 {
                kept.push(q);
            }
        }
        kept
    })
}
