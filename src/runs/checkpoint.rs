//! What names of models and checkpoints say.

use crate::study::Study;
use crate::study::architecture::samples_seen;

/// Pre-training set and samples seen of a checkpoint.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct CheckpointName {
    pub pretrain: String,
    /// As the studies label it, and the count.
    pub samples: Option<(String, f64)>,
}

/// Sets of open_clip's names, as the studies call them.
const SETS: [(&str, &str); 6] = [
    ("laion80m", "LAION-80M"),
    ("laion400m", "LAION-400M"),
    ("laion2b", "LAION-2B"),
    ("datacomp_xl", "datacomp_1b"),
    ("datacomp1b", "datacomp_1b"),
    ("relaion2b", "relaion2b-en"),
];

/// Reads a checkpoint's name: those of the two studies ("Model-B-32_Data-80M_Samples-3B_…",
/// "datacomp_s3M_…") and open_clip's ("laion2b_s34b_b79k", "laion400m_e32", "openai").
pub(super) fn checkpoint(study: Study, name: &str) -> CheckpointName {
    let name = &last_parts(name);
    let name = name.as_str();
    let labelled = |label: &str| {
        let label = label.to_ascii_uppercase();
        samples_seen(study, &label).map(|count| (label, count))
    };
    let nominal = |count: f64| (label(study, count), count);
    let of = |pretrain: &str, samples| CheckpointName {
        pretrain: pretrain.to_owned(),
        samples,
    };
    match name {
        "openai" => return of("CLIP-WIT", Some(nominal(12.8e9))),
        // Epochs over 400 million and two billion, as the openclip study counts them.
        "laion400m_e31" | "laion400m_e32" => return of("LAION-400M", Some(nominal(12.8e9))),
        "laion2b_e16" => return of("LAION-2B", Some(nominal(34e9))),
        _ => {}
    }
    let parts: Vec<&str> = name.split('_').collect();
    let after = |prefix: &str| parts.iter().find_map(|part| part.strip_prefix(prefix));
    if let (Some(data), Some(samples)) = (after("Data-"), after("Samples-")) {
        return of(&format!("LAION-{data}"), labelled(samples));
    }
    // The set goes up to the samples: "datacomp_xl_s13b_b90k".
    let is_count = |part: &&str| {
        let digits = part
            .strip_prefix('s')
            .and_then(|rest| rest.strip_suffix(['m', 'b', 'M', 'B']));
        digits.is_some_and(|d| d.starts_with(|c: char| c.is_ascii_digit()))
    };
    let Some(at) = parts.iter().position(is_count) else {
        return of(name, None);
    };
    let set = parts[..at].join("_");
    let known = SETS.iter().find(|(theirs, _)| *theirs == set);
    let pretrain = known.map_or(set.as_str(), |(_, ours)| ours);
    // open_clip rounds down what the openclip study counts as 13B and 34B.
    let counts = |label: &str| study.sample_labels.iter().any(|(known, _)| known == label);
    let samples = match parts[at][1..].to_ascii_uppercase().as_str() {
        "12B" | "13B" if counts("13B") => Some(("13B".to_owned(), 12.8e9)),
        "32B" | "34B" if counts("34B") => Some(("34B".to_owned(), 34e9)),
        label => labelled(label),
    };
    of(pretrain, samples)
}

/// A path's last part; where that could be any run's ("epoch_32.pt"), the run's folder, too.
pub(super) fn last_parts(name: &str) -> String {
    let mut parts = name.rsplit(['/', '\\']).filter(|part| !part.is_empty());
    let last = parts.next().unwrap_or(name);
    let lower = last.to_ascii_lowercase();
    let general = [
        "epoch",
        "step",
        "checkpoint",
        "latest",
        "last",
        "best",
        "model",
        "final",
    ];
    if !general.iter().any(|start| lower.starts_with(start)) || lower.starts_with("model-") {
        return last.to_owned();
    }
    let folder = parts.find(|part| !part.to_ascii_lowercase().starts_with("checkpoint"));
    match folder {
        Some(folder) => format!("{folder}/{last}"),
        None => last.to_owned(),
    }
}

