//! A certificate log of our own, with a key of its own: the same entries as tiles (c2sp.org/static-ct-api), names tiles, and get-entries (RFC 6962).
//! It grows, and it misbehaves where a test says so. Its certificates are as small as one with names can be.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, Ed25519KeyPair, KeyPair};
use sha2::{Digest as _, Sha256};
use std::path::Path;

/// A hash of the tree.
pub(crate) type Hash = [u8; 32];

/// Which key a log has.
pub(crate) enum Signer {
    P256(EcdsaKeyPair),
    Ed25519(Ed25519KeyPair),
}

/// A log.
pub(crate) struct CtLog {
    signer: Signer,
    origin: String,
    entries: Vec<Entry>,
}

struct Entry {
    timestamped: Vec<u8>,
    in_tile: Vec<u8>,
    names: Vec<String>,
}

fn tlv(tag: u8, content: &[u8]) -> Vec<u8> {
    let length = content.len();
    let mut out = vec![tag];
    match u8::try_from(length) {
        Ok(short) if short < 0x80 => out.push(short),
        _ => {
            let [.., a, b, c] = (length as u64).to_be_bytes();
            out.extend([0x83, a, b, c]);
        }
    }
    out.extend_from_slice(content);
    out
}

/// A TBSCertificate with these alternative names.
pub(crate) fn tbs(names: &[&[u8]]) -> Vec<u8> {
    let list: Vec<u8> = names.iter().flat_map(|n| tlv(0x82, n)).collect();
    let san = tlv(0x30, &[tlv(6, &[0x55, 0x1d, 0x11]), tlv(4, &tlv(0x30, &list))].concat());
    let parts =
        [tlv(0xa0, &tlv(2, &[2])), tlv(2, &[9]), tlv(0x30, &[]), tlv(0x30, &[]), tlv(0x30, &[]), tlv(0x30, &[]), tlv(0x30, &[0; 64])];
    tlv(0x30, &[parts.concat(), tlv(0xa3, &tlv(0x30, &san))].concat())
}

