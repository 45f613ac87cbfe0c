//! What one column is in a mapping, as the form shows it: each column has one role.

use super::{Compute, Field, Mapping, MappingError, Quantity, Score};
use crate::runs::amount::Amount;
use crate::runs::preview::Preview;

/// Roles of a column: as [`Mapping::set`] calls them, and for the reader.
pub const ROLES: [(&str, &str); 17] = [
    ("", "not used"),
    ("compute", "compute"),
    ("parameters", "parameters"),
    ("samples", "samples or tokens seen"),
    ("metric", "accuracy (higher is better)"),
    ("error", "error (lower is better)"),
    ("loss", "loss"),
    ("perplexity", "perplexity"),
    ("number", "another number"),
    ("standard_error", "standard error of a result"),
    ("dataset", "benchmark"),
    ("family", "family"),
    ("pretrain", "pre-training set"),
    ("architecture", "architecture"),
    ("schedule", "schedule"),
    ("run", "run name"),
    ("progress", "step or epoch so far"),
];

impl Mapping {
    /// What a column is used for; the empty text where it is not. The first of several.
    pub fn role(&self, column: &str) -> &'static str {
        let is = |field: &Field| matches!(field, Field::Column(name) if name == column);
        if let Some(score) = self.scores.iter().find(|s| s.column == column) {
            let kind = Quantity::ALL.iter().find(|(q, _)| *q == score.quantity);
            return kind.map_or("", |(_, id)| id);
        }
        let spread = |s: &Score| s.standard_error.as_deref() == Some(column);
        if self.scores.iter().any(spread) {
            return "standard_error";
        }
        let of = |amount: &Amount| amount.columns().any(|c| c == column);
        let takes = |amount: &Option<Amount>| amount.as_ref().is_some_and(of);
        let compute = matches!(&self.compute, Some(Compute::Amount(amount)) if of(amount));
        let field = || self.fields().into_iter().find(|(_, field)| is(field));
        match () {
            () if takes(&self.parameters) => "parameters",
            () if takes(&self.samples) => "samples",
            () if compute => "compute",
            () if self.progress.as_deref() == Some(column) => "progress",
            () => field().map_or("", |(name, _)| name),
        }
    }

    /// Gives a column another role, in the unit that its name and values tell.
    pub fn assign(
        &mut self,
        column: &str,
        role: &str,
        preview: &Preview,
    ) -> Result<(), MappingError> {
        self.release(column);
        match role {
            "" => {}
            "compute" => {
                let study = self.study;
                let known = preview.compute_of(column);
                let (compute, of) = known.unwrap_or((Compute::column(column, 1.0), study));
                // In the unit of its name first, then in that of the study it joins.
                self.study = of;
                self.compute = Some(compute);
                self.set_study(study);
            }
            "parameters" => self.parameters = Some(preview.amount_of(column)),
            "samples" => self.samples = Some(preview.amount_of(column)),
            role => {
                let role = if role == "metric" { "score" } else { role };
                let map = format!("{role}={column}");
                match self.set(&map, &preview.columns) {
                    // Named like a loss, but the reader knows better.
                    Err(MappingError::LossAsError { .. }) => {
                        self.set(&format!("{map}:percent"), &preview.columns)?;
                    }
                    outcome => outcome?,
                }
            }
        }
        Ok(())
    }

    /// Leaves a column out.
    fn release(&mut self, column: &str) {
        let plain = Mapping::default();
        self.scores.retain(|score| score.column != column);
        for score in &mut self.scores {
            score.standard_error.take_if(|of| of == column);
        }
        let of = |amount: &Amount| amount.columns().any(|c| c == column);
        self.parameters.take_if(|amount| of(amount));
        self.samples.take_if(|amount| of(amount));
        self.compute
            .take_if(|compute| matches!(compute, Compute::Amount(amount) if of(amount)));
        self.progress.take_if(|progress| progress == column);
        let fields = [
            (&mut self.dataset, plain.dataset),
            (&mut self.family, plain.family),
            (&mut self.pretrain, plain.pretrain),
            (&mut self.tags, plain.tags),
            (&mut self.architecture, plain.architecture),
            (&mut self.schedule, plain.schedule),
            (&mut self.run, plain.run),
        ];
        for (field, plain) in fields {
            if matches!(field, Field::Column(name) if name == column) {
                *field = plain;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn preview() -> Preview {
        Preview {
            columns: ["flops", "val_loss", "model", "n"]
                .map(str::to_owned)
                .to_vec(),
            ..Preview::default()
        }
    }

    proptest::proptest! {
        /// What is assigned last is what a column is, and no other column's result is lost.
        #[test]
        fn a_column_has_the_role_that_it_was_given(
            steps in proptest::collection::vec((0usize..4, 0usize..ROLES.len()), 1..12),
        ) {
            let preview = preview();
            let mut mapping = Mapping::default();
            for (column, role) in steps {
                let results = |m: &Mapping| m.scores.iter().map(|s| s.column.clone()).collect::<Vec<_>>();
                let (column, role) = (&preview.columns[column], ROLES[role].0);
                let mut before = results(&mapping);
                before.retain(|name| name != column);
                let assigned = mapping.assign(column, role, &preview);
                // A standard error is of some result.
                let lost = role == "standard_error" && before.is_empty();
                proptest::prop_assert_eq!(assigned.is_err(), lost);
                proptest::prop_assert_eq!(mapping.role(column), if lost { "" } else { role });
                let after = results(&mapping);
                proptest::prop_assert!(before.iter().all(|name| after.contains(name)));
            }
        }
    }

    #[test]
    fn a_loss_that_the_reader_calls_an_error_is_in_percent() {
        let mut mapping = Mapping::default();
        mapping.assign("val_loss", "error", &preview()).unwrap();
        assert_eq!(mapping.scores[0].scale, crate::runs::UnitScale::Percent);
    }
}
