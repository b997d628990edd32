//! The lab: a loopback internet of our own. A DNS server, web servers on real ports 80 and 443, a search engine, and
//! machines that mean harm. Everything is pages that we wrote (`tests/pages/`) and one table (`tests/pages/sites.toml`).
//! Each lab owns one block 127.x.y.0/24, so that tests in parallel processes do not meet. Nothing leaves the loopback range.
#![allow(dead_code, reason = "the test binary and the example each use their own half of the lab")]

pub(crate) mod corpus;
#[cfg(test)]
pub(crate) mod ctlog;
mod dns;
mod hostile;
mod log;
mod names;
#[cfg(test)]
pub(crate) mod nginx;
mod pages;
#[cfg(test)]
pub(crate) mod registers;
mod search;
mod sites;
pub(crate) mod stamp;
mod tls;
mod web;

#[cfg(test)]
mod checks;

pub(crate) use log::{Question, Seen};
pub(crate) use sites::{Expected, Site};
#[cfg(test)]
pub(crate) use sites::{Found, Kind};

use log::Log;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc;
use tokio::net::{TcpListener, UdpSocket};
use tokio::sync::watch;

/// Port of the DNS server of every lab.
pub(crate) const DNS_PORT: u16 = 5399;
/// Where the fixed lab of the example and of `make demo` stands.
pub(crate) const FIXED: (u8, u8) = (80, 0);
const TRIES: u32 = 64;

/// Why a lab did not start: one line that says what to do.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Trouble {
    /// Ports below 1024 are not ours.
    #[error(
        "the lab may not listen on {address}: run it as root, or give the binary the right (`setcap cap_net_bind_service=+ep BINARY`), or `sysctl net.ipv4.ip_unprivileged_port_start=0`"
    )]
    NotAllowed { address: SocketAddr },
    /// Somebody else is there.
    #[error("{address} is taken: is another lab running? stop it, or choose another block")]
    Taken { address: SocketAddr },
    /// Anything else of the machine.
    #[error("the lab does not start: {0}")]
    Machine(#[from] std::io::Error),
    /// The table of sites or a page is wrong.
    #[error("{0}")]
    Table(String),
}

/// What all servers of one lab share.
pub(crate) struct World {
    /// The first three bytes of every address.
    pub(crate) block: [u8; 3],
    /// All sites by host, with the search engine's among them.
    pub(crate) sites: sites::Sites,
    /// Who came, who asked.
    pub(crate) log: Log,
    /// The search engine's index.
    pub(crate) index: search::Index,
    /// Search: refuse after this many result pages; 0: never.
    pub(crate) search_limit: u64,
    /// Hosts whose server hangs up on everybody.
    pub(crate) down: std::sync::Mutex<std::collections::BTreeSet<String>>,
}

/// How a lab is to be built.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Options {
    /// Second and third byte of 127.x.y.0/24. `None`: a free one is found.
    pub(crate) block: Option<(u8, u8)>,
    /// Answer DNS at 127.0.0.1 instead of at the block's own first address.
    pub(crate) dns_at_localhost: bool,
    /// The search engine shows a captcha after this many result pages. `None`: only for the word `blocktest`.
    pub(crate) search_limit: Option<u64>,
}

