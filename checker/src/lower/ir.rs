//! The compact form of one file: what the analysis keeps when the syntax tree is gone.
//!
//! Expressions and patterns of a body lie in two flat vectors and refer to each other by index; locals are
//! resolved, everything else is still a path. Ranges are byte offsets into the file.
//!
//! I1: an index stored in a body points into the same body, at an element that was pushed before it
//! (children before parents), so that no walk can run in circles.

use super::attr::{Allow, Contract, LocusItem, MethodRole};
use super::bodies::Bodies;
use super::placeless;
use super::sym::{Sym, Texts};
use serde::{Deserialize, Serialize, Serializer};

/// Bytes of one file, half open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Deserialize)]
pub struct Range {
    /// First byte.
    pub start: u32,
    /// One past the last byte.
    pub end: u32,
}

impl Range {
    /// The smallest range that holds both.
    #[must_use]
    pub fn to(self, other: Range) -> Range {
        Range { start: self.start.min(other.start), end: self.end.max(other.end) }
    }
}

impl Serialize for Range {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if placeless::is_on() { to.serialize_unit() } else { (self.start, self.end).serialize(to) }
    }
}

/// One file, lowered.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct FileIr {
    /// Items at the top level.
    pub items: Vec<Item>,
    /// The code of its functions and initialisers, which is stored apart.
    #[serde(skip)]
    pub bodies: Bodies,
    /// Texts of all names in the file.
    pub texts: Texts,
    /// Allows found anywhere in the file.
    pub allows: Vec<Allow>,
    /// Contracts found anywhere in the file.
    pub contracts: Vec<Contract>,
    /// Attributes of ours that do not parse.
    pub problems: Vec<Problem>,
    /// Lines of source.
    pub lines: u32,
    /// Macro calls seen.
    pub macros: u32,
    /// Macro calls of which only the identifiers could be read.
    pub macros_opaque: u32,
    /// The macros it defines.
    pub macros_defined: Vec<MacroDefined>,
    /// Names of macros that were looked for in other files, sorted.
    pub macros_called: Box<[Sym]>,
    /// Stands for the definitions of those that it was lowered with; 0 for none.
    pub macros_given: u64,
    /// Names of types and variants in macros that it defines, and in calls that are not understood, sorted.
    pub macros_name: Box<[Sym]>,
}

/// A `macro_rules!`.
#[derive(Clone, Copy, Debug, Serialize, Deserialize)]
pub struct MacroDefined {
    /// What it is called by.
    pub name: Sym,
    /// From its name to its end.
    pub at: Range,
    /// Other packages can call it.
    pub exported: bool,
}

/// Something that cannot be read, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Problem {
    /// Where.
    pub at: Range,
    /// Lower case, without a full stop.
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

/// An item of a module, a trait or an impl.
#[derive(Debug, Serialize, Deserialize)]
pub struct Item {
    /// Its name; [`Sym::NONE`] for impls and uses.
    pub name: Sym,
    /// Its name's token, or the item's first token.
    pub at: Range,
    /// All of it, where known, else `at`.
    pub all: Range,
    /// How far it is visible, as its own qualifier says.
    pub vis: Vis,
    /// What it is.
    pub kind: ItemKind,
}

/// Visibility as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub enum Vis {
    /// Nothing written.
    Private,
    /// `pub(crate)` and its kin.
    Restricted,
    /// `pub`.
    Public,
}

/// The kinds of items the analysis knows.
#[derive(Debug, Serialize, Deserialize)]
pub enum ItemKind {
    /// `mod name { .. }`, or `mod name;` with the path its attribute gives.
    Mod {
        /// The items of an inline module.
        items: Option<Vec<Item>>,
        /// `#[path = ".."]`.
        path: Option<Box<str>>,
    },
    /// `include!("..")`: the items of another file, named by its path.
    Include,
    /// The leaves of a `use` tree.
    Use(Vec<UseLeaf>),
    /// `struct` or `union`.
    Struct(Box<StructIr>),
    /// `enum`.
    Enum(Box<EnumIr>),
    /// `trait`.
    Trait(Box<TraitIr>),
    /// `type name = ..`, also as an associated type.
    Alias(Generics, TypeRef),
    /// `impl`.
    Impl(Box<ImplIr>),
    /// `fn`.
    Fn(Box<FnIr>),
    /// `static`, or a key of `thread_local!` or `lazy_static!`.
    Static(Box<ValueIr>),
    /// `const`.
    Const(Box<ValueIr>),
}

/// One name that a `use` brings in.
#[derive(Debug, Serialize, Deserialize)]
pub struct UseLeaf {
    /// Segments as written; `crate`, `self` and `super` stand as they are.
    pub path: Box<[Sym]>,
    /// The name it gets here; [`Sym::NONE`] for `_`.
    pub alias: Sym,
    /// Whether it ends in `*`.
    pub glob: bool,
    /// Whether the path began with `::`.
    pub absolute: bool,
}

