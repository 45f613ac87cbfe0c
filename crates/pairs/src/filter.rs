//! LAION's and DataComp's rules, in a list: what each takes out, and what is left.

use crate::duplicates::Duplicates;
use crate::facts::{Facts, Told};
use serde::{Deserialize, Serialize};
use std::collections::HashSet;
use std::fmt;

/// A condition that a pair fulfils, or is taken out. A pair of which it cannot be said is taken out too, and counted.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Rule {
    /// The cosine of picture and text is at least this.
    MinScore(f32),
    /// The cosine is among the highest of all pairs, by DataComp's threshold: the ⌊share · n⌋-th highest counted from 0,
    /// and what equals it (`get_threshold` in its `baselines/apply_filter.py`).
    TopShare(f64),
    /// The text is English, by whichlang, which knows 16 languages. DataComp's basic filter asks fastText's lid.176, and
    /// its LAION-2B cld3: on short texts they differ.
    English,
    /// The text has more words than this, separated by white space.
    WordsAbove(usize),
    /// The text has more characters than this.
    CharactersAbove(usize),
    /// The text has at least so many characters.
    MinCharacters(usize),
    /// The smaller side of the picture has at least so many pixels.
    MinSide(f64),
    /// The smaller side of the picture has more pixels than this.
    SideAbove(f64),
    /// The larger side of the picture is at most so many times the smaller.
    MaxAspect(f64),
    /// The larger side of the picture is less than so many times the smaller.
    AspectBelow(f64),
    /// The encoded picture has at least so many bytes.
    MinBytes(u64),
    /// No pair before it that is left has the same address and text.
    UniqueUrlAndText,
    /// The probability that it is unsafe is below this.
    UnsafeBelow(f32),
    /// The probability of a watermark is below this.
    WatermarkBelow(f32),
    /// The text contains this, in any case.
    Contains(String),
    /// The picture is nearest to one of these classes, by their places in the list of classes.
    Nearest(Vec<usize>),
    /// A head's score is at least this.
    HeadScore {
        /// Which of [`Facts::heads`].
        head: usize,
        /// The head's name.
        name: String,
        /// The least score that is kept.
        least: f32,
    },
    /// A head tells one of these classes, by their places among its own.
    HeadClass {
        /// Which of [`Facts::heads`].
        head: usize,
        /// The head's name.
        name: String,
        /// The classes that are kept.
        classes: Vec<usize>,
    },
    /// No pair before it that is left is of the same component of near duplicates: the first of each is kept.
    FirstOfDuplicates,
}

/// Whose basic filter: DataComp's paper and its code differ in what lies on the bounds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Edition {
    /// `baselines/apply_filter.py`: pictures of 200 pixels and with sides of 3 : 1 are kept.
    Code,
    /// Gadre et al. 2023: the smaller side above 200 pixels, the aspect ratio below 3.
    Paper,
}

impl Rule {
    /// DataComp's basic filter.
    pub fn basic(edition: Edition) -> Vec<Rule> {
        let [side, aspect] = match edition {
            Edition::Code => [Rule::MinSide(200.0), Rule::MaxAspect(3.0)],
            Edition::Paper => [Rule::SideAbove(200.0), Rule::AspectBelow(3.0)],
        };
        let (words, characters) = (Rule::WordsAbove(2), Rule::CharactersAbove(5));
        vec![Rule::English, words, characters, side, aspect]
    }

    /// LAION-400M's rules beside the score: texts of 5 characters, pictures of 5 KB, no address and text twice.
    pub fn laion() -> Vec<Rule> {
        let characters = Rule::MinCharacters(5);
        vec![characters, Rule::MinBytes(5000), Rule::UniqueUrlAndText]
    }

    /// What LAION recommends for use of LAION-5B: an unsafe probability below 0.5, one of a watermark below 0.8.
    pub fn laion_for_use() -> Vec<Rule> {
        vec![Rule::UnsafeBelow(0.5), Rule::WatermarkBelow(0.8)]
    }
}

impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Rule::MinScore(least) => write!(f, "cosine at least {least}"),
            Rule::TopShare(share) => write!(f, "cosine in the top {} %", percent(*share)),
            Rule::English => write!(f, "English text"),
            Rule::WordsAbove(words) => write!(f, "more than {words} words"),
            Rule::CharactersAbove(characters) => write!(f, "more than {characters} characters"),
            Rule::MinCharacters(characters) => write!(f, "at least {characters} characters"),
            Rule::MinSide(pixels) => write!(f, "smaller side at least {pixels} pixels"),
            Rule::SideAbove(pixels) => write!(f, "smaller side more than {pixels} pixels"),
            Rule::MaxAspect(ratio) => write!(f, "aspect ratio at most {ratio}"),
            Rule::AspectBelow(ratio) => write!(f, "aspect ratio below {ratio}"),
            Rule::MinBytes(bytes) => write!(f, "picture of at least {bytes} bytes"),
            Rule::UniqueUrlAndText => write!(f, "first of equal address and text"),
            Rule::UnsafeBelow(most) => write!(f, "unsafe probability below {most}"),
            Rule::WatermarkBelow(most) => write!(f, "watermark probability below {most}"),
            Rule::Contains(text) => write!(f, "text contains “{text}”"),
            Rule::Nearest(_) => write!(f, "picture nearest to a named class"),
            Rule::HeadScore { name, least, .. } => write!(f, "score by {name} at least {least}"),
            Rule::HeadClass { name, .. } => write!(f, "class by {name} is one of those named"),
            Rule::FirstOfDuplicates => write!(f, "first of near duplicates"),
        }
    }
}

/// Without the digits that binary fractions add: 0.29 as 29.
fn percent(share: f64) -> f64 {
    (share * 1e8).round() / 1e6
}

/// What a rule takes out.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Count {
    /// The rule, in words.
    pub rule: String,
    /// Pairs that it takes out of all.
    pub alone: u64,
    /// Pairs that it takes out of those that the rules before it leave.
    pub in_place: u64,
    /// Pairs of all of which it cannot be said, and that it takes out for that.
    pub unknown: u64,
    /// The cosine at which [`Rule::TopShare`] cuts.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub threshold: Option<f32>,
}

/// What is left.
#[derive(Clone, Debug, PartialEq)]
pub struct Filtered {
    /// Whether each pair is.
    pub kept: Vec<bool>,
    /// For each rule, in order, what it takes out.
    pub counts: Vec<Count>,
}

impl Filtered {
    /// How many are left.
    pub fn left(&self) -> u64 {
        self.kept.iter().filter(|kept| **kept).count() as u64
    }
}

/// Applies rules in order. [`Rule::TopShare`] counts among all pairs, wherever it stands, as DataComp's filters are
/// intersected; [`Rule::UniqueUrlAndText`] and [`Rule::FirstOfDuplicates`] keep the first that the rules before them
/// leave. `duplicates` are those of all pairs.
pub fn filter(facts: &[Facts], rules: &[Rule], duplicates: Option<&Duplicates>) -> Filtered {
    let mut kept = vec![true; facts.len()];
    let counts = rules.iter().map(|rule| {
        let threshold = match rule {
            Rule::TopShare(share) => share_threshold(facts, *share),
            _ => None,
        };
        let judge = |among: &[bool]| judge(facts, rule, threshold, duplicates, among);
        let alone = judge(&vec![true; facts.len()]);
        let is_relative = matches!(rule, Rule::UniqueUrlAndText | Rule::FirstOfDuplicates);
        let in_place = match is_relative {
            true => judge(&kept),
            false => alone.clone(),
        };
        let mut removed = 0;
        for (kept, verdict) in kept.iter_mut().zip(in_place) {
            if *kept && verdict != Some(true) {
                (*kept, removed) = (false, removed + 1);
            }
        }
        let count = |is: &dyn Fn(&Option<bool>) -> bool| alone.iter().filter(|v| is(v)).count();
        Count {
            rule: rule.to_string(),
            alone: count(&|verdict| *verdict != Some(true)) as u64,
            in_place: removed,
            unknown: count(&|verdict| verdict.is_none()) as u64,
            threshold,
        }
    });
    let counts = counts.collect();
    Filtered { kept, counts }
}

