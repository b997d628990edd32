//! The queue: filters, tabs by stage, saved filters, what is new since one's last look, paging, bulk claim and dismissal, export.
//! A referral is never made in bulk: there is no such button and no such route.

mod filter;
mod keys;
mod table;

pub(in crate::console) use keys::sheet;

use crate::console::Desk;
use crate::console::call::{Call, Refusal, Reply};
use crate::console::forms::Pairs;
use crate::console::layout::{empty, hidden, page, short_moment};
use crate::model::assessment::{Class, Verdict};
use crate::model::lead::State;
use crate::model::time::Timestamp;
use crate::records::{Answer, Ask, Role, SavedFilter, Sort};
use crate::referral::{Export, FORMATS};
use maud::{Markup, html};

/// Rows of a page.
const ROWS: usize = 50;
const DAY_MS: i64 = 24 * 3600 * 1000;
/// A domain younger than this is told apart, in days.
const YOUNG_DAYS: i64 = 90;
/// Leads of one export.
const MAX_EXPORT: usize = 20_000;

/// A stage of the work: its word, its names, its states.
type Tab = (&'static str, &'static str, &'static str, &'static [State]);
const TABS: &[Tab] = &[
    ("open", "待审核", "To review", &[State::New, State::Reopened, State::InReview]),
    ("second", "待复审", "To approve", &[State::Confirmed]),
    ("approved", "待移送", "To refer", &[State::Approved]),
    ("out", "已移送", "Referred", &[State::Referred, State::StillUp, State::Moved, State::Blocked]),
    ("dismissed", "误报", "Dismissed", &[State::Dismissed]),
    ("all", "全部", "All", &State::ALL),
];
const SORTS: &[(&str, Sort, &str, &str)] = &[
    ("score", Sort::Score, "分数从高到低", "Score"),
    ("newest", Sort::Newest, "最新立案", "Newest"),
    ("oldest", Sort::Oldest, "最早立案", "Oldest"),
    ("changed", Sort::Changed, "最近变动", "Changed"),
    ("host", Sort::Host, "主机名", "Host"),
];

/// `GET /`.
pub(in crate::console) fn home(_: &Desk, _: &Call) -> Result<Reply, Refusal> {
    Ok(Reply::See("/queue".into()))
}

/// The question that a query string asks. What cannot be understood does not filter.
pub(in crate::console) fn ask_of(desk: &Desk, query: &Pairs, name: &str, last_look: Option<Timestamp>, now: Timestamp) -> Ask {
    let tab = tab_of(query);
    let verdicts = || Class::ALL.map(Verdict::from).into_iter().chain([Verdict::None]);
    let mut states: Vec<State> = query.all("state").filter_map(|w| State::ALL.into_iter().find(|s| s.word() == w)).collect();
    if states.is_empty() && tab.0 != "all" {
        states = tab.3.to_vec();
    }
    let day = |d: &str| Timestamp::parse(&format!("{d}T00:00:00+08:00"));
    let number: usize = query.get("page").and_then(|p| p.parse().ok()).unwrap_or(1).clamp(1, 100_000);
    Ask {
        states,
        classes: query.all("class").filter_map(|w| verdicts().find(|v| v.word() == w)).collect(),
        site: query.get("site").map(str::to_owned),
        source: query.get("source").map(str::to_owned),
        min_score: query.get("min").and_then(|m| m.parse().ok()),
        since: query.get("since").and_then(day),
        news_since: query.get("news").and(Some(last_look.unwrap_or(Timestamp::from_millis(0)))),
        holder: query.get("mine").map(|_| name.to_owned()),
        province: query.get("province").map(str::to_owned),
        provider: query.get("provider").map(str::to_owned),
        registered_since: query.get("age").and_then(|d| d.parse::<u16>().ok()).map(|days| now.plus_millis(-i64::from(days) * DAY_MS)),
        hosts: query.get("cluster").map(|id| desk.kin().hosts(id)),
        last_look: Some(last_look.unwrap_or(Timestamp::from_millis(0))),
        text: query.get("q").map(|q| q.trim().replace("[.]", ".").chars().take(200).collect()).filter(|q: &String| !q.is_empty()),
        sort: query.get("sort").and_then(|w| SORTS.iter().find(|s| s.0 == w)).map(|s| s.1).unwrap_or_default(),
        offset: (number - 1) * ROWS,
        limit: ROWS,
    }
}

fn tab_of(query: &Pairs) -> &'static Tab {
    query.get("tab").and_then(|w| TABS.iter().find(|t| t.0 == w)).unwrap_or(&TABS[0])
}

/// `GET /queue`.
pub(in crate::console) fn show(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let person = call.person.as_ref();
    let last_look = person.and_then(|p| p.last_look);
    let ask = ask_of(desk, &call.query, call.name(), last_look, call.now);
    let answer = desk.records.queue(&ask)?;
    let review = matches!(call.role(), Role::Analyst | Role::Approver);
    let body = html! {
        div.queue-head {
            h1.sr { (call.t("线索队列", "Leads")) }
            (tabs(call, &answer))
            (looks(call, answer.news, last_look))
        }
        (filter::filters(call, &answer))
        @if answer.rows.is_empty() { (nothing(call)) } @else {
            (table::table(desk, call, &answer, review))
            (foot(call, &answer, &ask))
        }
        (keys::sheet(call))
    };
    Ok(page(desk, call, "/queue", call.t("线索", "Leads"), &body))
}

