//! Values that attributes take: counts, durations, sizes, ranges of cores.
//!
//! Text values carry their unit ("30s", "16MiB"); a number without one is refused, because nobody can tell
//! what it counts. Ranges and overflow are checked here, so that a model never holds a value that cannot be.

use crate::error::Problem;
use proc_macro2::Span;
use std::ops::Range;
use std::time::Duration;
use syn::{Expr, ExprLit, ExprRange, Lit, LitStr, RangeLimits, spanned::Spanned};

/// A value together with the key that sets it.
#[derive(Clone, Debug)]
pub struct Setting<T> {
    /// What was written.
    pub value: T,
    /// The key, the flag itself, or the value where it has no key.
    pub key: Span,
    /// The value's first token.
    pub span: Span,
}

impl<T> Setting<T> {
    /// The same setting with another view of its value.
    pub fn map<U>(self, convert: impl FnOnce(T) -> U) -> Setting<U> {
        Setting { value: convert(self.value), key: self.key, span: self.span }
    }
}

/// A number that may be a constant of the user's.
#[derive(Clone, Debug)]
#[expect(clippy::large_enum_variant, reason = "one per attribute, never in a collection")]
pub enum Count {
    /// A literal.
    Known(u64),
    /// A constant expression, for the compiler to evaluate.
    Const(Expr),
}

impl Count {
    /// The number, where it is a literal.
    #[must_use]
    pub fn known(&self) -> Option<u64> {
        match self {
            Self::Known(count) => Some(*count),
            Self::Const(_) => None,
        }
    }
}

/// The expression without what a `macro_rules!` put around it when it passed it through.
pub(crate) fn ungrouped(expr: &Expr) -> &Expr {
    match expr {
        Expr::Group(group) => ungrouped(&group.expr),
        other => other,
    }
}

/// Reads a count of at least `least`.
pub(crate) fn count(key: &str, expr: Expr, least: u64) -> Result<Count, Problem> {
    let refused = |what: &str| {
        Err(Problem::over(&expr, format!("`{key}` must be at least {least}"))
            .help(format!("{what}: write a number such as `{key} = 64`")))
    };
    match ungrouped(&expr) {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => match int.base10_parse::<u64>() {
            Ok(value) if value < least => refused("this is less"),
            Ok(value) => Ok(Count::Known(value)),
            Err(_) => Err(Problem::over(&expr, format!("`{key}` does not fit into 64 bits"))
                .help("write a smaller number")),
        },
        Expr::Lit(_) => Err(Problem::over(&expr, format!("`{key}` is a number"))
            .help(format!("write it without quotes or point: `{key} = 64`"))),
        Expr::Unary(unary) if matches!(unary.op, syn::UnOp::Neg(_)) => refused("this is negative"),
        _ => Ok(Count::Const(expr)),
    }
}

/// Reads `4..8` or `4..=7`.
pub(crate) fn core_range(expr: &Expr) -> Result<Range<u64>, Problem> {
    let wrong = || {
        Problem::over(expr, "`cores` is a range of core numbers")
            .help("write the first core and the one after the last: `cores = 4..8`")
    };
    let Expr::Range(ExprRange { start: Some(start), limits, end: Some(end), .. }) = ungrouped(expr) else {
        return Err(wrong());
    };
    let (Some(start), Some(end)) = (int_of(start), int_of(end)) else { return Err(wrong()) };
    let end = match limits {
        RangeLimits::HalfOpen(_) => end,
        RangeLimits::Closed(_) => end.saturating_add(1),
    };
    if start >= end {
        return Err(Problem::over(expr, "the range of `cores` is empty")
            .help("write the lower core first: `cores = 4..8`"));
    }
    Ok(start..end)
}

fn int_of(expr: &Expr) -> Option<u64> {
    match ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Int(int), .. }) => int.base10_parse().ok(),
        _ => None,
    }
}

const DURATION_UNITS_NS: [(&str, u64); 7] = [
    ("ns", 1),
    ("us", 1_000),
    ("ms", 1_000_000),
    ("s", 1_000_000_000),
    ("m", 60_000_000_000),
    ("h", 3_600_000_000_000),
    ("d", 86_400_000_000_000),
];

