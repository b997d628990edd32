//! Tests of capture, from outside: pages of the kinds that fakes are made of, and pages made to hang whoever reads them.

use crate::world;
use encoding_rs::{BIG5, GB18030};
use jianwei::capture::extract;
use jianwei::model::page::{Form, Page};
use jianwei::model::text::contacts::contacts;
use jianwei::model::text::fold::fold;
use jianwei::model::text::identifiers::identifiers;
use proptest::prelude::*;
use std::time::{Duration, Instant};
use url::Url;

fn base() -> Url {
    Url::parse("http://cx.example/a/index.html").expect("a URL")
}
fn read(html: &str) -> Page {
    extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base())
}
fn labels(form: &Form) -> Vec<&str> {
    form.fields.iter().map(|f| f.label.as_str()).collect()
}

#[test]
fn the_new_epoch_form_without_a_form_element_is_one_group() {
    let page = read(
        r#"<div id="app"><h2>特种作业操作证查询</h2><div class="tz-query flex"><div class="q-kd"><div class="el-form">
        <div class="el-form-item"><label class="el-form-item__label">证件类型</label><div><input readonly placeholder="请选择证件类型"></div></div>
        <div class="el-form-item"><label class="el-form-item__label">证件号码</label><div><input placeholder="请输入证件号码"></div></div>
        <div class="el-form-item"><label class="el-form-item__label">姓名</label><div><input placeholder="请输入姓名"></div></div>
        <div class="el-form-item"><label class="el-form-item__label">验证码</label><div><input placeholder="请输入验证码"><img class="yzm-style-img" src="/c"></div></div>
        <div class="BTN"><button>重 置</button><button>查询</button></div></div></div></div></div>"#,
    );
    assert_eq!(page.forms.len(), 1);
    assert!(!page.forms[0].has_form_element);
    assert_eq!(labels(&page.forms[0]), ["证件类型", "证件号码", "姓名", "验证码"]);
    assert_eq!(page.forms[0].fields[1].placeholder, "请输入证件号码");
    assert_eq!(page.forms[0].buttons, ["重 置", "查询"]);
    assert!(page.marks.iter().any(|m| m == "tz-query") && page.marks.iter().any(|m| m == "yzm-style-img"));
}

#[test]
fn the_old_epoch_table_form_in_gb2312_gets_its_labels_from_the_cells() {
    let html = r#"<html><head><meta http-equiv="Content-Type" content="text/html; charset=gb2312"><title>证书查询</title></head><body>
        <table><form name="f" method="POST" action="/cms/html/certQuery/certQuery.do?method=getCertQueryResult"><tr><td>证书类型：</td><td><select name="certtype_code"><option value="720">特种作业操作证</option><option>其他</option></select></td></tr>
        <tr><td><font color=red>*</font>证件号码：</td><td><input type="text" name="certnum"></td></tr>
        <tr><td>姓　名：</td><td><input name="stu_name" type=text></td></tr>
        <tr><td>验证码</td><td><input name=passcode size=4><img src="/GetImg?date=1"></td></tr>
        <tr><td colspan=2><input type=hidden name=sessionId value=abc><input type=image src=cx.gif alt="查询"></td></tr></form></table></body></html>"#;
    let page = extract(&GB18030.encode(html).0, Some("text/html"), &base());
    assert_eq!((page.charset.as_str(), page.charset_from.as_str()), ("gb18030", "meta"));
    let [form] = page.forms.as_slice() else { panic!("{:?}", page.forms) };
    assert!(form.has_form_element);
    assert_eq!(form.action, "http://cx.example/cms/html/certQuery/certQuery.do?method=getCertQueryResult");
    assert_eq!(form.method, "post");
    assert_eq!(labels(form), ["证书类型", "证件号码", "姓 名", "验证码", ""]);
    assert_eq!(form.fields[0].first_option, "特种作业操作证");
    assert_eq!(form.fields[4].kind, "hidden");
    assert_eq!(form.buttons, ["查询"]);
}

