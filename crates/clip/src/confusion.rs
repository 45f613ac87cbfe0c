//! Accuracy on labelled images, and the confusion matrix.

use std::collections::BTreeMap;

/// The normal distribution's quantile at 97.5 %.
const Z: f64 = 1.959_963_984_540_054;

/// Images counted by their label and by the class that the model predicts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfusionMatrix {
    /// The rows: labels of images, first those that are classes, then the others.
    pub actual: Vec<String>,
    /// The columns: classes that are some image's label or prediction.
    pub predicted: Vec<String>,
    /// Numbers of images, `[actual, predicted]`.
    pub counts: Vec<Vec<usize>>,
}

/// What is known about what an image shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Truth {
    /// The name of its class.
    Class(String),
    /// A caption that says all there is to see: each class whose words are all in it is true.
    Caption(String),
}

impl Truth {
    /// The name or the caption.
    pub fn text(&self) -> &str {
        match self {
            Truth::Class(text) | Truth::Caption(text) => text,
        }
    }

    /// Whether a class is true of the image.
    pub fn is(&self, class: &str) -> bool {
        match self {
            Truth::Class(name) => is_same(name, class),
            Truth::Caption(caption) => describes(class, caption),
        }
    }

    /// Under which of `classes` the image counts, given the class that was predicted: that one, if
    /// it is true; otherwise the true class with the most words; the text, if none is.
    pub fn among<'a>(&'a self, classes: &'a [String], predicted: &'a str) -> &'a str {
        if self.is(predicted) {
            return predicted;
        }
        let is_true = |class: &&String| self.is(class);
        let classes = classes.iter().filter(is_true);
        let class = classes.max_by_key(|class| words(class).count());
        class.map_or(self.text(), |class| class)
    }

    /// Whether any of `classes` is true of the image.
    pub fn is_among(&self, classes: &[String]) -> bool {
        classes.iter().any(|class| self.is(class))
    }
}

/// Whether each word of a class is in a caption, articles, case and plurals aside.
fn describes(class: &str, caption: &str) -> bool {
    let caption: Vec<String> = words(caption).collect();
    let mut class = words(class).peekable();
    class.peek().is_some() && class.all(|word| caption.contains(&word))
}

/// The words of a class or caption, without articles, in lower case and in the singular.
fn words(text: &str) -> impl Iterator<Item = String> {
    let all = text.split(|letter: char| !letter.is_alphanumeric());
    let all = all.map(str::to_ascii_lowercase);
    let all = all.filter(|word| !["", "a", "an", "the"].contains(&word.as_str()));
    all.map(|word| {
        let singular = match word.strip_suffix("es") {
            Some(stem) if stem.ends_with("ss") => Some(stem),
            _ => word.strip_suffix('s').filter(|stem| !stem.ends_with('s')),
        };
        singular.map_or(word.clone(), str::to_owned)
    })
}

/// Whether two names are one class: case, articles, underscores and hyphens do not matter.
pub fn is_same(a: &str, b: &str) -> bool {
    plain(a) == plain(b)
}

fn plain(name: &str) -> String {
    let name = name.trim().to_ascii_lowercase().replace(['_', '-'], " ");
    let articles = ["a ", "an ", "the "];
    let bare = articles.iter().find_map(|a| name.strip_prefix(a));
    bare.unwrap_or(&name).to_owned()
}

impl ConfusionMatrix {
    /// Counts images, each given as its label and its predicted class.
    pub fn new(classes: &[String], images: &[(&str, &str)]) -> ConfusionMatrix {
        let mut places = BTreeMap::new();
        for (i, class) in classes.iter().enumerate() {
            places.entry(plain(class)).or_insert(i);
        }
        // Rows and columns by their place among the classes; a row that has none, behind them.
        let mut cells: BTreeMap<(usize, String), BTreeMap<usize, usize>> = BTreeMap::new();
        let mut columns: BTreeMap<usize, usize> = BTreeMap::new();
        for (actual, predicted) in images {
            let Some(column) = places.get(&plain(predicted)) else {
                continue;
            };
            let row = match places.get(&plain(actual)) {
                Some(place) => {
                    columns.insert(*place, 0);
                    (*place, classes[*place].clone())
                }
                None => (classes.len(), (*actual).to_owned()),
            };
            columns.insert(*column, 0);
            *cells.entry(row).or_default().entry(*column).or_default() += 1;
        }
        for (i, column) in columns.values_mut().enumerate() {
            *column = i;
        }
        let row = |counts: &BTreeMap<usize, usize>| {
            let mut row = vec![0; columns.len()];
            for (place, count) in counts {
                row[columns[place]] = *count;
            }
            row
        };
        ConfusionMatrix {
            actual: cells.keys().map(|(_, name)| name.clone()).collect(),
            predicted: columns.keys().map(|i| classes[*i].clone()).collect(),
            counts: cells.values().map(row).collect(),
        }
    }

    /// All images.
    pub fn total(&self) -> usize {
        self.counts.iter().flatten().sum()
    }

    /// Images whose prediction is their label.
    pub fn correct(&self) -> usize {
        let cells = self.cells().filter(|(row, column, _)| row == column);
        cells.map(|(.., count)| count).sum()
    }

