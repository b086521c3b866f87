//! Evaluates `cfg(..)` for one package: Linux on x86-64, its features, no tests.
//!
//! What is not known is off, except that an unknown name under `not(..)` is then on, as the compiler has it.

use rustc_hash::FxHashSet;
use syn::{Expr, ExprLit, Lit, Meta, Token, punctuated::Punctuated};

/// What is set while a package is read.
#[derive(Clone, Debug, Default)]
pub struct CfgEnv {
    /// Flags that the project's own cargo configuration sets: `--cfg name`.
    pub flags: FxHashSet<String>,
    /// Features that are on.
    pub features: FxHashSet<String>,
    /// Whether code for tests is read.
    pub test: bool,
}

/// What a release is built with: code for debug builds serves nobody for long.
const FLAGS: &[&str] = &["unix", "target_thread_local"];
const VALUES: &[(&str, &str)] = &[
    ("target_os", "linux"),
    ("target_family", "unix"),
    ("target_arch", "x86_64"),
    ("target_pointer_width", "64"),
    ("target_endian", "little"),
    ("target_env", "gnu"),
    ("target_vendor", "unknown"),
    ("target_has_atomic", "8"),
    ("target_has_atomic", "16"),
    ("target_has_atomic", "32"),
    ("target_has_atomic", "64"),
    ("target_has_atomic", "ptr"),
    ("panic", "unwind"),
];

impl CfgEnv {
    /// Whether an item with these attributes is compiled.
    pub fn is_on(&self, attrs: &[syn::Attribute]) -> bool {
        attrs.iter().all(|attr| match &attr.meta {
            Meta::List(list) if list.path.is_ident("cfg") => {
                list.parse_args::<Meta>().map_or(true, |meta| self.eval(&meta))
            }
            Meta::Path(path) => self.test || !path.is_ident("test"),
            _ => true,
        })
    }

    /// Whether one condition holds.
    pub fn eval(&self, meta: &Meta) -> bool {
        match meta {
            Meta::Path(path) => match path.get_ident().map(ToString::to_string) {
                Some(name) => {
                    self.flags.contains(&name)
                        || FLAGS.contains(&name.as_str())
                        || (name == "test" && self.test)
                        || name == "true"
                }
                None => false,
            },
            Meta::NameValue(pair) => {
                let Expr::Lit(ExprLit { lit: Lit::Str(value), .. }) = &pair.value else { return false };
                let value = value.value();
                if pair.path.is_ident("feature") {
                    return self.features.contains(&value);
                }
                VALUES.iter().any(|(key, known)| pair.path.is_ident(key) && *known == value)
            }
            Meta::List(list) => {
                let Ok(parts) = list.parse_args_with(Punctuated::<Meta, Token![,]>::parse_terminated) else {
                    return false;
                };
                if list.path.is_ident("not") {
                    return !parts.iter().any(|part| self.eval(part));
                }
                match list.path.is_ident("all") {
                    true => parts.iter().all(|part| self.eval(part)),
                    false => list.path.is_ident("any") && parts.iter().any(|part| self.eval(part)),
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn is_on(source: &str) -> bool {
        let item: syn::ItemFn = syn::parse_str(&format!("{source} fn f() {{}}")).unwrap();
        let env = CfgEnv { features: ["http".to_owned()].into_iter().collect(), ..CfgEnv::default() };
        env.is_on(&item.attrs)
    }

    #[test]
    fn conditions() {
        assert!(is_on(""));
        assert!(is_on("#[cfg(unix)]"));
        assert!(is_on(r#"#[cfg(feature = "http")]"#));
        assert!(!is_on(r#"#[cfg(feature = "pg")]"#));
        assert!(!is_on("#[cfg(test)]"));
        assert!(!is_on("#[test]"));
        assert!(is_on("#[cfg(not(test))]"));
        assert!(is_on(r#"#[cfg(any(windows, all(unix, target_os = "linux")))]"#));
        assert!(!is_on("#[cfg(any())]"));
        assert!(!is_on("#[cfg(all(unix, loom))]"));
    }
}
