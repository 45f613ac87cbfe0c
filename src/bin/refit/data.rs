//! The bundled data files, and `refit data`.

use refit::analysis::{Analysis, Choices};
use refit::claim::{Library, Printed};
use refit::study::{DataError, Study, Table};

macro_rules! files {
    ($($path:literal),* $(,)?) => {
        [$(($path, include_str!(concat!("../../../", $path)))),*]
    };
}

const FILES: [(&str, &str); 15] = files![
    "data/comparison/architectures.csv",
    "data/comparison/sweep.csv",
    "data/comparison/segmentation.csv",
    "data/comparison/plotted_frontier.csv",
    "data/comparison/plotted_curves.csv",
    "data/comparison/plotted_means.csv",
    "data/openclip/architectures.csv",
    "data/openclip/zeroshot.csv",
    "data/openclip/probes.csv",
    "data/openclip/learning_curves.csv",
    "data/printed/coefficients.csv",
    "data/printed/predictions.csv",
    "data/printed/measurements.csv",
    "data/printed/finetuning.csv",
    "data/printed/optimal_samples.csv",
];

fn read(path: &str) -> Result<String, DataError> {
    FILES
        .iter()
        .find(|(name, _)| *name == path)
        .map(|(_, text)| (*text).to_owned())
        .ok_or_else(|| DataError::whole(path, "is not part of this program"))
}

pub(crate) fn library() -> Result<Library, String> {
    Library::read_all(read).map_err(|e| e.to_string())
}

pub(crate) fn printed() -> Result<Printed, String> {
    Printed::read(read).map_err(|e| e.to_string())
}

pub(crate) fn list() -> Result<(), String> {
    let library = library()?;
    for study in Study::ALL {
        say!(
            "{} — {} (arXiv {}), compute in {}",
            study.id(),
            study.title(),
            study.arxiv(),
            study.compute_unit()
        );
        for table in Table::of(study) {
            let rows = library.tables.get(&table).map_or(&[][..], Vec::as_slice);
            say!("  {} — {}: {} rows", table.id(), table.title(), rows.len());
            let mut analysis = Analysis::of(table);
            analysis.settle(rows);
            for dataset in Choices::of(&analysis, rows).datasets {
                analysis.dataset = dataset;
                let metrics = Choices::of(&analysis, rows).metrics;
                say!("    {}: {}", analysis.dataset, metrics.join(", "));
            }
        }
    }
    Ok(())
}
