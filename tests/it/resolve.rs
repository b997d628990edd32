//! Attribution: real answers of registers, registers on the loopback, address tables, fronts, filings, divisions.

use crate::lab::registers::{Registers, cnnic};
use crate::world;
use jianwei::model::candidate::Candidate;
use jianwei::model::division::Divisions;
use jianwei::model::dossier::{Dossier, Facts};
use jianwei::model::filing;
use jianwei::model::host::Host;
use jianwei::model::hosting::{Front, FrontKind, Hosting, Placed, Said};
use jianwei::model::jurisdiction::{self, Level};
use jianwei::model::page::Identifier;
use jianwei::model::registration::{AskOutcome, Registration};
use jianwei::model::resolution::{DnsAnswer, DnsRecord, Presence, Resolution};
use jianwei::model::rulefile::RuleFile;
use jianwei::model::text::identifiers::identifiers;
use jianwei::model::time::Timestamp;
use jianwei::net::{self, Net};
use jianwei::resolve::fronts::Fronts;
use jianwei::resolve::rdap::{self, Object};
use jianwei::resolve::{Desk, Server, Settings, whois};
use std::path::Path;

mod tables;

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

fn rules() -> Vec<RuleFile> {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR")).join("rules/attribution");
    let one = |e: std::fs::DirEntry| {
        let name = e.file_name().to_string_lossy().into_owned();
        RuleFile { path: format!("attribution/{name}"), shown: name, text: std::fs::read_to_string(e.path()).expect("read") }
    };
    std::fs::read_dir(dir).expect("there").map(|e| one(e.expect("an entry"))).collect()
}

fn chongqing() -> Divisions {
    Divisions::load(&rules()).expect("the table parses").into_iter().find(|d| d.code == "500000").expect("Chongqing")
}

// Real answers.

fn whois_sample(file: &str) -> Option<String> {
    Some(std::fs::read_to_string(world::shared("fixtures/whois")?.join(file)).expect("read"))
}

#[test]
fn every_whois_sample_of_a_registered_name_is_read() {
    for (file, name, registrar, registrant, created) in [
        ("noterror_cn_apple.cn.txt", "apple.cn", "Corporation Service Company", Some("Apple Inc."), "2003-03-17T04:20:05Z"),
        ("noterror_cn_google.cn.txt", "google.cn", "厦门易名科技股份有限公司", Some("北京谷翔信息技术有限公司"), "2003-03-17T04:20:05Z"),
        ("noterror_xn--fiqs8s_xn--6qq79v.xn--fiqs8s.txt", "你好.中国", "厦门易名科技股份有限公司", Some("王玉实"), "2004-08-08T14:27:10Z"),
        (
            "noterror_xn--fiqs8s_xn--vhq524a.xn--fiqs8s.txt",
            "实业.中国",
            "浙江贰贰网络有限公司",
            Some("萍乡大唐网络科技有限公司"),
            "2020-08-04T23:36:09Z",
        ),
        ("noterror_com_google.com.txt", "google.com", "MarkMonitor, Inc.", Some("Google LLC"), "1997-09-15T07:00:00Z"),
        ("noterror_cc_google.cc.txt", "google.cc", "MarkMonitor, Inc.", Some("Google Inc."), "1999-06-07T07:00:00Z"),
        ("noterror_top_google.top.txt", "google.top", "MarkMonitor, Inc.", Some("Google LLC"), "2015-04-09T14:34:13Z"),
        ("noterror_xyz_git.xyz.txt", "git.xyz", "Chengdu west dimension digital technology Co., LTD", None, "2017-01-19T02:15:20Z"),
    ] {
        let Some(text) = whois_sample(file) else { return };
        let answer = whois::read(&text, &host(name));
        assert_eq!(answer.outcome, AskOutcome::Answered, "{file}");
        let f = answer.facts;
        assert_eq!((f.registrar.as_deref(), f.registrant.as_deref()), (Some(registrar), registrant), "{file}");
        assert_eq!(f.created, Timestamp::parse(created), "{file}");
        assert!(f.expires.is_some() && !f.status.is_empty() && f.name_servers.len() >= 2, "{file}: {f:?}");
        assert!(f.status.iter().all(|s| !s.contains("http")), "{file}: {:?}", f.status);
    }
}

