//! Photos of codes, painted from a fixed seed and left in DIR, read as `tip add --image` reads them; `zbarimg` beside it where it is installed.
//! A photo counts as found when every code in it was read, and nothing that is not in it.

use crate::cost::{Cost, load, verdict};
use crate::paint;
use jianwei::sources::tips::codes;
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::Command;

/// Photos without a code: all ways of looking are tried on these.
const BLANK: u64 = 20;
/// Clock ticks a second in /proc on Linux, whatever the kernel's own.
const TICKS_PER_S: f64 = 100.0;

/// What makes a photo hard; was all of it read by us, and by the other?
type Row = (Vec<&'static str>, bool, bool);

pub(crate) fn bench(dir: &Path, count: u64) -> Option<()> {
    fs::create_dir_all(dir).ok()?;
    let mut rows: Vec<Row> = Vec::new();
    let (mut times, mut wrong, mut all_codes, mut read_codes) = (Vec::new(), 0, 0, 0);
    let there = Command::new("zbarimg").arg("--version").output().is_ok();
    let (mut others_s, mut others) = (0.0, 0);
    for n in 0..count {
        let photo = paint::photo(n);
        let path = dir.join(format!("{n:03}.jpg"));
        fs::write(&path, &photo.jpeg).ok()?;
        let cost = Cost::begin();
        let got = codes(&photo.jpeg).ok()?;
        let ms = cost.cpu_s() * 1e3;
        let read = photo.texts.iter().filter(|t| got.contains(t)).count();
        wrong += got.len() - read;
        (all_codes, read_codes) = (all_codes + photo.texts.len(), read_codes + read);
        let found = read == photo.texts.len();
        let before = children_s();
        let other = there.then(|| zbar(&path)).flatten().unwrap_or_default();
        others_s += children_s() - before;
        let other_found = photo.texts.iter().all(|t| other.contains(t));
        others += other.len().min(photo.texts.len());
        if std::env::var_os("PHOTOS").is_some() {
            println!("  {n:03}: {ms:.0} ms, {read} of {}, zbar {other_found}, {:?}", photo.texts.len(), photo.tags);
        }
        times.push(ms);
        rows.push((photo.tags, found, other_found));
    }
    let share = |which: &dyn Fn(&Row) -> bool| rows.iter().filter(|r| which(r)).count();
    let (found, all) = (share(&|r| r.1), rows.len());
    times.sort_by(f64::total_cmp);
    let (median, most) = (*times.get(all / 2)?, *times.last()?);
    println!("QR codes in {all} photos of {}x{} (fixed seed); {}", paint::WIDTH, paint::HEIGHT, load());
    println!(
        "  all codes read in {found} of {all} photos ({:.1} %; bar 90 %: {}); {read_codes} of {all_codes} codes; {wrong} texts that are in no photo",
        percent(found, all),
        verdict(found * 10 >= all * 9 && wrong == 0)
    );
    println!("  CPU a photo, unpacking included: median {median:.0} ms, largest {most:.0} ms (bar 300 ms: {})", verdict(most < 300.0));
    let mut by_tag: BTreeMap<&str, (usize, usize, usize)> = BTreeMap::new();
    for (tags, ours, theirs) in &rows {
        for tag in tags.iter().copied().chain(tags.is_empty().then_some("plain")) {
            let sums = by_tag.entry(tag).or_default();
            *sums = (sums.0 + 1, sums.1 + usize::from(*ours), sums.2 + usize::from(*theirs));
        }
    }
    for (tag, (all, ours, theirs)) in by_tag {
        println!("    {tag:<12} {ours:>3} of {all:>3}{}", if there { format!("  (zbar {theirs:>3})") } else { String::new() });
    }
    let mut blank: Vec<f64> = Vec::new();
    for n in 0..BLANK {
        let jpeg = paint::without_code(n);
        let cost = Cost::begin();
        if !codes(&jpeg).ok()?.is_empty() {
            println!("  a code was read where none is");
        }
        blank.push(cost.cpu_s() * 1e3);
    }
    blank.sort_by(f64::total_cmp);
    println!("  {BLANK} photos without a code: median {:.0} ms, largest {:.0} ms", blank[blank.len() / 2], blank.last()?);
    if there {
        let theirs = share(&|r| r.2);
        println!(
            "  zbarimg: all codes in {theirs} of {all} photos ({:.1} %), {others} of {all_codes} codes, {:.0} ms CPU a photo on average",
            percent(theirs, all),
            others_s * 1e3 / f64::from(u32::try_from(all).ok()?)
        );
    } else {
        println!("  skipped: zbarimg is not here (Debian's zbar-tools)");
    }
    Some(())
}

#[expect(clippy::cast_precision_loss, reason = "a share of few")]
fn percent(part: usize, whole: usize) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn zbar(path: &Path) -> Option<Vec<String>> {
    let out = Command::new("zbarimg").args(["-q", "--raw", "-Sdisable", "-Sqrcode.enable"]).arg(path).output().ok()?;
    Some(String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect())
}

/// CPU time of the children that were waited for.
fn children_s() -> f64 {
    let stat = fs::read_to_string("/proc/self/stat").unwrap_or_default();
    // The command in brackets may hold blanks; cutime and cstime are the 14th and 15th after it.
    let after = stat.rsplit_once(')').map(|(_, after)| after).unwrap_or_default();
    after.split_whitespace().skip(13).take(2).filter_map(|t| t.parse::<f64>().ok()).sum::<f64>() / TICKS_PER_S
}
