//! Engines that are asked by POST, with keys, and asset engines: requests over real sockets, and what their saved answers give.

use crate::sources::{engine, engine_files, failures, http, run, server, site};
use crate::world::shared;
use jianwei::sources::{Batch, Known, RunOutcome, Secret, Settings, Source, build_knowing, parse_results};
use std::fs;
use std::sync::{Arc, Mutex};

fn source(engine: &str, base: &str, key: Option<&str>, known: &Known) -> Box<dyn Source> {
    let kind = if ["fofa", "quake", "hunter", "zoomeye", "shodan", "urlscan"].contains(&engine) { "assets" } else { "search" };
    let mut settings: Settings =
        toml::from_str(&format!("id = 's'\nkind = '{kind}'\nengine = '{engine}'\nbase_url = '{base}'")).expect("settings");
    settings.key = key.and_then(Secret::new);
    let mut files = engine_files();
    for file in &mut files {
        file.text = file.text.lines().filter(|l| !l.starts_with("pause_ms")).collect::<Vec<_>>().join("\n");
    }
    files.push(jianwei::model::rulefile::RuleFile {
        path: "queries/confirmed.toml".into(),
        shown: String::new(),
        text: include_str!("../../rules/queries/confirmed.toml").into(),
    });
    build_knowing(&settings, &[site()], &files, &Vec::new, known).expect("right settings")
}

/// A server that keeps whole heads, and answers with one body.
async fn keeping(status: u16, body: &'static str) -> (String, Arc<Mutex<Vec<String>>>) {
    let heads: Arc<Mutex<Vec<String>>> = Arc::default();
    let kept = Arc::clone(&heads);
    let (base, _) = server(move |head| {
        kept.lock().expect("no poison").push(head.to_owned());
        http(status, "content-type: application/json\r\n", body.as_bytes())
    })
    .await;
    (base, heads)
}

fn urls(batches: &[Batch]) -> Vec<&str> {
    batches.iter().flat_map(|b| &b.sightings).map(|s| s.seen.as_str()).collect()
}

