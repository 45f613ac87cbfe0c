//! Findings about the openclip study (arXiv 2212.07143).

use super::{Finding, printed_law, row, series};
use crate::analysis::{Analysis, target};
use crate::claim::{CheckError, Library, Printed, Verdict, claims};
use crate::study::names;
use crate::study::select::Axis;
use refit_fit::Interval;

type Found = Result<Finding, CheckError>;

const ZEROSHOT: &str = "zeroshot";
/// The group of three pre-training sets, and OpenAI's.
const LAION: &str = "LAION";
const OPENAI_WIT: &str = "CLIP-WIT";

fn of(dataset: &str, metric: &str, pretrain: &str) -> Result<Analysis, CheckError> {
    Ok(Analysis {
        dataset: dataset.to_owned(),
        metric: metric.to_owned(),
        pretrains: vec![pretrain.to_owned()],
        ..Analysis::of(super::table(ZEROSHOT)?)
    })
}

pub(super) fn formulas_come_back(printed: &Printed, library: &Library) -> Found {
    let all = claims(printed).into_iter();
    let checks: Vec<_> = all.flat_map(|claim| claim.check(library)).collect();
    let reproduced = |prefix: &str| {
        let of = checks.iter().filter(|c| c.id.starts_with(prefix));
        let (all, back) = of.fold((0, 0), |(all, back), c| {
            (
                all + 1,
                back + usize::from(c.verdict == Verdict::Reproduced),
            )
        });
        format!("{back} of {all}")
    };
    let table = super::table(ZEROSHOT)?;
    let study = table.study();
    let mut rows = Vec::new();
    for (pretrain, law) in [
        (LAION, "oc-fig1-imagenet-laion"),
        (OPENAI_WIT, "oc-fig1-imagenet-wit"),
    ] {
        let (_, fit) = series(&of("imagenet1k", "acc1", pretrain)?, library)?;
        let theirs = printed_law(printed, law, &fit)?;
        let name = names::pretrain(study, pretrain);
        let text =
            |p: &[f64], decimals: usize| format!("{:.decimals$} C^{:.decimals$}", p[0], p[1]);
        rows.push(row(
            format!("ImageNet-1k, {name}"),
            text(&theirs, 2),
            text(&fit.parameters, 4),
        ));
        let compute = target(
            "ViT-H-14 at 34B",
            Axis::Compute,
            study,
            "clip",
            library.architectures(study),
        )
        .map_err(|e| CheckError(e.to_string()))?;
        let accuracy = |error: f64| format!("{:.2} %", 100.0 * (1.0 - error));
        rows.push(row(
            format!("ImageNet-1k, {name}: H/14 at 34B"),
            accuracy(fit.law.value(&theirs, compute)),
            accuracy(fit.predict(compute, Interval::StudentT).error),
        ));
    }
    for check in checks
        .iter()
        .filter(|c| c.quantity.contains("mean absolute error"))
    {
        let back = check
            .recomputed
            .map_or("–".to_owned(), |r| format!("{r:.4} pp"));
        rows.push(row(
            check.quantity.replace(", percentage points", ""),
            format!("{:.4} pp", check.printed),
            back,
        ));
    }
    Ok(Finding {
        id: "formulas",
        study,
        title: "All printed formulas and the prediction grid are reproduced",
        text: format!(
            "Reproduced at their printed precision: {} numbers of the eight formulas, {} of the prediction table, {} of the notebook’s grid.",
            reproduced("oc-fig1"),
            reproduced("oc-table-predictions"),
            reproduced("oc-notebook-grid"),
        ),
        released: "as printed, two decimals",
        corrected: "unrounded",
        rows,
        changes:
            "Two decimals of an exponent are not enough to predict with: use the unrounded law."
                .to_owned(),
        simulated: None,
        analyses: vec![("The ImageNet-1k laws", Analysis::of(table))],
    })
}

/// H/14 at 68B on MS-COCO in the paper's running text, in percent.
const IN_PROSE: &str = "75.10";

pub(super) fn prose_and_table(printed: &Printed, library: &Library) -> Found {
    let cell = printed
        .predictions
        .iter()
        .find(|p| p.id == "oc-table-predictions/H/14/68B/mscoco_captions")
        .ok_or_else(|| CheckError("the prediction table has no H/14 at 68B".to_owned()))?;
    let analysis = cell.query.analysis();
    let (series, _) = series(&analysis, library)?;
    let predicted = match series.predictions.first() {
        Some(Ok(p)) => 100.0 * (1.0 - p.error),
        _ => return Err(CheckError("H/14 at 68B has no prediction".to_owned())),
    };
    Ok(Finding {
        id: "prose",
        study: analysis.study(),
        title: "Prose and table print two numbers for one prediction",
        text: format!(
            "For H/14 at 68B samples on MS-COCO image retrieval the paper’s text has {IN_PROSE} %, its table {} %. The law gives {predicted:.2} %.",
            cell.printed.text
        ),
        released: "in the text",
        corrected: "in the table",
        rows: vec![
            row("Recall@5, percent", IN_PROSE, cell.printed.text.clone()),
            row(
                "Less the law’s prediction, pp",
                gap(IN_PROSE.parse().unwrap_or(f64::NAN) - predicted),
                gap(cell.printed.value - predicted),
            ),
        ],
        changes: "The table is what the released notebook gives.".to_owned(),
        simulated: None,
        analyses: vec![("The MS-COCO law", analysis)],
    })
}

fn gap(points: f64) -> String {
    // No negative zero.
    let hundredths = (100.0 * points).round() / 100.0 + 0.0;
    format!("{hundredths:+.2}").replace('-', "−")
}
