//! What can be typed. Help is English in the code; `localise` puts the Chinese beside it.

use clap::{Args, Parser, Subcommand, ValueEnum};
use std::path::PathBuf;

/// Finds copies of the official certificate query site, says why, keeps evidence, hands leads over.
#[derive(Debug, Parser)]
#[command(name = "jianwei", version, disable_help_subcommand = true, infer_subcommands = false)]
pub(crate) struct Cli {
    #[command(flatten)]
    pub(crate) global: Global,
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Clone, Debug, Args)]
pub(crate) struct Global {
    /// Settings file (else JIANWEI_CONFIG, else ./jianwei.toml)
    #[arg(long, global = true, value_name = "FILE")]
    pub(crate) config: Option<PathBuf>,
    /// One JSON object a line on stdout; logs on stderr
    #[arg(long, global = true)]
    pub(crate) json: bool,
    /// More log lines (repeat for more)
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub(crate) verbose: u8,
    /// Only errors
    #[arg(short, long, global = true, conflicts_with = "verbose")]
    pub(crate) quiet: bool,
    /// Language of messages (default from the locale; zh where unset)
    #[arg(long, global = true, value_name = "zh|en")]
    pub(crate) lang: Option<LangArg>,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LangArg {
    Zh,
    En,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Make a data folder and a commented jianwei.toml that works without any key
    Init,
    /// One pass over all that is due: sources, look-ups, visits, leads
    Scan(ScanArgs),
    /// The daemon: sources by their schedules, visits, re-checks, alerts; stops cleanly on SIGTERM
    Watch,
    /// How the sources are doing: last run, outcome, lag, counts and errors of seven days
    Sources,
    /// Screen names, one a line, and print the near ones (no network, no store)
    Match(MatchArgs),
    /// The names a deceiver might register, by technique
    Permute(PermuteArgs),
    /// Visit and assess now; print verdict, reasons and the package's path
    Check(CheckArgs),
    /// Reports from people
    #[command(subcommand)]
    Tip(TipCommand),
    /// Hosts that are ours or known good: nothing looks at them
    #[command(subcommand)]
    Allow(AllowCommand),
    /// Leads: list, show, export
    #[command(subcommand)]
    Leads(LeadsCommand),
    /// Letters with sealed packages, receipts, feedback
    #[command(subcommand)]
    Refer(ReferCommand),
    /// The monthly form and the list of contacts
    #[command(subcommand)]
    Report(ReportCommand),
    /// Evidence packages
    #[command(subcommand)]
    Evidence(EvidenceCommand),
    /// Rules
    #[command(subcommand)]
    Rules(RulesCommand),
    /// How good the assessment is on a folder of labelled pages (no network, no store)
    Eval(EvalArgs),
    /// What is missing on this machine, and the command that installs it
    Doctor,
    /// The store behind the leads
    #[command(subcommand)]
    Records(RecordsCommand),
    /// The analysts' web pages, at the address of [console] listen
    Console,
    /// Accounts of the console
    #[command(subcommand)]
    Users(UsersCommand),
}

#[derive(Debug, Args)]
pub(crate) struct ScanArgs {
    /// Only these sources (settings id); repeat for more
    #[arg(long, value_name = "ID")]
    pub(crate) source: Vec<String>,
    /// Only these protected sites (id); repeat for more
    #[arg(long, value_name = "ID")]
    pub(crate) site: Vec<String>,
}

#[derive(Debug, Args)]
pub(crate) struct MatchArgs {
    /// File of names (plain or gzip); `-` or nothing: standard input
    pub(crate) file: Option<PathBuf>,
    /// Leave out hosts of the allow-list (reads the data folder's journal)
    #[arg(long)]
    pub(crate) known: bool,
}

#[derive(Debug, Args)]
pub(crate) struct PermuteArgs {
    /// The host to imitate
    pub(crate) host: String,
    /// Keep only those that exist in DNS
    #[arg(long)]
    pub(crate) resolve: bool,
    /// Stop after so many names
    #[arg(long, value_name = "N")]
    pub(crate) limit: Option<usize>,
}

#[derive(Debug, Args)]
pub(crate) struct CheckArgs {
    /// Addresses to visit (http:// where no scheme is given)
    #[arg(required_unless_present = "package", conflicts_with = "package", value_name = "URL")]
    pub(crate) urls: Vec<String>,
    /// Assess a stored package (or all below a folder) once more, without any network; repeat for more
    #[arg(long, value_name = "PATH")]
    pub(crate) package: Vec<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum TipCommand {
    /// Add a reported address; the next scan visits it
    Add {
        /// The reported address
        url: String,
        /// Who reported it (12350, 110, a person)
        #[arg(long, default_value = "12350")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum AllowCommand {
    /// Put a host on the allow-list
    Add {
        /// The host
        host: String,
        /// Why it is known good; kept in the journal
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Everything below it as well
        #[arg(long)]
        tree: bool,
        /// Who says so
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
    /// Print the allow-list
    List,
    /// Take a host off the allow-list
    Remove {
        /// The host
        host: String,
        /// Why; kept in the journal
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Who says so
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
}

#[derive(Clone, Debug, Args)]
pub(crate) struct FilterArgs {
    /// Only these states: new, in_review, confirmed, approved, referred, blocked, still_up, moved, dismissed, reopened
    #[arg(long, value_name = "STATE", value_delimiter = ',')]
    pub(crate) state: Vec<String>,
    /// Only these classes: fake_query, seller, mirror, none
    #[arg(long, value_name = "CLASS", value_delimiter = ',')]
    pub(crate) class: Vec<String>,
    /// Only this protected site
    #[arg(long, value_name = "ID")]
    pub(crate) site: Option<String>,
    /// Highest score at least this
    #[arg(long, value_name = "0..100", value_parser = clap::value_parser!(u8).range(0..=100))]
    pub(crate) min_score: Option<u8>,
    /// Only leads that this source saw
    #[arg(long, value_name = "ID")]
    pub(crate) source: Option<String>,
    /// Opened on or after this day (Beijing time)
    #[arg(long, value_name = "YYYY-MM-DD")]
    pub(crate) since: Option<String>,
    /// Part of host, title or address
    #[arg(long, value_name = "TEXT")]
    pub(crate) text: Option<String>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum LeadsCommand {
    /// A table of leads, highest score first
    List {
        #[command(flatten)]
        filter: FilterArgs,
    },
    /// One lead in full
    Show {
        /// Lead id or host
        lead: String,
    },
    /// Leads as a file
    Export {
        /// csv, xlsx, json; of approved leads also stix, misp, xarf, hosts, rpz, adblock, abuse, 12321, 12377
        #[arg(long, value_name = "FORMAT")]
        format: Option<String>,
        /// These leads (id or host); repeat for more. Without: by the filter
        #[arg(long, value_name = "LEAD")]
        lead: Vec<String>,
        /// Who will read it: personal numbers stand whole for the police alone
        #[arg(long, value_enum, default_value = "partner")]
        audience: AudienceArg,
        /// Traffic light of shared files
        #[arg(long, value_enum, default_value = "amber")]
        tlp: TlpArg,
        /// Where to write (else stdout); the extension picks the format where --format is absent
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
        #[command(flatten)]
        filter: FilterArgs,
    },
    /// The hosts that carry an indicator (a phone number, an account, an analytics id, a certificate key, an address)
    Pivot {
        /// The value, or KIND=VALUE
        indicator: String,
    },
    /// Leads that share an operator or a kit, with the ties that say so
    Clusters,
    /// Say that two hosts belong together
    Merge {
        /// One host
        host: String,
        /// The other
        with: String,
        /// Why; kept in the journal
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Take it back
        #[arg(long)]
        undo: bool,
        /// Who says so
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
    /// Say that what ties a host to others is chance
    Split {
        /// The host
        host: String,
        /// Why; kept in the journal
        #[arg(long, value_name = "TEXT")]
        reason: String,
        /// Take it back
        #[arg(long)]
        undo: bool,
        /// Who says so
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
    /// Registrars, hosters, CDNs and issuers that serve the leads (to be confirmed by a person)
    Providers {
        /// Only leads opened in this month (Beijing time)
        #[arg(long, value_name = "YYYY-MM")]
        month: Option<String>,
    },
    /// Take in passive DNS (Common Output Format, one JSON object a line)
    PassiveDns {
        /// The file
        file: PathBuf,
    },
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum AudienceArg {
    Police,
    Partner,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(crate) enum TlpArg {
    Clear,
    Green,
    Amber,
    Red,
}

#[derive(Debug, Args)]
pub(crate) struct MakeArgs {
    /// Number of the letter
    #[arg(long, value_name = "NUMBER")]
    pub(crate) letter: String,
    /// Receiving unit (else [referral] to)
    #[arg(long, value_name = "UNIT")]
    pub(crate) to: Option<String>,
    /// These leads (id or host); repeat for more. Without: all approved ones that the filter gives
    #[arg(long, value_name = "LEAD")]
    pub(crate) lead: Vec<String>,
    /// Folder for letter and package
    #[arg(short, long, value_name = "DIR", default_value = ".")]
    pub(crate) out: PathBuf,
    /// The unit's own template (else [referral] template, else the shipped one)
    #[arg(long, value_name = "DOCX")]
    pub(crate) template: Option<PathBuf>,
    /// Officers who sign (else [evidence] officers); repeat for more
    #[arg(long, value_name = "NAME")]
    pub(crate) officer: Vec<String>,
    /// Secrecy and urgency
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) marking: String,
    /// How the leads were found, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) found: String,
    /// Measures taken, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) measures: String,
    /// Suggested jurisdiction, in your words
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) jurisdiction: String,
    /// Only the letter, for reading: no package, nothing is recorded
    #[arg(long)]
    pub(crate) draft: bool,
    /// Who sends it
    #[arg(long, value_name = "NAME", default_value = "analyst")]
    pub(crate) by: String,
    #[command(flatten)]
    pub(crate) filter: FilterArgs,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReferCommand {
    /// Make letter and sealed package of approved leads, and record them as referred
    Make(Box<MakeArgs>),
    /// Make letter and package of a sent letter again, with the same bytes
    Again {
        /// Number of the letter
        letter: String,
        /// Folder for letter and package
        #[arg(short, long, value_name = "DIR", default_value = ".")]
        out: PathBuf,
    },
    /// Letters with receipts and what came back
    List,
    /// Enter the receiver's receipt
    Receipt {
        /// Number of the letter
        letter: String,
        /// Number that the receiver gave
        #[arg(long, value_name = "NUMBER")]
        number: String,
        /// Unit that received it
        #[arg(long, value_name = "UNIT", default_value = "")]
        unit: String,
        /// Who signed
        #[arg(long, value_name = "NAME", default_value = "")]
        signed_by: String,
        /// Day until which an answer was promised
        #[arg(long, value_name = "YYYY-MM-DD", default_value = "")]
        answer_by: String,
        /// Day of the receipt (else today)
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// Who enters it
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
    /// Enter what the receiver tells: accepted, case_opened, no_case, den, persons, blocked, service
    Feedback {
        /// Number of the letter
        letter: String,
        /// What
        #[arg(long, value_name = "KIND")]
        told: String,
        /// How many
        #[arg(long, value_name = "N", default_value_t = 1)]
        count: u32,
        /// Which lead of the letter (else all of it)
        #[arg(long, value_name = "LEAD")]
        lead: Option<String>,
        /// In the receiver's words
        #[arg(long, value_name = "TEXT", default_value = "")]
        note: String,
        /// Day it happened (else today)
        #[arg(long, value_name = "YYYY-MM-DD")]
        on: Option<String>,
        /// Who enters it
        #[arg(long, value_name = "NAME", default_value = "analyst")]
        by: String,
    },
    /// Write the shipped letter template and list its fields
    Template {
        /// Where to write
        #[arg(short, long, value_name = "DOCX")]
        output: PathBuf,
    },
    /// Check a template: unknown and missing fields by name
    Check {
        /// The template
        template: PathBuf,
    },
}

#[derive(Debug, Args)]
pub(crate) struct MonthlyArgs {
    /// Month
    #[arg(value_name = "YYYY-MM")]
    pub(crate) month: String,
    /// Where to write: .xlsx, .docx, .pdf or .json (else a table)
    #[arg(short, long, value_name = "FILE")]
    pub(crate) output: Option<PathBuf>,
    /// Type a row; repeat for more. An empty value takes it back
    #[arg(long, value_name = "ROW=VALUE")]
    pub(crate) set: Vec<String>,
    /// Freeze a version
    #[arg(long)]
    pub(crate) freeze: bool,
    /// Why there is a further version
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
    /// The last frozen version was handed in
    #[arg(long)]
    pub(crate) handed_in: bool,
    /// Who does it
    #[arg(long, value_name = "NAME", default_value = "analyst")]
    pub(crate) by: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum ReportCommand {
    /// The monthly form
    Monthly(MonthlyArgs),
    /// The list of contacts, from [[referral.contact]]
    Contacts {
        /// Where to write: .xlsx or .docx
        #[arg(short, long, value_name = "FILE")]
        output: PathBuf,
    },
    /// Rows of the monthly form with their ids
    Rows,
}

#[derive(Debug, Subcommand)]
pub(crate) enum EvidenceCommand {
    /// Check packages (or folders of packages), one line a check
    Verify {
        /// Packages, or folders that hold packages
        #[arg(required = true, value_name = "PATH")]
        paths: Vec<PathBuf>,
        /// A package without any time-stamp does not pass
        #[arg(long)]
        stamped: bool,
    },
    /// Capture an address before two officers: steps logged, a draft of the minutes for them to sign
    Fix(FixArgs),
    /// Get the time-stamps that packages lack: those given, else all that wait
    Stamp {
        /// Packages, or folders that hold packages; nothing: the queue
        #[arg(value_name = "PATH")]
        paths: Vec<PathBuf>,
    },
    /// Make the unit's signing key in a new file and print the fingerprint of its public half
    Key {
        /// The new file (for [evidence] key)
        file: PathBuf,
    },
    /// Print verify.sh, which checks a package without this program
    Script,
}

#[derive(Debug, Args)]
pub(crate) struct FixArgs {
    /// The address
    pub(crate) url: String,
    /// An officer who sits before it; give two
    #[arg(long, value_name = "NAME", required = true)]
    pub(crate) officer: Vec<String>,
    /// What the case is about; left blank in the draft where absent
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) reason: String,
}

#[derive(Debug, Subcommand)]
pub(crate) enum RulesCommand {
    /// Check every rule against its own examples
    Check {
        /// Real names, one a line (plain or gzip): also tell what each word of the name screen costs in alerts a million
        #[arg(long, value_name = "FILE")]
        sample: Option<PathBuf>,
        /// A word that is in no file yet: tell how many names hold it; repeat for more
        #[arg(long, value_name = "TEXT", requires = "sample")]
        word: Vec<String>,
    },
}

#[derive(Debug, Args)]
pub(crate) struct EvalArgs {
    /// Folder with manifest.tsv (file, url, class, family, split) and the pages
    pub(crate) dir: PathBuf,
    /// Share of all visited pages that are of a class, for the precision
    #[arg(long, value_name = "0..1", default_value_t = 0.001)]
    pub(crate) base_rate: f64,
    /// Only these splits; repeat for more
    #[arg(long, value_name = "NAME")]
    pub(crate) split: Vec<String>,
    /// Exit 4 where a class's recall is lower, or more than 0.1% of the benign pages alert for it; repeat for more
    #[arg(long, value_name = "CLASS=RECALL", value_parser = crate::cli::eval::bar)]
    pub(crate) bar: Vec<(crate::model::assessment::Class, f64)>,
    /// List every page that was judged wrongly
    #[arg(long)]
    pub(crate) all: bool,
    /// Fit the weights on the split `train` and write them to this new file, for review
    #[arg(long, value_name = "FILE")]
    pub(crate) fit: Option<PathBuf>,
}

#[derive(Debug, Subcommand)]
pub(crate) enum UsersCommand {
    /// Make an account; prints its first password, which must be changed at the first log-in
    Add {
        /// Log-in name: a-z, 0-9, dot, hyphen, underscore
        name: String,
        /// The person's own name
        #[arg(long, value_name = "TEXT", default_value = "")]
        full_name: String,
        /// analyst, approver, admin, auditor
        #[arg(long, value_name = "ROLE")]
        role: String,
        /// Read the first password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Who makes it; stands in the journal
        #[arg(long, value_name = "NAME", default_value = "admin")]
        by: String,
    },
    /// Print all accounts
    List,
    /// Close an account
    Disable {
        /// Log-in name
        name: String,
        /// Who does it
        #[arg(long, value_name = "NAME", default_value = "admin")]
        by: String,
    },
    /// Open a closed or locked account
    Enable {
        /// Log-in name
        name: String,
        /// Who does it
        #[arg(long, value_name = "NAME", default_value = "admin")]
        by: String,
    },
    /// Give an account a new first password; takes one-time codes off
    Reset {
        /// Log-in name
        name: String,
        /// Read the first password from standard input
        #[arg(long)]
        password_stdin: bool,
        /// Who does it
        #[arg(long, value_name = "NAME", default_value = "admin")]
        by: String,
    },
    /// Give an account another role
    Role {
        /// Log-in name
        name: String,
        /// analyst, approver, admin, auditor
        role: String,
        /// Who does it
        #[arg(long, value_name = "NAME", default_value = "admin")]
        by: String,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum RecordsCommand {
    /// Make the store anew from packages and journal
    Rebuild,
}

/// Chinese help, by command path and argument id. What is not listed stays English.
const ZH: &[(&str, &str, &str)] = &[
    ("", "", "发现仿冒的官方证书查询网站，说明理由，固定证据，形成线索"),
    ("", "config", "设置文件（否则用环境变量 JIANWEI_CONFIG，再否则 ./jianwei.toml）"),
    ("", "json", "标准输出每行一个 JSON 对象；日志在标准错误"),
    ("", "verbose", "更多日志（可重复）"),
    ("", "quiet", "只显示错误"),
    ("", "lang", "消息语言（默认随系统，未设置时为中文）"),
    ("init", "", "建立数据目录，并生成一份不需任何密钥即可运行、带注释的 jianwei.toml"),
    ("scan", "", "完整运行一遍：来源、解析、访问、线索"),
    ("scan", "source", "只运行这些来源（设置中的 id），可重复"),
    ("scan", "site", "只针对这些受保护网站（id），可重复"),
    ("watch", "", "常驻监测：按计划运行各来源，访问、复核、告警；收到 SIGTERM 有序停止"),
    ("sources", "", "各来源状况：上次运行、结果、滞后、七天计数与错误"),
    ("match", "", "逐行筛查域名，输出近似者（不联网、不写库）"),
    ("match", "file", "域名文件（纯文本或 gzip）；- 或不写则读标准输入"),
    ("permute", "", "推演骗子可能注册的域名，按手法列出"),
    ("permute", "host", "被仿冒的主机名"),
    ("permute", "resolve", "只保留 DNS 中存在的"),
    ("permute", "limit", "最多输出多少个"),
    ("check", "", "立即访问并研判；输出结论、依据和证据包路径"),
    ("check", "urls", "网址（不写协议按 http:// 处理）"),
    ("eval", "", "用一批已标注的网页衡量研判的好坏（不联网、不写库）"),
    ("eval", "dir", "目录：manifest.tsv（file、url、class、family、split）及网页文件"),
    ("eval", "base_rate", "所访问网页中某类所占的比例，用于推算准确率"),
    ("eval", "split", "只评估这些划分，可重复"),
    ("eval", "bar", "某类召回低于此值，或正常网页误报超过 0.1% 时，退出码为 4；可重复"),
    ("eval", "all", "列出全部判错的网页"),
    ("eval", "fit", "在 train 划分上拟合权重，写入这个新文件，供人工审核"),
    ("check", "package", "不联网，对已存的证据包（或目录下全部证据包）重新研判；可多次给出"),
    ("tip", "", "群众举报"),
    ("tip add", "", "登记一个被举报的网址，下次 scan 访问"),
    ("tip add", "url", "被举报的网址"),
    ("tip add", "by", "举报来源（12350、110 或个人）"),
    ("match", "known", "略去允许名单中的主机（读取数据目录的日志）"),
    ("allow", "", "允许名单：本单位的或已知正常的主机，一律不再查看"),
    ("allow add", "", "列入允许名单"),
    ("allow add", "host", "主机名"),
    ("allow add", "reason", "理由，写入日志"),
    ("allow add", "tree", "连同其下所有主机"),
    ("allow add", "by", "何人认定"),
    ("allow list", "", "显示允许名单"),
    ("allow remove", "", "移出允许名单"),
    ("allow remove", "host", "主机名"),
    ("allow remove", "reason", "理由，写入日志"),
    ("allow remove", "by", "何人认定"),
    ("leads", "", "线索：列表、详情、导出"),
    ("leads list", "", "线索列表，分数高的在前"),
    ("leads show", "", "一条线索的全部内容"),
    ("leads show", "lead", "线索编号或主机名"),
    ("leads export", "", "导出为文件"),
    ("leads export", "format", "csv、xlsx、json；复审通过的线索另有 stix、misp、xarf、hosts、rpz、adblock、abuse、12321、12377"),
    ("leads export", "lead", "指定线索（编号或主机名），可重复；不写则按筛选条件"),
    ("leads export", "audience", "给谁看：只有给公安（police）时个人号码不遮盖"),
    ("leads export", "tlp", "共享文件的红绿灯标记"),
    ("refer", "", "移送函与移送包、回执、反馈"),
    ("refer make", "", "为复审通过的线索制作移送函和密封移送包，并登记为已移送"),
    ("refer make", "letter", "移送文号"),
    ("refer make", "to", "主送单位（否则用 [referral] to）"),
    ("refer make", "lead", "指定线索（编号或主机名），可重复；不写则为符合筛选条件且复审通过的全部线索"),
    ("refer make", "out", "移送函和移送包写到哪个目录"),
    ("refer make", "template", "本单位的模板（否则用 [referral] template，再否则用自带模板）"),
    ("refer make", "officer", "经办人（否则用 [evidence] officers），可重复"),
    ("refer make", "marking", "密级和紧急程度"),
    ("refer make", "found", "线索来源与发现经过，自行撰写"),
    ("refer make", "measures", "已采取措施，自行撰写"),
    ("refer make", "jurisdiction", "管辖建议，自行撰写"),
    ("refer make", "draft", "只生成移送函供审阅：不制作移送包，不登记"),
    ("refer make", "by", "何人移送"),
    ("refer make", "state", "只看这些状态"),
    ("refer make", "class", "只看这些类别：fake_query、seller、mirror、none"),
    ("refer make", "site", "只看这个受保护网站"),
    ("refer make", "min_score", "最高分不低于"),
    ("refer make", "source", "只看这个来源发现的"),
    ("refer make", "since", "此日（北京时间）及以后立案的线索"),
    ("refer make", "text", "主机、标题或网址中含有"),
    ("refer again", "", "重新制作已发出的移送函和移送包，字节完全相同"),
    ("refer again", "letter", "移送文号"),
    ("refer again", "out", "写到哪个目录"),
    ("refer list", "", "移送函及其回执、反馈"),
    ("refer receipt", "", "登记接收单位的回执"),
    ("refer receipt", "letter", "移送文号"),
    ("refer receipt", "number", "接收单位所给编号"),
    ("refer receipt", "unit", "签收单位"),
    ("refer receipt", "signed_by", "签收人"),
    ("refer receipt", "answer_by", "约定的答复日期"),
    ("refer receipt", "on", "回执日期（否则今天）"),
    ("refer receipt", "by", "何人登记"),
    (
        "refer feedback",
        "",
        "登记反馈：accepted 受理、case_opened 立案、no_case 不予立案、den 查处窝点、persons 移送人数、blocked 封堵、service 非法提供技术服务",
    ),
    ("refer feedback", "letter", "移送文号"),
    ("refer feedback", "told", "反馈类型"),
    ("refer feedback", "count", "数量"),
    ("refer feedback", "lead", "针对哪条线索（否则整份移送函）"),
    ("refer feedback", "note", "接收单位的说明"),
    ("refer feedback", "on", "发生日期（否则今天）"),
    ("refer feedback", "by", "何人登记"),
    ("refer template", "", "写出自带的移送函模板，并列出字段"),
    ("refer template", "output", "写到哪个文件"),
    ("refer check", "", "检查模板：列出不认识和缺少的字段"),
    ("refer check", "template", "模板文件"),
    ("report", "", "月报表与联系人名单"),
    ("report monthly", "", "附件1：月报表"),
    ("report monthly", "month", "月份"),
    ("report monthly", "output", "写到 .xlsx、.docx、.pdf 或 .json（否则显示）"),
    ("report monthly", "set", "填写一行，可重复；值为空则撤回"),
    ("report monthly", "freeze", "冻结一个版本"),
    ("report monthly", "reason", "为何有新版本"),
    ("report monthly", "handed_in", "最近冻结的版本已报送"),
    ("report monthly", "by", "何人操作"),
    ("report contacts", "", "附件2：联系人名单，取自 [[referral.contact]]"),
    ("report contacts", "output", "写到 .xlsx 或 .docx"),
    ("report rows", "", "月报表各行及其代号"),
    ("leads export", "output", "写到哪个文件（否则标准输出）；未写 --format 时由扩展名决定"),
    ("leads pivot", "", "带有某个特征（手机号、账号、统计编号、证书公钥、地址等）的主机"),
    ("leads pivot", "indicator", "特征值，或 类型=值"),
    ("leads clusters", "", "集群：同一操作者或同一套件的线索，附关联依据"),
    ("leads merge", "", "人工认定两个主机属于同一集群"),
    ("leads merge", "with", "另一个主机"),
    ("leads split", "", "人工认定某主机与他人的关联纯属巧合"),
    ("leads providers", "", "为线索提供技术服务的注册商、托管商、CDN、证书机构（须人工确认）"),
    ("leads providers", "month", "只看该月（北京时间）立案的线索"),
    ("leads passive-dns", "", "导入被动 DNS 记录（COF，每行一个 JSON）"),
    ("leads passive-dns", "file", "文件"),
    ("leads *", "host", "主机名"),
    ("leads *", "reason", "理由，写入日志"),
    ("leads *", "undo", "撤销"),
    ("leads *", "by", "何人认定"),
    ("leads *", "state", "只看这些状态"),
    ("leads *", "class", "只看这些类别：fake_query、seller、mirror、none"),
    ("leads *", "site", "只看这个受保护网站"),
    ("leads *", "min_score", "最高分不低于"),
    ("leads *", "source", "只看这个来源发现的"),
    ("leads *", "since", "此日（北京时间）及以后立案的线索"),
    ("leads *", "text", "主机、标题或网址中含有"),
    ("evidence", "", "证据包"),
    ("evidence verify", "", "核验证据包（或装有证据包的目录），每项检查一行"),
    ("evidence verify", "paths", "证据包，或装有证据包的目录"),
    ("evidence verify", "stamped", "没有可信时间戳的证据包不通过"),
    ("evidence fix", "", "二名办案人员在场固定一个网址：记录步骤，生成网络在线提取笔录草稿"),
    ("evidence fix", "url", "网址"),
    ("evidence fix", "officer", "在场的办案人员，须给出二名"),
    ("evidence fix", "reason", "案由；不写则在草稿中留空"),
    ("evidence stamp", "", "补盖时间戳：所给的证据包，不给则为全部待加盖的"),
    ("evidence stamp", "paths", "证据包，或装有证据包的目录；不写则为待加盖队列"),
    ("evidence key", "", "在新文件中生成本单位签名密钥，并显示公钥指纹"),
    ("evidence key", "file", "新文件（填入 [evidence] key）"),
    ("evidence script", "", "输出 verify.sh：不用本程序也能校验证据包"),
    ("rules", "", "规则"),
    ("rules check", "", "用规则自带的样例检查每条规则"),
    ("rules check", "sample", "真实域名，每行一个（纯文本或 gzip）：同时估算每个词每百万名称带来多少告警"),
    ("rules check", "word", "尚未写入文件的词：统计有多少名称含有它，可重复"),
    ("doctor", "", "检查本机缺什么，以及用什么命令安装"),
    ("records", "", "线索背后的存储"),
    ("records rebuild", "", "由证据包和日志重建存储"),
    ("console", "", "分析员的网页控制台，地址见 [console] listen"),
    ("users", "", "控制台账号"),
    ("users add", "", "新增账号；显示初始口令，首次登录必须修改"),
    ("users add", "full_name", "姓名"),
    ("users add", "role", "角色：analyst 审核员、approver 复核员、admin 管理员、auditor 审计员"),
    ("users list", "", "显示全部账号"),
    ("users disable", "", "停用账号"),
    ("users enable", "", "启用被停用或锁定的账号"),
    ("users reset", "", "重置初始口令，并停用动态口令"),
    ("users role", "", "变更角色"),
    ("users role", "role", "角色：analyst、approver、admin、auditor"),
    ("users *", "name", "登录名：小写字母、数字、点、横线、下划线"),
    ("users *", "password_stdin", "从标准输入读取初始口令"),
    ("users *", "by", "何人操作，写入日志"),
];

/// The command with Chinese help.
pub(crate) fn localise(command: clap::Command) -> clap::Command {
    walk(command, "")
}

fn walk(mut command: clap::Command, path: &str) -> clap::Command {
    let text = |id: &str| {
        let wild = path.split_once(' ').map(|(first, _)| format!("{first} *"));
        ZH.iter().find(|(p, i, _)| *i == id && (*p == path || Some(*p) == wild.as_deref())).map(|(_, _, t)| *t)
    };
    if let Some(about) = text("") {
        command = command.about(about);
    }
    let ids: Vec<String> = command.get_arguments().map(|a| a.get_id().to_string()).collect();
    for id in ids {
        if let Some(help) = text(&id).or_else(|| ZH.iter().find(|(p, i, _)| p.is_empty() && *i == id).map(|(_, _, t)| *t)) {
            command = command.mut_arg(&id, |a| a.help(help));
        }
    }
    let subs: Vec<String> = command.get_subcommands().map(|c| c.get_name().to_owned()).collect();
    for name in subs {
        let below = if path.is_empty() { name.clone() } else { format!("{path} {name}") };
        command = command.mut_subcommand(&name, |c| walk(c, &below));
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory;

    #[test]
    fn every_command_and_argument_has_chinese_help() {
        fn all(command: &clap::Command, path: &str) {
            let about = command.get_about().map(ToString::to_string).unwrap_or_default();
            assert!(!about.is_ascii(), "command `{path}`: {about}");
            for arg in command.get_arguments().filter(|a| !matches!(a.get_id().as_str(), "help" | "version")) {
                let help = arg.get_help().map(ToString::to_string).unwrap_or_default();
                assert!(!help.is_ascii(), "`{path}` argument `{}`: {help}", arg.get_id());
            }
            command.get_subcommands().for_each(|c| all(c, format!("{path} {}", c.get_name()).trim()));
        }
        let command = localise(Cli::command());
        command.clone().debug_assert();
        all(&command, "");
    }
}
