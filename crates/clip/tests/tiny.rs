//! Tiny models of every tensor that a real one has.

use crate::formula::Tensor;

/// Width of both towers.
pub(crate) const WIDTH: usize = 8;

/// A tiny CLIP's tensors.
pub(crate) fn tiny(vocabulary: usize, context: usize) -> Vec<Tensor> {
    let mut all = Vec::new();
    let mut add = |name: &str, shape: &[usize]| all.push(Tensor::new(name, shape));
    for prefix in ["visual.", ""] {
        for i in 0..2 {
            let mut add = |name: &str, shape: &[usize]| {
                add(&format!("{prefix}transformer.resblocks.{i}.{name}"), shape);
            };
            for name in ["ln_1", "ln_2", "attn.out_proj", "mlp.c_proj"] {
                add(&format!("{name}.bias"), &[WIDTH]);
            }
            add("ln_1.weight", &[WIDTH]);
            add("ln_2.weight", &[WIDTH]);
            add("attn.in_proj_weight", &[3 * WIDTH, WIDTH]);
            add("attn.in_proj_bias", &[3 * WIDTH]);
            add("attn.out_proj.weight", &[WIDTH, WIDTH]);
            add("mlp.c_fc.weight", &[16, WIDTH]);
            add("mlp.c_fc.bias", &[16]);
            add("mlp.c_proj.weight", &[WIDTH, 16]);
        }
    }
    for norm in ["visual.ln_pre", "visual.ln_post", "ln_final"] {
        add(&format!("{norm}.weight"), &[WIDTH]);
        add(&format!("{norm}.bias"), &[WIDTH]);
    }
    add("visual.conv1.weight", &[WIDTH, 3, 2, 2]);
    add("visual.class_embedding", &[WIDTH]);
    add("visual.positional_embedding", &[5, WIDTH]);
    add("visual.proj", &[WIDTH, 4]);
    add("token_embedding.weight", &[vocabulary, WIDTH]);
    add("positional_embedding", &[context, WIDTH]);
    add("text_projection", &[WIDTH, 4]);
    add("logit_scale", &[]);
    all
}

/// The tiny CLIP's tensors as a MaMMUT's: its first block lacks an MLP.
pub(crate) fn tiny_mammut(vocabulary: usize, context: usize) -> Vec<Tensor> {
    let mut all = Vec::new();
    for tensor in tiny(vocabulary, context) {
        let name = tensor.name.as_str();
        let bare = name.starts_with("transformer.resblocks.0.");
        if bare && (name.contains(".mlp.") || name.contains(".ln_2.")) {
            continue;
        }
        if name.starts_with("transformer.resblocks.1.") {
            // Cross-attention has the shapes of a block.
            let name = name.replace("transformer.resblocks.1", "text.cross_attn.0");
            if name.contains(".ln_1.") {
                all.push(Tensor::new(&name.replace("ln_1", "ln_1_kv"), &tensor.shape));
            }
            all.push(Tensor::new(&name, &tensor.shape));
        }
        let (name, shape) = match name {
            "visual.proj" => (name.to_owned(), vec![WIDTH, WIDTH]),
            "text_projection" => (format!("text.{name}"), vec![WIDTH, vocabulary]),
            _ if name.starts_with("visual.") || name == "logit_scale" => {
                (name.to_owned(), tensor.shape)
            }
            _ => {
                let name = name.strip_prefix("transformer.").unwrap_or(name);
                (format!("text.{name}"), tensor.shape)
            }
        };
        all.push(Tensor::new(&name, &shape));
    }
    all.push(Tensor::new("map_viz2txt_kv", &[WIDTH, WIDTH]));
    all
}
