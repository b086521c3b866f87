//! What is asked of the ways that lead to a call: who counts as one who decides how often it happens, what on the way ends
//! it, and how far off that may be.
//!
//! What is far from peers, behind many calls or a queue, has mostly turned out to be one at a time, or paced, for reasons
//! that lie between: only what is near to them is likely to be theirs.

/// Calls between what peers drive and what is near to it.
const NEAR_MAX: u32 = 2;

/// What is asked of the ways that lead somewhere.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Asks {
    /// A permit on the way ends it.
    pub(super) permits: bool,
    /// A comparison with a limit on the way ends it, and a clock that a loop waits for.
    pub(super) limits: bool,
    /// Only a limit that all share counts: how many one connection may have at a time says nothing of what outlives it.
    pub(super) shared: bool,
    /// What comes with a clock counts, too.
    pub(super) clocks: bool,
    /// What comes with a new configuration counts, too.
    pub(super) reloads: bool,
    /// How many calls may lie between; then no queue does either.
    pub(super) calls_max: Option<u32>,
}

impl Asks {
    /// Peers, up to the permits and limits on the way.
    pub(crate) const PEERS: Asks =
        Asks { permits: true, limits: true, shared: false, clocks: false, reloads: false, calls_max: None };
    /// Peers who leave something behind: who has a permit says nothing of that, and one more for each new configuration
    /// is too many.
    pub(crate) const LEFT: Asks = Asks { permits: false, reloads: true, ..Asks::PEERS };
    /// Peers or a clock who leave something behind that never ends.
    pub(crate) const FOR_EVER: Asks = Asks { clocks: true, shared: true, ..Asks::LEFT };
    /// Peers who leave something behind that lives as long as the program: what limits how many there are at a time counts
    /// them no more.
    pub(crate) const OUTLIVED: Asks = Asks { limits: false, ..Asks::LEFT };
    /// Peers for whom something is done, however many there are.
    pub(crate) const SERVED: Asks = Asks { permits: false, limits: false, ..Asks::PEERS };
    /// Peers or a clock: neither the start of the program, nor what is asked once for all or told by its operator.
    pub(crate) const UNDER_WAY: Asks = Asks { clocks: true, ..Asks::SERVED };

    /// At most a few calls away, and behind no queue.
    pub(crate) fn near(self) -> Asks {
        Asks { calls_max: Some(NEAR_MAX), ..self }
    }
}