#[test]
fn the_quirks_of_the_whois_samples_are_understood() {
    let Some(text) = whois_sample("noterror_xyz_git.xyz.txt") else { return };
    let git = whois::read(&text, &host("git.xyz")).facts;
    assert_eq!(git.registrant_email, None, "a link to a form is no address");
    assert!(git.redacted && git.dnssec == Some(true));
    assert_eq!(git.abuse_email.as_deref(), Some("westabuse@gmail.com"));
    assert_eq!(git.abuse_phone.as_deref(), Some("+86.2862778877 ext 8359"));
    assert_eq!(git.registrant_place.as_deref(), Some("Chengdu, Sichuan, CN"));
    let text = whois_sample("noterror_xn--fiqs8s_xn--vhq524a.xn--fiqs8s.txt").expect("beside it");
    let idn = whois::read(&text, &host("实业.中国"));
    assert_eq!(idn.facts.aliases.len(), 3, "the other writings of the name: {:?}", idn.facts.aliases);
    assert!(idn.facts.aliases.contains(&host("實業.中國").as_str().to_owned()));
    assert_eq!(idn.facts.registrant_email.as_deref(), Some("28669@163.com"));
    let text = whois_sample("noterror_com_google.com.txt").expect("beside it");
    let com = whois::read(&text, &host("google.com"));
    assert_eq!(com.referral.as_deref(), Some("whois.markmonitor.com"));
    assert_eq!(
        (com.facts.registrar_iana.as_deref(), com.facts.abuse_email.as_deref()),
        (Some("292"), Some("abusecomplaints@markmonitor.com"))
    );
    let text = whois_sample("noterror_cn_cn.txt").expect("beside it");
    let iana = whois::read(&text, &host("cn"));
    assert_eq!((iana.outcome, iana.referral.as_deref()), (AskOutcome::Answered, Some("whois.cnnic.cn")));
    assert_eq!(iana.facts.name_servers.len(), 8);
}

#[test]
fn every_whois_sample_of_an_unregistered_name_says_so() {
    for tld in ["cn", "com", "top", "xyz"] {
        let Some(text) = whois_sample(&format!("notfound_{tld}_likexian-have-no-money-to-register.{tld}.txt")) else { return };
        let answer = whois::read(&text, &host(&format!("likexian-have-no-money-to-register.{tld}")));
        assert_eq!((answer.outcome, answer.facts.registered), (AskOutcome::NotRegistered, Some(false)), "{tld}");
    }
}

fn rdap_sample(file: &str) -> Option<Object> {
    let body = std::fs::read(world::shared("fixtures/rdap")?.join(file)).expect("read");
    Some(rdap::read(&body).unwrap_or_else(|e| panic!("{file}: {e}")))
}

fn domain_sample(file: &str) -> Option<Registration> {
    match rdap_sample(file)? {
        Object::Domain { facts, .. } => Some(*facts),
        other => panic!("{file}: {other:?}"),
    }
}

