//! Classes by how likely a MaMMUT finds their prompts as captions, beside the contrastive answer.

use super::captions::fail;
use super::protocol::{CaptionProgress, Request};
use super::session::{ImageState, Picture, Session, lines, prompts};
use crate::page::{save, table};
use crate::text::{cell, percent};
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::confusion::is_same;
use refit_clip::softmax;
use std::rc::Rc;

/// Prompts that are read at once: so often it can be stopped.
const AT_ONCE: usize = 32;
/// Classes that the table shows.
const SHOWN: usize = 20;

/// What is said of a picture.
#[derive(Clone)]
struct Said {
    picture: Picture,
    /// Of each class, in their order.
    logs: Rc<Vec<f64>>,
}

#[component]
pub fn Likelihoods(session: Session) -> impl IntoView {
    let said = RwSignal::new_local(Vec::<Said>::new());
    let problem = RwSignal::new(None::<String>);
    // Prompts so far, of all.
    let progress = RwSignal::new(None::<(usize, usize)>);
    let run = RwSignal::new(0_u32);
    let stop = move || {
        run.update(|run| *run += 1);
        progress.set(None);
    };
    // Other classes, templates or pictures: what was said is of none of them.
    Effect::new(move || {
        session.classes.track();
        session.pictures.track();
        said.set(Vec::new());
        stop();
    });
    let start = move |pictures: Vec<Picture>| {
        let Some(classes) = session.classes.get_untracked() else {
            return;
        };
        let templates = lines(&session.templates.get_untracked());
        let first = &templates[..templates.len().min(1)];
        let prompts = prompts(&classes.labels, first);
        said.set(Vec::new());
        problem.set(None);
        run.update(|run| *run += 1);
        let mine = run.get_untracked();
        let total = prompts.len() * pictures.len();
        progress.set(Some((0, total)));
        leptos::task::spawn_local(async move {
            let mut done = 0;
            for picture in pictures {
                let mut logs = Vec::with_capacity(prompts.len());
                for some in prompts.chunks(AT_ONCE) {
                    let ask = Request::Likelihoods(some.to_vec());
                    let engine = session.engine.get_value();
                    let file = (&picture.file).into();
                    let answer = engine.ask_telling::<Vec<f64>, CaptionProgress>(
                        &ask,
                        file,
                        Array::new(),
                        |_| {},
                    );
                    let answer = answer.await;
                    if run.try_get_untracked() != Some(mine) {
                        return;
                    }
                    match answer {
                        Ok(answer) => logs.extend(answer.value),
                        Err(failure) => {
                            progress.set(None);
                            problem.set(Some(failure.sentence.clone()));
                            return fail(session, failure);
                        }
                    }
                    done += some.len();
                    progress.set(Some((done, total)));
                }
                let logs = Rc::new(logs);
                said.update(|said| said.push(Said { picture, logs }));
            }
            progress.set(None);
        });
    };
    let template = move || {
        let template = session
            .templates
            .with(|text| lines(text).into_iter().next());
        template.unwrap_or_default()
    };
    let is_alone = move || session.pictures.with(|all| all.len() < 2);
    let none =
        move || session.pictures.with(Vec::is_empty) || session.classes.with(Option::is_none);
    view! {
        <h3>"Classes by their captions"</h3>
        <p class="aside">
            "How likely the model would write each class’s sentence (the first template, “"
            {template} "”), beside how well picture and sentence agree."
        </p>
        <p class="toolbar">
            <button
                type="button"
                class="likelihoods"
                prop:disabled=none
                on:click=move |_| start(session.chosen().into_iter().collect())
            >
                "For the chosen picture"
            </button>
            <button
                type="button"
                class="likelihoods-all"
                hidden=is_alone
                prop:disabled=none
                on:click=move |_| start(session.pictures.get_untracked())
            >
                "For all"
            </button>
            <button
                type="button"
                hidden=move || progress.with(Option::is_none)
                on:click=move |_| stop()
            >
                "Stop"
            </button>
            <span class="aside" role="status">
                {move || {
                    let (done, all) = progress.get()?;
                    Some(format!("{done} of {all} sentences are read."))
                }}
            </span>
        </p>
        <p class="error" role="alert" hidden=move || problem.with(Option::is_none)>
            {move || problem.get()}
        </p>
        <p class="toolbar" hidden=move || said.with(Vec::is_empty)>
            <button
                type="button"
                class="save"
                on:click=move |_| {
                    save::text("by_caption.csv", "text/csv", &csv(session, &said.get_untracked()))
                }
            >
                "Save CSV of classes by caption"
            </button>
        </p>
        <div class="by-caption">
            {move || summary(session, &said.get())}
            {move || {
                let id = session.selected.get()?;
                let one = said.with(|said| said.iter().find(|s| s.picture.id == id).cloned());
                Some(one_table(session, &one?))
            }}
        </div>
    }
}

