//! The whole of a run between loading and judging: everything the command line needs, as plain data.
//!
//! What could not be read becomes findings of the rule `unparsed`, beside those of the other rules, so that
//! it can be denied and allowed like them.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::allow::{Allow, AllowedRule};
use crate::events::FnFacts;
use crate::facts::Binary;
use crate::finding::{FileId, Finding, Label, SourceFile, Span, Subject};
use crate::graph::Wiring;
use crate::load::cache::Unsaved;
use crate::load::{Crate, File, TargetKind, Workspace};
use crate::lower::ir::{Problem, Range};
use crate::models::Models;
use crate::report::Origin;
use crate::rule::Shape;
use crate::rules::{self, unparsed};

/// How much was looked at.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Stats {
    /// Files read.
    pub files: usize,
    /// Lines in them.
    pub lines: usize,
    /// Functions lowered.
    pub functions: usize,
    /// Calls seen.
    pub calls: usize,
    /// Calls whose target is unknown.
    pub calls_unresolved: usize,
    /// Macro calls of which only the identifiers could be read.
    pub macros_unknown: usize,
    /// Files that did not parse.
    pub files_unparsed: usize,
}

/// What a run found out.
#[derive(Debug)]
pub struct Analysis {
    /// By [`FileId`].
    pub sources: Vec<SourceFile>,
    /// Where each source lies.
    pub paths: Vec<PathBuf>,
    /// Findings of every rule and confidence, before allows and levels.
    pub findings: Vec<Finding>,
    /// Every allow in the packages under report.
    pub allows: Vec<Allow>,
    /// Denies of the packages under check.
    pub denies: Vec<Allow>,
    /// What each binary declares and opens.
    pub binaries: Vec<Binary>,
    /// The kinds of descriptors that the models of the run know, by name.
    pub fd_kinds: BTreeSet<Box<str>>,
    /// How the bus of each binary with a main locus is wired.
    pub wirings: Vec<Wiring>,
    /// What was missing and belongs to no file: a module without one, a directory that cannot be read.
    pub missing: Vec<String>,
    /// How much was looked at.
    pub stats: Stats,
    /// What the next run can begin with; none without a store.
    pub unsaved: Option<Unsaved>,
    /// Without texts; large, and not worth the time to take apart at the end of a program.
    pub workspace: Workspace,
    /// As large, and kept for the same reason.
    pub facts: Vec<FnFacts>,
    /// The package each file was reached from, if it is one that is reported on.
    packages: Vec<Option<String>>,
}

impl Analysis {
    /// Where a file belongs in cargo's terms; `None` for a file that no package has.
    pub fn origin(&self, file: FileId) -> Option<Origin> {
        let path = self.paths.get(file.0 as usize)?;
        origin(&self.workspace, self.workspace.files.get(file.0 as usize)?, path, &self.paths)
    }

    /// The files of the packages under report, each with its package.
    pub fn files_with_packages(&self) -> impl Iterator<Item = (FileId, &str)> {
        let all = (0_u32..).map(FileId).zip(&self.packages);
        all.filter_map(|(file, package)| Some((file, package.as_deref()?)))
    }
}

/// Analyses what was loaded, with the models that ship.
pub fn analyse(workspace: Workspace) -> Analysis {
    analyse_with(workspace, Models::shipped())
}

/// Analyses what was loaded, with what `models` know of foreign code.
pub fn analyse_with(workspace: Workspace, models: &Models) -> Analysis {
    let mut workspace = workspace;
    let checked = rules::check(&workspace, models);
    let unsaved = checked.fresh.of(&mut workspace);
    let mut findings = checked.findings;
    findings.extend(all_unparsed(&workspace));
    let stats = Stats {
        functions: checked.functions,
        calls: checked.calls,
        calls_unresolved: checked.calls_unresolved,
        ..stats_of_files(&workspace.files)
    };
    Analysis {
        findings,
        allows: numbered(&workspace).flat_map(|(id, file)| allows(&workspace, id, file)).collect(),
        denies: numbered(&workspace).flat_map(|(id, file)| denies(&workspace, id, file)).collect(),
        binaries: checked.binaries,
        wirings: checked.wirings,
        facts: checked.facts,
        fd_kinds: models.callables.iter().filter_map(|callable| callable.opens.clone()).collect(),
        stats,
        unsaved,
        packages: workspace.files.iter().map(|file| selected_package(&workspace, file)).collect(),
        paths: workspace.files.iter().map(|file| workspace.root.join(&file.source.path)).collect(),
        sources: workspace.files.iter_mut().map(|file| std::mem::take(&mut file.source)).collect(),
        missing: std::mem::take(&mut workspace.problems),
        workspace,
    }
}

