//! The reader's files, found by paths that were written elsewhere.

use std::collections::HashMap;
use web_sys::Blob;

/// Files by the last part of their paths.
#[derive(Clone, Default)]
pub struct FilesByPath(HashMap<String, Vec<(String, Blob)>>);

impl FilesByPath {
    pub fn new(files: impl Iterator<Item = (String, Blob)>) -> FilesByPath {
        let mut by_name: HashMap<String, Vec<(String, Blob)>> = HashMap::new();
        for (path, file) in files {
            let name = path.rsplit('/').next().unwrap_or(&path).to_owned();
            by_name.entry(name).or_default().push((path, file));
        }
        FilesByPath(by_name)
    }

    /// The file whose path ends as this one does, or the other way round, with its path; of several the one of this very
    /// path, otherwise none, or a sentence.
    pub fn find(&self, path: &str) -> Result<(&str, &Blob), String> {
        let path = path.replace('\\', "/");
        let path = path.trim_start_matches("./");
        let name = path.rsplit('/').next().unwrap_or(path);
        let ends_with = |long: &str, short: &str| {
            long.strip_suffix(short)
                .is_some_and(|before| before.is_empty() || before.ends_with('/'))
        };
        let fits = |own: &str| ends_with(own, path) || ends_with(path, own);
        let all = self.0.get(name).into_iter().flatten();
        let fitting: Vec<_> = all.filter(|(own, _)| fits(own)).collect();
        let same = fitting.iter().find(|(own, _)| own == path);
        match (same, &fitting[..]) {
            (Some((own, file)), _) | (None, [(own, file)]) => Ok((own, file)),
            (None, []) => Err("it is not among the files that were given".to_owned()),
            (None, [(first, _), (second, _), ..]) => {
                Err(format!("it could be {first} or {second}"))
            }
        }
    }
}
