//! Reads a page: one walk over the tokens of the decoded HTML, into text, hidden text, forms, links and marks.
//! A stack of open elements stands in for the tree; every list has a cap, and what was cut is noted.

pub(super) use elements::refresh;

mod elements;

use crate::capture::forms::Forms;
use crate::capture::scripts::{self, Leads};
use crate::capture::style::{HideRules, MAX_CSS_BYTES};
use crate::capture::tokens::{Tag, Token, Tokens};
use crate::capture::writer::{MAX_TEXT_BYTES, Writer};
use crate::model::page::Page;
use crate::model::text::entities::decode_entities;
use std::borrow::Cow;
use std::collections::HashSet;
use url::Url;

/// Most bytes of decoded HTML that are read.
pub(super) const MAX_HTML_BYTES: usize = 4 << 20;
/// Most open elements; deeper ones are flattened.
const MAX_DEPTH: usize = 2_000;
/// How far up an end tag or an implied one is looked for.
const MAX_SEARCH: usize = 200;
/// Elements that gather their own text, open at one time.
const MAX_GATHERING: usize = 8;
/// Most comments kept.
const MAX_COMMENTS: usize = 200;
/// Characters kept: of a link's or button's text, of a comment, of an address.
const MAX_LINK_TEXT: usize = 200;
const MAX_COMMENT: usize = 300;
const MAX_ADDRESS: usize = 2_048;
/// A page with so many tags is odd enough to say so.
const MANY_TAGS: usize = 100_000;

const VOID: [&str; 17] = [
    "br", "img", "input", "meta", "link", "hr", "area", "base", "col", "embed", "source", "track", "wbr", "param", "frame", "bgsound",
    "keygen",
];
const BLOCK: [&str; 46] = [
    "address",
    "article",
    "aside",
    "blockquote",
    "body",
    "caption",
    "center",
    "dd",
    "details",
    "dialog",
    "dir",
    "div",
    "dl",
    "dt",
    "fieldset",
    "figcaption",
    "figure",
    "footer",
    "form",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "header",
    "hgroup",
    "hr",
    "html",
    "legend",
    "li",
    "main",
    "menu",
    "nav",
    "ol",
    "optgroup",
    "p",
    "pre",
    "section",
    "summary",
    "table",
    "tbody",
    "tfoot",
    "thead",
    "tr",
    "ul",
];
/// End tags do not reach over these.
const BORDERS: [&str; 4] = ["td", "th", "table", "caption"];
/// A start tag closes these if they are open, looked for no further than the borders.
const IMPLIED: [(&str, &[&str], &[&str]); 11] = [
    ("li", &["li"], &["ul", "ol", "menu", "table"]),
    ("dd", &["dd", "dt"], &["dl"]),
    ("dt", &["dd", "dt"], &["dl"]),
    ("option", &["option"], &["select", "optgroup"]),
    ("optgroup", &["option", "optgroup"], &["select"]),
    ("td", &["td", "th"], &["table"]),
    ("th", &["td", "th"], &["table"]),
    ("tr", &["tr"], &["table"]),
    ("tbody", &["tbody", "thead", "tfoot"], &["table"]),
    ("a", &["a"], &["td", "th", "table"]),
    ("button", &["button"], &["td", "th", "table"]),
];

/// What reading gave.
pub(super) struct Read {
    pub(super) page: Page,
    /// Where a refresh or a script leads, with how and when.
    pub(super) leads: Vec<Leads>,
}

/// Reads decoded HTML; `base` is the address that it came from.
pub(super) fn read(html: &str, base: &Url) -> Read {
    let mut end = html.len().min(MAX_HTML_BYTES);
    while !html.is_char_boundary(end) {
        end -= 1;
    }
    let mut walk = Walk::new(base.clone());
    if end < html.len() {
        walk.page.notes.push(format!("html is read up to {MAX_HTML_BYTES} bytes"));
    }
    let html = &html[..end];
    walk.rules = hide_rules(html);
    walk.reverses = walk.rules.reverses;
    for token in Tokens::new(html) {
        walk.token(token);
    }
    walk.finish()
}

/// A first walk, for the style elements: they may stand after what they hide.
fn hide_rules(html: &str) -> HideRules {
    let mut rules = HideRules::default();
    let mut left = MAX_CSS_BYTES;
    if !html.as_bytes().windows(6).any(|w| w.eq_ignore_ascii_case(b"<style")) {
        return rules;
    }
    for token in Tokens::new(html) {
        if let Token::Raw(tag, css) = token
            && tag.name == "style"
            && css.len() <= left
        {
            left -= css.len();
            rules.add(css);
        }
    }
    rules
}

