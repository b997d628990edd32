//! Bulk look-ups against resolvers that lie, stall, flood, lose and stop; and how fast they may be asked.

use super::servers::{Say, at, dns, settings};
use hickory_proto::op::{Message, ResponseCode};
use jianwei::model::resolution::Presence;
use jianwei::net::{BulkAnswer, Net, Settings};
use std::collections::HashSet;
use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

/// A UDP server on a thread of its own. The closure gets each question, and how many came before, and returns the datagrams to send back.
fn raw(answer: impl Fn(&[u8], usize) -> Vec<Vec<u8>> + Send + 'static) -> SocketAddr {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let address = socket.local_addr().expect("bound");
    std::thread::spawn(move || {
        let (mut datagram, mut n) = ([0; 4_096], 0);
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            for reply in answer(&datagram[..length], n) {
                let _ = socket.send_to(&reply, from);
            }
            n += 1;
        }
    });
    address
}

/// The question as a reply with this rcode.
fn reply(question: &[u8], rcode: u8) -> Vec<u8> {
    let mut reply = question.to_vec();
    reply[2] |= 0x80;
    reply[3] = 0x80 | rcode;
    reply
}

/// Where the question ends.
fn end(question: &[u8]) -> usize {
    let mut at = 12;
    while question[at] > 0 {
        at += 1 + usize::from(question[at]);
    }
    at + 5
}

/// NOERROR with one A record.
fn address(question: &[u8], ip: [u8; 4]) -> Vec<u8> {
    let end = end(question);
    let mut reply = reply(&question[..end], 0);
    reply[6..12].copy_from_slice(&[0, 1, 0, 0, 0, 0]);
    reply.extend([0xc0, 12, 0, 1, 0, 1, 0, 0, 0, 9, 0, 4]);
    reply.extend(ip);
    reply
}

fn net(servers: &[SocketAddr], change: impl FnOnce(&mut Settings)) -> Net {
    let mut settings = settings(servers[0]);
    settings.resolvers = servers.iter().map(ToString::to_string).collect();
    change(&mut settings);
    Net::new(&settings).expect("good settings")
}

fn names(n: usize) -> Vec<String> {
    (0..n).map(|n| format!("n{n}.x.test")).collect()
}

/// Asks, and holds that every name came out exactly once. In the order of the names.
async fn asked<N: AsRef<[u8]> + Send + Sync>(net: &Net, names: &[N], rrtype: &str) -> Vec<BulkAnswer> {
    let mut all: Vec<Option<BulkAnswer>> = vec![None; names.len()];
    let told = |answer: BulkAnswer| {
        let index = answer.index;
        assert!(all[index].replace(answer).is_none(), "{index} came out twice");
    };
    net.ask_many(names.iter(), rrtype, told).await;
    all.into_iter().map(|answer| answer.expect("every name comes out")).collect()
}

fn word(presence: &Presence) -> String {
    match presence {
        Presence::Present => "present".into(),
        Presence::Absent { why } => format!("absent {why}"),
        Presence::Unknown { why } => format!("unknown {why}"),
    }
}

/// How many of each outcome.
fn words(answers: &[BulkAnswer]) -> Vec<(String, usize)> {
    let mut all: Vec<(String, usize)> = Vec::new();
    for answer in answers {
        let word = word(&answer.presence);
        match all.iter_mut().find(|(w, _)| *w == word) {
            Some((_, n)) => *n += 1,
            None => all.push((word, 1)),
        }
    }
    all
}

fn all(word: &str, n: usize) -> Vec<(String, usize)> {
    vec![(word.to_owned(), n)]
}

/// A dice that falls the same at each run.
fn falls(state: &mut u64, percent: u64) -> bool {
    *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
    (*state >> 33) % 100 < percent
}

#[tokio::test]
async fn the_set_rate_is_kept_within_two_percent() {
    for rate in [500_u32, 3_000] {
        let times: Arc<Mutex<Vec<Instant>>> = Arc::default();
        let log = times.clone();
        let server = raw(move |question, _| {
            log.lock().expect("no thread panicked").push(Instant::now());
            vec![reply(question, 3)]
        });
        let net = net(&[server], |s| s.dns_per_s = Some(rate));
        let names = names(usize::try_from(rate).expect("small") * 4);
        assert_eq!(words(&asked(&net, &names, "TXT").await), all("absent NXDOMAIN", names.len()));
        let times = times.lock().expect("no thread panicked");
        let (first, last) = (times.first().expect("asked"), times.last().expect("asked"));
        #[expect(clippy::cast_precision_loss, reason = "a few thousand")]
        let measured = (times.len() - 1) as f64 / (*last - *first).as_secs_f64();
        let ratio = measured / f64::from(rate);
        assert!((0.98..=1.02).contains(&ratio), "set {rate}/s, {measured:.1}/s reached the server");
    }
}

