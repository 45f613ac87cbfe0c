//! A computed document as HTML.

use super::compute::Computed;
use super::document::{Block, Document, Inline};
use super::figure::{ByHand, Drawn, Variant};
use super::fitted::{Fitted, FittedLaw};
use super::number::Number;
use super::style::PALETTE;
use super::{address, formula};
use crate::figure::shape;
use crate::study::Study;
pub(super) use crate::text::escape;
use std::collections::BTreeMap;

/// Files beside a page, by name.
pub type Files = BTreeMap<String, String>;

/// Writes a document's blocks. Everything of the document is escaped.
pub(super) struct Writer<'a> {
    pub document: &'a Document,
    pub computed: &'a Computed,
    pub study: Study,
    /// The way to the page's root: "../../".
    pub home: &'a str,
    pub html: String,
    pub files: Files,
    /// Cards of numbers so far: their ids.
    cards: usize,
}

impl<'a> Writer<'a> {
    pub(super) fn new(
        document: &'a Document,
        computed: &'a Computed,
        study: Study,
        home: &'a str,
    ) -> Writer<'a> {
        Writer {
            document,
            computed,
            study,
            home,
            html: String::new(),
            files: Files::new(),
            cards: 0,
        }
    }

    pub(super) fn blocks(&mut self, blocks: &[Block]) {
        for block in blocks {
            self.block(block);
        }
    }

    fn block(&mut self, block: &Block) {
        match block {
            Block::Heading { level, id, text } => {
                let level = (*level).clamp(2, 6);
                self.html
                    .push_str(&format!("<h{level} id=\"{}\">", escape(id)));
                self.inlines(text);
                self.html.push_str(&format!("</h{level}>\n"));
            }
            Block::Paragraph(text) => self.around("p", |w| w.inlines(text)),
            Block::Aside(inner) => {
                // Not <aside>: that is a landmark, which belongs beside the text.
                self.html.push_str("<div class=\"note\" role=\"note\">\n");
                self.blocks(inner);
                self.html.push_str("</div>\n");
            }
            Block::List { first, items } => {
                let (open, close) = match first {
                    Some(first) => (format!("<ol start=\"{first}\">\n"), "</ol>\n"),
                    None => ("<ul>\n".to_owned(), "</ul>\n"),
                };
                self.html.push_str(&open);
                for item in items {
                    self.around("li", |w| match &item[..] {
                        [Block::Paragraph(text)] => w.inlines(text),
                        blocks => w.blocks(blocks),
                    });
                }
                self.html.push_str(close);
            }
            Block::Code(text) => {
                let text = escape(text);
                self.html
                    .push_str(&format!("<pre><code>{text}</code></pre>\n"));
            }
            Block::Formula(latex) => {
                let mathml = formula::mathml(latex, true).unwrap_or_default();
                self.html
                    .push_str(&format!("<div class=\"formula\" tabindex=\"0\" role=\"group\" aria-label=\"Formula\">{mathml}</div>\n"));
            }
            Block::LiveFormula(i) => {
                self.formula(*i, true);
                self.html.push('\n');
            }
            Block::Table { head, rows } => self.table(head, rows),
            Block::Figure(i) => self.figure(*i),
            Block::Rule => self.html.push_str("<hr>\n"),
        }
    }

    fn around(&mut self, tag: &str, inner: impl FnOnce(&mut Self)) {
        self.html.push_str(&format!("<{tag}>"));
        inner(self);
        self.html.push_str(&format!("</{tag}>\n"));
    }

    fn table(&mut self, head: &[Vec<Inline>], rows: &[Vec<Vec<Inline>>]) {
        self.html.push_str("<div class=\"scroll\" tabindex=\"0\" role=\"group\" aria-label=\"Table\"><table><thead><tr>");
        for cell in head {
            self.html.push_str("<th scope=\"col\">");
            self.inlines(cell);
            self.html.push_str("</th>");
        }
        self.html.push_str("</tr></thead><tbody>\n");
        for row in rows {
            self.html.push_str("<tr>");
            for (i, cell) in row.iter().enumerate() {
                let (open, close) = match i {
                    0 => ("<th scope=\"row\">", "</th>"),
                    _ => ("<td>", "</td>"),
                };
                self.html.push_str(open);
                self.inlines(cell);
                self.html.push_str(close);
            }
            self.html.push_str("</tr>\n");
        }
        self.html.push_str("</tbody></table></div>\n");
    }

    pub(super) fn inlines(&mut self, inlines: &[Inline]) {
        for inline in inlines {
            match inline {
                Inline::Text(text) => self.html.push_str(&escape(text)),
                Inline::Emphasis(inner) => self.tagged("em", inner),
                Inline::Strong(inner) => self.tagged("strong", inner),
                Inline::Code(text) => {
                    self.html
                        .push_str(&format!("<code>{}</code>", escape(text)));
                }
                Inline::Formula(latex) => {
                    self.html
                        .push_str(&formula::mathml(latex, false).unwrap_or_default());
                }
                Inline::LiveFormula(i) => self.formula(*i, false),
                Inline::Link { address, text } => {
                    let href = match address.starts_with('?') {
                        true => address::href(self.study, address, self.home),
                        false => Ok(address.clone()),
                    };
                    let href = escape(&href.unwrap_or_default());
                    self.html.push_str(&format!("<a href=\"{href}\">"));
                    self.inlines(text);
                    self.html.push_str("</a>");
                }
                Inline::Number(i) => self.number(*i),
                Inline::Break => self.html.push_str("<br>"),
            }
        }
    }

    fn tagged(&mut self, tag: &str, inner: &[Inline]) {
        self.html.push_str(&format!("<{tag}>"));
        self.inlines(inner);
        self.html.push_str(&format!("</{tag}>"));
    }

    /// A number, and a card that says what it is.
    fn number(&mut self, i: usize) {
        let Some(Some(number)) = self.computed.numbers.get(i) else {
            let label = self
                .document
                .numbers
                .get(i)
                .map_or("", |n| n.label.as_str());
            let label = escape(label);
            self.html
                .push_str(&format!("<span class=\"missing\">{label}</span>"));
            return;
        };
        self.cards += 1;
        let id = format!("n{}", self.cards);
        let href = escape(&format!("{}?{}", self.home, number.query));
        self.html.push_str(&format!(
            "<span class=\"live\"><a class=\"number\" href=\"{href}\" aria-describedby=\"{id}\">{}</a>{}</span>",
            escape(&number.text).replace(' ', "\u{a0}"),
            card(number, &id, &href),
        ));
    }

    /// A formula, and a card with the values of its parameters; `block` on a line of its own.
    fn formula(&mut self, i: usize, block: bool) {
        let Some(live) = self.document.formulas.get(i) else {
            return;
        };
        let mathml = formula::mathml(&live.latex, block).unwrap_or_default();
        let Some(Some(fitted)) = self.computed.formulas.get(i) else {
            return self.html.push_str(&mathml);
        };
        self.cards += 1;
        let id = format!("n{}", self.cards);
        let (tag, class) = match block {
            true => ("div", "formula "),
            false => ("span", ""),
        };
        let href = escape(&format!("{}?{}", self.home, fitted.query));
        self.html.push_str(&format!(
            "<{tag} class=\"live law\"><{tag} class=\"{class}parameters\" tabindex=\"0\" role=\"group\" aria-label=\"Formula with the values of its parameters\" aria-describedby=\"{id}\">{mathml}</{tag}>{}</{tag}>",
            law_card(fitted, &id, &href),
        ));
    }

    fn figure(&mut self, i: usize) {
        let (Some(live), Some(Some(drawn))) =
            (self.document.figures.get(i), self.computed.figures.get(i))
        else {
            return;
        };
        let n = i + 1;
        self.html.push_str(&format!("<figure id=\"figure-{n}\">\n"));
        self.control(n, drawn);
        if let Some(hand) = &drawn.hand {
            self.by_hand(hand);
        }
        for (place, variant) in drawn.variants.iter().enumerate() {
            self.variant(n, place, variant);
        }
        self.html
            .push_str(&format!("<figcaption><b>Figure {n}.</b> "));
        self.inlines(&live.caption);
        if drawn.variants.iter().any(|variant| variant.is_continued) {
            self.html.push_str(BEYOND);
        }
        self.html.push_str("</figcaption>\n</figure>\n");
    }

    /// A place that the program fills, with what it needs.
    fn by_hand(&mut self, hand: &ByHand) {
        let list = |numbers: &mut dyn Iterator<Item = f64>| {
            numbers
                .map(|x| format!("{x:e}"))
                .collect::<Vec<_>>()
                .join(" ")
        };
        self.html.push_str(&format!(
            "<div class=\"hand\" hidden data-law=\"{}\" data-loss=\"{}\" data-x=\"{}\" data-y=\"{}\" data-axis=\"{}\" data-what=\"{}\" data-unit=\"{}\"></div>\n",
            hand.law,
            escape(&hand.loss),
            list(&mut hand.points.iter().map(|p| p.0)),
            list(&mut hand.points.iter().map(|p| p.1)),
            escape(&hand.axis),
            escape(&hand.what),
            escape(hand.unit),
        ));
    }

    fn control(&mut self, n: usize, drawn: &Drawn) {
        let Some(control) = &drawn.control else {
            return;
        };
        let title = escape(&control.title);
        self.html.push_str(&format!(
            "<fieldset class=\"control\"><legend>{title}</legend>"
        ));
        for (place, variant) in drawn.variants.iter().enumerate() {
            let checked = if place == 0 { " checked" } else { "" };
            self.html.push_str(&format!(
                "<label><input type=\"radio\" name=\"figure-{n}\" value=\"{place}\"{checked}> {}</label>",
                escape(&variant.label)
            ));
        }
        self.html.push_str("</fieldset>\n");
    }

    fn variant(&mut self, n: usize, place: usize, variant: &Variant) {
        let name = |size: &str| format!("figure-{n}-{}-{size}.svg", place + 1);
        let (wide, narrow) = (name("wide"), name("narrow"));
        self.files.insert(wide.clone(), variant.wide.clone());
        self.files.insert(narrow.clone(), variant.narrow.clone());
        let alt = escape(&variant.description);
        let href = escape(&format!("{}?{}", self.home, variant.query));
        self.html.push_str(&format!(
            "<div class=\"variant\" data-value=\"{place}\"><picture><source media=\"(max-width: 40rem)\" srcset=\"{narrow}\" width=\"360\" height=\"330\"><img src=\"{wide}\" width=\"760\" height=\"430\" alt=\"{alt}\" loading=\"lazy\"></picture>\n"
        ));
        self.laws(variant);
        if let Some(dotted) = variant.dotted {
            self.html
                .push_str(&format!("<p class=\"dotted\">Dotted: {dotted}.</p>\n"));
        }
        self.html.push_str(&format!(
            "<p class=\"open\"><a href=\"{href}\">Open in Explore</a></p></div>\n"
        ));
    }

    fn laws(&mut self, variant: &Variant) {
        self.html.push_str("<ul class=\"laws\">");
        for law in &variant.laws {
            self.html.push_str(&format!(
                "<li><span class=\"series-{}\" aria-hidden=\"true\">{}</span> <b>{}</b>: ",
                law.place % PALETTE,
                shape(law.place).glyph(),
                escape(&law.series)
            ));
            match &law.parameters {
                Ok(parameters) => {
                    let said: Vec<String> = parameters
                        .iter()
                        .map(|(symbol, value)| format!("<span>{symbol} = {value}</span>"))
                        .collect();
                    self.html.push_str(&said.join(", "));
                    let points = match law.points {
                        1 => "1 point".to_owned(),
                        points => format!("{points} points"),
                    };
                    self.html.push_str(&format!("; {points}"));
                }
                Err(why) => self.html.push_str(&escape(why)),
            }
            for (at, value) in &law.predictions {
                self.html
                    .push_str(&format!("; {} at {}", escape(value), escape(at)));
            }
            self.html.push_str("</li>");
        }
        self.html.push_str("</ul>\n");
    }
}

