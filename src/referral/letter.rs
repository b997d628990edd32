//! The letter (案件线索移送函): fields from a dispatch, put into the shipped template or the unit's own. Suspicion in words of suspicion; every hint
//! of law says that it is one.

use crate::model::digest::Sha256;
use crate::model::lead::Lead;
use crate::referral::codes;
use crate::referral::dispatch::{Dispatch, ExhibitStamp};
use crate::referral::office::docx::{self, ACROSS, Cell, Look, paragraph};
use crate::referral::office::template::{self, Field, Fields, TemplateFaults};
use crate::referral::outgoing::Row;
use crate::referral::passages;
use crate::referral::words::{chinese, date};
use std::collections::BTreeSet;

/// The sealed package that a letter names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// Its SHA-256.
    pub sha256: Sha256,
    /// Its size in bytes.
    pub bytes: u64,
}

/// Fields that every letter needs.
const NEEDED: [&str; 9] = ["文号", "主送单位", "标题", "仿冒事实", "涉嫌条款提示", "表：证据清单", "移送包校验值", "发文单位", "落款日期"];

/// All fields with what they stand for, for whoever makes a template.
pub const FIELDS: [(&str, &str); 27] = [
    ("文号", "移送文号，如 渝应急函〔2026〕12号"),
    ("密级和紧急程度", "默认为空"),
    ("标题", "关于移送假冒……证书查询网站线索的函"),
    ("主送单位", "接收单位，后加冒号"),
    ("线索数量", "阿拉伯数字"),
    ("线索来源与发现经过", "一段"),
    ("表：网站基本情况", "表格，须独占一段"),
    ("仿冒事实", "每条线索一段"),
    ("违法用途证据", "每条线索一段"),
    ("同一集群情况", "一段"),
    ("涉嫌条款提示", "每条一段；提示，不是认定"),
    ("管辖建议", "一段"),
    ("已采取措施", "一段"),
    ("表：证据清单", "表格，须独占一段"),
    ("移送包文件名", "随函移送包的文件名"),
    ("移送包字节数", "如 12345字节"),
    ("移送包校验值", "移送包的 SHA-256"),
    ("核验命令", "一行命令，不需本程序"),
    ("局限说明", "证据不能证明的事"),
    ("附件", "附件说明，多行"),
    ("联系人", ""),
    ("联系电话", ""),
    ("经办人一", "未定时为下划线"),
    ("经办人二", "未定时为下划线"),
    ("发文单位", "署名"),
    ("落款日期", "如 2026年1月3日"),
    ("表：回执", "回执联，须独占一段"),
];

/// The shipped template as a DOCX that a unit may change and give back.
///
/// # Errors
/// Only where the zip writer fails.
pub fn template() -> Result<Vec<u8>, String> {
    let p = paragraph;
    let body = [
        p(Look::Flush, "{{密级和紧急程度}}"),
        p(Look::Signed, "{{文号}}"),
        p(Look::Title, "{{标题}}"),
        p(Look::Flush, "{{主送单位}}："),
        p(Look::Body, "现将我单位发现的疑似假冒国家机关证书查询网站线索{{线索数量}}条移送你单位，请依法审查处理。有关情况如下："),
        p(Look::Heading, "一、线索来源与发现经过"),
        p(Look::Body, "{{线索来源与发现经过}}"),
        p(Look::Heading, "二、网站基本情况"),
        p(Look::Body, "{{表：网站基本情况}}"),
        p(Look::Heading, "三、仿冒事实"),
        p(Look::Body, "{{仿冒事实}}"),
        p(Look::Heading, "四、违法用途证据"),
        p(Look::Body, "{{违法用途证据}}"),
        p(Look::Heading, "五、同一集群情况"),
        p(Look::Body, "{{同一集群情况}}"),
        p(Look::Heading, "六、涉嫌条款提示"),
        p(Look::Body, "{{涉嫌条款提示}}"),
        p(Look::Heading, "七、管辖建议与依据"),
        p(Look::Body, "{{管辖建议}}"),
        p(Look::Heading, "八、已采取措施"),
        p(Look::Body, "{{已采取措施}}"),
        p(Look::Heading, "九、证据清单"),
        p(Look::Body, "{{表：证据清单}}"),
        p(Look::Heading, "十、核验方法"),
        p(Look::Body, "随函移送包{{移送包文件名}}（{{移送包字节数}}），SHA-256校验值为："),
        p(Look::Flush, "{{移送包校验值}}"),
        p(
            Look::Body,
            "在任何装有coreutils和unzip的Linux计算机上，进入移送包所在目录，执行以下一行命令即可核验，不需安装制作软件；每项显示“通过”为未被改动：",
        ),
        p(Look::Note, "{{核验命令}}"),
        p(Look::Heading, "十一、局限说明"),
        p(Look::Body, "{{局限说明}}"),
        p(Look::Body, "附件：{{附件}}"),
        p(Look::Body, "联系人：{{联系人}}　　联系电话：{{联系电话}}"),
        p(Look::Body, "经办人（签名）：{{经办人一}}　　{{经办人二}}"),
        p(Look::Signed, "{{发文单位}}（盖章）"),
        p(Look::Signed, "{{落款日期}}"),
        p(Look::Flush, ""),
        p(Look::Flush, "{{表：回执}}"),
    ];
    docx::document("案件线索移送函", &body.concat(), false)
}

