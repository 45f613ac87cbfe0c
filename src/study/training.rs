//! What runs were trained with: the file of training settings of a study.

use super::Study;

/// Path of the file; `None` where the study has none.
pub fn path(study: Study) -> Option<String> {
    match study.runs.name.as_str() {
        "" => None,
        file => Some(study.path(file)),
    }
}

/// The settings of a run that its study released, as one sentence's worth of text; `None` for a
/// run that the file does not have. Its cells hold neither quotes nor commas.
pub fn settings(file: &str, run: &str) -> Option<String> {
    let mut lines = file.lines();
    let names = lines.next()?;
    let line = lines.find(|line| line.split(',').next() == Some(run))?;
    let mut settings = String::new();
    for (name, cell) in names.split(',').zip(line.split(',')) {
        let (before, after) = match name {
            "batch" => ("batch ", ""),
            "local_batch" => ("batch ", " a GPU"),
            "lr" => ("learning rate ", ""),
            "warmup" => ("warm-up ", " steps"),
            "epochs" | "total_epochs" => ("", " epochs"),
            "gpus" => ("", " GPUs"),
            _ => continue,
        };
        if cell.is_empty() {
            continue;
        }
        if !settings.is_empty() {
            settings.push_str(", ");
        }
        for text in [before, cell, after] {
            settings.push_str(text);
        }
    }
    Some(settings)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_released_run_tells_its_settings() {
        for (study, run, expected) in [
            (
                "openclip",
                "Model-B-32_Data-400M_Samples-13B_lr-1e-3_bs-86k.pt",
                "learning rate 0.001, warm-up 2000 steps, 32 epochs, 128 GPUs, batch 672 a GPU",
            ),
            (
                "comparison",
                "datacomp_s1.28M_bs_512_ViT-B-14_ep10_lr0.0001_b1_0.9_b2_0.95_wd0.2_w1000_gc1_n1_bs128_sigFalse",
                "10 epochs, batch 512, learning rate 0.0001, warm-up 1000 steps, 4 GPUs",
            ),
        ] {
            let study = Study::find(study).unwrap();
            let file = std::fs::read_to_string(path(study).unwrap()).unwrap();
            assert!(!file.contains('"'));
            assert_eq!(settings(&file, run).as_deref(), Some(expected));
            for line in file.lines().skip(1) {
                let run = line.split(',').next().unwrap();
                let settings = settings(&file, run).unwrap();
                assert!(
                    settings.contains("batch") && settings.contains("rate"),
                    "{run}"
                );
            }
            assert_eq!(settings(&file, "no such run"), None);
        }
    }
}