/// The architecture in a run's name of the openclip study: "Model-B-32_Data-80M_…" is of
/// ViT-B-32.
pub(super) fn of_name(name: &str) -> String {
    let mut parts = name.split('_');
    let model = parts.find_map(|part| part.strip_prefix("Model-"));
    model.map_or(String::new(), |model| format!("ViT-{model}"))
}

/// The comparison study's family of a model's name, by its own rule (`get_model_type`).
pub(super) fn family(model: &str) -> &'static str {
    let lower = model.to_ascii_lowercase();
    if lower.contains("siglip") {
        "siglip"
    } else if lower.contains("cap") {
        "cap"
    } else if model.contains("mammut") {
        "mammut"
    } else if model.contains("coca") {
        "coca"
    } else {
        "clip"
    }
}

/// A model's name without its family and activation: "mammut_ViT-L-14" and "ViT-L-14-quickgelu"
/// are both "ViT-L-14".
pub(super) fn architecture(model: &str) -> &str {
    let model = ["mammut_", "coca_", "siglip_", "cap_"]
        .iter()
        .find_map(|family| model.strip_prefix(family))
        .unwrap_or(model);
    model.strip_suffix("-quickgelu").unwrap_or(model)
}

/// The study's label of a number of samples; one of its own within 5 %, else the number in
/// millions or billions.
pub(super) fn label(study: Study, samples: f64) -> String {
    let near = |(_, count): &&(String, f64)| (samples / count - 1.0).abs() < 0.05;
    if let Some((label, _)) = study.sample_labels.iter().find(near) {
        return label.clone();
    }
    let (scale, letter) = match samples {
        s if s >= 1e9 => (1e9, "B"),
        s if s >= 1e6 => (1e6, "M"),
        s if s >= 1e3 => (1e3, "K"),
        _ => (1.0, ""),
    };
    // Three digits: a label is for reading, the count stands beside it.
    let rounded = samples / scale;
    let decimals = match rounded {
        r if r >= 100.0 => 1.0,
        r if r >= 10.0 => 10.0,
        _ => 100.0,
    };
    format!("{}{letter}", (rounded * decimals).round() / decimals)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_tell_set_and_samples() {
        let of = |study, name| {
            let c = checkpoint(study, name);
            (c.pretrain, c.samples)
        };
        let (open, comparison) = (Study::of_unit("GMACs"), Study::of_unit("GFLOPs"));
        assert_eq!(
            of(open, "openai"),
            ("CLIP-WIT".into(), Some(("13B".into(), 12.8e9)))
        );
        assert_eq!(
            of(open, "laion2b_s34b_b79k"),
            ("LAION-2B".into(), Some(("34B".into(), 34e9)))
        );
        assert_eq!(
            of(
                open,
                "/fsx/x/Model-B-32_Data-80M_Samples-3B_lr-5e-4_bs-32k.pt"
            ),
            ("LAION-80M".into(), Some(("3B".into(), 2_560_013_280.0)))
        );
        assert_eq!(
            of(comparison, "datacomp_xl_s12.8b_b90k"),
            ("datacomp_1b".into(), Some(("12.8B".into(), 1.28e10)))
        );
        assert_eq!(of(open, "epoch_160.pt"), ("epoch_160.pt".into(), None));
        assert_eq!(
            of(open, "logs/run7/checkpoints/epoch_32.pt"),
            ("run7/epoch_32.pt".into(), None)
        );
        assert_eq!(of_name("Model-B-32_Data-80M_Samples-3B"), "ViT-B-32");
        assert_eq!(of_name("ViT-B-32"), "");
        assert_eq!(of(open, "metaclip_small"), ("metaclip_small".into(), None));
        assert_eq!(of(open, "é_s_ß").1, None);
    }

    #[test]
    fn labels_are_the_studies() {
        let (open, comparison) = (Study::of_unit("GMACs"), Study::of_unit("GFLOPs"));
        assert_eq!(label(comparison, 3_072_000.0), "3M");
        assert_eq!(label(comparison, 307_200_000.0), "300M");
        assert_eq!(label(comparison, 12.8e9), "12.8B");
        assert_eq!(label(open, 2_443_992_504.0), "3B");
        assert_eq!(label(open, 12.8e9), "13B");
        assert_eq!(label(comparison, 7_654_321.0), "7.65M");
    }
}