/// Why an element gathers its text.
enum Purpose {
    Link(String),
    Button,
    Label {
        id: String,
        fields: Vec<usize>,
    },
    Option(Option<usize>),
    Heading,
    /// Clicked by script: a button if it says so.
    Clickable,
}

struct Gathering {
    purpose: Purpose,
    text: String,
    /// Length of the stack when it was opened.
    depth: usize,
    /// A button inside it was counted: it is a box of buttons, not one itself.
    holds_button: bool,
}

struct Open<'a> {
    name: Cow<'a, str>,
    hidden: bool,
}

struct Walk<'a> {
    base: Url,
    rules: HideRules,
    open: Vec<Open<'a>>,
    gathering: Vec<Gathering>,
    text: Writer,
    hidden: Writer,
    forms: Forms,
    page: Page,
    leads: Vec<Leads>,
    marks: HashSet<String>,
    /// Number of the select that is open, and whether it had an option.
    select: Option<(Option<usize>, bool)>,
    noscript: String,
    inline: String,
    tags: usize,
    has_title: bool,
    /// A style turns the order of characters round.
    reverses: bool,
    cut: Vec<&'static str>,
}

impl<'a> Walk<'a> {
    fn new(base: Url) -> Self {
        Self {
            base,
            rules: HideRules::default(),
            open: Vec::new(),
            gathering: Vec::new(),
            text: Writer::default(),
            hidden: Writer::default(),
            forms: Forms::default(),
            page: Page::default(),
            leads: Vec::new(),
            marks: HashSet::new(),
            select: None,
            noscript: String::new(),
            inline: String::new(),
            tags: 0,
            has_title: false,
            reverses: false,
            cut: Vec::new(),
        }
    }

    fn token(&mut self, token: Token<'a>) {
        match token {
            Token::Text(text) => self.see(&decode_entities(text)),
            Token::Start(tag) => self.start(tag),
            Token::Raw(tag, content) => self.raw(&tag, content),
            Token::End(name) => self.end(&name),
            Token::Comment(text) => {
                let text: String = text.trim().chars().take(MAX_COMMENT).collect();
                if !text.is_empty() && self.page.comments.len() < MAX_COMMENTS {
                    self.page.comments.push(text);
                }
            }
        }
    }

    fn is_hidden(&self) -> bool {
        self.open.last().is_some_and(|o| o.hidden)
    }

    /// Text goes by.
    fn see(&mut self, text: &str) {
        for gathering in &mut self.gathering {
            if gathering.text.len() < 4 * MAX_LINK_TEXT {
                gathering.text.extend(text.chars().take(MAX_LINK_TEXT));
            }
        }
        if self.select.is_some() {
            return;
        }
        if self.is_hidden() {
            self.hidden.text(text);
        } else {
            self.text.text(text);
        }
        self.forms.text(text);
    }
    fn line(&mut self) {
        self.text.line();
        self.hidden.line();
        self.forms.line();
    }

    fn start(&mut self, tag: Tag<'a>) {
        self.tags += 1;
        self.mark(&tag);
        if tag.cut {
            self.note("a tag has more than 64 attributes; the rest is left out");
        }
        self.imply(&tag.name);
        if BLOCK.contains(&&*tag.name) || tag.name == "br" {
            self.line();
        } else if matches!(&*tag.name, "td" | "th") {
            self.text.cell();
            self.forms.line();
        }
        self.reverses |= tag.attr("style").is_some_and(|s| s.contains("bidi-override"));
        let own = tag.name != "html" && tag.name != "body" && self.rules.hide(&tag);
        let hidden = self.is_hidden() || own || tag.name == "template";
        let purpose = self.element(&tag, hidden);
        if VOID.contains(&&*tag.name) {
            return;
        }
        if self.open.len() >= MAX_DEPTH {
            self.note("elements nested deeper than 2000 are flattened");
            return;
        }
        if let Some(purpose) = purpose.filter(|_| self.gathering.len() < MAX_GATHERING) {
            self.gathering.push(Gathering { purpose, text: String::new(), depth: self.open.len(), holds_button: false });
        }
        self.open.push(Open { name: tag.name, hidden });
    }

    fn imply(&mut self, name: &str) {
        if let Some((_, closed, borders)) = IMPLIED.iter().find(|(n, _, _)| *n == name) {
            self.pop_nearest(closed, borders);
        }
        if BLOCK.contains(&name) {
            self.pop_nearest(&["p"], &["div", "li", "td", "th", "table", "button", "section", "form"]);
        }
    }
    fn pop_nearest(&mut self, names: &[&str], borders: &[&str]) {
        for i in (0..self.open.len()).rev().take(MAX_SEARCH) {
            let name = &*self.open[i].name;
            if names.contains(&name) {
                return self.pop_to(i);
            }
            if borders.contains(&name) {
                return;
            }
        }
    }

