//! Services whose memory stays flat, and can prove it.
//!
//! A *locus* is a long-lived, stateful component: a plain struct with declared topics, a lifecycle and a parent. Every
//! method the runtime calls gets a scratch arena that is freed when it returns, and the borrow checker proves that
//! nothing in it escapes. Loci talk through a typed bus; one place says where each of them runs.
//!
//! ```
//! use locus::prelude::*;
//!
//! #[topic]
//! #[derive(Clone)]
//! pub struct Greet { pub name: String }
//!
//! #[locus]
//! pub struct Greeter { greeted: u64 }
//!
//! #[locus]
//! impl Greeter {
//!     #[on]
//!     fn on_greet(&mut self, greet: &Greet, cx: &mut Cx<'_, Self>) {
//!         let line = scratch_format!(cx, "hello, {}", greet.name); // freed when this method returns
//!         self.greeted += 1;
//!         println!("{line}");
//!     }
//! }
//!
//! #[locus(main)]
//! pub struct Hello { greeter: Greeter }
//!
//! impl Hello {
//!     fn new() -> Self {
//!         Self { greeter: Greeter { greeted: 0 } }
//!     }
//! }
//!
//! let app = locus::start(Hello::new)?;
//! app.topic::<Greet>().publish_blocking(Greet { name: "world".into() }).ok();
//! drop(app); // drains: what was accepted is delivered
//! # Ok::<(), locus::StartError>(())
//! ```
//!
//! What is promised (ordering, delivery, backpressure, failure, shutdown) stands in `docs/semantics.md`.
//!
//! Linux on x86_64 and aarch64 is supported; macOS compiles and works without affinity.

#![cfg_attr(loom, allow(dead_code, reason = "only the lock-free modules are compiled"))]

#[cfg(not(loom))]
#[expect(unsafe_code, reason = "a global allocator")]
pub mod alloc;
#[cfg(not(loom))]
pub(crate) mod app;
#[cfg(not(loom))]
#[allow(unsafe_code, reason = "hands out references into chunks that outlive them")]
pub mod arena;
pub(crate) mod bus;
#[cfg(not(loom))]
pub(crate) mod locus;
pub(crate) mod pool;
#[cfg(not(loom))]
#[expect(unsafe_code, reason = "inline storage that is filled in part")]
pub mod store;
#[cfg(not(loom))]
pub(crate) mod supervise;
pub(crate) mod sync;
#[cfg(not(loom))]
pub mod watch;

#[cfg(not(loom))]
pub use crate::{
    app::conduct::Ended,
    app::{App, Exit, LocusAccount, StartError, run, start},
    bus::ask::{Ask, AskError, Asking, Reply},
    bus::gate::{Closed, Listener, OutsideAsk, TopicHandle, TryPublishError},
    bus::publish::room::PublishWait,
    bus::publish::{Publish, PublishedBy},
    bus::subscribe::batch::Batch,
    bus::subscribe::follow::{FollowedBy, TooManyKeys},
    bus::subscription::{Delivery, Overflow, Subscription},
    bus::topic::{Full, NoKey, NoReply, OnFull, Topic},
    locus::children::{ChildId, ChildKind, ChildOf, Children, Refused, SpawnError},
    locus::context::Cx,
    locus::describe::{BoxError, Locus, Match, ReceivedBy},
    locus::main::{Constructor, IntoMain, Main},
    locus::run::{Draining, Recv, Run, With},
    pool::core::stash::StashError,
    supervise::{Decision, Failure},
};
#[cfg(not(loom))]
pub use locus_macros::*;

/// What the macros' expansions name. Not for hand-written code: it changes with every version.
#[cfg(not(loom))]
#[doc(hidden)]
pub mod __private {
    pub use crate::arena::Scratch;
    pub use crate::bus::ask::Reply;
    pub use crate::bus::publish::{PublishedBy, Publisher};
    pub use crate::bus::subscribe::batch::{Batch, Unasked};
    pub use crate::bus::subscribe::follow::FollowedBy;
    pub use crate::bus::subscribe::straight::{Inline, SinkCell, TakesInline};
    pub use crate::bus::topic::{
        Answers, Asked, Full, NoKey, NoReply, OnFull, Promise, Topic, TopicNumber, TopicSpec,
    };
    pub use crate::locus::children::{ChildKind, ChildOf, ChildrenMax, Refused, Releases};
    pub use crate::locus::context::Cx;
    pub use crate::locus::describe::{
        AsyncHandler, BatchHandler, Birth, BoxError, CallHandler, Calls, Declared, Describe, Handler, Hook,
        Hooks, IntoOutcome, LocalBoxFuture, Locus, LocusOptions, Match, OnOptions, Outcome, ReceivedBy,
        Start, Timer, Which,
    };
    pub use crate::locus::main::{IntoMain, Main, NoOnFailure, Parts, Place};
    pub use crate::locus::run::Run;
    pub use crate::supervise::{Decision, Failure};
}

/// What a program of loci names most: `use locus::prelude::*;`.
#[cfg(not(loom))]
pub mod prelude {
    pub use crate::scratch_format;
    pub use crate::store::{Keep, Ring, Text};
    pub use crate::watch::Counter;
    pub use crate::{
        AskError, Batch, ChildId, Closed, Cx, Decision, Delivery, Exit, Failure, Locus, Match, OnFull,
        Overflow, Publish, Refused, Reply, Run, SpawnError, Topic, TopicHandle,
    };
    pub use locus_macros::{locus, topic};
}

/// The examples of the README and of the book compile.
#[cfg(doctest)]
mod pages {
    #[doc = include_str!("../../README.md")]
    struct Readme;
    #[doc = include_str!("../../docs/semantics.md")]
    struct Semantics;
}
