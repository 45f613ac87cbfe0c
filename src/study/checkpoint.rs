//! The studies' checkpoints that the page can run (`data/checkpoints.csv`): where the files are,
//! and which measured point each of them is.

use super::read::DataError;
use super::{Measurement, Study, read_rows};

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
    let header = [
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
    ];
    read_rows(PATH, text, &header, |cell| {
        let study = cell.text("study");
        let study = match study.as_str() {
            "" => None,
            id => match Study::ALL.into_iter().find(|study| study.id() == id) {
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

    /// The id of the checkpoint behind a measured point, if the page can run it.
    pub fn id_of(study: Study, row: &Measurement) -> Option<String> {
        let architecture = row.architecture.strip_prefix("ViT-")?;
        let pretrain = match study {
            Study::Openclip if row.run.starts_with("Model-B-") => row.pretrain.as_str(),
            Study::Comparison
                if matches!(row.family.as_str(), "clip" | "mammut")
                    && matches!(architecture, "S-32" | "M-32" | "B-32")
                    && (row.schedule.as_str(), row.pretrain.as_str())
                        == ("cosine", "datacomp_1b") =>
            {
                "datacomp"
            }
            _ => return None,
        };
        let family = if row.family == "mammut" {
            "mammut-"
        } else {
            ""
        };
        let mut id = format!("{family}{architecture}-{pretrain}-{}", row.samples);
        id.make_ascii_lowercase();
        Some(id)
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
            super::names::pretrain(&self.pretrain),
            self.samples
        )
    }
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
    use crate::study::{Table, read_measurements};
    use std::fs;

    fn rows(table: Table) -> Vec<Measurement> {
        let path = table.path();
        read_measurements(&path, &fs::read_to_string(&path).unwrap()).unwrap()
    }

    /// Top-1 accuracies on ImageNet-1k that belong to a checkpoint.
    fn accuracies(
        checkpoint: &PublishedCheckpoint,
        study: Study,
        rows: &[Measurement],
    ) -> Vec<f64> {
        let rows = rows.iter().filter(|row| checkpoint.is_of(study, row));
        let rows = rows.filter(|row| row.dataset == "imagenet1k" && row.metric == "acc1");
        rows.map(|row| row.value).collect()
    }

    #[test]
    fn every_checkpoint_is_a_measured_point() {
        let all = read(&fs::read_to_string(PATH).unwrap()).unwrap();
        let openclip = rows(Table::Zeroshot);
        let sweep = rows(Table::Sweep);
        let runs = rows(Table::Segmentation);
        for checkpoint in &all {
            assert_eq!(
                all.iter().filter(|other| other.id == checkpoint.id).count(),
                1
            );
            assert!(checkpoint.address.starts_with("https://huggingface.co/"));
            match checkpoint.study {
                None => {}
                Some(Study::Openclip) => {
                    let found = accuracies(checkpoint, Study::Openclip, &openclip);
                    assert_eq!(found.len(), 1, "{}", checkpoint.id);
                    if checkpoint.address.ends_with(".pt") {
                        let row = openclip
                            .iter()
                            .find(|row| checkpoint.is_of(Study::Openclip, row));
                        let id =
                            row.and_then(|row| PublishedCheckpoint::id_of(Study::Openclip, row));
                        assert_eq!(id.as_ref(), Some(&checkpoint.id));
                    }
                }
                // The run whose accuracy is the sweep's, to its three decimals.
                Some(Study::Comparison) => {
                    let [best] = accuracies(checkpoint, Study::Comparison, &sweep)[..] else {
                        panic!("{}", checkpoint.id);
                    };
                    let row = sweep
                        .iter()
                        .find(|row| checkpoint.is_of(Study::Comparison, row));
                    let id = row.and_then(|row| PublishedCheckpoint::id_of(Study::Comparison, row));
                    assert_eq!(id.as_ref(), Some(&checkpoint.id));
                    let own = runs.iter().find(|row| {
                        row.run == checkpoint.run
                            && row.dataset == "imagenet1k"
                            && row.metric == "acc1"
                    });
                    let own = own.expect("a run of the release").value;
                    assert!(
                        (own - best).abs() < 5.001e-4,
                        "{}: {own} {best}",
                        checkpoint.id
                    );
                }
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
