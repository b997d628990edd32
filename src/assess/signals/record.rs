//! The useful page of a fake: one certificate record behind a QR link, with no form and no captcha.
//! A list of many people is a company's or a school's; a regulation that names the fields has no values.

use crate::assess::lexicon::{Group, Hit, distinct};
use crate::assess::reading::{PICTURE, Part, plain_span};
use crate::assess::signals::View;
use crate::assess::signals::fake_query::prose;
use crate::assess::signals::form::query_form;
use crate::assess::signals::service::somebodys_own;
use crate::assess::tally::Tally;
use crate::model::assessment::Class;
use crate::model::lang::Both;
use regex::Regex;
use std::sync::LazyLock;

/// Values follow their field within this many bytes of folded text: a record is short.
const MAX_RECORD_BYTES: usize = 1_800;
/// A record names at least so many fields.
const MIN_FIELDS: usize = 4;
/// More numbers of people than this are a list.
const MAX_PEOPLE: usize = 3;
/// Fewer characters of prose than this are a notice under a record.
const PROSE: usize = 80;
/// More words of a roster than this are somebody's own list or card.
const MAX_ROSTER: usize = 2;

/// Numbers of identity cards and of certificates made of them, masked ones too.
static PERSON: LazyLock<Regex> =
    LazyLock::new(|| Regex::new(r"[Tt]?\d{2,17}[*＊xX×●•]{3,16}\d{0,6}[xX\d]?|[Tt]?\d{15,18}[xX]?").expect("a constant pattern"));

/// Fewer characters of its own are no text of a page.
const NO_TEXT: usize = 40;

/// A stretch of one part that reads like a record.
struct Record<'p> {
    part: &'p Part,
    at: std::ops::Range<usize>,
    kinds: usize,
    /// A field that only the protected site's records have stands in it.
    own_field: bool,
    /// No word of a roster stands near, and hardly any prose.
    alone: bool,
}

/// `record_page`: at least four field names of a record in one short stretch with values, the protected site's own field or subject
/// among them, no form. `record_declared`: it is declared genuine.
pub(crate) fn record_page(view: &View, tally: &mut Tally) {
    if query_form(view).is_some() {
        return;
    }
    let weights = &view.weights.fake_query;
    let parts = [&view.reading.text, &view.reading.revealed, &view.reading.seen];
    let Some(record) = parts.into_iter().find_map(|part| record_in(view, part)) else { return };
    let declared = view.hits(record.part).iter().find(|h| h.group == Group::Genuine).cloned();
    let id = record_id(&view.reading.url);
    if !record.own_field && declared.is_none() && id.is_none() && !under_its_name(tally) {
        return;
    }
    let kinds = record.kinds;
    let why = Both::new(
        format!("页面直接展示一张证书的记录（{kinds} 个字段），没有查询表单，也没有验证码"),
        format!("the page shows one certificate's record ({kinds} fields) with no query form and no captcha"),
    );
    tally.add(Class::FakeQuery, "record_page", weights.record_page, why, Some(record.part.span_bytes(record.at.clone())));
    if let Some(hit) = declared {
        let why = Both::new("页面宣告该证书真实有效", "the page declares the certificate genuine");
        tally.add(Class::FakeQuery, "record_declared", weights.record_declared, why, Some(record.part.span_bytes(hit.at)));
    }
    if record.own_field && kinds > MIN_FIELDS && record.alone && !somebodys_own(view) {
        let why = Both::new(
            "整页只有一个人的一张证书，没有任何单位、名单或说明文字",
            "the page holds one person's certificate and nothing else: no operator, no list, no prose",
        );
        tally.add(Class::FakeQuery, "record_alone", weights.record_alone, why, Some(record.part.span_bytes(record.at.clone())));
        if record.part.name == PICTURE && view.reading.text.len() < NO_TEXT {
            let why = Both::new(
                "证书记录画在图片里，网页本身几乎没有文字",
                "the record is painted in a picture; the page itself has hardly any text",
            );
            tally.add(Class::FakeQuery, "seen_text", weights.seen_text, why, Some(record.part.span_bytes(record.at.clone())));
        }
    }
    if under_its_name(tally) {
        let why = Both::new("证书记录以受保护服务或国家机关的名义展示", "the record is shown under the service's or the organ's name");
        tally.add(Class::FakeQuery, "record_under_name", weights.record_under_name, why, Some(view.reading.title.whole()));
    }
    if record.part.name == "html" {
        let why = Both::new(
            "证书记录写在脚本里，由脚本显示，绕过普通抓取",
            "the record stands in a script and is shown by it, past plain readers",
        );
        tally.add(Class::FakeQuery, "revealed_text", weights.revealed_text, why, Some(record.part.span_bytes(record.at.clone())));
    }
    if let Some(id) = id {
        let why = Both::new("网址中带有记录编号", "the address carries the record's id");
        tally.add(Class::FakeQuery, "record_by_id", weights.record_by_id, why, Some(plain_span("url", &id)));
    }
}

