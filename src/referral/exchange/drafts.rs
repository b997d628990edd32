//! Drafts of reports for a person to read, change and send: abuse desks in Chinese and English, the fields of 12321 and 12377.
//! Addresses stand live here, as the desks ask for them; personal numbers are masked.

use crate::referral::ExportError;
use crate::referral::cell::clean;
use crate::referral::codes;
use crate::referral::outgoing::{Outgoing, Row};

fn blank<'a>(text: &'a str, what: &'a str) -> &'a str {
    if text.is_empty() { what } else { text }
}

fn reasons(row: &Row<'_>, zh: bool) -> String {
    let for_it = row.lead.assessment.findings.iter().filter(|f| f.points > 0).take(3);
    let lines = for_it.map(|f| format!("  - {}\n", clean(&row.out.audience.shows(if zh { &f.why.zh } else { &f.why.en }))));
    lines.collect()
}

fn proof(row: &Row<'_>) -> String {
    row.lead
        .packages
        .last()
        .map_or_else(String::new, |p| format!("{} / {} / SHA-256 {}", p.id, p.captured_at.beijing_iso(), p.manifest_sha256))
}

/// One draft in both languages to each of registrar, host and CDN, for every lead.
pub(super) fn abuse(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let mut text = String::from(
        "草稿：本程序不会发送，请人工核对、修改后自行发送。\nDRAFTS: never sent by this program; check and change them before you send.\n",
    );
    for row in out.rows() {
        for desk in desks(&row) {
            text.push_str(&in_chinese(&row, &desk));
            text.push_str(&in_english(&row, &desk));
        }
    }
    Ok(text.into_bytes())
}

/// A desk to write to.
struct Desk {
    zh: &'static str,
    en: &'static str,
    /// `None`: nobody looked.
    name: Option<String>,
    /// Where it takes complaints; empty: not known.
    abuse: String,
}

impl Desk {
    fn to(&self, not_looked: &str) -> String {
        let name = self.name.as_deref().unwrap_or(not_looked);
        if self.abuse.is_empty() { name.to_owned() } else { format!("{name} <{}>", self.abuse) }
    }
}

/// Registrar, host and CDN of a lead; those that are known not to be there are left out.
fn desks(row: &Row<'_>) -> Vec<Desk> {
    let facts = row.facts;
    let of = |role: &str, zh, en, plain: Option<&String>| -> Vec<Desk> {
        let found: Vec<Desk> = facts
            .iter()
            .flat_map(|f| &f.providers)
            .filter(|p| p.role == role)
            .map(|p| Desk { zh, en, name: Some(clean(&p.name)), abuse: clean(&p.abuse) })
            .collect();
        match (found.is_empty(), plain) {
            (false, _) => found,
            (true, Some(name)) if name.is_empty() => Vec::new(),
            (true, name) => vec![Desk { zh, en, name: name.map(|n| clean(n)), abuse: String::new() }],
        }
    };
    [
        of("registrar", "注册商", "registrar", facts.and_then(|f| f.registrar.as_ref())),
        of("hosting", "主机商", "hosting provider", facts.and_then(|f| f.hosting.as_ref())),
        of("cdn", "CDN 服务商", "CDN", facts.and_then(|f| f.cdn.as_ref())),
    ]
    .into_iter()
    .flatten()
    .collect()
}

fn in_chinese(row: &Row<'_>, desk: &Desk) -> String {
    let (out, lead) = (row.out, row.lead);
    format!(
        "\n==== {} {}（中文）\n收件人：{}\n主题：举报疑似假冒国家机关网站 {}\n\n您好：\n\n我单位发现下列网站疑似假冒“{}”，涉嫌误导公众、索取个人信息或者兜售假证，请依法依约核查处理。\n\n网址：{}\n域名：{}\nIP：{}\n首次发现：{}\n主要依据：\n{}证据：{}\n\n如需证据材料请回复本邮件。请勿将举报信息告知被举报人。\n\n{}\n联系人：{}　电话：{}　邮箱：{}\n",
        lead.id,
        desk.zh,
        desk.to("（未查，请填写）"),
        lead.candidate.host,
        clean(row.out.sites.get(row.target()).map_or(row.target(), String::as_str)),
        clean(&row.url()),
        lead.candidate.host,
        addresses(row),
        lead.candidate.first_seen.beijing_iso(),
        reasons(row, true),
        proof(row),
        blank(&out.reporter.organisation, "（单位）"),
        blank(&out.reporter.person, "（联系人）"),
        blank(&out.reporter.phone, "（电话）"),
        blank(&out.reporter.mail, "（邮箱）"),
    )
}

