//! What is timed, natively and in Chromium: the same work on the same points.

use refit::analysis::authors_optimiser::{found, search};
use refit_fit::bootstrap::{Bootstrap, Population};
use refit_fit::law::Law;
use refit_fit::profile::Profile;
use refit_fit::random::Random;
use refit_fit::{Fit, Loss, Points, Task, fit};

/// The law of CLIP in the comparison study's fig. 1.
const TRUTH: [f64; 4] = [57.862083, 18.391321, 0.226604, 0.111169];
const LAW: Law = Law::Saturation;

/// ADE20K of CLIP in the comparison study: the released frontier of its released runs, which the
/// peers fit too.
const ADE20K: &str = include_str!("../../crates/fit/tests/reference/ade20k_clip.csv");

/// One thing to time; running it gives something that must not be optimised away.
pub(crate) struct Work {
    pub name: String,
    pub run: Box<dyn Fn() -> f64>,
}

fn work(name: impl Into<String>, run: impl Fn() -> f64 + 'static) -> Work {
    Work {
        name: name.into(),
        run: Box::new(run),
    }
}

/// So many points of the law over the range of the data, with noise of the size that the
/// residuals of fig. 1 have.
fn synthetic(n: usize) -> (Vec<f64>, Vec<f64>) {
    let mut random = Random::new(1, 0);
    let x = (0..n).map(|i| 7e6 * (5e11_f64 / 7e6).powf(i as f64 / (n - 1) as f64));
    x.map(|x| (x, LAW.value(&TRUTH, x) + 0.0137 * random.normal()))
        .unzip()
}

fn ade20k() -> (Vec<f64>, Vec<f64>) {
    let rows = ADE20K.lines().skip(1);
    let number = |text: &str| text.parse::<f64>().expect("a number");
    rows.filter_map(|row| row.split_once(','))
        .map(|(x, y)| (number(x), number(y)))
        .unzip()
}

fn fitted((x, y): &(Vec<f64>, Vec<f64>)) -> Fit {
    fit(LAW, Loss::Squares, x, y).expect("these points have a law")
}

fn bootstrap(points: &(Vec<f64>, Vec<f64>), fit: &Fit) -> f64 {
    let population = Population::of_points(Points::new(points.0.clone(), points.1.clone()));
    let bootstrap = Bootstrap::new(fit, population, 1000, 1).finish();
    bootstrap.replicates().resamples.len() as f64
}

/// All of it; `slow` with what takes seconds.
pub(crate) fn all(slow: bool) -> Vec<Work> {
    let mut all = Vec::new();
    let points = ade20k();
    let law = fitted(&points);
    let (p, l) = (points.clone(), law.clone());
    all.push(work("fit/ade20k", move || fitted(&p).mse));
    all.push(work("bootstrap/ade20k", {
        let (p, l) = (points.clone(), l);
        move || bootstrap(&p, &l)
    }));
    if slow {
        let (x, y) = points.clone();
        all.push(work("released-search/ade20k", move || {
            let search = search(LAW, &x, &y).expect("a searched law").finish();
            found(&search).map_or(0.0, |r| r.mse)
        }));
    }
    all.push(work("profile/ade20k", move || {
        let profile = Profile::new(&law, &Points::new(points.0.clone(), points.1.clone()))
            .expect("least squares");
        profile.finish().intervals().len() as f64
    }));
    for n in [25, 250, 2500] {
        let points = synthetic(n);
        let law = fitted(&points);
        let p = points.clone();
        all.push(work(format!("fit/{n}"), move || fitted(&p).mse));
        if slow || n < 2500 {
            all.push(work(format!("bootstrap/{n}"), move || {
                bootstrap(&points, &law)
            }));
        }
    }
    all
}
