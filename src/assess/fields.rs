//! The fields that a rule may ask for, and their values in a dossier. One table is the whole contract.

use crate::assess::official::host_of;
use crate::assess::reading::{Part, Reading, cut};
use crate::model::page::{Form, Page};
use std::borrow::Cow;

/// Values of one field looked at; a page with more is cut here.
const MAX_VALUES: usize = 4_000;

/// Every field name, and whether conditions on it compare normalised text. `identifier.` and `contact.` take a kind after the dot.
/// What each holds stands in `rules/README.md`; a test holds the two together.
pub(crate) const FIELDS: &[(&str, bool)] = &[
    ("host", false),
    ("url", false),
    ("path", false),
    ("title", true),
    ("raw_title", false),
    ("text", true),
    ("raw_text", false),
    ("hidden", true),
    ("html", false),
    ("dom", false),
    ("meta", true),
    ("form.label", true),
    ("form.placeholder", true),
    ("form.button", true),
    ("form.name", false),
    ("form.kind", false),
    ("form.method", false),
    ("form.target_host", false),
    ("form.action", false),
    ("link.url", false),
    ("link.host", false),
    ("link.text", true),
    ("image.alt", true),
    ("image.url", false),
    ("script", false),
    ("style", false),
    ("frame", false),
    ("resource.url", false),
    ("resource.host", false),
    ("mark", false),
    ("comment", false),
    ("note", false),
    ("status", false),
    ("header", false),
    ("cookie", false),
    ("charset", false),
    ("outcome", false),
    ("redirect.host", false),
    ("tls.issuer", false),
    ("tls.subject", false),
    ("tls.name", false),
    ("variant", false),
    ("variant.outcome", false),
    ("variant.title", true),
    ("variant.host", false),
    ("resolution.address", false),
    ("resolution.cname", false),
    ("resolution.record", false),
    ("source", false),
    ("technique", false),
    ("identifier.icp", false),
    ("identifier.police", false),
    ("identifier.site_code", false),
    ("identifier.conac", false),
    ("identifier.baidu_tongji", false),
    ("identifier.cnzz", false),
    ("identifier.51la", false),
    ("contact.phone", false),
    ("contact.landline", false),
    ("contact.qq", false),
    ("contact.wechat", false),
    ("contact.email", false),
];

/// Number of a field in [`FIELDS`].
pub(crate) fn field_number(name: &str) -> Option<usize> {
    FIELDS.iter().position(|(known, _)| *known == name)
}

/// One value of a field: folded with a way back, or as it stands.
#[derive(Debug)]
pub(crate) enum Value<'a> {
    /// Folded.
    Folded(Cow<'a, Part>),
    /// As it stands.
    Raw(Cow<'a, str>),
}

impl Value<'_> {
    /// The text that conditions look at.
    pub(crate) fn text(&self) -> &str {
        match self {
            Self::Folded(part) => part.text(),
            Self::Raw(text) => text,
        }
    }
    /// A span over the bytes `range` of [`Value::text`].
    pub(crate) fn span(&self, field: &str, range: std::ops::Range<usize>) -> crate::model::assessment::Span {
        match self {
            Self::Folded(part) => crate::model::assessment::Span { part: field.to_owned(), ..part.span_bytes(range) },
            Self::Raw(text) => {
                let mut to = range.end.min(text.len());
                while !text.is_char_boundary(to) {
                    to += 1;
                }
                let raw = text.get(range.start..to).unwrap_or("");
                let offset = text.get(..range.start).map(|before| before.chars().count() as u64);
                crate::model::assessment::Span {
                    raw: cut(raw),
                    normalised: cut(&raw.to_lowercase()),
                    part: field.to_owned(),
                    offset,
                    place: String::new(),
                }
            }
        }
    }
}