#[test]
fn every_rdap_sample_is_what_the_manifest_says() {
    let Some(click) = domain_sample("microsoft.click.json") else { return };
    assert_eq!((click.registrant.as_deref(), click.registrant_place.as_deref()), (Some("Microsoft Corporation"), Some("WA, US")));
    assert!(click.redacted && click.created == Timestamp::parse("2014-11-12T19:15:55.283Z") && click.expires.is_some());
    let moscow = domain_sample("home.moscow.json").expect("beside it");
    assert_eq!(moscow.registrar.as_deref(), Some("Limited Liability Company \"Registrar of domain names REG.RU\""));
    assert_eq!((moscow.abuse_email.as_deref(), moscow.abuse_phone.as_deref()), (Some("abuse@reg.ru"), Some("+7-495-5801111")));
    let monde = domain_sample("lemonde.fr.json").expect("beside it");
    assert_eq!((monde.registrar.as_deref(), monde.registrar_iana.as_deref()), (Some("NAMESHIELD"), Some("1251")));
    let afnic = domain_sample("domain_afnic_fr.json").expect("beside it");
    assert!(afnic.dnssec.is_some(), "secureDns in another spelling");
    assert_eq!(afnic.registrant.as_deref(), Some("ASS FRANC NOMMAGE INTERNET EN COOP"), "an empty org does not hide the name");
    let hidden = domain_sample("lookup_with_redaction.json").expect("beside it");
    assert!(hidden.redacted && hidden.registrant.is_none());
    assert_eq!((hidden.registrar.as_deref(), hidden.registrant_place.as_deref()), (Some("Example Registrar Inc."), Some("QC, Canada")));
    assert_eq!(rdap_sample("domain_search_with_redaction.json"), Some(Object::Search(2)));
    assert!(matches!(rdap_sample("error_ripe_net.json"), Some(Object::Error { code: 501, .. })));
    assert_eq!(rdap_sample("help_nic_fr.json"), Some(Object::Help));
    for (file, class, name) in [
        ("autnum_16509.json", "autnum", "AS16509"),
        ("network_192_198_0_0.json", "ip network", "NET-192-198-0-0-1"),
        ("entity_arin_hostmaster.json", "entity", ""),
        ("nameserver_ns1_nic_fr.json", "nameserver", "ns1.nic.fr"),
    ] {
        match rdap_sample(file) {
            Some(Object::Other { class: is, name: named, .. }) => assert!(is == class && named.contains(name), "{file}: {is} {named}"),
            other => panic!("{file}: {other:?}"),
        }
    }
}

#[test]
fn a_network_sample_gives_range_holder_and_abuse_contact() {
    let Some(object) = rdap_sample("network_192_198_0_0.json") else { return };
    let inside = "192.198.2.9".parse().expect("an address");
    assert_eq!(rdap::judge_address(&object, inside), AskOutcome::Answered);
    assert!(matches!(rdap::judge_address(&object, "192.198.4.1".parse().expect("an address")), AskOutcome::Unreadable { .. }));
    assert!(matches!(rdap::judge_address(&object, "2001:db8::1".parse().expect("an address")), AskOutcome::Unreadable { .. }));
    let Object::Other { abuse_email, abuse_phone, holder, .. } = object else { panic!("a network") };
    assert_eq!(abuse_email.as_deref(), Some("daniel.petsinger@radiolinkinternet.com"));
    assert_eq!((abuse_phone.as_deref(), holder.as_deref()), (Some("+1-507-417-4176"), Some("Radio Link Internet")));
}

#[test]
fn every_filing_sample_is_judged_as_the_table_says() {
    let Some(path) = world::shared("fixtures/icp/beian-number-samples.tsv") else { return };
    let text = std::fs::read_to_string(path).expect("read");
    let mut seen = 0;
    for line in text.lines().skip(1) {
        let fields: Vec<&str> = line.split('\t').collect();
        let (value, kind) = (fields[0], fields[1]);
        let page = if kind.contains("标识码") || kind.contains("负样本") {
            format!("政府网站标识码：{value}")
        } else {
            value.to_owned()
        };
        let found: Vec<Identifier> = identifiers(&page, "");
        let checks: Vec<_> = found.iter().filter_map(filing::check).collect();
        assert_eq!(checks.len(), 1, "{value}: {found:?}");
        assert_eq!(checks[0].well_formed, !kind.contains("负样本"), "{value}: {:?}", checks[0]);
        seen += 1;
    }
    assert_eq!(seen, 19);
    let provinces = std::fs::read_to_string(world::shared("fixtures/icp/province.tsv").expect("beside it")).expect("read");
    let rows: Vec<String> = filing::PROVINCES.iter().map(|(a, b, c, d, e)| format!("{a}\t{b}\t{c}\t{d}\t{e}")).collect();
    assert_eq!(provinces.lines().skip(1).map(str::trim_end).collect::<Vec<_>>(), rows);
}

