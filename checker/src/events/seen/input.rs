//! Input that decides by itself how much memory it takes.

use super::{Look, Sight};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Pat, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};

const PEERS: [Sym; 6] =
    syms(["TcpStream", "UnixStream", "OwnedReadHalf", "ReadHalf", "DuplexStream", "TlsStream"]);
const CHILD_ENDS: [Sym; 3] = syms(["ChildStdout", "ChildStderr", "ChildStdin"]);
const ANSWERS: [Sym; 3] = syms(["response", "resp", "res"]);
const LIMITED: Sym = Sym::new("Take");
const SIZED: [Sym; 5] = syms(["with_capacity", "reserve", "resize", "reserve_exact", "zeroed"]);
/// Numbers of 16 bits cannot ask for much.
const NUMBERS: [Sym; 13] = syms([
    "read_u32",
    "read_u64",
    "read_u32_le",
    "read_i32",
    "get_u32",
    "get_u64",
    "get_u32_le",
    "get_i32",
    "from_be_bytes",
    "from_le_bytes",
    "from_ne_bytes",
    "from_str_radix",
    "parse",
]);
const SHORT: [Sym; 4] = syms(["u8", "i8", "u16", "i16"]);
const CHECKED: [Sym; 4] = syms(["checked_mul", "checked_add", "checked_sub", "checked_next_multiple_of"]);
/// What holds a number against a limit, or counts the bits of one.
const CUTS: [Sym; 7] =
    syms(["min", "clamp", "checked_sub", "count_ones", "count_zeros", "leading_zeros", "trailing_zeros"]);

