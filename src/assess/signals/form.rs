//! The query form: which of the official form's fields stand together, in order, beside a query button.

use crate::assess::lexicon::{Group, Hit, Lexicon};
use crate::assess::reading::{Part, plain_span};
use crate::assess::signals::View;
use crate::assess::signals::once::QueryForm;
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;
use crate::model::page::{Field, Form};
use crate::model::text::fold::fold;

/// Longest line of a picture that is a label with its field, and longest that is a button, in folded characters.
const MAX_LABEL: usize = 24;
const MAX_BUTTON: usize = 8;

const ORDER: [Group; 4] = [Group::FieldKind, Group::FieldNumber, Group::FieldName, Group::FieldCaptcha];

/// What a form asks for: one group a field, in order; fields of no group are left out.
fn asked(form: &Form, lexicon: &Lexicon) -> Vec<Group> {
    let mut asked = Vec::new();
    for field in form.fields.iter().take(64) {
        if let Some(group) = group_of(field, lexicon).filter(|g| !asked.contains(g)) {
            asked.push(group);
        }
    }
    asked
}

/// The longest words decide: a captcha's label may hold `号`, a name's may hold `证`.
fn group_of(field: &Field, lexicon: &Lexicon) -> Option<Group> {
    if matches!(field.kind.as_str(), "hidden" | "password") {
        return None;
    }
    // A sentence before a field says less of it than its own placeholder.
    let (near, far) = if fold(&field.label).text.chars().count() <= 14 { (field.label.as_str(), "") } else { ("", field.label.as_str()) };
    [near, field.placeholder.as_str(), field.first_option.as_str(), far, field.name.as_str()].into_iter().find_map(|text| {
        let folded = fold(text).text;
        if folded.chars().count() > 40 {
            return None;
        }
        let login = ["用户名", "登录", "昵称", "账号", "手机", "邮箱", "密码"].iter().any(|w| folded.contains(w));
        // A word in Latin letters is the whole text or long: `code` is not in `postcode`.
        let whole = |h: &Hit| !folded[h.at.clone()].is_ascii() || h.at.len() == folded.len() || h.at.len() >= 8;
        let found = lexicon
            .find(&folded)
            .into_iter()
            .filter(|h| ORDER.contains(&h.group) && whole(h))
            .max_by_key(|h| (h.at.len(), std::cmp::Reverse(h.at.start)));
        // A list to choose from asks for the kind, whatever its first choice is.
        let chosen = |g: Group| if field.kind == "select" && g == Group::FieldNumber { Group::FieldKind } else { g };
        found.map(|h| chosen(h.group)).filter(|g| !login || *g == Group::FieldCaptcha)
    })
}

/// Does the form have a button that asks a question (and none that logs in)?
fn has_query_button(form: &Form, lexicon: &Lexicon) -> bool {
    let folded: Vec<String> = form.buttons.iter().map(|b| fold(b).text).collect();
    let login = folded.iter().any(|b| ["登录", "登陆", "login", "注册", "报名"].iter().any(|w| b.contains(w)));
    !login && (folded.is_empty() || folded.iter().any(|b| lexicon.has(Group::ButtonQuery, b)) || folded.iter().all(|b| b.is_empty()))
}

/// The form most like the official one and how many of its four kinds of fields stand in the official order.
pub(crate) fn query_form<'a>(view: &View<'a>) -> Option<&'a QueryForm> {
    view.once.query_form.get_or_init(|| best_form(view)).as_ref()
}

fn best_form(view: &View) -> Option<QueryForm> {
    let forms = view.reading.page.forms.iter().enumerate().take(200);
    forms
        .map(|(n, form)| (n, form, asked(form, view.lexicon)))
        .filter(|(_, form, asked)| asked.len() >= 2 && personal(asked) && has_query_button(form, view.lexicon))
        .max_by_key(|(n, _, asked)| (asked.len(), std::cmp::Reverse(*n)))
        .map(|(n, _, asked)| (n, asked))
}

/// Does a query form ask for a person: by name and number, or by three of the official kinds?
pub(crate) fn asks_for_a_person(view: &View) -> bool {
    query_form(view)
        .is_some_and(|(_, asked)| asked.len() >= 3 || (asked.contains(&Group::FieldNumber) && asked.contains(&Group::FieldName)))
}

/// How many of the official form's kinds of fields are named in text that only script or style shows.
pub(crate) fn revealed_fields(view: &View) -> usize {
    *view.once.revealed_fields.get_or_init(|| count_revealed_fields(view))
}

fn count_revealed_fields(view: &View) -> usize {
    let (revealed, page) = (view.reading.revealed.text(), view.reading.page);
    let asks = ["请输入", "请填写", "请选择"].iter().any(|w| revealed.contains(w));
    if !asks && !page.html.contains("<input") && page.forms.iter().all(|f| f.fields.is_empty()) {
        return 0;
    }
    let hits = view.lexicon.find(revealed);
    ORDER.into_iter().filter(|group| hits.iter().any(|h| h.group == *group)).count()
}

