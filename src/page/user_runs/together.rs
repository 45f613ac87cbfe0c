//! Several files at once: a folder of results, or chosen files of one shape, is one table.

use super::session::UserRuns;
use super::source::Origin;
use crate::runs::{is_json, result_shape, stem};
use std::collections::BTreeMap;
use wasm_bindgen_futures::JsFuture;
use web_sys::File;

/// Bytes of a file that holds one result, and of all files that are read as one table.
const MOST_OF_ONE: f64 = (4 << 20) as f64;
const MOST: f64 = (256 << 20) as f64;

impl UserRuns {
    /// Imports files, each on its own; but those that hold one result each, of the same shape, as
    /// one table.
    pub fn import_files(self, files: Vec<File>) {
        leptos::task::spawn_local(async move {
            let several = files.iter().filter(|f| is_json(&f.name())).count() > 1;
            let mut results: BTreeMap<Vec<String>, Vec<(File, String)>> = BTreeMap::new();
            let mut alone = Vec::new();
            for file in files {
                let result = match several && is_json(&file.name()) && file.size() <= MOST_OF_ONE {
                    true => text_of(&file).await,
                    false => None,
                };
                match result.and_then(|text| Some((result_shape(&text)?, text))) {
                    Some((shape, text)) => results.entry(shape).or_default().push((file, text)),
                    None => alone.push(file),
                }
            }
            for (_, mut group) in results {
                if let [(file, _)] = group.as_slice() {
                    alone.push(file.clone());
                    continue;
                }
                group.sort_by_key(|(file, _)| file.name());
                let name = format!("{} and {} more", group[0].0.name(), group.len() - 1);
                let texts = group
                    .into_iter()
                    .map(|(file, text)| (file.name(), Some(text)));
                let texts: Vec<(String, Option<String>)> = texts.collect();
                if let Some(origin) = Origin::joined(&name, &texts) {
                    self.import(origin, None);
                }
            }
            alone.into_iter().for_each(|file| self.import_alone(file));
        });
    }

    fn import_alone(self, file: File) {
        let name = match file.name().as_str() {
            "" => self.unused_name(),
            name => name.to_owned(),
        };
        let blob = file.into();
        self.import(Origin::Blob { name, blob }, None);
    }

    /// Imports the files of a folder and of those in it, each with its path: JSON as one table, or
    /// where there is none the other tables, each on its own.
    pub fn import_folder(self, name: String, mut files: Vec<(String, File)>) {
        files.sort_by(|(a, _), (b, _)| a.cmp(b));
        let json = |(path, _): &&(String, File)| is_json(path);
        if files
            .iter()
            .filter(json)
            .map(|(_, file)| file.size())
            .sum::<f64>()
            > MOST
        {
            let most = MOST as u32 >> 20;
            let why =
                format!("The folder’s JSON files have more than {most} MiB; drop fewer at once.");
            return self.refuse(name, why);
        }
        leptos::task::spawn_local(async move {
            let mut texts = Vec::new();
            for (path, file) in &files {
                let text = match is_json(path) {
                    true => text_of(file).await,
                    false => None,
                };
                texts.push((path.clone(), text));
            }
            if let Some(origin) = Origin::joined(&name, &texts) {
                return self.import(origin, None);
            }
            let tables = files
                .into_iter()
                .filter(|(path, _)| stem(path) != path && !is_json(path));
            let tables: Vec<(String, File)> = tables.collect();
            let names: Vec<String> = (texts.into_iter())
                .map(|(path, _)| path)
                .filter(|path| !tables.iter().any(|(table, _)| table == path))
                .collect();
            if tables.is_empty() || !names.is_empty() {
                let why = match names.as_slice() {
                    [] => "The folder is empty.".to_owned(),
                    names => format!("Not read: {}.", names.join(", ")),
                };
                self.refuse(name, why);
            }
            tables
                .into_iter()
                .for_each(|(_, file)| self.import_alone(file));
        });
    }
}

async fn text_of(file: &File) -> Option<String> {
    JsFuture::from(file.text()).await.ok()?.as_string()
}
