//! `jianwei leads pivot|clusters|merge|split|providers|passive-dns`, and the attribution block of `leads show`.

use crate::cli::args::LeadsCommand;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, known, say};
use crate::model::attribution::{Attribution, Provider};
use crate::model::cluster::{Cluster, ClusterMove, Standing, TieReason};
use crate::model::host::Host;
use crate::model::indicator::{self, Indicator, kind_of};
use crate::model::jurisdiction::Suggestion;
use crate::model::lang::Lang;
use crate::model::lead::Lead;
use crate::records::{Filter, Records, RecordsError};
use crate::resolve::pdns;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;

/// Ties shown of one cluster.
const MAX_TIES: usize = 20;
/// Hosts shown of one tie.
const MAX_HOSTS: usize = 12;
/// Largest passive DNS file, in bytes.
const MAX_FILE: u64 = 256 << 20;

pub(super) fn run(context: &Context, command: &LeadsCommand) -> Result<Exit, Failure> {
    match command {
        LeadsCommand::Pivot { indicator } => pivot(context, indicator),
        LeadsCommand::Clusters => clusters(context),
        LeadsCommand::Merge { host, with, reason, undo, by } => {
            let (host, with) = (parse(host, context.lang)?, parse(with, context.lang)?);
            let reason = reason.clone();
            arrange(
                context,
                &if *undo { ClusterMove::Unmerge { host, with, reason } } else { ClusterMove::Merge { host, with, reason } },
                by,
            )
        }
        LeadsCommand::Split { host, reason, undo, by } => {
            let (host, reason) = (parse(host, context.lang)?, reason.clone());
            arrange(context, &if *undo { ClusterMove::Unsplit { host, reason } } else { ClusterMove::Split { host, reason } }, by)
        }
        LeadsCommand::Providers { month } => providers(context, month.as_deref()),
        LeadsCommand::PassiveDns { file } => passive_dns(context, file),
        _ => Ok(Exit::Done),
    }
}

fn parse(text: &str, lang: Lang) -> Result<Host, Failure> {
    Host::parse(text).map_err(|e| Failure::usage(format!("“{text}” 不是主机名：{}", e.why), e.to_string(), lang))
}

/// `KIND=VALUE`, or a value of any kind.
fn wanted(records: &Records, text: &str) -> Result<Vec<Indicator>, RecordsError> {
    let text = text.trim();
    if let Some((kind, value)) = text.split_once('=').filter(|(k, _)| kind_of(k).is_some()) {
        return Ok(vec![Indicator { kind: kind.to_owned(), value: value.trim().to_owned() }]);
    }
    let lower = text.to_lowercase();
    records.with_graph(|graph| {
        let mut all = Vec::new();
        for value in [text, lower.as_str()] {
            let found = graph.kinds_of(value).into_iter().map(|k| Indicator { kind: k.to_owned(), value: value.to_owned() });
            all.extend(found.filter(|i| !all.contains(i)).collect::<Vec<_>>());
        }
        all
    })
}

fn pivot(context: &Context, text: &str) -> Result<Exit, Failure> {
    let records = context.records()?;
    let fail = |e| context.records_failure(&e);
    let lang = context.lang;
    let mut any = false;
    for what in wanted(&records, text).map_err(fail)? {
        let (weight, carriers) =
            records.with_graph(|g| (g.weight(&what.kind, &what.value), g.carriers(&what.kind, &what.value))).map_err(fail)?;
        let Some(weight) = weight.filter(|_| !carriers.is_empty()) else { continue };
        any = true;
        let queries = indicator::queries(&what);
        if context.json {
            let hosts: Vec<Value> = carriers.iter().map(|(host, standing)| json!({"host": host, "standing": standing})).collect();
            let queries: Vec<Value> = queries.iter().map(|(engine, query)| json!({"engine": engine, "query": query})).collect();
            say::json(
                &json!({"schema": "pivot/1", "kind": what.kind, "value": what.value, "weight": weight, "hosts": hosts, "queries": queries}),
            )?;
            continue;
        }
        let reason = TieReason { kind: what.kind.clone(), value: what.value.clone(), weight };
        say::line(&told(&reason, lang))?;
        for (host, standing) in &carriers {
            let seen = records.marks(host).map_err(fail)?;
            let at = seen
                .and_then(|(all, at)| Some(format!("{} {}", all.into_iter().find(|f| f.what == what)?.at, at.beijing())))
                .unwrap_or_default();
            say::line(&format!("  {}  {}  {at}", host.defanged(), standing_word(*standing, lang)))?;
        }
        for (engine, query) in queries {
            say::line(&lang.pick(format!("  可查询 {engine}：{query}"), format!("  ask {engine}: {query}")))?;
        }
    }
    if !any {
        say::note(&lang.pick(format!("没有主机带有“{text}”"), format!("no host carries `{text}`")));
    }
    Ok(Exit::Done)
}

