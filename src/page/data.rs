//! Data files, fetched when first needed.

use super::latest::Latest;
use super::studies;
use crate::analysis::Analysis;
use crate::claim::{Library, Printed};
use crate::runs::RunSource;
use crate::study::architecture::{self, ArchitectureCost};
use crate::study::checkpoint::{self, PublishedCheckpoint};
use crate::study::description::{Description, File};
use crate::study::digest::{integrity, sha256};
use crate::study::{
    DataError, Measurement, Study, Table, folder, packed, read_measurements, training,
};
use js_sys::{Array, Float64Array};
use leptos::prelude::*;
use std::collections::BTreeMap;
use std::sync::Arc;
use wasm_bindgen::JsCast;
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;

/// `None` until loaded.
pub type Loaded<T> = ReadSignal<Option<Result<Arc<T>, DataError>>>;

/// The rows that an analysis needs.
#[derive(Clone, Debug, PartialEq)]
pub struct RowQuery {
    pub table: Table,
    /// Where the reader has imported runs: the dataset and metric in view, since only their rows are
    /// taken from a large file, and the version of the runs.
    user_runs: Option<[String; 3]>,
}

impl RowQuery {
    pub fn of(analysis: &Analysis) -> RowQuery {
        let user_runs = user_runs_version()
            .map(|version| [analysis.dataset.clone(), analysis.metric.clone(), version]);
        RowQuery {
            table: analysis.table,
            user_runs,
        }
    }
}

/// Attribute of the document where the reader has imported runs (`boot.js` sets it). Its value changes
/// with them, and an event announces it.
pub const USER_RUNS: &str = "data-yours";
pub const USER_RUNS_CHANGED: &str = "refit:yours";

/// The version of the reader's runs; `None` where there are none.
pub fn user_runs_version() -> Option<String> {
    document().document_element()?.get_attribute(USER_RUNS)
}

/// The data for a table's analyses.
pub struct TableData {
    pub query: RowQuery,
    pub rows: Vec<Measurement>,
    pub architectures: Vec<ArchitectureCost>,
    /// A sentence about the reader's runs among the rows.
    pub user_runs: Option<String>,
}

#[wasm_bindgen]
extern "C" {
    /// Bundled rows and the reader's of one view of a table, by the program that stores the latter
    /// (`boot.js`); undefined where the reader has none for this table.
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn joined(
        table: &str,
        dataset: &str,
        metric: &str,
        released: bool,
    ) -> Result<JsValue, JsValue>;
}

/// The rows as [`packed`] encodes them, and a sentence about the reader's.
type Joined = (Vec<Measurement>, Vec<ArchitectureCost>, String);

/// The joined rows of a table; with `released`, only of files that the studies released.
async fn join(
    table: Table,
    dataset: &str,
    metric: &str,
    released: bool,
) -> Result<Option<Joined>, DataError> {
    let failed = || {
        DataError::whole(
            "Your data",
            "could not be loaded. Reload, or delete the files",
        )
    };
    let rows = joined(&table.path(), dataset, metric, released)
        .await
        .map_err(|_| failed())?;
    if rows.is_undefined() {
        return Ok(None);
    }
    let rows: Array = rows.unchecked_into();
    let names = rows.get(0).as_string().unwrap_or_default();
    let numbers = rows.get(1).unchecked_into::<Float64Array>().to_vec();
    let summary = rows.get(2).as_string().unwrap_or_default();
    let (rows, architectures) = packed::unpack(&names, &numbers).ok_or_else(failed)?;
    Ok(Some((rows, architectures, summary)))
}

pub async fn table(query: RowQuery) -> Result<Arc<TableData>, DataError> {
    let joined = match &query.user_runs {
        Some([dataset, metric, _]) => join(query.table, dataset, metric, false).await?,
        None => None,
    };
    let (rows, architectures, user_runs) = match joined {
        Some((rows, architectures, summary)) => (rows, architectures, Some(summary)),
        None => {
            let (rows, architectures) = bundled(query.table).await?;
            (rows, architectures, None)
        }
    };
    Ok(Arc::new(TableData {
        query,
        rows,
        architectures,
        user_runs,
    }))
}

/// The hyperparameters of a study's runs, for [`training::settings`]; empty where it tells none.
pub async fn training(study: Study) -> Result<String, DataError> {
    match training::path(study) {
        Some(_) => study_file(study, &study.head().runs).await,
        None => Ok(String::new()),
    }
}

/// A table's own rows, without the reader's, and its study's architectures.
pub async fn bundled(table: Table) -> Result<(Vec<Measurement>, Vec<ArchitectureCost>), DataError> {
    let study = table.study();
    let rows = study_file(study, &table.head().file);
    let architectures = architectures(study);
    let rows = read_measurements(study, &table.path(), &rows.await?)?;
    Ok((rows, architectures.await?))
}

/// The request starts with the call.
pub fn architectures(
    study: Study,
) -> impl Future<Output = Result<Vec<ArchitectureCost>, DataError>> {
    let path = architecture::path(study);
    let file = path.map(|path| (study_file(study, &study.head().architectures), path));
    async move {
        match file {
            Some((text, path)) => architecture::read(&path, &text.await?),
            None => Ok(Vec::new()),
        }
    }
}

/// The checkpoints that this page can run.
pub async fn checkpoints() -> Result<Vec<PublishedCheckpoint>, DataError> {
    checkpoint::read(&fetch(checkpoint::PATH, sha256(checkpoint::PATH)).await?)
}

