//! Clusters: kits behind CDNs and the unrelated hosts beside them, people's merges and splits, and the same from the store.

use crate::cli::{jianwei, stderr, stdout};
use crate::world::Random;
use jianwei::model::assessment::{Assessment, Scores, Verdict};
use jianwei::model::attribution::Attribution;
use jianwei::model::candidate::Candidate;
use jianwei::model::capture::{Capture, Outcome};
use jianwei::model::cluster::{ClusterMove, Graph, Standing};
use jianwei::model::digest::{Sha256, Sm3};
use jianwei::model::dossier::{Dossier, Facts};
use jianwei::model::host::Host;
use jianwei::model::hosting::Hosting;
use jianwei::model::indicator::{self, Found, Indicator, Marks};
use jianwei::model::lead::{Move, PackageRef};
use jianwei::model::page::{Contact, Identifier, Page};
use jianwei::model::registration::Registration;
use jianwei::model::resolution::{Presence, Resolution};
use jianwei::model::time::Timestamp;
use jianwei::records::{Next, Records, Visit};
use std::time::Instant;

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

fn dossier(name: &str, page: Page, address: [u8; 4]) -> Dossier {
    let at = Timestamp::from_millis(1_780_000_000_000);
    let url = format!("http://{name}/");
    let candidate = Candidate {
        host: host(name),
        url: url.clone(),
        site: String::new(),
        reasons: vec![],
        sightings: vec![],
        first_seen: at,
        last_seen: at,
    };
    let capture = Capture {
        requested_url: url.clone(),
        final_url: Some(url),
        variant: "desktop".into(),
        started_at: at,
        ended_at: at,
        outcome: Outcome::Captured,
        hops: vec![],
        page: Some(page),
        kept: vec![],
        browser: None,
    };
    let resolution = Resolution {
        host: host(name),
        at,
        resolvers: vec![],
        presence: Presence::Present,
        addresses: vec![address.into()],
        answers: vec![],
    };
    Dossier { candidate, resolution: Some(resolution), captures: vec![capture], facts: Facts::default() }
}

fn identifier(kind: &str, value: &str) -> Identifier {
    Identifier { kind: kind.into(), value: value.into(), raw: value.into() }
}

fn contact(kind: &str, value: &str) -> Contact {
    Contact { kind: kind.into(), value: value.into(), raw: value.into() }
}

/// A page of kit `k` on `name`. Each kit has another way to be recognised; what it has is left out here and there, as operators do.
fn kit_page(k: usize, n: usize, name: &str) -> Page {
    let mut page = Page {
        marks: (0..30).map(|m| format!("kit{k}-block{m}")).chain((0..2).map(|m| format!("own-{n}-{m}"))).collect(),
        scripts: vec!["https://lib.example.com/jquery.min.js".into()],
        html: format!("<script>var push = 'the same snippet that every site of the country has'; {}</script>", "go(); ".repeat(30)),
        ..Page::default()
    };
    match k {
        // An analytics id, on every host.
        0 => page.identifiers.push(identifier("baidu_tongji", "0123456789abcdef0123456789abcdef")),
        // A phone on most, the page's structure on all.
        1 => page.contacts.extend((!n.is_multiple_of(3)).then(|| contact("phone", "13912345678"))),
        // Rotating phones, one kit file.
        2 => {
            page.contacts.push(contact("phone", &format!("138{:08}", n * 7_919 + 13)));
            page.scripts.push(format!("http://{name}/static/js/app.3f2a9c1b.js"));
        }
        // Nothing but the structure.
        3 => {}
        // An account on half, a wallet on the other half, both on a few.
        _ => {
            page.contacts.extend((n.is_multiple_of(2)).then(|| contact("wechat", "zhengjian88")));
            if n % 2 == 1 || n.is_multiple_of(10) {
                page.html.push_str(" TR7NHqjeKQxGTCi8q8ZY4pL8otSzgjLj6t ");
            }
        }
    }
    page
}

/// A page that has nothing to do with any other, but for the library and the snippet.
fn lone_page(n: usize) -> Page {
    Page {
        marks: (0..25).map(|m| format!("lone{n}-part{m}")).collect(),
        scripts: vec!["https://lib.example.com/jquery.min.js".into()],
        html: format!("<script>var push = 'the same snippet that every site of the country has'; {}</script>", "go(); ".repeat(30)),
        contacts: if n.is_multiple_of(2) { vec![contact("phone", &format!("137{:08}", n * 104_729 + 1))] } else { vec![] },
        ..Page::default()
    }
}

