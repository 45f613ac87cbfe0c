//! Figures: the papers' figures, redrawn from the bundled data. Each opens in Explore.

use crate::analysis::drawing::Drawing;
use crate::analysis::link;
use crate::analysis::{self, Analysis};
use crate::chart::{ChartLayout, LegendEntry, Theme, canvas};
use crate::claim::{Check, Claim, Library, Printed, claims};
use crate::figure::{Figure, picture};
use crate::page::appearance::Appearance;
use crate::page::data::{self, RowQuery, TableData};
use crate::page::latest::Latest;
use crate::page::list;
use crate::page::location::Location;
use crate::page::messages::{LOADING_MEASUREMENTS, error, error_if_any, loading};
use crate::page::static_chart::Legend;
use crate::page::work::yield_now;
use crate::study::{DataError, Study, names};
use leptos::html::Canvas;
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Size of a chart in CSS pixels.
const SMALL: (f64, f64) = (360.0, 240.0);

/// A figure of a study.
type StudyFigure = (Study, Figure);

/// The figures drawn so far.
#[derive(Clone, Copy)]
struct Gallery {
    /// Their checked laws, where they have any; `None` before they are drawn.
    checks: RwSignal<Vec<Option<Vec<Check>>>>,
    /// Series and their marks; empty before they are drawn.
    legends: RwSignal<Vec<Vec<LegendEntry>>>,
    failed: RwSignal<Option<String>>,
}

#[component]
pub fn Figures() -> impl IntoView {
    let location = expect_context::<Location>();
    let loaded = data::load(move || {
        // A study at an address becomes known after this view began.
        location.analysis.track();
        async { data::printed(&Study::all()).await }
    });
    view! {
        <main id="main" tabindex="-1" class="figures">
            <h1>"Figures"</h1>
            <p class="lead">
                "The papers’ figures, redrawn from the released measurements with refitted laws. Each opens in Explore, where you can change everything."
            </p>
            {move || match loaded.get() {
                None => loading(LOADING_MEASUREMENTS),
                Some(Err(failure)) => error(failure.to_string()),
                Some(Ok(printed)) => galleries(printed).into_any(),
            }}
        </main>
    }
}

/// The figures of every study.
fn galleries(printed: Arc<Printed>) -> impl IntoView {
    let mut all: Vec<StudyFigure> = Vec::new();
    for study in Study::all() {
        let figures = printed.descriptions.get(&study).map(|d| &d.figures);
        all.extend(figures.into_iter().flatten().map(|f| (study, f.clone())));
    }
    let places: Vec<NodeRef<Canvas>> = all.iter().map(|_| NodeRef::new()).collect();
    let gallery = Gallery {
        checks: RwSignal::new(vec![None; all.len()]),
        legends: RwSignal::new(vec![Vec::new(); all.len()]),
        failed: RwSignal::new(None),
    };
    let appearance = expect_context::<Appearance>();
    let sections = Study::all().into_iter().map(|study| {
        let cards = all.iter().zip(&places).enumerate();
        let cards = cards.filter(|(_, ((of, _), _))| *of == study);
        let cards = cards.map(|(i, (figure, place))| card(i, figure, *place, gallery));
        let missing = printed.descriptions.get(&study).map(|d| &d.not_drawn);
        let missing = missing.into_iter().flatten().map(|figure| {
            view! {
                <li>
                    {figure.title.clone()} ". "
                    <span class="aside">{figure.reason.clone()}</span>
                </li>
            }
        });
        let missing: Vec<_> = missing.collect();
        view! {
            <section>
                <h2>{study.title.clone()} {arxiv(study)}</h2>
                <div class="gallery">{list(cards)}</div>
                {(!missing.is_empty())
                    .then(|| {
                        view! {
                            <h3>"Figures that cannot be redrawn"</h3>
                            <ul>{list(missing.into_iter())}</ul>
                        }
                    })}
                <Benchmarks study />
            </section>
        }
    });
    let sections = list(sections);
    let latest = Latest::new();
    Effect::new(move || {
        let theme = appearance.theme();
        // Drawn again in other colours.
        let request = latest.start();
        let (all, places, printed) = (all.clone(), places.clone(), printed.clone());
        leptos::task::spawn_local(async move {
            let current = move || request.is_latest();
            if let Err(error) = draw_all(&all, &places, &printed, &theme, gallery, current).await {
                gallery.failed.try_set(Some(error));
            }
        });
    });
    view! {
        {error_if_any(gallery.failed)}
        {sections}
    }
}

