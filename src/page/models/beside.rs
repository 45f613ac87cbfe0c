//! Two models on the same pictures and classes: what each says, how often they agree, what each
//! takes. The second has a worker of its own, which goes when the answer is there.

use super::desk::{BATCH, Choice, Desk, Look, PROMPTS, Picture, State, prompts};
use super::judge::{Share, ranked};
use super::protocol::{Failure, Kind, Progress, Ready};
use super::shelf::{choice_of, key};
use super::thread::Thread;
use crate::clip::Classes;
use crate::clip::confusion::is_same;
use crate::page::{data, list, location, table};
use crate::study::DataError;
use crate::study::checkpoint::{Checkpoint, sibling};
use crate::text::{self, number, percent};
use leptos::prelude::*;
use std::rc::Rc;
use std::sync::Arc;
use web_sys::Blob;

/// Runs of which the median is told, after one that is not counted.
const RUNS: usize = 3;
/// Pictures that the table shows.
const ROWS: usize = 50;
/// Classes that it shows of each.
const CLASSES: usize = 3;

/// One of the two.
struct Side {
    name: String,
    ready: Arc<Ready>,
    /// For one picture alone.
    milliseconds: f64,
}

struct Compared {
    classes: Vec<String>,
    sides: [Side; 2],
    rows: Vec<(Picture, [Vec<Share>; 2])>,
}

#[derive(Clone)]
enum Is {
    Idle,
    /// At what it is.
    Working(String),
    Done(Rc<Compared>),
    Failed(String),
}

#[component]
pub fn Beside(desk: Desk) -> impl IntoView {
    let is = RwSignal::new_local(Is::Idle);
    let second = StoredValue::new_local(Thread::default());
    let chosen = RwSignal::new(None::<String>);
    let checkpoints = data::load(async || Ok(Arc::new(data::checkpoints().await?)));
    // What is kept is offered.
    if desk.shelf.with_untracked(Option::is_none) {
        desk.read_shelf();
    }
    // Counts what ended or took the place of a comparison.
    let run = StoredValue::new(0_u32);
    let stop = move || {
        run.update_value(|run| *run += 1);
        let stopped = Failure::new(Kind::Stopped, "The comparison was stopped.");
        second.get_value().stop(&stopped);
    };
    // Another model, other classes or pictures: what was compared is no longer what is there.
    Effect::new(move || {
        desk.loads.track();
        desk.classes.track();
        desk.pictures.track();
        stop();
        is.set(Is::Idle);
    });
    on_cleanup(stop);
    let offered = Memo::new_with_compare(move |_| offered(desk), |a, b| names(a) != names(b));
    let taken = move || {
        let offered = offered.get();
        let wanted = chosen.get();
        let counterpart = desk.asked.get().and_then(|id| {
            let all = checkpoints.get()?.ok()?;
            Some(key(&sibling(&all, &id)?.address))
        });
        let find = |key: Option<&String>| offered.iter().find(|c| Some(&c.key) == key);
        let found = find(wanted.as_ref()).or(find(counterpart.as_ref()));
        found.or(offered.first()).cloned()
    };
    let start = move |_| {
        let Some(choice) = taken() else { return };
        let Some(Ok(checkpoints)) = checkpoints.get_untracked() else {
            return;
        };
        let beside = checkpoints.iter().find(|c| key(&c.address) == choice.key);
        let asked = desk.asked.get_untracked();
        location::ask(asked.as_deref(), beside.map(|c| c.id.as_str()));
        is.set(Is::Working("Starting…".to_owned()));
        leptos::task::spawn_local(async move {
            let mine = run.get_value();
            let thread = second.get_value();
            let compared = compare(desk, choice, thread.clone(), is).await;
            // Nobody asks it again, and it holds a model.
            thread.stop(&Failure::new(Kind::Stopped, ""));
            if run.try_get_value() != Some(mine) {
                is.try_set(Is::Idle);
                return;
            }
            is.try_set(match compared {
                Ok(compared) => Is::Done(Rc::new(compared)),
                Err(failure) => Is::Failed(failure.sentence),
            });
        });
    };
    let options = move || {
        let offered = offered.get();
        let first = taken().map(|choice| choice.key);
        list(offered.into_iter().map(move |choice| {
            let is_first = first.as_ref() == Some(&choice.key);
            view! {
                <option value=choice.key.clone() prop:selected=is_first>
                    {choice.name}
                </option>
            }
        }))
    };
    let is_ready = move || {
        let pictures = desk.pictures.with(|all| !all.is_empty());
        pictures
            && desk.classes.with(Option::is_some)
            && desk.state.with(|state| matches!(state, State::Ready(_)))
    };
    let is_working = move || is.with(|is| matches!(is, Is::Working(_)));
    view! {
        <section aria-labelledby="beside" class="beside">
            <h2 id="beside">"Side by side"</h2>
            <p class="aside">
                "A second model on the same pictures and classes: do they agree, and what does each take? The page’s own small ones (5 and 6 MB) are offered, and those that are kept."
            </p>
            {move || suggestion(desk, checkpoints.get())}
            <div class="choices">
                <label class="choice">
                    <span>"Second model"</span>
                    <select name="Second model" on:change=move |e| chosen.set(Some(event_target_value(&e)))>
                        {options}
                    </select>
                </label>
                <button
                    type="button"
                    class="compare"
                    prop:disabled=move || !is_ready() || is_working()
                    on:click=start
                >
                    "Compare"
                </button>
                <button type="button" hidden=move || !is_working() on:click=move |_| stop()>
                    "Stop"
                </button>
            </div>
            <div role="status">
                {move || match is.get() {
                    Is::Working(at) => Some(view! { <p class="aside">{at}</p> }.into_any()),
                    Is::Failed(sentence) => Some(view! { <p class="error">{sentence}</p> }.into_any()),
                    Is::Done(compared) => Some(view! { <p class="agreement">{agreement(&compared)}</p> }.into_any()),
                    Is::Idle => None,
                }}
            </div>
            {move || match is.get() {
                Is::Done(compared) => Some(tables(&compared)),
                _ => None,
            }}
        </section>
    }
}

