//! Copies of the query site under every change that a copier makes.

use crate::assess::{Lot, alerts, lot, told};
use jianwei::model::assessment::{Class, Verdict};

const NAME: &str = "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台";
const HOME: &str = "特种作业操作证及安全生产知识和管理能力考核合格信息查询平台
    特种作业操作证查询
    进入查询
    安全生产知识和管理能力
    考核合格信息查询
    进入查询";
const PLACEHOLDERS: [&str; 4] = ["请选择证件类型", "请输入证件号码", "请输入姓名", "请输入验证码"];

fn new_form() -> Lot {
    lot("a8f3k2.top", NAME, &format!("{NAME}\n特种作业操作证查询\n证件类型\n证件号码\n姓名\n验证码"))
        .path("/special?index=0")
        .placeholders(&PLACEHOLDERS, &["重置", "查询"])
}

#[test]
fn exact_copies_of_both_epochs_alert() {
    let marked = new_form()
        .marks(&["main-content", "tz-query", "q-kd", "yzm-style"])
        .html("<div class=tz-query></div><script>axios.get('/prod-api/certsearch/code')</script>");
    alerts("new form page", &marked, Class::FakeQuery);
    let old = lot("a8f3k2.top", NAME, "姓名 性别 作业类别 操作项目 初次发证日期 应复审日期 有效期结束时间")
        .path("/cms/html/certQuery/certQuery.do?method=getCertQueryIndex&ref=ch")
        .form(&["证件类型", "证件号码", "姓名", "验证码"], "查询");
    alerts("old page", &old, Class::FakeQuery);
    alerts("new home page, no form", &lot("a8f3k2.top", NAME, HOME), Class::FakeQuery);
}

#[test]
fn renamed_fields_and_another_framework_still_alert() {
    let plain = lot("zs-query.cc", NAME, NAME).form(&["证件种类", "身份证号", "持证人姓名", "校验码"], "立即查询");
    alerts("synonyms in a plain form", &plain, Class::FakeQuery);
    let without_kind = lot("zs-query.cc", "应急管理部特种作业操作证查询", "中华人民共和国应急管理部\n主办单位：中华人民共和国应急管理部")
        .form(&["身份证号码", "您的姓名", "图形码"], "核验");
    alerts("three fields under the ministry", &without_kind, Class::FakeQuery);
}

#[test]
fn script_and_spelling_disguises_still_alert() {
    let traditional = lot("cxpt.vip", "特種作業操作證及安全生產知識和管理能力考核合格信息查詢平臺", "特種作業操作證查詢\n進入查詢")
        .placeholders(&["請選擇證件類型", "請輸入證件號碼", "請輸入姓名", "請輸入驗證碼"], &["查詢"]);
    alerts("Traditional", &traditional, Class::FakeQuery);
    let garbled =
        lot("cxpt.vip", "特種作業(yè)操作證及安全生產(chǎn)知識和管理能力考核合格信息查詢(xún)平臺(tái)", "特種作業(yè)操作證查詢")
            .form(&["證件類型", "證件號碼", "姓名", "驗(yàn)證碼"], "查詢");
    alerts("garbled", &garbled, Class::FakeQuery);
    let spread: String = NAME.chars().flat_map(|c| [c, '\u{200b}']).collect();
    alerts(
        "zero width",
        &lot("cxpt.vip", &spread, &spread).form(&["证\u{200b}件类型", "证件\u{feff}号码", "姓\u{200d}名", "验证码"], "查\u{200b}询"),
        Class::FakeQuery,
    );
    let dotted: String = NAME.chars().flat_map(|c| [c, '·']).collect();
    alerts(
        "dots between",
        &lot("cxpt.vip", &dotted, &dotted).form(&["证.件.类.型", "证.件.号.码", "姓.名", "验.证.码"], "查 询"),
        Class::FakeQuery,
    );
    let radicals = NAME.replace('生', "⽣").replace('力', "⼒").replace('用', "⽤");
    alerts("radicals", &lot("cxpt.vip", &radicals, &radicals).form(&["证件类型", "证件号码", "姓名", "验证码"], "查询"), Class::FakeQuery);
}

#[test]
fn half_a_page_a_shell_and_a_page_of_pictures_still_alert() {
    alerts("upper half", &lot("k3.top", NAME, "特种作业操作证查询\n进入查询\n应急管理部"), Class::FakeQuery);
    let lower = lot("k3.top", "查询", "应急管理部").placeholders(&PLACEHOLDERS, &["查询"]).marks(&["tz-query"]);
    alerts("lower half", &lower, Class::FakeQuery);
    let shell = lot("k3.top", NAME, "").html("<div id=app></div><script src=/static/js/app.js></script>").marks(&["app", "yzm-style"]);
    alerts("script shell", &shell, Class::FakeQuery);
    alerts("pictures", &lot("k3.top", NAME, "").alt(NAME).alt("应急管理部"), Class::FakeQuery);
}

#[test]
fn a_record_behind_a_qr_link_alerts_without_any_form() {
    let record = lot(
        "zsyz.site",
        "证书信息",
        "特种作业操作证
        应急管理部监制
        姓名：张三
        性别：男
        证号：T110101199001011234
        作业类别：电工作业
        操作项目：低压电工作业
        初领日期：2023-05-06
        有效期限：2023-05-06至2029-05-05
        应复审日期：2026-05-05
        签发机关：某某市应急管理局",
    )
    .path("/show?id=83d1f0");
    alerts("record", &record, Class::FakeQuery);
    let bare = lot(
        "zsyz.site",
        "特种作业操作证查询结果",
        "姓名 李四\n证书编号 T110101199001011234\n准操项目 高处安装\n作业类别 高处作业\n有效期至 2027年08月01日",
    )
    .path("/c/20230512011");
    alerts("bare record", &bare, Class::FakeQuery);
}

#[test]
fn a_borrowed_footer_is_said_to_be_borrowed() {
    let page = lot("yjzs.cn", "特种作业操作证查询", "主办单位：中华人民共和国应急管理部\n网站标识码：bm00000000")
        .form(&["证件号码", "姓名", "验证码"], "查询")
        .id("site_code", "bm00000000");
    let assessment = page.assess();
    assert_eq!(assessment.class, Verdict::FakeQuery, "{}", told(&assessment));
    let borrowed = assessment.findings.iter().find(|f| f.signal == "borrowed_identity").expect("the finding");
    assert!(borrowed.span.as_ref().is_some_and(|s| s.raw.contains("应急管理部")), "{borrowed:?}");
    let police = lot("yjzs.cn", "x", "").id("police", "44030002000001").id("icp", "京ICP备05000000号").assess();
    assert!(police.findings.iter().any(|f| f.signal == "identity_mismatch"), "{}", told(&police));
}

#[test]
fn invented_platforms_with_a_form_alert() {
    let invented = lot("aqzs.net", "国家安全生产资格证书查询网", "国家安全生产资格证书查询网\n应急管理部\n特种作业操作证查询")
        .form(&["证书类型", "身份证号", "姓名", "验证码"], "查询");
    alerts("invented national platform", &invented, Class::FakeQuery);
}

#[test]
fn a_taken_over_government_name_still_alerts_for_a_full_copy() {
    let mut copy = new_form().marks(&["tz-query"]);
    copy.host = "cx.mem.xxqyjj.gov.cn".into();
    alerts("full copy under gov.cn", &copy, Class::FakeQuery);
}
