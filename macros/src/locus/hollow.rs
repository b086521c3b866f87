//! Takes the method bodies out of an impl before it is parsed.
//!
//! Bodies stay opaque: code that is being typed, or is newer than our parser, does not cost the expansion.
//! I1: the n-th body belongs to the n-th method that has one.

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

/// An impl with empty method bodies, and the bodies.
pub(super) struct Hollow {
    pub(super) tokens: TokenStream,
    pub(super) bodies: Vec<Group>,
}

/// Empties the bodies of the methods of `item`.
pub(super) fn hollow(item: TokenStream) -> Hollow {
    let mut trees: Vec<TokenTree> = item.into_iter().collect();
    let mut bodies = Vec::new();
    if let Some(TokenTree::Group(content)) = trees.last_mut()
        && content.delimiter() == Delimiter::Brace
    {
        let emptied = empty_bodies(content.stream(), &mut bodies);
        *content = spanned_like(content, emptied);
    }
    Hollow { tokens: trees.into_iter().collect(), bodies }
}

/// A body is the first brace group after `fn NAME` that is no generic argument (`Buf<{ N }>`).
fn empty_bodies(content: TokenStream, bodies: &mut Vec<Group>) -> TokenStream {
    let mut kept: Vec<TokenTree> = Vec::new();
    let (mut in_method, mut angles) = (false, 0_usize);
    for tree in content {
        let tree = match tree {
            TokenTree::Ident(ident) if matches!(kept.last(), Some(TokenTree::Ident(word)) if word == "fn") => {
                (in_method, angles) = (true, 0);
                ident.into()
            }
            TokenTree::Punct(punct) => {
                let arrow = matches!(kept.last(), Some(TokenTree::Punct(before)) if before.as_char() == '-');
                match punct.as_char() {
                    '<' => angles += 1,
                    '>' if !arrow => angles = angles.saturating_sub(1),
                    ';' if angles == 0 => in_method = false,
                    _ => {}
                }
                punct.into()
            }
            TokenTree::Group(body) if in_method && angles == 0 && is_block(&body) => {
                in_method = false;
                let mut empty = Group::new(Delimiter::Brace, TokenStream::new());
                empty.set_span(body.span());
                bodies.push(body);
                empty.into()
            }
            other => other,
        };
        kept.push(tree);
    }
    kept.into_iter().collect()
}

/// A block, perhaps one that a `macro_rules!` passed through as `$body:block`.
fn is_block(group: &Group) -> bool {
    match group.delimiter() {
        Delimiter::Brace => true,
        Delimiter::None => {
            let mut trees = group.stream().into_iter();
            matches!((trees.next(), trees.next()), (Some(TokenTree::Group(only)), None) if is_block(&only))
        }
        _ => false,
    }
}

fn spanned_like(group: &Group, stream: TokenStream) -> Group {
    let mut new = Group::new(group.delimiter(), stream);
    new.set_span(group.span());
    new
}

#[cfg(test)]
mod tests {
    use super::*;
    use quote::quote;

    #[test]
    fn bodies_leave_and_signatures_stay() {
        let hollow = hollow(quote! {
            impl<const N: usize> Room<{ N }> {
                const SIZE: usize = { 1 + 1 };
                fn broken(&mut self) -> Buf<{ N }> where [(); { N }]: Sized { self.n. }
                fn callback(&self, f: impl Fn(u8) -> u8) { f }
            }
        });
        let expected = quote! {
            impl<const N: usize> Room<{ N }> {
                const SIZE: usize = { 1 + 1 };
                fn broken(&mut self) -> Buf<{ N }> where [(); { N }]: Sized {}
                fn callback(&self, f: impl Fn(u8) -> u8) {}
            }
        };
        assert_eq!(hollow.tokens.to_string(), expected.to_string());
        assert_eq!(hollow.bodies.len(), 2);
        assert_eq!(hollow.bodies[0].to_string(), quote!({ self.n. }).to_string());
    }

    #[test]
    fn blocks_from_a_macro_are_bodies_too() {
        let block = Group::new(Delimiter::None, quote!({ 1 }));
        let hollow = hollow(quote!(impl Room { fn first() -> u8 #block fn second() { 2 } }));
        assert_eq!(
            hollow.tokens.to_string(),
            quote!(impl Room { fn first() -> u8 {} fn second() {} }).to_string()
        );
        let bodies: Vec<String> = hollow.bodies.iter().map(Group::to_string).collect();
        assert_eq!(bodies, [block.to_string(), quote!({ 2 }).to_string()]);
    }
}
