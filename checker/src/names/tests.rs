//! What names mean, over modules and crates.

use super::{Def, Foreign, Names};
use crate::load::{TargetKind, Workspace};
use crate::lower::sym::Sym;
use crate::models::Models;

fn resolve(crates: &[(&str, TargetKind, &str)], path: &str) -> Option<String> {
    let workspace = Workspace::of_texts(crates);
    let names = Names::of(&workspace, Models::shipped());
    let segments: Vec<Sym> = path.split("::").map(Sym::new).collect();
    let found = names.resolve_segments(names.roots[0], &segments, false, true)?;
    Some(match found.def {
        Def::Adt(adt) => format!("adt {}", names.text(names.adt(adt).name)),
        Def::Variant(adt, index) => {
            format!("variant {}", names.text(names.adt(adt).variants[index as usize].0))
        }
        Def::Foreign(foreign) if foreign == Foreign::path("std::vec::Vec") => "Vec".to_owned(),
        Def::Foreign(foreign) if foreign == Foreign::path("tokio::sync::mpsc::Sender") => "Sender".to_owned(),
        Def::Mod(_) => "mod".to_owned(),
        other => format!("{other:?}"),
    })
}

fn one(text: &str, path: &str) -> Option<String> {
    resolve(&[("main", TargetKind::Bin, text)], path)
}

#[test]
fn declared_names() {
    let text = "mod a { pub struct S; pub mod b { pub enum E { X, Y } } }";
    assert_eq!(one(text, "a::S").as_deref(), Some("adt S"));
    assert_eq!(one(text, "a::b::E::Y").as_deref(), Some("variant Y"));
    assert_eq!(one(text, "crate::a::b").as_deref(), Some("mod"));
    assert_eq!(one(text, "a::T"), None);
    assert_eq!(one(text, "Vec").as_deref(), Some("Vec"));
}

#[test]
fn imports_chain_in_any_order() {
    let text =
        "use c::T; mod a { pub struct S; } mod b { pub use super::a::*; } mod c { pub use crate::b::S as T; }
                use tokio::sync::{self, mpsc::{Sender as Tx}};";
    assert_eq!(one(text, "T").as_deref(), Some("adt S"));
    assert_eq!(one(text, "Tx").as_deref(), Some("Sender"));
    assert_eq!(one(text, "sync::mpsc::Sender").as_deref(), Some("Sender"));
}

#[test]
fn globs_that_chase_each_other_settle() {
    let text = "mod a { pub use super::b::*; pub struct S; } mod b { pub use super::a::*; } use b::*;";
    assert_eq!(one(text, "S").as_deref(), Some("adt S"));
}

#[test]
fn private_imports_do_not_travel() {
    let text = "mod a { use crate::x::S as Vec; pub struct T; } mod x { pub struct S; } use a::*;";
    assert_eq!(one(text, "Vec").as_deref(), Some("Vec"));
    assert_eq!(one(text, "T").as_deref(), Some("adt T"));
}

#[test]
fn crates_see_each_other() {
    let main = ("main", TargetKind::Bin, "use helper::deep::S;");
    let helper = ("helper", TargetKind::Lib, "pub mod deep { pub struct S; }");
    assert_eq!(resolve(&[main, helper], "S").as_deref(), Some("adt S"));
    assert_eq!(resolve(&[main, helper], "helper::deep::S").as_deref(), Some("adt S"));
}

#[test]
fn foreign_globs_bring_in_what_is_known() {
    assert_eq!(one("use std::vec::*; use unknown::*;", "Vec").as_deref(), Some("Vec"));
    assert_eq!(one("use tokio::sync::mpsc::*;", "Sender").as_deref(), Some("Sender"));
}

#[test]
fn a_prelude_passes_on_what_it_has_from_outside() {
    let text =
        "mod prelude { pub use tokio::sync::mpsc::Sender; } mod a { use crate::prelude::*; } use prelude::*;";
    assert_eq!(one(text, "Sender").as_deref(), Some("Sender"));
}

#[test]
fn std_is_std_wherever_it_is_passed_on() {
    assert_eq!(one("", "prost::alloc::vec::Vec").as_deref(), Some("Vec"));
    assert_eq!(one("extern crate alloc as heap; mod a {}", "heap::vec::Vec").as_deref(), Some("Vec"));
}
