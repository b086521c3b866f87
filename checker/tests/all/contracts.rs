//! `#[locus::deny(..)]`: what is denied where it stands is an error, whatever the levels of the run.

use crate::harness::command::checker_in;
use crate::harness::workspace::Copy;

const HANDLER: &str = "    #[on]\n    fn on_posted";
const GROWS: (&str, &str) = ("self.last = posted.text.clone();", "self.last.push_str(&posted.text);");

fn denying(name: &str, rule: &str) -> Copy {
    let copy = Copy::of_service(name);
    copy.replace("src/main.rs", GROWS.0, GROWS.1);
    copy.replace("src/main.rs", HANDLER, &format!("    #[locus::deny({rule})]\n{HANDLER}"));
    copy
}

#[test]
fn what_is_denied_is_an_error_whatever_the_levels() {
    let copy = denying("denied", "unbounded_growth");
    for args in [&[][..], &["-A", "unbounded-growth"], &["-W", "all"]] {
        let run = checker_in(copy.path(), args);
        assert_eq!(run.code, Some(1), "{args:?}: {}", run.stdout);
        assert!(run.stdout.contains("error[unbounded-growth]"), "{}", run.stdout);
    }
}

#[test]
fn a_denial_of_another_rule_changes_nothing() {
    let copy = denying("denied_other", "resource_leak");
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert_eq!(run.code, Some(0), "{}", run.stdout);
    assert!(run.stdout.contains("warning[unbounded-growth]"), "{}", run.stdout);
}

#[test]
fn a_denied_rule_that_does_not_exist_is_reported() {
    let copy = denying("denied_unknown", "unbounded_grwth");
    let run = checker_in(copy.path(), &[] as &[&str]);
    assert!(run.stdout.contains("there is no rule `unbounded-grwth`"), "{}", run.stdout);
    assert!(run.stdout.contains("did you mean `unbounded_growth`?"), "{}", run.stdout);
}
