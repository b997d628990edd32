//! The desk: everything that attribution asks, in one place. In: a host, its DNS facts and visits. Out: an `Attribution`.
//! Works without any table, list or network, and then says "unknown".

use crate::model::attribution::{Attribution, issuer_of};
use crate::model::capture::Capture;
use crate::model::dossier::Dossier;
use crate::model::filing::{self, FilingCheck};
use crate::model::host::Host;
use crate::model::hosting::Hosting;
use crate::model::registration::Registration;
use crate::model::rulefile::{RuleError, RuleFile};
use crate::net::Net;
use crate::resolve::filings::Filings;
use crate::resolve::fronts::Fronts;
use crate::resolve::register::Register;
use crate::resolve::settings::Settings;
use crate::resolve::tables::Tables;
use std::path::Path;

/// Addresses looked up of one host.
const MAX_ADDRESSES: usize = 16;
/// Addresses of one host whose registers are asked; behind a CDN none, as the network is the CDN's.
const MAX_NETWORKS: usize = 2;
/// cdncheck's list below the tables' folder.
pub const FRONTS_LIST: &str = "cdncheck.json";

/// Registers, tables, lists. Built once by cli, shared by all visits.
pub struct Desk {
    register: Register,
    ask: bool,
    tables: Tables,
    fronts: Fronts,
    filings: Option<Filings>,
}

impl Desk {
    /// Opens what is there. `tables`: the folder of the address tables.
    ///
    /// # Errors
    /// [`RuleError`]: a rule file, or the unit's list of filings, cannot be read.
    pub fn open(settings: &Settings, files: &[RuleFile], tables: &Path) -> Result<Self, RuleError> {
        let filings = settings
            .filings
            .as_ref()
            .map(|p| Filings::read(p).map_err(|why| RuleError::whole(p.display().to_string(), why)))
            .transpose()?;
        Ok(Self {
            register: Register::new(settings, files)?,
            ask: settings.ask_registries,
            tables: Tables::open(tables),
            fronts: Fronts::load(files, &tables.join(FRONTS_LIST))?,
            filings,
        })
    }
    /// The tables that are there.
    pub fn tables(&self) -> &Tables {
        &self.tables
    }
    /// What the registers say of the host's registrable name. `None`: it has none. `known`: an earlier answer, used while fresh.
    pub async fn registration(&self, host: &Host, known: Option<Registration>, net: &Net) -> Option<Registration> {
        let name = Host::parse(host.registrable()?).ok()?;
        Some(self.register.ask(&name, known, net).await)
    }
    /// Fills the dossier's facts: attribution, and from it when and where the host was registered and hosted, and whose its numbers are.
    /// Registries are asked only where `ask` and the settings say so.
    pub async fn fill(&self, dossier: &mut Dossier, ask: bool, known: Option<Registration>, net: &Net) {
        let host = dossier.candidate.host.clone();
        let registration = if ask && self.ask { self.registration(&host, known, net).await } else { known };
        let mut hosting = self.hosting(dossier, net);
        if ask && self.ask && hosting.hidden_by().is_none() {
            for ip in hosting.placed.iter().map(|p| p.ip).take(MAX_NETWORKS).collect::<Vec<_>>() {
                if !hosting.networks.iter().any(|n| n.holds(ip)) {
                    hosting.networks.push(self.register.network(ip, net).await);
                }
            }
        }
        let page = dossier.main_capture().and_then(|c| c.page.as_ref());
        let identifiers = page.map(|p| p.identifiers.clone()).unwrap_or_default();
        let mut filings: Vec<FilingCheck> = identifiers.iter().filter_map(filing::check).collect();
        for check in &mut filings {
            check.owner = self.filings.as_ref().and_then(|f| f.owner(&check.kind, &check.value)).cloned();
        }
        let server = hosting.placed.iter().filter(|_| hosting.hidden_by().is_none()).find_map(|p| filing::province_in(p.mainland()?.0));
        let remarks = filing::compare(&filings, server);
        let facts = &mut dossier.facts;
        facts.registered = registration.as_ref().and_then(|r| r.created);
        facts.hosted_in = hosting.country();
        facts.filings = self.filings.as_ref().map(|f| f.of(&identifiers));
        let issuer = issuer_of(&dossier.captures);
        facts.attribution = Some(Box::new(Attribution { host, at: net.now(), registration, hosting, filings, remarks, issuer }));
    }
    fn hosting(&self, dossier: &Dossier, net: &Net) -> Hosting {
        let visited = |c: &Capture| c.hops.iter().filter_map(|h| h.address).map(|a| a.ip()).collect::<Vec<_>>();
        let mut addresses = dossier.resolution.as_ref().map(|r| r.addresses.clone()).unwrap_or_default();
        if addresses.is_empty() {
            addresses = dossier.plain_capture().map(visited).unwrap_or_default();
        }
        addresses.truncate(MAX_ADDRESSES);
        Hosting {
            at: Some(net.now()),
            placed: addresses.into_iter().map(|ip| self.tables.place(ip)).collect(),
            fronts: self.fronts.of(dossier.resolution.as_ref(), &dossier.captures),
            tables: self.tables.names(),
            networks: Vec::new(),
        }
    }
}
