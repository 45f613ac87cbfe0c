//! What a MaMMUT writes about the pictures, word by word as it comes.

use super::caption_scoring::Likelihoods;
use super::protocol::{
    CaptionProgress, CaptionResult, CheckpointLocation, Failure, FailureKind, Progress, Request,
};
use super::session::{Picture, Session, State};
use crate::decimal;
use crate::page::{list, save};
use crate::text::{self, cell, number};
use js_sys::Array;
use leptos::prelude::*;
use refit_clip::caption::Decoding;

/// How the next word is chosen: in the form, and in words.
const WAYS: [(&str, &str); 3] = [
    ("greedy", "the likeliest each time"),
    ("beams", "several beginnings at a time (beams)"),
    ("sample", "drawn from the likeliest"),
];

/// A picture and how far its caption is.
#[derive(Clone)]
struct Line {
    picture: Picture,
    decoding: Decoding,
    is: RwSignal<Is>,
}

#[derive(Clone, PartialEq)]
enum Is {
    Waiting,
    Loading(Progress),
    Writing(String),
    Written(CaptionResult),
    Failed(String),
}

/// The form's fields, as typed.
#[derive(Clone, Copy)]
struct Form {
    way: RwSignal<String>,
    beams: RwSignal<String>,
    length_penalty: RwSignal<String>,
    share: RwSignal<String>,
    seed: RwSignal<String>,
    tokens: RwSignal<String>,
}

impl Form {
    fn new() -> Form {
        let field = |value: &str| RwSignal::new(value.to_owned());
        Form {
            way: field(WAYS[0].0),
            beams: field("4"),
            length_penalty: field("1"),
            share: field("0.9"),
            seed: field("0"),
            tokens: field("30"),
        }
    }

    /// How to write, and how many tokens at most.
    fn read(self) -> Result<(Decoding, usize), String> {
        let whole = |field: RwSignal<String>, name: &str| {
            let value = field.with_untracked(|text| text.trim().parse::<u64>().ok());
            value.ok_or_else(|| format!("{name}: write a whole number."))
        };
        let number = |field: RwSignal<String>, name: &str| {
            let value = field.with_untracked(|text| decimal::parse(text.trim()));
            let value = value.map(|value| value as f32);
            value.ok_or_else(|| format!("{name}: write a number."))
        };
        let decoding = match self.way.get_untracked().as_str() {
            "beams" => Decoding::Beam {
                beams: whole(self.beams, "Beams")? as usize,
                length_penalty: number(self.length_penalty, "Length penalty")?,
            },
            "sample" => Decoding::Sample {
                top_p: number(self.share, "Top-p")?,
                seed: whole(self.seed, "Seed")?,
            },
            _ => Decoding::GREEDY,
        };
        let tokens = whole(self.tokens, "Tokens")? as usize;
        match tokens {
            0 => Err("Tokens: write a number above 0.".to_owned()),
            tokens => Ok((decoding, tokens)),
        }
    }
}

/// There where the model writes.
#[component]
pub fn Captions(session: Session) -> impl IntoView {
    let writes = Memo::new(move |_| {
        session.state.with(|state| match state {
            State::Ready(ready) => ready.architecture.decoder.is_some(),
            _ => false,
        })
    });
    move || writes.get().then(|| view! { <Inside session /> })
}

