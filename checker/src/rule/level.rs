//! Levels of rules, as the command line sets them.
//!
//! `-A`, `-W` and `-D` are taken in the order they were written and the last one that names a rule (or
//! `all`) decides, as with rustc. A name may be written with hyphens or underscores.
//!
//! `likely` and `nursery` name no rule but all findings that are no more than that: they are shown when it is set, at
//! that level, unless their own rule is allowed. `all` says nothing of them.

use locus_syntax::nearest;

use crate::finding::Confidence;
use crate::rule::{Level, Rule};

/// Stands for every rule.
const ALL: &str = "all";
/// Stand for every finding that is no more certain than that.
const CONFIDENCES: [&str; 2] = [Confidence::Likely.as_str(), Confidence::Nursery.as_str()];

/// One `-A`, `-W` or `-D` as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Setting {
    /// What the option says.
    pub level: Level,
    /// A rule's name, `all`, `likely` or `nursery`.
    pub rule: String,
}

/// A name on the command line that no rule has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnknownRule {
    /// As written.
    pub name: String,
    /// The rule that was probably meant.
    pub nearest: Option<&'static str>,
}

impl std::fmt::Display for UnknownRule {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "unknown rule `{}`\nhelp: ", self.name)?;
        match self.nearest {
            Some(nearest) => write!(f, "did you mean `{nearest}`?"),
            None => write!(f, "`checker --list-rules` prints the names"),
        }
    }
}

impl std::error::Error for UnknownRule {}

/// The level of every rule in this run.
#[derive(Clone, Debug, Default)]
pub struct Levels {
    settings: Vec<Setting>,
}

impl Levels {
    /// Checks the names in `settings` against `rules`.
    ///
    /// # Errors
    /// Every name that no rule has.
    pub fn new(settings: Vec<Setting>, rules: &[&'static Rule]) -> Result<Self, Vec<UnknownRule>> {
        let mut unknown = Vec::new();
        let mut known = Vec::new();
        for setting in settings {
            if setting.rule == ALL || CONFIDENCES.contains(&setting.rule.as_str()) {
                known.push(setting);
                continue;
            }
            match find(&setting.rule, rules) {
                Ok(rule) => known.push(Setting { rule: rule.name.to_owned(), ..setting }),
                Err(error) => unknown.push(error),
            }
        }
        if unknown.is_empty() { Ok(Self { settings: known }) } else { Err(unknown) }
    }

    /// The same levels where they set any, and those of `base` elsewhere.
    #[must_use]
    pub fn over(&self, base: &[Setting]) -> Self {
        Self { settings: base.iter().chain(&self.settings).cloned().collect() }
    }

    /// The level of `rule`.
    pub fn of(&self, rule: &Rule) -> Level {
        let last =
            self.settings.iter().rev().find(|setting| setting.rule == ALL || setting.rule == rule.name);
        last.map_or(rule.level, |setting| setting.level)
    }

    /// The level of a finding of `rule` that is as sure as `confidence`.
    pub fn of_finding(&self, rule: &Rule, confidence: Confidence) -> Level {
        let level = self.of(rule);
        if confidence == Confidence::Certain || level == Level::Allow {
            return level;
        }
        let last = self.settings.iter().rev().find(|setting| setting.rule == confidence.as_str());
        last.map_or(Level::Allow, |setting| setting.level)
    }
}

/// The rule called `name`, in either spelling.
///
/// # Errors
/// When there is none; the error names the nearest.
pub fn find(name: &str, rules: &[&'static Rule]) -> Result<&'static Rule, UnknownRule> {
    let kebab = name.replace('_', "-");
    rules.iter().copied().find(|rule| rule.name == kebab).ok_or_else(|| UnknownRule {
        name: name.to_owned(),
        nearest: nearest(&kebab, rules.iter().map(|rule| rule.name)),
    })
}

#[cfg(test)]
mod tests {
    use super::{Confidence, Level, Levels, Setting, find};
    use crate::rule::Rule;

    static GROWTH: Rule = Rule {
        name: "unbounded-growth",
        summary: "grows",
        level: Level::Warn,
        since: "0.1.0",
        shapes: &[],
        doc: "",
    };
    static LEAK: Rule = Rule { name: "resource-leak", ..GROWTH };
    static RULES: &[&Rule] = &[&GROWTH, &LEAK];

    fn set(level: Level, rule: &str) -> Setting {
        Setting { level, rule: rule.to_owned() }
    }

    #[test]
    fn the_last_setting_decides() {
        let all_then_one = vec![set(Level::Deny, "all"), set(Level::Allow, "resource_leak")];
        let levels = Levels::new(all_then_one.clone(), RULES).unwrap();
        assert_eq!((levels.of(&GROWTH), levels.of(&LEAK)), (Level::Deny, Level::Allow));

        let one_then_all = all_then_one.into_iter().rev().collect();
        let levels = Levels::new(one_then_all, RULES).unwrap();
        assert_eq!((levels.of(&GROWTH), levels.of(&LEAK)), (Level::Deny, Level::Deny));
        assert_eq!(Levels::default().of(&LEAK), Level::Warn);
    }

    #[test]
    fn likely_findings_are_shown_when_asked_for() {
        let sure = |settings: Vec<Setting>| {
            let levels = Levels::new(settings, RULES).unwrap();
            [Confidence::Certain, Confidence::Likely, Confidence::Nursery]
                .map(|confidence| levels.of_finding(&LEAK, confidence))
        };
        assert_eq!(sure(vec![]), [Level::Warn, Level::Allow, Level::Allow]);
        assert_eq!(sure(vec![set(Level::Deny, "all")]), [Level::Deny, Level::Allow, Level::Allow]);
        let survey = set(Level::Warn, "likely");
        assert_eq!(sure(vec![survey.clone()]), [Level::Warn, Level::Warn, Level::Allow]);
        let quiet = set(Level::Allow, "resource-leak");
        assert_eq!(sure(vec![survey, quiet]), [Level::Allow; 3]);
    }

    #[test]
    fn every_unknown_name_is_reported_with_its_neighbour() {
        let settings = vec![set(Level::Deny, "unbounded-grwth"), set(Level::Warn, "colour")];
        let unknown = Levels::new(settings, RULES).unwrap_err();
        assert_eq!(
            unknown[0].to_string(),
            "unknown rule `unbounded-grwth`\nhelp: did you mean `unbounded-growth`?"
        );
        assert_eq!(unknown[1].nearest, None);
        assert!(find("resource_leak", RULES).is_ok());
    }
}
