//! Whole pages from their bytes: extraction and assessment together. Our own pages.

use crate::assess::{RULES, told};
use jianwei::assess::{QuietPage, dossier_of};
use jianwei::capture::extract;
use jianwei::model::assessment::{Assessment, Verdict};
use jianwei::model::dossier::Dossier;
use jianwei::model::host::Host;
use jianwei::model::time::Timestamp;
use url::Url;

fn dossier(url: &str, html: &str) -> Dossier {
    let base = Url::parse(url).expect("an address");
    let host = Host::parse(base.host_str().expect("a host")).expect("a host");
    dossier_of(host, url.to_owned(), extract(html.as_bytes(), Some("text/html; charset=utf-8"), &base))
}

fn assess(url: &str, html: &str) -> Assessment {
    RULES.assess(&dossier(url, html), Timestamp::from_millis(0))
}

fn is(url: &str, html: &str, want: Verdict) {
    let assessment = assess(url, html);
    assert_eq!(assessment.class, want, "{url}: {}", told(&assessment));
    assert!(want != Verdict::None || !assessment.review, "{url}: {}", told(&assessment));
}

const ELEMENT_UI: &str = r#"<!DOCTYPE html><html><head><meta charset="utf-8"><title>特种作业操作证及安全生产知识和管理能力考核合格信息查询平台</title>
<link href="/static/css/app.css" rel=stylesheet></head><body><div id="app"><div class="main-content"><div class="slot-content"><div class="tz-query"><div class="flex"><div class="q-kd">
<form class="el-form"><div class="el-form-item"><label class="el-form-item__label">证件类型</label><div class="el-select"><input class="el-input__inner" readonly placeholder="请选择证件类型"></div></div>
<div class="el-form-item"><label class="el-form-item__label">证件号码</label><input class="el-input__inner" placeholder="请输入证件号码"></div>
<div class="el-form-item"><label class="el-form-item__label">姓名</label><input class="el-input__inner" placeholder="请输入姓名"></div>
<div class="el-form-item yzm-style"><label class="el-form-item__label">验证码</label><input class="el-input__inner" placeholder="请输入验证码"><img class="yzm-style-img" src="data:image/png;base64,AAAA"></div></form>
<div class="BTN"><button class="el-button"><span>重置</span></button><button class="el-button"><span>查询</span></button></div></div></div></div></div></div></div>
<script src="/static/js/app.8f.js"></script></body></html>"#;

const PLAIN_FORM: &str = r#"<html><head><meta charset=utf-8><title>全国特种作业操作证查询系统</title></head><body><h1>应急管理部特种作业操作证查询</h1>
<form action="/chaxun.php" method="post"><table><tr><td>证件种类：</td><td><select name="lx"><option>身份证</option><option>护照</option></select></td></tr>
<tr><td>身份证号码：</td><td><input name="sfz"></td></tr><tr><td>持证人姓名：</td><td><input name="xm"></td></tr><tr><td>校验码：</td><td><input name="jym"><img src="code.php"></td></tr></table>
<input type="submit" value="立即查询"></form><p>主办单位：中华人民共和国应急管理部</p></body></html>"#;

const RECORD: &str = r#"<html><head><meta charset=utf-8><title>证书查询结果</title></head><body><div class=card><h3>特种作业操作证</h3><table>
<tr><th>姓名</th><td>张某</td></tr><tr><th>性别</th><td>男</td></tr><tr><th>证号</th><td>T321001198801011234</td></tr><tr><th>作业类别</th><td>焊接与热切割作业</td></tr>
<tr><th>操作项目</th><td>熔化焊接与热切割作业</td></tr><tr><th>初领日期</th><td>2024-03-11</td></tr><tr><th>有效期限</th><td>2024-03-11至2030-03-10</td></tr><tr><th>应复审日期</th><td>2027-03-10</td></tr>
<tr><th>签发机关</th><td>某省应急管理厅</td></tr></table></div></body></html>"#;

const SELLER: &str = r#"<html><head><meta charset=utf-8><title>特种作业操作证快速办理中心</title><meta name="keywords" content="电工证办理,焊工证办理,高处作业证免考"></head><body>
<ul><li><a href="/">首页</a></li><li><a href="/dg">电工证</a></li><li><a href="/hg">焊工证</a></li></ul><h2>服务承诺</h2><p>无需培训、无需考试，全程代办，三至五天出证，应急管理部官网可查，先查询后付款。</p>
<div class=foot><p>客服微信：<b>zs_kuaiban</b></p><p>电话：138 0013 8000</p></div></body></html>"#;

