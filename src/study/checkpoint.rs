//! The studies' checkpoints that the page can run (`data/checkpoints.csv`): where the files are,
//! and which measured point each of them is.

use super::read::DataError;
use super::{Columns, Measurement, Study, read_rows};

pub const PATH: &str = "data/checkpoints.csv";

/// A published file of weights.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PublishedCheckpoint {
    /// In an address of this page.
    pub id: String,
    /// `None` of a model that neither study measured.
    pub study: Option<Study>,
    pub run: String,
    pub family: String,
    pub architecture: String,
    pub pretrain: String,
    pub schedule: String,
    pub samples: String,
    pub address: String,
    /// `None` where it is said only at the source, or not at all.
    pub licence: Option<String>,
    /// The page about it.
    pub source: String,
}

pub fn read(text: &str) -> Result<Vec<PublishedCheckpoint>, DataError> {
    const COLUMNS: Columns = Columns {
        required: &[
            "id",
            "study",
            "run",
            "family",
            "architecture",
            "pretrain",
            "schedule",
            "samples",
            "address",
            "licence",
            "source",
        ],
        optional: &[],
    };
    read_rows(PATH, text, &COLUMNS, |cell| {
        let study = cell.text("study");
        let study = match study.as_str() {
            "" => None,
            id => match Study::find(id) {
                Some(study) => Some(study),
                None => return Err(cell.error("study", format!("“{id}” is no study"))),
            },
        };
        Ok(PublishedCheckpoint {
            id: cell.name("id")?,
            study,
            run: cell.text("run"),
            family: cell.name("family")?,
            architecture: cell.name("architecture")?,
            pretrain: cell.name("pretrain")?,
            schedule: cell.name("schedule")?,
            samples: cell.name("samples")?,
            address: cell.name("address")?,
            licence: Some(cell.text("licence")).filter(|licence| !licence.is_empty()),
            source: cell.name("source")?,
        })
    })
}

impl PublishedCheckpoint {
    /// Whether a row of the study's table is a measurement of this checkpoint. The comparison
    /// study's sweep does not name runs; its row is the best of those that share the rest.
    pub fn is_of(&self, study: Study, row: &Measurement) -> bool {
        self.study == Some(study)
            && self.family == row.family
            && self.architecture == row.architecture
            && self.pretrain == row.pretrain
            && self.schedule == row.schedule
            && self.samples == row.samples
            && (row.run.is_empty() || row.run == self.run)
    }

    /// The pre-training set as its study calls it; of a model that no study measured, as any does.
    pub fn pretrain_name(&self) -> &str {
        let names = self.study.into_iter().chain(Study::bundled());
        let mut names = names.map(|study| super::names::pretrain(study, &self.pretrain));
        let name = names.find(|name| *name != self.pretrain);
        name.unwrap_or(&self.pretrain)
    }

    /// What readers call it.
    pub fn name(&self) -> String {
        let family = if self.family == "mammut" {
            "MaMMUT "
        } else {
            ""
        };
        format!(
            "{family}{}, {}, {} samples",
            self.architecture,
            self.pretrain_name(),
            self.samples
        )
    }
}

/// The id of the checkpoint behind a measured point, if the page can run it: looked up in the file
/// without reading the rest, as a tooltip needs no more.
pub fn id_of<'a>(file: &'a str, study: Study, row: &Measurement) -> Option<&'a str> {
    let mut lines = file.lines();
    let names: Vec<&str> = lines.next()?.split(',').collect();
    let wanted = [
        ("study", study.reference()),
        ("family", &row.family),
        ("architecture", &row.architecture),
        ("pretrain", &row.pretrain),
        ("schedule", &row.schedule),
        ("samples", &row.samples),
        ("run", &row.run),
    ];
    let found = lines.find(|line| {
        let mut cells = names.iter().zip(line.split(','));
        cells.all(|(name, cell)| {
            let value = wanted.iter().find(|(column, _)| column == name);
            // A sweep names no runs; its row is the best of those that share the rest.
            value.is_none_or(|(_, value)| *value == cell || (*name == "run" && value.is_empty()))
        })
    })?;
    found.split(',').next()
}

