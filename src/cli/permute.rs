//! `jianwei permute HOST`: the names a deceiver might register, streamed, most likely first.

use crate::cli::args::PermuteArgs;
use crate::cli::fail::{Exit, Failure};
use crate::cli::rules::RuleBook;
use crate::cli::{Context, say};
use crate::lookalike::{self, Permutation};
use crate::model::host::Host;
use crate::model::resolution::Presence;
use serde_json::json;
use std::io::Write;

/// Names asked of DNS at a time with `--resolve`.
const CHUNK: usize = 10_000;

pub(super) fn run(context: &Context, args: &PermuteArgs) -> Result<Exit, Failure> {
    let host = Host::parse(&args.host)
        .map_err(|e| Failure::usage(format!("“{}” 不是主机名：{}", args.host, e.why), e.to_string(), context.lang))?;
    let book = RuleBook::read(&context.settings, context.lang)?;
    let site = book.sites.iter().map(|(_, s)| s).find(|s| s.owns(&host));
    let names = lookalike::permute_under(host.as_str(), site, &book.suffixes()?).take(args.limit.unwrap_or(usize::MAX));
    if args.resolve { existing(context, names) } else { all(context, names) }
}

fn all(context: &Context, names: impl Iterator<Item = Permutation>) -> Result<Exit, Failure> {
    let mut out = std::io::BufWriter::with_capacity(1 << 18, std::io::stdout().lock());
    for p in names {
        let written = if context.json { writeln!(out, "{}", as_json(&p)) } else { writeln!(out, "{}\t{}", p.name, p.technique) };
        match written {
            Err(e) if e.kind() == std::io::ErrorKind::BrokenPipe => return Ok(Exit::Done),
            Err(e) => return Err(Failure::from(anyhow::Error::new(e).context("stdout"))),
            Ok(()) => {}
        }
    }
    match out.flush() {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => Err(Failure::from(anyhow::Error::new(e).context("stdout"))),
        _ => Ok(Exit::Done),
    }
}

fn existing(context: &Context, mut names: impl Iterator<Item = Permutation>) -> Result<Exit, Failure> {
    let net = context.net()?;
    let mut unknown = 0u64;
    context.block_on(async {
        loop {
            let chunk: Vec<Permutation> = names.by_ref().take(CHUNK).collect();
            if chunk.is_empty() {
                break;
            }
            let techniques: std::collections::HashMap<String, &'static str> = chunk.iter().map(|p| (p.name.clone(), p.technique)).collect();
            let answers = net.exists(chunk.into_iter().map(|p| p.name).collect(), |_| {}).await;
            for (name, presence) in answers {
                match presence {
                    Presence::Present => {
                        let p = Permutation { technique: techniques.get(&name).copied().unwrap_or_default(), name };
                        say::line(&if context.json { as_json(&p) } else { format!("{}\t{}", p.name, p.technique) })?;
                    }
                    Presence::Unknown { .. } => unknown += 1,
                    Presence::Absent { .. } => {}
                }
            }
        }
        Ok(())
    })?;
    if unknown > 0 {
        say::note(&context.lang.pick(format!("{unknown} 个名称未得到 DNS 答复"), format!("{unknown} names got no answer from DNS")));
        return Ok(Exit::Partly);
    }
    Ok(Exit::Done)
}

fn as_json(p: &Permutation) -> String {
    let unicode = idna::domain_to_unicode(&p.name).0;
    json!({"schema": "permute/1", "name": p.name, "unicode": unicode, "technique": p.technique}).to_string()
}
