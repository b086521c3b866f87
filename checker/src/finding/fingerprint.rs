//! What a finding is known by from one revision to the next.
//!
//! A hash of rule, package, place and operation, and never of a line: an edit elsewhere in the file leaves it as it is.
//! Several findings may share one, as two pushes to one field do; who compares revisions counts them.
//!
//! Source: FNV-1a (Fowler, Noll, Vo), 64 bits, whose values do not change between versions, platforms or runs.

use std::fmt;
use std::hash::Hasher;

use fnv::FnvHasher;

use super::Finding;

/// The identity of a finding across revisions.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Fingerprint(pub u64);

impl Fingerprint {
    /// The fingerprint of `finding`.
    pub fn of(finding: &Finding) -> Self {
        let subject = &finding.subject;
        Self::of_parts(&[finding.rule.name, &subject.package, &subject.place, &subject.operation])
    }

    /// The fingerprint of what `parts` name together.
    pub fn of_parts(parts: &[&str]) -> Self {
        let mut hasher = FnvHasher::default();
        for part in parts {
            hasher.write(part.as_bytes());
            // A byte that no UTF-8 text holds, so that the parts cannot run into each other.
            hasher.write_u8(0xff);
        }
        Self(hasher.finish())
    }
}

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

impl std::str::FromStr for Fingerprint {
    type Err = std::num::ParseIntError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        u64::from_str_radix(text, 16).map(Self)
    }
}

#[cfg(test)]
mod tests {
    use super::Fingerprint;

    #[test]
    fn parts_do_not_run_into_each_other_and_the_value_is_for_ever() {
        assert_ne!(Fingerprint::of_parts(&["ab", "c"]), Fingerprint::of_parts(&["a", "bc"]));
        let known = Fingerprint::of_parts(&["unbounded-growth", "chat", "chat::Room.recent", "push"]);
        assert_eq!(known.to_string().parse(), Ok(known));
        assert_eq!(Fingerprint::of_parts(&[""]).to_string(), "af64724c8602eb6e");
    }
}