/// What is wrong with a template; empty faults never come back.
///
/// # Errors
/// [`TemplateFaults`]: unknown and missing fields by name, or a file that is no DOCX.
pub fn check_template(docx: &[u8]) -> Result<(), TemplateFaults> {
    let fields: Fields = FIELDS
        .iter()
        .map(|(name, _)| (*name, if name.starts_with("表：") { Field::Table(String::new()) } else { Field::Text(String::new()) }))
        .collect();
    template::fill(docx, &fields, &NEEDED).map(|_| ())
}

/// The letter. `sealed`: the package that it names; `None` for the copy that lies inside the package and cannot know its hash.
/// `own`: the unit's own template.
///
/// # Errors
/// [`TemplateFaults`].
pub fn letter(dispatch: &Dispatch, own: Option<&[u8]>, sealed: Option<Sealed>) -> Result<Vec<u8>, TemplateFaults> {
    let broken = |why| TemplateFaults { broken: Some(why), ..TemplateFaults::default() };
    let shipped = if own.is_none() { template().map_err(broken)? } else { Vec::new() };
    template::fill(own.unwrap_or(&shipped), &fields(dispatch, sealed), &NEEDED)
}

/// The command that checks a package on a machine without this program.
pub fn verify_command(package: &str, sha256: &Sha256) -> String {
    format!("echo \"{sha256}  {package}.zip\" | sha256sum -c - && unzip -p {package}.zip verify.sh | sh -s {package}.zip")
}

fn fields(dispatch: &Dispatch, sealed: Option<Sealed>) -> Fields {
    let out = dispatch.outgoing();
    let rows: Vec<Row<'_>> = out.rows().collect();
    let package = dispatch.package();
    let text = |t: String| Field::Text(t);
    let or_blank = |t: &str| if t.is_empty() { "　　　　　".to_owned() } else { t.to_owned() };
    let officer = |i: usize| dispatch.officers.get(i).filter(|o| !o.is_empty()).cloned().unwrap_or_else(|| "＿＿＿＿＿＿".into());
    let inside = "（本副本装于移送包内，校验值印于签章的移送函正本）";
    let hash = sealed.map_or_else(|| inside.to_owned(), |s| s.sha256.hex());
    let command = sealed.map_or_else(|| inside.to_owned(), |s| verify_command(&package, &s.sha256));
    let bytes = sealed.map_or_else(|| "字节数见正本".to_owned(), |s| format!("{}字节", s.bytes));
    [
        ("文号", text(dispatch.printed_number())),
        ("密级和紧急程度", text(dispatch.marking.clone())),
        ("标题", text(title(&rows))),
        ("主送单位", text(dispatch.to.clone())),
        ("线索数量", text(dispatch.leads.len().to_string())),
        ("线索来源与发现经过", text(found(dispatch, &rows))),
        ("表：网站基本情况", Field::Table(basics(&rows))),
        ("仿冒事实", text(lines(&rows, facts))),
        ("违法用途证据", text(lines(&rows, uses))),
        ("同一集群情况", text(passages::clusters(&out))),
        ("涉嫌条款提示", text(passages::articles(&rows))),
        ("管辖建议", text(passages::jurisdiction(dispatch, &rows))),
        ("已采取措施", text(passages::measures(dispatch))),
        ("表：证据清单", Field::Table(exhibits(dispatch))),
        ("移送包文件名", text(format!("{package}.zip"))),
        ("移送包字节数", text(bytes)),
        ("移送包校验值", text(hash)),
        ("核验命令", text(command)),
        ("局限说明", text(passages::LIMITS.into())),
        (
            "附件",
            text(format!(
                "1.线索台账（{package}.zip内leads.xlsx）；2.证据包{}个（{package}.zip内evidence目录）；3.移送回执",
                dispatch.exhibits.len()
            )),
        ),
        ("联系人", text(or_blank(&dispatch.reporter.person))),
        ("联系电话", text(or_blank(&dispatch.reporter.phone))),
        ("经办人一", text(officer(0))),
        ("经办人二", text(officer(1))),
        ("发文单位", text(or_blank(&dispatch.reporter.organisation))),
        ("落款日期", text(date(dispatch.at))),
        ("表：回执", Field::Table(receipt(dispatch))),
    ]
    .into_iter()
    .collect()
}

