//! What a visitor cannot see: inline styles and simple style rules that take text out of sight.
//! Not a style engine: one class or one id per selector, no cascade. What it misses, rendering will see.

use crate::capture::tokens::Tag;
use std::collections::HashSet;

/// Most bytes of style text read.
pub(super) const MAX_CSS_BYTES: usize = 512 << 10;
/// Most rules kept.
const MAX_RULES: usize = 5_000;

/// Does a style declaration list hide the element?
pub(super) fn hides(style: &str) -> bool {
    if style.len() > 4096 || style.is_empty() {
        return false;
    }
    let flat: String = style.chars().filter(|c| !c.is_whitespace()).collect::<String>().to_ascii_lowercase();
    let flat = flat.replace("!important", "");
    let declarations: Vec<(&str, &str)> = flat.split(';').filter_map(|d| d.split_once(':')).collect();
    let get = |name: &str| declarations.iter().rev().find(|(n, _)| *n == name).map(|(_, v)| *v);
    let nothing = |v: &str| number(v).is_some_and(|n| n.abs() < 1.5);
    let clipped = get("overflow").is_some_and(|v| v.starts_with("hidden"))
        && ["height", "width", "max-height"].iter().any(|p| get(p).is_some_and(nothing));
    let away = |v: &str| number(v).is_some_and(|n| n <= -500.0) && !v.ends_with('%');
    let off_screen = get("position").is_some_and(|p| p != "static" && p != "relative")
        && ["left", "right", "top", "bottom"].iter().any(|p| get(p).is_some_and(away));
    let colour = get("color");
    let same_colour = colour.is_some() && (colour == get("background-color") || colour == get("background"));
    get("display").is_some_and(|v| v == "none")
        || get("visibility").is_some_and(|v| v == "hidden" || v == "collapse")
        || get("opacity").is_some_and(|v| number(v).is_some_and(|n| n < 0.05))
        || get("font-size").is_some_and(nothing)
        || get("text-indent").is_some_and(away)
        || ["margin-left", "margin-top"].iter().any(|p| get(p).is_some_and(away))
        || get("clip").is_some_and(|v| v.starts_with("rect(0") || v.starts_with("rect(1px,1px"))
        || get("clip-path").is_some_and(|v| v.contains("inset(100%") || v.contains("inset(50%") || v == "circle(0)")
        || get("transform").is_some_and(|v| v.contains("scale(0)"))
        || colour.is_some_and(|v| v == "transparent")
        || same_colour
        || off_screen
        || clipped
}

fn number(value: &str) -> Option<f64> {
    let end = value.find(|c: char| !(c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))).unwrap_or(value.len());
    let n: f64 = value[..end].parse().ok()?;
    // Sizes in em are of the order of sixteen pixels.
    Some(if value.ends_with("em") { n * 16.0 } else { n })
}

/// Classes and ids that style rules hide.
#[derive(Debug, Default)]
pub(super) struct HideRules {
    classes: HashSet<String>,
    ids: HashSet<String>,
    /// (hidden class, class that shows it again), from `.tab.active { display: block }`.
    shown: HashSet<(String, String)>,
    rules: usize,
    /// Some rule turns the order of characters round.
    pub(super) reverses: bool,
}

impl HideRules {
    /// Adds the rules of one style element. Rules inside `@media` and its like are left out: they hold for some screens only.
    pub(super) fn add(&mut self, css: &str) {
        let css = without_comments(css);
        self.reverses |= css.contains("bidi-override");
        let mut rest = css.as_str();
        while let Some(open) = rest.find('{') {
            let selector = rest[..open].rsplit([';', '}']).next().unwrap_or_default().trim();
            let body = &rest[open + 1..];
            let close = if selector.starts_with('@') { matching(body) } else { body.find('}').unwrap_or(body.len()) };
            if !selector.starts_with('@') && self.rules < MAX_RULES {
                self.rules += 1;
                self.rule(selector, &body[..close]);
            }
            rest = body.get(close + 1..).unwrap_or_default();
        }
    }