/// The checkpoint of the other family that saw as many samples of the same data at the same
/// scale.
pub fn sibling<'a>(all: &'a [PublishedCheckpoint], id: &str) -> Option<&'a PublishedCheckpoint> {
    let own = all.iter().find(|checkpoint| checkpoint.id == id)?;
    all.iter().find(|other| {
        other.family != own.family
            && other.study == own.study
            && other.architecture == own.architecture
            && other.pretrain == own.pretrain
            && other.schedule == own.schedule
            && other.samples == own.samples
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Table, bundled};
    use std::fs;

    #[test]
    fn every_checkpoint_is_a_measured_point() {
        let text = fs::read_to_string(PATH).unwrap();
        let all = read(&text).unwrap();
        let rows = |id| bundled::read(Table::find(id).unwrap()).0;
        let (zeroshot, sweep, runs) = (rows("zeroshot"), rows("sweep"), rows("segmentation"));
        for checkpoint in &all {
            let same_id = all.iter().filter(|other| other.id == checkpoint.id);
            assert_eq!(same_id.count(), 1, "{}", checkpoint.id);
            assert!(checkpoint.address.starts_with("https://huggingface.co/"));
            let Some(study) = checkpoint.study else {
                continue;
            };
            let table = if study.id == "openclip" {
                &zeroshot
            } else {
                &sweep
            };
            let imagenet = |row: &&Measurement| row.dataset == "imagenet1k" && row.metric == "acc1";
            let own = |row: &&Measurement| checkpoint.is_of(study, row);
            let found: Vec<&Measurement> = table.iter().filter(own).filter(imagenet).collect();
            let [row] = found[..] else {
                panic!("{}", checkpoint.id);
            };
            // Of two containers of the same weights either will do.
            let offered = id_of(&text, study, row);
            let offered = all.iter().find(|c| offered == Some(&c.id)).unwrap();
            assert_eq!(offered.run, checkpoint.run);
            if study.id == "comparison" {
                // The run whose accuracy is the sweep's, to its three decimals.
                let run = runs
                    .iter()
                    .filter(imagenet)
                    .find(|row| row.run == checkpoint.run);
                let own = run.expect("a run of the release").value;
                assert!(
                    (own - row.value).abs() < 5.001e-4,
                    "{}: {own}",
                    checkpoint.id
                );
            }
        }
        let openclip = |architecture: &str| {
            let of =
                |c: &&PublishedCheckpoint| c.run.ends_with(".pt") && c.architecture == architecture;
            all.iter()
                .filter(of)
                .filter(|c| c.address.ends_with(".pt"))
                .count()
        };
        assert_eq!((openclip("ViT-B-32"), openclip("ViT-B-16")), (9, 9));
    }

    #[test]
    fn a_mammut_has_a_clip_of_its_scale() {
        let all = read(&fs::read_to_string(PATH).unwrap()).unwrap();
        let mammuts = all.iter().filter(|c| c.family == "mammut");
        let ids: Vec<&str> = mammuts.map(|c| c.id.as_str()).collect();
        assert_eq!(ids.len(), 33);
        let paired = ids.iter().filter_map(|id| Some((id, sibling(&all, id)?)));
        for (id, clip) in paired {
            assert_eq!(clip.family, "clip");
            assert_eq!(sibling(&all, &clip.id).map(|c| c.id.as_str()), Some(*id));
        }
        // Of CLIP at these scales the list has no checkpoint.
        let alone: Vec<&&str> = ids
            .iter()
            .filter(|id| sibling(&all, id).is_none())
            .collect();
        assert_eq!(
            alone,
            [
                &"mammut-b-32-datacomp-640m",
                &"mammut-b-32-datacomp-64m",
                &"mammut-b-32-datacomp-6.4m"
            ]
        );
    }
}
