//! The lab's name feed, and a settings file that points jianwei at the lab.

use super::pages;
use super::sites::{Found, Site};
use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;

/// Lab hosts that stand in the feed, mixed among ordinary invented names. One a line, always in the same order.
pub(crate) fn feed(sites: &[Arc<Site>]) -> String {
    let ordinary = pages::read("ordinary-names.txt").unwrap_or_default();
    let ordinary = String::from_utf8_lossy(&ordinary);
    let ours = sites.iter().filter(|s| s.found.contains(&Found::Names)).map(|s| s.host.as_str());
    let mixed: BTreeMap<u64, &str> = ordinary.lines().filter(|l| !l.is_empty()).chain(ours).map(|n| (hash(n), n)).collect();
    mixed.into_values().enumerate().map(|(n, name)| untidy(n, name)).collect()
}

/// Feeds are untidy: some lines in capitals, some with the final dot, some twice, some with CRLF or blanks.
fn untidy(n: usize, name: &str) -> String {
    match n % 11 {
        3 => format!("{}\n", name.to_ascii_uppercase()),
        5 => format!("{name}.\n"),
        7 => format!("{name}\r\n"),
        8 => format!("{name}\n\n{name}\n"),
        9 => format!("  {name} \n"),
        _ => format!("{name}\n"),
    }
}

fn hash(name: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    name.hash(&mut hasher);
    hasher.finish()
}

/// The settings file.
pub(crate) fn settings(dns: SocketAddr, network: &str, data_dir: &Path, names_file: &Path) -> String {
    let (data_dir, names_file) = (quoted(data_dir), quoted(names_file));
    format!(
        "# jianwei.toml for the lab: everything stays on this machine.\n\
         [data]\ndir = {data_dir}\n\n\
         [net]\nresolvers = [\"{dns}\"]\nallow_private = [\"{network}\"]\nper_host_interval_ms = 50\n\n[capture]\nbrowser = \"never\"\n\n\
         [[source]]\nid = \"names\"\nkind = \"names\"\npath = {names_file}\n\n\
         [[source]]\nid = \"permutations\"\nkind = \"permutations\"\n\n\
         [[source]]\nid = \"search-lab\"\nkind = \"search\"\nengine = \"lab\"\npages = 10\nqueries = [\"特种作业操作证 免考 办理\", \"电工证 代办 包过\"]\n"
    )
}

fn quoted(path: &Path) -> String {
    toml::Value::String(path.display().to_string()).to_string()
}
