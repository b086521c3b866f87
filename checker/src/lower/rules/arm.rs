//! One arm of a `macro_rules!`: what it takes, and what it writes.

use proc_macro2::{Delimiter, Group, Ident, Span, TokenStream, TokenTree};
use syn::ext::IdentExt;
use syn::parse::discouraged::Speculative;
use syn::parse::{ParseStream, Parser};

/// `(pattern) => { template }`.
pub(super) struct Arm {
    takes: Vec<Piece>,
    writes: Vec<Piece>,
}

/// What patterns and templates consist of.
enum Piece {
    Token(TokenTree),
    Group(Delimiter, Vec<Piece>),
    /// `$name:kind`, and in a template `$name`.
    Variable(String, String),
    /// `$( .. ) separator *`.
    Repeat {
        inner: Vec<Piece>,
        between: Vec<TokenTree>,
        times: char,
    },
    /// `$crate`.
    Crate,
}

/// What a variable stands for.
#[derive(Clone)]
enum Bound {
    One(TokenStream),
    /// One for each turn of the repetition it stands in.
    Each(Vec<Bound>),
}

type Found = Vec<(String, Bound)>;

impl Arm {
    /// The arms of a definition; none where one of them is not understood.
    pub(super) fn all(tokens: TokenStream) -> Option<Vec<Arm>> {
        let (mut arms, mut trees) = (Vec::new(), tokens.into_iter());
        while let Some(first) = trees.next() {
            let TokenTree::Group(takes) = first else { return None };
            let is_arrow = is_punct(&trees.next()?, '=') && is_punct(&trees.next()?, '>');
            let TokenTree::Group(writes) = trees.next()? else { return None };
            let arm = Arm { takes: pieces(takes.stream(), true)?, writes: pieces(writes.stream(), false)? };
            if !is_arrow || trees.next().is_some_and(|end| !is_punct(&end, ';')) {
                return None;
            }
            arms.push(arm);
        }
        Some(arms)
    }

    /// What the arm writes for a call with these arguments, all of it at `at` but the arguments themselves; none where
    /// it does not take them. `$crate` is `krate`, else the crate of the call.
    pub(super) fn apply(
        &self,
        arguments: &TokenStream,
        at: Span,
        krate: Option<&str>,
    ) -> Option<TokenStream> {
        let found = |input: ParseStream<'_>| {
            let mut found = Found::new();
            take(input, &self.takes, &mut found)?;
            Ok(found)
        };
        let found = found.parse2(arguments.clone()).ok()?;
        let mut written = TokenStream::new();
        Write { at, krate: Ident::new(krate.unwrap_or("crate"), at) }.all(
            &self.writes,
            &found,
            &mut written,
        )?;
        Some(written)
    }
}

fn is_punct(tree: &TokenTree, sign: char) -> bool {
    matches!(tree, TokenTree::Punct(of) if of.as_char() == sign)
}

fn pieces(tokens: TokenStream, is_pattern: bool) -> Option<Vec<Piece>> {
    let (mut all, mut trees) = (Vec::new(), tokens.into_iter());
    while let Some(tree) = trees.next() {
        let piece = match tree {
            tree if is_punct(&tree, '$') => variable(&mut trees, is_pattern)?,
            TokenTree::Group(of) => Piece::Group(of.delimiter(), pieces(of.stream(), is_pattern)?),
            other => Piece::Token(other),
        };
        all.push(piece);
    }
    Some(all)
}

/// What follows a `$`.
fn variable(trees: &mut impl Iterator<Item = TokenTree>, is_pattern: bool) -> Option<Piece> {
    match trees.next()? {
        TokenTree::Ident(name) if name == "crate" => Some(Piece::Crate),
        TokenTree::Ident(name) if is_pattern => {
            let is_typed = is_punct(&trees.next()?, ':');
            let kind = trees.next().filter(|_| is_typed)?;
            Some(Piece::Variable(name.to_string(), kind.to_string()))
        }
        TokenTree::Ident(name) => Some(Piece::Variable(name.to_string(), String::new())),
        TokenTree::Group(of) if of.delimiter() == Delimiter::Parenthesis => {
            let (inner, mut between) = (pieces(of.stream(), is_pattern)?, Vec::new());
            loop {
                match trees.next()? {
                    TokenTree::Punct(of) if matches!(of.as_char(), '*' | '+' | '?') => {
                        return Some(Piece::Repeat { inner, between, times: of.as_char() });
                    }
                    other => between.push(other),
                }
            }
        }
        _ => None,
    }
}

