//! The names of tensors: open_clip's are canonical; transformers' `modeling_clip.py` and MaMMUT's
//! are translated.

/// Which rows of open_clip's tensor a tensor holds. transformers stores the projections of queries,
/// keys and values separately (`q_proj`, `k_proj`, `v_proj`), open_clip in one tensor
/// (`in_proj_weight`, `in_proj_bias`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Slice {
    Whole,
    /// 0 for queries, 1 for keys, 2 for values.
    Qkv(usize),
}

/// A tensor's name in open_clip.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CanonicalName {
    pub name: String,
    pub slice: Slice,
    /// The tensor is stored `[outputs, inputs]` where open_clip stores `[inputs, outputs]`:
    /// transformers' projections.
    pub transposed: bool,
}

impl CanonicalName {
    /// Of a tensor that is stored as open_clip stores it.
    pub(crate) fn whole(name: &str) -> Self {
        CanonicalName {
            name: name.to_owned(),
            slice: Slice::Whole,
            transposed: false,
        }
    }
}

/// Whether a model does not need this tensor.
pub(crate) fn is_ignored(name: &str) -> bool {
    name.ends_with("position_ids")
        || matches!(name, "attn_mask" | "text.attn_mask")
        || is_openai_mark(name)
}

/// The three numbers that OpenAI's checkpoints have beside the weights, and no others.
pub(crate) fn is_openai_mark(name: &str) -> bool {
    matches!(name, "input_resolution" | "context_length" | "vocab_size")
}

/// The canonical name of a tensor; an unknown name stays as it is.
pub(crate) fn canonical(name: &str) -> CanonicalName {
    if let Some(name) = transformers(name) {
        return name;
    }
    // open_clip's CustomTextCLIP keeps the text tower apart, as MaMMUT does, whose blocks lie in it.
    let name = name.strip_prefix("text.").unwrap_or(name);
    let blocks = name.strip_prefix("resblocks.");
    CanonicalName::whole(&blocks.map_or(name.to_owned(), |rest| {
        format!("transformer.resblocks.{rest}")
    }))
}

fn transformers(name: &str) -> Option<CanonicalName> {
    let whole = |name: String| CanonicalName::whole(&name);
    let projection = |name: &str| CanonicalName {
        transposed: true,
        ..CanonicalName::whole(name)
    };
    match name {
        "visual_projection.weight" => return Some(projection("visual.proj")),
        "text_projection.weight" => return Some(projection("text_projection")),
        _ => {}
    }
    let (prefix, rest) = match name.strip_prefix("vision_model.") {
        Some(rest) => ("visual.", rest),
        None => ("", name.strip_prefix("text_model.")?),
    };
    let outside = match rest {
        "embeddings.patch_embedding.weight" => "conv1.weight",
        "embeddings.class_embedding" => "class_embedding",
        "embeddings.position_embedding.weight" => "positional_embedding",
        "embeddings.token_embedding.weight" => "token_embedding.weight",
        // Sic.
        "pre_layrnorm.weight" => "ln_pre.weight",
        "pre_layrnorm.bias" => "ln_pre.bias",
        "post_layernorm.weight" => "ln_post.weight",
        "post_layernorm.bias" => "ln_post.bias",
        "final_layer_norm.weight" => "ln_final.weight",
        "final_layer_norm.bias" => "ln_final.bias",
        _ => "",
    };
    if !outside.is_empty() {
        return Some(whole(format!("{prefix}{outside}")));
    }
    let (block, rest) = rest.strip_prefix("encoder.layers.")?.split_once('.')?;
    let (module, kind) = rest.rsplit_once('.')?;
    let (module, slice) = match module {
        "layer_norm1" => ("ln_1.", Slice::Whole),
        "layer_norm2" => ("ln_2.", Slice::Whole),
        "self_attn.q_proj" => ("attn.in_proj_", Slice::Qkv(0)),
        "self_attn.k_proj" => ("attn.in_proj_", Slice::Qkv(1)),
        "self_attn.v_proj" => ("attn.in_proj_", Slice::Qkv(2)),
        "self_attn.out_proj" => ("attn.out_proj.", Slice::Whole),
        "mlp.fc1" => ("mlp.c_fc.", Slice::Whole),
        "mlp.fc2" => ("mlp.c_proj.", Slice::Whole),
        _ => return None,
    };
    Some(CanonicalName {
        slice,
        ..whole(format!(
            "{prefix}transformer.resblocks.{block}.{module}{kind}"
        ))
    })
}
