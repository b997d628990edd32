//! Where in the package a finding rests: the file of the very visit that was assessed, and the place in it that the span was read from.
//! Places: `char=FROM,TO` (RFC 5147) in text files, a JSON pointer (RFC 6901) in JSON files. Looked up only for what is told.

use crate::assess::reading::PICTURE;
use crate::model::assessment::{Finding, Span};
use crate::model::capture::Capture;
use crate::model::dossier::Dossier;
use crate::model::page::{Form, Page};
use crate::model::picture::{LISTING, listing};

/// Fills in file and place of every finding; `shown` is the number of the capture that was assessed.
pub(crate) fn point(dossier: &Dossier, shown: usize, findings: &mut [Finding]) {
    let Some(capture) = dossier.captures.get(shown) else { return };
    for finding in findings {
        let (file, place) = match &mut finding.span {
            Some(span) => of_span(dossier, shown, capture, span),
            None => (format!("{}page.json", dossier.view_folder(shown)), String::new()),
        };
        finding.evidence = file;
        if let Some(span) = &mut finding.span {
            span.place = place;
        }
    }
}

/// Host findings of a dossier without a page.
pub(crate) fn point_at_host(dossier: &Dossier, finding: &mut Finding) {
    let (file, place) = host(dossier);
    finding.evidence = file;
    if let Some(span) = &mut finding.span {
        span.place = place;
    }
}

fn of_span(dossier: &Dossier, shown: usize, capture: &Capture, span: &mut Span) -> (String, String) {
    let view = dossier.view_folder(shown);
    let part = span.part.split('[').next().unwrap_or_default().to_owned();
    let page = capture.page.as_ref();
    let text = |name: &str, text: &str, span: &mut Span| (format!("{view}{name}"), in_text(text, span));
    match (part.as_str(), page) {
        ("text" | "raw_text", Some(page)) => text("text.txt", &page.text, span),
        ("hidden", Some(page)) => text("hidden.txt", &page.hidden_text, span),
        ("html" | "dom", Some(page)) => text("source.txt", &page.html, span),
        (PICTURE, _) if dossier.facts.pictures.is_some() => {
            let listing = listing(dossier.facts.pictures.as_deref().unwrap_or_default(), shown);
            // It is counted in the listing, which has headings of its own.
            span.offset = None;
            (format!("{view}{LISTING}"), in_text(&listing, span))
        }
        ("look", _) if dossier.facts.pictures.is_some() => (span.raw.clone(), String::new()),
        ("host" | "technique" | "source", _) if dossier.candidate.host.as_str().ends_with(span.raw.as_str()) => host(dossier),
        (part, page) => {
            let in_view = page.and_then(|page| in_page(page, part, &span.part, &span.raw));
            if let Some(place) = in_view {
                return (format!("{view}page.json"), place);
            }
            // An address that is only written out, not linked.
            if let Some(page) = page.filter(|page| part == "link" && page.text.contains(span.raw.as_str())) {
                return text("text.txt", &page.text, span);
            }
            if let Some(found) = in_resolution(dossier, part, &span.raw) {
                return ("net/dns.json".into(), found);
            }
            ("net/hops.json".into(), in_hops(dossier, shown, part, &span.raw))
        }
    }
}

fn host(dossier: &Dossier) -> (String, String) {
    match &dossier.resolution {
        Some(_) => ("net/dns.json".into(), "/host".into()),
        None => ("dossier.json".into(), "/dossier/candidate/host".into()),
    }
}

/// The characters of the span in `text`; its offset is put right where it was counted in a line. Empty: the text holds it in disguise only.
fn in_text(text: &str, span: &mut Span) -> String {
    if span.raw.is_empty() {
        return String::new();
    }
    let at = span.offset.and_then(|n| text.char_indices().nth(usize::try_from(n).ok()?)).map(|(at, _)| at);
    let stands = |at: usize| text[at..].starts_with(span.raw.as_str());
    let Some(at) = at.filter(|at| stands(*at)).or_else(|| text.find(span.raw.as_str())) else { return String::new() };
    let from = text[..at].chars().count() as u64;
    span.offset = Some(from);
    format!("char={from},{}", from + span.raw.chars().count() as u64)
}