/// Reads what `pieces` ask for.
fn take(input: ParseStream<'_>, pieces: &[Piece], found: &mut Found) -> syn::Result<()> {
    for piece in pieces {
        match piece {
            Piece::Token(token) => same(input, token)?,
            Piece::Crate => return Err(input.error("a pattern does not name the crate")),
            Piece::Variable(name, kind) => found.push((name.clone(), Bound::One(fragment(input, kind)?))),
            Piece::Group(delimiter, inner) => match input.parse()? {
                TokenTree::Group(of) if of.delimiter() == *delimiter => {
                    (|input: ParseStream<'_>| take(input, inner, found)).parse2(of.stream())?;
                }
                other => return Err(syn::Error::new(other.span(), "another bracket")),
            },
            Piece::Repeat { inner, between, times } => repeated(input, (inner, between, *times), found)?,
        }
    }
    Ok(())
}

fn same(input: ParseStream<'_>, token: &TokenTree) -> syn::Result<()> {
    let next: TokenTree = input.parse()?;
    match next.to_string() == token.to_string() {
        true => Ok(()),
        false => Err(syn::Error::new(next.span(), "another token")),
    }
}

fn repeated(
    input: ParseStream<'_>,
    (inner, between, times): (&[Piece], &[TokenTree], char),
    found: &mut Found,
) -> syn::Result<()> {
    let mut turns: Vec<Found> = Vec::new();
    while !input.is_empty() && (times != '?' || turns.is_empty()) {
        let (ahead, mut turn) = (input.fork(), Found::new());
        let is_parted = turns.is_empty() || between.iter().all(|token| same(&ahead, token).is_ok());
        if !is_parted || take(&ahead, inner, &mut turn).is_err() || ahead.cursor() == input.cursor() {
            break;
        }
        input.advance_to(&ahead);
        turns.push(turn);
    }
    if times == '+' && turns.is_empty() {
        return Err(input.error("at least one is asked for"));
    }
    let mut names = Vec::new();
    names_of(inner, &mut names);
    for name in names {
        let of_turn =
            |turn: &Found| turn.iter().find(|(known, _)| known == name).map(|(_, bound)| bound.clone());
        found.push((name.to_owned(), Bound::Each(turns.iter().filter_map(of_turn).collect())));
    }
    Ok(())
}

fn names_of<'p>(pieces: &'p [Piece], names: &mut Vec<&'p str>) {
    for piece in pieces {
        match piece {
            Piece::Variable(name, _) => names.push(name),
            Piece::Group(_, inner) | Piece::Repeat { inner, .. } => names_of(inner, names),
            Piece::Token(_) | Piece::Crate => {}
        }
    }
}

/// The tokens of one fragment. An expression stays one, whatever it is put beside.
fn fragment(input: ParseStream<'_>, kind: &str) -> syn::Result<TokenStream> {
    let mut at = input.cursor();
    match kind {
        "ident" => drop(input.call(syn::Ident::parse_any)?),
        "expr" | "expr_2021" => drop(input.parse::<syn::Expr>()?),
        "ty" => drop(input.parse::<syn::Type>()?),
        "path" => drop(input.parse::<syn::Path>()?),
        "pat" => drop(input.call(syn::Pat::parse_multi_with_leading_vert)?),
        "pat_param" => drop(input.call(syn::Pat::parse_single)?),
        "stmt" => drop(input.parse::<syn::Stmt>()?),
        "block" => drop(input.parse::<syn::Block>()?),
        "item" => drop(input.parse::<syn::Item>()?),
        "meta" => drop(input.parse::<syn::Meta>()?),
        "vis" => drop(input.parse::<syn::Visibility>()?),
        "lifetime" => drop(input.parse::<syn::Lifetime>()?),
        "literal" => {
            input.parse::<Option<syn::Token![-]>>()?;
            input.parse::<syn::Lit>()?;
        }
        "tt" if input.peek(syn::Lifetime) => drop(input.parse::<syn::Lifetime>()?),
        "tt" => drop(input.parse::<TokenTree>()?),
        _ => return Err(input.error("a fragment of a kind that is not known")),
    }
    let (end, mut tokens) = (input.cursor(), Vec::new());
    while at != end
        && let Some((tree, next)) = at.token_tree()
    {
        tokens.push(tree);
        at = next;
    }
    let is_parted = kind.starts_with("expr") && tokens.len() > 1;
    let tokens: TokenStream = tokens.into_iter().collect();
    Ok(if is_parted { TokenTree::Group(Group::new(Delimiter::None, tokens)).into() } else { tokens })
}

/// How a template is written.
struct Write {
    at: Span,
    krate: Ident,
}

impl Write {
    fn all(&self, pieces: &[Piece], found: &[(String, Bound)], out: &mut TokenStream) -> Option<()> {
        for piece in pieces {
            match piece {
                Piece::Token(token) => {
                    let mut token = token.clone();
                    token.set_span(self.at);
                    out.extend([token]);
                }
                Piece::Crate => out.extend([TokenTree::Ident(self.krate.clone())]),
                Piece::Group(delimiter, inner) => {
                    let mut within = TokenStream::new();
                    self.all(inner, found, &mut within)?;
                    let mut group = Group::new(*delimiter, within);
                    group.set_span(self.at);
                    out.extend([TokenTree::Group(group)]);
                }
                Piece::Variable(name, _) => match bound(found, name)? {
                    Bound::One(tokens) => out.extend(tokens.clone()),
                    Bound::Each(_) => return None,
                },
                Piece::Repeat { inner, between, .. } => self.repeat(inner, between, found, out)?,
            }
        }
        Some(())
    }

    /// As often as what its variables stand for was given.
    fn repeat(
        &self,
        inner: &[Piece],
        between: &[TokenTree],
        found: &[(String, Bound)],
        out: &mut TokenStream,
    ) -> Option<()> {
        let mut names = Vec::new();
        names_of(inner, &mut names);
        let each = |(name, bound): &(String, Bound)| match bound {
            Bound::Each(all) if names.contains(&name.as_str()) => Some(all.len()),
            _ => None,
        };
        let turns = found.iter().filter_map(each).max()?;
        for turn in 0..turns {
            if turn > 0 {
                out.extend(between.iter().cloned().map(|mut token| {
                    token.set_span(self.at);
                    token
                }));
            }
            let one = |(name, bound): &(String, Bound)| match bound {
                Bound::Each(all) => Some((name.clone(), all.get(turn)?.clone())),
                Bound::One(_) => Some((name.clone(), bound.clone())),
            };
            let wanted = found.iter().filter(|(name, _)| names.contains(&name.as_str()));
            let found: Option<Found> = wanted.map(one).collect();
            self.all(inner, &found?, out)?;
        }
        Some(())
    }
}

fn bound<'f>(found: &'f [(String, Bound)], name: &str) -> Option<&'f Bound> {
    found.iter().find(|(known, _)| known == name).map(|(_, bound)| bound)
}
