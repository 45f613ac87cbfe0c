//! What is known of published checkpoints by their names: open_clip's `pretrained.py`.

use super::{Activation, Architecture};
use crate::preprocess::{PreprocessingOptions, ResizeMode};

/// What a published name tells.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Known {
    pub(crate) activation: Activation,
    pub(crate) preprocessing: PreprocessingOptions,
}

const GELU: Known = Known {
    activation: Activation::Gelu,
    preprocessing: DEFAULT,
};
const QUICK_GELU: Known = Known {
    activation: Activation::QuickGelu,
    preprocessing: DEFAULT,
};
const DEFAULT: PreprocessingOptions = PreprocessingOptions {
    resize: None,
    mode: None,
    interpolation: None,
    mean: None,
    std: None,
    fill: None,
};
const INCEPTION: PreprocessingOptions = PreprocessingOptions {
    mean: Some([0.5; 3]),
    std: Some([0.5; 3]),
    ..DEFAULT
};
const SQUASHED: PreprocessingOptions = PreprocessingOptions {
    mode: Some(ResizeMode::Squash),
    ..DEFAULT
};

/// Words of names, in lower case and joined by hyphens, the telling ones first.
const NAMES: &[(&str, Known)] = &[
    (
        "laion2b-s32b-b82k",
        Known {
            preprocessing: INCEPTION,
            ..GELU
        },
    ),
    (
        "dfn5b",
        Known {
            preprocessing: SQUASHED,
            ..QUICK_GELU
        },
    ),
    ("dfn2b-clip-vit-l-14-39b", GELU),
    ("dfn2b-s39b", GELU),
    ("dfn2b", QUICK_GELU),
    ("metaclip-altogether", GELU),
    ("metaclip-400m", QUICK_GELU),
    ("metaclip-fullcc", QUICK_GELU),
    ("metaclip-2pt5b", QUICK_GELU),
    ("quickgelu", QUICK_GELU),
    // timm's copies of OpenAI's models, OpenAI's own for transformers, open_clip's architecture with
    // its tag.
    ("clip-224-openai", QUICK_GELU),
    ("clip-336-openai", QUICK_GELU),
    ("openai-clip-vit", QUICK_GELU),
    ("vit-b-32-openai", QUICK_GELU),
    ("vit-b-16-openai", QUICK_GELU),
    ("vit-l-14-openai", QUICK_GELU),
    ("vit-l-14-336-openai", QUICK_GELU),
    ("laion2b", GELU),
    ("datacomp", GELU),
    ("commonpool", GELU),
    ("mammut", GELU),
    // The studies' own.
    ("laion-scaling-laws-openclip", GELU),
    ("laion-scaling-laws-for-comparison", GELU),
    ("shapes-safetensors", GELU),
];

/// Whole file names: OpenAI's as TorchScript, MetaCLIP's own.
const OPENAI_FILES: [&str; 4] = [
    "ViT-B-32.pt",
    "ViT-B-16.pt",
    "ViT-L-14.pt",
    "ViT-L-14-336px.pt",
];
const METACLIP_FILES: [&str; 7] = [
    "b32_400m.pt",
    "b16_400m.pt",
    "l14_400m.pt",
    "b32_fullcc2.5b.pt",
    "b16_fullcc2.5b.pt",
    "l14_fullcc2.5b.pt",
    "h14_fullcc2.5b.pt",
];

/// What the name of a file tells, or "owner/repository/file" of one on Hugging Face.
pub(crate) fn known(name: &str, architecture: &Architecture, is_script: bool) -> Option<Known> {
    let file = name.rsplit('/').next().unwrap_or(name);
    if METACLIP_FILES.contains(&file) || (is_script && OPENAI_FILES.contains(&file)) {
        return Some(QUICK_GELU);
    }
    let words = words(name);
    let has = |part: &str| words.contains(&format!("-{part}-"));
    // LAION-400M was trained with QuickGELU for B/32 alone.
    if has("laion400m-e31") || has("laion400m-e32") {
        let is_b_32 = (architecture.vision.width, architecture.patch) == (768, 32);
        return Some(if is_b_32 { QUICK_GELU } else { GELU });
    }
    // "Model-B-32_Data-80M_Samples-13B_…"
    if words.starts_with("-model-") && has("data") && has("samples") {
        return Some(GELU);
    }
    if has("metaclip2-worldwide") && architecture.image_size() == 378 {
        return Some(Known {
            preprocessing: SQUASHED,
            ..GELU
        });
    }
    let known = NAMES.iter().find(|(part, _)| has(part));
    known.map(|(_, known)| *known)
}