impl CtLog {
    /// An empty log with an ECDSA key.
    pub(crate) fn new(origin: &str) -> Self {
        let random = SystemRandom::new();
        let key = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &random).expect("random numbers");
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, key.as_ref(), &random).expect("just made");
        Self { signer: Signer::P256(key), origin: origin.to_owned(), entries: Vec::new() }
    }
    /// The same with an Ed25519 key.
    pub(crate) fn ed25519(origin: &str) -> Self {
        let key = Ed25519KeyPair::generate_pkcs8(&SystemRandom::new()).expect("random numbers");
        let key = Ed25519KeyPair::from_pkcs8(key.as_ref()).expect("just made");
        Self { signer: Signer::Ed25519(key), origin: origin.to_owned(), entries: Vec::new() }
    }
    /// The same log, with the same key, without its entries: what a forger with that key begins with.
    pub(crate) fn emptied(self) -> Self {
        Self { entries: Vec::new(), ..self }
    }
    /// Entries.
    pub(crate) fn size(&self) -> u64 {
        self.entries.len() as u64
    }
    /// Adds a certificate with these names; every third as a pre-certificate.
    pub(crate) fn push(&mut self, names: &[&str]) {
        let bytes: Vec<&[u8]> = names.iter().map(|n| n.as_bytes()).collect();
        let tbs = tbs(&bytes);
        let precertificate = self.entries.len().is_multiple_of(3);
        let der = if precertificate { tbs } else { tlv(0x30, &[tbs, tlv(0x30, &[]), tlv(3, &[0])].concat()) };
        self.push_der(&der, precertificate, names);
    }
    /// Adds anything as a certificate.
    pub(crate) fn push_der(&mut self, der: &[u8], precertificate: bool, names: &[&str]) {
        let sized = |bytes: &[u8]| [&(bytes.len() as u32).to_be_bytes()[1..], bytes].concat();
        let stamp = 1_700_000_000_000 + self.entries.len() as u64;
        let mut timestamped = stamp.to_be_bytes().to_vec();
        timestamped.extend([0, u8::from(precertificate)]);
        if precertificate {
            timestamped.extend([7; 32]);
        }
        timestamped.extend(sized(der));
        timestamped.extend([0, 0]);
        let mut in_tile = timestamped.clone();
        if precertificate {
            in_tile.extend(sized(der));
        }
        in_tile.extend([0, 32]);
        in_tile.extend([3; 32]);
        self.entries.push(Entry { timestamped, in_tile, names: names.iter().map(|n| (*n).to_owned()).collect() });
    }
    /// Adds certificates `from..to`, each with the name `nN.PART.example`.
    pub(crate) fn grow(&mut self, part: &str, to: u64) {
        for n in self.size()..to {
            self.push(&[&format!("n{n}.{part}.example")]);
        }
    }
    /// Adds a real entry of a data tile, as it stands there.
    pub(crate) fn push_raw(&mut self, timestamped: &[u8], in_tile: &[u8]) {
        self.entries.push(Entry { timestamped: timestamped.to_vec(), in_tile: in_tile.to_vec(), names: Vec::new() });
    }

    fn spki(&self) -> Vec<u8> {
        let (algorithm, bits) = match &self.signer {
            Signer::P256(key) => {
                let ids = [tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 2, 1]), tlv(6, &[0x2a, 0x86, 0x48, 0xce, 0x3d, 3, 1, 7])].concat();
                (ids, key.public_key().as_ref().to_vec())
            }
            Signer::Ed25519(key) => (tlv(6, &[0x2b, 0x65, 0x70]), key.public_key().as_ref().to_vec()),
        };
        tlv(0x30, &[tlv(0x30, &algorithm), tlv(3, &[vec![0], bits].concat())].concat())
    }
    fn id(&self) -> Hash {
        Sha256::digest(self.spki()).into()
    }
    fn leaf_hashes(&self, size: u64) -> Vec<Hash> {
        let hash = |e: &Entry| Sha256::new_with_prefix([0, 0, 0]).chain_update(&e.timestamped).finalize().into();
        self.entries[..usize::try_from(size).expect("small")].iter().map(hash).collect()
    }
    fn signed_head(&self, size: u64) -> (u64, Hash, Vec<u8>) {
        let root = root(&self.leaf_hashes(size));
        let (stamp, signed) = self.signed(size, &root);
        (stamp, root, signed)
    }
    fn signed(&self, size: u64, root: &Hash) -> (u64, Vec<u8>) {
        let stamp = 1_700_000_100_000 + size;
        let message = [&[0, 1][..], &stamp.to_be_bytes(), &size.to_be_bytes(), root].concat();
        let (kind, signature) = match &self.signer {
            Signer::P256(key) => ([4, 3], key.sign(&SystemRandom::new(), &message).expect("random numbers").as_ref().to_vec()),
            Signer::Ed25519(key) => ([8, 7], key.sign(&message).as_ref().to_vec()),
        };
        let length = u16::try_from(signature.len()).expect("short").to_be_bytes();
        (stamp, [&kind[..], &length, &signature].concat())
    }
    /// The checkpoint of the first `size` entries.
    pub(crate) fn checkpoint(&self, size: u64) -> String {
        self.checkpoint_over(size, &root(&self.leaf_hashes(size)))
    }
    /// A checkpoint over any tree, for whoever keeps its entries elsewhere.
    pub(crate) fn checkpoint_over(&self, size: u64, root: &Hash) -> String {
        let (stamp, signed) = self.signed(size, root);
        let key = Sha256::new_with_prefix(&self.origin).chain_update(b"\n\x05").chain_update(self.id()).finalize();
        let blob = STANDARD.encode([&key[..4], &stamp.to_be_bytes(), &signed].concat());
        let origin = &self.origin;
        format!("{origin}\n{size}\n{}\n\n\u{2014} {origin} {blob}\n", STANDARD.encode(root))
    }
    /// A log list that names this log alone.
    pub(crate) fn list(&self, tiled: bool, base: &str) -> String {
        let (id, key) = (STANDARD.encode(self.id()), STANDARD.encode(self.spki()));
        let origin = &self.origin;
        let one = format!(
            "{{\"description\":\"{origin}\",\"log_id\":\"{id}\",\"key\":\"{key}\",\"url\":\"{base}/\",\"monitoring_url\":\"{base}/\",\
             \"submission_url\":\"https://{origin}/\",\"mmd\":60,\"state\":{{\"usable\":{{\"timestamp\":\"2026-01-01T00:00:00Z\"}}}}}}"
        );
        let (logs, tiles) = if tiled { (String::new(), one) } else { (one, String::new()) };
        format!(
            "{{\"version\":\"1\",\"log_list_timestamp\":\"2026-11-20T00:00:00Z\",\"operators\":[{{\"name\":\"Lab\",\"email\":[],\"logs\":[{logs}],\"tiled_logs\":[{tiles}]}}]}}"
        )
    }

    /// What this log answers at `path` while it has `size` entries, without names tiles where they are not offered. `None`: 404.
    pub(crate) fn answer(&self, path: &str, size: u64, names: bool) -> Option<Vec<u8>> {
        let path = path.trim_start_matches('/');
        if path == "checkpoint" {
            return Some(self.checkpoint(size).into_bytes());
        }
        if let Some(rest) = path.strip_prefix("ct/v1/") {
            return self.rfc6962(rest, size);
        }
        let (kind, rest) = path.strip_prefix("tile/")?.split_once('/')?;
        let (number, width) = rest.split_once(".p/").map_or((rest, 256), |(n, w)| (n, w.parse().unwrap_or(0)));
        let n = number.split('/').try_fold(0_u64, |n, part| Some(n * 1_000 + part.trim_start_matches('x').parse::<u64>().ok()?))?;
        match kind {
            "data" | "names" => {
                let (from, to) = (n * 256, n * 256 + width);
                // A partial tile of an older tree vanishes with the next full one.
                if to > size || (width < 256 && size >= (n + 1) * 256) || (kind == "names" && !names) {
                    return None;
                }
                let entries = &self.entries[usize::try_from(from).ok()?..usize::try_from(to).ok()?];
                Some(if kind == "data" {
                    entries.iter().flat_map(|e| e.in_tile.clone()).collect()
                } else {
                    entries.iter().flat_map(name_line).collect()
                })
            }
            level => self.hash_tile(level.parse().ok()?, n, width, size),
        }
    }
    fn hash_tile(&self, level: u32, n: u64, width: u64, size: u64) -> Option<Vec<u8>> {
        let there = size >> (8 * level);
        if n * 256 + width > there || (width < 256 && there >= (n + 1) * 256) {
            return None;
        }
        let mut hashes = self.leaf_hashes(size);
        for _ in 0..level {
            hashes = hashes.chunks_exact(256).map(root).collect();
        }
        let from = usize::try_from(n * 256).ok()?;
        Some(hashes[from..from + usize::try_from(width).ok()?].concat())
    }
    fn rfc6962(&self, rest: &str, size: u64) -> Option<Vec<u8>> {
        let (call, query) = rest.split_once('?').unwrap_or((rest, ""));
        let number =
            |name: &str| url::form_urlencoded::parse(query.as_bytes()).find(|(n, _)| n == name).and_then(|(_, v)| v.parse::<u64>().ok());
        let text = match call {
            "get-sth" => {
                let (stamp, root, signed) = self.signed_head(size);
                format!(
                    "{{\"tree_size\":{size},\"timestamp\":{stamp},\"sha256_root_hash\":\"{}\",\"tree_head_signature\":\"{}\"}}",
                    STANDARD.encode(root),
                    STANDARD.encode(signed)
                )
            }
            "get-sth-consistency" => {
                let (first, second) = (number("first")?, number("second")?);
                let proof = proof(usize::try_from(first).ok()?, &self.leaf_hashes(second), true);
                let proof: Vec<String> = proof.iter().map(|h| format!("\"{}\"", STANDARD.encode(h))).collect();
                format!("{{\"consistency\":[{}]}}", proof.join(","))
            }
            "get-entries" => {
                let (start, end) = (number("start")?, number("end")?.min(size.checked_sub(1)?));
                let entries = self.entries.get(usize::try_from(start).ok()?..=usize::try_from(end).ok()?)?;
                let one = |e: &Entry| {
                    format!("{{\"leaf_input\":\"{}\",\"extra_data\":\"AAAA\"}}", STANDARD.encode([&[0, 0], &e.timestamped[..]].concat()))
                };
                format!("{{\"entries\":[{}]}}", entries.iter().map(one).collect::<Vec<_>>().join(","))
            }
            _ => return None,
        };
        Some(text.into_bytes())
    }
    /// Writes the static form below `folder`, for a file server.
    pub(crate) fn write(&self, folder: &Path) {
        let size = self.size();
        let mut paths = vec!["checkpoint".to_owned()];
        for n in 0..size.div_ceil(256) {
            let width = (size - n * 256).min(256);
            let part = if width < 256 { format!(".p/{width}") } else { String::new() };
            paths.extend(["data", "0"].map(|kind| format!("tile/{kind}/{n:03}{part}")));
        }
        if size >= 256 {
            paths.push(format!("tile/1/000.p/{}", size / 256));
        }
        for path in paths {
            let file = folder.join(&path);
            std::fs::create_dir_all(file.parent().expect("below the folder")).expect("writable");
            std::fs::write(file, self.answer(&path, size, false).expect("there")).expect("writable");
        }
    }
}

