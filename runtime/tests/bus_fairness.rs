//! Who waits for room gets it in turn: those who have waited longest first, and nobody waits for room that others need.

#![allow(missing_docs, reason = "a test's own messages and loci")]
#![allow(clippy::unwrap_used, reason = "a failed unwrap is a failed test")]

use std::sync::{Arc, Mutex, mpsc};
use std::time::Duration;

use locus::prelude::*;

/// Room for one, so that whoever publishes two waits.
#[topic(bounded = 1)]
#[derive(Clone)]
pub struct Scarce(u64);

/// Has somebody publish more than there is room for, and somebody else one more: after so many hops, or at once, where the
/// room comes back in between.
#[topic]
#[derive(Clone)]
pub struct Race {
    hops: Option<u64>,
}

/// Has all be published from this on.
#[topic]
#[derive(Clone)]
pub struct Early {
    from: u64,
}

#[topic]
#[derive(Clone)]
pub struct Late;

#[topic]
#[derive(Clone)]
pub struct Hop {
    left: u64,
}

#[locus(publishes(Early, Hop, Late, Scarce))]
pub struct Starter {}

#[locus]
impl Starter {
    #[on]
    fn on_race(&mut self, race: &Race, cx: &mut Cx<'_, Self>) {
        if let Some(left) = race.hops {
            cx.publish(Early { from: 0 });
            cx.publish(Hop { left });
        } else {
            cx.publish(Early { from: 1 });
            cx.publish(Scarce(0));
            cx.publish(Late);
        }
    }

    #[on]
    fn on_hop(&mut self, hop: &Hop, cx: &mut Cx<'_, Self>) {
        match hop.left.checked_sub(1) {
            Some(left) => cx.publish(Hop { left }),
            None => cx.publish(Late),
        }
    }
}

#[locus(publishes(Scarce))]
pub struct EarlyBird {}

#[locus]
impl EarlyBird {
    #[on]
    fn on_early(&mut self, early: &Early, cx: &mut Cx<'_, Self>) {
        (early.from..3).for_each(|n| cx.publish(Scarce(n)));
    }
}

#[locus(publishes(Scarce))]
pub struct LateBird {}

#[locus]
impl LateBird {
    #[on]
    fn on_late(&mut self, _late: &Late, cx: &mut Cx<'_, Self>) {
        cx.publish(Scarce(3));
    }
}

#[locus]
pub struct Taker {
    taken: mpsc::Sender<u64>,
}

#[locus]
impl Taker {
    #[on]
    fn on_scarce(&mut self, scarce: &Scarce) {
        self.taken.send(scarce.0).unwrap();
    }
}

#[locus(main)]
pub struct TakenHere {
    #[place(pool = "a")]
    starter: Starter,
    #[place(pool = "a")]
    early: EarlyBird,
    #[place(pool = "a")]
    late: LateBird,
    #[place(pool = "a")]
    taker: Taker,
}

#[locus(main)]
pub struct TakenThere {
    #[place(pool = "a")]
    starter: Starter,
    #[place(pool = "a")]
    early: EarlyBird,
    #[place(pool = "a")]
    late: LateBird,
    #[place(pool = "b")]
    taker: Taker,
}

#[locus(main)]
pub struct TakenEverywhere {
    #[place(pool = "a")]
    starter: Starter,
    #[place(pool = "a")]
    early: EarlyBird,
    #[place(pool = "a")]
    late: LateBird,
    #[place(pool = "a")]
    taker: Taker,
    #[place(pool = "b")]
    other: Taker,
}

/// Has both publish, the later one at different moments, and checks in which order each taker took what they did.
fn race(app: &locus::App, takers: &[mpsc::Receiver<u64>]) {
    for round in 0..400_u64 {
        let hops = (round % 20).checked_sub(1);
        app.topic::<Race>().publish_blocking(Race { hops }).unwrap();
        for taker in takers {
            let taken: Vec<u64> = taker.iter().take(4).collect();
            assert_eq!(taken, [0, 1, 2, 3], "round {round}");
        }
    }
}

