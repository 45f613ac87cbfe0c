//! Labelled pictures in folders: which class each is of, and what is left out.

use std::collections::BTreeMap;

/// Folders that are parts of a data set, and no classes.
const PARTS: [&str; 9] = [
    "train",
    "training",
    "val",
    "valid",
    "validation",
    "test",
    "testing",
    "dev",
    "eval",
];

/// The ends of the names of pictures.
const ENDINGS: [&str; 14] = [
    "jpg", "jpeg", "jpe", "jfif", "png", "apng", "webp", "gif", "bmp", "dib", "tif", "tiff",
    "avif", "heic",
];

/// Whether a file is a picture by the end of its name.
pub fn has_picture_name(path: &str) -> bool {
    let ending = path.rsplit_once('.').map_or("", |(_, ending)| ending);
    ENDINGS.contains(&ending.to_lowercase().as_str())
}

/// A file of a folder.
pub struct Found<T> {
    /// Its path in the folder, by `/`.
    pub path: String,
    /// By its name or its type.
    pub is_picture: bool,
    pub file: T,
}

/// Pictures by the folders that they lie in, as torchvision's `ImageFolder` has them: a folder is a class, with all
/// that is below it.
pub struct ClassFolders<T> {
    pub classes: BTreeMap<String, Vec<T>>,
    /// Pictures that lie in no class's folder, with their paths.
    pub beside: Vec<(String, T)>,
    /// Paths of the files that are no pictures.
    pub others: Vec<String>,
    /// The folder that has the classes, where it is not the one that was given.
    pub within: Option<String>,
}

/// Finds the classes of a folder's files.
///
/// # Errors
///
/// Where its folders are the parts of a data set, of which one must be chosen.
pub fn class_folders<T>(files: Vec<Found<T>>) -> Result<ClassFolders<T>, String> {
    let (pictures, others): (Vec<_>, Vec<_>) = files
        .into_iter()
        .partition(|found| found.is_picture && !is_hidden(&found.path));
    let mut within = String::new();
    loop {
        let below: Vec<&str> = pictures
            .iter()
            .filter_map(|p| p.path.strip_prefix(&within))
            .collect();
        let mut folders: Vec<&str> = below
            .iter()
            .filter_map(|path| Some(path.split_once('/')?.0))
            .collect();
        folders.sort_unstable();
        folders.dedup();
        let is_part = |folder: &&str| PARTS.contains(&folder.to_lowercase().as_str());
        if folders.len() > 1 && folders.iter().all(is_part) {
            return Err(format!(
                "The folders {} are parts of a data set, and no classes; choose one of them.",
                folders.join(", ")
            ));
        }
        // A folder that has nothing but folders, and nothing beside it, is no class.
        let [only] = folders[..] else { break };
        if !below.iter().all(|path| path.matches('/').count() > 1) {
            break;
        }
        within = format!("{within}{only}/");
    }
    let mut sorted = ClassFolders {
        classes: BTreeMap::new(),
        beside: Vec::new(),
        others: others.into_iter().map(|found| found.path).collect(),
        within: within.strip_suffix('/').map(str::to_owned),
    };
    for Found { path, file, .. } in pictures {
        let below = path.strip_prefix(&within).unwrap_or(&path);
        match below.split_once('/') {
            Some((class, _)) => sorted
                .classes
                .entry(class.to_owned())
                .or_default()
                .push(file),
            None => sorted.beside.push((path, file)),
        }
    }
    Ok(sorted)
}

