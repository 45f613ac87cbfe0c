//! A document's page, and the list of documents.

use super::address;
use super::compute::{Computed, Source};
use super::document::{Block, Document, plain};
use super::html::{Files, Writer, escape};
use super::share::{self, Figure, Shared};
use crate::analysis::{Analysis, to_query};
use crate::claim::{Check, Tally, Verdict};
use crate::finding;
use crate::study::checkpoint::PublishedCheckpoint;
use crate::study::description::Description;
use crate::text::significant;

/// Allows the page's own style, script, program and pictures, and nothing inline.
const POLICY: &str = "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; style-src 'self'; img-src 'self'; connect-src 'self'; manifest-src 'self'; base-uri 'none'; form-action 'none'";

/// A document of a study with all that its page says.
pub struct Page<'a> {
    pub document: &'a Document,
    pub computed: &'a Computed,
    pub source: &'a Source<'a>,
    /// Its own address, where that is known.
    pub address: Option<String>,
    /// A model of the study that the page can run.
    pub model: Option<&'a PublishedCheckpoint>,
}

/// A document in the list.
#[derive(Clone, Debug, PartialEq)]
pub struct Listed {
    /// Its folder, beside the list.
    pub id: String,
    pub title: String,
    /// Title of the paper or release.
    pub study: String,
    /// "Cherti et al., 2022, arXiv 2212.07143".
    pub paper: String,
    pub description: String,
    pub tally: Tally,
    /// The query of its numbers in Verify.
    pub verify: String,
    /// The query of its first table in Explore.
    pub explore: String,
    /// What differs: laws and numbers by name; those of several runs together.
    pub differing: Vec<String>,
    /// Id and title of the finding that changes most, where re-running the study's analyses found one.
    pub finding: Option<(&'static str, &'static str)>,
}

impl Listed {
    /// The paper's title and who wrote it, as HTML.
    pub(super) fn cited(&self) -> String {
        let title = escape(&self.study);
        match self.paper.strip_prefix(&self.study).unwrap_or(&self.paper) {
            "" => format!("<cite>{title}</cite>"),
            who => format!(
                "<cite>{title}</cite>, {}",
                escape(who.trim_start_matches(", "))
            ),
        }
    }
}

/// The views that a page of documents is one of.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum View {
    Home,
    Read,
}

