//! `#[place(..)]`: where the parts of main run.

use crate::args::{Key, Parsed, Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::value::Setting;
use proc_macro2::{Span, TokenStream};
use std::ops::Range;
use syn::LitStr;
use syn::parse::ParseStream;

/// A parsed `#[place(..)]`.
#[derive(Clone, Debug)]
pub struct PlaceAttr {
    /// The attribute's name.
    pub span: Span,
    /// `pool = ".."`: shares that pool's thread.
    pub pool: Option<Setting<LitStr>>,
    /// `pinned`: has a thread of its own.
    pub pinned: Option<Setting<()>>,
    /// `core = N`: the core that thread prefers.
    pub core: Option<Setting<u64>>,
    /// `cores = A..B`: the cores its replicas are spread over.
    pub cores: Option<Setting<Range<u64>>>,
    /// `replicas = N`: so many whole instances, each on its own thread.
    pub replicas: Option<Setting<u64>>,
}

const PLACE: Spec =
    Spec { attr: "#[place]", keys: &["pool", "pinned", "core", "cores", "replicas"], repeat: &[] };

impl PlaceAttr {
    /// Reads the arguments of a `#[place(..)]` whose name stands at `span`.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Self {
        let mut attr = Self { span, pool: None, pinned: None, core: None, cores: None, replicas: None };
        let before = errors.len();
        parse_all(tokens, errors, |input, errors| {
            each_arg(input, PLACE, errors, |key, input, _| {
                match key.name.as_str() {
                    "pool" => attr.pool = Some(pool_name(key, input)?),
                    "pinned" => attr.pinned = Some(key.flag(input)?),
                    "core" => attr.core = Some(key.number(input, 0)?),
                    "cores" => attr.cores = Some(key.cores(input)?),
                    _ => attr.replicas = Some(key.number(input, 1)?),
                }
                Ok(())
            });
        });
        if before == errors.len() {
            errors.take(attr.check());
        }
        attr
    }

    fn check(&self) -> Parsed<()> {
        let threads = [
            ("core", self.core.as_ref().map(|core| core.key)),
            ("cores", self.cores.as_ref().map(|cores| cores.key)),
            ("replicas", self.replicas.as_ref().map(|replicas| replicas.key)),
        ];
        let first = threads.into_iter().find_map(|(name, span)| span.map(|span| (name, span)));
        match (&self.pool, &self.pinned, first) {
            (None, None, None) => Err(Problem::new(self.span, "`#[place]` says no place")
                .help("write `#[place(pool = \"io\")]` or `#[place(pinned)]`; without it a part runs on pool `main`")),
            (Some(pool), Some(_), _) => Err(Problem::new(pool.key, "`pool` and `pinned` exclude each other")
                .help("a pinned part has a thread of its own; keep one of the two")),
            (_, None, Some((name, span))) => Err(Problem::new(span, format!("`{name}` without `pinned`"))
                .help(format!("only a part with its own thread has it: `#[place(pinned, {name} = ..)]`"))),
            _ => self.check_cores(),
        }
    }

    fn check_cores(&self) -> Parsed<()> {
        match (&self.core, &self.cores, &self.replicas) {
            (Some(core), Some(_), _) => Err(Problem::new(core.key, "`core` and `cores` exclude each other")
                .help("write `core = 3` for one thread, `cores = 4..8` for replicas")),
            (Some(core), None, Some(replicas)) if replicas.value > 1 => {
                Err(Problem::new(core.key, "one `core` for several replicas").help(format!(
                    "give each its own: `cores = {}..{}`",
                    core.value,
                    core.value + replicas.value
                )))
            }
            _ => Ok(()),
        }
    }
}

fn pool_name(key: &Key, input: ParseStream<'_>) -> Parsed<Setting<LitStr>> {
    let name = key.text(input, "\"io\"")?;
    let text = name.value.value();
    let fits = |c: char| c.is_ascii_alphanumeric() || matches!(c, '_' | '-');
    if !text.is_empty() && text.len() <= 32 && text.chars().all(fits) {
        return Ok(name);
    }
    Err(Problem::over(&name.value, format!("`{text}` is not a pool name"))
        .help("write up to 32 letters, digits, `_` and `-`: `pool = \"io\"`"))
}