fn name_line(entry: &Entry) -> Vec<u8> {
    let names: Vec<String> = entry.names.iter().map(|n| format!("\"{n}\"")).collect();
    format!("{{\"Timestamp\":1,\"Subject\":{{}},\"DNS\":[{}]}}\n", names.join(",")).into_bytes()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new_with_prefix([1]).chain_update(left).chain_update(right).finalize().into()
}

/// The root of the tree over these.
pub(crate) fn root(hashes: &[Hash]) -> Hash {
    match hashes {
        [] => Sha256::digest([]).into(),
        [one] => *one,
        many => {
            let left = many.len().next_power_of_two() / 2;
            node(&root(&many[..left]), &root(&many[left..]))
        }
    }
}

fn proof(first: usize, hashes: &[Hash], is_whole: bool) -> Vec<Hash> {
    if first == hashes.len() {
        return if is_whole { Vec::new() } else { vec![root(hashes)] };
    }
    let split = hashes.len().next_power_of_two() / 2;
    let (mut rest, other) = if first <= split {
        (proof(first, &hashes[..split], is_whole), root(&hashes[split..]))
    } else {
        (proof(first - split, &hashes[split..], false), root(&hashes[..split]))
    };
    rest.push(other);
    rest
}

/// The entries of a real data tile, as (TimestampedEntry, whole entry).
pub(crate) fn real_entries(tile: &[u8]) -> Vec<(Vec<u8>, Vec<u8>)> {
    let sized = |at: usize, digits: usize| at + digits + tile[at..at + digits].iter().fold(0, |n, d| n << 8 | usize::from(*d));
    let (mut at, mut entries) = (0, Vec::new());
    while at < tile.len() {
        let precertificate = tile[at + 9] == 1;
        let stamped = sized(sized(at + 10 + if precertificate { 32 } else { 0 }, 3), 2);
        let end = sized(if precertificate { sized(stamped, 3) } else { stamped }, 2);
        entries.push((tile[at..stamped].to_vec(), tile[at..end].to_vec()));
        at = end;
    }
    entries
}
