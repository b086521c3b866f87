//! Children: which a locus may have, how it spawns, ends and visits them.
//!
//! A child is staged like a message: it is born after the activation that spawned it has succeeded, and never if that
//! failed. It lives on its parent's pool and ends before its parent.

use std::any::{Any, TypeId};
use std::fmt;
use std::marker::PhantomData;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::sync::Arc;

use crate::locus::any_cell::AnyCell;
use crate::locus::cell::{CellHead, CellId, LocusCell, State};
use crate::locus::context::Cx;
use crate::locus::describe::{Describe, Locus, Outcome, Traits, Wish};
use crate::locus::family::{CallAccept, CallRelease, ChildType, Family, Tally};
use crate::locus::stock::{AnyStock, Stock};
use crate::pool::core::Core;

/// When a child is reclaimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// When its `run` returns or it terminates.
    Flow,
    /// When its parent dissolves, unless it terminates.
    Resident,
}

/// `Self` is named in the `children(..)` of the locus `L`. Implemented by `#[locus]`.
#[diagnostic::on_unimplemented(
    message = "`{L}` does not declare that it has `{Self}` as a child",
    label = "not in `children(..)` of `{L}`",
    note = "add it where the struct is declared: `#[locus(children({Self} = flow, max = 4096))]`"
)]
pub trait ChildOf<L: ?Sized>: Locus {
    /// When it is reclaimed.
    const KIND: ChildKind;
    /// How many of them one parent may have.
    const MAX: u32;
}

/// A locus with the short form `children(max = N)`. Implemented by `#[locus]`.
pub trait ChildrenMax: Sized + 'static {
    /// How many children of each type it may have.
    const MAX: u32;
}

/// A locus with a `release` hook for children of type `C`. Implemented by `#[locus]`.
pub trait Releases<C>: Locus {}

#[diagnostic::do_not_recommend]
impl<L: ChildrenMax + Releases<C>, C: Locus> ChildOf<L> for C {
    const KIND: ChildKind = ChildKind::Flow;
    const MAX: u32 = L::MAX;
}

/// Names one child, to terminate it or to tell its path. It goes stale when the child ends, and never names another.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChildId(pub(crate) CellId);

/// Why a child was not spawned; it comes back.
#[non_exhaustive]
pub enum SpawnError<C> {
    /// The parent has as many children of this type as `children(..)` allows.
    Full(C),
    /// The parent is being dissolved.
    Closed(C),
}

impl<C> SpawnError<C> {
    /// The child, or the factory, that was not used.
    pub fn into_inner(self) -> C {
        match self {
            Self::Full(child) | Self::Closed(child) => child,
        }
    }
}

impl<C> fmt::Debug for SpawnError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "Full(..)",
            Self::Closed(_) => "Closed(..)",
        })
    }
}

impl<C> fmt::Display for SpawnError<C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Full(_) => "there are as many children of this type as `children(..)` allows",
            Self::Closed(_) => "the parent is being dissolved",
        })
    }
}

impl<C> std::error::Error for SpawnError<C> {}

/// Why a parent does not take a child: what `accept` returns.
#[derive(Clone, Debug)]
pub struct Refused(String);