    /// Images whose label is none of the classes, so that no prediction can be right.
    pub fn unlisted(&self) -> usize {
        let rows = self.actual.iter().zip(&self.counts);
        let strangers = rows.filter(|(actual, _)| !self.predicted.contains(actual));
        strangers.flat_map(|(_, counts)| counts).sum()
    }

    /// The 95 % interval of the accuracy: [`wilson`].
    pub fn interval(&self) -> (f64, f64) {
        wilson(self.correct(), self.total())
    }

    /// Wrong predictions, the most frequent first: label, prediction and number of images.
    pub fn errors(&self) -> Vec<(&str, &str, usize)> {
        let wrong = self.cells().filter(|(row, column, _)| row != column);
        let mut wrong: Vec<_> = wrong.filter(|(.., count)| *count > 0).collect();
        wrong.sort_by_key(|(.., count)| std::cmp::Reverse(*count));
        wrong
    }

    fn cells(&self) -> impl Iterator<Item = (&str, &str, usize)> {
        let rows = self.actual.iter().zip(&self.counts);
        rows.flat_map(|(actual, counts)| {
            let columns = self.predicted.iter().zip(counts);
            columns.map(move |(predicted, count)| (actual.as_str(), predicted.as_str(), *count))
        })
    }
}

/// The 95 % interval of a share, `right` of `total` (Wilson 1927, "Probable Inference, the Law of
/// Succession, and Statistical Inference").
pub fn wilson(right: usize, total: usize) -> (f64, f64) {
    let n = total as f64;
    let share = right as f64 / n;
    let square = Z * Z / n;
    let centre = share + square / 2.0;
    let half = Z * (share * (1.0 - share) / n + square / (4.0 * n)).sqrt();
    let bound = |x: f64| (x / (1.0 + square)).clamp(0.0, 1.0);
    (bound(centre - half), bound(centre + half))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pictures_are_counted_by_what_they_show_and_are_taken_for() {
        let classes = ["a dog", "a cat", "a bird", "a red-tailed hawk"].map(str::to_owned);
        let images = [
            ("cat", "a cat"),
            ("CAT", "a dog"),
            ("cat", "a dog"),
            ("Red_tailed hawk", "a cat"),
            ("a horse", "a dog"),
        ];
        let found = ConfusionMatrix::new(&classes, &images);
        // No image shows a dog, and none has to do with birds.
        assert_eq!(found.actual, ["a cat", "a red-tailed hawk", "a horse"]);
        assert_eq!(found.predicted, ["a dog", "a cat", "a red-tailed hawk"]);
        assert_eq!(found.counts, [[2, 1, 0], [0, 1, 0], [1, 0, 0]]);
        assert_eq!((found.correct(), found.total()), (1, 5));
        assert_eq!(found.unlisted(), 1);
        let most = found.errors();
        assert_eq!(most[0], ("a cat", "a dog", 2));
        assert_eq!(most.len(), 3);
    }

    #[test]
    fn intervals_are_wilsons() {
        let classes = ["yes", "no"].map(str::to_owned);
        // scipy.stats.binomtest(k, n).proportion_ci(method="wilson")
        for (right, of, low, high) in [
            (8, 10, 0.490_161_5, 0.943_317_8),
            (0, 4, 0.0, 0.489_890_1),
            (2, 2, 0.342_380_2, 1.0),
        ] {
            let predicted = |i| if i < right { "yes" } else { "no" };
            let images: Vec<_> = (0..of).map(|i| ("yes", predicted(i))).collect();
            let found = ConfusionMatrix::new(&classes, &images).interval();
            assert!((found.0 - low).abs() < 1e-6, "{found:?}");
            assert!((found.1 - high).abs() < 1e-6, "{found:?}");
        }
    }

    #[test]
    fn a_caption_has_each_class_that_it_describes() {
        let truth = Truth::Caption("four striped green triangles".to_owned());
        for class in [
            "a green triangle",
            "Triangles",
            "green",
            "four",
            "four striped green triangles",
        ] {
            assert!(truth.is(class), "{class}");
        }
        for class in ["a red triangle", "a green cat", "a", "", "three triangles"] {
            assert!(!truth.is(class), "{class}");
        }
        let cross = Truth::Caption("two crosses".to_owned());
        assert!(cross.is("a cross") && !cross.is("a star"));
        // A name is one class, whatever else is in it.
        let shark = Truth::Class("tiger_shark".to_owned());
        assert!(shark.is("a tiger shark") && !shark.is("tiger"));
    }

    #[test]
    fn an_image_counts_under_the_predicted_class_if_that_is_true() {
        let truth = Truth::Caption("a large purple heart".to_owned());
        let classes = ["a heart", "a purple heart", "a star"].map(str::to_owned);
        assert_eq!(truth.among(&classes, "a heart"), "a heart");
        assert_eq!(truth.among(&classes, "a star"), "a purple heart");
        assert!(truth.is_among(&classes));
        let none = &classes[2..];
        assert_eq!(truth.among(none, "a star"), "a large purple heart");
        assert!(!truth.is_among(none));
    }
}
