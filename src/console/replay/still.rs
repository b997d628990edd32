//! The page as a still: the kept markup without anything that acts or leads elsewhere, its addresses turned into numbers of the package's own files.
//! This is the inner wall. The outer ones are the browser's: another origin, a sandbox without scripts, a policy that lets nothing else load.
//! Where the markup cannot be read without doubt there is no still: the picture says what it looked like.

use lol_html::html_content::{ContentType, Element};
use lol_html::{RewriteStrSettings, doc_comments, element, rewrite_str, text};
use regex::{Captures, Regex};
use std::cell::RefCell;
use std::sync::LazyLock;
use url::Url;

/// Largest markup, and largest style sheet, in bytes.
pub(super) const MAX_BYTES: usize = 8 << 20;

/// Elements that go with all that stands in them.
const GONE: [&str; 25] = [
    "script",
    "noscript",
    "template",
    "iframe",
    "frame",
    "frameset",
    "fencedframe",
    "portal",
    "object",
    "embed",
    "applet",
    "base",
    "meta",
    "audio",
    "video",
    "source",
    "track",
    "animate",
    "animatetransform",
    "animatemotion",
    "set",
    "param",
    "foreignobject",
    "xmp",
    "plaintext",
];
/// Attributes that name an address, or how one is fetched. Those of pictures are set anew where the package has the file.
const ADDRESSES: [&str; 30] = [
    "href",
    "xlink:href",
    "src",
    "srcset",
    "imagesrcset",
    "imagesizes",
    "sizes",
    "action",
    "formaction",
    "formtarget",
    "ping",
    "poster",
    "data",
    "background",
    "longdesc",
    "cite",
    "manifest",
    "srcdoc",
    "target",
    "http-equiv",
    "integrity",
    "nonce",
    "crossorigin",
    "loading",
    "autofocus",
    "usemap",
    "profile",
    "codebase",
    "classid",
    "archive",
];

