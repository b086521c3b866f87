//! The grammar of every attribute: what is read, and what each mistake says, and where.

use locus_syntax::{
    Attr, ChildKind, Condition, Count, Errors, Found, HttpMethod, KeyMatch, Late, LocusAttr, OnAttr, OnFull,
    Panics, PlaceAttr, Problem, Setting, Site, Strategy, TopicAttr, Transport, read,
};
use proc_macro2::{Punct, Spacing, TokenTree};
use quote::ToTokens;
use std::time::Duration;
use syn::parse::Parser;

fn read_source(source: &str, site: Site) -> (Vec<Found>, Vec<Problem>) {
    let attrs = syn::Attribute::parse_outer.parse_str(source).expect("attributes of the test parse");
    let mut errors = Errors::new();
    let found = read(&attrs, site, &mut errors);
    (found, errors.into_problems())
}

fn one(source: &str, site: Site) -> Attr {
    let (mut found, problems) = read_source(source, site);
    assert!(problems.is_empty(), "{source}: {problems:?}");
    assert_eq!(found.len(), 1, "{source}");
    found.remove(0).attr
}

macro_rules! parsed {
    ($kind:ident, $source:expr, $site:ident) => {
        match one($source, Site::$site) {
            Attr::$kind(attr) => attr,
            other => panic!("{} read as {other:?}", $source),
        }
    };
}

fn text(tokens: impl ToTokens) -> String {
    tokens.to_token_stream().to_string()
}

fn number(count: Option<&Setting<Count>>) -> Option<u64> {
    count.and_then(|count| count.value.known())
}

#[test]
fn locus_with_everything() {
    let attr: LocusAttr = parsed!(
        Locus,
        r#"#[locus(
            publishes(Relayed, chat::Closed), publishes(Other<u8>),
            receives(Relayed, key = self.room, bounded = 64, on_full = drop_old), receives(Tick),
            children(Conn = flow, max = 4096), children(max = MAX),
            strategy = rest_for_one, restarts = 3, within = "5s",
            scratch_bytes_max = "16MiB", memory_max = 1_000, idle = "10m",
        )]"#,
        Item
    );
    assert!(attr.main.is_none());
    let publishes: Vec<String> = attr.publishes.iter().map(text).collect();
    assert_eq!(publishes, ["Relayed", "chat :: Closed", "Other < u8 >"]);
    let [first, second] = attr.receives.as_slice() else { panic!("{:?}", attr.receives) };
    assert_eq!(text(&first.topic), "Relayed");
    assert!(matches!(&first.key.as_ref().unwrap().value, KeyMatch::Value(key) if text(key) == "self . room"));
    assert_eq!(number(first.bounded.as_ref()), Some(64));
    assert_eq!(first.on_full.as_ref().unwrap().value, OnFull::DropOld);
    assert!(second.key.is_none() && second.bounded.is_none());
    let [flow, short] = attr.children.as_slice() else { panic!("{:?}", attr.children) };
    let (child, kind) = flow.child.as_ref().unwrap();
    assert_eq!((text(child).as_str(), kind.value), ("Conn", ChildKind::Flow));
    assert_eq!(number(flow.max.as_ref()), Some(4096));
    assert!(short.child.is_none());
    assert!(matches!(&short.max.as_ref().unwrap().value, Count::Const(max) if text(max) == "MAX"));
    assert_eq!(attr.strategy.unwrap().value, Strategy::RestForOne);
    assert_eq!(attr.restarts.unwrap().value, 3);
    assert_eq!(attr.within.unwrap().value, Duration::from_secs(5));
    assert_eq!(attr.scratch_bytes_max.unwrap().value, 16 << 20);
    assert_eq!(attr.memory_max.unwrap().value, 1_000);
    assert_eq!(attr.idle.unwrap().value, Duration::from_secs(600));
}

