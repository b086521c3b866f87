//! Rounds: every contestant once per round, starting with another one each time; then medians and ratios.

use super::row::Comparison;
use super::{Contestant, Peer, Row, Shape, Target, Work, release};

/// How often a shape is run.
#[derive(Clone, Copy, Debug)]
pub struct Rounds(usize);

impl Rounds {
    /// # Panics
    /// When `rounds` is zero: there is no median of nothing.
    #[must_use]
    pub fn new(rounds: usize) -> Self {
        assert!(rounds > 0, "at least one round is needed");
        Self(rounds)
    }
}

/// What every contestant of a shape came to, round by round; ours is the first. Nothing for one that could not run.
#[derive(Debug)]
pub struct Outcome {
    shape: Shape,
    values: Vec<Result<Vec<f64>, String>>,
}

/// Runs all rounds of `shape`.
///
/// # Panics
/// When a contestant did not deliver exactly what was sent.
#[must_use]
pub fn run(shape: Shape, rounds: Rounds, work: Work) -> Outcome {
    let contestants: Vec<Contestant> =
        std::iter::once(shape.ours).chain(shape.peers.iter().map(|peer| peer.contestant)).collect();
    let mut values: Vec<_> =
        contestants.iter().map(|contestant| (contestant.lacks)().map_or(Ok(Vec::new()), Err)).collect();
    for round in 0..rounds.0 {
        for place in 0..contestants.len() {
            let index = (round + place) % contestants.len();
            let contestant = contestants[index];
            if let Ok(values) = &mut values[index] {
                release();
                values.push((contestant.run)(work).value(contestant.name));
            }
        }
    }
    Outcome { shape, values }
}

impl Outcome {
    /// One row per peer.
    ///
    /// # Panics
    /// When ours could not run: it needs nothing that a machine may lack.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let ours = self.values[0].as_ref().expect("ours needs nothing but this program");
        let row = |(peer, values): (&Peer, &Result<Vec<f64>, String>)| Row {
            shape: self.shape.name,
            unit: self.shape.unit,
            ours: median(ours),
            reference: peer.contestant.name,
            comparison: match values {
                Ok(reference) => compare(ours, reference, peer.target),
                Err(lacks) => Comparison::NotRun(lacks.clone()),
            },
            target: peer.target.to_string(),
        };
        self.shape.peers.iter().zip(&self.values[1..]).map(row).collect()
    }
}

/// The ratio is the median of the ratios of each round, not the ratio of the medians: a round is short enough to fall
/// into one speed regime of the machine, and a regime scales both sides.
fn compare(ours: &[f64], reference: &[f64], target: Target) -> Comparison {
    let ratios: Vec<_> = ours.iter().zip(reference).map(|(o, r)| target.ratio(*o, *r)).collect();
    let ratio = median(&ratios);
    Comparison::Ran { reference_value: median(reference), ratio, pass: target.is_met(ratio) }
}

/// The middle value; of an even count, the mean of the two in the middle.
///
/// # Panics
/// Without a value.
#[must_use]
pub fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use super::{compare, median};
    use crate::harness::{Comparison, Target};

    fn ratio(comparison: &Comparison) -> f64 {
        match comparison {
            Comparison::Ran { ratio, .. } => *ratio,
            Comparison::NotRun(lacks) => panic!("{lacks}"),
        }
    }

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[9.0, 1.0, 4.0]), 4.0);
        assert_eq!(median(&[9.0, 1.0, 4.0, 6.0]), 5.0);
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        // One slow regime hits both sides of the second round: the ratio is 10 throughout.
        assert_eq!(ratio(&compare(&[1.0, 4.0], &[10.0, 40.0], Target::AtLeast(10.0))), 10.0);
        assert_eq!(ratio(&compare(&[2.0, 8.0], &[1.0, 4.0], Target::AtMost(1.8))), 2.0);
    }
}
