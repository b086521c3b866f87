//! Who waits for whom: which loci wait for room for a message, and which hold the credits they wait for.
//!
//! A wait that only time ends is no failure, however long. Where everybody who holds the credits of a message waits
//! too, and so on in a circle, nobody ever goes on. Pools with a locus that has waited long write down what they know on
//! a board that all share, and read it together.
//!
//! What is on the board was true at different moments. A circle counts only when it is seen a second time, after each
//! of its pools has written anew, with nobody in it having gone on in between: then all its waits held at once.
//!
//! It does not end the circle: that is done by the pool of the member it names.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::time::Instant;

use crate::locus::cell::CellId;
use crate::pool::PoolId;

/// A locus, wherever it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Member {
    pub(crate) pool: PoolId,
    pub(crate) cell: CellId,
}

/// A locus that waits for room for its oldest message.
#[derive(Clone, Debug)]
pub(crate) struct Waiting {
    pub(crate) member: Member,
    pub(crate) path: Arc<str>,
    /// Since when nothing of it went on.
    pub(crate) since: Instant,
    pub(crate) topic: u16,
    pub(crate) subject: &'static str,
    pub(crate) bound: u32,
    /// The pools without room, one bit each.
    pub(crate) pools: u64,
}

/// A locus that keeps messages of a topic from a pool, and so their credits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) struct Holding {
    pub(crate) topic: u16,
    pub(crate) source: PoolId,
    pub(crate) holder: Member,
    /// Whether they may go although the locus waits: its `run` takes them, or calls beside it do when one ends that is under
    /// way, and those do not wait for it.
    pub(crate) moves: bool,
}

/// What one pool wrote.
#[derive(Clone, Debug, Default)]
struct Section {
    version: u64,
    waiting: Vec<Waiting>,
    holding: Vec<Holding>,
}

/// A circle that was seen once.
#[derive(Debug)]
struct Suspect {
    members: Vec<(Member, Instant)>,
    /// By pool, the version that had to be written anew.
    versions: Vec<u64>,
}

/// What the pools of one app know of each other's waits.
#[derive(Debug, Default)]
pub(crate) struct Board {
    sections: Vec<Section>,
    suspect: Option<Suspect>,
}

impl Board {
    /// Writes down what a pool knows now, in place of what it wrote before.
    pub(crate) fn write(&mut self, pool: PoolId, waiting: Vec<Waiting>, holding: Vec<Holding>) {
        let index = usize::from(pool);
        if self.sections.len() <= index {
            self.sections.resize_with(index + 1, Section::default);
        }
        let version = self.sections[index].version + 1;
        self.sections[index] = Section { version, waiting, holding };
    }

    /// A circle of waits that is certain, in order, each waiting for the next.
    pub(crate) fn find_circle(&mut self) -> Option<Vec<Waiting>> {
        let circle = self.circle();
        let Some(circle) = circle else {
            self.suspect = None;
            return None;
        };
        let members: Vec<(Member, Instant)> = circle.iter().map(|one| (one.member, one.since)).collect();
        let known = self.suspect.as_ref().filter(|suspect| suspect.members == members);
        let Some(known) = known else {
            let versions = self.sections.iter().map(|section| section.version).collect();
            self.suspect = Some(Suspect { members, versions });
            return None;
        };
        let is_anew = |(member, _): &(Member, Instant)| {
            let pool = usize::from(member.pool);
            self.sections[pool].version > known.versions.get(pool).copied().unwrap_or(u64::MAX)
        };
        let is_certain = members.iter().all(is_anew);
        is_certain.then_some(circle)
    }

    /// Those who hold the credits of `topic` from `source` at `pool`.
    fn holders(&self, pool: PoolId, topic: u16, source: PoolId) -> impl Iterator<Item = &Holding> {
        let section = self.sections.get(usize::from(pool));
        let all = section.map(|section| section.holding.iter()).into_iter().flatten();
        all.filter(move |held| held.topic == topic && held.source == source)
    }

    /// Those for whom a locus waits in vain, if nobody in `stuck` ever goes on: at one of the pools without room, all
    /// who hold the credits. Empty where somebody else may give one back.
    fn blockers(&self, one: &Waiting, stuck: &HashSet<Member>) -> Vec<Member> {
        let pools = (0..64).filter(|pool| one.pools & 1 << pool != 0);
        let at = |pool: PoolId| self.holders(pool, one.topic, one.member.pool).collect::<Vec<&Holding>>();
        let in_vain = |held: &&Holding| !held.moves && stuck.contains(&held.holder);
        let mut all = pools.map(at).filter(|holders| holders.iter().all(in_vain));
        let holders = all.find(|holders| !holders.is_empty()).unwrap_or_default();
        holders.into_iter().map(|held| held.holder).collect()
    }

    /// A circle among those who wait in vain.
    fn circle(&self) -> Option<Vec<Waiting>> {
        let waiting: HashMap<Member, &Waiting> = self
            .sections
            .iter()
            .flat_map(|section| section.waiting.iter().map(|one| (one.member, one)))
            .collect();
        let mut stuck: HashSet<Member> = waiting.keys().copied().collect();
        // Each round takes out those whose wait may end, until there are none.
        loop {
            let before = stuck.len();
            let in_vain = |member: &Member| !self.blockers(waiting[member], &stuck).is_empty();
            stuck = stuck.iter().copied().filter(in_vain).collect();
            if stuck.len() == before {
                break;
            }
        }
        // Any way through them comes back to itself; the lowest numbers make it the same way each time.
        let mut at = *stuck.iter().min()?;
        let mut way: Vec<Member> = Vec::new();
        while !way.contains(&at) {
            way.push(at);
            at = self.blockers(waiting[&at], &stuck).into_iter().min()?;
        }
        let start = way.iter().position(|member| *member == at)?;
        Some(way[start..].iter().map(|member| waiting[member].clone()).collect())
    }
}

/// What a circle of waits is called in reports.
pub(crate) fn describe(circle: &[Waiting]) -> String {
    let next = circle.iter().cycle().skip(1);
    let one = |(one, next): (&Waiting, &Waiting)| {
        let Waiting { path, subject, bound, .. } = one;
        format!("{path} waits for room for `{subject}` (bound {bound}), which {} holds", next.path)
    };
    circle.iter().zip(next).map(one).collect::<Vec<String>>().join("; ")
}

#[cfg(test)]
mod tests;