const SCHOOL: &str = r#"<html><head><meta charset=utf-8><title>证书查询-江北安全技术培训学校</title></head><body><div id=nav><a href="/">学校首页</a><a href="/zs">招生简章</a><a href="/tk">在线题库</a><a href="/cx">证书查询</a></div>
<h1>江北安全技术培训学校</h1><h2>培训合格证书查询</h2><form action="/cx" method=get><label>证书编号</label><input name=bh><label>姓名</label><input name=xm><label>验证码</label><input name=yzm><button>查询</button></form>
<p>特种作业操作证请到<a href="http://cx.mem.gov.cn/">特种作业操作证及安全生产知识和管理能力考核合格信息查询平台</a>查询。</p>
<p>学员须完成规定学时并体检合格，理论考试与实操考试均通过后，由应急管理局发证。报名电话：0512-65001234</p><p>版权所有 江北安全技术培训学校 <a href="https://beian.miit.gov.cn/">苏ICP备12000001号-1</a></p></body></html>"#;

const NEWS: &str = r#"<html><head><meta charset=utf-8><title>不用考试就能拿证？警方捣毁一假证窝点 - 江北晚报</title></head><body><div><a href="/">新闻</a><a href="/sh">社会</a><a href="/cj">财经</a></div><h1>不用考试就能拿证？警方捣毁一假证窝点</h1>
<p>本报讯（记者 王某）“免考包过，官网可查，三天出证，加微信详谈”——这样的广告你见过吗？近日，江北警方破获一起伪造、买卖国家机关证件案，抓获犯罪嫌疑人五名。</p>
<p>民警介绍，嫌疑人搭建假冒的特种作业操作证查询网站，买家扫描二维码后看到的页面与官方平台几乎一样。每张电工证收费八百元。</p><p>警方提醒，查询证书请认准应急管理部官网，切勿轻信。</p>
<p>新闻热线：0512-96000000 责任编辑：李某</p></body></html>"#;

const GUIDE: &str = r#"<html><head><meta charset=utf-8><title>特种作业操作证及安全生产知识和管理能力考核合格信息查询平台官网入口</title></head><body><form action="/search"><input name=q placeholder="站内搜索"><button>搜索</button></form>
<h1>特种作业操作证及安全生产知识和管理能力考核合格信息查询平台官网入口</h1><p>官网入口：<a href="https://cx.mem.gov.cn/">https://cx.mem.gov.cn</a></p>
<p>打开官网后，选择“特种作业操作证查询”，点击进入查询，依次填写证件类型、证件号码、姓名和验证码，再点击查询即可看到结果。</p><p>以上就是小编整理的查询方法，更多考试资讯请关注本站。</p></body></html>"#;

const OTHER_OFFICE: &str = r#"<html><head><meta charset=utf-8><title>某省住房和城乡建设厅 建筑施工企业人员证书查询</title></head><body><h1>建筑施工企业三类人员、特种作业人员证书查询</h1><form><label>证件类型</label><select><option>身份证</option></select>
<label>证件号码</label><input><label>姓名</label><input><label>验证码</label><input><button>查询</button></form><p>主办单位：某省住房和城乡建设厅</p></body></html>"#;

#[test]
fn copies_and_sellers_are_told_from_their_bytes() {
    for (url, html) in [
        ("http://cx-mem.zs2025.vip/special?index=0", ELEMENT_UI),
        ("http://tzzyczz.cn/", PLAIN_FORM),
        ("http://q.zsyz.site/c?id=8842001", RECORD),
    ] {
        is(url, html, Verdict::FakeQuery);
    }
    is("http://kuaiban.shop/", SELLER, Verdict::Seller);
}

#[test]
fn honest_pages_stay_quiet_from_their_bytes() {
    for (url, html) in [
        ("http://www.jbaq.com/cx", SCHOOL),
        ("http://www.jbwb.com/sh/1.html", NEWS),
        ("http://www.kszx.net/a/2.html", GUIDE),
        ("http://zjt.example.gov.cn/cx", OTHER_OFFICE),
        ("http://any.example.com/", "<html><body>It works!</body></html>"),
        (
            "http://cx.example.com/",
            "<title>统一身份认证</title><form><input name=username placeholder=用户名><input type=password placeholder=密码><input placeholder=验证码><button>登录</button></form>",
        ),
    ] {
        is(url, html, Verdict::None);
    }
}

