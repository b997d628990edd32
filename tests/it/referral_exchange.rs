//! What other programs say of the files for sharing: the STIX validator, pymisp with strict templates, the X-ARF schemas.

use crate::referral::{at, lead, referred};
use jianwei::model::allow::Allowed;
use jianwei::model::attribution::Provider;
use jianwei::model::capture::CertificateFacts;
use jianwei::model::host::Host;
use jianwei::model::lang::Both;
use jianwei::model::lang::Lang;
use jianwei::model::lead::{Lead, Move, Step};
use jianwei::model::rulefile::RuleFile;
use jianwei::referral::{
    Audience, Cluster, ClusterTie, EXCHANGES, Export, Gate, LeadFacts, OfficialTree, Outgoing, PLATFORMS, Platforms, Purpose, Reporter,
    Stamp,
};
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Output};

/// The Python that has the outside programs. `None`: then the test says skipped.
pub(crate) fn outside(import: &str) -> Option<PathBuf> {
    let own = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("target/outside/bin/python3");
    let there = Command::new(&own).args(["-c", &format!("import {import}")]).output().is_ok_and(|o| o.status.success());
    if !there {
        eprintln!("skipped: no Python with {import}; `make test` installs it");
    }
    there.then_some(own)
}

fn approved(host: &str, title: &str) -> Lead {
    let mut lead = lead(host, title);
    for (i, (by, what)) in (1..).zip([("甲", Move::Claim), ("甲", Move::Confirm), ("乙", Move::Approve)]) {
        lead.apply(Step { at: at(i * 60_000), by: by.into(), what }).expect("a legal move");
    }
    lead
}

fn facts(lead: &Lead) -> BTreeMap<jianwei::model::lead::LeadId, LeadFacts> {
    let leaf = CertificateFacts {
        subject: "CN=cx-mem-gov.example.top".into(),
        issuer: "CN=Test CA".into(),
        serial: "0a1b".into(),
        not_before: at(0),
        not_after: at(86_400_000),
        names: vec![],
        sha256: "ab".repeat(32),
    };
    let stamp = Stamp { file: "proof/manifest.sha256.tsr".into(), response: "MAA=".into(), at: Some(at(9)) };
    let provider = |role: &str, name: &str, abuse: &str| Provider {
        role: role.into(),
        name: name.into(),
        place: "CN".into(),
        abuse: abuse.into(),
        source: "whois whois.example".into(),
        at: at(0),
    };
    let facts = LeadFacts {
        certificate: Some(leaf),
        stamps: Some(vec![stamp]),
        registrar: Some("某注册商".into()),
        asn: Some("AS4134".into()),
        cluster: Some("JQ-0badcafe".into()),
        providers: vec![provider("registrar", "某注册商", "abuse@registrar.example"), provider("hosting", "=某云", "")],
        ..LeadFacts::default()
    };
    [(lead.id.clone(), facts)].into_iter().collect()
}

fn cluster(leads: &[Lead]) -> Cluster {
    let ids: Vec<_> = leads.iter().take(2).map(|l| l.id.clone()).collect();
    let tie = ClusterTie { why: Both::new("手机号 13812345678", "phone 13812345678"), sites: 5, leads: ids.clone() };
    Cluster { id: "JQ-0badcafe".into(), kind: "operator".into(), sites: 5, approved: 3, ties: vec![tie], leads: ids }
}

pub(crate) fn shipped_platforms() -> Platforms {
    let text = std::fs::read_to_string(PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("rules/platforms.toml")).expect("shipped");
    Platforms::load(&[RuleFile { path: PLATFORMS.into(), shown: "rules/platforms.toml".into(), text }]).expect("right")
}

fn reporter() -> Reporter {
    Reporter {
        organisation: "某市应急局".into(),
        person: "张三".into(),
        phone: "023-1".into(),
        mail: "duty@unit.example".into(),
        domain: "unit.example".into(),
    }
}

fn made(name: &str, leads: &[Lead]) -> Vec<u8> {
    let (facts, reporter) = (facts(&leads[0]), reporter());
    let list = Export { leads, lang: Lang::Zh, now: at(99), organisation: "某市应急局" };
    let (clusters, platforms) = ([cluster(leads)], shipped_platforms());
    let out = Outgoing { facts: &facts, clusters: &clusters, platforms: Some(&platforms), reporter: &reporter, ..Outgoing::bare(list) };
    (EXCHANGES.iter().find(|x| x.name == name).expect("a format").write)(&out).expect("written")
}

