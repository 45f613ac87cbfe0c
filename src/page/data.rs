//! Data files: fetched when first needed, typed on reading.

use crate::analysis::Analysis;
use crate::claim::{Library, Printed};
use crate::runs::RunSource;
use crate::study::architecture::{self, ArchitectureCost};
use crate::study::checkpoint::{self, PublishedCheckpoint};
use crate::study::digest::integrity;
use crate::study::training;
use crate::study::{DataError, Measurement, Study, Table, packed, read_measurements};
use js_sys::{Array, Float64Array};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// What has been loaded; nothing at first.
pub type Loaded<T> = ReadSignal<Option<Result<Arc<T>, DataError>>>;

/// The rows that an analysis needs.
#[derive(Clone, Debug, PartialEq)]
pub struct Wanted {
    pub table: Table,
    /// Where there are runs of the reader's: the set and metric in view, as of a large file only
    /// their rows come, and the state of the runs.
    own: Option<[String; 3]>,
}

impl Wanted {
    pub fn of(analysis: &Analysis) -> Wanted {
        let own =
            own_runs().map(|state| [analysis.dataset.clone(), analysis.metric.clone(), state]);
        Wanted {
            table: analysis.table,
            own,
        }
    }
}

/// The document's mark of runs of the reader's (`boot.js` puts it on); its value changes with
/// them, and an event says so.
pub const OWN: &str = "data-yours";
pub const CHANGED: &str = "refit:yours";

/// The state of the runs of the reader's; `None` where there are none.
pub fn own_runs() -> Option<String> {
    document().document_element()?.get_attribute(OWN)
}

/// What one table's analyses need.
pub struct TableData {
    pub wanted: Wanted,
    pub rows: Vec<Measurement>,
    pub architectures: Vec<ArchitectureCost>,
    /// What of the reader's runs is among the rows, as a sentence.
    pub own: Option<String>,
}

#[wasm_bindgen]
extern "C" {
    /// Bundled rows and the reader's of one view of a table, by the program that keeps the
    /// reader's (`boot.js`); undefined where nothing joins.
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn joined(
        table: &str,
        dataset: &str,
        metric: &str,
        released: bool,
    ) -> Result<JsValue, JsValue>;
}

/// The rows as [`packed`] has them, and what of the reader's is among them.
type Joined = (Vec<Measurement>, Vec<ArchitectureCost>, String);

