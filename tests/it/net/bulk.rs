//! Tens of thousands of names at once.

use super::servers::{Say, at, dns, settings};
use hickory_proto::op::ResponseCode;
use jianwei::model::resolution::Presence;
use jianwei::net::Net;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

async fn door(say: impl Fn(&str, &str, usize) -> Say + Send + Sync + 'static) -> Net {
    Net::new(&settings(dns(say).await)).expect("good settings")
}

fn words(answers: &[(String, Presence)]) -> Vec<String> {
    let word = |p: &Presence| match p {
        Presence::Present => "present".to_owned(),
        Presence::Absent { why } => format!("absent {why}"),
        Presence::Unknown { why } => format!("unknown {why}"),
    };
    answers.iter().map(|(name, presence)| format!("{name} {}", word(presence))).collect()
}

fn named(names: &[&str]) -> Vec<String> {
    names.iter().map(|n| (*n).to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn fifty_thousand_names_are_told_apart_in_seconds() {
    let net = door(|name, _, _| if name.starts_with("yes") { at("127.0.0.1") } else { Say::NxDomain }).await;
    let names: Vec<String> = (0..50_000).map(|n| format!("{}{n}.test", if n % 3 == 0 { "yes" } else { "no" })).collect();
    let (most, started) = (AtomicUsize::new(0), Instant::now());
    let answers = net
        .exists(names.clone(), |done| {
            most.fetch_max(done, Ordering::Relaxed);
        })
        .await;
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    assert_eq!(most.load(Ordering::Relaxed), names.len());
    assert_eq!(answers.len(), names.len());
    for ((name, presence), asked) in answers.iter().zip(&names) {
        assert_eq!(name, asked);
        assert_eq!(*presence == Presence::Present, name.starts_with("yes"), "{name}");
    }
}

#[tokio::test]
async fn every_kind_of_answer_has_its_state() {
    let net = door(|name, rrtype, n| match name {
        "a.test" => at("127.0.0.1"),
        "six.test" if rrtype == "AAAA" => at("::1"),
        "six.test" | "empty.test" => Say::NoData,
        "big.test" => Say::OverTcp(vec!["127.0.0.1".parse().expect("an address")]),
        "lost.test" if n == 0 => Say::Silence,
        "forged.test" => Say::AfterForgeries(vec!["127.0.0.1".parse().expect("an address")]),
        "lost.test" | "xn--zzzzzz--.test" => at("127.0.0.1"),
        "sick.test" => Say::Rcode(ResponseCode::ServFail),
        "junk.test" => Say::Garbage,
        "alias.test" => Say::Alias("a.test"),
        "dead-alias.test" => Say::Alias("gone.test"),
        _ => Say::NxDomain,
    })
    .await;
    let long = format!("{}.test", "x".repeat(64));
    let names = [
        "a.test",
        "six.test",
        "empty.test",
        "gone.test",
        "big.test",
        "lost.test",
        "forged.test",
        "xn--zzzzzz--.test",
        "sick.test",
        "junk.test",
        "alias.test",
        "dead-alias.test",
        "",
        &long,
    ];
    let answers = net.exists(named(&names), |_| ()).await;
    assert_eq!(
        words(&answers),
        [
            "a.test present",
            "six.test present",
            "empty.test absent NODATA",
            "gone.test absent NXDOMAIN",
            "big.test present",
            "lost.test present",
            "forged.test present",
            "xn--zzzzzz--.test present",
            "sick.test unknown SERVFAIL",
            "junk.test unknown malformed reply",
            "alias.test present",
            "dead-alias.test absent NXDOMAIN",
            " unknown cannot be asked: a label is empty or longer than 63 bytes",
            &format!("{long} unknown cannot be asked: a label is empty or longer than 63 bytes"),
        ]
    );
}

#[tokio::test]
async fn a_resolver_that_invents_addresses_for_absent_names_is_found_out() {
    let net = door(|name, _, _| if name == "real.test" { at("127.0.0.1") } else { at("127.9.9.9") }).await;
    assert_eq!(net.hijack_addresses().await, ["127.9.9.9".parse::<std::net::IpAddr>().expect("an address")]);
    let answers = net.exists(named(&["real.test", "gone.test"]), |_| ()).await;
    assert_eq!(words(&answers), ["real.test present", "gone.test absent NXDOMAIN (the resolver gives its own address instead)"]);
}

#[tokio::test]
async fn a_suffix_that_answers_every_name_makes_none_present() {
    let net = door(|name, _, _| match name {
        "mine.wild" | "sub.shop.test" => at("127.0.0.1"),
        n if n.ends_with(".wild") => at("127.8.8.8"),
        n if n.ends_with(".shop.test") => at("127.0.0.1"),
        _ => Say::NxDomain,
    })
    .await;
    let answers = net.exists(named(&["mine.wild", "any.wild", "any.shop.test"]), |_| ()).await;
    let want = ["mine.wild present", "any.wild absent NODATA (its suffix answers every name so)", "any.shop.test present"];
    assert_eq!(words(&answers), want);
    assert!(net.wildcard("shop.test").await.is_some() && net.wildcard("test").await.is_none());
}

#[tokio::test]
async fn a_dead_resolver_beside_a_live_one_loses_no_name() {
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port");
    let mut both = settings(dns(|name, _, _| if name.ends_with(".test") { at("127.0.0.1") } else { Say::NxDomain }).await);
    both.resolvers.push(dead.local_addr().expect("bound").to_string());
    let net = Net::new(&both).expect("good settings");
    let names: Vec<String> = (0..500).map(|n| format!("n{n}.x.test")).collect();
    let answers = net.exists(names, |_| ()).await;
    assert!(answers.iter().all(|(_, presence)| *presence == Presence::Present));
}

#[tokio::test]
async fn what_one_resolver_cannot_say_another_is_asked() {
    let mut both = settings(dns(|name, _, _| if name.ends_with(".test") { at("127.0.0.1") } else { Say::NxDomain }).await);
    both.resolvers.push(dns(|_, _, _| Say::Rcode(ResponseCode::ServFail)).await.to_string());
    let net = Net::new(&both).expect("good settings");
    let answers = net.exists((0..500).map(|n| format!("n{n}.x.test")).collect(), |_| ()).await;
    assert!(
        answers.iter().all(|(_, presence)| *presence == Presence::Present),
        "{:?}",
        words(&answers).iter().find(|w| !w.ends_with("present"))
    );
}
