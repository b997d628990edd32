//! The queue: filters, tabs by stage, saved filters, what is new since one's last look, paging, bulk claim and dismissal, export.
//! A referral is never made in bulk: there is no such button and no such route.

use crate::console::call::{Call, Refusal, Reply};
use crate::console::forms::Pairs;
use crate::console::inert::{inert, masked, plain};
use crate::console::layout::{class_word, empty, hidden, host_mark, page, score_mark, short_moment, state_tag};
use crate::console::{Desk, pictures};
use crate::model::assessment::{Class, Verdict};
use crate::model::lead::State;
use crate::model::time::Timestamp;
use crate::records::{Answer, Ask, QueueRow, Role, SavedFilter, Sort};
use crate::referral::{Export, FORMATS};
use maud::{Markup, html};

/// Rows of a page.
const ROWS: usize = 50;
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
pub(in crate::console) fn ask_of(query: &Pairs, name: &str, last_look: Option<Timestamp>) -> Ask {
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
    let ask = ask_of(&call.query, call.name(), last_look);
    let answer = desk.records.queue(&ask)?;
    let news =
        desk.records.queue(&Ask { news_since: Some(last_look.unwrap_or(Timestamp::from_millis(0))), limit: 0, ..ask.clone() })?.total;
    let review = matches!(call.role(), Role::Analyst | Role::Approver);
    let body = html! {
        div.queue-head {
            h1.sr { (call.t("线索队列", "Leads")) }
            (tabs(call, &answer))
            (looks(call, news, last_look))
        }
        (filters(call, &answer))
        @if answer.rows.is_empty() { (nothing(call)) } @else {
            (table(desk, call, &answer, review))
            (foot(call, &answer, &ask))
        }
        (sheet(call))
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

fn filters(call: &Call, answer: &Answer) -> Markup {
    let query = &call.query;
    let is = |name: &str, value: &str| query.get(name) == Some(value);
    let saved = call.person.as_ref().map(|p| p.filters.as_slice()).unwrap_or_default();
    html! {
        form.filters method="get" action="/queue" role="search" {
            input type="hidden" name="tab" value=(tab_of(query).0);
            label.grow { span.sr { (call.t("搜索", "Search")) }
                input #search type="search" name="q" value=(plain(&query.text("q"), 200)) placeholder=(call.t("主机、标题、网址或编号  /", "Host, title, address or id  /")) maxlength="200"; }
            label { span { (call.t("类别", "Class")) } select name="class" {
                option value="" { (call.t("全部", "any")) }
                @for v in Class::ALL.map(Verdict::from).into_iter().chain([Verdict::None]) { option value=(v.word()) selected[is("class", v.word())] { (class_word(call.lang, v)) } }
            } }
            label { span { (call.t("分数不低于", "Score from")) } input type="number" name="min" min="0" max="100" value=(plain(&query.text("min"), 3)); }
            label { span { (call.t("来源", "Source")) } select name="source" {
                option value="" { (call.t("全部", "any")) }
                @for s in &answer.sources { option value=(plain(s, 60)) selected[is("source", s)] { (inert(s, 60)) } }
            } }
            @if answer.sites.len() > 1 { label { span { (call.t("仿冒对象", "Imitates")) } select name="site" {
                option value="" { (call.t("全部", "any")) }
                @for s in &answer.sites { option value=(plain(s, 80)) selected[is("site", s)] { (inert(s, 80)) } }
            } } }
            label { span { (call.t("立案不早于", "Opened from")) } input type="date" name="since" value=(plain(&query.text("since"), 10)); }
            label { span { (call.t("排序", "Order")) } select name="sort" { @for s in SORTS { option value=(s.0) selected[is("sort", s.0)] { (call.t(s.2, s.3)) } } } }
            label.check { input type="checkbox" name="mine" value="1" checked[query.get("mine").is_some()]; (call.t("我认领的", "Held by me")) }
            button { (call.t("筛选", "Filter")) }
            a.button.quiet href={"/queue?tab=" (tab_of(query).0)} { (call.t("清除", "Clear")) }
        }
        div.saved {
            @for f in saved { span.chip {
                a href={"/queue?" (f.query)} { (inert(&f.name, 40)) }
                form method="post" action="/queue/filters/drop" { (hidden(call)) input type="hidden" name="name" value=(f.name); button.quiet aria-label={(call.t("删除筛选", "Remove filter")) " " (plain(&f.name, 40))} { "×" } }
            } }
            details { summary { (call.t("保存当前筛选", "Save this filter")) }
                form.line method="post" action="/queue/filters" {
                    (hidden(call)) input type="hidden" name="query" value=(query.with("page", None));
                    input name="name" required maxlength="40" aria-label=(call.t("筛选名称", "Name of the filter"));
                    button { (call.t("保存", "Save")) }
                }
            }
            @if call.role() != Role::Admin {
                form.line.export method="post" action="/export" {
                    (hidden(call)) input type="hidden" name="query" value=(query.with("page", None));
                    label { span.sr { (call.t("导出格式", "Format")) } select name="format" { @for f in FORMATS { option value=(f.name) { (f.name) } } } }
                    button.quiet { (call.t("导出", "Export")) " " (answer.total) }
                }
            }
        }
    }
}

fn table(desk: &Desk, call: &Call, answer: &Answer, review: bool) -> Markup {
    html! {
        @if review {
            form.bulk #bulk method="post" action="/queue/bulk/claim" aria-label=(call.t("批量", "Bulk")) {
                (hidden(call))
                span { (call.t("已选", "Selected")) " " output #picked { "0" } }
                button { (call.t("认领所选", "Claim")) }
                input name="reason" maxlength="400" placeholder=(call.t("误报理由（必填）", "Why no copy (needed)")) aria-label=(call.t("误报理由", "Reason"));
                button formaction="/queue/bulk/dismiss" { (call.t("所选判为误报", "Dismiss")) }
            }
        }
        table.list.queue #queue {
            thead { tr {
                @if review { th scope="col" { input type="checkbox" #pickall aria-label=(call.t("全选", "Select all")); } }
                th.num scope="col" { (call.t("分数", "Score")) }
                th.shot scope="col" { (call.t("截图", "Picture")) }
                th scope="col" { (call.t("标题 / 主机", "Title / host")) }
                th scope="col" { (call.t("类别", "Class")) }
                th scope="col" { (call.t("状态", "State")) }
                th.wide scope="col" { (call.t("来源", "Sources")) }
                th.wide scope="col" { (call.t("仿冒对象", "Imitates")) }
                th scope="col" { (call.t("立案", "Opened")) }
            } }
            tbody { @for row in &answer.rows { (line(desk, call, row, review)) } }
        }
    }
}

fn line(desk: &Desk, call: &Call, row: &QueueRow, review: bool) -> Markup {
    let id = &row.id.0;
    let held = row.holder.as_ref().filter(|(_, until)| call.now < *until);
    html! {
        tr data-id=(id) data-state=(row.state.word()) {
            @if review { td { input type="checkbox" name="id" value=(id) form="bulk" aria-label={(call.t("选择", "Select")) " " (id)}; } }
            td.num { (score_mark(row.score)) }
            td.shot { @if let Some(n) = row.package.as_ref().and_then(|p| pictures::thumbnail(&desk.evidence, p)) {
                img src={"/leads/" (id) "/picture/last/" (n)} alt="" loading="lazy" width="96" height="60";
            } @else { span.noshot role="img" aria-label=(call.t("无截图", "no picture")) {} } }
            td.what {
                a.title href={"/leads/" (id)} { @if row.title.trim().is_empty() { span.aside { (call.t("（无标题）", "(no title)")) } } @else { (inert(&masked(&row.title), 90)) } }
                div.sub { (host_mark(&row.host)) }
            }
            td { span class={"class " (row.class.word())} { (class_word(call.lang, row.class)) } }
            td.where { (state_tag(call.lang, row.state)) @if let Some((who, _)) = held { span.holder { (plain(who, 32)) } } }
            td.wide.aside { (inert(&row.sources.join(", "), 40)) }
            td.wide.aside { (inert(&row.site, 40)) }
            td.aside { (short_moment(row.opened_at, call.now)) }
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

/// The keys, as a dialogue.
pub(in crate::console) fn sheet(call: &Call) -> Markup {
    let keys: &[(&str, &str, &str)] = &[
        ("j / k", "下一条 / 上一条", "next / previous"),
        ("Enter", "打开线索", "open the lead"),
        ("c", "认领 / 放弃认领", "claim / give back"),
        ("1", "初审通过；待复审时为复审通过", "confirm; approve where it waits for that"),
        ("2", "误报（要写理由）", "dismiss (a reason is needed)"),
        ("3", "存疑：写备注，留在队列", "in doubt: write a note, leave it"),
        ("n", "写备注", "write a note"),
        ("u", "撤销自己刚才的决定（30 秒内）", "take back one's own last decision (30 s)"),
        ("x", "选中 / 取消", "select"),
        ("d", "文字差异（线索页）", "text beside the official text (lead page)"),
        ("/", "搜索", "search"),
        ("Esc", "关闭", "close"),
        ("?", "本表", "this sheet"),
    ];
    html! {
        dialog #keys aria-labelledby="keys-title" {
            h2 #keys-title { (call.t("快捷键", "Keys")) }
            dl.keys { @for (key, zh, en) in keys { div { dt { kbd { (key) } } dd { (call.t(zh, en)) } } } }
            form method="dialog" { button { (call.t("关闭", "Close")) } }
        }
        dialog #words aria-labelledby="words-title" {
            h2 #words-title { (call.t("说明", "In words")) }
            form #words-form {
                p #words-what {}
                label { span #words-label { (call.t("理由", "Reason")) } textarea #words-text rows="3" maxlength="2000" {} }
                div.line { button.primary { (call.t("确定", "OK")) } button type="button" data-close="words" { (call.t("取消", "Cancel")) } }
            }
        }
        div #toast role="status" aria-live="polite"
            data-reason=(call.t("误报理由", "Why it is no copy")) data-note=(call.t("备注", "Note"))
            data-failed=(call.t("没有连上服务器，请重试。", "The server did not answer; try again.")) {}
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
    let ask = Ask { offset: 0, limit: MAX_EXPORT, ..ask_of(&query, call.name(), call.person.as_ref().and_then(|p| p.last_look)) };
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
