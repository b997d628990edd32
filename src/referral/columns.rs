//! The lead list as one table: heading in both languages, code, what fills it, and the rule that says so. CSV, XLSX and the dictionary all read it.
//! What nobody has looked up says so in words; what only a person can tell stands empty.

use crate::model::capture::CertificateFacts;
use crate::model::jurisdiction::Level;
use crate::model::lang::{Both, Lang};
use crate::model::lead::{Lead, Move, Step};
use crate::model::resolution::DnsRecord;
use crate::model::time::Timestamp;
use crate::referral::cell::{Cell, defang};
use crate::referral::codes;
use crate::referral::outgoing::Row;

/// One column of the lead list.
pub(super) struct Column {
    pub(super) zh: &'static str,
    pub(super) en: &'static str,
    pub(super) code: &'static str,
    /// Width in characters of the sheet.
    pub(super) width: u8,
    pub(super) fill: fn(&Row<'_>) -> Cell,
    pub(super) rule_zh: &'static str,
    pub(super) rule_en: &'static str,
}

impl Column {
    /// The heading of `lang`.
    pub(super) fn heading(&self, lang: Lang) -> &'static str {
        lang.pick(self.zh, self.en)
    }
}

macro_rules! columns {
    ($($zh:literal, $en:literal, $code:literal, $width:literal, $fill:expr, $rule_zh:literal, $rule_en:literal;)*) => {
        /// All columns, in their order.
        pub(super) const COLUMNS: &[Column] = &[$(Column {
            zh: $zh, en: $en, code: $code, width: $width, fill: $fill, rule_zh: $rule_zh, rule_en: $rule_en,
        }),*];
    };
}