#[tokio::test]
async fn no_name_is_lost_where_packets_are() {
    for percent in [5, 12] {
        let dice = Mutex::new(7_u64 + percent);
        let server = raw(move |question, _| {
            let mut dice = dice.lock().expect("no thread panicked");
            // One throw for the way there, one for the way back.
            if falls(&mut dice, percent) || falls(&mut dice, percent) {
                return Vec::new();
            }
            let name = question[12..end(question) - 4].to_ascii_lowercase();
            let odd = name.ends_with(b"\x01x\x04test\0") && name[usize::from(name[0])] % 2 == 1;
            vec![if odd { address(question, [127, 0, 0, 1]) } else { reply(question, 3) }]
        });
        let (net, names) = (net(&[server], |_| ()), names(if percent == 5 { 20_000 } else { 2_000 }));
        let answers = asked(&net, &names, "A").await;
        for (name, answer) in names.iter().zip(&answers) {
            let odd = name.split('.').next().is_some_and(|l| l.ends_with(['1', '3', '5', '7', '9']));
            assert_eq!(word(&answer.presence), if odd { "present" } else { "absent NXDOMAIN" }, "{name}");
        }
    }
}

#[tokio::test]
async fn forged_replies_are_passed_over_and_the_true_one_is_heard() {
    let elsewhere = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a port");
    let server = socket.local_addr().expect("bound");
    std::thread::spawn(move || {
        let mut datagram = [0; 4_096];
        while let Ok((length, from)) = socket.recv_from(&mut datagram) {
            let question = &datagram[..length];
            let lie = address(question, [127, 6, 6, 6]);
            let (mut other_id, mut other_name, mut other_type, mut other_case) = (lie.clone(), lie.clone(), lie.clone(), lie.clone());
            other_id[1] ^= 1;
            other_name[13] ^= 3;
            other_type[end(question) - 3] ^= 2;
            other_case[13] ^= 0x20;
            let mut no_reply = lie.clone();
            no_reply[2] &= 0x7f;
            let _ = elsewhere.send_to(&lie, from);
            for forged in [&other_id, &other_name, &other_type, &other_case, &no_reply, &lie[..11].to_vec(), &Vec::new()] {
                let _ = socket.send_to(forged, from);
            }
            let _ = socket.send_to(&reply(question, 3), from);
            // Too late: the name came out already.
            let _ = socket.send_to(&lie, from);
        }
    });
    let net = net(&[server], |_| ());
    assert_eq!(words(&asked(&net, &names(2_000), "A").await), all("absent NXDOMAIN", 2_000));
}

