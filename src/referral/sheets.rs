//! The sheets behind the lead list: clusters, package hashes, service providers, and what every column of every sheet means.

use crate::model::lang::Lang;
use crate::model::lead::{Lead, LeadId};
use crate::referral::cell::{Cell, defang};
use crate::referral::codes;
use crate::referral::columns::{COLUMNS, rule};
use crate::referral::facts::Cluster;
use crate::referral::outgoing::{Outgoing, not_looked};
use crate::referral::providers;
use std::collections::HashMap;

/// Lead numbers that stand in one cell; of more, the number is told. A cell of thousands could be neither printed nor read.
const MAX_LEADS_A_CELL: usize = 20;

/// A column of a sheet: heading, code, width in characters, rule; both languages.
type Plain = (&'static str, &'static str, &'static str, u8, &'static str, &'static str);

/// Columns of the sheet of clusters.
pub(super) const CLUSTERS: &[Plain] = &[
    ("集群编号", "Cluster", "cluster", 14, "由集群内字母序第一个主机名算出", "made from its first host in alphabetical order"),
    ("类型", "Kind", "kind", 15, "operator 同一运营者、kit 同一套程序、by_hand 人工合并", "operator, kit (the same program), by_hand"),
    ("网站数", "Sites", "sites", 8, "集群内全部线索网站，包括未列入本表的", "all its sites, also those not in this file"),
    ("已复审", "Approved", "approved", 8, "其中两人复审通过的", "those of them approved by two persons"),
    ("线索编号", "Lead", "lead_id", 16, "本表所列线索，每行一条", "leads of this file, one a row"),
    ("域名", "Host", "host", 30, "可读形式，防误点写法", "readable form, defanged"),
    (
        "本网站的关联依据",
        "What ties it",
        "ties",
        44,
        "与同集群网站相同之处；为提示，须核对",
        "what it shares with the others; a hint, to be checked",
    ),
];

/// Columns of the sheet of hashes.
pub(super) const HASHES: &[Plain] = &[
    ("线索编号", "Lead", "lead_id", 14, "证据包所属线索", "whose package it is"),
    ("证据包编号", "Package", "package", 20, "由访问时间和内容算出", "made from time of visit and content"),
    ("路径", "Path", "path", 22, "证据目录下的路径", "below the evidence folder"),
    (
        "清单SHA256",
        "Manifest SHA-256",
        "sha256",
        26,
        "manifest.json 的 SHA-256，清单列有包内全部文件的校验值",
        "of manifest.json, which lists all files",
    ),
    ("清单SM3", "Manifest SM3", "sm3", 26, "manifest.json 的 SM3", "of manifest.json"),
    ("固定时间", "Captured at", "captured_at", 16, "访问开始时间，ISO 8601，北京时间", "start of the visit; ISO 8601, Beijing time"),
    ("访问结果", "Outcome", "outcome", 10, "captured 为取得网页", "captured: a page came"),
];

/// Columns of the sheet of service providers.
pub(super) const PROVIDERS: &[Plain] = &[
    (
        "服务类型",
        "Service",
        "service",
        14,
        "01域名注册商 02DNS托管 03CDN/防护 04接入/托管 05证书签发 06别名指向",
        "01 registrar 02 DNS 03 CDN or WAF 04 hosting 05 certificate issuer 06 alias",
    ),
    (
        "服务商（待人工确认）",
        "Provider (to be confirmed)",
        "provider",
        26,
        "按来源所写；仅为可查询、可告知的单位，不表示其违法",
        "as the source has it; a party to ask, no accusation",
    ),
    ("地点", "Place", "place", 12, "国别；空为来源未写", "country; empty: the source does not say"),
    ("投诉联系", "Abuse contact", "abuse", 24, "来源所载；空为来源未写", "as the source has it; empty: it does not say"),
    ("依据", "Known from", "known_from", 26, "来源和查询日期", "source and day"),
    ("线索数", "Leads", "leads", 8, "本表中使用该服务的线索", "leads of this file that use it"),
    ("线索编号", "Lead ids", "lead_ids", 22, "至多列20条，其余按线索台账各列筛选", "20 at most; filter the list for the rest"),
];

/// Heading and width of each column.
pub(super) fn headings(columns: &[Plain], lang: Lang) -> Vec<(String, u8)> {
    columns.iter().map(|c| (lang.pick(c.0, c.1).to_owned(), c.3)).collect()
}

fn not_looked_row(lang: Lang, columns: usize) -> Vec<Cell> {
    let mut cells = vec![Cell::text(not_looked(lang))];
    cells.resize(columns, Cell::Empty);
    cells
}

/// One row a lead of each cluster; one line says so where nobody looked, or nothing ties the leads.
pub(super) fn clusters(out: &Outgoing<'_>) -> Vec<Vec<Cell>> {
    let lang = out.list.lang;
    if out.clusters.is_empty() {
        let looked = out.facts.values().any(|f| f.cluster.is_some());
        let mut row = not_looked_row(lang, CLUSTERS.len());
        if looked {
            row[0] = Cell::text(lang.pick("无", "none"));
        }
        return vec![row];
    }
    let leads: HashMap<&LeadId, &Lead> = out.list.leads.iter().map(|l| (&l.id, l)).collect();
    out.clusters.iter().flat_map(|c| cluster(c, &leads, out)).collect()
}

fn cluster(cluster: &Cluster, leads: &HashMap<&LeadId, &Lead>, out: &Outgoing<'_>) -> Vec<Vec<Cell>> {
    let mut ties: HashMap<&LeadId, Vec<String>> = HashMap::new();
    for tie in &cluster.ties {
        let why = defang(&out.audience.shows(tie.why.get(out.list.lang)));
        let told = out.list.lang.pick(format!("{why}（{}个网站）", tie.sites), format!("{why} ({} sites)", tie.sites));
        tie.leads.iter().for_each(|l| ties.entry(l).or_default().push(told.clone()));
    }
    let row = |id: &LeadId| {
        let host = leads.get(id).map(|l| codes::host(l)).unwrap_or_default();
        vec![
            Cell::text(&cluster.id),
            Cell::text(codes::cluster_kind(&cluster.kind, out.list.lang)),
            Cell::Number(cluster.sites as f64),
            Cell::Number(cluster.approved as f64),
            Cell::text(&id.0),
            Cell::text(host),
            Cell::text(ties.get(id).map(|t| t.join("；")).unwrap_or_default()),
        ]
    };
    cluster.leads.iter().map(row).collect()
}

/// One row a provider.
pub(super) fn providers(out: &Outgoing<'_>) -> Vec<Vec<Cell>> {
    let lang = out.list.lang;
    let found = providers::of(out);
    if found.is_empty() {
        return vec![not_looked_row(lang, PROVIDERS.len())];
    }
    let row = |p: providers::Provider<'_>| {
        let shown: Vec<&str> = p.leads.iter().take(MAX_LEADS_A_CELL).map(|l| l.0.as_str()).collect();
        let n = p.leads.len();
        let more = if n > MAX_LEADS_A_CELL { lang.pick(format!("；等共{n}条"), format!("; {n} in all")) } else { String::new() };
        vec![
            Cell::text(p.service),
            Cell::text(p.name),
            Cell::text(p.place),
            Cell::text(p.abuse),
            Cell::text(p.known_from),
            Cell::Number(n as f64),
            Cell::text(shown.join("；") + &more),
        ]
    };
    found.into_iter().map(row).collect()
}

