//! Which finding an allow silences, and what is said of one that silences none.

use super::{Allow, AllowedRule, Applied, apply};
use crate::finding::{Confidence, FileId, Finding, Label, Span, Subject};
use crate::rule::{Level, Rule, Shape};

static SHAPE: Shape = Shape { name: "grows", confidence: Confidence::Certain, summary: "grows" };
static GROWTH: Rule = Rule {
    name: "unbounded-growth",
    summary: "grows",
    level: Level::Warn,
    since: "0.1.0",
    shapes: &[&SHAPE],
    doc: "",
};
static LEAK: Rule = Rule { name: "resource-leak", ..GROWTH };

fn span(start: u32, end: u32) -> Span {
    Span { file: FileId(0), start, end }
}

fn growth(at: u32, declared_at: Option<Span>) -> Finding {
    let subject = Subject {
        package: String::new(),
        place: "S.f".to_owned(),
        operation: "push".to_owned(),
        declared_at,
    };
    Finding::new(&GROWTH, &SHAPE, "grows", Label::new(span(at, at + 1), ""), subject, "drain it")
}

fn allow(rules: &[&str], reason: Option<&str>, scope: Span) -> Allow {
    let named = |name: &&str| AllowedRule { name: (*name).to_owned(), span: scope };
    Allow {
        rules: rules.iter().map(named).collect(),
        reason: reason.map(str::to_owned),
        span: scope,
        scope,
        package: String::new(),
    }
}

/// How many findings are left, and the names of the rules that speak of the allows.
fn outcome(findings: Vec<Finding>, allows: &[Allow]) -> (usize, Vec<&'static str>) {
    let Applied { kept, silenced, about_allows } = apply(findings, allows, &[&GROWTH, &LEAK]);
    assert!(silenced <= 2);
    (kept.len(), about_allows.iter().map(|finding| finding.rule.name).collect())
}

#[test]
fn it_covers_the_site_or_the_declaration() {
    let on_site = allow(&["unbounded_growth"], Some("ours"), span(0, 10));
    assert_eq!(outcome(vec![growth(5, None)], std::slice::from_ref(&on_site)), (0, vec![]));
    assert_eq!(outcome(vec![growth(50, Some(span(3, 4)))], std::slice::from_ref(&on_site)), (0, vec![]));
    assert_eq!(outcome(vec![growth(50, None)], &[on_site]), (1, vec!["unused-allow"]));
}

#[test]
fn without_a_reason_it_silences_nothing_and_is_not_also_unused() {
    for reason in [None, Some(""), Some("  ")] {
        let bare = allow(&["unbounded_growth"], reason, span(0, 10));
        assert_eq!(outcome(vec![growth(5, None)], &[bare]), (1, vec!["allow-without-reason"]));
    }
}

#[test]
fn each_rule_of_several_answers_for_itself() {
    let both = allow(&["unbounded-growth", "resource_leak"], Some("ours"), span(0, 10));
    assert_eq!(outcome(vec![growth(5, None)], &[both]), (0, vec!["unused-allow"]));
}

#[test]
fn a_misspelt_rule_is_unknown_and_nothing_else() {
    let misspelt = allow(&["unbounded_grwth"], Some("ours"), span(0, 10));
    let applied = apply(vec![growth(5, None)], &[misspelt], &[&GROWTH, &LEAK]);
    assert_eq!(applied.kept.len(), 1);
    assert_eq!(applied.about_allows.len(), 1);
    assert_eq!(applied.about_allows[0].help, "did you mean `unbounded_growth`?");
}

#[test]
fn the_innermost_is_used_so_the_outer_one_is_unused() {
    let outer = allow(&["unbounded_growth"], Some("all of it"), span(0, 100));
    let inner = allow(&["unbounded_growth"], Some("this"), span(0, 10));
    assert_eq!(outcome(vec![growth(5, None)], &[outer.clone(), inner.clone()]), (0, vec!["unused-allow"]));
    assert_eq!(outcome(vec![growth(5, None), growth(50, None)], &[outer, inner]), (0, vec![]));
}
