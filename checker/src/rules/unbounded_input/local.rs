//! Whom a package lets connect: anybody, or only processes of the same machine.
//!
//! Told by what it listens on. The kind of socket is lost on the way to a handler of requests, so all that a package binds
//! counts, and one that binds anything else beside lets anybody in.

use crate::lower::ir::Body;
use crate::lower::ir::ExprKind;
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;
use crate::rules::judged::Judged;

/// Sockets with a path for an address.
const UNIX: [Sym; 3] = syms(["UnixListener", "UnixDatagram", "UnixSeqpacketListener"]);

/// How a socket is opened to others.
const BINDS: [Sym; 3] = syms(["bind", "bind_addr", "listen"]);

/// Whether the package of a function listens, and on unix sockets alone.
pub(super) fn is_local(judged: &Judged<'_, '_>, id: FnId) -> bool {
    let names = &judged.program.names;
    let package = |id: FnId| names.package_of(names.function(id).module);
    let beside = judged.functions().filter(|other| package(*other) == package(id));
    let mut is_any = false;
    for body in beside.filter_map(|other| names.body(other)) {
        for binds_unix in body.exprs.iter().filter_map(|expr| binds(body, &expr.kind)) {
            if !binds_unix {
                return false;
            }
            is_any = true;
        }
    }
    is_any
}

/// Whether what is opened here is a unix socket; none where nothing is.
fn binds(body: &Body, kind: &ExprKind) -> Option<bool> {
    match kind {
        ExprKind::Method(call) => BINDS.contains(&call.name).then_some(false),
        ExprKind::Call(callee, _) => match &body.expr(*callee).kind {
            ExprKind::Path(path) if BINDS.contains(&path.last()) => {
                let owner = path.segments.iter().rev().nth(1);
                Some(owner.is_some_and(|owner| UNIX.contains(owner)))
            }
            _ => None,
        },
        _ => None,
    }
}
