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
    /// Protected sites
    #[command(subcommand)]
    Site(SiteCommand),
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
pub(crate) enum SiteCommand {
    /// Visit pages of a protected site and add their words to its file, as one more epoch to compare with
    Learn {
        /// Pages of the official site
        #[arg(required = true)]
        urls: Vec<String>,
        /// What to call this state of the site (default: year and month)
        #[arg(long)]
        epoch: Option<String>,
        /// Write the site's file here (default: into [rules] dir, else standard output)
        #[arg(short, long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
}

#[derive(Debug, Subcommand)]
pub(crate) enum TipCommand {
    /// Add a reported address; the next scan visits it
    Add {
        /// The reported address
        #[arg(required_unless_present = "image")]
        url: Option<String>,
        /// A photo instead: the addresses in its QR codes (PNG, JPEG, WebP, GIF, BMP)
        #[arg(long, value_name = "FILE", conflicts_with = "url")]
        image: Option<PathBuf>,
        /// Who reported it (12350, 110, a person)
        #[arg(long, default_value = "12350")]
        by: String,
    },
    /// Add all addresses of a table of the hot line (CSV; UTF-8, UTF-16 or GB18030)
    Import {
        /// The table; one row a report, with a column headed 网址
        file: PathBuf,
        /// How the reports came
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
        /// Where the victim or the loss is, for the suggestion of jurisdiction
        #[arg(long, value_name = "PLACE")]
        victim: Option<String>,
        /// The case was ordered from above, for the same
        #[arg(long)]
        ordered: bool,
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
    /// Type what a row had before the first month of the total; repeat for more. An empty value takes it back
    #[arg(long, value_name = "ROW=VALUE")]
    pub(crate) opening: Vec<String>,
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
        /// An SM2 key (signs with SM3) instead of an Ed25519 one
        #[arg(long)]
        sm2: bool,
    },
    /// Print verify.sh, which checks a package without this program
    Script,
    /// Who checked, exported or found changed which package, and when
    Custody {
        /// Only lines of packages whose path holds this
        #[arg(value_name = "PACKAGE")]
        package: Option<String>,
    },
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
    /// Where the officers sit; left blank in the draft where absent
    #[arg(long, value_name = "TEXT", default_value = "")]
    pub(crate) place: String,
    /// A witness; left blank in the draft where absent
    #[arg(long, value_name = "NAME", default_value = "")]
    pub(crate) witness: String,
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
    /// Copy store, journal, accounts and the list of packages to a new folder; a running watch goes on
    Backup {
        /// The new folder
        folder: PathBuf,
    },
    /// Put a backup into an empty data folder and check it against the packages; overwrites nothing
    Restore {
        /// The backup's folder
        folder: PathBuf,
    },
}
