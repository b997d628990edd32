//! Registers on the loopback: an RDAP server, the registrar that it links to, and a WHOIS server. What each does is in the name that is asked for.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};

/// Running registers. Dropped: the servers end with their runtime.
pub(crate) struct Registers {
    pub(crate) rdap: SocketAddr,
    pub(crate) registrar: SocketAddr,
    pub(crate) whois: SocketAddr,
    log: Arc<Log>,
    _runtime: tokio::runtime::Runtime,
}

#[derive(Default)]
struct Log {
    asked: Mutex<Vec<String>>,
    open: Mutex<(usize, usize)>,
    /// What to do for names that do not say it themselves.
    parts: HashMap<String, &'static str>,
}

impl Log {
    /// What is to be done for a name: its part, else its first label.
    fn part<'a>(&'a self, name: &'a str) -> &'a str {
        self.parts.get(name).copied().unwrap_or_else(|| name.split('.').next().unwrap_or_default())
    }
}

impl Registers {
    pub(crate) fn start() -> Self {
        Self::start_at(Ipv4Addr::LOCALHOST, &[])
    }
    /// At an address of the lab's own, with parts for the lab's names.
    pub(crate) fn start_at(ip: Ipv4Addr, parts: &[(&str, &'static str)]) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
        let parts = parts.iter().map(|(name, part)| ((*name).to_owned(), *part)).collect();
        let log = Arc::new(Log { parts, ..Log::default() });
        let bind = || runtime.block_on(TcpListener::bind((ip, 0))).expect("a port");
        let (rdap, registrar, whois) = (bind(), bind(), bind());
        let at = |l: &TcpListener| l.local_addr().expect("an address");
        let (rdap_at, registrar_at, whois_at) = (at(&rdap), at(&registrar), at(&whois));
        let to = [rdap_at, registrar_at, whois_at];
        runtime.spawn(serve(rdap, log.clone(), move |s, l| http(s, l, to)));
        runtime.spawn(serve(registrar, log.clone(), move |s, l| http(s, l, to)));
        runtime.spawn(serve(whois, log.clone(), move |s, l| line(s, l, to)));
        Self { rdap: rdap_at, registrar: registrar_at, whois: whois_at, log, _runtime: runtime }
    }
    /// Every question, in order.
    pub(crate) fn asked(&self) -> Vec<String> {
        self.log.asked.lock().expect("no panic").clone()
    }
    /// Most WHOIS connections that were open at once.
    pub(crate) fn most_open(&self) -> usize {
        self.log.open.lock().expect("no panic").1
    }
}

async fn serve<F: Future<Output = std::io::Result<()>> + Send>(
    listener: TcpListener,
    log: Arc<Log>,
    answer: impl Fn(TcpStream, Arc<Log>) -> F + Clone + Send + 'static,
) {
    while let Ok((stream, _)) = listener.accept().await {
        let (log, answer) = (log.clone(), answer.clone());
        tokio::spawn(async move {
            let _ = answer(stream, log).await;
        });
    }
}

fn domain(name: &str, more: &str) -> String {
    format!(
        r#"{{"objectClassName":"domain","ldhName":"{}","status":["active"],"events":[{{"eventAction":"registration","eventDate":"2026-03-01T00:00:00Z"}}],
        "entities":[{{"roles":["registrar"],"publicIds":[{{"type":"IANA Registrar ID","identifier":"9999"}}],"vcardArray":["vcard",[["fn",{{}},"text","Lab Registrar"]]],
        "entities":[{{"roles":["abuse"],"vcardArray":["vcard",[["email",{{}},"text","abuse@registrar.example"]]]}}]}}]{more}}}"#,
        name.to_uppercase()
    )
}

/// The /24 that an address stands in.
fn network(ip: &str) -> String {
    let Ok(IpAddr::V4(ip)) = ip.parse::<IpAddr>() else { return r#"{"errorCode":404,"title":"Not Found"}"#.into() };
    let [a, b, c, _] = ip.octets();
    format!(
        r#"{{"objectClassName":"ip network","handle":"LAB-NET","name":"LAB-HOSTING","country":"CN","startAddress":"{a}.{b}.{c}.0","endAddress":"{a}.{b}.{c}.255",
        "entities":[{{"roles":["registrant"],"vcardArray":["vcard",[["fn",{{}},"text","某某数据中心有限公司"]]]}},
        {{"roles":["abuse"],"vcardArray":["vcard",[["fn",{{}},"text","Abuse"],["email",{{}},"text","abuse@hoster.example"],["tel",{{}},"uri","tel:+86.2300000000"]]]}}]}}"#
    )
}

