//! Checks of the lab itself: what it says of its sites is what its servers do.

use super::sites::{Dns, Tls};
use super::{Kind, Lab, Site};
use hickory_proto::op::{Message, Query, ResponseCode};
use hickory_proto::rr::{Name, RData, RecordType};
use std::collections::BTreeMap;
use std::io::{Read, Write};
use std::net::{Ipv4Addr, SocketAddr, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

fn ask(lab: &Lab, name: &str, rrtype: RecordType) -> Message {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    socket.set_read_timeout(Some(Duration::from_secs(5))).expect("a timeout");
    socket.send_to(&question(name, rrtype), lab.dns()).expect("sent");
    let mut packet = [0_u8; 4096];
    let (n, _) = socket.recv_from(&mut packet).expect("an answer");
    Message::from_vec(&packet[..n]).expect("a message")
}

fn question(name: &str, rrtype: RecordType) -> Vec<u8> {
    let mut message = Message::query();
    message.add_query(Query::query(Name::from_ascii(format!("{name}.")).expect("a name"), rrtype));
    message.to_vec().expect("bytes")
}

fn addresses(message: &Message) -> Vec<Ipv4Addr> {
    message.answers.iter().filter_map(|r| if let RData::A(a) = &r.data { Some(a.0) } else { None }).collect()
}

fn connect(lab: &Lab, site: &Site, port: u16) -> TcpStream {
    let stream = TcpStream::connect(SocketAddr::from((lab.address(site.last_byte()), port))).expect("a connection");
    stream.set_read_timeout(Some(Duration::from_secs(10))).expect("a timeout");
    stream
}

fn request(host: &str, target: &str, more: &str) -> Vec<u8> {
    format!("GET {target} HTTP/1.1\r\nHost: {host}\r\nUser-Agent: check\r\n{more}Connection: close\r\n\r\n").into_bytes()
}

fn get(lab: &Lab, site: &Site, target: &str, more: &str) -> (String, Vec<u8>) {
    let mut stream = connect(lab, site, 80);
    stream.write_all(&request(&site.host, target, more)).expect("sent");
    split(&read_all(&mut stream))
}

fn read_all(stream: &mut impl Read) -> Vec<u8> {
    let mut all = Vec::new();
    stream.read_to_end(&mut all).expect("an answer to the end");
    all
}

fn split(answer: &[u8]) -> (String, Vec<u8>) {
    let end = memchr::memmem::find(answer, b"\r\n\r\n").expect("an end of the head");
    let head = String::from_utf8_lossy(&answer[..end]).into_owned();
    let body = &answer[end + 4..];
    (head.clone(), if head.contains("chunked") { unchunk(body) } else { body.to_vec() })
}

fn unchunk(mut body: &[u8]) -> Vec<u8> {
    let mut out = Vec::new();
    loop {
        let line = memchr::memmem::find(body, b"\r\n").expect("a chunk line");
        let size = usize::from_str_radix(std::str::from_utf8(&body[..line]).expect("ASCII"), 16).expect("a chunk size");
        out.extend_from_slice(&body[line + 2..line + 2 + size]);
        body = &body[line + 4 + size..];
        if size == 0 {
            return out;
        }
    }
}

fn site<'a>(lab: &'a Lab, host: &str) -> &'a Site {
    lab.sites().find(|s| s.host == host).expect("a site of the table")
}

fn target(site: &Site) -> String {
    let url = url::Url::parse(&site.url()).expect("a URL");
    url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()))
}

