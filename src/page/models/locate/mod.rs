//! Where in the selected image a class is: what is asked, a map over the image, its threshold.

mod overlay;

use super::session::{ImageState, LocateState, Place, Session, What};
use crate::heat::{self, ThresholdFrom};
use crate::page::messages::error;
use crate::page::{list, save};
use crate::text::milliseconds;
use leptos::prelude::*;
use refit_clip::locate::{Map, Method, Region};
use std::sync::Arc;

/// The methods, with their names in the form.
const METHODS: [(&str, Method); 5] = [
    ("Gradient", Method::Gradient),
    ("3 × 3 tiles", Method::Tiles(3)),
    ("5 × 5 tiles", Method::Tiles(5)),
    ("8 × 8 tiles", Method::Tiles(8)),
    ("12 × 12 tiles", Method::Tiles(12)),
];

/// What the reader chose.
#[derive(Clone, Copy)]
struct Choices {
    method: RwSignal<Method>,
    /// `None` for the class that the image has most of.
    class: RwSignal<Option<String>>,
    /// A text in place of a class, where there is one.
    text: RwSignal<String>,
    /// `None` for the usual one.
    threshold: RwSignal<Option<f32>>,
}

/// What is asked of the model; anything else of the same is asked once.
#[derive(Clone, PartialEq)]
struct Question {
    image: u32,
    what: What,
    method: Method,
    /// Which list of classes has it.
    classes: usize,
}

#[component]
pub fn Locate(session: Session, is_shown: Signal<bool>) -> impl IntoView {
    let choices = Choices {
        method: RwSignal::new(Method::Gradient),
        class: RwSignal::new(None),
        text: RwSignal::new(String::new()),
        threshold: RwSignal::new(None),
    };
    let question = Memo::new(move |_| is_shown.get().then(|| question(session, choices))?);
    let asked = StoredValue::new(None::<Question>);
    Effect::new(move || match question.get() {
        Some(new) => {
            // A threshold is of one map: others have other numbers.
            if asked.with_value(|asked| asked.as_ref() != Some(&new)) {
                choices.threshold.set(None);
            }
            asked.set_value(Some(new.clone()));
            session.locate(new.image, new.what, new.method);
        }
        // A hidden tab asks nothing, and forgets nothing.
        None if is_shown.get() => session.locating.clear(),
        None => {}
    });
    let result = move || match session.locating.state.get() {
        _ if !is_shown.get() => ().into_any(),
        LocateState::Idle => nothing(session),
        LocateState::Running => {
            view! { <p class="waiting" role="status">"Looking…"</p> }.into_any()
        }
        LocateState::Failed(sentence) => error(sentence),
        LocateState::Done(place) => found(session, choices, place),
    };
    view! {
        <section aria-labelledby="where-title">
            <h2 id="where-title">"Where"</h2>
            <p class="aside">
                "Where in the selected image the model sees a class, as "
                <a href="https://arxiv.org/abs/2203.10421">"CLIP on Wheels"</a>
                " has it: which patches its answer depends on (gradient), or which tile is most like the text."
            </p>
            <div class="asked">
                <Form session choices />
                {result}
            </div>
        </section>
    }
}

/// What to ask of the model; tracked.
fn question(session: Session, choices: Choices) -> Option<Question> {
    if !session.model.is_loaded() {
        return None;
    }
    let image = session.images.selected_tracked()?;
    let is_encoded = image
        .state
        .with(|state| matches!(state, ImageState::Encoded(_)));
    let classes = session.classes.encoded.get().filter(|_| is_encoded)?;
    let text = choices.text.get();
    let what = match (text.trim(), choices.class.get()) {
        ("", Some(class)) if classes.labels.contains(&class) => What::Class(class),
        ("", _) => {
            let ranking = image.ranking.get()?;
            What::Class(ranking.first()?.label.clone())
        }
        (text, _) => What::Text(text.to_owned()),
    };
    Some(Question {
        image: image.id,
        what,
        method: choices.method.get(),
        classes: Arc::as_ptr(&classes) as usize,
    })
}

/// Why there is no map.
fn nothing(session: Session) -> AnyView {
    let sentence = match session.images.selected_tracked() {
        None => "Choose an image.",
        Some(image) => match image.state.get() {
            ImageState::Failed(sentence) => return error(sentence),
            ImageState::Waiting => "The image is not processed yet.",
            ImageState::Encoded(_) => "The classes are not ready yet.",
        },
    };
    view! { <p class="waiting">{sentence}</p> }.into_any()
}