const CDN: [[u8; 4]; 3] = [[104, 21, 5, 5], [104, 21, 5, 6], [119, 29, 29, 29]];

fn lab() -> Vec<(Host, usize, Marks)> {
    let mut all = Vec::new();
    for n in 0..300 {
        let name = format!("k{}n{n}.top", n % 5);
        all.push((host(&name), n % 5, indicator::marks(&dossier(&name, kit_page(n % 5, n, &name), CDN[n % 3]))));
    }
    for n in 0..60 {
        let name = format!("lone{n}.com");
        all.push((host(&name), 5, indicator::marks(&dossier(&name, lone_page(n), CDN[n % 3]))));
    }
    let mut dice = Random::new(11);
    for i in (1..all.len()).rev() {
        all.swap(i, dice.below(i as u64 + 1) as usize);
    }
    all
}

fn graph(all: &[(Host, usize, Marks)]) -> Graph {
    let mut graph = Graph::default();
    for (host, _, marks) in all {
        graph.put(host, Standing::Lead, marks);
    }
    graph
}

#[test]
fn five_kits_behind_three_cdns_are_five_clusters_without_a_stranger() {
    let all = lab();
    let mut graph = graph(&all);
    let clusters = graph.clusters();
    let kit = |h: &Host| all.iter().find(|(other, ..)| other == h).map(|(_, k, _)| *k);
    assert_eq!(
        clusters.iter().map(|c| c.hosts.len()).collect::<Vec<_>>(),
        [60; 5],
        "{:?}",
        clusters.iter().map(|c| &c.ties[0].reasons).collect::<Vec<_>>()
    );
    for cluster in &clusters {
        let kits: std::collections::BTreeSet<_> = cluster.hosts.iter().filter_map(kit).collect();
        assert!(kits.len() == 1 && !kits.contains(&5), "{}: {kits:?}", cluster.id);
        // Every tie is explained, and the ties alone hold the cluster together.
        let mut held: std::collections::BTreeSet<&Host> = cluster.ties[0].hosts.iter().collect();
        for _ in 0..cluster.ties.len() {
            for tie in cluster.ties.iter().filter(|t| t.hosts.iter().any(|h| held.contains(h))).collect::<Vec<_>>() {
                held.extend(&tie.hosts);
            }
        }
        assert_eq!(held.len(), cluster.hosts.len());
        for tie in &cluster.ties {
            assert!(tie.hosts.len() > 1 && !tie.reasons.is_empty());
            assert!(tie.reasons.iter().all(|r| r.weight.points >= 15 && !matches!(r.kind.as_str(), "ip" | "library")), "{tie:?}");
        }
    }
    // What everybody carries weighs nothing.
    let shared = graph.weight("library", "jquery.min.js").expect("carried");
    assert!(shared.points <= 1 && shared.unrelated >= 60, "{shared:?}");
    assert!(graph.weight("ip", "104.21.5.5").expect("carried").points <= 2);
}

#[test]
fn the_order_in_which_hosts_come_changes_nothing() {
    let mut all = lab();
    let sets = |graph: &mut Graph| graph.clusters().into_iter().map(|c| (c.id, c.hosts)).collect::<Vec<_>>();
    let first = sets(&mut graph(&all));
    all.reverse();
    assert_eq!(sets(&mut graph(&all)), first);
    all.sort_by(|a, b| a.0.cmp(&b.0));
    assert_eq!(sets(&mut graph(&all)), first);
}

#[test]
fn adding_one_host_recomputes_what_it_touches() {
    let all = lab();
    let mut graph = graph(&all);
    graph.clusters();
    let name = "late.top";
    let marks = indicator::marks(&dossier(name, kit_page(0, 7, name), CDN[0]));
    let began = Instant::now();
    graph.put(&host(name), Standing::Lead, &marks);
    let cluster = graph.cluster_of(&host(name)).expect("in a cluster");
    let took = began.elapsed();
    assert_eq!(cluster.hosts.len(), 61);
    // Unoptimised and on a busy machine it takes some 5 ms; a whole recomputation would not fit.
    assert!(took.as_millis() < 1_000, "{took:?}");
}

fn carrying(pairs: &[(&str, &str)]) -> Marks {
    let found =
        |(kind, value): &(&str, &str)| Found { what: Indicator { kind: (*kind).into(), value: (*value).into() }, at: "test".into() };
    Marks { found: pairs.iter().map(found).collect(), sketch: vec![] }
}

fn tied(graph: &mut Graph, a: &str, b: &str) -> bool {
    graph.cluster_of(&host(a)).is_some_and(|c| c.hosts.contains(&host(b)))
}