columns! {
    "线索编号", "Lead", "lead_id", 16, |r| Cell::text(&r.lead.id.0), "由主机名与仿冒对象算出，重建后不变", "made from host and target; the same after a rebuild";
    "状态", "Status", "status", 12, |r| Cell::text(codes::status(r.lead, r.letter)), "01待审 02初审通过 03复审通过 04已移送 05已受理 06已立案 07不予立案 08误报；05至07由接收单位反馈后填写", "01 to review 02 confirmed 03 approved 04 referred 05 accepted 06 case opened 07 no case 08 dismissed; 05 to 07 follow the receiver's answer";
    "线索来源", "Source", "source", 16, |r| list(codes::sources(r.lead)), "01搜索结果 02新注册域名（含推演后确有解析的域名） 03证书透明 04举报12350 05举报110 06关联扩线 07上级交办 08人工核查 09其他举报；可有多个", "01 search result 02 new name (or a permutation that exists) 03 certificate log 04 report 12350 05 report 110 06 related site 07 assigned from above 08 checked by hand 09 other report; may be several";
    "发现时间", "First seen", "first_seen", 26, |r| Cell::text(r.lead.candidate.first_seen.beijing_iso()), "任一来源首次看到，ISO 8601，北京时间", "first time any source saw it; ISO 8601, Beijing time";
    "首次/末次抓取时间", "First / last capture", "captured", 27, |r| captured(r.lead), "首个与最近一个证据包的访问时间，ISO 8601，北京时间", "start of the first and the latest visit kept; ISO 8601, Beijing time";
    "网址", "Address", "url", 40, |r| r.address(&r.lead.url), "访问到达的网址；hxxp、[.] 为防误点写法，使用时还原", "where the visit ended; hxxp and [.] keep it from being clicked";
    "域名", "Host", "host", 30, |r| Cell::text(codes::host(r.lead)), "可读形式，防误点写法", "readable form, defanged";
    "主域名", "Registrable name", "registrable", 22, |r| Cell::maybe(r.lead.candidate.host.registrable().map(|r| r.replace('.', "[.]"))), "按公共后缀表；IP 地址为空", "by the public suffix list; empty for an IP";
    "Punycode", "Punycode", "punycode", 26, |r| Cell::text(r.lead.candidate.host.defanged()), "ASCII 形式，防误点写法", "ASCII form, defanged";
    "网站标题", "Title", "title", 36, |r| r.say(&r.lead.title), "抓取时的网页标题", "title of the page as captured";
    "仿冒对象", "Target", "target", 18, |r| Cell::text(target(r.lead)), "受保护网站编号", "id of the protected site";
    "仿冒类型", "Kind", "kind", 22, |r| Cell::text(codes::imitation(r.lead)), "01查询页克隆 02门户仿冒 03查询结果页(二维码落地) 04兜售广告 05技术服务；按最高得分类别，供复核", "01 query page copy 02 portal copy 03 result page (QR landing) 04 advertisement 05 technical service; by the highest score, to be reviewed";
    "相似度", "Score", "score", 8, |r| Cell::Number(f64::from(r.lead.assessment.scores.max())), "三项得分（仿冒查询、售假、镜像）中最高者，0至100", "highest of the three scores, 0 to 100";
    "判定要点(前三项)", "Main reasons (three)", "reasons", 60, reasons, "分值最高的三项依据；为提示，不是结论", "the three findings with most points; a hint, no conclusion";
    "评分规则版本", "Rules", "rules", 18, |r| Cell::text(&r.lead.assessment.rules), "全部规则文本 SHA-256 的前16位", "first 16 digits of the SHA-256 of all rule texts";
    "收集的信息(姓名/身份证号/证号)", "Data asked for", "collects", 26, collects, "查询表单索取的信息（依据 form_fields）", "what the form asks for (finding form_fields)";
    "虚假查询结果证据", "False result evidence", "false_result", 18, empty, "证据包编号，由人工填写", "package id, by hand";
    "二维码/联系方式(QQ/微信/电话)", "QR code / contacts", "contacts", 30, contacts, "依据中出现的联系方式原文", "contacts as they stand in the findings";
    "收款方式", "Payment", "payment", 14, empty, "由人工填写", "by hand";
    "IP", "IP", "ip", 20, |r| list(r.lead.resolution.iter().flat_map(|r| &r.addresses).map(ToString::to_string)), "抓取时的解析地址", "addresses at the time of capture";
    "端口", "Port", "port", 8, |r| port(r.lead), "网址所用端口", "port of the address";
    "ASN", "ASN", "asn", 10, |r| r.looked(r.facts.and_then(|f| f.asn.clone())), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "服务器归属地", "Server place", "server_place", 14, |r| r.looked(r.facts.and_then(|f| f.server_place.clone())), "区划码或国别；“未查”：尚无人查过；“无”：查过，没有", "division code or country; 未查: nobody looked; 无: looked, none";
    "CDN(是/否)", "CDN", "cdn", 10, |r| r.looked(r.facts.and_then(|f| f.cdn.clone()).map(|c| if c.is_empty() { "否".into() } else { format!("是：{c}") })), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "注册商", "Registrar", "registrar", 18, |r| r.looked(r.facts.and_then(|f| f.registrar.clone())), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "注册时间", "Registered", "registered", 26, |r| r.looked(r.facts.and_then(|f| f.registered).map(Timestamp::beijing_iso)), "ISO 8601，北京时间；“未查”：尚无人查过；“无”：查过，没有", "ISO 8601, Beijing time; 未查: nobody looked; 无: looked, none";
    "注册人/邮箱哈希", "Registrant / mail hash", "registrant", 18, |r| r.looked(r.facts.and_then(|f| f.registrant.clone())), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "ICP备案号", "ICP number", "icp", 20, |r| r.looked(r.facts.and_then(|f| f.icp.clone())), "网页所示且登记机关有记录的备案号；“未查”：尚无人查过；“无”：查过，没有", "number shown by the page as the register has it; 未查: nobody looked; 无: looked, none";
    "备案主体", "ICP holder", "icp_holder", 20, |r| r.looked(r.facts.and_then(|f| f.icp_holder.clone())), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "备案主体区划码", "ICP holder division", "icp_division", 14, |r| r.looked(r.facts.and_then(|f| f.icp_division.clone())), "“未查”：尚无人查过；“无”：查过，没有", "未查: nobody looked; 无: looked, none";
    "NS", "NS", "ns", 24, |r| records(r.lead, "NS"), "抓取时的 NS 记录", "NS records at the time of capture";
    "证书序列号", "Certificate serial", "cert_serial", 20, |r| certificate(r, |c| c.serial.clone()), "抓取网页的那次连接所用证书；http 网页为“无”", "certificate of the connection that carried the page; 无 for http";
    "证书SHA256", "Certificate SHA-256", "cert_sha256", 24, |r| certificate(r, |c| c.sha256.clone()), "同上", "as before";
    "证书签发时间", "Certificate issued", "cert_issued", 26, |r| certificate(r, |c| c.not_before.beijing_iso()), "同上；ISO 8601，北京时间", "as before; ISO 8601, Beijing time";
    "集群编号", "Cluster", "cluster", 12, |r| r.looked(r.facts.and_then(|f| f.cluster.clone())), "见“集群”表；“未查”：尚无人查过；“无”：查过，与其他线索无关联", "see the sheet of clusters; 未查: nobody looked; 无: looked, nothing ties it to another lead";
    "集群网站数", "Sites in cluster", "cluster_sites", 10, cluster_size, "集群内全部线索网站，包括未列入本表的；“未查”：尚无人查过；“无”：没有集群", "all sites of the cluster, also those not in this list; 未查: nobody looked; 无: no cluster";
    "是否≥3个(法释〔2019〕15号10(二))", "Three or more", "three_or_more", 16, three_or_more, "按集群内复审通过的网站数；仅供参考", "by the approved sites of the cluster; a hint only";
    "建议罪名线索", "Offence hint", "offence_hint", 22, |r| Cell::text(codes::hint(r.lead)), "01非法利用信息网络 02伪造变造买卖证件 03帮助信息网络犯罪 04诈骗；仅按页面类型提示，不是认定", "01 unlawful use of networks 02 forged documents 03 aiding 04 fraud; by kind of page only, no finding of law";
    "管辖建议", "Jurisdiction", "jurisdiction", 24, jurisdiction, "1区县 2市专班 3上报部领导小组；由服务器、注册或备案、受害三地推得，须人工确认", "1 district 2 city task force 3 ministry; from the places of server, filing and victim, to be confirmed by a person";
    "理由", "Reason", "jurisdiction_why", 24, jurisdiction_why, "管辖建议的理由；“未查”：尚无人查过", "why that suggestion; 未查: nobody looked";
    "快照编号", "Package", "package", 30, |r| Cell::maybe(r.lead.packages.last().map(|p| &p.id)), "最近一个证据包；全部见“校验值”表", "latest package; all of them on the hash sheet";
    "快照SHA256", "Package SHA-256", "package_sha256", 36, |r| Cell::maybe(r.lead.packages.last().map(|p| p.manifest_sha256.hex())), "证据包 manifest.json 的 SHA-256", "SHA-256 of manifest.json";
    "快照SM3", "Package SM3", "package_sm3", 36, |r| Cell::maybe(r.lead.packages.last().map(|p| p.manifest_sm3.hex())), "证据包 manifest.json 的 SM3", "SM3 of manifest.json";
    "时间戳时间", "Time stamp", "stamped", 26, stamped, "最近证据包的第三方时间戳（RFC 3161）所载时间，ISO 8601，北京时间；“未查”：尚无人查过；“无”：查过，没有", "time in the outside time-stamps (RFC 3161) of the latest package, ISO 8601, Beijing time; 未查: nobody looked; 无: looked, none";
    "初审人/时间", "Confirmed by / at", "confirmed", 34, |r| step(r.lead, |m| matches!(m, Move::Confirm)), "姓名与时间，ISO 8601，北京时间", "who and when; ISO 8601, Beijing time";
    "复审人/时间", "Approved by / at", "approved", 34, |r| step(r.lead, |m| matches!(m, Move::Approve)), "与初审人不同", "another person than the one before";
    "移送单位", "Referred to", "referred_to", 18, |r| Cell::maybe(r.letter.map(|l| &l.letter.to)), "接收移送的单位", "receiving unit";
    "移送文号", "Letter", "letter", 20, |r| Cell::maybe(last(r.lead, |m| matches!(m, Move::Refer { .. })).and_then(letter)), "移送时登记", "as entered at referral";
    "移送时间", "Referred at", "referred", 26, |r| Cell::maybe(last(r.lead, |m| matches!(m, Move::Refer { .. })).map(|s| s.at.beijing_iso())), "ISO 8601，北京时间", "ISO 8601, Beijing time";
    "接收回执号", "Receipt", "receipt", 16, |r| Cell::maybe(r.letter.and_then(|l| l.receipts.last()).map(|x| &x.number)), "接收单位所给编号", "number that the receiver gave";
    "反馈时限", "Answer due", "answer_due", 16, |r| Cell::maybe(r.letter.and_then(|l| l.receipts.last()).map(|x| &x.answer_by)), "接收单位约定的答复日期", "day until which an answer was promised";
    "反馈结果", "Answer", "answer", 30, feedback, "接收单位反馈，按先后", "what the receiver told, in order";
    "封堵状态", "Takedown", "takedown", 14, |r| Cell::text(codes::takedown(r.lead)), "0在线 1疑似下线 2确认下线 3重新上线 4跳转/换内容；空为移送后尚未复查", "0 up 1 perhaps down 2 down 3 up again 4 moved or changed; empty: not looked at since";
    "最近复查时间", "Last re-check", "rechecked", 26, |r| Cell::maybe(last(r.lead, |m| matches!(m, Move::Block | Move::StillUp | Move::MovedTo { .. })).map(|s| s.at.beijing_iso())), "ISO 8601，北京时间", "ISO 8601, Beijing time";
    "封堵确认时间", "Down since", "down", 26, |r| Cell::maybe(last(r.lead, |m| matches!(m, Move::Block)).map(|s| s.at.beijing_iso())), "ISO 8601，北京时间", "ISO 8601, Beijing time";
    "备注", "Remarks", "remarks", 30, |r| remarks(r), "误报、重开的理由，转移后的域名", "why dismissed or reopened, where it moved";
}