#[test]
fn room_goes_to_who_has_waited_longest() {
    let (starter, early, late) = (|| Starter {}, || EarlyBird {}, || LateBird {});
    let (taken, takes) = mpsc::channel();
    let taker = move || Taker { taken: taken.clone() };
    let here = taker.clone();
    let app =
        locus::start(move || TakenHere { starter: starter(), early: early(), late: late(), taker: here() });
    race(&app.unwrap(), std::slice::from_ref(&takes));

    let there = taker.clone();
    let app =
        locus::start(move || TakenThere { starter: starter(), early: early(), late: late(), taker: there() });
    race(&app.unwrap(), std::slice::from_ref(&takes));

    let (taken, others) = mpsc::channel();
    let other = move || Taker { taken: taken.clone() };
    let app = locus::start(move || TakenEverywhere {
        starter: starter(),
        early: early(),
        late: late(),
        taker: taker(),
        other: other(),
    });
    race(&app.unwrap(), &[takes, others]);
}

/// Room for one at the pool that takes it.
#[topic(key = to, bounded = 1)]
#[derive(Clone)]
pub struct Routed {
    to: u32,
    n: u64,
}

#[topic]
#[derive(Clone)]
pub struct Flood;

#[topic]
#[derive(Clone)]
pub struct Aside;

#[locus(publishes(Routed))]
pub struct Flooder {}

#[locus]
impl Flooder {
    #[on]
    fn on_flood(&mut self, _flood: &Flood, cx: &mut Cx<'_, Self>) {
        (0..3).for_each(|n| cx.publish(Routed { to: 1, n }));
    }
}

#[locus(publishes(Routed))]
pub struct Bystander {}

#[locus]
impl Bystander {
    #[on]
    fn on_aside(&mut self, _aside: &Aside, cx: &mut Cx<'_, Self>) {
        cx.publish(Routed { to: 2, n: 0 });
    }
}

/// Takes what is meant for it, each once it is let.
#[locus]
pub struct Gated {
    me: u32,
    gate: Arc<Mutex<mpsc::Receiver<()>>>,
    taken: mpsc::Sender<(u32, u64)>,
}

#[locus]
impl Gated {
    #[on(key = self.me)]
    fn on_routed(&mut self, routed: &Routed) {
        self.gate.lock().unwrap().recv().unwrap();
        self.taken.send((routed.to, routed.n)).unwrap();
    }
}

#[locus(main)]
pub struct Apart {
    #[place(pool = "a")]
    flooder: Flooder,
    #[place(pool = "a")]
    bystander: Bystander,
    #[place(pool = "b")]
    slow: Gated,
    #[place(pool = "c")]
    quick: Gated,
}

#[test]
fn who_waits_for_one_pool_holds_up_nobody_who_publishes_to_another() {
    let (taken, takes) = mpsc::channel();
    let ((let_slow, slow), (let_quick, quick)) = (mpsc::channel(), mpsc::channel());
    let gates = [slow, quick].map(|gate| Arc::new(Mutex::new(gate)));
    let gated = move |me, gate: &Arc<_>| Gated { me, gate: Arc::clone(gate), taken: taken.clone() };
    let app = locus::start(move || Apart {
        flooder: Flooder {},
        bystander: Bystander {},
        slow: gated(1, &gates[0]),
        quick: gated(2, &gates[1]),
    })
    .unwrap();
    let_quick.send(()).unwrap();
    app.topic::<Flood>().publish_blocking(Flood).unwrap();
    app.topic::<Aside>().publish_blocking(Aside).unwrap();
    let first = takes.recv_timeout(Duration::from_secs(4));
    (0..3).for_each(|_| let_slow.send(()).unwrap());
    drop(app);
    assert_eq!(first, Ok((2, 0)), "while the other pool takes nothing");
    assert_eq!(takes.try_iter().collect::<Vec<_>>(), [(1, 0), (1, 1), (1, 2)]);
}
