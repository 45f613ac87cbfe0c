//! Figures: the papers' own, drawn from the bundled data; each opens in Explore.

use crate::analysis::drawing::Drawing;
use crate::analysis::link;
use crate::analysis::{self, Analysis};
use crate::chart::{ChartLayout, LegendEntry, Theme, canvas};
use crate::claim::{Check, Claim, Library, Printed, claims};
use crate::figure::{Figure, NOT_DRAWN, PAPERS, picture};
use crate::page::appearance::Appearance;
use crate::page::data::{self, TableData, Wanted};
use crate::page::list;
use crate::page::work::turn;
use crate::study::{DataError, Study, Table, names};
use leptos::html::Canvas;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// CSS pixels of a small picture.
const SMALL: (f64, f64) = (360.0, 240.0);

/// What came of the figures so far.
#[derive(Clone, Copy)]
struct Drawn {
    /// Their checked laws, where they have any; `None` before they are drawn.
    checks: RwSignal<Vec<Option<Vec<Check>>>>,
    /// Series and their marks; empty before they are drawn.
    legends: RwSignal<Vec<Vec<LegendEntry>>>,
    failed: RwSignal<Option<String>>,
}

#[component]
pub fn Figures() -> impl IntoView {
    let places: Vec<NodeRef<Canvas>> = PAPERS.iter().map(|_| NodeRef::new()).collect();
    let drawn = Drawn {
        checks: RwSignal::new(vec![None; PAPERS.len()]),
        legends: RwSignal::new(vec![Vec::new(); PAPERS.len()]),
        failed: RwSignal::new(None),
    };
    let appearance = expect_context::<Appearance>();
    let all = places.clone();
    let round = StoredValue::new(0_u32);
    Effect::new(move || {
        let theme = appearance.theme();
        // Drawn anew in other colours: the round before stops.
        round.update_value(|r| *r += 1);
        let mine = round.get_value();
        let places = all.clone();
        leptos::task::spawn_local(async move {
            let current = move || round.try_get_value() == Some(mine);
            if let Err(error) = draw_all(&places, &theme, drawn, current).await {
                drawn.failed.try_set(Some(error));
            }
        });
    });
    let of = |study: Study| {
        let figures = PAPERS.iter().zip(&places).enumerate();
        let figures = figures.filter(|(_, (figure, _))| figure.study == study);
        let figures = figures.map(|(i, (figure, place))| card(i, figure, *place, drawn));
        let absent = NOT_DRAWN.iter().filter(|absent| absent.study == study);
        let absent = absent.map(|absent| {
            view! {
                <li>
                    {absent.title} ". "
                    <span class="aside">{absent.reason}</span>
                </li>
            }
        });
        view! {
            <section>
                <h2>{study.title()} <span class="aside">" arXiv " {study.arxiv()}</span></h2>
                <div class="gallery">{list(figures)}</div>
                <h3>"What cannot be drawn"</h3>
                <ul>{list(absent)}</ul>
            </section>
        }
    };
    view! {
        <main id="main" tabindex="-1" class="figures">
            <h1>"The papers’ figures"</h1>
            <p class="lead">
                "Drawn here from the released measurements, the laws refitted. Each opens in Explore, where everything can be changed."
            </p>
            <p class="error" role="alert" hidden=move || drawn.failed.with(Option::is_none)>
                {move || drawn.failed.get()}
            </p>
            {list(Study::ALL.map(of))}
            <section>
                <h2>"One set at a time"</h2>
                <p>
                    "Every zero-shot set of the openclip study, top-1 accuracy or the set’s own metric."
                </p>
                <Sets />
            </section>
        </main>
    }
}

fn card(i: usize, figure: &'static Figure, place: NodeRef<Canvas>, drawn: Drawn) -> impl IntoView {
    let address = format!("?{}", link(&figure.analysis(), &figure.drawing()));
    let laws = move || {
        let checks = drawn.checks.with(|all| all[i].clone())?;
        let laws = figure.laws.iter().map(|law| {
            let rows: Vec<&Check> = checks.iter().filter(|c| c.id.starts_with(law)).collect();
            let coefficients = rows.iter().skip(1).map(|c| {
                let (_, decimals) = c.printed_text.split_once('.').unwrap_or_default();
                let ours = c.recomputed.map(|x| format!("{x:.0$}", decimals.len()));
                let text = format!(
                    "{} {} ({})",
                    part(&c.quantity).1,
                    c.printed_text,
                    ours.unwrap_or("–".to_owned())
                );
                text.replace('-', "−")
            });
            let coefficients: Vec<String> = coefficients.collect();
            let verdict = rows.first().map(|c| c.verdict);
            view! {
                <p class="law-verdict">
                    <span class=verdict
                        .map(|v| format!("verdict {}", v.id()))>{verdict.map(|v| v.title())}</span>
                    " "
                    <span class="aside">
                        {rows.first().map(|c| part(&c.quantity).0.to_owned())} ": printed (refitted) "
                        {coefficients.join(", ")}
                    </span>
                </p>
            }
        });
        Some(list(laws))
    };
    let appearance = expect_context::<Appearance>();
    let legend = move || {
        let theme = appearance.theme();
        let entries = drawn.legends.with(|all| all[i].clone()).into_iter();
        list(entries.map(|entry| {
            let (r, g, b) = theme.color(entry.color);
            view! {
                <li>
                    <span aria-hidden="true" style:color=format!("rgb({r},{g},{b})")>
                        {entry.shape.glyph()}
                    </span>
                    {entry.text}
                </li>
            }
        }))
    };
    view! {
        <article class="figure-card">
            <a href=address.clone() tabindex="-1" aria-hidden="true">
                <canvas node_ref=place></canvas>
            </a>
            <ul class="legend">{legend}</ul>
            <h3>
                <a href=address>{figure.title}</a>
            </h3>
            <p>
                <span class="aside">{figure.place} ". "</span>
                {figure.sentence}
            </p>
            {laws}
        </article>
    }
}

