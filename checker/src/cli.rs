//! The command line: options in, exit status out.
//!
//! Exit status: 0 nothing denied, 1 a denied finding or a ceiling exceeded, 2 could not run, 3 our own
//! bug, caught. This is the only module that reads files the user names, prints, and decides the status.

use std::ffi::OsString;
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::PathBuf;
use std::process::ExitCode;
use std::time::Instant;

use clap::{CommandFactory, FromArgMatches, Parser};

use crate::crash;
use crate::report::Format;
use crate::rule::level::{self, Levels, Setting};
use crate::rule::{Level, Rule};
use crate::rules;

mod bare_parse;
mod base;
mod configured;
mod expected;
mod explain;
mod figures;
mod fix;
mod git;
mod graph;
mod receivers;
mod run;

/// Stack of each thread that analyses: syn recurses with the nesting of the source it parses. The memory is
/// only reserved; what is not used is never touched.
const STACK_BYTES: usize = 256 << 20;

/// Options that set the level of one rule under another name.
const ALIASES: [(&str, Level, &str); 2] = [
    ("warn_resource_leak", Level::Warn, "resource-leak"),
    ("no_warn_unbounded_alloc", Level::Allow, "unbounded-growth"),
];

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[must_use]
pub enum Outcome {
    /// Nothing at deny level.
    Clean,
    /// A denied finding, or a ceiling exceeded.
    Denied,
    /// Wrong options or configuration, or nothing to read.
    CouldNotRun,
    /// The checker itself failed.
    OurBug,
}

impl Outcome {
    /// The exit status.
    pub fn code(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::Denied => 1,
            Self::CouldNotRun => 2,
            Self::OurBug => 3,
        }
    }
}

/// Finds unbounded growth and leaked resources in Rust services, and holds resource ceilings.
///
/// Reads source; never builds or runs it. Without PATHS or a manifest it checks the workspace of the working
/// directory. Findings are advice until a rule is denied: in CI, `-D unbounded-growth -D resource-leak`.
#[derive(Clone, Debug, Parser)]
#[command(
    name = "checker",
    version,
    after_help = "Exit status: 0 clean, 1 denied, 2 could not run, 3 our own bug."
)]
struct Args {
    /// Files or folders to check instead of a cargo workspace
    #[arg(value_name = "PATHS", conflicts_with = "manifest_path")]
    paths: Vec<PathBuf>,
    /// Cargo.toml of the workspace to check
    #[arg(long, value_name = "PATH")]
    manifest_path: Option<PathBuf>,
    /// Report on this package only; may be repeated
    #[arg(short, long = "package", value_name = "PKG")]
    packages: Vec<String>,
    /// Features that are on beside the default ones, as cargo takes them
    #[arg(short = 'F', long, value_name = "FEATURES", value_delimiter = ',')]
    features: Vec<String>,
    /// All features are on
    #[arg(long)]
    all_features: bool,
    /// The default features are off
    #[arg(long)]
    no_default_features: bool,
    /// Apply the fixes that are safe to the files, then check again
    #[arg(long, conflicts_with_all = ["write_baseline", "write_resource_budget", "dump_resource_budget", "graph"])]
    fix: bool,
    /// Let `--fix` write files with changes that are not committed, or that git does not know
    #[arg(long, requires = "fix")]
    allow_dirty: bool,
    /// Graph and count this binary or example only; may be repeated
    #[arg(long = "bin", value_name = "BIN")]
    bins: Vec<String>,
    /// Print who publishes and takes what, on which pool, instead of checking anything
    #[arg(long, value_enum, value_name = "FORMAT")]
    graph: Option<graph::GraphFormat>,
    /// How to print
    #[arg(long, value_enum, default_value_t = Format::Human)]
    format: Format,
    /// Report also what is likely but not certain, the surest first: a look at a service that is new to the checker
    #[arg(long)]
    survey: bool,
    /// Show also what marks expect, in packages with planted findings
    #[arg(long)]
    show_expected: bool,
    /// Do not report what FILE knows
    #[arg(long, value_name = "FILE")]
    baseline: Option<PathBuf>,
    /// Write what is found to FILE, for later runs with `--baseline`
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    write_baseline: Option<PathBuf>,
    /// Report only what is new since the tree at REV, a revision that git knows
    #[arg(long, value_name = "REV", conflicts_with = "write_baseline")]
    diff_base: Option<String>,
    /// Do not report RULE (or `all`, or `likely`); of -A, -W and -D the last that names a rule decides
    #[arg(short = 'A', long = "allow", value_name = "RULE")]
    allow: Vec<String>,
    /// Report RULE as a warning
    #[arg(short = 'W', long = "warn", value_name = "RULE")]
    warn: Vec<String>,
    /// Report RULE as an error and exit 1
    #[arg(short = 'D', long = "deny", value_name = "RULE")]
    deny: Vec<String>,
    /// Print what RULE checks, why, and how to mend it
    #[arg(long, value_name = "RULE")]
    explain: Option<String>,
    /// Print behind the report how much was looked at, and how often each rule speaks
    #[arg(long)]
    stats: bool,
    /// Print every rule with its default level
    #[arg(long)]
    list_rules: bool,
    /// Print what each binary declares and opens, without checking anything
    #[arg(long)]
    dump_resource_budget: bool,
    /// Write today's counts of each binary to FILE, as ceilings
    #[arg(long, value_name = "FILE", conflicts_with = "check_resource_budget")]
    write_resource_budget: Option<PathBuf>,
    /// Check the ceilings in FILE, besides the rules
    #[arg(long, value_name = "FILE")]
    check_resource_budget: Option<PathBuf>,
    /// Keep what is found out about files in DIR for the next run, rather than in cargo's target directory
    #[arg(long, value_name = "DIR")]
    cache: Option<PathBuf>,
    /// Neither use nor keep what an earlier run found out
    #[arg(long, conflicts_with = "cache")]
    no_cache: bool,
    /// `-W resource-leak`
    #[arg(long, hide = true)]
    warn_resource_leak: bool,
    /// `-A unbounded-growth`
    #[arg(long, hide = true)]
    no_warn_unbounded_alloc: bool,
    /// Print how long the run takes beside a bare parse of the same files
    #[arg(long, hide = true)]
    time_bare_parse: bool,
    /// Print which files are read, and nothing else
    #[arg(long, hide = true)]
    list_files: bool,
    /// Only parse the files that FILE lists
    #[arg(long, hide = true, value_name = "FILE")]
    parse_only: Option<PathBuf>,
    /// Print what the run has cost
    #[arg(long, hide = true)]
    figures: bool,
    /// Print the type of the receiver of every method call
    #[arg(long, hide = true)]
    dump_receivers: bool,
}

