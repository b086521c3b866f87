//! One run: read, analyse, judge, report.
//!
//! Mistakes in the budget file do not keep the rules from running: all that is wrong is said at once.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::time::Instant;

use super::configured::Configured;
use super::{Args, Failure, Outcome, base, expected, fix, graph};
use crate::allow::{self, Applied};
use crate::analysis::{self, Analysis};
use crate::budget::{self, Budget, Counts};
use crate::finding::baseline::Baseline;
use crate::finding::fix::fix_of;
use crate::finding::{Confidence, FileId, Finding, SourceFile};
use crate::graph::Wiring;
use crate::load::cache;
use crate::load::{Features, Input, Options, Workspace, load};
use crate::models::Models;
use crate::report::{self, Diagnostic, Format, Report, Severity, Summary};
use crate::rule::level::Levels;
use crate::rule::{Level, Rule};
use crate::rules::{self, unparsed};

/// Checks what `args` name and prints the report.
pub(super) fn run(
    args: &Args,
    levels: &Levels,
    styled: bool,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let began = Instant::now();
    let (mut analysis, settings) = analyse(args)?;
    let unsaved = analysis.unsaved.take();
    let (asked, levels) = (levels, &levels.over(&settings.config.levels));
    let ceilings = read_ceilings(args, &mut analysis)?;
    unknown_binaries(args, &analysis)?;
    let wanted = |package: &String, name: &String| {
        let none_or = |names: &[String], name| names.is_empty() || names.contains(name);
        none_or(&args.packages, package) && none_or(&args.bins, name)
    };
    if let Some(format) = args.graph {
        let is_wanted = |wiring: &Wiring| wanted(&wiring.package, &wiring.binary);
        return graph::write(format, &analysis, &settings.moves, is_wanted, out);
    }
    let binaries = analysis.binaries.iter().filter(|binary| wanted(&binary.package, &binary.name));
    let counts: Vec<Counts> = binaries.filter_map(budget::count).collect();
    if let Some(path) = &args.write_resource_budget {
        write(path, &budget::ceilings(&counts))?;
        writeln!(out, "checker: ceilings of {} binaries written to `{}`", counts.len(), path.display())?;
        return Ok(Outcome::Clean);
    }
    if args.dump_resource_budget {
        dump(args.format, &counts, &analysis.sources, out)?;
        if args.check_resource_budget.is_none() {
            return Ok(Outcome::Clean);
        }
    }
    let (mut findings, mut summary) = judge(&mut analysis, levels);
    let expected: Vec<String> = settings.config.expected.iter().map(|(name, _)| name.clone()).collect();
    let compared = expected::compare(&analysis, &expected, &mut findings);
    summary.expected = compared.expected.len();
    if args.show_expected {
        findings.extend(compared.expected);
        findings.sort_by(|a, b| order(a, &analysis.sources).cmp(&order(b, &analysis.sources)));
    }
    if let Some(path) = &args.write_baseline {
        return write_baseline(path, &findings, out);
    }
    let known = Known { args, settings: &settings, levels };
    findings = known.without(findings, &mut summary)?;
    if args.fix && fix::fix(&findings, &analysis, args.allow_dirty)? {
        // What is left is told of the files as they are now.
        return run(&Args { fix: false, ..args.clone() }, asked, styled, out);
    }
    let mut diagnostics = diagnose(&analysis, &findings, levels, args.format == Format::Json);
    diagnostics.extend(compared.problems);
    let mut configured = settings.problems.is_empty();
    diagnostics.extend(settings.problems);
    if let Some((budget, problems)) = ceilings {
        let violations = if problems.is_empty() { budget::check(&budget, &counts) } else { Vec::new() };
        summary.loose = if problems.is_empty() { budget::loose(&budget, &counts) } else { Vec::new() };
        configured &= problems.is_empty();
        diagnostics.extend(problems.into_iter().chain(violations));
    }
    summary.count(&diagnostics);
    summary.elapsed = began.elapsed();
    print(args, &analysis, &diagnostics, &summary, (styled, out))?;
    if let Some(unsaved) = unsaved {
        unsaved.save();
    }
    let outcome = match (configured, summary.errors) {
        (false, _) => Outcome::CouldNotRun,
        (true, 0) => Outcome::Clean,
        (true, _) => Outcome::Denied,
    };
    // The process ends here, and gives all back at once.
    std::mem::forget(analysis);
    Ok(outcome)
}

