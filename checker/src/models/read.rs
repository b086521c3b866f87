//! Reads the model files.

use super::{Callable, Effect, Flow, Gives, ModelType, Models, Registers, Resource, Signature};
use crate::lower::cfg::CfgEnv;
use crate::lower::ir::{FileIr, TypeRef};
use crate::lower::sym::Sym;
use crate::names::Foreign;
use rustc_hash::FxHashMap;
use serde::Deserialize;
use std::collections::BTreeMap;

const FILES: &[(&str, &str)] = &[
    ("std", include_str!("../../models/std.toml")),
    ("iter", include_str!("../../models/iter.toml")),
    ("sync", include_str!("../../models/sync.toml")),
    ("io", include_str!("../../models/io.toml")),
    ("tokio", include_str!("../../models/tokio.toml")),
    ("crates", include_str!("../../models/crates.toml")),
    ("brokers", include_str!("../../models/brokers.toml")),
    ("databases", include_str!("../../models/databases.toml")),
    ("passwords", include_str!("../../models/passwords.toml")),
    ("heavy", include_str!("../../models/heavy.toml")),
    ("locus", include_str!("../../models/locus.toml")),
    ("names", include_str!("../../models/names.toml")),
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct ModelFile {
    #[serde(default)]
    prelude: Vec<String>,
    #[serde(default, rename = "type")]
    types: Vec<TypeEntry>,
    #[serde(default)]
    functions: BTreeMap<String, String>,
    #[serde(default)]
    macros: BTreeMap<String, String>,
    #[serde(default)]
    universal: BTreeMap<String, String>,
    #[serde(default)]
    names: BTreeMap<String, String>,
    #[serde(default)]
    partitions: String,
    #[serde(default)]
    databases: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TypeEntry {
    path: String,
    #[serde(default)]
    also: Vec<String>,
    #[serde(default)]
    params: Vec<String>,
    deref: Option<String>,
    /// Another type whose methods it has too.
    like: Option<String>,
    #[serde(default)]
    grows: bool,
    #[serde(default)]
    bounded: bool,
    #[serde(default)]
    borrows: bool,
    #[serde(default)]
    shared: bool,
    resource: Option<String>,
    #[serde(default)]
    fields: BTreeMap<String, String>,
    #[serde(default)]
    methods: BTreeMap<String, String>,
}

/// The models that ship.
pub(super) fn all() -> Result<Models, String> {
    more(Models::default(), FILES.iter().copied())
}

/// Some models with those of `files` on top of them.
pub(super) fn more<'m>(
    mut models: Models,
    files: impl IntoIterator<Item = (&'m str, &'m str)>,
) -> Result<Models, String> {
    for (name, text) in files {
        let file: ModelFile = toml::from_str(text).map_err(|error| format!("{name}: {error}"))?;
        one(&mut models, file).map_err(|error| format!("{name}: {error}"))?;
    }
    Ok(models)
}

fn one(models: &mut Models, file: ModelFile) -> Result<(), String> {
    for path in &file.prelude {
        let foreign = Foreign::path(path);
        models.prelude.insert(foreign.last, foreign);
    }
    for entry in file.types {
        let path = entry.path.clone();
        add_type(models, entry).map_err(|error| format!("{path}: {error}"))?;
    }
    for (paths, line) in &file.functions {
        let index = add(models, line).map_err(|error| format!("{paths}: {error}"))?;
        for path in paths.split_whitespace() {
            models.functions.insert(Sym::path(path), index);
        }
    }
    for (names, ty) in &file.macros {
        let ty = Foreign::path(ty);
        models.macros.extend(names.split_whitespace().map(|name| (Sym::new(name), ty)));
    }
    for (names, line) in &file.universal {
        let index = add(models, line).map_err(|error| format!("{names}: {error}"))?;
        models.universal.extend(names.split_whitespace().map(|name| (Sym::new(name), index)));
    }
    models.databases.extend(file.databases.split_whitespace().map(Sym::new));
    models.partitions.extend(file.partitions.split_whitespace().map(Box::from));
    for (names, words) in &file.names {
        let gives = gives(words).map_err(|error| format!("{names}: {error}"))?;
        for name in names.split_whitespace() {
            if models.gives.insert(Sym::new(name), gives).is_some() {
                return Err(format!("`{name}` is told of twice"));
            }
        }
    }
    Ok(())
}

fn gives(words: &str) -> Result<Gives, String> {
    let mut gives = Gives::default();
    for word in words.split_whitespace() {
        let said = match word {
            "next" => &mut gives.next,
            "outside" => &mut gives.outside,
            "peer" => &mut gives.peer,
            "answer" => &mut gives.answer,
            "fills" => &mut gives.fills,
            "whole" => &mut gives.whole,
            "fresh" => &mut gives.fresh,
            "time" => &mut gives.time,
            "tick" => &mut gives.tick,
            "waits" => &mut gives.waits,
            other => return Err(format!("unknown word `{other}`")),
        };
        *said = true;
    }
    Ok(gives)
}

fn add_type(models: &mut Models, entry: TypeEntry) -> Result<(), String> {
    let index = u32::try_from(models.types.len()).map_err(|error| error.to_string())?;
    let path = Foreign::path(&entry.path);
    let mut methods = match &entry.like {
        Some(like) => {
            let like = models.type_at(Foreign::path(like)).ok_or_else(|| format!("unknown type `{like}`"))?;
            models.ty(like).methods.clone()
        }
        None => FxHashMap::default(),
    };
    for (names, line) in &entry.methods {
        let callable = add(models, line).map_err(|error| format!("{names}: {error}"))?;
        methods.extend(names.split_whitespace().map(|name| (Sym::new(name), callable)));
    }
    let fields = entry.fields.iter().map(|(name, ty)| Ok((Sym::new(name), type_ref(ty)?)));
    let fields = fields.collect::<Result<FxHashMap<Sym, TypeRef>, String>>()?;
    for known in std::iter::once(&entry.path).chain(&entry.also) {
        let known = Foreign::path(known);
        models.by_path.insert(known.path, index);
        let last = models.by_last.entry((known.krate, known.last)).or_insert(Some(index));
        if *last != Some(index) {
            *last = None;
        }
    }
    models.by_name.entry(path.last).or_insert(index);
    models.types.push(ModelType {
        path,
        known_as: std::iter::once(&entry.path).chain(&entry.also).map(|path| path.as_str().into()).collect(),
        name: entry.path.rsplit("::").next().unwrap_or_default().into(),
        params: entry.params.iter().map(|param| Sym::new(param)).collect(),
        deref: entry.deref.as_deref().map(type_ref).transpose()?,
        grows: entry.grows,
        bounded: entry.bounded,
        owns_params: !entry.borrows,
        shared: entry.shared,
        resource: entry.resource.as_deref().map(resource).transpose()?,
        fields,
        methods,
    });
    Ok(())
}

fn resource(name: &str) -> Result<Resource, String> {
    match name {
        "fd" => Ok(Resource::Fd),
        "child" => Ok(Resource::Child),
        "task" => Ok(Resource::Task),
        "sender" => Ok(Resource::Sender),
        other => Err(format!("unknown resource `{other}`")),
    }
}

fn type_ref(text: &str) -> Result<TypeRef, String> {
    let parsed: syn::Type = syn::parse_str(text).map_err(|error| format!("`{text}`: {error}"))?;
    let cfg = CfgEnv::default();
    let mut lower = crate::lower::Lower::bare(&cfg, FileIr::default());
    Ok(lower.ty(&parsed))
}

/// Adds the callable that `line` describes: words, then `fn(args) -> type` or `-> type`.
fn add(models: &mut Models, line: &str) -> Result<u32, String> {
    let at = [line.find("fn("), line.find("->")].into_iter().flatten().min().unwrap_or(line.len());
    let (words, types) = line.split_at(at);
    let sig = match types {
        "" => Signature { args: None, ret: TypeRef::unit() },
        types => match types.strip_prefix("->") {
            Some(ret) => Signature { args: None, ret: type_ref(ret.trim())? },
            None => match type_ref(types)? {
                TypeRef::Fn(args, ret) => Signature { args: Some(args.into()), ret: *ret },
                other => return Err(format!("not a function: {other:?}")),
            },
        },
    };
    let mut callable = Callable {
        effect: Effect::None,
        flow: Flow::None,
        each: false,
        resident: false,
        serves: false,
        spawns: false,
        on_thread: false,
        waits: false,
        blocks: false,
        unbounded: false,
        workers: false,
        allocates: false,
        diverges: false,
        opens: None,
        registers: None,
        sig,
    };
    for word in words.split_whitespace() {
        set(&mut callable, word)?;
    }
    let index = u32::try_from(models.callables.len()).map_err(|error| error.to_string())?;
    models.callables.push(callable);
    Ok(index)
}

fn set(callable: &mut Callable, word: &str) -> Result<(), String> {
    match word {
        "grow" => callable.effect = Effect::Grow,
        "grow-keyed" => callable.effect = Effect::GrowKeyed,
        "grow-many" => callable.effect = Effect::GrowMany,
        "shrink" => callable.effect = Effect::Shrink,
        "clear" => callable.effect = Effect::Clear,
        "retain" => callable.effect = Effect::Retain,
        "len" => callable.effect = Effect::Len,
        "capacity" => callable.effect = Effect::Capacity,
        "into-raw" => callable.effect = Effect::IntoRaw,
        "reap" => callable.effect = Effect::Reap,
        "same" => callable.flow = Flow::Same,
        "inside" => callable.flow = Flow::Inside,
        "each" => callable.each = true,
        "resident" => callable.resident = true,
        "serves" => callable.serves = true,
        "spawns" => callable.spawns = true,
        "on-thread" => callable.on_thread = true,
        "waits" => callable.waits = true,
        "blocks" => callable.blocks = true,
        "unbounded" => callable.unbounded = true,
        "workers" => callable.workers = true,
        "allocates" => callable.allocates = true,
        "diverges" => callable.diverges = true,
        other => match other.split_once(':') {
            Some(("opens", kind)) => callable.opens = Some(kind.into()),
            Some(("registers", kind)) => callable.registers = Some((Registers::In, kind.into())),
            Some(("deregisters", kind)) => callable.registers = Some((Registers::Out, kind.into())),
            _ => return Err(format!("unknown word `{other}`")),
        },
    }
    Ok(())
}
