//! DNS answers, one at a time, and what resolve makes of them.

use super::servers::{Say, at, dns, settings};
use hickory_proto::op::ResponseCode;
use jianwei::model::host::Host;
use jianwei::model::resolution::{DnsAnswer, Presence};
use jianwei::net::Net;
use jianwei::resolve::resolve;
use std::time::{Duration, Instant};

fn host(name: &str) -> Host {
    Host::parse(name).expect("a host")
}

async fn ask(say: impl Fn(&str, &str, usize) -> Say + Send + Sync + 'static, name: &str, rrtype: &str) -> DnsAnswer {
    let net = Net::new(&settings(dns(say).await)).expect("good settings");
    net.dns(&host(name), rrtype).await
}

fn data(answer: &DnsAnswer) -> Vec<&str> {
    answer.records.iter().map(|r| r.data.as_str()).collect()
}

#[tokio::test]
async fn names_that_idna_refuses_are_asked_and_no_search_list_is_tried() {
    for name in ["xn--zzzzzz--.top", "a--b.test", "-x-.test", "localhost", "single"] {
        let answer = ask(move |asked, _, _| if asked == name { at("127.0.0.9") } else { Say::NxDomain }, name, "A").await;
        assert_eq!((answer.rcode.as_str(), data(&answer)), ("NOERROR", vec!["127.0.0.9"]), "{name}");
    }
}

#[tokio::test]
async fn the_rcode_says_what_happened() {
    for (say, want) in [
        (ResponseCode::ServFail, "SERVFAIL"),
        (ResponseCode::Refused, "REFUSED"),
        (ResponseCode::NXDomain, "NXDOMAIN"),
        (ResponseCode::NotImp, "NOTIMP"),
    ] {
        assert_eq!(ask(move |_, _, _| Say::Rcode(say), "a.test", "A").await.rcode, want);
    }
    assert_eq!(ask(|_, _, _| Say::NoData, "a.test", "MX").await.rcode, "NOERROR");
}

#[tokio::test]
async fn when_nobody_answers_the_rcode_says_timeout() {
    let closed = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let net = Net::new(&settings(closed)).expect("good settings");
    assert_eq!(net.dns(&host("a.test"), "A").await.rcode, "TIMEOUT");
}

#[tokio::test]
async fn a_lost_reply_is_asked_again_and_forged_ones_are_passed_over() {
    let answer = ask(|_, _, n| if n == 0 { Say::Silence } else { at("127.0.0.8") }, "a.test", "A").await;
    assert_eq!(data(&answer), ["127.0.0.8"]);
    let truth = || Say::AfterForgeries(vec!["127.0.0.8".parse().expect("an address")]);
    assert_eq!(data(&ask(move |_, _, _| truth(), "a.test", "A").await), ["127.0.0.8"]);
}

#[tokio::test]
async fn a_truncated_answer_is_fetched_over_tcp() {
    let many: Vec<_> = (0..100_u8).map(|n| std::net::IpAddr::from([127, 1, 1, n])).collect();
    let answer = ask(move |_, _, _| Say::OverTcp(many.clone()), "a.test", "A").await;
    assert_eq!((answer.rcode.as_str(), answer.records.len()), ("NOERROR", 64));
}

#[tokio::test]
async fn aliases_are_followed_where_the_server_does_not_and_loops_of_them_end() {
    let zone = |name: &str, _: &str, _: usize| match name {
        "a.test" => Say::Alias("b.cdn.test"),
        "b.cdn.test" => at("127.0.0.7"),
        "x.test" => Say::Alias("y.test"),
        "y.test" => Say::Alias("x.test"),
        _ => Say::NxDomain,
    };
    assert_eq!(data(&ask(zone, "a.test", "A").await), ["b.cdn.test", "127.0.0.7"]);
    assert_eq!(data(&ask(zone, "x.test", "A").await), ["y.test", "x.test"]);
}

#[tokio::test]
async fn the_second_resolver_answers_when_the_first_is_dead() {
    let dead = std::net::UdpSocket::bind("127.0.0.1:0").expect("a port").local_addr().expect("bound");
    let mut both = settings(dns(|_, _, _| at("127.0.0.6")).await);
    both.resolvers.insert(0, dead.to_string());
    let net = Net::new(&both).expect("good settings");
    let started = Instant::now();
    assert_eq!(data(&net.dns(&host("a.test"), "A").await), ["127.0.0.6"]);
    assert!(started.elapsed() < Duration::from_secs(2), "{:?}", started.elapsed());
    assert_eq!(net.resolvers(), both.resolvers);
}

#[tokio::test]
async fn a_resolution_keeps_every_answer_and_has_three_states() {
    let zone = |name: &str, rrtype: &str, _: usize| match (name, rrtype) {
        ("up.test", "A") => Say::Addresses(vec!["127.0.0.5".parse().expect("an address")]),
        ("up.test", _) => Say::NoData,
        ("six.test", "AAAA") => Say::Addresses(vec!["::1".parse().expect("an address")]),
        ("six.test", _) => Say::NoData,
        ("sick.test", _) => Say::Rcode(ResponseCode::ServFail),
        ("empty.test", _) => Say::NoData,
        _ => Say::NxDomain,
    };
    let net = Net::new(&settings(dns(zone).await)).expect("good settings");
    let up = resolve(&host("up.test"), &net, true).await;
    assert_eq!((up.presence.clone(), up.addresses.len(), up.answers.len()), (Presence::Present, 1, 5));
    assert_eq!(resolve(&host("six.test"), &net, false).await.presence, Presence::Present);
    assert_eq!(resolve(&host("gone.test"), &net, false).await.presence, Presence::Absent { why: "NXDOMAIN".into() });
    assert_eq!(resolve(&host("empty.test"), &net, false).await.presence, Presence::Absent { why: "NODATA".into() });
    assert_eq!(resolve(&host("sick.test"), &net, false).await.presence, Presence::Unknown { why: "SERVFAIL".into() });
    let literal = resolve(&host("127.0.0.1"), &net, true).await;
    assert_eq!(
        (literal.presence, literal.answers.len(), literal.addresses),
        (Presence::Present, 0, vec!["127.0.0.1".parse().expect("an address")])
    );
}

#[tokio::test]
async fn a_name_at_the_address_that_the_resolver_gives_for_all_others_is_absent_and_the_answers_stay() {
    let zone = |name: &str, rrtype: &str, _: usize| match (name, rrtype) {
        ("real.test", "A") => at("127.0.0.5"),
        ("empty.test", _) | (_, "AAAA") => Say::NoData,
        _ => at("127.9.9.9"),
    };
    let net = Net::new(&settings(dns(zone).await)).expect("good settings");
    let gone = resolve(&host("gone.test"), &net, false).await;
    assert_eq!(gone.presence, Presence::Absent { why: jianwei::net::HIJACKED.into() });
    assert_eq!((gone.addresses.len(), data(&gone.answers[0])), (0, vec!["127.9.9.9"]));
    let real = resolve(&host("real.test"), &net, false).await;
    assert_eq!((real.presence, real.addresses.len()), (Presence::Present, 1));
}
