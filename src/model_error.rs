//! An error of the model library as a sentence for the reader: the fact, its cause, and what can be
//! done about it on the page or in the terminal.

use refit_clip::architecture::ConfigurationError;
use refit_clip::backend::ComputeError;
use refit_clip::mix::MixError;
use refit_clip::preprocess::ImageError;
use refit_clip::tokenizer::VocabularyError;
use refit_clip::weights::source::SourceError;
use refit_clip::weights::{TensorProblem, WeightsError};
use refit_clip::{Assumption, ClipError};
use std::error::Error;

/// Where the sentence is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrontEnd {
    Page,
    Terminal,
}

/// What went wrong with a model, and what to do.
pub fn sentence(error: &ClipError, front_end: FrontEnd) -> String {
    with_advice(error, model_advice(error, front_end))
}

/// Why models cannot be mixed, and what to do.
pub fn mix_sentence(error: &MixError, front_end: FrontEnd) -> String {
    let advice = match error {
        MixError::File { error, .. } => model_advice(error, front_end),
        MixError::Count { found: 0 } if front_end == FrontEnd::Terminal => {
            "give --weights again for each"
        }
        MixError::Count { found: 0 } => "choose one",
        MixError::Count { .. } => "choose fewer",
        MixError::Missing { .. } | MixError::Extra { .. } | MixError::Shape { .. } => {
            "models of one architecture alone can be mixed"
        }
        MixError::Activation { .. } if front_end == FrontEnd::Terminal => {
            "choose with --activation if one of them is wrong"
        }
        MixError::Heads { .. } if front_end == FrontEnd::Terminal => {
            "give the configuration with --config"
        }
        MixError::Activation { .. } | MixError::Heads { .. } => "",
        MixError::BaseIsDifference { .. } => "choose a whole model as the base",
        MixError::Coefficients { .. } => "",
    };
    with_advice(error, advice)
}

/// What was assumed about a checkpoint, and how to say it otherwise.
pub fn assumption(assumption: &Assumption, front_end: FrontEnd) -> String {
    let is_page = front_end == FrontEnd::Page;
    let advice = match assumption {
        Assumption::Activation(_) if is_page => "choose the other below if answers look random",
        Assumption::Activation(_) => "choose with --activation",
        Assumption::Preprocessing | Assumption::Heads { .. } if is_page => {
            "open the checkpoint together with its configuration file if it has one"
        }
        Assumption::Preprocessing | Assumption::Heads { .. } => {
            "give the configuration with --config"
        }
        Assumption::State { .. } if is_page => "choose others below",
        Assumption::State { .. } => "choose with --weights-key",
        Assumption::LeftOut(_) => "",
        Assumption::Overruled(_) if is_page => "open the checkpoint with the right one alone",
        Assumption::Overruled(_) => "give the right one with --config",
    };
    fact_with_advice(&assumption.to_string(), None, advice)
}

/// What is wrong with the tokenizer's files, or with a model's vocabulary, and what to do.
pub fn vocabulary_sentence(error: &VocabularyError, front_end: FrontEnd) -> String {
    let advice = match error {
        VocabularyError::Size { .. } => "",
        VocabularyError::Context { .. } => "choose another model",
        _ if front_end == FrontEnd::Page => "reload the page",
        _ => "",
    };
    with_advice(error, advice)
}

/// What is wrong with a configuration file.
pub fn configuration_sentence(error: &ConfigurationError) -> String {
    with_advice(error, "")
}

/// What is wrong with a decoded image, and what to do.
pub fn image_sentence(error: &ImageError) -> String {
    with_advice(error, "choose another image")
}

fn with_advice(error: &dyn Error, advice: &str) -> String {
    fact_with_advice(&error.to_string(), error.source(), advice)
}

