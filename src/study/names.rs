//! Names of the data, as readers know them.

use super::Measurement;

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

/// A downstream set's name as the papers write it; the identifier where they do not.
pub fn dataset(id: &str) -> &str {
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

pub fn metric(id: &str) -> &str {
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

pub fn family(id: &str) -> &str {
    match id {
        "clip" => "CLIP",
        "mammut" => "MaMMUT",
        "coca" => "CoCa",
        "siglip" => "SigLIP",
        other => other,
    }
}

pub fn pretrain(id: &str) -> &str {
    match id {
        "datacomp_1b" => "DataComp-1.4B",
        "relaion2b-en" => "Re-LAION-2B",
        "LAION" => "LAION (80M, 400M, 2B)",
        "CLIP-WIT" => "OpenAI's WIT",
        other => other,
    }
}

/// A run's name: its architecture and what the release calls it.
pub fn run(m: &Measurement) -> String {
    match (m.architecture.as_str(), m.run.as_str()) {
        // A reader's runs are of families of their own.
        ("", "") if family(&m.family) == m.family => "Unnamed run".to_owned(),
        ("", "") => "Plotted point".to_owned(),
        ("", run) => run.to_owned(),
        (architecture, run) if run.is_empty() || run == architecture => architecture.to_owned(),
        (architecture, run) => format!("{architecture}: {run}"),
    }
}

/// A series' name. The schedule is said where it is not the usual one.
pub fn series(family: &str, pretrain: &str, schedule: &str) -> String {
    let name = format!("{}, {}", self::family(family), self::pretrain(pretrain));
    match schedule {
        "cosine" => name,
        other => format!("{name}, {} rate", self::schedule(other)),
    }
}

pub fn schedule(id: &str) -> &str {
    match id {
        "cosine" => "cosine",
        "const" => "constant",
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::study::{Table, read_measurements};

    #[test]
    fn a_run_is_named_by_what_is_known_of_it() {
        let path = Table::PlottedMeans.path();
        let text = std::fs::read_to_string(&path).unwrap();
        let row = read_measurements(&path, &text).unwrap().swap_remove(0);
        let named = |family: &str, architecture: &str, name: &str| {
            run(&Measurement {
                family: family.to_owned(),
                architecture: architecture.to_owned(),
                run: name.to_owned(),
                ..row.clone()
            })
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
