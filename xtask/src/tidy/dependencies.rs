//! Every dependency has a reason, as a comment on its line or just above.

use super::{File, Problem, Tree};

pub(super) fn check(tree: &Tree, problems: &mut Vec<Problem>) {
    for file in tree.with_suffix("Cargo.toml") {
        check_manifest(file, problems);
    }
}

/// Scans lines rather than parsed TOML, because the reasons are comments.
fn check_manifest(file: &File, problems: &mut Vec<Problem>) {
    let mut in_dependencies = false;
    let mut before = "";
    for (number, line) in file.lines() {
        let line = line.trim();
        if let Some(table) = table_name(line) {
            in_dependencies = is_dependency_list(table);
            if let Some(name) = single_dependency(table).filter(|_| !has_reason(line, before)) {
                problems.push(no_reason(file, number, name));
            }
        } else if let Some((name, _)) = line.split_once('=')
            && in_dependencies
            && !line.starts_with('#')
            && !has_reason(line, before)
        {
            problems.push(no_reason(file, number, name.trim()));
        }
        before = line;
    }
}

fn no_reason(file: &File, line: usize, name: &str) -> Problem {
    file.problem(line, format!("dependency `{name}` has no `# reason` beside it"))
}

fn has_reason(line: &str, before: &str) -> bool {
    before.starts_with('#') || line.rsplit_once('#').is_some_and(|(_, reason)| !reason.trim().is_empty())
}

/// The name in `[name]` or `[[name]]`.
fn table_name(line: &str) -> Option<&str> {
    let name = line.strip_prefix("[[").or_else(|| line.strip_prefix('['))?;
    name.split_once(']').map(|(name, _)| name)
}

/// `[dependencies]`, `[dev-dependencies]`, `[target.'..'.dependencies]`; the workspace's own table only names
/// versions, and each use of it has its reason.
fn is_dependency_list(table: &str) -> bool {
    table != "workspace.dependencies"
        && table.rsplit('.').next().is_some_and(|last| last.ends_with("dependencies"))
}

/// The name in `[dependencies.name]`.
fn single_dependency(table: &str) -> Option<&str> {
    let (list, name) = table.rsplit_once('.')?;
    (list != "workspace.dependencies" && list.ends_with("dependencies")).then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::said;

    #[test]
    fn a_reason_stands_beside_or_above() {
        let manifest =
            "[dependencies]\na = \"1\" # parses\n# prints\nb = \"1\"\n\n[[example]]\nname = \"x\"\n";
        assert!(said(check, &[("x/Cargo.toml", manifest)]).is_empty());
    }

    #[test]
    fn a_dependency_without_one_is_named_in_every_kind_of_table() {
        let manifest = "[dependencies]\na = \"1\"\n[target.'cfg(unix)'.dependencies]\nb = \"1\" #\n[dev-dependencies.c]\nversion = \"1\"\n";
        let said = said(check, &[("x/Cargo.toml", manifest)]);
        assert_eq!(said.len(), 3, "{said:?}");
        assert!(said[0].contains(":2: dependency `a`") && said[2].contains("`c`"), "{said:?}");
    }

    #[test]
    fn the_workspace_table_needs_none() {
        assert!(said(check, &[("Cargo.toml", "[workspace.dependencies]\na = \"1\"\n")]).is_empty());
    }
}
