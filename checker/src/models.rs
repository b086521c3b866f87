//! What is known of code outside the workspace: who grows, shrinks, borrows, opens, owns.
//!
//! The knowledge is data, one TOML file a crate under `models/`; this module reads it. Types and functions are
//! found by path. A method is one line of words and a signature in Rust's own syntax, with references left out:
//!
//! ```toml
//! [[type]]
//! path = "std::vec::Vec"
//! params = ["T"]
//! [type.methods]
//! "push" = "grow fn(T)"
//! "iter iter_mut" = "inside -> Iterator<T>"
//! ```
//!
//! A few names say something by themselves ([`Gives`]), since nobody calls anything else so: `recv`, `accept`.
//!
//! In a signature, `Self`, the type's parameters and other single letters are variables; any other name is a
//! primitive or a type of the models. A path that no model lists is looked up once more by its crate and last
//! segment, where that is unambiguous, because crates re-export their own types.

mod read;
mod stored;

use crate::lower::ir::TypeRef;
use crate::lower::sym::Sym;
use crate::names::Foreign;
use rustc_hash::{FxHashMap, FxHashSet};
use serde::{Deserialize, Serialize};

/// What a call does to the place it is called on.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Effect {
    /// Nothing that matters.
    #[default]
    None,
    /// Adds one element.
    Grow,
    /// Adds an element unless its key, the first argument, is there already.
    GrowKeyed,
    /// Adds as many elements as the input has.
    GrowMany,
    /// Takes out one element or some.
    Shrink,
    /// Takes out all.
    Clear,
    /// Keeps what a closure says.
    Retain,
    /// Tells how many there are.
    Len,
    /// Tells how much room there is, which is no limit.
    Capacity,
    /// Gives up a raw descriptor without an owner.
    IntoRaw,
    /// Takes care of a resource: waits for a child, reaps a task.
    Reap,
}

/// Where the result of a call points.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub enum Flow {
    /// Nowhere: it is a value of its own.
    #[default]
    None,
    /// At the receiver: guards, wrappers, adapters of options and iterators.
    Same,
    /// At an element of the receiver.
    Inside,
}

/// What owning a value of a type means.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub enum Resource {
    /// A file descriptor, by the kind of what it is open on.
    Fd,
    /// A child process.
    Child,
    /// A task or thread.
    Task,
    /// The sending end of a channel.
    Sender,
}

/// A signature: argument types and return type, in the variables of the type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Signature {
    /// Without the receiver; none if they do not matter.
    pub args: Option<Vec<TypeRef>>,
    /// What it gives.
    pub ret: TypeRef,
}

/// A method or function.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Callable {
    /// What it does to the receiver, or to its first argument.
    pub effect: Effect,
    /// Where its result points.
    pub flow: Flow,
    /// Closures it is given see the elements of the receiver.
    pub each: bool,
    /// Closures it is given see a locus that lives on: `run.with(|me, cx| ..)`.
    pub resident: bool,
    /// Calls what it is given with each request, as long as the program runs: `get(handler)`.
    pub serves: bool,
    /// Runs what it is given on its own: `spawn`.
    pub spawns: bool,
    /// Runs it on a thread of its own, not on the one that calls.
    pub on_thread: bool,
    /// Waits for something outside: a message, a connection, time.
    pub waits: bool,
    /// Holds up its thread, unless what it gives is awaited.
    pub blocks: bool,
    /// Makes a queue without a limit.
    pub unbounded: bool,
    /// Says how many threads a pool of workers has.
    pub workers: bool,
    /// Takes memory of its own.
    pub allocates: bool,
    /// Does not return.
    pub diverges: bool,
    /// Opens a file descriptor of this kind.
    pub opens: Option<Box<str>>,
    /// Enters something in a register of this kind that outlives it, or takes it out again.
    pub registers: Option<(Registers, Box<str>)>,
    /// Its types.
    pub sig: Signature,
}

/// Which way something goes with a register.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Registers {
    /// Entered.
    In,
    /// Taken out.
    Out,
}

/// What a call gives by its name alone.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gives {
    /// The next of something, which may be a queue, a socket or a clock.
    pub next: bool,
    /// What came from outside, or who sent it.
    pub outside: bool,
    /// What a peer sent, or a peer.
    pub peer: bool,
    /// What a peer sent, where it is awaited.
    pub answer: bool,
    /// Nothing: it reads into what it is lent.
    pub fills: bool,
    /// As much as whoever sends it likes.
    pub whole: bool,
    /// Something new each time.
    pub fresh: bool,
    /// The time.
    pub time: bool,
    /// Nothing: it waits until a time has come.
    pub tick: bool,
    /// Nothing: it waits for the next message of a queue.
    pub waits: bool,
}

