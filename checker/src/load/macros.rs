//! Macros that one file of a workspace defines and another one calls.
//!
//! A file is lowered as soon as it is read, when nobody knows yet what the others define. It is lowered with what their text
//! promises ([`ahead`]); once all are read, those for which that does not hold are lowered once more. Of several macros with
//! one name the one of the same package counts, else what is exported; where that leaves more than one, none does. Which of
//! them an import or the order of the text means is not looked at.

pub(super) mod ahead;

use crate::lower::ir::FileIr;
use crate::lower::sym::Sym;
use crate::lower::{self, Definition, cfg::CfgEnv, ir::Problem};
use rustc_hash::FxHashMap;
use std::borrow::Cow;
use xxhash_rust::xxh3::Xxh3;

/// What the files of a workspace define, by name.
#[derive(Debug, Default)]
pub(super) struct Macros<'t> {
    all: FxHashMap<Sym, Vec<One<'t>>>,
}

#[derive(Debug)]
struct One<'t> {
    package: usize,
    /// As code spells the package.
    krate: String,
    text: Cow<'t, str>,
    exported: bool,
}

impl<'t> Macros<'t> {
    /// Notes what a file of the package with that number and name defines.
    pub(super) fn add(&mut self, ir: &FileIr, text: &'t str, package: (usize, &str)) {
        for of in &ir.macros_defined {
            let Some(text) = text.get(of.at.start as usize..of.at.end as usize) else { continue };
            self.add_one(of.name, (text.into(), of.exported), package);
        }
    }

    fn add_one(&mut self, macro_name: Sym, of: (Cow<'t, str>, bool), (package, name): (usize, &str)) {
        let (krate, (text, exported)) = (name.replace('-', "_"), of);
        self.all.entry(macro_name).or_default().push(One { package, krate, text, exported });
    }

    /// Lowers a file of the package with that number.
    pub(super) fn lower(&self, text: &str, cfg: &CfgEnv, package: usize) -> Result<FileIr, Problem> {
        let ir = lower::file_given(text, cfg, &|name| self.one(name, package))?;
        Ok(FileIr { macros_given: self.print(&ir, package), ..ir })
    }

    /// Stands for what is answered to all that `ir`, of the package with that number, asked for; 0 for nothing.
    pub(super) fn print(&self, ir: &FileIr, package: usize) -> u64 {
        let (mut print, mut is_any) = (Xxh3::new(), false);
        for one in ir.macros_called.iter().filter_map(|name| self.one(*name, package)) {
            for part in [one.krate.unwrap_or_default(), one.text] {
                print.update(part.as_bytes());
                print.update(&[0]);
            }
            is_any = true;
        }
        if is_any { print.digest() } else { 0 }
    }

    pub(super) fn one(&self, name: Sym, package: usize) -> Option<Definition<'_>> {
        let all = self.all.get(&name)?;
        let is_near = |one: &&One<'_>| one.package == package;
        let has_near = all.iter().any(|one| is_near(&one));
        let mut of_name = all.iter().filter(|one| if has_near { is_near(one) } else { one.exported });
        let first = of_name.next()?;
        let krate = (first.package != package).then_some(first.krate.as_str());
        of_name.all(|other| other.text == first.text).then_some(Definition { text: &first.text, krate })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many macro calls of a file are not understood with what others define, each in a package of its own.
    fn opaque(others: &[&str], text: &str) -> u32 {
        let mut macros = Macros::default();
        for (package, other) in others.iter().enumerate() {
            macros.add(&lower::file(other, &CfgEnv::default()).unwrap(), other, (package, "other"));
        }
        macros.lower(text, &CfgEnv::default(), others.len()).unwrap().macros_opaque
    }

    #[test]
    fn a_macro_of_another_file_is_written_out_with_all_that_it_calls() {
        let (outer, inner) = (
            "#[macro_export] macro_rules! outer { ($a:ident) => { inner!(@ $a) } }",
            "#[macro_export] macro_rules! inner { (@ $a:ident) => { $a.go() } }",
        );
        assert_eq!(opaque(&[outer, inner], "fn f() { outer!(x); }"), 0);
        // What is called further in is not there.
        assert_eq!(opaque(&[outer], "fn f() { outer!(x); }"), 1);
    }

    #[test]
    fn of_several_macros_with_one_name_none_is_taken() {
        let exported = |body: &str| format!("#[macro_export] macro_rules! m {{ (~) => {{ {body} }} }}");
        let (one, two) = (&*exported("a()"), &*exported("b()"));
        assert_eq!(opaque(&[one, one], "fn f() { m!(~); }"), 0);
        assert_eq!(opaque(&[one, two], "fn f() { m!(~); }"), 1);
        // One that is not exported cannot be meant.
        let own = "macro_rules! m { (~) => { b() } }";
        assert_eq!(opaque(&[one, own], "fn f() { m!(~); }"), 0);
        assert_eq!(opaque(&[own], "fn f() { m!(~); }"), 1);
    }
}
