//! The files of a study's folder.

use super::description::Description;
use super::{DataError, Study};

/// The file that describes a study.
pub const DESCRIPTION: &str = "study.json";

/// Reads `study.json`; `file` names it in errors.
pub fn read_description(file: &str, text: &str) -> Result<Description, DataError> {
    serde_json::from_str(text).map_err(|error| {
        let message = error.to_string();
        // The place is said apart from the message.
        let message = message
            .rsplit_once(" at line ")
            .map_or(message.as_str(), |(m, _)| m);
        DataError {
            file: file.to_owned(),
            line: Some(error.line() as u64),
            column: Some(error.column().to_string()),
            message: message.to_owned(),
        }
    })
}

/// Makes the study of a folder known by its address or path; `read` gives a file's text. No digests
/// are compared: the files are what they are.
pub fn open(
    folder: &str,
    read: impl Fn(&str) -> Result<String, DataError>,
) -> Result<Study, DataError> {
    let folder = folder.trim_end_matches('/');
    let path = format!("{folder}/{DESCRIPTION}");
    let description = read_description(&path, &read(&path)?)?;
    let id = folder.rsplit(['/', '\\']).next().unwrap_or(folder);
    Ok(Study::open(description.head(id, |_| String::new()), folder))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    /// `REFIT_UPDATE=1 cargo test schema` writes it.
    #[test]
    fn the_schema_is_what_the_types_say() {
        const FILE: &str = "docs/study.schema.json";
        let schema = schemars::schema_for!(Description);
        let schema = serde_json::to_string_pretty(&schema).unwrap() + "\n";
        if std::env::var_os("REFIT_UPDATE").is_some() {
            fs::write(FILE, &schema).unwrap();
        }
        assert_eq!(fs::read_to_string(FILE).unwrap_or_default(), schema);
    }

    #[test]
    fn a_wrong_description_has_its_place() {
        let error = read_description("s.json", "{\n  \"title\": 3\n}").unwrap_err();
        assert_eq!(
            error.to_string(),
            "s.json, line 2, column 12: invalid type: integer `3`, expected a string"
        );
    }
}