#[test]
fn traditional_and_garbled_whole_pages_score_like_their_source() {
    let swap = |html: &str, pairs: &[(&str, &str)]| pairs.iter().fold(html.to_owned(), |text, (from, to)| text.replace(from, to));
    let traditional = swap(
        ELEMENT_UI,
        &[
            ("业", "業"),
            ("证", "證"),
            ("产", "產"),
            ("识", "識"),
            ("查询", "查詢"),
            ("类", "類"),
            ("码", "碼"),
            ("号", "號"),
            ("验", "驗"),
            ("请", "請"),
            ("输", "輸"),
            ("择", "擇"),
            ("选", "選"),
            ("种", "種"),
        ],
    );
    let garbled = swap(
        ELEMENT_UI,
        &[("业", "業(yè)"), ("产", "產(chǎn)"), ("证", "證"), ("种", "種"), ("验", "驗(yàn)"), ("请", "請(qǐng)"), ("输", "輸")],
    );
    let score = |html: &str| assess("http://a8f3k2.top/", html).scores.fake_query;
    assert_eq!(score(&traditional), score(ELEMENT_UI));
    assert_eq!(score(&garbled), score(ELEMENT_UI));
}

#[test]
fn text_that_script_or_style_puts_on_the_page_is_read_without_a_browser() {
    let escaped = |text: &str| text.encode_utf16().map(|u| format!("\\u{u:04x}")).collect::<String>();
    let percent = |text: &str| text.bytes().map(|b| format!("%{b:02X}")).collect::<String>();
    let fields = ["证件类型", "证件号码", "姓名", "验证码"]
        .map(|f| format!("<p>{} <input placeholder='{}'></p>", escaped(f), escaped(&format!("请输入{f}"))))
        .join("");
    let written = format!(
        "<html><head><title></title></head><body><script>document.title=decodeURIComponent('{}');document.write(\"{fields}\");</script></body></html>",
        percent("特种作业操作证查询")
    );
    is("http://k2.top/", &written, Verdict::FakeQuery);
    let styled = r#"<html><head><title>查询</title><style>h1:before{content:"特种作业操作证查询"}.a:before{content:'证件类型'}.b:before{content:"证件号码"}.c:before{content:"姓名"}.d:before{content:"验证码"}.z{unicode-bidi:bidi-override;direction:rtl}</style></head>
        <body><h1></h1><p class=a><input></p><p class=b><input></p><p class=c><input></p><p class=d><input></p><button>查询</button><p class=z>部理管急应</p></body></html>"#;
    is("http://k3.top/", styled, Verdict::FakeQuery);
    let state = format!(
        "<title>安全知识</title><div id=app></div><script>window.__STATE__={{\"title\":\"{}\",\"body\":\"{}\"}}</script>",
        escaped("特种作业操作证查询方法"),
        escaped("登录官网后按提示操作，结果以官方页面为准。")
    );
    is("http://news.example.com/a/9", &state, Verdict::None);
}

#[test]
fn every_shipped_rule_is_silent_on_honest_pages() {
    let extract = |host: &str, html: &[u8]| {
        extract(html, Some("text/html; charset=utf-8"), &Url::parse(&format!("http://{host}/")).expect("an address"))
    };
    let quiet: Vec<QuietPage> = [
        ("school", "www.jbaq.com", SCHOOL),
        ("news", "www.jbwb.com", NEWS),
        ("guide", "www.kszx.net", GUIDE),
        ("other office", "zjt.example.gov.cn", OTHER_OFFICE),
    ]
    .into_iter()
    .map(|(name, host, html)| QuietPage { name: name.into(), host: Host::parse(host).expect("a host"), html: html.as_bytes().to_vec() })
    .collect();
    let wrong: Vec<_> = RULES.check(&extract, &quiet).into_iter().filter(|r| r.wrong).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
    let loud = QuietPage { name: "copy".into(), host: Host::parse("aq.top").expect("a host"), html: PLAIN_FORM.as_bytes().to_vec() };
    assert!(RULES.check(&extract, &[loud]).iter().any(|r| r.wrong && r.rule == "invented-platform-title"));
}

#[test]
fn a_page_of_60_kilobytes_is_assessed_in_milliseconds() {
    let filler = "<p>为加强安全生产培训管理，规范特种作业人员考核发证工作，现将有关事项说明如下，请各单位认真组织学习。</p>".repeat(400);
    let page = dossier("http://www.example.com/", &ELEMENT_UI.replace("<script", &format!("{filler}<script")));
    let mut times: Vec<u128> = (0..9)
        .map(|_| {
            let started = std::time::Instant::now();
            RULES.assess(&page, Timestamp::from_millis(0));
            started.elapsed().as_micros()
        })
        .collect();
    times.sort_unstable();
    eprintln!("assess of a 60 KB page: median {} us", times[4]);
    assert!(times[4] < 200_000, "median {} us", times[4]);
}