#[test]
fn every_plain_name_of_the_table_has_its_address_and_others_do_not_exist() {
    let lab = Lab::start(None);
    for site in lab.sites().filter(|s| s.dns == Dns::Plain && s.host.parse::<Ipv4Addr>().is_err()) {
        assert_eq!(addresses(&ask(&lab, &site.host, RecordType::A)), [lab.address(site.last_byte())], "{}", site.host);
    }
    let unknown = ask(&lab, "no-such-name.lab-nothing.cn", RecordType::A);
    assert_eq!((unknown.metadata.response_code, unknown.authorities.len()), (ResponseCode::NXDomain, 1));
    let six = ask(&lab, "cx.mem.gov.cn", RecordType::AAAA);
    assert_eq!((six.metadata.response_code, six.answers.len(), six.authorities.len()), (ResponseCode::NoError, 0, 1));
    assert_eq!(ask(&lab, "mem.gov.cn", RecordType::A).metadata.response_code, ResponseCode::NoError);
    assert_eq!(ask(&lab, "cx-mem-gov.cn", RecordType::NS).answers.len(), 2);
    assert_eq!(ask(&lab, "cx-mem-gov.cn", RecordType::MX).answers.len(), 1);
    assert!(lab.questions().iter().any(|q| q.name == "no-such-name.lab-nothing.cn" && q.rrtype == "A"));
}

#[test]
fn odd_names_are_answered_as_the_table_says() {
    let lab = Lab::start(None);
    assert_eq!(addresses(&ask(&lab, "cx-mem-gov-private.cn", RecordType::A)), [Ipv4Addr::new(10, 0, 0, 5)]);
    assert_eq!(addresses(&ask(&lab, "cx-mem-gov-meta.cn", RecordType::A)), [Ipv4Addr::new(169, 254, 169, 254)]);
    assert_eq!(ask(&lab, "cx-mem-gov-servfail.cn", RecordType::A).metadata.response_code, ResponseCode::ServFail);
    assert_eq!(ask(&lab, "cx-mem-gov-refused.cn", RecordType::A).metadata.response_code, ResponseCode::Refused);
    assert_eq!(addresses(&ask(&lab, "any.thing.memgov-wild.cn", RecordType::A)).len(), 0, "one label deep only");
    assert_eq!(addresses(&ask(&lab, "anything.memgov-wild.cn", RecordType::A)).len(), 1);
    let alias = ask(&lab, "memgovcx.org", RecordType::A);
    assert_eq!((alias.answers.len(), addresses(&alias)), (2, vec![lab.address(4)]));
    let cut = ask(&lab, "cx-mem-gov.net", RecordType::A);
    assert!(cut.metadata.truncation && cut.answers.is_empty());
    let mut tcp = TcpStream::connect(lab.dns()).expect("DNS over TCP");
    let packet = question("cx-mem-gov.net", RecordType::A);
    tcp.write_all(&[&u16::try_from(packet.len()).expect("small").to_be_bytes()[..], &packet].concat()).expect("sent");
    let mut length = [0_u8; 2];
    tcp.read_exact(&mut length).expect("a length");
    let mut answer = vec![0_u8; usize::from(u16::from_be_bytes(length))];
    tcp.read_exact(&mut answer).expect("an answer");
    assert_eq!(addresses(&Message::from_vec(&answer).expect("a message")).len(), 1);
    let silent = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).expect("a socket");
    silent.set_read_timeout(Some(Duration::from_millis(300))).expect("a timeout");
    silent.send_to(&question("cx-mem-gov-silent.cn", RecordType::A), lab.dns()).expect("sent");
    assert!(silent.recv(&mut [0_u8; 512]).is_err());
}

#[test]
fn every_listed_page_is_served_byte_for_byte_in_its_charset() {
    let lab = Lab::start(None);
    let mut pages = 0;
    for site in lab.sites().filter(|s| s.raw.is_none() && s.tls != Tls::Only) {
        for route in site.routes.iter().filter(|r| r.special.is_none() && r.only_with.is_none()) {
            let target = match route.path.as_deref().unwrap_or("/") {
                "*" => "/any".to_owned(),
                path => path.to_owned(),
            };
            let (head, body) = get(&lab, site, &target, "");
            if site.routes.iter().position(|r| r.answers(&target)) == site.routes.iter().position(|r| std::ptr::eq(r, route)) {
                assert_eq!(Some(body), lab.body(&format!("http://{}{target}", site.host)), "{}{target}", site.host);
                let status = route.status.unwrap_or(if route.location.is_some() { 302 } else { 200 });
                assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{}: {head}", site.host);
                pages += 1;
            }
        }
    }
    assert!(pages > 80, "{pages}");
}

