//! The page's first view: what the papers claim and whether it holds. Rendered when the page is built, so that it is
//! read before any program has loaded, and without one.

mod answer;
mod figure;

use super::compute::Source;
use super::html::{Files, escape};
use super::page::{Listed, View, masthead, verdicts};
use super::share::{self, Figure, Shared};
use crate::analysis::gpu_time::as_target;
use crate::analysis::{Analysis, to_query};
use crate::claim::Tally;
use crate::text::percent;
pub use answer::Answer;

const TITLE: &str = "Scaling laws, recomputed";
/// What “What should I train?” asks first: the reader puts their own in its place.
const BUDGET: &str = "64 H100 for 48 h at 35 %";

/// What the first view is made of.
pub struct Home<'a> {
    /// Of the study whose figure is shown.
    pub source: &'a Source<'a>,
    pub papers: &'a [Listed],
    pub answer: &'a Answer,
    /// Address of the site's repository, where it is known.
    pub repository: Option<String>,
}

impl Home<'_> {
    /// The view as HTML, and the files beside the papers to read that it shows.
    ///
    /// # Errors
    /// Where the first study's first table cannot be drawn.
    pub fn html(&self) -> Result<(String, Files), String> {
        let is_read = |paper: &Listed| paper.id == self.source.study.id;
        let (figure, files) = figure::figure(self.source, self.papers.iter().any(is_read))?;
        let html = format!(
            "<a class=\"skip\" href=\"#home-main\">Skip to content</a>\n{}<main id=\"home-main\" class=\"home\" tabindex=\"-1\">\n\
             <header class=\"opening\"><h1>{TITLE}</h1>\n\
             <p class=\"lead\">Scaling laws predict how good a larger model will be. Refit fits the laws of published papers again, in your browser, to the released measurements, and checks each printed number.</p>\n{}\
             <p class=\"ways\"><a href=\"read/\">Read a paper</a> {}<a href=\"?page=run\">Try a model on your images</a></p>\n\
             <noscript><p>Explore, Verify and Run need JavaScript. The <a href=\"read/\">papers to read</a> do not.</p></noscript></header>\n\
             {figure}{}{}</main>\n",
            masthead("", "read/", View::Home),
            self.tally(),
            self.what_to_train(),
            self.papers(),
            self.cards(),
        );
        Ok((html, files))
    }

    /// The picture beside its link, as SVG, and what the picture shows.
    ///
    /// # Errors
    /// As [`Home::html`].
    pub fn picture(&self) -> Result<(String, String), String> {
        let byline = match self.papers.len() {
            0 | 1 => "Published laws, refitted".to_owned(),
            papers => format!("The laws of {papers} papers, refitted"),
        };
        let shared = Shared {
            title: TITLE.to_owned(),
            byline,
            tally: self.all(),
            figure: Some(Figure::new("", self.source)?),
        };
        Ok((shared.svg(), shared.alt()))
    }

    /// The head’s elements for the picture, where the site’s address is known. Its address is not named as the one to
    /// share: a link to an analysis is the same page with a query.
    #[must_use]
    pub fn picture_meta(site: &str, alt: &str) -> String {
        share::meta(&format!("{site}read/"), alt)
    }

    /// The way to Predictions with a budget; nothing where the study's compute is in no unit that GPU time has.
    fn what_to_train(&self) -> String {
        let Some(table) = self.source.study.tables().next() else {
            return String::new();
        };
        let Some(budget) = as_target(BUDGET, table.study()) else {
            return String::new();
        };
        let analysis = Analysis {
            at: vec![budget],
            ..Analysis::of(table)
        };
        format!(
            "<a href=\"?{}#predictions\">What should I train?</a> ",
            escape(&to_query(&analysis))
        )
    }

    fn all(&self) -> Tally {
        self.papers.iter().map(|paper| paper.tally).sum()
    }

    /// What came of all papers’ numbers, in a sentence.
    fn tally(&self) -> String {
        let all = self.all();
        if all.all() == 0 {
            return String::new();
        }
        let sentence = all.sentence();
        let rest = sentence.strip_prefix(&all.opening()).unwrap_or_default();
        format!(
            "<p class=\"tally\"><a href=\"?page=verify\">{}</a>{rest}</p>\n",
            all.opening()
        )
    }

    fn papers(&self) -> String {
        if self.papers.is_empty() {
            return String::new();
        }
        let mut html = "<section aria-labelledby=\"papers\"><h2 id=\"papers\">Can the published numbers be reproduced?</h2>\n<ul class=\"cards\">\n".to_owned();
        for paper in self.papers {
            let id = escape(&paper.id);
            html.push_str(&format!(
                "<li><h3><a href=\"read/{id}/\">{}</a></h3>\n<p class=\"byline\">{}</p>\n<p>{}</p>\n{}{}{}<p class=\"ways\"><a href=\"read/{id}/\">Read</a> <a href=\"?{}\">Explore</a></p></li>\n",
                escape(&paper.title),
                paper.cited(),
                escape(&paper.description),
                verdicts(paper, ""),
                differing(paper),
                found(paper),
                escape(&paper.explore),
            ));
        }
        html + "</ul></section>\n"
    }

    fn cards(&self) -> String {
        let answer = self.answer;
        let (host, unknown) = match &self.repository {
            Some(address) => (
                format!("<a href=\"{}\">Host your own paper</a>", escape(address)),
                "",
            ),
            None => (
                "Host your own paper".to_owned(),
                " This copy of Refit does not know the address of its repository: ask who publishes it.",
            ),
        };
        let mut shares = String::new();
        for (label, share) in &answer.shares {
            let right = if *label == answer.label {
                " class=\"right\""
            } else {
                ""
            };
            shares.push_str(&format!(
                "<li{right}><span>{}</span> <meter min=\"0\" max=\"1\" value=\"{share:.4}\">{}</meter> <b>{}</b></li>",
                escape(label),
                percent(*share),
                percent(*share),
            ));
        }
        format!(
            "<section aria-labelledby=\"try\"><h2 id=\"try\">Try it yourself</h2>\n<ul class=\"cards\">\n\
             <li><h3><a href=\"?page=run\">Run the small CLIP that comes with the page</a></h3>\n\
             <div class=\"answer\"><img src=\"{}\" width=\"96\" height=\"96\" alt=\"{}\" loading=\"lazy\"><ol>{shares}</ol></div>\n\
             <p>It knows drawn shapes and answers at once, on your GPU or CPU. ViT-B/32 and others are loaded when you ask for them; your images stay on your device.</p></li>\n\
             <li><h3><a href=\"?page=yours\">Open your own runs</a></h3>\n\
             <p>Drop a table: CSV, Parquet, Excel, JSON, Weights &amp; Biases exports. Refit says what it takes each column for, asks where it is unsure, and fits the same laws. Nothing is uploaded.</p></li>\n\
             <li><h3>{host}</h3>\n\
             <p>A paper is a folder: a table of runs, its printed numbers, a text. Use the repository as a template, put the folder into <code>data/</code>, push: the page is published with it.{unknown}</p></li>\n</ul></section>\n",
            escape(&answer.file),
            escape(&answer.label),
        )
    }
}

/// What re-running a paper's analyses shows besides.
fn found(paper: &Listed) -> String {
    paper.finding.map_or(String::new(), |(id, title)| {
        format!(
            "<p class=\"byline found\">Finding: <a href=\"?page=findings#{id}\">{}</a>.</p>\n",
            escape(title)
        )
    })
}

/// What of a paper differs, by name.
fn differing(paper: &Listed) -> String {
    const NAMED: usize = 3;
    let names = &paper.differing;
    if names.is_empty() {
        return String::new();
    }
    let more = match names.len().saturating_sub(NAMED) {
        0 => String::new(),
        1 => "; and one more law or number".to_owned(),
        more => format!("; and {more} more laws or numbers"),
    };
    let named: Vec<String> = names.iter().take(NAMED).map(|name| escape(name)).collect();
    format!(
        "<p class=\"differing\">What differs: {}{more}.</p>\n",
        named.join("; ")
    )
}
