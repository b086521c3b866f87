//! The shipped models are well formed and say what they should.

use super::{Effect, Flow, Models, Resource};
use crate::lower::ir::TypeRef;
use crate::lower::sym::Sym;
use crate::names::Foreign;

fn method(ty: &str, name: &str) -> super::Callable {
    let models = Models::shipped();
    let found = models.type_at(Foreign::path(ty)).unwrap_or_else(|| panic!("no model of {ty}"));
    let callable = models.ty(found).methods.get(&Sym::new(name)).unwrap_or_else(|| panic!("no {ty}::{name}"));
    models.callable(*callable).clone()
}

#[test]
fn every_file_reads() {
    if let Err(error) = super::read::all() {
        panic!("{error}");
    }
}

#[test]
fn growers_and_shrinkers() {
    for (ty, name, effect) in [
        ("std::vec::Vec", "push", Effect::Grow),
        ("std::collections::BTreeMap", "insert", Effect::GrowKeyed),
        ("std::collections::LinkedList", "pop_front", Effect::Shrink),
        ("dashmap::DashMap", "retain", Effect::Retain),
        ("std::string::String", "push_str", Effect::GrowMany),
        ("bytes::BytesMut", "split_to", Effect::Shrink),
        ("tokio::task::JoinSet", "join_next", Effect::Shrink),
        ("tokio::task::JoinSet", "try_join_next_with_id", Effect::Shrink),
        ("indexmap::IndexSet", "shift_remove_index", Effect::Shrink),
        ("indexmap::IndexMap", "swap_remove_full", Effect::Shrink),
        ("lru::LruCache", "put", Effect::None),
        ("locus::prelude::Ring", "push_evict", Effect::None),
        ("std::os::fd::OwnedFd", "into_raw_fd", Effect::IntoRaw),
    ] {
        assert_eq!(method(ty, name).effect, effect, "{ty}::{name}");
    }
}

#[test]
fn places_flow_through_guards_and_entries() {
    assert_eq!(method("std::sync::Mutex", "lock").flow, Flow::Same);
    assert_eq!(method("std::collections::HashMap", "get_mut").flow, Flow::Inside);
    assert_eq!(method("std::collections::hash_map::Entry", "or_default").flow, Flow::Inside);
    assert_eq!(method("std::vec::Vec", "drain").flow, Flow::None);
}

#[test]
fn a_re_export_is_found_by_its_last_segment() {
    let models = Models::shipped();
    let std = models.type_at(Foreign::path("std::collections::HashMap"));
    assert_eq!(models.type_at(Foreign::path("std::collections::hash_map::HashMap")), std);
    assert_eq!(models.type_at(Foreign::path("hashbrown::hash_map::HashMap")), std);
    // `Sender` is several types in tokio, so its last segment says nothing.
    assert_eq!(models.type_at(Foreign::path("tokio::unheard_of::Sender")), None);
}

#[test]
fn what_owns_a_descriptor() {
    let models = Models::shipped();
    for ty in ["std::fs::File", "tokio::net::TcpStream", "std::net::UdpSocket", "socket2::Socket"] {
        let found = models.type_at(Foreign::path(ty)).unwrap();
        assert_eq!(models.ty(found).resource, Some(Resource::Fd), "{ty}");
    }
    assert_eq!(method("std::net::TcpListener", "accept").opens.as_deref(), Some("connection"));
}

/// A name in a signature that nothing declares would silently be an unknown type.
#[test]
fn signatures_name_only_what_exists() {
    let models = Models::shipped();
    for ty in &models.types {
        for callable in ty.methods.values() {
            let sig = &models.callable(*callable).sig;
            for part in sig.args.iter().flatten().chain([&sig.ret]).chain(&ty.deref) {
                assert_names_exist(models, part, &ty.params, &ty.name);
            }
        }
    }
    for callable in models.functions.values() {
        let sig = &models.callable(*callable).sig;
        for part in sig.args.iter().flatten().chain([&sig.ret]) {
            assert_names_exist(models, part, &[], "a function");
        }
    }
}

