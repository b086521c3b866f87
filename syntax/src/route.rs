//! `#[get("/rooms/{name}")]` and its kin: methods that answer a request.

use crate::args::{Spec, each_arg, parse_all};
use crate::error::{Errors, Problem};
use crate::value::{Count, Setting};
use proc_macro2::{Span, TokenStream};
use syn::{LitStr, Token};

/// A parsed route.
#[derive(Clone, Debug)]
pub struct RouteAttr {
    /// The attribute's name.
    pub span: Span,
    /// The method it answers.
    pub method: HttpMethod,
    /// The path, with parameters in braces.
    pub path: Setting<LitStr>,
    /// `concurrent = N`: calls of an awaiting route at once.
    pub concurrent: Option<Setting<Count>>,
}

/// What a route answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HttpMethod {
    /// GET.
    Get,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// PATCH.
    Patch,
    /// DELETE.
    Delete,
    /// The upgrade of a GET to a WebSocket.
    Ws,
}

impl HttpMethod {
    pub(crate) fn from_name(name: &str) -> Option<Self> {
        Some(match name {
            "get" => Self::Get,
            "post" => Self::Post,
            "put" => Self::Put,
            "patch" => Self::Patch,
            "delete" => Self::Delete,
            "ws" => Self::Ws,
            _ => return None,
        })
    }
}

const SPEC: Spec = Spec { attr: "a route", keys: &["concurrent"], repeat: &[] };

impl RouteAttr {
    /// Reads the arguments of a route whose name stands at `span`; `None` without a valid path.
    pub fn parse(method: HttpMethod, span: Span, tokens: TokenStream, errors: &mut Errors) -> Option<Self> {
        let (mut path, mut concurrent) = (None, None);
        parse_all(tokens, errors, |input, errors| {
            let wrong = || {
                Problem::new(span, "a route needs a path").help("write it first: `#[get(\"/rooms/{name}\")]`")
            };
            let start = input.span();
            let text = errors.take(input.parse::<LitStr>().map_err(|_| wrong()));
            path = text.and_then(|text| {
                if text.value().starts_with('/') {
                    return Some(Setting { value: text, key: start, span: start });
                }
                errors.push(Problem::over(&text, "a path starts with `/`").help("write \"/rooms/{name}\""));
                None
            });
            let comma: syn::Result<Option<Token![,]>> = input.parse();
            if path.is_some() && errors.take(comma).is_some() {
                each_arg(input, SPEC, errors, |key, input, _| {
                    concurrent = Some(key.count(input, 1)?);
                    Ok(())
                });
            }
        });
        path.map(|path| Self { span, method, path, concurrent })
    }
}
