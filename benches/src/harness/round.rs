//! Rounds: every contestant once per round, starting with another one each time; then medians and ratios.

use super::{Row, Shape, Target, Work, release};

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

/// The nanoseconds per message of every contestant of a shape, round by round; ours is the first.
#[derive(Debug)]
pub struct Outcome {
    shape: Shape,
    nanoseconds: Vec<Vec<f64>>,
}

/// Runs all rounds of `shape`.
///
/// # Panics
/// When a contestant did not deliver exactly what was sent.
#[must_use]
pub fn run(shape: Shape, rounds: Rounds, work: Work) -> Outcome {
    let contestants: Vec<_> =
        std::iter::once(shape.ours).chain(shape.peers.iter().map(|peer| peer.contestant)).collect();
    let mut nanoseconds = vec![Vec::new(); contestants.len()];
    for round in 0..rounds.0 {
        for place in 0..contestants.len() {
            let index = (round + place) % contestants.len();
            let contestant = contestants[index];
            release();
            let measured = (contestant.run)(work);
            nanoseconds[index].push(measured.nanoseconds_per_message(contestant.name));
        }
    }
    Outcome { shape, nanoseconds }
}

impl Outcome {
    /// One row per peer.
    #[must_use]
    pub fn rows(&self) -> Vec<Row> {
        let ours = &self.nanoseconds[0];
        self.shape
            .peers
            .iter()
            .zip(&self.nanoseconds[1..])
            .map(|(peer, reference)| Row {
                shape: self.shape.name,
                unit: "ns/message",
                ours: median(ours),
                reference: peer.contestant.name,
                reference_value: median(reference),
                ratio: median_ratio(ours, reference, peer.target),
                target: peer.target.to_string(),
                pass: peer.target.is_met(median_ratio(ours, reference, peer.target)),
            })
            .collect()
    }
}

/// The median of the ratios of each round, not the ratio of the medians: a round is short enough to fall into
/// one speed regime of the machine, and a regime scales both sides.
fn median_ratio(ours: &[f64], reference: &[f64], target: Target) -> f64 {
    let ratios: Vec<_> = ours.iter().zip(reference).map(|(o, r)| target.ratio(*o, *r)).collect();
    median(&ratios)
}

/// The middle value; of an even count, the mean of the two in the middle.
fn median(values: &[f64]) -> f64 {
    let mut sorted = values.to_vec();
    sorted.sort_by(f64::total_cmp);
    let middle = sorted.len() / 2;
    if sorted.len().is_multiple_of(2) { (sorted[middle - 1] + sorted[middle]) / 2.0 } else { sorted[middle] }
}

#[cfg(test)]
mod tests {
    use super::{median, median_ratio};
    use crate::harness::Target;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(median(&[9.0, 1.0, 4.0]), 4.0);
        assert_eq!(median(&[9.0, 1.0, 4.0, 6.0]), 5.0);
    }

    #[test]
    fn ratios_are_made_within_a_round() {
        // One slow regime hits both sides of the second round: the ratio is 10 throughout.
        assert_eq!(median_ratio(&[1.0, 4.0], &[10.0, 40.0], Target::AtLeast(10.0)), 10.0);
        assert_eq!(median_ratio(&[2.0, 8.0], &[1.0, 4.0], Target::AtMost(1.8)), 2.0);
    }
}
