//! A table of pictures and their classes, as people have them: with or without names of columns, in any order, with
//! other columns beside.

use super::folders::{has_picture_name, left_out};
use std::collections::BTreeMap;

/// Names of a column of classes, in lower case.
const CLASS_NAMES: [&str; 14] = [
    "class",
    "classes",
    "class_name",
    "classname",
    "class name",
    "label",
    "labels",
    "label_name",
    "category",
    "category_name",
    "target",
    "species",
    "breed",
    "y",
];

/// Pictures with their classes.
#[derive(Debug)]
pub struct LabelTable<T> {
    pub labelled: Vec<(T, String)>,
    /// What stands for pictures that were not found, with their classes.
    pub missing: Vec<(String, String)>,
    /// What stands for pictures without a class.
    pub unlabelled: Vec<String>,
    /// What was taken for what, where that is not plain.
    notes: Vec<String>,
}

impl<T> LabelTable<T> {
    /// What a reader should know, in sentences. `pictures` is the word for them.
    pub fn notes(&self, pictures: &str) -> Vec<String> {
        let missing = self.missing.iter().map(|(name, _)| name.as_str());
        let missing = left_out(&format!("lines of {pictures} that are not here"), missing);
        let unlabelled = self.unlabelled.iter().map(String::as_str);
        let unlabelled = left_out("lines without a class", unlabelled);
        let notes = self.notes.iter().cloned();
        notes.chain(missing).chain(unlabelled).collect()
    }
}

/// Reads a table; `find` finds a picture by what stands in a field.
///
/// # Errors
///
/// Where no column names pictures, or where several may have the classes.
pub fn read<T>(text: &str, find: impl Fn(&str) -> Option<T>) -> Result<LabelTable<T>, String> {
    // The separator, and the column of the files, by which most pictures are found; of several the first, before it one
    // that has names of pictures.
    let mut best = ((0, 0), Vec::new(), 0);
    for separator in [',', '\t', ';', ' '] {
        let rows = rows(text, separator)?;
        let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
        for column in 0..columns {
            let fields = rows.iter().filter_map(|row| row.get(column));
            let found: Vec<&String> = fields.filter(|field| find(field).is_some()).collect();
            let named = found.iter().filter(|field| has_picture_name(field)).count();
            let found = (found.len(), named);
            if found > best.0 || (found == best.0 && best.1.is_empty()) {
                best = (found, rows.clone(), column);
            }
        }
    }
    let (found, rows, file) = best;
    if found.0 == 0 {
        return Err(match rows.is_empty() {
            true => "The table is empty.".to_owned(),
            false => "No column of the table names these pictures; it needs one with their files, and one with their classes.".to_owned(),
        });
    }
    let columns = rows.iter().map(Vec::len).max().unwrap_or(0);
    let is_picture = |field: &String| has_picture_name(field) || find(field).is_some();
    let head = rows
        .first()
        .filter(|row| !row.get(file).is_some_and(is_picture));
    let body = &rows[usize::from(head.is_some())..];
    let class = match (
        class(head, body, (file, columns)),
        indicators(head, body, file),
    ) {
        (class, None) => ClassColumn::One(class?),
        (Err(_), Some(indicators)) => ClassColumn::Indicators(indicators?),
        // A column of texts that is not called so, beside columns of 0 and 1.
        (Ok(class), Some(Ok(indicators))) if !indicators.contains(&class) => {
            let name = |column: &usize| {
                head.and_then(|head| head.get(*column))
                    .map_or("", String::as_str)
            };
            let names: Vec<&str> = indicators.iter().map(name).collect();
            return Err(format!(
                "The column “{}” may be the class, or {} may be classes with a column each; leave out the others, or call that column “class”.",
                name(&class),
                names.join(", ")
            ));
        }
        (Ok(class), Some(_)) => ClassColumn::One(class),
    };
    let mut table = LabelTable {
        labelled: Vec::new(),
        missing: Vec::new(),
        unlabelled: Vec::new(),
        notes: Vec::new(),
    };
    if let Some(head) = head {
        let name = |column: usize| head.get(column).map_or("", String::as_str);
        let of_class = match &class {
            ClassColumn::One(class) => format!("“{}” as the class", name(*class)),
            ClassColumn::Indicators(columns) => {
                let names: Vec<&str> = columns.iter().map(|column| name(*column)).collect();
                format!(
                    "the columns {} as the classes, of which each line has a 1 in one",
                    names.join(", ")
                )
            }
        };
        table
            .notes
            .push(format!("Read “{}” as the file, {of_class}.", name(file)));
    } else if let ClassColumn::One(class) = class
        && (file, class) != (0, 1)
    {
        table.notes.push(format!(
            "Read column {} as the file, column {} as the class.",
            file + 1,
            class + 1
        ));
    }
    let mut seen: BTreeMap<&str, &str> = BTreeMap::new();
    for row in body {
        let field = |column: usize| row.get(column).map_or("", String::as_str);
        let label = match &class {
            ClassColumn::One(class) => field(*class),
            ClassColumn::Indicators(columns) => {
                let is_one = |column: &&usize| indicator(field(**column)) == Some(true);
                let column = columns.iter().find(is_one);
                let name = column.and_then(|column| head?.get(*column));
                name.map_or("", String::as_str)
            }
        };
        let named = field(file);
        if label.is_empty() {
            table.unlabelled.push(named.to_owned());
            continue;
        }
        match seen.insert(named, label) {
            Some(other) if other == label => continue,
            Some(other) => {
                return Err(format!(
                    "“{named}” has two classes, “{other}” and “{label}”; here a picture has one."
                ));
            }
            None => {}
        }
        match find(named) {
            Some(picture) => table.labelled.push((picture, label.to_owned())),
            None => table.missing.push((named.to_owned(), label.to_owned())),
        }
    }
    Ok(table)
}

