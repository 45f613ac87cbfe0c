//! Names of the data, as readers know them.

use super::{Measurement, Study, UNSPECIFIED};

/// Downstream sets: identifier, name as the papers write it.
const DATASETS: [(&str, &str); 15] = [
    ("imagenet1k", "ImageNet-1k"),
    ("imagenet_robustness", "ImageNet robustness (5 sets)"),
    (
        "imagenet_distribution_shift",
        "ImageNet distribution shifts",
    ),
    ("imagenet-r", "ImageNet-R"),
    ("imagenet-a", "ImageNet-A"),
    ("imagenetv2", "ImageNet-V2"),
    ("imagenet_sketch", "ImageNet-Sketch"),
    ("imagenet1k-unverified", "ImageNet-1k (probe)"),
    ("datacomp_classification", "DataComp average (35 sets)"),
    ("mscoco_captions", "MS-COCO"),
    ("flickr30k", "Flickr30k"),
    ("ade20k", "ADE20K"),
    ("vtab", "VTAB (19 sets)"),
    ("vtab+", "VTAB+ (35 sets)"),
    ("objectnet", "ObjectNet"),
];

/// The name that a study gives an identifier of a kind.
fn own<'a>(study: Study, kind: &str, id: &'a str) -> Option<&'a str> {
    let mut names = study.head().names.iter();
    let found = names.find(|[k, i, _]| k == kind && i == id);
    found.map(|[_, _, name]| name.as_str())
}

/// A downstream set's name as the papers write it; the identifier where they do not.
pub fn dataset(study: Study, id: &str) -> &str {
    if let Some(name) = own(study, "dataset", id) {
        return name;
    }
    match DATASETS.iter().find(|(known, _)| *known == id) {
        Some((_, name)) => name,
        None => id.strip_prefix("vtab/").unwrap_or(id),
    }
}

/// The identifier of a downstream set that is called by it or by its name, in any case.
pub fn dataset_id(name: &str) -> Option<&'static str> {
    let known = DATASETS.iter().find(|(id, label)| {
        let label = label.split(" (").next().unwrap_or(label);
        name.eq_ignore_ascii_case(id) || name.eq_ignore_ascii_case(label)
    });
    match known {
        Some((id, _)) => Some(id),
        None if name.eq_ignore_ascii_case("imagenet") => Some("imagenet1k"),
        None => None,
    }
}

pub fn metric(study: Study, id: &str) -> &str {
    if let Some((_, metric)) = study.head().metrics.iter().find(|(known, _)| known == id) {
        return &metric.title;
    }
    match id {
        "acc1" => "top-1 accuracy",
        "acc5" => "top-5 accuracy",
        "mean_per_class_recall" => "mean per-class recall",
        "image_retrieval_recall@5" => "image retrieval recall@5",
        "text_retrieval_recall@5" => "text retrieval recall@5",
        "mean_average_precision" => "mean average precision",
        "miou" => "mean IoU",
        "linear_probe_full" => "linear probe, all shots",
        "linear_probe_10_shot" => "linear probe, 10 shots",
        "linear_probe_25_shot" => "linear probe, 25 shots",
        other => other,
    }
}

/// What is measured: "ImageNet-1k top-1 accuracy". A metric whose name has the set's, as in
/// "validation loss", is named alone.
pub fn measured(study: Study, dataset: &str, metric: &str) -> String {
    let (dataset, metric) = (self::dataset(study, dataset), self::metric(study, metric));
    match metric.contains(dataset) {
        true => metric.to_owned(),
        false => format!("{dataset} {metric}"),
    }
}

pub fn family(study: Study, id: &str) -> &str {
    if let Some(name) = own(study, "family", id) {
        return name;
    }
    match id {
        "clip" => "CLIP",
        "mammut" => "MaMMUT",
        "coca" => "CoCa",
        "siglip" => "SigLIP",
        other => other,
    }
}

pub fn pretrain(study: Study, id: &str) -> &str {
    own(study, "pretrain", id).unwrap_or(id)
}

/// A run's name: its architecture and what the release calls it.
pub fn run(study: Study, m: &Measurement) -> String {
    match (m.architecture.as_str(), m.run.as_str()) {
        // A reader's runs are of families of their own.
        ("", "") if family(study, &m.family) == m.family => "Unnamed run".to_owned(),
        ("", "") => "Plotted point".to_owned(),
        ("", run) => run.to_owned(),
        (architecture, run) if run.is_empty() || run == architecture => architecture.to_owned(),
        (architecture, run) => format!("{architecture}: {run}"),
    }
}

/// A series' name. The schedule is said where it is not the usual one.
pub fn series(study: Study, family: &str, pretrain: &str, schedule: &str) -> String {
    let mut name = self::family(study, family).to_owned();
    if pretrain != UNSPECIFIED {
        name = format!("{name}, {}", self::pretrain(study, pretrain));
    }
    match schedule {
        "cosine" | UNSPECIFIED => name,
        other => format!("{name}, {} rate", self::schedule(study, other)),
    }
}

pub fn schedule(study: Study, id: &str) -> &str {
    match id {
        "const" => "constant",
        other => own(study, "schedule", other).unwrap_or(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Table, read_measurements};

    #[test]
    fn a_run_is_named_by_what_is_known_of_it() {
        let table = Table::find("plotted_means").unwrap();
        let (study, path) = (table.study(), table.path());
        let text = std::fs::read_to_string(&path).unwrap();
        let row = read_measurements(study, &path, &text)
            .unwrap()
            .swap_remove(0);
        let named = |family: &str, architecture: &str, name: &str| {
            let row = Measurement {
                family: family.to_owned(),
                architecture: architecture.to_owned(),
                run: name.to_owned(),
                ..row.clone()
            };
            run(study, &row)
        };
        for (family, architecture, name, text) in [
            ("clip", "", "", "Plotted point"),
            ("clip (yours)", "", "", "Unnamed run"),
            ("yours", "", "", "Unnamed run"),
            ("yours", "tiny", "tiny", "tiny"),
            ("yours", "tiny", "", "tiny"),
            ("yours", "", "a", "a"),
            ("clip", "ViT-B-32", "openai", "ViT-B-32: openai"),
        ] {
            assert_eq!(named(family, architecture, name), text);
        }
    }
}
