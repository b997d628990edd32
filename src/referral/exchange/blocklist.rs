//! Block lists: hosts file, response policy zone, adblock. Full hosts only, never the apex of a platform that others share.

use crate::model::host::Host;
use crate::referral::ExportError;
use crate::referral::cell::clean;
use crate::referral::outgoing::Outgoing;
use std::collections::BTreeSet;
use std::net::IpAddr;

/// Hosts to block, and those left out because others share them, each once, sorted.
fn split(format: &'static str, out: &Outgoing<'_>) -> Result<(BTreeSet<Host>, BTreeSet<Host>), ExportError> {
    let Some(platforms) = out.platforms else {
        return Err(ExportError { format, why: "the list of shared platforms is not loaded".to_owned() });
    };
    Ok(out.list.leads.iter().map(|l| l.candidate.host.clone()).partition(|h| !platforms.covers(h)))
}

fn head(out: &Outgoing<'_>, mark: char, left_out: &BTreeSet<Host>) -> String {
    let mut text = format!(
        "{mark} 疑似仿冒网站封堵名单 TLP:{} {} {}\n{mark} block list of suspected copies; whole hosts only\n",
        out.tlp.word().to_uppercase(),
        clean(out.list.organisation),
        out.list.now.beijing_iso()
    );
    for host in left_out {
        text.push_str(&format!(
            "{mark} 未列入 not listed: {} 为多人共用平台，请举报具体网址 (shared platform; report the address)\n",
            host.defanged()
        ));
    }
    text
}

/// `0.0.0.0 host`. A hosts file knows names only: addresses are left to the other lists.
pub(super) fn hosts(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let (block, left) = split("hosts", out)?;
    let lines = block.iter().filter(|h| h.ip().is_none()).map(|h| format!("0.0.0.0 {h}\n"));
    Ok((head(out, '#', &left) + &lines.collect::<String>()).into_bytes())
}

/// A response policy zone: the host and, where it is a name of its own, everything below it.
pub(super) fn rpz(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let (block, left) = split("rpz", out)?;
    let serial = out.list.now.millis().div_euclid(1000);
    let mut text =
        head(out, ';', &left) + &format!("$TTL 300\n@ IN SOA localhost. root.localhost. {serial} 3600 600 86400 300\n@ IN NS localhost.\n");
    for host in &block {
        match host.ip() {
            Some(IpAddr::V4(ip)) => {
                let [a, b, c, d] = ip.octets();
                text.push_str(&format!("32.{d}.{c}.{b}.{a}.rpz-ip CNAME .\n"));
            }
            Some(IpAddr::V6(ip)) => {
                let parts: Vec<String> = ip.segments().iter().rev().map(|s| format!("{s:x}")).collect();
                text.push_str(&format!("128.{}.rpz-ip CNAME .\n", parts.join(".")));
            }
            None => text.push_str(&format!("{host} CNAME .\n*.{host} CNAME .\n")),
        }
    }
    Ok(text.into_bytes())
}

/// `||host^`.
pub(super) fn adblock(out: &Outgoing<'_>) -> Result<Vec<u8>, ExportError> {
    let (block, left) = split("adblock", out)?;
    let lines = block.iter().map(|h| format!("||{}^\n", h.for_url()));
    Ok((head(out, '!', &left) + &lines.collect::<String>()).into_bytes())
}