fn standing_word(standing: Standing, lang: Lang) -> &'static str {
    match standing {
        Standing::Official => lang.pick("官方", "official"),
        Standing::Benign => lang.pick("非线索", "no lead"),
        Standing::Lead => lang.pick("线索", "lead"),
        Standing::ConfirmedFake => lang.pick("已确认仿冒", "confirmed fake"),
        Standing::ConfirmedSeller => lang.pick("已确认售假", "confirmed seller"),
    }
}

/// One reason of a tie in a sentence.
fn told(reason: &TieReason, lang: Lang) -> String {
    let w = &reason.weight;
    if reason.kind == "by_hand" {
        return lang.pick(format!("人工合并（{}）", reason.value), format!("merged by hand ({})", reason.value));
    }
    let zh = kind_of(&reason.kind).map_or(reason.kind.as_str(), |k| k.zh);
    if w.official {
        let value = &reason.value;
        return lang.pick(
            format!("{zh} {value}（官方网站也有，系照搬，不作关联）"),
            format!("{} {value} (the official site's own: ties nothing)", reason.kind),
        );
    }
    lang.pick(
        format!("{zh} {}（权重 {}，线索 {} 条，无关主机或群组 {} 个）", reason.value, w.points, w.carriers, w.unrelated),
        format!("{} {} (weight {}, {} leads, {} unrelated)", reason.kind, reason.value, w.points, w.carriers, w.unrelated),
    )
}

fn clusters(context: &Context) -> Result<Exit, Failure> {
    let all = context.records()?.with_graph(|g| g.clusters()).map_err(|e| context.records_failure(&e))?;
    for cluster in &all {
        if context.json {
            say::json(&json!({"schema": "cluster/1", "id": cluster.id, "hosts": cluster.hosts, "ties": cluster.ties}))?;
        } else {
            say::line(&cluster_lines(cluster, context.lang).join("\n"))?;
        }
    }
    if all.is_empty() && !context.json {
        say::note(context.lang.pick("没有集群：线索之间没有强关联", "no clusters: nothing strong ties the leads"));
    }
    Ok(Exit::Done)
}

fn cluster_lines(cluster: &Cluster, lang: Lang) -> Vec<String> {
    let mut out = vec![lang.pick(
        format!("集群 {}：{} 个主机", cluster.id, cluster.hosts.len()),
        format!("cluster {}: {} hosts", cluster.id, cluster.hosts.len()),
    )];
    for tie in cluster.ties.iter().take(MAX_TIES) {
        let why: Vec<String> = tie.reasons.iter().map(|r| told(r, lang)).collect();
        let hosts: Vec<String> = tie.hosts.iter().take(MAX_HOSTS).map(Host::defanged).collect();
        let more = tie.hosts.len().saturating_sub(MAX_HOSTS);
        let tail = if more > 0 { lang.pick(format!(" 等 {} 个", tie.hosts.len()), format!(" and {more} more")) } else { String::new() };
        out.push(format!("  {}{} {}{tail}", why.join(" + "), lang.pick("：", ":"), hosts.join(" ")));
    }
    if cluster.ties.len() > MAX_TIES {
        let more = cluster.ties.len() - MAX_TIES;
        out.push(lang.pick(format!("  另有 {more} 条关联，见 --json"), format!("  {more} more ties, see --json")));
    }
    out
}

