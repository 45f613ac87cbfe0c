//! The chart: an analysis as a scene on a canvas, with a card for the run under the pointer.

use super::coefficients::name;
use super::{Shown, measured};
use crate::chart::{
    Axis, Band, Dash, Direction, Emphasis, Format, Layout, Line, Mark, Marks, Scale, Scene, Shape,
    Theme, canvas, nearest, step,
};
use crate::order;
use crate::page::list;
use crate::study::Measurement;
use crate::text::{number, percent};
use leptos::ev;
use leptos::html::Canvas;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use wasm_bindgen::closure::Closure;

/// What one mark stands for; a mark's key is its index in the list of these.
#[derive(Clone, Debug, PartialEq)]
struct Dot {
    series: usize,
    row: usize,
    x: f64,
    error: f64,
    role: &'static str,
}

#[derive(Clone, Debug, PartialEq)]
struct Picture {
    scene: Scene,
    dots: Vec<Dot>,
}

const SHAPES: [(Shape, &str); 4] = [
    (Shape::Circle, "●"),
    (Shape::Square, "■"),
    (Shape::Triangle, "▲"),
    (Shape::Diamond, "◆"),
];

/// How near the pointer has to come to a mark, in CSS pixels.
const REACH: f64 = 24.0;

#[component]
pub fn Figure(shown: Memo<Option<Shown>>) -> impl IntoView {
    let picture = Memo::new(move |_| shown.with(|s| s.as_ref().map(picture)));
    let theme = theme();
    let size = RwSignal::new(0_u32);
    let resize = window_event_listener(ev::resize, move |_| size.update(|s| *s += 1));
    on_cleanup(move || resize.remove());

    let data = NodeRef::<Canvas>::new();
    let overlay = NodeRef::<Canvas>::new();
    let layout = RwSignal::new(None::<Layout>);
    let failed = RwSignal::new(None::<String>);
    let focus = RwSignal::new(None::<usize>);

    Effect::new(move || {
        size.track();
        let (Some(canvas), Some(picture)) = (data.get(), picture.get()) else {
            return;
        };
        let (width, height) = (canvas.client_width(), canvas.client_height());
        let drawn = measured("refit:draw", || {
            canvas::draw_on(
                &canvas,
                &picture.scene,
                &theme(),
                f64::from(width),
                f64::from(height),
            )
        });
        focus.set(None);
        match drawn {
            Ok(drawn) => {
                layout.set(Some(drawn));
                failed.set(None);
            }
            Err(error) => failed.set(Some(error.to_string())),
        }
    });
    // The ring is on a canvas of its own, so that hovering does not draw the data again.
    Effect::new(move || {
        let (Some(canvas), Some(layout)) = (overlay.get(), layout.get()) else {
            return;
        };
        let mark = focus.get().and_then(|key| {
            picture.with(|p| {
                let dot = p.as_ref()?.dots.get(key)?;
                Some(Mark {
                    x: dot.x,
                    y: dot.error,
                    key,
                })
            })
        });
        if let Err(error) = canvas::highlight_on(&canvas, &layout, mark.as_ref(), &theme()) {
            failed.set(Some(error.to_string()));
        }
    });

    let with_scene = move |find: &dyn Fn(&Layout, &Scene) -> Option<usize>| {
        layout
            .with(|layout| picture.with(|picture| find(layout.as_ref()?, &picture.as_ref()?.scene)))
    };
    let point = move |event: ev::PointerEvent| {
        let (x, y) = (f64::from(event.offset_x()), f64::from(event.offset_y()));
        let found = with_scene(&|layout, scene| nearest(layout, scene, x, y, REACH));
        if found != focus.get_untracked() {
            focus.set(found);
        }
    };
    let key = move |event: ev::KeyboardEvent| {
        let direction = match event.key().as_str() {
            "ArrowRight" => Direction::Next,
            "ArrowLeft" => Direction::Previous,
            "ArrowDown" => Direction::NextLayer,
            "ArrowUp" => Direction::PreviousLayer,
            "Escape" => return focus.set(None),
            _ => return,
        };
        event.prevent_default();
        let from = focus.get_untracked();
        focus.set(with_scene(&|layout, scene| {
            step(layout, scene, from, direction)
        }));
    };

    view! {
        <figure class="figure">
            <Legend shown theme />
            <div class="canvas">
                <canvas node_ref=data aria-hidden="true"></canvas>
                <canvas
                    node_ref=overlay
                    tabindex="0"
                    role="img"
                    aria-label="The error along the axis. Arrow keys go from run to run; the law and the points are in the tables below."
                    on:pointermove=point
                    on:pointerdown=point
                    on:pointerleave=move |_| focus.set(None)
                    on:keydown=key
                ></canvas>
                <Card shown picture layout focus />
            </div>
            <p class="error" role="alert" hidden=move || failed.with(Option::is_none)>
                {move || failed.get()}
            </p>
            <figcaption>{move || shown.with(|s| s.as_ref().map(caption))}</figcaption>
            {move || shown.with(|s| s.as_ref().map(|s| points(s).into_any()))}
        </figure>
    }
}

