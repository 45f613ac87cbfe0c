//! The images, and how far the model is with each.

use super::Session;
use super::classes::lines;
use crate::class_lists::{DEFAULT_TEMPLATES, SAMPLES};
use crate::page::latest::Latest;
use crate::page::models::labelled_sets::LabelledSet;
use crate::page::models::ranking::RankedClass;
use crate::page::models::requests::ImageEncoding;
use crate::page::models::samples;
use leptos::prelude::*;
use refit_clip::confusion::Truth;
use std::cell::OnceCell;
use std::rc::Rc;
use web_sys::{Blob, Url};

/// Images that are encoded in one batch.
pub const BATCH: usize = 8;

#[derive(Clone)]
pub struct SourceImage {
    pub id: u32,
    pub name: String,
    /// What it shows, where that is known.
    pub truth: Option<Truth>,
    /// It comes with the page.
    pub is_sample: bool,
    pub file: Blob,
    /// Created when the image is first shown, since each takes the browser some time.
    address: Rc<OnceCell<String>>,
    pub state: RwSignal<ImageState, LocalStorage>,
    pub ranking: RwSignal<Option<Rc<Vec<RankedClass>>>, LocalStorage>,
}

#[derive(Clone)]
pub enum ImageState {
    Waiting,
    Encoded(Rc<ImageEncoding>),
    Failed(String),
}

impl SourceImage {
    /// An address for an image element.
    pub fn address(&self) -> String {
        let create = || Url::create_object_url_with_blob(&self.file).unwrap_or_default();
        self.address.get_or_init(create).clone()
    }

    pub fn is_waiting(&self) -> bool {
        self.state
            .with_untracked(|state| matches!(state, ImageState::Waiting))
    }

    pub fn encoding(&self) -> Option<Rc<ImageEncoding>> {
        let state = self.state.try_get_untracked()?;
        match state {
            ImageState::Encoded(encoding) => Some(encoding),
            _ => None,
        }
    }
}

#[derive(Clone, Copy)]
pub struct ImageSet {
    pub all: RwSignal<Vec<SourceImage>, LocalStorage>,
    /// The image whose result is shown large.
    pub selected: RwSignal<Option<u32>>,
    next_id: StoredValue<u32>,
    is_encoding: StoredValue<bool>,
    /// Images that come with the page are being fetched.
    pub is_opening: RwSignal<bool>,
    /// The name of the folder or of the set that all images are of.
    pub set: RwSignal<Option<String>>,
    pub(super) rankings: Latest,
    /// Counts finished rankings.
    pub rankings_done: RwSignal<u32>,
    /// Milliseconds that the image tower took for each of the last images that were computed.
    pub pace: RwSignal<Option<f64>>,
    /// Why images could not be added.
    pub problem: RwSignal<Option<String>>,
    /// What was left out of a folder or a table of labels, and what was taken for granted.
    pub notes: RwSignal<Vec<String>>,
}

/// An image to add.
pub struct NewImage {
    pub name: String,
    pub truth: Option<Truth>,
    pub is_sample: bool,
    pub file: Blob,
}

impl ImageSet {
    pub(super) fn new() -> ImageSet {
        ImageSet {
            all: RwSignal::new_local(Vec::new()),
            selected: RwSignal::new(None),
            next_id: StoredValue::new(0),
            is_encoding: StoredValue::new(false),
            is_opening: RwSignal::new(false),
            set: RwSignal::new(None),
            rankings: Latest::new(),
            rankings_done: RwSignal::new(0),
            pace: RwSignal::new(None),
            problem: RwSignal::new(None),
            notes: RwSignal::new(Vec::new()),
        }
    }

    pub fn is_empty(self) -> bool {
        self.all.with(Vec::is_empty)
    }

    pub fn len(self) -> usize {
        self.all.with(Vec::len)
    }

    /// The selected image, without tracking it.
    pub fn selected_image(self) -> Option<SourceImage> {
        self.find(self.selected.get_untracked()?)
    }

    pub fn find(self, id: u32) -> Option<SourceImage> {
        self.all
            .with_untracked(|all| all.iter().find(|image| image.id == id).cloned())
    }