#[test]
fn the_shipped_servers_are_those_of_the_table_and_cn_has_no_rdap() {
    let Some(path) = world::shared("fixtures/rdap/tld-servers-subset.json") else { return };
    let table: serde_json::Value = serde_json::from_slice(&std::fs::read(path).expect("read")).expect("JSON");
    let file = rules().into_iter().find(|f| f.path == "attribution/registries.toml").expect("shipped");
    let shipped: toml::Table = file.text.parse().expect("TOML");
    let row = |suffix: &str| shipped["registry"].as_array().expect("a list").iter().find(|r| r["suffix"].as_str() == Some(suffix)).cloned();
    let mut seen = 0;
    for (suffix, servers) in table.as_object().expect("suffixes").iter().filter(|(_, s)| s.is_object()) {
        let first = |key: &str| servers[key].as_array().and_then(|l| l.first()).and_then(|v| v.as_str()).map(str::to_owned);
        let ascii = Host::parse(suffix).map_or_else(|_| suffix.clone(), |h| h.as_str().to_owned());
        let ours = row(&ascii).unwrap_or_else(|| panic!("{suffix} ({ascii}) is not shipped"));
        let text = |key: &str| ours.get(key).and_then(|v| v.as_str()).map(str::to_owned);
        assert_eq!((text("whois"), text("rdap")), (first("whoisServer"), first("rdapServers")), "{suffix}");
        seen += 1;
    }
    assert!(seen >= 35, "{seen}");
    for none in ["cn", "xn--fiqs8s", "hk"] {
        assert!(row(none).is_some_and(|r| r.get("rdap").is_none() && r.get("whois").is_some()), "{none}");
    }
}

// Fronts.

fn resolution(name: &str, chain: &[&str], addresses: &[&str]) -> Resolution {
    let record = |data: &&str| DnsRecord { name: name.into(), rrtype: "CNAME".into(), ttl: 60, data: (*data).to_owned() };
    Resolution {
        host: host(name),
        at: Timestamp::from_millis(0),
        resolvers: Vec::new(),
        presence: Presence::Present,
        addresses: addresses.iter().map(|a| a.parse().expect("an address")).collect(),
        answers: vec![DnsAnswer { question: "A".into(), rcode: "NOERROR".into(), records: chain.iter().map(record).collect() }],
    }
}

#[test]
fn a_cdn_is_told_by_its_alias_before_its_network() {
    let mut fronts = Fronts::load(&rules(), Path::new("/nonexistent")).expect("the rules parse");
    let by_alias = fronts.of(Some(&resolution("a.top", &["a.top.w.kunlunca.com"], &["1.2.3.4"])), &[]);
    assert_eq!((by_alias[0].vendor.as_str(), by_alias[0].by.as_str()), ("阿里云 CDN", "cname"));
    let near = fronts.of(Some(&resolution("a.top", &["notkunlunca.com", "kunlunca.com.evil.top"], &[])), &[]);
    assert_eq!(near, vec![], "only at a label boundary");
    let Some(list) = world::shared("fixtures/cdn/cdncheck-subset.json") else { return };
    let json: serde_json::Value = serde_json::from_slice(&std::fs::read(list).expect("read")).expect("JSON");
    fronts.add_ranges(&json);
    assert!(fronts.networks() > 1_500, "{}", fronts.networks());
    for key in ["cdn", "waf", "cloud"] {
        for (vendor, networks) in json[key].as_object().expect("vendors") {
            let first = networks[0].as_str().expect("a network").split('/').next().expect("an address");
            let found = fronts.of(Some(&resolution("a.top", &[], &[first])), &[]);
            assert!(found.iter().any(|f| f.by == "range"), "{vendor} {first}");
        }
    }
    for (vendor, suffixes) in json["common"].as_object().expect("vendors") {
        for suffix in suffixes.as_array().expect("a list") {
            let alias = format!("x.{}", suffix.as_str().expect("a suffix"));
            assert!(!fronts.of(Some(&resolution("a.top", &[&alias], &[])), &[]).is_empty(), "{vendor} {alias}");
        }
    }
}

// Registers on the loopback.

struct Lot {
    registers: Registers,
    net: Net,
    desk: Desk,
    _dir: tempfile::TempDir,
}

