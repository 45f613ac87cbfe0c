//! Holds a study's folder to what it says: every file is read, every query selects points, every
//! claim is recomputed, and so is every number of its document to read. `refit study check`, and the page before it opens a foreign folder.

mod description;
mod locate;
mod tables;

use crate::claim::{self, Check, Library, Printed};
use crate::read::{self, Source};
use crate::study::architecture;
use crate::study::description::Description;
use crate::study::{DataError, Study, folder, read_measurements};
use locate::{Step, locate};

/// Most bytes of one file, and of all files of a folder.
pub const MOST_BYTES: (usize, usize) = (20 << 20, 60 << 20);

/// What came of a check.
#[derive(Debug, Default)]
pub struct Report {
    /// What is wrong with the folder; empty where nothing is.
    pub problems: Vec<DataError>,
    /// The verdict on every printed number, where the folder could be read.
    pub checks: Vec<Check>,
}

/// A folder while it is checked.
struct Folder<'a> {
    study: Study,
    path: String,
    text: String,
    description: Description,
    read: &'a dyn Fn(&str) -> Result<String, DataError>,
    problems: Vec<DataError>,
    bytes: usize,
}

/// What is wrong with a folder, without recomputing its claims; its study is known from then on.
pub fn problems(folder: &str, read: &dyn Fn(&str) -> Result<String, DataError>) -> Vec<DataError> {
    match open(folder.trim_end_matches('/'), read) {
        Ok(mut opened) => {
            opened.check_description();
            let library = opened.read_tables();
            opened.check_queries(&library);
            opened.read_claims();
            opened.problems
        }
        Err(problem) => vec![problem],
    }
}

/// Checks the study of a folder, which is known from then on; `read` gives a file's text.
pub fn check(folder: &str, read: &dyn Fn(&str) -> Result<String, DataError>) -> Report {
    let folder = folder.trim_end_matches('/');
    match open(folder, read) {
        Ok(mut opened) => {
            opened.check_description();
            let library = opened.read_tables();
            opened.check_queries(&library);
            let printed = opened.read_claims();
            let checks = claim::verify(printed.clone(), library.clone());
            opened.check_document(&library, &printed, &checks);
            Report {
                problems: opened.problems,
                checks,
            }
        }
        Err(problem) => Report {
            problems: vec![problem],
            checks: Vec::new(),
        },
    }
}

fn open<'a>(
    folder: &str,
    read: &'a dyn Fn(&str) -> Result<String, DataError>,
) -> Result<Folder<'a>, DataError> {
    let (study, path) = match Study::find(folder) {
        Some(study) if study.is_bundled() => (study, study.path(folder::DESCRIPTION)),
        _ => (
            folder::open(folder, read)?,
            format!("{folder}/{}", folder::DESCRIPTION),
        ),
    };
    let text = read(&path)?;
    Ok(Folder {
        description: folder::read_description(&path, &text)?,
        bytes: text.len(),
        study,
        path,
        text,
        read,
        problems: Vec::new(),
    })
}

impl Folder<'_> {
    /// A problem with a value of the description.
    fn problem(&mut self, at: &[Step], message: impl Into<String>) {
        let (line, column) = locate(&self.text, at);
        self.problems.push(DataError {
            file: self.path.clone(),
            line: Some(line),
            column: Some(column.to_string()),
            message: message.into(),
        });
    }

    /// The text of a file that the description names at a place; a problem where there is none.
    fn file(&mut self, name: &str, at: &[Step]) -> Option<(String, String)> {
        if let Some(problem) = unsafe_name(name) {
            self.problem(at, format!("“{name}” {problem}"));
            return None;
        }
        let path = self.study.path(name);
        match (self.read)(&path) {
            Ok(text) if text.len() > MOST_BYTES.0 => {
                let most = MOST_BYTES.0 >> 20;
                self.problem(at, format!("“{name}” is larger than {most} MB"));
                None
            }
            Ok(text) => {
                self.bytes += text.len();
                Some((path, text))
            }
            Err(error) => {
                self.problem(at, format!("“{name}” cannot be read: {}", error.message));
                None
            }
        }
    }

    /// Reads what the tables and architectures have; what cannot be read is a problem and missing.
    fn read_tables(&mut self) -> Library {
        let mut library = Library::default();
        if architecture::path(self.study).is_some() {
            let name = self.description.architectures.clone();
            if let Some((path, text)) = self.file(&name, &[Step::Key("architectures")]) {
                match architecture::read(&path, &text) {
                    Ok(read) => drop(library.architectures.insert(self.study, read)),
                    Err(error) => self.problems.push(error),
                }
            }
        }
        let runs = self.description.runs.clone();
        if !runs.is_empty() {
            self.file(&runs, &[Step::Key("runs")]);
        }
        for (i, table) in self.study.tables().enumerate() {
            let at = [Step::Key("tables"), Step::Index(i), Step::Key("file")];
            let Some((path, text)) = self.file(&table.file.name, &at) else {
                continue;
            };
            match read_measurements(self.study, &path, &text) {
                Ok(rows) if rows.is_empty() => self.problem(&at, "the table has no row"),
                Ok(rows) => drop(library.tables.insert(table, rows)),
                Err(error) => self.problems.push(error),
            }
        }
        if self.bytes > MOST_BYTES.1 {
            let most = MOST_BYTES.1 >> 20;
            self.problem(&[], format!("the folder’s files have more than {most} MB"));
        }
        library
    }

    /// The numbers and figures of the document to read, where there is one, can be computed.
    fn check_document(&mut self, library: &Library, printed: &Printed, checks: &[Check]) {
        let path = self.study.path(read::FILE);
        let Ok(text) = (self.read)(&path) else {
            return;
        };
        // A finding of a bundled study may need the tables of another.
        let bundled = match self.study.is_bundled() {
            true => Library::read_all(&Study::bundled(), self.read).ok(),
            false => None,
        };
        let library = bundled.as_ref().unwrap_or(library);
        let (document, mut problems) = read::parse(&text);
        let source = Source::new(self.study, library, printed).with_checks(checks.to_vec());
        problems.extend(read::compute(&document, &source).1);
        let located = |problem: read::Problem| DataError {
            file: path.clone(),
            line: Some(problem.place.line),
            column: Some(problem.place.column.to_string()),
            message: problem.message,
        };
        self.problems.extend(problems.into_iter().map(located));
    }

    /// The printed numbers; what cannot be read is a problem and missing.
    fn read_claims(&mut self) -> Printed {
        let mut printed = Printed::default();
        let before = self.problems.len();
        for (i, claims) in self.description.claims.clone().iter().enumerate() {
            let at = [Step::Key("claims"), Step::Index(i), Step::Key("file")];
            if let Some((path, text)) = self.file(&claims.file, &at) {
                let problems = printed.add(self.study, claims.kind, &path, &text);
                self.problems.extend(problems);
            }
        }
        let description = self.description.clone();
        printed.descriptions.insert(self.study, description);
        // A law may be missing because its file is.
        if self.problems.len() == before {
            self.check_laws(&printed);
        }
        printed
    }
}

/// What is wrong with a file's name: it must stay in the folder.
pub fn unsafe_name(name: &str) -> Option<&'static str> {
    let leaves = name.split('/').any(|part| matches!(part, ".." | "." | ""));
    match name {
        "" => Some("is no file name"),
        _ if name.contains(['\\', ':', '?', '#', '%']) || leaves => {
            Some("is not a path inside the folder: give names as in “printed/laws.csv”")
        }
        _ => None,
    }
}
