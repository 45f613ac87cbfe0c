//! Methods: what is computed, in formulas, and where in the code.

use crate::page::list;
use crate::study::Study;
use crate::study::digest;
use crate::text::number;
use leptos::prelude::*;
use refit_fit::law::{Form, Law};

/// A heading, its paragraphs, and the file that does it.
type Part = (&'static str, &'static [&'static str], &'static str);

const PARTS: &[Part] = &[
    (
        "Selection",
        &[
            "A point is one evaluated run: its place on the axis, and its error, 1 − metric. Compute is the forward compute of one sample times the samples seen, in GFLOPs in the comparison study and in GMACs in openclip; the two are never mixed.",
            "The released scripts leave out of every view: compute below 10⁶, samples above 10¹⁰, architectures that end in “-alt”, runs above 10¹¹ GFLOPs on ImageNet-1k and MS-COCO with an error of 0.7 and more, and the part of constant-rate runs beyond 2 × 10¹¹ GFLOPs. So does this page. Runs above the threshold are held out; runs that you take out count as never measured.",
        ],
        "src/study/select.rs",
    ),
    (
        "Frontier",
        &[
            "Comparison study: n − 1 bins of log compute, n = ⌊log₂(C_max / 1500)⌋ edges; of each bin the lowest error; of these the strictly improving. As released, a point is kept when its compute and its error each occur among them, which lets one point through that does not belong; “corrected” asks for both together.",
            "openclip: LAION’s points in five equal bins of log compute, the lowest error of each at the bin’s centre; OpenAI’s three models as they are. Also: the Pareto set, and all points.",
        ],
        "src/study/frontier.rs",
    ),
    (
        "Fit",
        &[
            "Minimised is Σ w ρ(r) over the frontier, r the residual of the error or of its logarithm. For given B and α a law is linear in A and E, whose bounded optimum is in closed form; a grid over ln B and α finds every basin and Levenberg–Marquardt its bottom. Any other loss goes on from there by damped Newton steps with exact second derivatives, on every face of the bounds A, B, E ≥ 0; Huber’s corner is approached from a wide δ.",
            "“The released search” follows SciPy’s bounded trust-region method step for step from the study’s 3,200 starts.",
        ],
        "src/fit/search.rs, src/fit/problem.rs, src/fit/trf.rs",
    ),
    (
        "Standard errors and intervals",
        &[
            "Delta method: the covariance is s² (JᵀJ)⁻¹ with s² = SSE / (n − p), and for Huber’s loss the formula that statsmodels calls H1, which holds only where most points lie outside of the linear zone; the band at C is ± t₀.₉₇₅(n − p) √(gᵀ Σ g), g the law’s gradient. The released band has ln t with 296 degrees of freedom in place of t with n − p.",
            "Profile: where the lowest sum of squares at a fixed value of the parameter stays below SSE (1 + F₀.₉₅(1, n − p) / (n − p)). An end that reaches a bound, stays open or spans decades is said to be so.",
            "Bootstrap: frontier points are drawn with replacement, or runs with the frontier taken anew; percentile, basic or BCa ends, the acceleration from the jackknife. The seed stands in the link; failures are counted.",
        ],
        "src/fit/covariance.rs, src/fit/profile.rs, src/fit/bootstrap.rs",
    ),
    (
        "Which law",
        &[
            "Laws are ranked by their error on points held out: beyond a compute, a model at a time, or a scale at a time; beside it AICc and BIC of normal noise: n ln(SSE / n), up to a constant, plus 2k + 2k(k + 1) / (n − k − 1) or plus k ln n, k counting the noise’s variance.",
        ],
        "src/analysis/validation.rs",
    ),
    (
        "Two laws",
        &[
            "They cross where their difference changes sign over the range of the points and thirty times beyond; the interval is that of the same crossing over bootstrap resamples, and the share says how many have it. “Needs × times the compute” is the compute at which the second law reaches the error of the first.",
        ],
        "src/fit/compare.rs, src/analysis/comparison.rs",
    ),
    (
        "Parameters or samples",
        &[
            "D_opt(C): a straight line through log compute and log samples of the Pareto set, as the study draws it. Over parameters N and samples D: E + A N^−αN + B D^−αD (Hoffmann et al. 2022) or [(Nc / N)^(αN / αD) + Dc / D]^αD (Kaplan et al. 2020), fitted to all runs; the lowest error that a compute C buys is looked for along C = D times the cost of a sample, a power of N through the family’s architectures.",
        ],
        "src/analysis/surface.rs, src/analysis/samples.rs",
    ),
    (
        "Verdicts",
        &[
            "A number is reproduced where the recomputed one rounds to the printed one at the decimals that were printed; where the points were read back from a figure, within what their rounding leaves open. Nothing is tuned to a printed number.",
        ],
        "src/claim/",
    ),
];

#[component]
pub fn Methods() -> impl IntoView {
    let laws = Law::ALL.into_iter().map(|law| {
        let parameters: Vec<&str> = law.parameters().iter().map(|p| p.name).collect();
        let parameters = parameters.join(", ");
        view! {
            <tr>
                <th scope="row">{law.plain()}</th>
                <td>{parameters}</td>
            </tr>
        }
    });
    let parts = PARTS.iter().map(|(title, paragraphs, code)| {
        view! {
            <section>
                <h2>{*title}</h2>
                {list(paragraphs.iter().map(|text| view! { <p>{*text}</p> }))}
                <p class="aside">"In the code: " <code>{*code}</code></p>
            </section>
        }
    });
    let files = digest::files().map(|(file, sum)| {
        let path = format!("data/{file}");
        view! {
            <tr>
                <th scope="row">
                    <a href=path.clone()>{path.clone()}</a>
                </th>
                <td>
                    <code class="digest">{sum}</code>
                </td>
            </tr>
        }
    });
    let thresholds = Study::ALL.map(|study| {
        let held_out = study.authors_threshold().map_or("nothing".to_owned(), |t| {
            format!("runs above {} {}", number(t), study.compute_unit())
        });
        view! { <li>{study.id()} ": " {held_out}</li> }
    });
    view! {
        <main id="main" tabindex="-1" class="methods">
            <h1>"Methods"</h1>
            <p class="lead">"What this page computes, in formulas, and where in its code."</p>
            <section>
                <h2>"Laws"</h2>
                <div class="scroll" tabindex="0" role="group" aria-label="Laws">
                    <table class="numbers">
                        <thead>
                            <tr>
                                <th scope="col">"Law"</th>
                                <th scope="col">"Parameters, as the code names them"</th>
                            </tr>
                        </thead>
                        <tbody>{list(laws)}</tbody>
                    </table>
                </div>
                <p>"Held out as released:"</p>
                <ul>{list(thresholds)}</ul>
                <p class="aside">"In the code: " <code>"src/law/"</code></p>
            </section>
            {list(parts)}
            <section>
                <h2>"The data, to the bit"</h2>
                <p>
                    "The browser compares every file with its SHA-256 as it arrives and refuses another. Columns, units and sources are in "
                    <a href="data/README.md">"data/README.md"</a> "."
                </p>
                <div class="scroll" tabindex="0" role="group" aria-label="Data files">
                    <table class="numbers">
                        <thead>
                            <tr>
                                <th scope="col">"File"</th>
                                <th scope="col">"SHA-256"</th>
                            </tr>
                        </thead>
                        <tbody>{list(files)}</tbody>
                    </table>
                </div>
            </section>
        </main>
    }
}
