//! The sheet of keys, the dialogue for words, and the line that tells what was done.

use crate::console::call::Call;
use maud::{Markup, html};

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
        (
            "g",
            "归入集群（队列：所选；线索页：与另一主机；要写理由）",
            "tie into a cluster (queue: those selected; lead page: with another host; a reason is needed)",
        ),
        ("r", "重新固定（马上再访问一次）", "capture again (visit now)"),
        ("d", "文字差异（线索页）", "text beside the official text (lead page)"),
        ("s / b", "换对照方式 / 标出差异（线索页）", "another way to compare / box what differs (lead page)"),
        ("← / →", "滑动对照的分界（线索页）", "move the cut while swiping (lead page)"),
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
            data-reason=(call.t("误报理由", "Why it is no copy")) data-note=(call.t("备注", "Note")) data-kin=(call.t("为什么属于同一集群", "Why they belong together"))
            data-pick=(call.t("请先用 x 选中两条以上。", "Select two or more with x first."))
            data-failed=(call.t("没有连上服务器，请重试。", "The server did not answer; try again.")) {}
    }
}
