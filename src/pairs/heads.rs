//! Heads as rules of a filter: a score from a number on, or classes that are kept.

use crate::text::listed;
use refit_clip::{Classes, Head};
use refit_pairs::Told;
use refit_pairs::filter::Rule;

/// The rule by which a head keeps pairs. `at` is its place among the heads, `kept` what the reader writes: the least score
/// of a head that gives one number, else classes with commas between them.
///
/// # Errors
///
/// A sentence for the reader.
pub fn head_rule(head: &Head, at: usize, kept: &str) -> Result<Rule, String> {
    let name = head.name.clone();
    if head.labels.len() == 1 {
        let least = kept.trim().parse::<f32>().ok().filter(|x| x.is_finite());
        let least = least.ok_or_else(|| {
            format!("{name} gives a score: write the least that is kept, as 5, not “{kept}”.")
        })?;
        return Ok(Rule::HeadScore {
            head: at,
            name,
            least,
        });
    }
    let place = |class: &String| {
        let place = head.labels.iter().position(|label| label == class);
        place.ok_or_else(|| {
            let first: Vec<&str> = head.labels.iter().take(5).map(String::as_str).collect();
            let more = if head.labels.len() > 5 { ", …" } else { "" };
            let first = first.join(", ");
            format!("“{class}” is none of the classes of {name}: {first}{more}.")
        })
    };
    let classes: Vec<usize> = listed(kept).iter().map(place).collect::<Result<_, _>>()?;
    match classes.is_empty() {
        true => Err(format!("Write which classes of {name} are kept.")),
        false => Ok(Rule::HeadClass {
            head: at,
            name,
            classes,
        }),
    }
}

/// What a head says of an image's embedding. `classes` are the head's ([`Head::classes`]).
pub fn told(classes: &Classes, embedding: &[f32]) -> Told {
    let scores = classes.scores(embedding);
    match scores[..] {
        [score] => Told::Score(score),
        _ => {
            let each = scores.iter().enumerate();
            // Of equal ones the first.
            let best = each.rev().max_by(|a, b| a.1.total_cmp(b.1));
            Told::Class(best.map_or(0, |(at, _)| at))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use refit_clip::Scoring;
    use refit_pairs::Facts;
    use refit_pairs::filter::filter;

    fn head(labels: &[&str], weights: &[f32]) -> Head {
        Head {
            name: "mine".to_owned(),
            labels: labels.iter().map(|label| (*label).to_owned()).collect(),
            width: 2,
            weights: weights.to_vec(),
            scoring: Scoring::Linear {
                biases: vec![0.25; labels.len()],
            },
            model: None,
            stacked: 0,
            rescaled: false,
        }
    }

    #[test]
    fn heads_keep_scores_and_classes() {
        let score = head(&["aesthetic"], &[1.0, 0.0]);
        let classes = head(&["a, b", "c", "d"], &[1.0, 0.0, 0.0, 1.0, 0.0, 1.0]);
        let vectors = [[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]];
        let facts = vectors.map(|vector| Facts {
            heads: [&score, &classes]
                .map(|head| told(&head.classes(2).unwrap(), &vector))
                .to_vec(),
            ..Facts::default()
        });
        assert_eq!(facts[2].heads, [Told::Score(0.85), Told::Class(1)]);
        let kept = |rule: Rule| filter(&facts, &[rule], None).kept;
        assert_eq!(
            kept(head_rule(&score, 0, " 0.85 ").unwrap()),
            [true, false, true]
        );
        let of_two = head_rule(&classes, 1, "\"a, b\", d").unwrap();
        assert_eq!(of_two.to_string(), "class by mine is one of those named");
        assert_eq!(kept(of_two), [true, false, false]);
        // A rule of a head that was not asked takes out all, and counts them as not known.
        let other = filter(&facts, &[head_rule(&score, 1, "0").unwrap()], None);
        assert_eq!((other.left(), other.counts[0].unknown), (0, 3));
    }

    #[test]
    fn what_a_head_cannot_keep_is_a_sentence() {
        let classes = head(&["a", "b", "c", "d", "e", "f"], &[0.0; 12]);
        let said = |kept: &str| head_rule(&classes, 0, kept).unwrap_err();
        assert!(said("a, x").contains("“x” is none of the classes of mine: a, b, c, d, e, …"));
        assert!(said(" ,").contains("which classes"));
        let score = head(&["s"], &[0.0; 2]);
        assert!(
            head_rule(&score, 0, "a")
                .unwrap_err()
                .contains("gives a score")
        );
        assert!(head_rule(&score, 0, "NaN").is_err());
    }
}
