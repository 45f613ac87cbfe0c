//! Which of the checked numbers are shown, as a link has it.

use super::{Check, Verdict};
use crate::analysis::Notice;
use crate::analysis::query_string::{parts, push};
use crate::study::Study;

/// All numbers, or those of a study, of a verdict, and with a text in what is said of them.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Filter {
    pub study: Option<Study>,
    pub verdict: Option<Verdict>,
    pub text: String,
}

/// Its keys in a query. The key `study` is that of the analysis.
const STUDY: &str = "claims";
const VERDICT: &str = "verdict";
const TEXT: &str = "find";

impl Filter {
    pub const KEYS: [&str; 3] = [STUDY, VERDICT, TEXT];

    /// Reads its keys of a query string; what cannot be read filters nothing, and becomes a notice.
    pub fn from_query(query: &str) -> (Filter, Vec<Notice>) {
        let mut filter = Filter::default();
        let mut notices = Vec::new();
        for (key, value) in parts(query) {
            let is_known = match key.as_str() {
                STUDY => {
                    filter.study = Study::find(&value);
                    filter.study.is_some()
                }
                VERDICT => {
                    filter.verdict = Verdict::ALL.into_iter().find(|v| v.id() == value);
                    filter.verdict.is_some()
                }
                TEXT => {
                    filter.text = value.clone();
                    true
                }
                _ => true,
            };
            if !is_known {
                notices.push(Notice::UnknownValue { key, value });
            }
        }
        (filter, notices)
    }

    /// A query string with these choices in place of its own.
    pub fn in_query(&self, query: &str) -> String {
        let mut new = String::new();
        let mut add = |key: &str, value: &str| {
            if !value.is_empty() {
                push(&mut new, key, value);
            }
        };
        for (key, value) in parts(query) {
            if !Filter::KEYS.contains(&key.as_str()) {
                add(&key, &value);
            }
        }
        add(STUDY, self.study.map_or("", Study::reference));
        add(VERDICT, self.verdict.map_or("", Verdict::id));
        add(TEXT, self.text.trim());
        new.trim_start_matches('&').to_owned()
    }

    /// Whether a number is shown: all words of the text are in what is said of it. Letters count alike in both cases.
    pub fn takes(&self, check: &Check) -> bool {
        let said = [&check.quantity, &check.source, &check.note, &check.id];
        let said = said.map(|text| text.to_ascii_lowercase()).join("\n");
        let wanted = self.text.to_ascii_lowercase();
        self.study.is_none_or(|study| study == check.study)
            && self.verdict.is_none_or(|verdict| verdict == check.verdict)
            && wanted.split_whitespace().all(|word| said.contains(word))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_shows_the_same_numbers() {
        let filter = Filter {
            study: Some(Study::default()),
            verdict: Some(Verdict::Differs),
            text: "ImageNet-R & more".to_owned(),
        };
        let query = filter.in_query("?v=2&page=verify&find=old");
        assert!(query.starts_with("v=2&page=verify&claims="), "{query}");
        assert_eq!(Filter::from_query(&query), (filter, vec![]));
        assert_eq!(Filter::default().in_query(&query), "v=2&page=verify");
        let (filter, notices) = Filter::from_query("claims=moon&verdict=maybe&find=α");
        assert_eq!((filter.text.as_str(), notices.len()), ("α", 2));
    }

    #[test]
    fn numbers_are_found_by_all_that_is_said_of_them() {
        let check = Check {
            id: "fig1/A".to_owned(),
            study: Study::default(),
            source: "table 3".to_owned(),
            quantity: "CLIP law, ImageNet-1k: A".to_owned(),
            unit: "",
            printed: 1.0,
            recomputed: None,
            difference: None,
            verdict: Verdict::Uncheckable,
            note: String::new(),
            whole_law: false,
            fitted: true,
            printed_text: "1.0".to_owned(),
            analysis: None,
        };
        let finds = |text: &str| {
            let text = text.to_owned();
            Filter {
                text,
                ..Filter::default()
            }
            .takes(&check)
        };
        assert!(finds("") && finds("imagenet-1K ") && finds("Table") && finds("fig1/"));
        assert!(!finds("table 4"));
        let differs = Filter {
            verdict: Some(Verdict::Differs),
            ..Filter::default()
        };
        assert!(!differs.takes(&check));
    }
}
