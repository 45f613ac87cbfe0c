//! Figures: the papers' figures, redrawn from the bundled data. Each opens in Explore.

use crate::analysis::drawing::Drawing;
use crate::analysis::link;
use crate::analysis::{self, Analysis};
use crate::chart::{ChartLayout, LegendEntry, Theme, canvas};
use crate::claim::{Check, Claim, Library, Printed, claims};
use crate::figure::{Figure, NOT_DRAWN, PAPERS, picture};
use crate::page::appearance::Appearance;
use crate::page::data::{self, RowQuery, TableData};
use crate::page::latest::Latest;
use crate::page::list;
use crate::page::messages::error_if_any;
use crate::page::work::yield_now;
use crate::study::{DataError, Study, Table, names};
use leptos::html::Canvas;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Size of a chart in CSS pixels.
const SMALL: (f64, f64) = (360.0, 240.0);

/// The figures drawn so far.
#[derive(Clone, Copy)]
struct Gallery {
    /// Their checked laws, where they have any; `None` before they are gallery.
    checks: RwSignal<Vec<Option<Vec<Check>>>>,
    /// Series and their marks; empty before they are gallery.
    legends: RwSignal<Vec<Vec<LegendEntry>>>,
    failed: RwSignal<Option<String>>,
}

#[component]
pub fn Figures() -> impl IntoView {
    let places: Vec<NodeRef<Canvas>> = PAPERS.iter().map(|_| NodeRef::new()).collect();
    let gallery = Gallery {
        checks: RwSignal::new(vec![None; PAPERS.len()]),
        legends: RwSignal::new(vec![Vec::new(); PAPERS.len()]),
        failed: RwSignal::new(None),
    };
    let appearance = expect_context::<Appearance>();
    let all = places.clone();
    let latest = Latest::new();
    Effect::new(move || {
        let theme = appearance.theme();
        // Drawn again in other colours.
        let request = latest.start();
        let places = all.clone();
        leptos::task::spawn_local(async move {
            let current = move || request.is_latest();
            if let Err(error) = draw_all(&places, &theme, gallery, current).await {
                gallery.failed.try_set(Some(error));
            }
        });
    });
    let of = |study: Study| {
        let figures = PAPERS.iter().zip(&places).enumerate();
        let figures = figures.filter(|(_, (figure, _))| figure.study == study);
        let figures = figures.map(|(i, (figure, place))| card(i, figure, *place, gallery));
        let missing = NOT_DRAWN.iter().filter(|figure| figure.study == study);
        let missing = missing.map(|figure| {
            view! {
                <li>
                    {figure.title} ". "
                    <span class="aside">{figure.reason}</span>
                </li>
            }
        });
        view! {
            <section>
                <h2>{study.title()} <span class="aside">" arXiv " {study.arxiv()}</span></h2>
                <div class="gallery">{list(figures)}</div>
                <h3>"Figures that cannot be redrawn"</h3>
                <ul>{list(missing)}</ul>
            </section>
        }
    };
    view! {
        <main id="main" tabindex="-1" class="figures">
            <h1>"Figures"</h1>
            <p class="lead">
                "The papers’ figures, redrawn from the released measurements with refitted laws. Each opens in Explore, where you can change everything."
            </p>
            {error_if_any(gallery.failed)}
            {list(Study::ALL.map(of))}
            <section>
                <h2>"Single benchmarks"</h2>
                <p>
                    "Every zero-shot benchmark of the openclip study, with top-1 accuracy or the benchmark’s own metric."
                </p>
                <Benchmarks />
            </section>
        </main>
    }
}

fn card(
    i: usize,
    figure: &'static Figure,
    place: NodeRef<Canvas>,
    gallery: Gallery,
) -> impl IntoView {
    let address = format!("?{}", link(&figure.analysis(), &figure.drawing()));
    let laws = move || {
        let checks = gallery.checks.with(|all| all[i].clone())?;
        let laws = figure.laws.iter().map(|law| {
            let rows: Vec<&Check> = checks.iter().filter(|c| c.id.starts_with(law)).collect();
            let coefficients = rows.iter().skip(1).map(|c| {
                let (_, decimals) = c.printed_text.split_once('.').unwrap_or_default();
                let ours = c.recomputed.map(|x| format!("{x:.0$}", decimals.len()));
                let text = format!(
                    "{} {} ({})",
                    split_quantity(&c.quantity).1,
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
                        {rows.first().map(|c| split_quantity(&c.quantity).0.to_owned())} ": printed (refitted) "
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
        let entries = gallery.legends.with(|all| all[i].clone()).into_iter();
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

/// Splits a check's quantity into law and coefficient: "CLIP law, ImageNet-1k on DataComp-1.4B: ln B".
fn split_quantity(quantity: &str) -> (&str, &str) {
    quantity.rsplit_once(": ").unwrap_or((quantity, ""))
}

async fn draw_all(
    places: &[NodeRef<Canvas>],
    theme: &Theme,
    gallery: Gallery,
    current: impl Fn() -> bool,
) -> Result<(), String> {
    let mut tables: Vec<Arc<TableData>> = Vec::new();
    let printed = data::printed()
        .await
        .map_err(|e: DataError| e.to_string())?;
    for (i, (figure, place)) in PAPERS.iter().zip(places).enumerate() {
        let analysis = figure.analysis();
        let query = RowQuery::of(&analysis);
        let table = match tables.iter().find(|t| t.query == query) {
            Some(table) => table.clone(),
            None => {
                let loaded = data::table(query).await.map_err(|e| e.to_string())?;
                tables.push(loaded.clone());
                loaded
            }
        };
        yield_now().await;
        if !current() {
            return Ok(());
        }
        let outcome = analysis::run(&analysis, &table.rows, &table.architectures);
        let mut scene = picture(&analysis, &outcome, &table.rows, &figure.drawing()).scene;
        let legend = std::mem::take(&mut scene.legend);
        gallery.legends.try_update(|all| all[i] = legend);
        // There is no room for labels.
        scene.labels.clear();
        scene.y.label = String::new();
        if let Some(canvas) = place.get_untracked() {
            let (width, height) = SMALL;
            let shown: Result<ChartLayout, _> =
                canvas::draw_on(&canvas, &scene, theme, width, height);
            shown.map_err(|e| e.to_string())?;
        }
        let checks = check(figure, &printed, &table);
        gallery.checks.try_update(|all| all[i] = Some(checks));
    }
    Ok(())
}

fn check(figure: &Figure, printed: &Printed, table: &TableData) -> Vec<Check> {
    let mut checks = Vec::new();
    if figure.laws.is_empty() {
        return checks;
    }
    let library = Library {
        tables: BTreeMap::from([(table.query.table, table.rows.clone())]),
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

/// Links to every benchmark of the zero-shot table.
#[component]
fn Benchmarks() -> impl IntoView {
    let loaded = data::load(|| data::table(RowQuery::of(&Analysis::of(Table::Zeroshot))));
    move || {
        let data = loaded.get()?.ok()?;
        let mut benchmarks: Vec<(String, String)> = Vec::new();
        for row in &data.rows {
            let known = benchmarks.iter_mut().find(|(name, _)| *name == row.dataset);
            let main = ["acc1", "image_retrieval_recall@5", "mean_average_precision"];
            let better = main.contains(&row.metric.as_str());
            match known {
                None => benchmarks.push((row.dataset.clone(), row.metric.clone())),
                Some((_, metric)) if better => metric.clone_from(&row.metric),
                Some(_) => {}
            }
        }
        let links = benchmarks.into_iter().map(|(dataset, metric)| {
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
