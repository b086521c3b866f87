//! Input that decides by itself how much memory it takes.

use super::{Look, Sight};
use crate::lower::ir::{BinOp, ExprId, ExprKind, LocalId, Pat, PatId, Stmt};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind};
use serde::{Deserialize, Serialize};

const PEERS: [Sym; 6] =
    syms(["TcpStream", "UnixStream", "OwnedReadHalf", "ReadHalf", "DuplexStream", "TlsStream"]);
const CHILD_ENDS: [Sym; 3] = syms(["ChildStdout", "ChildStderr", "ChildStdin"]);
const ANSWERS: [Sym; 3] = syms(["response", "resp", "res"]);
/// A reader of any type, as the models call all of them.
const ANY: Sym = Sym::new("AsyncRead");
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
/// What makes a number of one type into one of another.
const TURNS: [Sym; 4] = syms(["from", "try_from", "into", "try_into"]);
/// What holds a number against a limit, or counts the bits of one.
const CUTS: [Sym; 7] =
    syms(["min", "clamp", "checked_sub", "count_ones", "count_zeros", "leading_zeros", "trailing_zeros"]);

/// Who decides how much there is to read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Sender {
    /// Whoever connects over a network.
    Network,
    /// Who is on the same machine, or of this program.
    Near,
    /// Whoever sends a request whose body the framework limits, unless the program tells it not to.
    Form,
    /// Whoever the reader belongs to that a caller passes, as this parameter if it is one itself.
    Any(Option<u32>),
    /// Whoever the reader belongs to that the program keeps, or makes, as one of any kind: mostly files of its own.
    Kept,
}

