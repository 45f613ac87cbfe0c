//! Scoring the classes as captions: how likely a MaMMUT finds each class's prompt as a caption of an
//! image, beside the image–text similarity.

use crate::page::latest::Latest;
use crate::page::messages::error_if_any;
use crate::page::models::answer::signed;
use crate::page::models::protocol::Failure;
use crate::page::models::session::{Session, SourceImage, lines, prompts};
use crate::page::{save, table};
use crate::text::{cell, percent};
use leptos::prelude::*;
use refit_clip::confusion::Truth;
use refit_clip::softmax;
use std::rc::Rc;

/// Prompts that are scored in one request; the run can stop between two.
const CHUNK: usize = 32;
/// Classes that the table shows.
const SHOWN: usize = 20;

/// An image, and each class's log-likelihood as its caption.
#[derive(Clone)]
struct ScoredImage {
    image: SourceImage,
    log_likelihoods: Rc<Vec<f64>>,
}

#[derive(Clone, Copy)]
struct ScoringRun {
    session: Session,
    scored: RwSignal<Vec<ScoredImage>, LocalStorage>,
    /// Prompts scored so far, of all.
    progress: RwSignal<Option<(usize, usize)>>,
    problem: RwSignal<Option<String>>,
    latest: Latest,
}

impl ScoringRun {
    fn new(session: Session) -> ScoringRun {
        ScoringRun {
            session,
            scored: RwSignal::new_local(Vec::new()),
            progress: RwSignal::new(None),
            problem: RwSignal::new(None),
            latest: Latest::new(),
        }
    }

    fn start(self, images: Vec<SourceImage>) {
        let session = self.session;
        let Some(classes) = session.classes.encoded.get_untracked() else {
            return;
        };
        let templates = lines(&session.classes.templates.get_untracked());
        let first = &templates[..templates.len().min(1)];
        let prompts = prompts(&classes.labels, first);
        self.scored.set(Vec::new());
        self.problem.set(None);
        let request = self.latest.start();
        let total = prompts.len() * images.len();
        self.progress.set(Some((0, total)));
        leptos::task::spawn_local(async move {
            let mut done = 0;
            for image in images {
                let mut log_likelihoods = Vec::with_capacity(prompts.len());
                for chunk in prompts.chunks(CHUNK) {
                    let engine = session.model.engine();
                    let scores = engine.score_captions(&image.file, chunk.to_vec()).await;
                    if !request.is_latest() {
                        return;
                    }
                    match scores {
                        Ok(scores) => log_likelihoods.extend(scores),
                        Err(failure) => return self.fail(failure),
                    }
                    done += chunk.len();
                    self.progress.set(Some((done, total)));
                }
                let log_likelihoods = Rc::new(log_likelihoods);
                self.scored.update(|all| {
                    all.push(ScoredImage {
                        image,
                        log_likelihoods,
                    });
                });
            }
            self.progress.set(None);
        });
    }

    fn stop(self) {
        self.latest.cancel();
        self.progress.set(None);
    }

    fn fail(self, failure: Failure) {
        self.progress.set(None);
        self.problem.set(Some(failure.sentence.clone()));
        self.session.model.fail_if_unusable(failure);
    }
}

#[component]
pub fn CaptionScoring(session: Session) -> impl IntoView {
    let run = ScoringRun::new(session);
    // Scores hold for these classes, templates and images alone.
    Effect::new(move || {
        session.classes.encoded.track();
        session.images.all.track();
        run.scored.set(Vec::new());
        run.stop();
    });
    let template = move || {
        let templates = session.classes.templates.with(|text| lines(text));
        templates.into_iter().next().unwrap_or_default()
    };
    let export = move |_| {
        let text = csv(session, &run.scored.get_untracked());
        save::text("by_caption.csv", "text/csv", &text);
    };
    let selected = move || {
        let id = session.images.selected.get()?;
        let scored = run.scored;
        let scored = scored.with(|all| all.iter().find(|s| s.image.id == id).cloned());
        class_table(session, &scored?)
    };
    view! {
        <h2>"Classify by caption likelihood"</h2>
        <p class="aside">
            "How likely the model finds each class’s prompt (first template: “" {template}
            "”) as a caption, compared with the image–text similarity."
        </p>
        <ScoringButtons session run />
        {error_if_any(run.problem)}
        <p class="toolbar" hidden=move || run.scored.with(Vec::is_empty)>
            <button type="button" class="save" on:click=export>
                "Export caption scores (CSV)"
            </button>
        </p>
        <div class="by-caption">
            {move || summary(session, &run.scored.get())} {selected}
        </div>
    }
}