impl Page<'_> {
    /// As the list has it.
    pub fn listed(&self) -> Listed {
        let study = self.source.study;
        Listed {
            id: study.id.clone(),
            title: self.document.title.clone(),
            study: study.title.clone(),
            paper: self.paper(),
            description: self.description(),
            tally: Tally::of(self.source.checks()),
            verify: address::verify(study, None, ""),
            explore: explore(self.source),
            differing: self.differing(),
            finding: finding::ids(study)
                .next()
                .and_then(|id| Some((id, self.source.finding(id).ok()?.title))),
        }
    }

    /// A law's coefficients are named "CLIP law, ImageNet-1k: A"; numbers of several runs, "ImageNet-1k top-1 accuracy,
    /// ViT-B-32", are counted. Of what stands alone, the numbers are told.
    fn differing(&self) -> Vec<String> {
        let mut named: Vec<(&str, Vec<&str>, String)> = Vec::new();
        let checks = self.source.checks().iter();
        let laws = checks.clone().filter(|check| check.whole_law);
        let laws: Vec<&str> = laws.map(|check| check.id.as_str()).collect();
        for check in checks.filter(|check| check.verdict == Verdict::Differs) {
            // Without a coefficient's symbol, or a number's unit.
            let of = check.quantity.split(": ").next().unwrap_or_default();
            let law = check.id.split('/').next().unwrap_or_default();
            let what = match laws.contains(&law) {
                true => of,
                false => of.rsplit_once(", ").map_or(of, |(what, _)| what),
            };
            let numbers = match (check.whole_law, check.recomputed) {
                (false, Some(recomputed)) => {
                    let which = match check.quantity.split_once(": ") {
                        Some((_, symbol)) if laws.contains(&law) => format!("{symbol} "),
                        _ => String::new(),
                    };
                    let recomputed = significant(recomputed, 4);
                    format!(
                        " ({which}printed {}, recomputed {recomputed})",
                        check.printed_text
                    )
                }
                _ => String::new(),
            };
            match named.iter_mut().find(|(known, ..)| *known == what) {
                Some((_, all, told)) if all.contains(&of) => {
                    if told.is_empty() {
                        *told = numbers;
                    }
                }
                Some((_, all, _)) => all.push(of),
                None => named.push((what, vec![of], numbers)),
            }
        }
        let text = |(what, all, numbers): (&str, Vec<&str>, String)| match &all[..] {
            [one] => format!("{one}{numbers}"),
            all => format!("{what}, {} runs", all.len()),
        };
        named.into_iter().map(text).collect()
    }

    /// The page, and its figures by the names of their files.
    pub fn html(&self) -> (String, Files) {
        const HOME: &str = "../../";
        let study = self.source.study;
        let mut article = Writer::new(self.document, self.computed, study, HOME);
        article.blocks(&self.document.blocks);
        let Writer { html, files, .. } = article;
        let title = escape(&self.document.title);
        let mut page = head(
            &format!("{} — Refit", self.document.title),
            &self.description(),
            HOME,
            "../",
            self.address.as_deref(),
            Some(&self.shared(None).alt()),
        );
        page.push_str(&masthead(HOME, "../", View::Read));
        page.push_str(&format!(
            "<main id=\"main\" class=\"read\" tabindex=\"-1\">\n<header class=\"opening\"><h1>{title}</h1>\n<p class=\"byline\">{}</p>\n{}{}</header>\n",
            self.byline(),
            verdicts(&self.listed(), HOME),
            self.ways_on(HOME),
        ));
        page.push_str(&contents(&self.document.blocks));
        page.push_str(&format!("<article>\n{html}</article>\n</main>\n"));
        page.push_str(&self.foot());
        (page, files)
    }

    /// The picture beside its link, as SVG: with the first of its figures, as it is shown at first.
    ///
    /// # Errors
    /// Where the figure cannot be drawn.
    pub fn picture(&self) -> Result<String, String> {
        let first = self.computed.figures.iter().flatten().next();
        let first = first.and_then(|figure| figure.variants.first());
        let figure = first.map(|variant| Figure::new(&variant.query, self.source));
        Ok(self.shared(figure.transpose()?).svg())
    }

    fn shared(&self, figure: Option<Figure>) -> Shared {
        Shared {
            title: self.document.title.clone(),
            byline: self.paper(),
            tally: Tally::of(self.source.checks()),
            figure,
        }
    }

    fn told(&self) -> Option<&Description> {
        self.source.printed.descriptions.get(&self.source.study)
    }

    /// "Cherti et al., 2022, arXiv 2212.07143".
    fn paper(&self) -> String {
        let study = self.source.study;
        let mut parts = Vec::new();
        if let Some(told) = self.told() {
            parts.push(who(&told.authors).unwrap_or_else(|| study.title.clone()));
            let year = told
                .year
                .filter(|_| !told.authors.iter().any(|a| a.contains(" (")));
            parts.extend(year.map(|year| year.to_string()));
        }
        if !study.arxiv.is_empty() {
            parts.push(format!("arXiv {}", study.arxiv));
        }
        parts.join(", ")
    }

    fn byline(&self) -> String {
        let study = self.source.study;
        let mut line = format!("About <cite>{}</cite>", escape(&study.title));
        if let Some(told) = self.told() {
            let who = who(&told.authors);
            let dated = who.as_ref().is_some_and(|who| who.ends_with(')'));
            if let Some(who) = &who {
                line.push_str(&format!(" by {}", escape(who)));
            }
            if let Some(year) = told.year.filter(|_| !dated) {
                line.push_str(&format!(" ({year})"));
            }
        }
        if !study.arxiv.is_empty() {
            let arxiv = escape(&study.arxiv);
            line.push_str(&format!(
                ", <a href=\"https://arxiv.org/abs/{arxiv}\">arXiv {arxiv}</a>"
            ));
        }
        if let Some(by) = self
            .told()
            .map(|told| &told.read_by)
            .filter(|by| !by.is_empty())
        {
            line.push_str(&format!(". Text by {}, not by the authors", escape(by)));
        }
        line + ". Every underlined number is computed from the study’s measurements."
    }

    /// The text's first paragraph, its numbers filled in.
    fn description(&self) -> String {
        let first = self.document.blocks.iter().find_map(|block| match block {
            Block::Paragraph(text) => Some(text),
            _ => None,
        });
        let Some(text) = first else {
            return self.source.study.title.clone();
        };
        let mut words = String::new();
        for inline in text {
            match inline {
                super::Inline::Number(i) => {
                    let number = self.computed.numbers.get(*i).and_then(Option::as_ref);
                    words.push_str(number.map_or("", |n| &n.text));
                }
                super::Inline::LiveFormula(i) => {
                    let formula = self.document.formulas.get(*i);
                    words.push_str(formula.map_or("", |formula| &formula.latex));
                }
                other => words.push_str(&plain(std::slice::from_ref(other))),
            }
        }
        words.split_whitespace().collect::<Vec<_>>().join(" ")
    }

    fn ways_on(&self, home: &str) -> String {
        let study = self.source.study;
        let link =
            |query: &str, text: &str| format!("<a href=\"{home}?{}\">{text}</a>", escape(query));
        let mut ways = Vec::new();
        ways.push(link(&explore(self.source), "Explore the data"));
        if !self.source.checks().is_empty() {
            ways.push(link(
                &address::verify(study, None, ""),
                "Verify the numbers",
            ));
        }
        if let Some(model) = self.model {
            let query = format!("page=run&model={}", model.id);
            ways.push(link(&query, &format!("Run {}", escape(&model.name()))));
        }
        format!("<p class=\"ways\">{}</p>\n", ways.join(" "))
    }

    fn foot(&self) -> String {
        let licence = self.told().map_or("", |told| told.licence.as_str());
        format!(
            "<footer><p>{} This page is made from the study’s <code>read.md</code> when the site is built; its numbers are computed by the program that runs in Explore.</p></footer>\n</body>\n</html>\n",
            escape(licence),
        )
    }
}

