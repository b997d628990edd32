//! `cargo run --example lab [--names FILE] [--settings FILE] [--data DIR] [--for SECONDS]`
//! `cargo run --example lab -- corpus DIR [--seed N] [--split NAME]` writes the labelled corpus and its manifest for `jianwei eval DIR`.
//! Starts the loopback internet of the tests at fixed addresses and keeps it up until SIGINT, SIGTERM or the time is over.
//! DNS answers at 127.0.0.1:5399, the sites at 127.80.0.x, ports 80 and 443.
#![expect(clippy::print_stdout, reason = "an example speaks to the person who runs it")]

#[path = "../tests/lab/mod.rs"]
mod lab;

use clap::{Parser, Subcommand};
use lab::{FIXED, Lab, Options, Trouble, corpus};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The loopback internet of jianwei's tests.
#[derive(Parser)]
struct Args {
    #[command(subcommand)]
    command: Option<Command>,
    /// Write the lab's name feed here (one name a line).
    #[arg(long, value_name = "FILE")]
    names: Option<PathBuf>,
    /// Write a jianwei.toml that fits the lab here.
    #[arg(long, value_name = "FILE")]
    settings: Option<PathBuf>,
    /// Data folder named in the settings file. Default: `jianwei-data` beside it.
    #[arg(long, value_name = "DIR")]
    data: Option<PathBuf>,
    /// Stop after this many seconds.
    #[arg(long = "for", value_name = "SECONDS")]
    seconds: Option<u64>,
}

#[derive(Subcommand)]
enum Command {
    /// Write the labelled corpus to a folder.
    Corpus {
        /// Where to write.
        dir: PathBuf,
        /// Another seed gives other pages of the same families.
        #[arg(long, default_value_t = corpus::SEED)]
        seed: u64,
        /// Only this split: train, unseen.
        #[arg(long, value_name = "NAME")]
        split: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(&Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(e) => {
            eprintln!("lab: {e}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: &Args) -> Result<(), Trouble> {
    if let Some(Command::Corpus { dir, seed, split }) = &args.command {
        return write_corpus(dir, *seed, split.as_deref()).map_err(Trouble::Table);
    }
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let (mut interrupt, mut terminate) = {
        let _inside = runtime.enter();
        (signal(SignalKind::interrupt())?, signal(SignalKind::terminate())?)
    };
    let lab = Lab::open(Options { block: Some(FIXED), dns_at_localhost: true, ..Options::default() })?;
    write_files(args, &lab)?;
    println!("lab ready: DNS {}, sites in {}, {} hosts", lab.dns(), lab.network(), lab.sites().count());
    println!("search: http://search.lab.example/s?wd=特种作业操作证查询&pn=0");
    runtime.block_on(async {
        let limit = async {
            match args.seconds {
                Some(seconds) => tokio::time::sleep(Duration::from_secs(seconds)).await,
                None => std::future::pending().await,
            }
        };
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            () = limit => {}
        }
    });
    println!("lab stopped: {} requests, {} DNS questions", lab.requests().len(), lab.questions().len());
    Ok(())
}

fn write_corpus(dir: &Path, seed: u64, only: Option<&str>) -> Result<(), String> {
    let mut made = Vec::new();
    for split in ["train", "unseen"].into_iter().filter(|s| only.is_none_or(|o| o == *s)) {
        made.extend(corpus::split(split, seed, 1.0)?);
    }
    corpus::write(dir, &made)?;
    println!("corpus: {} pages in {}", made.len(), dir.display());
    Ok(())
}

fn write_files(args: &Args, lab: &Lab) -> Result<(), Trouble> {
    let Some(settings) = &args.settings else {
        return args.names.as_ref().map_or(Ok(()), |names| write(names, &lab.names()));
    };
    let folder = std::path::absolute(settings)?.parent().map(Path::to_path_buf).unwrap_or_default();
    let names = std::path::absolute(args.names.clone().unwrap_or_else(|| folder.join("lab-names.txt")))?;
    let data = std::path::absolute(args.data.clone().unwrap_or_else(|| folder.join("jianwei-data")))?;
    write(&names, &lab.names())?;
    write(settings, &lab.settings(&data, &names))?;
    println!("names: {}", names.display());
    println!("settings: {}", settings.display());
    Ok(())
}

fn write(path: &Path, text: &str) -> Result<(), Trouble> {
    if let Some(folder) = path.parent() {
        std::fs::create_dir_all(folder)?;
    }
    std::fs::write(path, text).map_err(|e| Trouble::Machine(std::io::Error::other(format!("{}: {e}", path.display()))))
}
