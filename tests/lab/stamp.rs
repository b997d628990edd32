//! The lab's RFC 3161 authority: real HTTP before `openssl ts -reply`, with a root and a key of its own. It can be told to misbehave.

use rcgen::{BasicConstraints, CertificateParams, CustomExtension, DnType, IsCa, Issuer, KeyPair, KeyUsagePurpose};
use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How the authority behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Manner {
    Good,
    /// HTTP 503.
    Down,
    /// Says nothing until the other side gives up.
    Mute,
    /// A web page.
    Garbage,
    /// Bytes without an end.
    Endless,
    /// The answer to an earlier request.
    Replay,
    /// The bare token instead of the response.
    TokenOnly,
    /// Knows SHA-256 only.
    NoSm3,
    /// Refuses every request.
    Refuses,
}

/// A running authority. Dropped, it stops.
pub(crate) struct Authority {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<std::thread::JoinHandle<()>>,
}

struct Shared {
    dir: tempfile::TempDir,
    manner: Mutex<Manner>,
    asked: AtomicU64,
    stop: AtomicBool,
    /// The first response ever given, for [`Manner::Replay`].
    first: Mutex<Option<Vec<u8>>>,
    turn: Mutex<()>,
}

impl Authority {
    /// Listens at a free port of `ip`. `valid_s`: how long its certificate is good from now, in seconds; `None`: a year.
    pub(crate) fn start(ip: IpAddr, valid_s: Option<i64>) -> Self {
        let listener = TcpListener::bind((ip, 0)).expect("a port");
        let address = listener.local_addr().expect("bound");
        let dir = tempfile::tempdir().expect("a folder");
        lay_out(dir.path(), valid_s);
        let shared = Arc::new(Shared {
            dir,
            manner: Mutex::new(Manner::Good),
            asked: AtomicU64::new(0),
            stop: AtomicBool::new(false),
            first: Mutex::new(None),
            turn: Mutex::new(()),
        });
        let ours = shared.clone();
        let thread = std::thread::spawn(move || {
            for stream in listener.incoming().map_while(Result::ok) {
                if ours.stop.load(Ordering::SeqCst) {
                    return;
                }
                let ours = ours.clone();
                std::thread::spawn(move || drop(serve(stream, &ours)));
            }
        });
        Self { address, shared, thread: Some(thread) }
    }
    /// Where to ask.
    pub(crate) fn url(&self) -> String {
        format!("http://{}/tsr", self.address)
    }
    /// Its root, PEM.
    pub(crate) fn root(&self) -> PathBuf {
        self.shared.dir.path().join("root.pem")
    }
    /// Behave so from now on.
    pub(crate) fn be(&self, manner: Manner) {
        *self.shared.manner.lock().expect("not poisoned") = manner;
    }
    /// Requests so far.
    pub(crate) fn asked(&self) -> u64 {
        self.shared.asked.load(Ordering::SeqCst)
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        self.shared.stop.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

/// Root, signer and openssl's settings in `dir`.
fn lay_out(dir: &Path, valid_s: Option<i64>) {
    let write = |name: &str, text: &str| std::fs::write(dir.join(name), text).expect("written");
    let time_of = |from_now_s: i64| {
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970").as_secs();
        rcgen::date_time_ymd(1970, 1, 1) + Duration::from_secs(now.checked_add_signed(from_now_s).expect("a time"))
    };
    let day = time_of(-86_400);
    let mut params = CertificateParams::new(Vec::new()).expect("no names");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    params.distinguished_name.push(DnType::CommonName, "Jianwei Lab Time Root");
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    (params.not_before, params.not_after) = (day, time_of(3_650 * 86_400));
    let key = KeyPair::generate().expect("a key");
    write("root.pem", &params.self_signed(&key).expect("signed").pem());
    let issuer = Issuer::new(params, key);
    let mut leaf = CertificateParams::new(Vec::new()).expect("no names");
    leaf.distinguished_name.push(DnType::CommonName, "Jianwei Lab Time Stamp");
    leaf.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    // Extended key usage: time-stamping alone, critical, as RFC 3161 wants it.
    let mut usage = CustomExtension::from_oid_content(&[2, 5, 29, 37], vec![0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 8]);
    usage.set_criticality(true);
    leaf.custom_extensions.push(usage);
    leaf.use_authority_key_identifier_extension = true;
    (leaf.not_before, leaf.not_after) = (day, time_of(valid_s.unwrap_or(365 * 86_400)));
    let key = KeyPair::generate().expect("a key");
    write("signer.pem", &leaf.signed_by(&key, &issuer).expect("signed").pem());
    write("key.pem", &key.serialize_pem());
    write("serial", "01");
    for (name, digests) in [("tsa.cnf", "sha256, sm3"), ("no-sm3.cnf", "sha256")] {
        let at = dir.display();
        write(
            name,
            &format!(
                "[tsa]\nserial = {at}/serial\nsigner_cert = {at}/signer.pem\nsigner_key = {at}/key.pem\nsigner_digest = sha256\n\
                 default_policy = 1.2.3.4.1\ndigests = {digests}\naccuracy = secs:1\nordering = no\ntsa_name = no\ness_cert_id_alg = sha256\n"
            ),
        );
    }
}

fn serve(mut stream: TcpStream, shared: &Shared) -> std::io::Result<()> {
    stream.set_read_timeout(Some(Duration::from_secs(20)))?;
    let mut reader = BufReader::new(stream.try_clone()?);
    let (mut line, mut length) = (String::new(), 0usize);
    while reader.read_line(&mut line)? > 2 {
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap_or(0);
        }
        line.clear();
    }
    let mut query = vec![0u8; length.min(1 << 20)];
    reader.read_exact(&mut query)?;
    shared.asked.fetch_add(1, Ordering::SeqCst);
    let manner = *shared.manner.lock().expect("not poisoned");
    let mut say = |status: &str, media: &str, body: &[u8]| {
        let head = format!("HTTP/1.1 {status}\r\nContent-Type: {media}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n", body.len());
        stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(body))
    };
    match manner {
        Manner::Down => say("503 Service Unavailable", "text/plain", b"later"),
        Manner::Mute => {
            std::thread::sleep(Duration::from_secs(30));
            Ok(())
        }
        Manner::Garbage => say("200 OK", "text/html", b"<html>welcome</html>"),
        Manner::Endless => {
            stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/timestamp-reply\r\n\r\n")?;
            loop {
                stream.write_all(&[0x30; 8192])?;
            }
        }
        _ => {
            let body = answer(shared, manner, &query)?;
            say("200 OK", "application/timestamp-reply", &body)
        }
    }
}

/// What openssl answers, then what the manner makes of it.
fn answer(shared: &Shared, manner: Manner, query: &[u8]) -> std::io::Result<Vec<u8>> {
    // openssl keeps its serial number in a file.
    let _turn = shared.turn.lock().expect("not poisoned");
    let dir = shared.dir.path();
    std::fs::write(dir.join("query"), if manner == Manner::Refuses { &b"no query"[..] } else { query })?;
    let config = if manner == Manner::NoSm3 { "no-sm3.cnf" } else { "tsa.cnf" };
    let mut openssl = Command::new("openssl");
    openssl.current_dir(dir).args(["ts", "-reply", "-config", config, "-section", "tsa", "-queryfile", "query", "-out", "response"]);
    if manner == Manner::TokenOnly {
        openssl.arg("-token_out");
    }
    openssl.output()?;
    let body = std::fs::read(dir.join("response"))?;
    let mut first = shared.first.lock().expect("not poisoned");
    let first = first.get_or_insert_with(|| body.clone());
    Ok(if manner == Manner::Replay { first.clone() } else { body })
}