fn assert_names_exist(models: &Models, ty: &TypeRef, params: &[Sym], of: &str) {
    match ty {
        TypeRef::Path(path) => {
            let known = match &*path.segments {
                [one] => crate::types::is_model_name(models, *one, params),
                several => models.type_at(Foreign::of(several)).is_some(),
            };
            let texts = path.segments.iter().map(|name| format!("{name:?}")).collect::<Vec<_>>().join("::");
            assert!(known, "a signature of {of} names an unknown type: {texts}");
            path.args.iter().for_each(|arg| assert_names_exist(models, arg, params, of));
        }
        TypeRef::Tuple(parts) => parts.iter().for_each(|part| assert_names_exist(models, part, params, of)),
        TypeRef::Fn(args, ret) => {
            args.iter().for_each(|arg| assert_names_exist(models, arg, params, of));
            assert_names_exist(models, ret, params, of);
        }
        _ => {}
    }
}

#[test]
fn what_is_bounded_never_grows() {
    let models = Models::shipped();
    let bounded: Vec<_> = models.types.iter().filter(|ty| ty.bounded).collect();
    assert!(bounded.len() > 8, "only {} bounded types", bounded.len());
    for ty in bounded {
        assert!(!ty.grows, "{}", ty.name);
        for callable in ty.methods.values() {
            let effect = models.callable(*callable).effect;
            let grows = matches!(effect, Effect::Grow | Effect::GrowKeyed | Effect::GrowMany);
            assert!(!grows, "a method of {} grows", ty.name);
        }
    }
}

#[test]
fn what_grows_says_so_and_can_shrink() {
    let models = Models::shipped();
    for ty in &models.types {
        let effects = || ty.methods.values().map(|callable| models.callable(*callable).effect);
        let adds = effects().any(|effect| matches!(effect, Effect::Grow | Effect::GrowMany));
        let takes = effects().any(|effect| matches!(effect, Effect::Shrink | Effect::Clear));
        if ty.grows {
            assert!(effects().any(|effect| effect != Effect::None), "{} grows by nothing", ty.name);
            assert!(takes, "nothing takes anything out of {}", ty.name);
        } else if adds {
            assert!(
                !ty.owns_params || ty.params.is_empty(),
                "{} adds and does not say that it grows",
                ty.name
            );
        }
    }
}

#[test]
fn who_spawns_and_who_waits() {
    let models = Models::shipped();
    let function = |path: &str| models.callable(models.function(Foreign::path(path)).unwrap());
    assert!(function("tokio::spawn").spawns && function("std::thread::spawn").spawns);
    assert!(function("tokio::time::sleep").waits && !function("tokio::time::sleep").spawns);
    assert!(function("std::process::exit").diverges);
    assert!(method("locus::Run", "with").resident && method("locus::Run", "recv").waits);
}

#[test]
fn names_that_say_something_by_themselves() {
    let models = Models::shipped();
    let gives = |name: &str| models.gives(Sym::new(name));
    assert!(gives("recv").next && gives("recv").outside && gives("recv").fills && !gives("recv").peer);
    assert!(gives("accept").peer && gives("accept").outside && !gives("accept").next);
    assert!(gives("next").next && !gives("next").outside);
    assert!(gives("read_line").whole && gives("read_line").peer && !gives("read_exact").whole);
    assert!(gives("json").answer && gives("random").fresh && gives("now").time && gives("sleep").tick);
    assert_eq!(gives("insert"), super::Gives::default());
}

#[test]
fn a_name_is_told_of_once_and_in_known_words() {
    for (text, error) in [
        ("[names]\n\"recv\" = \"next\"", "mine: `recv` is told of twice"),
        ("[names]\n\"fetch\" = \"nxt\"", "mine: fetch: unknown word `nxt`"),
    ] {
        let told = Models::with(&[("mine".to_owned(), text.to_owned())]).map(|_| ());
        assert_eq!(told, Err(error.to_owned()));
    }
    let more = Models::with(&[("mine".to_owned(), "[names]\n\"fetch\" = \"peer\"".to_owned())]).unwrap();
    assert!(more.gives(Sym::new("fetch")).peer && more.gives(Sym::new("recv")).next);
}

#[test]
fn who_calls_with_each_request() {
    let models = Models::shipped();
    let serves = |path: &str| {
        let found = models.functions.get(&Sym::path(path)).unwrap_or_else(|| panic!("no {path}"));
        models.callable(*found).serves
    };
    assert!(serves("axum::routing::post") && serves("hyper::service::service_fn"));
    assert!(!serves("tokio::spawn") && !serves("warp::path"));
    assert!(method("axum::routing::MethodRouter", "get").serves && method("warp::Filter", "map").serves);
}