#[test]
fn labels_come_by_for_and_by_wrapping() {
    let page = read(
        "<form><label for=a>证件号码：</label><p>说明</p><input id=a><label>姓名 <input name=n></label><input aria-label=验证码><a class=btn href='javascript:;'>查询</a></form>",
    );
    assert_eq!(labels(&page.forms[0]), ["证件号码", "姓名", "验证码"]);
    assert_eq!(page.forms[0].buttons, ["查询"]);
}

#[test]
fn two_groups_far_apart_are_two_forms_and_lone_buttons_are_none() {
    let page = read(&format!(
        "<input placeholder=搜索><button>搜索</button><p>{}</p><button>更多</button><p>{0}</p><input placeholder=请输入姓名><button>查询</button>",
        "文".repeat(200)
    ));
    assert_eq!(page.forms.len(), 2, "{:?}", page.forms);
    assert_eq!(page.forms[1].buttons, ["查询"]);
}

#[test]
fn text_is_laid_out_by_lines_and_cells() {
    let page = read(
        "<title> 证书\n 查询 </title><body><h1>标题</h1><p>一<b>二</b>三&nbsp;四<br>五<ul><li>六<li>七</ul><table><tr><td>八<td>九<tr><td>十</table><script>var x='不见'</script><style>.a{}</style>",
    );
    assert_eq!(page.title, "证书 查询");
    assert_eq!(page.text, "标题\n一二三\u{a0}四\n五\n六\n七\n八\t九\n十");
}

#[test]
fn hidden_text_is_kept_apart() {
    let page = read(
        r#"<style>.off{display:none} #gone{visibility:hidden}</style><p>看得见</p><p style="display:none">一</p><div class="x off"><b>二</b></div><div id=gone>三</div>
        <div style="position:absolute;left:-9999px">四</div><p hidden>五</p><p aria-hidden=true>仍可见</p><input type=hidden value="免考包过">"#,
    );
    assert_eq!(page.text, "看得见\n仍可见");
    for hidden in ["一", "二", "三", "四", "五", "免考包过"] {
        assert!(page.hidden_text.contains(hidden), "{hidden}: {}", page.hidden_text);
    }
}

#[test]
fn addresses_are_absolute_and_kept_by_kind() {
    let page = read(
        r#"<base href="http://b.example/d/"><a href="x?a=1&amp;b=2">链接</a><a href="javascript:void(0)">无</a><a href="tel:13912345678">电话</a><script src=/s.js></script>
        <link rel="stylesheet" href=s.css><link rel=icon href=f.ico><img src=i.png alt=图><img src="data:image/png;base64,AAAA"><iframe src="//c.example/f"></iframe>"#,
    );
    assert_eq!(page.links[0].url, "http://b.example/d/x?a=1&b=2");
    assert_eq!(page.links.len(), 2);
    assert_eq!(page.scripts, ["http://b.example/s.js"]);
    assert_eq!(page.styles, ["http://b.example/d/s.css"]);
    assert_eq!((page.images[0].url.as_str(), page.images[0].alt.as_str()), ("http://b.example/d/i.png", "图"));
    assert_eq!(page.frames, ["http://c.example/f"]);
    assert!(page.contacts.iter().any(|c| c.kind == "phone" && c.value == "13912345678"));
}

#[test]
fn refreshes_and_plain_script_redirects_are_listed() {
    let page = read(
        "<meta http-equiv=Refresh content='3; URL=/next'><script>setTimeout(function(){window.location.href='http://z.example/q'},2000)</script>",
    );
    assert_eq!(page.script_redirects, ["http://cx.example/next", "http://z.example/q"]);
}

#[test]
fn comments_and_footers_are_read() {
    let page = read(
        r#"<!-- Mirrored from cx.mem.gov.cn by HTTrack --><p>主办</p><footer>京ICP备05070218号-1 <a href="http://www.beian.gov.cn/portal/registerSystemInfo?recordcode=11010102001234">京公网安备 11010102001234号</a></footer>
        <script>var s='https://hm.baidu.com/hm.js?7c3492d683dc7a90fd44bf8bfd57e50c'</script>"#,
    );
    assert_eq!(page.comments, ["Mirrored from cx.mem.gov.cn by HTTrack"]);
    let found: Vec<(&str, &str)> = page.identifiers.iter().map(|i| (i.kind.as_str(), i.value.as_str())).collect();
    assert_eq!(found, [("icp", "京ICP备05070218号-1"), ("police", "11010102001234"), ("baidu_tongji", "7c3492d683dc7a90fd44bf8bfd57e50c")]);
}

