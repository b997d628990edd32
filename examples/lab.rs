//! `cargo run --example lab [--names FILE] [--settings FILE] [--data DIR] [--for SECONDS]`
//! Starts the loopback internet of the tests at fixed addresses and keeps it up until SIGINT, SIGTERM or the time is over.
//! DNS answers at 127.0.0.1:5399, the sites at 127.80.0.x, ports 80 and 443.
#![expect(clippy::print_stdout, reason = "an example speaks to the person who runs it")]

#[path = "../tests/lab/mod.rs"]
mod lab;

use clap::Parser;
use lab::{FIXED, Lab, Options, Trouble};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use tokio::signal::unix::{SignalKind, signal};

/// The loopback internet of jianwei's tests.
#[derive(Parser)]
struct Args {
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