async fn http(mut stream: TcpStream, log: Arc<Log>, [rdap, registrar, _]: [SocketAddr; 3]) -> std::io::Result<()> {
    let mut head = Vec::new();
    while !head.ends_with(b"\r\n\r\n") && head.len() < 8_192 {
        head.push(stream.read_u8().await?);
    }
    let head = String::from_utf8_lossy(&head).into_owned();
    let path = head.split(' ').nth(1).unwrap_or_default().to_owned();
    let name = path.rsplit('/').next().unwrap_or_default().to_owned();
    let again = {
        let mut asked = log.asked.lock().expect("no panic");
        asked.push(path.clone());
        asked.iter().filter(|a| **a == path).count()
    };
    let label = if path.contains("/ip/") { "ip" } else { log.part(&name) };
    let at_registrar = path.starts_with("/registrar/");
    let (status, extra, body) = match label {
        "dns" => {
            let list = format!(r#"{{"version":"1.0","services":[[["top","vip","com","org"],["http://{rdap}/rdap/"]]]}}"#);
            ("200 OK", String::new(), list)
        }
        _ if at_registrar => {
            let more = r#","entities":[{"roles":["registrant"],"vcardArray":["vcard",[["org",{},"text","重庆某某网络科技有限公司"],["email",{},"text","Boss@Example.cn"]]]}],"nameservers":[{"ldhName":"NS1.LAB.EXAMPLE."}]"#;
            let body = format!(r#"{{"objectClassName":"domain","ldhName":"{name}"{more}}}"#);
            ("200 OK", String::new(), body)
        }
        "ip" => ("200 OK", String::new(), network(&name)),
        "gone" => ("404 Not Found", String::new(), r#"{"errorCode":404,"title":"Not Found"}"#.into()),
        "soon" if again == 1 => ("429 Too Many Requests", "retry-after: 1\r\n".into(), String::new()),
        "later" => ("429 Too Many Requests", "retry-after: 3600\r\n".into(), String::new()),
        "html" => ("200 OK", String::new(), "<html>maintenance</html>".into()),
        "array" => ("200 OK", String::new(), "[1,2,3]".into()),
        "stranger" => ("200 OK", String::new(), domain("other.top", "")),
        "broken" => ("500 Internal Server Error", String::new(), String::new()),
        "private" => ("302 Found", "location: http://10.0.0.7/rdap/domain/x\r\n".into(), String::new()),
        "inside" => ("302 Found", "location: http://127.0.0.2:9/rdap/domain/x\r\n".into(), String::new()),
        "moved" => ("302 Found", format!("location: http://{registrar}/registrar/domain/{name}\r\n"), String::new()),
        "loop" => ("302 Found", format!("location: http://{rdap}{path}\r\n"), String::new()),
        "linked" => {
            let link = format!(
                r#","links":[{{"rel":"related","type":"application/rdap+json","href":"http://{registrar}/registrar/domain/{name}"}}]"#
            );
            ("200 OK", String::new(), domain(&name, &link))
        }
        "badlink" => {
            let link = r#","links":[{"rel":"related","type":"application/rdap+json","href":"http://192.168.1.1/domain/x"}]"#;
            ("200 OK", String::new(), domain(&name, link))
        }
        "slow" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            return Ok(());
        }
        "huge" => ("200 OK", String::new(), "x".repeat(600_000)),
        "cut" => {
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 5000\r\n\r\n{\"objectClass").await?;
            return Ok(());
        }
        _ => ("200 OK", String::new(), domain(&name, "")),
    };
    let head = format!(
        "HTTP/1.1 {status}\r\ncontent-type: application/rdap+json\r\ncontent-length: {}\r\nconnection: close\r\n{extra}\r\n",
        body.len()
    );
    stream.write_all(head.as_bytes()).await?;
    stream.write_all(body.as_bytes()).await
}

/// An answer in CNNIC's form.
pub(crate) fn cnnic(name: &str) -> String {
    format!(
        "Domain Name: {name}\r\nROID: 20260301s10001s00000001-cn\r\nDomain Status: ok\r\nRegistrant: 李某\r\nRegistrant Contact Email: li@example.cn\r\n\
         Sponsoring Registrar: 某某注册商有限公司\r\nName Server: ns1.lab.example\r\nRegistration Time: 2026-03-01 08:00:00\r\n\
         Expiration Time: 2027-03-01 08:00:00\r\nDNSSEC: unsigned\r\n"
    )
}

async fn line(mut stream: TcpStream, log: Arc<Log>, [_, _, whois]: [SocketAddr; 3]) -> std::io::Result<()> {
    {
        let mut open = log.open.lock().expect("no panic");
        open.0 += 1;
        open.1 = open.1.max(open.0);
    }
    let done = told(&mut stream, &log, whois).await;
    log.open.lock().expect("no panic").0 -= 1;
    done
}

async fn told(stream: &mut TcpStream, log: &Log, whois: SocketAddr) -> std::io::Result<()> {
    let mut asked = Vec::new();
    while !asked.ends_with(b"\r\n") && asked.len() < 512 {
        asked.push(stream.read_u8().await?);
    }
    let name = String::from_utf8_lossy(&asked).trim().to_owned();
    log.asked.lock().expect("no panic").push(format!("whois {name}"));
    match log.part(&name) {
        "none" => stream.write_all(b"No matching record.\r\n").await,
        "often" => stream.write_all(b"Queried interval is too short.\r\n").await,
        "silent" => Ok(()),
        "gbk" => {
            let text = cnnic(&name);
            stream.write_all(&encoding_rs::GB18030.encode(&text).0).await
        }
        "stall" => {
            stream.write_all(&cnnic(&name).as_bytes()[..120]).await?;
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(())
        }
        "endless" => loop {
            stream.write_all(&[b'a'; 4096]).await?;
        },
        "stranger" => stream.write_all(cnnic("other.cn").as_bytes()).await,
        "referred" => {
            let text = format!("Domain Name: {name}\r\nRegistrar: R\r\nRegistrar WHOIS Server: {whois}\r\n");
            stream.write_all(text.as_bytes()).await
        }
        "inside" => {
            stream.write_all(format!("Domain Name: {name}\r\nRegistrar: R\r\nRegistrar WHOIS Server: 10.0.0.1\r\n").as_bytes()).await
        }
        "garbage" => stream.write_all(&[0xff, 0xfe, 0, 1, 2, 0x80, b'\n', 0x9f]).await,
        _ => stream.write_all(cnnic(&name).as_bytes()).await,
    }
}
