//! rustc, telling the type of the receiver of every method call.
//!
//! Run by cargo as `RUSTC_WORKSPACE_WRAPPER`: compiles as rustc does and, once the types of a crate are known,
//! writes one line for each method call that stands in the source as written:
//! `file:line:column TAB method TAB type > type > ..`, the types being those that the receiver goes through on the
//! way to the method, references left out. A type from outside is `path=path`: as code may name it, and where it is
//! defined. Calls that only macros or desugaring wrote are left out, and so are build scripts.
//! Each crate gets a file of its own in the directory that `LOCUS_ORACLE_OUT` names; the file of a crate has the
//! same name in every run, so that it goes on standing for a crate that cargo finds unchanged.
//!
//! It does not judge: which types matter, and what the checker says of them, is for `cargo xtask oracle`.

#![feature(rustc_private)]

extern crate rustc_driver;
extern crate rustc_hir;
extern crate rustc_interface;
extern crate rustc_middle;
extern crate rustc_span;

use std::fmt::Write as _;
use std::path::PathBuf;
use std::process::ExitCode;

use rustc_driver::{Callbacks, Compilation};
use rustc_hir::intravisit::{self, Visitor};
use rustc_hir::{Expr, ExprKind};
use rustc_interface::interface::Compiler;
use rustc_middle::ty::print::with_no_visible_paths;
use rustc_middle::ty::{Ty, TyCtxt, TyKind, TypeckResults};
use rustc_span::def_id::LOCAL_CRATE;
use rustc_span::{FileName, Ident, RemapPathScopeComponents};

/// Names the directory that the lines are written to.
const OUT: &str = "LOCUS_ORACLE_OUT";

fn main() -> ExitCode {
    // As a wrapper it is given the compiler first, whose place it takes.
    let mut arguments: Vec<String> = std::env::args().skip(1).collect();
    // What the code is warned about is not our business, and must not stop the run.
    arguments.push("--cap-lints=allow".to_owned());
    // The checker reads what a release is built with.
    arguments.push("-Cdebug-assertions=off".to_owned());
    rustc_driver::catch_with_exit_code(|| rustc_driver::run_compiler(&arguments, &mut Receivers))
}

struct Receivers;

impl Callbacks for Receivers {
    fn after_analysis(&mut self, _: &Compiler, tcx: TyCtxt<'_>) -> Compilation {
        let name = tcx.crate_name(LOCAL_CRATE);
        let Some(directory) = std::env::var_os(OUT).filter(|_| name.as_str() != "build_script_build") else {
            return Compilation::Continue;
        };
        let mut lines = String::new();
        for owner in tcx.hir_body_owners() {
            let body = tcx.hir_body_owned_by(owner);
            let mut calls = Calls { tcx, types: tcx.typeck(owner), lines: &mut lines };
            calls.visit_body(body);
        }
        let id = tcx.stable_crate_id(LOCAL_CRATE).as_u64();
        let path = PathBuf::from(directory).join(format!("{name}-{id:016x}.receivers"));
        if let Err(error) = std::fs::write(&path, lines) {
            tcx.dcx().fatal(format!("cannot write `{}`: {error}", path.display()));
        }
        Compilation::Continue
    }
}

/// Walks one body; the bodies of closures are owners of their own.
struct Calls<'a, 'tcx> {
    tcx: TyCtxt<'tcx>,
    types: &'tcx TypeckResults<'tcx>,
    lines: &'a mut String,
}

impl<'tcx> Visitor<'tcx> for Calls<'_, 'tcx> {
    fn visit_expr(&mut self, expr: &'tcx Expr<'tcx>) {
        if let ExprKind::MethodCall(segment, receiver, ..) = expr.kind
            && let Some(place) = self.place(segment.ident)
        {
            let first = self.types.expr_ty(receiver);
            let steps = self.types.expr_adjustments(receiver).iter().map(|step| step.target);
            let mut chain: Vec<String> = Vec::new();
            for ty in std::iter::once(first).chain(steps) {
                let shown = self.shown(ty);
                if chain.last() != Some(&shown) {
                    chain.push(shown);
                }
            }
            let _ = writeln!(self.lines, "{place}\t{}\t{}", segment.ident.name, chain.join(" > "));
        }
        intravisit::walk_expr(self, expr);
    }
}

impl<'tcx> Calls<'_, 'tcx> {
    /// The definition path of a type behind references; a kind in brackets for what has none.
    fn shown(&self, ty: Ty<'tcx>) -> String {
        match ty.peel_refs().kind() {
            TyKind::Adt(adt, _) if adt.did().is_local() => {
                format!("crate::{}", self.tcx.def_path_str(adt.did()))
            }
            TyKind::Adt(adt, _) => {
                let defined = with_no_visible_paths!(self.tcx.def_path_str(adt.did()));
                format!("{}={defined}", self.tcx.def_path_str(adt.did()))
            }
            TyKind::Slice(_) | TyKind::Array(..) => "[slice]".to_owned(),
            TyKind::Param(_) | TyKind::Alias(..) => "[param]".to_owned(),
            TyKind::Dynamic(..) => "[dyn]".to_owned(),
            TyKind::Closure(..) | TyKind::FnDef(..) | TyKind::FnPtr(..) => "[fn]".to_owned(),
            TyKind::Str => "str".to_owned(),
            _ if ty.peel_refs().is_primitive() => ty.peel_refs().to_string(),
            _ => "[other]".to_owned(),
        }
    }

    /// Where a name stands that someone wrote; none for what a macro made, though it may point at its attribute.
    fn place(&self, name: Ident) -> Option<String> {
        let (span, map) = (name.span, self.tcx.sess.source_map());
        let written = map.span_to_snippet(span).ok()?;
        if span.from_expansion() || written.trim_start_matches("r#") != name.as_str() {
            return None;
        }
        let at = map.lookup_char_pos(span.lo());
        let FileName::Real(file) = &at.file.name else { return None };
        let path = file.path(RemapPathScopeComponents::DIAGNOSTICS);
        let path = std::path::absolute(path).ok()?;
        Some(format!("{}:{}:{}", path.display(), at.line, at.col.0 + 1))
    }
}
