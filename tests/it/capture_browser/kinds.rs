//! One page of each kind that fakes are made of, and the text that a visitor sees of it.

use super::browser;
use crate::net::servers::{Act, door, http, send, to, url};
use encoding_rs::GB18030;
use jianwei::model::capture::{Capture, Outcome};

const FORM: &str = "<h1>特种作业操作证查询</h1><p>证件类型</p><p>证件号码 <input placeholder=请输入证件号码></p><p>姓名 <input placeholder=请输入姓名></p><button>查询</button>";

fn html(body: &str) -> Act {
    typed("text/html; charset=utf-8", body.as_bytes())
}
fn typed(kind: &str, body: &[u8]) -> Act {
    let mut bytes = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n", body.len()).into_bytes();
    bytes.extend_from_slice(body);
    Act::Send(bytes)
}
fn gbk(kind: &str, text: &str) -> Act {
    typed(kind, &GB18030.encode(text).0)
}
fn host(head: &str) -> String {
    let line = head.lines().find(|l| l.to_ascii_lowercase().starts_with("host:")).unwrap_or_default();
    line[5.min(line.len())..].trim().split('.').next().unwrap_or_default().to_owned()
}
fn path(head: &str) -> &str {
    head.split(' ').nth(1).unwrap_or_default()
}
fn says(head: &str, name: &str, part: &str) -> bool {
    head.lines().any(|l| l.split_once(':').is_some_and(|(n, v)| n.eq_ignore_ascii_case(name) && v.contains(part)))
}

/// The sites by the first label of their name.
fn answer(head: &str) -> Act {
    let path = path(head);
    match (host(head).as_str(), path) {
        (_, "/favicon.ico") => send("HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        ("script", _) => {
            let escaped: String =
                FORM.chars().map(|c| if c.is_ascii() { c.to_string() } else { format!("\\u{:04x}", u32::from(c)) }).collect();
            html(&format!(
                "<title></title><div id=app></div><script>document.title='\\u67e5\\u8be2';document.getElementById('app').innerHTML=\"{escaped}\"</script>"
            ))
        }
        ("fetched", "/") => html(
            "<div id=app></div><script>fetch('/api').then(r=>r.json()).then(d=>{document.getElementById('app').innerHTML=d.h})</script>",
        ),
        ("fetched", _) => typed("application/json", serde_json::json!({"h": FORM}).to_string().as_bytes()),
        ("framed", "/") => html("<title>首页</title><p>页眉</p><iframe src=/in width=900 height=600></iframe>"),
        ("frameset", "/") => gbk(
            "text/html",
            "<html><head><meta http-equiv=Content-Type content='text/html; charset=gb2312'><title>查询</title></head><frameset rows='100%,0'><frame src=/in></frameset></html>",
        ),
        ("frameset", _) => gbk("text/html", &format!("<meta http-equiv=Content-Type content='text/html; charset=gb2312'>{FORM}")),
        ("phone", _) if says(head, "user-agent", "MicroMessenger") => html(FORM),
        ("referer", _) if says(head, "referer", "baidu.com") => html(FORM),
        ("phone" | "referer", _) => html("<p>网站建设中</p>"),
        ("touch", _) => html(&format!(
            "<p id=x>请用手机打开</p><script>if('ontouchstart' in window && screen.width<500 && /MicroMessenger/.test(navigator.userAgent))document.body.innerHTML=`{FORM}`</script>"
        )),
        ("refresh", "/") => html("<meta http-equiv=refresh content='1;url=/q'><p>跳转中</p>"),
        ("late", "/") => html("<p>正在验证</p><script>setTimeout(function(){location.href=['/','q'].join('')},2000)</script>"),
        ("reversed", _) => html(
            "<style>.r{direction:rtl;unicode-bidi:bidi-override}h1::before{content:'特种作业操作证查询'}</style><h1></h1><p class=r>码号件证</p><p class=r>名姓</p>",
        ),
        ("charset", _) => gbk("text/html; charset=gbk", FORM),
        ("lies", _) => typed("text/html; charset=iso-8859-1", format!("<meta charset=utf-8>{FORM}").as_bytes()),
        ("shadow", _) => {
            html(&format!("<div id=x></div><script>document.getElementById('x').attachShadow({{mode:'open'}}).innerHTML=`{FORM}`</script>"))
        }
        ("hidden", _) => {
            html(&format!("{FORM}<div style='position:absolute;left:-9999px'>办证加微信</div><div style='color:#fff'>白字</div>"))
        }
        ("canvas", _) => html(
            "<canvas id=c width=900 height=500></canvas><script>const x=document.getElementById('c').getContext('2d');x.fillStyle='#fff';x.fillRect(0,0,900,500);x.fillStyle='#000';x.font='36px \"Noto Sans CJK SC\"';['特种作业操作证查询','请输入证件号码','请输入姓名','查询'].forEach((t,i)=>x.fillText(t,60,80+90*i))</script>",
        ),
        ("moved", "/") => to("/q"),
        ("qr", "/") => {
            to(&format!("http://official.test:{}/", head.lines().find_map(|l| l.split_once(".test:")).map_or("80", |(_, p)| p.trim())))
        }
        _ => html(FORM),
    }
}

