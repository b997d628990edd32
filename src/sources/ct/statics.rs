//! Reads a static log: its checkpoint, the hash tiles that the checkpoint's root rests on, then names tiles or data tiles.
//! In: a log and where to go on. Out: names. Every data tile is held against the tree that the log signed; a names tile cannot be
//! (nothing is hashed of it), so a missing or odd one is replaced by the data tile.

use crate::sources::ct::Chunk;
use crate::sources::ct::ask::{Asker, Trouble};
use crate::sources::ct::head::{self, Head};
use crate::sources::ct::key::Key;
use crate::sources::ct::lines;
use crate::sources::ct::tile::{self, Hash, WIDTH};
use crate::sources::ct::tree::{self, Tiles};
use crate::sources::off_thread;
use futures_util::StreamExt as _;

/// Data tiles of one batch: what a kill repeats.
const DATA_TILES: u64 = 8;
/// The same of names tiles, which are a twentieth in bytes.
const NAMES_TILES: u64 = 32;
/// A names tile up to this size is cut where it came; the usual one has some 35 KiB.
const SMALL_BYTES: usize = 128 << 10;
/// Requests under way at once to one log.
const AT_ONCE: usize = 4;
/// Full hash tiles kept in one run.
const MAX_KEPT_TILES: usize = 64;

/// A log's tree as its checkpoint has it, and the tiles of it that are known to be right.
pub(super) struct Tree {
    pub(super) head: Head,
    tiles: Tiles,
}

/// Gets the checkpoint, and the tree that it rests on where it is larger than what was seen: `before` is size and root of that.
///
/// # Errors
/// [`Trouble`]; an alarm where the log's tree is smaller than it was, or is not the same tree grown.
pub(super) async fn look(asker: &Asker<'_>, origin: &str, key: &Key, before: Option<(u64, Hash)>) -> Result<Tree, Trouble> {
    let head = head::checkpoint(&asker.get("checkpoint").await?, origin, key).map_err(Trouble::Failed)?;
    let mut tree = Tree { head, tiles: Tiles::new() };
    let (size, root) = (tree.head.size, tree.head.root);
    if let Some((old, old_root)) = before {
        if size < old {
            return Err(Trouble::Alarm(format!("its tree shrank from {old} to {size} entries")));
        }
        if size == old && root != old_root {
            return Err(Trouble::Alarm(format!("two different trees of {size} entries, both signed: the log has forked")));
        }
    }
    for (level, n, width) in tree::edge(size) {
        let hashes = edge_tile(asker, level, n, width).await?;
        tree.tiles.insert((level, n), hashes);
    }
    if tree::root(size, &tree.tiles) != Some(root) {
        return Err(Trouble::Failed("its hash tiles do not give the root that it signed".into()));
    }
    if let Some((old, old_root)) = before.filter(|(old, _)| *old < size) {
        for (level, n, _) in tree::edge(old) {
            tree.hash_tile(asker, level, n, None).await?;
        }
        if tree::root(old, &tree.tiles) != Some(old_root) {
            return Err(Trouble::Alarm(format!("its tree of {size} entries does not contain that of {old} entries: the log has forked")));
        }
    }
    Ok(tree)
}

/// A tile at the right edge. It vanishes once the log has grown over it: then its hashes are the first of the full one.
async fn edge_tile(asker: &Asker<'_>, level: u32, n: u64, width: u64) -> Result<Vec<Hash>, Trouble> {
    let kind = level.to_string();
    let (body, got) = match asker.get(&tile::path(&kind, n, width)).await {
        Err(Trouble::Absent(_)) => (asker.get(&tile::path(&kind, n, WIDTH)).await?, WIDTH),
        other => (other?, width),
    };
    let mut hashes = tile::hashes(&body, got).ok_or_else(|| Trouble::Failed(format!("hash tile {level}/{n} is not {got} hashes")))?;
    hashes.truncate(usize::try_from(width).unwrap_or(usize::MAX));
    Ok(hashes)
}

impl Tree {
    /// A hash tile that is known to be right: at the edge, or full and held against the tile above it.
    async fn hash_tile(&mut self, asker: &Asker<'_>, level: u32, n: u64, mut come: Option<Vec<u8>>) -> Result<Vec<Hash>, Trouble> {
        let wanted = (level, n);
        let mut missing = Vec::new();
        let (mut level, mut n) = wanted;
        while !self.tiles.contains_key(&(level, n)) && level < 8 {
            missing.push((level, n));
            (level, n) = (level + 1, n / WIDTH);
        }
        for (level, n) in missing.into_iter().rev() {
            let wrong = || Trouble::Failed(format!("hash tile {level}/{n} is not part of the tree that the log signed"));
            let body = match come.take_if(|_| (level, n) == wanted) {
                Some(body) => body,
                None => asker.get(&tile::path(&level.to_string(), n, WIDTH)).await?,
            };
            let hashes = tile::hashes(&body, WIDTH).ok_or_else(wrong)?;
            let above = self.tiles.get(&(level + 1, n / WIDTH)).ok_or_else(wrong)?;
            let place = usize::try_from(n % WIDTH).expect("below 256");
            if above.get(place) != Some(&tree::root_of(&hashes)) {
                return Err(wrong());
            }
            self.keep(level, n, hashes);
        }
        self.tiles.get(&wanted).cloned().ok_or_else(|| Trouble::Failed("the log's tree is deeper than any".into()))
    }
    fn keep(&mut self, level: u32, n: u64, hashes: Vec<Hash>) {
        let edge = tree::edge(self.head.size);
        if self.tiles.len() > MAX_KEPT_TILES {
            self.tiles.retain(|(l, t), _| *l > 0 || edge.iter().any(|(el, en, _)| (el, en) == (l, t)));
        }
        self.tiles.insert((level, n), hashes);
    }

