//! Reads a page: one walk over the tokens of the decoded HTML, into text, hidden text, forms, links and marks.
//! A stack of open elements stands in for the tree; every list has a cap, and what was cut is noted.

use crate::capture::forms::Forms;
use crate::capture::scripts::{self, Leads};
use crate::capture::style::{HideRules, MAX_CSS_BYTES};
use crate::capture::tokens::{Tag, Token, Tokens};
use crate::capture::writer::{MAX_TEXT_BYTES, Writer};
use crate::model::page::{Image, Link, Page};
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
/// Most links, images, scripts, styles, frames, marks, comments kept.
const MAX_LINKS: usize = 2_000;
const MAX_IMAGES: usize = 1_000;
const MAX_ADDRESSES: usize = 500;
const MAX_FRAMES: usize = 100;
const MAX_MARKS: usize = 2_000;
const MAX_COMMENTS: usize = 200;
/// Characters kept: of a link's or button's text, of a comment, of a mark, of an address.
const MAX_LINK_TEXT: usize = 200;
const MAX_COMMENT: usize = 300;
const MAX_MARK: usize = 80;
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
/// Texts of things that are clicked to send a form, whatever element they are.
const SENDS: [&str; 12] = ["查询", "重置", "搜索", "提交", "立即查询", "点击查询", "开始查询", "登录", "登陆", "查 询", "重 置", "清空"];

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

    /// What this element adds, and why it gathers text, if it does.
    fn element(&mut self, tag: &Tag<'a>, hidden: bool) -> Option<Purpose> {
        match &*tag.name {
            "a" | "area" => return self.anchor(tag),
            "button" => return Some(Purpose::Button),
            "label" => return Some(Purpose::Label { id: tag.value("for"), fields: Vec::new() }),
            "h1" | "h2" | "h3" | "h4" | "h5" | "h6" => return Some(Purpose::Heading),
            "option" => {
                let first = self.select.as_mut().filter(|(_, had)| !had);
                return first.map(|select| {
                    select.1 = true;
                    Purpose::Option(select.0)
                });
            }
            "form" => {
                let action = tag.attr("action").and_then(|a| self.join(&a)).unwrap_or_default();
                self.forms.open(action, &tag.value("method"));
            }
            "input" => self.input(tag, hidden),
            "select" => {
                let number = self.field(tag, "select");
                self.select = Some((number, false));
            }
            "img" => self.image(tag),
            "frame" => self.frame(tag),
            "base" => {
                if let Some(url) =
                    tag.attr("href").and_then(|h| self.base.join(h.trim()).ok()).filter(|u| matches!(u.scheme(), "http" | "https"))
                {
                    self.base = url;
                }
            }
            "link" => self.style_link(tag),
            "meta" => self.meta(tag),
            "span" | "div" | "i" | "p" | "em" | "td"
                if tag.has("onclick") || tag.has("@click") || tag.value("role") == "button" || looks_clickable(tag) =>
            {
                return Some(Purpose::Clickable);
            }
            _ => {}
        }
        None
    }

    fn field(&mut self, tag: &Tag<'a>, kind: &str) -> Option<usize> {
        let number = self.forms.field(tag, kind);
        for gathering in &mut self.gathering {
            if let (Purpose::Label { fields, .. }, Some(number)) = (&mut gathering.purpose, number) {
                fields.push(number);
            }
        }
        number
    }
    fn input(&mut self, tag: &Tag<'a>, hidden: bool) {
        let kind = tag.value("type").to_ascii_lowercase();
        match kind.as_str() {
            "submit" | "button" | "reset" | "image" => {
                let named = [tag.value("value"), tag.value("alt"), tag.value("title")].into_iter().find(|v| !v.is_empty());
                let standing = if kind == "reset" { "重置" } else { "提交" };
                let text = named.unwrap_or_else(|| if kind == "button" { String::new() } else { standing.to_owned() });
                if !hidden {
                    self.text.text(&text);
                }
                self.button(&text);
            }
            "hidden" => {
                self.forms.field(tag, "hidden");
                let value = tag.value("value");
                if value.chars().any(|c| !c.is_ascii()) || (1..=64).contains(&value.len()) {
                    self.hidden.line();
                    self.hidden.text(&value.chars().take(MAX_LINK_TEXT).collect::<String>());
                    self.hidden.line();
                }
            }
            "" => {
                self.field(tag, "text");
            }
            known => {
                let known: String = known.chars().take(20).collect();
                self.field(tag, &known);
            }
        }
    }

    fn button(&mut self, text: &str) {
        self.forms.button(text);
        for outer in &mut self.gathering {
            outer.holds_button = true;
        }
    }

    fn anchor(&mut self, tag: &Tag<'a>) -> Option<Purpose> {
        let href = tag.attr("href")?;
        let href = href.trim();
        let url = if href.is_empty() || href.starts_with('#') || starts_with_ignoring_case(href, "javascript:") {
            String::new()
        } else {
            self.join(href).unwrap_or_default()
        };
        if tag.name == "area" {
            self.link(url, &tag.value("alt"));
            return None;
        }
        Some(Purpose::Link(url))
    }
    fn link(&mut self, url: String, text: &str) {
        if url.is_empty() {
            return;
        }
        if self.page.links.len() < MAX_LINKS {
            self.page.links.push(Link { url, text: folded(text, MAX_LINK_TEXT) });
        } else {
            self.note("more than 2000 links; the rest is left out");
        }
    }
    fn image(&mut self, tag: &Tag<'a>) {
        let source = ["src", "data-src", "data-original"].iter().map(|n| tag.value(n)).find(|v| !v.is_empty()).unwrap_or_default();
        let alt = folded(&tag.value("alt"), MAX_LINK_TEXT);
        for gathering in self.gathering.iter_mut().filter(|g| g.text.trim().is_empty()) {
            gathering.text.push_str(&alt);
        }
        let url = if starts_with_ignoring_case(&source, "data:") { Some(source.chars().take(64).collect()) } else { self.join(&source) };
        if let Some(url) = url.filter(|_| !source.is_empty()) {
            if self.page.images.len() < MAX_IMAGES {
                self.page.images.push(Image { url, alt });
            } else {
                self.note("more than 1000 images; the rest is left out");
            }
        }
    }
    fn frame(&mut self, tag: &Tag<'a>) {
        let url = tag.attr("src").and_then(|s| scripts::absolute(&s, &self.base));
        if let Some(url) = url.filter(|_| self.page.frames.len() < MAX_FRAMES) {
            self.page.frames.push(url.into());
        }
    }
    fn style_link(&mut self, tag: &Tag<'a>) {
        let rel = tag.value("rel").to_ascii_lowercase();
        if rel.split_ascii_whitespace().any(|r| r == "stylesheet")
            && self.page.styles.len() < MAX_ADDRESSES
            && let Some(url) = tag.attr("href").and_then(|h| self.join(&h))
        {
            self.page.styles.push(url);
        }
    }
    fn meta(&mut self, tag: &Tag<'a>) {
        let content = tag.value("content");
        match tag.value("name").to_ascii_lowercase().as_str() {
            "description" | "keywords" if self.page.meta_text.len() < 8_000 && !content.is_empty() => {
                if !self.page.meta_text.is_empty() {
                    self.page.meta_text.push('\n');
                }
                self.page.meta_text.push_str(&folded(&content, 2_000));
            }
            _ => {}
        }
        if tag.value("http-equiv").eq_ignore_ascii_case("refresh")
            && let Some(lead) = refresh(&content, &self.base)
        {
            self.lead(lead);
        }
    }
    fn lead(&mut self, lead: Leads) {
        if self.leads.len() < scripts::MAX_REDIRECTS {
            self.page.script_redirects.push(lead.url.to_string());
            self.leads.push(lead);
        }
    }

    fn raw(&mut self, tag: &Tag<'a>, content: &'a str) {
        self.tags += 1;
        self.mark(tag);
        match &*tag.name {
            "title" if !self.has_title && !self.open.iter().rev().take(MAX_SEARCH).any(|o| o.name == "svg") => {
                self.has_title = true;
                self.page.title = folded(&decode_entities(content), 500);
            }
            "textarea" => {
                self.field(tag, "textarea");
                let text = decode_entities(content);
                self.see(&text);
            }
            "xmp" => self.see(content),
            "script" => self.script(tag, content),
            "iframe" => self.frame(tag),
            "noscript" | "noframes" if self.noscript.len() < (64 << 10) => {
                for token in Tokens::new(content) {
                    match token {
                        Token::Text(text) => self.noscript.push_str(&decode_entities(text)),
                        Token::Start(_) => self.noscript.push('\n'),
                        _ => {}
                    }
                }
            }
            _ => {}
        }
    }
    fn script(&mut self, tag: &Tag<'a>, content: &str) {
        if let Some(url) = tag.attr("src").and_then(|s| self.join(&s))
            && self.page.scripts.len() < MAX_ADDRESSES
        {
            self.page.scripts.push(url);
        }
        let kind = tag.value("type").to_ascii_lowercase();
        let left = scripts::MAX_SCRIPT_BYTES.saturating_sub(self.inline.len());
        if content.len() > left {
            self.note("inline scripts are read up to 512 KiB");
            return;
        }
        if kind.is_empty() || kind.contains("javascript") || kind == "module" {
            for lead in scripts::redirects(content, &self.base) {
                self.lead(lead);
            }
        }
        self.inline.push_str(content);
        self.inline.push('\n');
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

    fn gathered(&mut self, done: Gathering) {
        let text = folded(&done.text, MAX_LINK_TEXT);
        match done.purpose {
            Purpose::Link(url) => {
                if SENDS.contains(&text.as_str()) {
                    self.button(&text);
                }
                self.link(url, &text);
            }
            Purpose::Button => self.button(&text),
            Purpose::Clickable => {
                if !done.holds_button
                    && text.chars().count() <= 12
                    && (SENDS.contains(&text.as_str()) || text.contains('查') || text.contains("提交"))
                {
                    self.button(&text);
                }
            }
            Purpose::Label { id, fields } => {
                if !id.is_empty() {
                    self.forms.label_for(id, &text);
                }
                for number in fields {
                    self.forms.wrapped(number, &text);
                }
            }
            Purpose::Option(select) => {
                if let Some(number) = select {
                    self.forms.first_option(number, &text);
                }
                if !self.is_hidden() {
                    self.text.text(&format!(" {text} "));
                }
            }
            Purpose::Heading => self.forms.forget(),
        }
    }

    fn mark(&mut self, tag: &Tag<'a>) {
        for name in ["class", "id"] {
            if self.marks.len() >= MAX_MARKS {
                return;
            }
            let Some(value) = tag.attr(name) else { continue };
            for mark in value.split_ascii_whitespace().take(64) {
                let mark: String = mark.chars().take(MAX_MARK).collect();
                if self.marks.len() < MAX_MARKS && self.marks.insert(mark.clone()) {
                    self.page.marks.push(mark);
                }
            }
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

/// `5; url=/next`, quotes or none, any case; without an address it reloads itself and leads nowhere.
pub(super) fn refresh(content: &str, base: &Url) -> Option<Leads> {
    let (seconds, rest) = content.split_at(content.find([';', ',', ' ']).unwrap_or(content.len()));
    let seconds: f64 = seconds.trim().parse().unwrap_or(0.0);
    let rest = rest.trim_start_matches([';', ',', ' ']);
    let target = if starts_with_ignoring_case(rest, "url") { rest[3..].trim_start().strip_prefix('=')? } else { rest };
    let target = target.trim().trim_matches(['"', '\'']);
    if target.is_empty() {
        return None;
    }
    let url = scripts::absolute(target, base)?;
    Some(Leads { url, by_itself: true, after_ms: (seconds.clamp(0.0, 86_400.0) * 1000.0) as u64 })
}

fn looks_clickable(tag: &Tag<'_>) -> bool {
    tag.attr("class").is_some_and(|c| {
        let c = c.to_ascii_lowercase();
        c.contains("btn") || c.contains("button") || c.contains("submit")
    })
}
fn starts_with_ignoring_case(text: &str, start: &str) -> bool {
    text.get(..start.len()).is_some_and(|t| t.eq_ignore_ascii_case(start))
}
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