    /// The selected image; tracked, its state and ranking aside.
    pub fn selected_tracked(self) -> Option<SourceImage> {
        let id = self.selected.get()?;
        self.all
            .with(|all| all.iter().find(|image| image.id == id).cloned())
    }

    /// What the images are known to show, each once.
    pub fn true_classes(self) -> Vec<String> {
        let mut classes: Vec<String> = Vec::new();
        for image in self.all.get_untracked() {
            let Some(truth) = image.truth else { continue };
            if !truth.is_among(&classes) {
                classes.push(truth.text().to_owned());
            }
        }
        classes
    }

    /// Whether all there is are the sample images; tracked.
    pub fn are_samples(self) -> bool {
        self.all
            .with(|all| !all.is_empty() && all.iter().all(|image| image.is_sample))
    }

    pub(super) fn forget_embeddings(self) {
        self.pace.set(None);
        for image in self.all.get_untracked() {
            image.state.set(ImageState::Waiting);
            image.ranking.set(None);
        }
    }

    fn new_image(self, image: NewImage) -> SourceImage {
        let id = self.next_id.get_value();
        self.next_id.set_value(id + 1);
        let NewImage {
            name,
            truth,
            is_sample,
            file,
        } = image;
        SourceImage {
            id,
            name,
            truth,
            is_sample,
            address: Rc::default(),
            file,
            state: RwSignal::new_local(ImageState::Waiting),
            ranking: RwSignal::new_local(None),
        }
    }

    /// The next images to encode. `first` is where the ones before are all done.
    fn next_batch(self, first: &mut usize) -> Vec<SourceImage> {
        self.all.with_untracked(|all| {
            let mut batch = Vec::new();
            for image in all.iter().skip(*first) {
                if image.is_waiting() {
                    batch.push(image.clone());
                    if batch.len() == BATCH {
                        break;
                    }
                } else if batch.is_empty() {
                    *first += 1;
                }
            }
            batch
        })
    }
}

impl Session {
    /// Adds images. The samples give way to the first others.
    pub fn add_images(self, added: Vec<NewImage>) {
        let images = self.images;
        let is_sample = |image: &SourceImage| image.is_sample;
        if !added.is_empty() && images.all.with_untracked(|all| all.iter().any(is_sample)) {
            self.remove_images();
        }
        images.problem.set(None);
        let added = added.into_iter().map(|image| images.new_image(image));
        let added: Vec<SourceImage> = added.collect();
        let first = added.first().map(|image| image.id);
        images.all.write_untracked().extend(added);
        // The model starts before the page draws the new images.
        self.encode_images();
        if images.selected.get_untracked().is_none() {
            images.selected.set(first);
        }
        images.all.notify();
    }

    /// Shows the sample images in place of whatever there is; with their classes, where none of the list fits.
    pub async fn show_samples(self) {
        self.images.is_opening.set(true);
        let samples = samples::all().await;
        self.images.is_opening.set(false);
        match samples {
            Ok(all) => {
                let image = |(sample, file): (samples::Sample, Blob)| NewImage {
                    name: sample
                        .file
                        .rsplit('/')
                        .next()
                        .unwrap_or_default()
                        .to_owned(),
                    truth: Some(Truth::Caption(sample.label)),
                    is_sample: true,
                    file,
                };
                let images: Vec<NewImage> = all.into_iter().map(image).collect();
                self.remove_images();
                self.fit_classes(&images);
                self.add_images(images);
            }
            Err(sentence) => self.images.problem.set(Some(sentence)),
        }
    }

    /// Takes the captions of the samples for classes, unless each of them shows one of the list.
    fn fit_classes(self, samples: &[NewImage]) {
        let classes = self.classes;
        let fits = classes.labels.with_untracked(|text| {
            let labels = lines(text);
            let mut truths = samples.iter().filter_map(|sample| sample.truth.as_ref());
            truths.all(|truth| truth.is_among(&labels))
        });
        let has_head = classes.head.with_untracked(Option::is_some);
        if has_head {
            classes.head.set(None);
        }
        if !fits {
            classes.replace(SAMPLES.to_owned(), Some(DEFAULT_TEMPLATES.to_owned()));
        }
        if !fits || has_head {
            let note = "The classes are those of the sample images now.";
            self.images.notes.set(vec![note.to_owned()]);
        }
    }

