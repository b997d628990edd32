//! Proofs from outside: an authority over real HTTP, stamps held by openssl and by us, and every way to hurt a stamped package that we could think of.

use super::lot::{assessment_of, at, later, rich, settings};
use super::{WARC, drop_line, failing, files, put_part, rebuild_manifest, records, replace, sealed_on, warc_of};
use crate::lab::stamp::{Authority, Manner};
use jianwei::evidence::{self, Occasion, Settings, Stamped, Tsa};
use jianwei::model::time::Timestamp;
use jianwei::net::{self, Net};
use std::fs;
use std::net::Ipv4Addr;
use std::path::{Path, PathBuf};
use std::process::Command;

pub(super) fn authority(valid_s: Option<i64>) -> Authority {
    Authority::start(Ipv4Addr::LOCALHOST.into(), valid_s)
}

pub(super) fn net() -> Net {
    let settings =
        net::Settings { allow_private: vec!["127.0.0.0/8".into()], per_host_interval_ms: 0, timeout_ms: 3_000, ..net::Settings::default() };
    Net::new(&settings).expect("a door")
}

/// Settings with these authorities and a key of the unit.
fn with(authorities: &[&Authority], key: Option<PathBuf>) -> Settings {
    let tsa = authorities.iter().map(|a| Tsa { url: a.url(), ca: a.root() }).collect();
    Settings { tsa, key, ..settings() }
}

fn run<T>(work: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime").block_on(work)
}

/// A package of a visit that ended `ago_ms` ago, and the stamping of it.
fn fresh(settings: &Settings, ago_ms: i64) -> (tempfile::TempDir, PathBuf, String) {
    let now = net().now().millis();
    let dossier = later(rich(), now - at(3_000).millis() - ago_ms);
    let (root, folder, package) = sealed_on(&dossier, &assessment_of(&dossier), settings, &Occasion::default());
    (root, folder, package.path)
}

fn stamped(settings: &Settings) -> (tempfile::TempDir, PathBuf) {
    let (root, folder, path) = fresh(settings, 0);
    assert_eq!(run(evidence::stamp(root.path(), &path, settings, &net())).expect("kept"), Stamped::Done);
    (root, folder)
}

/// A folder with nothing but what the script says it needs.
fn bare_path() -> tempfile::TempDir {
    let dir = tempfile::tempdir().expect("a folder");
    for tool in ["sh", "openssl", "sha256sum", "head", "wc", "tr", "date", "expr", "dirname"] {
        let found = Command::new("sh").args(["-c", &format!("command -v {tool}")]).output().expect("sh runs");
        let path = String::from_utf8_lossy(&found.stdout).trim().to_owned();
        assert!(path.starts_with('/'), "{tool}: {path}");
        std::os::unix::fs::symlink(path, dir.path().join(tool)).expect("linked");
    }
    dir
}

/// Runs our own copy of verify.sh; its exit code and what it said.
fn script(folder: &Path, arguments: &[&str]) -> (Option<i32>, String) {
    let (tools, own) = (bare_path(), tempfile::tempdir().expect("a folder"));
    let text = own.path().join("verify.sh");
    fs::write(&text, evidence::verify_script()).expect("written");
    let out = Command::new(tools.path().join("sh")).arg(&text).args(arguments).arg(folder).env_clear().env("PATH", tools.path()).output();
    let out = out.expect("sh runs");
    (out.status.code(), String::from_utf8_lossy(&out.stdout).into_owned() + &String::from_utf8_lossy(&out.stderr))
}

fn proof_file(folder: &Path, end: &str) -> PathBuf {
    let name = files(folder).into_iter().find(|f| f.starts_with("proof/") && f.ends_with(end)).expect(end);
    folder.join(name)
}

fn openssl(folder: &Path, arguments: &[&str]) -> bool {
    Command::new("openssl").args(arguments).current_dir(folder).output().is_ok_and(|o| o.status.success())
}

