//! The baseline: findings that were there when the checker came, so that only new ones speak.
//!
//! A finding is known by its fingerprint, and of one fingerprint as many are silenced as the baseline counts: a third
//! push to a field that had two is new. The file is sorted text, so that it merges and reviews like code.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Finding, Fingerprint};

/// The version of the file's shape.
const VERSION: u32 = 1;

/// What was known when the file was written.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Baseline {
    known: BTreeMap<Fingerprint, Entry>,
}

/// One fingerprint: how many findings had it, and enough for a reader to know what it stands for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Entry {
    fingerprint: String,
    rule: String,
    package: String,
    place: String,
    operation: String,
    count: usize,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct File {
    version: u32,
    findings: Vec<Entry>,
}

/// A baseline that cannot be read.
#[derive(Debug)]
pub enum BaselineError {
    /// Not JSON, or not of this shape.
    Shape(serde_json::Error),
    /// Written by a version that says it otherwise.
    Version(u32),
    /// A fingerprint that is no number.
    Fingerprint(String),
}

impl std::fmt::Display for BaselineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Shape(error) => write!(f, "not a baseline: {error}")?,
            Self::Version(version) => write!(f, "a baseline of version {version}, this is {VERSION}")?,
            Self::Fingerprint(text) => write!(f, "`{text}` is not a fingerprint")?,
        }
        f.write_str("\nhelp: write it anew with `--write-baseline`")
    }
}

impl std::error::Error for BaselineError {}

/// What a baseline leaves over.
#[derive(Debug, Default)]
pub struct Compared {
    /// Findings the baseline does not know.
    pub new: Vec<Finding>,
    /// How many it knew.
    pub known: usize,
    /// How many it knew that are gone.
    pub gone: usize,
}

impl Baseline {
    /// The baseline that knows `findings`.
    pub fn of<'f>(findings: impl IntoIterator<Item = &'f Finding>) -> Self {
        let mut known = BTreeMap::new();
        for finding in findings {
            let fingerprint = Fingerprint::of(finding);
            let entry = known.entry(fingerprint).or_insert_with(|| Entry {
                fingerprint: fingerprint.to_string(),
                rule: finding.rule.name.to_owned(),
                package: finding.subject.package.clone(),
                place: finding.subject.place.clone(),
                operation: finding.subject.operation.clone(),
                count: 0,
            });
            entry.count += 1;
        }
        Self { known }
    }

    /// Reads what [`Self::text`] wrote.
    ///
    /// # Errors
    /// [`BaselineError`], with what is wrong.
    pub fn parse(text: &str) -> Result<Self, BaselineError> {
        let file: File = serde_json::from_str(text).map_err(BaselineError::Shape)?;
        if file.version != VERSION {
            return Err(BaselineError::Version(file.version));
        }
        let mut known = BTreeMap::new();
        for entry in file.findings {
            let fingerprint = entry
                .fingerprint
                .parse()
                .map_err(|_| BaselineError::Fingerprint(entry.fingerprint.clone()))?;
            known.insert(fingerprint, entry);
        }
        Ok(Self { known })
    }

    /// The file: one finding a line group, sorted by rule and place.
    ///
    /// # Panics
    /// Never: strings and numbers always serialise.
    pub fn text(&self) -> String {
        let mut findings: Vec<Entry> = self.known.values().cloned().collect();
        findings.sort_by(|a, b| {
            (&a.rule, &a.package, &a.place, &a.operation).cmp(&(&b.rule, &b.package, &b.place, &b.operation))
        });
        let file = File { version: VERSION, findings };
        serde_json::to_string_pretty(&file).expect("strings and numbers serialise") + "\n"
    }

    /// How many findings it knows.
    pub fn len(&self) -> usize {
        self.known.values().map(|entry| entry.count).sum()
    }

    /// Whether it knows none.
    pub fn is_empty(&self) -> bool {
        self.known.is_empty()
    }

    /// Takes out of `findings` what is known, in their order.
    pub fn compare(&self, findings: Vec<Finding>) -> Compared {
        let mut left: BTreeMap<Fingerprint, usize> =
            self.known.iter().map(|(fingerprint, entry)| (*fingerprint, entry.count)).collect();
        let mut compared = Compared::default();
        for finding in findings {
            match left.get_mut(&Fingerprint::of(&finding)).filter(|count| **count > 0) {
                Some(count) => {
                    *count -= 1;
                    compared.known += 1;
                }
                None => compared.new.push(finding),
            }
        }
        compared.gone = left.values().sum();
        compared
    }
}

#[cfg(test)]
mod tests {
    use super::{Baseline, BaselineError};
    use crate::finding::{Confidence, FileId, Finding, Label, Span, Subject};
    use crate::rule::{Level, Rule, Shape};

    static SHAPE: Shape = Shape { name: "s", confidence: Confidence::Certain, summary: "s" };
    static RULE: Rule =
        Rule { name: "r", summary: "r", level: Level::Warn, since: "0.1.0", shapes: &[&SHAPE], doc: "" };

    fn finding(place: &str, start: u32) -> Finding {
        let subject = Subject {
            package: "chat".to_owned(),
            place: place.to_owned(),
            operation: "push".to_owned(),
            declared_at: None,
        };
        let span = Span { file: FileId(0), start, end: start + 1 };
        Finding::new(&RULE, &SHAPE, "grows", Label::new(span, ""), subject, "bound it")
    }

    #[test]
    fn what_is_known_is_silent_wherever_it_moved_and_one_more_speaks() {
        let old = Baseline::of(&[finding("a", 1), finding("a", 2), finding("b", 3)]);
        let read = Baseline::parse(&old.text()).unwrap();
        assert_eq!(read, old);
        let compared =
            read.compare(vec![finding("a", 70), finding("a", 80), finding("a", 90), finding("c", 1)]);
        let new: Vec<_> =
            compared.new.iter().map(|f| (f.subject.place.as_str(), f.primary.span.start)).collect();
        assert_eq!(new, [("a", 90), ("c", 1)]);
        assert_eq!((compared.known, compared.gone), (2, 1));
    }

    #[test]
    fn a_file_of_another_shape_is_refused() {
        let version = Baseline::default().text().replace("\"version\": 1", "\"version\": 9");
        assert!(matches!(Baseline::parse(&version), Err(BaselineError::Version(9))));
        assert!(matches!(Baseline::parse("[]"), Err(BaselineError::Shape(_))));
        let error = Baseline::parse(r#"{"version":1,"findings":[],"more":1}"#).unwrap_err();
        assert!(error.to_string().contains("unknown field `more`"), "{error}");
    }
}
