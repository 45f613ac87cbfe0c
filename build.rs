//! Compiles what every program needs of the bundled studies (`data/*/study.json`) into the library:
//! their heads as one text, and the SHA-256 of every data file. For the terminal, the files, too.

#[path = "src/study/description.rs"]
#[allow(dead_code, unreachable_pub, reason = "the library uses the rest")]
mod description;

use description::{Description, Head};
use sha2::{Digest, Sha256};
use std::path::{Path, PathBuf};
use std::{env, fs, io};

/// Studies whose heads the page's first program has; it loads those of others when they are opened.
const DESCRIBED_AT_START: usize = 2;

fn main() {
    println!("cargo::rerun-if-changed=data");
    if let Err(message) = generate(Path::new("data")) {
        println!("cargo::error={message}");
    }
}

fn generate(data: &Path) -> Result<(), String> {
    let mut studies = Vec::new();
    for folder in sorted(data)? {
        if folder.join("study.json").is_file() {
            studies.push(head(&folder)?);
        }
    }
    // Stable: those without a place stay in order of their names.
    studies.sort_by_key(|(order, _)| order.unwrap_or(u32::MAX));
    let heads: Vec<String> = studies.iter().map(|(_, head)| head.to_text()).collect();
    let starting =
        studies
            .iter()
            .enumerate()
            .map(|(place, (_, head))| match place < DESCRIBED_AT_START {
                true => head.to_text(),
                false => head.listed().to_text(),
            });
    let starting: String = starting.collect();
    let mut sums = String::new();
    for path in files(data, &["csv", "json"])? {
        let name = path.strip_prefix(data).unwrap_or(&path).display();
        sums.push_str(&format!("{}  {name}\n", sha256(&path)?));
    }
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets no OUT_DIR")?);
    write(&out.join("catalogue.txt"), &heads.concat())?;
    write(&out.join("starting.txt"), &starting)?;
    write(&out.join("sha256sums.txt"), &sums)?;
    write(&out.join("files.rs"), &embedded(data)?)
}

/// Every file of the studies' folders as an expression: pairs of path and text.
fn embedded(data: &Path) -> Result<String, String> {
    let mut code = "[\n".to_owned();
    for path in files(data, &["csv", "json", "md"])? {
        let absolute = std::path::absolute(&path).map_err(|error| explain(&path, &error))?;
        code.push_str(&format!("({path:?}, include_str!({absolute:?})),\n"));
    }
    code.push(']');
    Ok(code)
}

fn head(folder: &Path) -> Result<(Option<u32>, Head), String> {
    let file = folder.join("study.json");
    let text = fs::read_to_string(&file).map_err(|error| explain(&file, &error))?;
    let description: Description =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let id = folder.file_name().unwrap_or_default().to_string_lossy();
    // A missing file has no digest here; reading it says so.
    let sum = |name: &str| sha256(&folder.join(name)).unwrap_or_default();
    Ok((description.order, description.head(&id, sum)))
}

fn sha256(path: &Path) -> Result<String, String> {
    let bytes = fs::read(path).map_err(|error| explain(path, &error))?;
    let digest = Sha256::digest(bytes);
    Ok(digest.iter().map(|byte| format!("{byte:02x}")).collect())
}

/// The files of a folder and the folders in it that have one of these extensions.
fn files(folder: &Path, extensions: &[&str]) -> Result<Vec<PathBuf>, String> {
    let mut found = Vec::new();
    for path in sorted(folder)? {
        if path.is_dir() {
            found.extend(files(&path, extensions)?);
        } else if path
            .extension()
            .is_some_and(|e| extensions.iter().any(|known| e == *known))
        {
            found.push(path);
        }
    }
    Ok(found)
}

fn sorted(folder: &Path) -> Result<Vec<PathBuf>, String> {
    let entries = fs::read_dir(folder).and_then(|entries| {
        let paths = entries.map(|entry| entry.map(|entry| entry.path()));
        paths.collect::<io::Result<Vec<_>>>()
    });
    let mut paths = entries.map_err(|error| explain(folder, &error))?;
    paths.sort();
    Ok(paths)
}

fn write(path: &Path, text: &str) -> Result<(), String> {
    fs::write(path, text).map_err(|error| explain(path, &error))
}

fn explain(path: &Path, error: &io::Error) -> String {
    format!("{}: {error}", path.display())
}
