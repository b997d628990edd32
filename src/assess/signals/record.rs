//! The useful page of a fake: one certificate record behind a QR link, with no form and no captcha.

use crate::assess::lexicon::{Group, Hit, distinct, first};
use crate::assess::reading::plain_span;
use crate::assess::signals::View;
use crate::assess::signals::form::query_form;
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;

/// Values follow their field within this many folded characters on average: a record is short.
const MAX_RECORD_CHARS: usize = 600;

/// `record_page`: at least four field names of a record, one of them the protected site's own, in one short stretch with values, no form.
pub(crate) fn record_page(view: &View, tally: &mut Tally) {
    if query_form(view).is_some() {
        return;
    }
    let text = &view.reading.text;
    let fields: Vec<Hit> = view.text_hits.iter().filter(|h| matches!(h.group, Group::RecordOwn | Group::RecordAny)).cloned().collect();
    let Some(own) = first(&fields, Group::RecordOwn) else { return };
    let near = |h: &&Hit| h.at.start.abs_diff(own.at.start) <= MAX_RECORD_CHARS * 3;
    let close: Vec<Hit> = fields.iter().filter(near).cloned().collect();
    let kinds = distinct(&close, Group::RecordAny) + distinct(&close, Group::RecordOwn);
    if kinds < 4 || !has_values(text.text(), &close) {
        return;
    }
    let (from, to) = (close.iter().map(|h| h.at.start).min().unwrap_or(0), close.iter().map(|h| h.at.end).max().unwrap_or(0));
    let why = Both::new(
        format!("页面直接展示一张证书的记录（{kinds} 个字段），没有查询表单，也没有验证码"),
        format!("the page shows one certificate's record ({kinds} fields) with no query form and no captcha"),
    );
    tally.add(Class::FakeQuery, "record_page", view.weights.fake_query.record_page, why, Some(text.span_bytes(from..to)));
    if ["short_name", "site_name_title", "site_name_heading", "organ_title", "organ_heading"].iter().any(|s| tally.has(Class::FakeQuery, s))
    {
        let why = Both::new("证书记录以受保护服务或国家机关的名义展示", "the record is shown under the service's or the organ's name");
        tally.add(Class::FakeQuery, "record_under_name", view.weights.fake_query.record_under_name, why, Some(view.reading.title.whole()));
    }
    if let Some(id) = record_id(&view.reading.url) {
        let why = Both::new("网址中带有记录编号", "the address carries the record's id");
        tally.add(Class::FakeQuery, "record_by_id", view.weights.fake_query.record_by_id, why, Some(plain_span("url", &id)));
    }
}

/// A record has a date or a long number in it; a regulation that lists the fields has not.
fn has_values(text: &str, fields: &[Hit]) -> bool {
    let from = fields.iter().map(|h| h.at.start).min().unwrap_or(0);
    let to = fields.iter().map(|h| h.at.end).max().unwrap_or(0);
    let stretch: String = text[from..].chars().take(text[from..to].chars().count() + 40).collect();
    let mut run = 0usize;
    let mut longest = 0usize;
    for c in stretch.chars() {
        run = if c.is_ascii_digit() || matches!(c, '年' | '月' | 'x' | '至') { run + 1 } else { 0 };
        longest = longest.max(run);
    }
    longest >= 6
}

/// The part of an address that looks like a record's id: a parameter named so, or a last segment of digits or letters with digits.
fn record_id(url: &str) -> Option<String> {
    let url = url::Url::parse(url).ok()?;
    let named = |(key, value): &(std::borrow::Cow<str>, std::borrow::Cow<str>)| {
        let key = key.to_lowercase();
        value.len() >= 2
            && ["id", "no", "num", "code", "cert", "sn", "uuid", "key", "zs", "bh", "q", "t"].iter().any(|w| key == *w || key.ends_with(w))
    };
    if let Some((key, value)) = url.query_pairs().find(named) {
        return Some(format!("{key}={value}"));
    }
    let last = url.path_segments()?.next_back()?.to_owned();
    let digits = last.bytes().filter(u8::is_ascii_digit).count();
    (digits >= 4 && last.len() <= 64).then_some(last)
}