#[test]
fn charsets_disguises_and_compression_reach_the_wire() {
    let lab = Lab::start(None);
    let body = |host: &str| get(&lab, site(&lab, host), &target(site(&lab, host)), "").1;
    let gbk = encoding_rs::GBK.encode("特种作业操作证查询").0.into_owned();
    let old = get(&lab, site(&lab, "aqsc-memchaxun.cn"), "/", "").1;
    assert!(memchr::memmem::find(&old, &gbk).is_some());
    let big5 = encoding_rs::BIG5.encode("特種作業操作證查詢").0.into_owned();
    assert!(memchr::memmem::find(&body("mem-gov-hk.com"), &big5).is_some());
    let text = |host: &str| String::from_utf8(body(host)).expect("UTF-8");
    assert!(text("yjglb-zscx.com").contains("種(zhǒng)"), "{}", text("yjglb-zscx.com"));
    assert!(text("cx.mem.gov.cn.id-card88.top").contains('\u{200b}'));
    assert!(text("cxmem-gov.net").chars().any(|c| ('\u{2f00}'..='\u{2fd5}').contains(&c)));
    let (head, zipped) = get(&lab, site(&lab, "bd8f3k.vip"), "/", "Accept-Encoding: gzip\r\n");
    assert!(head.contains("Content-Encoding: gzip") && head.contains("chunked"), "{head}");
    let mut plain = Vec::new();
    flate2::read::GzDecoder::new(&zipped[..]).read_to_end(&mut plain).expect("gzip");
    assert_eq!(plain, body("bd8f3k.vip"));
}

#[test]
fn a_cookie_opens_the_clone_that_asks_for_one() {
    let lab = Lab::start(None);
    let site = site(&lab, "cxmemgov.net");
    let (head, _) = get(&lab, site, "/", "");
    assert!(head.starts_with("HTTP/1.1 302") && head.contains("Set-Cookie: srv_id=a81"), "{head}");
    assert!(get(&lab, site, "/", "Cookie: srv_id=a81\r\n").0.starts_with("HTTP/1.1 200"));
}

#[test]
fn https_serves_each_name_its_own_chain_up_to_the_lab_root() {
    let lab = Lab::start(None);
    let mut roots = rustls::RootCertStore::empty();
    let root = pem_to_der(lab.ca_pem());
    roots.add(root.into()).expect("a root");
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = rustls::ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions().expect("versions");
    let config = Arc::new(config.with_root_certificates(roots).with_no_client_auth());
    for site in lab.sites().filter(|s| s.tls != Tls::None) {
        let name = rustls::pki_types::ServerName::try_from(site.host.clone()).expect("a name");
        let session = rustls::ClientConnection::new(config.clone(), name).expect("a session");
        let mut stream = rustls::StreamOwned::new(session, connect(&lab, site, 443));
        stream.write_all(&request(&site.host, &target(site), "")).expect("sent");
        let (head, body) = split(&read_all(&mut stream));
        assert!(head.starts_with("HTTP/1.1 200") || head.starts_with("HTTP/1.1 302"), "{}: {head}", site.host);
        if site.kind != Kind::Search {
            assert_eq!(lab.body(&site.url()), Some(body), "{}", site.host);
        }
        assert_eq!(stream.conn.peer_certificates().map(<[_]>::len), Some(2));
    }
    let alone = site(&lab, "secure-memgov.com");
    assert!(TcpStream::connect((lab.address(alone.last_byte()), 80)).is_err(), "nothing listens on its port 80");
}

fn pem_to_der(pem: &str) -> Vec<u8> {
    use base64::Engine;
    let text: String = pem.lines().filter(|l| !l.starts_with("-----")).collect();
    base64::engine::general_purpose::STANDARD.decode(text).expect("base64")
}

