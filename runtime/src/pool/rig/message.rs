//! The rig's topics: one message type in sixteen kinds, one for each policy and bound.

use std::any::TypeId;
use std::hash::{Hash, Hasher};

use crate::bus::publish::{PublishedBy, Publisher};
use crate::bus::subscribe::straight::SinkCell;
use crate::bus::topic::{Full, OnFull, Topic, TopicNumber, TopicSpec};
use crate::pool::rig::ledger::{self, Sent};
use crate::pool::rig::node::Node;
use crate::pool::rig::shared::Alive;

/// How many kinds of topics there are.
pub(super) const KINDS: usize = 16;

/// The kinds whose subscriptions are made so that they are called at the publish itself; the second names its sink.
pub(super) const STRAIGHT: [usize; 2] = [12, 13];

/// The kinds that limit what one subscription may hold, and so lose messages of slow ones.
const PER_LOCUS: [(usize, u32, OnFull); 2] = [(14, 2, OnFull::DropNew), (15, 2, OnFull::DropOld)];

/// Policy, bound and whether messages have keys, by kind.
const SPECS: [(OnFull, u32, bool); KINDS] = [
    (OnFull::Block, 1, false),
    (OnFull::Block, 2, false),
    (OnFull::Block, 5, false),
    (OnFull::Block, 1, true),
    (OnFull::Block, 3, true),
    (OnFull::Block, 8, true),
    (OnFull::DropNew, 2, false),
    (OnFull::DropNew, 4, true),
    (OnFull::Fail, 1, false),
    (OnFull::Fail, 6, true),
    (OnFull::DropOld, 2, false),
    (OnFull::DropOld, 7, true),
    (OnFull::Block, 2, false),
    (OnFull::Block, 3, true),
    (OnFull::Block, 6, false),
    (OnFull::Block, 5, true),
];

const SUBJECTS: [&str; KINDS] = [
    "rig.0", "rig.1", "rig.2", "rig.3", "rig.4", "rig.5", "rig.6", "rig.7", "rig.8", "rig.9", "rig.10",
    "rig.11", "rig.12", "rig.13", "rig.14", "rig.15",
];

static NUMBERS: [TopicNumber; KINDS] = [const { TopicNumber::new() }; KINDS];

/// The policy of a kind.
pub(super) fn policy(kind: usize) -> OnFull {
    SPECS[kind].0
}

/// The bound of a kind.
pub(super) fn bound(kind: usize) -> u32 {
    SPECS[kind].1
}

/// How many messages one subscription of a kind may hold, and what goes over that.
pub(super) const fn per_locus(kind: usize) -> Option<(u32, OnFull)> {
    let mut index = 0;
    while index < PER_LOCUS.len() {
        if PER_LOCUS[index].0 == kind {
            return Some((PER_LOCUS[index].1, PER_LOCUS[index].2));
        }
        index += 1;
    }
    None
}

/// Whether messages of a kind have keys.
pub(super) fn is_keyed(kind: usize) -> bool {
    SPECS[kind].2
}

/// One message; what it owns on the heap lets miri see a message that is lost, or dropped twice.
pub(super) struct Message<const K: usize> {
    pub(super) number: Box<u64>,
    pub(super) publisher: u32,
    pub(super) key: u8,
    _alive: Alive,
}

impl<const K: usize> Message<K> {
    pub(super) fn new(number: u64, publisher: u32, key: u8) -> Self {
        Self { number: Box::new(number), publisher, key, _alive: Alive::new() }
    }

    /// What the ledger knows it by.
    pub(super) fn sent(&self) -> Sent {
        Sent { number: *self.number, publisher: self.publisher, kind: K, key: self.key }
    }
}

impl<const K: usize> Topic for Message<K> {
    type Key = u8;
    type Reply = crate::bus::topic::NoReply;
    type Promise = ();
    type Sent = Result<(), Full<Self>>;
    const SPEC: TopicSpec = TopicSpec {
        subject: SUBJECTS[K],
        keyed: SPECS[K].2,
        bound: Some(SPECS[K].1),
        on_full: SPECS[K].0,
        per_locus: match per_locus(K) {
            Some((most, _)) => Some(most),
            None => None,
        },
        on_slow: match per_locus(K) {
            Some((_, on_slow)) => on_slow,
            None => OnFull::DropNew,
        },
        single: false,
    };
    const HAS_SINK: bool = K == STRAIGHT[1];

    fn sink() -> Option<TypeId> {
        Self::HAS_SINK.then(TypeId::of::<Node<false>>)
    }

    fn call_sink(&self, sink: SinkCell<'_>) -> bool {
        sink.call::<Node<false>, Self>(self)
    }

    fn number() -> &'static TopicNumber {
        &NUMBERS[K]
    }

    fn hash_key<H: Hasher>(&self, state: &mut H) {
        ledger::user_code("a hash");
        self.key.hash(state);
    }

    fn is_key(&self, key: &u8) -> bool {
        self.key == *key
    }

    fn key(&self) -> u8 {
        self.key
    }

    fn duplicate(&self) -> Self {
        ledger::user_code("a clone");
        Self::new(*self.number, self.publisher, self.key)
    }

    fn sent(result: Result<(), Full<Self>>) -> Self::Sent {
        result
    }
}

impl<const K: usize, const A: bool> PublishedBy<Node<A>> for Message<K> {
    type Sent = Result<(), Full<Self>>;

    fn __send(self, to: &mut Publisher<'_>) -> Self::Sent {
        to.send(self)
    }
}

/// Evaluates an expression in which the constant `$k` is the number `$kind`; what is no kind has nothing.
macro_rules! by_kind {
    ($kind:expr, $k:ident => $body:expr) => {
        by_kind!($kind, $k => $body; 0 1 2 3 4 5 6 7 8 9 10 11 12 13 14 15)
    };
    ($kind:expr, $k:ident => $body:expr; $($n:literal)*) => {
        match $kind {
            $($n => {
                const $k: usize = $n;
                $body
            })*
            other => unreachable!("there is no kind {other}"),
        }
    };
}
pub(super) use by_kind;