fn in_english(row: &Row<'_>, desk: &Desk) -> String {
    let (out, lead) = (row.out, row.lead);
    format!(
        "\n==== {} {} (English)\nTo: {}\nSubject: Abuse report: suspected impersonation of a government site, {}\n\nDear abuse team,\n\nthe site below is suspected of impersonating a Chinese government certificate query service ({}). It misleads the public and may collect personal data or sell forged certificates. Please review it under your policy and applicable law.\n\nURL: {}\nDomain: {}\nIP: {}\nFirst seen: {}\nMain reasons:\n{}Evidence: {}\n\nWe can send the evidence on request. Please do not pass this report on to your customer.\n\n{}\nContact: {}  {}  {}\n",
        lead.id,
        desk.en,
        desk.to("(not looked up: fill in)"),
        lead.candidate.host,
        row.target(),
        clean(&row.url()),
        lead.candidate.host,
        addresses(row),
        lead.candidate.first_seen.rfc3339_seconds(),
        reasons(row, false),
        proof(row),
        blank(&out.reporter.organisation, "(organisation)"),
        blank(&out.reporter.person, "(contact)"),
        blank(&out.reporter.phone, "(phone)"),
        blank(&out.reporter.mail, "(mail)"),
    )
}

fn addresses(row: &Row<'_>) -> String {
    row.lead.resolution.iter().flat_map(|r| &r.addresses).map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

/// How it was reached, which 12321 asks for.
fn reached(row: &Row<'_>) -> String {
    let words = row.lead.candidate.sightings.iter().find_map(|s| s.context.query.as_deref().map(|q| (s.source.as_str(), q)));
    words.map_or_else(
        || codes::sources(row.lead).join("；"),
        |(source, query)| format!("在 {source} 搜索“{}”", clean(&row.out.audience.shows(query))),
    )
}

/// The fields of a 12321 report.
pub(super) fn report_12321(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let one = |row: Row<'_>| {
        format!(
            "\n==== {}\n举报类型：不良网站\n网址：{}\n不良内容：疑似假冒“{}”，{}\n如何到达：{}\n发现时间：{}\n截图：见证据包 {}\n举报人单位：{}\n联系电话：{}\n",
            row.lead.id,
            clean(&row.url()),
            clean(out.sites.get(row.target()).map_or(row.target(), String::as_str)),
            codes::imitation(row.lead),
            reached(&row),
            row.lead.candidate.first_seen.beijing(),
            proof(&row),
            out.reporter.organisation,
            out.reporter.phone,
        )
    };
    Ok(("草稿：请人工核对后自行提交。\n".to_owned() + &out.rows().map(one).collect::<String>()).into_bytes())
}

/// The fields of a 12377 report.
pub(super) fn report_12377(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let one = |row: Row<'_>| {
        format!(
            "\n==== {}\n举报网站名称：{}\n举报网址：{}\n危害类型：仿冒诈骗\n举报内容：疑似假冒“{}”。主要依据：\n{}证明材料：{}\n举报人单位：{}\n联系电话：{}\n联系邮箱：{}\n",
            row.lead.id,
            clean(&out.audience.shows(&row.lead.title)),
            clean(&row.url()),
            clean(out.sites.get(row.target()).map_or(row.target(), String::as_str)),
            reasons(&row, true),
            proof(&row),
            out.reporter.organisation,
            out.reporter.phone,
            out.reporter.mail,
        )
    };
    Ok(("草稿：请人工核对后自行提交。\n".to_owned() + &out.rows().map(one).collect::<String>()).into_bytes())
}
