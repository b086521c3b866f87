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
/// On a struct it takes `publishes(..)`, `receives(..)`, `children(..)`, `restarts`, `within`, `scratch_bytes_max`; on an
/// impl it takes nothing and reads `#[on]`, `#[every]` and the hooks `birth`, `run`, `drain`, `dissolve`,
/// `accept`, `release` and `on_failure`.
/// `#[locus(main)]` reads `#[place]` on the fields. A locus has exactly one `#[locus] impl`.
///
/// A main type must not implement `Drop`: its parts are moved out of it, each on its own thread.
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
/// Takes `key`, `bounded`, `on_full`, `subject`, `reply`, `single`. The type owns its data, has no generics,
/// is at most 4 KiB large and 8-aligned.
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
