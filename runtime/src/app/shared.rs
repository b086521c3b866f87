//! What all threads of one app share. Written at the start; read on cold paths only.

use std::any::TypeId;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError, Weak};

use crossbeam_channel::Sender;
use tokio::runtime::Handle;
use tokio::sync::watch;

use crate::app::control::{Control, Tell};
use crate::app::settings::Limits;
use crate::bus::credit::{CreditIn, CreditOut, credit};
use crate::bus::gate::{AnyGate, Gate, TopicHandle};
use crate::bus::route::Route;
use crate::bus::route::select::{Share, Wants};
use crate::bus::topic::Topic;
use crate::locus::describe::{Which, Wish};
use crate::locus::family::Stand;
use crate::pool::PoolId;
use crate::pool::bell::Bell;
use crate::pool::core::Core;
use crate::pool::wait::Board;
use crate::watch::ResidencyMode;

/// How to reach a pool.
pub(crate) struct Door {
    pub(crate) name: String,
    /// Unbounded, because control must never wait; each subscription, question or phase puts a few messages in.
    pub(crate) control: Sender<Control>,
    pub(crate) bell: Arc<Bell>,
}

/// Which pools touch a topic, one bit each.
#[derive(Clone, Debug, Default)]
pub(crate) struct TopicPlan {
    pub(crate) subscribers: u64,
    pub(crate) publishers: u64,
    /// Subscribers to every message.
    pub(crate) all: u64,
    /// Subscribers to what no keyed subscription takes.
    pub(crate) unmatched: u64,
    /// Subscribers to keys.
    pub(crate) keyed: u64,
    /// Subscriptions that the replicas of a part divide among themselves, and whose they are.
    pub(crate) shares: Vec<(Sharer, Share)>,
    pub(crate) subject: &'static str,
}

/// A subscription of a part: the part's place among all, the type of the locus, and the handler's place in it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Sharer {
    pub(crate) part: u32,
    pub(crate) locus: TypeId,
    pub(crate) handler: usize,
}

impl TopicPlan {
    /// Notes a subscription on a pool.
    pub(crate) fn subscribe(&mut self, pool: PoolId, stand: Stand, wish: &Wish) {
        let bit = 1 << pool;
        self.subject = wish.subject;
        self.subscribers |= bit;
        let is_any = wish.which == Which::Any;
        match wish.which {
            Which::Key | Which::Keys { .. } => self.keyed |= bit,
            Which::Unmatched => self.unmatched |= bit,
            Which::Shard | Which::Any if stand.replicas > 1 && (is_any || wish.is_keyed) => {
                let sharer = Sharer { part: stand.part, locus: wish.locus, handler: wish.handler };
                match self.shares.iter_mut().find(|(other, _)| *other == sharer) {
                    Some((_, share)) => share.pools.push(pool),
                    None => self.shares.push((sharer, Share { pools: vec![pool], is_any })),
                }
            }
            _ => self.all |= bit,
        }
    }

    /// How many `any` subscriptions there are.
    pub(crate) fn any_groups(&self) -> usize {
        self.shares.iter().filter(|(_, share)| share.is_any).count()
    }

    fn wants(&self, pool: PoolId) -> Wants {
        let has = |mask: u64| mask & 1 << pool != 0;
        let is_shard = |(_, share): &(Sharer, Share)| !share.is_any && share.pools.contains(&pool);
        Wants {
            all: has(self.all),
            unmatched: has(self.unmatched),
            any_alone: !has(self.all | self.unmatched | self.keyed) && !self.shares.iter().any(is_shard),
        }
    }
}

/// Source pool, destination pool and topic of a credit count.
type CreditKey = (PoolId, PoolId, u16);

/// The two ends of the credit counts until their pools fetch them.
#[derive(Default)]
struct Credits {
    outs: HashMap<CreditKey, CreditOut>,
    ins: HashMap<CreditKey, CreditIn>,
}

pub(crate) struct AppShared {
    pub(crate) id: u32,
    pub(crate) name: &'static str,
    pub(crate) pools: Vec<Door>,
    topics: HashMap<u16, TopicPlan>,
    pub(crate) draining: watch::Sender<bool>,
    /// The control thread's runtime, for those who have to wait for a time and have none.
    pub(crate) clock: OnceLock<Handle>,
    pub(crate) log_drops: bool,
    /// Whether `LOCUS_POOL_RESIDENCY` wants to know how long activations take.
    pub(crate) times_activations: bool,
    pub(crate) limits: Limits,
    /// Who waits for whom, once somebody has waited long.
    pub(crate) waits: Mutex<Board>,
    credits: Mutex<Credits>,
    gates: Mutex<HashMap<TypeId, Arc<dyn AnyGate>>>,
}

static APPS: Mutex<Vec<Weak<AppShared>>> = Mutex::new(Vec::new());
static APP_IDS: AtomicU32 = AtomicU32::new(1);

/// The app with this number, while it lives.
pub(crate) fn find(id: u32) -> Option<Arc<AppShared>> {
    let apps = APPS.lock().unwrap_or_else(PoisonError::into_inner);
    apps.iter().filter_map(Weak::upgrade).find(|app| app.id == id)
}