    /// Opens a set, and shows it as [`Session::show_set`] does; meanwhile nothing is answered.
    pub fn open_set(
        self,
        most: usize,
        problem: RwSignal<Option<String>>,
        set: impl Future<Output = Result<Option<LabelledSet>, String>> + 'static,
    ) {
        self.images.is_opening.set(true);
        leptos::task::spawn_local(async move {
            let opened = set.await;
            self.images.is_opening.set(false);
            match opened {
                Ok(Some(set)) => self.show_set(set, most),
                Ok(None) => {}
                // The tab that asked may be gone.
                Err(sentence) => {
                    problem.try_set(Some(sentence));
                }
            }
        });
    }

    /// Shows the first images of a set, as many as `most`, in place of whatever there is, with its classes.
    fn show_set(self, set: LabelledSet, most: usize) {
        self.classes.head.set(None);
        self.classes.replace(set.labels.join("\n"), set.template);
        let pictures = set.pictures.iter().take(most).cloned().enumerate();
        let images = pictures.map(|(i, (file, class))| NewImage {
            name: format!("{} {}", set.name, i + 1),
            truth: Some(Truth::Class(set.labels[class].clone())),
            is_sample: false,
            file,
        });
        let images: Vec<NewImage> = images.collect();
        self.remove_images();
        self.images.set.set(Some(set.name));
        self.add_images(images);
    }

    pub fn remove_images(self) {
        for image in self.images.all.get_untracked() {
            if let Some(address) = image.address.get() {
                let _ = Url::revoke_object_url(address);
            }
        }
        self.images.selected.set(None);
        self.images.notes.set(Vec::new());
        self.images.set.set(None);
        self.images.all.set(Vec::new());
        self.rank_new();
    }

    /// Encodes the waiting images, unless that is under way or no model is loaded.
    pub(super) fn encode_images(self) {
        let is_encoding = self.images.is_encoding;
        if self.model.loaded().is_none() || is_encoding.get_value() {
            return;
        }
        is_encoding.set_value(true);
        leptos::task::spawn_local(async move {
            self.encode_batches().await;
            is_encoding.set_value(false);
            // Images or a model may have been added since the last batch.
            let is_any_waiting = |all: &Vec<SourceImage>| all.iter().any(SourceImage::is_waiting);
            if self.images.all.with_untracked(is_any_waiting) {
                self.encode_images();
            }
        });
    }

    async fn encode_batches(self) {
        let engine = self.model.engine();
        let load = self.model.current_load();
        let mut first = 0;
        loop {
            let batch = self.images.next_batch(&mut first);
            if batch.is_empty() || self.model.loaded().is_none() {
                return;
            }
            let files = batch.iter().map(|image| &image.file);
            let encoded = engine.encode_images(files, true).await;
            if !load.is_latest() {
                return;
            }
            let encoded = match encoded {
                Ok(encoded) => encoded,
                Err(failure) => return self.model.fail(failure),
            };
            let mut computed = encoded.iter().flatten().map(|e| &e.details);
            if let Some(details) = computed.rfind(|details| !details.is_cached) {
                let pace = details.encode / details.batch.max(1) as f64;
                self.images.pace.set(Some(pace));
            }
            for (image, encoded) in batch.iter().zip(encoded) {
                let state = match encoded {
                    Ok(encoding) => {
                        // Set first, so that image and ranking are drawn together.
                        let ranking = self.rank(&encoding.embedding).map(Rc::new);
                        let _ = image.ranking.try_set(ranking);
                        ImageState::Encoded(Rc::new(encoding))
                    }
                    Err(sentence) => ImageState::Failed(sentence),
                };
                // The image may have been removed.
                let _ = image.state.try_set(state);
            }
            self.rank_new();
        }
    }
}