/// Models that can be taken beside the one that is there: the page's own and those that are kept.
fn offered(desk: Desk) -> Vec<Choice> {
    let current = desk.choice.with(|choice| choice.key.clone());
    let kept = desk.shelf.with(|shelf| match shelf {
        Some(Ok(shelf)) => shelf.kept.iter().map(choice_of).collect(),
        _ => Vec::new(),
    });
    let is_own = current == Choice::own().key || current == Choice::own_mammut().key;
    let own = [Choice::own_mammut(), Choice::own()];
    // A model of the studies beside one of its kind, the small one beside its sibling.
    let all: Vec<Choice> = match is_own {
        true => own.into_iter().chain(kept).collect(),
        false => kept.into_iter().chain(own).collect(),
    };
    all.into_iter().filter(|c| c.key != current).collect()
}

fn names(choices: Option<&Vec<Choice>>) -> Vec<String> {
    choices.map_or(Vec::new(), |all| {
        all.iter().map(|c| c.key.clone()).collect()
    })
}

/// The checkpoint of the other family at the same scale, where there is one and it is not kept.
fn suggestion(
    desk: Desk,
    checkpoints: Option<Result<Arc<Vec<Checkpoint>>, DataError>>,
) -> Option<AnyView> {
    let asked = desk.asked.get()?;
    let checkpoints = checkpoints?.ok()?;
    let sibling = sibling(&checkpoints, &asked)?.clone();
    let sibling_key = key(&sibling.address);
    let is_kept = desk.shelf.with(|shelf| match shelf {
        Some(Ok(shelf)) => shelf.kept.iter().any(|kept| kept.key == sibling_key),
        _ => false,
    });
    let sentence = format!(
        "Its counterpart in the study, the same scale on the same data: {}.",
        sibling.name()
    );
    let more = if is_kept {
        " It is kept on this device."
    } else {
        " Find it in the list above, under “Other models”; once both are kept, either can be the second."
    };
    Some(view! { <p class="counterpart" data-id=sibling.id>{sentence} {more}</p> }.into_any())
}