fn lot() -> Lot {
    let registers = Registers::start();
    let allow_private = vec!["127.0.0.1/32".to_owned()];
    // A resolver that nobody is: names lead nowhere, and nothing leaves the machine.
    let settings = net::Settings {
        allow_private,
        per_host_interval_ms: 0,
        timeout_ms: 1_200,
        resolvers: vec!["127.0.0.1:9".into()],
        ..net::Settings::default()
    };
    let attribution = Settings {
        bootstrap: format!("http://{}/dns.json", registers.rdap),
        interval_ms: 20,
        server: vec![
            Server { suffix: "cn".into(), whois: Some(registers.whois.to_string()), rdap: None },
            Server { suffix: "com".into(), whois: Some(registers.whois.to_string()), rdap: None },
            Server { suffix: "ip".into(), whois: None, rdap: Some(format!("http://{}/rdap/ip/", registers.rdap)) },
            Server {
                suffix: "xyz".into(),
                whois: Some(registers.whois.to_string()),
                rdap: Some(format!("http://{}/rdap/domain/", registers.rdap)),
            },
        ],
        ..Settings::default()
    };
    let dir = tempfile::tempdir().expect("a folder");
    let desk = Desk::open(&attribution, &rules(), dir.path()).expect("a desk");
    Lot { registers, net: Net::new(&settings).expect("a door"), desk, _dir: dir }
}

impl Lot {
    fn ask(&self, name: &str) -> Registration {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(self.desk.registration(&host(name), None, &self.net)).expect("a registrable name")
    }
    fn outcomes(&self, name: &str) -> Vec<AskOutcome> {
        self.ask(name).raw.into_iter().map(|r| r.outcome).collect()
    }
}

#[test]
fn rdap_is_found_by_the_bootstrap_list_and_the_registrar_is_asked_too() {
    let lot = lot();
    let plain = lot.ask("www.plain.top");
    assert_eq!((plain.domain.as_str(), plain.registered, plain.registrar.as_deref()), ("plain.top", Some(true), Some("Lab Registrar")));
    assert_eq!((plain.abuse_email.as_deref(), plain.created), (Some("abuse@registrar.example"), Timestamp::parse("2026-03-01T00:00:00Z")));
    assert!(plain.raw.len() == 1 && plain.raw[0].query.ends_with("/rdap/domain/plain.top") && plain.raw[0].text.contains("PLAIN.TOP"));
    let linked = lot.ask("linked.top");
    assert_eq!((linked.registrar.as_deref(), linked.registrant.as_deref()), (Some("Lab Registrar"), Some("重庆某某网络科技有限公司")));
    assert_eq!((linked.registrant_email.as_deref(), linked.raw.len()), (Some("boss@example.cn"), 2));
    let moved = lot.ask("moved.top");
    assert!(moved.registrant.is_some() && moved.raw[0].query.contains(" -> "), "{:?}", moved.raw[0].query);
    assert!(matches!(lot.outcomes("gone.top")[0], AskOutcome::NotRegistered));
    assert_eq!(lot.registers.asked().iter().filter(|a| a.contains("dns.json")).count(), 1, "the list is fetched once");
}

#[test]
fn a_register_that_asks_for_a_wait_gets_it_or_is_left_alone() {
    let lot = lot();
    let began = std::time::Instant::now();
    assert_eq!(lot.ask("soon.top").registered, Some(true));
    assert!(began.elapsed().as_millis() >= 1_000, "the wait was kept");
    let later = lot.outcomes("later.top");
    assert_eq!(later[0], AskOutcome::Limited { retry_after_s: Some(3_600) });
    let asked = lot.registers.asked().len();
    assert!(matches!(lot.outcomes("other.top")[0], AskOutcome::Failed { .. }), "nobody is asked who wants to be left alone");
    assert_eq!(lot.registers.asked().len(), asked);
}

#[test]
fn every_bad_rdap_answer_is_a_clear_partial_result() {
    let lot = lot();
    for name in ["html.top", "array.top", "stranger.top"] {
        assert!(matches!(lot.outcomes(name)[0], AskOutcome::Unreadable { .. }), "{name}");
    }
    assert!(matches!(lot.outcomes("broken.top")[0], AskOutcome::Failed { .. }));
    for name in ["private.top", "inside.top"] {
        let found = lot.ask(name);
        assert!(
            matches!(&found.raw[0].outcome, AskOutcome::RefusedByGuard { why, .. } if why == "private" || why == "loopback"),
            "{name}: {:?}",
            found.raw
        );
        assert_eq!(found.registered, None, "nobody knows");
    }
    let badlink = lot.ask("badlink.top");
    assert_eq!(badlink.registered, Some(true), "the registry's own answer stays");
    assert!(matches!(&badlink.raw[1].outcome, AskOutcome::RefusedByGuard { .. }));
    assert!(matches!(lot.outcomes("huge.top")[0], AskOutcome::TooLarge { .. }));
    assert!(matches!(lot.outcomes("loop.top")[0], AskOutcome::Failed { .. }));
    assert!(matches!(lot.outcomes("cut.top")[0], AskOutcome::Failed { .. }));
}