    fn end(&mut self, name: &str) {
        if name == "form" {
            self.forms.close();
        }
        if name == "select" {
            self.select = None;
        }
        if BLOCK.contains(&name) || name == "br" || name == "p" {
            self.line();
        }
        for i in (0..self.open.len()).rev().take(MAX_SEARCH) {
            let open = &*self.open[i].name;
            if open == name {
                return self.pop_to(i);
            }
            if BORDERS.contains(&open) && !matches!(name, "table" | "tr" | "tbody" | "thead" | "tfoot" | "body" | "html") {
                return;
            }
        }
    }
    fn pop_to(&mut self, len: usize) {
        self.open.truncate(len);
        while let Some(done) = self.gathering.pop_if(|g| g.depth >= len) {
            self.gathered(done);
        }
    }

    fn note(&mut self, text: &'static str) {
        if !self.cut.contains(&text) {
            self.cut.push(text);
        }
    }
    fn join(&self, href: &str) -> Option<String> {
        let href = href.trim();
        if href.is_empty() || href.len() > MAX_ADDRESS {
            return None;
        }
        self.base.join(href).ok().map(String::from).filter(|u| u.len() <= 2 * MAX_ADDRESS)
    }

    fn finish(mut self) -> Read {
        let html_reverses = self.reverses;
        self.pop_to(0);
        let mut page = self.page;
        page.text = self.text.finish();
        page.hidden_text = self.hidden.finish();
        if [&page.text, &page.hidden_text].iter().any(|t| t.len() >= MAX_TEXT_BYTES) {
            self.cut.push("text is kept up to 2 MiB");
        }
        if self.forms.cut {
            self.cut.push("more than 64 forms, 64 fields a form, or 2000 fields; the rest is left out");
        }
        page.forms = self.forms.finish();
        page.notes.extend(self.cut.iter().map(|n| (*n).to_owned()));
        if self.tags > MANY_TAGS {
            page.notes.push(format!("{} tags on one page", self.tags));
        }
        note_tricks(&mut page, html_reverses);
        let thin = page.text.chars().filter(|c| !c.is_whitespace()).count() < THIN_TEXT;
        if page.text.trim().is_empty() && !self.noscript.trim().is_empty() {
            page.text = folded_lines(&self.noscript);
            page.notes.push("no text of its own; the text for visitors without scripts is kept instead".into());
        }
        let by_script = !page.scripts.is_empty() || !self.inline.trim().is_empty();
        if thin && by_script && self.leads.iter().all(|l| !l.by_itself) && page.forms.iter().all(|f| f.fields.is_empty()) {
            page.notes.push(NEEDS_RENDERING.into());
            let words = scripts::chinese_literals(&self.inline, 20);
            if !words.is_empty() {
                page.notes.push(format!("words in scripts: {}", words.join(" | ")));
            }
        }
        Read { page, leads: self.leads }
    }
}

/// Fewer characters of text than this are no page of their own.
pub(super) const THIN_TEXT: usize = 60;
/// The note of a page that only scripts fill.
pub(super) const NEEDS_RENDERING: &str = "needs rendering: nearly no text without running its scripts";

/// White space folded, cut.
fn folded(text: &str, most: usize) -> String {
    let mut out = String::new();
    for word in text.split_whitespace() {
        if !out.is_empty() {
            out.push(' ');
        }
        out.push_str(word);
        if out.len() > 4 * most {
            break;
        }
    }
    out.chars().take(most).collect()
}
fn folded_lines(text: &str) -> String {
    text.lines().map(|l| folded(l, 2_000)).filter(|l| !l.is_empty()).collect::<Vec<_>>().join("\n")
}

/// So many characters of the private-use areas are no accident: the page brings a font of its own that draws them.
const MANY_PRIVATE: usize = 10;

/// Tricks that make the text unlike what a visitor sees; only rendering undoes them.
fn note_tricks(page: &mut Page, reverses: bool) {
    if reverses || page.text.contains('\u{202E}') {
        page.notes.push("a style or mark shows text reversed; it is kept in the order of the source".into());
    }
    let private = page.text.chars().filter(|c| matches!(c, '\u{E000}'..='\u{F8FF}' | '\u{F0000}'..='\u{10FFFD}')).count();
    if private >= MANY_PRIVATE {
        page.notes.push(format!("{private} private-use characters in the text: a font of the page's own draws them"));
    }
}