/// The values of field number `n`, in page order.
pub(crate) fn values<'a>(n: usize, reading: &'a Reading<'a>) -> Vec<Value<'a>> {
    let page = reading.page;
    let name = FIELDS[n].0;
    let part = |part: &'a Part| vec![Value::Folded(Cow::Borrowed(part))];
    match name {
        "title" => part(&reading.title),
        "text" => part(&reading.text),
        "hidden" => part(&reading.hidden),
        "meta" => part(&reading.meta),
        "image.alt" => part(&reading.alts),
        "form.label" => folded(name, fields_of(page).flat_map(|f| [f.label.as_str(), f.first_option.as_str()])),
        "form.placeholder" => folded(name, fields_of(page).map(|f| f.placeholder.as_str())),
        "form.button" => folded(name, page.forms.iter().flat_map(|f| f.buttons.iter().map(String::as_str))),
        "link.text" => folded(name, page.links.iter().map(|l| l.text.as_str())),
        "variant.title" => folded(name, reading.dossier.captures.iter().filter_map(|c| c.page.as_ref()).map(|p| p.title.as_str())),
        _ => raw(name, reading).into_iter().filter(|t| !t.is_empty()).take(MAX_VALUES).map(Value::Raw).collect(),
    }
}

fn fields_of(page: &Page) -> impl Iterator<Item = &crate::model::page::Field> {
    page.forms.iter().flat_map(|form| &form.fields)
}

fn folded<'a>(name: &str, texts: impl Iterator<Item = &'a str>) -> Vec<Value<'a>> {
    texts.filter(|t| !t.is_empty()).take(MAX_VALUES).map(|t| Value::Folded(Cow::Owned(Part::new(name, t)))).collect()
}

fn raw<'a>(name: &str, reading: &'a Reading<'a>) -> Vec<Cow<'a, str>> {
    fn all<'t>(texts: &'t [String]) -> Vec<Cow<'t, str>> {
        texts.iter().take(MAX_VALUES).map(|t| Cow::Borrowed(t.as_str())).collect()
    }
    let page = reading.page;
    let host = |url: &str| host_of(url).map_or(Cow::Borrowed(""), |h| Cow::Owned(h.to_string()));
    let own = |form: &Form| if form.action.is_empty() { Cow::Owned(reading.host.to_string()) } else { host(&form.action) };
    let headers = reading.capture.hops.iter().flat_map(|h| &h.headers).take(MAX_VALUES);
    match name {
        "host" => vec![Cow::Owned(reading.host.to_string())],
        "url" => vec![Cow::Borrowed(reading.url.as_str())],
        "raw_title" => vec![Cow::Borrowed(page.title.as_str())],
        "raw_text" => vec![Cow::Borrowed(page.text.as_str())],
        "html" | "dom" => vec![Cow::Borrowed(page.html.as_str())],
        "path" => vec![Cow::Owned(
            url::Url::parse(&reading.url).map(|u| u[url::Position::BeforePath..url::Position::AfterQuery].to_owned()).unwrap_or_default(),
        )],
        "form.name" => fields_of(page).take(MAX_VALUES).map(|f| Cow::Borrowed(f.name.as_str())).collect(),
        "form.kind" => fields_of(page).take(MAX_VALUES).map(|f| Cow::Borrowed(f.kind.as_str())).collect(),
        "form.method" => page.forms.iter().take(MAX_VALUES).map(|f| Cow::Borrowed(f.method.as_str())).collect(),
        "form.target_host" => page.forms.iter().take(MAX_VALUES).map(own).collect(),
        "form.action" => page.forms.iter().take(MAX_VALUES).map(|f| Cow::Borrowed(f.action.as_str())).collect(),
        "link.url" => page.links.iter().take(MAX_VALUES).map(|l| Cow::Borrowed(l.url.as_str())).collect(),
        "link.host" => page.links.iter().take(MAX_VALUES).map(|l| host(&l.url)).collect(),
        "image.url" => page.images.iter().take(MAX_VALUES).map(|i| Cow::Borrowed(i.url.as_str())).collect(),
        "script" => all(&page.scripts),
        "style" => all(&page.styles),
        "frame" => all(&page.frames),
        "resource.url" => resources(page).map(Cow::Borrowed).collect(),
        "resource.host" => resources(page).map(host).collect(),
        "note" => all(&page.notes),
        "mark" => all(&page.marks),
        "comment" => all(&page.comments),
        "header" => headers.map(|(n, v)| Cow::Owned(format!("{n}: {v}"))).collect(),
        "cookie" => headers
            .filter(|(n, _)| n.eq_ignore_ascii_case("set-cookie"))
            .map(|(_, v)| Cow::Owned(v.split(';').next().unwrap_or("").to_owned()))
            .collect(),
        "charset" => vec![Cow::Borrowed(page.charset.as_str())],
        "outcome" => vec![Cow::Borrowed(reading.capture.outcome.word())],
        "redirect.host" => {
            let hops = reading.capture.hops.iter().filter_map(|h| h.redirect_to.as_deref());
            hops.chain(page.script_redirects.iter().map(String::as_str)).take(MAX_VALUES).map(host).collect()
        }
        _ => match name.split_once('.') {
            Some(("tls" | "resolution" | "variant", _)) | None => around(name, reading),
            Some(("identifier", kind)) => {
                page.identifiers.iter().filter(|i| i.kind == kind).map(|i| Cow::Borrowed(i.value.as_str())).collect()
            }
            Some(("contact", kind)) => page.contacts.iter().filter(|c| c.kind == kind).map(|c| Cow::Borrowed(c.value.as_str())).collect(),
            _ => Vec::new(),
        },
    }
}

