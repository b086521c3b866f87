//! Patterns, and the locals they bind.

use super::DEPTH_MAX;
use super::expr::BodyLower;
use super::ir::{Local, LocalId, Pat, PatId, PathRef, Range};
use super::sym::Sym;

impl BodyLower<'_, '_> {
    pub(crate) fn pat(&mut self, pat: &syn::Pat) -> PatId {
        if self.depth > DEPTH_MAX {
            return self.push_pat(Pat::Wild);
        }
        self.depth += 1;
        let lowered = self.pat_kind(pat);
        self.depth -= 1;
        self.push_pat(lowered)
    }

    fn pat_kind(&mut self, pat: &syn::Pat) -> Pat {
        match pat {
            syn::Pat::Ident(ident) => self.binding(ident),
            syn::Pat::Paren(inner) => Pat::Or(Box::new([self.pat(&inner.pat)])),
            syn::Pat::Reference(to) => Pat::Ref(self.pat(&to.pat)),
            syn::Pat::Type(typed) => {
                let ty = self.file.ty(&typed.ty);
                Pat::Typed(self.pat(&typed.pat), Box::new(ty))
            }
            syn::Pat::Tuple(tuple) => Pat::Tuple(self.pat_list(&tuple.elems)),
            syn::Pat::Slice(slice) => Pat::Slice(self.pat_list(&slice.elems)),
            syn::Pat::TupleStruct(of) => {
                let path = self.file.qualified(of.qself.as_ref(), &of.path);
                Pat::TupleStruct(Box::new(path), self.pat_list(&of.elems))
            }
            syn::Pat::Struct(of) => self.struct_pat(of),
            syn::Pat::Path(path) => {
                let path = self.file.qualified(path.qself.as_ref(), &path.path);
                Pat::TupleStruct(Box::new(path), Box::default())
            }
            syn::Pat::Or(cases) => self.alternatives(cases),
            syn::Pat::Rest(_) => Pat::Rest,
            _ => Pat::Wild,
        }
    }

    fn binding(&mut self, ident: &syn::PatIdent) -> Pat {
        let name = self.file.sym(&ident.ident);
        // An upper-case name alone is a constant or a variant: `None`.
        let text = ident.ident.to_string();
        if ident.subpat.is_none()
            && ident.by_ref.is_none()
            && text.starts_with(|c: char| c.is_ascii_uppercase())
        {
            let path = PathRef { segments: Box::new([name]), ..PathRef::default() };
            return Pat::TupleStruct(Box::new(path), Box::default());
        }
        let at = self.file.at(ident.ident.span());
        let local = self.bind(name, at);
        Pat::Bind(local, ident.subpat.as_ref().map(|(_, sub)| self.pat(sub)))
    }

    /// Each alternative binds the same names; the later ones reuse the first one's locals.
    fn alternatives(&mut self, cases: &syn::PatOr) -> Pat {
        let outer = self.alternative_from;
        self.alternative_from = Some(outer.unwrap_or(self.scope.len()));
        let lowered = cases.cases.iter().map(|case| self.pat(case)).collect();
        self.alternative_from = outer;
        Pat::Or(lowered)
    }

    fn struct_pat(&mut self, of: &syn::PatStruct) -> Pat {
        let path = self.file.qualified(of.qself.as_ref(), &of.path);
        let mut fields = Vec::with_capacity(of.fields.len());
        for field in &of.fields {
            let name = match &field.member {
                syn::Member::Named(ident) => self.file.sym(ident),
                syn::Member::Unnamed(index) => self.file.ir.texts.intern(&index.index.to_string()),
            };
            fields.push((name, self.pat(&field.pat)));
        }
        Pat::Struct(Box::new(path), fields.into())
    }

    fn pat_list<'p>(&mut self, pats: impl IntoIterator<Item = &'p syn::Pat>) -> Box<[PatId]> {
        pats.into_iter().map(|pat| self.pat(pat)).collect()
    }

    pub(crate) fn bind(&mut self, name: Sym, at: Range) -> LocalId {
        if let Some(from) = self.alternative_from {
            let known = self.scope[from.min(self.scope.len())..].iter().find(|(known, _)| *known == name);
            if let Some((_, local)) = known {
                return *local;
            }
        }
        let local = LocalId(u32::try_from(self.body.locals.len()).unwrap_or(u32::MAX));
        self.body.locals.push(Local { name, at });
        self.scope.push((name, local));
        local
    }

    pub(crate) fn push_pat(&mut self, pat: Pat) -> PatId {
        let id = PatId(u32::try_from(self.body.pats.len()).unwrap_or(u32::MAX));
        self.body.pats.push(pat);
        id
    }
}
