//! What goes wrong in teaching, and what the reader can do.

use refit_clip::HeadError;
use refit_fit::logistic::{LogisticError, Shots, Skipped};

/// A classifier that cannot be taught; classes by their names.
pub fn sentence(error: &LogisticError, classes: &[String]) -> String {
    match error {
        LogisticError::OneClass => match classes {
            [one] => format!("All pictures are of one class, “{one}”; a head needs two or more."),
            _ => "A head needs pictures of two or more classes.".to_owned(),
        },
        LogisticError::NotFinite { row } => format!(
            "The embedding of picture {} has a number that is not finite; the model cannot encode it.",
            row + 1
        ),
        LogisticError::Constant => {
            "All pictures have the same embedding, so that nothing tells the classes apart; check that the pictures differ."
                .to_owned()
        }
        LogisticError::Width { have, need } => {
            format!("{have} numbers are no embeddings of {need} numbers each.")
        }
        LogisticError::TooFew { class, have, need } => format!(
            "“{}” has {} of {need} that are needed; add some.",
            name(classes, *class),
            pictures(*have)
        ),
        LogisticError::Strength => "The penalty must be a number above zero.".to_owned(),
        LogisticError::Stopped => "Stopped.".to_owned(),
    }
}

fn name(classes: &[String], class: usize) -> &str {
    classes.get(class).map_or("", String::as_str)
}

fn pictures(count: usize) -> String {
    match count {
        0 => "no picture".to_owned(),
        1 => "one picture".to_owned(),
        count => format!("{count} pictures"),
    }
}

/// Why a number of shots was left out.
pub(super) fn skipped_sentence(skipped: &Skipped, classes: &[String], has_tests: bool) -> String {
    let LogisticError::TooFew { class, have, need } = &skipped.reason else {
        return sentence(&skipped.reason, classes);
    };
    let shots = match skipped.shots {
        Shots::Of(1) => "1 shot needs".to_owned(),
        Shots::Of(count) => format!("{count} shots need"),
        Shots::All => "All shots need".to_owned(),
    };
    let test = if has_tests {
        ""
    } else {
        ", one of them to test on"
    };
    let (name, have) = (
        name(classes, *class),
        pictures(*have)
            .replace(" pictures", "")
            .replace(" picture", ""),
    );
    format!(
        "{shots} {} of each class{test}; “{name}” has {have}.",
        pictures(*need)
    )
}

/// What the mixed head is made of: so much of it is the taught head, by cross-validation.
pub fn mixed_sentence(share: f64) -> String {
    // Shares are tenths.
    let tenths = (10.0 * share).round();
    match tenths {
        0.0 => "by which the mixed head is the zero-shot classifier alone".to_owned(),
        10.0 => "by which the mixed head is the taught head alone: the class names add nothing"
            .to_owned(),
        tenths => format!(
            "by which the mixed head’s logits are {tenths} tenths the taught head’s and {} tenths the zero-shot classifier’s",
            10.0 - tenths
        ),
    }
}

/// A head that cannot be read or used.
pub fn head_sentence(error: &HeadError) -> String {
    let fact = error.to_string();
    let mut letters = fact.chars();
    let first = letters.next().map(|c| c.to_uppercase().to_string());
    let fact = format!("{}{}", first.unwrap_or_default(), letters.as_str());
    match error {
        HeadError::Width { model, rows, .. } if model == rows => {
            format!("{fact}: it has as many rows as that. Transpose it.")
        }
        HeadError::Width { .. } => format!("{fact}: it was made for another model. Load that one."),
        HeadError::NotLinear { .. } => {
            format!("{fact}; only heads without anything between their layers can be used.")
        }
        _ => format!("{fact}."),
    }
}