fn fact_with_advice(fact: &str, cause: Option<&dyn Error>, advice: &str) -> String {
    let mut sentence = String::with_capacity(fact.len() + advice.len() + 4);
    let mut rest = fact.chars();
    if let Some(first) = rest.next() {
        sentence.extend(first.to_uppercase());
    }
    sentence.push_str(rest.as_str());
    if let Some(cause) = cause {
        sentence.push_str(&format!(" ({cause})"));
    }
    if !advice.is_empty() {
        sentence.push_str("; ");
        sentence.push_str(advice);
    }
    sentence.push('.');
    sentence
}

fn model_advice(error: &ClipError, front_end: FrontEnd) -> &'static str {
    match error {
        ClipError::Weights(error) => weights_advice(error, front_end),
        ClipError::Compute(error) => compute_advice(error, front_end),
        ClipError::ImageSize { .. } => "prepare it again",
        ClipError::TextTooLong { .. } => "shorten it",
        ClipError::UnknownToken { .. } => "the model was trained with another tokenizer",
        ClipError::DecoderNotLoaded => "load it again, for captions",
        ClipError::Decoding { .. } => "",
        ClipError::NoLabels => "give at least one",
        ClipError::Template { .. } => "write {} where it belongs",
        ClipError::OneColour => "choose another image",
        ClipError::Tiles { .. } => "choose fewer tiles, or a larger image",
        ClipError::NotFinite => "the training has diverged or the file is damaged",
    }
}

fn weights_advice(error: &WeightsError, front_end: FrontEnd) -> &'static str {
    match error {
        WeightsError::Source(error) => source_advice(error, front_end),
        WeightsError::LfsPointer => "run `git lfs pull`",
        WeightsError::OtherFile { .. } | WeightsError::UnknownFormat => {
            "choose a .safetensors, .pt or .bin file"
        }
        WeightsError::NoFile => "choose a .safetensors, .pt or .bin file",
        WeightsError::SeveralFiles { .. } => "choose one",
        WeightsError::Answer { .. } => {
            "accept the repository’s terms there, and download the file yourself"
        }
        WeightsError::Index => match front_end {
            FrontEnd::Page => "choose the index together with all the files that it names",
            FrontEnd::Terminal => "put the files that it names beside it",
        },
        WeightsError::MissingParts { .. } => match front_end {
            FrontEnd::Page => "choose all files together",
            FrontEnd::Terminal => "put them beside the others",
        },
        WeightsError::HeaderTooLong { .. } => "the file is damaged or not a safetensors file",
        WeightsError::Header { .. } | WeightsError::Archive { .. } | WeightsError::Pack { .. } => {
            "download the file again"
        }
        WeightsError::Pickle { .. } => "save the model’s state_dict() alone, or as safetensors",
        WeightsError::NoStateDict | WeightsError::OptimizerState => "save the model’s state_dict()",
        WeightsError::NoState { .. } => "choose one of these",
        WeightsError::Unsupported { .. } => "choose another model",
        WeightsError::NoMemory { .. } => "choose a smaller model",
        WeightsError::Tensor { problem, .. } => tensor_advice(problem),
        WeightsError::OtherModel { .. } => "choose a CLIP with a vision transformer, or a MaMMUT",
        WeightsError::Missing { .. } => "choose a complete one",
        WeightsError::Unexpected { .. } => "choose a plain one",
        WeightsError::NoDecoder => "choose a MaMMUT checkpoint for captions",
        WeightsError::Architecture { .. } => "",
    }
}

fn tensor_advice(problem: &TensorProblem) -> &'static str {
    match problem {
        TensorProblem::Dtype { .. } => "convert it",
        TensorProblem::OutOfRange => "download the file again",
        TensorProblem::NotFinite { .. } => "the training has diverged or the file is damaged",
        TensorProblem::Overlaps { .. } | TensorProblem::Size { .. } | TensorProblem::Twice => {
            "the file is damaged"
        }
        TensorProblem::Shape { .. } => "",
        TensorProblem::TooLarge { .. } => "choose int8",
    }
}