/// The laws of a formula, a parameter a line. Spans only, since a formula stands in a paragraph, too.
fn law_card(fitted: &Fitted, id: &str, href: &str) -> String {
    let mut card = format!(
        "<span class=\"card\" id=\"{id}\"><span class=\"what\">{}</span>",
        escape(&fitted.what)
    );
    for law in &fitted.laws {
        card.push_str(&of_law(law));
    }
    card + &format!("<a href=\"{href}\">{}</a></span>", view(&fitted.query))
}

fn of_law(law: &FittedLaw) -> String {
    let mut html = format!(
        "<span class=\"law-name\"><b>{}</b>, {}:</span>",
        escape(&law.name),
        escape(&law.from)
    );
    let parameters = match &law.parameters {
        Ok(parameters) => parameters,
        Err(why) => return html + &format!("<span>{}</span>", escape(why)),
    };
    html.push_str("<span class=\"fitted\">");
    for parameter in parameters {
        let interval = match parameter.interval_text() {
            text if text.is_empty() => text,
            text => format!("(95 %: {text})"),
        };
        let printed = parameter.printed.as_ref().map_or(String::new(), |printed| {
            format!(
                "printed {}: <span class=\"verdict {}\">{}</span>",
                escape(&printed.text),
                printed.verdict.id(),
                printed.verdict.title()
            )
        });
        // The spaces and the last stop are for those who hear it.
        html.push_str(&format!(
            "<span class=\"parameter\"><b>{}</b> <span class=\"quiet\">{}</span> <span>{}</span> <span class=\"quiet\">{interval}</span> <span>{printed}</span><span class=\"sr-only\">; </span></span>",
            symbol(&parameter.symbol),
            parameter.name,
            escape(&parameter.text),
        ));
    }
    html + "</span>"
}