/// All packages of all leads. The manifest's hashes stand for all its files: it lists theirs.
pub(super) fn hashes<'a>(out: &'a Outgoing<'_>) -> impl Iterator<Item = Vec<Cell>> + 'a {
    out.list.leads.iter().flat_map(|lead| {
        lead.packages.iter().map(|p| {
            let cells =
                [&lead.id.0, &p.id, &p.path, &p.manifest_sha256.hex(), &p.manifest_sm3.hex(), &p.captured_at.beijing_iso(), &p.outcome];
            cells.into_iter().map(Cell::text).collect()
        })
    })
}

/// Headings of the dictionary.
pub(super) fn dictionary_headings(lang: Lang) -> Vec<(String, u8)> {
    let names = lang.pick(["表", "列名", "代码", "说明"], ["Sheet", "Column", "Code", "Rule"]);
    names.iter().map(|n| (*n).to_owned()).zip([12, 32, 18, 70]).collect()
}

/// What every column of every sheet means.
pub(super) fn dictionary(names: [&'static str; 4], lang: Lang) -> impl Iterator<Item = Vec<Cell>> {
    let [list, clusters, hashes, providers] = names;
    let of_list = COLUMNS.iter().map(move |c| [list, c.heading(lang), c.code, rule(c, lang)]);
    let others = [(clusters, CLUSTERS), (hashes, HASHES), (providers, PROVIDERS)];
    let of_others = others
        .into_iter()
        .flat_map(move |(sheet, columns)| columns.iter().map(move |c| [sheet, lang.pick(c.0, c.1), c.2, lang.pick(c.4, c.5)]));
    of_list.chain(of_others).map(|cells| cells.into_iter().map(Cell::text).collect())
}
