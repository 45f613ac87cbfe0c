//! Exports the figure, its data and its law.

use super::CurrentAnalysis;
use crate::chart::Theme;
use crate::figure::{export, picture};
use crate::page::appearance::Appearance;
use crate::page::data;
use crate::page::location::{Location, View};
use crate::page::messages::{DOWNLOAD_REFUSED, error_if_any};
use crate::page::save;
use crate::study::Study;
use leptos::prelude::*;
use wasm_bindgen::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement};

/// Size of an exported figure in CSS pixels; a PNG has twice as many.
const SIZE: (u32, u32) = (960, 640);

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Png,
    Svg,
    Points,
    Curve,
    Markdown,
    Latex,
    Json,
    Bibtex,
    Embed,
}

impl Kind {
    const FILES: [Kind; 5] = [Kind::Png, Kind::Svg, Kind::Points, Kind::Curve, Kind::Json];
    const TEXTS: [Kind; 4] = [Kind::Markdown, Kind::Latex, Kind::Bibtex, Kind::Embed];

    fn title(self) -> &'static str {
        match self {
            Kind::Png => "Figure, PNG",
            Kind::Svg => "Figure, SVG",
            Kind::Points => "Points, CSV",
            Kind::Curve => "Laws as curves, CSV",
            Kind::Json => "Analysis, JSON",
            Kind::Markdown => "Coefficients, Markdown",
            Kind::Latex => "Coefficients, LaTeX",
            Kind::Bibtex => "Citation, BibTeX",
            Kind::Embed => "Figure in your page, HTML",
        }
    }

    fn file(self) -> &'static str {
        match self {
            Kind::Png => "refit.png",
            Kind::Svg => "refit.svg",
            Kind::Points => "refit-points.csv",
            Kind::Curve => "refit-curves.csv",
            Kind::Json => "refit.json",
            Kind::Markdown => "refit.md",
            Kind::Latex => "refit.tex",
            Kind::Bibtex => "refit.bib",
            Kind::Embed => "refit.html",
        }
    }
}

#[component]
pub fn Export(current: Memo<Option<CurrentAnalysis>>) -> impl IntoView {
    let location = expect_context::<Location>();
    let appearance = expect_context::<Appearance>();
    let failed = RwSignal::new(None::<String>);
    let chosen = RwSignal::new(None::<Kind>);
    let study = Memo::new(move |_| current.with(|s| s.as_ref().map(|s| s.analysis.study())));
    let description = data::load(move || {
        let study = study.get().unwrap_or(Study::default());
        async move { data::description(study).await }
    });
    let text = move |kind: Kind| {
        if kind == Kind::Bibtex {
            return match description.get()? {
                Ok(description) => Some(description.citation() + "\n"),
                Err(error) => {
                    failed.set(Some(error.to_string()));
                    None
                }
            };
        }
        let text = current.with(|s| text(kind, s.as_ref()?, location, appearance))?;
        text.map_err(|error| failed.set(Some(error))).ok()
    };
    let download = move |kind: Kind| {
        failed.set(None);
        let Some(text) = untrack(|| text(kind)) else {
            return;
        };
        if kind == Kind::Png {
            leptos::task::spawn_local(async move {
                if let Err(error) = png(&text).await {
                    failed.try_set(Some(error));
                }
            });
        } else if let Err(error) = save(kind.file(), &text) {
            failed.set(Some(error));
        }
    };
    let shown_text = move || chosen.get().and_then(text);
    let unready = Signal::derive(move || current.with(Option::is_none));
    view! {
        <p>
            "Files are created in your browser. The JSON lists the data files with their SHA-256, so that a figure can be traced to its data."
        </p>
        <div class="choices">
            {Kind::FILES
                .map(|kind| {
                    view! {
                        <button type="button" disabled=unready on:click=move |_| download(kind)>
                            {kind.title()}
                        </button>
                    }
                })
                .collect_view()}
        </div>
        <div class="choices">
            {Kind::TEXTS
                .map(|kind| {
                    view! {
                        <button
                            type="button"
                            aria-pressed=move || (chosen.get() == Some(kind)).to_string()
                            on:click=move |_| {
                                chosen.update(|c| *c = if *c == Some(kind) { None } else { Some(kind) });
                            }
                        >
                            {kind.title()}
                        </button>
                    }
                })
                .collect_view()}
        </div>
        {error_if_any(failed)}
        <Show when=move || chosen.get().is_some()>
            <pre class="text" tabindex="0" aria-label="Text to copy">
                {shown_text}
            </pre>
            <button
                type="button"
                on:click=move |_| {
                    if let Some(text) = untrack(shown_text) {
                        let _ = window().navigator().clipboard().write_text(&text);
                    }
                }
            >
                "Copy"
            </button>
            <button
                type="button"
                on:click=move |_| {
                    if let Some(kind) = chosen.get_untracked() {
                        download(kind);
                    }
                }
            >
                "Save"
            </button>
        </Show>
    }
}