/// Both answers about a picture: each class's share by contrast and by caption.
fn one_table(session: Session, said: &Said) -> Option<AnyView> {
    let (contrast, labels) = contrast(session, &said.picture)?;
    let by_caption = softmax(&said.logs);
    let mut order: Vec<usize> = (0..labels.len()).collect();
    refit_fit::order::sort_by(&mut order, |a, b| by_caption[*b].total_cmp(&by_caption[*a]));
    let rows = order.iter().take(SHOWN).map(|i| {
        vec![
            labels[*i].clone(),
            percent(by_caption[*i]),
            format!("{:.3}", said.logs[*i]).replace('-', "−"),
            percent(f64::from(contrast[*i])),
        ]
    });
    let head = ["Class", "By caption", "Log-likelihood", "By agreement"];
    let caption = format!("{}: the likeliest classes", said.picture.name);
    Some(table::table(Some(caption), &head, rows.collect()))
}

/// A picture's share of each class by contrast, and the classes.
fn contrast(session: Session, picture: &Picture) -> Option<(Vec<f32>, Vec<String>)> {
    let scale = session.ready()?.scale;
    let classes = session.classes.get_untracked()?;
    let shares = picture.look.with_untracked(|look| match look {
        ImageState::Encoded(seen) => Some(classes.probabilities(&seen.0, scale)),
        _ => None,
    })?;
    Some((shares, classes.labels.clone()))
}

/// How often the two agree, and how often each is right.
fn summary(session: Session, said: &[Said]) -> Option<AnyView> {
    if said.len() < 2 {
        return None;
    }
    let mut count = 0;
    let mut agree = 0;
    let (mut known, mut right) = (0, [0; 2]);
    for one in said {
        let Some((contrast, labels)) = contrast(session, &one.picture) else {
            continue;
        };
        let contrast: Vec<f64> = contrast.into_iter().map(f64::from).collect();
        let (Some(a), Some(b)) = (largest(&one.logs), largest(&contrast)) else {
            continue;
        };
        count += 1;
        agree += usize::from(a == b);
        // What is none of the classes nobody can get right.
        let label = one.picture.label.as_ref();
        if let Some(label) = label.filter(|label| labels.iter().any(|l| is_same(label, l))) {
            known += 1;
            for (right, i) in right.iter_mut().zip([a, b]) {
                *right += usize::from(is_same(label, &labels[i]));
            }
        }
    }
    let same = format!("The same first class both ways in {agree} of {count} pictures.");
    let right = (known > 0).then(|| {
        format!(
            " Right by caption in {} of {known}, by agreement in {}.",
            right[0], right[1]
        )
    });
    Some(view! { <p class="agreement">{same} {right}</p> }.into_any())
}

fn largest(values: &[f64]) -> Option<usize> {
    (0..values.len()).max_by(|a, b| values[*a].total_cmp(&values[*b]))
}

/// Both answers about every picture that was asked about.
fn csv(session: Session, said: &[Said]) -> String {
    let mut text = "picture,shows,class,log_likelihood,by_caption,by_agreement\n".to_owned();
    for one in said {
        let Some((contrast, labels)) = contrast(session, &one.picture) else {
            continue;
        };
        let by_caption = softmax(&one.logs);
        for (i, label) in labels.iter().enumerate() {
            let cells = [
                cell(&one.picture.name),
                cell(one.picture.label.as_deref().unwrap_or_default()),
                cell(label),
                one.logs[i].to_string(),
                by_caption[i].to_string(),
                contrast[i].to_string(),
            ];
            text.push_str(&cells.join(","));
            text.push('\n');
        }
    }
    text
}