/// One row.
pub(super) fn row(row: &Row<'_>) -> Vec<Cell> {
    COLUMNS.iter().map(|c| (c.fill)(row)).collect()
}

/// The rule of a column in `lang`.
pub(super) fn rule(column: &Column, lang: Lang) -> &'static str {
    lang.pick(column.rule_zh, column.rule_en)
}

fn empty(_: &Row<'_>) -> Cell {
    Cell::Empty
}

fn certificate(row: &Row<'_>, part: fn(&CertificateFacts) -> String) -> Cell {
    let none = row.facts.is_some_and(|f| f.plain_http).then(String::new);
    row.looked(row.facts.and_then(|f| f.certificate.as_ref()).map(part).or(none))
}

/// Is it known that nothing ties the lead to another?
fn is_alone(row: &Row<'_>) -> bool {
    row.facts.and_then(|f| f.cluster.as_ref()).is_some_and(String::is_empty)
}

fn cluster_size(row: &Row<'_>) -> Cell {
    match row.cluster {
        Some(cluster) => Cell::Number(cluster.sites as f64),
        None => row.looked(is_alone(row).then(String::new)),
    }
}

fn three_or_more(row: &Row<'_>) -> Cell {
    let lang = row.out.list.lang;
    let told = row.cluster.map(|c| match (c.approved, c.sites) {
        (3.., _) => lang.pick("是".to_owned(), "yes".to_owned()),
        (n, 3..) => lang.pick(format!("否（已复审{n}个，其余待审）"), format!("no ({n} approved, the rest to be reviewed)")),
        _ => lang.pick("否".to_owned(), "no".to_owned()),
    });
    row.looked(told.or_else(|| is_alone(row).then(|| lang.pick("否", "no").to_owned())))
}

