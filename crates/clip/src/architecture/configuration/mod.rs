//! Configuration files that are published with checkpoints.

mod images;
mod json;

use super::Activation;
use crate::error::Cause;
use crate::preprocess::PreprocessingOptions;
use json::FileJson;
use std::error::Error;
use std::fmt;

/// What the shapes of tensors do not tell, from the files that are published beside a checkpoint;
/// `None` where they do not say it.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Configuration {
    /// The activation of both towers' MLPs.
    pub activation: Option<Activation>,
    /// Attention heads of the image tower.
    pub vision_heads: Option<usize>,
    /// Attention heads of the text tower.
    pub text_heads: Option<usize>,
    /// How images are prepared.
    pub preprocessing: PreprocessingOptions,
    /// The side of the square of pixels that the model takes.
    pub image_size: Option<usize>,
    /// The first setting that no model here can have, as it is in the file: such a model is refused.
    pub unsupported: Option<String>,
    /// What a file says differently from those that count more: the file's name and the setting.
    pub differences: Vec<String>,
}

/// A setting that cannot be had here.
struct Unsupported(String);

fn unsupported(setting: impl Into<String>) -> Unsupported {
    Unsupported(setting.into())
}

/// A configuration file is not JSON, or a setting has another type than it should.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigurationError(Cause);

impl fmt::Display for ConfigurationError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("the configuration cannot be read")
    }
}

impl Error for ConfigurationError {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        Some(self.0.as_error())
    }
}

impl Configuration {
    /// The names of the files that are looked for beside a checkpoint, those that count most first.
    pub const FILES: [&str; 4] = [
        "open_clip_config.json",
        "config.json",
        "preprocessor_config.json",
        "processor_config.json",
    ];

    /// Reads open_clip's `open_clip_config.json`, or transformers' `config.json`,
    /// `preprocessor_config.json` or `processor_config.json`.
    pub fn read(json: &str) -> Result<Self, ConfigurationError> {
        let file: FileJson =
            serde_json::from_str(json).map_err(|error| ConfigurationError(Cause::new(error)))?;
        Ok(file
            .configuration()
            .unwrap_or_else(|Unsupported(setting)| Configuration {
                unsupported: Some(setting),
                ..Configuration::default()
            }))
    }

    /// Reads the configuration files of a checkpoint, each with its name; those that come first in
    /// [`Configuration::FILES`] count most. The error has the name of the file.
    pub fn of_files(
        files: impl IntoIterator<Item = (String, String)>,
    ) -> Result<Self, (String, ConfigurationError)> {
        let rank = |name: &str| Self::FILES.iter().position(|known| *known == name);
        let mut files: Vec<(String, String)> = files.into_iter().collect();
        files.sort_by_key(|(name, _)| rank(name));
        let mut all = Configuration::default();
        for (name, json) in files {
            let read = Configuration::read(&json).map_err(|error| (name.clone(), error))?;
            for what in all.complete(&read) {
                all.differences.push(format!("{name}: {what}"));
            }
        }
        Ok(all)
    }

    /// Completes what this one does not say from another, and names what both say differently.
    fn complete(&mut self, other: &Configuration) -> Vec<&'static str> {
        let mut differences = Vec::new();
        let (own, more) = (&mut self.preprocessing, &other.preprocessing);
        let mut merge = |name, differs: bool| {
            if differs {
                differences.push(name);
            }
        };
        merge("activation", either(&mut self.activation, other.activation));
        let vision = either(&mut self.vision_heads, other.vision_heads);
        let text = either(&mut self.text_heads, other.text_heads);
        merge("heads", vision || text);
        merge("mean", either(&mut own.mean, more.mean));
        merge("standard deviation", either(&mut own.std, more.std));
        let interpolation = either(&mut own.interpolation, more.interpolation);
        merge("interpolation", interpolation);
        let (mode, size) = (
            either(&mut own.mode, more.mode),
            either(&mut own.resize, more.resize),
        );
        merge("resize", mode || size);
        let of_model = either(&mut self.image_size, other.image_size);
        merge("image size", of_model);
        own.fill = own.fill.or(more.fill);
        let unsupported = other.unsupported.as_ref();
        self.unsupported = self.unsupported.take().or(unsupported.cloned());
        differences
    }
}