/// A struct or union.
#[derive(Debug, Serialize, Deserialize)]
pub struct StructIr {
    /// Type parameters.
    pub generics: Generics,
    /// Fields; those of tuple structs are named `0`, `1`, ..
    pub fields: Vec<FieldIr>,
    /// What `#[locus]` or `#[topic]` say.
    pub locus: Option<Box<LocusItem>>,
    /// A derive makes it out of bytes or rows.
    pub is_read: bool,
    /// A derive gives it the methods of its only field.
    pub is_wrapper: bool,
}

/// A field.
#[derive(Debug, Serialize, Deserialize)]
pub struct FieldIr {
    /// Its name.
    pub name: Sym,
    /// Its name's token, or its type's.
    pub at: Range,
    /// Its type.
    pub ty: TypeRef,
    /// `#[place(..)]`.
    pub place: Option<Box<super::attr::PlaceIr>>,
}

/// An enum.
#[derive(Debug, Serialize, Deserialize)]
pub struct EnumIr {
    /// Type parameters.
    pub generics: Generics,
    /// Variants with their fields.
    pub variants: Vec<(Sym, Vec<FieldIr>)>,
    /// What `#[topic]` says.
    pub locus: Option<Box<LocusItem>>,
    /// A derive makes it out of bytes or rows.
    pub is_read: bool,
    /// No derive or attribute makes its values, nor says how they lie in memory: code does, by their names.
    pub is_plain: bool,
}

/// A trait.
#[derive(Debug, Serialize, Deserialize)]
pub struct TraitIr {
    /// Type parameters.
    pub generics: Generics,
    /// Supertraits.
    pub supers: Vec<TypeRef>,
    /// Methods and associated types.
    pub items: Vec<Item>,
}

/// An impl block.
#[derive(Debug, Serialize, Deserialize)]
pub struct ImplIr {
    /// Type parameters.
    pub generics: Generics,
    /// The trait, if any.
    pub of: Option<PathRef>,
    /// The type.
    pub ty: TypeRef,
    /// Methods, constants and associated types.
    pub items: Vec<Item>,
    /// `#[locus]` stands on it.
    pub locus: bool,
}

/// A static or constant.
#[derive(Debug, Serialize, Deserialize)]
pub struct ValueIr {
    /// Declared type.
    pub ty: TypeRef,
    /// Initialiser.
    pub init: Option<BodyIr>,
    /// A key of `thread_local!`.
    pub thread_local: bool,
}

/// Type parameters with their bounds.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Generics {
    /// Names, in order; constants among them.
    pub params: Vec<Sym>,
    /// Bounds on anything, from the list and the `where` clause.
    pub bounds: Vec<(TypeRef, Vec<TypeRef>)>,
    /// There are lifetimes among them.
    pub borrows: bool,
}

/// A function.
#[derive(Debug, Serialize, Deserialize)]
pub struct FnIr {
    /// Type parameters.
    pub generics: Generics,
    /// Types of the parameters, `self` first where there is one.
    pub params: Vec<TypeRef>,
    /// How `self` is taken.
    pub receiver: Receiver,
    /// Declared return type; the unit type where none is written.
    pub ret: TypeRef,
    /// It gives a part of the program for what it knows: `Option<&'static T>`. Types forget lifetimes.
    pub gives_static: bool,
    /// `async fn`.
    pub is_async: bool,
    /// What the runtime does with it.
    pub role: Option<Box<MethodRole>>,
    /// An attribute makes it the handler of requests: `#[post("/login")]`.
    pub is_route: bool,
    /// An attribute makes it the program: `#[launch]`.
    pub begins: bool,
    /// An attribute that keeps every result for ever: `#[cached]` without a limit.
    pub memoised: Option<Range>,
    /// The body.
    pub body: Option<BodyIr>,
}

/// How a method takes `self`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Receiver {
    /// Not a method.
    None,
    /// `&self`.
    Ref,
    /// `&mut self`.
    Mut,
    /// `self`, or `self: Type`.
    Value,
}

/// A type as written.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum TypeRef {
    /// `_`, macros, and what is not understood.
    Infer,
    /// `!`.
    Never,
    /// A path.
    Path(Box<PathRef>),
    /// `<T as Trait>::Name` without its trait: the self type and the segments after it.
    Projection(Box<TypeRef>, Box<PathRef>, Sym),
    /// `&T`, `*const T`; whether mutable.
    Ref(Box<TypeRef>, bool),
    /// `(A, B)`.
    Tuple(Box<[TypeRef]>),
    /// `[T]`.
    Slice(Box<TypeRef>),
    /// `[T; N]`.
    Array(Box<TypeRef>),
    /// `fn(A) -> B` and `impl Fn(A) -> B`.
    Fn(Box<[TypeRef]>, Box<TypeRef>),
    /// `impl A + B`, `dyn A + B`.
    Bounds(Box<[TypeRef]>),
}