/// A JSON pointer into the page as extracted. `None`: the part is not read from there, or the span does not stand there as written.
fn in_page(page: &Page, part: &str, whole: &str, raw: &str) -> Option<String> {
    let list = |name: &str, texts: &[String]| texts.iter().position(|t| holds(t, raw)).map(|n| format!("/{name}/{n}"));
    match part {
        "title" | "raw_title" => Some("/title".into()),
        "meta" => Some("/meta_text".into()),
        "charset" => Some("/charset".into()),
        "form" | "form.label" | "form.placeholder" | "form.button" | "form.name" | "form.kind" | "form.method" | "form.action"
        | "form.target_host" => match whole.split(['[', ']']).nth(1) {
            Some(n) => Some(format!("/forms/{n}")),
            None => page.forms.iter().enumerate().find_map(|(n, form)| in_form(form, raw).map(|at| format!("/forms/{n}{at}"))),
        },
        "link" | "link.url" | "link.text" | "link.host" => page.links.iter().enumerate().find_map(|(n, link)| {
            let key = if holds(&link.url, raw) && part != "link.text" { "url" } else { "text" };
            (key == "url" || holds(&link.text, raw)).then(|| format!("/links/{n}/{key}"))
        }),
        "image.alt" | "image.url" => page.images.iter().enumerate().find_map(|(n, image)| {
            let key = if part == "image.alt" { "alt" } else { "url" };
            let text = if part == "image.alt" { &image.alt } else { &image.url };
            // The alt texts are read as one part, one a line: a span may begin in one and end in the next.
            (holds(text, raw) || (!text.is_empty() && raw.starts_with(text.as_str()))).then(|| format!("/images/{n}/{key}"))
        }),
        "script" | "style" | "frame" | "resource.url" | "resource.host" => {
            let lists = [("scripts", &page.scripts), ("styles", &page.styles), ("frames", &page.frames)];
            let image = || page.images.iter().position(|i| holds(&i.url, raw)).map(|n| format!("/images/{n}/url"));
            lists.into_iter().find_map(|(name, texts)| list(name, texts)).or_else(image)
        }
        // A path of marks (`main-content > tz-query`) rests on its first one.
        "mark" => list("marks", &page.marks).or_else(|| {
            let first = raw.split([' ', '>']).next().filter(|first| !first.is_empty())?;
            page.marks.iter().position(|m| m == first).map(|n| format!("/marks/{n}"))
        }),
        "comment" => list("comments", &page.comments),
        "note" => list("notes", &page.notes),
        "redirect" | "redirect.host" => list("script_redirects", &page.script_redirects),
        part if part.starts_with("identifier") => {
            page.identifiers.iter().position(|i| holds(&i.raw, raw) || holds(&i.value, raw)).map(|n| format!("/identifiers/{n}"))
        }
        part if part.starts_with("contact") => {
            page.contacts.iter().position(|c| holds(&c.raw, raw) || holds(&c.value, raw)).map(|n| format!("/contacts/{n}"))
        }
        _ => None,
    }
}

fn in_form(form: &Form, raw: &str) -> Option<String> {
    let field = form.fields.iter().enumerate().find_map(|(n, f)| {
        let texts =
            [("label", &f.label), ("placeholder", &f.placeholder), ("first_option", &f.first_option), ("name", &f.name), ("kind", &f.kind)];
        let inside = |t: &str| holds(t, raw) || (!t.is_empty() && raw.starts_with(t) && raw[t.len()..].starts_with('\n'));
        texts.into_iter().find(|(_, t)| inside(t)).map(|(key, _)| format!("/fields/{n}/{key}"))
    });
    let button = || form.buttons.iter().position(|b| holds(b, raw)).map(|n| format!("/buttons/{n}"));
    let own = || {
        let method = (form.method == raw).then(|| "/method".to_owned());
        holds(&form.action, raw).then(|| "/action".to_owned()).or(method)
    };
    field.or_else(button).or_else(own)
}

fn in_resolution(dossier: &Dossier, part: &str, raw: &str) -> Option<String> {
    let resolution = dossier.resolution.as_ref().filter(|_| part.starts_with("resolution") || part == "dns")?;
    let address = resolution.addresses.iter().position(|a| a.to_string() == raw).map(|n| format!("/addresses/{n}"));
    let record = || {
        resolution.answers.iter().enumerate().find_map(|(a, answer)| {
            let at = answer.records.iter().position(|r| raw.ends_with(r.data.as_str()) || holds(&r.data, raw))?;
            Some(format!("/answers/{a}/records/{at}"))
        })
    };
    address.or_else(record)
}

/// A JSON pointer into `net/hops.json`; at least the visit, where nothing closer is known.
fn in_hops(dossier: &Dossier, shown: usize, part: &str, raw: &str) -> String {
    let everywhere = std::iter::once(shown).chain((0..dossier.captures.len()).filter(|n| *n != shown));
    let found = everywhere.filter_map(|n| dossier.captures.get(n).map(|c| (n, c))).find_map(|(n, capture)| {
        let in_visit = match part {
            "header" | "cookie" => in_headers(capture, raw),
            "status" => capture.hops.iter().rposition(|h| h.status.is_some()).map(|k| format!("/hops/{k}/status")),
            part if part.starts_with("tls") => {
                capture.hops.iter().position(|h| h.tls.as_ref().is_some_and(|t| t.leaf.is_some())).map(|k| format!("/hops/{k}/tls/leaf"))
            }
            "redirect" | "redirect.host" => capture
                .hops
                .iter()
                .position(|h| h.redirect_to.as_deref().is_some_and(|to| holds(to, raw)))
                .map(|k| format!("/hops/{k}/redirect_to")),
            _ => None,
        };
        let variant = || (capture.variant == raw).then(|| "/variant".to_owned());
        let address = || {
            let last = capture.final_url.as_deref().filter(|u| holds(u, raw)).map(|_| "/final_url".to_owned());
            last.or_else(|| holds(&capture.requested_url, raw).then(|| "/requested_url".to_owned()))
        };
        in_visit.or_else(variant).or_else(address).map(|at| format!("/captures/{n}{at}"))
    });
    found.unwrap_or_else(|| format!("/captures/{shown}"))
}

fn in_headers(capture: &Capture, raw: &str) -> Option<String> {
    capture.hops.iter().enumerate().rev().find_map(|(k, hop)| {
        let at = hop.headers.iter().position(|(name, value)| holds(&format!("{name}: {value}"), raw))?;
        Some(format!("/hops/{k}/headers/{at}"))
    })
}

/// Does `text` hold the span, whatever the case (spans of raw fields keep theirs, hosts are lower case)?
fn holds(text: &str, raw: &str) -> bool {
    !raw.is_empty() && (text.contains(raw) || (raw.is_ascii() && text.to_ascii_lowercase().contains(&raw.to_ascii_lowercase())))
}