fn jurisdiction(row: &Row<'_>) -> Cell {
    let Some(suggested) = row.facts.and_then(|f| f.jurisdiction.as_ref()) else { return row.looked(None) };
    let code = match suggested.level {
        Level::District => "1",
        Level::City => "2",
        Level::Ministry => "3",
    };
    row.say(&format!("{code} {}", suggested.to.get(row.out.list.lang)))
}

fn jurisdiction_why(row: &Row<'_>) -> Cell {
    row.looked(row.facts.and_then(|f| f.jurisdiction.as_ref()).map(|s| s.why.get(row.out.list.lang).to_owned()))
}

fn stamped(row: &Row<'_>) -> Cell {
    let stamps = row.facts.and_then(|f| f.stamps.as_ref());
    // Both hashes of one package are stamped within a second or two: the same time is told once.
    row.looked(stamps.map(|s| {
        let mut times: Vec<String> = s.iter().filter_map(|s| s.at).map(Timestamp::beijing_iso).collect();
        times.sort();
        times.dedup();
        times.join("；")
    }))
}

fn feedback(row: &Row<'_>) -> Cell {
    let all = row.letter.iter().flat_map(|l| &l.feedback).filter(|f| codes::concerns(f, &row.lead.id));
    list(all.map(|f| {
        let note = if f.note.is_empty() { String::new() } else { format!("（{}）", row.out.audience.shows(&f.note)) };
        format!("{} {}{}{note}", &f.on.beijing()[..10], f.told.zh(), f.count)
    }))
}

