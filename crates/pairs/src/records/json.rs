//! Tables in JSON: an object a line, an array of objects, COCO's captions, Karpathy's splits, a map from files to texts.

use super::{is_picture, text_names};
use serde_json::{Map, Value};
use std::collections::HashMap;

/// Rows of cells.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct JsonTable {
    /// In the order in which they come first.
    pub(super) columns: Vec<String>,
    pub(super) rows: Vec<Vec<Option<String>>>,
    /// Lines that are no object.
    pub(super) broken: Vec<usize>,
}

impl JsonTable {
    /// Whether a file is JSON, by its first byte.
    pub(super) fn is_one(file: &[u8]) -> bool {
        let first = file.iter().find(|byte| !byte.is_ascii_whitespace());
        matches!(first, Some(b'{' | b'['))
    }

    /// Reads a file. What is wrong with it is a sentence's end.
    pub(super) fn read(file: &[u8]) -> Result<JsonTable, String> {
        let mut table = JsonTable::default();
        match serde_json::from_slice(file) {
            Ok(Value::Array(rows)) => table.add_all(rows),
            Ok(Value::Object(object)) => table.add_document(object),
            Ok(_) => {}
            Err(error) => match table.add_lines(file) {
                true => {}
                false => return Err(error.to_string()),
            },
        }
        match table.rows.is_empty() {
            true => Err("there is no list of objects in this JSON".to_owned()),
            false => Ok(table),
        }
    }

    /// An object a line; whether the first is.
    fn add_lines(&mut self, file: &[u8]) -> bool {
        let lines = file.split(|byte| *byte == b'\n').enumerate();
        for (i, line) in lines.filter(|(_, line)| !line.trim_ascii().is_empty()) {
            match serde_json::from_slice(line) {
                Ok(Value::Object(row)) => self.add(row),
                _ if self.rows.is_empty() => return false,
                _ => self.broken.push(i + 1),
            }
        }
        true
    }

    fn add_all(&mut self, rows: Vec<Value>) {
        for (i, row) in rows.into_iter().enumerate() {
            match row {
                Value::Object(row) => self.add(row),
                _ => self.broken.push(i + 1),
            }
        }
    }

    fn add_document(&mut self, mut document: Map<String, Value>) {
        let images = document.remove("images");
        match (images, document.remove("annotations")) {
            (Some(Value::Array(images)), Some(Value::Array(annotations))) => {
                self.add_coco(images, annotations);
            }
            (Some(Value::Array(images)), _) => self.add_karpathy(images),
            (_, Some(Value::Array(rows))) => self.add_all(rows),
            _ => {
                let is_map = document.keys().all(|key| is_picture(key));
                let mut lists = document.values().filter(|value| value.is_array());
                let has_one_list = lists.next().is_some() && lists.next().is_none();
                for (key, value) in document {
                    match value {
                        value if is_map => {
                            let row =
                                [("image".to_owned(), key.into()), ("text".to_owned(), value)];
                            self.add(row.into_iter().collect());
                        }
                        Value::Array(rows) if has_one_list => self.add_all(rows),
                        _ => {}
                    }
                }
            }
        }
    }

    /// COCO's captions: an annotation a row, with what is said of its image.
    fn add_coco(&mut self, images: Vec<Value>, annotations: Vec<Value>) {
        let by_id: HashMap<String, Value> = images
            .into_iter()
            .filter_map(|image| Some((image.get("id")?.to_string(), image)))
            .collect();
        for (i, annotation) in annotations.into_iter().enumerate() {
            let image = annotation.get("image_id").map(Value::to_string);
            let image = image.and_then(|id| by_id.get(&id)?.as_object().cloned());
            match (image, annotation) {
                (Some(mut row), Value::Object(annotation)) => {
                    row.extend(annotation);
                    self.add(row);
                }
                _ => self.broken.push(i + 1),
            }
        }
    }

    /// Karpathy's splits: a sentence a row; the file's folder stands apart from its name.
    fn add_karpathy(&mut self, images: Vec<Value>) {
        for (i, image) in images.into_iter().enumerate() {
            let Value::Object(mut row) = image else {
                self.broken.push(i + 1);
                continue;
            };
            if let Some(Value::Array(sentences)) = row.remove("sentences") {
                let raw = |sentence: Value| Some(sentence.get("raw")?.as_str()?.to_owned());
                let texts: Vec<String> = sentences.into_iter().filter_map(raw).collect();
                row.insert("caption".to_owned(), texts.into());
            }
            let folder = row
                .get("filepath")
                .and_then(Value::as_str)
                .map(str::to_owned);
            if let (Some(folder), Some(Value::String(name))) = (folder, row.get_mut("filename")) {
                *name = format!("{folder}/{name}");
                row.remove("filepath");
            }
            self.add(row);
        }
    }

    /// Adds a row, or as many as its list of texts has.
    fn add(&mut self, row: Map<String, Value>) {
        let texts = row.iter().find_map(|(name, value)| match value {
            Value::Array(texts) if text_names().any(|known| name.eq_ignore_ascii_case(known)) => {
                let texts: Option<Vec<String>> =
                    texts.iter().map(|t| Some(t.as_str()?.to_owned())).collect();
                Some((name.clone(), texts?))
            }
            _ => None,
        });
        match texts {
            None => self.add_one(row),
            Some((name, texts)) => {
                for text in texts {
                    let mut row = row.clone();
                    row.insert(name.clone(), text.into());
                    self.add_one(row);
                }
            }
        }
    }

    fn add_one(&mut self, row: Map<String, Value>) {
        let mut cells = vec![None; self.columns.len()];
        for (name, value) in row {
            let cell = match value {
                Value::Null => None,
                Value::String(text) => Some(text),
                other => Some(other.to_string()),
            };
            match self.columns.iter().position(|column| *column == name) {
                Some(at) => cells[at] = cell,
                None => {
                    self.columns.push(name);
                    cells.push(cell);
                }
            }
        }
        self.rows.push(cells);
    }
}