#[test]
fn weak_ties_never_tie_alone_however_many_there_are() {
    let mut graph = Graph::default();
    let many = [("ip", "1.2.3.4"), ("library", "vue.js"), ("library", "vant.css"), ("name_server", "dns.com"), ("old_ip", "1.2.3.5")];
    for name in ["a.top", "b.top"] {
        graph.put(&host(name), Standing::Lead, &carrying(&many));
    }
    assert!(!tied(&mut graph, "a.top", "b.top"));
    for name in ["a.top", "b.top"] {
        graph.put(&host(name), Standing::Lead, &carrying(&[("landline", "02312345678"), ("ip", "1.2.3.4")]));
    }
    assert!(tied(&mut graph, "a.top", "b.top"), "with a stronger one they count");
}

#[test]
fn what_the_official_site_or_harmless_hosts_carry_does_not_tie() {
    let mut graph = Graph::default();
    let id = [("baidu_tongji", "aa")];
    for name in ["a.top", "b.top"] {
        graph.put(&host(name), Standing::Lead, &carrying(&id));
    }
    assert!(tied(&mut graph, "a.top", "b.top"));
    graph.put(&host("cx.mem.gov.cn"), Standing::Official, &carrying(&id));
    assert!(!tied(&mut graph, "a.top", "b.top"), "copied from the official page");
    graph.put(&host("cx.mem.gov.cn"), Standing::Official, &carrying(&[]));
    for n in 0..10 {
        graph.put(&host(&format!("shop{n}.com")), Standing::Benign, &carrying(&id));
    }
    assert!(!tied(&mut graph, "a.top", "b.top"), "ten harmless sites have it");
    // Forty hosts of one owner are one host.
    for n in 0..40 {
        graph.put(&host(&format!("s{n}.shop0.com")), Standing::Benign, &carrying(&[("baidu_tongji", "bb")]));
    }
    for name in ["c.top", "d.top"] {
        graph.put(&host(name), Standing::Lead, &carrying(&[("baidu_tongji", "bb")]));
    }
    assert!(tied(&mut graph, "c.top", "d.top"));
}

#[test]
fn a_mark_shared_by_many_operators_is_nobodys() {
    let mut graph = Graph::default();
    for n in 0..20 {
        for side in ["x", "y"] {
            let own = format!("139{n:08}");
            graph.put(&host(&format!("{side}{n}.top")), Standing::Lead, &carrying(&[("cnzz", "1278901234"), ("phone", &own)]));
        }
    }
    let weight = graph.weight("cnzz", "1278901234").expect("carried");
    assert!(weight.unrelated == 19 && weight.points < 60, "{weight:?}");
    assert!(tied(&mut graph, "x1.top", "y1.top") && !tied(&mut graph, "x1.top", "x2.top"));
}

#[test]
fn merges_and_splits_by_hand_hold_and_can_be_taken_back() {
    let mut graph = Graph::default();
    for name in ["a.top", "b.top", "c.top"] {
        graph.put(&host(name), Standing::Lead, &carrying(&[("qq", "123456789")]));
    }
    graph.put(&host("d.top"), Standing::Lead, &carrying(&[]));
    let (d, a, reason) = (host("d.top"), host("a.top"), "同一人".to_owned());
    graph.apply(&ClusterMove::Merge { host: d.clone(), with: a.clone(), reason: reason.clone() }, "李某 2026-01-01");
    let cluster = graph.cluster_of(&host("c.top")).expect("a cluster");
    assert_eq!(cluster.hosts.len(), 4);
    assert!(cluster.ties.iter().any(|t| t.reasons[0].kind == "by_hand" && t.reasons[0].value.contains("李某")));
    graph.apply(&ClusterMove::Split { host: a.clone(), reason: reason.clone() }, "");
    assert_eq!(graph.cluster_of(&host("b.top")).expect("b and c").hosts.len(), 2);
    assert_eq!(graph.cluster_of(&a).expect("a and d, by hand").hosts, [a.clone(), d.clone()]);
    graph.apply(&ClusterMove::Unsplit { host: a.clone(), reason: reason.clone() }, "");
    assert_eq!(graph.cluster_of(&host("b.top")).expect("all").hosts.len(), 4);
    graph.apply(&ClusterMove::Unmerge { host: d.clone(), with: a, reason }, "");
    assert_eq!(graph.cluster_of(&d), None);
}

