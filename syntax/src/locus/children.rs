//! `children(..)`: which children a locus may have, of which kind, and how many.

use crate::args::{Key, Parsed, each_element, list, parse_all};
use crate::error::{Errors, Problem};
use crate::value::{Count, Setting};
use proc_macro2::{Ident, Span};
use syn::parse::ParseStream;
use syn::{Token, Type};

/// Which children a locus may have.
#[derive(Clone, Debug)]
pub struct ChildrenAttr {
    /// The word `children`.
    pub key_span: Span,
    /// The child's type and kind; absent in the short form `children(max = N)`.
    pub child: Option<(Type, Setting<ChildKind>)>,
    /// `max = N`: the ceiling.
    pub max: Option<Setting<Count>>,
}

/// When a child is reclaimed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ChildKind {
    /// When its `run` returns or it terminates.
    Flow,
    /// When its parent dissolves, unless it terminates or idles out.
    Resident,
}

const CHILD_KINDS: [(&str, ChildKind); 2] = [("flow", ChildKind::Flow), ("resident", ChildKind::Resident)];

impl ChildrenAttr {
    pub(super) fn parse(key: &Key, input: ParseStream<'_>, errors: &mut Errors) -> Parsed<Self> {
        let tokens = key.group(input, "Conn = flow, max = 4096")?;
        let mut attr = ChildrenAttr { key_span: key.span, child: None, max: None };
        let before = errors.len();
        parse_all(tokens, errors, |input, errors| {
            each_element(input, errors, |input, _| child_arg(&mut attr, input));
        });
        if attr.max.is_none() && errors.len() == before {
            errors.push(
                Problem::new(key.span, "`children` has no ceiling")
                    .help("nothing is unbounded: write `children(Conn = flow, max = 4096)`"),
            );
        }
        Ok(attr)
    }
}

fn child_arg(attr: &mut ChildrenAttr, input: ParseStream<'_>) -> Parsed<()> {
    if input.peek(syn::Ident) && input.fork().parse::<Ident>().is_ok_and(|ident| ident == "max") {
        let ident: Ident = input.parse()?;
        let key = Key { name: ident.to_string(), span: ident.span() };
        attr.max = Some(key.count(input, 1)?);
        return Ok(());
    }
    let start = input.span();
    let wrong = || {
        Problem::new(start, "`children` names a child type and its kind")
            .help("write `children(Conn = flow, max = 4096)`")
    };
    let ty: Type = input.parse().map_err(|_| wrong())?;
    if attr.child.is_some() {
        return Err(Problem::over(ty, "one `children(..)` holds one child type")
            .help("write another `children(..)` for it, with its own `max`"));
    }
    let names: Vec<&str> = CHILD_KINDS.iter().map(|(name, _)| *name).collect();
    let key = Key { name: "kind".into(), span: start };
    if !input.peek(Token![=]) {
        return Err(
            wrong().help(format!("say when it is reclaimed, `Conn = flow`; kinds are {}", list(&names)))
        );
    }
    let kind = key.word(input, &CHILD_KINDS)?;
    attr.child = Some((ty, kind));
    Ok(())
}
