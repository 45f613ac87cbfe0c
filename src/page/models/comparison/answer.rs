//! What came of the comparison: in a sentence, as tables, as a file.

use crate::page::models::answers::{CSV, csv_rows};
use crate::page::models::protocol::LoadedModel;
use crate::page::models::ranking::RankedClass;
use crate::page::models::session::Picture;
use crate::page::{save, table};
use crate::text::{self, cell, number, percent};
use leptos::prelude::*;
use refit_clip::confusion::is_same;
use std::rc::Rc;
use std::sync::Arc;

/// Pictures that the table shows.
const ROWS: usize = 50;
/// Classes that it shows of each.
const CLASSES: usize = 3;

/// One of the two.
pub struct Side {
    pub name: String,
    pub ready: Arc<LoadedModel>,
    /// For one picture alone.
    pub milliseconds: f64,
}

pub struct Compared {
    pub classes: Vec<String>,
    pub sides: [Side; 2],
    pub rows: Vec<(Picture, [Vec<RankedClass>; 2])>,
}

/// How often both say the same first, and how often each is right.
pub fn agreement(compared: &Compared) -> String {
    let Compared {
        classes,
        sides,
        rows,
    } = compared;
    let firsts = rows
        .iter()
        .filter_map(|(picture, [a, b])| Some((picture, [a.first()?, b.first()?])));
    let firsts: Vec<_> = firsts.collect();
    let same = firsts
        .iter()
        .filter(|(_, [a, b])| a.label == b.label)
        .count();
    let of = |count: usize, all: usize| {
        let share = count as f64 / all.max(1) as f64;
        format!("{count} of {all} ({})", percent(share))
    };
    let mut text = format!(
        "The same first class in {} pictures.",
        of(same, firsts.len())
    );
    let known: Vec<_> = firsts
        .iter()
        .filter_map(|(picture, firsts)| Some((picture.label.as_deref()?, firsts)))
        // What is none of the classes nobody can get right.
        .filter(|(label, _)| classes.iter().any(|class| is_same(label, class)))
        .collect();
    if !known.is_empty() {
        let right = |i: usize| {
            let right = known
                .iter()
                .filter(|(label, firsts)| is_same(label, &firsts[i].label));
            of(right.count(), known.len())
        };
        text += &format!(
            " Right: {} in {}, {} in {}.",
            sides[0].name,
            right(0),
            sides[1].name,
            right(1)
        );
    }
    text
}

/// What each takes and says.
pub fn tables(compared: &Rc<Compared>) -> AnyView {
    let Compared { sides, rows, .. } = &**compared;
    let own = compared.clone();
    let each = |text: &dyn Fn(&Side) -> String| sides.iter().map(text).collect::<Vec<_>>();
    let gflops = |operations: f64| number(operations / 1e9);
    let row = |name: &str, text: &dyn Fn(&Side) -> String| {
        let mut cells = vec![name.to_owned()];
        cells.extend(each(text));
        cells
    };
    let on = |side: &Side| match &side.ready.gpu {
        None => "the processor".to_owned(),
        Some(gpu) if gpu.name.is_empty() => "the GPU".to_owned(),
        Some(gpu) => gpu.name.clone(),
    };
    let architecture = |side: &Side| side.ready.architecture;
    let facts = vec![
        row("Family", &|s| match architecture(s).decoder {
            Some(_) => "MaMMUT".to_owned(),
            None => "CLIP".to_owned(),
        }),
        row("One picture, image tower", &|s| {
            text::milliseconds(s.milliseconds)
        }),
        row("Computed on", &on),
        row("GFLOPs a picture", &|s| {
            gflops(architecture(s).image_operations())
        }),
        row("GFLOPs a prompt of full length", &|s| {
            gflops(architecture(s).prompt_operations())
        }),
        row("File", &|s| text::bytes(s.ready.bytes as f64)),
    ];
    let names = each(&|side| side.name.clone());
    let head = ["", names[0].as_str(), names[1].as_str()];
    let answer = |shares: &[RankedClass]| {
        let share = |s: &RankedClass| format!("{} {}", s.label, percent(f64::from(s.probability)));
        let shares: Vec<String> = shares.iter().take(CLASSES).map(share).collect();
        shares.join(", ")
    };
    let shown = rows.iter().take(ROWS).map(|(picture, [a, b])| {
        let same = a.first().map(|s| &s.label) == b.first().map(|s| &s.label);
        vec![
            picture.name.clone(),
            if same { "yes" } else { "no" }.to_owned(),
            answer(a),
            answer(b),
        ]
    });
    let pictures = ["Picture", "Same", names[0].as_str(), names[1].as_str()];
    let hidden = rows.len().saturating_sub(ROWS);
    let more = (hidden > 0).then(|| format!("{hidden} more pictures are counted, not shown."));
    view! {
        {table::table(
            Some(
                "What each takes: the median of three warm runs, one model after the other".to_owned(),
            ),
            &head,
            facts,
        )}
        <p class="toolbar">
            <button
                type="button"
                class="save"
                on:click=move |_| save::text("side_by_side.csv", "text/csv", &csv(&own))
            >
                "Save side by side as CSV"
            </button>
        </p>
        <div class="says">
            {table::table(Some("What each says".to_owned()), &pictures, shown.collect())}
        </div>
        <p class="aside">{more}</p>
    }
    .into_any()
}

/// What each says of every picture.
fn csv(compared: &Compared) -> String {
    let mut text = format!("model,{CSV}\n");
    for (picture, shares) in &compared.rows {
        for (side, shares) in compared.sides.iter().zip(shares) {
            for row in csv_rows(&picture.name, picture.label.as_deref(), shares) {
                text.push_str(&format!("{},{row}\n", cell(&side.name)));
            }
        }
    }
    text
}
