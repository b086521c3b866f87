//! Packages, targets and features, from `cargo metadata`.

use super::{Features, LoadError, Options, Package, Plan, TargetKind, known, manifests};
use crate::lower::cfg::CfgEnv;
use crate::lower::sym::Sym;
use cargo_metadata::{DependencyKind, Metadata, MetadataCommand, TargetKind as CargoKind};
use rustc_hash::FxHashSet;
use std::path::Path;

pub(crate) fn plan(options: &Options, manifest: &Path) -> Result<Plan, LoadError> {
    let manifest = std::path::absolute(manifest).unwrap_or_else(|_| manifest.to_path_buf());
    let (metadata, problems) =
        match options.cache.as_deref().and_then(|folder| known::read(folder, &manifest)) {
            Some(metadata) => (metadata, Vec::new()),
            None => ask(options, &manifest)?,
        };
    let mut packages = metadata.packages;
    packages.sort_by(|a, b| (&a.name, &a.manifest_path).cmp(&(&b.name, &b.manifest_path)));
    if let Some(unknown) =
        options.packages.iter().find(|name| !packages.iter().any(|known| known.name.as_str() == *name))
    {
        return Err(LoadError { message: format!("package `{unknown}` is not in the workspace") });
    }
    let features = features(&packages, &options.features)?;
    let flags = flags(metadata.workspace_root.as_std_path());
    let mut plan = Plan { root: metadata.workspace_root.into_std_path_buf(), problems, ..Plan::default() };
    for package in &packages {
        let index = plan.packages.len();
        for target in &package.targets {
            if let Some(kind) = kind_of(&target.kind) {
                let root = target.src_path.as_std_path().to_path_buf();
                plan.targets.push((index, target.name.clone(), kind, root));
            }
        }
        plan.packages.push(package_of(package, &features[index], &flags, options));
    }
    Ok(plan)
}

/// Asks cargo, and keeps the answer. Where it refuses, the manifests are read without it, with a word on each that
/// cannot be: a member that is not checked out does not keep the others from being checked.
fn ask(options: &Options, manifest: &Path) -> Result<(Metadata, Vec<String>), LoadError> {
    let mut command = MetadataCommand::new();
    // What only a nightly toolchain builds can be read with any.
    command.no_deps().manifest_path(manifest).env("RUSTC_BOOTSTRAP", "1");
    // A project may pin a toolchain that is not installed. Reading manifests needs none in particular, and from
    // another directory the pin does not apply.
    let refusal = match command.exec().or_else(|_| command.current_dir(std::env::temp_dir()).exec()) {
        Ok(metadata) => {
            if let Some(folder) = &options.cache {
                known::write(folder, manifest, &metadata);
            }
            return Ok((metadata, Vec::new()));
        }
        Err(error) => describe(&error),
    };
    manifests::read(manifest, &refusal).ok_or(LoadError { message: refusal })
}

fn describe(error: &cargo_metadata::Error) -> String {
    match error {
        cargo_metadata::Error::CargoMetadata { stderr } => {
            let lines = stderr.lines().map(str::trim).take_while(|line| *line != "Stack backtrace:");
            let lines = lines.filter(|line| !line.is_empty());
            let text: Vec<&str> = lines.map(|line| line.strip_prefix("error: ").unwrap_or(line)).collect();
            format!("cargo cannot read the workspace: {}", text.join("; "))
        }
        other => format!("cargo cannot read the workspace: {other}"),
    }
}

fn kind_of(kinds: &[CargoKind]) -> Option<TargetKind> {
    kinds.iter().find_map(|kind| match kind {
        CargoKind::Lib
        | CargoKind::ProcMacro
        | CargoKind::RLib
        | CargoKind::DyLib
        | CargoKind::CDyLib
        | CargoKind::StaticLib => Some(TargetKind::Lib),
        CargoKind::Bin => Some(TargetKind::Bin),
        CargoKind::Example => Some(TargetKind::Example),
        _ => None,
    })
}

fn package_of(
    package: &cargo_metadata::Package,
    features: &FxHashSet<String>,
    flags: &FxHashSet<String>,
    options: &Options,
) -> Package {
    let dependencies = package.dependencies.iter().map(|dependency| {
        let name = dependency.rename.as_deref().unwrap_or(&dependency.name);
        (Sym::new(&name.replace('-', "_")), dependency.name.replace('-', "_"))
    });
    let name = package.name.to_string();
    Package {
        id: package.id.repr.clone(),
        edition: package.edition.to_string(),
        manifest: Some(package.manifest_path.as_std_path().to_path_buf()),
        dependencies: dependencies.collect(),
        has_manifest: true,
        selected: options.packages.is_empty() || options.packages.contains(&name),
        cfg: CfgEnv { flags: flags.clone(), features: features.clone(), test: false },
        name,
    }
}