impl Look<'_, '_, '_> {
    /// A line, or all there is, read from a peer that may never end it.
    pub(super) fn frame(&mut self, id: ExprId) {
        let (of, name) = self.called(id);
        let is = match self.kind(id) {
            ExprKind::Method(call) => {
                let lines = name == Sym::new("lines") && call.args.is_empty();
                (self.walk.program.models.gives(name).whole || lines) && self.is_peer(self.walk.ty(call.recv))
            }
            ExprKind::Call(_, args) => {
                let codec = of == Sym::new("LinesCodec") && name == Sym::new("new") && args.is_empty();
                let all =
                    name == Sym::new("to_bytes") && args.get(1).is_some_and(|limit| self.is_max(*limit));
                (codec && !self.is_for_writing(id) || all && !self.is_own_answer(args)) && !self.is_own(id)
            }
            _ => false,
        };
        if is {
            self.note(Sight::Frame(self.name_of(id)), id);
        }
    }

    /// `FramedWrite::new(stream, LinesCodec::new())`, and frames of a child of ours.
    fn is_for_writing(&self, codec: ExprId) -> bool {
        self.walk.body.exprs.iter().enumerate().any(|(index, expr)| match &expr.kind {
            ExprKind::Call(_, args) if args.contains(&codec) => {
                let framed = self.called(ExprId(u32::try_from(index).unwrap_or(u32::MAX))).0;
                let of_child = args.iter().any(|arg| {
                    let of = self.foreign(self.walk.ty(*arg));
                    CHILD_ENDS.contains(&of)
                });
                framed == Sym::new("FramedWrite") || of_child
            }
            _ => false,
        })
    }

    /// The body of a response that was taken apart: what this service itself made.
    fn is_own_answer(&self, args: &[ExprId]) -> bool {
        let Some(ExprKind::Local(body)) = args.first().map(|body| self.kind(*body)) else { return false };
        self.walk.body.exprs.iter().any(|expr| {
            let ExprKind::Block(stmts, _) = &expr.kind else { return false };
            stmts.iter().any(|stmt| match stmt {
                Stmt::Let(pat, _, Some(init), _) => {
                    let ExprKind::Method(call) = self.kind(*init) else { return false };
                    let Pat::Tuple(parts) = self.walk.body.pat(*pat) else { return false };
                    let names = |part: &crate::lower::ir::PatId| matches!(self.walk.body.pat(*part), Pat::Bind(of, _) if of == body);
                    call.name == Sym::new("into_parts")
                        && parts.iter().any(names)
                        && (self.foreign(self.walk.ty(call.recv)) == Sym::new("Response")
                            || self.is_named(call.recv, &ANSWERS))
                }
                _ => false,
            })
        })
    }

    fn is_named(&self, id: ExprId, names: &[Sym]) -> bool {
        matches!(self.kind(id), ExprKind::Local(local) if names.contains(&self.walk.body.locals[local.0 as usize].name))
    }

    pub(super) fn is_max(&self, id: ExprId) -> bool {
        matches!(self.kind(id), ExprKind::Path(path) if path.last() == Sym::new("MAX"))
    }

    /// A stream from outside, perhaps buffered, and not limited by `take`.
    fn is_peer(&self, ty: Ty) -> bool {
        let (mut peer, mut limited) = (false, false);
        self.parts(ty, 0, &mut |name| {
            peer |= PEERS.contains(&name);
            limited |= name == LIMITED;
        });
        peer && !limited
    }

    fn parts(&self, ty: Ty, depth: u32, tell: &mut dyn FnMut(Sym)) {
        if let TyKind::Foreign(foreign, args) = self.walk.inferred.types.kind(ty) {
            tell(foreign.last);
            if depth < 6 {
                args.iter().for_each(|arg| self.parts(*arg, depth + 1, tell));
            }
        }
    }

    /// `Vec::with_capacity(length)`, where `length` was read from the input.
    pub(super) fn sized(&mut self, id: ExprId) {
        let (_, name) = self.called(id);
        if !SIZED.contains(&name) || self.is_own(id) {
            return;
        }
        if let Some(size) = self.args(id).first() {
            self.sized_by(id, *size);
        }
    }

    /// `vec![0; length]`.
    pub(super) fn sized_macro(&mut self, id: ExprId, name: Sym, args: &[ExprId]) {
        if name != Sym::new("vec") {
            return;
        }
        // `[value; length]` reads as two arguments.
        if let [_, size] = args
            && self.walk.ty(*size) == Ty::USIZE
        {
            self.sized_by(id, *size);
        }
    }

    fn sized_by(&mut self, id: ExprId, size: ExprId) {
        if self.is_from_input(size) {
            self.note(Sight::SizedByInput(None), id);
        } else if let Some(field) = self.number_of_field(size) {
            self.note(Sight::SizedByInput(Some(field)), id);
        }
    }

    /// `header.length as usize`, of a struct of the workspace, as wide as can ask for much.
    fn number_of_field(&self, mut id: ExprId) -> Option<(AdtId, Sym)> {
        for _ in 0..6 {
            id = match self.kind(id) {
                ExprKind::Cast(inner, _) | ExprKind::Try(inner) => *inner,
                ExprKind::Local(local) if !self.is_compared(*local) => self.inits[local.0 as usize]?,
                ExprKind::Field(base, name) => {
                    let is_wide = matches!(self.walk.inferred.types.kind(self.walk.ty(id)), TyKind::Prim(of) if !SHORT.contains(of));
                    return self
                        .walk
                        .adt_behind(self.walk.ty(*base))
                        .filter(|_| is_wide)
                        .map(|adt| (adt, *name));
                }
                _ => return None,
            };
        }
        None
    }

    /// `Self { length: u32::from_be_bytes(bytes) }`.
    pub(super) fn parsed_fields(&mut self, id: ExprId, fields: &[(Sym, ExprId)]) {
        let Some(adt) = self.walk.adt_behind(self.walk.ty(id)) else { return };
        for (name, value) in fields {
            if self.is_from_input(*value) {
                self.note(Sight::Parses((adt, *name)), *value);
            }
        }
    }

    /// A number that was read, and that nothing holds against a limit.
    fn is_from_input(&self, id: ExprId) -> bool {
        let mut at = id;
        for _ in 0..6 {
            match self.kind(at) {
                ExprKind::Cast(inner, _) | ExprKind::Binary(BinOp::Add | BinOp::Sub, inner, _) => at = *inner,
                ExprKind::Local(local) => {
                    if self.is_compared(*local) {
                        return false;
                    }
                    let Some(init) = self.inits[local.0 as usize] else { return false };
                    at = init;
                }
                ExprKind::Try(inner) | ExprKind::Await(inner) => at = *inner,
                ExprKind::Call(..) => {
                    let (of, name) = self.called(at);
                    return NUMBERS.contains(&name) && !SHORT.contains(&of) && !self.is_of_file();
                }
                ExprKind::Method(call) => {
                    if NUMBERS.contains(&call.name) {
                        return !self.is_of_file();
                    }
                    if CUTS.contains(&call.name) {
                        return false;
                    }
                    at = call.recv;
                }
                _ => return false,
            }
        }
        false
    }

    /// The function reads a file, and no peer: what stands in it was written here.
    fn is_of_file(&self) -> bool {
        let (mut file, mut peer) = (false, false);
        for ty in &self.walk.inferred.locals {
            self.parts(*ty, 0, &mut |name| {
                file |= name == Sym::new("File");
                peer |= PEERS.contains(&name);
            });
        }
        file && !peer
    }

    /// Whether a number is made of a local: cast, or added to another.
    fn is_part(&self, id: ExprId, local: LocalId, depth: u32) -> bool {
        match self.kind(id) {
            ExprKind::Local(of) => *of == local,
            ExprKind::Cast(inner, _) if depth < 6 => self.is_part(*inner, local, depth + 1),
            ExprKind::Binary(_, left, right) if depth < 6 => {
                self.is_part(*left, local, depth + 1) || self.is_part(*right, local, depth + 1)
            }
            _ => false,
        }
    }

    /// What there is, as a number: `data.len()`, `buffer.remaining()`.
    fn is_length(&self, id: ExprId) -> bool {
        const LENGTHS: [Sym; 3] = syms(["len", "remaining", "available"]);
        match self.kind(id) {
            ExprKind::Method(call) => LENGTHS.contains(&call.name) && call.args.is_empty(),
            ExprKind::Cast(inner, _) => self.is_length(*inner),
            // `(bytes.len() - HEAD) / ITEM`
            ExprKind::Binary(_, left, _) => self.is_length(*left),
            ExprKind::Local(local) => {
                let begins = self.inits[local.0 as usize].filter(|init| init.0 < id.0);
                begins.is_some_and(|init| self.is_length(init))
            }
            _ => false,
        }
    }

    fn is_compared(&self, local: LocalId) -> bool {
        let mentions = |id: ExprId| {
            let begins = match self.kind(id) {
                ExprKind::Local(of) => self.inits[of.0 as usize],
                _ => None,
            };
            self.is_part(id, local, 0) || begins.is_some_and(|init| self.is_part(init, local, 0))
        };
        self.walk.body.exprs.iter().any(|expr| match &expr.kind {
            // `if data.len() != 8 + count * 8`: there are as many as there is room for in what came.
            ExprKind::Binary(BinOp::Eq | BinOp::Ne, left, right) => {
                mentions(*left) && self.is_length(*right) || mentions(*right) && self.is_length(*left)
            }
            ExprKind::Binary(BinOp::Lt | BinOp::Le | BinOp::Gt | BinOp::Ge, left, right) => {
                mentions(*left) || mentions(*right)
            }
            ExprKind::Method(call) => {
                let inside = call.name == Sym::new("contains") && call.args.iter().any(|arg| mentions(*arg));
                let checked = CHECKED.contains(&call.name);
                inside || checked && (mentions(call.recv) || call.args.iter().any(|arg| mentions(*arg)))
            }
            ExprKind::Macro(name, args) => {
                *name == Sym::new("ensure") && args.iter().any(|arg| mentions(*arg))
            }
            _ => false,
        })
    }
}