/// Reads up to `cap` bytes for at most `ms`; says whether the server ended it.
fn taste(lab: &Lab, host: &str, cap: usize, ms: u64) -> (Vec<u8>, bool) {
    let site = site(lab, host);
    let mut stream = connect(lab, site, 80);
    stream.set_read_timeout(Some(Duration::from_millis(100))).expect("a timeout");
    let _ = stream.write_all(&request(host, "/", "Accept-Encoding: gzip\r\n"));
    let (mut all, begun, mut part) = (Vec::new(), Instant::now(), [0_u8; 16_384]);
    while all.len() < cap && begun.elapsed() < Duration::from_millis(ms) {
        match stream.read(&mut part) {
            Ok(0) => return (all, true),
            Ok(n) => all.extend_from_slice(&part[..n]),
            Err(e) if matches!(e.kind(), std::io::ErrorKind::WouldBlock | std::io::ErrorKind::TimedOut) => {}
            Err(_) => return (all, true),
        }
    }
    (all, false)
}

#[test]
fn servers_without_an_end_send_as_much_as_one_takes() {
    let lab = Lab::start(None);
    for host in ["memgov-endless.cn", "memgov-chunks.cn", "memgov-flood.cn", "memgov-longline.cn", "memgov-continue.cn"] {
        let (got, ended) = taste(&lab, host, 3 << 20, 20_000);
        assert!(got.len() >= 3 << 20 && !ended, "{host}: {} bytes, ended {ended}", got.len());
    }
}

#[test]
fn slow_and_mute_servers_keep_the_visitor_waiting() {
    let lab = Lab::start(None);
    for host in ["memgov-slow.cn", "memgov-slowhead.cn", "memgov-mute.cn"] {
        let (got, ended) = taste(&lab, host, 4096, 2_500);
        assert!(got.len() < 200 && !ended, "{host}: {} bytes, ended {ended}", got.len());
    }
    let (got, ended) = taste(&lab, "memgov-shut.cn", 4096, 2_500);
    assert!(got.is_empty() && ended);
}

#[test]
fn the_bomb_is_gzip_that_grows_a_thousandfold() {
    let lab = Lab::start(None);
    let (got, _) = taste(&lab, "memgov-bomb.cn", 400_000, 10_000);
    let end = memchr::memmem::find(&got, b"\r\n\r\n").expect("a head");
    let mut plain = vec![0_u8; 64 << 20];
    flate2::read::GzDecoder::new(&got[end + 4..]).read_exact(&mut plain).expect("64 MiB out of 400 kB");
    assert!(plain.iter().all(|b| *b == b' '));
}

#[test]
fn the_chain_never_gives_the_same_url_twice() {
    let lab = Lab::start(None);
    let chain = site(&lab, "memgov-chain.cn");
    assert!(get(&lab, chain, "/", "").0.contains("Location: http://memgov-chain.cn/step/1\r\n"));
    assert!(get(&lab, chain, "/step/29998", "").0.contains("/step/29999"));
    assert!(get(&lab, chain, "/step/30000", "").0.starts_with("HTTP/1.1 200"));
}

fn search(lab: &Lab, query: &str, first: usize) -> String {
    let words: String = url::form_urlencoded::byte_serialize(query.as_bytes()).collect();
    let (_, body) = get(lab, site(lab, "search.lab.example"), &format!("/s?wd={words}&pn={first}"), "");
    String::from_utf8(body).expect("UTF-8")
}

/// The real URLs of all result pages of one query.
fn found(lab: &Lab, query: &str) -> Vec<String> {
    let (mut all, mut first) = (Vec::new(), 0);
    loop {
        let page = search(lab, query, first);
        let html = scraper::Html::parse_document(&page);
        let rows = scraper::Selector::parse("#content_left div.result:not([data-tuiguang])").expect("a selector");
        let urls = html.select(&rows).filter_map(|r| r.attr("mu")).filter(|u| !u.starts_with("http://nourl."));
        all.extend(urls.map(str::to_owned));
        if !page.contains("下一页") {
            return all;
        }
        first += 10;
    }
}