/// Writes the report in the format asked for, and what is asked for behind it.
fn print(
    args: &Args,
    analysis: &Analysis,
    diagnostics: &[Diagnostic],
    summary: &Summary,
    (styled, out): (bool, &mut dyn Write),
) -> Result<(), Failure> {
    let origin = |file: FileId| analysis.origin(file);
    let report = Report { sources: &analysis.sources, origin: &origin, diagnostics, summary };
    report::write(args.format, &report, styled, out)?;
    // The other formats are for programs, which find the numbers in the summary.
    if args.stats && matches!(args.format, Format::Human | Format::Short) {
        out.write_all(report::stats::table(summary, diagnostics).as_bytes())?;
    }
    out.flush()?;
    Ok(())
}

/// Refuses names of binaries that there are none of.
fn unknown_binaries(args: &Args, analysis: &Analysis) -> Result<(), Failure> {
    let known = || analysis.binaries.iter().map(|binary| binary.name.as_str());
    let Some(unknown) = args.bins.iter().find(|name| !known().any(|known| known == *name)) else {
        return Ok(());
    };
    let help = match locus_syntax::nearest(unknown, known()) {
        Some(near) => format!("did you mean `{near}`?"),
        None => format!("the binaries are: {}", known().collect::<Vec<_>>().join(", ")),
    };
    Err(Failure(format!("no binary or example is called `{unknown}`\nhelp: {help}")))
}

/// What was there before and is not to be reported again.
struct Known<'k> {
    args: &'k Args,
    settings: &'k Configured,
    levels: &'k Levels,
}

impl Known<'_> {
    /// What of `findings` neither the baseline nor the tree at the base has; counts the others into `summary`.
    fn without(&self, findings: Vec<Finding>, summary: &mut Summary) -> Result<Vec<Finding>, Failure> {
        let baseline = match &self.args.baseline {
            Some(path) => read_baseline(path)?,
            None => Baseline::default(),
        };
        let compared = baseline.compare(findings);
        (summary.baselined, summary.baseline_gone) = (compared.known, compared.gone);
        let Some(revision) = &self.args.diff_base else { return Ok(compared.new) };
        let there = base::findings(revision, self.args, self.settings, self.levels)?;
        // What the baseline silences here it has silenced there: none is to count twice.
        let there = Baseline::of(&baseline.compare(there).new);
        let compared = there.compare(compared.new);
        summary.base = Some((revision.clone(), compared.known));
        Ok(compared.new)
    }
}

/// Reads what the options name, without a look at what it means.
pub(super) fn read(args: &Args) -> Result<Workspace, Failure> {
    load(&options(args)?).map_err(|error| Failure(error.to_string()))
}

/// Reads and analyses; a run that could read nothing at all is a failure.
pub(super) fn analyse(args: &Args) -> Result<(Analysis, Configured), Failure> {
    let options = options(args)?;
    // The models take as long to read as a small workspace.
    let models = || Models::shipped_from(options.cache.as_deref());
    let (workspace, _) = rayon::join(|| load(&options), models);
    let workspace = workspace.map_err(|error| Failure(error.to_string()))?;
    // Bare files are read by themselves: what holds for a workspace is for the workspace.
    let mut settings = if args.paths.is_empty() { Configured::of(&workspace) } else { Configured::default() };
    let models = settings.models()?;
    let mut analysis = analysis::analyse_with(workspace, &models);
    analysis.sources.append(&mut settings.sources);
    if !args.paths.is_empty() {
        show_from_here(&mut analysis);
    }
    let (files, unparsed) = (analysis.stats.files, analysis.stats.files_unparsed);
    if files == 0 {
        return Err(Failure("there is no Rust file to check".to_owned()));
    }
    if files == unparsed {
        let first = analysis.findings.first().map_or_else(String::new, |finding| {
            let path = analysis.sources[finding.primary.span.file.0 as usize].path.display();
            format!("; `{path}`: {}", finding.message)
        });
        return Err(Failure(format!("no file could be read{first}")));
    }
    Ok((analysis, settings))
}