#[component]
fn Form(session: Session, choices: Choices) -> impl IntoView {
    let Choices {
        method,
        class,
        text,
        ..
    } = choices;
    let typed = RwSignal::new(String::new());
    let labels = move || {
        let classes = session.classes.encoded.get();
        let labels = classes.map_or(Vec::new(), |classes| classes.labels.clone());
        let chosen = class.get();
        let option = |label: String| {
            let is_chosen = chosen.as_ref() == Some(&label);
            view! { <option value=label.clone() selected=is_chosen>{label.clone()}</option> }
        };
        list(labels.into_iter().map(option))
    };
    let methods = METHODS.iter().enumerate().map(|(i, (name, known))| {
        let is_chosen = move || method.get() == *known;
        view! { <option value=i.to_string() selected=is_chosen>{*name}</option> }
    });
    let choose_method = move |event: web_sys::Event| {
        let chosen = event_target_value(&event).parse::<usize>();
        if let Some((_, chosen)) = chosen.ok().and_then(|i| METHODS.get(i)) {
            method.set(*chosen);
        }
    };
    let choose_class = move |event: web_sys::Event| {
        let chosen = event_target_value(&event);
        typed.set(String::new());
        text.set(String::new());
        class.set((!chosen.is_empty()).then_some(chosen));
    };
    let look = move |event: web_sys::SubmitEvent| {
        event.prevent_default();
        text.set(typed.get_untracked());
    };
    view! {
        <form class="choices" on:submit=look>
            <label class="choice">
                <span>"Class"</span>
                <select name="Class to find" on:change=choose_class>
                    <option value="">"The likeliest"</option>
                    {labels}
                </select>
            </label>
            <label class="choice">
                <span>"How"</span>
                <select name="How" on:change=choose_method>
                    {list(methods)}
                </select>
            </label>
            <label class="choice address">
                <span>"Or type a text"</span>
                <input
                    name="Text to find"
                    autocomplete="off"
                    placeholder="a photo of a red star"
                    prop:value=move || typed.get()
                    on:input=move |event| typed.set(event_target_value(&event))
                />
            </label>
            <button type="submit" class="look">"Look for it"</button>
        </form>
    }
}

/// The threshold in effect, and the boxes of the regions above it, the largest first; `None` of a flat map.
#[derive(Clone, PartialEq)]
struct Reading {
    threshold: f32,
    from: ThresholdFrom,
    found: Vec<Region>,
}

fn reading(session: Session, choices: Choices, place: &Place) -> Option<Reading> {
    let map = &place.located.map;
    map.peak()?;
    let loaded = session.model.loaded()?;
    let (threshold, from) = match choices.threshold.get() {
        Some(threshold) => (threshold, ThresholdFrom::Chosen),
        None => heat::threshold(place.method, &loaded.architecture, map),
    };
    let size = (place.located.width as usize, place.located.height as usize);
    Some(Reading {
        threshold,
        from,
        found: map.regions(threshold, size),
    })
}

fn found(session: Session, choices: Choices, place: Arc<Place>) -> AnyView {
    let Some(image) = session.images.find(place.image) else {
        return ().into_any();
    };
    let Some(first) = untrack(|| reading(session, choices, &place)) else {
        let words = place.what.words();
        let sentence = format!("“{words}”: {}.", heat::FLAT);
        return view! { <p role="status">{sentence}</p> }.into_any();
    };
    let map = place.located.map.clone();
    let highest = map.highest();
    let of_reading = {
        let place = place.clone();
        Memo::new(move |_| reading(session, choices, &place).unwrap_or_else(|| first.clone()))
    };
    let said = {
        let place = place.clone();
        move || sentence(&place, &of_reading.get())
    };
    let exported = {
        let (place, name) = (place.clone(), image.name.clone());
        let model = session.model;
        move |_| {
            let text = json(&model.name(), &name, &place, &of_reading.get_untracked());
            save::text("where.json", "application/json", &text);
        }
    };
    let regions = Signal::derive(move || of_reading.get().found);
    let absent = place.likeliest.as_ref().map(|likeliest| {
        let sentence = heat::absent(place.what.words(), likeliest);
        view! { <p class="warning absent">{sentence}</p> }
    });
    let threshold = Signal::derive(move || of_reading.get().threshold);
    view! {
        <figure
            class="where"
            data-milliseconds=place.located.milliseconds.to_string()
            data-words=place.what.words().to_owned()
        >
            <div class="seen">
                {overlay::picture(&image, &place, regions)}
                {overlay::legend(highest, threshold)}
            </div>
            <figcaption>
                <div role="status">
                    {absent}
                    <p>{said}</p>
                </div>
                {threshold_control(choices, highest, of_reading)}
                <p class="aside">{about(&map, &place)}</p>
                <p class="toolbar">
                    <button type="button" class="export-where" on:click=exported>
                        "Export the map (JSON)"
                    </button>
                </p>
            </figcaption>
        </figure>
    }
    .into_any()
}

