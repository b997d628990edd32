//! 网络在线提取笔录: the draft of an attended capture. Fills in what the program knows and leaves blank where a person must say or sign.

use crate::evidence::contents::File;
use crate::evidence::docx::{self, Block};
use crate::evidence::{Attended, Occasion, Settings};
use crate::model::capture::Capture;
use crate::model::digest::{Sha256, Sm3};
use crate::model::dossier::Dossier;

/// A line for handwriting.
const BLANK: &str = "＿＿＿＿＿＿＿＿＿＿";

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
    let mut blocks = vec![
        Block::Title("网络在线提取笔录（草稿）".into()),
        Block::Text("本稿由程序按记录填写，空白处由办案人员填写；未经核对、签名，不是法律文书。".into()),
        Block::Heading("一、基本情况".into()),
        text("案由", &attended.reason),
        text("提取对象", &format!("网站 {}", dossier.candidate.host)),
        text("来源网络地址", &main.requested_url),
        text("进入步骤", &steps(main)),
        text("开始时间", &format!("{}（北京时间）", main.started_at.beijing())),
        text("结束时间", &format!("{}（北京时间）", main.ended_at.beijing())),
        text("提取地点", ""),
        text("单位", &settings.organisation),
    ];
    for (i, officer) in attended.officers.iter().enumerate() {
        blocks.push(Block::Text(format!("办案人员{}：{officer}　　警号（执法证号）：{BLANK}　　单位：{BLANK}", i + 1)));
    }
    blocks.extend([
        Block::Text(format!("见证人：{BLANK}　　（没有见证人的，注明原因：{BLANK}）")),
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
        text("访问方式", &variants(dossier)),
        text("域名解析", &resolved(dossier)),
        text("环境", "每次访问前无缓存、无登录状态；清洁性检查见 env/cleanliness.json"),
        Block::Heading("四、过程".into()),
    ]);
    blocks.extend(attended.steps.iter().map(|s| Block::Text(format!("{}　{}", s.at.beijing(), s.what))));
    blocks.extend(dossier.captures.iter().map(|c| {
        Block::Text(format!("{}　以“{}”身份访问 {}：{}", c.started_at.beijing(), c.variant, c.requested_url, c.outcome.why_zh()))
    }));
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
    blocks.push(Block::Table(rows));
    blocks.extend([
        Block::Heading("六、校验值和时间戳不能证明的事".into()),
        Block::Text("校验值只说明文件自清单写成以来没有变化；时间戳只说明清单在盖章时已经存在。二者都不能证明内容确由该网站发出（TLS 不具备抗抵赖性），也不能证明网站由谁经营。".into()),
        Block::Heading("七、签名".into()),
        Block::Text(format!("办案人员（签名）：{BLANK}　　{BLANK}")),
        Block::Text(format!("电子数据持有人（提供人）：无法签名，原因：对方不在场　　确认：{BLANK}")),
        Block::Text(format!("见证人（签名）：{BLANK}　　日期：{BLANK}")),
    ]);
    docx::write(&blocks)
}

fn steps(main: &Capture) -> String {
    let urls: Vec<&str> = main.hops.iter().map(|h| h.url.as_str()).collect();
    format!("在浏览器地址栏输入网址{}", if urls.len() > 1 { format!("，依次跳转：{}", urls.join(" → ")) } else { "，无跳转".into() })
}

fn variants(dossier: &Dossier) -> String {
    dossier.captures.iter().map(|c| c.variant.as_str()).collect::<Vec<_>>().join("、")
}

fn resolved(dossier: &Dossier) -> String {
    dossier.resolution.as_ref().map_or_else(String::new, |r| {
        let addresses: Vec<String> = r.addresses.iter().map(ToString::to_string).collect();
        format!("{} → {}（解析服务器 {}）", r.host, addresses.join("、"), r.resolvers.join("、"))
    })
}
