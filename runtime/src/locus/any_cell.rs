//! A cell without the type of its locus: what the pool does to every locus alike.

use std::any::Any;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::rc::Rc;
use std::time::Duration;

use crate::bus::subscribe::{after, follow};
use crate::locus::birth::AsyncBirth;
use crate::locus::cell::{CellHead, LocusCell, State};
use crate::locus::describe::{Birth, BoxError, Hook, LocalBoxFuture, Locus, Outcome};
use crate::locus::plain::Plainly;
use crate::locus::rare::{Leave, Undo};
use crate::locus::run::Run;
use crate::pool::core::kin::Step;
use crate::pool::core::{Core, stash};
use crate::supervise::{Decision, Failure, panic_text};
use crate::watch::log::{self, Site};

/// How a birth went.
pub(crate) enum Born {
    /// It is over.
    Now(Outcome),
    /// It is an `async fn`.
    Later(LocalBoxFuture<'static, Outcome>),
}

pub(crate) trait AnyCell: Any {
    fn head(&self) -> &CellHead;
    fn as_any(self: Rc<Self>) -> Rc<dyn Any>;
    /// Makes the routes of the topics that the locus declares.
    fn declare(&self, core: &Core);
    /// Builds the locus by its factory.
    ///
    /// # Errors
    /// The constructor's, or its panic.
    fn build(&self) -> Result<(), BoxError>;
    /// Calls `birth`.
    fn bear(self: Rc<Self>, core: &Rc<Core>) -> Born;
    /// Subscribes the newborn, in place of what was subscribed before.
    ///
    /// # Errors
    /// When a question would have two responders.
    fn subscribe(self: Rc<Self>, core: &Core) -> Outcome;
    /// Starts `run`, if there is one.
    fn run(self: Rc<Self>, core: &Rc<Core>) -> Option<LocalBoxFuture<'static, Outcome>>;
    /// The periods of its timers.
    fn periods(&self) -> Vec<Duration>;
    /// Calls a timer's method.
    fn fire(self: Rc<Self>, core: &Core, timer: usize);
    /// Calls `drain`.
    fn drain(self: Rc<Self>, core: &Core);
    /// Calls `dissolve` and takes the subscriptions back. The locus itself stays, for its parent to look at.
    fn dissolve(self: Rc<Self>, core: &Core);
    /// Whether it is known how to build the locus anew.
    fn has_factory(&self) -> bool;
    /// Whether the locus decides about failures of its children.
    fn has_on_failure(&self) -> bool;
    /// Calls `on_failure` of a locus that is ready; `None` where there is none, or where it fails itself.
    fn on_failure(&self, core: &Core, failure: &Failure) -> Option<Decision>;
    /// Drops the locus of a cell that is closed.
    fn bury(&self);
    /// Takes a step in its life the short way, if that is open to it.
    fn step_plainly(self: Rc<Self>, core: &Core, step: Step) -> Plainly;
    /// Gives the memory of a child back that has ended; it is used again if nobody else holds the cell.
    fn give_back(self: Rc<Self>);
    /// Closes the cell without another word of its locus, and drops it.
    fn close(&self, core: &Core);
}

impl<L: Locus> LocusCell<L> {
    fn hook(self: &Rc<Self>, core: &Core, phase: &'static str, hook: Hook<L>) {
        let result = catch_unwind(AssertUnwindSafe(|| self.activate(core, hook)));
        after::<L>(core, self, phase, result);
    }

    /// Drops the locus, whose destructor may panic.
    #[inline]
    pub(super) fn bury_quietly(&self) {
        if let Err(panic) = catch_unwind(AssertUnwindSafe(|| LocusCell::bury(self))) {
            let text = panic_text(panic.as_ref());
            log::warn(Site::Supervise, || format!("{}: its destructor panicked: {text}", self.head.path()));
        }
    }

    /// Takes the subscriptions back on this pool; what is still to be said elsewhere is returned.
    fn unsubscribe(&self, core: &Core) -> Vec<Undo> {
        if let Some(joined) = self.head.take_joined()
            && let Some(route) = core.any_route(joined.number)
        {
            route.leave(core, self.head.id, joined.hash);
        }
        let undo = self.head.rare_made().map(|rare| rare.unsubscribe.take()).unwrap_or_default();
        undo.iter().for_each(|undo| undo(core, Leave::Here));
        undo
    }

    /// Closes the cell: nothing reaches its locus any more.
    fn shut(&self, core: &Core) {
        core.cancel(&self.head);
        self.head.state.set(State::Closed);
        if let Some(rare) = self.head.rare_made() {
            core.close_calls(&self.head);
            drop(rare.rings.take());
            // Nobody receives any more: what waits would hold up its publishers, and the drain, for ever.
            rare.receivers.borrow().iter().for_each(|receiver| receiver.drained.end(core));
            follow::leave(&self.head, core);
        }
        if self.head.family.has.subscribes {
            self.unsubscribe(core).iter().for_each(|undo| undo(core, Leave::Elsewhere));
        }
    }

