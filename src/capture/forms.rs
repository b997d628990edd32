//! Forms as a visitor meets them: fields with what names them, buttons, whether or not there is a `<form>` element.
//! Built while the tokens go by; fields outside any form that stand close together become one form-like group.

use crate::capture::tokens::Tag;
use crate::model::page::{Field, Form};
use std::collections::HashMap;

/// Most forms kept.
pub(super) const MAX_FORMS: usize = 64;
/// Most fields, and most buttons, of one form.
const MAX_PER_FORM: usize = 64;
/// Most fields, and most buttons, of the whole page.
const MAX_PLACED: usize = 2_000;
/// Characters of other text that may stand between two inputs of one group.
const MAX_APART: usize = 300;
/// A label is short; longer text before a field is a paragraph.
const MAX_LABEL: usize = 30;
/// Characters kept of any one text.
const MAX_TEXT: usize = 200;

enum What {
    Field(Field, String),
    Button(String),
}

/// A field or button, which form it is in, and how much text went before it on the page.
struct Placed {
    form: Option<usize>,
    before: usize,
    /// Did text stand on its own line before it?
    close_before: bool,
    /// Text on its own line after it.
    after: String,
    what: What,
}

/// Gathers forms in document order.
#[derive(Default)]
pub(super) struct Forms {
    forms: Vec<Form>,
    current: Option<usize>,
    placed: Vec<Placed>,
    /// Text of `<label for=ID>`.
    labels: HashMap<String, String>,
    /// Text since the last field, button, heading; lines kept apart.
    recent: String,
    seen: usize,
    /// The last thing placed is a field, and its line has not ended.
    open_line: bool,
    /// Something was left out.
    pub(super) cut: bool,
}

impl Forms {
    pub(super) fn open(&mut self, action: String, method: &str) {
        self.current = None;
        if self.forms.len() >= MAX_FORMS {
            self.cut = true;
            return;
        }
        let method = if method.eq_ignore_ascii_case("post") { "post" } else { "get" };
        self.current = Some(self.forms.len());
        self.forms.push(Form { action, method: method.to_owned(), has_form_element: true, ..Form::default() });
    }
    pub(super) fn close(&mut self) {
        self.current = None;
    }
    /// Visible text that went by.
    pub(super) fn text(&mut self, text: &str) {
        self.seen += text.len();
        if self.open_line
            && let Some(last) = self.placed.last_mut().filter(|l| l.after.len() < MAX_TEXT)
        {
            last.after.extend(text.chars().take(MAX_TEXT));
        }
        if self.recent.len() < 4 * MAX_TEXT {
            self.recent.extend(text.chars().take(MAX_TEXT));
        } else if text.len() < MAX_TEXT {
            let keep = self.recent.rsplit('\n').next().unwrap_or_default().chars().take(MAX_TEXT).collect();
            self.recent = keep;
            self.recent.push_str(text);
        } else {
            self.recent.clear();
        }
    }
    /// A block or cell began or ended.
    pub(super) fn line(&mut self) {
        self.open_line = false;
        if !self.recent.ends_with('\n') && !self.recent.is_empty() {
            self.recent.push('\n');
        }
    }
    /// A heading ended: it names what follows, not the next field.
    pub(super) fn forget(&mut self) {
        self.recent.clear();
    }
    pub(super) fn label_for(&mut self, id: String, text: &str) {
        if self.labels.len() < MAX_PLACED {
            self.labels.entry(id).or_insert_with(|| label_of(text));
        }
    }

    /// An input, select or text area that is no button. Returns its number for [`Forms::wrapped`] and [`Forms::first_option`].
    pub(super) fn field(&mut self, tag: &Tag<'_>, kind: &str) -> Option<usize> {
        let before = std::mem::take(&mut self.recent);
        if self.placed.len() >= MAX_PLACED {
            self.cut = true;
            return None;
        }
        let aria = tag.value("aria-label");
        let label = match (kind, aria.is_empty()) {
            ("hidden", _) => String::new(),
            (_, true) => lead_of(&before),
            (_, false) => label_of(&aria),
        };
        let close_before = before.rsplit('\n').next().is_some_and(|l| !l.trim().is_empty());
        self.open_line = kind != "hidden";
        let field = Field {
            kind: kind.to_owned(),
            name: cut(&tag.value("name")),
            label,
            placeholder: prompt(tag, kind),
            first_option: String::new(),
        };
        self.placed.push(Placed {
            form: self.current,
            before: self.seen,
            close_before,
            after: String::new(),
            what: What::Field(field, tag.value("id")),
        });
        Some(self.placed.len() - 1)
    }
    /// A `<label>` that wraps a field ended.
    pub(super) fn wrapped(&mut self, number: usize, text: &str) {
        let text = label_of(text);
        if let Some(What::Field(field, _)) = self.placed.get_mut(number).map(|p| &mut p.what)
            && !text.is_empty()
        {
            field.label = text;
        }
    }
    pub(super) fn first_option(&mut self, number: usize, text: &str) {
        if let Some(What::Field(field, _)) = self.placed.get_mut(number).map(|p| &mut p.what)
            && field.first_option.is_empty()
        {
            field.first_option = cut(text.trim());
        }
    }
    pub(super) fn button(&mut self, text: &str) {
        self.recent.clear();
        self.open_line = false;
        let text = cut(text.trim());
        if self.placed.len() < MAX_PLACED {
            self.placed.push(Placed {
                form: self.current,
                before: self.seen,
                close_before: false,
                after: String::new(),
                what: What::Button(text),
            });
        } else {
            self.cut = true;
        }
    }

