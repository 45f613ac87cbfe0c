//! What the model says of the pictures: one large, all in a table, and how long each step took.

use super::accuracy::Accuracy;
use super::protocol::EncodedImage;
use super::ranking::RankedClass;
use super::session::{ImageState, Picture, Session};
use crate::page::{list, save};
use crate::text::{cell, milliseconds, percent};
use leptos::prelude::*;
use refit_clip::browser::now;
use refit_clip::confusion::{ConfusionMatrix, is_same};
use std::time::Duration;

/// Pictures that the table shows; the files have all.
const ROWS: usize = 200;
/// Milliseconds before the table is drawn again.
const PAUSE: f64 = 300.0;

#[component]
pub fn Answers(session: Session) -> impl IntoView {
    let selected = move || {
        let id = session.selected.get()?;
        session
            .pictures
            .with(|all| all.iter().find(|p| p.id == id).cloned())
    };
    // The table is not drawn anew with every batch of many pictures, and never before the answer.
    let shown = RwSignal::new(0u32);
    let due = StoredValue::new((0.0, false));
    Effect::new(move || {
        session.rankings_done.track();
        let (last, is_waiting) = due.get_value();
        let show = move || {
            // The view may be gone.
            let _ = due.try_set_value((now(), false));
            let _ = shown.try_update(|count| *count += 1);
        };
        if !is_waiting {
            due.set_value((last, true));
            let pause = (last + PAUSE - now()).max(0.0);
            set_timeout(show, Duration::from_millis(pause as u64));
        }
    });
    let one = move || match selected() {
        None => view! {
            <p class="aside">"Choose a picture, and the model says what it sees."</p>
        }
        .into_any(),
        Some(picture) => answer(picture),
    };
    view! {
        <section aria-labelledby="answer">
            <h2 id="answer">"Answer"</h2>
            <div class="answer" aria-live="polite">
                {one}
            </div>
            {move || {
                shown.track();
                all(session)
            }}
        </section>
    }
}

fn answer(picture: Picture) -> AnyView {
    let address = picture.address();
    let Picture {
        name, look, said, ..
    } = picture;
    let inside = move || {
        look.with(|look| match look {
            ImageState::Waiting => view! { <p class="aside">"Not looked at yet."</p> }.into_any(),
            ImageState::Failed(sentence) => {
                view! { <p class="error">{sentence.clone()}</p> }.into_any()
            }
            ImageState::Encoded(seen) => {
                let steps = seen.1.decode + seen.1.resize + seen.1.encode;
                let bars = match said.get() {
                    Some(shares) => bars(&shares),
                    None => {
                        view! { <p class="aside">"The classes are not ready yet."</p> }.into_any()
                    }
                };
                view! {
                    {bars}
                    <p class="aside" data-milliseconds=steps.to_string()>{times(&seen.1)}</p>
                }
                .into_any()
            }
        })
    };
    view! {
        <img
            class="large"
            src=address
            alt=""
            hidden=move || look.with(|look| matches!(look, ImageState::Failed(_)))
        />
        <div>
            <h3>{name}</h3>
            {inside}
        </div>
    }
    .into_any()
}

/// How long each step took.
fn times(seen: &EncodedImage) -> String {
    if seen.known {
        return "Known from before by its bytes; nothing was computed.".to_owned();
    }
    let run = if seen.is_cold { "cold" } else { "warm" };
    let batch = match seen.batch {
        1 => String::new(),
        n => format!(" for {n} pictures at once"),
    };
    let tower = seen.tower.map_or(String::new(), |tower| {
        let rest = (seen.encode - tower).max(0.0);
        format!(
            ", of which {} on the device and {} for upload and download",
            milliseconds(tower),
            milliseconds(rest)
        )
    });
    format!(
        "{} × {} pixels. Decode {}, resize {}, image tower {} ({run}){batch}{tower}.",
        seen.width,
        seen.height,
        milliseconds(seen.decode),
        milliseconds(seen.resize),
        milliseconds(seen.encode)
    )
}

/// Shares of classes as bars.
pub fn bars(shares: &[RankedClass]) -> AnyView {
    let rows = shares.iter().map(|share| {
        let width = format!("{:.2}%", 100.0 * share.probability);
        view! {
            <li data-label=share.label.clone() data-probability=share.probability.to_string()>
                <span class="bar" style:width=width></span>
                <span class="label">{share.label.clone()}</span>
                <span>{percent(f64::from(share.probability))}</span>
                <span class="aside">{format!("cosine {:.3}", share.cosine).replace('-', "−")}</span>
            </li>
        }
    });
    view! { <ol class="bars">{list(rows)}</ol> }.into_any()
}