/// The system's theme, as it changes.
fn theme() -> impl Fn() -> Theme + Copy + Send + Sync + 'static {
    let query = window()
        .match_media("(prefers-color-scheme: dark)")
        .ok()
        .flatten();
    let dark = RwSignal::new(query.as_ref().is_some_and(web_sys::MediaQueryList::matches));
    if let Some(query) = query {
        let asked = query.clone();
        let changed = Closure::<dyn Fn()>::new(move || {
            // The figure may be gone; the media query outlives it.
            let _ = dark.try_set(asked.matches());
        });
        let listener = changed.as_ref().unchecked_ref();
        let _ = query.add_event_listener_with_callback("change", listener);
        changed.forget();
    }
    move || {
        if dark.get() {
            Theme::dark()
        } else {
            Theme::light()
        }
    }
}

fn picture(shown: &Shown) -> Picture {
    let outcome = &shown.outcome;
    let places = outcome.series.iter().flat_map(|s| {
        let points = s.points.iter().chain(&s.held_out).map(|p| p.x);
        points.chain(s.predictions.iter().flatten().map(|p| p.x))
    });
    let (low, high) = places.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), c| {
        (low.min(c), high.max(c))
    });
    // Room for the law beyond the data.
    let range = (low < high).then_some((low / 1.5, high * 3.0));
    let errors = outcome
        .series
        .iter()
        .flat_map(|s| s.points.iter().chain(&s.held_out).map(|p| p.error))
        .filter(|e| *e > 0.0);
    let (least, most) = errors.fold((f64::INFINITY, 0.0), |(low, high): (f64, f64), e| {
        (low.min(e), high.max(e))
    });
    let analysis = &shown.analysis;
    let label = match analysis.axis {
        crate::study::select::Axis::Compute => format!("Compute, {}", analysis.unit()),
        axis => axis.title().to_owned(),
    };
    let mut scene = Scene::new(
        Axis {
            label: format!("{label} (log scale)"),
            scale: Scale::Log,
            range,
            format: Format::Number,
        },
        Axis {
            label: "Error, 1 − metric (log scale)".to_owned(),
            scale: Scale::Log,
            range: (least < most).then_some((least * 0.75, (most * 1.08).min(1.05))),
            format: Format::Percent,
        },
    );
    let mut dots = Vec::new();
    for (i, series) in outcome.series.iter().enumerate() {
        let (shape, _) = SHAPES[i % SHAPES.len()];
        let on_frontier = |row: usize| series.frontier.iter().any(|f| f.row == row);
        let mut layer = |emphasis, size, role, points: Vec<(usize, f64, f64)>| {
            let points = points
                .into_iter()
                .map(|(row, x, error)| {
                    dots.push(Dot {
                        series: i,
                        row,
                        x,
                        error,
                        role,
                    });
                    Mark {
                        x,
                        y: error,
                        key: dots.len() - 1,
                    }
                })
                .collect();
            scene.marks.push(Marks {
                shape,
                color: i,
                size,
                emphasis,
                points,
            });
        };
        let plain = |p: &crate::study::select::Point| (p.row, p.x, p.error);
        let ordinary = series.points.iter().filter(|p| !on_frontier(p.row));
        layer(
            Emphasis::Faint,
            3.0,
            "above the frontier",
            ordinary.map(plain).collect(),
        );
        let held_out = series.held_out.iter();
        layer(
            Emphasis::HeldOut,
            4.5,
            "held out",
            held_out.map(plain).collect(),
        );
        let frontier = series.frontier.iter();
        layer(
            Emphasis::Frontier,
            4.0,
            "on the frontier",
            frontier.map(|p| (p.row, p.x, p.error)).collect(),
        );
        let (Ok(fit), Some((from, to))) = (&series.fit, range) else {
            continue;
        };
        let grid: Vec<f64> = (0..=160)
            .map(|k| from * (to / from).powf(f64::from(k) / 160.0))
            .collect();
        let band = grid.iter().filter_map(|&c| {
            let p = fit.predict(c, shown.analysis.interval);
            // The axis is logarithmic; a band that reaches zero error ends at its edge.
            Some((c, p.low?.max(least * 1e-3), p.high?))
        });
        scene.bands.push(Band {
            points: band.collect(),
            color: i,
            opacity: 0.16,
        });
        let last = series.frontier.last().map_or(to, |p| p.x);
        let curve = |keep: &dyn Fn(f64) -> bool| {
            let computes = grid.iter().copied().chain([last]).filter(|&c| keep(c));
            let mut curve: Vec<(f64, f64)> = computes
                .map(|c| (c, fit.law.value(&fit.parameters, c)))
                .collect();
            order::sort_by(&mut curve, |a, b| a.0.total_cmp(&b.0));
            curve
        };
        for (points, dash) in [
            (curve(&|c| c <= last), Dash::Solid),
            (curve(&|c| c >= last), Dash::Dashed),
        ] {
            scene.lines.push(Line {
                points,
                color: i,
                dash,
                width: 2.0,
            });
        }
    }
    Picture { scene, dots }
}

