//! Labels of metrics: each value that one takes is a series that is kept for ever.

use super::super::Root;
use super::{Look, Place, Sight};
use crate::lower::ir::{ExprId, ExprKind, LocalId, MethodCall, Pat, PatId};
use crate::lower::sym::{Sym, syms};
use crate::names::{AdtId, FnId};
use crate::types::{Interner, Ty, TyKind};

const LABELLED: [Sym; 5] = syms([
    "with_label_values",
    "get_metric_with_label_values",
    "with_guarded_label_values",
    "get_or_create",
    "with",
]);
const FAMILIES: [Sym; 8] = syms([
    "MetricVec",
    "IntCounterVec",
    "CounterVec",
    "GaugeVec",
    "IntGaugeVec",
    "HistogramVec",
    "Family",
    "UIntCounterVec",
]);
const MACROS: [Sym; 6] =
    syms(["counter", "gauge", "histogram", "increment_counter", "increment_gauge", "absolute_counter"]);
const WRAPS: [Sym; 14] = syms([
    "as_str",
    "to_string",
    "clone",
    "to_owned",
    "as_ref",
    "into",
    "deref",
    "borrow",
    "unwrap_or_default",
    "unwrap_or",
    "trim",
    "to_lowercase",
    "ip",
    "unwrap",
]);
const REMOVES: Sym = Sym::new("remove_label_values");
/// Names of values of which there are few, whatever their type says.
const FEW: [&str; 42] = [
    "cf",
    "disk",
    "pool",
    "set",
    "shard",
    "idx",
    "index",
    "method",
    "status",
    "code",
    "kind",
    "level",
    "result",
    "type",
    "state",
    "phase",
    "op",
    "operation",
    "version",
    "reason",
    "outcome",
    "mode",
    "stage",
    "name",
    "label",
    "protocol",
    "scheme",
    "role",
    "region",
    "class",
    "topic",
    "action",
    "direction",
    "category",
    "component",
    "variant",
    "priority",
    "table",
    "event",
    "backend",
    "driver",
    "job",
];