/// Where the classes are.
enum ClassColumn {
    /// In a column.
    One(usize),
    /// Each has a column, with a 1 where it is the picture's (one-hot).
    Indicators(Vec<usize>),
}

/// What stands in a class's own column.
fn indicator(field: &str) -> Option<bool> {
    match field {
        "0" | "0.0" => Some(false),
        "1" | "1.0" => Some(true),
        _ => None,
    }
}

/// Whether a column is called the class.
fn is_class_name(name: &str) -> bool {
    CLASS_NAMES.contains(&name.to_lowercase().as_str())
}

/// The columns of 0 and 1 where each line has one 1, as one-hot labels have; `None` where they are no such or where a
/// column is called the class, and an error where they might be.
fn indicators(
    head: Option<&Vec<String>>,
    body: &[Vec<String>],
    file: usize,
) -> Option<Result<Vec<usize>, String>> {
    let head = head.filter(|head| !head.iter().any(|name| is_class_name(name)))?;
    let field = |row: &Vec<String>, column: usize| indicator(row.get(column)?);
    let is_indicator = |column: &usize| {
        let has_name = head.get(*column).is_some_and(|name| !name.is_empty());
        let mut fields = body.iter().map(|row| field(row, *column));
        has_name && !body.is_empty() && fields.all(|field| field.is_some())
    };
    let columns = (0..head.len()).filter(|column| *column != file);
    let columns: Vec<usize> = columns.filter(is_indicator).collect();
    if columns.len() < 2 {
        return None;
    }
    for row in body {
        let ones = columns.iter().filter(|c| field(row, **c) == Some(true));
        let names: Vec<&str> = ones.map(|column| head[*column].as_str()).collect();
        if names.len() != 1 {
            let picture = row.get(file).map_or("", String::as_str);
            let found = match names.is_empty() {
                true => "none of them".to_owned(),
                false => format!("{} of them, {}", names.len(), names.join(", ")),
            };
            return Some(Err(format!(
                "The columns of 0 and 1 may be the classes, but “{picture}” has {found}; here a picture has one. Leave out the lines of which that is not so, or give a column “class”."
            )));
        }
    }
    Some(Ok(columns))
}

/// The column of the classes.
fn class(
    head: Option<&Vec<String>>,
    body: &[Vec<String>],
    (file, columns): (usize, usize),
) -> Result<usize, String> {
    let others: Vec<usize> = (0..columns).filter(|column| *column != file).collect();
    let named = |column: &&usize| {
        let name = head.and_then(|head| head.get(**column));
        name.is_some_and(|name| is_class_name(name))
    };
    let mut may_be: Vec<usize> = others.iter().filter(named).copied().collect();
    if may_be.is_empty() {
        may_be = others;
    }
    if may_be.len() > 1 {
        // A number beside a name is the number of the class.
        let is_text = |column: &usize| {
            let mut fields = body.iter().filter_map(|row| row.get(*column));
            fields.any(|field| field.parse::<f64>().is_err() && !field.is_empty())
        };
        may_be.retain(is_text);
    }
    match may_be[..] {
        [one] => Ok(one),
        _ if columns < 2 => Err(
            "The table has one column; it needs the pictures’ files and their classes.".to_owned(),
        ),
        _ => Err(format!(
            "The table has {columns} columns, and none of them, or more than one, may be the class; leave the file and the class alone, or call that column “class”."
        )),
    }
}

/// The fields of a table, without empty rows.
fn rows(text: &str, separator: char) -> Result<Vec<Vec<String>>, String> {
    let text = text.trim_start_matches('\u{feff}');
    let mut reader = csv::ReaderBuilder::new()
        .has_headers(false)
        .flexible(true)
        .trim(csv::Trim::All)
        .delimiter(separator as u8)
        .from_reader(text.as_bytes());
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| format!("The table cannot be read: {error}."))?;
        let row: Vec<String> = record.iter().map(str::to_owned).collect();
        if row.iter().any(|field| !field.is_empty()) {
            rows.push(row);
        }
    }
    Ok(rows)
}

/// Pictures by their paths, and by as much of those as tells them apart: without folders, without the ending.
pub struct Names(BTreeMap<String, Option<usize>>);