fn under_its_name(tally: &Tally) -> bool {
    let names = ["short_name", "service_title", "site_name_title", "site_name_heading", "organ_title", "organ_heading"];
    names.iter().any(|s| tally.has(Class::FakeQuery, s))
}

fn record_in<'p>(view: &View, part: &'p Part) -> Option<Record<'p>> {
    let hits = view.hits(part);
    let field = |h: &&Hit| matches!(h.group, Group::RecordOwn | Group::RecordAny) && !is_enumerated(part, h);
    let fields: Vec<&Hit> = hits.iter().filter(field).collect();
    let own = fields.iter().find(|h| h.group == Group::RecordOwn).map(|h| h.at.start);
    let around = own.or_else(|| subject_at(view, part))?;
    let close: Vec<Hit> = fields.into_iter().filter(|h| h.at.start.abs_diff(around) <= MAX_RECORD_BYTES).cloned().collect();
    let kinds = kinds(&close);
    if kinds < MIN_FIELDS || !has_values(part.text(), &close) || is_list(part, &hits) {
        return None;
    }
    let (from, to) = (close.iter().map(|h| h.at.start).min()?, close.iter().map(|h| h.at.end).max()?);
    let alone = distinct(&hits, Group::Roster) == 0 && distinct(&hits, Group::Guide) < 2 && prose(view) < PROSE;
    Some(Record { part, at: from..to, kinds, own_field: own.is_some(), alone })
}

/// Where the text speaks of the protected certificates.
fn subject_at(view: &View, part: &Part) -> Option<usize> {
    let titled = || view.site.subjects.iter().any(|s| view.reading.title.text().contains(s.as_str())).then_some(0);
    view.site.subjects.iter().filter_map(|s| part.text().find(s.as_str())).min().or_else(titled)
}

/// Does the word stand in an enumeration (`姓名、性别、证号`)? Then it is spoken of, and nobody's.
fn is_enumerated(part: &Part, hit: &Hit) -> bool {
    let range = part.raw_range(part.char_at(hit.at.start), part.char_at(hit.at.end));
    part.raw[..range.start].ends_with('、') || part.raw[range.end..].starts_with('、')
}

/// Distinct fields that are not part of a longer one at the same place.
fn kinds(fields: &[Hit]) -> usize {
    let inside = |a: &Hit, b: &Hit| a.at != b.at && b.at.start <= a.at.start && a.at.end <= b.at.end;
    let outer: Vec<Hit> = fields.iter().filter(|a| !fields.iter().any(|b| inside(a, b))).cloned().collect();
    distinct(&outer, Group::RecordAny) + distinct(&outer, Group::RecordOwn)
}

