//! Deletes what keeps a silent fixture silent, one removal or guard at a time, and expects the checker to speak.
//!
//! A mutant is a copy of a file under `fixtures/unbounded-growth/pass` or `fixtures/resource-leak/pass` in which one
//! statement that takes something out, or one test that bounds, is gone. Where two statements do the same work the
//! loss of one changes nothing, and silence is right: the share that must be noticed leaves room for those.

use std::path::{Path, PathBuf};

use rayon::prelude::*;
use syn::spanned::Spanned;
use syn::visit::Visit;

use crate::harness::command::{checker_on, tests_folder};
use crate::harness::marks;

/// Methods that take something out.
const TAKES_OUT: [&str; 17] = [
    "remove",
    "pop",
    "pop_front",
    "pop_back",
    "drain",
    "clear",
    "truncate",
    "retain",
    "retain_mut",
    "split_off",
    "take",
    "swap_remove",
    "shift_remove",
    "remove_entry",
    "try_join_next",
    "pop_first",
    "join_next",
];

/// Least share of the mutants that must be noticed, in percent.
const NOTICED_MIN: usize = 95;

/// One deletion in one file.
struct Mutant {
    file: PathBuf,
    line: usize,
    what: String,
    text: String,
}

/// Finds the deletions: byte ranges, with what goes there instead.
#[derive(Default)]
struct Deletions {
    found: Vec<(std::ops::Range<usize>, String, String)>,
}

struct TakesOut(Option<String>);

impl<'ast> Visit<'ast> for TakesOut {
    fn visit_expr_method_call(&mut self, call: &'ast syn::ExprMethodCall) {
        // `iter().take(3)` takes nothing out.
        let adapter = call.method == "take" && !call.args.is_empty();
        if !adapter && TAKES_OUT.iter().any(|name| call.method == name) {
            self.0 = Some(call.method.to_string());
        }
        syn::visit::visit_expr_method_call(self, call);
    }

    // Statements of an inner block are deletions of their own.
    fn visit_block(&mut self, _: &'ast syn::Block) {}
}

fn takes_out(of: impl FnOnce(&mut TakesOut)) -> Option<String> {
    let mut found = TakesOut(None);
    of(&mut found);
    found.0
}

/// `len() < MAX` and its kin.
fn bounds(cond: &syn::Expr) -> bool {
    let text = quote::quote!(#cond).to_string();
    text.contains(". len ()") && ["<", ">", "=="].iter().any(|op| text.contains(op))
}

impl<'ast> Visit<'ast> for Deletions {
    fn visit_stmt(&mut self, stmt: &'ast syn::Stmt) {
        let range = stmt.span().byte_range();
        match stmt {
            syn::Stmt::Expr(syn::Expr::If(branch), _) if bounds(&branch.cond) => {
                self.guard(branch, range);
            }
            _ => {
                if let Some(method) = takes_out(|found| found.visit_stmt(stmt)) {
                    self.found.push((range, String::new(), method));
                }
            }
        }
        syn::visit::visit_stmt(self, stmt);
    }
}

impl Deletions {
    /// A guard around what it bounds is taken off; one that leads out, or makes room, goes with its block.
    fn guard(&mut self, branch: &syn::ExprIf, range: std::ops::Range<usize>) {
        let inside = &branch.then_branch;
        let text = quote::quote!(#inside).to_string();
        let leaves = text.contains("return") || branch.else_branch.is_some();
        let makes_room = takes_out(|found| inside.stmts.iter().for_each(|stmt| found.visit_stmt(stmt)));
        let grows = ["push", "insert", "extend", "append"].iter().any(|grow| text.contains(grow));
        if leaves || makes_room.is_some() {
            self.found.push((range, String::new(), "guard".to_owned()));
        } else if grows {
            let end = branch.cond.span().byte_range().end;
            self.found.push((range.start..end, "if true".to_owned(), "guard".to_owned()));
        }
    }
}

fn mutants(file: &Path) -> Vec<Mutant> {
    let text = std::fs::read_to_string(file).expect("a fixture can be read");
    let parsed = syn::parse_file(&text).expect("a fixture parses");
    let mut deletions = Deletions::default();
    deletions.visit_file(&parsed);
    let mutant = |(range, instead, what): (std::ops::Range<usize>, String, String)| Mutant {
        file: file.to_owned(),
        line: text[..range.start].lines().count().max(1),
        text: format!("{}{instead}{}", &text[..range.start], &text[range.end..]),
        what,
    };
    deletions.found.into_iter().map(mutant).collect()
}

/// Whether the checker, asked for all it has, says anything about growth or a leak.
fn is_noticed(mutant: &Mutant, number: usize) -> bool {
    let folder = Path::new(env!("CARGO_TARGET_TMPDIR")).join("mutants").join(number.to_string());
    std::fs::create_dir_all(&folder).expect("the target folder can be written");
    let path = folder.join(mutant.file.file_name().expect("a fixture has a name"));
    std::fs::write(&path, &mutant.text).expect("the target folder can be written");
    let run = checker_on(&path);
    let rules = ["unbounded-growth", "resource-leak"];
    run.messages()
        .iter()
        .filter_map(|message| message.message.code.as_ref())
        .any(|code| rules.contains(&code.code.as_str()))
}

#[test]
fn a_deleted_removal_is_noticed() {
    let folders = ["unbounded-growth", "resource-leak"]
        .map(|rule| tests_folder().join("fixtures").join(rule).join("pass"));
    let files = folders.iter().flat_map(|folder| marks::rust_files(folder));
    let all: Vec<Mutant> = files.flat_map(|file| mutants(&file)).collect();
    let noticed: Vec<bool> =
        all.par_iter().enumerate().map(|(number, mutant)| is_noticed(mutant, number)).collect();
    let rows = all.iter().zip(&noticed).map(|(mutant, noticed)| {
        let name = mutant.file.file_stem().expect("a fixture has a name").to_string_lossy();
        let verdict = if *noticed { "noticed" } else { "MISSED" };
        format!("{verdict:8} {:16} {name}:{}", mutant.what, mutant.line)
    });
    let table = rows.collect::<Vec<_>>().join("\n");
    let count = noticed.iter().filter(|noticed| **noticed).count();
    println!("{table}\n{count} of {} deletions noticed", all.len());
    assert!(all.len() >= 60, "only {} mutants", all.len());
    assert!(count * 100 >= all.len() * NOTICED_MIN, "{count} of {}:\n{table}", all.len());
}