const SIZE_UNITS_BYTES: [(&str, u64); 5] =
    [("B", 1), ("KiB", 1 << 10), ("MiB", 1 << 20), ("GiB", 1 << 30), ("TiB", 1 << 40)];

/// Reads a duration such as `"250ms"`, `"1.5s"` or `"10m"`; zero is refused.
///
/// # Errors
/// When the text is no duration, is zero, or does not fit into 64 bits of nanoseconds.
pub fn duration(text: &LitStr) -> Result<Duration, Problem> {
    let help = "write a number and a unit, as in \"250ms\", \"30s\", \"10m\" or \"2h\"";
    quantity(&text.value(), &DURATION_UNITS_NS)
        .filter(|nanos| *nanos > 0)
        .map(Duration::from_nanos)
        .ok_or_else(|| Problem::over(text, format!("`{}` is not a duration", text.value())).help(help))
}

/// Reads a size such as `"16MiB"`; zero is refused.
///
/// # Errors
/// When the text is no size, is zero, or does not fit into 64 bits of bytes.
pub fn size_bytes(text: &LitStr) -> Result<u64, Problem> {
    let help = "write a number and a binary unit, as in \"512B\", \"64KiB\" or \"16MiB\"";
    quantity(&text.value(), &SIZE_UNITS_BYTES)
        .filter(|bytes| *bytes > 0)
        .ok_or_else(|| Problem::over(text, format!("`{}` is not a size", text.value())).help(help))
}

/// Number times unit. The fraction is at most nine digits long, which is exact for every unit here.
fn quantity(text: &str, units: &[(&str, u64)]) -> Option<u64> {
    let digits_end = text.find(|c: char| !c.is_ascii_digit() && c != '.')?;
    let (number, unit) = text.split_at(digits_end);
    let scale = u128::from(units.iter().find(|(name, _)| *name == unit)?.1);
    let (whole, fraction) = number.split_once('.').unwrap_or((number, ""));
    if whole.is_empty() || fraction.len() > 9 || (fraction.is_empty() && number.contains('.')) {
        return None;
    }
    let whole = scale.checked_mul(whole.parse::<u64>().ok()?.into())?;
    let part = match fraction.len() {
        0 => 0,
        digits => scale * fraction.parse::<u128>().ok()? / 10_u128.pow(u32::try_from(digits).ok()?),
    };
    u64::try_from(whole.checked_add(part)?).ok()
}

/// Reads a text literal out of an expression.
pub(crate) fn text(key: &str, expr: &Expr, example: &str) -> Result<LitStr, Problem> {
    match ungrouped(expr) {
        Expr::Lit(ExprLit { lit: Lit::Str(text), .. }) => Ok(text.clone()),
        other => Err(Problem::new(other.span(), format!("`{key}` is a text in quotes"))
            .help(format!("write `{key} = {example}`"))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn lit(text: &str) -> LitStr {
        LitStr::new(text, Span::call_site())
    }

    #[test]
    fn durations() {
        for (text, millis) in
            [("30s", 30_000), ("250ms", 250), ("1.5s", 1_500), ("10m", 600_000), ("2h", 7_200_000)]
        {
            assert_eq!(duration(&lit(text)).unwrap(), Duration::from_millis(millis), "{text}");
        }
        assert_eq!(duration(&lit("7us")).unwrap(), Duration::from_micros(7));
        for text in ["", "30", "s", "30 s", "-1s", "0s", "1.s", ".5s", "1.2.3s", "30sec", "99999999999999d"] {
            assert!(duration(&lit(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn sizes() {
        for (text, bytes) in [("512B", 512), ("64KiB", 65_536), ("16MiB", 16 << 20), ("1.5GiB", 3 << 29)] {
            assert_eq!(size_bytes(&lit(text)).unwrap(), bytes, "{text}");
        }
        for text in ["16MB", "16", "MiB", "0B", "99999999TiB"] {
            assert!(size_bytes(&lit(text)).is_err(), "{text}");
        }
    }

    #[test]
    fn cores() {
        let range = |source: &str| core_range(&syn::parse_str(source).unwrap()).ok();
        assert_eq!(range("4..8"), Some(4..8));
        assert_eq!(range("4..=7"), Some(4..8));
        for wrong in ["4", "8..4", "4..4", "4..", "..4", "a..b"] {
            assert_eq!(range(wrong), None, "{wrong}");
        }
    }
}