#[test]
fn near_equal_pages_tie_and_different_ones_do_not() {
    let page = |k: usize, n: usize| indicator::marks(&dossier("a.top", kit_page(k, n, "a.top"), CDN[0]));
    let sketch = |marks: &Marks| Marks { found: vec![], sketch: marks.sketch.clone() };
    let mut graph = Graph::default();
    graph.put(&host("a.top"), Standing::Lead, &sketch(&page(3, 1)));
    graph.put(&host("b.top"), Standing::Lead, &sketch(&page(3, 2)));
    graph.put(&host("c.top"), Standing::Lead, &sketch(&page(1, 1)));
    assert!(tied(&mut graph, "a.top", "b.top") && !tied(&mut graph, "a.top", "c.top"));
}

// From the store, as a person sees it.

fn kept(dir: &std::path::Path, name: &str, kit: usize) {
    kept_page(dir, name, kit_page(kit, 1, name));
}

fn kept_page(dir: &std::path::Path, name: &str, page: Page) {
    let at = Timestamp::parse("2026-03-01T02:00:00Z").expect("a time");
    let records = Records::open(dir, &Vec::new).expect("the store opens");
    let dossier = dossier(name, page, CDN[0]);
    let assessment = Assessment {
        class: Verdict::FakeQuery,
        site: "cx.mem.gov.cn".into(),
        scores: Scores { fake_query: 90, seller: 0, mirror: 0 },
        review: true,
        findings: vec![],
        not_looked_at: vec![],
        rules: "0123456789abcdef".into(),
        at,
    };
    let package = PackageRef {
        id: format!("EV-20260301T020000Z-{}", &Sha256::of(name.as_bytes()).hex()[..8]),
        path: "p".into(),
        manifest_sha256: Sha256::of(b"x"),
        manifest_sm3: Sm3::of(b"x"),
        captured_at: at,
        outcome: "captured".into(),
    };
    let registration = Registration {
        domain: name.into(),
        registered: Some(true),
        registrar: Some("某某注册商".into()),
        registrant: Some("重庆市渝中区某公司".into()),
        created: Some(at),
        abuse_email: Some("abuse@registrar.example".into()),
        name_servers: vec!["ns1.dns.example".into()],
        source: "whois whois.cnnic.cn:43".into(),
        at: Some(at),
        ..Registration::default()
    };
    let attribution = Attribution {
        host: host(name),
        at,
        registration: Some(registration),
        hosting: Hosting::default(),
        filings: vec![],
        remarks: vec![],
        issuer: None,
    };
    let visit = Visit {
        marks: indicator::marks(&dossier),
        attribution: Some(Box::new(attribution)),
        candidate: dossier.candidate,
        resolution: dossier.resolution,
        outcome: "captured".into(),
        outcome_why: "page captured".into(),
        url: format!("http://{name}/"),
        title: "查询".into(),
        assessment,
        package,
    };
    records.finish_visit(&visit, Next { visit: false, at: None }).expect("kept");
}

#[test]
fn a_lead_is_shown_with_whose_it_is_its_cluster_and_a_suggestion_in_chinese() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("jianwei.toml"), "[data]\ndir = \"data\"\n").expect("written");
    let data = dir.path().join("data");
    std::fs::create_dir_all(&data).expect("made");
    for name in ["a-kit.top", "b-kit.top"] {
        kept(&data, name, 0);
    }
    let run = |arguments: &[&str]| {
        let run = jianwei(dir.path(), arguments);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        stdout(&run)
    };
    let told = run(&["leads", "show", "a-kit.top", "--lang", "zh"]);
    for part in [
        "注册商：某某注册商　[来源 whois whois.cnnic.cn:43，2026-03-01 10:00:00]",
        "注册邮箱：未知",
        "域名注册商：某某注册商；地点 未知；投诉联系 abuse@registrar.example",
        "服务器地址：未知",
        "市专班",
        "建议，须人工确认",
        "集群 JQ-",
        "百度统计编号 0123456789abcdef0123456789abcdef（权重 80",
        "b-kit[.]top",
    ] {
        assert!(told.contains(part), "{part}\n{told}");
    }
    let pivot = run(&["leads", "pivot", "0123456789ABCDEF0123456789abcdef", "--lang", "zh"]);
    assert!(pivot.contains("a-kit[.]top") && pivot.contains("b-kit[.]top") && pivot.contains("可查询 hunter"), "{pivot}");
    assert!(run(&["leads", "providers", "--month", "2026-03", "--lang", "zh"]).contains("2 条线索　域名注册商：某某注册商"));
    assert_eq!(run(&["leads", "providers", "--month", "2026-04", "--lang", "zh"]), "");
    run(&["leads", "split", "a-kit.top", "--reason", "巧合"]);
    assert_eq!(run(&["leads", "clusters"]), "");
    // The journal alone holds the word: a store made anew has it too.
    std::fs::remove_dir_all(data.join("records")).expect("removed");
    for name in ["a-kit.top", "b-kit.top"] {
        kept(&data, name, 0);
    }
    assert_eq!(run(&["leads", "clusters"]), "");
    run(&["leads", "split", "a-kit.top", "--reason", "看错了", "--undo"]);
    assert!(run(&["leads", "clusters", "--json"]).contains("\"schema\":\"cluster/1\""));
    std::fs::write(dir.path().join("old.json"), "{\"rrname\":\"a-kit.top\",\"rrtype\":\"A\",\"rdata\":\"1.2.3.4\"}\n").expect("written");
    let pdns = run(&["leads", "passive-dns", "old.json", "--lang", "zh"]);
    assert!(pdns.contains("新地址 1 个"), "{pdns}");
    assert!(run(&["leads", "pivot", "old_ip=1.2.3.4"]).contains("a-kit[.]top"));
}