/// What `.cargo/config.toml` beside the workspace passes to every compilation with `--cfg`, of names without a value.
fn flags(root: &Path) -> FxHashSet<String> {
    let text = ["config.toml", "config"]
        .iter()
        .find_map(|name| std::fs::read_to_string(root.join(".cargo").join(name)).ok());
    let Some(Ok(config)) = text.map(|text| text.parse::<toml::Table>()) else { return FxHashSet::default() };
    let words: Vec<&str> = match config.get("build").and_then(|build| build.get("rustflags")) {
        Some(toml::Value::Array(words)) => words.iter().filter_map(toml::Value::as_str).collect(),
        Some(toml::Value::String(words)) => words.split_whitespace().collect(),
        _ => Vec::new(),
    };
    let after = words.windows(2).filter(|pair| pair[0] == "--cfg").map(|pair| pair[1]);
    let joined = words.iter().filter_map(|word| word.strip_prefix("--cfg="));
    after.chain(joined).map(str::to_owned).collect()
}

/// The features of each package that are on when the whole workspace is built: those that are asked for, those that other
/// members ask for, and all that these imply. What is named after tests counts only if it is asked for by more than tests.
fn features(
    packages: &[cargo_metadata::Package],
    asked: &Features,
) -> Result<Vec<FxHashSet<String>>, LoadError> {
    let member = |name: &str| packages.iter().position(|package| package.name.as_str() == name);
    let mut pending = asked_for(packages, asked)?;
    for package in packages {
        for dependency in &package.dependencies {
            let only_tested = dependency.kind == DependencyKind::Development || is_of_tests(&package.name);
            let counts = |feature: &&String| !(only_tested && is_of_tests(feature));
            if let Some(of) = member(&dependency.name) {
                pending
                    .extend(dependency.features.iter().filter(counts).map(|feature| (of, feature.clone())));
            }
        }
    }
    let mut on = vec![FxHashSet::default(); packages.len()];
    while let Some((of, feature)) = pending.pop() {
        // `name/feature` asks for one of a dependency, `dep:name` for one that code cannot ask about.
        let (own, asked) = match feature.split_once('/') {
            Some((dependency, asked)) => (dependency.trim_end_matches('?').to_owned(), Some(asked)),
            None => (feature, None),
        };
        if let Some(asked) = asked {
            let named = packages[of].dependencies.iter();
            let mut named = named.filter(|one| one.rename.as_deref().unwrap_or(&one.name) == own);
            if let Some(dependency) = named.find_map(|one| member(&one.name)) {
                pending.push((dependency, asked.to_owned()));
            }
        }
        if !on[of].contains(&own) {
            pending.extend(
                packages[of].features.get(&own).into_iter().flatten().map(|implied| (of, implied.clone())),
            );
            on[of].insert(own);
        }
    }
    Ok(on)
}

/// Whether a package or feature is named after tests: `mock`, `test-utils`, `integration-tests`.
fn is_of_tests(name: &str) -> bool {
    let mut words = name.split(['-', '_']);
    words.any(|word| ["mock", "mocks", "mocking", "test", "tests", "testing", "testutil"].contains(&word))
}

/// What the user asks for, by package.
fn asked_for(
    packages: &[cargo_metadata::Package],
    asked: &Features,
) -> Result<Vec<(usize, String)>, LoadError> {
    let mut pending = Vec::new();
    for (of, package) in packages.iter().enumerate() {
        if !asked.no_default {
            pending.push((of, "default".to_owned()));
        }
        if asked.all {
            pending.extend(package.features.keys().map(|name| (of, name.clone())));
        }
    }
    for wanted in &asked.named {
        let (owner, name) =
            wanted.split_once('/').map_or((None, wanted.as_str()), |(of, name)| (Some(of), name));
        let has = |package: &cargo_metadata::Package| {
            owner.is_none_or(|owner| package.name.as_str() == owner) && package.features.contains_key(name)
        };
        let before = pending.len();
        let having = packages.iter().enumerate().filter(|(_, package)| has(package));
        pending.extend(having.map(|(of, _)| (of, name.to_owned())));
        if pending.len() == before && !asked.lenient {
            return Err(LoadError { message: no_feature(packages, wanted, name) });
        }
    }
    Ok(pending)
}