/// Many people, or the words of somebody's roster.
fn is_list(part: &Part, hits: &[Hit]) -> bool {
    let mut people: Vec<&str> = PERSON.find_iter(&part.raw).take(64).map(|m| m.as_str().trim_start_matches(['T', 't'])).collect();
    people.sort_unstable();
    people.dedup();
    people.len() > MAX_PEOPLE || distinct(hits, Group::Roster) > MAX_ROSTER
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

#[cfg(test)]
mod tests {
    use crate::assess::signals::trial::{points, said, trial};
    use crate::model::picture::Picture;

    const RECORD: &str = "姓名：张某\n性别：男\n证号：T320************719\n作业类别：电工作业\n准操项目：低压电工作业\n有效期至：2029-05-05\n签发机关：某市应急管理局";

    #[test]
    fn one_persons_certificate_alone_alerts_and_a_roster_or_a_school_does_not() {
        let told = trial("查询结果", RECORD).assess();
        assert!(points(&told, "record_alone") > 0 && told.scores.fake_query >= 60, "{}", said(&told));
        let card = trial("人员信息卡", &format!("班组：一班\n项目部：江北\n进场：2024-01-01\n{RECORD}")).assess();
        assert_eq!(points(&card, "record_page"), 0, "{}", said(&card));
        let school = trial("学员证书 - 江北安全技术培训学校", RECORD).assess();
        assert_eq!(points(&school, "record_alone"), 0, "{}", said(&school));
    }

    #[test]
    fn a_record_that_is_a_picture_alerts_and_one_on_a_page_with_text_or_a_schools_name_does_not() {
        let seen = |text: &str, painted: String| {
            let mut page = trial("", text);
            page.facts.pictures = Some(vec![Picture { path: "view/full.png".into(), text: Some(painted), ..Picture::default() }]);
            page.assess()
        };
        assert!(seen("", RECORD.to_owned()).scores.fake_query >= 60, "{}", said(&seen("", RECORD.to_owned())));
        let diary = "今天收到了培训中心寄来的证件，很高兴，把照片发在这里给大家看看，学习辛苦但是值得，感谢老师的指导和同学们的帮助。";
        for told in [seen(diary, RECORD.to_owned()), seen("", format!("江北安全技术培训学校\n{RECORD}"))] {
            assert!(told.scores.fake_query < 60, "{}", said(&told));
        }
    }

    #[test]
    fn a_list_of_many_and_an_enumeration_are_no_record() {
        let rows: String = (0..5).map(|n| format!("\n李某\tT3201**********00{n}1\t电工作业\t低压电工\t2030-01-0{}", n + 1)).collect();
        let list = trial("证书", &format!("姓名\t证号\t作业类别\t准操项目\t有效期至{rows}")).assess();
        assert_eq!(points(&list, "record_page"), 0, "{}", said(&list));
        let talk = trial("通知", "请于2024年10月01日前核对姓名、证号、作业类别、准操项目、有效期、签发机关。").assess();
        assert_eq!(points(&talk, "record_page"), 0, "{}", said(&talk));
    }

    #[test]
    fn a_record_in_a_script_and_one_declared_genuine_are_said_to_be_so() {
        let script = r#"<script>var d={"证书":"特种作业操作证","姓名":"冯某","作业类别":"焊接作业","操作项目":"熔化焊接","有效期":"2031-01-03","签发机关":"某厅"}</script>"#;
        let told = trial("详情", "").html(script).assess();
        assert!(points(&told, "record_page") > 0 && points(&told, "revealed_text") > 0, "{}", said(&told));
        let genuine = trial("验证", &format!("{RECORD}\n该证书真实有效")).assess();
        assert!(points(&genuine, "record_declared") > 0, "{}", said(&genuine));
        let health = trial("健康证", "姓名：徐某\n性别：女\n证号：JK2024000000\n有效期至：2025-05-05\n真实有效").assess();
        assert_eq!(points(&health, "record_page"), 0, "{}", said(&health));
    }
}