#[test]
fn searches_return_every_site_of_their_topic_once_over_all_pages() {
    let lab = Lab::start(None);
    for (query, topic) in [("特种作业操作证查询", "query"), ("高空证 免考", "seller"), ("焊工证", "trade")] {
        let mut got = found(&lab, query);
        let before = got.len();
        got.sort();
        got.dedup();
        assert_eq!(got.len(), before, "{query}: a row twice");
        assert!(got.len() <= 100, "{query}: ten pages hold {} rows no longer", got.len());
        let wanted: Vec<_> = lab.sites().filter(|s| s.topics.iter().any(|t| t == topic)).map(Site::url).collect();
        assert!(wanted.len() > 10 && wanted.iter().all(|u| got.contains(u)), "{query}");
    }
}

#[test]
fn the_engine_blocks_and_finds_nothing_when_asked_to() {
    let lab = Lab::start(None);
    assert!(search(&lab, "blocktest", 0).contains("<title>安全验证</title>"));
    assert!(search(&lab, "查询 emptytest", 0).contains("class=\"content_none\""));
    assert!(search(&lab, "花园家具", 0).contains("class=\"content_none\""));
    let decoys = search(&lab, "证书查询 decoytest", 0);
    assert!(decoys.contains("mu=\"http://weather.lab.example/\"") && decoys.matches("查询").count() == 1, "{decoys}");
    let strict = Lab::open(super::Options { search_limit: Some(2), ..Default::default() }).expect("a lab");
    assert!((0..2).all(|_| !search(&strict, "查询", 0).contains("安全验证")));
    assert!(search(&strict, "查询", 0).contains("安全验证"));
}

#[test]
fn the_table_is_wide_enough_and_every_site_can_be_found() {
    let lab = Lab::start(None);
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for expected in lab.expected() {
        *kinds.entry(format!("{:?}", expected.kind)).or_default() += 1;
        let reachable = !expected.found.is_empty() || matches!(expected.kind, Kind::Search | Kind::Parked);
        assert!(reachable, "{} cannot be found", expected.host);
        let site = site(&lab, &expected.host);
        assert_eq!(expected.found.contains(&super::sites::Found::Search), !site.topics.is_empty(), "{}: topics and found", expected.host);
    }
    assert!(kinds["Clone"] >= 20 && kinds["Seller"] >= 10 && kinds["Benign"] >= 30 && kinds["Hostile"] >= 12, "{kinds:?}");
    let names = lab.names();
    let tidy: Vec<String> = names.lines().map(|l| l.trim().trim_end_matches('.').to_ascii_lowercase()).collect();
    assert!(tidy.len() > 500 && tidy.iter().any(|l| l == "cx.mem-gov.cn") && !tidy.iter().any(|l| l == "bd8f3k.vip"));
}

#[test]
fn two_labs_stand_side_by_side_and_a_taken_block_is_said_so() {
    let (one, two) = (Lab::start(None), Lab::start(None));
    assert_ne!(one.network(), two.network());
    assert_eq!(get(&one, site(&one, "mem-cx.com"), "/", "").1, get(&two, site(&two, "mem-cx.com"), "/", "").1);
    assert_eq!((one.requests().len(), two.requests().len()), (1, 1));
    let taken = one.address(1).octets();
    let again = Lab::open(super::Options { block: Some((taken[1], taken[2])), ..Default::default() }).err().expect("taken");
    assert!(again.to_string().contains("is taken"), "{again}");
}

#[test]
fn the_visitor_book_names_host_path_and_agent() {
    let lab = Lab::start(None);
    get(&lab, site(&lab, "aqpx-chaxun.cn"), "/x?y=1", "");
    let seen = lab.requests();
    let line = seen.first().expect("a line");
    assert_eq!(
        (line.host.as_str(), line.path.as_str(), line.user_agent.as_str(), line.method.as_str()),
        ("aqpx-chaxun.cn", "/x?y=1", "check", "GET")
    );
    lab.forget();
    assert!(lab.requests().is_empty());
}
