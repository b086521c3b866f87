//! From a field or a static back to all that is ever stored there.

use super::answer::{Answer, Brings, Witness};
use super::origins::Part;
use super::types::adt_behind;
use super::words::READS;
use super::{DEPTH_MAX, Given, Origins};
use crate::context::Often;
use crate::events::{Root, What};
use crate::lower::ir::{BinOp, ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, StaticId};
use crate::types::Callee;
use rustc_hash::FxHashMap;

/// What is stored where, in the whole workspace.
#[derive(Default)]
pub(super) struct Stored {
    /// Functions that make values of a type.
    makers: FxHashMap<AdtId, Vec<FnId>>,
    /// What is put into fields, or in their stead, later on.
    fields: FxHashMap<(AdtId, Sym), Vec<(FnId, Range)>>,
    /// The same of statics.
    statics: FxHashMap<StaticId, Vec<(FnId, Range)>>,
    /// Fields of any type that are counted up, by name, with what they belong to.
    counted: FxHashMap<Sym, Vec<(FnId, ExprId, Range)>>,
    /// The same of those that are read into.
    read: FxHashMap<Sym, Vec<(FnId, ExprId, Range)>>,
}

/// Where the content of a field comes from.
#[derive(Clone, Copy, Debug)]
pub(super) struct Kept {
    /// What it was made with.
    pub(super) made: Answer,
    /// What is put there while the program runs.
    pub(super) changed: Option<Answer>,
}

impl<'a> Given<'a, '_, '_> {
    fn all_stored(&self) -> &Stored {
        self.stored.get_or_init(|| {
            let mut stored = Stored::default();
            for (index, facts) in self.summary.facts.iter().enumerate() {
                let id = FnId(u32::try_from(index).unwrap_or(u32::MAX));
                for (adt, _) in &facts.makes {
                    let of = stored.makers.entry(*adt).or_default();
                    if of.last() != Some(&id) {
                        of.push(id);
                    }
                }
                let puts = |what: What| what.grows() || what == What::Replace;
                for event in facts.events.iter().filter(|event| puts(event.what)) {
                    if !self.under_repeats(id, &event.under) {
                        continue;
                    }
                    match (event.place.field, event.place.root) {
                        (Some(field), _) => stored.fields.entry(field).or_default().push((id, event.at)),
                        (None, Root::Static(of)) => {
                            stored.statics.entry(of).or_default().push((id, event.at))
                        }
                        _ => {}
                    }
                }
                self.note_counted(id, &mut stored);
            }
            stored
        })
    }

    /// `self.last += 1`, `stream.read_buf(&mut self.bytes)`. Where `fetch_add` makes numbers, it is what gives them.
    fn note_counted(&self, id: FnId, stored: &mut Stored) {
        if self.context.runs[id.ix()].often != Some(Often::PerMessage) {
            return;
        }
        let Some(body) = self.program.names.body(id) else { return };
        for expr in &body.exprs {
            if let ExprKind::Method(call) = &expr.kind
                && READS.contains(&call.name)
            {
                for arg in &call.args {
                    if let ExprKind::Ref(lent, true) = body.expr(*arg).kind
                        && let ExprKind::Field(base, name) = body.expr(lent).kind
                    {
                        stored.read.entry(name).or_default().push((id, base, expr.at));
                    }
                }
            }
            let target = match &expr.kind {
                ExprKind::AssignOp(BinOp::Add, left, by)
                    if matches!(body.expr(*by).kind, ExprKind::Lit(_)) =>
                {
                    *left
                }
                _ => continue,
            };
            if let ExprKind::Field(base, name) = body.expr(target).kind {
                stored.counted.entry(name).or_default().push((id, base, expr.at));
            }
        }
    }

    /// Where all that is ever stored in a field comes from.
    pub(super) fn field_kept(&self, (adt, name): (AdtId, Sym), part: Part, depth: u32) -> Kept {
        if let Some(known) = self.fields.borrow().get(&(adt, name, part)) {
            return self.so_far(*known, Kept { made: Answer::Given, changed: None });
        }
        self.fields.borrow_mut().insert((adt, name, part), None);
        let kept = Kept {
            made: self.made_with((adt, name), part, depth),
            changed: self.changed((adt, name), part, depth),
        };
        self.fields.borrow_mut().insert((adt, name, part), Some(kept));
        kept
    }

