//! Captioning the images, where the model can.

mod form;
mod item;
mod scoring;

use super::choice::ModelChoice;
use super::protocol::CheckpointLocation;
use super::session::{Session, SourceImage};
use crate::page::latest::Latest;
use crate::page::messages::error_if_any;
use crate::page::{list, save};
use form::{DecodingFields, DecodingForm};
use item::{CaptionItem, CaptionState, csv, item_view};
use leptos::prelude::*;
use scoring::CaptionScoring;

/// Where a model with a decoder is loaded, its captions; otherwise the model to load.
#[component]
pub fn Captions(session: Session) -> impl IntoView {
    let has_decoder = Memo::new(move |_| session.model.has_decoder());
    move || match has_decoder.get() {
        true => view! { <CaptionSection session /> }.into_any(),
        false => no_decoder(session),
    }
}

fn no_decoder(session: Session) -> AnyView {
    let name = move || session.model.choice.with(|choice| choice.name.clone());
    let mammut = ModelChoice::bundled_mammut();
    view! {
        <div class="empty no-decoder">
            <p>{name} " has no text decoder, so it writes no captions. A MaMMUT has one."</p>
            <p class="toolbar">
                <button
                    type="button"
                    class="primary"
                    on:click=move |_| session.load_bundled(mammut.clone())
                >
                    "Load Shapes MaMMUT (5.8 MB, comes with this page)"
                </button>
            </p>
        </div>
    }
    .into_any()
}

/// The captions of one run of the form.
#[derive(Clone, Copy)]
struct CaptionRun {
    session: Session,
    items: RwSignal<Vec<CaptionItem>, LocalStorage>,
    is_busy: RwSignal<bool>,
    /// Why the form cannot be read.
    problem: RwSignal<Option<String>>,
    latest: Latest,
}

impl CaptionRun {
    fn new(session: Session) -> CaptionRun {
        CaptionRun {
            session,
            items: RwSignal::new_local(Vec::new()),
            is_busy: RwSignal::new(false),
            problem: RwSignal::new(None),
            latest: Latest::new(),
        }
    }

    fn start(self, form: DecodingForm, images: Vec<SourceImage>) {
        let (decoding, tokens) = match form.read() {
            Ok(read) => read,
            Err(sentence) => return self.problem.set(Some(sentence)),
        };
        self.problem.set(None);
        let request = self.latest.start();
        let items = images.into_iter();
        let items: Vec<_> = items
            .map(|image| CaptionItem::new(image, decoding))
            .collect();
        self.items.set(items.clone());
        self.is_busy.set(true);
        leptos::task::spawn_local(async move {
            for item in items {
                if !request.is_latest() {
                    return;
                }
                item.generate(self.session.model, tokens).await;
            }
            if request.is_latest() {
                self.is_busy.set(false);
            }
        });
    }

    fn stop(self) {
        self.latest.cancel();
        self.is_busy.set(false);
        self.session.model.engine().interrupt();
    }

    /// Removes the captions of a model or of images that are gone.
    fn clear_when_outdated(self) {
        let session = self.session;
        Effect::new(move || {
            if session.images.is_empty() {
                self.items.set(Vec::new());
            }
        });
        Effect::new(move |before: Option<()>| {
            session.model.choice.track();
            if before.is_some() {
                self.latest.cancel();
                self.is_busy.set(false);
                self.items.set(Vec::new());
            }
        });
    }

    /// How many of several captions are done.
    fn progress(self) -> Option<String> {
        let (count, done) = self.items.with(|items| {
            let is_done = |item: &&CaptionItem| {
                let state = item.state.get();
                matches!(state, CaptionState::Done(_) | CaptionState::Failed(_))
            };
            (items.len(), items.iter().filter(is_done).count())
        });
        (count > 1).then(|| format!("{done} of {count} captions done."))
    }

    fn is_any_done(self) -> bool {
        let is_done = |item: &CaptionItem| matches!(item.state.get(), CaptionState::Done(_));
        self.items.with(|items| items.iter().any(is_done))
    }
}

#[component]
fn CaptionSection(session: Session) -> impl IntoView {
    let form = DecodingForm::new();
    let run = CaptionRun::new(session);
    run.clear_when_outdated();
    on_cleanup(move || session.model.engine().interrupt());
    let images = session.images;
    let caption_selected = move |_| run.start(form, images.selected_image().into_iter().collect());
    let caption_all = move |_| run.start(form, images.all.get_untracked());
    let export = move |_| {
        let text = csv(&session.model.name(), &run.items.get_untracked());
        save::text("captions.csv", "text/csv", &text);
    };
    let choice = session.model.choice;
    let is_remote =
        choice.with_untracked(|choice| matches!(choice.location, CheckpointLocation::Address(_)));
    let about = match is_remote {
        true => {
            "This model can caption images. Its decoder (about a quarter of the file) is downloaded with the first caption."
        }
        false => {
            "This model can caption images. Its decoder (about a quarter of the file) loads with the first caption."
        }
    };
    view! {
        <section aria-label="Captions" class="captions">
            <p class="aside">{about}</p>
            <DecodingFields form />
            <p class="toolbar">
                <button
                    type="button"
                    class="caption-selected"
                    prop:disabled=move || images.is_empty()
                    on:click=caption_selected
                >
                    "Caption the selected image"
                </button>
                <button
                    type="button"
                    class="caption-all"
                    hidden=move || images.len() < 2
                    on:click=caption_all
                >
                    "Caption all"
                </button>
                <button
                    type="button"
                    class="stop"
                    hidden=move || !run.is_busy.get()
                    on:click=move |_| run.stop()
                >
                    "Stop"
                </button>
                <span class="aside" role="status">
                    {move || run.progress()}
                </span>
            </p>
            {error_if_any(run.problem)}
            <p class="toolbar" hidden=move || !run.is_any_done()>
                <button type="button" class="save" on:click=export>
                    "Export captions (CSV)"
                </button>
            </p>
            <ol class="caption-list">{move || list(run.items.get().into_iter().map(item_view))}</ol>
            <CaptionScoring session />
        </section>
    }
}