/// The same for fields that the page does not have but shows: written by script or style, or standing in a picture.
pub(crate) fn shown_fields(view: &View) -> usize {
    revealed_fields(view).max(seen_fields(view))
}

/// How many of the official form's kinds of fields stand in a picture as a form's labels do: on lines of their own, beside a word that asks
/// for them or over a query button. Prose and lists that speak of them do not count.
pub(crate) fn seen_fields(view: &View) -> usize {
    *view.once.seen_fields.get_or_init(|| count_seen_fields(view))
}

fn count_seen_fields(view: &View) -> usize {
    let label = |p: &&Part| {
        p.len() <= MAX_LABEL && !p.raw.contains(['。', '；', '、', '！', '？']) && !p.raw.starts_with(|c: char| c.is_ascii_digit())
    };
    let lines: Vec<(&Part, Vec<Hit>)> =
        view.reading.picture_lines().iter().filter(label).map(|p| (p, view.lexicon.find(p.text()))).collect();
    let asks = lines.iter().any(|(p, _)| ["请输入", "请填写", "请选择"].iter().any(|w| p.text().contains(w)));
    let presses = lines.iter().any(|(p, hits)| p.len() <= MAX_BUTTON && hits.iter().any(|h| h.group == Group::ButtonQuery));
    if !asks && !presses {
        return 0;
    }
    let on = |group: Group| lines.iter().position(|(_, hits)| hits.iter().any(|h| h.group == group));
    let places: Vec<usize> = ORDER.into_iter().filter_map(on).collect();
    let mut apart = places.clone();
    apart.sort_unstable();
    apart.dedup();
    if apart.len() >= 2 { places.len() } else { 0 }
}

/// A query asks for a number or a name at least.
fn personal(asked: &[Group]) -> bool {
    asked.contains(&Group::FieldNumber) || (asked.contains(&Group::FieldName) && asked.contains(&Group::FieldKind))
}

fn in_order(asked: &[Group]) -> bool {
    let places: Vec<usize> = asked.iter().filter_map(|g| ORDER.iter().position(|o| o == g)).collect();
    places.windows(2).all(|pair| pair[0] < pair[1])
}

/// `form_fields`: three of the four kinds, or number and name; full points for three in the official order, two thirds otherwise.
pub(crate) fn form_fields(view: &View, tally: &mut Tally) {
    let Some((n, asked)) = query_form(view).filter(|_| asks_for_a_person(view)) else {
        return unlabelled(view, tally);
    };
    let form = &view.reading.page.forms[*n];
    let ordered = in_order(asked);
    let full = ordered && asked.len() >= 3;
    let points = if full { view.weights.fake_query.form_fields } else { view.weights.fake_query.form_fields * 2 / 3 };
    let shown: Vec<&str> = form
        .fields
        .iter()
        .map(|f| [&f.label, &f.placeholder, &f.name].into_iter().find(|t| !t.is_empty()).map_or("", String::as_str))
        .filter(|t| !t.is_empty())
        .collect();
    let (zh, en) = if ordered { ("，顺序一致", ", in the same order") } else { ("，顺序不同", ", in another order") };
    let why = Both::new(
        format!("查询表单含官方表单四类字段中的 {} 类{zh}，并带查询按钮", asked.len()),
        format!("a form beside a query button asks for {} of the official form's 4 kinds of fields{en}", asked.len()),
    );
    tally.add(Class::FakeQuery, "form_fields", points, why, Some(plain_span(format!("form[{n}]"), &shown.join(" | "))));
}

/// Fields whose labels only script or style shows, or a picture.
fn unlabelled(view: &View, tally: &mut Tally) {
    let seen = seen_fields(view);
    if seen >= 3 && revealed_fields(view) < 3 {
        let why = Both::new(
            format!("图片里画着查询表单，含官方表单四类字段中的 {seen} 类"),
            format!("a picture shows a query form with {seen} of the official form's 4 kinds of fields"),
        );
        let span = view
            .reading
            .picture_lines()
            .iter()
            .find(|p| p.len() <= MAX_LABEL && view.lexicon.find(p.text()).iter().any(|h| ORDER.contains(&h.group)));
        tally.add(Class::FakeQuery, "form_fields", view.weights.fake_query.form_fields, why, span.map(Part::whole));
        return;
    }
    if revealed_fields(view) >= 3 {
        let why = Both::new(
            "脚本或样式表写出官方表单的三类以上字段",
            "script or style sheet writes three or more of the official form's kinds of fields",
        );
        tally.add(Class::FakeQuery, "form_fields", view.weights.fake_query.form_fields, why, Some(view.reading.revealed.whole()));
    }
}