impl AppShared {
    pub(crate) fn new(
        name: &'static str,
        pools: Vec<Door>,
        topics: HashMap<u16, TopicPlan>,
        limits: Limits,
    ) -> Arc<Self> {
        let app = Arc::new(Self {
            id: APP_IDS.fetch_add(1, Ordering::Relaxed),
            name,
            pools,
            topics,
            draining: watch::Sender::new(false),
            clock: OnceLock::new(),
            log_drops: std::env::var_os("LOCUS_BUS_LOG_DROP").is_some_and(|value| value == "1"),
            times_activations: ResidencyMode::of_pools_from_env()
                .is_ok_and(|mode| mode != ResidencyMode::Off),
            limits,
            waits: Mutex::default(),
            credits: Mutex::default(),
            gates: Mutex::default(),
        });
        let mut apps = APPS.lock().unwrap_or_else(PoisonError::into_inner);
        apps.retain(|app| app.strong_count() > 0);
        apps.push(Arc::downgrade(&app));
        app
    }

    pub(crate) fn pool_ids(&self) -> impl Iterator<Item = PoolId> + use<> {
        0..PoolId::try_from(self.pools.len()).unwrap_or_default()
    }

    /// The path of a pool in reports.
    pub(crate) fn pool_path(&self, pool: PoolId) -> String {
        format!("{}:{}", self.name, self.pools[usize::from(pool)].name)
    }

    /// Wakes a pool if it has parked.
    pub(crate) fn ring(&self, pool: PoolId) {
        self.pools[usize::from(pool)].bell.ring();
    }

    /// As [`ring`](Self::ring), for a caller that has issued the fence after its work.
    pub(crate) fn ring_behind_fence(&self, pool: PoolId) {
        self.pools[usize::from(pool)].bell.ring_behind_fence();
    }

    /// Has something done on a pool's thread.
    pub(crate) fn tell(&self, pool: PoolId, tell: Tell) {
        self.control(pool, Control::Tell(tell));
    }

    pub(crate) fn control(&self, pool: PoolId, control: Control) {
        // An error means that the pool has ended: there is nothing left to do it for.
        if self.pools[usize::from(pool)].control.send(control).is_ok() {
            self.ring(pool);
        }
    }

    /// Which of the `any` subscriptions of a topic is that of this handler.
    pub(crate) fn any_group(&self, topic: u16, sharer: Sharer) -> Option<u8> {
        let mut any = self.topics.get(&topic)?.shares.iter().filter(|(_, share)| share.is_any);
        u8::try_from(any.position(|(other, _)| *other == sharer)?).ok()
    }

    /// The pool that publishes a topic for the outside: one that subscribes to it, or the first.
    fn home(&self, topic: u16) -> PoolId {
        let subscribers = self.topics.get(&topic).map_or(0, |plan| plan.subscribers);
        if subscribers == 0 { 0 } else { PoolId::try_from(subscribers.trailing_zeros()).unwrap_or_default() }
    }

    /// The pools on which a topic may be published, one bit each.
    pub(crate) fn pools_that_publish(&self, topic: u16) -> u64 {
        self.topics.get(&topic).map_or(0, |plan| plan.publishers) | 1 << self.home(topic)
    }

    /// Gives a pool's new route its credits, to the pools it publishes to and from those that publish to it.
    pub(crate) fn connect<T: Topic>(&self, core: &Core, route: &Route<T>) {
        let (pool, topic) = (core.id, route.number);
        let Some(plan) = self.topics.get(&topic) else { return };
        let publishers = self.pools_that_publish(topic);
        let mut credits = self.credits.lock().unwrap_or_else(PoisonError::into_inner);
        for other in self.pool_ids().filter(|other| *other != pool) {
            if publishers & 1 << pool != 0 && plan.subscribers & 1 << other != 0 {
                let credit = credits.take_out((pool, other, topic), route.bound());
                route.add_remote(core, other, credit, plan.wants(other));
            }
            if plan.subscribers & 1 << pool != 0 && publishers & 1 << other != 0 {
                route.add_source(other, credits.take_in((other, pool, topic), route.bound()));
            }
        }
        drop(credits);
        if plan.subscribers & 1 << pool != 0 {
            route.note_own_wants(plan.wants(pool));
        }
        plan.shares.iter().for_each(|(_, share)| route.add_share(share.clone()));
    }

    /// A handle to a topic, whose gate is made at the first.
    pub(crate) fn handle<T: Topic>(self: &Arc<Self>) -> TopicHandle<T> {
        let mut gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        let known = gates.get(&TypeId::of::<T>()).map(|gate| Arc::clone(gate).as_any());
        let gate = match known.and_then(|gate| gate.downcast::<Gate<T>>().ok()) {
            Some(gate) => gate,
            None => {
                let home = self.home(T::number().get());
                let (gate, ingress) = Gate::<T>::new(home);
                if *self.draining.borrow() {
                    gate.close();
                }
                gates.insert(TypeId::of::<T>(), Arc::clone(&gate) as Arc<dyn AnyGate>);
                self.tell(home, Box::new(move |core| core.ingresses.borrow_mut().push(ingress)));
                gate
            }
        };
        TopicHandle::new(gate, Arc::clone(self))
    }

    /// The drain begins: nothing more comes in through the gates, and every `run` is told.
    pub(crate) fn close_gates(&self) {
        let gates = self.gates.lock().unwrap_or_else(PoisonError::into_inner);
        self.draining.send_replace(true);
        gates.values().for_each(|gate| gate.close());
    }
}

impl Credits {
    fn take_out(&mut self, key: CreditKey, bound: u32) -> CreditOut {
        self.outs.remove(&key).unwrap_or_else(|| {
            let (out, back) = credit(bound);
            self.ins.insert(key, back);
            out
        })
    }

    fn take_in(&mut self, key: CreditKey, bound: u32) -> CreditIn {
        self.ins.remove(&key).unwrap_or_else(|| {
            let (out, back) = credit(bound);
            self.outs.insert(key, out);
            back
        })
    }
}