#[test]
fn locus_bare_and_main() {
    let bare: LocusAttr = parsed!(Locus, "#[locus]", Item);
    assert!(bare.publishes.is_empty() && bare.main.is_none());
    let path: LocusAttr = parsed!(Locus, "#[locus::locus(publishes(A))]", Item);
    assert_eq!(path.publishes.len(), 1);
    let main: LocusAttr = parsed!(Locus, "#[locus(main, panics = abort, strategy = one_for_all)]", Item);
    assert_eq!(main.panics.unwrap().value, Panics::Abort);
    assert!(main.main.is_some());
}

#[test]
fn topic() {
    let attr: TopicAttr = parsed!(
        Topic,
        r#"#[topic(key = room, bounded = 1024, on_full = fail, per_locus = 256, on_slow = drop_new,
            subject = "chat.posted", to = Sink<File, 4>, encode)]"#,
        Item
    );
    let key: Vec<String> = attr.key.unwrap().value.iter().map(text).collect();
    assert_eq!(key, ["room"]);
    assert_eq!(number(attr.bounded.as_ref()), Some(1024));
    assert_eq!(attr.on_full.unwrap().value, OnFull::Fail);
    assert_eq!(number(attr.per_locus.as_ref()), Some(256));
    assert_eq!(attr.on_slow.unwrap().value, OnFull::DropNew);
    assert_eq!(attr.subject.unwrap().value.value(), "chat.posted");
    assert_eq!(text(attr.to.unwrap().value), "Sink < File , 4 >");
    assert!(attr.encode.is_some() && attr.single.is_none());
    let asked: TopicAttr = parsed!(Topic, "#[topic(key = (room, 1), reply = Vec<u8>, single)]", Item);
    let key: Vec<String> = asked.key.unwrap().value.iter().map(text).collect();
    assert_eq!(key, ["room", "1"]);
    assert_eq!(text(asked.reply.unwrap().value), "Vec < u8 >");
    assert!(asked.single.is_some());
}

