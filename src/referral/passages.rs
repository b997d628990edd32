//! Passages of the letter that weigh their words: clusters, suspected articles, jurisdiction, measures, limits. Suspicion in words of suspicion;
//! a suggestion says that it is one.

use crate::model::assessment::Class;
use crate::model::jurisdiction::Suggestion;
use crate::referral::cell::defang;
use crate::referral::codes;
use crate::referral::dispatch::Dispatch;
use crate::referral::facts::Cluster;
use crate::referral::outgoing::{Outgoing, Row};
use crate::referral::words::chinese;
use std::collections::BTreeSet;

/// Ties told of one cluster; the list has all.
const MAX_TIES: usize = 8;
/// Leads told by their number in the letter; of more, how many.
const MAX_NUMBERS: usize = 12;

/// What the evidence cannot prove.
pub(super) const LIMITS: &str = "随函证据由程序像普通访客一样读取公开网页取得，未登录、未提交表单。校验值和清单只能说明证据自固定以来未被改动；传输加密不具备抗抵赖性，不能单独证明内容确由该网站发出。研判得分是供人复核的提示，不是结论。建议由两名以上侦查人员重新在线提取，并与本证据互相印证。";

/// Numbers of leads as the letter counts them: `线索（一）、（三）`.
fn numbers(of: &[usize]) -> String {
    let shown: Vec<String> = of.iter().take(MAX_NUMBERS).map(|i| format!("（{}）", chinese(i + 1))).collect();
    let more = if of.len() > MAX_NUMBERS { format!("等{}条", of.len()) } else { String::new() };
    format!("线索{}{more}", shown.join("、"))
}

/// Which sites belong together, and why.
pub(super) fn clusters(out: &Outgoing<'_>) -> String {
    let looked = out.facts.values().any(|f| f.cluster.is_some());
    if out.clusters.is_empty() {
        let none =
            "经比对联系方式、统计编号、证书、页面结构等，各网站之间及与其他线索之间未发现足以认为由同一人员或同一套程序运营的共同点。";
        return if looked {
            none.into()
        } else {
            "未查：尚未核查各网站之间是否由同一人员或同一套程序运营。".into()
        };
    }
    let place = |id: &crate::model::lead::LeadId| out.list.leads.iter().position(|l| l.id == *id);
    let one = |c: &Cluster| {
        let here: Vec<usize> = c.leads.iter().filter_map(place).collect();
        let three = if c.approved >= 3 { "，复审通过的已达三个以上" } else { "" };
        let mut ties: Vec<String> =
            c.ties.iter().take(MAX_TIES).map(|t| format!("{}（{}个网站）", defang(&out.audience.shows(&t.why.zh)), t.sites)).collect();
        if c.ties.len() > MAX_TIES {
            ties.push(format!("另有{}项，见线索台账“集群”表", c.ties.len() - MAX_TIES));
        }
        let kind = codes::cluster_kind(&c.kind, crate::model::lang::Lang::Zh);
        let kind = kind.split_once(' ').map_or(kind, |(_, word)| word);
        format!(
            "集群{}（{kind}）：关联网站{}个，其中复审通过{}个{three}；本函所列为{}。关联依据：{}。",
            c.id,
            c.sites,
            c.approved,
            numbers(&here),
            ties.join("；")
        )
    };
    let told: Vec<String> = out.clusters.iter().map(one).collect();
    format!("{}\n以上关联由程序比对得出，供核查时参考。", told.join("\n"))
}