    fn made_with(&self, (adt, name): (AdtId, Sym), part: Part, depth: u32) -> Answer {
        let names = &self.program.names;
        let declared = names.adt(adt);
        let mut fields = declared.variants.iter().flat_map(|(_, fields)| fields.iter());
        if fields.any(|field| field.name == name && names.is_static_text(declared.file, field.at)) {
            return Answer::Given;
        }
        let makers = self.all_stored().makers.get(&adt).map(Vec::as_slice).unwrap_or_default();
        if self.program.names.adt(adt).is_read || makers.is_empty() || depth > DEPTH_MAX {
            return Answer::Unknown;
        }
        makers.iter().fold(Answer::Given, |all, maker| all.and(self.stores(*maker, (adt, name), part, depth)))
    }

    fn stores(&self, maker: FnId, (adt, name): (AdtId, Sym), part: Part, depth: u32) -> Answer {
        let Some(origins) = self.body(maker) else { return Answer::Unknown };
        // A variant of an enum need not have the field.
        let is_enum = self.program.names.adt(adt).is_enum;
        let stored = self.stored_in(&origins, adt, name).into_iter().map(|value| match value {
            Some(value) => {
                self.holds(maker, &self.value(maker, &origins, (value, part), depth + 1), depth + 1)
            }
            None if is_enum => Answer::Given,
            None => Answer::Unknown,
        });
        stored.fold(Answer::Given, Answer::and)
    }

    fn changed(&self, (adt, name): (AdtId, Sym), part: Part, depth: u32) -> Option<Answer> {
        let stored = self.all_stored();
        let counts = self.program.fields[adt.ix()]
            .iter()
            .flatten()
            .any(|(field, ty)| *field == name && self.is_number(*ty));
        let is_it = |(id, base, _): &&(FnId, ExprId, Range)| {
            let origins = self.body(*id);
            origins.is_some_and(|origins| {
                adt_behind(&origins.inferred.types, origins.inferred.expr(*base)) == Some(adt)
            })
        };
        let mut counting = stored.counted.get(&name).into_iter().flatten().filter(|_| counts);
        if let Some((id, _, at)) = counting.find(is_it) {
            return Some(Answer::Told(Witness { id: *id, at: *at, what: Brings::Fresh }));
        }
        let mut reading = stored.read.get(&name).into_iter().flatten();
        if let Some((id, _, at)) = reading.find(is_it) {
            return Some(Answer::Told(Witness { id: *id, at: *at, what: Brings::Received }));
        }
        let puts = stored.fields.get(&(adt, name))?;
        puts.iter().map(|(id, at)| self.put(*id, *at, part, depth)).reduce(Answer::and)
    }

    /// What a static holds: it was made when the program began.
    pub(super) fn static_kept(&self, of: StaticId) -> Answer {
        match self.all_stored().statics.get(&of) {
            Some(_) => Answer::Unknown,
            None => Answer::Given,
        }
    }

    /// Where it comes from what an assignment or a call at `at` stores.
    fn put(&self, id: FnId, at: Range, part: Part, depth: u32) -> Answer {
        let Some(origins) = self.body(id).filter(|_| depth < DEPTH_MAX) else { return Answer::Unknown };
        let mut all: Option<Answer> = None;
        for expr in origins.at(at) {
            let (values, is_one) = match &origins.body.expr(expr).kind {
                ExprKind::Assign(_, right) => (std::slice::from_ref(right), true),
                ExprKind::Method(call) if !call.args.is_empty() => (&call.args[..], false),
                _ => continue,
            };
            for value in values {
                let answer = self.holds(id, &self.value(id, &origins, (*value, part), depth + 1), depth + 1);
                let answer = if is_one { answer } else { answer.unless_fresh() };
                all = Some(all.map_or(answer, |all| all.and(answer)));
            }
        }
        all.unwrap_or(Answer::Unknown)
    }

    /// What a body puts into a field where it makes values of the type; none where it puts nothing.
    fn stored_in(&self, origins: &Origins<'_>, adt: AdtId, name: Sym) -> Vec<Option<ExprId>> {
        let is_it = |id: ExprId| adt_behind(&origins.inferred.types, origins.inferred.expr(id)) == Some(adt);
        let position = self.program.names.text(name).parse::<usize>().ok();
        let numbered = (0_u32..).map(ExprId).zip(&origins.body.exprs);
        let stored = numbered.filter_map(|(id, expr)| match &expr.kind {
            ExprKind::Struct(_, fields, base) if is_it(id) => {
                let own = fields.iter().find(|(field, _)| *field == name).map(|(_, value)| *value);
                Some(own.or(*base))
            }
            ExprKind::Call(_, args) if origins.inferred.callees.get(&id) == Some(&Callee::Ctor(adt)) => {
                Some(position.and_then(|at| args.get(at).copied()))
            }
            _ => None,
        });
        stored.collect()
    }
}