/// Bare paths are shown as seen from the working directory, in which they were written.
fn show_from_here(analysis: &mut Analysis) {
    let Ok(here) = std::env::current_dir() else { return };
    for (source, path) in analysis.sources.iter_mut().zip(&analysis.paths) {
        source.path = path.strip_prefix(&here).unwrap_or(path).to_owned();
    }
}

/// What is to be loaded, as the options name it.
pub(super) fn options(args: &Args) -> Result<Options, Failure> {
    let input = match (&args.manifest_path, args.paths.as_slice()) {
        (Some(manifest), _) => Input::Manifest(manifest.clone()),
        (None, []) => Input::Manifest(nearest_manifest()?),
        (None, paths) => Input::Paths(paths.to_vec()),
    };
    let cache = cache_folder(args, &input);
    let features = Features {
        named: args.features.clone(),
        all: args.all_features,
        no_default: args.no_default_features,
        lenient: false,
    };
    Ok(Options { input, packages: args.packages.clone(), cache, features })
}

/// Where this run may find what an earlier one left. Bare files have no place of their own for it.
fn cache_folder(args: &Args, input: &Input) -> Option<PathBuf> {
    match (input, &args.cache) {
        _ if args.no_cache || args.time_bare_parse || args.list_files || args.dump_receivers => None,
        (_, Some(folder)) => Some(folder.clone()),
        (Input::Manifest(manifest), None) => cache::default_folder(manifest),
        (Input::Paths(_), None) => None,
    }
}

/// The manifest of the working directory or of the nearest one above, as cargo looks for it.
fn nearest_manifest() -> Result<PathBuf, Failure> {
    let here = std::env::current_dir().map_err(|error| Failure(format!("no working directory: {error}")))?;
    let manifest = here.ancestors().map(|folder| folder.join("Cargo.toml")).find(|path| path.is_file());
    manifest.ok_or_else(|| {
        let help = "name a manifest with `--manifest-path`, or files and folders";
        Failure(format!("no `Cargo.toml` in `{}` or above\nhelp: {help}", here.display()))
    })
}

/// Reads the ceilings file, if one is named, and makes it one of the sources that reports quote from.
fn read_ceilings(args: &Args, analysis: &mut Analysis) -> Result<Option<(Budget, Vec<Diagnostic>)>, Failure> {
    let Some(path) = &args.check_resource_budget else { return Ok(None) };
    let text = read_text(path)?;
    let file = FileId(u32::try_from(analysis.sources.len()).unwrap_or(u32::MAX));
    let (budget, mut problems) = budget::parse(&text, file);
    let known: Vec<&str> = analysis.binaries.iter().map(|binary| binary.name.as_str()).collect();
    problems.extend(budget.unknown_binaries(&known));
    let kinds: Vec<&str> = analysis.fd_kinds.iter().map(|kind| &**kind).collect();
    problems.extend(budget.unknown_kinds(&kinds));
    analysis.sources.push(SourceFile { path: path.clone(), text: text.into() });
    Ok(Some((budget, problems)))
}

pub(super) fn read_text(path: &Path) -> Result<String, Failure> {
    std::fs::read_to_string(path)
        .map_err(|error| Failure(format!("cannot read `{}`: {error}", path.display())))
}

fn read_baseline(path: &Path) -> Result<Baseline, Failure> {
    Baseline::parse(&read_text(path)?).map_err(|error| Failure(format!("`{}`: {error}", path.display())))
}

fn write_baseline(path: &Path, findings: &[Finding], out: &mut dyn Write) -> Result<Outcome, Failure> {
    let baseline = Baseline::of(findings);
    write(path, &baseline.text())?;
    writeln!(out, "checker: {} findings written to `{}`", baseline.len(), path.display())?;
    Ok(Outcome::Clean)
}

