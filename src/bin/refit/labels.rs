//! Labels and prompt templates, from the command line and from files.

use refit::text::listed;
use std::path::{Path, PathBuf};

/// What images are classified by.
#[derive(clap::Args)]
pub(crate) struct Labels {
    /// Labels, separated by commas; one that contains a comma is quoted as in CSV
    #[arg(long, required_unless_present_any = ["labels_file", "head"])]
    labels: Option<String>,
    /// File with a label a line, instead of or besides --labels
    #[arg(long)]
    labels_file: Option<PathBuf>,
    /// Prompt template, {} stands for the label; repeat to average over templates
    #[arg(long)]
    template: Vec<String>,
    /// File with a template a line, besides --template
    #[arg(long)]
    templates_file: Option<PathBuf>,
}

impl Labels {
    pub(crate) fn labels(&self) -> Result<Vec<String>, String> {
        let mut labels = match &self.labels {
            Some(text) => listed(text),
            None => Vec::new(),
        };
        if let Some(path) = &self.labels_file {
            labels.extend(a_line_each(&text(path)?));
        }
        Ok(labels)
    }

    pub(crate) fn templates(&self) -> Result<Vec<String>, String> {
        let mut templates = self.template.clone();
        if let Some(path) = &self.templates_file {
            templates.extend(lines(&text(path)?).map(str::to_owned));
        }
        if templates.is_empty() {
            templates.push("a photo of a {}.".to_owned());
        }
        Ok(templates)
    }
}

/// The labels of a file: a line is one, commas and all, unless it is quoted.
fn a_line_each(text: &str) -> Vec<String> {
    let mut labels = Vec::new();
    for line in lines(text) {
        match line.starts_with('"') {
            true => labels.extend(listed(line)),
            false => labels.push(line.to_owned()),
        }
    }
    labels
}

fn text(path: &Path) -> Result<String, String> {
    std::fs::read_to_string(path).map_err(|error| format!("{}: {error}", path.display()))
}

/// The lines of a file that are not empty.
fn lines(text: &str) -> impl Iterator<Item = &str> {
    let lines = text.trim_start_matches('\u{feff}').lines();
    lines.map(str::trim).filter(|line| !line.is_empty())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::mutation::{Seed, survives};

    #[test]
    fn labels_and_templates_survive() {
        let files = [
            "\u{feff}cat\r\n\"red, square\"\n\n dog, brown \n\"say \"\"hi\"\"\", \"x\"\n",
            "a photo of a {}.\n{}\n\nno place\n",
        ];
        let seeds = files.map(|file| Seed::whole(file.as_bytes().to_vec()));
        survives(&seeds, |file| {
            let text = String::from_utf8_lossy(file);
            let _ = listed(&text);
            assert!(a_line_each(&text).iter().all(|label| !label.is_empty()));
            assert!(lines(&text).all(|line| !line.is_empty()));
        });
    }
}