/// "The OpenCLIP contributors", "Hoffmann and Besiroglu", "Cherti et al.". An entry with a year is of a paper of its own:
/// "Hoffmann et al. (2022) and Besiroglu et al. (2024)".
fn who(authors: &[String]) -> Option<String> {
    let is_dated = |entry: &String| entry.contains(" (");
    if authors.iter().any(is_dated) {
        let papers = authors.iter().filter_map(|entry| {
            let (names, year) = entry.split_once(" (").unwrap_or((entry, ""));
            let names: Vec<String> = names.split(", ").map(str::to_owned).collect();
            let year = if year.is_empty() {
                String::new()
            } else {
                format!(" ({year}")
            };
            Some(who(&names)? + &year)
        });
        return Some(papers.collect::<Vec<_>>().join(" and "));
    }
    let family = |name: &str| name.rsplit(' ').next().unwrap_or(name).to_owned();
    let first = authors.first()?;
    match (authors, first.strip_suffix(" et al.")) {
        (_, Some(one)) => Some(format!("{} et al.", family(one))),
        ([one], None) => Some(one.clone()),
        ([a, b], None) => Some(format!("{} and {}", family(a), family(b))),
        _ => Some(format!("{} et al.", family(first))),
    }
}

/// The query of a study's first table, with the tab that has the study's laws.
fn explore(source: &Source) -> String {
    let first = source.study.tables().next();
    let query = first.map_or(String::new(), |table| to_query(&Analysis::of(table)));
    // A law over parameters and samples is no law of the figure: it is fitted under Allocation.
    let law = |check: &Check| check.id.split('/').next().map(str::to_owned);
    let surfaces = &source.printed.surfaces;
    let mut laws = source.checks().iter().filter_map(law);
    match laws.any(|law| surfaces.iter().any(|of| of.law == law)) {
        true => format!("{query}#allocation"),
        false => query,
    }
}

