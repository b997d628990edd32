//! What each element adds to the page: fields, links, images, frames, redirects, marks; and what those that gather text do with it.

use crate::capture::read::{Gathering, MAX_LINK_TEXT, MAX_SEARCH, Purpose, Walk, folded};
use crate::capture::scripts::{self, Leads};
use crate::capture::tokens::{Tag, Token, Tokens};
use crate::model::page::{Image, Link};
use crate::model::text::entities::decode_entities;
use url::Url;

/// Most links, images, scripts (and styles), frames, marks kept; characters of one mark.
const MAX_LINKS: usize = 2_000;
const MAX_IMAGES: usize = 1_000;
const MAX_ADDRESSES: usize = 500;
const MAX_FRAMES: usize = 100;
const MAX_MARKS: usize = 2_000;
const MAX_MARK: usize = 80;
/// Texts of things that are clicked to send a form, whatever element they are.
const SENDS: [&str; 12] = ["查询", "重置", "搜索", "提交", "立即查询", "点击查询", "开始查询", "登录", "登陆", "查 询", "重 置", "清空"];

impl<'a> Walk<'a> {
    /// What this element adds, and why it gathers text, if it does.
    pub(super) fn element(&mut self, tag: &Tag<'a>, hidden: bool) -> Option<Purpose> {
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

    pub(super) fn field(&mut self, tag: &Tag<'a>, kind: &str) -> Option<usize> {
        let number = self.forms.field(tag, kind);
        for gathering in &mut self.gathering {
            if let (Purpose::Label { fields, .. }, Some(number)) = (&mut gathering.purpose, number) {
                fields.push(number);
            }
        }
        number
    }
    pub(super) fn input(&mut self, tag: &Tag<'a>, hidden: bool) {
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
                if !value.is_ascii() || (1..=64).contains(&value.len()) {
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

    pub(super) fn button(&mut self, text: &str) {
        self.forms.button(text);
        for outer in &mut self.gathering {
            outer.holds_button = true;
        }
    }

    pub(super) fn anchor(&mut self, tag: &Tag<'a>) -> Option<Purpose> {
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
    pub(super) fn link(&mut self, url: String, text: &str) {
        if url.is_empty() {
            return;
        }
        if self.page.links.len() < MAX_LINKS {
            self.page.links.push(Link { url, text: folded(text, MAX_LINK_TEXT) });
        } else {
            self.note("more than 2000 links; the rest is left out");
        }
    }
    pub(super) fn image(&mut self, tag: &Tag<'a>) {
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
    pub(super) fn frame(&mut self, tag: &Tag<'a>) {
        let url = tag.attr("src").and_then(|s| scripts::absolute(&s, &self.base));
        if let Some(url) = url.filter(|_| self.page.frames.len() < MAX_FRAMES) {
            self.page.frames.push(url.into());
        }
    }
    pub(super) fn style_link(&mut self, tag: &Tag<'a>) {
        let rel = tag.value("rel").to_ascii_lowercase();
        if rel.split_ascii_whitespace().any(|r| r == "stylesheet")
            && self.page.styles.len() < MAX_ADDRESSES
            && let Some(url) = tag.attr("href").and_then(|h| self.join(&h))
        {
            self.page.styles.push(url);
        }
    }
    pub(super) fn meta(&mut self, tag: &Tag<'a>) {
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
    pub(super) fn lead(&mut self, lead: Leads) {
        if self.leads.len() < scripts::MAX_REDIRECTS {
            self.page.script_redirects.push(lead.url.to_string());
            self.leads.push(lead);
        }
    }

    pub(super) fn raw(&mut self, tag: &Tag<'a>, content: &'a str) {
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
    pub(super) fn script(&mut self, tag: &Tag<'a>, content: &str) {
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

    pub(super) fn gathered(&mut self, done: Gathering) {
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

    pub(super) fn mark(&mut self, tag: &Tag<'a>) {
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
}

/// `5; url=/next`, quotes or none, any case; without an address it reloads itself and leads nowhere.
pub(in crate::capture) fn refresh(content: &str, base: &Url) -> Option<Leads> {
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
