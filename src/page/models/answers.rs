//! What the model says of the pictures.

use super::desk::{Desk, Look, Picture};
use crate::page::list;
use crate::text::percent;
use leptos::prelude::*;

/// Classes that are shown of a picture.
const TOP: usize = 5;

/// A class and how well a picture agrees with it.
#[derive(Clone, Debug, PartialEq)]
pub struct Share {
    pub label: String,
    pub probability: f32,
    pub cosine: f32,
}

/// All classes of a picture that was seen, the likeliest first.
pub fn shares(desk: Desk, unit: &[f32]) -> Option<Vec<Share>> {
    let scale = desk.ready()?.scale;
    let classes = desk.classes.get()?;
    let cosines = classes.cosines(unit);
    let probabilities = classes.probabilities(unit, scale);
    let shares = classes.labels.iter().zip(probabilities).zip(cosines);
    let shares = shares.map(|((label, probability), cosine)| Share {
        label: label.clone(),
        probability,
        cosine,
    });
    let mut shares: Vec<Share> = shares.collect();
    crate::order::sort_by(&mut shares, |a, b| b.probability.total_cmp(&a.probability));
    Some(shares)
}

#[component]
pub fn Answers(desk: Desk) -> impl IntoView {
    let selected = move || {
        let id = desk.selected.get()?;
        desk.pictures
            .with(|all| all.iter().find(|p| p.id == id).cloned())
    };
    let one = move || match selected() {
        None => view! { <p class="aside">"Choose a picture, and the model says what it sees."</p> }
            .into_any(),
        Some(picture) => answer(desk, picture),
    };
    view! {
        <section aria-labelledby="answer">
            <h2 id="answer">"Answer"</h2>
            <div class="answer" aria-live="polite">{one}</div>
        </section>
    }
}

fn answer(desk: Desk, picture: Picture) -> AnyView {
    let said = picture.look.with(|look| match look {
        Look::Waiting => view! { <p class="aside">"Not looked at yet."</p> }.into_any(),
        Look::Failed(sentence) => view! { <p class="error">{sentence.clone()}</p> }.into_any(),
        Look::Seen(seen) => match shares(desk, &seen.0) {
            Some(shares) => bars(shares),
            None => view! { <p class="aside">"The classes are not ready yet."</p> }.into_any(),
        },
    });
    view! {
        <img class="large" src=picture.address.clone() alt="" />
        <div>
            <h3>{picture.name.clone()}</h3>
            {said}
        </div>
    }
    .into_any()
}

fn bars(shares: Vec<Share>) -> AnyView {
    let rows = shares.into_iter().take(TOP).map(|share| {
        let width = format!("{:.2}%", 100.0 * share.probability);
        view! {
            <li data-label=share.label.clone() data-probability=share.probability.to_string()>
                <span class="bar" style:width=width></span>
                <span class="label">{share.label.clone()}</span>
                <span>{percent(f64::from(share.probability))}</span>
                <span class="aside">{format!("cosine {:.3}", share.cosine)}</span>
            </li>
        }
    });
    view! { <ol class="bars">{list(rows)}</ol> }.into_any()
}