/// The joined rows of a table; those of released files alone where `released`.
async fn join(
    table: Table,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<Option<Joined>, DataError> {
    let failed = || DataError::whole("Your data", "could not be joined; reload, or delete them");
    let found = joined(table.id(), dataset, metric, released)
        .await
        .map_err(|_| failed())?;
    if found.is_undefined() {
        return Ok(None);
    }
    let found: Array = found.unchecked_into();
    let names = found.get(0).as_string().unwrap_or_default();
    let numbers = found.get(1).unchecked_into::<Float64Array>().to_vec();
    let (rows, architectures) = packed::unpack(&names, &numbers).ok_or_else(failed)?;
    Ok(Some((
        rows,
        architectures,
        found.get(2).as_string().unwrap_or_default(),
    )))
}

pub async fn table(wanted: Wanted) -> Result<Arc<TableData>, DataError> {
    let joined = match &wanted.own {
        Some([dataset, metric, _]) => join(wanted.table, dataset, metric, false).await?,
        None => None,
    };
    let (rows, architectures, own) = match joined {
        Some((rows, architectures, own)) => (rows, architectures, Some(own)),
        None => {
            let (rows, architectures) = bundled(wanted.table).await?;
            (rows, architectures, None)
        }
    };
    Ok(Arc::new(TableData {
        wanted,
        rows,
        architectures,
        own,
    }))
}

/// What a study's runs were trained with, as [`training::settings`] reads it.
pub async fn training(study: Study) -> Result<String, DataError> {
    fetch(&training::path(study)).await
}

/// A table's bundled rows and its study's architectures.
pub async fn bundled(table: Table) -> Result<(Vec<Measurement>, Vec<ArchitectureCost>), DataError> {
    let (path, beside) = (table.path(), architecture::path(table.study()));
    let (rows, architectures) = (fetch(&path), fetch(&beside));
    let rows = read_measurements(&path, &rows.await?)?;
    Ok((rows, architecture::read(&beside, &architectures.await?)?))
}

pub async fn architectures(study: Study) -> Result<Vec<ArchitectureCost>, DataError> {
    let path = architecture::path(study);
    architecture::read(&path, &fetch(&path).await?)
}

/// The checkpoints that the page can run.
pub async fn checkpoints() -> Result<Vec<PublishedCheckpoint>, DataError> {
    checkpoint::read(&fetch(checkpoint::PATH).await?)
}

/// The printed numbers.
pub async fn printed() -> Result<Printed, DataError> {
    let texts = fetch_all(Printed::PATHS.map(str::to_owned)).await?;
    Printed::read(|path| find(&texts, path))
}

/// All that is bundled.
pub async fn everything() -> Result<Arc<(Printed, Library)>, DataError> {
    let paths = Table::ALL
        .iter()
        .map(|t| t.path())
        .chain(Study::ALL.map(architecture::path))
        .chain(Printed::PATHS.map(str::to_owned));
    let texts = fetch_all(paths).await?;
    let read = |path: &str| find(&texts, path);
    Ok(Arc::new((Printed::read(read)?, Library::read_all(read)?)))
}

/// What Verify checks.
pub struct Checked {
    pub data: Arc<(Printed, Library)>,
    /// What of the reader's is among it, as sentences; empty where nothing is.
    pub own: String,
}

/// All that is bundled, released files of the reader's in place of what was made from them.
pub async fn with_released() -> Result<Arc<Checked>, DataError> {
    let mut data = everything().await?;
    let mut own = Vec::new();
    if own_runs().is_some() {
        let (_, library) = Arc::make_mut(&mut data);
        for table in RunSource::ALL.into_iter().filter_map(RunSource::replaces) {
            // All of the full sweep would fill the memory; no claim needs more of it than this view.
            let view = Analysis::of(table);
            let (dataset, metric) = match table {
                Table::Sweep => (view.dataset.as_str(), view.metric.as_str()),
                _ => ("", ""),
            };
            if let Some((rows, _, sentence)) = join(table, dataset, metric, true).await? {
                library.tables.insert(table, rows);
                own.push(sentence);
            }
        }
    }
    let own = own.join(" ");
    Ok(Arc::new(Checked { data, own }))
}

/// What `load` brings, and brings anew whenever a signal that it reads changes; until then the
/// last, and at first nothing. Leptos's own resources can suspend and be sent by a server; this
/// page needs neither, and they are 3 % of it.
pub fn load<T, F>(load: impl Fn() -> F + 'static) -> Loaded<T>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<Arc<T>, DataError>> + 'static,
{
    let loaded = RwSignal::new(None);
    let current = RwSignal::new(0_u32);
    Effect::new(move || {
        let mine = current.get_untracked() + 1;
        current.set(mine);
        let loading = load();
        leptos::task::spawn_local(async move {
            let result = loading.await;
            // A later one has taken its place, or the view is gone.
            if current.try_get_untracked() == Some(mine) {
                loaded.set(Some(result));
            }
        });
    });
    loaded.read_only()
}

/// Files' texts by their paths.
async fn fetch_all(
    paths: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, String>, DataError> {
    let asked: Vec<_> = paths.into_iter().map(|path| (fetch(&path), path)).collect();
    let mut texts = BTreeMap::new();
    for (text, path) in asked {
        texts.insert(path, text.await?);
    }
    Ok(texts)
}

fn find(texts: &BTreeMap<String, String>, path: &str) -> Result<String, DataError> {
    let text = texts.get(path).cloned();
    text.ok_or_else(|| DataError::whole(path, "was not fetched"))
}

/// One file's text, relative to the page; asked for at once, so that several come together.
fn fetch(path: &str) -> impl Future<Output = Result<String, DataError>> + use<> {
    let asked = web_sys::RequestInit::new();
    // The browser refuses a file that is not the one that this page was made for.
    if let Some(digest) = integrity(path) {
        asked.set_integrity(&digest);
    }
    let response = JsFuture::from(window().fetch_with_str_and_init(path, &asked));
    let path = path.to_owned();
    async move {
        let failed = |why: &str| DataError::whole(&path, why);
        let offline = "could not be fetched, or is not the file that this page was made for; check the connection and reload";
        let response = response.await.map_err(|_| failed(offline))?;
        let response: web_sys::Response = response.dyn_into().map_err(|_| failed(offline))?;
        if !response.ok() {
            return Err(failed(&format!(
                "the host answered {} {}",
                response.status(),
                response.status_text()
            )));
        }
        let text = response.text().map_err(|_| failed(offline))?;
        let text = JsFuture::from(text).await.map_err(|_| failed(offline))?;
        text.as_string().ok_or_else(|| failed("is not text"))
    }
}