impl Refused {
    /// A refusal with the reason that the log gives.
    #[must_use]
    pub fn because(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Refused {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Refused {}

/// The `accept` hook of a parent for one child type.
pub(crate) type Accept<L, C> =
    for<'a, 'b, 'c, 's> fn(&'a mut L, &'b C, &'c mut Cx<'s, L>) -> Result<(), Refused>;

/// The `release` hook of a parent for one child type.
pub(crate) type Release<L, C> = for<'a, 'b, 'c, 's> fn(&'a mut L, &'b C, &'c mut Cx<'s, L>) -> Outcome;

/// A child type, as its parent's description lists it.
pub(crate) struct ChildUse {
    pub(crate) type_id: TypeId,
    /// Lists the topics of the child and of its own children.
    pub(crate) topics: fn(&mut Topics),
    /// An `Accept` of the parent and this type.
    pub(crate) accept: Option<Box<dyn Any>>,
    /// A `Release`.
    pub(crate) release: Option<Box<dyn Any>>,
}

/// The topics of a locus type with all its children.
#[derive(Default)]
pub(crate) struct Topics {
    seen: Vec<TypeId>,
    pub(crate) subscribes: Vec<Wish>,
    pub(crate) publishes: Vec<u16>,
}

impl Topics {
    pub(crate) fn add<L: Locus>(&mut self) {
        // A locus may have children of its own type.
        if self.seen.contains(&TypeId::of::<L>()) {
            return;
        }
        self.seen.push(TypeId::of::<L>());
        let describe = Describe::<L>::of();
        for topic in &describe.topics {
            if topic.subscribe.is_some() {
                self.subscribes.push(topic.wish);
            } else {
                self.publishes.push(topic.wish.number);
            }
        }
        for child in &describe.children {
            (child.topics)(self);
        }
    }
}

impl<L: Locus> Cx<'_, L> {
    /// Puts a child under this locus, on its pool.
    ///
    /// It is born when this activation has succeeded, before what the activation publishes afterwards is delivered; if
    /// the activation fails, it is dropped unborn.
    ///
    /// # Errors
    /// The child comes back where `children(..)` allows no more of them, and while this locus is dissolved.
    ///
    /// # Cost
    /// One allocation, of the size of the child and its header; none where children of this type have ended on this pool
    /// lately, whose memory is used again.
    pub fn spawn<C: ChildOf<L>>(&mut self, child: C) -> Result<ChildId, SpawnError<C>> {
        let (core, head) = self.parts();
        if head.is_ending.get() {
            return Err(SpawnError::Closed(child));
        }
        let family = core.family::<L, C>(head);
        if family.live.get() >= <C as ChildOf<L>>::MAX {
            return Err(SpawnError::Full(child));
        }
        let cell = LocusCell::child(core.next_cell(), head, family, Some(child));
        Ok(core.stage_child(head, cell))
    }

    /// Puts a child under this locus that `make` builds: when it is born, under its own name, and again when it
    /// restarts.
    ///
    /// # Errors
    /// As [`spawn`](Self::spawn); the factory comes back.
    pub fn spawn_with<C, F>(&mut self, make: F) -> Result<ChildId, SpawnError<F>>
    where
        C: ChildOf<L>,
        F: Fn() -> C + 'static,
    {
        let (core, head) = self.parts();
        if head.is_ending.get() {
            return Err(SpawnError::Closed(make));
        }
        let family = core.family::<L, C>(head);
        if family.live.get() >= <C as ChildOf<L>>::MAX {
            return Err(SpawnError::Full(make));
        }
        let cell = LocusCell::<C>::child(core.next_cell(), head, family, None);
        cell.set_factory(Rc::new(move || Ok(make())));
        Ok(core.stage_child(head, cell))
    }

    /// Ends this locus when the activation has succeeded: nothing is delivered to it any more.
    pub fn terminate(&mut self) {
        let (core, head) = self.parts();
        core.stage_end(head.id);
    }

    /// Ends a child of this locus when the activation has succeeded; false if it has ended already.
    pub fn terminate_child(&mut self, child: ChildId) -> bool {
        let (core, head) = self.parts();
        let is_mine = core.find_head(child.0, |child| child.kin.parent == head.id.index).unwrap_or_default();
        if is_mine {
            core.stage_end(child.0);
        }
        is_mine
    }

    /// Where a child of this locus stands in the tree, such as `chat/web[1]/Conn#42`; `None` once it has ended.
    #[must_use]
    pub fn child_path(&self, child: ChildId) -> Option<Arc<str>> {
        let (core, head) = self.parts();
        let found = core.find_cell(child.0).filter(|cell| cell.head().kin.parent == head.id.index);
        found.map(|cell| cell.head().path())
    }

    /// The children of one type.
    #[must_use]
    pub fn children<C: ChildOf<L>>(&self) -> Children<'_, L, C> {
        let (core, head) = self.parts();
        Children { core, head, marker: PhantomData }
    }
}

/// The children of one type under one locus: all are counted, those that are not busy can be visited.
pub struct Children<'c, L: Locus, C> {
    core: &'c Core,
    head: &'c CellHead,
    marker: PhantomData<fn(L) -> C>,
}

impl<L: Locus, C> fmt::Debug for Children<'_, L, C> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Children").field("of", &self.head.path()).finish_non_exhaustive()
    }
}

impl<L: Locus, C: ChildOf<L>> Children<'_, L, C> {
    /// How many there are, those included that are not born yet.
    #[must_use]
    pub fn count(&self) -> usize {
        let families = &self.head.rare_made().map(|rare| rare.families.borrow());
        let mut families = families.iter().flat_map(|families| families.iter());
        families.find(|family| is_of::<C>(family)).map_or(0, |family| family.live.get() as usize)
    }

    /// Shows each child that is born and not busy, the oldest first.
    pub fn for_each(&self, mut visit: impl FnMut(ChildId, &C)) {
        let core = self.core;
        let mut next = core.cell(self.head.kin.first_child.get());
        while let Some(cell) = next {
            next = core.cell(cell.head().kin.next.get());
            let state = cell.head().state.get();
            let id = ChildId(cell.head().id);
            if matches!(state, State::Ready | State::Replaying | State::Blocked)
                && let Ok(child) = cell.as_any().downcast::<LocusCell<C>>()
            {
                child.peek(|child| visit(id, child));
            }
        }
    }
}

impl Core {
    /// The family of `C` under a parent, made at the first child.
    fn family<L: Locus, C: ChildOf<L>>(&self, head: &CellHead) -> Rc<Family> {
        let families = &head.rare().families;
        if let Some(known) = families.borrow().iter().find(|family| is_of::<C>(family)) {
            return Rc::clone(known);
        }
        let fresh = self.new_family::<L, C>(head);
        families.borrow_mut().push(Rc::clone(&fresh));
        fresh
    }