/// A picture, what it actual, and its likeliest classes.
struct Row {
    name: String,
    label: Option<String>,
    shares: Vec<RankedClass>,
}

fn rows(session: Session) -> Vec<Row> {
    let row = |picture: &Picture| {
        let shares = picture.said.get_untracked()?;
        Some(Row {
            name: picture.name.clone(),
            label: picture.label.clone(),
            shares: shares.to_vec(),
        })
    };
    session
        .pictures
        .with_untracked(|all| all.iter().filter_map(row).collect())
}

fn all(session: Session) -> AnyView {
    let rows = rows(session);
    if rows.len() < 2 {
        return ().into_any();
    }
    let hidden = rows.len().saturating_sub(ROWS);
    let shown: Vec<Vec<String>> = rows
        .iter()
        .take(ROWS)
        .map(|row| {
            let share = |share: &RankedClass| {
                format!("{} {}", share.label, percent(f64::from(share.probability)))
            };
            let mut cells = vec![
                row.name.clone(),
                row.label.clone().unwrap_or("–".to_owned()),
            ];
            cells.extend(row.shares.iter().take(3).map(share));
            cells.resize(5, "–".to_owned());
            cells
        })
        .collect();
    let head = ["Picture", "Shows", "First", "Second", "Third"];
    let more = (hidden > 0).then(|| format!("{hidden} more are in the files."));
    view! {
        <h3>"All pictures"</h3>
        {confusion(session, &rows).map(|confusion| view! { <Accuracy confusion /> })}
        <p class="toolbar">
            <button type="button" on:click=move |_| save::text("answers.csv", "text/csv", &csv(session))>
                "Save CSV"
            </button>
            <button
                type="button"
                on:click=move |_| save::text("answers.json", "application/json", &json(session))
            >
                "Save JSON"
            </button>
        </p>
        <div class="answers">
            {crate::page::table::table(Some("The likeliest classes".to_owned()), &head, shown)}
        </div>
        <p class="aside">{more}</p>
    }
    .into_any()
}

/// What is taken for what, where it is known what some pictures show.
fn confusion(session: Session, rows: &[Row]) -> Option<ConfusionMatrix> {
    let classes = session.classes.get_untracked()?;
    let labelled = rows.iter().filter_map(|row| {
        let first = row.shares.first()?;
        Some((row.label.as_deref()?, first.label.as_str()))
    });
    let labelled: Vec<(&str, &str)> = labelled.collect();
    let confusion = ConfusionMatrix::new(&classes.labels, &labelled);
    (confusion.total() > 0).then_some(confusion)
}

/// What [`csv_rows`] has in its columns.
pub const CSV: &str = "picture,shows,rank,class,right,probability,cosine";

/// Rows of what a model says of a picture that shows `label`.
pub fn csv_rows(name: &str, label: Option<&str>, shares: &[RankedClass]) -> Vec<String> {
    let row = |(rank, share): (usize, &RankedClass)| {
        let right = label.map(|label| is_same(label, &share.label).to_string());
        let cells = [
            cell(name),
            cell(label.unwrap_or_default()),
            (rank + 1).to_string(),
            cell(&share.label),
            right.unwrap_or_default(),
            share.probability.to_string(),
            share.cosine.to_string(),
        ];
        cells.join(",")
    };
    shares.iter().enumerate().map(row).collect()
}

fn csv(session: Session) -> String {
    let mut text = format!("{CSV}\n");
    for Row {
        name,
        label,
        shares,
    } in rows(session)
    {
        for row in csv_rows(&name, label.as_deref(), &shares) {
            text.push_str(&row);
            text.push('\n');
        }
    }
    text
}

fn json(session: Session) -> String {
    let rows = rows(session);
    let confusion = confusion(session, &rows);
    let pictures: Vec<serde_json::Value> = rows
        .into_iter()
        .map(|row| {
            let classes: Vec<serde_json::Value> = row
                .shares
                .iter()
                .map(|s| serde_json::json!({"class": s.label, "probability": s.probability, "cosine": s.cosine}))
                .collect();
            serde_json::json!({"picture": row.name, "shows": row.label, "classes": classes})
        })
        .collect();
    let ready = session.ready();
    serde_json::json!({
        "model": session.choice.with_untracked(|choice| choice.name.clone()),
        "scale": ready.map(|ready| ready.scale),
        "templates": super::session::lines(&session.templates.get_untracked()),
        "accuracy": confusion.as_ref().map(super::accuracy::json),
        "pictures": pictures,
    })
    .to_string()
}