#[component]
fn Inside(session: Session) -> impl IntoView {
    let form = Form::new();
    let lines = RwSignal::new_local(Vec::<Line>::new());
    let problem = RwSignal::new(None::<String>);
    // Counts the runs: a later one, or none, ends the one before.
    let run = RwSignal::new(0_u32);
    let is_busy = RwSignal::new(false);
    let stop = move || {
        run.update(|run| *run += 1);
        is_busy.set(false);
        session.engine.get_value().interrupt();
    };
    on_cleanup(move || session.engine.get_value().interrupt());
    let start = move |pictures: Vec<Picture>| {
        let (decoding, tokens) = match form.read() {
            Ok(read) => read,
            Err(sentence) => return problem.set(Some(sentence)),
        };
        problem.set(None);
        run.update(|run| *run += 1);
        let mine = run.get_untracked();
        let line = |picture| Line {
            picture,
            decoding,
            is: RwSignal::new(Is::Waiting),
        };
        let all: Vec<Line> = pictures.into_iter().map(line).collect();
        lines.set(all.clone());
        is_busy.set(true);
        leptos::task::spawn_local(async move {
            for line in all {
                if run.try_get_untracked() != Some(mine) {
                    return;
                }
                write(session, &line, tokens).await;
            }
            if run.try_get_untracked() == Some(mine) {
                is_busy.set(false);
            }
        });
    };
    // Captions of pictures that were taken away go with them, and those of another model.
    Effect::new(move || {
        if session.pictures.with(Vec::is_empty) {
            lines.set(Vec::new());
        }
    });
    Effect::new(move |before: Option<u32>| {
        let load = session.loads.get();
        if before.is_some_and(|before| before != load) {
            run.update(|run| *run += 1);
            is_busy.set(false);
            lines.set(Vec::new());
        }
        load
    });
    let chosen = move |_| start(session.chosen().into_iter().collect());
    let all = move |_| start(session.pictures.get_untracked());
    let is_alone = move || session.pictures.with(|all| all.len() < 2);
    let none = move || session.pictures.with(Vec::is_empty);
    let far = move || {
        let (count, done) = lines.with(|lines| {
            let is_done = |line: &&Line| {
                let is = line.is.get();
                matches!(is, Is::Written(_) | Is::Failed(_))
            };
            (lines.len(), lines.iter().filter(is_done).count())
        });
        (count > 1).then(|| format!("{done} of {count} are written."))
    };
    let is_any_written = move || {
        let is_written = |line: &Line| matches!(line.is.get(), Is::Written(_));
        lines.with(|lines| lines.iter().any(is_written))
    };
    let save = move |_| {
        save::text(
            "captions.csv",
            "text/csv",
            &csv(session, &lines.get_untracked()),
        )
    };
    let comes_again = session
        .choice
        .with_untracked(|choice| matches!(choice.place, CheckpointLocation::Address(_)));
    let aside = match comes_again {
        true => {
            "This model writes. What writes, about a quarter of it, is fetched from the server with the first caption."
        }
        false => {
            "This model writes. What writes, about a quarter of it, is loaded with the first caption."
        }
    };
    view! {
        <section aria-labelledby="captions" class="captions">
            <h2 id="captions">"Captions"</h2>
            <p class="aside">{aside}</p>
            <Fields form />
            <p class="toolbar">
                <button type="button" class="write" prop:disabled=none on:click=chosen>
                    "Write about the chosen picture"
                </button>
                <button type="button" class="write-all" hidden=is_alone on:click=all>
                    "About all"
                </button>
                <button
                    type="button"
                    class="stop"
                    hidden=move || !is_busy.get()
                    on:click=move |_| stop()
                >
                    "Stop"
                </button>
                <span class="aside" role="status">
                    {far}
                </span>
            </p>
            <p class="error" role="alert" hidden=move || problem.with(Option::is_none)>
                {move || problem.get()}
            </p>
            <p class="toolbar" hidden=move || !is_any_written()>
                <button type="button" class="save" on:click=save>
                    "Save captions as CSV"
                </button>
            </p>
            <ol class="written">{move || list(lines.get().into_iter().map(item))}</ol>
            <Likelihoods session />
        </section>
    }
}

#[component]
fn Fields(form: Form) -> impl IntoView {
    let ways = WAYS.map(|(value, text)| view! { <option value=value>{text}</option> });
    let is = move |way: &'static str| move || form.way.with(|chosen| chosen != way);
    let field = |label: &'static str, name: &'static str, signal: RwSignal<String>| {
        view! {
            <label class="choice small">
                <span>{label}</span>
                <input
                    name=name
                    inputmode="decimal"
                    prop:value=move || signal.get()
                    on:input=move |event| signal.set(event_target_value(&event))
                />
            </label>
        }
    };
    view! {
        <div class="choices">
            <label class="choice">
                <span>"Next word"</span>
                <select name="Decoding" on:change=move |event| form.way.set(event_target_value(&event))>
                    {list(ways)}
                </select>
            </label>
            <div class="choices" hidden=is("beams")>
                {field("Beams, 1 to 16", "Beams", form.beams)}
                {field("Length penalty, 0 favours short", "Length penalty", form.length_penalty)}
            </div>
            <div class="choices" hidden=is("sample")>
                {field("From this share of probability", "RankedClass", form.share)}
                {field("Seed", "Seed", form.seed)}
            </div>
            {field("Tokens at most", "Tokens", form.tokens)}
        </div>
    }
}