/// A reason why nothing could be checked, in words for the user.
#[derive(Debug)]
struct Failure(String);

impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Self {
        Self(format!("cannot write: {error}"))
    }
}

/// Runs the command line of this process.
pub fn main() -> ExitCode {
    with_arguments(std::env::args_os())
}

/// Runs the command line of this process, which cargo started: its first argument is the subcommand's own name.
pub fn cargo_main() -> ExitCode {
    let named = |(at, argument): &(usize, OsString)| *at == 1 && argument == "locus-check";
    let arguments = std::env::args_os().enumerate().filter(|argument| !named(argument));
    with_arguments(arguments.map(|(_, argument)| argument))
}

fn with_arguments(arguments: impl Iterator<Item = OsString>) -> ExitCode {
    let matches = Args::command().get_matches_from(arguments);
    let settings = settings(&matches);
    let args = match Args::from_arg_matches(&matches) {
        Ok(args) => args,
        Err(error) => error.exit(),
    };
    let styled = io::stdout().is_terminal() && std::env::var_os("NO_COLOR").is_none();
    let (outcome, message) = guarded(|| {
        let mut out = BufWriter::new(io::stdout());
        let outcome = dispatch(&args, settings, styled, &mut out)?;
        out.flush()?;
        Ok(outcome)
    });
    if let Some(message) = message {
        // With standard error closed too, the exit status is all that is left to say it with.
        let _ = writeln!(io::stderr(), "error: {message}");
    }
    ExitCode::from(outcome.code())
}

/// Runs `job` on threads with room to recurse, and turns what goes wrong into an outcome and a message.
fn guarded(job: impl FnOnce() -> Result<Outcome, Failure> + Send) -> (Outcome, Option<String>) {
    let caught = crash::catch(|| match rayon::ThreadPoolBuilder::new().stack_size(STACK_BYTES).build() {
        Ok(pool) => pool.install(job),
        Err(error) => Err(Failure(format!("cannot start threads: {error}"))),
    });
    match caught {
        Ok(Ok(outcome)) => (outcome, None),
        Ok(Err(Failure(message))) => (Outcome::CouldNotRun, Some(message)),
        Err(crash) => (Outcome::OurBug, Some(crash.to_string())),
    }
}