fn write(path: &Path, text: &str) -> Result<(), Failure> {
    std::fs::write(path, text).map_err(|error| Failure(format!("cannot write `{}`: {error}", path.display())))
}

fn dump(
    format: Format,
    counts: &[Counts],
    sources: &[SourceFile],
    out: &mut dyn Write,
) -> Result<(), Failure> {
    match format {
        Format::Json => writeln!(out, "{}", budget::json(counts, sources))?,
        _ => out.write_all(budget::text(counts, sources).as_bytes())?,
    }
    Ok(())
}

/// Applies allows and levels to the raw findings; those that are to be shown come in the order of the report.
pub(super) fn judge(analysis: &mut Analysis, levels: &Levels) -> (Vec<Finding>, Summary) {
    let known: Vec<&'static Rule> = rules::all().collect();
    let findings = std::mem::take(&mut analysis.findings);
    let Applied { kept, silenced, about_allows } = allow::apply(findings, &analysis.allows, &known);
    let about_denies = allow::unknown_denied(&analysis.denies, &known);
    let mut findings: Vec<Finding> = kept.into_iter().chain(about_allows).chain(about_denies).collect();
    findings.retain(|finding| level(finding, &analysis.denies, levels) != Level::Allow);
    findings.sort_by(|a, b| order(a, &analysis.sources).cmp(&order(b, &analysis.sources)));
    let stats = &analysis.stats;
    let summary = Summary {
        files: stats.files,
        lines: stats.lines,
        functions: stats.functions,
        calls: stats.calls,
        calls_unresolved: stats.calls_unresolved,
        macros_unknown: stats.macros_unknown,
        files_unparsed: stats.files_unparsed,
        allowed: silenced,
        ..Summary::default()
    };
    (findings, summary)
}

/// Lays out what is missing and what was found.
fn diagnose(analysis: &Analysis, findings: &[Finding], levels: &Levels, with_fixes: bool) -> Vec<Diagnostic> {
    let shown = findings.iter().filter_map(|finding| {
        let diagnostic = Diagnostic::of_finding(finding, level(finding, &analysis.denies, levels))?;
        let fix = with_fixes.then(|| fix_of(finding, &analysis.sources)).flatten();
        Some(Diagnostic { fix, ..diagnostic })
    });
    missing(analysis, levels).into_iter().chain(shown).collect()
}

/// The level of a finding, which a `#[locus::deny(..)]` around it may raise.
fn level(finding: &Finding, denies: &[allow::Allow], levels: &Levels) -> Level {
    match allow::is_denied(finding, denies) {
        true => Level::Deny,
        false => levels.of_finding(finding.rule, finding.confidence),
    }
}

/// Modules without a file and the like: no span to point at, but as much left out as a file that is broken.
fn missing(analysis: &Analysis, levels: &Levels) -> Vec<Diagnostic> {
    let severity = match levels.of(&unparsed::RULE) {
        Level::Allow => return Vec::new(),
        Level::Warn => Severity::Warning,
        Level::Deny => Severity::Error,
    };
    let of = |message: &String| {
        let help = "put it where it is looked for, or take it out: what it holds was not checked";
        Diagnostic { severity, ..Diagnostic::error(unparsed::RULE.name, message, None).help(help) }
    };
    analysis.missing.iter().map(of).collect()
}

/// The surest first, of what is only likely the rules that hurt most first; then by path, not by number: the order of the
/// report must not depend on the order of discovery.
fn order<'a>(
    finding: &'a Finding,
    sources: &'a [SourceFile],
) -> (Confidence, usize, Option<&'a Path>, u32, u32, &'a str, &'a str) {
    let span = finding.primary.span;
    let path = sources.get(span.file.0 as usize).map(|source| source.path.as_path());
    let is_certain = finding.confidence == Confidence::Certain;
    let harm = rules::all().position(|rule| rule.name == finding.rule.name).filter(|_| !is_certain);
    (finding.confidence, harm.unwrap_or(0), path, span.start, span.end, finding.rule.name, &finding.message)
}