#[test]
fn whois_takes_over_where_rdap_gives_nothing_and_a_slow_register_is_given_up() {
    let lot = lot();
    let fallen = lot.ask("html.xyz");
    assert_eq!((fallen.registered, fallen.registrant.as_deref(), fallen.raw.len()), (Some(true), Some("李某"), 2));
    assert!(fallen.source.starts_with("whois 127.0.0.1"), "{}", fallen.source);
    let began = std::time::Instant::now();
    let slow = lot.ask("slow.xyz");
    assert!(matches!(slow.raw[0].outcome, AskOutcome::TimedOut { .. }) && slow.registered == Some(true));
    assert!(began.elapsed().as_secs() < 10);
}

#[test]
fn whois_answers_of_every_kind_are_told_apart() {
    let lot = lot();
    let good = lot.ask("a.good.cn");
    assert_eq!((good.registrant.as_deref(), good.registrant_email.as_deref()), (Some("李某"), Some("li@example.cn")));
    assert_eq!(good.created, Timestamp::parse("2026-03-01T00:00:00Z"));
    assert_eq!((good.raw[0].query.as_str(), good.raw[0].text.as_str()), ("good.cn", cnnic("good.cn").as_str()));
    assert_eq!(lot.ask("gbk.cn").registrant.as_deref(), Some("李某"));
    assert_eq!(lot.ask("none.cn").registered, Some(false));
    assert!(matches!(lot.outcomes("stranger.cn")[0], AskOutcome::Unreadable { .. }));
    assert!(matches!(lot.outcomes("silent.cn")[0], AskOutcome::Unreadable { .. }));
    assert!(matches!(lot.outcomes("garbage.cn")[0], AskOutcome::Unreadable { .. }));
    assert!(matches!(lot.outcomes("endless.cn")[0], AskOutcome::TooLarge { .. }));
    let referred = lot.ask("referred.com");
    assert_eq!((referred.registrar.as_deref(), referred.raw.len()), (Some("R"), 1), "a server is not asked twice for the same");
    let inside = lot.ask("inside.com");
    assert!(matches!(inside.raw[1].outcome, AskOutcome::RefusedByGuard { .. }) && inside.registered == Some(true));
    let stall = lot.ask("stall.cn");
    assert!(matches!(stall.raw[0].outcome, AskOutcome::TimedOut { .. }) && !stall.raw[0].text.is_empty(), "{stall:?}");
    assert_eq!(lot.ask("often.cn").raw[0].outcome, AskOutcome::Limited { retry_after_s: None });
}

/// A host at an address, without a page.
fn at(name: &str, chain: &[&str], address: &str, net: &Net) -> Dossier {
    let now = net.now();
    let candidate = Candidate {
        host: host(name),
        url: format!("http://{name}/"),
        site: String::new(),
        reasons: Vec::new(),
        sightings: Vec::new(),
        first_seen: now,
        last_seen: now,
    };
    Dossier { candidate, resolution: Some(resolution(name, chain, &[address])), captures: Vec::new(), facts: Facts::default() }
}