fn leads() -> Vec<Lead> {
    let mut quoted = approved("brien.example.com", "=1+1\\'");
    quoted.url = "http://brien.example.com/o'q\\".into();
    vec![referred(), quoted, approved("203.0.113.9", "@x"), approved("证书查询.example", "-电话13812345678")]
}

fn ran(command: &mut Command) -> Output {
    command.output().expect("runs")
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).expect("UTF-8")
}

#[test]
fn the_stix_validator_has_nothing_to_say() {
    let Some(python) = outside("stix2validator") else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("bundle.json");
    let bundle = made("stix", &leads());
    let objects: serde_json::Value = serde_json::from_slice(&bundle).expect("JSON");
    let of = |kind: &str| objects["objects"].as_array().expect("objects").iter().filter(|o| o["type"] == kind).cloned().collect::<Vec<_>>();
    let infrastructure = of("infrastructure");
    assert!(infrastructure.len() == 1 && infrastructure[0]["description"].as_str().is_some_and(|d| d.contains("phone 138****5678")));
    let indicates =
        of("relationship").iter().filter(|r| r["relationship_type"] == "indicates" && r["target_ref"] == infrastructure[0]["id"]).count();
    assert_eq!((indicates, of("x509-certificate").len(), of("autonomous-system").len()), (2, 1, 1));
    std::fs::write(&file, bundle).expect("written");
    let ran = ran(Command::new(python)
        .args(["-c", "from stix2validator.scripts.stix2_validator import main; main()", "--version", "2.1"])
        .arg(&file));
    let said = text(&ran.stdout) + &text(&ran.stderr);
    assert!(ran.status.success() && !said.contains("[!]") && !said.to_lowercase().contains("warning"), "{said}");
    assert!(said.contains("STIX JSON: Valid"), "{said}");
}

#[test]
fn pymisp_loads_the_event_with_strict_templates() {
    let Some(python) = outside("pymisp") else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("event.json");
    std::fs::write(&file, made("misp", &leads())).expect("written");
    let script = r#"
import json, sys
from pymisp import MISPEvent, MISPObject
event = MISPEvent(); event.load_file(sys.argv[1])
names = []
for found in event.objects:
    strict = MISPObject(found.name, strict=True, standalone=False)
    assert strict.template_uuid == found.template_uuid, found.name
    for a in found.attributes:
        kept = strict.add_attribute(a.object_relation, value=a.value, type=a.type, **({"data": a.data} if a.type == "attachment" else {}))
        assert kept is not None and kept.type == a.type, (found.name, a.object_relation, a.type)
    strict.to_dict()
    names.append(found.name)
known = {o.uuid for o in event.objects}
links = [(r.object_uuid, r.relationship_type, r.referenced_uuid) for o in event.objects for r in o.ObjectReference]
assert all(a in known and b in known for a, _, b in links), links
kit = [o.uuid for o in event.objects if o.name == "phishing-kit"]
assert len([l for l in links if l[2] == kit[0]]) == 2, links
print(json.dumps({"names": names, "tags": [t.name for t in event.tags], "info": event.info, "distribution": int(event.distribution)}))
"#;
    let ran = ran(Command::new(python).args(["-c", script]).arg(&file));
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    let said: serde_json::Value = serde_json::from_slice(&ran.stdout).expect("JSON");
    let names = said["names"].as_array().expect("names");
    for want in ["phishing", "domain-ip", "x509", "trusted-timestamp", "asn", "phishing-kit"] {
        assert!(names.contains(&want.into()), "{said}");
    }
    assert_eq!((&said["tags"], &said["distribution"]), (&serde_json::json!(["tlp:amber"]), &0.into()));
}