#[test]
fn a_page_that_only_scripts_fill_says_that_it_needs_rendering() {
    let page = read(
        "<div id=app></div><noscript>请启用 JavaScript</noscript><script>x={p:'请输入证件号码'}</script><script src=/js/app.1.js></script>",
    );
    assert!(page.notes.iter().any(|n| n.starts_with("needs rendering")), "{:?}", page.notes);
    assert!(page.notes.iter().any(|n| n.contains("请输入证件号码")));
    assert_eq!(page.text, "请启用 JavaScript");
    let filled = read(&format!("<p>{}</p><script src=/a.js></script>", "正文".repeat(60)));
    assert!(filled.notes.is_empty(), "{:?}", filled.notes);
}

#[test]
fn traditional_text_in_big5_folds_to_the_same_words() {
    let html = "<p>特種作業操作證查詢,請輸入證件號碼</p>";
    let page = extract(&BIG5.encode(html).0, Some("text/html; charset=big5"), &base());
    assert!(fold(&page.text).find("特种作业操作证查询").is_some());
}

#[test]
fn json_and_plain_text_give_text_only() {
    let page = extract("{\"msg\":\"没有查询到相关证件信息!\"}".as_bytes(), Some("application/json"), &base());
    assert!(page.text.contains("没有查询到") && page.forms.is_empty());
}

#[test]
fn every_page_made_to_hang_a_reader_is_read_within_its_time() {
    let mega = 1 << 20;
    let pages: Vec<(&str, String)> = vec![
        ("nested div", "<div>".repeat(100_000) + "底"),
        ("nested table", "<table><tr><td>".repeat(100_000)),
        ("attributes of one tag", format!("<p {}>文</p>", (0..1_000_000).map(|i| format!("a{i}=1 ")).collect::<String>())),
        ("tags", "<b>".repeat(100 * mega / 3)),
        ("forms", "<form><input name=a>".repeat(50_000)),
        ("formatting", (0..100_000).map(|i| format!("<font id=f{i}>")).collect::<String>() + &"<p>文".repeat(50_000)),
        ("labels", "<label>姓名<input>".repeat(100_000)),
        ("links", "<a href=x>".repeat(200_000)),
        ("comments", "<!-->".repeat(200_000) + &"<!--".repeat(200_000)),
        ("quotes", "<a href=\"".repeat(200_000)),
        ("scripts", "<script>location='".repeat(100_000)),
        ("script ends", "<script></script".repeat(100_000)),
        ("styles", format!("<style>{}</style>{}", ".a{display:none}".repeat(30_000), "<p class='a b'>x".repeat(50_000))),
        ("brackets", "统(".repeat(mega / 4)),
        ("entities", "&#x".repeat(mega)),
        ("digits", "1".repeat(2 * mega)),
        ("spaced digits", "1 3 ".repeat(mega / 2)),
        ("marks", format!("a{}", "\u{301}".repeat(mega))),
        ("icp", "京ICP备".repeat(200_000)),
        ("location", format!("<script>{}</script>", "location=".repeat(50_000))),
        ("braces", format!("<script>{}</script>", "{location='x';".repeat(30_000))),
        ("contact words", "微信qq号".repeat(200_000)),
        ("at signs", "a@".repeat(mega / 2)),
    ];
    for (name, html) in pages {
        let start = Instant::now();
        let page = read(&html);
        let took = start.elapsed();
        eprintln!("{name}: {} KiB in {took:?}, {:?}", html.len() >> 10, page.notes);
        assert!(took < Duration::from_secs(4), "{name} took {took:?}");
    }
}

