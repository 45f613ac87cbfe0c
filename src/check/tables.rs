//! Whether queries select what the tables have, and the tables agree with themselves.

use super::{Folder, Step};
use crate::analysis::{Analysis, from_study, run};
use crate::claim::Library;
use crate::study::{Measurement, Table};

/// Compute may differ from an architecture's times the samples by rounding and padding, not by this.
const UNITS_DIFFER: f64 = 1.5;

impl Folder<'_> {
    /// Every table's opening view and every figure select points.
    pub(super) fn check_queries(&mut self, library: &Library) {
        for (i, table) in self.study.tables().enumerate() {
            let at = [Step::Key("tables"), Step::Index(i), Step::Key("opens")];
            // Read without its table, which comes of the description.
            let query = format!("table={}&{}", table.id, table.opens);
            self.check_query(&query, &at, library);
            self.check_units(table, i, library);
        }
        for (i, figure) in self.description.figures.clone().iter().enumerate() {
            let at = [Step::Key("figures"), Step::Index(i), Step::Key("query")];
            self.check_query(&figure.query, &at, library);
        }
    }

    fn check_query(&mut self, query: &str, at: &[Step], library: &Library) {
        let (mut analysis, notices) = from_study(self.study, query);
        for notice in notices {
            self.problem(at, format!("The query {}.", notice.fact()));
        }
        let Some(rows) = library.tables.get(&analysis.table) else {
            // That the table cannot be read has been said.
            return;
        };
        let unknown = analysis.settle(rows);
        for name in &unknown {
            self.problem(at, name.to_string());
        }
        if !unknown.is_empty() {
            return;
        }
        let outcome = run(&analysis, rows, library.architectures(self.study));
        // A table whose rows tell no place on any axis is for accuracy against accuracy alone.
        let placed = |m: &Measurement| m.compute.or(m.samples_seen).or(m.parameters).is_some();
        let drawable = rows.iter().any(placed) || !library.architectures(self.study).is_empty();
        if drawable && outcome.series.is_empty() {
            let message = format!("selects no point: no row has {}", wanted(&analysis));
            self.problem(at, message);
        }
    }

    /// The compute of rows is in the unit of the architectures' compute.
    fn check_units(&mut self, table: Table, i: usize, library: &Library) {
        let architectures = library.architectures(self.study);
        let Some(rows) = library.tables.get(&table) else {
            return;
        };
        let mut ratios: Vec<f64> = Vec::new();
        for m in rows {
            let known = architectures
                .iter()
                .find(|a| a.family == m.family && a.name == m.architecture);
            if let (Some(known), Some(samples), Some(compute)) = (known, m.samples_seen, m.compute)
            {
                ratios.push(compute / (known.compute_per_sample * samples));
            }
        }
        ratios.sort_by(f64::total_cmp);
        let Some(median) = ratios.get(ratios.len() / 2) else {
            return;
        };
        if *median > UNITS_DIFFER || *median < 1.0 / UNITS_DIFFER {
            let at = [Step::Key("tables"), Step::Index(i), Step::Key("file")];
            let message = format!(
                "units disagree: compute is {median:.3e} times the architecture’s compute per sample × samples seen"
            );
            self.problem(&at, message);
        }
    }
}

/// What a query asks for, in words.
fn wanted(analysis: &Analysis) -> String {
    format!(
        "{} {} of {} on {} with schedule {}",
        analysis.dataset,
        analysis.metric,
        analysis.families.join(" or "),
        analysis.pretrains.join(" or "),
        analysis.schedules.join(" or ")
    )
}