/// The page that lists documents; `picture` says what the picture beside its link shows, if it has one.
pub fn list(listed: &[Listed], address: Option<&str>, picture: Option<&str>) -> String {
    const HOME: &str = "../";
    let description = "Papers on scaling laws, told in plain words; numbers are recomputed from the released measurements.";
    let mut page = head("Read — Refit", description, HOME, "", address, picture);
    page.push_str(&masthead(HOME, "./", View::Read));
    page.push_str(
        "<main id=\"main\" class=\"read-list\" tabindex=\"-1\">\n<h1>Papers to read</h1>\n",
    );
    page.push_str(&format!(
        "<p class=\"lead\">{description}</p>\n<ul class=\"papers\">\n"
    ));
    for paper in listed {
        page.push_str(&format!(
            "<li><h2><a href=\"{}/\">{}</a></h2>\n<p class=\"byline\">{}</p>\n<p>{}</p>\n{}</li>\n",
            escape(&paper.id),
            escape(&paper.title),
            paper.cited(),
            escape(&paper.description),
            verdicts(paper, HOME),
        ));
    }
    page.push_str("</ul>\n</main>\n</body>\n</html>\n");
    page
}

/// Up to the body: `home` is the way to the site's root, `here` to the list's folder.
/// `address` is the page's own, `picture` what the picture beside it shows.
fn head(
    title: &str,
    description: &str,
    home: &str,
    here: &str,
    address: Option<&str>,
    picture: Option<&str>,
) -> String {
    let (title, description) = (escape(title), escape(&shortened(description)));
    let mut known = String::new();
    if let Some(address) = address {
        let picture = picture.map(|alt| share::meta(address, alt));
        let address = escape(address);
        known = format!(
            "<link rel=\"canonical\" href=\"{address}\">\n<meta property=\"og:url\" content=\"{address}\">\n"
        );
        known.push_str(&picture.unwrap_or_default());
    }
    format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n\
         <meta http-equiv=\"Content-Security-Policy\" content=\"{POLICY}\">\n\
         <meta charset=\"utf-8\">\n\
         <meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n\
         <title>{title}</title>\n\
         <meta name=\"description\" content=\"{description}\">\n\
         <meta property=\"og:type\" content=\"article\">\n\
         <meta property=\"og:site_name\" content=\"Refit\">\n\
         <meta property=\"og:title\" content=\"{title}\">\n\
         <meta property=\"og:description\" content=\"{description}\">\n{known}\
         <meta name=\"color-scheme\" content=\"light dark\">\n\
         <link rel=\"icon\" href=\"{home}icon.svg\" type=\"image/svg+xml\">\n\
         <link rel=\"manifest\" href=\"{home}manifest.webmanifest\">\n\
         <script src=\"{here}theme.js\"></script>\n\
         <link rel=\"stylesheet\" href=\"{here}read.css\">\n\
         <script type=\"module\" src=\"{here}read.js\"></script>\n\
         </head>\n<body>\n<a class=\"skip\" href=\"#main\">Skip to content</a>\n"
    )
}

/// What search engines show of a description.
fn shortened(text: &str) -> String {
    const LONGEST: usize = 200;
    match text.char_indices().nth(LONGEST) {
        None => text.to_owned(),
        Some((end, _)) => {
            let cut = text[..end]
                .rsplit_once(' ')
                .map_or(&text[..end], |(before, _)| before);
            format!("{cut} …")
        }
    }
}

