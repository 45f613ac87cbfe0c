//! A loss as text: its kind, and its parameter after a colon (`huber:0.001`).

use crate::decimal;
use refit_fit::Loss;

/// Reads what [`Loss::id`] writes; the parameter may be left out.
pub fn parse(text: &str) -> Option<Loss> {
    match text.split_once(':') {
        None => Loss::new(text, None),
        Some((kind, parameter)) => Loss::new(kind, Some(decimal::parse(parameter)?)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_read_back() {
        for loss in Loss::ALL {
            assert_eq!(parse(&loss.id()), Some(loss));
            assert_eq!(parse(loss.kind()), Some(loss));
        }
        for bad in [
            "",
            "cubes",
            "huber:",
            "huber:-1",
            "huber:nan",
            "squares:2",
            "binomial:0",
        ] {
            assert_eq!(parse(bad), None, "{bad}");
        }
    }
}