/// Fills `own` from `other`; whether both are known and differ.
fn either<T: Copy + PartialEq>(own: &mut Option<T>, other: Option<T>) -> bool {
    let differs = own.zip(other).is_some_and(|(own, other)| own != other);
    *own = own.or(other);
    differs
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::preprocess::{Interpolation, ResizeMode};

    fn read(json: &str) -> Configuration {
        Configuration::read(json).unwrap()
    }

    #[test]
    fn models_of_both_kinds_are_read() {
        let openai = r#"{"model_cfg": {"quick_gelu": true, "vision_cfg": {"width": 768}, "text_cfg": {"heads": 8}}}"#;
        let openai = read(openai);
        assert_eq!(openai.activation, Some(Activation::QuickGelu));
        assert_eq!((openai.vision_heads, openai.text_heads), (None, Some(8)));
        let huge =
            r#"{"embed_dim": 1024, "vision_cfg": {"width": 1280, "head_width": 80, "layers": 32}}"#;
        let huge = read(huge);
        assert_eq!(huge.activation, Some(Activation::Gelu));
        assert_eq!(huge.vision_heads, Some(16));
        let transformers = r#"{"vision_config": {"hidden_act": "gelu", "num_attention_heads": 16}, "text_config": {"hidden_act": "gelu"}}"#;
        let transformers = read(transformers);
        assert_eq!(transformers.activation, Some(Activation::Gelu));
        assert_eq!(transformers.vision_heads, Some(16));
        assert_eq!(read("{}"), Configuration::default());
        assert!(Configuration::read("[1").is_err());
    }

    #[test]
    fn transformers_defaults_are_known() {
        let bare = read(r#"{"model_type": "clip", "vision_config": {}, "text_config": {}}"#);
        assert_eq!(bare.activation, Some(Activation::QuickGelu));
        assert_eq!((bare.vision_heads, bare.text_heads), (Some(12), Some(8)));
        // As LAION published its models for transformers.
        let twice = read(
            r#"{"model_type": "clip", "vision_config": {"num_attention_heads": 12}, "vision_config_dict": {"hidden_act": "gelu", "num_attention_heads": 16}, "text_config_dict": {"hidden_act": "gelu"}}"#,
        );
        assert_eq!(twice.activation, Some(Activation::Gelu));
        assert_eq!(twice.vision_heads, Some(16));
        let other = read(r#"{"model_type": "siglip", "vision_config": {}}"#);
        assert_eq!(other, Configuration::default());
    }

    #[test]
    fn preprocessing_is_read() {
        let open_clip = read(
            r#"{"model_cfg": {"vision_cfg": {}}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5], "std": [0.5, 0.5, 0.5], "interpolation": "bilinear", "resize_mode": "squash", "size": [224, 224]}}"#,
        );
        let options = open_clip.preprocessing;
        assert_eq!(options.mean, Some([0.5; 3]));
        assert_eq!(options.mode, Some(ResizeMode::Squash));
        assert_eq!(options.interpolation, Some(Interpolation::Bilinear));
        let clip = r#"{"crop_size": 224, "do_center_crop": true, "do_normalize": true, "do_resize": true, "image_mean": [0.1, 0.2, 0.3], "image_std": [0.4, 0.5, 0.6], "resample": 3, "size": {"shortest_edge": 256}, "image_processor_type": "CLIPImageProcessor"}"#;
        for json in [clip.to_owned(), format!(r#"{{"image_processor": {clip}}}"#)] {
            let options = read(&json).preprocessing;
            assert_eq!(options.mean, Some([0.1, 0.2, 0.3]));
            assert_eq!(options.resize, Some(256));
            assert_eq!(options.mode, Some(ResizeMode::Shortest));
            assert_eq!(options.of_size(224).size, 224);
            assert_eq!(read(&json).image_size, Some(224));
        }
        let one = read(r#"{"image_mean": 0.5, "image_std": 0.8, "size": {"shortest_edge": 512}}"#);
        assert_eq!(one.preprocessing.mean, Some([0.5; 3]));
        assert_eq!(one.preprocessing.std, Some([0.8; 3]));
        let siglip = r#"{"image_processor_type": "SiglipImageProcessor", "image_mean": [0.5, 0.5, 0.5], "resample": 2, "size": {"height": 256, "width": 256}}"#;
        let siglip = read(siglip).preprocessing;
        assert_eq!(siglip.mode, Some(ResizeMode::Squash));
        assert_eq!(siglip.interpolation, Some(Interpolation::Bilinear));
    }

    #[test]
    fn what_cannot_be_done_is_refused_by_name() {
        for (json, said) in [
            (
                r#"{"vision_cfg": {"pool_type": "avg"}}"#,
                "pool_type avg of the vision tower",
            ),
            (
                r#"{"vision_cfg": {}, "text_cfg": {"no_causal_mask": true}}"#,
                "no_causal_mask",
            ),
            (
                r#"{"vision_cfg": {"norm_kwargs": {"eps": 1e-6}}}"#,
                r#"norm_kwargs {"eps":1e-6}"#,
            ),
            (
                r#"{"vision_cfg": {"global_average_pool": true}}"#,
                "global_average_pool",
            ),
            (
                r#"{"image_processor_type": "JinaCLIPImageProcessor", "size": 224}"#,
                "image_processor_type JinaCLIPImageProcessor",
            ),
            (
                r#"{"image_mean": 0.5, "image_std": 0}"#,
                "a standard deviation of [0.0, 0.0, 0.0]",
            ),
            (r#"{"size": 0}"#, "a size of 0"),
            (
                r#"{"vision_config": {"hidden_act": "relu"}}"#,
                "hidden_act relu",
            ),
            (r#"{"image_mean": [0, 0, 0], "resample": 1}"#, "resample 1"),
            (
                r#"{"image_mean": [0, 0, 0], "size": {"shortest_edge": 224}, "do_center_crop": false}"#,
                "without a crop",
            ),
            (
                r#"{"preprocess_cfg": {"interpolation": "lanczos"}}"#,
                "interpolation lanczos",
            ),
        ] {
            let setting = read(json).unsupported.unwrap();
            assert!(setting.contains(said), "{json}: {setting}");
        }
    }

    #[test]
    fn files_that_differ_are_named() {
        let mut own = read(r#"{"vision_cfg": {}, "preprocess_cfg": {"mean": [0.5, 0.5, 0.5]}}"#);
        let other = read(r#"{"image_mean": [0.1, 0.2, 0.3], "size": 224}"#);
        assert_eq!(own.complete(&other), ["mean"]);
        assert_eq!(own.preprocessing.mean, Some([0.5; 3]));
        assert_eq!(own.preprocessing.resize, Some(224));
    }
}