impl TypeRef {
    /// The unit type.
    pub fn unit() -> TypeRef {
        TypeRef::Tuple(Box::default())
    }
}

/// A path as written.
#[derive(Clone, Debug, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct PathRef {
    /// Names.
    pub segments: Box<[Sym]>,
    /// Generic arguments of the last segment that has any, and which that is.
    pub args: Box<[TypeRef]>,
    /// Index of the segment that has `args`.
    pub args_at: u32,
    /// `Item = T` among the arguments.
    pub assoc: Box<[(Sym, TypeRef)]>,
    /// Began with `::`.
    pub absolute: bool,
    /// `<T>::segments`.
    pub qself: Option<Box<TypeRef>>,
}

impl PathRef {
    /// The last name.
    pub fn last(&self) -> Sym {
        self.segments.last().copied().unwrap_or(Sym::NONE)
    }
}

/// Index of an expression.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct ExprId(pub u32);
/// Index of a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct PatId(pub u32);
/// Index of a local variable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct LocalId(pub u32);

/// Index of a body in its file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
pub struct BodyId(pub u32);

impl Serialize for BodyId {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        if placeless::is_on() { to.serialize_unit() } else { self.0.serialize(to) }
    }
}

/// What a declaration says of its body.
#[derive(Debug, Serialize, Deserialize)]
pub struct BodyIr {
    /// Its code.
    pub code: BodyId,
    /// Items declared inside.
    pub items: Vec<Item>,
}

/// The code of a function, closure bodies included.
#[derive(Debug, Default, Serialize, Deserialize)]
pub struct Body {
    /// Expressions.
    pub exprs: Vec<Expr>,
    /// Patterns.
    pub pats: Vec<Pat>,
    /// Local variables.
    pub locals: Vec<Local>,
    /// Patterns of the parameters, `self` first.
    pub params: Vec<PatId>,
    /// The outermost expression.
    pub root: Option<ExprId>,
}

impl Body {
    /// The expression at `id`.
    pub fn expr(&self, id: ExprId) -> &Expr {
        &self.exprs[id.0 as usize]
    }

    /// The pattern at `id`.
    pub fn pat(&self, id: PatId) -> &Pat {
        &self.pats[id.0 as usize]
    }

    /// All of an expression: of a control structure the tree keeps its keyword only.
    pub(crate) fn extent(&self, id: ExprId) -> Range {
        let (mut all, mut at) = (self.expr(id).at, id);
        for _ in 0..32 {
            at = match &self.expr(at).kind {
                ExprKind::Closure(_, body, _)
                | ExprKind::Async(body)
                | ExprKind::Loop(body, _)
                | ExprKind::While(_, body, _)
                | ExprKind::For(_, _, body, _)
                | ExprKind::Await(body) => *body,
                ExprKind::If(_, then, otherwise) => otherwise.unwrap_or(*then),
                ExprKind::Match(on, arms) => arms.last().map_or(*on, |arm| arm.body),
                _ => break,
            };
            all = all.to(self.expr(at).at);
        }
        all
    }
}

/// A local variable.
#[derive(Debug, Serialize, Deserialize)]
pub struct Local {
    /// Its name.
    pub name: Sym,
    /// Its binding.
    pub at: Range,
}

/// An expression.
#[derive(Debug, Serialize, Deserialize)]
pub struct Expr {
    /// What it is.
    pub kind: ExprKind,
    /// All of it.
    pub at: Range,
}

type Exprs = Box<[ExprId]>;

