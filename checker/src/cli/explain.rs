//! `--explain RULE` and `--list-rules`, from the text in the rules' own files.

use std::fmt::Write;

use crate::rule::Rule;

/// Everything there is to say about one rule, as Markdown.
pub(super) fn explain(rule: &Rule) -> String {
    let mut text = format!("# {}\n\n{}.\n\n", rule.name, capitalised(rule.summary));
    text.push_str(rule.doc.trim_end());
    text.push_str("\n\n## Shapes\n");
    for shape in rule.shapes {
        let (name, confidence) = (shape.name, shape.confidence.as_str());
        write!(text, "\n- `{name}` ({confidence}): {}", shape.summary).expect("writing to a string succeeds");
    }
    let (level, since) = (rule.level.as_str(), rule.since);
    write!(text, "\n\nDefault level: {level}. Since {since}.").expect("writing to a string succeeds");
    writeln!(text, " Silenced by `#[locus::allow({}, reason = \"..\")]`.", rule.attribute_name())
        .expect("writing to a string succeeds");
    text
}

/// One line per rule: name, default level, summary.
pub(super) fn list(rules: &[&'static Rule]) -> String {
    let width = rules.iter().map(|rule| rule.name.len()).max().unwrap_or(0);
    let lines = rules
        .iter()
        .map(|rule| format!("{:width$}  {:5}  {}\n", rule.name, rule.level.as_str(), rule.summary));
    lines.collect()
}

fn capitalised(text: &str) -> String {
    let mut chars = text.chars();
    chars.next().map_or_else(String::new, |first| first.to_uppercase().chain(chars).collect())
}