#[component]
fn Legend(
    shown: Memo<Option<Shown>>,
    theme: impl Fn() -> Theme + Copy + Send + Sync + 'static,
) -> impl IntoView {
    let entries = move || {
        let shown = shown.get()?;
        let entries = shown.outcome.series.iter().enumerate().map(|(i, series)| {
            let (r, g, b) = theme().color(i);
            let (_, glyph) = SHAPES[i % SHAPES.len()];
            view! {
                <li>
                    <span aria-hidden="true" style:color=format!("rgb({r},{g},{b})")>
                        {glyph}
                    </span>
                    {name(series)}
                </li>
            }
        });
        Some(list(entries))
    };
    view! { <ul class="legend">{entries}</ul> }
}

/// The run under the pointer or the keyboard's focus.
#[component]
fn Card(
    shown: Memo<Option<Shown>>,
    picture: Memo<Option<Picture>>,
    layout: RwSignal<Option<Layout>>,
    focus: RwSignal<Option<usize>>,
) -> impl IntoView {
    let card = move || {
        let key = focus.get()?;
        let dot = picture.with(|p| p.as_ref()?.dots.get(key).cloned())?;
        let (x, y, left) = layout.with(|l| {
            let l = l.as_ref()?;
            let (x, y) = l.pixel(dot.x, dot.error)?;
            Some((x, y, x > l.width / 2.0))
        })?;
        let shown = shown.get()?;
        let lines = card_lines(&shown, &dot)?;
        let (title, rest) = lines.split_first()?;
        Some(
            view! {
                <div
                    class="card"
                    class:left=left
                    style:left=format!("{x:.0}px")
                    style:top=format!("{y:.0}px")
                >
                    <strong>{title.clone()}</strong>
                    {list(rest.iter().map(|line| view! { <span>{line.clone()}</span> }))}
                </div>
            }
            .into_any(),
        )
    };
    view! {
        <div class="card-place" aria-live="polite">
            {card}
        </div>
    }
}

