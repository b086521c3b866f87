//! What makes the runtime call a method: an attribute, or its name.

use super::{ChildHookKind, HookKind};
use crate::diag::not_built;
use locus_syntax::{Attr, Errors, EveryAttr, OnAttr, Problem, Site, read};
use proc_macro2::{Ident, Span};
use syn::ImplItemFn;

/// Why the runtime calls a method.
pub(super) enum Role {
    On(Box<OnAttr>),
    Every(EveryAttr),
    Hook(HookKind),
    Child(ChildHookKind),
}

impl Role {
    /// What makes the runtime call this method; `None` for the user's own ones.
    pub(super) fn of(method: &ImplItemFn, errors: &mut Errors) -> Option<Self> {
        let mut role: Option<Self> = None;
        for found in read(&method.attrs, Site::Method, errors) {
            let span = found.attr.span();
            let next = match found.attr {
                Attr::On(attr) => Self::On(Box::new(attr)),
                Attr::Every(attr) => Self::Every(attr),
                Attr::Accept(_) => Self::Child(ChildHookKind::Accept),
                Attr::Release(_) => Self::Child(ChildHookKind::Release),
                Attr::Scoped(_) => return refused(span, "`#[scoped]`", errors),
                Attr::Route(_) => return refused(span, "a route", errors),
                _ => continue,
            };
            if role.is_some() {
                errors.push(
                    Problem::new(span, "a method runs for one reason")
                        .help("write a second method for it, and let both call a third"),
                );
                return role;
            }
            role = Some(next);
        }
        role.or_else(|| Self::by_name(&method.sig.ident))
    }

    fn by_name(ident: &Ident) -> Option<Self> {
        let name = ident.to_string();
        let kind = match name.as_str() {
            "birth" => HookKind::Birth,
            "run" => HookKind::Run,
            "drain" => HookKind::Drain,
            "dissolve" => HookKind::Dissolve,
            "on_failure" => HookKind::OnFailure,
            "accept" => return Some(Self::Child(ChildHookKind::Accept)),
            "release" => return Some(Self::Child(ChildHookKind::Release)),
            _ => return None,
        };
        Some(Self::Hook(kind))
    }
}

fn refused(span: Span, what: &str, errors: &mut Errors) -> Option<Role> {
    errors.push(not_built(span, what));
    None
}