    fn rule(&mut self, selectors: &str, body: &str) {
        let hidden = hides(body);
        let shown = !hidden && body.contains("display");
        for selector in selectors.split(',').map(str::trim).filter(|s| s.len() <= 200) {
            if hidden {
                if let Some(class) = only(selector, '.') {
                    self.classes.insert(class);
                } else if let Some(id) = only(selector, '#') {
                    self.ids.insert(id);
                }
            } else if shown && let Some((first, second)) = two_classes(selector) {
                self.shown.insert((first.clone(), second.clone()));
                self.shown.insert((second, first));
            }
        }
    }

    /// Does a rule, an attribute or the element's own style hide it?
    pub(super) fn hide(&self, tag: &Tag<'_>) -> bool {
        if tag.has("hidden") || tag.attr("style").is_some_and(|s| hides(&s)) {
            return true;
        }
        if !self.ids.is_empty() && tag.attr("id").is_some_and(|id| self.ids.contains(id.trim())) {
            return true;
        }
        if self.classes.is_empty() {
            return false;
        }
        let Some(class) = tag.attr("class") else { return false };
        let names: Vec<&str> = class.split_ascii_whitespace().take(32).collect();
        let shown_again = |hidden: &str| names.iter().any(|n| self.shown.contains(&(hidden.to_owned(), (*n).to_owned())));
        names.iter().any(|n| self.classes.contains(*n) && !shown_again(n))
    }
}

/// The name of a selector that is one class or one id, perhaps after a tag name.
fn only(selector: &str, sign: char) -> Option<String> {
    let (tag, name) = selector.split_once(sign)?;
    let plain = |s: &str| s.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    (plain(tag) && plain(name) && !name.is_empty()).then(|| name.to_owned())
}
fn two_classes(selector: &str) -> Option<(String, String)> {
    let (first, second) = selector.strip_prefix('.')?.split_once('.')?;
    let plain = |s: &str| !s.is_empty() && s.chars().all(|c| c.is_alphanumeric() || c == '-' || c == '_');
    (plain(first) && plain(second)).then(|| (first.to_owned(), second.to_owned()))
}

/// Index of the `}` that closes a block whose `{` is just before; the end where there is none.
fn matching(body: &str) -> usize {
    let mut depth = 1;
    for (i, b) in body.bytes().enumerate() {
        match b {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            _ => {}
        }
        if depth == 0 {
            return i;
        }
    }
    body.len()
}

fn without_comments(css: &str) -> String {
    let mut out = String::with_capacity(css.len());
    let mut rest = css;
    while let Some(start) = rest.find("/*") {
        out.push_str(&rest[..start]);
        rest = rest[start + 2..].split_once("*/").map_or("", |(_, after)| after);
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::capture::tokens::{Token, Tokens};

    #[test]
    fn styles_that_take_text_out_of_sight_are_known() {
        for style in [
            "display:none",
            "DISPLAY : None !important",
            "visibility:hidden",
            "opacity:0",
            "font-size:0px",
            "position:absolute;left:-9999px",
            "text-indent:-9999px",
            "position:absolute;clip:rect(0,0,0,0)",
            "height:0;overflow:hidden",
            "width:1px;height:1px;overflow:hidden",
            "color:#fff;background:#fff",
            "margin-left:-100em",
        ] {
            assert!(hides(style), "{style}");
        }
        for style in [
            "",
            "display:block",
            "opacity:.9",
            "left:-9999px",
            "height:0",
            "position:relative;left:-20px",
            "font-size:12px",
            "color:#fff;background:#000",
            "overflow:hidden;height:40px",
        ] {
            assert!(!hides(style), "{style}");
        }
    }

    fn hidden_by(css: &str, html: &str) -> bool {
        let mut rules = HideRules::default();
        rules.add(css);
        match Tokens::new(html).next() {
            Some(Token::Start(tag)) => rules.hide(&tag),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn simple_rules_hide_classes_and_ids() {
        let css = "/* .a{display:none} */ body{margin:0} .x, div.y {display:none} #z{visibility:hidden} @media print{.p{display:none}} .tab{display:none}.tab.on{display:block}";
        for html in ["<div class='q x'>", "<div class=y>", "<p id=z>", "<i class=tab>", "<i hidden>"] {
            assert!(hidden_by(css, html), "{html}");
        }
        for html in ["<div class=a>", "<div class=p>", "<div class='tab on'>", "<div id=x>", "<body>", "<i aria-hidden=true>"] {
            assert!(!hidden_by(css, html), "{html}");
        }
    }
}
