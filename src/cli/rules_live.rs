//! Rules that follow their files: a run that lasts looks at the unit's folder now and then, and takes a changed set whole when every file of
//! it is right. A set with a mistake in it is told once and left; the last good one stays in use.

use crate::assess::{Current, Rules};
use crate::cli::fail::Failure;
use crate::cli::rules::RuleBook;
use crate::cli::settings::Settings;
use crate::model::lang::Lang;
use crate::model::rulefile::RuleFile;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

/// How often a run looks at the folder.
const EVERY: Duration = Duration::from_secs(2);

/// What a look at the files gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// The files are as they were.
    None,
    /// Another set is in use: how many detection rules it has.
    Taken(usize),
    /// The files changed and are not right; the last good set stays. One line a mistake.
    Kept(Vec<String>),
}

/// The rules in use and the files that they came from.
pub(crate) struct Follower {
    settings: Settings,
    lang: Lang,
    /// Only these protected sites, where the person named any.
    only: Vec<String>,
    /// The files as they were at the last look, right or not: a mistake is told once.
    seen: Vec<RuleFile>,
    current: Arc<Current>,
}

impl Follower {
    /// Follows the files that `book` was read from; wrong ones among them are warned of and left out, as in any run.
    /// `only` are the protected sites that the run was asked for (all where it is empty), already kept in `book`.
    pub(crate) fn new(settings: &Settings, lang: Lang, book: &RuleBook, only: &[String]) -> Self {
        Self {
            settings: settings.clone(),
            lang,
            only: only.to_vec(),
            seen: book.files.clone(),
            current: Arc::new(Current::new(book.rules())),
        }
    }
    /// The set that others use.
    pub(crate) fn current(&self) -> Arc<Current> {
        self.current.clone()
    }
    /// Looks at the files by content (times of files lie after a restore or a checkout) and takes over what changed.
    pub(crate) fn look(&mut self) -> Change {
        let mut book = match RuleBook::read(&self.settings, self.lang) {
            Ok(book) => book,
            Err(failure) => return self.kept(Vec::new(), vec![failure.to_string()]),
        };
        if book.files == self.seen {
            return Change::None;
        }
        book.sites.retain(|(_, site)| self.only.is_empty() || self.only.contains(&site.id));
        let (rules, errors) = Rules::load(&book.sites, &book.files);
        let wrong: Vec<String> = book.errors.iter().chain(&errors).map(|e| e.told(self.lang)).collect();
        if !wrong.is_empty() {
            return self.kept(book.files, wrong);
        }
        self.seen = book.files;
        let count = rules.count().0;
        self.current.replace(rules);
        Change::Taken(count)
    }
    fn kept(&mut self, files: Vec<RuleFile>, wrong: Vec<String>) -> Change {
        let known = self.seen == files;
        self.seen = files;
        if known { Change::None } else { Change::Kept(wrong) }
    }
    /// Looks again and again on a thread of its own until what is returned is dropped.
    pub(crate) fn follow(mut self) -> Result<Following, Failure> {
        let (stop, stopped): (Sender<()>, Receiver<()>) = channel();
        let thread = std::thread::Builder::new().name("rules".into()).spawn(move || {
            while matches!(stopped.recv_timeout(EVERY), Err(RecvTimeoutError::Timeout)) {
                self.look_and_tell();
            }
        });
        let thread = thread.map_err(|e| Failure::from(anyhow::Error::new(e).context("rules")))?;
        Ok(Following { stop: Some(stop), thread: Some(thread) })
    }
    fn look_and_tell(&mut self) {
        match self.look() {
            Change::None => {}
            Change::Taken(count) => {
                let (zh, en) = (format!("规则已更新，检测规则 {count} 条"), format!("the rules changed: {count} detection rules now"));
                tracing::info!("{}", self.lang.pick(zh, en));
            }
            Change::Kept(wrong) => {
                let all = wrong.join("; ");
                let (zh, en) =
                    (format!("规则有误，沿用上一套：{all}"), format!("the changed rules are wrong, the last good ones stay: {all}"));
                tracing::warn!("{}", self.lang.pick(zh, en));
            }
        }
    }
}

/// A follower at work.
pub(crate) struct Following {
    stop: Option<Sender<()>>,
    thread: Option<std::thread::JoinHandle<()>>,
}

impl Drop for Following {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RULE: &str = "status = \"experimental\"\nclass = \"seller\"\ndetects = \"d\"\ndetects_zh = \"中\"\nfalse_alarms = \"f\"\nseverity = \"low\"\nconfidence = \"low\"\npoints = 5\n[match]\nall = [{ field = \"text\", contains = \"甲\" }]\n";

    fn follower(dir: &std::path::Path) -> Follower {
        let mut settings = Settings::default();
        settings.rules.dir = Some(dir.to_path_buf());
        let book = RuleBook::read(&settings, Lang::En).expect("rules");
        Follower::new(&settings, Lang::En, &book, &[])
    }

    #[test]
    fn a_changed_file_is_taken_over_and_a_broken_one_leaves_the_last_good_set() {
        let dir = tempfile::tempdir().expect("a folder");
        let file = dir.path().join("detect/own.toml");
        std::fs::create_dir_all(dir.path().join("detect")).expect("a folder");
        let mut follower = follower(dir.path());
        let current = follower.current();
        let shipped = current.get().count().0;
        assert_eq!(follower.look(), Change::None);

        let before = current.get();
        std::fs::write(&file, format!("id = \"own\"\n{RULE}")).expect("written");
        assert_eq!(follower.look(), Change::Taken(shipped + 1));
        assert_eq!(current.get().count().0, shipped + 1);
        assert_eq!(before.count().0, shipped, "who began with the old set keeps it");

        // The same length and maybe the same second: the content decides.
        std::fs::write(&file, format!("id = \"own\"\n{}", RULE.replace("contains", "contians"))).expect("written");
        let Change::Kept(wrong) = follower.look() else { panic!("a broken set was taken") };
        assert!(wrong.len() == 1 && wrong[0].contains("own.toml:11:") && wrong[0].contains("did you mean `contains`?"), "{wrong:?}");
        assert_eq!(follower.look(), Change::None, "told once");
        assert_eq!(current.get().count().0, shipped + 1);

        std::fs::write(&file, format!("id = \"own\"\n{}", RULE.replace("points = 5", "points = 7"))).expect("written");
        assert_eq!(follower.look(), Change::Taken(shipped + 1));
        std::fs::remove_file(&file).expect("removed");
        assert_eq!(follower.look(), Change::Taken(shipped));
    }

    #[test]
    fn a_folder_that_goes_away_leaves_the_last_good_set_until_it_is_back() {
        let dir = tempfile::tempdir().expect("a folder");
        let below = dir.path().join("rules");
        std::fs::create_dir_all(&below).expect("a folder");
        let mut follower = follower(&below);
        std::fs::remove_dir(&below).expect("removed");
        assert!(matches!(follower.look(), Change::Kept(_)));
        assert_eq!(follower.look(), Change::None);
        std::fs::create_dir_all(&below).expect("a folder");
        assert!(matches!(follower.look(), Change::Taken(_)));
    }

    #[test]
    fn a_follower_at_work_ends_when_it_is_dropped() {
        let dir = tempfile::tempdir().expect("a folder");
        let following = follower(dir.path()).follow().expect("a thread");
        let began = std::time::Instant::now();
        drop(following);
        assert!(began.elapsed() < Duration::from_secs(1));
    }
}
