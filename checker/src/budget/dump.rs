//! `--dump-resource-budget`: the counts and the sites behind them.

use std::fmt::Write;

use serde_json::{Value, json};

use super::{Count, Counts, FD_KINDS};
use crate::finding::{SourceFile, Span};
use crate::report::LineIndex;

/// For people: each count as it would stand in the file, its sites below as comments.
pub fn text(binaries: &[Counts], sources: &[SourceFile]) -> String {
    let mut text = String::new();
    for counts in binaries {
        writeln!(text, "[bin.{}] # package {}", counts.binary, counts.package).expect("a string takes all");
        write_counts(&mut text, counts, |text, count| {
            for site in &count.sites {
                writeln!(text, "#   {}: {}", position(site.span, sources), site.described())
                    .expect("a string takes all");
            }
        });
        text.push('\n');
    }
    if text.is_empty() {
        text.push_str("# no binary with a `#[locus(main)]`: nothing to count\n");
    }
    text
}

/// The counts of one binary below its heading, each followed by what `below` adds.
fn write_counts(text: &mut String, counts: &Counts, below: impl Fn(&mut String, &Count)) {
    let mut in_kinds = false;
    for count in &counts.counts {
        if count.kind.is_some() && !std::mem::replace(&mut in_kinds, true) {
            writeln!(text, "[bin.{}.{FD_KINDS}]", counts.binary).expect("a string takes all");
        }
        let name = count.kind.as_deref().unwrap_or(count.key.as_str());
        writeln!(text, "{name} = {}", count.actual).expect("a string takes all");
        below(text, count);
    }
}

/// A ceilings file that holds every count where it is today.
pub fn ceilings(binaries: &[Counts]) -> String {
    let mut text =
        String::from("# Ceilings as high as the counts. Say beside each why it is as high as it is.\n");
    for counts in binaries {
        writeln!(text, "\n[bin.{}]", counts.binary).expect("a string takes all");
        write_counts(&mut text, counts, |_, _| {});
    }
    text
}

/// For tools: one object.
pub fn json(binaries: &[Counts], sources: &[SourceFile]) -> Value {
    let binary = |counts: &Counts| {
        let named = |count: &Count| {
            let name = count.kind.as_deref().unwrap_or(count.key.as_str()).to_owned();
            (name, one(count, sources))
        };
        let (kinds, keys): (Vec<&Count>, Vec<&Count>) =
            counts.counts.iter().partition(|count| count.kind.is_some());
        let object = |of: Vec<&Count>| of.into_iter().map(named).collect::<serde_json::Map<String, Value>>();
        json!({
            "package": counts.package,
            "binary": counts.binary,
            "counts": object(keys),
            FD_KINDS: object(kinds),
        })
    };
    json!({ "reason": "resource-budget", "binaries": binaries.iter().map(binary).collect::<Vec<_>>() })
}

fn one(count: &Count, sources: &[SourceFile]) -> Value {
    let sites = count.sites.iter().map(|site| {
        let (file, line, column) = place(site.span, sources);
        json!({ "file_name": file, "line": line, "column": column, "what": site.what, "adds": site.adds,
                "uses": site.uses })
    });
    json!({ "actual": count.actual, "sites": sites.collect::<Vec<_>>() })
}

fn position(span: Span, sources: &[SourceFile]) -> String {
    let (file, line, column) = place(span, sources);
    format!("{file}:{line}:{column}")
}

fn place(span: Span, sources: &[SourceFile]) -> (String, usize, usize) {
    let Some(source) = sources.get(span.file.0 as usize) else { return (String::new(), 0, 0) };
    let (line, column) = LineIndex::new(&source.text).position(span.start as usize);
    (source.path.display().to_string(), line, column)
}

#[cfg(test)]
mod tests {
    use super::{json, text};
    use crate::budget::count;
    use crate::budget::count::tests::sample;
    use crate::finding::SourceFile;

    #[test]
    fn the_text_is_a_budget_file_that_passes() {
        let sources = [SourceFile { path: "chat.rs".into(), text: "\n01234567".to_owned().into() }];
        let counts = [count(&sample()).unwrap()];
        let dumped = text(&counts, &sources);
        assert!(
            dumped.contains("pinned_threads = 3\n#   chat.rs:2:1: `web: Web` is pinned, 2 replicas\n"),
            "{dumped}"
        );
        let (budget, problems) = crate::budget::parse(&dumped, crate::finding::FileId(1));
        assert!(problems.is_empty(), "{problems:?}");
        assert!(crate::budget::check(&budget, &counts).is_empty());
        assert_eq!(json(&counts, &sources)["binaries"][0]["counts"]["pinned_threads"]["actual"], 3);
    }
}