#[test]
fn the_register_of_addresses_is_asked_once_a_network_and_not_behind_a_cdn() {
    let lot = lot();
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    let fill = |name: &str, chain: &[&str], address: &str| {
        let mut dossier = at(name, chain, address, &lot.net);
        runtime.block_on(lot.desk.fill(&mut dossier, true, None, &lot.net));
        *dossier.facts.attribution.expect("looked at")
    };
    let first = fill("a.top", &[], "203.0.113.9");
    let host = first.providers().into_iter().find(|p| p.role == "hosting").expect("a host");
    assert_eq!((host.name.as_str(), host.place.as_str()), ("某某数据中心有限公司", "CN"));
    assert_eq!((host.abuse.as_str(), host.source.starts_with("rdap 127.0.0.1")), ("abuse@hoster.example +86.2300000000", true));
    assert!(
        first.facts().iter().any(|f| f.label.zh == "网络登记" && f.value.zh.contains("203.0.113.0 至 203.0.113.255")),
        "{:?}",
        first.facts()
    );
    let asked = |lot: &Lot| lot.registers.asked().iter().filter(|a| a.contains("/ip/")).count();
    assert_eq!(asked(&lot), 1);
    assert_eq!(fill("b.top", &[], "203.0.113.77").hosting.networks.len(), 1, "the same network");
    assert_eq!(asked(&lot), 1, "is not asked for again");
    let hidden = fill("c.top", &["c.top.w.kunlunca.com"], "198.51.100.7");
    assert!(hidden.hosting.networks.is_empty() && asked(&lot) == 1, "behind a CDN the network is the CDN's");
    assert!(!hidden.providers().iter().any(|p| p.role == "hosting"));
}

#[test]
fn one_question_at_a_time_goes_to_a_server_and_answers_are_remembered() {
    let lot = lot();
    let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
    let names: Vec<Host> = (0..12).map(|n| host(&format!("n{n}.cn"))).collect();
    runtime.block_on(futures_util::future::join_all(names.iter().map(|n| lot.desk.registration(n, None, &lot.net))));
    assert_eq!(lot.registers.most_open(), 1);
    let asked = lot.registers.asked().len();
    assert_eq!(asked, 12);
    runtime.block_on(lot.desk.registration(&names[3], None, &lot.net));
    let known = Registration { registered: Some(true), at: Some(lot.net.now()), domain: "known.cn".into(), ..Registration::default() };
    let again = runtime.block_on(lot.desk.registration(&host("known.cn"), Some(known.clone()), &lot.net));
    assert_eq!((again, lot.registers.asked().len()), (Some(known), asked));
}

#[test]
fn without_tables_and_registers_the_desk_says_unknown() {
    let settings = net::Settings { resolvers: vec!["127.0.0.1:9".into()], timeout_ms: 300, ..net::Settings::default() };
    let net = Net::new(&settings).expect("a door");
    let desk =
        Desk::open(&Settings { bootstrap: String::new(), ..Settings::default() }, &rules(), Path::new("/nonexistent")).expect("a desk");
    let mut dossier = at("a.top", &[], "8.8.8.8", &net);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(desk.fill(&mut dossier, true, None, &net));
    assert_eq!((dossier.facts.registered, dossier.facts.hosted_in.clone(), dossier.facts.filings.clone()), (None, None, None));
    let facts = dossier.facts.attribution.as_ref().expect("looked at").facts();
    assert!(facts.iter().all(|f| f.value.zh.contains("未知")), "{facts:?}");
}

// Divisions and jurisdiction.

#[test]
fn chongqing_has_41_units_before_november_2025_and_39_from_then_on() {
    let table = chongqing();
    assert_eq!((table.in_month("2021-06").count(), table.in_month("2025-10").count()), (41, 41));
    assert_eq!((table.in_month("2025-11").count(), table.in_month("2026-11").count()), (39, 39));
    let names = |month: &str, text: &str| table.named_in(text, month).map(|d| d.name.clone());
    assert_eq!(names("2025-10", "重庆市渝北区某路").as_deref(), Some("渝北区"));
    assert_eq!(names("2025-11", "重庆市渝北区某路").as_deref(), Some("两江新区"));
    assert_eq!(table.of_code("500105", "2026-01").map(|d| d.name.as_str()), Some("两江新区"));
    assert_eq!(table.of_code("500103", "2026-01").map(|d| d.name.as_str()), Some("渝中区"));
    assert!(table.in_month("2026-01").filter(|d| d.name == "两江新区").all(|d| d.code.is_empty() && !d.functional));
}

