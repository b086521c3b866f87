//! The grammar of locus attributes, parsed once for the macros and for the checker.
//!
//! Private to those two: it follows their version and promises nothing to others.
//!
//! ```
//! use locus_syntax::{Attr, Errors, Site, read};
//!
//! let method: syn::ImplItemFn = syn::parse_quote! {
//!     #[on(key = self.id, bounded = 64, on_full = drop_old)]
//!     fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) {}
//! };
//! let mut errors = Errors::new();
//! let found = read(&method.attrs, Site::Method, &mut errors);
//! assert!(errors.into_problems().is_empty());
//! let Attr::On(on) = &found[0].attr else { panic!("an `on`") };
//! assert_eq!(on.bounded.as_ref().unwrap().value.known(), Some(64));
//! ```
//!
//! # Shape
//! [`read`] takes the attributes of one item, says where they stand ([`Site`]), and gives back what is ours,
//! in order, each with its [`Condition`]: [`Condition::Annotation`] is the `cfg_attr(any(), ..)` spelling.
//! Every attribute has a type of its own under [`Attr`], made of optional [`Setting`]s, which hold the value
//! and the spans of key and value. [`LocusAttr::parse`] and its kin read the bare arguments, which is what
//! a macro has of its own attribute.
//!
//! # Problems
//! A parser gives back what it understood, and pushes each [`Problem`] (span, message, help) into an
//! [`Errors`]. That collector has to be finished: [`Errors::into_problems`] for the checker,
//! [`Errors::finish`] for macros. Problems that one attribute can show are found here; those between an
//! attribute and the item below it are the reader's.

mod args;
mod attr;
mod bind;
mod contract;
mod error;
mod locus;
mod nearest;
mod on;
mod place;
mod route;
mod snake_case;
mod topic;
mod value;

pub use attr::{Attr, Condition, Found, Site, is_ours, read, read_one};
pub use bind::{BindAttr, Binding, Transport};
pub use contract::{AllowAttr, BoundedAttr, DenyAttr, MarkAttr, MaxAllocAttr, RuleName};
pub use error::{Errors, Problem};
pub use locus::{ChildKind, ChildrenAttr, LocusAttr, Panics, ReceivesAttr, Strategy};
pub use nearest::nearest;
pub use on::{EveryAttr, KeyMatch, Late, OnAttr, OnFull};
pub use place::PlaceAttr;
pub use route::{HttpMethod, RouteAttr};
pub use snake_case::snake_case;
pub use topic::TopicAttr;
pub use value::{Count, Setting, duration, size_bytes};