static IN_SHEETS: LazyLock<Regex> = LazyLock::new(|| {
    let address = r#"(?:"([^"]*)"|'([^']*)'|([^)"'\s]*))"#;
    Regex::new(&format!(r#"(?i)url\(\s*{address}\s*\)|@import\s+(?:"([^"]*)"|'([^']*)')"#)).expect("a constant pattern")
});

/// What the package has under an address: its number. `None`: nothing that may be shown.
pub(super) type Find<'a> = &'a dyn Fn(&str) -> Option<usize>;

/// The markup of a page that stood at `base`. `None`: it cannot be read without doubt.
pub(super) fn page(markup: &str, base: &Url, find: Find<'_>) -> Option<String> {
    if markup.len() > MAX_BYTES {
        return None;
    }
    let here = RefCell::new(base.clone());
    let sheet_text = RefCell::new(String::new());
    let settings = RewriteStrSettings::new()
        .with_enable_esi_tags(false)
        .append_element_content_handler(element!("*", |el| {
            tame(el, &here, find);
            Ok(())
        }))
        .append_element_content_handler(text!("style", |chunk| {
            sheet_text.borrow_mut().push_str(chunk.as_str());
            if chunk.last_in_text_node() {
                let whole = std::mem::take(&mut *sheet_text.borrow_mut());
                chunk.replace(&sheet(&whole, &here.borrow(), find), ContentType::Html);
            } else {
                chunk.remove();
            }
            Ok(())
        }))
        .append_document_content_handler(doc_comments!(|comment| {
            comment.remove();
            Ok(())
        }));
    rewrite_str(markup, settings).ok()
}

fn tame(el: &mut Element<'_, '_>, here: &RefCell<Url>, find: Find<'_>) {
    let tag = el.tag_name();
    if tag == "base"
        && let Some(moved) = el.get_attribute("href").and_then(|href| here.borrow().join(&decoded(&href)).ok())
    {
        *here.borrow_mut() = moved;
    }
    let found = |value: Option<String>| value.and_then(|v| number(&decoded(&v), &here.borrow(), find));
    let is_sheet =
        tag == "link" && el.get_attribute("rel").is_some_and(|rel| rel.to_ascii_lowercase().split_whitespace().any(|w| w == "stylesheet"));
    let linked = is_sheet.then(|| found(el.get_attribute("href"))).flatten();
    if GONE.contains(&tag.as_str()) || (tag == "link" && linked.is_none()) {
        el.remove();
        return;
    }
    let picture = matches!(tag.as_str(), "img" | "input").then(|| el.get_attribute("src")).flatten();
    let inline = picture.clone().filter(|p| is_inline_picture(p));
    let picture = found(picture).map(|n| n.to_string()).or(inline);
    let ground = found(el.get_attribute("background"));
    let style = el.get_attribute("style").map(|s| sheet(&s.replace("&quot;", "\""), &here.borrow(), find));
    let names: Vec<String> = el.attributes().iter().map(lol_html::html_content::Attribute::name).collect();
    for name in names.iter().filter(|n| n.starts_with("on") || *n == "style" || ADDRESSES.contains(&n.as_str())) {
        // A name may stand twice: the second must not take the place of the first.
        while el.has_attribute(name) {
            el.remove_attribute(name);
        }
    }
    let again =
        [("src", picture), ("background", ground.map(|n| n.to_string())), ("href", linked.map(|n| n.to_string())), ("style", style)];
    for (name, value) in again {
        if let Some(value) = value {
            let _ = el.set_attribute(name, &value);
        }
    }
}

/// A style sheet that stood at `base`: its addresses as numbers, what is elsewhere as nothing.
pub(super) fn sheet(css: &str, base: &Url, find: Find<'_>) -> String {
    let one = |found: &Captures<'_>| {
        let given = (1..=5).find_map(|n| found.get(n)).map_or("", |m| m.as_str()).trim();
        let imported = found.get(0).is_some_and(|m| m.as_str().starts_with('@'));
        let to = if is_inline_picture(given) {
            given.to_owned()
        } else {
            number(given, base, find).map_or_else(|| "data:,".into(), |n| n.to_string())
        };
        format!("{}url('{to}')", if imported { "@import " } else { "" })
    };
    IN_SHEETS.replace_all(css, one).into_owned()
}

/// A picture that is in the address itself.
fn is_inline_picture(address: &str) -> bool {
    address.len() < MAX_BYTES && address.to_ascii_lowercase().starts_with("data:image/") && !address.contains(['\'', '"', '<', '>'])
}

fn number(address: &str, base: &Url, find: Find<'_>) -> Option<usize> {
    let mut url = base.join(address.trim()).ok()?;
    url.set_fragment(None);
    find(url.as_str())
}

/// An attribute's value as addresses are written: two entities at most.
fn decoded(value: &str) -> String {
    value.replace("&quot;", "\"").replace("&#39;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn still(markup: &str) -> String {
        let find = |url: &str| match url {
            "http://a.top/p/logo.png?a=1&b=2" => Some(7),
            "http://a.top/p/site.css" => Some(8),
            "http://a.top/ground.gif" => Some(9),
            _ => None,
        };
        page(markup, &Url::parse("http://a.top/p/index.html").expect("a url"), &find).expect("read")
    }

    #[test]
    fn the_packages_own_files_are_numbers_and_everything_else_is_gone() {
        let made = still(
            "<!doctype html><base href='/p/'><link rel='StyleSheet' href=site.css><link rel=preconnect href=//evil.top><body background=/ground.gif onload=x()>\
             <img src='logo.png?a=1&amp;b=2' src=//evil.top/2><img src=http://evil.top/i.png srcset='http://evil.top/2x 2x'><a href='javascript:x()'>读</a>",
        );
        assert_eq!(made, "<!doctype html><link rel='StyleSheet' href=\"8\"><body background=\"9\"><img src=\"7\"><img><a>读</a>");
    }

    #[test]
    fn what_acts_goes_with_its_content() {
        for markup in [
            "<script>x()</script>",
            "<SCRIPT src=//evil.top></SCRIPT>",
            "<meta http-equiv=refresh content='0;url=http://evil.top'>",
            "<iframe srcdoc='<b>'>x</iframe>",
            "<object data=//evil.top><embed src=//evil.top></object>",
            "<svg><script>x()</script><set attributeName=href to=//evil.top /></svg>",
            "<!-- <script> -->",
            "<noscript><img src=//evil.top></noscript>",
        ] {
            let made = still(markup);
            assert!(!made.contains("evil") && !made.contains("x()") && !made.contains("script>"), "{markup}: {made}");
        }
    }

    #[test]
    fn sheets_lead_nowhere_else() {
        let made = still(
            "<style>@import 'site.css'; @import \"//evil.top/a.css\"; b{background:url( /ground.gif )} i{background:url('//evil.top/x')}</style><p style='background:url(&quot;/ground.gif&quot;)'>",
        );
        assert_eq!(
            made,
            "<style>@import url('8'); @import url('data:,'); b{background:url('9')} i{background:url('data:,')}</style><p style=\"background:url('9')\">"
        );
    }

    #[test]
    fn markup_that_two_readers_would_read_differently_gives_no_still() {
        let find = |_: &str| None;
        let base = Url::parse("http://a.top/").expect("a url");
        assert!(page("<select><title></select><style></title><img src=//evil.top>", &base, &find).is_none_or(|s| !s.contains("evil")));
        assert!(page(&"x".repeat(MAX_BYTES + 1), &base, &find).is_none());
    }
}
