//! From a field or a static back to all that is ever stored there.

use super::answer::{Answer, Brings};
use super::origins::Part;
use super::{DEPTH_MAX, Given, Origins};
use crate::context::Often;
use crate::events::{Anew, Root, What};
use crate::lower::ir::{ExprId, ExprKind, Range};
use crate::lower::sym::Sym;
use crate::names::{AdtId, FnId, StaticId};
use crate::types::{Callee, adt_behind};
use rustc_hash::FxHashMap;
use std::cell::RefCell;

/// Answers about fields so far; none for what is being asked.
pub(super) type OfFields = RefCell<FxHashMap<(AdtId, Sym, Part), Option<Answer>>>;

/// What is stored where, in the whole workspace.
#[derive(Default)]
pub(super) struct Stored {
    /// Functions that make values of a type.
    makers: FxHashMap<AdtId, Vec<FnId>>,
    /// What is put into fields, or in their stead, later on.
    fields: FxHashMap<(AdtId, Sym), Vec<(FnId, Range)>>,
    /// The same of statics.
    statics: FxHashMap<StaticId, Vec<(FnId, Range)>>,
    /// Where fields are counted up first.
    counted: FxHashMap<(AdtId, Sym), (FnId, Range)>,
    /// Where fields are read into first.
    read: FxHashMap<(AdtId, Sym), (FnId, Range)>,
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
                if self.context.runs[index].often == Some(Often::PerMessage) {
                    for renewal in &facts.renews {
                        let of = match renewal.anew {
                            Anew::Counted => &mut stored.counted,
                            Anew::Read => &mut stored.read,
                        };
                        of.entry(renewal.field).or_insert((id, renewal.at));
                    }
                }
            }
            stored
        })
    }

    /// Where that comes from which a field is made with.
    pub(super) fn made_with(&self, field: (AdtId, Sym), part: Part, depth: u32) -> Answer {
        self.once(&self.made, (field.0, field.1, part), || self.made_by(field, part, depth))
    }

    /// Where that comes from which is put there while the program runs; none where nothing is.
    pub(super) fn changed(&self, field: (AdtId, Sym), part: Part, depth: u32) -> Option<Answer> {
        let put = || self.put_into(field, part, depth);
        self.changes(field).then(|| self.once(&self.changed, (field.0, field.1, part), put))
    }

    /// The answer to what is asked about one field: what is asked while it is open adds nothing to it.
    fn once(&self, known: &OfFields, field: (AdtId, Sym, Part), answer: impl FnOnce() -> Answer) -> Answer {
        if let Some(known) = known.borrow().get(&field) {
            return self.so_far(*known, Answer::Given);
        }
        known.borrow_mut().insert(field, None);
        let answer = answer();
        known.borrow_mut().insert(field, Some(answer));
        answer
    }

    /// Whether each field of that name is text that stands in the program.
    pub(super) fn is_text_of_program(&self, adt: AdtId, name: Sym) -> bool {
        let declared = self.program.names.adt(adt);
        let fields = declared.variants.iter().flat_map(|(_, fields)| fields.iter());
        let mut fields = fields.filter(|field| field.name == name).peekable();
        fields.peek().is_some()
            && fields.all(|field| self.program.names.is_static_text(declared.file, field.at))
    }

    /// Whether a field holds what it held when the program began to serve.
    pub(super) fn is_settled(&self, field: (AdtId, Sym), depth: u32) -> bool {
        !self.changes(field)
            && !self.carried.contains(&field.0)
            && !matches!(self.made_with(field, None, depth), Answer::Told(_))
    }

    fn made_by(&self, (adt, name): (AdtId, Sym), part: Part, depth: u32) -> Answer {
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
        let stored = makers.iter().map(|maker| self.stores(*maker, (adt, name), part, depth));
        Answer::all(stored).unwrap_or(Answer::Given)
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
        Answer::all(stored).unwrap_or(Answer::Given)
    }

    /// Where a number in a field is counted up.
    fn counted(&self, (adt, name): (AdtId, Sym)) -> Option<&(FnId, Range)> {
        let mut fields = self.program.fields[adt.ix()].iter().flatten();
        let counts = |_: &&(FnId, Range)| fields.any(|(field, ty)| *field == name && self.is_number(*ty));
        self.all_stored().counted.get(&(adt, name)).filter(counts)
    }

    /// Whether anything is put into a field while the program runs.
    pub(super) fn changes(&self, field: (AdtId, Sym)) -> bool {
        let stored = self.all_stored();
        stored.fields.contains_key(&field)
            || stored.read.contains_key(&field)
            || self.counted(field).is_some()
    }

    fn put_into(&self, field: (AdtId, Sym), part: Part, depth: u32) -> Answer {
        let stored = self.all_stored();
        if let Some((id, at)) = self.counted(field) {
            return self.told(*id, *at, Brings::Fresh).own;
        }
        if let Some((id, at)) = stored.read.get(&field) {
            return self.told(*id, *at, Brings::Received).own;
        }
        let puts = stored.fields.get(&field).map(Vec::as_slice).unwrap_or_default();
        Answer::all(puts.iter().map(|(id, at)| self.put(*id, *at, part, depth))).unwrap_or(Answer::Given)
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
        let values = origins.at(at).flat_map(|expr| {
            let (values, is_one) = match &origins.body.expr(expr).kind {
                ExprKind::Assign(_, right) => (std::slice::from_ref(right), true),
                ExprKind::Method(call) => (&call.args[..], false),
                _ => (&[][..], false),
            };
            values.iter().map(move |value| (*value, is_one))
        });
        let put = values.map(|(value, is_one)| {
            let answer = self.holds(id, &self.value(id, &origins, (value, part), depth + 1), depth + 1);
            if is_one { answer } else { answer.unless_fresh() }
        });
        Answer::all(put).unwrap_or(Answer::Unknown)
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