fn arrange(context: &Context, what: &ClusterMove, by: &str) -> Result<Exit, Failure> {
    let (lang, now) = (context.lang, context.net()?.now());
    let records = context.records()?;
    records.arrange(what, by, now).map_err(|e| match e {
        RecordsError::NoReason { .. } => Failure::usage("请用 --reason 写明理由".into(), e.to_string(), lang),
        other => context.records_failure(&other),
    })?;
    if context.json {
        return say::json(&json!({"schema": "arrange/1", "done": what, "by": by, "at": now})).map(|()| Exit::Done);
    }
    say::line(lang.pick("已记入日志；可用 --undo 撤销", "journalled; --undo takes it back"))?;
    Ok(Exit::Done)
}

/// Everything about one lead besides the page: facts, jurisdiction, cluster.
pub(super) struct Whose {
    pub(super) attribution: Option<Attribution>,
    pub(super) suggestion: Suggestion,
    pub(super) cluster: Option<Cluster>,
}

/// Looks it up.
pub(super) fn whose(context: &Context, records: &Records, lead: &Lead) -> Result<Whose, Failure> {
    let fail = |e| context.records_failure(&e);
    let host = &lead.candidate.host;
    let attribution = records.attribution(host).map_err(fail)?;
    let cluster = records.with_graph(|g| g.cluster_of(host)).map_err(fail)?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    let suggestion = known::suggestion(lead, attribution.as_ref(), &context.home(&book)?);
    Ok(Whose { attribution, suggestion, cluster })
}

impl Whose {
    /// As JSON, beside the lead.
    pub(super) fn json(&self, lang: Lang) -> Value {
        json!({
            "attribution": self.attribution,
            "facts": self.attribution.iter().flat_map(Attribution::facts).map(|f| json!({
                "label": f.label.get(lang), "value": f.value.get(lang), "source": f.source, "at": f.at})).collect::<Vec<_>>(),
            "providers": self.attribution.as_ref().map(Attribution::providers).unwrap_or_default(),
            "jurisdiction": self.suggestion,
            "cluster": self.cluster,
        })
    }
    /// For a person.
    pub(super) fn lines(&self, lang: Lang) -> Vec<String> {
        let colon = lang.pick("：", ": ");
        let mut out = vec![lang.pick("—— 归属 ——", "-- attribution --").to_owned()];
        match &self.attribution {
            None => out.push(lang.pick("归属：未知（尚未查询）", "attribution: unknown (not looked up yet)").to_owned()),
            Some(a) => {
                for f in a.facts() {
                    let source = if f.source.is_empty() {
                        String::new()
                    } else {
                        lang.pick(format!("来源 {}，", f.source), format!("source {}, ", f.source))
                    };
                    out.push(format!("{}{colon}{}　[{source}{}]", f.label.get(lang), f.value.get(lang), f.at.beijing()));
                }
                let all = a.providers();
                if !all.is_empty() {
                    out.push(
                        lang.pick("—— 技术服务方（须人工确认） ——", "-- service providers (to be confirmed by a person) --").to_owned(),
                    );
                }
                out.extend(all.iter().map(|p| provider_line(p, lang)));
            }
        }
        out.push(lang.pick("—— 管辖建议 ——", "-- jurisdiction, a suggestion --").to_owned());
        let s = &self.suggestion;
        out.push(format!("{}{colon}{}", lang.pick("建议", "to"), s.to.get(lang)));
        out.push(format!("{}{colon}{}", lang.pick("理由", "because"), s.why.get(lang)));
        for place in &s.places {
            let of = match place.of.as_str() {
                "server" => lang.pick("服务器所在地", "server"),
                "filing" => lang.pick("注册或备案地", "registrant or filing"),
                _ => lang.pick("受害地", "victim"),
            };
            let source = if place.source.is_empty() { String::new() } else { format!("　[{}]", place.source) };
            out.push(format!("{of}{colon}{}{source}", place.told.get(lang)));
        }
        if let Some(cluster) = &self.cluster {
            out.push(lang.pick("—— 集群 ——", "-- cluster --").to_owned());
            out.extend(cluster_lines(cluster, lang));
        }
        out
    }
}

