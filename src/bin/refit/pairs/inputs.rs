//! Which files pairs are in, and what is in them, in order.

use crate::pictures;
use refit_pairs::records::{PairColumns, Purpose, Records, choose};
use refit_pairs::{Found, Ignored, Part, Problem, Samples, TarReader, Trouble, part_of};
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub(crate) struct PairArguments {
    /// Archives of webdataset (.tar, .tar.gz); folders with such archives, or with KEY.jpg, KEY.txt, KEY.json; tables
    /// (CSV, TSV, Parquet, JSON, JSON lines) of files and texts; names with * in them
    #[arg(required = true)]
    pub(crate) pairs: Vec<PathBuf>,
    #[command(flatten)]
    pub(crate) columns: Columns,
}

/// Which columns of a table are meant.
#[derive(clap::Args)]
pub(crate) struct Columns {
    /// Column of a table with the files of its pictures [default: the one whose name says so]
    #[arg(long)]
    picture_column: Option<String>,
    /// Column of a table with its texts [default: the one whose name says so]
    #[arg(long)]
    pub(super) text_column: Option<String>,
    /// Folder from which a table names its files [default: that of the table]
    #[arg(long, value_name = "FOLDER")]
    pictures: Option<PathBuf>,
}

/// An archive, a folder or a table.
pub(crate) struct Input {
    pub(crate) path: PathBuf,
    kind: Kind,
    /// How much there is to read, in bytes.
    pub(crate) bytes: u64,
}

enum Kind {
    Archive,
    /// The names of its files, those of a key together.
    Folder(Vec<String>),
    /// The columns with pictures and texts.
    Table {
        picture: usize,
        text: usize,
    },
}

/// A pair or a problem, and where it is from.
pub(crate) struct Item {
    pub(crate) input: usize,
    pub(crate) found: Found,
    /// The picture's file, where its bytes are not here.
    pub(crate) file: Option<PathBuf>,
    /// Bytes that have been read, of all inputs.
    pub(crate) done: u64,
}

const TABLES: [&str; 6] = [".csv", ".tsv", ".parquet", ".txt", ".jsonl", ".json"];

fn is_archive(name: &str) -> bool {
    [".tar", ".tar.gz", ".tgz"]
        .iter()
        .any(|end| name.ends_with(end))
}

/// Finds the inputs of paths.
pub(crate) fn find(paths: &[PathBuf], columns: &Columns) -> Result<Vec<Input>, String> {
    let mut inputs = Vec::new();
    for path in paths {
        for path in pictures::named(path)? {
            match path.is_dir() {
                true => add_folder(path, &mut inputs)?,
                false => inputs.push(file(path, columns)?),
            }
        }
    }
    Ok(inputs)
}

fn file(path: PathBuf, columns: &Columns) -> Result<Input, String> {
    let problem = |error: &dyn std::fmt::Display| format!("{}: {error}", path.display());
    let name = path.to_string_lossy().to_lowercase();
    let bytes = std::fs::metadata(&path).map_err(|e| problem(&e))?.len();
    let is_table = TABLES.iter().any(|end| name.ends_with(end));
    let kind = match is_table {
        true => {
            let table = std::fs::read(&path).map_err(|e| problem(&e))?;
            let table = Records::open(&table).map_err(|e| problem(&e))?;
            if let Some(sentence) = table.assumed() {
                eprintln!("refit: {}: {sentence}", path.display());
            }
            let names = table.columns();
            let column = |purpose, named: &Option<String>, flag| {
                choose(&names, purpose, named.as_deref())
                    .map_err(|error| format!("{} ({flag} says it)", problem(&error)))
            };
            Kind::Table {
                picture: column(
                    Purpose::Picture,
                    &columns.picture_column,
                    "--picture-column",
                )?,
                text: column(Purpose::Text, &columns.text_column, "--text-column")?,
            }
        }
        false => Kind::Archive,
    };
    Ok(Input { path, kind, bytes })
}

/// A folder's archives, each an input; or, where it has none, its files as one.
fn add_folder(folder: PathBuf, inputs: &mut Vec<Input>) -> Result<(), String> {
    let mut files = Vec::new();
    list(&folder, "", &mut files)?;
    files.sort();
    let archives: Vec<&(String, u64)> = files.iter().filter(|(name, _)| is_archive(name)).collect();
    if !archives.is_empty() {
        let others = files.len() - archives.len();
        if others > 0 {
            let folder = folder.display();
            eprintln!("refit: {folder}: {others} files beside the archives are left out");
        }
        inputs.extend(archives.into_iter().map(|(name, bytes)| Input {
            path: folder.join(name),
            kind: Kind::Archive,
            bytes: *bytes,
        }));
        return Ok(());
    }
    let mut ignored = Ignored::default();
    let mut names: Vec<(String, u64)> = Vec::new();
    for (name, bytes) in files {
        match part_of(&name) {
            Some(_) => names.push((name, bytes)),
            None => ignored.count(&name),
        }
    }
    if let Some(sentence) = ignored.sentence() {
        eprintln!("refit: {}: {sentence}", folder.display());
    }
    if names.is_empty() {
        let folder = folder.display();
        return Err(format!(
            "{folder}: there is no archive in it, and no KEY.jpg with a KEY.txt"
        ));
    }
    names.sort_by_cached_key(|(name, _)| {
        (part_of(name).map(|(key, _)| key.to_owned()), name.clone())
    });
    inputs.push(Input {
        bytes: names.iter().map(|(_, bytes)| bytes).sum(),
        kind: Kind::Folder(names.into_iter().map(|(name, _)| name).collect()),
        path: folder,
    });
    Ok(())
}