impl Names {
    /// Of pictures in this order; paths have `/`.
    pub fn new<'a>(paths: impl Iterator<Item = &'a str> + Clone) -> Names {
        let mut names = BTreeMap::new();
        // What is the whole path of one is never the part of another.
        for part in [whole, file_name, stem] {
            let mut these: BTreeMap<String, Option<usize>> = BTreeMap::new();
            for (i, path) in paths.clone().enumerate() {
                let entry = these.entry(part(path).to_owned());
                entry.and_modify(|place| *place = None).or_insert(Some(i));
            }
            for (name, place) in these {
                names.entry(name).or_insert(place);
            }
        }
        Names(names)
    }

    /// The place of a picture.
    pub fn find(&self, field: &str) -> Option<usize> {
        let field = field.replace('\\', "/");
        let field = field.trim_start_matches("./");
        let known = |name: &str| self.0.get(name).copied();
        known(field).or_else(|| known(file_name(field)))?
    }
}

fn whole(path: &str) -> &str {
    path
}

fn file_name(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

fn stem(path: &str) -> &str {
    let name = file_name(path);
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

#[cfg(test)]
mod tests {
    use super::*;

    const PICTURES: [&str; 4] = ["a.png", "b.png", "in/c.png", "in/d e.png"];

    fn table(text: &str) -> Result<LabelTable<usize>, String> {
        let names = Names::new(PICTURES.iter().copied());
        read(text, |field| names.find(field))
    }

    fn labelled(text: &str) -> Vec<(usize, String)> {
        table(text).unwrap().labelled
    }

    #[test]
    fn tables_of_any_shape_say_the_same() {
        let cat_and_dog = [(0, "cat".to_owned()), (1, "dog".to_owned())];
        for text in [
            "a.png,cat\nb.png,dog\n",
            "\u{feff}id,label\r\na,cat\r\nb,dog\r\n",
            "filename,width,height,class\na.png,80,60,cat\nb.png,80,60,dog",
            "label,image_path\ncat,train/a.png\ndog,train/b.png",
            "file;class\na.png;cat\nb.png;dog",
            "file\tclass\n.\\a.png\tcat\n.\\b.png\tdog",
            "a.png cat\nb.png dog",
            ",filename,label\n0,a.png,cat\n1,b.png,dog",
            "image,label,class_name\na.png,0,cat\nb.png,1,dog",
            "a.png,cat\na.png,cat\n\nb.png,dog",
            "none.png,cat\na.png,cat\nb.png,dog",
        ] {
            assert_eq!(labelled(text), cat_and_dog, "{text}");
        }
        assert_eq!(labelled("file,class\nc.png,cat\nd e,dog").len(), 2);
        let notes = table("label,path\ncat,a.png\n").unwrap().notes("images");
        assert_eq!(notes, ["Read “path” as the file, “label” as the class."]);
    }

    #[test]
    fn a_column_for_each_class_is_read() {
        // As Plant Pathology's and ISIC's tables have it.
        for text in [
            "image,cat,dog\na.png,1,0\nb.png,0,1",
            "image,cat,dog,unknown\na,1.0,0.0,0.0\nb,0.0,1.0,0.0",
            ",width,image,cat,dog\n0,80,a.png,1,0\n1,60,b.png,0,1",
        ] {
            let table = table(text).unwrap();
            let expected = [(0, "cat".to_owned()), (1, "dog".to_owned())];
            assert_eq!(table.labelled, expected, "{text}");
            let notes = table.notes("images").join(" ");
            assert!(notes.contains("the columns cat, dog"), "{notes}");
        }
    }

    #[test]
    fn what_is_left_out_is_listed() {
        let table = table("a.png,cat\nnone.png,cat\nb.png,").unwrap();
        assert_eq!(table.labelled.len(), 1);
        assert_eq!(table.missing, [("none.png".to_owned(), "cat".to_owned())]);
        assert_eq!(
            table.notes("images"),
            [
                "Left out, lines of images that are not here: none.png.",
                "Left out, lines without a class: b.png."
            ]
        );
    }

    #[test]
    fn what_can_be_read_in_two_ways_is_asked_about() {
        for (text, part) in [
            (
                "image,cat,dog\na.png,1,0\nb.png,1,1",
                "“b.png” has 2 of them, cat, dog",
            ),
            (
                "image,cat,dog\na.png,1,0\nb.png,0,0",
                "“b.png” has none of them",
            ),
            ("image,cat,dog\na.png,1,-1\nb.png,-1,1", "may be the class"),
            (
                "image,patient,cat,dog\na.png,p,1,0\nb.png,q,0,1",
                "“patient” may be the class, or cat, dog",
            ),
            (
                "file,animal,colour\na.png,cat,red\nb.png,dog,red",
                "may be the class",
            ),
            (
                "file,class,label\na.png,cat,red\nb.png,dog,red",
                "may be the class",
            ),
            ("a.png,cat\na.png,dog", "two classes"),
            ("a.png\nb.png", "one column"),
            ("x.png,cat\ny.png,dog", "No column"),
            ("\n", "empty"),
        ] {
            let error = table(text).unwrap_err();
            assert!(error.contains(part), "{text}: {error}");
        }
    }
}
