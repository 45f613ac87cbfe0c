//! Opens a study that is not bundled: fetches or unpacks its files, checks them, and keeps them in the
//! browser.

use crate::check::{self, MOST_BYTES};
use crate::study::folder::{self, DESCRIPTION};
use crate::study::{DataError, Study};
use leptos::prelude::window;
use std::collections::BTreeMap;
use std::io::{Cursor, Read};
use wasm_bindgen::prelude::*;
use wasm_bindgen_futures::JsFuture;
use web_sys::Response;

/// Hosts that the content security policy allows.
const HOSTS: [&str; 2] = [
    "https://raw.githubusercontent.com/",
    "https://huggingface.co/",
];

/// Problems shown at once.
const MOST_PROBLEMS: usize = 5;

#[wasm_bindgen]
extern "C" {
    /// Keeps a text in the browser under a path (`boot.js`).
    #[wasm_bindgen(js_namespace = refit, catch)]
    async fn keep_study_file(path: &str, text: &str) -> Result<JsValue, JsValue>;
}

/// Texts by their paths, which begin with the study's reference.
type Texts = BTreeMap<String, String>;

/// A bundled study, or the one at an address, checked and kept; its head as text.
pub async fn open_study(reference: &str) -> Result<String, String> {
    if let Some(study) = Study::find(reference).filter(|study| study.is_bundled()) {
        return Ok(study.head().to_text());
    }
    if !HOSTS.iter().any(|host| reference.starts_with(host)) {
        return Err(format!(
            "A study can be opened from {} alone, or dropped here as a folder or zip.",
            HOSTS.join(" and ")
        ));
    }
    let reference = reference.trim_end_matches('/');
    let path = format!("{reference}/{DESCRIPTION}");
    let mut texts = Texts::new();
    let text = fetch(&path).await?;
    let description = folder::read_description(&path, &text).map_err(|e| e.to_string())?;
    texts.insert(path, text);
    let tables = description.tables.iter().map(|table| table.file.as_str());
    let claims = description.claims.iter().map(|claims| claims.file.as_str());
    let others = [description.architectures.as_str(), &description.runs];
    let mut bytes = 0;
    for name in tables.chain(claims).chain(others) {
        let path = format!("{reference}/{name}");
        if check::unsafe_name(name).is_some() || texts.contains_key(&path) {
            continue;
        }
        // What is missing is among the problems below.
        if let Ok(text) = fetch(&path).await {
            bytes += text.len();
            texts.insert(path, text);
        }
        if bytes > MOST_BYTES.1 {
            return Err(format!(
                "The study has more than {} MB.",
                MOST_BYTES.1 >> 20
            ));
        }
    }
    keep(reference, texts).await
}

/// The study of dropped files, by their names in the folder, or of one zip; its reference.
pub async fn open_dropped(name: &str, files: Vec<(String, Vec<u8>)>) -> Result<String, String> {
    let mut unpacked = Vec::new();
    for (path, bytes) in files {
        match path.ends_with(".zip") {
            true => unpacked.extend(unzip(&bytes)?),
            false => unpacked.push((path, bytes)),
        }
    }
    // The folder may lie in another one.
    let root = unpacked
        .iter()
        .filter_map(|(path, _)| path.strip_suffix(DESCRIPTION))
        .min_by_key(|root| root.len())
        .ok_or("There is no study.json among these files.")?
        .to_owned();
    let id: String = name
        .trim_end_matches(".zip")
        .chars()
        .map(|c| {
            if c.is_alphanumeric() || "-_.".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect();
    let reference = format!("local:{id}");
    let texts = unpacked.into_iter().filter_map(|(path, bytes)| {
        let name = path.strip_prefix(&root)?;
        let text = String::from_utf8(bytes).ok()?;
        Some((format!("{reference}/{name}"), text))
    });
    keep(&reference, texts.collect()).await?;
    Ok(reference)
}

/// The files of a zip, no larger than a study may be.
fn unzip(bytes: &[u8]) -> Result<Vec<(String, Vec<u8>)>, String> {
    let damaged = |_| "The zip cannot be read.".to_owned();
    let mut archive = zip::ZipArchive::new(Cursor::new(bytes)).map_err(damaged)?;
    let mut files = Vec::new();
    let mut left = MOST_BYTES.1 as u64;
    for i in 0..archive.len() {
        let mut file = archive.by_index(i).map_err(damaged)?;
        if !file.is_file() {
            continue;
        }
        let name = file.name().map_err(damaged)?.replace('\\', "/");
        let mut bytes = Vec::new();
        // Not what the zip says of itself.
        let read = (&mut file).take(left + 1).read_to_end(&mut bytes);
        read.map_err(|_| "The zip is damaged.".to_owned())?;
        if bytes.len() as u64 > left {
            return Err(format!(
                "The zip holds more than {} MB.",
                MOST_BYTES.1 >> 20
            ));
        }
        left -= bytes.len() as u64;
        files.push((name, bytes));
    }
    Ok(files)
}

/// Checks a study and keeps its files; its head as text.
async fn keep(reference: &str, texts: Texts) -> Result<String, String> {
    let read = |path: &str| {
        let text = texts.get(path).cloned();
        text.ok_or_else(|| DataError::whole(path, "there is no such file"))
    };
    let problems = check::problems(reference, &read);
    if !problems.is_empty() {
        let shown = problems.iter().take(MOST_PROBLEMS).map(ToString::to_string);
        let more = match problems.len().saturating_sub(MOST_PROBLEMS) {
            0 => String::new(),
            more => format!(" … and {more} more."),
        };
        return Err(format!(
            "The study is not well formed. {}{more}",
            shown.collect::<Vec<_>>().join(" · ")
        ));
    }
    let study = Study::find(reference).ok_or("The study was not opened.")?;
    let head = study.head().to_text();
    let full = |_| "The browser has no room for the study’s files.".to_owned();
    for (path, text) in &texts {
        keep_study_file(path, text).await.map_err(full)?;
    }
    // Last: where it is, the files are.
    keep_study_file(&format!("{reference}/head.txt"), &head)
        .await
        .map_err(full)?;
    Ok(head)
}

async fn fetch(address: &str) -> Result<String, String> {
    let unreachable =
        |_| format!("{address} could not be fetched. Check the address and the connection.");
    let response = JsFuture::from(window().fetch_with_str(address)).await;
    let response: Response = response.map_err(unreachable)?.unchecked_into();
    if !response.ok() {
        return Err(format!(
            "{address}: the host answered {}.",
            response.status()
        ));
    }
    let length = response.headers().get("content-length").ok().flatten();
    let length = length.and_then(|length| length.parse::<usize>().ok());
    if length.is_some_and(|length| length > MOST_BYTES.0) {
        return Err(format!(
            "{address} is larger than {} MB.",
            MOST_BYTES.0 >> 20
        ));
    }
    let text = JsFuture::from(response.text().map_err(unreachable)?).await;
    let text = text.map_err(unreachable)?.as_string();
    text.ok_or_else(|| format!("{address} is not text."))
}
