//! Opens what commands share: the door to the network, the store with its repair, the runtime.

use crate::cli::fail::Failure;
use crate::cli::rules::RuleBook;
use crate::cli::{Context, official};
use crate::evidence;
use crate::model::lang::Lang;
use crate::net::Net;
use crate::pipeline::work::visit_of;
use crate::records::{Records, RecordsError, Visit};
use crate::resolve::Desk;
use std::path::Path;

impl Context {
    /// The door, from `[net]`.
    pub(super) fn net(&self) -> Result<Net, Failure> {
        self.settings.capture.check().and_then(|()| Net::new(&self.settings.net)).map_err(|e| {
            let file = self.settings.file.display();
            Failure::usage(format!("{file}：{e}"), format!("{file}: {e}"), self.lang)
        })
    }

    /// The attribution desk, from `[attribution]`.
    pub(super) fn desk(&self, book: &RuleBook) -> Result<Desk, Failure> {
        let settings = &self.settings.attribution;
        Desk::open(settings, &book.files, &self.settings.tables_dir())
            .map_err(|e| Failure::usage(e.told(Lang::Zh), e.told(Lang::En), self.lang))
    }

    /// The store of the data folder, opened for this process alone; repaired from the packages where it must be.
    pub(super) fn records(&self) -> Result<Records, Failure> {
        self.records_or_busy()?.map_err(|e| self.records_failure(&e))
    }

    /// The same; where another process has it, that is the inner error.
    pub(super) fn records_or_busy(&self) -> Result<Result<Records, RecordsError>, Failure> {
        let dir = self.settings.data_dir();
        if !dir.is_dir() {
            std::fs::create_dir_all(dir).map_err(|e| {
                Failure::failed(
                    format!("{}：无法建立数据目录（{e}）", dir.display()),
                    format!("{}: cannot make the data folder ({e})", dir.display()),
                    self.lang,
                )
            })?;
        }
        let root = self.settings.evidence_dir();
        let records = match Records::open(dir, &|| stored_visits(&root)) {
            Ok(records) => records,
            Err(busy @ RecordsError::InUse { .. }) => return Ok(Err(busy)),
            Err(e) => return Err(self.records_failure(&e)),
        };
        records.keep_official(official::marks(self));
        Ok(Ok(records))
    }

    /// A store error in this person's language.
    pub(super) fn records_failure(&self, error: &RecordsError) -> Failure {
        let zh = match error {
            RecordsError::InUse { dir, pid } => {
                format!("{}：正被另一个 jianwei（进程 {pid}）使用；请先停止它，或改用别的 [data] dir", dir.display())
            }
            RecordsError::Newer { dir, found, known } => {
                format!("{}：由更新版本的 jianwei 写成（格式 {found}，本程序认识 {known}）；请使用新版本", dir.display())
            }
            RecordsError::Store { path, why } => format!("{}：{why}", path.display()),
            RecordsError::NoLead(id) => format!("没有线索 {id}"),
            RecordsError::Paper(why) => why.zh.clone(),
            RecordsError::Person { name, why } => format!("账号 {name}：{}", in_chinese(why)),
            other => other.to_string(),
        };
        Failure::failed(zh, error.to_string(), self.lang)
    }

    /// Runs async work on a small runtime. On Ctrl-C the process ends at once: everything acknowledged is on disk.
    pub(super) fn block_on<T>(&self, work: impl Future<Output = Result<T, Failure>>) -> Result<T, Failure> {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let runtime = runtime.map_err(|e| Failure::from(anyhow::Error::new(e).context("runtime")))?;
        runtime.block_on(work)
    }
}

/// What stands in an account's way.
fn in_chinese(why: &'static str) -> &'static str {
    match why {
        "there is no such account" => "没有这个账号",
        "is the last admin; make another one first" => "是最后一个管理员，请先新增另一个",
        "exists already; names are never given twice, as the journal holds them" => "已存在；登录名写入日志，不可重用",
        w if w.starts_with("a name is") => "登录名为 2 至 32 个小写字母、数字、点、横线或下划线，以字母或数字开头",
        other => other,
    }
}

/// Every readable package below `root` as a visit; broken ones are warned of and passed over.
pub(super) fn stored_visits(root: &Path) -> Vec<Visit> {
    let packages = match evidence::packages(root) {
        Ok(packages) => packages,
        Err(e) => {
            tracing::warn!("no packages to rebuild from: {e}");
            return Vec::new();
        }
    };
    let read = |path: &std::path::PathBuf| match evidence::read(root, path) {
        // `check` looks without opening a lead; a rebuild must not open one either.
        Ok(stored) if stored.dossier.is_only_checked() => None,
        Ok(stored) => Some(visit_of(stored)),
        Err(e) => {
            tracing::warn!("package left out of the rebuild: {e}");
            None
        }
    };
    packages.iter().filter_map(read).collect()
}

/// A count with its noun, for summaries: keeps Chinese and English apart in one place.
pub(super) fn counted(n: u64, zh: &str, en: &str, lang: Lang) -> String {
    lang.pick(format!("{n} {zh}"), format!("{n} {en}"))
}
