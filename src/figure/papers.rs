//! The figures that a study describes (`study.json`), as analyses of its measurements.

use crate::analysis::drawing::Drawing;
use crate::analysis::{Analysis, from_study};
use crate::study::Study;
pub use crate::study::description::Figure;

impl Figure {
    pub fn analysis(&self, study: Study) -> Analysis {
        from_study(study, &self.query).0
    }

    pub fn drawing(&self) -> Drawing {
        Drawing::from_query(&self.query)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::comparison::Pair;
    use crate::analysis::{from_query, link, run};
    use crate::claim::{Library, Printed};
    use crate::study::bundled;
    use refit_fit::compare::Needed;

    fn library() -> Library {
        Library::read_all(&Study::bundled(), bundled::text).unwrap()
    }

    fn printed() -> Printed {
        Printed::read(&Study::bundled(), bundled::text).unwrap()
    }

    fn figures(printed: &Printed) -> impl Iterator<Item = (Study, &Figure)> {
        let studies = printed.descriptions.iter();
        studies.flat_map(|(study, d)| d.figures.iter().map(|figure| (*study, figure)))
    }

    #[test]
    fn every_figure_is_drawn_from_the_data() {
        let (library, printed) = (library(), printed());
        for (study, figure) in figures(&printed) {
            let (mut analysis, notices) = from_study(study, &figure.query);
            assert_eq!(notices, [], "{}", figure.title);
            assert_eq!(analysis.study(), study, "{}", figure.title);
            let asked = analysis.clone();
            let rows = library.rows(analysis.table).unwrap();
            assert_eq!(analysis.settle(rows), [], "{}", figure.title);
            assert_eq!(analysis, asked);
            let outcome = run(&analysis, rows, library.architectures(analysis.study()));
            let series =
                analysis.families.len() * analysis.pretrains.len() * analysis.schedules.len();
            assert_eq!(outcome.series.len(), series, "{}", figure.title);
            for series in &outcome.series {
                assert!(series.fit.is_ok(), "{}: {:?}", figure.title, series.fit);
                let predicted = series.predictions.iter().all(Result::is_ok);
                assert!(predicted, "{}: {:?}", figure.title, series.predictions);
            }
            let drawing = figure.drawing();
            let picture = super::super::picture(&analysis, &outcome, rows, &drawing);
            assert!(picture.dots.len() > 4, "{}", figure.title);
            for law in &figure.laws {
                assert!(printed.coefficients.iter().any(|c| c.law == *law), "{law}");
            }
            let link = link(&analysis, &drawing);
            assert_eq!(from_query(&link, &[]).0, analysis);
            assert_eq!(Drawing::from_query(&link), drawing);
        }
    }

    /// "9.5 × 10¹⁰ …" or "10¹¹ …", or a plain number.
    fn leading(text: &str) -> f64 {
        let digit = |c: char| "⁰¹²³⁴⁵⁶⁷⁸⁹".chars().position(|s| s == c);
        let plain = |t: &str| t.split(' ').next().unwrap().parse::<f64>();
        let (mantissa, rest) = match text.split_once(" × 10") {
            Some((mantissa, rest)) if plain(mantissa).is_ok() => (mantissa, rest),
            _ => match text.strip_prefix("10") {
                Some(rest) if rest.starts_with(|c| digit(c).is_some()) => ("1", rest),
                _ => return plain(text).unwrap(),
            },
        };
        let exponent = rest.chars().map_while(digit).fold(0, |e, d| 10 * e + d);
        plain(mantissa).unwrap() * 10f64.powi(exponent as i32)
    }

    #[test]
    fn captions_say_what_the_data_show() {
        let (library, printed) = (library(), printed());
        let (mut crossed, mut needed) = (0, 0);
        let figures = figures(&printed);
        for (study, figure) in figures.filter(|(study, _)| study.id == "comparison") {
            let analysis = figure.analysis(study);
            let rows = library.rows(analysis.table).unwrap();
            let outcome = run(&analysis, rows, library.architectures(analysis.study()));
            let [one, two, ..] = &outcome.series[..] else {
                continue;
            };
            let pair = Pair {
                a: one.fit.as_ref().unwrap(),
                b: two.fit.as_ref().unwrap(),
                resamples: None,
            };
            let (low, high) = outcome.range().unwrap();
            let crossings = pair.crossings((low, 30.0 * high));
            if let Some((_, at)) = figure.sentence.split_once("at about ") {
                let last = crossings.last().expect(&figure.sentence);
                assert!(last.second_is_lower_beyond, "{}", figure.sentence);
                assert!((last.x / leading(at) - 1.0).abs() < 0.06, "{last:?} {at}");
                crossed += 1;
            }
            if let Some((at, times)) = figure.sentence.split_once(" needs ") {
                let at = at.rsplit_once("At ").unwrap().1;
                let Needed::At(real) = pair.times(leading(at)) else {
                    panic!("{}", figure.sentence)
                };
                // Two digits.
                assert!(
                    (real / leading(times) - 1.0).abs() < 0.02,
                    "{real} for {times}"
                );
                needed += 1;
            }
            if figure.sentence.contains("cross twice") {
                assert!(
                    crossings.len() == 2 && crossings[1].x > high,
                    "{crossings:?}"
                );
            }
        }
        assert_eq!((crossed, needed), (5, 5));
    }

    #[test]
    fn every_printed_law_stands_in_a_figure() {
        let printed = printed();
        for coefficient in &printed.coefficients {
            let found = figures(&printed).any(|(_, f)| f.laws.contains(&coefficient.law));
            assert!(found, "{}", coefficient.law);
        }
    }
}
