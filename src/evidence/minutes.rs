//! 网络在线提取笔录: the draft of an attended capture. Fills in what the program knows and leaves blank where a person must say or sign.

use crate::evidence::contents::File;
use crate::evidence::docx::{self, Block};
use crate::evidence::{Attended, Occasion, Settings};
use crate::model::capture::Capture;
use crate::model::digest::{Sha256, Sm3};
use crate::model::dossier::Dossier;
use crate::model::time::Timestamp;

/// A line for handwriting.
const BLANK: &str = "＿＿＿＿＿＿＿＿＿＿";
/// The same where several stand in one line.
const SHORT: &str = "＿＿＿＿＿＿";

/// The draft.
pub(super) fn write(
    files: &[File],
    dossier: &Dossier,
    main: &Capture,
    settings: &Settings,
    attended: &Attended,
    occasion: &Occasion,
) -> Result<Vec<u8>, String> {
    let text = |name: &str, value: &str| Block::Text(format!("{name}：{}", if value.trim().is_empty() { BLANK } else { value }));
    let begun = attended.steps.first().map_or(main.started_at, |s| s.at.min(main.started_at));
    let visited = dossier.captures.iter().map(|c| c.ended_at).max().unwrap_or(main.ended_at);
    let ended = attended.steps.last().map_or(visited, |s| s.at.max(visited));
    let mut blocks = vec![
        Block::Title("网络在线提取笔录（草稿）".into()),
        Block::Text("本稿由程序按记录填写，空白处由办案人员填写；未经核对、签名，不是法律文书。".into()),
        Block::Heading("一、基本情况".into()),
        text("案由", &attended.reason),
        text("提取对象", &format!("网站 {}", dossier.candidate.host)),
        text("提取内容", &format!("该网站公开网页的内容、附属信息与系统环境，共 {} 个文件，见第五部分", files.len())),
        text("来源网络地址", &main.requested_url),
        text("存储路径", "远程服务器上的路径不可见；以网络地址为准"),
        text("进入步骤", &steps(main)),
        text("开始时间", &format!("{}（北京时间）", begun.beijing())),
        text("结束时间", &format!("{}（北京时间）", ended.beijing())),
        text("提取地点", &attended.place),
        text("单位", &settings.organisation),
    ];
    for (i, officer) in attended.officers.iter().enumerate() {
        blocks.push(Block::Text(format!("办案人员{}：{officer}　警号（执法证号）：{SHORT}　单位：{SHORT}", i + 1)));
    }
    let witness = if attended.witness.trim().is_empty() { BLANK } else { attended.witness.trim() };
    blocks.extend([
        Block::Text(format!("见证人：{witness}　（没有的，注明原因：{SHORT}）")),
        Block::Text(format!("提取阶段：□ 调查核实　□ 立案后　　案件编号：{BLANK}")),
        Block::Heading("二、提取依据与原因".into()),
        Block::Text("对公开发布的电子数据进行网络在线提取；未登录、未提交任何表单、未绕过任何访问限制。".into()),
        Block::Text("不能扣押原始存储介质的原因：数据在远程服务器上，由他人控制，且随时可能变化。".into()),
        Block::Heading("三、方法与工具".into()),
        text(
            "工具",
            &format!(
                "{} {}，程序文件 SHA-256 {}",
                env!("CARGO_PKG_NAME"),
                env!("CARGO_PKG_VERSION"),
                crate::evidence::surroundings::program().map_or_else(String::new, |h| h.hex())
            ),
        ),
        text("方法所依据的技术标准", ""),
        text("访问方式", &variants(dossier)),
        text("浏览器", &browsers(dossier)),
        text("本机出口地址（如经代理，写明代理）", ""),
        text("域名解析", &resolved(dossier)),
        text("环境", "每次访问前无缓存、无登录状态；清洁性检查见 env/cleanliness.json"),
        Block::Heading("四、过程".into()),
    ]);
    let mut told: Vec<(Timestamp, String)> = attended.steps.iter().map(|s| (s.at, s.what.clone())).collect();
    told.extend(dossier.captures.iter().map(|c| {
        let how = if c.browser.is_some() { "浏览器" } else { "普通方式" };
        (c.started_at, format!("以“{}”身份用{how}访问 {}：{}", c.variant, c.requested_url, c.outcome.why_zh()))
    }));
    told.sort_by_key(|(at, _)| *at);
    blocks.extend(told.into_iter().map(|(at, what)| Block::Text(format!("{}　{what}", at.beijing()))));
    let video = occasion.attachments.iter().find(|a| a.media_type.starts_with("video/"));
    blocks.extend([
        match video {
            Some(a) => text("同步录像", &format!("{}，SHA-256 {}", a.path, Sha256::of(&a.bytes))),
            None => Block::Text(format!("同步录像：本次程序未录像。另有录像的，文件名与校验值：{BLANK}")),
        },
        Block::Heading("五、提取的电子数据".into()),
    ]);
    let mut rows = vec![vec!["名称".to_owned(), "类别".into(), "格式".into(), "字节数".into(), "SHA-256 与 SM3".into()]];
    rows.extend(files.iter().map(|f| {
        let sums = format!("{} {}", Sha256::of(&f.bytes), Sm3::of(&f.bytes));
        vec![f.path.clone(), f.role.to_owned(), f.media_type.to_owned(), f.bytes.len().to_string(), sums]
    }));
    blocks.push(Block::Table(vec![2_000, 1_100, 1_300, 830, 3_500], rows));
    blocks.extend([Block::Heading("六、增加、删减与改动说明".into())]);
    blocks.extend(changes(dossier).into_iter().map(Block::Text));
    blocks.extend([
        text("备份", "另行复制一份封存；备份介质与校验值"),
        Block::Text(format!("　　备份介质编号：{BLANK}　　备份校验值：{BLANK}")),
        Block::Text("文字内容：网页可见文字已转为 view/text.txt；图片中的文字与暗语由办案人员在此说明：".into()),
        Block::Text(BLANK.repeat(3)),
        Block::Heading("七、校验值和时间戳不能证明的事".into()),
        Block::Text("校验值只说明文件自清单写成以来没有变化；时间戳只说明清单在盖章时已经存在。二者都不能证明内容确由该网站发出（TLS 不具备抗抵赖性），也不能证明网站由谁经营。".into()),
        Block::Heading("八、签名".into()),
        Block::Text(format!("办案人员（签名）：{SHORT}　{SHORT}　日期：{SHORT}")),
        Block::Text(format!("电子数据持有人（提供人）：无法签名，原因：对方不在场　确认：{SHORT}")),
        Block::Text(format!("见证人（签名）：{BLANK}　　日期：{BLANK}")),
    ]);
    docx::write(&blocks)
}

