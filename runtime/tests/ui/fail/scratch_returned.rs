//! What lives in scratch cannot leave the method that made it, nor a nested scope.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {
    kept: usize,
}

#[locus]
impl Room {
    fn forever(&mut self, cx: &mut Cx<'_, Self>) -> &'static str {
        scratch_format!(cx, "line")
    }

    fn as_long_as_self(&mut self, cx: &mut Cx<'_, Self>) -> &str {
        scratch_format!(cx, "line")
    }

    fn from_scoped(&mut self, cx: &mut Cx<'_, Self>) {
        let line = cx.scoped(|cx| scratch_format!(cx, "line"));
        self.kept += line.len();
    }

    fn captured_by_scoped(&mut self, cx: &mut Cx<'_, Self>) {
        let mut line = "";
        cx.scoped(|cx| line = scratch_format!(cx, "line"));
        self.kept += line.len();
    }

    fn pushed_out_of_scoped(&mut self, cx: &mut Cx<'_, Self>) {
        let mut lines = Vec::new();
        cx.scoped(|cx| lines.push(scratch_format!(cx, "line")));
        self.kept += lines.len();
    }
}

fn main() {}
