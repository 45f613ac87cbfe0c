//! An image and its caption.

use crate::page::models::answer::signed;
use crate::page::models::progress;
use crate::page::models::protocol::{CaptionProgress, CaptionResult, Progress};
use crate::page::models::session::{CurrentModel, SourceImage};
use crate::text::{cell, number};
use leptos::prelude::*;
use refit_clip::caption::Decoding;

#[derive(Clone)]
pub struct CaptionItem {
    image: SourceImage,
    decoding: Decoding,
    pub state: RwSignal<CaptionState>,
}

#[derive(Clone, PartialEq)]
pub enum CaptionState {
    Waiting,
    /// The decoder loads.
    Loading(Progress),
    /// The best caption so far.
    Generating(String),
    Done(CaptionResult),
    Failed(String),
}

impl CaptionItem {
    pub fn new(image: SourceImage, decoding: Decoding) -> CaptionItem {
        CaptionItem {
            image,
            decoding,
            state: RwSignal::new(CaptionState::Waiting),
        }
    }

    /// Generates the caption. The view may be closed meanwhile.
    pub async fn generate(&self, model: CurrentModel, tokens: usize) {
        let state = self.state;
        let progress = move |progress: CaptionProgress| {
            state.try_set(match progress {
                CaptionProgress::Loading(progress) => CaptionState::Loading(progress),
                CaptionProgress::Words(words) => CaptionState::Generating(words),
            });
        };
        let engine = model.engine();
        let caption = engine.caption(&self.image.file, self.decoding, tokens, progress);
        match caption.await {
            Ok(caption) => {
                state.try_set(CaptionState::Done(caption));
            }
            Err(failure) => {
                state.try_set(CaptionState::Failed(failure.sentence.clone()));
                model.fail_if_unusable(failure);
            }
        }
    }
}

pub fn item_view(item: CaptionItem) -> impl IntoView {
    let CaptionItem { image, state, .. } = item;
    let caption = move || match state.get() {
        CaptionState::Waiting => view! { <p class="aside">"Not captioned yet."</p> }.into_any(),
        CaptionState::Loading(done) => {
            let text = progress::sentence("Loading the decoder", done);
            view! { <p class="aside">{text}</p> }.into_any()
        }
        CaptionState::Generating(words) => view! { <p class="words">{words} " …"</p> }.into_any(),
        CaptionState::Failed(sentence) => view! { <p class="error">{sentence}</p> }.into_any(),
        CaptionState::Done(caption) => view! {
            <p
                class="words"
                data-text=caption.text.clone()
                data-log-likelihood=caption.log_likelihood.to_string()
            >
                {text(&caption)}
            </p>
            <p class="aside">{details(&caption)}</p>
        }
        .into_any(),
    };
    view! {
        <li aria-busy=move || matches!(state.get(), CaptionState::Generating(_)).to_string()>
            <img src=image.address() alt=image.name width="96" height="96" />
            <div>{caption}</div>
        </li>
    }
}

fn text(caption: &CaptionResult) -> String {
    let text = match caption.text.as_str() {
        "" => "(empty)",
        text => text,
    };
    format!("{text}{}", if caption.has_ended { "" } else { " …" })
}

fn details(caption: &CaptionResult) -> String {
    let tokens = match caption.tokens {
        1 => "1 token".to_owned(),
        tokens => format!("{tokens} tokens"),
    };
    let end = match caption.has_ended {
        true => "",
        false => " (cut off)",
    };
    let speed = caption.tokens_per_second;
    let speed = speed.map_or(String::new(), |speed| {
        format!(", {} tokens per second", number(speed))
    });
    let log_likelihood = signed(caption.log_likelihood);
    format!("{tokens}{end}, log-likelihood {log_likelihood}{speed}.")
}

/// All captions so far, with their decoding.
pub fn csv(model: &str, items: &[CaptionItem]) -> String {
    let mut text = "model,picture,caption,tokens,ended,log_likelihood,decoding\n".to_owned();
    for item in items {
        let CaptionState::Done(caption) = item.state.get_untracked() else {
            continue;
        };
        let cells = [
            cell(model),
            cell(&item.image.name),
            cell(&caption.text),
            caption.tokens.to_string(),
            caption.has_ended.to_string(),
            caption.log_likelihood.to_string(),
            cell(&decoding(item.decoding)),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn decoding(decoding: Decoding) -> String {
    match decoding {
        Decoding::GREEDY => "greedy".to_owned(),
        Decoding::Beam {
            beams,
            length_penalty,
        } => format!("{beams} beams, length penalty {length_penalty}"),
        Decoding::Sample { top_p, seed } => format!("sampled, top-p {top_p}, seed {seed}"),
    }
}
