//! `#[locus]`: tells a struct, an impl and the main struct apart, and expands each.

mod composition;
mod declaration;
mod expand;
mod hollow;
mod methods;
mod signature;

use crate::{diag, output};
use locus_syntax::{Errors, LocusAttr, Problem};
use proc_macro2::{Span, TokenStream, TokenTree};
use syn::{ItemImpl, ItemStruct};

/// The item, what it implements, and what is wrong with it.
pub(crate) fn expand(args: TokenStream, item: TokenStream) -> TokenStream {
    let mut errors = Errors::new();
    let attr = LocusAttr::parse(Span::call_site(), args.clone(), &mut errors);
    let expanded = match keyword(&item).as_deref() {
        Some("impl") => on_impl(&args, item.clone(), &mut errors),
        Some("struct") => on_struct(&attr, item.clone(), &mut errors),
        _ => {
            errors.push(
                Problem::new(Span::call_site(), "`#[locus]` belongs on a struct or on its impl")
                    .help("a locus is a struct with state; put an enum into a field of one"),
            );
            None
        }
    };
    output::with_errors(expanded.unwrap_or_else(|| output::strip_tokens(item)), errors)
}

fn on_struct(attr: &LocusAttr, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    let item = errors.take(syn::parse2::<ItemStruct>(item))?;
    match &attr.main {
        Some(_) => composition::expand(attr, item, errors),
        None => declaration::expand(attr, item, errors),
    }
}

fn on_impl(args: &TokenStream, item: TokenStream, errors: &mut Errors) -> Option<TokenStream> {
    if !args.is_empty() {
        errors.push(
            Problem::over(args, "`#[locus]` takes no arguments on an impl")
                .help("write them where the struct is declared"),
        );
    }
    let hollow = hollow::hollow(item);
    let item = errors.take(syn::parse2::<ItemImpl>(hollow.tokens))?;
    if let Some((_, of, _)) = &item.trait_ {
        errors
            .push(Problem::over(of, "`#[locus]` belongs on the impl of the struct itself").help(
                "handlers are methods of the locus, not of a trait: write `#[locus] impl Room { .. }`",
            ));
        return None;
    }
    if diag::refuse_lifetimes(&item.generics, "a locus", declaration::OWNS, errors) {
        return None;
    }
    let model = methods::Model::new(item, errors);
    Some(expand::locus(&model, &hollow.bodies))
}

/// The word that says what kind of item this is; attributes and visibility come before it.
fn keyword(item: &TokenStream) -> Option<String> {
    item.clone().into_iter().find_map(|tree| match tree {
        TokenTree::Ident(ident) => {
            let word = ident.to_string();
            (!matches!(word.as_str(), "pub" | "unsafe" | "default" | "crate")).then_some(word)
        }
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use proc_macro2::{Group, TokenStream, TokenTree};

    const ITEMS: [(&str, &str); 4] = [
        (
            "publishes(Relayed), receives(Tick, key = self.id, bounded = 4), within = \"5s\"",
            "#[cfg(unix)] pub struct Room<S: Store> where S: Send { #[locus::bounded(by = 4)] id: RoomId, store: S }",
        ),
        (
            "",
            "impl<S: Store> Room<S> {
                const N: usize = { 4 };
                #[on(key = self.id, bounded = 4, on_full = drop_old, missed = lost)]
                fn on_post(&mut self, post: &Posted, cx: &mut Cx<'_, Self>) -> Result<(), Error> { self.n. }
                fn lost(&mut self, n: u64) {}
                #[every(\"1s\")] fn tick(&mut self, cx: &mut Cx<'_, Self>) {}
                async fn birth(&mut self) {}
                async fn run(run: Run<Self>) {}
            }",
        ),
        ("main", "struct Chat { #[place(pinned, cores = 0..2, replicas = 2)] web: Web, lobby: Room }"),
        (
            "key = (room, user), bounded = 4, reply = Answer",
            "#[derive(Clone)] struct Ask { room: u32, user: Text<8> }",
        ),
    ];

    /// All streams that differ from `tokens` by one token left out, at any depth.
    fn shortened(tokens: &TokenStream) -> Vec<TokenStream> {
        let trees: Vec<TokenTree> = tokens.clone().into_iter().collect();
        let mut all = Vec::new();
        for (at, tree) in trees.iter().enumerate() {
            let mut without = trees.clone();
            without.remove(at);
            all.push(without.into_iter().collect());
            let TokenTree::Group(group) = tree else { continue };
            for inner in shortened(&group.stream()) {
                let mut with = trees.clone();
                with[at] = Group::new(group.delimiter(), inner).into();
                all.push(with.into_iter().collect());
            }
        }
        all
    }

    #[test]
    fn no_input_is_too_broken_to_answer() {
        let mut inputs = 0;
        for (args, item) in ITEMS {
            let (args, item): (TokenStream, TokenStream) = (args.parse().unwrap(), item.parse().unwrap());
            let broken_items = shortened(&item).into_iter().map(|item| (args.clone(), item));
            let broken_args = shortened(&args).into_iter().map(|args| (args, item.clone()));
            for (args, item) in broken_items.chain(broken_args) {
                assert!(!super::expand(args.clone(), item.clone()).is_empty());
                assert!(!crate::topic::expand(args, item).is_empty());
                inputs += 1;
            }
        }
        assert!(inputs > 200, "{inputs}");
    }
}