#[component]
fn ScoringButtons(session: Session, run: ScoringRun) -> impl IntoView {
    let images = session.images;
    let is_disabled = move || images.is_empty() || session.classes.encoded.with(Option::is_none);
    let score_selected = move |_| run.start(images.selected_image().into_iter().collect());
    let score_all = move |_| run.start(images.all.get_untracked());
    let progress = move || {
        let (done, total) = run.progress.get()?;
        Some(format!("{done} of {total} prompts scored."))
    };
    view! {
        <p class="toolbar">
            <button
                type="button"
                class="score-selected"
                prop:disabled=is_disabled
                on:click=score_selected
            >
                "Score the selected image"
            </button>
            <button
                type="button"
                class="score-all"
                hidden=move || images.len() < 2
                prop:disabled=is_disabled
                on:click=score_all
            >
                "Score all"
            </button>
            <button
                type="button"
                hidden=move || run.progress.with(Option::is_none)
                on:click=move |_| run.stop()
            >
                "Stop"
            </button>
            <span class="aside" role="status">
                {progress}
            </span>
        </p>
    }
}

/// Each class's probability for an image by both methods.
fn class_table(session: Session, scored: &ScoredImage) -> Option<AnyView> {
    let (by_similarity, labels) = by_similarity(session, &scored.image)?;
    let by_caption = softmax(&scored.log_likelihoods);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    refit_fit::order::sort_by(&mut order, |a, b| by_caption[*b].total_cmp(&by_caption[*a]));
    let rows = order.iter().take(SHOWN).map(|i| {
        vec![
            labels[*i].clone(),
            percent(by_caption[*i]),
            signed(scored.log_likelihoods[*i]),
            percent(f64::from(by_similarity[*i])),
        ]
    });
    let head = [
        "Class",
        "By caption likelihood",
        "Log-likelihood",
        "By image–text similarity",
    ];
    let caption = format!("{}: most likely classes", scored.image.name);
    Some(table::table(Some(caption), &head, rows.collect()))
}

/// An image's probability of each class by image–text similarity, and the classes.
fn by_similarity(session: Session, image: &SourceImage) -> Option<(Vec<f32>, Vec<String>)> {
    let logit_scale = session.model.loaded()?.logit_scale;
    let classes = session.classes.encoded.get_untracked()?;
    let encoding = image.encoding()?;
    let probabilities = classes.probabilities(&encoding.embedding, logit_scale);
    Some((probabilities, classes.labels.clone()))
}

/// How often both methods agree, and the accuracy of each.
fn summary(session: Session, scored: &[ScoredImage]) -> Option<AnyView> {
    if scored.len() < 2 {
        return None;
    }
    let (mut count, mut agreeing) = (0, 0);
    let (mut labelled, mut right) = (0, [0; 2]);
    for ScoredImage {
        image,
        log_likelihoods,
    } in scored
    {
        let Some((by_similarity, labels)) = by_similarity(session, image) else {
            continue;
        };
        let by_similarity: Vec<f64> = by_similarity.into_iter().map(f64::from).collect();
        let (Some(a), Some(b)) = (largest(log_likelihoods), largest(&by_similarity)) else {
            continue;
        };
        count += 1;
        agreeing += usize::from(a == b);
        // Without the true class in the list no prediction is right.
        let truth = image.truth.as_ref();
        if let Some(truth) = truth.filter(|truth| truth.is_among(&labels)) {
            labelled += 1;
            for (right, i) in right.iter_mut().zip([a, b]) {
                *right += usize::from(truth.is(&labels[i]));
            }
        }
    }
    let agreement =
        format!("Both methods predict the same class for {agreeing} of {count} images.");
    let accuracy = (labelled > 0).then(|| {
        let share = |right: usize| percent(right as f64 / labelled as f64);
        format!(
            " Accuracy: {} by caption likelihood, {} by image–text similarity.",
            share(right[0]),
            share(right[1])
        )
    });
    Some(view! { <p class="agreement">{agreement} {accuracy}</p> }.into_any())
}

fn largest(values: &[f64]) -> Option<usize> {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))
}

/// Every class's probabilities for every scored image.
fn csv(session: Session, scored: &[ScoredImage]) -> String {
    let mut text = "picture,shows,class,log_likelihood,by_caption,by_agreement\n".to_owned();
    for ScoredImage {
        image,
        log_likelihoods,
    } in scored
    {
        let Some((by_similarity, labels)) = by_similarity(session, image) else {
            continue;
        };
        let by_caption = softmax(log_likelihoods);
        for (i, label) in labels.iter().enumerate() {
            let cells = [
                cell(&image.name),
                cell(image.truth.as_ref().map_or("", Truth::text)),
                cell(label),
                log_likelihoods[i].to_string(),
                by_caption[i].to_string(),
                by_similarity[i].to_string(),
            ];
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}