fn card_lines(shown: &Shown, dot: &Dot) -> Option<Vec<String>> {
    let series = shown.outcome.series.get(dot.series)?;
    let m = shown.data.rows.get(dot.row)?;
    let mut lines = vec![title(m), format!("{}, {}", name(series), dot.role)];
    if !m.samples.is_empty() {
        lines.push(format!("{} samples seen", m.samples));
    }
    let unit = shown.analysis.study().compute_unit();
    lines.push(format!("{} {unit}", number(m.compute)));
    lines.push(format!(
        "error {}, metric {}",
        percent(dot.error),
        percent(1.0 - dot.error)
    ));
    if let Ok(fit) = &series.fit {
        let residual = dot.error - fit.law.value(&fit.parameters, dot.x);
        let text = format!("{:+.2} percentage points from the law", 100.0 * residual);
        lines.push(text.replace('-', "−"));
    }
    Some(lines)
}

fn title(m: &Measurement) -> String {
    match (m.architecture.as_str(), m.run.as_str()) {
        ("", "") => "Plotted point".to_owned(),
        ("", run) => run.to_owned(),
        (architecture, "") => architecture.to_owned(),
        (architecture, run) => format!("{architecture}: {run}"),
    }
}

/// One paragraph for those who do not see the picture, and for those who do.
fn caption(shown: &Shown) -> String {
    let laws = shown.outcome.series.iter().map(|series| match &series.fit {
        Ok(fit) => format!(
            "{}: {} frontier points of {}, mean squared error {}.",
            name(series),
            series.frontier.len(),
            series.points.len(),
            number(fit.mse)
        ),
        Err(error) => format!("{}: {error}", name(series)),
    });
    let laws: Vec<String> = laws.collect();
    format!(
        "Filled marks: the points that the law is fitted to; faint: the other runs; hollow: held out. Line: the law, dashed beyond the frontier; band: interval of the mean, {}. {}",
        shown.analysis.interval.title(),
        laws.join(" ")
    )
}

/// The frontier as a table.
fn points(shown: &Shown) -> impl IntoView + use<> {
    let unit = shown.analysis.unit();
    let rows = shown.outcome.series.iter().flat_map(|series| {
        series.frontier.iter().filter_map(|p| {
            let m = shown.data.rows.get(p.row)?;
            let residual = series.fit.as_ref().ok().map(|fit| {
                let gap = p.error - fit.law.value(&fit.parameters, p.x);
                format!("{:+.2}", 100.0 * gap).replace('-', "−")
            });
            Some(view! {
                <tr>
                    <th scope="row">{title(m)}</th>
                    <td>{name(series)}</td>
                    <td>{m.samples.clone()}</td>
                    <td>{number(p.x)}</td>
                    <td>{percent(p.error)}</td>
                    <td>{residual}</td>
                </tr>
            })
        })
    });
    view! {
        <details>
            <summary>"The points that the law is fitted to, as a table"</summary>
            <div class="scroll">
                <table class="numbers">
                    <thead>
                        <tr>
                            <th scope="col">"Run"</th>
                            <th scope="col">"Series"</th>
                            <th scope="col">"Samples"</th>
                            <th scope="col">{unit}</th>
                            <th scope="col">"Error"</th>
                            <th scope="col">"Residual, pp"</th>
                        </tr>
                    </thead>
                    <tbody>{list(rows)}</tbody>
                </table>
            </div>
        </details>
    }
}
