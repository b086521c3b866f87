//! The attribute macros of locus: `#[locus]`, `#[topic]`, and the contracts the checker reads.
//!
//! Users reach them through the `locus` crate, which says what they mean; here is what they generate.
//! Every macro goes the same way: `attr` (the grammar, in `locus-syntax`) → model → check → expand. What is
//! wrong is left out of the expansion and reported at the user's token, so that one mistake is one error;
//! where no model can be made at all, the item comes back without our attributes, beside the errors.
//!
//! Invariants:
//! - The user's tokens are re-emitted, never printed anew: method bodies are not even parsed.
//! - `expand` is total: it takes a checked model and cannot fail.
//! - Generated paths are absolute, generated items carry the `#[cfg]`s of what they come from.

use proc_macro::TokenStream;

mod contract;
mod cx;
mod diag;
mod locus;
mod output;
mod topic;

/// Declares a locus: on its struct, on its impl, and, with `main`, on the composition of a program.
///
/// A locus has exactly one `#[locus] impl`, on which it takes nothing. A main type must not implement `Drop`: its parts
/// are moved out of it, each on its own thread.
///
/// | on a struct | |
/// |---|---|
/// | `publishes(Relayed, Count)` | the topics it publishes, and those it asks |
/// | `receives(Tick, key = self.id, bounded = 64, on_full = drop_old)` | a topic that `run.recv::<Tick>()` takes |
/// | `children(Conn = flow, max = 4096)` | the children it may have, `flow` or `resident` |
/// | `restarts = 3, within = "5s"` | how often it may restart |
/// | `scratch_bytes_max = "16MiB"` | the most scratch of one activation |
/// | `main` | the composition of the program: its fields are parts, placed by `#[place]` |
///
/// | on a field of main | |
/// |---|---|
/// | `#[place(pool = "rooms")]` | with others on the thread of that pool; without `#[place]` on that of `main` |
/// | `#[place(pinned)]`, `#[place(pinned, core = 3)]` | on a thread of its own |
/// | `#[place(pinned, replicas = 2, cores = 4..6)]` | several instances, each on a thread of its own |
///
/// | on a method | |
/// |---|---|
/// | `#[on]` | takes all messages of the topic that is its argument: `fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>)`, with `cx` or without |
/// | `#[on(key = self.id)]`, `#[on(key = _)]` | those with this key; those that no key takes |
/// | `#[on(keys, max = 256)]` | those with keys that `cx.follow::<Posted>(key)` adds |
/// | `#[on(shard)]`, `#[on(any)]` | one replica takes each message: the key's, or the least loaded |
/// | `bounded = 64, on_full = drop_old, missed = on_missed` | a ring of its own: `block`, `drop_old` or `drop_new`, and who hears of losses |
/// | `batch` | all that wait at once: `items: Batch<'_, Posted>` |
/// | `inline` | called at the publish itself, without `cx` |
/// | `timeout = "5s"` | cancels an `async` handler |
/// | `concurrent = 64` | so many calls beside each other: `async fn on_job(run: Run<Self>, job: Job)` |
/// | `#[every("30s")]` | a timer |
/// | `birth`, `run`, `drain`, `dissolve`, `on_failure` | methods that the runtime knows by their names |
/// | `accept`, `release`; `#[accept]`, `#[release]` | hooks for children, of one type or, marked, of the argument's |
///
/// <details><summary>What it generates</summary>
///
/// ```text
/// #[locus(publishes(Relayed))] struct Room { .. }
///     struct Room { .. }
///     impl PublishedBy<Room> for Relayed { .. }           one per topic
///     impl ReceivedBy<Room> for Relayed { .. }            one per `receives(..)`
///     impl ChildOf<Room> for Conn { .. }                  one per `children(..)`
///     impl Declared for Room { .. }
///
/// #[locus] impl Room { .. }
///     impl Room { .. }                                    without our attributes; `Cx<'_, Self>` reads
///                                                         `Cx<'scratch, Self>`, which rustc then names
///     impl Handler<0> for Room { .. }                     one per `#[on]`, numbered in source order;
///                                                         `BatchHandler` where it says `batch`
///     impl Timer<0> for Room { .. }                       one per `#[every]`
///     impl Locus for Room { .. }                          the hooks, and the list of all these
///
/// #[locus(main)] struct Chat { .. }
///     struct Chat { .. }
///     impl Main for Chat { .. }                           one `part` per field
///     impl IntoMain for Chat { .. }
/// ```
///
/// </details>
#[proc_macro_attribute]
pub fn locus(args: TokenStream, item: TokenStream) -> TokenStream {
    locus::expand(args.into(), item.into()).into()
}

/// Declares a message type: how it is routed, bounded and answered.
///
/// The type owns its data, has no generics, is `Clone` unless `single`, at most 4 KiB large and 8-aligned.
///
/// | argument | |
/// |---|---|
/// | `key = room`, `key = (room, user)` | the field, or fields, by which messages are routed |
/// | `bounded = 1024` | messages in flight from one pool to one pool; 8,192 where it says nothing |
/// | `on_full = block` | what happens over that: `block`, `drop_old`, `drop_new`, or `fail`, which gives the message back |
/// | `per_locus = 256, on_slow = drop_new` | what one slow subscriber may hold, and what it loses over that: `drop_new` or `drop_old` |
/// | `reply = u64` | its messages are questions, answered with that |
/// | `to = Journal` | the locus whose `#[on(inline)]` handler is called without a lookup |
/// | `single` | it has one subscriber and need not be `Clone` |
/// | `subject = "chat.posted"` | its name in reports; that of the type in snake case where it says nothing |
///
/// <details><summary>What it generates</summary>
///
/// ```text
/// #[topic(key = room)] struct Posted { room: RoomId, .. }
///     struct Posted { .. }
///     impl Topic for Posted { type Key = RoomId; .. }
///     const _: () = { assert!(size_of::<Posted>() <= 4096); .. };
/// ```
///
/// </details>
#[proc_macro_attribute]
pub fn topic(args: TokenStream, item: TokenStream) -> TokenStream {
    topic::expand(args.into(), item.into()).into()
}

/// Silences a rule of the checker on one item, with a reason: `#[locus::allow(RULE, reason = "..")]`.
#[proc_macro_attribute]
pub fn allow(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("allow", args.into(), item.into()).into()
}

/// Raises a rule of the checker on one item: `#[locus::deny(RULE)]`.
#[proc_macro_attribute]
pub fn deny(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("deny", args.into(), item.into()).into()
}

/// Says what bounds a collection, for the checker to verify: `#[locus::bounded(by = N)]`.
#[proc_macro_attribute]
pub fn bounded(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("bounded", args.into(), item.into()).into()
}

/// Says how many allocations a call may make, for the checker to verify: `#[locus::max_alloc(0)]`.
#[proc_macro_attribute]
pub fn max_alloc(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("max_alloc", args.into(), item.into()).into()
}

/// Marks code that runs per message and is to be judged strictly: `#[locus::hot]`.
#[proc_macro_attribute]
pub fn hot(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("hot", args.into(), item.into()).into()
}

/// Says that a call never blocks its thread, for the checker to verify: `#[locus::no_block]`.
#[proc_macro_attribute]
pub fn no_block(args: TokenStream, item: TokenStream) -> TokenStream {
    contract::expand("no_block", args.into(), item.into()).into()
}