#[tokio::test]
async fn replies_that_cannot_be_read_make_names_unknown_and_nothing_worse() {
    let server = raw(|question, n| {
        let end = end(question);
        let whole = address(question, [127, 0, 0, 1]);
        let mut bad = whole.clone();
        match n % 5 {
            // Cut in the record, cut in the question.
            0 => bad.truncate(end + 7),
            1 => bad.truncate(14),
            // The record's name points at itself; the data is longer than the packet; more records are told than there are.
            2 => bad[end + 1] = u8::try_from(end).expect("short"),
            3 => bad[end + 11] = 200,
            _ => bad[7] = 200,
        }
        vec![bad]
    });
    let started = Instant::now();
    let answers = asked(&net(&[server], |_| ()), &names(500), "MX").await;
    assert_eq!(words(&answers), all("unknown malformed reply", 500));
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

#[tokio::test]
async fn a_flood_of_strangers_keeps_nobody_from_being_heard() {
    let server = raw(|question, n| {
        let mut flood: Vec<Vec<u8>> = (0..20_u8).map(|k| vec![k.wrapping_mul(37) ^ question[0]; 900]).collect();
        let mut stranger = reply(question, 0);
        stranger[0] ^= u8::try_from(n % 255 + 1).expect("small");
        flood.extend((0..20).map(|_| stranger.clone()));
        flood.push(reply(question, 3));
        flood
    });
    assert_eq!(words(&asked(&net(&[server], |_| ()), &names(2_000), "MX").await), all("absent NXDOMAIN", 2_000));
}

#[tokio::test]
async fn over_tcp_the_whole_answer_is_fetched_and_one_that_never_ends_is_given_up() {
    let tcp = TcpListener::bind("127.0.0.1:0").expect("a port");
    let at = tcp.local_addr().expect("bound");
    let udp = UdpSocket::bind(at).expect("the same port");
    std::thread::spawn(move || {
        let mut datagram = [0; 4_096];
        while let Ok((length, from)) = udp.recv_from(&mut datagram) {
            let mut cut = reply(&datagram[..length], 0);
            cut[2] |= 2;
            let _ = udp.send_to(&cut, from);
        }
    });
    std::thread::spawn(move || {
        for stream in tcp.incoming() {
            let Ok(mut stream) = stream else { return };
            std::thread::spawn(move || {
                let (mut length, mut question) = ([0; 2], vec![0; 4_096]);
                stream.read_exact(&mut length).ok()?;
                let question = question.get_mut(..usize::from(u16::from_be_bytes(length)))?;
                stream.read_exact(question).ok()?;
                let name = question[13..].to_ascii_lowercase();
                if name.starts_with(b"endless") {
                    stream.write_all(&[0xff, 0xff]).ok()?;
                    while stream.write_all(&[0; 16]).is_ok() {
                        std::thread::sleep(Duration::from_millis(50));
                    }
                    return None;
                }
                let whole = if name.starts_with(b"good") { address(question, [127, 0, 0, 1]) } else { reply(question, 3) };
                stream.write_all(&u16::try_from(whole.len()).ok()?.to_be_bytes()).ok()?;
                stream.write_all(&whole).ok()
            });
        }
    });
    let mut names: Vec<String> = (0..40).map(|n| format!("good{n}.test")).collect();
    names.push("endless.test".into());
    let answers = asked(&net(&[at], |_| ()), &names, "A").await;
    assert_eq!(words(&answers), [("present".into(), 40), ("unknown TIMEOUT".into(), 1)]);
}

#[tokio::test]
async fn a_resolver_that_stops_in_the_middle_is_left_and_its_names_go_to_the_other() {
    let stops = raw(|question, n| if n < 1_000 { vec![reply(question, 3)] } else { Vec::new() });
    let late = Arc::new(AtomicUsize::new(0));
    let count = late.clone();
    let stays = raw(move |question, _| {
        count.fetch_add(1, Ordering::Relaxed);
        vec![reply(question, 3)]
    });
    let net = net(&[stops, stays], |s| s.dns_per_s = Some(5_000));
    assert_eq!(words(&asked(&net, &names(20_000), "MX").await), all("absent NXDOMAIN", 20_000));
    assert!(late.load(Ordering::Relaxed) >= 19_000);
}

#[tokio::test]
async fn a_resolver_that_pauses_for_seconds_loses_no_name() {
    let pause: Mutex<Option<Instant>> = Mutex::new(None);
    let server = raw(move |question, n| {
        let mut pause = pause.lock().expect("no thread panicked");
        if n == 1_000 {
            *pause = Some(Instant::now());
        }
        match *pause {
            Some(since) if since.elapsed() < Duration::from_secs(3) => Vec::new(),
            _ => vec![reply(question, 3)],
        }
    });
    assert_eq!(words(&asked(&net(&[server], |_| ()), &names(5_000), "MX").await), all("absent NXDOMAIN", 5_000));
}

#[tokio::test]
async fn a_resolver_that_says_only_errors_is_set_aside_and_used_again_once_it_is_well() {
    let started = Instant::now();
    let (ill, well) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let (ill_count, well_count) = (ill.clone(), well.clone());
    let sick = raw(move |question, _| {
        let is_ill = started.elapsed() < Duration::from_millis(1_500);
        if is_ill { &ill_count } else { &well_count }.fetch_add(1, Ordering::Relaxed);
        vec![reply(question, if is_ill { 2 } else { 3 })]
    });
    let good = raw(|question, _| vec![reply(question, 3)]);
    let net = net(&[sick, good], |s| s.dns_per_s = Some(1_000));
    assert_eq!(words(&asked(&net, &names(8_000), "MX").await), all("absent NXDOMAIN", 8_000));
    let (ill, well) = (ill.load(Ordering::Relaxed), well.load(Ordering::Relaxed));
    assert!(ill < 200, "{ill} questions to a resolver that says SERVFAIL");
    assert!(well > 500, "{well} questions after it was well again");
}

#[tokio::test]
async fn when_nobody_answers_every_name_is_unknown_and_it_ends() {
    let dead = UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let (net, started) = (net(&[dead], |_| ()), Instant::now());
    let answers = asked(&net, &names(3_000), "MX").await;
    assert!(answers.iter().all(|a| matches!(a.presence, Presence::Unknown { .. })));
    let again = net.exists(names(10), |_| ()).await;
    assert!(again.iter().all(|(_, presence)| matches!(presence, Presence::Unknown { .. })));
    assert!(started.elapsed() < Duration::from_secs(20), "{:?}", started.elapsed());
}

#[tokio::test]
async fn names_are_bytes_and_what_cannot_be_asked_says_why() {
    let seen: Arc<Mutex<HashSet<Vec<Vec<u8>>>>> = Arc::default();
    let log = seen.clone();
    let server = raw(move |question, _| {
        let message = Message::from_vec(question).expect("our client sends DNS");
        let labels = message.queries[0].name().iter().map(<[u8]>::to_ascii_lowercase).collect();
        log.lock().expect("no thread panicked").insert(labels);
        vec![address(question, [127, 0, 0, 1])]
    });
    let net = net(&[server], |_| ());
    let long = "a".repeat(64).into_bytes();
    let longer = b"abc.".repeat(64);
    let names: [&[u8]; 9] =
        [b"\xff\xfe.test", b"a\\.b.test", b"\\000\\255.test.", "鉴伪.test".as_bytes(), b"", b"a..test", &long, &longer, b"a\\999.test"];
    let answers = asked(&net, &names, "A").await;
    let words: Vec<String> = answers.iter().map(|a| word(&a.presence)).collect();
    let label = "unknown cannot be asked: a label is empty or longer than 63 bytes";
    assert_eq!(words[..4], [(); 4].map(|()| format!("absent {}", jianwei::net::HIJACKED)), "this server answers everything");
    assert_eq!(words[4..7], [label; 3]);
    assert_eq!(words[7..], ["unknown cannot be asked: longer than 253 bytes", r"unknown cannot be asked: an escape is larger than \255"]);
    let seen = seen.lock().expect("no thread panicked");
    for labels in [[&b"\xff\xfe"[..], b"test"], [b"a.b", b"test"], [b"\0\xff", b"test"], ["鉴伪".as_bytes(), b"test"]] {
        assert!(seen.contains(&labels.map(<[u8]>::to_vec).to_vec()), "{labels:?} was not asked");
    }
}

#[tokio::test]
async fn any_record_type_is_asked_and_its_records_are_kept() {
    let server = dns(|name, rrtype, _| match (name, rrtype) {
        ("a.test", "AAAA") => at("::1"),
        ("www.test", "AAAA") => Say::Alias("a.test"),
        ("sick.test", _) => Say::Rcode(ResponseCode::Refused),
        ("a.test" | "www.test", _) => Say::NoData,
        _ => Say::NxDomain,
    })
    .await;
    let net = net(&[server], |_| ());
    let names = ["a.test", "www.test", "sick.test", "gone.test"];
    let six = asked(&net, &names, "AAAA").await;
    assert_eq!(six.iter().map(|a| word(&a.presence)).collect::<Vec<_>>(), ["present", "present", "unknown REFUSED", "absent NXDOMAIN"]);
    let data = |n: usize| six[n].records.iter().map(|r| format!("{} {}", r.rrtype, r.data)).collect::<Vec<_>>();
    assert_eq!((data(0), data(1)), (vec!["AAAA ::1".to_owned()], vec!["CNAME a.test".to_owned(), "AAAA ::1".to_owned()]));
    for rrtype in ["MX", "CAA", "TYPE65534"] {
        assert_eq!(words(&asked(&net, &["a.test"], rrtype).await), all("absent NODATA", 1), "{rrtype}");
    }
    assert_eq!(words(&asked(&net, &["a.test"], "NOSUCH").await), all("unknown cannot be asked: unknown record type", 1));
}

#[tokio::test]
async fn servers_that_know_no_edns_or_keep_no_case_are_asked_so_that_they_answer() {
    let old = raw(|question, _| vec![reply(question, if question[11] == 0 { 3 } else { 1 })]);
    assert_eq!(words(&asked(&net(&[old], |_| ()), &names(500), "MX").await), all("absent NXDOMAIN", 500));
    let lower = raw(|question, _| vec![reply(&question.to_ascii_lowercase(), 3)].into_iter().map(|r| with_id(r, question)).collect());
    assert_eq!(words(&asked(&net(&[lower], |_| ()), &names(500), "MX").await), all("absent NXDOMAIN", 500));
}

fn with_id(mut reply: Vec<u8>, question: &[u8]) -> Vec<u8> {
    reply[..2].copy_from_slice(&question[..2]);
    reply
}