/// An export as text, or an error: of the PNG its SVG; `None` for what is of the study's description.
fn text(
    kind: Kind,
    current: &CurrentAnalysis,
    location: Location,
    appearance: Appearance,
) -> Option<Result<String, String>> {
    let (a, outcome, rows) = (&current.analysis, &current.outcome, &current.data.rows);
    let drawing = location.drawing.get();
    Some(Ok(match kind {
        Kind::Points => export::points_csv(outcome, rows),
        Kind::Curve => export::curve_csv(a, outcome),
        Kind::Markdown => export::coefficients_markdown(a, outcome),
        Kind::Latex => export::coefficients_latex(a, outcome),
        Kind::Json => {
            let mut json = export::json(a, &drawing, outcome, rows);
            // The digests are those of the bundled files only.
            if let Some(summary) = &current.data.user_runs {
                json["your_data"] = summary.as_str().into();
            }
            let link = page() + json["link"].as_str().unwrap_or_default();
            json["link"] = link.into();
            format!("{json:#}\n")
        }
        Kind::Embed => embed(location),
        Kind::Svg | Kind::Png => {
            let scene = picture(a, outcome, rows, &drawing).scene;
            let theme = with_background(appearance);
            let address = page() + &location.href(View::Explore);
            let svg = export::svg(a, outcome, &scene, &theme, &address, SIZE);
            return Some(svg.map_err(|e| e.to_string()));
        }
        Kind::Bibtex => return None,
    }))
}

/// The theme with a background, since a file may be placed on any page.
fn with_background(appearance: Appearance) -> Theme {
    let theme = appearance.theme();
    let dark = theme == Theme::dark();
    Theme {
        background: Some(if dark { (20, 24, 29) } else { (255, 255, 255) }),
        ..theme
    }
}

/// The page's address, without a query.
fn page() -> String {
    let here = window().location();
    here.origin().unwrap_or_default() + &here.pathname().unwrap_or_default()
}

/// HTML of an inline frame that shows this figure.
fn embed(location: Location) -> String {
    let page = page();
    let address = location.href(View::Embed).replace('&', "&amp;");
    format!(
        "<iframe src=\"{page}{address}\" title=\"A scaling law, refitted\" width=\"720\" height=\"640\" style=\"border: 0\" loading=\"lazy\"></iframe>\n"
    )
}

fn refused(_: JsValue) -> String {
    DOWNLOAD_REFUSED.to_owned()
}

/// Starts a download of a text.
fn save(name: &str, text: &str) -> Result<(), String> {
    let parts = js_sys::Array::of1(&JsValue::from_str(text));
    let blob = Blob::new_with_str_sequence(&parts).map_err(refused)?;
    save::blob_as(name, &blob).map_err(refused)
}

/// Downloads the pixels of an SVG figure, two per CSS pixel.
async fn png(svg: &str) -> Result<(), String> {
    let (width, height) = (2 * SIZE.0, 2 * SIZE.1);
    let not_drawn = |_: JsValue| "This browser could not draw the figure as a PNG.".to_owned();
    let image = HtmlImageElement::new().map_err(not_drawn)?;
    let text = js_sys::encode_uri_component(svg);
    image.set_src(&format!("data:image/svg+xml,{}", String::from(text)));
    wasm_bindgen_futures::JsFuture::from(image.decode())
        .await
        .map_err(not_drawn)?;
    let canvas = document().create_element("canvas").map_err(not_drawn)?;
    let canvas: HtmlCanvasElement = canvas.unchecked_into();
    canvas.set_width(width);
    canvas.set_height(height);
    let context = canvas.get_context("2d").map_err(not_drawn)?;
    let context = context.and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
    let context = context.ok_or_else(|| not_drawn(JsValue::NULL))?;
    let (width, height) = (f64::from(width), f64::from(height));
    context
        .draw_image_with_html_image_element_and_dw_and_dh(&image, 0.0, 0.0, width, height)
        .map_err(not_drawn)?;
    let made = Closure::once_into_js(|blob: Option<Blob>| {
        // `None` where the browser runs out of memory.
        if let Some(blob) = blob {
            let _ = save::blob_as(Kind::Png.file(), &blob);
        }
    });
    canvas.to_blob(made.unchecked_ref()).map_err(refused)
}