/// A running lab. Dropped: all its servers stop and are joined.
pub(crate) struct Lab {
    world: Arc<World>,
    dns: SocketAddr,
    ca_pem: String,
    stop: watch::Sender<bool>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Lab {
    /// Starts a lab at `block`, or at a free one. For tests: panics with one clear line where it cannot.
    pub(crate) fn start(block: Option<(u8, u8)>) -> Self {
        match Self::open(Options { block, ..Options::default() }) {
            Ok(lab) => lab,
            Err(trouble) => panic!("{trouble}"),
        }
    }
    /// Starts a lab.
    ///
    /// # Errors
    /// [`Trouble`]: ports not allowed or taken, a wrong table.
    pub(crate) fn open(options: Options) -> Result<Self, Trouble> {
        let (ready, started) = mpsc::channel();
        let (stop, stopped) = watch::channel(false);
        let thread = std::thread::Builder::new().name("lab".into()).spawn(move || run(options, &ready, stopped))?;
        let (world, dns, ca_pem) = started.recv().map_err(|_| Trouble::Table("the lab's thread ended at once".into()))??;
        Ok(Self { world, dns, ca_pem, stop, thread: Some(thread) })
    }
    /// `ip:port` of the DNS server.
    pub(crate) fn dns(&self) -> SocketAddr {
        self.dns
    }
    /// The lab's network, for `allow_private`. Narrow on purpose: a redirect to 127.0.0.1 must still be refused.
    pub(crate) fn network(&self) -> String {
        let [a, b, c] = self.world.block;
        format!("{a}.{b}.{c}.0/24")
    }
    /// An address of the lab by its last byte.
    pub(crate) fn address(&self, last: u8) -> Ipv4Addr {
        self.world.address(last)
    }
    /// The lab CA, PEM: a client that trusts it verifies every chain.
    pub(crate) fn ca_pem(&self) -> &str {
        &self.ca_pem
    }
    /// Every site of the table, in its order.
    pub(crate) fn sites(&self) -> impl Iterator<Item = &Site> {
        self.world.sites.all().iter().map(AsRef::as_ref)
    }
    /// What a scan should make of each site that it can reach today.
    pub(crate) fn expected(&self) -> Vec<Expected> {
        self.sites().filter(|s| s.later.is_none()).map(Site::expected).collect()
    }
    /// Every request that came, oldest first (at most 200,000 kept).
    pub(crate) fn requests(&self) -> Vec<Seen> {
        self.world.log.requests()
    }
    /// Every DNS question that came, oldest first (at most 200,000 kept).
    pub(crate) fn questions(&self) -> Vec<Question> {
        self.world.log.questions()
    }
    /// From now on the server of `host` hangs up on everybody, or answers again.
    pub(crate) fn set_down(&self, host: &str, down: bool) {
        let mut all = self.world.down.lock().expect("nobody panicked with it");
        if down {
            all.insert(host.to_owned())
        } else {
            all.remove(host)
        };
    }
    /// Forgets requests and questions.
    pub(crate) fn forget(&self) {
        self.world.log.clear();
    }
    /// The lab's name feed: its own hosts mixed among ordinary names that do not exist.
    pub(crate) fn names(&self) -> String {
        names::feed(self.world.sites.all())
    }
    /// A settings file fit for this lab.
    pub(crate) fn settings(&self, data_dir: &Path, names_file: &Path) -> String {
        names::settings(self.dns, &self.network(), data_dir, names_file)
    }
    /// The body that the lab gives for a URL of its table, as on the wire before gzip. `None`: not in the table.
    pub(crate) fn body(&self, url: &str) -> Option<Vec<u8>> {
        let url = url::Url::parse(url).ok()?;
        let site = self.world.sites.by_host(url.host_str()?)?;
        let target = url.query().map_or_else(|| url.path().to_owned(), |q| format!("{}?{q}", url.path()));
        pages::build(site.route(&target)?, site, &self.world).ok()
    }
}

impl Drop for Lab {
    fn drop(&mut self) {
        let _ = self.stop.send(true);
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl World {
    /// An address of the block by its last byte.
    pub(crate) fn address(&self, last: u8) -> Ipv4Addr {
        Ipv4Addr::new(self.block[0], self.block[1], self.block[2], last)
    }
}

type Started = Result<(Arc<World>, SocketAddr, String), Trouble>;

fn run(options: Options, ready: &mpsc::Sender<Started>, mut stopped: watch::Receiver<bool>) {
    let runtime = match tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build() {
        Ok(runtime) => runtime,
        Err(e) => {
            let _ = ready.send(Err(e.into()));
            return;
        }
    };
    runtime.block_on(async {
        match build(options).await {
            Ok((world, dns, ca_pem, ports)) => {
                ports.spawn(&world);
                let _ = ready.send(Ok((world, dns, ca_pem)));
                let _ = stopped.wait_for(|s| *s).await;
            }
            Err(trouble) => {
                let _ = ready.send(Err(trouble));
            }
        }
    });
    runtime.shutdown_timeout(std::time::Duration::from_millis(500));
}

/// All sockets of a lab, bound before anybody is told that it stands.
struct Ports {
    udp: UdpSocket,
    tcp: TcpListener,
    web: Vec<(TcpListener, u8)>,
    tls: Vec<(TcpListener, u8)>,
    acceptor: tokio_rustls::TlsAcceptor,
}

impl Ports {
    fn spawn(self, world: &Arc<World>) {
        tokio::spawn(dns::udp(self.udp, world.clone()));
        tokio::spawn(dns::tcp(self.tcp, world.clone()));
        for (listener, last) in self.web {
            tokio::spawn(web::listen(listener, last, world.clone()));
        }
        for (listener, last) in self.tls {
            tokio::spawn(web::listen_tls(listener, last, self.acceptor.clone(), world.clone()));
        }
    }
}

async fn build(options: Options) -> Result<(Arc<World>, SocketAddr, String, Ports), Trouble> {
    let mut tries = if options.block.is_some() { 1 } else { TRIES };
    loop {
        let block = options.block.unwrap_or_else(any_block);
        tries -= 1;
        match build_at([127, block.0, block.1], options).await {
            Err(Trouble::Taken { .. }) if tries > 0 => {}
            built => return built,
        }
    }
}

/// 127.64.0 to 127.127.255, but never the example's block.
fn any_block() -> (u8, u8) {
    let mut hasher = RandomState::new().build_hasher();
    hasher.write_u32(std::process::id());
    let [a, b, ..] = hasher.finish().to_le_bytes();
    let block = (64 + a % 64, b);
    if block == FIXED { (81, b) } else { block }
}

async fn build_at(block: [u8; 3], options: Options) -> Result<(Arc<World>, SocketAddr, String, Ports), Trouble> {
    let sites = sites::Sites::load(block).map_err(Trouble::Table)?;
    let world = Arc::new(World {
        block,
        sites,
        log: Log::new(),
        index: search::Index::new(),
        search_limit: options.search_limit.unwrap_or(0),
        down: Default::default(),
    });
    let dns_ip = if options.dns_at_localhost { Ipv4Addr::LOCALHOST } else { world.address(1) };
    let dns = SocketAddr::V4(SocketAddrV4::new(dns_ip, DNS_PORT));
    let udp = UdpSocket::bind(dns).await.map_err(|e| bind_trouble(e, dns))?;
    let tcp = bind(dns).await?;
    let (acceptor, ca_pem) = tls::authority(world.sites.all()).map_err(Trouble::Table)?;
    let (mut web, mut tls) = (Vec::new(), Vec::new());
    for last in world.sites.addresses(|s| s.tls != sites::Tls::Only) {
        web.push((bind(SocketAddr::V4(SocketAddrV4::new(world.address(last), 80))).await?, last));
    }
    for last in world.sites.addresses(|s| s.tls != sites::Tls::None) {
        tls.push((bind(SocketAddr::V4(SocketAddrV4::new(world.address(last), 443))).await?, last));
    }
    Ok((world, dns, ca_pem, Ports { udp, tcp, web, tls, acceptor }))
}

async fn bind(address: SocketAddr) -> Result<TcpListener, Trouble> {
    TcpListener::bind(address).await.map_err(|e| bind_trouble(e, address))
}

fn bind_trouble(e: std::io::Error, address: SocketAddr) -> Trouble {
    match e.kind() {
        std::io::ErrorKind::PermissionDenied => Trouble::NotAllowed { address },
        std::io::ErrorKind::AddrInUse => Trouble::Taken { address },
        _ => Trouble::Machine(e),
    }
}
