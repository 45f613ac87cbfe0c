//! The selected image's answer: its most likely classes, and whether the first is right.

use super::notice::Notice;
use super::protocol::EncodedImage;
use super::ranking::{Measure, RankedClass};
use super::session::{ImageState, Session, SourceImage};
use crate::page::list;
use crate::text::{milliseconds, percent};
use leptos::prelude::*;
use refit_clip::Classes;
use std::rc::Rc;

#[component]
pub fn Answer(session: Session) -> impl IntoView {
    let answer = move || match session.images.selected_tracked() {
        // Not the answer of before.
        _ if session.images.is_opening.get() => waiting("Opening the images…"),
        None => ().into_any(),
        Some(image) => one_image(session, image),
    };
    view! {
        <div class="answer" aria-live="polite">
            {answer}
        </div>
    }
}

fn waiting(sentence: &'static str) -> AnyView {
    view! { <p class="waiting">{sentence}</p> }.into_any()
}

fn one_image(session: Session, image: SourceImage) -> AnyView {
    let state = image.state;
    let ranking = image.ranking;
    let image = StoredValue::new_local(image);
    let result = move || {
        state.with(|state| match state {
            ImageState::Waiting => waiting("Not processed yet."),
            ImageState::Failed(sentence) => {
                view! { <p class="error">{sentence.clone()}</p> }.into_any()
            }
            ImageState::Encoded(encoding) => {
                let details = &encoding.details;
                let milliseconds = details.decode + details.resize + details.encode;
                let timing = timing(details);
                let answer = match ranking.get() {
                    Some(ranking) => image.with_value(|image| ranked(session, image, &ranking)),
                    None => waiting("The classes are not ready yet."),
                };
                view! {
                    {answer}
                    <p class="aside timing" data-milliseconds=milliseconds.to_string()>
                        {timing}
                    </p>
                }
                .into_any()
            }
        })
    };
    result.into_any()
}

fn ranked(session: Session, image: &SourceImage, ranking: &Rc<Vec<RankedClass>>) -> AnyView {
    let Some(first) = ranking.first() else {
        return ().into_any();
    };
    let classes = session.classes.encoded.get_untracked();
    let value = match first.measure {
        Measure::Score(score) => signed(f64::from(score)),
        _ => percent(f64::from(first.probability)),
    };
    view! {
        // First: it says whether what follows means anything.
        <Notice session image=image.clone() ranking=ranking.clone() />
        <h3>{first.label.clone()} " " <span>{value}</span></h3>
        {verdict(image, first, classes.as_deref())}
        {bars(ranking)}
    }
    .into_any()
}

/// Whether an image's first class is true of it; `None` where that is not known.
pub fn is_right(image: &SourceImage, ranking: &[RankedClass]) -> Option<bool> {
    let first = ranking.first()?;
    // A score says nothing that could be right.
    let is_answer = !matches!(first.measure, Measure::Score(_));
    is_answer.then_some(image.truth.as_ref()?.is(&first.label))
}

fn verdict(image: &SourceImage, first: &RankedClass, classes: Option<&Classes>) -> Option<AnyView> {
    let truth = image.truth.as_ref()?;
    if matches!(first.measure, Measure::Score(_)) {
        return None;
    }
    if truth.is(&first.label) {
        let sentence = match first.label == truth.text() {
            true => "✓ Right".to_owned(),
            false => format!("✓ Right: the image shows {}.", truth.text()),
        };
        return Some(view! { <p class="verdict reproduced">{sentence}</p> }.into_any());
    }
    let is_listed = classes.is_some_and(|classes| truth.is_among(&classes.labels));
    let unlisted = match is_listed {
        true => "",
        false => " No class in the list says so.",
    };
    let sentence = format!("✗ Wrong: the image shows {}.{unlisted}", truth.text());
    Some(view! { <p class="verdict differs">{sentence}</p> }.into_any())
}

/// How long each step took.
fn timing(details: &EncodedImage) -> String {
    if details.is_cached {
        return "The embedding came from the cache; nothing was computed.".to_owned();
    }
    let run = if details.is_cold { "cold" } else { "warm" };
    let batch = match details.batch {
        1 => String::new(),
        n => format!(" for a batch of {n}"),
    };
    let on_device = details.on_device.map_or(String::new(), |on_device| {
        let transfer = (details.encode - on_device).max(0.0);
        format!(
            ", of which {} computing and {} transferring data",
            milliseconds(on_device),
            milliseconds(transfer)
        )
    });
    format!(
        "{} × {} pixels. Decoding {}, resizing {}, image tower {} ({run}){batch}{on_device}.",
        details.width,
        details.height,
        milliseconds(details.decode),
        milliseconds(details.resize),
        milliseconds(details.encode)
    )
}

/// A number with three decimals and a proper minus sign.
pub fn signed(value: f64) -> String {
    format!("{value:.3}").replace('-', "−")
}

/// Classes with their probabilities as bars.
pub fn bars(ranking: &[RankedClass]) -> AnyView {
    let rows = ranking.iter().map(|class| {
        let (name, value) = class.measure.named();
        let value = signed(f64::from(value));
        let is_score = matches!(class.measure, Measure::Score(_));
        let width = match is_score {
            true => "0".to_owned(),
            false => format!("{:.2}%", 100.0 * class.probability),
        };
        view! {
            <li data-label=class.label.clone() data-probability=class.probability.to_string()>
                <span class="bar" style:width=width></span>
                <span class="label">{class.label.clone()}</span>
                <span class="probability">
                    {match is_score {
                        true => value.clone(),
                        false => percent(f64::from(class.probability)),
                    }}
                </span>
                <span class="aside">
                    {(!is_score).then(|| format!("{name} {value}"))}
                    {class.alone.map(|alone| format!(", alone {}", percent(f64::from(alone))))}
                </span>
            </li>
        }
    });
    view! { <ol class="bars">{list(rows)}</ol> }.into_any()
}
