//! From the bytes of one body to a `Page`. Pure: the same bytes give the same page.

use crate::capture::media::{Media, media};
use crate::capture::read::{self, Read};
use crate::capture::scripts::Leads;
use crate::capture::{charset, writer};
use crate::model::page::{Contact, Page};
use crate::model::text::contacts::{MAX_CONTACTS, contacts};
use crate::model::text::identifiers::identifiers;
use url::Url;

/// Most bytes of a body that are decoded.
const MAX_BODY_BYTES: usize = 8 << 20;

/// Reads one body. `content_type` is the response header, `base` the address that it came from (for relative links).
/// Plain text and JSON give a page with text only. Never fails; `notes` says what was cut, skipped or odd.
pub fn extract(body: &[u8], content_type: Option<&str>, base: &Url) -> Page {
    extracted(body, content_type, base).page
}

/// The page, and where it leads by itself.
pub(super) fn extracted(body: &[u8], content_type: Option<&str>, base: &Url) -> Read {
    let decoded = charset::decode(&body[..body.len().min(MAX_BODY_BYTES)], content_type);
    let mut read = match media(body, content_type) {
        Media::Plain => plain(&decoded.text),
        _ => read::read(&decoded.text, base),
    };
    let page = &mut read.page;
    page.charset = decoded.charset;
    page.charset_from = decoded.from.to_owned();
    page.notes.extend(decoded.notes);
    if body.len() > MAX_BODY_BYTES {
        page.notes.push(format!("the body is read up to {MAX_BODY_BYTES} of {} bytes", body.len()));
    }
    page.identifiers = identifiers(&page.text, &decoded.text);
    page.contacts = all_contacts(page);
    page.html = decoded.text;
    read
}

/// Gives a page the texts that a browser showed, and finds numbers and contacts in them anew.
pub(super) fn reread(page: &mut Page, text: String, hidden_text: String) {
    (page.text, page.hidden_text) = (text, hidden_text);
    page.identifiers = identifiers(&page.text, &page.html);
    page.contacts = all_contacts(page);
}

fn plain(text: &str) -> Read {
    let kept: String = text.char_indices().take_while(|(at, _)| *at < writer::MAX_TEXT_BYTES).map(|(_, c)| c).collect();
    let mut page = Page::default();
    if kept.len() < text.len() {
        page.notes.push("text is kept up to 2 MiB".into());
    }
    page.text = kept;
    Read { page, leads: Vec::<Leads>::new() }
}

/// Contacts in visible text, title, descriptions, picture texts, hidden text, and in links made for them.
fn all_contacts(page: &Page) -> Vec<Contact> {
    let alts: Vec<&str> = page.images.iter().map(|i| i.alt.as_str()).filter(|a| !a.is_empty()).collect();
    let alts = alts.join("\n");
    let texts = [page.text.as_str(), &page.title, &page.meta_text, &alts, &page.hidden_text];
    let mut all: Vec<Contact> = texts.into_iter().flat_map(contacts).collect();
    all.extend(page.links.iter().filter_map(|l| linked_contact(&l.url)));
    let mut kept: Vec<Contact> = Vec::new();
    for contact in all {
        if kept.len() < MAX_CONTACTS && !kept.iter().any(|k| k.kind == contact.kind && k.value == contact.value) {
            kept.push(contact);
        }
    }
    kept
}

/// `tel:`, `mailto:`, and the links that open a QQ chat.
fn linked_contact(url: &str) -> Option<Contact> {
    let contact = |kind: &str, value: String| Some(Contact { kind: kind.into(), value, raw: url.chars().take(200).collect() });
    if let Some(number) = url.strip_prefix("tel:").or_else(|| url.strip_prefix("sms:")) {
        let digits: String = number.chars().filter(char::is_ascii_digit).collect();
        let digits = digits.strip_prefix("86").filter(|d| d.len() == 11).map_or(digits.clone(), str::to_owned);
        let mobile = digits.len() == 11 && digits.starts_with('1');
        return (7..=14).contains(&digits.len()).then_some(digits).and_then(|d| contact(if mobile { "phone" } else { "landline" }, d));
    }
    if let Some(address) = url.strip_prefix("mailto:") {
        let address = address.split('?').next().unwrap_or_default().to_lowercase();
        return address.contains('@').then_some(address).and_then(|a| contact("email", a));
    }
    let qq_chat = ["wpa.qq.com", "wpa.b.qq.com", "tencent://", "mqqwpa://", "mqq://", "qm.qq.com"].iter().any(|s| url.contains(s));
    if qq_chat {
        let after = url.split_once("uin=").or_else(|| url.split_once("Uin="))?.1;
        let digits: String = after.chars().take_while(char::is_ascii_digit).collect();
        return (5..=11).contains(&digits.len()).then_some(digits).and_then(|d| contact("qq", d));
    }
    None
}
