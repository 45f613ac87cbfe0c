//! The outcome of a comparison: a sentence, tables, and a CSV.

use crate::page::models::protocol::LoadedModel;
use crate::page::models::ranking::RankedClass;
use crate::page::models::results::{CSV, csv_rows};
use crate::page::models::session::SourceImage;
use crate::page::{save, table};
use crate::text::{self, cell, number, percent};
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;

/// Images that the table shows.
const ROWS: usize = 50;
/// Classes that it shows for each image and model.
const CLASSES: usize = 3;

/// One of the two models.
pub struct ComparedModel {
    pub name: String,
    pub loaded: Arc<LoadedModel>,
    /// The image tower's time for a single image.
    pub milliseconds: f64,
}

pub struct ComparisonOutcome {
    pub classes: Vec<String>,
    pub models: [ComparedModel; 2],
    /// Each image with its ranking by both models.
    pub images: Vec<(SourceImage, [Vec<RankedClass>; 2])>,
}

/// How often both models agree, and the accuracy of each.
pub fn agreement(outcome: &ComparisonOutcome) -> String {
    let ComparisonOutcome {
        classes,
        models,
        images,
    } = outcome;
    let firsts = images
        .iter()
        .filter_map(|(image, [a, b])| Some((image, [a.first()?, b.first()?])));
    let firsts: Vec<_> = firsts.collect();
    let agreeing = firsts.iter().filter(|(_, [a, b])| a.label == b.label);
    let share = |count: usize, all: usize| percent(count as f64 / all.max(1) as f64);
    let count = agreeing.count();
    let mut text = format!(
        "The models predict the same class for {count} of {} images ({}).",
        firsts.len(),
        share(count, firsts.len())
    );
    let known: Vec<_> = firsts
        .iter()
        .filter_map(|(image, firsts)| Some((image.truth.as_ref()?, firsts)))
        .collect();
    let labelled: Vec<_> = known
        .iter()
        // Without the true class in the list no prediction is right.
        .filter(|(truth, _)| truth.is_among(classes))
        .collect();
    if !labelled.is_empty() {
        let accuracy = |i: usize| {
            let right = labelled
                .iter()
                .filter(|(truth, firsts)| truth.is(&firsts[i].label));
            share(right.count(), labelled.len())
        };
        let of = match known.len() - labelled.len() {
            0 => String::new(),
            _ => format!(" on the {} whose true class is in the list", labelled.len()),
        };
        text += &format!(
            " Accuracy{of}: {} {}, {} {}.",
            models[0].name,
            accuracy(0),
            models[1].name,
            accuracy(1)
        );
    }
    text
}

/// What each model costs and predicts.
pub fn tables(outcome: &Rc<ComparisonOutcome>) -> AnyView {
    let exported = outcome.clone();
    let export = move |_| save::text("side_by_side.csv", "text/csv", &csv(&exported));
    let hidden = outcome.images.len().saturating_sub(ROWS);
    let more = (hidden > 0).then(|| format!("{hidden} more images are counted but not shown."));
    let notes = outcome.models.iter().flat_map(|model| {
        let notes = model.loaded.notes.iter();
        notes.map(|note| format!("{}: {note}", model.name))
    });
    let notes = notes.collect::<Vec<_>>().join(" ");
    view! {
        {cost_table(&outcome.models)}
        <p class="aside notes">{notes}</p>
        <p class="toolbar">
            <button type="button" class="save" on:click=export>
                "Export comparison (CSV)"
            </button>
        </p>
        <div class="says">{prediction_table(outcome)}</div>
        <p class="aside">{more}</p>
    }
    .into_any()
}

fn cost_table(models: &[ComparedModel; 2]) -> AnyView {
    let row = |name: &str, text: &dyn Fn(&ComparedModel) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(models.iter().map(text));
        cells
    };
    let family = |model: &ComparedModel| match model.loaded.architecture.decoder {
        Some(_) => "MaMMUT".to_owned(),
        None => "CLIP".to_owned(),
    };
    let device = |model: &ComparedModel| match &model.loaded.gpu {
        None if model.loaded.workers > 1 => format!("CPU, {} workers", model.loaded.workers),
        None => "CPU".to_owned(),
        Some(gpu) if gpu.name.is_empty() => "GPU".to_owned(),
        Some(gpu) => gpu.name.clone(),
    };
    let gflops = |operations: f64| number(operations / 1e9);
    let rows = vec![
        row("Family", &family),
        row("Image tower, one image", &|m| {
            text::milliseconds(m.milliseconds)
        }),
        row("Device", &device),
        row("GFLOPs per image", &|m| {
            gflops(m.loaded.architecture.image_operations())
        }),
        row("GFLOPs per full-length prompt", &|m| {
            gflops(m.loaded.architecture.prompt_operations())
        }),
        row("File size", &|m| text::bytes(m.loaded.bytes as f64)),
    ];
    let head = ["", models[0].name.as_str(), models[1].name.as_str()];
    let caption = "Cost (time: median of three warm runs, one model after the other)";
    table::table(Some(caption.to_owned()), &head, rows)
}

fn prediction_table(outcome: &ComparisonOutcome) -> AnyView {
    let classes = |ranking: &[RankedClass]| {
        let class = |c: &RankedClass| format!("{} {}", c.label, percent(f64::from(c.probability)));
        let classes: Vec<String> = ranking.iter().take(CLASSES).map(class).collect();
        classes.join(", ")
    };
    let rows = outcome.images.iter().take(ROWS).map(|(image, [a, b])| {
        let is_same = a.first().map(|c| &c.label) == b.first().map(|c| &c.label);
        vec![
            image.name.clone(),
            if is_same { "yes" } else { "no" }.to_owned(),
            classes(a),
            classes(b),
        ]
    });
    let [first, second] = &outcome.models;
    let head = ["Image", "Agree", first.name.as_str(), second.name.as_str()];
    table::table(Some("Predictions".to_owned()), &head, rows.collect())
}

/// Both models' best classes for every image.
fn csv(outcome: &ComparisonOutcome) -> String {
    let mut text = format!("model,{CSV}\n");
    for (image, rankings) in &outcome.images {
        for (model, ranking) in outcome.models.iter().zip(rankings) {
            for row in csv_rows(&image.name, image.truth.as_ref(), ranking) {
                text.push_str(&format!("{},{row}\n", cell(&model.name)));
            }
        }
    }
    text
}