#[test]
fn every_xarf_report_keeps_the_schema() {
    let Some(python) = outside("xarf") else { return };
    let dir = tempfile::tempdir().expect("a folder");
    let file = dir.path().join("reports.jsonl");
    std::fs::write(&file, made("xarf", &leads())).expect("written");
    let script = r#"
import json, os, sys, xarf
from jsonschema import Draft202012Validator, FormatChecker
from referencing import Registry, Resource
root = os.path.join(os.path.dirname(xarf.__file__), "schemas")
registry = Registry()
for folder, _, files in os.walk(root):
    for name in files:
        if name.endswith(".json"):
            schema = json.load(open(os.path.join(folder, name), encoding="utf-8"))
            if "$id" in schema: registry = registry.with_resource(schema["$id"], Resource.from_contents(schema))
schema = json.load(open(os.path.join(root, "types", "content-phishing.json"), encoding="utf-8"))
validator = Draft202012Validator(schema, registry=registry, format_checker=FormatChecker())
n = 0
for line in open(sys.argv[1], encoding="utf-8"):
    validator.validate(json.loads(line)); n += 1
broken = json.loads(line); broken["reporter"] = {}
assert not validator.is_valid(broken), "the schema checks nothing"
print(n)
"#;
    let ran = ran(Command::new(python).args(["-c", script]).arg(&file));
    assert!(ran.status.success(), "{}", text(&ran.stderr));
    assert_eq!(text(&ran.stdout).trim(), "4");
}

#[test]
fn block_lists_name_whole_hosts_and_never_a_platform() {
    let mut leads = leads();
    for host in ["www.zhihu.com", "github.io", "tieba.baidu.com", "memgovcn.github.io", "co.uk", "2001:db8::1", "sites.google.com"] {
        leads.push(approved(host, "t"));
    }
    let (hosts, rpz, adblock) = (text(&made("hosts", &leads)), text(&made("rpz", &leads)), text(&made("adblock", &leads)));
    let blocked: Vec<&str> = hosts.lines().filter_map(|l| l.strip_prefix("0.0.0.0 ")).collect();
    assert_eq!(
        blocked,
        ["brien.example.com", "cx-mem-gov.example.top", "memgovcn.github.io", "xn--1jq843d2lz3da.example"].as_slice(),
        "{hosts}"
    );
    assert!(rpz.contains("\n32.9.113.0.203.rpz-ip CNAME .") && rpz.contains("\n*.memgovcn.github.io CNAME ."), "{rpz}");
    assert!(adblock.contains("||[2001:db8::1]^") && adblock.contains("||203.0.113.9^"), "{adblock}");
    for (list, mark) in [(&hosts, '#'), (&rpz, ';'), (&adblock, '!')] {
        let live: Vec<&str> = list.lines().filter(|l| !l.starts_with(mark)).collect();
        for platform in ["zhihu.com", "baidu.com", "google.com", " github.io", "||github.io"] {
            assert!(!live.iter().any(|l| l.contains(platform)), "{platform} in {list}");
        }
        assert!(list.contains("www[.]zhihu[.]com") && list.contains("TLP:AMBER"), "{list}");
    }
}

#[test]
fn drafts_are_in_both_languages_and_say_what_nobody_looked_up() {
    let drafts = text(&made("abuse", &leads()));
    for want in [
        "草稿：本程序不会发送",
        "never sent by this program",
        "收件人：某注册商 <abuse@registrar.example>",
        "To: =某云",
        "（未查，请填写）",
        "not looked up",
        "Dear abuse team",
    ] {
        assert!(drafts.contains(want), "{want} in {drafts}");
    }
    for name in ["12321", "12377"] {
        let fields = text(&made(name, &leads()));
        assert!(fields.contains("https://cx-mem-gov.example.top:8443/query?id=1") && !fields.contains("13812345678"), "{fields}");
    }
    assert!(text(&made("12321", &leads())).contains("搜索“电工证查询”"));
}

#[test]
fn a_title_that_a_sheet_would_run_is_text_in_every_format_for_sharing() {
    let titles = ["=HYPERLINK(\"http://evil.example\")", "+1+1", "-2+3", "@SUM(A1)", "\t=1", "x\r\nBcc: all@evil.example"];
    let leads: Vec<Lead> = titles.iter().enumerate().map(|(i, t)| approved(&format!("t{i}.example.top"), t)).collect();
    for exchange in EXCHANGES {
        let bytes = text(&made(exchange.name, &leads));
        match exchange.name {
            "stix" | "misp" => drop(serde_json::from_str::<serde_json::Value>(&bytes).expect("JSON")),
            "xarf" => assert!(bytes.lines().all(|l| serde_json::from_str::<serde_json::Value>(l).is_ok())),
            // A zone begins with `@`; no title stands in it.
            "rpz" => assert!(!bytes.contains("SUM") && !bytes.contains("Bcc"), "{bytes}"),
            _ => {
                let wrong = |l: &&str| {
                    l.starts_with(['=', '+', '@', '\t']) && !l.starts_with("====") || l.starts_with("Bcc") || l.starts_with("-2")
                };
                assert_eq!(bytes.lines().find(wrong), None, "{}", exchange.name);
            }
        }
    }
}