/// A name in lower case, with one hyphen for whatever is neither letter nor digit, and one at each
/// end.
fn words(name: &str) -> String {
    let mut words = String::from("-");
    for c in name.chars() {
        if c.is_alphanumeric() {
            words.extend(c.to_lowercase());
        } else if !words.ends_with('-') {
            words.push('-');
        }
    }
    if !words.ends_with('-') {
        words.push('-');
    }
    words
}

/// The part of an address that [`known`] understands: of Hugging Face "owner/repository/file", of
/// others the file's name. A folder's name tells nothing.
pub fn telling_name(address: &str) -> String {
    let address = address.split(['?', '#']).next().unwrap_or_default();
    let file = address.rsplit('/').next().unwrap_or_default();
    let path = address
        .strip_prefix("https://huggingface.co/")
        .or_else(|| address.strip_prefix("https://hf.co/"));
    let mut parts = path.unwrap_or_default().split('/');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(owner), Some(repository), Some("resolve" | "blob")) => {
            format!("{owner}/{repository}/{file}")
        }
        _ => file.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::architecture::TransformerConfig;

    fn architecture(width: usize, patch: usize) -> Architecture {
        let tower = TransformerConfig {
            width,
            layers: 12,
            heads: width / 64,
            hidden: 4 * width,
        };
        Architecture {
            embedding: 512,
            patch,
            grid: 224 / patch,
            vision: tower,
            context: 77,
            vocabulary: 49408,
            text: tower,
            activation: Activation::Gelu,
            decoder: None,
        }
    }

    #[test]
    fn published_checkpoints_tell_their_activation() {
        let b_32 = architecture(768, 32);
        for (name, activation) in [
            (
                "timm/vit_base_patch32_clip_224.openai/open_clip_model.safetensors",
                Some(Activation::QuickGelu),
            ),
            (
                "openai/clip-vit-base-patch32/pytorch_model.bin",
                Some(Activation::QuickGelu),
            ),
            ("ViT-B-32__laion400m_e32.pt", Some(Activation::QuickGelu)),
            (
                "laion/CLIP-ViT-B-32-laion2B-s34B-b79K/x.bin",
                Some(Activation::Gelu),
            ),
            (
                "Model-B-32_Data-80M_Samples-13B_lr-1e-3_bs-88k.pt",
                Some(Activation::Gelu),
            ),
            (
                "apple/DFN2B-CLIP-ViT-B-16/x.bin",
                Some(Activation::QuickGelu),
            ),
            ("b32_400m.pt", Some(Activation::QuickGelu)),
            ("shapes.safetensors", Some(Activation::Gelu)),
            ("open_clip_model.safetensors", None),
            ("my-openai-comparison/epoch_32.pt", None),
            ("ViT-B-32.pt", None),
        ] {
            let known = known(name, &b_32, false);
            assert_eq!(known.map(|k| k.activation), activation, "{name}");
        }
        let script = known("ViT-B-32.pt", &b_32, true);
        assert_eq!(script, Some(QUICK_GELU));
        let b_16 = architecture(768, 16);
        let laion = known("vit_b_16-laion400m_e32-55e67d44.pt", &b_16, false);
        assert_eq!(laion, Some(GELU));
    }

    #[test]
    fn published_checkpoints_tell_their_preprocessing() {
        let l_14 = architecture(1024, 14);
        for name in [
            "laion/CLIP-ViT-L-14-laion2B-s32B-b82K/open_clip_model.safetensors",
            "ViT-L-14__laion2b_s32b_b82k.safetensors",
        ] {
            let known = known(name, &l_14, false).unwrap();
            assert_eq!(known.preprocessing.mean, Some([0.5; 3]), "{name}");
            assert_eq!(known.preprocessing.std, Some([0.5; 3]), "{name}");
        }
        let dfn = known("apple/DFN5B-CLIP-ViT-H-14-378/x.bin", &l_14, false).unwrap();
        assert_eq!(dfn.preprocessing.mode, Some(ResizeMode::Squash));
        let other = known("laion2b_s34b_b79k.pt", &l_14, false).unwrap();
        assert_eq!(other.preprocessing, DEFAULT);
    }

    #[test]
    fn of_an_address_repository_and_file_tell() {
        for (address, name) in [
            (
                "https://huggingface.co/a/b/resolve/main/sub/x.pt?download=true",
                "a/b/x.pt",
            ),
            ("https://example.org/my-openai/x.pt", "x.pt"),
            ("x.pt", "x.pt"),
        ] {
            assert_eq!(telling_name(address), name);
        }
    }
}
