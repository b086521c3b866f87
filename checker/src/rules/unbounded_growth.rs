//! `unbounded-growth`: a collection that lives on and only ever gets bigger.

mod say;

use crate::context::{Counter, Growing, Key};
use crate::declare_rule;
use crate::events::What;
use crate::finding::{Confidence, Finding};
use crate::lower::sym::Sym;
use crate::models::Resource;
use crate::rule::{Level, Shape};
use crate::rules::Judged;

/// A field that only grows.
pub static FIELD: Shape = Shape {
    name: "field-only-grows",
    confidence: Confidence::Certain,
    summary: "a field grows with every message and nothing takes anything out",
};

/// A static that only grows.
pub static STATIC: Shape = Shape {
    name: "static-only-grows",
    confidence: Confidence::Certain,
    summary: "a static grows with every message and nothing takes anything out",
};

/// A local of an endless loop that only grows.
pub static LOCAL: Shape = Shape {
    name: "loop-local-only-grows",
    confidence: Confidence::Certain,
    summary: "a local of an endless loop grows with every turn and nothing takes anything out",
};

/// Text or bytes that are only appended to.
pub static BUFFER: Shape = Shape {
    name: "buffer-never-drained",
    confidence: Confidence::Certain,
    summary: "a buffer that lives on is appended to and never drained",
};

/// A value replaced by itself plus more.
pub static ACCUMULATED: Shape = Shape {
    name: "itself-plus-more",
    confidence: Confidence::Certain,
    summary: "a value is replaced by its old self plus more",
};

/// Keys that stay when their values are emptied.
pub static OUTER_KEYS: Shape = Shape {
    name: "outer-keys-stay",
    confidence: Confidence::Certain,
    summary: "the values inside shrink, but no key is ever removed",
};

/// An inner collection that only goes with its entry.
pub static INNER: Shape = Shape {
    name: "inner-only-grows",
    confidence: Confidence::Likely,
    summary: "an inner collection grows, and only whole entries are removed",
};

/// Removal in code that nothing reaches.
pub static UNREACHABLE: Shape = Shape {
    name: "removal-unreachable",
    confidence: Confidence::Likely,
    summary: "something removes, but nothing that runs reaches it",
};

/// Removal at the end only.
pub static AT_EXIT: Shape = Shape {
    name: "drained-only-at-exit",
    confidence: Confidence::Certain,
    summary: "it is emptied only when the locus or the loop ends",
};

/// Removal only of what failed.
pub static ON_ERROR: Shape = Shape {
    name: "removed-only-on-error",
    confidence: Confidence::Certain,
    summary: "only what the same activation inserted and failed with is taken out again",
};

/// Handles of tasks and threads.
pub static HANDLES: Shape = Shape {
    name: "handles-never-reaped",
    confidence: Confidence::Certain,
    summary: "handles of tasks or threads are kept and never reaped",
};

declare_rule! {
    /// ## What it checks
    /// Collections, text and buffers that live on - fields of a locus, statics, locals of endless loops - and
    /// that get bigger with every message, timer or turn while nothing makes them smaller.
    ///
    /// ## Why
    /// Such a service works in every test and falls over after some days, at night, when the kernel kills it.
    /// A proxy kept one entry for each client address "to count them"; a week of scans filled it with forty
    /// million. Nothing in the language objects: every value in the map is reachable, owned and valid.
    ///
    /// ## How it decides
    /// It follows handlers, timers and `run` through calls to each place that grows, and looks in the whole
    /// workspace for what works against it: a removal that can run between two messages, a bound that is
    /// tested first, a type that is bounded, keys of which there are only so many, a replacement. Where it
    /// finds any of these it is silent.
    ///
    /// ## How it can be wrong
    /// It tells places apart by type and field, not by instance: a removal from one instance silences it for
    /// all. It does not see growth inside foreign crates, limits that only the run time knows, or a removal
    /// of the wrong key. A bound that lies outside the program is for an allow with a reason.
    ///
    /// ## Bad
    /// ```rust
    /// #[on]
    /// fn on_login(&mut self, login: &Login, cx: &mut Cx<'_, Self>) {
    ///     self.sessions.insert(login.user, Session::new());
    /// }
    /// ```
    ///
    /// ## Good
    /// ```rust
    /// #[on]
    /// fn on_login(&mut self, login: &Login, cx: &mut Cx<'_, Self>) {
    ///     self.sessions.insert(login.user, Session::new());
    /// }
    ///
    /// #[on]
    /// fn on_logout(&mut self, logout: &Logout, cx: &mut Cx<'_, Self>) {
    ///     self.sessions.remove(&logout.user);
    /// }
    /// ```
    pub static RULE = {
        name: "unbounded-growth",
        summary: "something that lives on grows with every message and nothing makes it smaller",
        level: Level::Warn,
        since: "0.1.0",
        shapes: [
            &FIELD, &STATIC, &LOCAL, &BUFFER, &ACCUMULATED, &OUTER_KEYS, &INNER, &UNREACHABLE, &AT_EXIT, &ON_ERROR,
            &HANDLES,
        ],
    }
}

/// Reports every place that grows, but for collections of descriptors and children.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    for growing in &judged.growing {
        let held = growing.grows.iter().find_map(|site| site.event.holds);
        if !matches!(held, Some(Resource::Fd | Resource::Child)) {
            findings.push(say::finding(judged, growing, &RULE, shape(growing, held)));
        }
    }
}

fn shape(growing: &Growing<'_>, held: Option<Resource>) -> &'static Shape {
    match growing.against {
        Counter::Unreachable => return &UNREACHABLE,
        Counter::AtExit => return &AT_EXIT,
        Counter::OnError => return &ON_ERROR,
        Counter::InsideOnly => return &OUTER_KEYS,
        Counter::WholeOnly => return &INNER,
        Counter::Nothing | Counter::Works => {}
    }
    let first = growing.grows[0].event;
    let is_set_of_tasks = first.holder == Sym::new("JoinSet");
    match growing.key {
        _ if held == Some(Resource::Task) || is_set_of_tasks => &HANDLES,
        _ if first.what == What::Accumulate => &ACCUMULATED,
        _ if first.buffer => &BUFFER,
        Key::Static(_) => &STATIC,
        Key::Local(..) => &LOCAL,
        _ => &FIELD,
    }
}

/// How sure it is that nothing works against the growth, whatever the place holds.
pub(super) fn confidence(growing: &Growing<'_>) -> Confidence {
    match growing.against {
        Counter::Unreachable | Counter::WholeOnly => Confidence::Likely,
        _ => Confidence::Certain,
    }
}

pub(super) use say::finding;