fn openssl_verifies(folder: &Path, imprint: &str) -> bool {
    let (response, root) = (proof_file(folder, &format!(".{imprint}.tsr")), proof_file(folder, ".ca.pem"));
    let (response, root) = (response.to_str().expect("UTF-8"), root.to_str().expect("UTF-8"));
    openssl(folder, &["ts", "-verify", "-data", "manifest.json", "-in", response, "-CAfile", root])
}

#[test]
fn a_stamped_and_signed_package_passes_openssl_the_script_and_ourselves() {
    let (one, two) = (authority(None), authority(None));
    let keys = tempfile::tempdir().expect("a folder");
    let key = keys.path().join("unit.pem");
    let print = evidence::make_key(&key).expect("a key").hex();
    let settings = with(&[&one, &two], Some(key));
    let (root, folder) = stamped(&settings);
    assert_eq!((one.asked(), two.asked()), (2, 2));
    assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new());
    assert!(openssl_verifies(&folder, "sha256") && openssl_verifies(&folder, "sm3"));
    let signed = [
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "proof/signer.pem",
        "-rawin",
        "-in",
        "manifest.json",
        "-sigfile",
        "proof/manifest.ed25519.sig",
    ];
    assert!(openssl(&folder, &signed));
    let (code, said) = script(&folder, &["-k", &print]);
    assert_eq!(code, Some(0), "{said}");
    assert!(said.matches("通过  时间戳").count() >= 8 && !said.contains("不通过"), "{said}");
    assert!(said.lines().all(|l| l.starts_with("通过  ") || l.starts_with("提示  ") || l.starts_with("结论：")), "{said}");
    let inside = Command::new("sh").arg("doc/verify.sh").current_dir(&folder).output().expect("sh runs");
    assert!(inside.status.success(), "the script in the package finds its own package");
    for path in files(&folder) {
        assert!(fs::metadata(folder.join(&path)).expect("there").permissions().readonly(), "{path} can be written");
    }
    assert_eq!(evidence::waiting(root.path()).expect("read"), Vec::new());
    assert_eq!(
        run(evidence::stamp(root.path(), folder.strip_prefix(root.path()).expect("below").to_str().expect("UTF-8"), &settings, &net()))
            .expect("kept"),
        Stamped::Done
    );
    assert_eq!((one.asked(), two.asked()), (2, 2), "what is stamped is not stamped again");
}

#[test]
fn an_sm2_signature_passes_openssl_the_script_and_ourselves_and_a_changed_one_none_of_them() {
    let keys = tempfile::tempdir().expect("a folder");
    let made = |name: &str| keys.path().join(name);
    evidence::make_sm2_key(&made("ours.pem")).expect("a key");
    let theirs = Command::new("openssl").args(["genpkey", "-algorithm", "SM2", "-out"]).arg(made("theirs.pem")).output();
    assert!(theirs.is_ok_and(|o| o.status.success()), "openssl makes an SM2 key");
    for key in ["ours.pem", "theirs.pem"] {
        let tsa = authority(None);
        let (_root, folder) = stamped(&with(&[&tsa], Some(made(key))));
        let checks = evidence::verify(&folder);
        assert_eq!(failing(&checks), Vec::<String>::new(), "{key}");
        assert!(checks.iter().any(|c| c.what.zh == "单位签名（SM2）"), "{checks:?}");
        assert!(!files(&folder).iter().any(|f| f.ends_with("ed25519.sig")), "one key, one signature");
        let signed = ["dgst", "-sm3", "-verify", "proof/signer.pem", "-sigopt", "distid:1234567812345678"];
        let signed = [&signed[..], &["-signature", "proof/manifest.sm2.sig", "manifest.json"]].concat();
        assert!(openssl(&folder, &signed), "{key}");
        let public = Command::new("openssl").args(["pkey", "-pubout", "-outform", "DER", "-in"]).arg(made(key)).output().expect("runs");
        let print = jianwei::model::digest::Sha256::of(&public.stdout).hex();
        let (code, said) = script(&folder, &["-k", &print]);
        assert!(code == Some(0) && said.contains(&format!("单位签名（SM2）：公钥指纹 SHA-256 {print}")), "{said}");
        assert_eq!(script(&folder, &["-k", &"0".repeat(64)]).0, Some(1), "another key is asked for");
        let signature = fs::read(folder.join("proof/manifest.sm2.sig")).expect("a signature");
        for at in [0, 3, 5, signature.len() - 1] {
            let mut hurt = signature.clone();
            hurt[at] ^= 1;
            replace(&folder.join("proof/manifest.sm2.sig"), &hurt);
            let bad = failing(&evidence::verify(&folder));
            assert!(bad.len() == 1 && bad[0].contains("proof/manifest.sm2.sig"), "byte {at}: {bad:?}");
            let (code, said) = script(&folder, &[]);
            assert!(code == Some(1) && said.contains("不通过  单位签名：与清单不符"), "byte {at}: {said}");
            assert!(!openssl(&folder, &signed));
        }
        fs::remove_file(folder.join("proof/manifest.sm2.sig")).expect("removed");
        assert!(!failing(&evidence::verify(&folder)).is_empty());
        assert!(script(&folder, &[]).1.contains("不通过  单位签名：缺少"));
    }
}

