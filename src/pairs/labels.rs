//! The classes of images, where their pairs' JSON has them.

use serde_json::{Map, Value};
use std::collections::HashMap;

/// The names under which a pair's JSON may have the class of its image. Names come before numbers, the first before the
/// next.
const LABELS: [&str; 6] = [
    "class_name",
    "label",
    "class",
    "category",
    "label_name",
    "cls",
];
/// More values are no classes.
const MAX_CLASSES: usize = 2000;

/// The classes of images, where their pairs' JSON has them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Labels {
    /// The JSON's name for them.
    pub name: &'static str,
    pub classes: Vec<String>,
    /// For each pair the place of its class.
    pub of: Vec<Option<usize>>,
}

/// Finds classes while pairs are read.
#[derive(Debug, Default)]
pub struct LabelFinder {
    columns: [LabelColumn; LABELS.len()],
}

#[derive(Debug, Default)]
struct LabelColumn {
    places: HashMap<String, usize>,
    labels: Labels,
    has_words: bool,
}

impl LabelFinder {
    /// Takes the next pair's JSON.
    pub fn push(&mut self, json: &Map<String, Value>) {
        for (column, name) in self.columns.iter_mut().zip(LABELS) {
            let label = match json.get(name) {
                Some(Value::String(text)) if !text.trim().is_empty() => {
                    column.has_words |= text.trim().parse::<f64>().is_err();
                    Some(text.trim().to_owned())
                }
                Some(Value::Number(number)) => Some(number.to_string()),
                _ => None,
            };
            let place = label.and_then(|label| {
                let next = column.places.len();
                if next > MAX_CLASSES {
                    return None;
                }
                Some(*column.places.entry(label).or_insert(next))
            });
            column.labels.of.push(place);
        }
    }

    /// The classes, if there are at least two, of which some come again.
    pub fn finish(self) -> Option<Labels> {
        let columns = self.columns.into_iter().zip(LABELS);
        let found = columns.filter_map(|(column, name)| {
            let (count, known) = (column.places.len(), column.labels.of.iter().flatten());
            if !(2..=MAX_CLASSES).contains(&count) || known.count() < 2 * count {
                return None;
            }
            let mut classes = vec![String::new(); count];
            for (class, place) in column.places {
                classes[place] = class;
            }
            // In the order of their names, whatever order they come in.
            let mut order: Vec<usize> = (0..count).collect();
            order.sort_by(|a, b| classes[*a].cmp(&classes[*b]));
            let mut ranks = vec![0; count];
            for (rank, place) in order.iter().enumerate() {
                ranks[*place] = rank;
            }
            let of = column.labels.of.into_iter();
            let labels = Labels {
                name,
                classes: order.iter().map(|at| classes[*at].clone()).collect(),
                of: of.map(|place| place.map(|place| ranks[place])).collect(),
            };
            Some((column.has_words, labels))
        });
        let mut found: Vec<(bool, Labels)> = found.collect();
        let best = found.iter().position(|(has_words, _)| *has_words);
        (!found.is_empty()).then(|| found.swap_remove(best.unwrap_or(0)).1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn json(text: &str) -> Map<String, Value> {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn classes_are_found_by_names_of_words_first() {
        let mut finder = LabelFinder::default();
        for (label, class) in [(3, "star"), (1, "ring"), (3, "star"), (1, "ring")] {
            finder.push(&json(&format!(
                r#"{{"label": {label}, "class": "{class} ", "category": "{class}{label}x"}}"#
            )));
        }
        finder.push(&json(r#"{"class": ""}"#));
        let labels = finder.finish().unwrap();
        assert_eq!(labels.name, "class");
        assert_eq!(labels.classes, ["ring", "star"]);
        assert_eq!(labels.of, [Some(1), Some(0), Some(1), Some(0), None]);

        // Numbers alone are classes too; what is different for nearly each pair is none.
        let mut finder = LabelFinder::default();
        for i in 0..10 {
            finder.push(&json(&format!(r#"{{"cls": {}, "label": "{i}"}}"#, i % 2)));
        }
        let labels = finder.finish().unwrap();
        assert_eq!((labels.name, labels.classes.len()), ("cls", 2));
        let mut finder = LabelFinder::default();
        (0..9).for_each(|i| finder.push(&json(&format!(r#"{{"label": "name {i}"}}"#))));
        assert_eq!(finder.finish(), None);
        assert_eq!(LabelFinder::default().finish(), None);
    }
}
