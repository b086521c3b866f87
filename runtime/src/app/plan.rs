//! The plan: which pools there are, which parts run on which, which topics cross.

use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;

use crossbeam_channel::Receiver;

use crate::app::StartError;
use crate::app::control::Control;
use crate::app::settings::Limits;
use crate::app::shared::{AppShared, Door, TopicPlan};
use crate::bus::lane::{LANE_WORDS_MAX, LaneReader, LaneWriter, lane};
use crate::bus::route::select::ANY_GROUPS_MAX;
use crate::locus::family::Stand;
use crate::locus::main::{MakeCell, Part, Place};
use crate::pool::bell::Bell;
use crate::pool::{POOLS_MAX, PoolId};

/// The pool that every app has: the calling thread of `run`.
pub(crate) const MAIN_POOL: &str = "main";

/// One instance of a part, on its pool.
pub(crate) struct Planned {
    pub(crate) path: String,
    pub(crate) stand: Stand,
    pub(crate) make: MakeCell,
}

/// One pool and what it needs to start.
pub(crate) struct PoolPlan {
    pub(crate) id: PoolId,
    pub(crate) name: String,
    pub(crate) core: Option<usize>,
    /// How long it looks for work before it parks.
    pub(crate) spin_time: Duration,
    pub(crate) parts: Vec<Planned>,
    pub(crate) control: Receiver<Control>,
    pub(crate) lanes_in: Vec<Option<LaneReader>>,
    pub(crate) lanes_out: Vec<Option<LaneWriter>>,
}

/// A part in the order of declaration: where to find it.
#[derive(Clone, Debug)]
pub(crate) struct Address {
    pub(crate) pool: PoolId,
    pub(crate) cell: u32,
    pub(crate) path: String,
}

/// Everything the start needs.
pub(crate) struct Plan {
    pub(crate) app: std::sync::Arc<AppShared>,
    pub(crate) pools: Vec<PoolPlan>,
    /// Parts in declaration order: births go forward, ends backward.
    pub(crate) order: Vec<Address>,
    pub(crate) limits: Limits,
}

impl Plan {
    /// Where everything runs, for `LOCUS_PLACEMENT=1`.
    pub(crate) fn placement(&self) -> String {
        let mut text = String::from("locus: placement\n");
        for pool in &self.pools {
            let core = pool.core.map_or_else(|| "any core".to_owned(), |core| format!("core {core}"));
            let parts: Vec<&str> = pool.parts.iter().map(|part| &*part.path).collect();
            let parts = if parts.is_empty() { "(nothing)".to_owned() } else { parts.join(", ") };
            let _ = writeln!(text, "  {:<16} {core:<9} {parts}", pool.name);
        }
        text
    }
}

/// A pool under construction.
struct Draft {
    name: String,
    core: Option<usize>,
    parts: Vec<Planned>,
}

/// Lays out the parts.
///
/// # Errors
/// When there are more pools than an app may have.
pub(crate) fn plan(name: &'static str, parts: Vec<Part>, limits: Limits) -> Result<Plan, StartError> {
    let mut drafts = vec![Draft { name: MAIN_POOL.to_owned(), core: None, parts: Vec::new() }];
    let mut topics: HashMap<u16, TopicPlan> = HashMap::new();
    let mut order = Vec::new();
    for (part, place_of_part) in parts.iter().zip(0_u32..) {
        let pools = place(&mut drafts, part);
        for (pool, replica) in pools.iter().zip(0_u32..) {
            let is_one_of_several = pools.len() > 1;
            let path = if is_one_of_several {
                format!("{name}/{}[{replica}]", part.name)
            } else {
                format!("{name}/{}", part.name)
            };
            let draft = &mut drafts[*pool];
            let cell = u32::try_from(draft.parts.len()).unwrap_or(u32::MAX);
            let stand =
                Stand { part: place_of_part, replica, replicas: u32::try_from(pools.len()).unwrap_or(1) };
            draft.parts.push(Planned { path: path.clone(), stand, make: part.make.clone() });
            if *pool >= POOLS_MAX {
                return Err(StartError::TooManyPools { pools: drafts.len(), max: POOLS_MAX });
            }
            order.push(Address { pool: PoolId::try_from(*pool).unwrap_or_default(), cell, path });
            for wish in &part.subscribes {
                let id = PoolId::try_from(*pool).unwrap_or_default();
                topics.entry(wish.number).or_default().subscribe(id, stand, wish);
            }
            for topic in &part.publishes {
                topics.entry(*topic).or_default().publishers |= 1 << *pool;
            }
        }
    }
    if let Some(plan) = topics.values().find(|plan| plan.any_groups() > ANY_GROUPS_MAX) {
        return Err(StartError::TooManyShares { subject: plan.subject, max: ANY_GROUPS_MAX });
    }
    Ok(assemble(name, drafts, topics, order, limits))
}

/// Finds or makes the pools of a part, one for each replica.
fn place(drafts: &mut Vec<Draft>, part: &Part) -> Vec<usize> {
    match &part.place {
        Place::Pool(pool) => {
            let known = drafts.iter().position(|draft| draft.name == *pool);
            vec![known.unwrap_or_else(|| {
                drafts.push(Draft { name: pool.clone().into_owned(), core: None, parts: Vec::new() });
                drafts.len() - 1
            })]
        }
        Place::Pinned { core, cores, replicas } => {
            let mut pools = Vec::new();
            for replica in 0..(*replicas).max(1) {
                let name =
                    if *replicas > 1 { format!("{}[{replica}]", part.name) } else { part.name.to_owned() };
                let spread = cores.clone().filter(|cores| !cores.is_empty());
                let core = spread.map(|cores| cores.start + replica % cores.len()).or(*core);
                drafts.push(Draft { name, core, parts: Vec::new() });
                pools.push(drafts.len() - 1);
            }
            pools
        }
    }
}

fn assemble(
    name: &'static str,
    drafts: Vec<Draft>,
    topics: HashMap<u16, TopicPlan>,
    order: Vec<Address>,
    limits: Limits,
) -> Plan {
    let count = drafts.len();
    let mut readers: Vec<Vec<Option<LaneReader>>> =
        (0..count).map(|_| (0..count).map(|_| None).collect()).collect();
    let mut writers: Vec<Vec<Option<LaneWriter>>> =
        (0..count).map(|_| (0..count).map(|_| None).collect()).collect();
    for source in 0..count {
        for destination in (0..count).filter(|destination| *destination != source) {
            let (writer, reader) = lane(LANE_WORDS_MAX);
            writers[source][destination] = Some(writer);
            readers[destination][source] = Some(reader);
        }
    }
    let mut doors = Vec::new();
    let mut pools = Vec::new();
    for (((draft, lanes_in), lanes_out), id) in drafts.into_iter().zip(readers).zip(writers).zip(0..) {
        let (sender, control) = crossbeam_channel::unbounded();
        doors.push(Door {
            name: draft.name.clone(),
            control: sender,
            bell: std::sync::Arc::new(Bell::new()),
        });
        pools.push(PoolPlan {
            id,
            name: draft.name,
            core: draft.core,
            spin_time: Duration::ZERO,
            parts: draft.parts,
            control,
            lanes_in,
            lanes_out,
        });
    }
    Plan { app: AppShared::new(name, doors, topics, limits), pools, order, limits }
}