fn steps(main: &Capture) -> String {
    let urls: Vec<&str> = main.hops.iter().map(|h| h.url.as_str()).collect();
    format!("在浏览器地址栏输入网址{}", if urls.len() > 1 { format!("，依次跳转：{}", urls.join(" → ")) } else { "，无跳转".into() })
}

fn variants(dossier: &Dossier) -> String {
    let mut names: Vec<&str> = dossier.captures.iter().map(|c| c.variant.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    format!("直接访问；先后以下列访问者身份（User-Agent 与来源页不同，见 log 与 WARC 中的请求头）：{}", names.join("、"))
}

/// The browsers that came, as they name themselves. Empty: none did.
fn browsers(dossier: &Dossier) -> String {
    let mut names: Vec<&str> = dossier.captures.iter().filter_map(|c| c.browser.as_ref()).map(|b| b.product.as_str()).collect();
    names.sort_unstable();
    names.dedup();
    names.join("、")
}

/// What the program kept from happening, left out or cut: each a line. The law asks that additions, deletions and changes be explained.
fn changes(dossier: &Dossier) -> Vec<String> {
    let mut lines = Vec::new();
    for capture in &dossier.captures {
        let who = &capture.variant;
        let cut = capture.hops.iter().filter(|h| h.truncated).count();
        if cut > 0 {
            lines.push(format!("“{who}”：{cut} 个响应超过大小上限，只保留开头部分"));
        }
        if let Some(browser) = &capture.browser {
            let refused = browser.passages.iter().filter(|p| !p.refused.is_empty()).count();
            if refused > 0 {
                lines.push(format!("“{who}”：浏览器的 {refused} 个连接请求未放行或未成功，逐条见 view 下的 browser.json"));
            }
            lines.extend(browser.denied.iter().take(20).map(|what| format!("“{who}”：未允许网页的下列行为：{what}")));
            if browser.repeated > 0 {
                lines.push(format!("“{who}”：浏览器曾中断，访问重做 {} 次", browser.repeated));
            }
        }
    }
    lines.push("程序向网页注入的脚本仅用于停用 Service Worker、读取页面文字和滚动页面，不改动已取得的内容".into());
    lines
}

fn resolved(dossier: &Dossier) -> String {
    dossier.resolution.as_ref().map_or_else(String::new, |r| {
        let addresses: Vec<String> = r.addresses.iter().map(ToString::to_string).collect();
        format!("{} → {}（解析服务器 {}）", r.host, addresses.join("、"), r.resolvers.join("、"))
    })
}
