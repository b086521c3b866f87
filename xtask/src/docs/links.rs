//! Relative links in documents: the file is there, and so is the heading.
//!
//! Addresses beyond the repository are not followed: a check that needs the network fails for reasons that are not
//! ours.

use crate::tidy::{File, Problem, Tree};

/// Dead links of every `.md` file, in order.
pub(super) fn problems(tree: &Tree) -> Vec<Problem> {
    let documents = tree.files.iter().filter(|file| file.path.ends_with(".md"));
    documents.flat_map(|file| dead_links(tree, file)).collect()
}

fn dead_links(tree: &Tree, file: &File) -> Vec<Problem> {
    let mut problems = Vec::new();
    let mut fenced = false;
    for (index, line) in file.text.lines().enumerate() {
        if line.trim_start().starts_with("```") {
            fenced = !fenced;
        } else if !fenced {
            let dead = targets(line).filter_map(|target| judge(tree, file, target).err());
            problems.extend(dead.map(|message| Problem {
                path: file.path.clone(),
                line: index + 1,
                message,
            }));
        }
    }
    problems
}

/// What stands in `](..)` on a line.
fn targets(line: &str) -> impl Iterator<Item = &str> {
    line.match_indices("](").filter_map(|(at, mark)| {
        let rest = &line[at + mark.len()..];
        rest.split_once(')').map(|(target, _)| target.split(' ').next().unwrap_or(target))
    })
}

fn judge(tree: &Tree, from: &File, target: &str) -> Result<(), String> {
    if target.contains("://") || target.starts_with("mailto:") {
        return Ok(());
    }
    let (path, anchor) = target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let resolved = if path.is_empty() { from.path.clone() } else { resolve(&from.path, path) };
    let Some(document) = tree.files.iter().find(|file| file.path == resolved) else {
        let below = format!("{}/", resolved.trim_end_matches('/'));
        let is_directory = tree.files.iter().any(|file| file.path.starts_with(&below));
        return if is_directory { Ok(()) } else { Err(format!("`{target}` leads nowhere")) };
    };
    match anchor {
        Some(anchor) if !headings(&document.text).any(|slug| slug == anchor) => {
            Err(format!("`{target}`: no such heading"))
        }
        _ => Ok(()),
    }
}

/// `path` as seen from the file `from`, relative to the root.
fn resolve(from: &str, path: &str) -> String {
    let mut parts: Vec<&str> = from.split('/').collect();
    parts.pop();
    for part in path.split('/') {
        match part {
            "." | "" => {}
            ".." => drop(parts.pop()),
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The anchors GitHub and rustdoc's Markdown readers give to headings.
fn headings(text: &str) -> impl Iterator<Item = String> {
    text.lines().filter(|line| line.starts_with('#')).map(|line| {
        let title = line.trim_start_matches('#').trim().to_lowercase();
        let kept = title.chars().filter(|next| next.is_alphanumeric() || matches!(next, ' ' | '-' | '_'));
        kept.map(|next| if next == ' ' { '-' } else { next }).collect()
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tidy::testing::tree;

    fn said(files: &[(&str, &str)]) -> Vec<String> {
        problems(&tree(files)).iter().map(ToString::to_string).collect()
    }

    #[test]
    fn files_headings_and_directories_resolve() {
        let readme =
            "[a](docs/a.md#the-first-one) [d](docs) [x](https://example.org/y) [here](#top)\n# Top\n";
        assert_eq!(
            said(&[("README.md", readme), ("docs/a.md", "## The `first` one\n[up](../README.md)\n")]),
            [""; 0]
        );
    }

    #[test]
    fn dead_ones_are_named_with_their_line() {
        let files = [("README.md", "\n[a](docs/b.md)\n[a](docs/a.md#gone)\n"), ("docs/a.md", "# A\n")];
        assert_eq!(
            said(&files),
            ["README.md:2: `docs/b.md` leads nowhere", "README.md:3: `docs/a.md#gone`: no such heading"]
        );
    }

    #[test]
    fn code_blocks_hold_no_links() {
        assert!(said(&[("a.md", "```rust\nlet x = f[0](y);\n```\n")]).is_empty());
    }
}