#[test]
fn a_confirmed_fakes_marks_are_told_to_the_next_assessment() {
    let dir = tempfile::tempdir().expect("a folder");
    kept(dir.path(), "a-kit.top", 0);
    let records = Records::open(dir.path(), &Vec::new).expect("the store opens");
    let marks = indicator::marks(&dossier("b-kit.top", kit_page(0, 1, "b-kit.top"), CDN[0]));
    assert_eq!(records.ties(&host("b-kit.top"), &marks).expect("read"), vec![], "nobody confirmed anything yet");
    let lead = records.lead_of(&host("a-kit.top")).expect("read").expect("a lead");
    for what in [Move::Claim, Move::Confirm] {
        records.decide(&lead.id, what, "李某", Timestamp::from_millis(0)).expect("decided");
    }
    let ties = records.ties(&host("b-kit.top"), &marks).expect("read");
    assert!(ties.iter().any(|t| t.kind == "tracker" && t.host == "a-kit.top" && !t.seller), "{ties:?}");
    assert_eq!(records.ties(&host("a-kit.top"), &marks).expect("read"), vec![], "a host is not tied to itself");
}

#[test]
fn what_the_official_site_carries_by_its_file_or_its_last_check_ties_nothing() {
    let dir = tempfile::tempdir().expect("a folder");
    std::fs::write(dir.path().join("jianwei.toml"), "[data]\ndir = \"data\"\n[[source]]\nid = \"x\"\nkind = \"names\"\npath = \"x\"\n")
        .expect("written");
    let data = dir.path().join("data");
    std::fs::create_dir_all(data.join("official")).expect("made");
    // The tracker's id stands in the site's file; the office's number only on its page.
    let tracker = "7c3492d683dc7a90fd44bf8bfd57e50c";
    for (n, name) in ["a-copy.top", "b-copy.top"].into_iter().enumerate() {
        let mut page = lone_page(2 * n + 1);
        page.identifiers.push(identifier("baidu_tongji", tracker));
        page.contacts.push(contact("landline", "01083933333"));
        page.contacts.push(contact("email", "duty@office.example"));
        kept_page(&data, name, page);
    }
    let run = |arguments: &[&str]| {
        let run = jianwei(dir.path(), arguments);
        assert_eq!(run.status.code(), Some(0), "{}", stderr(&run));
        stdout(&run)
    };
    assert!(run(&["leads", "clusters", "--lang", "zh"]).contains("邮箱 duty@office.example"), "what the file does not know ties");
    assert!(!run(&["leads", "clusters", "--lang", "zh"]).contains(tracker));
    let page = [contact("landline", "01083933333"), contact("email", "duty@office.example")];
    let marks = indicator::marks(&dossier("cx.mem.gov.cn", Page { contacts: page.into(), ..lone_page(99) }, CDN[0]));
    let kept = serde_json::json!({"schema": "official/1", "host": "cx.mem.gov.cn", "at": "2026-03-01T02:00:00.000Z", "marks": marks});
    std::fs::write(data.join("official/cx.mem.gov.cn.json"), kept.to_string()).expect("written");
    std::fs::write(data.join("official/broken.json"), "{").expect("written");
    assert_eq!(run(&["leads", "clusters"]), "");
    let pivot = run(&["leads", "pivot", tracker, "--lang", "zh"]);
    assert!(pivot.contains("官方网站也有，系照搬，不作关联") && pivot.contains("a-copy[.]top"), "{pivot}");
}
