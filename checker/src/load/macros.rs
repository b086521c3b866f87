//! Macros that one file of a workspace defines and another one calls.
//!
//! A file is lowered as soon as it is read, when nobody knows yet what the others define. Those that call macros of
//! other files are lowered once more, with the definitions. Of several with one name the one of the same package
//! counts; where that leaves more than one, none does. Which of them an import or the order of the text means is not
//! looked at.

use crate::lower::ir::FileIr;
use crate::lower::sym::Sym;
use crate::lower::{Definition, Given};
use rustc_hash::FxHashMap;
use xxhash_rust::xxh3::xxh3_64;

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
    text: &'t str,
}

impl<'t> Macros<'t> {
    /// Notes what a file of the package with that number and name defines.
    pub(super) fn add(&mut self, ir: &FileIr, text: &'t str, (package, name): (usize, &str)) {
        for (name_of, at) in &ir.macros_defined {
            let Some(text) = text.get(at.start as usize..at.end as usize) else { continue };
            let krate = name.replace('-', "_");
            self.all.entry(*name_of).or_default().push(One { package, krate, text });
        }
    }

    /// Those that `ir`, of the package with that number, calls, with all that they call in turn; and what stands for
    /// them, 0 for none.
    pub(super) fn given(&self, ir: &FileIr, package: usize) -> (Given<'t>, u64) {
        let (mut given, mut open) = (Given::default(), ir.macros_called.to_vec());
        while let Some(name) = open.pop() {
            let Some(one) = self.one(name, package).filter(|_| !given.contains_key(&name)) else { continue };
            open.extend(calls(one.text));
            let krate = (one.package != package).then(|| one.krate.clone());
            given.insert(name, Definition { text: one.text, krate });
        }
        if given.is_empty() {
            return (given, 0);
        }
        let mut texts: Vec<&str> = given.values().map(|one| one.text).collect();
        texts.sort_unstable();
        let print = xxh3_64(texts.join("\0").as_bytes());
        (given, print)
    }

    fn one(&self, name: Sym, package: usize) -> Option<&One<'t>> {
        let all = self.all.get(&name)?;
        let is_near = |one: &&One<'t>| one.package == package;
        let has_near = all.iter().any(|one| is_near(&one));
        let mut of_name = all.iter().filter(|one| !has_near || is_near(one));
        let first = of_name.next()?;
        of_name.all(|other| other.text == first.text).then_some(first)
    }
}

/// The names that stand before a `!` in `text`.
fn calls(text: &str) -> impl Iterator<Item = Sym> {
    let is_part = |sign: char| sign.is_alphanumeric() || sign == '_';
    let before = text.split('!').rev().skip(1);
    before.filter_map(move |part| {
        let start = part
            .rfind(|sign| !is_part(sign))
            .map_or(0, |at| at + part[at..].chars().next().map_or(1, char::len_utf8));
        part.get(start..).filter(|name| !name.is_empty()).map(Sym::new)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lower;
    use crate::lower::cfg::CfgEnv;

    /// How many macro calls of a file are not understood with what others define, each in a package of its own.
    fn opaque(others: &[&str], text: &str) -> u32 {
        let mut macros = Macros::default();
        for (package, other) in others.iter().enumerate() {
            macros.add(&lower::file(other, &CfgEnv::default()).unwrap(), other, (package, "other"));
        }
        let (given, _) = macros.given(&lower::file(text, &CfgEnv::default()).unwrap(), others.len());
        lower::file_given(text, &CfgEnv::default(), given).unwrap().macros_opaque
    }

    #[test]
    fn a_macro_of_another_file_is_written_out_with_all_that_it_calls() {
        let (outer, inner) = (
            "macro_rules! outer { ($a:ident) => { inner!(@ $a) } }",
            "macro_rules! inner { (@ $a:ident) => { $a.go() } }",
        );
        assert_eq!(opaque(&[outer, inner], "fn f() { outer!(x); }"), 0);
        // What is called further in is not there.
        assert_eq!(opaque(&[outer], "fn f() { outer!(x); }"), 1);
    }

    #[test]
    fn of_several_macros_with_one_name_none_is_taken() {
        let (one, two) = ("macro_rules! m { (~) => { a() } }", "macro_rules! m { (~) => { b() } }");
        assert_eq!(opaque(&[one, one], "fn f() { m!(~); }"), 0);
        assert_eq!(opaque(&[one, two], "fn f() { m!(~); }"), 1);
    }
}
