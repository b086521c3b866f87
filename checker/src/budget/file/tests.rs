//! What a ceilings file may say, and what every mistake in one is answered with.

use super::{Count, Key, parse};
use crate::finding::FileId;

/// Messages with the text they point at and the help, in order.
fn problems(text: &str) -> Vec<String> {
    let (_, problems) = parse(text, FileId(0));
    problems
        .iter()
        .map(|problem| {
            let span = problem.primary.as_ref().unwrap().span;
            let quoted = &text[span.start as usize..span.end as usize];
            let help = problem.help.as_deref().map_or_else(String::new, |help| format!(" | {help}"));
            format!("{} @ {quoted}{help}", problem.message)
        })
        .collect()
}

#[test]
fn a_binary_overrides_key_by_key() {
    let text = "pinned_threads = 2\nbus_subjects = 0x10\n[bin.chat]\npinned_threads = 4\n";
    let (budget, problems) = parse(text, FileId(0));
    assert!(problems.is_empty(), "{problems:?}");
    let max = |binary, key| budget.ceiling(binary, key).map(|ceiling| ceiling.max);
    assert_eq!(max("chat", Key::PinnedThreads), Some(4));
    assert_eq!(max("other", Key::PinnedThreads), Some(2));
    assert_eq!(max("chat", Key::BusSubjects), Some(16));
    assert_eq!(max("chat", Key::FdOpenSites), None);
}

#[test]
fn every_problem_is_reported_at_its_own_span() {
    let text = "pined_threads = 1\nbus_subjects = \"two\"\nfd_open_sites = -3\ncooperative_pools = 1.5\n\
                colour = 1\n[bin.chat]\nfd_open_site = 1\npinned_threads = 99999999999999999999\n";
    assert_eq!(
        problems(text),
        [
            "unknown key `pined_threads` @ pined_threads | did you mean `pinned_threads`?",
            "`bus_subjects` must be a whole number @ \"two\"",
            "`fd_open_sites` must not be negative @ -3",
            "`cooperative_pools` must be a whole number @ 1.5",
            "unknown key `colour` @ colour | the keys are: pinned_threads, cooperative_pools, bus_subjects, \
             fd_open_sites, spawn_sites, worker_threads, replicas, listeners, timers, children_max, \
             queue_messages_max, scratch_bytes_max, unbounded_channels, growing_statics, allow_reasons, \
             fd_open_sites_by_kind, bin",
            "unknown key `fd_open_site` @ fd_open_site | did you mean `fd_open_sites`?",
            "`pinned_threads` is too large @ 99999999999999999999",
        ]
    );
}

#[test]
fn kinds_have_a_table_of_their_own() {
    let text = "[fd_open_sites_by_kind]\nfile = 1\nsokcet = 2\n[bin.chat.fd_open_sites_by_kind]\nfile = 3\n";
    let (budget, problems) = parse(text, FileId(0));
    assert!(problems.is_empty(), "{problems:?}");
    let file = Count { key: Key::FdOpenSites, kind: Some("file".into()), actual: 0, sites: Vec::new() };
    let max = |binary| budget.ceiling_of(binary, &file).map(|ceiling| ceiling.max);
    assert_eq!((max("chat"), max("other")), (Some(3), Some(1)));
    let unknown = budget.unknown_kinds(&["file", "socket"]);
    assert_eq!(unknown[0].message, "unknown kind `sokcet`");
    assert_eq!(unknown[0].help.as_deref(), Some("did you mean `socket`?"));
    assert_eq!(unknown.len(), 1);
}

#[test]
fn mistakes_in_the_table_of_kinds_are_told_where_they_stand() {
    assert_eq!(
        problems("fd_open_sites_by_kind = 3\n"),
        ["`fd_open_sites_by_kind` must be a table of ceilings @ 3"]
    );
    assert_eq!(problems("[fd_open_sites_by_kind]\nfile = -1\n"), ["`file` must not be negative @ -1"]);
}

#[test]
fn a_table_where_a_number_belongs_and_the_reverse() {
    assert_eq!(
        problems("bin = 3\n[pinned_threads]\nmax = 1\n"),
        [
            "`bin` must be a table of binaries @ 3",
            "`pinned_threads` must be a whole number @ [pinned_threads]"
        ]
    );
    assert_eq!(problems("[bin]\nchat = 1\n"), ["`chat` must be a table of ceilings @ 1"]);
}

#[test]
fn each_line_that_is_not_toml_is_one_problem() {
    assert_eq!(problems("pinned_threads = = 2\npined = 1\n").len(), 1);
    assert_eq!(problems("pinned_threads = = 2\nbus_subjects = = 1\n").len(), 2);
    assert_eq!(problems("pinned_threads = 1\npinned_threads = 2\n").len(), 1);
}

#[test]
fn a_table_for_no_binary_is_named_with_its_neighbour() {
    let (budget, _) = parse("[bin.chta]\nbus_subjects = 1\n", FileId(0));
    let unknown = budget.unknown_binaries(&["chat", "leaky"]);
    assert_eq!(unknown[0].message, "no binary is called `chta`");
    assert_eq!(unknown[0].help.as_deref(), Some("did you mean `chat`?"));
    assert!(budget.unknown_binaries(&["chta"]).is_empty());
}

fn is_setting(line: &str) -> bool {
    line.starts_with('[') || line.split_whitespace().nth(1) == Some("=")
}

#[test]
fn the_template_shows_every_key() {
    let template = include_str!("../../../../budget.template.toml");
    assert!(problems(template).is_empty());
    let settings = template.lines().filter_map(|line| line.strip_prefix("# "));
    let settings: Vec<&str> = settings.filter(|line| is_setting(line)).collect();
    for key in Key::ALL {
        assert!(settings.iter().any(|line| line.starts_with(&format!("{key} = "))), "{key}");
    }
    assert_eq!(problems(&settings.join("\n")), Vec::<String>::new());
}