    /// Makes what has to be there when the locus is born.
    fn prepare(self: &Rc<Self>, core: &Core) {
        if let Some(rare) = self.head.rare_made() {
            // The newborn has stashed nothing: what its predecessor held back comes first.
            stash::restore(&self.head);
            if !rare.follows.borrow().is_empty() {
                return follow::begin_anew(&self.head);
            }
        }
        if !self.head.family.has.prepares {
            return;
        }
        for topic in &self.describe().topics {
            if let Some(prepare) = topic.prepare {
                prepare(self, core);
            }
        }
    }
}

impl<L: Locus> AnyCell for LocusCell<L> {
    fn head(&self) -> &CellHead {
        &self.head
    }

    fn as_any(self: Rc<Self>) -> Rc<dyn Any> {
        self
    }

    fn declare(&self, core: &Core) {
        for topic in &self.describe().topics {
            (topic.route)(core);
        }
    }

    fn build(&self) -> Result<(), BoxError> {
        match catch_unwind(AssertUnwindSafe(|| LocusCell::build(self))) {
            Ok(built) => built,
            Err(panic) => Err(format!("the constructor panicked: {}", panic_text(panic.as_ref())).into()),
        }
    }

    fn bear(self: Rc<Self>, core: &Rc<Core>) -> Born {
        self.prepare(core);
        match L::HOOKS.birth {
            Birth::None => {
                self.head.state.set(State::Ready);
                Born::Now(Ok(()))
            }
            Birth::Sync(birth) => Born::Now(self.call_birth(core, birth)),
            Birth::Async(birth) => Born::Later(Box::pin(AsyncBirth::new(self, Rc::clone(core), birth))),
        }
    }

    fn subscribe(self: Rc<Self>, core: &Core) -> Outcome {
        if !self.head.family.has.subscribes {
            return Ok(());
        }
        let former = self.unsubscribe(core);
        let mut uses = self.describe().topics.iter().filter_map(|topic| topic.subscribe);
        let all = || self.peek(|me| uses.try_for_each(|subscribe| subscribe(&self, me, core)));
        // A key is an expression of the user's, which may panic.
        let outcome = catch_unwind(AssertUnwindSafe(all))
            .unwrap_or_else(|panic| Err(format!("its key panicked: {}", panic_text(panic.as_ref())).into()));
        follow::forget_stale(&self.head, core);
        former.iter().for_each(|undo| undo(core, Leave::Elsewhere));
        outcome
    }

    fn run(self: Rc<Self>, core: &Rc<Core>) -> Option<LocalBoxFuture<'static, Outcome>> {
        let run = L::HOOKS.run?;
        Some(run(Run::new(Rc::clone(core), self)))
    }

    fn periods(&self) -> Vec<Duration> {
        self.describe().timers.iter().map(|timer| timer.period).collect()
    }

    fn fire(self: Rc<Self>, core: &Core, timer: usize) {
        let Some(timer) = self.describe().timers.get(timer) else { return };
        self.hook(core, timer.method, timer.fire);
    }

    fn drain(self: Rc<Self>, core: &Core) {
        if let Some(drain) = L::HOOKS.drain
            && self.head.state.get() == State::Ready
        {
            self.hook(core, "drain", drain);
        }
    }

    fn dissolve(self: Rc<Self>, core: &Core) {
        core.cancel(&self.head);
        if self.head.rare_made().is_some() {
            core.cancel_calls(&self.head);
        }
        if let Some(dissolve) = L::HOOKS.dissolve
            && matches!(self.head.state.get(), State::Ready | State::Replaying | State::Blocked)
        {
            self.hook(core, "dissolve", dissolve);
        }
        self.shut(core);
    }

    fn close(&self, core: &Core) {
        self.shut(core);
        AnyCell::bury(self);
    }

    fn has_on_failure(&self) -> bool {
        L::HOOKS.on_failure.is_some()
    }

    fn on_failure(&self, core: &Core, failure: &Failure) -> Option<Decision> {
        let hook = L::HOOKS.on_failure?;
        match catch_unwind(AssertUnwindSafe(|| self.activate(core, |me, cx| hook(me, failure, cx)))) {
            Ok(decision) => Some(decision),
            Err(panic) => {
                core.panicked(&self.head, "on_failure", panic.as_ref());
                None
            }
        }
    }

    fn has_factory(&self) -> bool {
        self.factory().is_some()
    }

    fn bury(&self) {
        self.bury_quietly();
    }

    fn step_plainly(self: Rc<Self>, core: &Core, step: Step) -> Plainly {
        match step {
            Step::Birth => self.bear_plainly(core),
            Step::End => {
                let ended = self.end_plainly(core);
                if ended == Plainly::Done {
                    self.give_back();
                }
                ended
            }
            Step::Born | Step::Release | Step::Decide => Plainly::Not,
        }
    }

    fn give_back(self: Rc<Self>) {
        // Taken first: the cell holds its family.
        let family = Rc::clone(&self.head.family);
        family.stock::<L>().take_back(self);
    }
}
