//! CommonMark to a document.

use super::document::{
    Block, Document, Inline, LiveFigure, LiveFormula, LiveNumber, Place, Problem, plain,
};
use super::{address, formula};
use pulldown_cmark::{CodeBlockKind, Event, Options, Parser, Tag, TagEnd};
use std::collections::BTreeSet;
use std::ops::Range;

/// Most levels of lists and asides in each other.
const DEEPEST: usize = 12;

/// Longest document that is read, in bytes.
const LONGEST: usize = 200_000;

/// Reads a document. Where there are problems, it lacks what they are about.
pub fn parse(text: &str) -> (Document, Vec<Problem>) {
    let mut reader = Reader {
        text,
        events: Vec::new().into_iter().peekable(),
        document: Document::default(),
        ids: BTreeSet::new(),
        problems: Vec::new(),
        depth: 0,
    };
    if text.len() > LONGEST {
        reader.problem(0, format!("is longer than {LONGEST} bytes"));
        return (reader.document, reader.problems);
    }
    let options = Options::ENABLE_MATH | Options::ENABLE_TABLES | Options::ENABLE_SMART_PUNCTUATION;
    let events: Vec<(Event, Range<usize>)> =
        Parser::new_ext(text, options).into_offset_iter().collect();
    reader.events = events.into_iter().peekable();
    reader.document.blocks = reader.blocks(None);
    if reader.document.title.is_empty() {
        reader.problem(
            0,
            "has no title: begin with a line such as “# What we found”",
        );
    }
    reader.problems.sort();
    (reader.document, reader.problems)
}

struct Reader<'a> {
    text: &'a str,
    events: std::iter::Peekable<std::vec::IntoIter<(Event<'a>, Range<usize>)>>,
    document: Document,
    ids: BTreeSet<String>,
    problems: Vec<Problem>,
    depth: usize,
}

impl<'a> Reader<'a> {
    fn problem(&mut self, offset: usize, message: impl Into<String>) {
        self.problems.push(Problem {
            place: Place::of(self.text, offset),
            message: message.into(),
        });
    }

