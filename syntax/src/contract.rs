//! What users tell the checker about their code: allowances, bounds, contracts.
//!
//! Whether a rule exists, and whether a reason convinces, is the checker's business; here a rule is a word.

use crate::args::{Key, Parsed, each_element, parse_all};
use crate::error::{Errors, Problem};
use crate::value::{Count, Setting, count};
use proc_macro2::{Ident, Span, TokenStream};
use syn::ext::IdentExt;
use syn::parse::{ParseStream, Parser};
use syn::{Expr, LitStr, Token};

/// A rule as named in an attribute.
#[derive(Clone, Debug)]
pub struct RuleName {
    /// With dashes, as the checker prints it: `unbounded-growth`.
    pub name: String,
    /// Where it was written.
    pub span: Span,
}

/// A parsed `#[locus::allow(rule, reason = "..")]`.
#[derive(Clone, Debug)]
pub struct AllowAttr {
    /// The attribute's name.
    pub span: Span,
    /// The rules it silences.
    pub rules: Vec<RuleName>,
    /// Why; without it the allowance silences nothing.
    pub reason: Option<Setting<LitStr>>,
}

/// A parsed `#[locus::deny(rule)]`.
#[derive(Clone, Debug)]
pub struct DenyAttr {
    /// The attribute's name.
    pub span: Span,
    /// The rules it raises.
    pub rules: Vec<RuleName>,
}

/// A parsed `#[locus::bounded(by = EXPR)]`.
#[derive(Clone, Debug)]
pub struct BoundedAttr {
    /// The attribute's name.
    pub span: Span,
    /// What bounds it.
    pub by: Setting<Expr>,
}

/// A parsed `#[locus::max_alloc(N)]`.
#[derive(Clone, Debug)]
pub struct MaxAllocAttr {
    /// The attribute's name.
    pub span: Span,
    /// Allocations a call may make.
    pub allocations: u64,
}

/// A parsed `#[locus::hot]` or `#[locus::no_block]`, which take no arguments.
#[derive(Clone, Copy, Debug)]
pub struct MarkAttr {
    /// The attribute's name.
    pub span: Span,
}

impl AllowAttr {
    /// Reads the arguments of a `#[locus::allow(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let (rules, reason) = rules("allow", span, tokens, errors);
        Self { span, rules, reason }
    }
}

impl DenyAttr {
    /// Reads the arguments of a `#[locus::deny(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let (rules, reason) = rules("deny", span, tokens, errors);
        if let Some(reason) = reason {
            errors.push(
                Problem::new(reason.key, "`deny` takes no reason")
                    .help("being stricter needs no excuse; leave it out"),
            );
        }
        Self { span, rules }
    }
}

/// Rules, then perhaps a reason. A rule may be written with dashes too, as the checker prints it.
fn rules(
    attr: &str,
    span: Span,
    tokens: TokenStream,
    errors: &mut Errors,
) -> (Vec<RuleName>, Option<Setting<LitStr>>) {
    let (mut rules, mut reason) = (Vec::new(), None);
    let before = errors.len();
    parse_all(tokens, errors, |input, errors| {
        each_element(input, errors, |input, _| rule_or_reason(attr, input, &mut rules, &mut reason));
    });
    if rules.is_empty() && errors.len() == before {
        errors.push(
            Problem::new(span, format!("`#[locus::{attr}]` names no rule"))
                .help(format!("name it first: `#[locus::{attr}(unbounded_growth)]`")),
        );
    }
    (rules, reason)
}

fn rule_or_reason(
    attr: &str,
    input: ParseStream<'_>,
    rules: &mut Vec<RuleName>,
    reason: &mut Option<Setting<LitStr>>,
) -> Parsed<()> {
    let wrong = |span| {
        Problem::new(span, "expected the name of a rule")
            .help(format!("write `#[locus::{attr}(unbounded_growth)]`"))
    };
    let ident = input.call(Ident::parse_any).map_err(|error| wrong(error.span()))?;
    let mut name = ident.to_string();
    if name == "reason" && input.peek(Token![=]) {
        let key = Key { name, span: ident.span() };
        *reason = Some(key.text(input, "\"removed by the peer's timeout\"")?);
        return Ok(());
    }
    while input.peek(Token![-]) {
        input.parse::<Token![-]>()?;
        name = format!("{name}-{}", input.call(Ident::parse_any)?);
    }
    if !input.is_empty() && !input.peek(Token![,]) {
        return Err(wrong(input.span()));
    }
    rules.push(RuleName { name: name.replace('_', "-"), span: ident.span() });
    Ok(())
}

impl BoundedAttr {
    /// Reads the arguments of a `#[locus::bounded(..)]` whose name stands at `span`; `None` without a bound.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let wrong = || {
            Problem::new(span, "`#[locus::bounded]` names no bound")
                .help("write what bounds it: `#[locus::bounded(by = MAX_PEERS)]`")
        };
        let parsed = (|input: ParseStream<'_>| {
            let ident: Ident = input.parse()?;
            if ident != "by" {
                return Err(syn::Error::new(ident.span(), "expected `by`"));
            }
            input.parse::<Token![=]>()?;
            let start = input.span();
            let value: Expr = input.parse()?;
            input.parse::<Option<Token![,]>>()?;
            Ok(Setting { value, key: ident.span(), span: start })
        })
        .parse2(tokens);
        errors.take(parsed.map_err(|_| wrong())).map(|by| Self { span, by })
    }
}

impl MaxAllocAttr {
    /// Reads the arguments of a `#[locus::max_alloc(..)]` whose name stands at `span`; `None` without a number.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let wrong = || {
            Problem::new(span, "`#[locus::max_alloc]` takes a number")
                .help("write how many allocations a call may make: `#[locus::max_alloc(0)]`")
        };
        let expr = errors.take(syn::parse2::<Expr>(tokens).map_err(|_| wrong()))?;
        match errors.take(count("max_alloc", expr, 0))? {
            Count::Known(allocations) => Some(Self { span, allocations }),
            Count::Const(_) => {
                errors.push(wrong());
                None
            }
        }
    }
}

impl MarkAttr {
    /// Reads a `#[locus::hot]` or `#[locus::no_block]`.
    pub fn parse(name: &str, span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        if !tokens.is_empty() {
            errors.push(
                Problem::over(tokens, format!("`#[{name}]` takes no arguments"))
                    .help(format!("write `#[{name}]` alone")),
            );
        }
        Self { span }
    }
}