#[test]
fn on() {
    let keyed: OnAttr =
        parsed!(On, "#[on(key = self.ids[0], bounded = 64, on_full = drop_new, missed = lost)]", Method);
    assert!(matches!(&keyed.key.unwrap().value, KeyMatch::Value(key) if text(key) == "self . ids [0]"));
    assert_eq!(keyed.on_full.unwrap().value, OnFull::DropNew);
    assert_eq!(keyed.missed.unwrap().value, "lost");
    let open: OnAttr = parsed!(On, "#[on(key = _, open)]", Method);
    assert!(open.open.is_some() && matches!(open.key.unwrap().value, KeyMatch::Unmatched));
    let keys: OnAttr = parsed!(On, "#[on(keys, max = 256)]", Method);
    assert!(keys.keys.is_some() && number(keys.max.as_ref()) == Some(256));
    let flags: OnAttr = parsed!(On, r#"#[on(shard, batch, timeout = "5s", concurrent = N)]"#, Method);
    assert!(flags.shard.is_some() && flags.batch.is_some());
    assert_eq!(flags.timeout.unwrap().value, Duration::from_secs(5));
    assert!(matches!(flags.concurrent.unwrap().value, Count::Const(_)));
    let other: OnAttr = parsed!(On, r#"#[on(any, inline, subjects = "log.**",)]"#, Method);
    assert!(other.any.is_some() && other.inline.is_some());
    assert_eq!(other.subjects.unwrap().value.value(), "log.**");
    let bare: OnAttr = parsed!(On, "#[on]", Method);
    assert!(bare.key.is_none());
}

#[test]
fn every_and_hooks_and_routes() {
    let every = parsed!(Every, r#"#[every("250ms", late = catch_up)]"#, Method);
    assert_eq!(every.period.value, Duration::from_millis(250));
    assert_eq!(every.late.unwrap().value, Late::CatchUp);
    assert!(parsed!(Every, r#"#[every("1s")]"#, Method).late.is_none());
    parsed!(Accept, "#[accept]", Method);
    parsed!(Release, "#[release]", Method);
    parsed!(Scoped, "#[scoped]", Method);
    let route = parsed!(Route, r#"#[post("/rooms/{name}", concurrent = 8)]"#, Method);
    assert_eq!((route.method, route.path.value.value().as_str()), (HttpMethod::Post, "/rooms/{name}"));
    assert_eq!(number(route.concurrent.as_ref()), Some(8));
}

#[test]
fn place_and_bind() {
    let pool: PlaceAttr = parsed!(Place, r#"#[place(pool = "io")]"#, MainField);
    assert_eq!(pool.pool.unwrap().value.value(), "io");
    let pinned: PlaceAttr = parsed!(Place, "#[place(pinned, cores = 4..=7, replicas = 4)]", MainField);
    assert_eq!((pinned.cores.unwrap().value, pinned.replicas.unwrap().value), (4..8, 4));
    let core: PlaceAttr = parsed!(Place, "#[place(pinned, core = 3)]", MainField);
    assert_eq!(core.core.unwrap().value, 3);
    let bind = parsed!(
        Bind,
        r#"#[bind(Posted = nats(subject = "chat.posted"), Local = unix("/run/chat", codec = json), Fast = shm)]"#,
        Main
    );
    let [nats, unix, shm] = bind.bindings.as_slice() else { panic!("{bind:?}") };
    assert_eq!((nats.transport.value, nats.options[0].0.to_string().as_str()), (Transport::Nats, "subject"));
    assert_eq!(unix.target.as_ref().unwrap().value(), "/run/chat");
    assert_eq!((shm.transport.value, shm.options.len()), (Transport::Shm, 0));
}

#[test]
fn contracts() {
    let allow =
        parsed!(Allow, r#"#[locus::allow(unbounded_growth, resource-leak, reason = "a test")]"#, Elsewhere);
    let rules: Vec<&str> = allow.rules.iter().map(|rule| rule.name.as_str()).collect();
    assert_eq!(rules, ["unbounded-growth", "resource-leak"]);
    assert_eq!(allow.reason.unwrap().value.value(), "a test");
    assert!(parsed!(Allow, "#[locus::allow(leaked_memory)]", Item).reason.is_none());
    assert_eq!(parsed!(Deny, "#[locus::deny(bus_cycle)]", Method).rules[0].name, "bus-cycle");
    assert_eq!(text(parsed!(Bounded, "#[locus::bounded(by = MAX_PEERS)]", MainField).by.value), "MAX_PEERS");
    assert_eq!(parsed!(MaxAlloc, "#[locus::max_alloc(0)]", Method).allocations, 0);
    parsed!(Hot, "#[locus::hot]", Elsewhere);
    parsed!(NoBlock, "#[locus::no_block]", Elsewhere);
}

#[test]
fn conditions() {
    let source = r#"#[cfg_attr(any(), locus::allow(unbounded_growth, reason = "a"), inline)]
        #[cfg_attr(unix, locus::hot)]
        #[cfg_attr(not(test), serde(rename = "x"))]"#;
    let (found, problems) = read_source(source, Site::Elsewhere);
    assert!(problems.is_empty());
    let [annotation, when] = found.as_slice() else { panic!("{found:?}") };
    assert!(matches!((&annotation.attr, &annotation.condition), (Attr::Allow(_), Condition::Annotation)));
    assert!(
        matches!((&when.attr, &when.condition), (Attr::Hot(_), Condition::When(meta)) if text(meta) == "unix")
    );
}

#[test]
fn names_of_others_are_left_alone() {
    for (source, site) in [
        (r#"#[get("no path")]"#, Site::Item),
        ("#[on(nonsense)]", Site::Item),
        ("#[place]", Site::Elsewhere),
        ("#[place]", Site::Method),
        ("#[topic(x)]", Site::Elsewhere),
        ("#[allow(dead_code)]", Site::Item),
        ("#[tokio::test]", Site::Item),
        ("#[other::allow(3)]", Site::Elsewhere),
        ("#[bind]", Site::Item),
    ] {
        let (found, problems) = read_source(source, site);
        assert!(found.is_empty() && problems.is_empty(), "{source}");
    }
}

/// Source, site, the text the problem points at, its message, its help.
type Wrong = (&'static str, Site, &'static str, &'static str, &'static str);

const WRONG: &[Wrong] = &[
    ("#[topic(kee = room)]", Site::Item, "kee", "unknown key `kee`", "did you mean `key`"),
    ("#[topic(colour = red)]", Site::Item, "colour", "unknown key `colour`", "takes `key`, `bounded`"),
    ("#[topic(bounded = 0)]", Site::Item, "0", "at least 1", "bounded = 64"),
    ("#[topic(bounded = 5_000_000_000)]", Site::Item, "5_000_000_000", "32 bits", "at most"),
    ("#[topic(bounded)]", Site::Item, "bounded", "needs a value", "bounded = 64"),
    ("#[topic(single, single)]", Site::Item, "single", "set twice", "keep one"),
    ("#[topic(single = 1)]", Site::Item, "=", "takes no value", "alone"),
    ("#[topic(on_full = dropold)]", Site::Item, "dropold", "unknown `on_full`", "did you mean `drop_old`"),
    ("#[topic(on_slow = drop_new)]", Site::Item, "on_slow", "without `per_locus`", "per_locus = 256"),
    (
        "#[topic(on_full = drop_old, per_locus = 8, on_slow = drop_new)]",
        Site::Item,
        "per_locus",
        "beside `on_full = drop_old`",
        "its bound is `bounded`",
    ),
    (
        "#[topic(reply = R, per_locus = 8, on_slow = drop_old)]",
        Site::Item,
        "reply",
        "never dropped as old",
        "on_slow = drop_new",
    ),
    ("#[topic(subject = \".\")]", Site::Item, "\".\"", "not a subject", "chat.posted"),
    ("#[locus(receives(key = 1))]", Site::Item, "receives", "names its topic first", "receives(Relayed"),
    ("#[locus(children(Conn = flow))]", Site::Item, "children", "no ceiling", "max = 4096"),
    (
        "#[locus(children(Conn = floww, max = 1))]",
        Site::Item,
        "floww",
        "unknown `kind`",
        "did you mean `flow`",
    ),
    ("#[locus(panics = abort)]", Site::Item, "panics", "belongs on main", "locus(main, panics"),
    ("#[locus(main, receives(A))]", Site::Item, "receives", "only composes", "field of main"),
    ("#[locus(scratch_bytes_max = \"1MB\")]", Site::Item, "\"1MB\"", "not a size", "MiB"),
    ("#[on(on_full = drop_old)]", Site::Method, "on_full", "without `bounded`", "bounded = 64"),
    ("#[on(bounded = 4, on_full = fail)]", Site::Method, "on_full", "belongs to the topic", "#[topic("),
    ("#[on(bounded = 4, missed = f)]", Site::Method, "missed", "misses nothing", "drop_old"),
    ("#[on(key = 1, shard)]", Site::Method, "shard", "exclude each other", "keep one"),
    ("#[on(inline, batch)]", Site::Method, "inline", "exclude each other", "no queue"),
    ("#[every(\"30\")]", Site::Method, "\"30\"", "not a duration", "250ms"),
    ("#[every]", Site::Method, "every", "needs a period", "30s"),
    ("#[accept(now)]", Site::Method, "now", "takes no arguments", "alone"),
    ("#[get(\"rooms\")]", Site::Method, "\"rooms\"", "starts with `/`", "/rooms"),
    ("#[place]", Site::MainField, "place", "says no place", "pool = \"io\""),
    ("#[place(pool = \"a b\")]", Site::MainField, "\"a b\"", "not a pool name", "letters"),
    ("#[place(core = 1)]", Site::MainField, "core", "without `pinned`", "pinned, core"),
    ("#[place(pinned, cores = 8..4)]", Site::MainField, "8", "is empty", "4..8"),
    ("#[place(pinned, replicas = N)]", Site::MainField, "N", "a literal number", "checker"),
    ("#[bind]", Site::Main, "bind", "binds nothing", "nats("),
    ("#[bind(Posted = smtp())]", Site::Main, "smtp", "unknown `transport`", "`unix`, `shm`, `nats`"),
    ("#[bind(Posted = nats(subjet = \"a\"))]", Site::Main, "subjet", "unknown key", "did you mean `subject`"),
    ("#[locus::allow]", Site::Elsewhere, "locus::allow", "names no rule", "unbounded_growth"),
    ("#[locus::deny(a, reason = \"b\")]", Site::Elsewhere, "reason", "takes no reason", "leave it out"),
    ("#[locus::max_alloc(many)]", Site::Elsewhere, "locus::max_alloc", "takes a number", "max_alloc(0)"),
    ("#[locus::bounded]", Site::Elsewhere, "locus::bounded", "names no bound", "by = MAX_PEERS"),
    ("#[cfg_attr(any(), locus::hot(x))]", Site::Elsewhere, "x", "takes no arguments", "alone"),
];

#[test]
fn every_mistake_is_one_problem_that_points_and_helps() {
    for (source, site, at, message, help) in WRONG {
        let (_, problems) = read_source(source, *site);
        let [problem] = problems.as_slice() else { panic!("{source}: {problems:?}") };
        assert_eq!(problem.span.source_text().unwrap(), *at, "{source}");
        assert!(problem.message.contains(message), "{source}: {}", problem.message);
        assert!(problem.help.as_ref().unwrap().contains(help), "{source}: {:?}", problem.help);
        let first = problem.message.chars().next().unwrap();
        assert!(!first.is_uppercase() && !problem.message.ends_with('.'), "{source}: {}", problem.message);
    }
}

#[test]
fn all_mistakes_of_one_attribute_are_reported_and_the_rest_is_read() {
    let (found, problems) =
        read_source("#[on(bouned = 1, key = self.id, on_full, timeout = 5)]", Site::Method);
    let at: Vec<String> = problems.iter().map(|problem| problem.span.source_text().unwrap()).collect();
    assert_eq!(at, ["bouned", "on_full", "5"]);
    let Attr::On(on) = &found[0].attr else { panic!("{found:?}") };
    assert!(on.key.is_some());
}

/// Whatever stands in an attribute, its parser ends: each source is read with every token left out, doubled, and
/// replaced by one that fits nowhere.
#[test]
fn every_parser_ends() {
    for (source, site, ..) in WRONG {
        let attr = &syn::Attribute::parse_outer.parse_str(source).expect("attributes of the test parse")[0];
        let syn::Meta::List(list) = &attr.meta else { continue };
        let trees: Vec<TokenTree> = list.tokens.clone().into_iter().collect();
        for at in 0..trees.len() {
            for replacement in
                [vec![], vec![trees[at].clone(); 2], vec![Punct::new('@', Spacing::Alone).into()]]
            {
                let mut changed = trees.clone();
                changed.splice(at..=at, replacement);
                let mut list = list.clone();
                list.tokens = changed.into_iter().collect();
                let attr = syn::Attribute { meta: syn::Meta::List(list), ..attr.clone() };
                let mut errors = Errors::new();
                read(&[attr], *site, &mut errors);
                assert!(errors.into_problems().len() <= trees.len() + 1);
            }
        }
    }
}

#[test]
#[should_panic(expected = "dropped unread")]
fn a_forgotten_collector_is_a_bug() {
    drop(Errors::new());
}

#[test]
fn a_finished_collector_combines_all() {
    let mut errors = Errors::new();
    errors.push(Problem::new(proc_macro2::Span::call_site(), "first").help("mend it"));
    errors.push(Problem::new(proc_macro2::Span::call_site(), "second"));
    let texts: Vec<String> =
        errors.finish().unwrap_err().into_iter().map(|error| error.to_string()).collect();
    assert_eq!(texts, ["first\nhelp: mend it", "second"]);
    assert!(Errors::new().finish().is_ok());
}