/// Scripts, style sheets, pictures and frames.
fn resources(page: &Page) -> impl Iterator<Item = &str> {
    let images = page.images.iter().map(|i| i.url.as_str());
    page.scripts.iter().chain(&page.styles).chain(&page.frames).map(String::as_str).chain(images).take(MAX_VALUES)
}

/// What is known of the page besides itself: the other visits, TLS, DNS, why we came.
fn around<'a>(name: &str, reading: &'a Reading<'a>) -> Vec<Cow<'a, str>> {
    let dossier = reading.dossier;
    let captures = dossier.captures.iter();
    let leaves = || reading.capture.hops.iter().filter_map(|h| h.tls.as_ref()?.leaf.as_ref());
    let records = || dossier.resolution.iter().flat_map(|r| &r.answers).flat_map(|a| &a.records);
    match name {
        "status" => reading.capture.hops.last().and_then(|h| h.status).map(|s| Cow::Owned(s.to_string())).into_iter().collect(),
        "variant" => vec![Cow::Borrowed(reading.capture.variant.as_str())],
        "variant.outcome" => captures.map(|c| Cow::Owned(format!("{}: {}", c.variant, c.outcome.word()))).collect(),
        "variant.host" => captures.filter_map(|c| host_of(c.final_url.as_deref()?)).map(|h| Cow::Owned(h.to_string())).collect(),
        "tls.issuer" => leaves().map(|l| Cow::Borrowed(l.issuer.as_str())).collect(),
        "tls.subject" => leaves().map(|l| Cow::Borrowed(l.subject.as_str())).collect(),
        "tls.name" => leaves().flat_map(|l| &l.names).map(|n| Cow::Borrowed(n.as_str())).collect(),
        "resolution.address" => dossier.resolution.iter().flat_map(|r| &r.addresses).map(|a| Cow::Owned(a.to_string())).collect(),
        "resolution.cname" => dossier.resolution.iter().flat_map(|r| r.cname_chain()).map(Cow::Borrowed).collect(),
        "resolution.record" => records().map(|r| Cow::Owned(format!("{} {}", r.rrtype, r.data))).collect(),
        "source" => dossier.candidate.sightings.iter().map(|s| Cow::Borrowed(s.source.as_str())).collect(),
        "technique" => {
            dossier.candidate.name_hit().into_iter().flat_map(|hit| &hit.techniques).map(|t| Cow::Borrowed(t.as_str())).collect()
        }
        _ => Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_manual_lists_every_field_and_no_other() {
        let manual = include_str!("../../rules/README.md");
        let listed: Vec<&str> = manual.lines().filter_map(|l| l.strip_prefix("| `")?.split('`').next()).collect();
        let known: Vec<&str> = FIELDS.iter().map(|(name, _)| *name).collect();
        assert_eq!(listed, known);
    }
}
