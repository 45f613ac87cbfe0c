//! What a description says that no type forbids.

use super::{Folder, Step};
use crate::claim::Printed;
use crate::finding;
use crate::study::description::LeftOut;
use std::collections::BTreeSet;

/// Units of compute that targets and mappings understand.
const UNITS: [&str; 6] = ["FLOPs", "GFLOPs", "TFLOPs", "PFLOPs", "MACs", "GMACs"];

impl Folder<'_> {
    pub(super) fn check_description(&mut self) {
        let description = self.description.clone();
        if description.title.trim().is_empty() {
            self.problem(&[Step::Key("title")], "a study needs a title");
        }
        let unit = &description.compute.unit;
        if !unit.is_empty() && !UNITS.contains(&unit.as_str()) {
            let at = [Step::Key("compute"), Step::Key("unit")];
            let known = UNITS.join(", ");
            self.problem(
                &at,
                format!("“{unit}” is no unit of compute; known: {known}"),
            );
        }
        if description.tables.is_empty() {
            self.problem(
                &[Step::Key("tables")],
                "a study needs a table of measurements",
            );
        }
        let mut ids = BTreeSet::new();
        for (i, table) in description.tables.iter().enumerate() {
            let at = [Step::Key("tables"), Step::Index(i), Step::Key("id")];
            let plain = |c: char| c.is_ascii_alphanumeric() || "_-".contains(c);
            if table.id.is_empty() || !table.id.chars().all(plain) {
                let message =
                    "a table’s id has letters, digits, “_” and “-” only: it is part of links";
                self.problem(&at, message);
            }
            if table.budgets.iter().any(|budget| *budget <= 0.0) {
                let at = [Step::Key("tables"), Step::Index(i), Step::Key("budgets")];
                self.problem(&at, "a compute budget is above zero");
            }
            if !ids.insert(table.id.as_str()) {
                self.problem(&at, format!("another table has the id “{}”, too", table.id));
            }
        }
        self.check_groups();
        for (i, rule) in description.left_out.iter().enumerate() {
            for table in rule.tables.iter().filter(|t| !ids.contains(t.as_str())) {
                let at = [Step::Key("left_out"), Step::Index(i), Step::Key("tables")];
                self.problem(&at, format!("there is no table “{table}”"));
            }
            if *rule
                == (LeftOut {
                    tables: rule.tables.clone(),
                    ..LeftOut::default()
                })
            {
                let at = [Step::Key("left_out"), Step::Index(i)];
                self.problem(
                    &at,
                    "the rule has no condition and would leave out every row",
                );
            }
        }
        for (i, id) in description.findings.iter().enumerate() {
            if !finding::is_registered(self.study, id) {
                let at = [Step::Key("findings"), Step::Index(i)];
                let message = format!("the program computes no finding “{id}” of this study");
                self.problem(&at, message);
            }
        }
    }

    /// A group has sets, not groups: so there is no cycle.
    fn check_groups(&mut self) {
        let groups = self.description.pretrain_groups.clone();
        for (name, sets) in &groups {
            let at = [Step::Key("pretrain_groups"), Step::Key(name)];
            if sets.is_empty() {
                self.problem(&at, format!("the group “{name}” is empty"));
            }
            for (i, set) in sets.iter().enumerate() {
                if groups.contains_key(set) {
                    let at = [at[0], at[1], Step::Index(i)];
                    let message = format!("“{set}” is a group itself: name its sets instead");
                    self.problem(&at, message);
                }
            }
        }
    }

    /// Laws that figures and reasons name are printed.
    pub(super) fn check_laws(&mut self, printed: &Printed) {
        let mut laws: BTreeSet<String> = BTreeSet::new();
        laws.extend(printed.coefficients.iter().map(|c| c.law.clone()));
        laws.extend(printed.surfaces.iter().map(|c| c.law.clone()));
        for (i, figure) in self.description.figures.clone().iter().enumerate() {
            for (j, law) in figure.laws.iter().enumerate() {
                if !laws.contains(law) {
                    let figures = [Step::Key("figures"), Step::Index(i)];
                    let at = [figures[0], figures[1], Step::Key("laws"), Step::Index(j)];
                    self.problem(&at, format!("no file of claims has a law “{law}”"));
                }
            }
        }
        for law in self.description.known_reasons.clone().keys() {
            if !laws.contains(law) {
                let at = [Step::Key("known_reasons"), Step::Key(law)];
                self.problem(&at, format!("no file of claims has a law “{law}”"));
            }
        }
    }
}