    /// Reads on from entry `from`, at most up to `end`; the unfinished last tile only where `partial` says so.
    pub(super) async fn read(&mut self, asker: &Asker<'_>, from: u64, end: u64, partial: bool, names_tiles: &mut Option<bool>) -> Chunk {
        let mut chunk = Chunk { next: from, ..Chunk::default() };
        let first = from / WIDTH;
        if names_tiles.is_none() && end >= (first + 1) * WIDTH {
            match asker.get(&tile::path("names", first, WIDTH)).await {
                Ok(_) => *names_tiles = Some(true),
                Err(Trouble::Absent(_)) => *names_tiles = Some(false),
                Err(trouble) => return Chunk { trouble: Some(trouble), ..chunk },
            }
        }
        let names = *names_tiles == Some(true);
        let most = if names { NAMES_TILES } else { DATA_TILES };
        let last = end.div_ceil(WIDTH).min(first + most);
        let wanted = (first..last).map(|n| (n, (end - n * WIDTH).min(WIDTH))).filter(|(_, width)| *width == WIDTH || partial);
        let mut bodies = futures_util::stream::iter(wanted.map(|(n, width)| fetch(asker, n, width, names))).buffered(AT_ONCE);
        let mut got = Vec::new();
        while let Some(body) = bodies.next().await {
            let failed = body.is_err();
            got.push(body);
            if failed {
                break;
            }
        }
        drop(bodies);
        for body in got {
            if let Err(trouble) = self.take(asker, &mut chunk, body).await {
                chunk.trouble = Some(trouble);
                break;
            }
        }
        chunk
    }

    async fn take(&mut self, asker: &Asker<'_>, chunk: &mut Chunk, body: Result<Body, Trouble>) -> Result<(), Trouble> {
        let mut body = body?;
        let skip = chunk.next - body.n * WIDTH;
        if body.names {
            let text = std::mem::take(&mut body.bytes);
            let small = text.len() <= SMALL_BYTES;
            let cut = move || {
                let mut names = Vec::new();
                let (lines, broken) = lines::names_of(&text, skip, &mut names);
                (lines, broken, names)
            };
            // Of the usual size it is cut in some ten microseconds, less than another thread costs.
            let (lines, broken, names) = if small { cut() } else { off_thread(cut).await };
            if lines == body.width {
                chunk.add(&names, broken, body.n * WIDTH + body.width);
                return Ok(());
            }
            body = fetch(asker, body.n, body.width, false).await?;
        }
        let hashes = self.hash_tile(asker, 0, body.n, body.hashes.take()).await?;
        let (n, width) = (body.n, body.width);
        let (names, broken) = off_thread(move || read_data(&body, skip, &hashes)).await.map_err(Trouble::Failed)?;
        chunk.add(&names, broken, n * WIDTH + width);
        Ok(())
    }
}

/// A tile as it came.
struct Body {
    n: u64,
    /// Entries of it that belong to the tree.
    width: u64,
    names: bool,
    bytes: Vec<u8>,
    /// Of a full data tile: its hash tile, so that a log that soon refuses still lets whole tiles through.
    hashes: Option<Vec<u8>>,
}

async fn fetch(asker: &Asker<'_>, n: u64, width: u64, names: bool) -> Result<Body, Trouble> {
    if names && width == WIDTH {
        match asker.get(&tile::path("names", n, WIDTH)).await {
            Ok(bytes) => return Ok(Body { n, width, names, bytes, hashes: None }),
            Err(Trouble::Absent(_)) => {}
            Err(trouble) => return Err(trouble),
        }
    }
    let bytes = match asker.get(&tile::path("data", n, width)).await {
        Err(Trouble::Absent(_)) if width < WIDTH => asker.get(&tile::path("data", n, WIDTH)).await?,
        other => other?,
    };
    let hashes = if width == WIDTH { Some(asker.get(&tile::path("0", n, WIDTH)).await?) } else { None };
    Ok(Body { n, width, names: false, bytes, hashes })
}

/// The names of a data tile whose entries are those of the tree.
fn read_data(body: &Body, skip: u64, hashes: &[Hash]) -> Result<(Vec<u8>, u64), String> {
    let leaves = tile::leaves(&body.bytes)?;
    let (n, width) = (body.n, usize::try_from(body.width).map_err(|e| e.to_string())?);
    let (Some(ours), Some(hashes)) = (leaves.get(..width), hashes.get(..width)) else {
        return Err(format!("data tile {n} has {} entries, not {width}", leaves.len()));
    };
    if let Some(at) = ours.iter().zip(hashes).position(|(leaf, hash)| leaf.hash() != *hash) {
        return Err(format!("entry {at} of data tile {n} is not the one that the log signed"));
    }
    let (mut names, mut broken) = (Vec::new(), 0);
    for leaf in ours.iter().skip(usize::try_from(skip).unwrap_or(usize::MAX)) {
        broken += u64::from(!leaf.names(&mut names));
    }
    Ok((names, broken))
}