/// Has both do the same, one after the other.
async fn compare(
    desk: Desk,
    choice: Choice,
    second: Thread,
    is: RwSignal<Is, LocalStorage>,
) -> Result<Compared, Failure> {
    let say = move |text: String| {
        is.try_set(Is::Working(text));
    };
    let gone = || Failure::new(Kind::Stopped, "Another model was chosen.");
    let (Some(ready), Some(classes)) = (desk.ready(), desk.classes.get_untracked()) else {
        return Err(gone());
    };
    let seen = |picture: &Picture| {
        picture.look.with_untracked(|look| match look {
            Look::Seen(seen) => Some((picture.clone(), seen.clone())),
            _ => None,
        })
    };
    let pictures = desk.pictures.get_untracked();
    let pictures: Vec<_> = pictures.iter().filter_map(seen).collect();
    let name = choice.name.clone();
    say(format!("Loading {name}…"));
    let progress = move |Progress { bytes, total }| {
        let (bytes, total) = (text::bytes(bytes as f64), text::bytes(total as f64));
        say(format!("Loading {name}: {bytes} of {total}"));
    };
    let device = desk.device.get_untracked();
    let their_ready = choice.load_on(&second, device, progress).await?;

    let templates = super::desk::lines(&desk.templates.get_untracked());
    let prompts = prompts(&classes.labels, &templates);
    let mut units = Vec::with_capacity(prompts.len());
    for some in prompts.chunks(PROMPTS) {
        say(format!(
            "{} of {} sentences are read.",
            units.len(),
            prompts.len()
        ));
        units.extend(second.texts(some.to_vec()).await?.1);
    }
    let their_classes = Classes::of(&classes.labels, &units);

    let mut rows = Vec::with_capacity(pictures.len());
    for some in pictures.chunks(BATCH) {
        say(format!(
            "{} of {} pictures are seen.",
            rows.len(),
            pictures.len()
        ));
        let files = some.iter().map(|(picture, _)| &picture.file);
        let sights = second.pictures(files, true).await?;
        for ((picture, own), theirs) in some.iter().zip(sights) {
            // What this browser decoded once, it decodes again.
            let Ok((unit, _)) = theirs else { continue };
            let shares = [
                ranked(&classes, &own.0, ready.scale),
                ranked(&their_classes, &unit, their_ready.scale),
            ];
            rows.push((picture.clone(), shares));
        }
    }
    let Some((picture, _)) = pictures.first() else {
        return Err(gone());
    };
    say("Timing each by itself…".to_owned());
    let own_pace = pace(&desk.engine.get_value(), &picture.file).await?;
    let their_pace = pace(&second, &picture.file).await?;
    let own_name = desk.choice.with_untracked(|choice| choice.name.clone());
    Ok(Compared {
        classes: their_classes.labels,
        sides: [
            Side {
                name: own_name,
                ready,
                milliseconds: own_pace,
            },
            Side {
                name: choice.name,
                ready: Arc::new(their_ready),
                milliseconds: their_pace,
            },
        ],
        rows,
    })
}

/// Milliseconds for one picture alone through the image tower, the median of some warm runs.
async fn pace(thread: &Thread, file: &Blob) -> Result<f64, Failure> {
    let mut times = Vec::with_capacity(RUNS + 1);
    for _ in 0..=RUNS {
        let sights = thread.pictures(std::iter::once(file), false).await?;
        times.extend(sights.into_iter().flatten().map(|(_, seen)| seen.encode));
    }
    let mut warm = times.split_off(times.len().min(1));
    crate::order::sort_by(&mut warm, f64::total_cmp);
    let median = warm.get(warm.len() / 2).copied();
    median.ok_or_else(|| {
        let sentence = "The first picture could be looked at once, and not again: take others.";
        Failure::new(Kind::Other, sentence)
    })
}

/// How often both say the same first, and how often each is right.
fn agreement(compared: &Compared) -> String {
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

fn tables(compared: &Compared) -> AnyView {
    let Compared { sides, rows, .. } = compared;
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
            format!("{} ms", number(s.milliseconds))
        }),
        row("Computed on", &on),
        row("GFLOPs a picture", &|s| {
            gflops(architecture(s).picture_operations())
        }),
        row("GFLOPs a prompt of full length", &|s| {
            gflops(architecture(s).prompt_operations())
        }),
        row("File", &|s| text::bytes(s.ready.bytes as f64)),
    ];
    let names = each(&|side| side.name.clone());
    let head = ["", names[0].as_str(), names[1].as_str()];
    let answer = |shares: &[Share]| {
        let share = |s: &Share| format!("{} {}", s.label, percent(f64::from(s.probability)));
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
        <div class="says">
            {table::table(Some("What each says".to_owned()), &pictures, shown.collect())}
        </div>
        <p class="aside">{more}</p>
    }
    .into_any()
}