/// The way to the site's root and to the documents, and where the reader is. `theme.js` writes on the button, without
/// which it is not seen.
pub(super) fn masthead(home: &str, documents: &str, here: View) -> String {
    let current = |view| match view == here {
        true => " aria-current=\"true\"",
        false => "",
    };
    let root = if home.is_empty() { "./" } else { home };
    format!(
        "<header class=\"masthead\"><p class=\"name\"><a href=\"{root}\"{}>Refit</a></p>\
         <nav aria-label=\"Views\"><a href=\"{documents}\"{}>Read</a> \
         <a href=\"{home}?\">Explore</a> <a href=\"{home}?page=figures\">Figures</a> \
         <a href=\"{home}?page=verify\">Verify</a> <a href=\"{home}?page=findings\">Findings</a> \
         <a href=\"{home}?page=methods\">Methods</a> <a href=\"{home}?page=run\">Run</a> \
         <a href=\"{home}?page=yours\">Your data</a></nav>\
         <div class=\"tools\"><button type=\"button\" id=\"theme\" class=\"theme\"></button></div></header>\n",
        current(View::Home),
        current(View::Read),
    )
}

/// A bar of verdicts, and in words.
pub(super) fn verdicts(paper: &Listed, home: &str) -> String {
    let tally = paper.tally;
    let href = escape(&format!("{home}?{}", paper.verify));
    let all = tally.all();
    if all == 0 {
        return "<p class=\"aside\">This study’s folder lists no printed numbers, so none is checked.</p>\n"
            .to_owned();
    }
    let mut bar = String::new();
    let mut x = 0.0;
    for (verdict, count) in tally.counts().filter(|(_, count)| *count > 0) {
        let width = 100.0 * count as f64 / all as f64;
        bar.push_str(&format!(
            "<rect class=\"{}\" x=\"{x:.2}\" width=\"{width:.2}\" height=\"4\"/>",
            verdict.id()
        ));
        x += width;
    }
    let outcomes =
        tally
            .outcomes()
            .into_iter()
            .map(|(verdict, words)| match tally.count(verdict) {
                // That none differs is no fault.
                0 => words,
                _ => format!("<span class=\"verdict {}\">{words}</span>", verdict.id()),
            });
    let outcomes: Vec<String> = outcomes.collect();
    let outcomes = match outcomes.is_empty() {
        true => String::new(),
        false => format!(": {}", outcomes.join(", ")),
    };
    let by_kind = tally.by_kind().map(|sentence| format!(" {sentence}"));
    let by_kind = by_kind.unwrap_or_default();
    format!(
        "<div class=\"verdicts\"><svg viewBox=\"0 0 100 4\" preserveAspectRatio=\"none\" aria-hidden=\"true\">{bar}</svg>\
         <p><a href=\"{href}\">{}</a>{outcomes}.{by_kind}</p></div>\n",
        tally.opening(),
    )
}

fn contents(blocks: &[Block]) -> String {
    let entries = blocks.iter().filter_map(|block| match block {
        Block::Heading { level: 2, id, text } => Some(format!(
            "<li><a href=\"#{}\">{}</a></li>",
            escape(id),
            escape(&plain(text))
        )),
        _ => None,
    });
    let entries: Vec<String> = entries.collect();
    if entries.len() < 3 {
        return String::new();
    }
    format!(
        "<nav class=\"contents\" aria-label=\"Contents\"><ol>{}</ol></nav>\n",
        entries.concat()
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn authors_are_named_as_papers_cite_them() {
        for (authors, said) in [
            (
                &["The OpenCLIP contributors"][..],
                "The OpenCLIP contributors",
            ),
            (&["Ada Lovelace", "Charles Babbage"], "Lovelace and Babbage"),
            (&["A B", "C D", "E F"], "B et al."),
            (
                &["Jordan Hoffmann et al. (2022)", "A B, C D (2024)"],
                "Hoffmann et al. (2022) and B and D (2024)",
            ),
        ] {
            let authors: Vec<String> = authors.iter().map(|a| (*a).to_owned()).collect();
            assert_eq!(who(&authors).as_deref(), Some(said));
        }
        assert_eq!(who(&[]), None);
    }
}
