//! Files of a folder that the reader chose.

use crate::teach::folders::{Found, has_picture_name};
use js_sys::Reflect;
use web_sys::File;

/// A file with its path in the folder, and the folder's name; its own name, and none, of a file that was chosen alone.
pub fn found(file: File) -> (String, Found<File>) {
    let path = Reflect::get(&file, &"webkitRelativePath".into()).unwrap_or_default();
    let path = path.as_string().unwrap_or_default();
    let (folder, path) = match path.split_once('/') {
        Some((folder, path)) => (folder.to_owned(), path.to_owned()),
        None => (String::new(), file.name()),
    };
    // A browser does not know every type. Who chooses a file alone means it.
    let kind = file.type_();
    let may_be = folder.is_empty() || has_picture_name(&path);
    let is_picture = kind.starts_with("image/") || (kind.is_empty() && may_be);
    let found = Found {
        path,
        is_picture,
        file,
    };
    (folder, found)
}