#[test]
fn a_signature_of_another_unit_with_the_package_rebuilt_around_it_fails_for_its_fingerprint() {
    let keys = tempfile::tempdir().expect("a folder");
    let (one, two) = (keys.path().join("one.pem"), keys.path().join("two.pem"));
    let print = evidence::make_sm2_key(&one).expect("a key");
    evidence::make_key(&two).expect("a key");
    let tsa = authority(None);
    let (_root, folder) = stamped(&with(&[&tsa], Some(one)));
    let (_other, forged) = stamped(&with(&[&tsa], Some(two)));
    assert_eq!(script(&forged, &["-k", &print.hex()]).0, Some(1));
    for file in ["proof/signer.pem", "proof/manifest.ed25519.sig"] {
        let _ = fs::remove_file(folder.join(file));
        fs::copy(forged.join(file), folder.join(file)).expect("copied");
    }
    let bad = failing(&evidence::verify(&folder));
    assert!(bad.len() == 2, "neither signature is this manifest's with this key: {bad:?}");
    assert_eq!(script(&folder, &[]).0, Some(1));
}

/// Hurts a copy of a stamped package.
type Hurt = (&'static str, fn(&Path));

fn hurts() -> Vec<Hurt> {
    fn edit(folder: &Path, path: &str, from: &str, to: &str) {
        let text = fs::read_to_string(folder.join(path)).expect("text");
        assert!(text.contains(from), "{path}");
        replace(&folder.join(path), text.replacen(from, to, 1).as_bytes());
    }
    fn lines(folder: &Path) -> Vec<String> {
        fs::read_to_string(folder.join("log/operation.jsonl")).expect("a log").lines().map(str::to_owned).collect()
    }
    vec![
        ("changed byte", |f| {
            let path = f.join("view/page.html");
            let mut bytes = fs::read(&path).expect("a page");
            bytes[3] ^= 1;
            replace(&path, &bytes);
        }),
        ("missing digest", |f| {
            let mut all = records(&warc_of(f));
            all[2] = drop_line(&all[2], "WARC-Payload-Digest");
            put_part(f, WARC, &all.iter().flat_map(|r| super::lot::gzip(r)).collect::<Vec<u8>>());
            rebuild_manifest(f);
        }),
        ("extra file", |f| fs::write(f.join("view/extra.txt"), "x").expect("written")),
        ("extra proof", |f| fs::write(f.join("proof/extra.tsr"), "x").expect("written")),
        ("removed file", |f| fs::remove_file(f.join("view/text.txt")).expect("removed")),
        ("removed stamp", |f| fs::remove_file(proof_file(f, ".sha256.tsr")).expect("removed")),
        ("removed signature", |f| fs::remove_file(f.join("proof/manifest.ed25519.sig")).expect("removed")),
        ("all proofs removed", |f| fs::remove_dir_all(f.join("proof")).expect("removed")),
        ("rebuilt forgery", |f| {
            edit(f, "view/text.txt", "查询", "查验");
            edit(f, "dossier.json", "特种作业操作证查询", "特种作业操作证查验");
            rebuild_manifest(f);
        }),
        ("swapped stamps", |f| {
            let (one, two) = (proof_file(f, ".sha256.tsr"), proof_file(f, ".sm3.tsr"));
            let (a, b) = (fs::read(&one).expect("a stamp"), fs::read(&two).expect("a stamp"));
            replace(&one, &b);
            replace(&two, &a);
        }),
        ("wrong root", |f| replace(&proof_file(f, ".ca.pem"), &fs::read(authority(None).root()).expect("a root"))),
        ("cut log line", |f| {
            let mut all = lines(f);
            all.remove(all.len() / 2);
            replace(&f.join("log/operation.jsonl"), (all.join("\n") + "\n").as_bytes());
            rebuild_manifest(f);
        }),
        ("reordered log", |f| {
            let mut all = lines(f);
            all.swap(2, 3);
            replace(&f.join("log/operation.jsonl"), (all.join("\n") + "\n").as_bytes());
            rebuild_manifest(f);
        }),
        ("token instead of response", |f| {
            let path = proof_file(f, ".sha256.tsr");
            let token = f.parent().expect("a month").join("token");
            let (from, to) = (path.to_str().expect("UTF-8"), token.to_str().expect("UTF-8"));
            assert!(openssl(f, &["ts", "-reply", "-in", from, "-token_out", "-out", to]));
            replace(&path, &fs::read(&token).expect("a token"));
        }),
    ]
}

#[test]
fn every_way_to_hurt_a_stamped_package_fails_in_the_script_and_in_ours() {
    let tsa = authority(None);
    let keys = tempfile::tempdir().expect("a folder");
    let key = keys.path().join("unit.pem");
    evidence::make_key(&key).expect("a key");
    let (_root, folder) = stamped(&with(&[&tsa], Some(key)));
    let copies = tempfile::tempdir().expect("a folder");
    for (n, (what, hurt)) in hurts().into_iter().enumerate() {
        let place = copies.path().join(n.to_string());
        fs::create_dir(&place).expect("made");
        assert!(Command::new("cp").arg("-r").arg(&folder).arg(&place).status().is_ok_and(|s| s.success()));
        let copy = place.join(folder.file_name().expect("a name"));
        assert_eq!(failing(&evidence::verify(&copy)), Vec::<String>::new(), "the copy is whole");
        hurt(&copy);
        assert!(evidence::verify(&copy).iter().any(|c| !c.pass), "{what}: ours");
        let (code, said) = script(&copy, &[]);
        assert!(code == Some(1) && said.contains("不通过"), "{what}: the script: {code:?} {said}");
    }
}

#[test]
fn a_forgery_with_an_authority_of_its_own_fails_against_the_fingerprint_on_the_letter() {
    let (tsa, forger) = (authority(None), authority(None));
    let print = |a: &Authority| {
        let out = Command::new("openssl")
            .args(["x509", "-noout", "-fingerprint", "-sha256", "-in"])
            .arg(a.root())
            .output()
            .expect("openssl runs");
        String::from_utf8_lossy(&out.stdout).trim().split('=').next_back().expect("a fingerprint").to_owned()
    };
    let (_root, folder) = stamped(&with(&[&forger], None));
    assert_eq!(script(&folder, &[]).0, Some(0), "alone it looks fine");
    assert_eq!(script(&folder, &["-r", &print(&forger)]).0, Some(0));
    assert_eq!(script(&folder, &["-r", &print(&tsa)]).0, Some(1));
    assert_eq!(script(&folder, &["-k", &"0".repeat(64)]).0, Some(1), "no signature at all");
}

#[test]
fn a_stamp_of_a_certificate_that_has_expired_since_still_passes() {
    let tsa = authority(Some(4));
    let (_root, folder) = stamped(&with(&[&tsa], None));
    assert!(openssl_verifies(&folder, "sha256"), "still valid");
    std::thread::sleep(std::time::Duration::from_secs(5));
    assert!(!openssl_verifies(&folder, "sha256"), "openssl alone looks at today");
    assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new());
    let (code, said) = script(&folder, &["-t"]);
    assert_eq!(code, Some(0), "{said}");
}

