//! The analyst's web pages and the API: a queue, a lead in full, the decisions, people, audit.
//! In: records and packages. Out: pages made on the server, one style sheet, one small script. Every change goes through records.
//! Never shows captured HTML, only sanitised text and pictures; never opens a socket (the caller gives a listener) and never decides by itself.
//! All routes stand in one table (`routes.rs`) with who may use them; what is not in the table does not exist.

mod api;
mod blocks;
mod call;
mod chart;
mod differ;
mod forms;
mod gate;
mod inert;
mod kin;
mod layout;
mod numbers;
mod openapi;
mod pages;
mod pictures;
mod replay;
mod routes;
mod secrets;
mod session;
mod skeleton;

pub use crate::console::routes::{ROUTES, Route, Who};
pub use crate::console::secrets::{check_password, first_password, hash_password};

use crate::model::division::Divisions;
use crate::model::lang::Lang;
use crate::model::site::Site;
use crate::model::time::Timestamp;
use crate::records::{Ask, Records, RecordsError};
use serde::Deserialize;
use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError, RwLock};
use std::time::Duration;

/// `[console]` of the settings file.
#[derive(Clone, Debug, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Settings {
    /// Address and port; loopback unless a person decides otherwise.
    pub listen: SocketAddr,
    /// PEM file of the certificate chain. With `tls_key`: TLS only. `None`: plain HTTP, for loopback or behind a proxy.
    pub tls_cert: Option<PathBuf>,
    /// PEM file of its key.
    pub tls_key: Option<PathBuf>,
    /// Address under which people reach it (`https://jianwei.unit.example`), where a proxy stands before it. `None`: as listened.
    pub public_url: Option<String>,
    /// Address and port at which packages are replayed: another origin than the console's. `None`: the port after `listen`.
    pub replay_listen: Option<SocketAddr>,
    /// Address under which people reach that, where a proxy stands before it. With `public_url` and without this there is no replay.
    pub replay_url: Option<String>,
}

impl Settings {
    /// Where replays listen. `None`: a proxy stands before the console, and none is named for them.
    pub fn replay_door(&self) -> Option<SocketAddr> {
        if self.public_url.is_some() && self.replay_url.is_none() {
            return None;
        }
        // Port 0 is any free one, here as there.
        let beside = if self.listen.port() == 0 { 0 } else { self.listen.port().checked_add(1).unwrap_or(0) };
        Some(self.replay_listen.unwrap_or(SocketAddr::new(self.listen.ip(), beside)))
    }
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            listen: ([127, 0, 0, 1], 8470).into(),
            tls_cert: None,
            tls_key: None,
            public_url: None,
            replay_listen: None,
            replay_url: None,
        }
    }
}

/// What the console works on.
pub struct Desk {
    records: Arc<Records>,
    evidence: PathBuf,
    sites: Vec<Site>,
    organisation: String,
    lang: Lang,
    /// Cookies are Secure.
    secure: bool,
    /// The origin under which people reach us, where a proxy stands before us.
    public: Option<String>,
    /// Where replays stand. `None`: there are none.
    replay: Option<replay::Place>,
    tickets: replay::Tickets,
    /// Hosts by which we are addressed; empty: any name, where we do not listen on loopback and no public address is set.
    hosts: Vec<String>,
    clock: Box<dyn Fn() -> Timestamp + Send + Sync>,
    sessions: session::Sessions,
    /// Hashing a password takes 19 MiB: one at a time, so that nobody fills the memory with log-ins.
    hashing: Mutex<()>,
    /// Decoding pictures, the same.
    drawing: Mutex<()>,
    /// Divisions of the unit's own province, for the suggestion of who might handle a lead.
    home: Divisions,
    kin: RwLock<Arc<kin::Kin>>,
    /// Which picture of a package is its thumbnail: packages do not change.
    thumbnails: Mutex<HashMap<String, Option<usize>>>,
}

