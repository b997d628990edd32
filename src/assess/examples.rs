//! The examples inside a rule file as dossiers: a small page, or values put where the fields would be read from.

use crate::assess::check::{Extract, dossier_of};
use crate::assess::written::Example;
use crate::model::candidate::{NameHit, Reason};
use crate::model::capture::{CertificateFacts, Hop, TlsFacts};
use crate::model::dossier::Dossier;
use crate::model::host::Host;
use crate::model::lang::Both;
use crate::model::page::{Contact, Field, Form, Identifier, Image, Link, Page};
use crate::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use crate::model::sighting::{Context, Sighting};
use crate::model::time::Timestamp;

/// The dossier of one example; what is wrong with it where there is none.
pub(crate) fn dossier(example: &Example, extract: Extract) -> Result<Dossier, Both> {
    let host = example.host.as_deref().unwrap_or("example.com");
    let host = Host::parse(host).map_err(|e| Both::new(format!("host 不是主机名：{host}"), e.to_string()))?;
    let url = example.url.clone().unwrap_or_else(|| format!("http://{}/", host.for_url()));
    let mut page = match &example.page {
        Some(html) => extract(host.as_str(), html.as_bytes()),
        None => Page::default(),
    };
    if let Some(text) = &example.text {
        page.text.clone_from(text);
    }
    let mut dossier = dossier_of(host, url, page);
    for (field, values) in &example.fields {
        for value in &values.0 {
            let known = set_in_page(&mut dossier, field, value) || set_around(&mut dossier, field, value);
            if !known {
                return Err(Both::new(format!("样例中不能设置“{field}”"), format!("`{field}` cannot be set in an example")));
            }
        }
    }
    Ok(dossier)
}

/// Puts one value into the page. `false`: the field is not read from there.
fn set_in_page(dossier: &mut Dossier, field: &str, value: &str) -> bool {
    let Some(page) = dossier.captures.first_mut().and_then(|c| c.page.as_mut()) else { return false };
    let text = value.to_owned();
    match field {
        "title" | "raw_title" => page.title = text,
        "text" | "raw_text" => page.text = text,
        "hidden" => page.hidden_text = text,
        "meta" => page.meta_text = text,
        "html" | "dom" => page.html = text,
        "charset" => page.charset = text,
        "form.label" => first_form(page).fields.push(Field { label: text, ..Field::default() }),
        "form.placeholder" => first_form(page).fields.push(Field { placeholder: text, ..Field::default() }),
        "form.name" => first_form(page).fields.push(Field { name: text, ..Field::default() }),
        "form.kind" => first_form(page).fields.push(Field { kind: text, ..Field::default() }),
        "form.button" => first_form(page).buttons.push(text),
        "form.method" => first_form(page).method = text,
        "form.action" => page.forms.push(Form { action: text, ..Form::default() }),
        "link.url" => page.links.push(Link { url: text, ..Link::default() }),
        "link.text" => page.links.push(Link { text, ..Link::default() }),
        "image.alt" => page.images.push(Image { alt: text, ..Image::default() }),
        "image.url" => page.images.push(Image { url: text, ..Image::default() }),
        "script" | "resource.url" => page.scripts.push(text),
        "style" => page.styles.push(text),
        "frame" => page.frames.push(text),
        "mark" => page.marks.push(text),
        "comment" => page.comments.push(text),
        "note" => page.notes.push(text),
        "redirect" => page.script_redirects.push(text),
        _ => match field.split_once('.') {
            Some(("identifier", kind)) => page.identifiers.push(Identifier { kind: kind.into(), value: text.clone(), raw: text }),
            Some(("contact", kind)) => page.contacts.push(Contact { kind: kind.into(), value: text.clone(), raw: text }),
            _ => return false,
        },
    }
    true
}

fn first_form(page: &mut Page) -> &mut Form {
    if page.forms.is_empty() {
        page.forms.push(Form::default());
    }
    &mut page.forms[0]
}

/// Puts one value into what surrounds the page.
fn set_around(dossier: &mut Dossier, field: &str, value: &str) -> bool {
    let text = value.to_owned();
    match field {
        "status" => first_hop(dossier).status = value.parse().ok(),
        "header" => {
            let (name, value) = value.split_once(':').unwrap_or((value, ""));
            first_hop(dossier).headers.push((name.trim().to_owned(), value.trim().to_owned()));
        }
        "cookie" => first_hop(dossier).headers.push(("Set-Cookie".into(), text)),
        "tls.issuer" => leaf(dossier).issuer = text,
        "tls.subject" => leaf(dossier).subject = text,
        "tls.name" => leaf(dossier).names.push(text),
        "variant" => dossier.captures[0].variant = text,
        "variant.title" => {
            let mut other = dossier.captures[0].clone();
            other.variant = "wechat".into();
            other.page = Some(Page { title: text, ..Page::default() });
            dossier.captures.push(other);
        }
        "resolution.address" => match value.parse() {
            Ok(address) => resolution(dossier).addresses.push(address),
            Err(_) => return false,
        },
        "resolution.cname" => record(dossier, "CNAME", text),
        "resolution.record" => {
            let (rrtype, data) = value.split_once(' ').unwrap_or((value, ""));
            record(dossier, rrtype, data.to_owned());
        }
        "source" => {
            let seen = dossier.candidate.url.clone();
            dossier.candidate.sightings.push(Sighting {
                seen,
                source: text,
                seen_at: Timestamp::from_millis(0),
                context: Context::default(),
            });
        }
        "technique" => {
            let token = dossier.candidate.host.to_string();
            let (matched, why) = (token.clone(), text.clone());
            let hit = NameHit {
                site: String::new(),
                score: 50,
                techniques: vec![text],
                token,
                transform: String::new(),
                matched,
                why: why.clone(),
                why_en: why,
            };
            dossier.candidate.reasons.push(Reason::Name(hit));
        }
        _ => return false,
    }
    true
}

fn first_hop(dossier: &mut Dossier) -> &mut Hop {
    let capture = &mut dossier.captures[0];
    if capture.hops.is_empty() {
        capture.hops.push(Hop::begun(0, capture.requested_url.clone(), Timestamp::from_millis(0)));
    }
    &mut capture.hops[0]
}

fn leaf(dossier: &mut Dossier) -> &mut CertificateFacts {
    let at = Timestamp::from_millis(0);
    let tls = first_hop(dossier).tls.get_or_insert_with(|| TlsFacts {
        version: String::new(),
        cipher: String::new(),
        chain: Vec::new(),
        leaf: None,
        verified: Ok(()),
    });
    tls.leaf.get_or_insert_with(|| CertificateFacts {
        subject: String::new(),
        issuer: String::new(),
        serial: String::new(),
        not_before: at,
        not_after: at,
        names: Vec::new(),
        sha256: String::new(),
    })
}

fn resolution(dossier: &mut Dossier) -> &mut Resolution {
    let host = dossier.candidate.host.clone();
    dossier.resolution.get_or_insert_with(|| Resolution {
        host,
        at: Timestamp::from_millis(0),
        resolvers: Vec::new(),
        presence: Presence::Present,
        addresses: Vec::new(),
        answers: Vec::new(),
    })
}

fn record(dossier: &mut Dossier, rrtype: &str, data: String) {
    let name = dossier.candidate.host.to_string();
    let record = DnsRecord { name, rrtype: rrtype.to_owned(), ttl: 0, data };
    resolution(dossier).answers.push(DnsAnswer { question: rrtype.to_owned(), rcode: "NOERROR".into(), records: vec![record] });
}