/// What has no letter is in no language.
fn is_english(text: &str) -> bool {
    text.chars().any(char::is_alphabetic)
        && whichlang::detect_language(text) == whichlang::Lang::Eng
}

/// The cosine of DataComp's `get_threshold`; `None` where no cosine is known.
fn share_threshold(facts: &[Facts], share: f64) -> Option<f32> {
    let mut scores: Vec<f32> = facts.iter().filter_map(|facts| facts.score).collect();
    scores.sort_by(|a, b| b.total_cmp(a));
    let at = (scores.len() as f64 * share).max(0.0) as usize;
    scores.get(at.min(scores.len().checked_sub(1)?)).copied()
}

/// For each pair whether it fulfils a rule, `None` where that is not known; what is not among the pairs does not count.
fn judge(
    facts: &[Facts],
    rule: &Rule,
    threshold: Option<f32>,
    duplicates: Option<&Duplicates>,
    among: &[bool],
) -> Vec<Option<bool>> {
    let mut urls = HashSet::new();
    let mut firsts = HashSet::new();
    let lower = match rule {
        Rule::Contains(text) => text.to_lowercase(),
        _ => String::new(),
    };
    let smaller = |pair: &Facts| pair.size.map(|(width, height)| width.min(height));
    let aspect = |pair: &Facts| pair.size.map(|(w, h)| w.max(h) / w.min(h));
    let verdicts = facts.iter().enumerate().map(|(i, pair)| match rule {
        Rule::MinScore(least) => pair.score.map(|score| score >= *least),
        Rule::TopShare(_) => pair
            .score
            .zip(threshold)
            .map(|(score, least)| score >= least),
        Rule::English => Some(is_english(&pair.text)),
        Rule::WordsAbove(words) => Some(pair.text.split_whitespace().count() > *words),
        Rule::CharactersAbove(most) => Some(pair.text.chars().count() > *most),
        Rule::MinCharacters(least) => Some(pair.text.chars().count() >= *least),
        Rule::MinSide(least) => smaller(pair).map(|side| side >= *least),
        Rule::SideAbove(bound) => smaller(pair).map(|side| side > *bound),
        Rule::MaxAspect(most) => aspect(pair).map(|aspect| aspect <= *most),
        Rule::AspectBelow(bound) => aspect(pair).map(|aspect| aspect < *bound),
        Rule::MinBytes(least) => pair.bytes.map(|bytes| bytes >= *least),
        Rule::UniqueUrlAndText => pair.url.as_deref().map(|url| {
            // What is not among the pairs takes no other's place.
            among[i] && urls.insert((url, pair.text.as_str()))
        }),
        Rule::UnsafeBelow(bound) => pair.unsafety.map(|unsafety| unsafety < *bound),
        Rule::WatermarkBelow(bound) => pair.watermark.map(|watermark| watermark < *bound),
        Rule::Contains(_) => Some(pair.text.to_lowercase().contains(&lower)),
        Rule::Nearest(classes) => pair.nearest.map(|class| classes.contains(&class)),
        Rule::HeadScore { head, least, .. } => match pair.heads.get(*head) {
            Some(Told::Score(score)) if score.is_finite() => Some(score >= least),
            _ => None,
        },
        Rule::HeadClass { head, classes, .. } => match pair.heads.get(*head) {
            Some(Told::Class(class)) => Some(classes.contains(class)),
            _ => None,
        },
        Rule::FirstOfDuplicates => duplicates
            .filter(|duplicates| i < duplicates.count())
            .map(|duplicates| among[i] && firsts.insert(duplicates.first(i as u32))),
    });
    verdicts.collect()
}
