//! Asks authorities for time-stamps over a sealed manifest, believes nothing unchecked, and puts each whole response beside it.
//! An authority that cannot be reached is data: the package keeps its mark and the reason, and a later call tries again.

use crate::evidence::manifest::{self, Manifest};
use crate::evidence::proof::tsp::{self, Imprint, NoToken, Token};
use crate::evidence::proof::waiting::{self, Waiting};
use crate::evidence::proof::{self, Expected, Note, Noted, trust};
use crate::evidence::{EvidenceError, Settings, Stamped, Tsa, disk, read};
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use crate::net::{FetchRequest, Net};
use ring::rand::SecureRandom as _;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use url::Url;

/// An authority that did not answer is left alone this long, in milliseconds, so that a dead one does not hold up every visit.
const REST_MS: i64 = 60_000;
/// Largest file of roots.
const MAX_ROOTS_BYTES: u64 = 1 << 20;

/// What the process remembers of its authorities; clones share it.
#[derive(Clone, Debug, Default)]
pub struct Met(Arc<Mutex<BTreeMap<String, Meeting>>>);

/// How the last meeting with one authority went.
#[derive(Clone, Debug, Default)]
pub(in crate::evidence) struct Meeting {
    silent_since: Option<(Timestamp, Both)>,
    /// When, and how far its clock was ahead of ours, in milliseconds.
    pub(in crate::evidence) clock: Option<(Timestamp, i64)>,
}

impl Met {
    fn with<T>(&self, url: &str, change: impl FnOnce(&mut Meeting) -> T) -> T {
        change(self.0.lock().unwrap_or_else(PoisonError::into_inner).entry(url.to_owned()).or_default())
    }
    fn resting(&self, url: &str, now: Timestamp) -> Option<Both> {
        self.with(url, |m| m.silent_since.clone().filter(|(at, _)| now < at.plus_millis(REST_MS)).map(|(_, why)| why))
    }
    /// Every clock that was compared with ours: authority, when, offset in milliseconds.
    pub(in crate::evidence) fn clocks(&self) -> Vec<(String, Timestamp, i64)> {
        let met = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        met.iter().filter_map(|(url, m)| m.clock.map(|(at, offset)| (url.clone(), at, offset))).collect()
    }
}

/// One package and what is needed to stamp it.
struct Stamping<'a> {
    root: &'a Path,
    folder: PathBuf,
    manifest: Manifest,
    captured_at: Timestamp,
    met: &'a Met,
    net: &'a Net,
}

/// Why one stamp was not had now.
enum Missed {
    /// Asking again is of no use.
    Never(Both),
    Later(Both),
}

/// Gets every stamp that the package still lacks.
pub(in crate::evidence) async fn stamp(root: &Path, package: &str, settings: &Settings, net: &Net) -> Result<Stamped, EvidenceError> {
    let folder = root.join(package);
    let bytes = read::capped(&folder.join(manifest::NAME), manifest::MAX_BYTES)?;
    let manifest = Manifest::parse(bytes).map_err(|why| EvidenceError::broken(&folder, format!("{}: {}", manifest::NAME, why.en)))?;
    let Some(captured_at) = manifest.captured_at.filter(|_| !manifest.stamps.is_empty()) else {
        waiting::forget(root, package)?;
        return Ok(Stamped::NotAsked);
    };
    let one = Stamping { root, folder, manifest, captured_at, met: &settings.met, net };
    let mut why = Vec::new();
    for authority in authorities(&one.manifest.stamps, &settings.tsa) {
        if let Err(reason) = one.by(authority).await? {
            why.push(Both::new(format!("{}：{}", authority.url, reason.zh), format!("{}: {}", authority.url, reason.en)));
        }
    }
    if settings.tsa.is_empty() {
        why.push(Both::new("设置中没有时间戳机构（[evidence] tsa）", "the settings name no authority ([evidence] tsa)"));
    }
    if why.is_empty() {
        waiting::forget(root, package)?;
        return Ok(Stamped::Done);
    }
    let before = waiting::of(root, package).unwrap_or_else(|| Waiting::new(package, captured_at));
    let now = Waiting { tries: before.tries.saturating_add(1), last_try: Some(net.now()), why: why.clone(), ..before };
    waiting::mark(root, &now)?;
    Ok(Stamped::Waiting(why))
}

/// Those that the manifest expects and the settings still have; where the unit has changed them all, those of today.
fn authorities<'a>(expected: &[Expected], today: &'a [Tsa]) -> Vec<&'a Tsa> {
    let same: Vec<&Tsa> = today.iter().filter(|t| expected.iter().any(|e| e.url == t.url)).collect();
    if same.is_empty() { today.iter().collect() } else { same }
}