#[test]
fn a_certificate_that_had_expired_when_it_stamped_is_not_taken() {
    let tsa = authority(Some(-60));
    let settings = with(&[&tsa], None);
    let (root, folder, path) = fresh(&settings, 0);
    let stamped = run(evidence::stamp(root.path(), &path, &settings, &net())).expect("kept");
    assert!(matches!(stamped, Stamped::Waiting(_)), "{stamped:?}");
    assert!(!files(&folder).iter().any(|f| f.ends_with(".tsr")), "nothing unproven is kept as a proof");
}

#[test]
fn a_clock_that_was_wrong_shows_in_the_gap_and_in_the_log() {
    let tsa = authority(None);
    let settings = with(&[&tsa], None);
    // An hour late: the clock was behind, or the authority could not be reached. An hour early: the clock was ahead.
    for (ago_ms, word) in [(3_600_000, "after the capture"), (-3_600_000, "before the capture")] {
        let (root, folder, path) = fresh(&settings, ago_ms);
        assert_eq!(run(evidence::stamp(root.path(), &path, &settings, &net())).expect("kept"), Stamped::Done);
        let bad = failing(&evidence::verify(&folder));
        assert!(bad.len() == 2 && bad.iter().all(|b| b.contains(word)), "{bad:?}");
        assert_eq!(script(&folder, &[]).0, Some(1));
    }
    // Set back in the middle of a visit.
    let mut dossier = later(rich(), net().now().millis() - at(3_000).millis());
    dossier.captures[0].hops[2].at = dossier.captures[0].hops[2].at.plus_millis(-600_000);
    let (root, folder, package) = sealed_on(&dossier, &assessment_of(&dossier), &settings, &Occasion::default());
    assert_eq!(run(evidence::stamp(root.path(), &package.path, &settings, &net())).expect("kept"), Stamped::Done);
    let bad = failing(&evidence::verify(&folder));
    assert!(bad.len() == 1 && bad[0].contains("set back"), "{bad:?}");
    let (code, said) = script(&folder, &[]);
    assert!(code == Some(1) && said.contains("时钟被往回调过"), "{said}");
}