fn dispatch(
    args: &Args,
    settings: Vec<Setting>,
    styled: bool,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let known: Vec<&'static Rule> = rules::all().collect();
    if args.list_rules {
        out.write_all(explain::list(&known).as_bytes())?;
        return Ok(Outcome::Clean);
    }
    if let Some(name) = &args.explain {
        let rule = level::find(name, &known).map_err(|unknown| Failure(unknown.to_string()))?;
        out.write_all(explain::explain(rule).as_bytes())?;
        return Ok(Outcome::Clean);
    }
    let survey = args.survey.then(|| Setting { level: Level::Warn, rule: "likely".to_owned() });
    let settings = survey.into_iter().chain(settings).collect();
    let levels = Levels::new(settings, &known).map_err(|unknown| {
        let each: Vec<String> = unknown.iter().map(ToString::to_string).collect();
        Failure(each.join("\nerror: "))
    })?;
    if args.dump_receivers {
        return receivers::dump(args, out);
    }
    if args.time_bare_parse {
        return bare_parse::measure(args, &levels, out);
    }
    if args.list_files {
        return bare_parse::list(args, out);
    }
    let began = Instant::now();
    let outcome = match &args.parse_only {
        Some(list) => bare_parse::parse_listed(list, out),
        None => run::run(args, &levels, styled, out),
    };
    if args.figures {
        figures::print(began);
    }
    outcome
}

/// `-A`, `-W` and `-D` in the order they were written.
fn settings(matches: &clap::ArgMatches) -> Vec<Setting> {
    let mut placed: Vec<(usize, Setting)> = Vec::new();
    for (id, level) in [("allow", Level::Allow), ("warn", Level::Warn), ("deny", Level::Deny)] {
        let names = matches.get_many::<String>(id).into_iter().flatten();
        let positions = matches.indices_of(id).into_iter().flatten();
        placed.extend(positions.zip(names).map(|(at, rule)| (at, Setting { level, rule: rule.clone() })));
    }
    for (id, level, rule) in ALIASES {
        if matches.get_flag(id) {
            let at = matches.indices_of(id).and_then(Iterator::last).unwrap_or_default();
            placed.push((at, Setting { level, rule: rule.to_owned() }));
        }
    }
    placed.sort_by_key(|(at, _)| *at);
    placed.into_iter().map(|(_, setting)| setting).collect()
}

#[cfg(test)]
mod tests {
    use clap::{CommandFactory, Parser};

    use super::{Args, Failure, Level, Outcome, guarded, settings};

    #[test]
    fn the_options_are_consistent() {
        Args::command().debug_assert();
        assert!(Args::try_parse_from(["checker", "src", "--manifest-path", "Cargo.toml"]).is_err());
    }

    #[test]
    fn the_commands_of_the_documentation_are_accepted() {
        let pages = [
            include_str!("../../docs/checker.md"),
            include_str!("../../docs/graph.md"),
            include_str!("../../docs/budget.md"),
        ];
        let mut seen = 0;
        for line in pages.iter().flat_map(|page| page.lines()) {
            let command = ["", "exec ", "run: "]
                .iter()
                .find_map(|before| line.trim().strip_prefix(before)?.strip_prefix("checker "));
            let Some(command) = command else { continue };
            let command = command.split([';', '|', '>', '#']).next().unwrap_or_default();
            // The base of a branch is asked of git by the shell.
            let command = command.replace("\"$(git merge-base origin/main HEAD)\"", "base");
            if command.contains("--") || command.contains("-D") {
                let words = std::iter::once("checker").chain(command.split_whitespace());
                Args::try_parse_from(words).unwrap_or_else(|error| panic!("{line}: {error}"));
                seen += 1;
            }
        }
        assert!(seen >= 12, "{seen}");
    }

    #[test]
    fn levels_keep_the_order_of_the_command_line() {
        let line = ["checker", "-D", "all", "-A", "a", "-W", "b", "-D", "c"];
        let found = settings(&Args::command().get_matches_from(line));
        let found: Vec<_> = found.iter().map(|setting| (setting.level, setting.rule.as_str())).collect();
        assert_eq!(
            found,
            [(Level::Deny, "all"), (Level::Allow, "a"), (Level::Warn, "b"), (Level::Deny, "c")]
        );
        let line = ["checker", "--no-warn-unbounded-alloc", "-D", "all", "--warn-resource-leak"];
        let found = settings(&Args::command().get_matches_from(line));
        let found: Vec<_> = found.iter().map(|setting| (setting.level, setting.rule.as_str())).collect();
        let expected =
            [(Level::Allow, "unbounded-growth"), (Level::Deny, "all"), (Level::Warn, "resource-leak")];
        assert_eq!(found, expected);
    }

    #[test]
    fn a_bug_of_ours_is_an_outcome_of_its_own() {
        let (outcome, message) = guarded(|| panic!("a bug"));
        assert_eq!(outcome.code(), 3);
        assert!(message.unwrap().starts_with("the checker itself failed: a bug ("));
        let (outcome, message) = guarded(|| Err(Failure("bad options".to_owned())));
        assert_eq!((outcome.code(), message.as_deref()), (2, Some("bad options")));
        assert_eq!(guarded(|| Ok(Outcome::Denied)), (Outcome::Denied, None));
        assert_eq!(Outcome::Clean.code() + Outcome::Denied.code(), 1);
    }
}