#[test]
fn a_list_of_platforms_that_holds_nothing_back_is_refused() {
    let of = |text: &str| Platforms::load(&[RuleFile { path: PLATFORMS.into(), shown: "own.toml".into(), text: text.into() }]);
    assert!(
        of("shared = []").is_err() && of("shared = [\"not a host\"]").is_err() && of("other = 1").is_err() && Platforms::load(&[]).is_err()
    );
    let own = of("shared = [\"forum.example.org\"]").expect("right");
    let covers = |h: &str| own.covers(&Host::parse(h).expect("a host"));
    assert!(covers("forum.example.org") && covers("www.forum.example.org") && covers("github.io"));
    assert!(!covers("x.forum.example.org") && !covers("example.org") && !covers("203.0.113.9"));
    let list = Export { leads: &leads(), lang: Lang::Zh, now: at(99), organisation: "" };
    let hosts = EXCHANGES.iter().find(|x| x.name == "hosts").expect("a format");
    assert!((hosts.write)(&Outgoing::bare(list)).is_err(), "no block list without the platforms");
}

#[test]
fn personal_numbers_are_whole_for_the_police_alone() {
    let leads = [lead("a.example.top", "联系13812345678，500101199003071234")];
    for name in ["csv", "json"] {
        let list = Export { leads: &leads, lang: Lang::Zh, now: at(99), organisation: "" };
        let to = |audience| {
            text(&jianwei::referral::list(name, &Outgoing { audience, ..Outgoing::bare(list) }).expect("a list").expect("written"))
        };
        assert!(to(Audience::Police).contains("13812345678，500101199003071234"), "{name}");
        let partner = to(Audience::Partner);
        assert!(partner.contains("138****5678，500101********1234") && !partner.contains("13812345678"), "{name} {partner}");
    }
}

#[test]
fn official_allowed_and_unapproved_leads_are_refused_with_the_rule() {
    let tree = |t: &str| OfficialTree { tree: t.into(), who: "某部".into(), rule: "rules/official.toml".into() };
    let entry =
        |h: &str, tree| Allowed { host: Host::parse(h).expect("a host"), tree, reason: "自有".into(), by: "丁".into(), at: at(0) };
    let gate = Gate::new([], vec![tree("mem.gov.cn")], vec![entry("school.example.com", true)]);
    let rule = |lead: &Lead, purpose| gate.refusal(lead, purpose).map(|r| r.rule);
    let official = approved("x.mem.gov.cn", "t");
    let mut ends = approved("short.example.top", "t");
    ends.url = "https://cx.mem.gov.cn/".into();
    let mut dismissed = approved("b.example.top", "t");
    dismissed.apply(Step { at: at(9), by: "丙".into(), what: Move::Dismiss { reason: "误".into() } }).expect("legal");
    for (lead, list, letter, share) in [
        (&official, Some("official_host"), Some("official_host"), Some("official_host")),
        (&ends, Some("official_address"), Some("official_address"), Some("official_address")),
        (&approved("a.school.example.com", "t"), Some("allow_list"), Some("allow_list"), Some("allow_list")),
        (&dismissed, None, Some("dismissed"), Some("dismissed")),
        (&lead("n.example.top", "t"), None, Some("not_approved"), Some("not_approved")),
        (&referred(), None, Some("already_referred"), None),
        (&approved("x-mem.gov.cn", "t"), None, None, None),
    ] {
        let got = (rule(lead, Purpose::List), rule(lead, Purpose::Letter), rule(lead, Purpose::Share));
        assert_eq!(got, (list, letter, share), "{}", lead.candidate.host);
    }
    let told = gate.refusal(&official, Purpose::Letter).expect("refused").told(Lang::Zh);
    assert!(told.contains("x[.]mem[.]gov[.]cn") && told.contains("rules/official.toml") && told.contains("official_host"), "{told}");
}