#[test]
fn an_authority_that_misbehaves_leaves_the_package_waiting_with_the_reason() {
    let tsa = authority(None);
    let first = with(&[&tsa], None);
    stamped(&first);
    for (manner, word) in [
        (Manner::Down, "503"),
        (Manner::Garbage, "no RFC 3161"),
        (Manner::Endless, "larger than"),
        (Manner::Replay, "nonce"),
        (Manner::TokenOnly, "bare token"),
        (Manner::Refuses, "refused"),
    ] {
        let settings = with(&[&tsa], None);
        tsa.be(manner);
        let (root, folder, path) = fresh(&settings, 0);
        let Stamped::Waiting(why) = run(evidence::stamp(root.path(), &path, &settings, &net())).expect("kept") else {
            panic!("{manner:?} was taken")
        };
        assert!(why.len() == 1 && why[0].en.contains(word), "{manner:?}: {why:?}");
        let queue = evidence::waiting(root.path()).expect("read");
        assert!(queue.len() == 1 && queue[0].package == path && queue[0].tries == 1 && queue[0].why == why, "{queue:?}");
        let bad = failing(&evidence::verify(&folder));
        assert!(bad.len() == 2 && bad.iter().all(|b| b.contains("waits for its time-stamp")), "{manner:?}: {bad:?}");
        let (code, said) = script(&folder, &[]);
        assert!(code == Some(1) && said.contains("待加盖时间戳"), "{said}");
        // The authority comes to its senses; a new process has not met it yet.
        tsa.be(Manner::Good);
        let settings = with(&[&tsa], None);
        let summary = run(evidence::stamp_waiting(root.path(), &settings, &net())).expect("worked off");
        assert_eq!((summary.stamped, summary.waiting), (1, 0), "{manner:?}");
        assert_eq!(failing(&evidence::verify(&folder)), Vec::<String>::new(), "{manner:?}");
        assert_eq!(evidence::waiting(root.path()).expect("read"), Vec::new());
    }
}