/// The same as text, for [`checkpoint::id_of`].
pub async fn checkpoints_file() -> Result<String, DataError> {
    fetch(checkpoint::PATH, None).await
}

/// A study's own description.
pub async fn description(study: Study) -> Result<Arc<Description>, DataError> {
    let path = study.path(folder::DESCRIPTION);
    let text = fetch(&path, sha256(&path)).await?;
    folder::read_description(&path, &text).map(Arc::new)
}

/// What studies say of themselves and the numbers that they printed.
pub async fn printed(studies: &[Study]) -> Result<Arc<Printed>, DataError> {
    let descriptions = studies.iter().map(|s| s.path(folder::DESCRIPTION));
    let mut texts = fetch_all(descriptions).await?;
    for study in studies {
        let path = study.path(folder::DESCRIPTION);
        let description = folder::read_description(&path, &find(&texts, &path)?)?;
        let claims = description.claims.iter().map(|c| study.path(&c.file));
        texts.append(&mut fetch_all(claims).await?);
    }
    Printed::read(studies, |path| find(&texts, path)).map(Arc::new)
}

/// Descriptions, printed numbers and all rows of studies.
pub async fn data_of(studies: Vec<Study>) -> Result<Arc<(Printed, Library)>, DataError> {
    let tables = studies.iter().flat_map(|s| s.tables()).map(|t| t.path());
    let paths = tables.chain(studies.iter().filter_map(|s| architecture::path(*s)));
    let texts = fetch_all(paths);
    let printed = printed(&studies).await?;
    let texts = texts.await?;
    let library = Library::read_all(&studies, |path| find(&texts, path))?;
    Ok(Arc::new((Arc::unwrap_or_clone(printed), library)))
}

/// The data that Verify checks the claims against.
pub struct VerifyData {
    pub data: Arc<(Printed, Library)>,
    /// Sentences about the reader's files among it; empty where there are none.
    pub user_runs: String,
}

/// The data of all known studies, opened ones among them; replaced where the reader has imported the
/// released file that they come from.
pub async fn verify_data() -> Result<Arc<VerifyData>, DataError> {
    let mut data = data_of(Study::all()).await?;
    let mut summaries = Vec::new();
    if user_runs_version().is_some() {
        let (_, library) = Arc::make_mut(&mut data);
        for source in RunSource::ALL {
            let Some(table) = source.replaces() else {
                continue;
            };
            // The whole full sweep would fill the memory, and the claims need only this view of it.
            let view = Analysis::of(table);
            let (dataset, metric) = match source {
                RunSource::AllResults => (view.dataset.as_str(), view.metric.as_str()),
                _ => ("", ""),
            };
            if let Some((rows, _, summary)) = join(table, dataset, metric, true).await? {
                library.tables.insert(table, rows);
                summaries.push(summary);
            }
        }
    }
    let user_runs = summaries.join(" ");
    Ok(Arc::new(VerifyData { data, user_runs }))
}

/// The result of `load`, which runs again whenever a signal that it reads changes; until the new
/// result has arrived the old one stays. Leptos's own resources support suspense and servers, which
/// this page does not need, and would be 3 % of its size.
pub fn load<T, F>(load: impl Fn() -> F + 'static) -> Loaded<T>
where
    T: Send + Sync + 'static,
    F: Future<Output = Result<Arc<T>, DataError>> + 'static,
{
    let loaded = RwSignal::new(None);
    let latest = Latest::new();
    Effect::new(move || {
        let request = latest.start();
        let loading = load();
        leptos::task::spawn_local(async move {
            let result = loading.await;
            if request.is_latest() {
                loaded.set(Some(result));
            }
        });
    });
    loaded.read_only()
}

/// The texts of files by their paths; the requests start with the call.
async fn fetch_all(
    paths: impl IntoIterator<Item = String>,
) -> Result<BTreeMap<String, String>, DataError> {
    let request = |path: String| (fetch(&path, sha256(&path)), path);
    let requests: Vec<_> = paths.into_iter().map(request).collect();
    let mut texts = BTreeMap::new();
    for (text, path) in requests {
        texts.insert(path, text.await?);
    }
    Ok(texts)
}

fn find(texts: &BTreeMap<String, String>, path: &str) -> Result<String, DataError> {
    let text = texts.get(path).cloned();
    text.ok_or_else(|| DataError::whole(path, "was not fetched"))
}

/// The text of a file of a study. The request starts with the call.
fn study_file(
    study: Study,
    file: &File,
) -> impl Future<Output = Result<String, DataError>> + use<> {
    fetch(&study.path(&file.name), Some(&file.sha256))
}

/// The text of a file, relative to the page, of this SHA-256 if one is known. The request starts
/// with the call, so that several run at a time.
fn fetch(
    path: &str,
    sha256: Option<&str>,
) -> impl Future<Output = Result<String, DataError>> + use<> {
    // Those of a study that is not bundled are in the browser.
    let kept = (!path.starts_with("data/")).then(|| studies::file(path.to_owned()));
    let request = web_sys::RequestInit::new();
    // The browser rejects a file of another version.
    if let Some(digest) = sha256.and_then(integrity) {
        request.set_integrity(&digest);
    }
    let response = kept
        .is_none()
        .then(|| JsFuture::from(window().fetch_with_str_and_init(path, &request)));
    let path = path.to_owned();
    async move {
        let failed = |why: &str| DataError::whole(&path, why);
        let offline = "could not be fetched, or belongs to another version of this page. Check the connection and reload";
        if let Some(kept) = kept {
            return kept.await;
        }
        let response = response.ok_or_else(|| failed(offline))?;
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