fn list(folder: &Path, before: &str, files: &mut Vec<(String, u64)>) -> Result<(), String> {
    let problem = |error: std::io::Error| format!("{}: {error}", folder.display());
    for entry in std::fs::read_dir(folder).map_err(problem)? {
        let entry = entry.map_err(problem)?;
        let name = format!("{before}{}", entry.file_name().to_string_lossy());
        let about = std::fs::metadata(entry.path()).map_err(problem)?;
        match about.is_dir() {
            true => list(&entry.path(), &format!("{name}/"), files)?,
            false => files.push((name, about.len())),
        }
    }
    Ok(())
}

/// Gives what is in the inputs to `send`, in order, after the first `skip`, until it wants no more. Returns what was left
/// out in sentences.
pub(crate) fn read(
    inputs: &[Input],
    columns: &Columns,
    skip: u64,
    send: &mut dyn FnMut(Item) -> bool,
) -> Vec<String> {
    let mut notes = Vec::new();
    let (mut number, mut before) = (0, 0);
    for (at, input) in inputs.iter().enumerate() {
        let mut go_on = true;
        let mut give = |found: Found, file: Option<PathBuf>, done: u64| {
            number += 1;
            let item = Item {
                input: at,
                found,
                file,
                done: before + done,
            };
            go_on = number <= skip || send(item);
            go_on
        };
        let read = match &input.kind {
            Kind::Archive => archive(&input.path, &mut give, &mut notes),
            Kind::Folder(names) => {
                folder(input, names, &mut give);
                Ok(())
            }
            Kind::Table { picture, text } => {
                let folder = columns.pictures.as_deref();
                let folder = folder.or(input.path.parent()).unwrap_or(Path::new(""));
                table(input, [*picture, *text], folder, &mut give)
            }
        };
        if let Err(reason) = read {
            let problem = Problem::new("", Trouble::Row { reason });
            give(Found::Problem(problem), None, input.bytes);
        }
        if !go_on {
            break;
        }
        before += input.bytes;
    }
    notes
}

type Give<'a> = dyn FnMut(Found, Option<PathBuf>, u64) -> bool + 'a;

fn archive(path: &Path, give: &mut Give, notes: &mut Vec<String>) -> Result<(), String> {
    let mut file = File::open(path).map_err(|e| e.to_string())?;
    let (mut reader, mut buffer, mut done) = (TarReader::new(), vec![0; 1 << 20], 0);
    loop {
        let count = file.read(&mut buffer).map_err(|e| e.to_string())?;
        done += count as u64;
        match count {
            0 => reader.finish(),
            _ => reader.push(&buffer[..count]),
        }
        .map_err(|e| e.to_string())?;
        for found in reader.found() {
            if !give(found, None, done) {
                return Ok(());
            }
        }
        if count == 0 {
            let ignored = reader.ignored().sentence();
            notes.extend(ignored.map(|sentence| format!("{}: {sentence}", path.display())));
            return Ok(());
        }
    }
}

/// Texts are read here; pictures where they are decoded.
fn folder(input: &Input, names: &[String], give: &mut Give) {
    let mut samples = Samples::default();
    for (i, name) in names.iter().enumerate() {
        let bytes = match part_of(name) {
            Some((_, Part::Text | Part::Json)) => std::fs::read(input.path.join(name)),
            _ => Ok(Vec::new()),
        };
        match bytes {
            Ok(bytes) => samples.member(name, bytes),
            Err(error) => {
                let reason = error.to_string();
                samples.broken(name, Trouble::Picture { reason });
            }
        }
        if i + 1 == names.len() {
            samples.end();
        }
        let done = input.bytes * (i as u64 + 1) / names.len() as u64;
        for found in samples.found() {
            let file = match &found {
                Found::Pair(pair) => Some(input.path.join(&pair.picture.name)),
                Found::Problem(_) => None,
            };
            if !give(found, file, done) {
                return;
            }
        }
    }
}

fn table(input: &Input, first: [usize; 2], folder: &Path, give: &mut Give) -> Result<(), String> {
    let bytes = std::fs::read(&input.path).map_err(|e| e.to_string())?;
    let table = Records::open(&bytes).map_err(|e| e.to_string())?;
    let columns = PairColumns::new(&table, first);
    let total = table.rows().unwrap_or(u64::MAX).max(1);
    let read = table.read(columns.places(), None, &mut |row, cells| {
        let done = match table.rows() {
            Some(_) => (u128::from(input.bytes) * u128::from(row + 1) / u128::from(total)) as u64,
            // Of a CSV the rows are not known; it is said as one.
            None => 0,
        };
        columns
            .pairs(row, cells)
            .into_iter()
            .all(|found| match found {
                Ok(pair) => {
                    let is_named = pair.picture.bytes.is_empty();
                    let file = is_named.then(|| folder.join(&pair.picture.name));
                    give(Found::Pair(Box::new(pair)), file, done)
                }
                Err(reason) => {
                    let problem = Problem::new(format!("row {}", row + 1), Trouble::Row { reason });
                    give(Found::Problem(problem), None, done)
                }
            })
    });
    read.map_err(|e| e.to_string())
}