fn list<T: AsRef<str>>(items: impl IntoIterator<Item = T>) -> Cell {
    Cell::text(items.into_iter().map(|i| i.as_ref().to_owned()).collect::<Vec<_>>().join("；"))
}

fn target(lead: &Lead) -> &str {
    if lead.assessment.site.is_empty() { &lead.candidate.site } else { &lead.assessment.site }
}

fn captured(lead: &Lead) -> Cell {
    let times = lead.packages.iter().map(|p| p.captured_at);
    match (times.clone().min(), times.max()) {
        (Some(first), Some(last)) => Cell::text(format!("{} / {}", first.beijing_iso(), last.beijing_iso())),
        _ => Cell::Empty,
    }
}

fn reasons(row: &Row<'_>) -> Cell {
    let for_it = row.lead.assessment.findings.iter().filter(|f| f.points > 0).take(3).enumerate();
    list(for_it.map(|(i, f): (usize, _)| {
        let why: &Both = &f.why;
        format!("{}. {}（+{}）", i + 1, row.plain(why.get(row.out.list.lang)), f.points)
    }))
}

fn collects(row: &Row<'_>) -> Cell {
    list(spans(row, |signal| signal.starts_with("form_fields")))
}

fn contacts(row: &Row<'_>) -> Cell {
    list(spans(row, |signal| signal.contains("contact") || signal.starts_with("qr")))
}

fn spans(row: &Row<'_>, wanted: fn(&str) -> bool) -> Vec<String> {
    let found = row.lead.assessment.findings.iter().filter(|f| wanted(&f.signal));
    found.filter_map(|f| f.span.as_ref()).map(|s| row.plain(&s.raw)).filter(|s| !s.is_empty()).take(5).collect()
}

fn port(lead: &Lead) -> Cell {
    Cell::maybe(url::Url::parse(&lead.url).ok().and_then(|u| u.port_or_known_default()).map(|p| p.to_string()))
}

fn records(lead: &Lead, rrtype: &str) -> Cell {
    let all = lead.resolution.iter().flat_map(|r| &r.answers).flat_map(|a| &a.records);
    list(all.filter(|r: &&DnsRecord| r.rrtype == rrtype).map(|r| defang(r.data.trim_end_matches('.'))))
}

fn last(lead: &Lead, wanted: fn(&Move) -> bool) -> Option<&Step> {
    lead.standing().into_iter().rev().find(|s| wanted(&s.what))
}

fn step(lead: &Lead, wanted: fn(&Move) -> bool) -> Cell {
    Cell::maybe(last(lead, wanted).map(|s| format!("{} {}", s.by, s.at.beijing_iso())))
}

fn letter(step: &Step) -> Option<&str> {
    if let Move::Refer { letter } = &step.what { Some(letter) } else { None }
}

fn remarks(row: &Row<'_>) -> Cell {
    list(row.lead.standing().into_iter().filter_map(|s| match &s.what {
        Move::Dismiss { reason } | Move::Reopen { reason } => Some(row.plain(reason)),
        Move::MovedTo { host } => Some(defang(host)),
        _ => None,
    }))
}
