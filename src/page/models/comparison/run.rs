//! Running two models on the same images and classes, one after the other.

use super::outcome::{ComparedModel, ComparisonOutcome};
use crate::page::models::choice::ModelChoice;
use crate::page::models::progress;
use crate::page::models::protocol::{Failure, FailureKind, Progress};
use crate::page::models::ranking::rank;
use crate::page::models::session::{BATCH, PROMPTS, Session, SourceImage, lines, prompts};
use crate::page::models::worker_client::WorkerClient;
use leptos::prelude::*;
use refit_clip::Classes;
use refit_clip::browser::median;
use std::sync::Arc;
use web_sys::Blob;

/// Timed runs, of which the median counts, after one that does not.
const RUNS: usize = 3;

/// Compares the session's model with another, which is loaded on `second`.
pub async fn compare(
    session: Session,
    choice: ModelChoice,
    second: &WorkerClient,
    report: impl Fn(String) + Copy + 'static,
) -> Result<ComparisonOutcome, Failure> {
    let replaced = || Failure::new(FailureKind::Stopped, "Another model was chosen.");
    let loaded = session.model.loaded().ok_or_else(replaced)?;
    let classes = session.classes.encoded.get_untracked();
    let classes = classes.ok_or_else(replaced)?;
    if session.classes.head.with_untracked(Option::is_some) {
        let sentence = "A head belongs to one model. Choose “Use the class list” under Classify, and compare the models by texts.";
        return Err(Failure::new(FailureKind::Other, sentence));
    }
    let images = session.images.all.get_untracked();
    let images: Vec<_> = images
        .into_iter()
        .filter_map(|image| Some((image.encoding()?, image)))
        .collect();
    let (_, first_image) = images.first().ok_or_else(replaced)?;

    let loading = format!("Loading {}", choice.name);
    report(format!("{loading}…"));
    let progress = move |done: Progress| report(progress::sentence(&loading, done));
    let placement = session.model.placement();
    let second_loaded = second.load(&choice, placement, progress).await?;
    let second_classes = encode_classes(session, &classes.labels, second, report).await?;

    let mut rows = Vec::with_capacity(images.len());
    for batch in images.chunks(BATCH) {
        report(format!(
            "{} of {} images processed.",
            rows.len(),
            images.len()
        ));
        let files = batch.iter().map(|(_, image)| &image.file);
        let encoded = second.encode_images(files, true).await?;
        for ((first, image), second) in batch.iter().zip(encoded) {
            // The browser has decoded the image before, so it does so again.
            let Ok(second) = second else { continue };
            let rankings = [
                rank(&classes, &first.embedding, &loaded),
                rank(&second_classes, &second.embedding, &second_loaded),
            ];
            rows.push((image.clone(), rankings));
        }
    }
    report("Timing both models…".to_owned());
    let first_time = image_time(&session.model.engine(), first_image).await?;
    let second_time = image_time(second, first_image).await?;
    // A worker may have been lost meanwhile.
    let loaded = session.model.loaded().unwrap_or(loaded);
    let second_loaded = second.take_reloaded().unwrap_or(second_loaded);
    Ok(ComparisonOutcome {
        classes: second_classes.labels,
        models: [
            ComparedModel {
                name: session.model.name(),
                loaded,
                milliseconds: first_time,
            },
            ComparedModel {
                name: choice.name,
                loaded: Arc::new(second_loaded),
                milliseconds: second_time,
            },
        ],
        images: rows,
    })
}

async fn encode_classes(
    session: Session,
    labels: &[String],
    worker: &WorkerClient,
    report: impl Fn(String),
) -> Result<Classes, Failure> {
    let templates = lines(&session.classes.templates.get_untracked());
    let prompts = prompts(labels, &templates);
    let mut embeddings = Vec::with_capacity(prompts.len());
    for chunk in prompts.chunks(PROMPTS) {
        report(format!(
            "{} of {} prompts encoded.",
            embeddings.len(),
            prompts.len()
        ));
        embeddings.extend(worker.encode_texts(chunk.to_vec()).await?.1);
    }
    Ok(Classes::new(labels, &embeddings))
}

/// Milliseconds that the image tower takes for a single image: the median of warm runs.
async fn image_time(worker: &WorkerClient, image: &SourceImage) -> Result<f64, Failure> {
    let file: &Blob = &image.file;
    let mut times = Vec::with_capacity(RUNS + 1);
    for _ in 0..=RUNS {
        let encoded = worker.encode_images(std::iter::once(file), false).await?;
        times.extend(encoded.into_iter().flatten().map(|e| e.details.encode));
    }
    let warm = times.get(1..).unwrap_or_default();
    (!warm.is_empty()).then(|| median(warm)).ok_or_else(|| {
        let sentence = "The first image could not be decoded again; choose other images.";
        Failure::new(FailureKind::Other, sentence)
    })
}