    /// All forms, and the groups, in order.
    pub(super) fn finish(mut self) -> Vec<Form> {
        labels_after(&mut self.placed);
        let mut last_stray: Option<(usize, usize)> = None;
        for placed in std::mem::take(&mut self.placed) {
            let (form, is_field) = (placed.form, matches!(placed.what, What::Field(..)));
            let number = match form {
                Some(number) => {
                    last_stray = None;
                    number
                }
                None => match last_stray.filter(|(_, before)| placed.before - before <= MAX_APART) {
                    Some((number, _)) => number,
                    None if self.forms.len() < 2 * MAX_FORMS => {
                        self.forms.push(Form { method: "get".into(), ..Form::default() });
                        self.forms.len() - 1
                    }
                    None => continue,
                },
            };
            // A button does not move the group on: a menu of buttons would glue the whole page together.
            if form.is_none() {
                let before = if is_field {
                    placed.before
                } else {
                    last_stray.filter(|(n, _)| *n == number).map_or(placed.before, |(_, before)| before)
                };
                last_stray = Some((number, before));
            }
            self.keep(number, placed.what);
        }
        self.forms.retain(|f| f.has_form_element || f.fields.iter().any(|f| f.kind != "hidden"));
        self.forms.truncate(MAX_FORMS);
        self.forms
    }

    fn keep(&mut self, number: usize, what: What) {
        let form = &mut self.forms[number];
        match what {
            What::Field(mut field, id) if form.fields.len() < MAX_PER_FORM => {
                if let Some(label) = self.labels.get(&id).filter(|l| !id.is_empty() && !l.is_empty()) {
                    field.label.clone_from(label);
                }
                form.fields.push(field);
            }
            What::Button(text) if form.buttons.len() < MAX_PER_FORM => {
                if !text.is_empty() {
                    form.buttons.push(text);
                }
            }
            _ => self.cut = true,
        }
    }
}

/// The last line of a text, where it is short enough to name something.
fn lead_of(before: &str) -> String {
    before.lines().rev().map(label_of).find(|l| !l.is_empty()).filter(|l| l.chars().count() <= MAX_LABEL).unwrap_or_default()
}

/// Floating labels stand after their inputs: where every field of a run has a text close behind it and none close before it,
/// the fields take what follows them.
fn labels_after(placed: &mut [Placed]) {
    let visible = |p: &Placed| matches!(&p.what, What::Field(field, _) if field.kind != "hidden");
    let floating = |p: &Placed| {
        let after = label_of(&p.after);
        !p.close_before && !after.is_empty() && after.chars().count() <= MAX_LABEL / 2
    };
    let mut at = 0;
    while at < placed.len() {
        let form = placed[at].form;
        let run = placed[at..].iter().take_while(|p| p.form == form && visible(p)).count();
        if run >= 2 && placed[at..at + run].iter().all(floating) {
            for one in &mut placed[at..at + run] {
                let after = label_of(&one.after);
                if let What::Field(field, _) = &mut one.what {
                    field.label = after;
                }
            }
        }
        at += run.max(1);
    }
}

/// The placeholder; on old pages a value that asks for something (`请输入姓名`).
fn prompt(tag: &Tag<'_>, kind: &str) -> String {
    let placeholder = tag.value("placeholder");
    let value = tag.value("value");
    if placeholder.is_empty() && kind == "text" && value.starts_with('请') { cut(&value) } else { cut(&placeholder) }
}
/// A label without its stars and colons, white space folded.
fn label_of(text: &str) -> String {
    let words: Vec<&str> = text.split_whitespace().collect();
    let text = words.join(" ");
    cut(text.trim_matches(|c: char| {
        c.is_whitespace() || matches!(c, '*' | ':' | '：' | '＊' | '|' | '·' | '【' | '】' | '(' | ')' | '（' | '）')
    }))
}
fn cut(text: &str) -> String {
    text.chars().take(MAX_TEXT).collect()
}