#[test]
fn a_units_own_divisions_replace_and_add() {
    let own: Vec<jianwei::model::division::Division> = [
        "key = \"L-LJXQ\"\ncode = \"500157\"\nname = \"两江新区\"\nvalid_from = \"2025-11\"",
        "key = \"L-KJC\"\nname = \"西部科学城\"\nfunctional = true",
    ]
    .iter()
    .map(|t| toml::from_str(t).expect("a division"))
    .collect();
    let table = chongqing().with(&own).expect("fine");
    assert_eq!(table.named_in("重庆市渝北区某路", "2025-12").map(|d| d.id()), Some("500157"), "the successor is found by its key");
    assert_eq!(table.named_in("重庆市渝北区某路", "2025-10").map(|d| d.name.as_str()), Some("渝北区"));
    assert_eq!((table.in_month("2025-10").count(), table.in_month("2025-12").count()), (42, 40), "one more unit, none twice");
    assert_eq!(table.of_code("L-KJC", "2026-01").map(|d| d.functional), Some(true));
    for wrong in ["name = \"无号区\"", "key = \"L-X\"\nname = \"\"", "key = \"L-X\"\nname = \"某区\"\nvalid_to = \"2025年\""] {
        let wrong = toml::from_str(wrong).expect("a division");
        assert!(chongqing().with(&[wrong]).is_err());
    }
}

fn attributed(province: &str, city: &str, registrant: Option<&str>, front: Option<FrontKind>) -> jianwei::model::attribution::Attribution {
    let said = |source: &str| Said {
        source: source.into(),
        country: Some("CN".into()),
        province: Some(province.into()),
        city: Some(city.into()),
        ..Said::default()
    };
    let front = front.map(|kind| Front { vendor: "阿里云 CDN".into(), kind, by: "cname".into(), matched: "x".into(), contact: None });
    jianwei::model::attribution::Attribution {
        host: host("a.top"),
        at: Timestamp::from_millis(0),
        registration: registrant.map(|r| Registration { registrant: Some(r.into()), registered: Some(true), ..Registration::default() }),
        hosting: Hosting {
            placed: vec![Placed { ip: [1, 2, 3, 4].into(), said: vec![said("ip2region"), said("dbip")] }],
            fronts: front.into_iter().collect(),
            ..Hosting::default()
        },
        filings: Vec::new(),
        remarks: Vec::new(),
        issuer: None,
    }
}

#[test]
fn the_notices_rule_leads_to_district_city_or_ministry_with_reasons() {
    let table = chongqing();
    let suggest =
        |a: &jianwei::model::attribution::Attribution, victim, ordered| jurisdiction::suggest(Some(a), &table, "2025-12", victim, ordered);
    let one = attributed("重庆市", "渝中区", Some("重庆市渝中区某公司"), None);
    let told = suggest(&one, Some("重庆市渝中区"), false);
    assert_eq!((told.level, told.to.zh.as_str()), (Level::District, "渝中区（建议，须人工确认）"));
    assert_eq!(told.places.len(), 3);
    assert_eq!(suggest(&one, Some("重庆市万州区"), false).level, Level::City);
    assert!(suggest(&one, Some("重庆市万州区"), false).why.zh.contains("跨区县"));
    let ordered = suggest(&one, None, true);
    assert!(ordered.level == Level::City && ordered.why.zh.contains("上级交办"), "{ordered:?}");
    assert_eq!(suggest(&one, Some("渝中区"), false).places[2].division.as_ref().map(|d| d.1.as_str()), Some("渝中区"), "the unit's own");
    assert_eq!(suggest(&one, Some("四川省成都市"), false).level, Level::Ministry);
    assert!(suggest(&one, Some("某地"), false).places[2].told.zh.contains("未写明省份"));
    assert_eq!(suggest(&attributed("广东省", "广州市", None, None), None, false).level, Level::Ministry);
    let hidden = suggest(&attributed("重庆市", "渝中区", None, Some(FrontKind::Cdn)), None, false);
    assert_eq!(hidden.level, Level::City);
    assert!(hidden.why.zh.contains("未知") && hidden.places[0].told.zh.contains("阿里云 CDN"), "{hidden:?}");
    assert_eq!(jurisdiction::suggest(None, &table, "2025-12", None, false).level, Level::City);
}