/// The kinds of expressions.
#[derive(Debug, Serialize, Deserialize)]
pub enum ExprKind {
    /// Not understood, or too deep.
    Unknown,
    /// A literal.
    Lit(Lit),
    /// A local variable.
    Local(LocalId),
    /// Any other path.
    Path(Box<PathRef>),
    /// `callee(args)`.
    Call(ExprId, Exprs),
    /// `receiver.name::<types>(args)`.
    Method(Box<MethodCall>),
    /// `base.name`.
    Field(ExprId, Sym),
    /// `base[index]`.
    Index(ExprId, ExprId),
    /// `*e`.
    Deref(ExprId),
    /// `!e`.
    Not(ExprId),
    /// `-e`.
    Neg(ExprId),
    /// `&e`; whether mutable.
    Ref(ExprId, bool),
    /// `a op b`.
    Binary(BinOp, ExprId, ExprId),
    /// `a = b`.
    Assign(ExprId, ExprId),
    /// `a op= b`.
    AssignOp(BinOp, ExprId, ExprId),
    /// `e as T`.
    Cast(ExprId, Box<TypeRef>),
    /// A block with its value.
    Block(Box<[Stmt]>, Option<ExprId>),
    /// `if`.
    If(ExprId, ExprId, Option<ExprId>),
    /// `let pat = e` as a condition.
    Let(PatId, ExprId),
    /// `match`.
    Match(ExprId, Box<[Arm]>),
    /// `loop`.
    Loop(ExprId, Sym),
    /// `while`.
    While(ExprId, ExprId, Sym),
    /// `for`.
    For(PatId, ExprId, ExprId, Sym),
    /// A closure: parameters with their types, body; whether async.
    Closure(Box<[(PatId, TypeRef)]>, ExprId, bool),
    /// `async { .. }`.
    Async(ExprId),
    /// `e.await`.
    Await(ExprId),
    /// `e?`.
    Try(ExprId),
    /// `return e`.
    Return(Option<ExprId>),
    /// `break 'label e`.
    Break(Sym, Option<ExprId>),
    /// `continue`.
    Continue(Sym),
    /// `Path { fields, ..base }`.
    Struct(Box<PathRef>, Box<[(Sym, ExprId)]>, Option<ExprId>),
    /// `(a, b)`.
    Tuple(Exprs),
    /// `[a, b]`.
    Array(Exprs),
    /// `[e; n]`.
    Repeat(ExprId, ExprId),
    /// `a..b`.
    Range(Option<ExprId>, Option<ExprId>),
    /// A macro whose arguments are expressions.
    Macro(Sym, Exprs),
    /// `select!`: the arms' pattern, future, guard, handler.
    Select(Box<[SelectArm]>),
    /// A macro that is not understood: the names it mentions.
    Opaque(Sym, Box<[Sym]>),
}

/// `receiver.name::<types>(args)`.
#[derive(Debug, Serialize, Deserialize)]
pub struct MethodCall {
    /// The receiver.
    pub recv: ExprId,
    /// The method.
    pub name: Sym,
    /// Its token.
    pub name_at: Range,
    /// Turbofish.
    pub types: Box<[TypeRef]>,
    /// Arguments.
    pub args: Exprs,
}

/// A statement.
#[derive(Debug, Serialize, Deserialize)]
pub enum Stmt {
    /// `let pat: ty = init else { .. }`.
    Let(PatId, Option<Box<TypeRef>>, Option<ExprId>, Option<ExprId>),
    /// An expression.
    Expr(ExprId),
}

/// An arm of a `match`.
#[derive(Debug, Serialize, Deserialize)]
pub struct Arm {
    /// Pattern.
    pub pat: PatId,
    /// `if` guard.
    pub guard: Option<ExprId>,
    /// Value.
    pub body: ExprId,
}

/// An arm of a `select!`.
#[derive(Debug, Serialize, Deserialize)]
pub struct SelectArm {
    /// What the future gives.
    pub pat: Option<PatId>,
    /// The future; none for `else`.
    pub future: Option<ExprId>,
    /// `if` guard.
    pub guard: Option<ExprId>,
    /// What is done then.
    pub body: ExprId,
}

/// A literal.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Lit {
    /// An integer with its suffix, or [`Sym::NONE`].
    Int(u64, Sym),
    /// A float.
    Float,
    /// Text.
    Str,
    /// Bytes.
    Bytes,
    /// `true`, `false`.
    Bool(bool),
    /// A character.
    Char,
}

/// Binary operators, as far as they matter.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum BinOp {
    /// `+`.
    Add,
    /// `-`.
    Sub,
    /// `<`.
    Lt,
    /// `<=`.
    Le,
    /// `>`.
    Gt,
    /// `>=`.
    Ge,
    /// `==`.
    Eq,
    /// `!=`.
    Ne,
    /// `&&`.
    And,
    /// `||`.
    Or,
    /// `%`.
    Rem,
    /// Any other: its value has the type of its left side.
    Other,
}

/// A pattern.
#[derive(Debug, Serialize, Deserialize)]
pub enum Pat {
    /// `_`, literals, ranges and what is not understood.
    Wild,
    /// A binding, with the pattern after `@`.
    Bind(LocalId, Option<PatId>),
    /// `Path`, `Path(..)`: fields by position; those after a rest count from the end.
    TupleStruct(Box<PathRef>, Box<[PatId]>),
    /// `Path { .. }`.
    Struct(Box<PathRef>, Box<[(Sym, PatId)]>),
    /// `(a, b)`.
    Tuple(Box<[PatId]>),
    /// `[a, b]`.
    Slice(Box<[PatId]>),
    /// `a | b`.
    Or(Box<[PatId]>),
    /// `&p`.
    Ref(PatId),
    /// `p: T`.
    Typed(PatId, Box<TypeRef>),
    /// `..`.
    Rest,
}