/// Sites whose pages are imitated, in words.
fn targets<'a>(rows: &'a [Row<'_>]) -> BTreeSet<&'a str> {
    rows.iter().map(|r| r.out.sites.get(r.target()).map_or(r.target(), String::as_str)).collect()
}

fn title(rows: &[Row<'_>]) -> String {
    match targets(rows).len() {
        1 if rows.iter().all(|r| r.target() == "cx.mem.gov.cn") => "关于移送疑似假冒应急管理部门证书查询网站线索的函".into(),
        _ => "关于移送疑似假冒国家机关证书查询网站线索的函".into(),
    }
}

fn found(dispatch: &Dispatch, rows: &[Row<'_>]) -> String {
    if !dispatch.found.is_empty() {
        return dispatch.found.clone();
    }
    let first = rows.iter().map(|r| r.lead.candidate.first_seen).min().unwrap_or(dispatch.at);
    let last = rows.iter().flat_map(|r| r.lead.packages.iter().map(|p| p.captured_at)).max().unwrap_or(dispatch.at);
    let ways: BTreeSet<&str> = rows.iter().flat_map(|r| codes::sources(r.lead)).map(|code| &code[2..]).collect();
    format!(
        "我单位自{}起，通过{}发现疑似假冒{}的网站{}个，于{}前访问公开网页并固定证据，经初审、复审，由不同人员确认。",
        date(first),
        ways.into_iter().collect::<Vec<_>>().join("、"),
        targets(rows).into_iter().map(|t| format!("“{t}”")).collect::<Vec<_>>().join("、"),
        rows.len(),
        date(last),
    )
}

fn basics(rows: &[Row<'_>]) -> String {
    let head = ["序号", "线索编号", "网址", "网站标题", "仿冒类型", "IP及归属", "注册商"].map(Cell::head).to_vec();
    let mut table = vec![head];
    for (i, row) in rows.iter().enumerate() {
        let lead = row.lead;
        let ip = lead.resolution.iter().flat_map(|r| &r.addresses).map(|a| row.plain(&a.to_string())).collect::<Vec<_>>().join("、");
        let place = row.looked(row.facts.and_then(|f| f.server_place.clone())).shown();
        let registrar = row.looked(row.facts.and_then(|f| f.registrar.clone())).shown();
        table.push(vec![
            Cell::mid((i + 1).to_string()),
            Cell::of(&lead.id.0),
            Cell::of(short(&row.address(&lead.url).shown(), 160)),
            Cell::of(short(&row.plain(&lead.title), 60)),
            Cell::of(codes::imitation(lead)),
            Cell::of(format!("{ip}\n归属：{place}")),
            Cell::of(registrar),
        ]);
    }
    docx::table(ACROSS, &[7, 27, 33, 26, 17, 29, 13], 1, &table)
}

/// One paragraph a lead.
fn lines(rows: &[Row<'_>], say: fn(&Row<'_>) -> String) -> String {
    let one = |(i, row): (usize, &Row<'_>)| format!("（{}）{}", chinese(i + 1), say(row));
    rows.iter().enumerate().map(one).collect::<Vec<_>>().join("\n")
}

/// The host as people read it; where that is not what DNS knows, both.
fn named(lead: &Lead) -> String {
    let (shown, plain) = (codes::host(lead), lead.candidate.host.defanged());
    if shown == plain { shown } else { format!("{shown}（即{plain}）") }
}

fn facts(row: &Row<'_>) -> String {
    let lead = row.lead;
    let site = row.out.sites.get(row.target()).map_or_else(|| row.target().to_owned(), |n| format!("{n}（{}）", row.target()));
    let why = lead.assessment.findings.iter().filter(|f| f.points > 0).take(6).map(|f| {
        let text = row.plain(&f.why.zh);
        text.trim_end_matches(['。', '；']).to_owned()
    });
    let why = why.collect::<Vec<_>>().join("；");
    format!(
        "{}（线索编号{}）：疑似假冒{}。主要依据：{why}。三项得分中最高为{}分（满分100分，供复核参考）。",
        named(lead),
        lead.id,
        row.plain(&site),
        lead.assessment.scores.max(),
    )
}

fn uses(row: &Row<'_>) -> String {
    let spans = |wanted: fn(&str) -> bool| {
        let found = row.lead.assessment.findings.iter().filter(|f| f.points > 0 && wanted(&f.signal)).filter_map(|f| f.span.as_ref());
        let list: Vec<String> = found.map(|s| short(&row.plain(&s.raw), 60)).filter(|s| !s.is_empty()).take(4).collect();
        if list.is_empty() { "未见".to_owned() } else { list.iter().map(|s| format!("“{s}”")).collect::<Vec<_>>().join("、") }
    };
    let asks = spans(|s| s.starts_with("form_fields"));
    let contacts = spans(|s| s.contains("contact") || s.starts_with("qr"));
    let pitch = spans(|s| s.contains("seller") || s.contains("pitch") || s.contains("record") || s.contains("result"));
    let host = named(row.lead);
    format!("{host}：索取的信息{asks}；联系方式或二维码{contacts}；兜售话术或虚假查询结果{pitch}。所据位置见证据包score.json。")
}

fn exhibits(dispatch: &Dispatch) -> String {
    let head = ["序号", "名称", "类别、格式", "字节", "校验值（证据包清单manifest.json）"].map(Cell::head).to_vec();
    let mut table = vec![head];
    for (i, exhibit) in dispatch.exhibits.iter().enumerate() {
        let one = |s: &ExhibitStamp| {
            let file = s.file.rsplit('/').next().unwrap_or(&s.file);
            s.at.map_or_else(|| format!("{file}（所载时间无法读取）"), |at| format!("{}（{file}）", at.beijing()))
        };
        let stamps: Vec<String> = exhibit.stamps.iter().map(one).collect();
        let stamp = if stamps.is_empty() { "无".to_owned() } else { stamps.join("\n") };
        table.push(vec![
            Cell::mid((i + 1).to_string()),
            Cell::of(format!("{}\n线索{}\n{}", exhibit.id, exhibit.lead, exhibit.captured_at.beijing())),
            Cell::of(format!("电子数据（网页）\nWARC、文本、JSON共{}个文件", exhibit.files.len())),
            Cell::mid(exhibit.bytes.to_string()),
            Cell::of(format!("SHA-256：{}\nSM3：{}\n时间戳（北京时间）：{stamp}", exhibit.manifest_sha256, exhibit.manifest_sm3)),
        ]);
    }
    docx::table(ACROSS, &[7, 35, 25, 14, 69], 1, &table)
}

fn receipt(dispatch: &Dispatch) -> String {
    let wide = |text: String, bold| vec![Cell { text, across: 4, bold, centred: bold, down: None }];
    let row = |a: &str, b: &str| vec![Cell::head(a), Cell::of("\n\n"), Cell::head(b), Cell::of("")];
    let rows = [
        wide("移　送　回　执".into(), true),
        wide(
            format!(
                "{}：你单位{}移送的线索{}条及移送包{}.zip已收到。",
                dispatch.reporter.organisation,
                dispatch.printed_number(),
                dispatch.leads.len(),
                dispatch.package()
            ),
            false,
        ),
        row("签收单位（盖章）", "签收人"),
        row("签收时间", "受案（接收）编号"),
        row("移送包校验是否通过", "答复时限"),
    ];
    docx::table(ACROSS, &[38, 40, 38, 40], 0, &rows)
}

/// At most `most` characters, with a mark where something was cut.
fn short(text: &str, most: usize) -> String {
    let cut: String = text.chars().take(most).collect();
    if cut.len() < text.len() { format!("{cut}…") } else { cut }
}