    /// The blocks up to the end of a container, or of the document. Text without a paragraph, as in
    /// tight lists, is one.
    fn blocks(&mut self, end: Option<TagEnd>) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut loose = Vec::new();
        self.depth += 1;
        while let Some((event, range)) = self.events.next() {
            match event {
                Event::End(tag) if Some(tag) == end => break,
                Event::Start(tag) if is_block(&tag) => {
                    paragraph(&mut loose, &mut blocks);
                    if self.depth > DEEPEST {
                        self.problem(range.start, "is nested too deeply");
                        self.skip(tag.to_end());
                    } else if let Some(block) = self.block(tag, range.start) {
                        blocks.push(block);
                    }
                }
                Event::Rule => {
                    paragraph(&mut loose, &mut blocks);
                    blocks.push(Block::Rule);
                }
                other => self.inline(other, range.start, &mut loose),
            }
        }
        self.depth -= 1;
        paragraph(&mut loose, &mut blocks);
        blocks
    }

    fn block(&mut self, tag: Tag<'a>, start: usize) -> Option<Block> {
        let end = tag.to_end();
        match tag {
            Tag::Paragraph => self.paragraph(start),
            Tag::Heading { level, .. } => {
                let text = self.inlines(end);
                self.heading(level as u8, text, start)
            }
            Tag::BlockQuote(_) => Some(Block::Aside(self.blocks(Some(end)))),
            Tag::CodeBlock(kind) => {
                let text = self.raw(end);
                match kind {
                    CodeBlockKind::Fenced(info) if &*info == "math" => {
                        let text = text.trim().to_owned();
                        self.check_formula(&text, start);
                        Some(Block::Formula(text))
                    }
                    _ => Some(Block::Code(text)),
                }
            }
            Tag::List(first) => {
                let mut items = Vec::new();
                while let Some((event, _)) = self.events.next() {
                    match event {
                        Event::Start(Tag::Item) => items.push(self.blocks(Some(TagEnd::Item))),
                        Event::End(tag) if tag == end => break,
                        _ => {}
                    }
                }
                Some(Block::List { first, items })
            }
            Tag::Table(_) => Some(self.table()),
            Tag::HtmlBlock => {
                self.problem(start, "has HTML, of which nothing is shown");
                self.skip(end);
                None
            }
            _ => {
                self.skip(end);
                None
            }
        }
    }

    /// A figure where an image stands alone.
    fn paragraph(&mut self, start: usize) -> Option<Block> {
        let figures = self.document.figures.len();
        let text = self.inlines(TagEnd::Paragraph);
        let added = self.document.figures.len() - figures;
        if added == 0 {
            // A formula alone, between $$, is a block.
            return match &text[..] {
                [] => None,
                [Inline::Formula(latex)] if self.text[start..].starts_with("$$") => {
                    Some(Block::Formula(latex.clone()))
                }
                [Inline::LiveFormula(i)] if self.text[start..].starts_with("[$$") => {
                    Some(Block::LiveFormula(*i))
                }
                _ => Some(Block::Paragraph(text)),
            };
        }
        if added > 1 || !text.is_empty() {
            self.problem(
                start,
                "has a figure among text: give it a paragraph of its own",
            );
        }
        Some(Block::Figure(figures))
    }

    fn heading(&mut self, level: u8, text: Vec<Inline>, start: usize) -> Option<Block> {
        let words = plain(&text);
        if level == 1 {
            if !self.document.title.is_empty() {
                self.problem(start, "has a second title: use ## for parts");
            }
            self.document.title = words;
            return None;
        }
        let slug = slug(&words);
        let mut id = slug.clone();
        let mut count = 1;
        while !self.ids.insert(id.clone()) {
            count += 1;
            id = format!("{slug}-{count}");
        }
        Some(Block::Heading { level, id, text })
    }

    fn table(&mut self) -> Block {
        let (mut head, mut rows) = (Vec::new(), Vec::new());
        let mut row = Vec::new();
        while let Some((event, _)) = self.events.next() {
            match event {
                Event::Start(Tag::TableCell) => row.push(self.inlines(TagEnd::TableCell)),
                Event::End(TagEnd::TableHead) => head = std::mem::take(&mut row),
                Event::End(TagEnd::TableRow) => rows.push(std::mem::take(&mut row)),
                Event::End(TagEnd::Table) => break,
                _ => {}
            }
        }
        Block::Table { head, rows }
    }

    /// The inlines up to an end.
    fn inlines(&mut self, end: TagEnd) -> Vec<Inline> {
        let mut inlines = Vec::new();
        self.depth += 1;
        while let Some((event, range)) = self.events.next() {
            match event {
                Event::End(tag) if tag == end => break,
                Event::Start(tag) if self.depth > 2 * DEEPEST => {
                    self.problem(range.start, "is nested too deeply");
                    self.skip(tag.to_end());
                }
                other => self.inline(other, range.start, &mut inlines),
            }
        }
        self.depth -= 1;
        inlines
    }

    fn inline(&mut self, event: Event<'a>, start: usize, to: &mut Vec<Inline>) {
        match event {
            Event::Text(text) => match to.last_mut() {
                Some(Inline::Text(before)) => before.push_str(&text),
                _ => to.push(Inline::Text(text.into_string())),
            },
            Event::Code(text) => to.push(Inline::Code(text.into_string())),
            Event::InlineMath(latex) | Event::DisplayMath(latex) => {
                self.check_formula(&latex, start);
                to.push(Inline::Formula(latex.into_string()));
            }
            Event::SoftBreak => to.push(Inline::Text("\n".to_owned())),
            Event::HardBreak => to.push(Inline::Break),
            Event::Html(_) | Event::InlineHtml(_) => {
                self.problem(start, "has HTML, of which nothing is shown");
            }
            Event::Start(Tag::Emphasis) => {
                let inner = self.inlines(TagEnd::Emphasis);
                to.push(Inline::Emphasis(inner));
            }
            Event::Start(Tag::Strong) => {
                let inner = self.inlines(TagEnd::Strong);
                to.push(Inline::Strong(inner));
            }
            Event::Start(Tag::Link { dest_url, .. }) => {
                let text = self.inlines(TagEnd::Link);
                to.extend(self.link(&dest_url, text, start));
            }
            Event::Start(Tag::Image {
                dest_url, title, ..
            }) => {
                let caption = self.inlines(TagEnd::Image);
                self.figure(&dest_url, &title, caption, start);
            }
            Event::Start(tag) => self.skip(tag.to_end()),
            _ => {}
        }
    }

    fn link(&mut self, to: &str, text: Vec<Inline>, start: usize) -> Option<Inline> {
        if let Some((_, fragment)) = to.split_once('#').filter(|_| to.starts_with('?')) {
            let label = plain(&text);
            let place = Place::of(self.text, start);
            if label.trim().is_empty() {
                self.problem(
                    start,
                    "has a number without a text, which is what other viewers show",
                );
            }
            if label.contains(|c: char| c.is_ascii_digit()) {
                self.problem(
                    start,
                    format!("“{label}” has digits where a number is computed: name it in words"),
                );
            }
            if fragment.is_empty() {
                self.problem(start, "names no number after #");
            }
            self.document.numbers.push(LiveNumber {
                label,
                address: to.to_owned(),
                place,
            });
            return Some(Inline::Number(self.document.numbers.len() - 1));
        }
        if !address::is_allowed(to) {
            self.problem(
                start,
                format!("“{to}” is neither an address with https:// nor a query with ?"),
            );
            return None;
        }
        if let (true, [Inline::Formula(latex)]) = (to.starts_with('?'), &text[..]) {
            self.document.formulas.push(LiveFormula {
                latex: latex.clone(),
                address: to.to_owned(),
                place: Place::of(self.text, start),
            });
            return Some(Inline::LiveFormula(self.document.formulas.len() - 1));
        }
        if to.starts_with('?') {
            let place = Place::of(self.text, start);
            self.document.links.push((to.to_owned(), place));
        }
        Some(Inline::Link {
            address: to.to_owned(),
            text,
        })
    }

    fn figure(&mut self, to: &str, control: &str, caption: Vec<Inline>, start: usize) {
        if !to.starts_with('?') || to.contains('#') {
            let message = format!("“{to}” is no query: figures are drawn from the measurements");
            return self.problem(start, message);
        }
        if plain(&caption).trim().is_empty() {
            self.problem(start, "has a figure without a caption");
        }
        self.document.figures.push(LiveFigure {
            caption,
            address: to.to_owned(),
            control: control.to_owned(),
            place: Place::of(self.text, start),
        });
    }

    fn check_formula(&mut self, latex: &str, start: usize) {
        if let Err(message) = formula::mathml(latex, false) {
            self.problem(start, message);
        }
    }

    /// The text up to an end.
    fn raw(&mut self, end: TagEnd) -> String {
        let mut raw = String::new();
        for (event, _) in self.events.by_ref() {
            match event {
                Event::Text(text) => raw.push_str(&text),
                Event::End(tag) if tag == end => break,
                _ => {}
            }
        }
        raw
    }

    /// Leaves out all up to an end of what has just begun.
    fn skip(&mut self, end: TagEnd) {
        let mut open = 1;
        for (event, _) in self.events.by_ref() {
            match event {
                Event::Start(tag) if tag.to_end() == end => open += 1,
                Event::End(tag) if tag == end => open -= 1,
                _ => {}
            }
            if open == 0 {
                break;
            }
        }
    }
}