#[test]
fn an_authority_without_sm3_stamps_what_it_can_and_that_is_noted() {
    let tsa = authority(None);
    tsa.be(Manner::NoSm3);
    let (_root, folder) = stamped(&with(&[&tsa], None));
    let checks = evidence::verify(&folder);
    assert_eq!(failing(&checks), Vec::<String>::new());
    assert!(checks.iter().any(|c| c.detail.en.contains("does not support this hash")), "{checks:?}");
    let (code, said) = script(&folder, &["-t"]);
    assert!(code == Some(0) && said.contains("不支持 SM3"), "{said}");
}

#[test]
fn a_dead_authority_is_asked_once_and_not_before_every_package() {
    let tsa = authority(None);
    tsa.be(Manner::Mute);
    let settings = with(&[&tsa], None);
    let began = std::time::Instant::now();
    for _ in 0..3 {
        let (root, _, path) = fresh(&settings, 0);
        assert!(matches!(run(evidence::stamp(root.path(), &path, &settings, &net())).expect("kept"), Stamped::Waiting(_)));
    }
    assert_eq!(tsa.asked(), 1);
    assert!(began.elapsed().as_secs() < 9, "{:?}", began.elapsed());
}

#[test]
fn a_package_sealed_without_an_authority_says_so_and_fails_only_where_a_stamp_is_asked_for() {
    let (_root, folder, _) = fresh(&settings(), 0);
    let checks = evidence::verify(&folder);
    assert_eq!(failing(&checks), Vec::<String>::new());
    assert!(checks.iter().any(|c| c.what.zh == "可信时间戳" && c.detail.zh.contains("不能证明固定的时间")));
    let (code, said) = script(&folder, &[]);
    assert!(code == Some(0) && said.contains("提示  可信时间戳：未配置时间戳机构"), "{said}");
    assert_eq!(script(&folder, &["-t"]).0, Some(1));
}

#[test]
fn the_note_of_a_stamping_tells_gap_and_clock() {
    let tsa = authority(None);
    let (_root, folder) = stamped(&with(&[&tsa], None));
    let note: serde_json::Value =
        serde_json::from_slice(&fs::read(proof_file(&folder, "tsr").with_extension("").with_extension("json")).expect("a note"))
            .expect("JSON");
    for imprint in ["sha256", "sm3"] {
        let said = &note[imprint];
        let time = Timestamp::parse(said["time"].as_str().expect("a time")).expect("RFC 3339");
        let captured = Timestamp::parse(note["captured_at"].as_str().expect("a time")).expect("RFC 3339");
        assert_eq!(said["gap_ms"].as_i64(), Some(time.millis() - captured.millis()));
        assert!(said["clock_offset_ms"].as_i64().is_some_and(|o| o.abs() < 10_000), "{note}");
    }
}