impl<T> ClassFolders<T> {
    /// What a reader should know, in sentences: what is left out, and what is taken for granted. `pictures` is the word
    /// for them.
    pub fn notes(&self, pictures: &str) -> Vec<String> {
        let mut notes = Vec::new();
        if let Some(within) = &self.within {
            notes.push(format!("The classes are the folders in {within}."));
        }
        let beside = self.beside.iter().map(|(path, _)| path.as_str());
        notes.extend(left_out("in no class’s folder", beside));
        let others = self.others.iter().map(String::as_str);
        notes.extend(left_out(&format!("no {pictures}"), others));
        let mut names = self.classes.keys();
        if names.len() > 0 && names.all(|name| is_wordnet_id(name)) {
            notes.push("The folders are named by WordNet ids, which as texts tell a model nothing; name them by words for zero-shot answers.".to_owned());
        }
        notes
    }
}

/// "Left out, no images: Thumbs.db and 2 more."
pub(super) fn left_out<'a>(
    why: &str,
    mut paths: impl ExactSizeIterator<Item = &'a str>,
) -> Option<String> {
    let first = paths.next()?;
    Some(match paths.len() {
        0 => format!("Left out, {why}: {first}."),
        more => format!("Left out, {why}: {first} and {more} more."),
    })
}

/// What systems and archives put beside the files of people: `.DS_Store`, `__MACOSX/cat/._1.jpg`.
pub fn is_hidden(path: &str) -> bool {
    let mut parts = path.split('/');
    parts.any(|part| part.starts_with('.') || part == "__MACOSX")
}

/// `n01440764` is a tench.
fn is_wordnet_id(name: &str) -> bool {
    let digits = name.strip_prefix('n');
    digits.is_some_and(|digits| digits.len() == 8 && digits.bytes().all(|b| b.is_ascii_digit()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sorted(paths: &[&str]) -> Result<ClassFolders<()>, String> {
        let found = |path: &&str| Found {
            path: (*path).to_owned(),
            is_picture: has_picture_name(path),
            file: (),
        };
        class_folders(paths.iter().map(found).collect())
    }

    fn counts(sorted: &ClassFolders<()>) -> Vec<(&str, usize)> {
        let classes = sorted.classes.iter();
        classes
            .map(|(name, of)| (name.as_str(), of.len()))
            .collect()
    }

    #[test]
    fn a_folder_is_a_class_with_all_that_is_below_it() {
        let sorted = sorted(&[
            "cat/1.jpg",
            "cat/old/2.JPG",
            "dog/1.jpg",
            "dog/Thumbs.db",
            ".DS_Store",
            "cat/._1.jpg",
            "__MACOSX/cat/1.jpg",
            "3.jpg",
        ])
        .unwrap();
        assert_eq!(counts(&sorted), [("cat", 2), ("dog", 1)]);
        assert_eq!(sorted.beside, [("3.jpg".to_owned(), ())]);
        assert_eq!(
            sorted.notes("images"),
            [
                "Left out, in no class’s folder: 3.jpg.",
                "Left out, no images: dog/Thumbs.db and 3 more."
            ]
        );
    }

    #[test]
    fn the_parts_of_a_data_set_are_no_classes() {
        let parts = ["set/train/n01440764/1.jpg", "set/val/n01440764/1.jpg"];
        let error = sorted(&parts).err().unwrap();
        assert!(error.contains("train, val"), "{error}");
        // One of them, or a folder around all, is passed through.
        let one = sorted(&["set/train/n01440764/1.jpg", "set/train/n01443537/1.jpg"]).unwrap();
        assert_eq!(counts(&one), [("n01440764", 1), ("n01443537", 1)]);
        let notes = one.notes("images");
        assert_eq!(notes[0], "The classes are the folders in set/train.");
        assert!(notes[1].contains("WordNet ids"), "{notes:?}");
        // A train may be a class.
        let vehicles = sorted(&["bus/1.jpg", "train/1.jpg"]).unwrap();
        assert_eq!(counts(&vehicles), [("bus", 1), ("train", 1)]);
        // One class remains one.
        assert_eq!(counts(&sorted(&["cat/1.jpg"]).unwrap()), [("cat", 1)]);
        assert!(sorted(&[]).unwrap().classes.is_empty());
    }
}