fn text(capture: &Capture) -> &str {
    capture.page.as_ref().map_or("", |p| p.text.as_str())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_text_of_every_kind_of_page_is_recovered() {
    let temp = tempfile::tempdir().expect("a folder");
    let browser = browser(temp.path());
    let server = http(answer).await;
    let net = door(|s| s.timeout_ms = 15_000).await;
    let mut wrong = Vec::new();
    let kinds = [
        ("script", "desktop"),
        ("fetched", "desktop"),
        ("framed", "desktop"),
        ("frameset", "desktop"),
        ("phone", "wechat"),
        ("referer", "baidu_referer"),
        ("touch", "wechat"),
        ("refresh", "desktop"),
        ("late", "desktop"),
        ("charset", "desktop"),
        ("shadow", "desktop"),
        ("moved", "desktop"),
    ];
    for (kind, variant) in kinds {
        let capture = browser.visit(&url(&format!("http://{kind}.test:{}/", server.port())), variant, &net).await.expect("a browser");
        let fields = capture.page.as_ref().map_or(0, |p| p.forms.iter().map(|f| f.fields.len()).sum::<usize>());
        if !(text(&capture).contains("特种作业操作证查询") && text(&capture).contains("证件号码") && fields == 2) {
            wrong.push(format!("{kind} as {variant}: {:?} {fields} fields, `{}`, {:?}", capture.outcome, text(&capture), capture.browser));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let visit = async |name: &str| {
        browser.visit(&url(&format!("http://{name}.test:{}/", server.port())), "desktop", &net).await.expect("a browser")
    };
    let late = visit("late").await;
    assert!(late.final_url.as_deref().is_some_and(|u| u.ends_with("/q")), "{:?}", late.final_url);
    let reversed = visit("reversed").await;
    assert_eq!(text(&reversed), "特种作业操作证查询\n证件号码\n姓名");
    let hidden = visit("hidden").await;
    let page = hidden.page.as_ref().expect("a page");
    assert!(!page.text.contains("办证") && page.hidden_text.contains("办证加微信") && page.hidden_text.contains("白字"), "{page:?}");
    let names: Vec<&str> = hidden.kept.iter().map(|k| k.path.as_str()).collect();
    assert!(["viewport.png", "full.png", "mobile.png", "dom.html"].iter().all(|n| names.contains(n)), "{names:?}");
    assert!(names.iter().any(|n| n.starts_with("res/")), "{names:?}");
    let moved = visit("moved").await;
    assert_eq!(moved.hops.iter().map(|h| h.status).collect::<Vec<_>>(), [Some(302), Some(200)], "{:?}", moved.hops);
    assert!(moved.hops[1].body.starts_with("<h1>特种".as_bytes()) && moved.hops[1].address == Some(server.address));
    // A browser believes the header; the plain visit does not.
    let lies = jianwei::capture::visit(&url(&format!("http://lies.test:{}/", server.port())), "desktop", false, &net).await;
    assert!(text(&lies).contains("特种作业操作证查询"), "{}", text(&lies));
    let phone = visit("phone").await;
    assert_eq!((phone.outcome.clone(), text(&phone)), (Outcome::Captured, "网站建设中"));
    browser.close().await;
    assert_eq!(std::fs::read_dir(temp.path()).expect("there").count(), 0, "a profile is left");
}