fn threshold_control(choices: Choices, highest: f32, reading: Memo<Reading>) -> AnyView {
    let threshold = choices.threshold;
    let chosen = move |event: web_sys::Event| {
        if let Ok(value) = event_target_value(&event).parse() {
            threshold.set(Some(value));
        }
    };
    let end = move || reading.get().threshold.max(highest);
    let from = move || match reading.get().from {
        ThresholdFrom::Chosen => "your choice",
        ThresholdFrom::Paper => "the paper’s, for such a model on RoboTHOR",
        ThresholdFrom::HalfOfHighest => "half of the highest, since the paper has none for it",
    };
    view! {
        <div class="choices">
            <label class="choice threshold">
                <span>
                    "Threshold " <output>{move || short(reading.get().threshold)}</output> ", "
                    {from}
                </span>
                <input
                    type="range"
                    name="Threshold"
                    aria-label="Threshold"
                    aria-valuetext=move || short(reading.get().threshold)
                    min="0"
                    step="any"
                    prop:max=move || end().to_string()
                    prop:value=move || reading.get().threshold.to_string()
                    on:input=chosen
                />
            </label>
            <button
                type="button"
                hidden=move || threshold.get().is_none()
                on:click=move |_| threshold.set(None)
            >
                "Usual threshold"
            </button>
        </div>
    }
    .into_any()
}

/// A number of a map with three digits.
fn short(value: f32) -> String {
    match value {
        value if value >= 0.01 => format!("{value:.3}"),
        value => format!("{value:.1e}").replace('-', "−"),
    }
}

fn sentence(place: &Place, reading: &Reading) -> String {
    let words = place.what.words();
    let Some(peak) = place.located.map.peak() else {
        return format!("“{words}”: {}.", heat::FLAT);
    };
    let (x, y, value) = (peak.x, peak.y, short(peak.value));
    let most = format!("“{words}” is strongest at {x:.0}, {y:.0} ({value}).");
    let threshold = short(reading.threshold);
    let Some(region) = reading.found.first() else {
        return format!("{most} Nothing is above {threshold}.");
    };
    let which = match reading.found.len() {
        1 => format!("The region above {threshold}"),
        count => format!("{count} regions are above {threshold}; the largest"),
    };
    format!(
        "{most} {which}: from {:.0}, {:.0} to {:.0}, {:.0}.",
        region.left,
        region.top,
        region.left + region.width,
        region.top + region.height
    )
}

/// How the map was made.
fn about(map: &Map, place: &Place) -> String {
    let (width, height) = (place.located.width, place.located.height);
    let time = milliseconds(place.located.milliseconds);
    let side = map.side;
    let covers_all = map.region == Region::whole(width as usize, height as usize);
    let covered = match (place.method, covers_all) {
        (Method::Gradient, false) => " It covers the part of the image that the model sees.",
        _ => "",
    };
    let how = match place.method {
        Method::Gradient => {
            format!(
                "{side} × {side} patches, bilinear between them; numbers are ten times the relevance, as in the paper."
            )
        }
        Method::Tiles(_) => format!(
            "{side} × {side} tiles, each resized to the model’s size; numbers are a softmax over the tiles and sum to 1."
        ),
    };
    format!("{how}{covered} {width} × {height} pixels, {time}.")
}

fn json(model: &str, picture: &str, place: &Place, reading: &Reading) -> String {
    let (key, words) = match &place.what {
        What::Class(words) => ("class", words),
        What::Text(words) => ("text", words),
    };
    serde_json::json!({
        "model": model,
        "picture": picture,
        "width": place.located.width,
        "height": place.located.height,
        key: words,
        "method": place.method,
        "peak": place.located.map.peak(),
        "threshold": reading.threshold,
        "threshold_from": reading.from,
        "box": reading.found.first(),
        "boxes": reading.found,
        "likelier_class": place.likeliest,
        "map": place.located.map,
    })
    .to_string()
}
