//! What a checkpoint is, if it is neither a CLIP with a vision transformer nor a MaMMUT.

use std::collections::BTreeMap;

/// A kind of model, and what is missing here to run it.
pub(crate) struct OtherModel {
    pub(crate) kind: &'static str,
    pub(crate) lacks: &'static str,
}

/// The kind of a model by the names and shapes of its tensors, without prefixes.
pub(crate) fn recognise(shapes: &BTreeMap<String, Vec<usize>>) -> Option<OtherModel> {
    let starts = |prefix: &str| {
        let after = shapes.range(prefix.to_owned()..).next();
        after.is_some_and(|(name, _)| name.starts_with(prefix))
    };
    let has = |part: &str| shapes.keys().any(|name| name.contains(part));
    let is = |kind, lacks| Some(OtherModel { kind, lacks });
    let vocabulary = [
        "text.token_embedding.weight",
        "text_model.embeddings.token_embedding.weight",
    ];
    let vocabulary = vocabulary
        .iter()
        .find_map(|name| shapes.get(*name)?.first());
    let siglip = || match vocabulary {
        Some(256_000) => is(
            "SigLIP 2",
            "its pooling by attention, its Gemma tokenizer (256,000 tokens)",
        ),
        Some(250_000) => is(
            "SigLIP of many languages",
            "its pooling by attention, its mT5 tokenizer (250,000 tokens)",
        ),
        // CLIP's own vocabulary.
        Some(49_408) => is(
            "CLIP with a Perception Encoder, or another image tower of timm that pools by attention",
            "that image tower",
        ),
        _ => is(
            "SigLIP",
            "its pooling by attention, its SentencePiece tokenizer (32,000 tokens)",
        ),
    };
    if has(".lora_A.") || has(".lora_B.") || has("lora_down.") {
        return is("set of LoRA matrices", "the model that they change");
    }
    if has(".exp_avg") {
        return is("state of an optimizer", "the model’s weights");
    }
    if starts("model.diffusion_model.") || starts("down_blocks.") {
        return is("Stable Diffusion model", "an image tower");
    }
    if starts("visual.trunk.") {
        return match () {
            () if starts("visual.trunk.attn_pool.") || shapes.contains_key("logit_bias") => {
                siglip()
            }
            () if shapes.contains_key("visual.trunk.stem.0.weight")
                || starts("visual.trunk.stages.0.blocks.0.conv_dw") =>
            {
                is("CLIP with a ConvNeXt", "convolutional image towers")
            }
            () if starts("visual.trunk.stem.")
                || starts("visual.trunk.patch_embed.backbone.0.conv.") =>
            {
                is("MobileCLIP", "its image tower, which has convolutions")
            }
            () if starts("visual.trunk.patch_embed.backbone.stem.") => {
                is("CLIP with a ViTamin", "that image tower")
            }
            () if has(".attn.q_proj.") || has(".attn.q_bias") => {
                is("EVA-CLIP", "EVA’s image tower")
            }
            () => is("CLIP with an image tower of timm", "image towers of timm"),
        };
    }
    if starts("visual.blocks.") || starts("visual.patch_embed.") {
        return is("EVA-CLIP", "EVA’s image tower");
    }
    if starts("image_encoder.") {
        return is("MobileCLIP", "its image tower, which has convolutions");
    }
    if starts("visual.attn_pool.") || starts("text_decoder.") {
        return is("CoCa", "its pooling by attention, its decoder");
    }
    if starts("vision_model.head.") || starts("text_model.head.") {
        return siglip();
    }
    if starts("visual.layer1.") || starts("visual.attnpool.") {
        return is("CLIP with a ResNet", "convolutional image towers");
    }
    if starts("text.transformer.embeddings.") || starts("text.transformer.encoder.") {
        return is(
            "CLIP with a text tower of transformers (XLM-RoBERTa or another)",
            "that text tower, its tokenizer",
        );
    }
    if starts("text_model.embeddings.word_embeddings.") || starts("bert.") {
        return is(
            "CLIP with a BERT as text tower",
            "that text tower, its tokenizer",
        );
    }
    None
}

/// Vision transformers of another kind, and files with one of two towers, by open_clip's names.
pub(crate) fn recognise_variant(shapes: &BTreeMap<String, Vec<usize>>) -> Option<OtherModel> {
    let has = |name: &str| shapes.contains_key(name);
    let is = |kind, lacks| Some(OtherModel { kind, lacks });
    if shapes.keys().any(|name| name.contains(".ls_1.")) {
        return is("CLIP with layer scale", "layer scale");
    }
    let vision = has("visual.conv1.weight");
    let text = has("token_embedding.weight");
    let vocabulary = shapes.get("token_embedding.weight");
    let vocabulary = vocabulary.and_then(|shape| shape.first());
    // mT5's in open_clip, XLM-V's in transformers.
    if let Some(250_100 | 901_629) = vocabulary {
        return is("MetaCLIP 2", "its tokenizer of many languages");
    }
    // open_clip gives it a class token all the same, but no norm before the blocks.
    let is_plain = has("visual.class_embedding") && has("visual.ln_pre.weight");
    let layers = |name: &String| name.starts_with("visual.transformer.");
    if vision && text && !is_plain && shapes.keys().any(layers) {
        return is(
            "CLIPA",
            "its pooling by a mean, its tokenizer (BERT’s, 32,000 tokens)",
        );
    }
    let is_clip = has("visual.proj") || has("text_projection") || has("ln_final.weight");
    match (vision, text) {
        (false, true) if is_clip => is("text tower of a CLIP alone", "its image tower"),
        (true, false) if is_clip => is("image tower of a CLIP alone", "its text tower"),
        _ => None,
    }
}
