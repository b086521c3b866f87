//! `#[locus::allow(rule, reason = "..")]`: which findings it silences, and what is wrong with it.
//!
//! An allow covers what it stands on. A finding is silenced when its primary span lies there, or the
//! declaration of the place it is about. Of several allows that would do, the innermost one is used, so
//! that one which changes nothing can be found and removed. An allow without a reason silences nothing;
//! a name that no rule has is reported by itself.
//!
//! All findings take part, also those whose confidence or level keeps them from being shown: whether an
//! allow is needed must not depend on the options of one run.

use crate::finding::{Finding, Label, Span, Subject};
use crate::rule::Rule;
use crate::rule::level::find;
use crate::rules::{allow_without_reason, unknown_rule, unused_allow};

/// One allow as written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Allow {
    /// The rules it names, in either spelling.
    pub rules: Vec<AllowedRule>,
    /// Why; blank counts as missing.
    pub reason: Option<String>,
    /// The attribute's name.
    pub span: Span,
    /// All that it stands on.
    pub scope: Span,
    /// Package that holds it.
    pub package: String,
}

/// A rule named in an allow.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AllowedRule {
    /// As written.
    pub name: String,
    /// Where.
    pub span: Span,
}

/// What is left of the findings, and what the allows themselves gave rise to.
#[derive(Debug, Default)]
pub struct Applied {
    /// Findings no allow covers.
    pub kept: Vec<Finding>,
    /// How many were silenced.
    pub silenced: usize,
    /// Findings about the allows.
    pub about_allows: Vec<Finding>,
}

/// An allow's claim on one rule.
struct Claim<'a> {
    allow: &'a Allow,
    named: &'a AllowedRule,
    rule: &'static Rule,
    used: bool,
}

/// Takes out of `findings` what `allows` cover.
pub fn apply(findings: Vec<Finding>, allows: &[Allow], rules: &[&'static Rule]) -> Applied {
    let mut applied = Applied::default();
    let mut claims = claims(allows, rules, &mut applied.about_allows);
    for finding in findings {
        match innermost(&mut claims, &finding) {
            Some(claim) => {
                claim.used = true;
                applied.silenced += 1;
            }
            None => applied.kept.push(finding),
        }
    }
    let unused = claims.iter().filter(|claim| !claim.used);
    applied.about_allows.extend(unused.map(|claim| unused_finding(claim.allow, claim.named, claim.rule)));
    applied
}

/// Whether `#[locus::deny(..)]` around a finding raises its rule, whatever the levels of the run.
pub fn is_denied(finding: &Finding, denies: &[Allow]) -> bool {
    let spans = [Some(finding.primary.span), finding.subject.declared_at];
    let certain = finding.confidence == crate::finding::Confidence::Certain;
    certain
        && denies.iter().any(|deny| {
            spans.iter().flatten().any(|span| deny.scope.contains(*span))
                && deny.rules.iter().any(|named| named.name.replace('_', "-") == finding.rule.name)
        })
}

/// What is wrong with the names in denies.
pub fn unknown_denied(denies: &[Allow], rules: &[&'static Rule]) -> Vec<Finding> {
    let named = denies.iter().flat_map(|deny| deny.rules.iter().map(move |named| (deny, named)));
    let unknown = named.filter_map(|(deny, named)| Some((deny, named, find(&named.name, rules).err()?)));
    unknown.map(|(deny, named, error)| unknown_finding(deny, named, error.nearest)).collect()
}

/// Every sound claim; what is unsound goes into `problems`.
fn claims<'a>(allows: &'a [Allow], rules: &[&'static Rule], problems: &mut Vec<Finding>) -> Vec<Claim<'a>> {
    let mut claims = Vec::new();
    for allow in allows {
        let has_reason = allow.reason.as_deref().is_some_and(|reason| !reason.trim().is_empty());
        if !has_reason {
            problems.push(without_reason(allow));
        }
        for named in &allow.rules {
            match find(&named.name, rules) {
                Ok(rule) if has_reason => claims.push(Claim { allow, named, rule, used: false }),
                Ok(_) => {}
                Err(unknown) => problems.push(unknown_finding(allow, named, unknown.nearest)),
            }
        }
    }
    claims
}

fn innermost<'c, 'a>(claims: &'c mut [Claim<'a>], finding: &Finding) -> Option<&'c mut Claim<'a>> {
    let covering = claims.iter_mut().filter(|claim| {
        let spans = std::iter::once(finding.primary.span).chain(finding.subject.declared_at);
        std::ptr::eq(claim.rule, finding.rule)
            && spans.into_iter().any(|span| claim.allow.scope.contains(span))
    });
    covering.min_by_key(|claim| claim.allow.scope.end - claim.allow.scope.start)
}

fn subject(allow: &Allow, operation: &str) -> Subject {
    Subject {
        package: allow.package.clone(),
        place: "locus::allow".to_owned(),
        operation: operation.to_owned(),
        declared_at: None,
    }
}

fn without_reason(allow: &Allow) -> Finding {
    Finding::new(
        &allow_without_reason::RULE,
        &allow_without_reason::NO_REASON,
        "this allow gives no reason, so it silences nothing",
        Label::new(allow.span, "no `reason = \"..\"`"),
        subject(allow, "reason"),
        "say why the code is right as it is: `reason = \"one entry for each configured peer\"`",
    )
}

fn unknown_finding(allow: &Allow, named: &AllowedRule, nearest: Option<&str>) -> Finding {
    let help = match nearest {
        Some(nearest) => format!("did you mean `{}`?", nearest.replace('-', "_")),
        None => "`checker --list-rules` prints the names".to_owned(),
    };
    Finding::new(
        &unknown_rule::RULE,
        &unknown_rule::UNKNOWN,
        format!("there is no rule `{}`", named.name),
        Label::new(named.span, "not a rule"),
        subject(allow, &named.name),
        help,
    )
}

fn unused_finding(allow: &Allow, named: &AllowedRule, rule: &Rule) -> Finding {
    Finding::new(
        &unused_allow::RULE,
        &unused_allow::UNUSED,
        format!("`{}` finds nothing here that this allow would silence", rule.name),
        Label::new(named.span, "silences nothing"),
        subject(allow, rule.name),
        "remove it: an allow that outlives its reason hides the next leak",
    )
}

#[cfg(test)]
mod tests;