/// " arXiv 2212.07143", where the study is there.
fn arxiv(study: Study) -> Option<impl IntoView> {
    let arxiv = study.arxiv.clone();
    (!arxiv.is_empty()).then(|| view! { <span class="aside">" arXiv " {arxiv}</span> })
}

fn card(
    i: usize,
    (study, figure): &StudyFigure,
    place: NodeRef<Canvas>,
    gallery: Gallery,
) -> impl IntoView + use<> {
    let address = format!("?{}", link(&figure.analysis(*study), &figure.drawing()));
    let (title, figure_place) = (figure.title.clone(), figure.place.clone());
    let (sentence, ids) = (figure.sentence.clone(), figure.laws.clone());
    let laws = move || {
        let checks = gallery.checks.with(|all| all[i].clone())?;
        let laws = ids.iter().map(|law| {
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
    let legend = Signal::derive(move || gallery.legends.with(|all| all[i].clone()));
    view! {
        <article class="figure-card">
            <a href=address.clone() tabindex="-1" aria-hidden="true">
                <canvas node_ref=place></canvas>
            </a>
            <Legend entries=legend />
            <h3>
                <a href=address>{title}</a>
            </h3>
            <p>
                <span class="aside">{figure_place} ". "</span>
                {sentence}
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
    figures: &[StudyFigure],
    places: &[NodeRef<Canvas>],
    printed: &Printed,
    theme: &Theme,
    gallery: Gallery,
    current: impl Fn() -> bool,
) -> Result<(), String> {
    let mut tables: Vec<Arc<TableData>> = Vec::new();
    for (i, ((study, figure), place)) in figures.iter().zip(places).enumerate() {
        let analysis = figure.analysis(*study);
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
        let checks = check(figure, printed, &table);
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
        architectures: BTreeMap::from([(table.query.table.study(), table.architectures.clone())]),
    };
    for claim in claims(printed) {
        let Claim::Law(coefficients, _) = &claim else {
            continue;
        };
        let ours = coefficients
            .first()
            .is_some_and(|c| figure.laws.contains(&c.law));
        if ours {
            checks.extend(claim.check(&library));
        }
    }
    checks
}

/// Links to every benchmark of a study's first table, where it has many.
#[component]
fn Benchmarks(study: Study) -> impl IntoView {
    const MANY: usize = 10;
    let table = study.tables().next();
    let loaded = data::load(move || {
        let query = table.map(|table| RowQuery::of(&Analysis::of(table)));
        async move {
            match query {
                Some(query) => data::table(query).await,
                None => Err(DataError::whole(study.reference(), "has no table")),
            }
        }
    });
    move || {
        let (table, data) = (table?, loaded.get()?.ok()?);
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
        if benchmarks.len() <= MANY {
            return None;
        }
        let links = benchmarks.into_iter().map(|(dataset, metric)| {
            let text = names::dataset(study, &dataset).to_owned();
            let analysis = Analysis {
                dataset,
                metric,
                ..Analysis::of(table)
            };
            let address = format!("?{}", link(&analysis, &Drawing::default()));
            view! {
                <li>
                    <a href=address>{text}</a>
                </li>
            }
        });
        Some(view! {
            <h3>"Single benchmarks"</h3>
            <ul class="sets">{list(links)}</ul>
        })
    }
}