fn is_block(tag: &Tag) -> bool {
    !matches!(
        tag,
        Tag::Emphasis | Tag::Strong | Tag::Strikethrough | Tag::Link { .. } | Tag::Image { .. }
    )
}

fn paragraph(loose: &mut Vec<Inline>, blocks: &mut Vec<Block>) {
    if !loose.is_empty() {
        blocks.push(Block::Paragraph(std::mem::take(loose)));
    }
}

/// Letters and digits of a heading, in lower case, with hyphens between.
fn slug(text: &str) -> String {
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    let words = words.filter(|word| !word.is_empty());
    let words: Vec<String> = words.map(str::to_ascii_lowercase).collect();
    match words.is_empty() {
        true => "part".to_owned(),
        false => words.join("-"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn problems(text: &str) -> Vec<String> {
        let (_, problems) = parse(text);
        problems.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn numbers_and_figures_have_their_places() {
        let text = "# Title\n\nCLIP has [α](?family=clip#alpha).\n\n\
                    ![All *runs*](?family=clip \"threshold: 1e12 | none\")\n";
        let (document, problems) = parse(text);
        assert_eq!(problems, []);
        assert_eq!(document.title, "Title");
        assert_eq!(document.numbers[0].address, "?family=clip#alpha");
        assert_eq!(
            document.numbers[0].place,
            Place {
                line: 3,
                column: 10
            }
        );
        assert_eq!(document.figures[0].control, "threshold: 1e12 | none");
        assert_eq!(document.figures[0].place, Place { line: 5, column: 1 });
        let [Block::Paragraph(text), Block::Figure(0)] = &document.blocks[..] else {
            panic!("{:?}", document.blocks);
        };
        assert_eq!(text[1], Inline::Number(0));
    }

    #[test]
    fn a_formula_that_links_to_a_query_is_live() {
        let text = "# T\n\n[$$L = A C^{-\\alpha}$$](?family=clip)\n\nHere [$x$](?claims=a) too, [$x$](https://example.org) not.\n";
        let (document, problems) = parse(text);
        assert_eq!(problems, []);
        let [Block::LiveFormula(0), Block::Paragraph(text)] = &document.blocks[..] else {
            panic!("{:?}", document.blocks);
        };
        assert_eq!(text[1], Inline::LiveFormula(1));
        assert!(matches!(text[3], Inline::Link { .. }));
        let formula = &document.formulas[0];
        assert_eq!(formula.latex, "L = A C^{-\\alpha}");
        assert_eq!((&*formula.address, formula.place.line), ("?family=clip", 3));
        // What is no LaTeX is so in a link, too.
        assert!(self::problems("# T\n\n[$\\Q$](?a=b)\n")[0].contains("the formula"));
    }

    #[test]
    fn nothing_of_a_document_runs() {
        for (text, said) in [
            (
                "# T\n\n<script>alert(1)</script>\n",
                "line 3, column 1: has HTML",
            ),
            (
                "# T\n\na <b onclick=x>b</b>\n",
                "line 3, column 3: has HTML",
            ),
            (
                "# T\n\n[a](javascript:alert(1))\n",
                "neither an address with https",
            ),
            (
                "# T\n\n[a](http://example.org)\n",
                "neither an address with https",
            ),
            (
                "# T\n\n[a](//example.org)\n",
                "neither an address with https",
            ),
            ("# T\n\n![a](https://example.org/a.png)\n", "is no query"),
            ("# T\n\n[0.2](?family=clip#alpha)\n", "has digits"),
            ("# T\n\n[](?family=clip#alpha)\n", "without a text"),
            ("# T\n\n[a](?family=clip#)\n", "names no number"),
            ("text\n", "has no title"),
            ("# T\n\n# U\n", "second title"),
            ("# T\n\na ![b](?x=y) c\n", "among text"),
            ("# T\n\n$\\unknown$\n", "line 3, column 1: the formula"),
        ] {
            let found = problems(text);
            assert!(found.iter().any(|p| p.contains(said)), "{text}: {found:?}");
        }
    }

    #[test]
    fn headings_have_ids_of_their_own() {
        let (document, _) = parse("# T\n\n## How sure?\n\n## How sure\n\n## Ä\n");
        let ids = document.blocks.iter().map(|block| match block {
            Block::Heading { id, .. } => id.as_str(),
            _ => "",
        });
        assert_eq!(ids.collect::<Vec<_>>(), ["how-sure", "how-sure-2", "part"]);
    }

    #[test]
    fn depth_is_limited() {
        let deep = format!("# T\n\n{}a", "> ".repeat(5_000));
        assert!(problems(&deep).iter().any(|p| p.contains("too deeply")));
        let stars = format!("# T\n\n{}a{}", "*a **".repeat(3_000), "** b*".repeat(3_000));
        let _ = parse(&stars);
        let _ = parse(&format!(
            "# T\n\n${}x{}$",
            "{".repeat(20_000),
            "}".repeat(20_000)
        ));
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(400))]
        #[test]
        fn no_text_makes_it_panic(text in "\\PC{0,200}") {
            let _ = parse(&text);
        }

        #[test]
        fn no_markup_makes_it_panic(
            parts in prop::collection::vec(prop::sample::select(vec![
                "# ", "## ", "> ", "- ", "1. ", "\n", "\n\n", "    ", "`", "```math\n", "```", "$", "$$", "[", "](",
                "](?a=b)", "](?a=b#c", "](<?a b#c=d e>", ")", "![", " \"x: y | z\"", "*", "**", "_", "<b>", "</b>", "<!--", "-->",
                "|", "|---|\n", "\\", "\\frac", "{", "}", "^", "é", "α", "&amp;", "https://", "\u{0}", "a", "1",
            ]), 0..60),
        ) {
            let _ = parse(&parts.concat());
        }
    }
}