fn provider_line(p: &Provider, lang: Lang) -> String {
    let unknown = |t: &str| if t.is_empty() { lang.pick("未知", "unknown").to_owned() } else { t.to_owned() };
    let role = lang.pick(p.role_zh(), p.role.as_str());
    let (place, abuse) = (unknown(&p.place), unknown(&p.abuse));
    lang.pick(
        format!("{role}：{}；地点 {place}；投诉联系 {abuse}　[来源 {}，{}]", p.name, p.source, p.at.beijing()),
        format!("{role}: {}; place {place}; abuse contact {abuse} [source {}, {}]", p.name, p.source, p.at.beijing()),
    )
}

/// The providers of all leads opened in a month (of all leads without one): each with how many leads and which.
fn providers(context: &Context, month: Option<&str>) -> Result<Exit, Failure> {
    let records = context.records()?;
    let fail = |e| context.records_failure(&e);
    let leads = records.leads(&Filter::default()).map_err(fail)?;
    let mut all: BTreeMap<(String, String), (Provider, Vec<Host>)> = BTreeMap::new();
    for lead in leads.iter().filter(|l| month.is_none_or(|m| l.opened_at.beijing_month() == m)) {
        let host = &lead.candidate.host;
        for p in records.attribution(host).map_err(fail)?.iter().flat_map(Attribution::providers) {
            let row = all.entry((p.role.clone(), p.name.clone())).or_insert_with(|| (p.clone(), Vec::new()));
            if row.0.abuse.is_empty() {
                row.0.abuse = p.abuse;
            }
            row.1.push(host.clone());
        }
    }
    let mut rows: Vec<(Provider, Vec<Host>)> = all.into_values().collect();
    rows.sort_by(|a, b| b.1.len().cmp(&a.1.len()).then_with(|| a.0.cmp(&b.0)));
    for (p, hosts) in &rows {
        if context.json {
            say::json(
                &json!({"schema": "provider/1", "month": month, "provider": p, "leads": hosts.len(), "hosts": hosts, "confirmed": false}),
            )?;
        } else {
            let n = hosts.len();
            say::line(&format!("{}{}", lang_count(n, context.lang), provider_line(p, context.lang)))?;
        }
    }
    if rows.is_empty() && !context.json {
        say::note(context.lang.pick("没有可列的技术服务方", "no service providers to list"));
    }
    Ok(Exit::Done)
}

fn lang_count(n: usize, lang: Lang) -> String {
    lang.pick(format!("{n} 条线索　"), format!("{n} leads  "))
}

fn passive_dns(context: &Context, file: &Path) -> Result<Exit, Failure> {
    let lang = context.lang;
    let trouble = |why: String| {
        Failure::failed(format!("{}：无法读取（{why}）", file.display()), format!("{}: cannot read ({why})", file.display()), lang)
    };
    let size = std::fs::metadata(file).map_err(|e| trouble(e.to_string()))?.len();
    if size > MAX_FILE {
        return Err(trouble(format!("larger than {MAX_FILE} bytes; split it")));
    }
    let text = std::fs::read_to_string(file).map_err(|e| trouble(e.to_string()))?;
    let (seen, bad) = pdns::read(&text);
    for (line, why) in bad.iter().take(10) {
        say::note(&format!("{}:{line}: {why}", file.display()));
    }
    let addresses: Vec<(Host, String)> =
        seen.iter().filter(|s| matches!(s.rrtype.as_str(), "A" | "AAAA")).map(|s| (s.host.clone(), s.data.clone())).collect();
    let new = context.records()?.keep_passive_dns(&addresses).map_err(|e| context.records_failure(&e))?;
    let (records, bad) = (seen.len(), bad.len());
    say::line(&lang.pick(
        format!("读入 {records} 条记录，新地址 {new} 个，无法识别 {bad} 行"),
        format!("{records} records, {new} new addresses, {bad} lines that are none"),
    ))?;
    Ok(if bad > 0 { Exit::Partly } else { Exit::Done })
}