/// A parameter's symbol, with what stands after its first letter below: "αN".
fn symbol(symbol: &str) -> String {
    match symbol.strip_prefix('α') {
        Some(index) if !index.is_empty() => format!("α<sub>{}</sub>", escape(index)),
        _ => escape(symbol),
    }
}

/// Where a query leads.
fn view(query: &str) -> &'static str {
    match query.split('&').next() {
        Some("page=verify") => "Open in Verify",
        Some("page=findings") => "Open in Findings",
        _ => "Open in Explore",
    }
}

/// What the lines of a figure are.
const BEYOND: &str = " <span class=\"key\">Dashed lines continue a law beyond the points that it is fitted to.</span>";

/// What a number is, what it is computed from, what was printed, and a way on.
fn card(number: &Number, id: &str, href: &str) -> String {
    let mut card = format!(
        "<span class=\"card\" id=\"{id}\" role=\"tooltip\"><span class=\"what\">{}</span><span>{}</span>",
        escape(&number.what),
        escape(&number.from),
    );
    if let Some(printed) = &number.printed {
        card.push_str(&format!(
            "<span>Printed {} ({}): <span class=\"verdict {}\">{}</span></span>",
            escape(&printed.text),
            escape(&printed.source),
            printed.verdict.id(),
            printed.verdict.title()
        ));
    }
    card.push_str(&format!(
        "<a href=\"{href}\" tabindex=\"-1\">{}</a></span>",
        view(&number.query)
    ));
    card
}
