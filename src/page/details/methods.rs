//! Methods: the formulas, and the files that implement them.

use crate::page::messages::{LOADING_MEASUREMENTS, error, loading};
use crate::page::table::{header_row, scrolling, text_row};
use crate::page::{data, list};
use crate::study::description::Description;
use crate::study::{Study, digest};
use crate::text::number;
use leptos::prelude::*;
use refit_fit::law::{Form, Law};

/// Heading, paragraphs, files in the code.
type MethodSection = (&'static str, &'static [&'static str], &'static str);

const SECTIONS: &[MethodSection] = &[
    (
        "Selection",
        &[
            "A point is one evaluated run: its x value and its error, 1 − metric, or its loss. Compute is in each study’s own unit; a MAC is about two FLOPs, so the two are never mixed.",
            "What a study’s released scripts leave out of every view is left out here, too (“Studies”, below). Runs above the threshold are held out. Points that you exclude are ignored altogether.",
        ],
        "src/study/select.rs",
    ),
    (
        "Frontier",
        &[
            "Compute bins: geometric bins of compute, the lowest error of each, and of these the points that strictly improve. Five binned minima: equal bins of log compute, the lowest error of each at the bin’s centre. The Pareto set: every point that none of at most its compute beats. Or all points. The authors’ rule is the one that a study’s released scripts follow.",
        ],
        "src/study/frontier.rs",
    ),
    (
        "Fit",
        &[
            "The fit minimises Σ w ρ(r) over the frontier, where r is the residual of the error or of its logarithm. For given B and α a law is linear in A and E, whose bounded optimum has a closed form; a grid over ln B and α finds every basin and Levenberg–Marquardt the minimum of each. Other losses continue from there with damped Newton steps with exact second derivatives, on every face of the bounds A, B, E ≥ 0; for Huber’s loss, δ decreases step by step.",
            "“Authors’ optimiser” follows SciPy’s bounded trust-region method, step for step, from the study’s 3,200 starts.",
        ],
        "crates/fit/src/search/, crates/fit/src/problem.rs, crates/fit/src/trf.rs",
    ),
    (
        "Parameter uncertainty",
        &[
            "Delta method: the covariance is s² (JᵀJ)⁻¹ with s² = SSE / (n − p), and for Huber’s loss the formula that statsmodels calls H1, which holds only where most points lie outside of the linear region; the band at C is ± t₀.₉₇₅(n − p) √(gᵀ Σ g), g the law’s gradient. The released band has ln t with 296 degrees of freedom in place of t with n − p.",
            "Profile: where the lowest sum of squares at a fixed value of the parameter stays below SSE (1 + F₀.₉₅(1, n − p) / (n − p)). The table says where a limit is at a bound, is open or spans decades.",
            "Bootstrap: resamples frontier points, or runs with the frontier recomputed; percentile, basic or BCa intervals, with the acceleration from the jackknife. The seed is in the link; failed fits are counted.",
        ],
        "crates/fit/src/covariance.rs, crates/fit/src/profile.rs, crates/fit/src/bootstrap.rs",
    ),
    (
        "Model selection",
        &[
            "Laws are ranked by their error on held-out points: beyond a compute, one model at a time, or one sample count at a time. AICc and BIC assume normal noise: n ln(SSE / n), up to a constant, plus 2k + 2k(k + 1) / (n − k − 1) or k ln n, where k includes the noise variance.",
        ],
        "src/analysis/validation.rs",
    ),
    (
        "Compare laws",
        &[
            "Two laws cross where their difference changes sign, searched over the range of the points and up to thirty times beyond. The interval is that of the same crossing in bootstrap resamples, with the share of resamples that have it. “Compute the second needs” is the compute at which the second law reaches the error of the first, as a multiple.",
        ],
        "crates/fit/src/compare.rs, src/analysis/comparison.rs",
    ),
    (
        "Compute-optimal allocation",
        &[
            "D_opt(C): a straight line through log compute and log samples of the Pareto set, as in the study. Laws over parameters N and samples D: E + A N^−αN + B D^−αD (Hoffmann et al. 2022) or [(Nc / N)^(αN / αD) + Dc / D]^αD (Kaplan et al. 2020), fitted to all runs; the lowest error for a compute C is searched along C = D × the cost of a sample, a power of N fitted to the family’s architectures.",
        ],
        "src/analysis/surface.rs, src/analysis/samples.rs",
    ),
    (
        "Accuracy against accuracy",
        &[
            "Models are matched by all that a row tells but benchmark, metric and value. A straight line goes through the reference models by least squares, on axes of logits, ln(p / (1 − p)), probits or plain fractions; its 95 % band uses t with n − 2 degrees of freedom. Effective robustness is a model’s accuracy less what the line expects of it (Taori et al. 2020); an accuracy of 0 or 1 has no logit, and its model is left out and named.",
            "On ImageNet-A, ImageNet-R and ObjectNet the testbed compares with ImageNet restricted to their classes, which other studies here do not have: against all of ImageNet the line is another one.",
        ],
        "crates/fit/src/robustness.rs, src/analysis/transfer.rs",
    ),
    (
        "Verdicts",
        &[
            "A number is reproduced if the recomputed one rounds to it at the printed decimals or, for points read from a figure, agrees within their rounding. Nothing is tuned to a printed number.",
        ],
        "src/claim/",
    ),
];

#[component]
pub fn Methods() -> impl IntoView {
    let laws = Law::ALL.into_iter().map(|law| {
        let parameters: Vec<&str> = law.parameters().iter().map(|p| p.name).collect();
        let parameters = parameters.join(", ");
        text_row([law.plain().to_owned(), parameters])
    });
    let sections = SECTIONS.iter().map(|(title, paragraphs, code)| {
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
    let loaded = data::load(|| async { data::printed(&Study::all()).await });
    let studies = move || match loaded.get() {
        None => loading(LOADING_MEASUREMENTS),
        Some(Err(failure)) => error(failure.to_string()),
        Some(Ok(printed)) => {
            let each = printed.descriptions.iter();
            list(each.map(|(study, description)| about(*study, description))).into_any()
        }
    };
    view! {
        <main id="main" tabindex="-1" class="methods">
            <h1>"Methods"</h1>
            <p class="lead">"The formulas behind this page, and where they are in its code."</p>
            <section>
                <h2>"Laws"</h2>
                {scrolling("Laws", "numbers", header_row(&["Law", "Parameters in the code"]), list(laws))}
                <p class="aside">"In the code: " <code>"crates/fit/src/law/"</code></p>
            </section>
            {list(sections)}
            <section>
                <h2>"Studies"</h2>
                {studies}
            </section>
            <section>
                <h2>"Data files"</h2>
                <p>
                    "The browser checks the SHA-256 of every file and rejects any other. Columns, units and sources are in "
                    <a href="data/README.md">"data/README.md"</a> "."
                </p>
                {scrolling("Data files", "numbers", header_row(&["File", "SHA-256"]), list(files))}
            </section>
        </main>
    }
}

/// How one study counts and selects.
fn about(study: Study, description: &Description) -> impl IntoView + use<> {
    let compute = &description.compute;
    let counts = match compute.counts.as_str() {
        "" => String::new(),
        counts => format!(" ({counts})"),
    };
    let held_out = compute.held_out_above.map(|threshold| {
        format!(
            " Held out, as in the released analysis: runs above {} {}.",
            number(threshold),
            compute.unit
        )
    });
    let compute = (!compute.unit.is_empty()).then(|| {
        let text = format!("Compute in {}{counts}.", compute.unit);
        view! { <p>{text} {held_out}</p> }
    });
    let superseded = description.tables.iter();
    let superseded = superseded.filter(|table| !table.superseded.is_empty());
    let superseded =
        superseded.map(|table| view! { <p>{format!("{}: {}", table.title, table.superseded)}</p> });
    let superseded = list(superseded);
    let methods = description.methods.clone();
    view! {
        <h3>{study.title.clone()}</h3>
        {compute}
        {superseded}
        {list(methods.into_iter().map(|text| view! { <p>{text}</p> }))}
        <p class="aside">{description.licence.clone()}</p>
    }
}
