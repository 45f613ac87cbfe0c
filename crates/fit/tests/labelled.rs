//! Vectors of several classes by a formula, which `reference/logistic.py` has too, so that nothing has to be stored.

/// What the formula makes.
pub(crate) struct Case {
    pub(crate) vectors: usize,
    pub(crate) width: usize,
    pub(crate) classes: usize,
    pub(crate) seed: u64,
    /// How far the classes' centres are from one another.
    pub(crate) separation: f64,
    /// How much smaller the last number of a vector is than the first, as a logarithm.
    pub(crate) decay: f64,
    /// Classes are equally frequent where it is 1.
    pub(crate) skew: f64,
    /// Whether vectors have length 1.
    pub(crate) unit: bool,
}

/// Rows of vectors, and their classes.
pub(crate) struct Made {
    pub(crate) vectors: Vec<f32>,
    pub(crate) labels: Vec<usize>,
}

impl Made {
    pub(crate) fn new(case: &Case) -> Made {
        let label = |i: usize| match i < 2 * case.classes {
            true => i % case.classes,
            false => {
                let drawn = uniform(case.seed, i as u64).powf(case.skew);
                (drawn * case.classes as f64) as usize
            }
        };
        let labels: Vec<usize> = (0..case.vectors).map(label).collect();
        let mut vectors = Vec::with_capacity(case.vectors * case.width);
        for (i, label) in labels.iter().enumerate() {
            let x = (0..case.width).map(|j| {
                let centre = noise(case.seed + 2, label * case.width + j);
                let mean = noise(case.seed + 1, j);
                let at = mean + case.separation * centre + noise(case.seed + 3, i * case.width + j);
                at * (-case.decay * j as f64 / case.width as f64).exp()
            });
            let x: Vec<f64> = x.collect();
            let length = match case.unit {
                true => x.iter().map(|x| x * x).sum::<f64>().sqrt(),
                false => 1.0,
            };
            vectors.extend(x.iter().map(|x| (x / length) as f32));
        }
        Made { vectors, labels }
    }
}

/// Uniform in [0, 1): splitmix64 of an index.
fn uniform(seed: u64, index: u64) -> f64 {
    let mut z = (index + 1).wrapping_mul(0x9E37_79B9_7F4A_7C15);
    z = z.wrapping_add(seed.wrapping_mul(0xBF58_476D_1CE4_E5B9));
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    ((z ^ (z >> 31)) >> 11) as f64 / (1u64 << 53) as f64
}

fn noise(seed: u64, index: usize) -> f64 {
    let four = (0..4).map(|i| uniform(seed, (4 * index + i) as u64));
    four.sum::<f64>() - 2.0
}
