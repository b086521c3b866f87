//! Whether an await is a request to somebody over a network, or a rest: both take as long as they like.

use super::opened::Opened;
use super::ways::Ways;
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::{Sym, syms};
use crate::names::FnId;

/// Longest way down the calls.
const CALLS_MAX: u32 = 3;
/// What sends requests, by the type it is called on.
const SENDS: [Sym; 3] = syms(["send", "execute", "request"]);
const CLIENTS: [Sym; 4] = syms(["RequestBuilder", "Client", "ClientRequest", "SendRequest"]);
/// What connects, or rests.
const CONNECT: Sym = Sym::new("connect");
const STREAMS: [Sym; 2] = syms(["TcpStream", "UnixStream"]);
const RESTS: [Sym; 2] = syms(["sleep", "sleep_until"]);

impl Ways<'_, '_, '_> {
    /// Whether the await at `at` in `id` is such a request.
    pub(crate) fn is_request(&self, id: FnId, at: Range) -> bool {
        self.open(id).is_some_and(|opened| {
            let mut awaits = opened.exprs().filter(|(_, expr)| expr.at == at);
            awaits.any(|(_, expr)| match expr.kind {
                ExprKind::Await(inner) => self.requests(&opened, inner, 0),
                _ => false,
            })
        })
    }

    fn requests(&self, opened: &Opened<'_>, awaited: ExprId, calls: u32) -> bool {
        let own = opened.own(awaited);
        if !own.is_empty() {
            return calls < CALLS_MAX && own.iter().all(|of| self.has_request(*of, calls + 1));
        }
        let is_client = |name: Sym| CLIENTS.contains(&name);
        match opened.kind(awaited) {
            ExprKind::Method(call) => {
                SENDS.contains(&call.name)
                    && opened.holds_type(opened.inferred.expr(call.recv), &is_client, 0)
            }
            ExprKind::Call(callee, _) => match opened.kind(*callee) {
                ExprKind::Path(path) => {
                    let of = path.segments.iter().rev().nth(1);
                    let connects = path.last() == CONNECT && of.is_some_and(|of| STREAMS.contains(of));
                    connects || RESTS.contains(&path.last())
                }
                _ => false,
            },
            _ => false,
        }
    }

    fn has_request(&self, id: FnId, calls: u32) -> bool {
        self.open(id).is_some_and(|opened| {
            opened.exprs().any(|(_, expr)| match &expr.kind {
                ExprKind::Await(inner) => self.requests(&opened, *inner, calls),
                _ => false,
            })
        })
    }
}