impl Look<'_, '_, '_> {
    /// A line, or all there is, read from a peer that may never end it.
    pub(super) fn frame(&mut self, id: ExprId) {
        let (of, name) = self.called(id);
        let sender = match self.kind(id) {
            ExprKind::Method(call) => {
                let lines = name == Sym::new("lines") && call.args.is_empty();
                let whole = self.walk.program.models.gives(name).whole || lines;
                let body =
                    || self.is_whole_body(id).then_some(Sender::Network).or_else(|| self.whole_part(id));
                let sender = self.sender(self.walk.ty(call.recv)).filter(|_| whole);
                sender.map(|sender| self.told_apart(sender, call.recv)).or_else(body)
            }
            ExprKind::Call(_, args) => {
                self.body_limit((of, name), args, id);
                let codec = of == Sym::new("LinesCodec") && name == Sym::new("new") && args.is_empty();
                let all =
                    name == Sym::new("to_bytes") && args.get(1).is_some_and(|limit| self.is_max(*limit));
                let is = (codec && !self.is_for_writing(id) || all && !self.is_own_answer(args))
                    && !self.is_own(id);
                // A body comes over a network; lines do where what they are read from does.
                is.then(|| if all { Sender::Network } else { self.sender_of_codec(id) })
            }
            _ => None,
        };
        if let Some(sender) = sender {
            self.note(Sight::Frame(self.name_of(id), sender), id);
        }
    }

    /// `request.into_body().collect()`, where the body is what a connection brings: not one that was limited before, nor
    /// that of an answer to a question of ours.
    fn is_whole_body(&self, id: ExprId) -> bool {
        const WAYS: [Sym; 6] = syms(["into_body", "body_mut", "body", "by_ref", "map_err", "map_frame"]);
        let ExprKind::Method(call) = self.kind(id) else { return false };
        if call.name != Sym::new("collect") || !call.args.is_empty() || self.is_own(id) {
            return false;
        }
        let is_incoming = |ty: Ty| self.foreign_path(ty) == Sym::path("hyper::body::Incoming");
        let mut at = call.recv;
        for _ in 0..8 {
            at = match self.kind(at) {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(way) if WAYS.contains(&way.name) => {
                    if self.foreign(self.walk.ty(way.recv)) == Sym::new("Response") {
                        return false;
                    }
                    way.recv
                }
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) if !matches!(self.kind(init), ExprKind::Await(_)) => init,
                    _ => break,
                },
                _ => break,
            };
        }
        let ty = self.walk.ty(call.recv);
        is_incoming(ty) || is_incoming(self.walk.ty(at)) || self.is_request_of(at, &is_incoming)
    }

    /// A request whose body is of a wanted type.
    fn is_request_of(&self, id: ExprId, wanted: &dyn Fn(Ty) -> bool) -> bool {
        match self.walk.inferred.types.kind(self.walk.collection(self.walk.ty(id))) {
            TyKind::Foreign(foreign, args) if foreign.last == Sym::new("Request") => {
                args.iter().any(|arg| wanted(*arg))
            }
            _ => false,
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

    /// Who sends what `Framed::new(stream, codec)` takes apart.
    fn sender_of_codec(&self, codec: ExprId) -> Sender {
        let given = self.walk.body.exprs.iter().find_map(|expr| match &expr.kind {
            ExprKind::Call(_, args) if args.contains(&codec) => Some(args),
            _ => None,
        });
        let mut senders = given.into_iter().flatten().filter_map(|arg| self.sender(self.walk.ty(*arg)));
        senders.find(|sender| *sender == Sender::Network).unwrap_or(Sender::Near)
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
                    let names =
                        |part: &PatId| matches!(self.walk.body.pat(*part), Pat::Bind(of, _) if of == body);
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

    /// Who writes into a stream from outside, perhaps buffered, and not limited by `take`.
    pub(super) fn sender(&self, ty: Ty) -> Option<Sender> {
        const NEAR: [Sym; 2] = syms(["UnixStream", "DuplexStream"]);
        let (mut sender, mut limited) = (None, false);
        self.parts(ty, 0, &mut |name| {
            let is = match () {
                () if NEAR.contains(&name) => Some(Sender::Near),
                () if PEERS.contains(&name) => Some(Sender::Network),
                () => (name == ANY).then_some(Sender::Any(None)),
            };
            sender = sender.or(is);
            limited |= name == LIMITED;
        });
        sender.filter(|_| !limited)
    }

    /// Of a reader of any kind, whether a caller passes it.
    fn told_apart(&self, sender: Sender, mut reader: ExprId) -> Sender {
        if !matches!(sender, Sender::Any(_)) {
            return sender;
        }
        for _ in 0..8 {
            let may_be_of = |id: ExprId| self.sender(self.walk.ty(id)).is_some();
            reader = match self.kind(reader) {
                ExprKind::Await(inner)
                | ExprKind::Try(inner)
                | ExprKind::Ref(inner, _)
                | ExprKind::Deref(inner) => *inner,
                ExprKind::Call(..) | ExprKind::Method(_) if self.is_own(reader) => return Sender::Kept,
                ExprKind::Call(_, args) if args.len() == 1 => args[0],
                // `BufReader::with_capacity(SIZE, stream)`
                ExprKind::Call(_, args) => match args.iter().find(|arg| may_be_of(**arg)) {
                    Some(arg) => *arg,
                    None => break,
                },
                ExprKind::Method(call) if may_be_of(call.recv) => call.recv,
                ExprKind::Field(of, name) if !self.is_chosen(*of, *name) => return Sender::Kept,
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) => init,
                    None => return Sender::Any(self.param_of(*local)),
                },
                _ => break,
            };
        }
        sender
    }

    fn param_of(&self, local: LocalId) -> Option<u32> {
        let is_it = |pat: &PatId| matches!(self.walk.body.pat(*pat), Pat::Bind(of, None) if *of == local);
        self.walk.body.params.iter().position(is_it).and_then(|at| u32::try_from(at).ok())
    }

    /// Whether whoever uses a struct chooses the type of its field, or a part of that.
    fn is_chosen(&self, of: ExprId, name: Sym) -> bool {
        self.walk.adt_behind(self.walk.ty(of)).is_some_and(|adt| {
            let mut fields = self.walk.program.fields[adt.ix()].iter().flatten();
            fields.any(|(field, ty)| *field == name && self.is_of_param(*ty, 0))
        })
    }

    fn is_of_param(&self, ty: Ty, depth: u32) -> bool {
        match self.walk.program.types.kind(ty) {
            TyKind::Param(_) => true,
            TyKind::Foreign(_, args) if depth < 6 => args.iter().any(|arg| self.is_of_param(*arg, depth + 1)),
            _ => false,
        }
    }

    /// Tells the types from outside that a type is made of; a parameter is what its bounds say.
    fn parts(&self, ty: Ty, depth: u32, tell: &mut dyn FnMut(Sym)) {
        match self.walk.inferred.types.kind(ty) {
            TyKind::Foreign(foreign, args) => {
                tell(foreign.last);
                if depth < 6 {
                    args.iter().for_each(|arg| self.parts(*arg, depth + 1, tell));
                }
            }
            TyKind::Param(name) => {
                let bounds = &self.walk.program.sigs[self.walk.id.ix()].bounds;
                for (_, bound) in bounds.iter().filter(|(of, _)| of == name) {
                    if let TyKind::Foreign(foreign, _) = self.walk.program.types.kind(*bound) {
                        tell(foreign.last);
                    }
                }
            }
            _ => {}
        }
    }

    /// Whether a function reads what others send over connections.
    fn reads_peers(&self) -> bool {
        let mut reads = false;
        for ty in &self.walk.inferred.locals {
            self.parts(*ty, 0, &mut |name| reads |= PEERS.contains(&name) || name == ANY);
        }
        reads
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
            self.note(Sight::SizedByInput(None, self.reads_peers()), id);
        } else if let Some(field) = self.number_of_field(size) {
            self.note(Sight::SizedByInput(Some(field), false), id);
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
                self.note(Sight::Parses((adt, *name), self.reads_peers()), *value);
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
            ExprKind::Cast(inner, _) | ExprKind::Try(inner) if depth < 6 => {
                self.is_part(*inner, local, depth + 1)
            }
            // `u64::from(length)`, `usize::try_from(length)`, `length.into()`
            ExprKind::Call(_, args) if depth < 6 && TURNS.contains(&self.called(id).1) => {
                args.iter().any(|arg| self.is_part(*arg, local, depth + 1))
            }
            ExprKind::Method(call)
                if depth < 6 && (TURNS.contains(&call.name) || super::PASSES.contains(&call.name)) =>
            {
                self.is_part(call.recv, local, depth + 1)
            }
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

    /// Whether a function is called after holding something against a limit.
    fn is_test(&self, name: Sym) -> bool {
        const WORDS: [&str; 9] =
            ["check", "checked", "valid", "validate", "validated", "verify", "ensure", "limit", "limits"];
        self.walk.program.names.text(name).split('_').any(|word| WORDS.contains(&word))
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
                let tested = self.is_test(call.name) && call.args.iter().any(|arg| mentions(*arg));
                inside
                    || tested
                    || checked && (mentions(call.recv) || call.args.iter().any(|arg| mentions(*arg)))
            }
            // `match length { 0..=MAX => .. }`; what a call makes of it first, such as a `usize`, is held against nothing.
            ExprKind::Match(on, _) => {
                !matches!(self.kind(*on), ExprKind::Call(..) | ExprKind::Method(_)) && mentions(*on)
            }
            // `self.check_length(length)?`
            ExprKind::Call(callee, args) => {
                let tests = matches!(self.kind(*callee), ExprKind::Path(path) if self.is_test(path.last()));
                tests && args.iter().any(|arg| mentions(*arg))
            }
            ExprKind::Macro(name, args) => {
                *name == Sym::new("ensure") && args.iter().any(|arg| mentions(*arg))
            }
            _ => false,
        })
    }
}