async fn write(session: Session, line: &Line, tokens: usize) {
    let is = line.is;
    let decoding = line.decoding;
    let ask = Request::Caption { decoding, tokens };
    let told = move |writing: CaptionProgress| {
        is.try_set(match writing {
            CaptionProgress::Loading(progress) => Is::Loading(progress),
            CaptionProgress::Words(words) => Is::Writing(words),
        });
    };
    let engine = session.engine.get_value();
    let file = (&line.picture.file).into();
    let written =
        engine.ask_telling::<CaptionResult, CaptionProgress>(&ask, file, Array::new(), told);
    match written.await {
        Ok(written) => {
            is.try_set(Is::Written(written.value));
        }
        Err(failure) => {
            is.try_set(Is::Failed(failure.sentence.clone()));
            fail(session, failure);
        }
    }
}

/// Says where the model is in question, not one answer alone.
pub fn fail(session: Session, failure: Failure) {
    // A model that was chosen meanwhile is not meant.
    let is_ready = session.ready().is_some();
    if is_ready
        && matches!(
            failure.kind,
            FailureKind::Device | FailureKind::Stopped | FailureKind::Damaged
        )
    {
        session.state.set(State::Failed(failure));
    }
}

fn item(line: Line) -> impl IntoView {
    let Line { picture, is, .. } = line;
    let inside = move || match is.get() {
        Is::Waiting => view! { <p class="aside">"Not written yet."</p> }.into_any(),
        Is::Loading(progress) => view! { <p class="aside">{loading(progress)}</p> }.into_any(),
        Is::Writing(words) => view! { <p class="words">{words} " …"</p> }.into_any(),
        Is::Failed(sentence) => view! { <p class="error">{sentence}</p> }.into_any(),
        Is::Written(written) => view! {
            <p
                class="words"
                data-text=written.text.clone()
                data-log-likelihood=written.log_likelihood.to_string()
            >
                {sentence(&written)}
            </p>
            <p class="aside">{facts(&written)}</p>
        }
        .into_any(),
    };
    view! {
        <li aria-busy=move || matches!(is.get(), Is::Writing(_)).to_string()>
            <img src=picture.address() alt=picture.name width="96" height="96" />
            <div>{inside}</div>
        </li>
    }
}

fn loading(Progress { bytes, total }: Progress) -> String {
    format!(
        "Loading what writes: {} of the file’s {}.",
        text::bytes(bytes as f64),
        text::bytes(total as f64)
    )
}

fn sentence(written: &CaptionResult) -> String {
    let text = match written.text.as_str() {
        "" => "(nothing)",
        text => text,
    };
    format!("{text}{}", if written.has_ended { "" } else { " …" })
}

fn facts(written: &CaptionResult) -> String {
    let tokens = match written.tokens {
        1 => "1 token".to_owned(),
        tokens => format!("{tokens} tokens"),
    };
    let end = if written.has_ended {
        ""
    } else {
        ", not ended by itself"
    };
    let speed = written.tokens_per_second;
    let speed = speed.map_or(String::new(), |s| {
        format!(", {} tokens a second", number(s))
    });
    let log = format!("{:.3}", written.log_likelihood).replace('-', "−");
    format!("{tokens}{end}, log-likelihood {log}{speed}.")
}

/// Every caption that is there, with how it was chosen.
fn csv(session: Session, lines: &[Line]) -> String {
    let model = session.choice.with_untracked(|choice| cell(&choice.name));
    let mut text = "model,picture,caption,tokens,ended,log_likelihood,decoding\n".to_owned();
    for line in lines {
        let Is::Written(written) = line.is.get_untracked() else {
            continue;
        };
        let cells = [
            model.clone(),
            cell(&line.picture.name),
            cell(&written.text),
            written.tokens.to_string(),
            written.has_ended.to_string(),
            written.log_likelihood.to_string(),
            cell(&way(line.decoding)),
        ];
        text.push_str(&cells.join(","));
        text.push('\n');
    }
    text
}

fn way(decoding: Decoding) -> String {
    match decoding {
        Decoding::GREEDY => "greedy".to_owned(),
        Decoding::Beam {
            beams,
            length_penalty,
        } => format!("{beams} beams, length penalty {length_penalty}"),
        Decoding::Sample { top_p, seed } => format!("sampled, top-p {top_p}, seed {seed}"),
    }
}
