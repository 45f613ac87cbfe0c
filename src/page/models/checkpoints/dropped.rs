//! Files that were chosen or dropped together, and those in a folder that was dropped.

use js_sys::{Array, Promise};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{
    DataTransfer, File, FileList, FileSystemDirectoryEntry, FileSystemEntry, FileSystemFileEntry,
};

/// The files of a list.
pub(super) fn files(list: &FileList) -> Vec<File> {
    (0..list.length()).filter_map(|i| list.get(i)).collect()
}

/// What was dropped: files, and the files that lie in a folder, but not those in folders in it.
pub struct Dropped {
    files: Vec<File>,
    folders: Vec<FileSystemDirectoryEntry>,
}

impl Dropped {
    /// Must be called while the event is handled: afterwards the data are gone.
    pub fn new(data: &DataTransfer) -> Dropped {
        let items = data.items();
        let mut folders: Vec<FileSystemDirectoryEntry> = Vec::new();
        for i in 0..items.length() {
            let entry = items.get(i).map(|item| item.webkit_get_as_entry());
            let entry: Option<FileSystemEntry> = entry.and_then(|entry| entry.ok().flatten());
            if let Some(folder) = entry.filter(FileSystemEntry::is_directory) {
                folders.push(folder.unchecked_into());
            }
        }
        // A folder is in the list of files, too, as a file that cannot be read.
        let is_folder = |file: &File| folders.iter().any(|folder| folder.name() == file.name());
        let files = data.files().map(|list| files(&list)).unwrap_or_default();
        Dropped {
            files: files.into_iter().filter(|file| !is_folder(file)).collect(),
            folders,
        }
    }

    /// All files.
    pub async fn files(self) -> Vec<File> {
        let mut files = self.files;
        for folder in &self.folders {
            let (inside, _) = entries(folder).await;
            files.extend(inside);
        }
        files
    }

    /// All files with their paths, those in folders of folders too; and the name of the first folder.
    pub async fn tree(self) -> (Option<String>, Vec<(String, File)>) {
        let name = self.folders.first().map(|folder| folder.name());
        let alone = self.files.into_iter().map(|file| (file.name(), file));
        let mut files: Vec<(String, File)> = alone.collect();
        let mut folders: Vec<_> = self
            .folders
            .into_iter()
            .map(|f| (String::new(), f))
            .collect();
        while let Some((path, folder)) = folders.pop() {
            let (inside, further) = entries(&folder).await;
            files.extend(
                inside
                    .into_iter()
                    .map(|file| (format!("{path}{}", file.name()), file)),
            );
            let further = further.into_iter();
            folders.extend(further.map(|folder| (format!("{path}{}/", folder.name()), folder)));
        }
        (name, files)
    }
}

/// The files and the folders in a folder.
async fn entries(folder: &FileSystemDirectoryEntry) -> (Vec<File>, Vec<FileSystemDirectoryEntry>) {
    let (mut files, mut folders) = (Vec::new(), Vec::new());
    let reader = folder.create_reader();
    // A browser gives the entries of a folder in portions, the last of which is empty.
    loop {
        let entries = promise(|done, failed| {
            let _ = reader.read_entries_with_callback_and_callback(done, failed);
        });
        let Ok(entries) = JsFuture::from(entries).await else {
            break;
        };
        let entries: Array = entries.unchecked_into();
        if entries.length() == 0 {
            break;
        }
        for entry in entries.iter() {
            let entry: FileSystemEntry = entry.unchecked_into();
            if entry.is_directory() {
                folders.push(entry.unchecked_into());
            } else if entry.is_file() {
                let entry: FileSystemFileEntry = entry.unchecked_into();
                let file = promise(|done, failed| {
                    entry.file_with_callback_and_callback(done, failed);
                });
                let file = JsFuture::from(file).await;
                files.extend(file.ok().map(JsCast::unchecked_into::<File>));
            }
        }
    }
    (files, folders)
}

/// A promise of what is passed to one callback, or fails with what is passed to the other.
fn promise(start: impl FnOnce(&js_sys::Function, &js_sys::Function)) -> Promise {
    let mut start = Some(start);
    let mut executor = |resolve: js_sys::Function, reject: js_sys::Function| {
        if let Some(start) = start.take() {
            start(&resolve, &reject);
        }
    };
    Promise::new(&mut executor)
}