#[tokio::test]
async fn each_engine_is_asked_as_it_wants_with_its_key_and_no_message_shows_the_key() {
    for (id, sends, refusal) in [
        ("qianfan", "authorization: Bearer k3y-secret", r#"{"code":"rate_limit_exceeded","message":"k3y-secret"}"#),
        ("bocha", "authorization: Bearer k3y-secret", r#"{"code":"429","message":"key k3y-secret"}"#),
        ("serper", "x-api-key: k3y-secret", ""),
        ("brave", "x-subscription-token: k3y-secret", ""),
        ("fofa", "key=k3y-secret", r#"{"error":true,"errmsg":"key k3y-secret 请求速度过快"}"#),
        ("quake", "x-quaketoken: k3y-secret", r#"{"code":"q3005","message":"k3y-secret"}"#),
        ("hunter", "api-key=k3y-secret", r#"{"code":429,"message":"k3y-secret"}"#),
        ("zoomeye", "api-key: k3y-secret", r#"{"code":"60429","message":"k3y-secret"}"#),
        ("shodan", "key=k3y-secret", r#"{"error":"rate limit of k3y-secret"}"#),
        ("urlscan", "api-key: k3y-secret", ""),
    ] {
        let (base, heads) = keeping(200, if refusal.is_empty() { "<html>" } else { refusal }).await;
        let (batches, cursor) = run(source(id, &base, Some("k3y-secret"), &Known::default()).as_mut(), None).await;
        let asked = heads.lock().expect("no poison").join("");
        assert!(asked.to_lowercase().contains(&sends.to_lowercase()), "{id}: {asked}");
        let told = format!("{:?} {cursor:?}", batches.iter().map(|b| &b.outcome).collect::<Vec<_>>());
        assert!(!told.contains("k3y-secret"), "{id}: {told}");
        if refusal.is_empty() {
            assert!(told.contains("Failed"), "{id}: {told}");
        } else {
            assert!(matches!(&batches[0].outcome, RunOutcome::Blocked { .. }), "{id}: {told}");
            assert_eq!(batches.len(), 1, "{id}: a refusal ends the run");
        }
    }
}

#[tokio::test]
async fn a_redirect_to_another_host_does_not_take_the_key_along() {
    let (other, heads) = keeping(200, r#"{"code":0,"data":[]}"#).await;
    let to = format!("location: {other}/elsewhere\r\n");
    let (base, _) = server(move |_| http(302, &to, b"")).await;
    let (batches, _) = run(source("quake", &base, Some("k3y-secret"), &Known::default()).as_mut(), None).await;
    let asked = heads.lock().expect("no poison").join("").to_lowercase();
    assert!(asked.contains("get /elsewhere") && asked.contains("user-agent") && !asked.contains("k3y-secret"), "{asked}");
    assert_eq!(failures(&batches), Vec::<String>::new());
}

#[tokio::test]
async fn an_engine_without_its_key_says_where_to_get_one_and_asks_nothing() {
    let (base, heads) = keeping(200, "{}").await;
    let (batches, _) = run(source("fofa", &base, None, &Known::default()).as_mut(), None).await;
    let why = failures(&batches).join("");
    assert!(why.contains("https://fofa.info") && why.contains("JIANWEI_FOFA_KEY"), "{why}");
    assert_eq!(heads.lock().expect("no poison").len(), 0);
}

#[tokio::test]
async fn an_asset_engine_is_asked_by_title_and_by_path_and_its_hosts_become_sightings() {
    let (base, heads) = keeping(200, r#"{"error":false,"results":[["cx-mem.top","特种作业操作证","1.2.3.4","cx-mem.top","80","http"],["https://b.top:8443","x","","","",""]]}"#).await;
    let (batches, _) = run(source("fofa", &base, Some("key"), &Known::default()).as_mut(), None).await;
    assert_eq!(failures(&batches), Vec::<String>::new());
    assert_eq!(urls(&batches)[..2], ["http://cx-mem.top/", "https://b.top:8443/"]);
    let context = &batches[0].sightings[0].context;
    assert!(context.query.as_deref().is_some_and(|q| q.starts_with("title=\"特种作业操作证及")), "{context:?}");
    assert_eq!(context.site.as_deref(), Some("cx.mem.gov.cn"));
    assert!(heads.lock().expect("no poison").len() >= 2);
}

#[tokio::test]
async fn what_confirmed_copies_show_is_searched_for_too() {
    let (base, heads) = keeping(200, r#"{"results":[]}"#).await;
    let known = Known {
        hosts: vec![("cx-mem.top".into(), "cx.mem.gov.cn".into()), ("other.top".into(), "another.site".into())],
        marks: vec![("13800001111".into(), "cx.mem.gov.cn".into())],
        asked: Vec::new(),
    };
    let mut source = source("searxng", &base, None, &known);
    let _ = run(source.as_mut(), None).await;
    let asked = heads.lock().expect("no poison").join("");
    assert!(asked.contains("site%3Acx-mem.top") && asked.contains("13800001111"), "{asked}");
    assert!(!asked.contains("other.top"), "a copy of another site is another site's");
}

#[tokio::test]
async fn anti_flag_and_decoys_are_refusals_that_keep_the_place() {
    for (id, body) in [
        ("baidu-json", r#"{"antiFlag":1,"message":"x"}"#),
        ("shenma", r#"{"action":"captcha","url":"x"}"#),
        ("searxng", r#"{"query":"q","results":[],"unresponsive_engines":[["baidu","CAPTCHA"]]}"#),
    ] {
        let (base, _) = keeping(200, body).await;
        let (batches, cursor) = run(source(id, &base, None, &Known::default()).as_mut(), None).await;
        assert!(matches!(&batches[0].outcome, RunOutcome::Blocked { .. }), "{id}: {batches:?}");
        let place: serde_json::Value = serde_json::from_str(&cursor.0).expect("JSON");
        assert_eq!((place["query"].as_u64(), batches.len()), (Some(0), 1), "{id}");
    }
}

#[test]
fn saved_answers_of_asset_engines_are_read() {
    let url = url::Url::parse("https://engine.example/").expect("a URL");
    for (id, file) in [("hunter", "uncover-hunter-example.json"), ("shodan", "uncover-shodan-example.json")] {
        let Some(path) = shared(&format!("fixtures/cse/{file}")) else { return };
        let parsed = parse_results(&engine(id), 200, &url, &fs::read(path).expect("there"), "q");
        assert_eq!(parsed.outcome, RunOutcome::Ok, "{id}: {parsed:?}");
        assert!(parsed.rows.iter().all(|r| r.url.starts_with("http")), "{id}: {parsed:?}");
    }
}
