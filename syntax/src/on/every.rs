//! `#[every(..)]`: methods that run at intervals.

use crate::args::{Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::value::{self, Setting};
use proc_macro2::{Span, TokenStream};
use std::time::Duration;
use syn::{LitStr, Token};

/// A parsed `#[every("..")]`.
#[derive(Clone, Debug)]
pub struct EveryAttr {
    /// The attribute's name.
    pub span: Span,
    /// The time between two ticks.
    pub period: Setting<Duration>,
    /// `late = ..`: what happens to ticks that are late.
    pub late: Option<Setting<Late>>,
}

/// What happens to ticks that are late.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Late {
    /// They are left out.
    Skip,
    /// They run one after the other.
    CatchUp,
}

const EVERY: Spec = Spec { attr: "#[every]", keys: &["late"], repeat: &[] };

impl EveryAttr {
    /// Reads the arguments of an `#[every(..)]` whose name stands at `span`; `None` without a valid period.
    pub fn parse(span: Span, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let (mut period, mut late) = (None, None);
        parse_all(tokens, errors, |input, errors| {
            let missing = || {
                Problem::new(span, "`#[every]` needs a period")
                    .help("write it first, in quotes: `#[every(\"30s\")]`")
            };
            let start = input.span();
            let text = errors.take(input.parse::<LitStr>().map_err(|_| missing()));
            let value = text.and_then(|text| errors.take(value::duration(&text)));
            period = value.map(|value| Setting { value, key: start, span: start });
            let comma: syn::Result<Option<Token![,]>> = input.parse();
            if period.is_some() && errors.take(comma).is_some() {
                each_arg(input, EVERY, errors, |key, input, _| {
                    late = Some(key.word(input, &[("skip", Late::Skip), ("catch_up", Late::CatchUp)])?);
                    Ok(())
                });
            }
        });
        period.map(|period| Self { span, period, late })
    }
}
