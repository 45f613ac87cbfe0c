//! What was trained and measured: the two studies, their tables, typed rows, selecting and frontiers.
//!
//! Columns, units and sources are described in `data/README.md`.

pub mod architecture;
pub mod checkpoint;
pub mod digest;
pub mod frontier;
pub mod names;
pub mod packed;
mod read;
pub mod select;
pub mod training;

pub(crate) use read::{Cell, read_rows};
pub use read::{DataError, Measurement, read_measurements};

use serde::{Deserialize, Serialize};

/// One of the two papers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Study {
    /// arXiv 2212.07143
    Openclip,
    /// arXiv 2506.04598
    Comparison,
}

impl Study {
    pub const ALL: [Study; 2] = [Study::Comparison, Study::Openclip];

    pub fn id(self) -> &'static str {
        match self {
            Study::Openclip => "openclip",
            Study::Comparison => "comparison",
        }
    }

    pub fn title(self) -> &'static str {
        match self {
            Study::Openclip => "Reproducible scaling laws for contrastive language-image learning",
            Study::Comparison => {
                "Scaling Laws for Robust Comparison of Open Foundation Language-Vision Models and Datasets"
            }
        }
    }

    pub fn arxiv(self) -> &'static str {
        match self {
            Study::Openclip => "2212.07143",
            Study::Comparison => "2506.04598",
        }
    }

    /// Unit of the compute axis. The two must not be mixed: a MAC is about two FLOPs.
    pub fn compute_unit(self) -> &'static str {
        match self {
            Study::Openclip => "GMACs",
            Study::Comparison => "GFLOPs",
        }
    }

    /// Compute above which the released analysis holds runs out, in [`Study::compute_unit`].
    pub fn authors_threshold(self) -> Option<f64> {
        match self {
            Study::Openclip => None,
            Study::Comparison => Some(1e12),
        }
    }
}

/// A file of measurements. All tables share one schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Table {
    Zeroshot,
    Probes,
    LearningCurves,
    Sweep,
    Segmentation,
    PlottedFrontier,
    PlottedCurves,
    PlottedMeans,
}

impl Table {
    pub const ALL: [Table; 8] = [
        Table::Sweep,
        Table::Segmentation,
        Table::PlottedFrontier,
        Table::PlottedCurves,
        Table::PlottedMeans,
        Table::Zeroshot,
        Table::Probes,
        Table::LearningCurves,
    ];

    /// The tables of a study, the one that opens first in front.
    pub fn of(study: Study) -> impl Iterator<Item = Table> {
        Table::ALL.into_iter().filter(move |t| t.study() == study)
    }

    pub fn study(self) -> Study {
        match self {
            Table::Zeroshot | Table::Probes | Table::LearningCurves => Study::Openclip,
            _ => Study::Comparison,
        }
    }

    pub fn id(self) -> &'static str {
        match self {
            Table::Zeroshot => "zeroshot",
            Table::Probes => "probes",
            Table::LearningCurves => "learning_curves",
            Table::Sweep => "sweep",
            Table::Segmentation => "segmentation",
            Table::PlottedFrontier => "plotted_frontier",
            Table::PlottedCurves => "plotted_curves",
            Table::PlottedMeans => "plotted_means",
        }
    }

    /// What a row of it is, in words for the reader.
    pub fn title(self) -> &'static str {
        match self {
            Table::Zeroshot => "Zero-shot, every checkpoint",
            Table::Probes => "Linear probes",
            Table::LearningCurves => "Every epoch of the training runs",
            Table::Sweep => "Best of each sweep",
            Table::Segmentation => "Every run of the segmentation study",
            Table::PlottedFrontier => "Points that the printed fit used",
            Table::PlottedCurves => "Plotted curves by model",
            Table::PlottedMeans => "Plotted means over the sweep",
        }
    }

    /// Path of the file, relative to the page and to the repository.
    pub fn path(self) -> String {
        format!("data/{}/{}.csv", self.study().id(), self.id())
    }
}
