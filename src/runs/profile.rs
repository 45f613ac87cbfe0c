//! open_clip's table of architectures (`model_profile.csv`): nothing is measured in it, and it
//! tells the compute of tables that name its models.

use super::checkpoint;
use super::collect::cells::text;
use super::mapping::flops;
use super::number::{self, Cells, ParsedNumber};
use super::report::RejectReason;
use crate::study::Study;
use crate::study::architecture::ArchitectureCost;
use std::collections::BTreeMap;

/// Where its columns are.
pub(super) struct ProfileColumns {
    model: usize,
    image_size: usize,
    /// GFLOPs of a forward pass.
    gflops: usize,
    /// Millions of parameters: in all, image tower, text tower.
    mparams: [usize; 3],
}

/// What it has besides, which nothing is worked out from.
const OTHERS: [&str; 5] = [
    "image_width",
    "text_width",
    "embed_dim",
    "image_gflops",
    "text_gflops",
];

impl ProfileColumns {
    /// `None` of any other table, such as one with measurements beside these columns.
    pub(super) fn of(names: &[String]) -> Option<ProfileColumns> {
        let find = |name: &str| names.iter().position(|n| n == name);
        let found = ProfileColumns {
            model: find("model")?,
            image_size: find("image_size")?,
            gflops: find("gflops")?,
            mparams: [
                find("mparams")?,
                find("image_mparams")?,
                find("text_mparams")?,
            ],
        };
        let other = |(i, name): (usize, &String)| found.takes(i) || OTHERS.contains(&name.as_str());
        names.iter().enumerate().all(other).then_some(found)
    }

    pub(super) fn takes(&self, column: usize) -> bool {
        let [all, image, text] = self.mparams;
        [self.model, self.image_size, self.gflops, all, image, text].contains(&column)
    }

    /// An architecture, its compute in GFLOPs; or the column that is wrong.
    pub(super) fn row(
        &self,
        cells: &dyn Cells,
        comma: bool,
    ) -> Result<ArchitectureCost, (usize, RejectReason)> {
        let model = text(cells.get(self.model)).map_err(|why| (self.model, why))?;
        if model.is_empty() {
            return Err((self.model, RejectReason::Empty));
        }
        let positive = |column: usize| match number::number(cells.get(column), comma) {
            ParsedNumber::Of { value, .. } if value > 0.0 && value.is_normal() => Ok(value),
            ParsedNumber::Of { value, .. } => Err((column, RejectReason::NotAboveZero(value))),
            ParsedNumber::Missing => Err((column, RejectReason::Empty)),
            ParsedNumber::None => {
                let cell = text(cells.get(column)).unwrap_or_default();
                Err((column, RejectReason::NotANumber(cell.into_owned())))
            }
        };
        let [all, image, text] = self.mparams;
        Ok(ArchitectureCost {
            family: checkpoint::family(&model).to_owned(),
            name: checkpoint::architecture(&model).to_owned(),
            image_size: positive(self.image_size)? as u32,
            compute_per_sample: positive(self.gflops)?,
            mparams: [positive(all)?, positive(image)?, positive(text)?],
        })
    }
}

/// Adds architectures, their compute in GFLOPs, to those of each study that has any; a study's own
/// stay as they are.
pub fn add_architectures(
    known: &mut BTreeMap<Study, Vec<ArchitectureCost>>,
    found: &[ArchitectureCost],
) {
    for (study, known) in known.iter_mut().filter(|(_, known)| !known.is_empty()) {
        let Some(unit) = flops(&study.compute_unit) else {
            continue;
        };
        for new in found {
            let is = |a: &ArchitectureCost| a.family == new.family && a.name == new.name;
            if !known.iter().any(is) {
                known.push(ArchitectureCost {
                    compute_per_sample: new.compute_per_sample * 1e9 / unit,
                    ..new.clone()
                });
            }
        }
    }
}