fn source_advice(error: &SourceError, front_end: FrontEnd) -> &'static str {
    match error {
        SourceError::NotFound { .. } => match front_end {
            FrontEnd::Page => "check the address",
            FrontEnd::Terminal => "check the path",
        },
        SourceError::Status { code: 401 | 403 } => {
            "the repository may be gated: accept its terms on its page, download the file and open it from your disk"
        }
        SourceError::Status { .. }
        | SourceError::Unreachable
        | SourceError::NoRanges
        | SourceError::NoLength => "download the file and open it from your disk",
        SourceError::Ended { .. } => "download it again",
        SourceError::TimedOut { .. } | SourceError::Broken { .. } => {
            "check the network and try again"
        }
        SourceError::Changed => "try again",
        SourceError::OtherLength { .. } | SourceError::OtherFile { .. } => {
            "it is damaged or of another pack: copy or download it again"
        }
        SourceError::Damaged => {
            "it is damaged, or an older version of this page stored it: delete it and download it again"
        }
        SourceError::WebPage => {
            "use the address of the file itself (on Hugging Face, “resolve” instead of “blob”)"
        }
        SourceError::Other { .. } => "",
    }
}

fn compute_advice(error: &ComputeError, front_end: FrontEnd) -> &'static str {
    let is_page = front_end == FrontEnd::Page;
    match error {
        ComputeError::NoDevice { .. } if is_page => {
            "install its driver, or compute on the processor"
        }
        ComputeError::NoDevice { .. } => "install its driver, or choose --backend cpu",
        ComputeError::TooLarge { .. } if is_page => {
            "choose a smaller model or compute on the processor"
        }
        ComputeError::TooLarge { .. } => "choose a smaller model or --backend cpu",
        ComputeError::OutOfMemory { .. } if is_page => {
            "close other pages or choose a smaller model"
        }
        ComputeError::OutOfMemory { .. } => "choose a smaller model",
        ComputeError::Lost { .. } if is_page => "load the model again",
        ComputeError::Lost { .. } => "run the command again",
        // The page goes on without it.
        ComputeError::WorkerLost { .. } => "",
        ComputeError::Refused { .. } if is_page => {
            "compute on the processor, and please report this"
        }
        ComputeError::Refused { .. } => "choose --backend cpu, and please report this",
        ComputeError::Unsupported { .. } => "",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use refit_clip::Cause;

    #[test]
    fn sentences_name_the_fact_the_cause_and_what_to_do() {
        for (error, on_page, in_terminal) in [
            (
                ClipError::Weights(WeightsError::NoDecoder),
                "This is a CLIP, which compares images with texts and does not write any; choose a MaMMUT checkpoint for captions.",
                "This is a CLIP, which compares images with texts and does not write any; choose a MaMMUT checkpoint for captions.",
            ),
            (
                ClipError::Compute(ComputeError::NoDevice {
                    reason: "no adapter".to_owned(),
                }),
                "No GPU can be used here (no adapter); install its driver, or compute on the processor.",
                "No GPU can be used here (no adapter); install its driver, or choose --backend cpu.",
            ),
            (
                SourceError::Other {
                    cause: Cause::new("permission denied"),
                }
                .into(),
                "The file cannot be read (permission denied).",
                "The file cannot be read (permission denied).",
            ),
            (
                ClipError::Weights(WeightsError::Missing {
                    names: ["a", "b", "c", "d", "e"].map(str::to_owned).into(),
                }),
                "The checkpoint lacks a, b, c, d and 1 more; choose a complete one.",
                "The checkpoint lacks a, b, c, d and 1 more; choose a complete one.",
            ),
        ] {
            assert_eq!(sentence(&error, FrontEnd::Page), on_page);
            assert_eq!(sentence(&error, FrontEnd::Terminal), in_terminal);
        }
    }
}