/// A type.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ModelType {
    /// Its canonical path.
    pub path: Foreign,
    /// Every path it is known under, that one first.
    pub known_as: Box<[Box<str>]>,
    /// How messages name it.
    pub name: Box<str>,
    /// Its parameters.
    pub params: Vec<Sym>,
    /// What it gives its methods to.
    pub deref: Option<TypeRef>,
    /// Holds elements, keys or bytes without a bound.
    pub grows: bool,
    /// Cannot hold more than its type or constructor says.
    pub bounded: bool,
    /// Owns the values of its parameters.
    pub owns_params: bool,
    /// A clone of it is the same value.
    pub shared: bool,
    /// What a value of it holds.
    pub resource: Option<Resource>,
    /// Public fields by name.
    pub fields: FxHashMap<Sym, TypeRef>,
    /// Methods by name.
    pub methods: FxHashMap<Sym, u32>,
}

/// All models.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
pub struct Models {
    /// Types.
    pub types: Vec<ModelType>,
    /// Methods and functions.
    pub callables: Vec<Callable>,
    /// Functions by their whole path.
    pub functions: FxHashMap<Sym, u32>,
    /// Types of what macros of a crate give, by the macro's name; they count where the crate is at hand.
    pub macros: FxHashMap<Sym, Foreign>,
    /// Methods that every type has: `clone`, `to_string`.
    pub universal: FxHashMap<Sym, u32>,
    /// What calls give by their names alone, on whatever they are called.
    gives: FxHashMap<Sym, Gives>,
    /// Names of keys, or words in them, that divide what is deployed.
    partitions: Vec<Box<str>>,
    /// Crates whose types are connections to databases, or databases themselves.
    databases: FxHashSet<Sym>,
    /// Names that are known without an import.
    pub prelude: FxHashMap<Sym, Foreign>,
    /// Tells models from others by what they say beyond those that ship.
    pub fingerprint: u64,
    by_path: FxHashMap<Sym, u32>,
    by_last: FxHashMap<(Sym, Sym), Option<u32>>,
    by_name: FxHashMap<Sym, u32>,
}

impl Models {
    /// The models that ship, read once.
    ///
    /// # Panics
    /// Never: a test reads them all.
    pub fn shipped() -> &'static Models {
        Models::shipped_from(None)
    }

    /// The models that ship, with those of `files` (name and text) on top of them.
    ///
    /// # Errors
    /// What is wrong with the first file that cannot be read, which it names.
    pub fn with(files: &[(String, String)]) -> Result<Models, String> {
        let texts = files.iter().map(|(name, text)| (name.as_str(), text.as_str()));
        let mut models = read::more(Models::shipped().clone(), texts)?;
        models.fingerprint = xxhash_rust::xxh3::xxh3_64(format!("{files:?}").as_bytes());
        Ok(models)
    }

    /// The model of the type at `path`.
    pub fn type_at(&self, path: Foreign) -> Option<u32> {
        self.by_path.get(&path.path).copied().or_else(|| *self.by_last.get(&(path.krate, path.last))?)
    }

    /// Whether `path` is a type or function of the models under exactly that path.
    pub fn knows(&self, path: Foreign) -> bool {
        self.by_path.contains_key(&path.path) || self.functions.contains_key(&path.path)
    }

    /// The type that signatures in the models call `name`.
    pub fn type_named(&self, name: Sym) -> Option<u32> {
        self.by_name.get(&name).copied()
    }

    /// The path under which `path` is known here.
    pub fn canonical(&self, path: Foreign) -> Foreign {
        self.type_at(path).map_or(path, |found| self.types[found as usize].path)
    }

    /// What a call of that name gives, whatever it is called on.
    pub fn gives(&self, name: Sym) -> Gives {
        self.gives.get(&name).copied().unwrap_or_default()
    }

    /// Whether a key of that name divides what is deployed, of which there is as much as operators set up.
    pub fn is_partition(&self, name: &str) -> bool {
        self.partitions.iter().any(|word| name == &**word || name.split('_').any(|part| part == &**word))
    }

    /// Whether the types of a crate are connections to databases, or databases themselves.
    pub fn is_database(&self, krate: Sym) -> bool {
        self.databases.contains(&krate)
    }

    /// The type.
    pub fn ty(&self, index: u32) -> &ModelType {
        &self.types[index as usize]
    }

    /// The method or function.
    pub fn callable(&self, index: u32) -> &Callable {
        &self.callables[index as usize]
    }

    /// The function at `path`, or the associated function of the type that `path` leads to.
    pub fn function(&self, path: Foreign) -> Option<u32> {
        self.functions.get(&path.path).copied()
    }
}

#[cfg(test)]
mod tests;
