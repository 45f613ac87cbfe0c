//! The tensors that a model of an architecture has, by open_clip's names.

use super::{Architecture, TransformerConfig};
use crate::backend::Split;
use std::collections::BTreeMap;

/// What a tensor is for, which decides how a backend stores it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// The matrix of a linear map, `[outputs, inputs]`.
    Linear,
    /// The matrix of a linear map, `[inputs, outputs]`.
    Projection,
    /// Anything else.
    Values,
}

/// A tensor of the architecture.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Parameter {
    pub(crate) shape: Vec<usize>,
    pub(crate) role: Role,
    /// How several workers divide it.
    pub(crate) split: Split,
}

impl Architecture {
    /// Every tensor of such a model.
    pub(crate) fn parameters(&self) -> BTreeMap<String, Parameter> {
        let mut all = ParameterList(BTreeMap::new());
        for i in 0..self.vision.layers {
            let prefix = format!("visual.transformer.resblocks.{i}");
            all.add_block(&prefix, self.vision, &["ln_1"], true);
        }
        for i in 0..self.text.layers {
            let prefix = format!("transformer.resblocks.{i}");
            all.add_block(&prefix, self.text, &["ln_1"], self.has_mlp(i));
        }
        for i in 0..self.decoder.map_or(0, |decoder| decoder.layers) {
            let prefix = format!("cross_attn.{i}");
            all.add_block(&prefix, self.text, &["ln_1", "ln_1_kv"], true);
        }
        let (vision, text) = (self.vision.width, self.text.width);
        all.add_norm("visual.ln_pre", vision);
        all.add_norm("visual.ln_post", vision);
        all.add_norm("ln_final", text);
        let conv = [vision, 3, self.patch, self.patch];
        all.add("visual.conv1.weight", Role::Linear, &conv);
        let unit = unit_of(vision);
        all.divide("visual.conv1.weight", Split::Outputs { unit });
        all.add("visual.class_embedding", Role::Values, &[vision]);
        let positions = [self.grid * self.grid + 1, vision];
        all.add("visual.positional_embedding", Role::Values, &positions);
        let projection = [vision, self.embedding];
        all.add("visual.proj", Role::Projection, &projection);
        let tokens = [self.vocabulary, text];
        all.add("token_embedding.weight", Role::Values, &tokens);
        let positions = [self.context, text];
        all.add("positional_embedding", Role::Values, &positions);
        // A MaMMUT's projects to the logits of the vocabulary.
        let outputs = self.decoder.map_or(self.embedding, |_| self.vocabulary);
        all.add("text_projection", Role::Projection, &[text, outputs]);
        all.add("logit_scale", Role::Values, &[]);
        if self.decoder.is_some() {
            let unit = unit_of(outputs);
            all.divide("text_projection", Split::Outputs { unit });
            all.add("map_viz2txt_kv", Role::Projection, &[vision, text]);
        }
        all.0
    }
}

/// Numbers that stay together where nothing asks for it: as many as fill vector registers.
fn unit_of(count: usize) -> usize {
    if count.is_multiple_of(16) { 16 } else { 1 }
}

struct ParameterList(BTreeMap<String, Parameter>);

impl ParameterList {
    fn add(&mut self, name: &str, role: Role, shape: &[usize]) {
        let shape = shape.to_vec();
        let split = Split::Whole;
        self.0
            .insert(name.to_owned(), Parameter { shape, role, split });
    }

    fn divide(&mut self, name: &str, split: Split) {
        if let Some(parameter) = self.0.get_mut(name) {
            parameter.split = split;
        }
    }

    fn add_norm(&mut self, name: &str, width: usize) {
        self.add(&format!("{name}.weight"), Role::Values, &[width]);
        self.add(&format!("{name}.bias"), Role::Values, &[width]);
    }

    fn add_linear(&mut self, name: &str, inputs: usize, outputs: usize) {
        self.add(&format!("{name}weight"), Role::Linear, &[outputs, inputs]);
        self.add(&format!("{name}bias"), Role::Values, &[outputs]);
    }

    fn add_block(&mut self, prefix: &str, tower: TransformerConfig, norms: &[&str], has_mlp: bool) {
        let (width, hidden) = (tower.width, tower.hidden);
        for norm in norms {
            self.add_norm(&format!("{prefix}.{norm}"), width);
        }
        self.add_linear(&format!("{prefix}.attn.in_proj_"), width, 3 * width);
        self.add_linear(&format!("{prefix}.attn.out_proj."), width, width);
        let unit = width / tower.heads;
        self.divide(
            &format!("{prefix}.attn.in_proj_weight"),
            Split::Qkv { unit },
        );
        self.divide(
            &format!("{prefix}.attn.out_proj.weight"),
            Split::Inputs { unit },
        );
        if has_mlp {
            self.add_norm(&format!("{prefix}.ln_2"), width);
            self.add_linear(&format!("{prefix}.mlp.c_fc."), width, hidden);
            self.add_linear(&format!("{prefix}.mlp.c_proj."), hidden, width);
            let unit = unit_of(hidden);
            self.divide(
                &format!("{prefix}.mlp.c_fc.weight"),
                Split::Outputs { unit },
            );
            self.divide(
                &format!("{prefix}.mlp.c_proj.weight"),
                Split::Inputs { unit },
            );
        }
    }
}