impl Look<'_, '_, '_> {
    /// `requests.with_label_values(&[user.id.as_str()])`.
    pub(super) fn label(&mut self, id: ExprId) {
        let ExprKind::Method(call) = self.kind(id) else { return };
        if self.asks_path(call) && self.gives_text() {
            self.note(Sight::AsksPath, id);
        }
        let metric = self.metric(call.recv);
        let removes = call.name == REMOVES
            || call.name == Sym::new("remove") && FAMILIES.contains(&self.foreign(self.walk.ty(call.recv)));
        if removes && metric != Sym::NONE {
            self.note(Sight::Unlabels(metric), id);
        }
        if !LABELLED.contains(&call.name) || self.is_own(id) {
            return;
        }
        let plain = [Sym::new("with"), Sym::new("get_or_create")].contains(&call.name);
        if plain && !FAMILIES.contains(&self.foreign(self.walk.ty(call.recv))) {
            return;
        }
        let values: Vec<ExprId> = call.args.iter().flat_map(|arg| self.values(*arg)).collect();
        for value in values {
            self.open_label(value, metric);
        }
    }

    /// The name of the static or field that holds a metric.
    fn metric(&self, id: ExprId) -> Sym {
        match self.kind(id) {
            ExprKind::Path(path) => path.last(),
            ExprKind::Field(_, name) => *name,
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => self.metric(*inner),
            _ => Sym::NONE,
        }
    }

    /// `counter!("requests", "user" => user.id)`.
    pub(super) fn label_macro(&mut self, _id: ExprId, name: Sym, args: &[ExprId]) {
        if !MACROS.contains(&name) || args.len() < 3 {
            return;
        }
        for value in &args[1..] {
            self.open_label(*value, Sym::NONE);
        }
    }

    fn open_label(&mut self, value: ExprId, metric: Sym) {
        if self.is_path(value, 0) {
            self.note(
                Sight::Label { named: Sym::new("path"), param: None, metric, of: None, asked: true },
                value,
            );
            return;
        }
        if let Some(of) = self.own_field(value) {
            self.note(Sight::Label { named: of.1, param: None, metric, of: Some(of), asked: true }, value);
            return;
        }
        if let Some((named, at)) = self.open(value) {
            let param = match (self.kind(at), self.walk.place(at)) {
                (ExprKind::Local(_), Some(Place { root: Root::Param(param), field: None, .. })) => {
                    Some(param)
                }
                _ => None,
            };
            self.note(Sight::Label { named, param, metric, of: None, asked: false }, value);
        }
    }

    /// The path of a request, however trimmed or copied: whoever asks chooses it.
    fn is_path(&self, id: ExprId, depth: u32) -> bool {
        const TRIMS: [Sym; 4] =
            syms(["trim_end_matches", "trim_start_matches", "trim_matches", "to_ascii_lowercase"]);
        let next = |id: ExprId| depth < 8 && self.is_path(id, depth + 1);
        match self.kind(id) {
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => next(*inner),
            ExprKind::Macro(name, args) if *name == Sym::new("format") => args.iter().any(|arg| next(*arg)),
            ExprKind::Local(local) => {
                self.inits[local.0 as usize].is_some_and(|init| init.0 < id.0 && next(init))
            }
            ExprKind::Method(call) => {
                let passes = WRAPS.contains(&call.name) || TRIMS.contains(&call.name);
                self.asks_path(call) || passes && !self.is_own(id) && next(call.recv)
            }
            _ => false,
        }
    }

    /// `request.uri().path()`
    fn asks_path(&self, call: &MethodCall) -> bool {
        const PATHS: [Sym; 2] = syms(["path", "to_string"]);
        const REQUESTS: [Sym; 2] = syms(["HttpRequest", "ServiceRequest"]);
        let of = || self.foreign(self.walk.ty(call.recv));
        let asks = PATHS.contains(&call.name) && of() == Sym::new("Uri")
            || call.name == Sym::new("path") && REQUESTS.contains(&of());
        asks && self.is_asked(call.recv, 0)
    }

    fn gives_text(&self) -> bool {
        const TEXTS: [Sym; 2] = syms(["String", "Cow"]);
        let value = self.walk.program.sigs[self.walk.id.ix()].value;
        value.is_some_and(|ty| match self.walk.program.types.kind(ty) {
            TyKind::Foreign(of, _) => TEXTS.contains(&of.last),
            _ => ty == Ty::STR,
        })
    }

    /// The functions of the workspace that make of a request what a field is given: `request.route().into_owned()`.
    fn makers(&self, mut id: ExprId) -> &[FnId] {
        for _ in 0..4 {
            let asks = |id: &ExprId| self.is_asked(*id, 0);
            id = match self.kind(id) {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) if !self.is_own(id) => call.recv,
                ExprKind::Method(call) if asks(&call.recv) || call.args.iter().any(asks) => {
                    return self.own(id);
                }
                ExprKind::Call(_, args) if args.iter().any(asks) => return self.own(id),
                _ => break,
            }
        }
        &[]
    }

    /// Whether what is asked for its path is a request that came in, or a part of one.
    fn is_asked(&self, id: ExprId, depth: u32) -> bool {
        const REQUESTS: [Sym; 5] = syms(["Request", "Parts", "HttpRequest", "ServiceRequest", "Uri"]);
        match self.kind(id) {
            ExprKind::Ref(inner, _) | ExprKind::Deref(inner) | ExprKind::Field(inner, _) if depth < 6 => {
                self.is_asked(*inner, depth + 1)
            }
            ExprKind::Method(call) if depth < 6 && call.args.is_empty() => {
                self.is_asked(call.recv, depth + 1)
            }
            ExprKind::Local(local) => match self.inits[local.0 as usize] {
                Some(init) => depth < 6 && init.0 < id.0 && self.is_asked(init, depth + 1),
                None => REQUESTS.contains(&self.foreign(self.walk.ty(id))),
            },
            _ => false,
        }
    }

    /// `self.route`, which may hold the path of a request.
    fn own_field(&self, mut id: ExprId) -> Option<(AdtId, Sym)> {
        for _ in 0..4 {
            id = match self.kind(id) {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => *inner,
                ExprKind::Method(call) if WRAPS.contains(&call.name) && !self.is_own(id) => call.recv,
                ExprKind::Field(base, name) => {
                    let adt = self.walk.adt_behind(self.walk.ty(*base))?;
                    let own = self.walk.place(id).map(|place| place.root) == Some(Root::Param(0));
                    return (own && self.has_receiver()).then_some((adt, *name));
                }
                _ => return None,
            };
        }
        None
    }

    /// `Self { route: request.uri().path().to_owned() }`.
    pub(super) fn labelled_fields(&mut self, id: ExprId, fields: &[(Sym, ExprId)]) {
        let Some(adt) = self.walk.adt_behind(self.walk.ty(id)) else { return };
        for (name, value) in fields {
            if self.is_path(*value, 0) {
                self.note(Sight::TakesPath((adt, *name)), *value);
                continue;
            }
            let makers: Box<[FnId]> = self.makers(*value).into();
            if !makers.is_empty() {
                self.note(Sight::TakesFrom((adt, *name), makers), *value);
            }
        }
    }

    /// The elements of an array, or the fields of a label struct.
    fn values(&self, arg: ExprId) -> Vec<ExprId> {
        match self.kind(arg) {
            ExprKind::Ref(inner, _) => self.values(*inner),
            ExprKind::Array(parts) | ExprKind::Tuple(parts) => parts.to_vec(),
            ExprKind::Struct(_, fields, _) => fields.iter().map(|(_, value)| *value).collect(),
            ExprKind::Macro(name, parts) if *name == Sym::new("vec") => parts.to_vec(),
            _ => Vec::new(),
        }
    }

    /// Text, a number or an address that came with a message or was made just now: its name, and the value below
    /// all that only passes it on.
    fn open(&self, id: ExprId) -> Option<(Sym, ExprId)> {
        let mut at = id;
        let mut named = Sym::NONE;
        for _ in 0..8 {
            match self.kind(at) {
                ExprKind::Ref(inner, _) | ExprKind::Deref(inner) => at = *inner,
                ExprKind::Method(call) if WRAPS.contains(&call.name) && !self.is_own(at) => at = call.recv,
                ExprKind::Macro(name, args) if *name == Sym::new("format") => {
                    return args.iter().find_map(|arg| self.open(*arg));
                }
                ExprKind::Field(_, name) => {
                    named = *name;
                    break;
                }
                ExprKind::Local(local) => match self.inits[local.0 as usize] {
                    Some(init) if self.passes(init) => at = init,
                    Some(_) => return None,
                    None => {
                        named = self.walk.body.locals[local.0 as usize].name;
                        break;
                    }
                },
                _ => return None,
            }
        }
        let text = self.walk.program.names.text(named).to_ascii_lowercase();
        let few = FEW.iter().any(|few| text == *few || text.ends_with(&format!("_{few}")));
        let few = few || self.is_of_table(at);
        let open = named != Sym::NONE && !few && self.is_wide(self.walk.ty(at)) && self.is_given(at);
        (open && !self.walk.is_fixed(at)).then_some((named, at))
    }

    /// Whether a variable goes over what a constant lists: `for (kind, n) in KINDS.iter().zip(counts)`.
    fn is_of_table(&self, id: ExprId) -> bool {
        let ExprKind::Local(local) = self.kind(id) else { return false };
        self.walk.body.exprs.iter().any(|expr| {
            let ExprKind::For(pat, over, ..) = &expr.kind else { return false };
            let (mut over, mut zipped) = (*over, false);
            while let ExprKind::Method(call) = self.kind(over) {
                zipped |= call.name == Sym::new("zip");
                over = call.recv;
            }
            let first = match self.walk.body.pat(*pat) {
                Pat::Tuple(parts) if zipped => parts.first().copied(),
                _ => Some(*pat),
            };
            let is_table = matches!(self.kind(over), ExprKind::Path(_)) && self.walk.is_constant(over);
            is_table && first.is_some_and(|pat| self.binds_within(pat, *local))
        })
    }

    fn binds_within(&self, pat: PatId, local: LocalId) -> bool {
        match self.walk.body.pat(pat) {
            Pat::Bind(of, _) => *of == local,
            Pat::Ref(inner) | Pat::Typed(inner, _) => self.binds_within(*inner, local),
            Pat::Tuple(parts) => parts.iter().any(|part| self.binds_within(*part, local)),
            _ => false,
        }
    }

    fn passes(&self, init: ExprId) -> bool {
        match self.kind(init) {
            ExprKind::Ref(..) | ExprKind::Field(..) | ExprKind::Local(_) => true,
            ExprKind::Method(call) => WRAPS.contains(&call.name),
            ExprKind::Macro(name, _) => *name == Sym::new("format"),
            _ => false,
        }
    }

    fn is_wide(&self, ty: Ty) -> bool {
        const WIDE: [Sym; 9] = syms([
            "String",
            "SocketAddr",
            "IpAddr",
            "Ipv4Addr",
            "Ipv6Addr",
            "Uuid",
            "PathBuf",
            "Uri",
            "Text",
        ]);
        const NUMBERS: [Sym; 6] = syms(["str", "u32", "u64", "u128", "i64", "i32"]);
        match self.walk.inferred.types.kind(self.walk.collection(ty)) {
            TyKind::Foreign(foreign, _) => WIDE.contains(&foreign.last),
            TyKind::Prim(name) => NUMBERS.contains(name),
            _ => false,
        }
    }

    /// Reached from a parameter other than `self`, or from what a pattern took out of one.
    fn is_given(&self, id: ExprId) -> bool {
        match self.walk.place(id).map(|place| place.root) {
            Some(Root::Param(0)) => !self.has_receiver(),
            Some(Root::Param(_) | Root::Local(_)) => true,
            _ => false,
        }
    }

    fn has_receiver(&self) -> bool {
        let sig = self.walk.program.names.function(self.walk.id).sig;
        sig.is_some_and(|sig| sig.receiver != crate::lower::ir::Receiver::None)
    }
}
