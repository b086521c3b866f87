//! One finding with everything a finding can have, in both formats.

use std::time::Duration;

use cargo_metadata::Message;

use super::{Diagnostic, Format, Origin, Report, Severity, Summary, write};
use crate::finding::{Confidence, FileId, Finding, Label, SourceFile, Span, Subject};
use crate::rule::{Level, Rule, Shape};

static SHAPE: Shape =
    Shape { name: "only-grows", confidence: Confidence::Certain, summary: "a field that only grows" };
static RULE: Rule = Rule {
    name: "unbounded-growth",
    summary: "grows",
    level: Level::Warn,
    since: "0.1.0",
    shapes: &[&SHAPE],
    doc: "## Why\nIt grows.",
};

fn sources() -> Vec<SourceFile> {
    let room = "struct Room {\n    recent: Vec<String>,\n}\n\nimpl Room {\n    fn on_post(&mut self, \
                post: &Posted) {\n        self.recent.push(\"ü\".into());\n    }\n}\n";
    let topic = "pub struct Posted;\n";
    let file = |path: &str, text: &str| SourceFile { path: path.into(), text: text.to_owned().into() };
    vec![file("src/room.rs", room), file("src/topic.rs", topic)]
}

/// The span of `text` in `file`.
fn at(file: u32, text: &str) -> Span {
    let start = sources()[file as usize].text.find(text).unwrap();
    let byte = |at: usize| u32::try_from(at).unwrap();
    Span { file: FileId(file), start: byte(start), end: byte(start + text.len()) }
}

fn finding() -> Finding {
    let subject = Subject {
        package: "chat".to_owned(),
        place: "chat::Room.recent".to_owned(),
        operation: "push".to_owned(),
        declared_at: None,
    };
    let primary = Label::new(at(0, "self.recent.push(\"ü\".into())"), "grows here");
    let message = "`Room.recent` grows with every message and nothing shrinks it";
    Finding::new(&RULE, &SHAPE, message, primary, subject, "bound it: `Ring<String, N>`")
        .label(Label::new(at(0, "recent: Vec<String>"), "lives as long as the locus"))
        .label(Label::new(at(1, "Posted"), "for each of these"))
        .note("looked for a removal in 3 functions")
}

fn written(format: Format, level: Level) -> String {
    let diagnostics: Vec<Diagnostic> = Diagnostic::of_finding(&finding(), level).into_iter().collect();
    let mut summary = Summary {
        files: 2,
        lines: 10,
        functions: 1,
        calls: 8,
        calls_unresolved: 1,
        macros_unknown: 1,
        files_unparsed: 1,
        allowed: 1,
        elapsed: Duration::from_millis(120),
        ..Summary::default()
    };
    summary.count(&diagnostics);
    let origin = |_: FileId| {
        Some(Origin {
            package_id: "path+file:///chat#0.1.0".to_owned(),
            manifest_path: "/chat/Cargo.toml".into(),
            target_name: "chat".to_owned(),
            target_kind: "lib".to_owned(),
            target_root: "/chat/src/lib.rs".into(),
            edition: "2024".to_owned(),
        })
    };
    let sources = sources();
    let report = Report { sources: &sources, origin: &origin, diagnostics: &diagnostics, summary: &summary };
    let mut out = Vec::new();
    write(format, &report, false, &mut out).unwrap();
    String::from_utf8(out).unwrap()
}

const HUMAN: &str = r#"warning[unbounded-growth]: `Room.recent` grows with every message and nothing shrinks it
 --> src/room.rs:7:9
  |
2 |     recent: Vec<String>,
  |     ------------------- lives as long as the locus
...
7 |         self.recent.push("ü".into());
  |         ^^^^^^^^^^^^^^^^^^^^^^^^^^^^ grows here
  |
 ::: src/topic.rs:1:12
  |
1 | pub struct Posted;
  |            ------ for each of these
  |
  = note: looked for a removal in 3 functions
  = note: shape `only-grows` (certain): a field that only grows; see `checker --explain unbounded-growth`
  = help: bound it: `Ring<String, N>`

checker: 1 warning, nothing was denied, 1 finding allowed with a reason; 2 files (1 file not parsed), 1 function, 1 of 8 calls not resolved (12.5%), 1 macro call not understood, 0.12 s
"#;

#[test]
fn people_see_what_rustc_would_show() {
    assert_eq!(written(Format::Human, Level::Warn), HUMAN);
    let denied = written(Format::Human, Level::Deny);
    assert!(denied.starts_with("error[unbounded-growth]: "), "{denied}");
    assert!(denied.contains("checker: 1 error, 1 finding allowed"), "{denied}");
    assert!(written(Format::Human, Level::Allow).starts_with("checker: nothing found, 1 finding allowed"));
}

#[test]
fn tools_see_what_cargo_would_print() {
    let json = written(Format::Json, Level::Warn);
    let messages: Vec<Message> = Message::parse_stream(json.as_bytes()).map(Result::unwrap).collect();
    let [Message::CompilerMessage(message), Message::BuildFinished(finished)] = messages.as_slice() else {
        panic!("{messages:?}")
    };
    assert!(finished.success);
    assert_eq!(message.target.name, "chat");
    let diagnostic = &message.message;
    assert_eq!(diagnostic.code.as_ref().unwrap().explanation.as_deref(), Some("## Why\nIt grows."));
    let primary = &diagnostic.spans[0];
    assert!(primary.is_primary);
    assert_eq!((primary.line_start, primary.column_start, primary.column_end), (7, 9, 37));
    assert_eq!((primary.text[0].highlight_start, primary.text[0].highlight_end), (9, 37));
    assert_eq!(diagnostic.spans.len(), 3);
    assert_eq!(diagnostic.children.len(), 3);
    assert_eq!(diagnostic.children[2].message, "bound it: `Ring<String, N>`");
    assert!(HUMAN.starts_with(diagnostic.rendered.as_deref().unwrap().trim_end()));
}

#[test]
fn a_span_outside_its_file_is_drawn_not_fallen_over() {
    let mut diagnostic = Diagnostic::error("test", "late", Some(Label::new(at(0, "Room"), "here")));
    for (start, end) in [(500, 600), (5, 2), (u32::MAX, 0)] {
        diagnostic.primary = Some(Label::new(Span { file: FileId(0), start, end }, "here"));
        let sources = sources();
        let drawn = super::human::render(&diagnostic, &sources, false);
        assert!(drawn.starts_with("error[test]: late"), "{drawn}");
    }
    assert_eq!(diagnostic.severity, Severity::Error);
}