/// Packages whose thumbnail is remembered.
const MAX_THUMBNAILS: usize = 20_000;
/// How often clusters are worked out anew.
const KIN_EVERY: Duration = Duration::from_secs(60);

impl Desk {
    /// A desk over `records` and the packages in `evidence`. `clock` gives the time.
    #[expect(clippy::too_many_arguments, reason = "what the pages stand on, each a thing of its own")]
    pub fn new(
        records: Arc<Records>,
        evidence: PathBuf,
        sites: Vec<Site>,
        organisation: String,
        home: Divisions,
        lang: Lang,
        settings: &Settings,
        clock: impl Fn() -> Timestamp + Send + Sync + 'static,
    ) -> Self {
        let public = settings.public_url.as_ref().and_then(|u| url::Url::parse(u).ok());
        let mut hosts: Vec<String> = public.iter().filter_map(|u| u.host_str().map(str::to_lowercase)).collect();
        if settings.listen.ip().is_loopback() || public.is_some() {
            hosts.extend(["localhost".into(), "127.0.0.1".into(), "[::1]".into(), settings.listen.ip().to_string()]);
        }
        let secure = settings.tls_cert.is_some() || public.as_ref().is_some_and(|u| u.scheme() == "https");
        Self {
            records,
            evidence,
            sites,
            organisation,
            lang,
            secure,
            public: public.map(|u| u.origin().ascii_serialization()),
            replay: None,
            tickets: replay::Tickets::default(),
            hosts,
            clock: Box::new(clock),
            sessions: session::Sessions::default(),
            hashing: Mutex::new(()),
            drawing: Mutex::new(()),
            home,
            kin: RwLock::default(),
            thumbnails: Mutex::default(),
        }
    }
    fn now(&self) -> Timestamp {
        (self.clock)()
    }
    fn kin(&self) -> Arc<kin::Kin> {
        self.kin.read().unwrap_or_else(PoisonError::into_inner).clone()
    }
    /// Reads what the first page of the queue needs. With 100,000 leads it takes seconds: call it before anybody is served.
    ///
    /// # Errors
    /// The store cannot be read.
    pub fn warm(&self) -> Result<(), RecordsError> {
        self.records.queue(&Ask::default()).map(|_| ())
    }
    fn renew_kin(&self) {
        match kin::Kin::after(&self.kin(), &self.records) {
            Ok(Some(new)) => *self.kin.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(new),
            Ok(None) => {}
            Err(e) => tracing::error!("console: clusters could not be worked out: {e}"),
        }
    }
    fn thumbnail(&self, package: &str) -> Option<usize> {
        let mut known = self.thumbnails.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(n) = known.get(package) {
            return *n;
        }
        let n = pictures::thumbnail(&self.evidence, package);
        if known.len() >= MAX_THUMBNAILS {
            known.clear();
        }
        known.insert(package.to_owned(), n);
        n
    }
}

/// Serves until `stop` ends; requests that are under way are answered first.
///
/// # Errors
/// The listener broke.
pub async fn run<L>(listener: L, desk: Arc<Desk>, stop: impl Future<Output = ()> + Send + 'static) -> std::io::Result<()>
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    let (over, mut ends) = tokio::sync::watch::channel(());
    let work = desk.clone();
    let kin = tokio::spawn(async move {
        loop {
            let desk = work.clone();
            let _ = tokio::task::spawn_blocking(move || desk.renew_kin()).await;
            tokio::select! {
                () = tokio::time::sleep(KIN_EVERY) => {}
                _ = ends.changed() => return,
            }
        }
    });
    let served = axum::serve(listener, gate::router(&desk)).with_graceful_shutdown(stop).await;
    drop(over);
    let _ = kin.await;
    served
}

/// Serves replays, an origin of their own, until it is dropped.
///
/// # Errors
/// The listener broke.
pub async fn run_replays<L>(listener: L, desk: Arc<Desk>) -> std::io::Result<()>
where
    L: axum::serve::Listener,
    L::Addr: std::fmt::Debug,
{
    axum::serve(listener, replay::router(&desk)).await
}
