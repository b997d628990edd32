//! The filter's form: what is asked most at hand, the rest behind one click; saved filters; export of what passes.

use crate::console::call::Call;
use crate::console::forms::Pairs;
use crate::console::inert::{inert, plain};
use crate::console::layout::{class_word, hidden};
use crate::console::pages::queue::{SORTS, tab_of};
use crate::model::assessment::{Class, Verdict};
use crate::records::{Answer, Role};
use crate::referral::FORMATS;
use maud::{Markup, html};

/// Ages of a domain to choose from, in days.
const AGES: [(&str, &str, &str); 5] = [
    ("7", "7 天", "7 days"),
    ("30", "30 天", "30 days"),
    ("90", "90 天", "90 days"),
    ("365", "1 年", "1 year"),
    ("1095", "3 年", "3 years"),
];
/// What stands behind the click.
const FURTHER: [&str; 6] = ["site", "since", "province", "provider", "age", "cluster"];

/// Is any of the further conditions set?
fn further(query: &Pairs) -> bool {
    FURTHER.iter().any(|name| query.get(name).is_some())
}

fn list(call: &Call, name: &str, word: (&'static str, &'static str), words: &[String]) -> Markup {
    let now = call.query.get(name);
    html! {
        label { span { (call.t(word.0, word.1)) } select name=(name) {
            option value="" { (call.t("全部", "any")) }
            @for w in words { option value=(plain(w, 80)) selected[now == Some(w.as_str())] { (inert(w, 40)) } }
        } }
    }
}

/// The filter's form, saved filters, export.
pub(super) fn filters(call: &Call, answer: &Answer) -> Markup {
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
            label { span { (call.t("排序", "Order")) } select name="sort" { @for s in SORTS { option value=(s.0) selected[is("sort", s.0)] { (call.t(s.2, s.3)) } } } }
            details.more open[further(query)] { summary { (call.t("更多条件", "More")) }
                div.filters {
                    @if answer.sites.len() > 1 { label { span { (call.t("仿冒对象", "Imitates")) } select name="site" {
                        option value="" { (call.t("全部", "any")) }
                        @for s in &answer.sites { option value=(plain(s, 80)) selected[is("site", s)] { (inert(s, 80)) } }
                    } } }
                    label { span { (call.t("立案不早于", "Opened from")) } input type="date" name="since" value=(plain(&query.text("since"), 10)); }
                    (list(call, "province", ("服务器省份", "Province"), &answer.provinces))
                    (list(call, "provider", ("服务商", "Provider"), &answer.providers))
                    label { span { (call.t("域名注册不超过", "Registered within")) } select name="age" {
                        option value="" { (call.t("不限", "any time")) }
                        @for (days, zh, en) in AGES { option value=(days) selected[is("age", days)] { (call.t(zh, en)) } }
                    } }
                    label { span { (call.t("集群编号", "Cluster")) } input name="cluster" maxlength="20" placeholder="JQ-" value=(plain(&query.text("cluster"), 20)); }
                }
            }
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