impl Stamping<'_> {
    /// Both stamps of one authority. The inner error is why it has to be tried again.
    async fn by(&self, authority: &Tsa) -> Result<Result<(), Both>, EvidenceError> {
        let tag = proof::tag(&authority.url);
        let pem = match read::capped(&authority.ca, MAX_ROOTS_BYTES).map_err(|e| e.to_string()) {
            Ok(pem) => pem,
            Err(why) => return Ok(Err(Both::new(format!("根证书文件读不出（{why}）"), format!("its roots cannot be read ({why})")))),
        };
        let roots = match trust::roots(&pem) {
            Ok(roots) => roots,
            Err(why) => return Ok(Err(Both::new(format!("根证书文件{}", why.zh), format!("its roots: {}", why.en)))),
        };
        if let Some(note) = self.noted(&tag)
            && Imprint::BOTH.iter().all(|i| self.had(&tag, *i, &roots) || matches!(note.of(*i), Noted::Refused { .. }))
        {
            return Ok(Ok(()));
        }
        self.place(&proof::roots(&tag), &pem)?;
        let mut noted = Vec::new();
        for imprint in Imprint::BOTH {
            match self.one(authority, &tag, imprint, &roots).await? {
                Ok(note) => noted.push(note),
                Err(Missed::Never(why)) if imprint == Imprint::Sm3 => noted.push(Noted::Refused { why }),
                Err(Missed::Never(why) | Missed::Later(why)) => return Ok(Err(why)),
            }
        }
        let [sha256, sm3] = noted.try_into().expect("one note an imprint");
        let note = Note { schema: Note::SCHEMA.into(), url: authority.url.clone(), captured_at: self.captured_at, sha256, sm3 };
        let json = serde_json::to_vec_pretty(&note).map_err(|e| EvidenceError::broken(&self.folder, e.to_string()))?;
        self.place(&proof::note(&tag), &json)?;
        Ok(Ok(()))
    }
    fn noted(&self, tag: &str) -> Option<Note> {
        serde_json::from_slice(&read::capped(&self.folder.join(proof::note(tag)), tsp::MAX_BYTES).ok()?).ok()
    }
    fn had(&self, tag: &str, imprint: Imprint, roots: &[Vec<u8>]) -> bool {
        let bytes = read::capped(&self.folder.join(proof::response(tag, imprint)), tsp::MAX_BYTES);
        bytes.is_ok_and(|b| {
            Token::of_response(&b).is_ok_and(|t| t.is_over(imprint, &self.manifest.bytes) && trust::believe(&t, roots).is_ok())
        })
    }
    async fn one(&self, tsa: &Tsa, tag: &str, imprint: Imprint, roots: &[Vec<u8>]) -> Result<Result<Noted, Missed>, EvidenceError> {
        if let Some(why) = self.met.resting(&tsa.url, self.net.now()) {
            return Ok(Err(Missed::Later(why)));
        }
        let nonce = nonce().map_err(|why| EvidenceError::broken(&self.folder, why))?;
        let asked_at = self.net.now();
        let bytes = match ask(self.net, &tsa.url, tsp::request(imprint, &self.manifest.bytes, nonce)).await {
            Ok(bytes) => bytes,
            Err(why) => {
                self.met.with(&tsa.url, |m| m.silent_since = Some((self.net.now(), why.clone())));
                return Ok(Err(Missed::Later(why)));
            }
        };
        let answered_at = self.net.now();
        let token = match Token::of_response(&bytes) {
            Ok(token) => token,
            Err(NoToken::BadAlgorithm) => return Ok(Err(Missed::Never(NoToken::BadAlgorithm.why()))),
            Err(other) => return Ok(Err(Missed::Later(other.why()))),
        };
        let judged = if !token.answers(nonce) {
            Err(Both::new("应答不是对本次请求的（随机数不符）", "it does not answer this request (nonce)"))
        } else if !token.is_over(imprint, &self.manifest.bytes) {
            Err(Both::new("时间戳盖的不是本清单", "the stamp is not over this manifest"))
        } else {
            trust::believe(&token, roots)
        };
        if let Err(why) = judged {
            return Ok(Err(Missed::Later(why)));
        }
        let middle = asked_at.millis() + (answered_at.millis() - asked_at.millis()) / 2;
        let offset = token.time.millis() - middle;
        let at = answered_at;
        self.met.with(&tsa.url, |m| *m = Meeting { silent_since: None, clock: Some((at, offset)) });
        let noted = Noted::Stamped {
            time: token.time,
            serial: token.serial.clone(),
            gap_ms: token.time.millis() - self.captured_at.millis(),
            asked_at,
            answered_at,
            clock_offset_ms: offset,
        };
        self.place(&proof::response(tag, imprint), &bytes)?;
        Ok(Ok(noted))
    }
    fn place(&self, path: &str, bytes: &[u8]) -> Result<(), EvidenceError> {
        disk::place(self.root, &self.folder.join(path), bytes, true)
    }
}

/// Sends a request over HTTP (RFC 3161, 3.4).
async fn ask(net: &Net, url: &str, request: Vec<u8>) -> Result<Vec<u8>, Both> {
    let url = Url::parse(url).map_err(|e| Both::new(format!("网址有误：{e}"), format!("bad URL: {e}")))?;
    let headers =
        vec![("content-type".into(), "application/timestamp-query".into()), ("accept".into(), "application/timestamp-reply".into())];
    let request = FetchRequest { url, method: "POST".into(), headers, body: Some(request), max_body_bytes: Some(tsp::MAX_BYTES) };
    match net.fetch(&request).await {
        Ok(answer) if answer.status == 200 => Ok(answer.body),
        Ok(answer) => Err(Both::new(format!("HTTP 状态 {}", answer.status), format!("HTTP status {}", answer.status))),
        Err(e) => Err(Both::new(format!("无法联系：{e}"), format!("cannot be reached: {e}"))),
    }
}

fn nonce() -> Result<[u8; 8], String> {
    let mut nonce = [0u8; 8];
    ring::rand::SystemRandom::new().fill(&mut nonce).map_err(|_| "the system gives no random numbers".to_owned())?;
    nonce[0] = (nonce[0] & 0x7f) | 0x40;
    Ok(nonce)
}