/// Articles that the kinds of pages point to, as hints.
pub(super) fn articles(rows: &[Row<'_>]) -> String {
    let classes: BTreeSet<Class> = rows.iter().filter_map(|r| codes::class(r.lead)).collect();
    let mut text = vec!["以下仅按网页类型提示可能涉及的条款，供审查时参考，不是对任何单位和个人的认定。".to_owned()];
    if classes.contains(&Class::FakeQuery) || classes.contains(&Class::Mirror) {
        text.push("假冒国家机关查询网站的，提示《中华人民共和国刑法》第二百八十七条之一（非法利用信息网络罪），以及法释〔2019〕15号第八条、第十条第（一）项（假冒国家机关名义设立用于实施违法犯罪活动的网站）、第（二）项（三个以上）。".into());
    }
    if classes.contains(&Class::Seller) {
        text.push("兜售证件的，提示《中华人民共和国刑法》第二百八十条（伪造、变造、买卖国家机关公文、证件、印章罪），骗取财物的提示第二百六十六条（诈骗罪），并提示法释〔2019〕15号第九条。".into());
    }
    text.push("为上述行为提供互联网接入、服务器托管、网络存储、支付结算等帮助的，提示《中华人民共和国刑法》第二百八十七条之二（帮助信息网络犯罪活动罪）和法释〔2019〕15号第十二条。".into());
    text.join("\n")
}

/// Whom it might go to: the person's own words, else the suggestions made from the places, leads with the same one together.
pub(super) fn jurisdiction(dispatch: &Dispatch, rows: &[Row<'_>]) -> String {
    if !dispatch.jurisdiction.is_empty() {
        return dispatch.jurisdiction.clone();
    }
    let mut groups: Vec<(&Suggestion, Vec<usize>)> = Vec::new();
    let mut unknown: Vec<usize> = Vec::new();
    for (i, row) in rows.iter().enumerate() {
        let Some(suggested) = row.facts.and_then(|f| f.jurisdiction.as_ref()) else {
            unknown.push(i);
            continue;
        };
        match groups.iter_mut().find(|(g, _)| (g.level, &g.to, &g.why) == (suggested.level, &suggested.to, &suggested.why)) {
            Some((_, of)) => of.push(i),
            None => groups.push((suggested, vec![i])),
        }
    }
    let mut told: Vec<String> = groups
        .iter()
        .map(|(s, of)| format!("{}：{}，理由：{}。{}", numbers(of), s.to.zh, s.why.zh.replace("（未知：", "（"), places(of, rows)))
        .collect();
    if !unknown.is_empty() {
        told.push(format!("{}：归属未查，建议由市专项行动工作组办理或者指定。", numbers(&unknown)));
    }
    told.push("依据《公安机关办理刑事案件程序规定》关于网络犯罪管辖的规定，服务器所在地、网络服务提供者所在地、被侵害的信息系统及其管理者所在地、被害人所在地公安机关均可能有管辖权。以上由程序根据查询所得的地点推出，均为建议，以你单位审查为准。".into());
    defang(&told.join("\n"))
}

/// The three places of a group, each as its source has it.
fn places(of: &[usize], rows: &[Row<'_>]) -> String {
    let each = |kind: &str| -> String {
        let mut all: BTreeSet<String> = BTreeSet::new();
        for place in of.iter().filter_map(|i| rows[*i].facts?.jurisdiction.as_ref()).flat_map(|s| &s.places).filter(|p| p.of == kind) {
            let source = if place.source.is_empty() { String::new() } else { format!("（来源：{}）", place.source) };
            let told = place.told.zh.strip_prefix("未知：").map_or_else(|| place.told.zh.clone(), |why| format!("未知（{why}）"));
            all.insert(format!("{told}{source}"));
        }
        let n = all.len();
        let shown: Vec<String> = all.into_iter().take(4).collect();
        shown.join("、") + &if n > 4 { format!("等{n}处") } else { String::new() }
    };
    format!("服务器所在地：{}；注册或备案地：{}；受害地：{}。", each("server"), each("filing"), each("victim"))
}

/// What was done so far.
pub(super) fn measures(dispatch: &Dispatch) -> String {
    if !dispatch.measures.is_empty() {
        return dispatch.measures.clone();
    }
    "已固定公开网页证据；未与网站运营者、网络服务提供者联系，未采取封堵措施，以免影响侦查。".into()
}
