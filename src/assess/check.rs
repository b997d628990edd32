//! `rules check`: every rule against its own examples, and silent on the official and benign pages; unused and shadowed rules named.

use crate::assess::Rules;
use crate::assess::official::Official;
use crate::assess::reading::Reading;
use crate::assess::rule::{Example, Expect, Rule, Status};
use crate::model::candidate::{Candidate, Reason};
use crate::model::capture::{Capture, Outcome};
use crate::model::dossier::{Dossier, Facts};
use crate::model::host::Host;
use crate::model::page::{Contact, Field, Form, Identifier, Image, Link, Page};
use crate::model::time::Timestamp;

/// A page on which every rule must be silent.
#[derive(Clone, Debug)]
pub struct QuietPage {
    /// What it is, for the message.
    pub name: String,
    /// Host that serves it.
    pub host: Host,
    /// Its bytes.
    pub html: Vec<u8>,
}

/// One thing that `rules check` has to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Remark {
    /// File as the person finds it.
    pub file: String,
    /// Rule id.
    pub rule: String,
    /// One line.
    pub what: String,
    /// Does it make the check fail?
    pub wrong: bool,
}

/// Reads a page from bytes: capture's extraction, handed in by cli because assess may not import it.
pub type Extract<'e> = &'e dyn Fn(&str, &[u8]) -> Page;

/// A dossier around one page, for examples and tests: candidate by check, one captured visit.
pub fn dossier_of(host: Host, url: String, page: Page) -> Dossier {
    let at = Timestamp::from_millis(0);
    let capture = Capture {
        requested_url: url.clone(),
        final_url: Some(url.clone()),
        variant: "desktop".into(),
        started_at: at,
        ended_at: at,
        outcome: Outcome::Captured,
        hops: Vec::new(),
        page: Some(page),
    };
    let candidate =
        Candidate { host, url, site: String::new(), reasons: vec![Reason::Check], sightings: Vec::new(), first_seen: at, last_seen: at };
    Dossier { candidate, resolution: None, captures: vec![capture], facts: Facts::default() }
}

/// All remarks, in the order of the rules.
pub(crate) fn check(rules: &Rules, extract: Extract, quiet: &[QuietPage]) -> Vec<Remark> {
    let pages: Vec<(String, Dossier)> = quiet
        .iter()
        .map(|q| (q.name.clone(), dossier_of(q.host.clone(), format!("http://{}/", q.host.for_url()), extract(q.host.as_str(), &q.html))))
        .collect();
    let mut remarks = Vec::new();
    for rule in &rules.rules {
        let mut say =
            |what: String, wrong: bool| remarks.push(Remark { file: rule.file.shown.clone(), rule: rule.id.clone(), what, wrong });
        own_examples(rules, rule, extract, &mut say);
        for (name, dossier) in pages.iter().filter(|_| rule.status != Status::Retired && rule.points > 0) {
            if fires(rules, rule, dossier) {
                say(format!("fires on the quiet page `{name}`; it must be silent there"), true);
            }
        }
        if let Some(other) = rules.rules.iter().find(|other| shadows(other, rule)) {
            say(format!("asks the same as `{}`: one of the two is enough", other.id), true);
        }
    }
    remarks
}

fn own_examples(rules: &Rules, rule: &Rule, extract: Extract, say: &mut dyn FnMut(String, bool)) {
    if rule.status == Status::Retired {
        return;
    }
    let has = |expect| rule.examples.iter().any(|e| e.expect == expect);
    if rule.status == Status::Stable && !(has(Expect::Match) && has(Expect::NoMatch)) {
        say("a stable rule needs an example that matches and one that does not".into(), true);
    }
    if !has(Expect::Match) {
        say("unused: no example shows that it can ever match".into(), true);
    }
    for example in &rule.examples {
        match dossier_from(example, extract) {
            Ok(dossier) => {
                let fired = fires(rules, rule, &dossier);
                if fired != (example.expect == Expect::Match) {
                    say(
                        format!("example `{}` {}", example.name, if fired { "matches, but must not" } else { "does not match, but must" }),
                        true,
                    );
                }
            }
            Err(why) => say(format!("example `{}`: {why}", example.name), true),
        }
    }
}

fn fires(rules: &Rules, rule: &Rule, dossier: &Dossier) -> bool {
    let readings = Reading::all(dossier, &Official::default());
    readings.iter().any(|reading| !rules.matcher.run(std::slice::from_ref(rule), reading, &rules.official).is_empty())
}

/// Same class and the same conditions under another, earlier id.
fn shadows(other: &Rule, rule: &Rule) -> bool {
    let shape = |r: &Rule| format!("{:?} {:?} {:?} {:?} {}", r.class, r.all, r.any, r.none, r.at_least);
    other.id < rule.id && other.status != Status::Retired && rule.status != Status::Retired && shape(other) == shape(rule)
}

fn dossier_from(example: &Example, extract: Extract) -> Result<Dossier, String> {
    let host = Host::parse(example.host.as_deref().unwrap_or("example.com")).map_err(|e| e.to_string())?;
    let url = example.url.clone().unwrap_or_else(|| format!("http://{}/", host.for_url()));
    let mut page = match &example.page {
        Some(html) => extract(host.as_str(), html.as_bytes()),
        None => Page::default(),
    };
    if let Some(text) = &example.text {
        page.text.clone_from(text);
    }
    for (field, values) in &example.fields {
        for value in values.all() {
            set(&mut page, field, value)?;
        }
    }
    Ok(dossier_of(host, url, page))
}

/// Puts one value where the field would be read from.
fn set(page: &mut Page, field: &str, value: &str) -> Result<(), String> {
    let text = value.to_owned();
    let mut form = |field: Field, button: Option<String>| {
        if page.forms.is_empty() {
            page.forms.push(Form::default());
        }
        if let Some(first) = page.forms.first_mut() {
            match button {
                Some(button) => first.buttons.push(button),
                None => first.fields.push(field),
            }
        }
    };
    match field {
        "form.label" => form(Field { label: text, ..Field::default() }, None),
        "form.placeholder" => form(Field { placeholder: text, ..Field::default() }, None),
        "form.name" => form(Field { name: text, ..Field::default() }, None),
        "form.button" => form(Field::default(), Some(text)),
        "form.action" => page.forms.push(Form { action: text, ..Form::default() }),
        "title" | "raw_title" => page.title = text,
        "text" | "raw_text" => page.text = text,
        "hidden" => page.hidden_text = text,
        "meta" => page.meta_text = text,
        "html" => page.html = text,
        "charset" => page.charset = text,
        "link.url" => page.links.push(Link { url: text, ..Link::default() }),
        "link.text" => page.links.push(Link { text, ..Link::default() }),
        "image.alt" => page.images.push(Image { alt: text, ..Image::default() }),
        "image.url" => page.images.push(Image { url: text, ..Image::default() }),
        "script" => page.scripts.push(text),
        "style" => page.styles.push(text),
        "frame" => page.frames.push(text),
        "mark" => page.marks.push(text),
        "comment" => page.comments.push(text),
        "redirect" => page.script_redirects.push(text),
        _ => match field.split_once('.') {
            Some(("identifier", kind)) => page.identifiers.push(Identifier { kind: kind.into(), value: text.clone(), raw: text }),
            Some(("contact", kind)) => page.contacts.push(Contact { kind: kind.into(), value: text.clone(), raw: text }),
            _ => return Err(format!("`{field}` cannot be set in an example")),
        },
    }
    Ok(())
}