/// The law and its part, of a check's quantity: "CLIP law, ImageNet-1k on DataComp-1.4B: ln B".
fn part(quantity: &str) -> (&str, &str) {
    quantity.rsplit_once(": ").unwrap_or((quantity, ""))
}

async fn draw_all(
    places: &[NodeRef<Canvas>],
    theme: &Theme,
    drawn: Drawn,
    current: impl Fn() -> bool,
) -> Result<(), String> {
    let mut tables: Vec<Arc<TableData>> = Vec::new();
    let printed = data::printed()
        .await
        .map_err(|e: DataError| e.to_string())?;
    for (i, (figure, place)) in PAPERS.iter().zip(places).enumerate() {
        let analysis = figure.analysis();
        let wanted = Wanted::of(&analysis);
        let table = match tables.iter().find(|t| t.wanted == wanted) {
            Some(table) => table.clone(),
            None => {
                let loaded = data::table(wanted).await.map_err(|e| e.to_string())?;
                tables.push(loaded.clone());
                loaded
            }
        };
        turn().await;
        if !current() {
            return Ok(());
        }
        let outcome = analysis::run(&analysis, &table.rows, &table.architectures);
        let mut scene = picture(&analysis, &outcome, &table.rows, &figure.drawing()).scene;
        let legend = std::mem::take(&mut scene.legend);
        drawn.legends.try_update(|all| all[i] = legend);
        // Small pictures have room for marks, not for words.
        scene.labels.clear();
        scene.y.label = String::new();
        if let Some(canvas) = place.get_untracked() {
            let (width, height) = SMALL;
            let shown: Result<ChartLayout, _> =
                canvas::draw_on(&canvas, &scene, theme, width, height);
            shown.map_err(|e| e.to_string())?;
        }
        let checks = check(figure, &printed, &table);
        drawn.checks.try_update(|all| all[i] = Some(checks));
    }
    Ok(())
}

fn check(figure: &Figure, printed: &Printed, table: &TableData) -> Vec<Check> {
    let mut checks = Vec::new();
    if figure.laws.is_empty() {
        return checks;
    }
    let library = Library {
        tables: BTreeMap::from([(table.wanted.table, table.rows.clone())]),
        architectures: BTreeMap::from([(figure.study, table.architectures.clone())]),
    };
    for claim in claims(printed) {
        let Claim::Law(coefficients) = &claim else {
            continue;
        };
        let ours = coefficients
            .first()
            .is_some_and(|c| figure.laws.contains(&c.law.as_str()));
        if ours {
            checks.extend(claim.check(&library));
        }
    }
    checks
}

/// Links to every set of the zero-shot table.
#[component]
fn Sets() -> impl IntoView {
    let loaded = data::load(|| data::table(Wanted::of(&Analysis::of(Table::Zeroshot))));
    move || {
        let data = loaded.get()?.ok()?;
        let mut sets: Vec<(String, String)> = Vec::new();
        for row in &data.rows {
            let known = sets.iter_mut().find(|(set, _)| *set == row.dataset);
            let main = ["acc1", "image_retrieval_recall@5", "mean_average_precision"];
            let better = main.contains(&row.metric.as_str());
            match known {
                None => sets.push((row.dataset.clone(), row.metric.clone())),
                Some((_, metric)) if better => metric.clone_from(&row.metric),
                Some(_) => {}
            }
        }
        let links = sets.into_iter().map(|(dataset, metric)| {
            let text = names::dataset(&dataset).to_owned();
            let analysis = Analysis {
                dataset,
                metric,
                ..Analysis::of(Table::Zeroshot)
            };
            let address = format!("?{}", link(&analysis, &Drawing::default()));
            view! {
                <li>
                    <a href=address>{text}</a>
                </li>
            }
        });
        Some(view! { <ul class="sets">{list(links)}</ul> })
    }
}