fn selected_package(workspace: &Workspace, file: &File) -> Option<String> {
    let package = &workspace.packages[file.package];
    package.selected.then(|| package.name.clone())
}

fn numbered(workspace: &Workspace) -> impl Iterator<Item = (FileId, &File)> {
    let all = (0_u32..).map(FileId).zip(&workspace.files);
    all.filter(|(_, file)| workspace.packages[file.package].selected)
}

fn stats_of_files(files: &[File]) -> Stats {
    let mut stats = Stats { files: files.len(), ..Stats::default() };
    for file in files {
        match &file.ir {
            Ok(ir) => {
                stats.lines += ir.lines as usize;
                stats.macros_unknown += ir.macros_opaque as usize;
            }
            Err(_) => {
                stats.lines += file.source.text.lines().count();
                stats.files_unparsed += 1;
            }
        }
    }
    stats
}

fn span(file: FileId, at: Range) -> Span {
    Span { file, start: at.start, end: at.end }
}

fn allows(workspace: &Workspace, id: FileId, file: &File) -> Vec<Allow> {
    let package = &workspace.packages[file.package].name;
    let written = file.ir.iter().flat_map(|ir| &ir.allows);
    let one = |allow: &crate::lower::attr::Allow| Allow {
        rules: allow
            .rules
            .iter()
            .map(|(name, at)| AllowedRule { name: name.to_string(), span: span(id, *at) })
            .collect(),
        reason: allow.reason.as_deref().map(str::to_owned),
        span: span(id, allow.at),
        scope: span(id, allow.target),
        package: package.clone(),
    };
    written.map(one).collect()
}

/// Denies, in the form of allows: rules and what they stand on.
fn denies(workspace: &Workspace, id: FileId, file: &File) -> Vec<Allow> {
    let package = &workspace.packages[file.package].name;
    let written = file.ir.iter().flat_map(|ir| &ir.contracts);
    let one = |contract: &crate::lower::attr::Contract| match &contract.kind {
        crate::lower::attr::ContractKind::Deny(rules) => Some(Allow {
            rules: rules
                .iter()
                .map(|(name, at)| AllowedRule { name: name.to_string(), span: span(id, *at) })
                .collect(),
            reason: None,
            span: span(id, contract.at),
            scope: span(id, contract.target),
            package: package.clone(),
        }),
        _ => None,
    };
    written.filter_map(one).collect()
}

fn all_unparsed(workspace: &Workspace) -> Vec<Finding> {
    let mut found = Vec::new();
    for (id, file) in numbered(workspace) {
        let package = &workspace.packages[file.package].name;
        match &file.ir {
            Ok(ir) => {
                let attributes = ir.problems.iter();
                found.extend(attributes.map(|problem| unparsed(&unparsed::ATTRIBUTE, package, id, problem)));
            }
            Err(problem) => found.push(unparsed(&unparsed::FILE, package, id, problem)),
        }
    }
    found
}

fn unparsed(shape: &'static Shape, package: &str, file: FileId, problem: &Problem) -> Finding {
    let help = match &problem.help {
        Some(help) => help.as_str(),
        None => "mend it, or take the file out of the build: what stands in it was not checked",
    };
    let subject = Subject {
        package: package.to_owned(),
        place: shape.name.to_owned(),
        operation: problem.message.clone(),
        declared_at: None,
    };
    let primary = Label::new(span(file, problem.at), "cannot be read");
    Finding::new(&unparsed::RULE, shape, problem.message.clone(), primary, subject, help)
}

/// The file's package, and the target it is the root of, else the one whose root lies nearest above it.
fn origin(workspace: &Workspace, file: &File, path: &Path, paths: &[PathBuf]) -> Option<Origin> {
    let package = &workspace.packages[file.package];
    let manifest_path = package.manifest.clone()?;
    let root_of = |target: &Crate| &paths[target.root.0 as usize];
    let nearness = |target: &&Crate| {
        let root = root_of(target);
        let folder = root.parent().filter(|folder| path.starts_with(folder));
        (root == path, folder.map_or(0, |folder| folder.components().count() + 1))
    };
    // The first of equals: a library before the programs beside it.
    let targets = workspace.crates.iter().filter(|target| target.package == file.package).rev();
    let target = targets.max_by_key(nearness)?;
    let kind = match target.kind {
        TargetKind::Lib => "lib",
        TargetKind::Bin => "bin",
        TargetKind::Example => "example",
    };
    Some(Origin {
        package_id: package.id.clone(),
        manifest_path,
        target_name: target.target.clone(),
        target_kind: kind.to_owned(),
        target_root: root_of(target).clone(),
        edition: package.edition.clone(),
    })
}