#[test]
fn what_was_cut_is_said() {
    let deep = read(&"<div>".repeat(100_000));
    assert!(deep.notes.iter().any(|n| n.contains("nested")), "{:?}", deep.notes);
    let many = read(&format!("<p {}>文</p>", "a=1 ".repeat(1000)));
    assert!(many.notes.iter().any(|n| n.contains("attributes")) && many.text == "文");
    let long = read(&"<i>".repeat(5 << 20));
    assert!(long.notes.iter().any(|n| n.contains("read up to")), "{:?}", long.notes);
}

#[test]
fn all_recoverable_disguises_of_the_shared_vectors_fold_to_what_is_expected() {
    let Some(path) = world::shared("data/norm-vectors.tsv") else { return };
    let table = std::fs::read_to_string(path).expect("readable");
    let wrong: Vec<String> = table
        .lines()
        .skip(1)
        .filter_map(|line| {
            let mut cells = line.split('\t');
            let (raw, want) = (cells.next()?, cells.next()?);
            let got = fold(raw).text;
            (got != want).then(|| format!("{raw}: {got} for {want}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn the_shared_footer_numbers_are_of_the_kinds_that_they_are_said_to_be() {
    let Some(path) = world::shared("fixtures/icp/beian-number-samples.tsv") else { return };
    let table = std::fs::read_to_string(path).expect("readable");
    for line in table.lines().skip(1) {
        let mut cells = line.split('\t');
        let (Some(number), Some(kind)) = (cells.next(), cells.next()) else { continue };
        let text = if kind.contains("标识码") || kind.contains("非标准") || kind.contains("模板") {
            format!("政府网站标识码：{number}")
        } else {
            number.to_owned()
        };
        let found = identifiers(&text, "");
        let want = match kind {
            k if k.contains("负样本") => "site_code_malformed",
            k if k.contains("标识码") => "site_code",
            k if k.contains("公安") => "police",
            _ => "icp",
        };
        if number.contains("同页") || kind.contains("同页") {
            continue;
        }
        assert_eq!(found.first().map(|i| i.kind.as_str()), Some(want), "{line}");
    }
}

#[test]
fn masked_contacts_of_the_shared_adverts_are_found() {
    let Some(path) = world::shared("data/text-excerpts.tsv") else { return };
    let table = std::fs::read_to_string(path).expect("readable");
    let adverts: Vec<&str> = table.lines().filter(|l| l.contains("masked-contact")).filter_map(|l| l.split('\t').nth(2)).collect();
    let missed: Vec<&&str> = adverts.iter().filter(|text| contacts(text).is_empty()).collect();
    assert!(!adverts.is_empty() && missed.is_empty(), "{missed:#?}");
}

proptest! {
    #[test]
    fn no_bytes_and_no_markup_make_the_reader_panic(
        markup in "(<(div|p|a|form|input|select|option|table|tr|td|label|button|script|style|title|textarea|meta|frame|!--|/div|/p|/a|/form|/select|/td|/table|/script) ?(class|href|style|hidden|value|type|for|content)?=?[\"' ]?(x|统|display:none|submit|0;url=/q)?[\"']?/?>?|文|查询|京ICP备|1|&#[0-9]{1,8};?|-->|\u{0}){0,60}",
        bytes in proptest::collection::vec(any::<u8>(), 0..300),
        kind in prop_oneof![Just(None), Just(Some("text/html; charset=gbk")), Just(Some("text/html; charset=utf-16le")), Just(Some("text/plain"))],
    ) {
        let page = read(&markup);
        prop_assert!(page.text.len() <= markup.len() * 4 + 64);
        let mut body = markup.into_bytes();
        body.extend(bytes);
        extract(&body, kind, &base());
    }
}

#[test]
fn text_that_only_looks_right_on_a_screen_is_noted() {
    let reversed = read("<p style='unicode-bidi: bidi-override; direction: rtl'>询查证作操业作种特</p>");
    assert!(reversed.notes.iter().any(|n| n.contains("reversed")), "{:?}", reversed.notes);
    let own_font = read(&format!("<p>{}</p>", "\u{E123}\u{E124}".repeat(20)));
    assert!(own_font.notes.iter().any(|n| n.contains("private-use")), "{:?}", own_font.notes);
}
