//! Files of results as one table: a folder of JSON, or several files of one shape.

use super::json::parse;
use super::report::ReadNotice;
use serde_json::{Map, Value as Json};

/// Files put together.
#[derive(Clone, Debug, PartialEq)]
pub struct Gathered {
    /// An object a line, for a [`super::Reader`].
    pub text: String,
    /// How many files it is of, and what else there is.
    pub notice: ReadNotice,
}

/// Whether a file in a folder of results is read, by its name.
pub fn is_json(name: &str) -> bool {
    let end = name.rsplit_once('.').map_or("", |(_, end)| end);
    ["json", "jsonl", "ndjson"]
        .iter()
        .any(|known| end.eq_ignore_ascii_case(known))
}

/// Files as one table, in the order given: names, and their texts where they are JSON and can be
/// read. The others are named. `None` where no file has anything.
pub fn gather(files: &[(String, Option<String>)]) -> Option<Gathered> {
    let (mut text, mut read) = (String::new(), 0);
    let (mut others, mut broken) = (Vec::new(), Vec::new());
    // What an operating system hides is none of the reader's.
    let hidden = |name: &str| name.split('/').any(|part| part.starts_with('.'));
    for (name, content) in files.iter().filter(|(name, _)| !hidden(name)) {
        let lines = content.as_deref().filter(|_| is_json(name)).map(as_lines);
        match lines {
            Some(Some(lines)) => {
                text += &lines;
                read += 1;
            }
            Some(None) => broken.push(name.clone()),
            None if is_json(name) => broken.push(name.clone()),
            None => others.push(name.clone()),
        }
    }
    (read > 0).then_some(Gathered {
        text,
        notice: ReadNotice::Files {
            read,
            others,
            broken,
        },
    })
}

/// A file's objects, one a line and as they are written; `None` where it is not JSON. Of one object
/// a line a broken one is left to the reader, which tells it.
fn as_lines(text: &str) -> Option<String> {
    let text = text.trim_start_matches('\u{feff}').trim();
    let lines = || text.lines().map(str::trim).filter(|line| !line.is_empty());
    // No string of JSON goes over a line's end.
    let one_line = || lines().collect::<Vec<_>>().join(" ");
    match parse(text.as_bytes()) {
        Ok(Json::Array(list)) if list.iter().all(Json::is_object) && !list.is_empty() => {
            Some(format!("{{\"rows\": {}}}\n", one_line()))
        }
        Ok(Json::Object(_)) => Some(one_line() + "\n"),
        Ok(_) => None,
        Err(_) => {
            let good = |line: &str| matches!(parse(line.as_bytes()), Ok(Json::Object(_)));
            let each = lines().any(good);
            each.then(|| lines().map(|line| format!("{line}\n")).collect())
        }
    }
}

/// The members of a file that holds one result, as CLIP_benchmark and lm-evaluation-harness write
/// it: files of the same members are one table. `None` of a file that is a table of its own.
pub fn result_shape(text: &str) -> Option<Vec<String>> {
    let text = text.trim_start_matches('\u{feff}');
    let Ok(Json::Object(object)) = parse(text.as_bytes()) else {
        return None;
    };
    let object: Map<String, Json> = object;
    let is_result = ["metrics", "results"]
        .iter()
        .any(|name| object.get(*name).is_some_and(Json::is_object));
    is_result.then(|| object.keys().cloned().collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_are_put_together_and_others_named() {
        let file = |name: &str, text: &str| (name.to_owned(), Some(text.to_owned()));
        let found = gather(&[
            file("a.json", "{\n \"acc1\": NaN,\n \"x\": 1\n}"),
            file("b.json", "[{\"acc1\": 0.5}, {\"acc1\": 0.25}]"),
            file("c.jsonl", "{\"acc1\": 1}\n\n{\"acc1\": 2}\n"),
            file("d.json", "{\"acc1\": "),
            file("e.json", "7"),
            ("f.json".to_owned(), None),
            ("notes.txt".to_owned(), None),
            (".git/x.json".to_owned(), None),
        ]);
        let found = found.unwrap();
        assert_eq!(found.text.lines().count(), 4, "{}", found.text);
        let outcome = {
            let mut reader = crate::runs::Reader::new(crate::runs::ReadOptions::default());
            let _ = reader.push(found.text.as_bytes());
            reader.finish()
        };
        assert_eq!(outcome.report.rows, 5);
        let (others, broken) = (vec!["notes.txt"], vec!["d.json", "e.json", "f.json"]);
        let names = |all: Vec<&str>| all.into_iter().map(str::to_owned).collect();
        let expected = ReadNotice::Files {
            read: 3,
            others: names(others),
            broken: names(broken),
        };
        assert_eq!(found.notice, expected);
        assert_eq!(gather(&[file("a.txt", "{}")]), None);
    }
}