fn tabs(call: &Call, answer: &Answer) -> Markup {
    let now = tab_of(&call.query);
    html! {
        nav.tabs aria-label=(call.t("阶段", "Stages")) {
            @for tab in TABS {
                @let n: usize = tab.3.iter().filter_map(|s| answer.by_state.get(s.word())).sum();
                a href={"/queue?tab=" (tab.0)} aria-current=[(tab.0 == now.0).then_some("page")] { (call.t(tab.1, tab.2)) " " span.n { (n) } }
            }
        }
    }
}

fn looks(call: &Call, news: usize, last: Option<Timestamp>) -> Markup {
    let on = call.query.get("news").is_some();
    html! {
        div.looks {
            a.chip href={"/queue?" (call.query.with("news", if on { None } else { Some("1") }))} aria-current=[on.then_some("true")] {
                (call.t("上次查看后新增或变动", "New or changed since my last look")) " " span.n { (news) }
            }
            form method="post" action="/queue/looked" { (hidden(call)) button.quiet { (call.t("标为已看", "Mark as seen")) } }
            @if let Some(at) = last { span.aside { (call.t("上次：", "last: ")) (short_moment(at, call.now)) } }
        }
    }
}

fn nothing(call: &Call) -> Markup {
    let filtered = !call.query.with("tab", None).is_empty();
    if filtered {
        return empty(
            call.t("没有符合条件的线索", "No lead passes these filters"),
            call.t("放宽条件，或清除筛选。", "Widen or clear them."),
        );
    }
    match tab_of(&call.query).0 {
        "open" => empty(
            call.t("没有待审核的线索", "Nothing waits for review"),
            call.t(
                "运行 jianwei scan 发现新线索；群众举报用 jianwei tip add 登记。",
                "`jianwei scan` finds new leads; `jianwei tip add` takes a report.",
            ),
        ),
        "second" => empty(
            call.t("没有待复审的线索", "Nothing waits for a second person"),
            call.t("初审通过的线索会出现在这里，由另一人复审。", "Confirmed leads come here; another person approves them."),
        ),
        _ => empty(call.t("这里还没有线索", "No leads here yet"), call.t("先在“待审核”中处理。", "Begin with those to review.")),
    }
}

fn foot(call: &Call, answer: &Answer, ask: &Ask) -> Markup {
    let (last, now) = (answer.total.div_ceil(ROWS), ask.offset / ROWS + 1);
    let to = |n: usize| format!("/queue?{}", call.query.with("page", Some(&n.to_string())));
    html! {
        nav.pages aria-label=(call.t("翻页", "Pages")) {
            span { (call.lang.pick(format!("共 {} 条，第 {now} / {last} 页", answer.total), format!("{} leads, page {now} of {last}", answer.total))) }
            @if now > 1 { a.button.quiet rel="prev" href=(to(now - 1)) { (call.t("上一页", "Previous")) } }
            @if now < last { a.button.quiet rel="next" href=(to(now + 1)) { (call.t("下一页", "Next")) } }
            button.quiet type="button" data-open="keys" { "? " (call.t("快捷键", "Keys")) }
        }
    }
}

/// `POST /queue/looked`.
pub(in crate::console) fn looked(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    desk.records.looked(call.name(), call.now)?;
    Ok(Reply::See(call.back("/queue")))
}

/// `POST /queue/filters`.
pub(in crate::console) fn save_filter(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let name: String = call.form.text("name").chars().take(40).collect();
    let query = call.form.text("query");
    if name.is_empty() || query.len() > 2000 {
        return Err(Refusal::Told(400, call.t("筛选需要名称。", "A filter needs a name.").into()));
    }
    // Read and written again: what is kept is a query string of ours, whatever was sent.
    let query = Pairs::parse(query.as_bytes()).with("page", None);
    desk.records.save_filter(call.name(), SavedFilter { name, query }, call.now)?;
    Ok(Reply::See(call.back("/queue")))
}

/// `POST /queue/filters/drop`.
pub(in crate::console) fn drop_filter(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    desk.records.drop_filter(call.name(), call.form.get("name").unwrap_or_default(), call.now)?;
    Ok(Reply::See(call.back("/queue")))
}

/// `POST /export`.
pub(in crate::console) fn export(desk: &Desk, call: &Call) -> Result<Reply, Refusal> {
    let wanted = call.form.text("format");
    let format = FORMATS.iter().find(|f| f.name == wanted).ok_or(Refusal::Told(400, call.t("没有这种格式。", "No such format.").into()))?;
    let query = Pairs::parse(call.form.text("query").as_bytes());
    let ask =
        Ask { offset: 0, limit: MAX_EXPORT, ..ask_of(desk, &query, call.name(), call.person.as_ref().and_then(|p| p.last_look), call.now) };
    let rows = desk.records.queue(&ask)?.rows;
    let mut leads = Vec::with_capacity(rows.len());
    for row in rows {
        leads.extend(desk.records.lead(&row.id)?);
    }
    let bytes = (format.write)(&Export { leads: &leads, lang: call.lang, now: call.now, organisation: &desk.organisation });
    let bytes = bytes.map_err(|e| Refusal::Broken(e.to_string()))?;
    desk.records.exported(call.name(), format.name, leads.len() as u64, call.now)?;
    let name = format!("jianwei-leads-{}.{}", call.now.compact(), format.extension);
    Ok(Reply::File(media_of(format.extension), Some(name), bytes, false))
}

/// Exports are saved, never shown: what a browser does not know it does not run.
fn media_of(extension: &str) -> &'static str {
    match extension {
        "csv" => "text/csv; charset=utf-8",
        "xlsx" => "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        _ => "application/octet-stream",
    }
}
