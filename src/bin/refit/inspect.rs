//! `refit model`: what a checkpoint is, without loading it.

use crate::checkpoint::{self, Choices};
use crate::model::sentence;
use crate::say;
use pollster::block_on;
use refit_clip::CheckpointInfo;
use refit_clip::architecture::Architecture;
use serde::Serialize;
use std::path::PathBuf;

#[derive(clap::Args)]
pub(crate) struct Arguments {
    /// Checkpoint: .safetensors, .pt or .bin, a folder with one, or the index of one in several files
    file: PathBuf,
    #[command(flatten)]
    choices: Choices,
    /// Print JSON
    #[arg(long)]
    json: bool,
}

/// What `model --json` prints.
#[derive(Serialize)]
struct Described<'a> {
    #[serde(flatten)]
    info: &'a CheckpointInfo,
    /// What was assumed, as sentences.
    assumed: Vec<String>,
}

pub(crate) fn run(arguments: &Arguments) -> Result<(), String> {
    let options = checkpoint::options(&arguments.file, &arguments.choices)?;
    let mut source = checkpoint::open(&arguments.file)?;
    let info = block_on(CheckpointInfo::read(&mut source, &options)).map_err(sentence)?;
    let assumed = checkpoint::assumptions(&info);
    if arguments.json {
        return say::json(&Described {
            info: &info,
            assumed,
        });
    }
    say!("{}", arguments.file.display());
    for (what, text) in rows(&info) {
        say!("  {what:<15}{text}");
    }
    for sentence in assumed {
        say!("  assumed: {sentence}");
    }
    Ok(())
}

fn rows(info: &CheckpointInfo) -> Vec<(&'static str, String)> {
    let Architecture {
        vision,
        text,
        patch,
        embedding,
        context,
        vocabulary,
        activation,
        ..
    } = info.architecture;
    let size = info.architecture.image_size();
    let kind = match info.architecture.decoder {
        Some(_) => "MaMMUT",
        None => "CLIP",
    };
    let prefix = match info.prefix.as_str() {
        "" => "none".to_owned(),
        prefix => prefix.to_owned(),
    };
    vec![
        (
            "architecture",
            format!(
                "{kind}, {size} × {size} pixels in patches of {patch}, embeddings of {embedding}"
            ),
        ),
        (
            "image tower",
            format!(
                "width {}, {} layers, {} heads",
                vision.width, vision.layers, vision.heads
            ),
        ),
        (
            "text tower",
            format!(
                "width {}, {} layers, {} heads, {context} of {vocabulary} tokens",
                text.width, text.layers, text.heads
            ),
        ),
        ("parameters", info.parameters.to_string()),
        (
            "file",
            format!("{}, {}", info.format, info.dtypes.join(", ")),
        ),
        ("prefix", prefix),
        (
            "activation",
            format!("{activation} ({})", info.activation_from),
        ),
        (
            "preprocessing",
            format!("{} ({})", info.preprocessing, info.preprocessing_from),
        ),
    ]
}