    #[cold]
    fn new_family<L: Locus, C: ChildOf<L>>(&self, head: &CellHead) -> Rc<Family> {
        let parent = &head.family.stock::<L>().describe;
        let hooks = parent.children.iter().find(|child| child.type_id == TypeId::of::<C>());
        let accept: Option<CallAccept> =
            hooks.and_then(|hooks| hooks.accept.as_ref()).map(|_| call_accept::<L, C> as _);
        let release: Option<CallRelease> =
            hooks.and_then(|hooks| hooks.release.as_ref()).map(|_| call_release::<L, C> as _);
        let child = ChildType {
            type_id: TypeId::of::<C>(),
            name: C::NAME,
            kind: <C as ChildOf<L>>::KIND,
            cell_bytes: size_of::<LocusCell<C>>(),
            options: C::OPTIONS,
            accept,
            release,
        };
        let tally = self.tally(&head.family.tally.path, C::NAME, child.cell_bytes);
        Rc::new(Family::of_children(head.path(), head.family.stand, child, self.stock::<C>(), tally))
    }

    /// The sums of one child type, by its path without numbers.
    fn tally(&self, parent: &str, name: &str, cell_bytes: usize) -> Rc<Tally> {
        let path: Arc<str> = Arc::from(format!("{parent}/{name}"));
        let mut tallies = self.tallies.borrow_mut();
        let known = tallies.iter().find(|tally| tally.path == path).map(Rc::clone);
        known.unwrap_or_else(|| {
            let fresh = Rc::new(Tally::new(path, cell_bytes));
            tallies.push(Rc::clone(&fresh));
            fresh
        })
    }

    /// What the pool has in stock for a child type, made once on each pool; its routes are made with it.
    fn stock<C: Locus>(&self) -> (Traits, Rc<dyn Any>) {
        let known = self
            .stocks
            .borrow()
            .iter()
            .find_map(|stock| Rc::clone(stock).as_any().downcast::<Stock<C>>().ok());
        let stock = known.unwrap_or_else(|| {
            let fresh = Describe::<C>::of();
            for topic in &fresh.topics {
                (topic.route)(self);
                if let (Some(_), Some(route)) = (topic.subscribe, self.any_route(topic.wish.number)) {
                    route.expect();
                }
            }
            let fresh = Rc::new(Stock::new(fresh));
            self.stocks.borrow_mut().push(Rc::clone(&fresh) as Rc<dyn AnyStock>);
            fresh
        });
        (stock.describe.traits(), stock)
    }
}

fn is_of<C: 'static>(family: &Family) -> bool {
    family.child().is_some_and(|child| child.type_id == TypeId::of::<C>())
}

/// The hook of `L` for children of type `C`, found by what it is.
fn hook_of<L: Locus, C: Locus, H: Copy + 'static>(
    parent: &LocusCell<L>,
    which: fn(&ChildUse) -> Option<&Box<dyn Any>>,
) -> Option<H> {
    let child = parent.describe().children.iter().find(|child| child.type_id == TypeId::of::<C>())?;
    which(child)?.downcast_ref::<H>().copied()
}

type Pair<L, C> = (Rc<LocusCell<L>>, Rc<LocusCell<C>>);

fn typed<L: Locus, C: Locus>(parent: &Rc<dyn AnyCell>, child: &Rc<dyn AnyCell>) -> Option<Pair<L, C>> {
    let parent = Rc::clone(parent).as_any().downcast().ok()?;
    Some((parent, Rc::clone(child).as_any().downcast().ok()?))
}

fn call_accept<L: Locus, C: Locus>(
    core: &Core,
    parent: &Rc<dyn AnyCell>,
    child: &Rc<dyn AnyCell>,
) -> Result<(), Refused> {
    let Some((parent, child)) = typed::<L, C>(parent, child) else { return Ok(()) };
    let Some(hook) = hook_of::<L, C, Accept<L, C>>(&parent, |child| child.accept.as_ref()) else {
        return Ok(());
    };
    let call = || child.lend(|child| parent.activate(core, |me, cx| hook(me, child, cx)));
    match catch_unwind(AssertUnwindSafe(call)) {
        Ok(Ok(())) => Ok(()),
        Ok(Err(refused)) => {
            core.take_back(&parent.head);
            core.unblock(&parent.head);
            Err(refused)
        }
        Err(panic) => {
            core.panicked(&parent.head, "accept", panic.as_ref());
            Err(Refused::because("`accept` panicked"))
        }
    }
}

fn call_release<L: Locus, C: Locus>(core: &Core, parent: &Rc<dyn AnyCell>, child: &Rc<dyn AnyCell>) {
    let Some((parent, child)) = typed::<L, C>(parent, child) else { return };
    let Some(hook) = hook_of::<L, C, Release<L, C>>(&parent, |child| child.release.as_ref()) else { return };
    let call = || child.lend(|child| parent.activate(core, |me, cx| hook(me, child, cx)));
    let result = catch_unwind(AssertUnwindSafe(call));
    crate::bus::subscribe::after::<L>(core, &parent, "release", result);
}