fn no_feature(packages: &[cargo_metadata::Package], wanted: &str, name: &str) -> String {
    let there = packages.iter().flat_map(|package| package.features.keys());
    let help = match locus_syntax::nearest(name, there.map(String::as_str)) {
        Some(near) => format!("did you mean `{near}`?"),
        None => "features are what `[features]` of a manifest names, and optional dependencies".to_owned(),
    };
    format!("no package of the workspace has the feature `{wanted}`\nhelp: {help}")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn package(name: &str, dependencies: &str, features: &str) -> cargo_metadata::Package {
        let text = format!(
            r#"{{"name":"{name}","version":"0.1.0","id":"{name}","dependencies":[{dependencies}],"targets":[],
            "features":{features},"manifest_path":"/{name}/Cargo.toml"}}"#
        );
        serde_json::from_str(&text).unwrap()
    }

    fn dependency(name: &str, rename: &str, features: &str) -> String {
        format!(
            r#"{{"name":"{name}","req":"*","kind":null,"optional":false,"uses_default_features":true,
            "features":[{features}],"target":null,"rename":{rename}}}"#
        )
    }

    #[test]
    fn features_imply_features() {
        let one = package("one", "", r#"{"default":["http"],"http":["dep:hyper","base"],"base":[],"pg":[]}"#);
        let on = features(&[one], &Features::default()).unwrap();
        assert!(on[0].contains("base") && on[0].contains("http") && !on[0].contains("pg"));
    }

    #[test]
    fn members_switch_features_of_each_other_on() {
        let app =
            package("app", &dependency("lib", r#""renamed""#, r#""a""#), r#"{"default":["renamed/b"]}"#);
        let lib = package("lib", "", r#"{"a":["c"],"b":[],"c":[],"d":[]}"#);
        let on = features(&[app, lib], &Features::default()).unwrap();
        let mut on: Vec<&str> = on[1].iter().map(String::as_str).collect();
        on.sort_unstable();
        assert_eq!(on, ["a", "b", "c", "default"]);
    }

    #[test]
    fn what_only_tests_ask_for_and_is_named_after_them_stays_off() {
        let tested =
            dependency("lib", "null", r#""mock","http""#).replace(r#""kind":null"#, r#""kind":"dev""#);
        let lib = || package("lib", "", r#"{"mock":[],"http":[]}"#);
        let on = |app| features(&[app, lib()], &Features::default()).unwrap().remove(1);
        let by_tests = on(package("app", &tested, "{}"));
        assert!(by_tests.contains("http") && !by_tests.contains("mock"));
        assert!(on(package("app", &dependency("lib", "null", r#""mock""#), "{}")).contains("mock"));
        assert!(!on(package("app-tests", &dependency("lib", "null", r#""mock""#), "{}")).contains("mock"));
    }

    #[test]
    fn the_user_asks_for_more_or_for_less() {
        let one = || package("one", "", r#"{"default":["http"],"http":[],"pg":["sql"],"sql":[]}"#);
        let two = || package("two", "", r#"{"pg":[]}"#);
        let on = |asked: &Features| {
            let on = features(&[one(), two()], asked).map_err(|error| error.message)?;
            let sorted = on.into_iter().map(|on| {
                let mut on: Vec<String> = on.into_iter().collect();
                on.sort_unstable();
                on.join(" ")
            });
            Ok::<_, String>(sorted.collect::<Vec<_>>())
        };
        let named = |name: &str| Features { named: vec![name.to_owned()], ..Features::default() };
        assert_eq!(on(&named("pg")).unwrap(), ["default http pg sql", "default pg"]);
        assert_eq!(on(&named("two/pg")).unwrap(), ["default http", "default pg"]);
        assert_eq!(on(&Features { no_default: true, ..named("sql") }).unwrap(), ["sql", ""]);
        assert_eq!(
            on(&Features { all: true, ..Features::default() }).unwrap(),
            ["default http pg sql", "default pg"]
        );
        let error = on(&named("htpt")).unwrap_err();
        assert_eq!(error, "no package of the workspace has the feature `htpt`\nhelp: did you mean `http`?");
        assert!(on(&named("two/sql")).unwrap_err().contains("`two/sql`"));
        assert!(on(&Features { lenient: true, ..named("htpt") }).is_ok());
    }
}
