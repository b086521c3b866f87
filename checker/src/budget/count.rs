//! Counts what one binary declares and opens.

use super::{FD_KINDS, Key};
use crate::facts::{Binary, Place, Site, Sized, Taken, Takes};
use crate::finding::Span;
use std::collections::BTreeSet;

/// Kinds of descriptors that others can reach the program through, as the models call them.
const REACHABLE: [&str; 2] = ["listener", "socket"];

/// One place that counts, with how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedSite {
    /// What is there: lower case, no full stop.
    pub what: String,
    /// Where.
    pub span: Span,
    /// How much it adds to the count.
    pub adds: u64,
    /// From how many places the function around it is called; 1 where that is no matter.
    pub uses: u64,
}

impl CountedSite {
    /// What is there, and from how many places it is used where that is more than one.
    pub fn described(&self) -> String {
        let uses = if self.uses == 1 { String::new() } else { format!(", used from {} places", self.uses) };
        format!("{}{uses}", self.what)
    }
}

/// The count of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub key: Key,
    /// The kind of descriptor, where the count is of one kind only.
    pub kind: Option<Box<str>>,
    /// Sum over the sites; for [`Key::ScratchBytesMax`] the largest of them.
    pub actual: u64,
    /// Every site that adds to it.
    pub sites: Vec<CountedSite>,
}

impl Count {
    /// As written in the file, with its table.
    pub fn name(&self) -> String {
        match &self.kind {
            Some(kind) => format!("{FD_KINDS}.{kind}"),
            None => self.key.to_string(),
        }
    }

    /// `n` of what is counted, in words.
    pub fn counted(&self, n: u64) -> String {
        match &self.kind {
            Some(kind) => format!("{n} open site{} of kind `{kind}`", if n == 1 { "" } else { "s" }),
            None => self.key.counted(n),
        }
    }
}

/// All counts of one binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Package that has the binary.
    pub package: String,
    /// Name of the binary target.
    pub binary: String,
    /// One for each key, in the order of [`Key::ALL`], then one for each kind of descriptor that is opened.
    pub counts: Vec<Count>,
}

/// Counts `binary`; `None` when it has no main locus and so nothing to count.
pub fn count(binary: &Binary) -> Option<Counts> {
    binary.main.as_ref()?;
    let mut counts: Vec<Count> = Key::ALL.map(|key| one(key, None, sites(binary, key))).into();
    counts.extend(kinds(binary).into_iter().map(|kind| {
        let sites = taken(binary, "opens a file descriptor:", |what| kind_of(what) == Some(&*kind));
        one(Key::FdOpenSites, Some(kind), sites)
    }));
    Some(Counts { package: binary.package.clone(), binary: binary.name.clone(), counts })
}

fn one(key: Key, kind: Option<Box<str>>, sites: Vec<CountedSite>) -> Count {
    let adds = sites.iter().map(|site| site.adds);
    let actual = match key {
        Key::ScratchBytesMax => adds.max().unwrap_or_default(),
        _ => adds.sum(),
    };
    Count { key, kind, actual, sites }
}

fn sites(binary: &Binary, key: Key) -> Vec<CountedSite> {
    match key {
        Key::PinnedThreads => pinned_threads(binary),
        Key::CooperativePools => cooperative_pools(binary),
        Key::BusSubjects => named(binary.topics.iter().map(|topic| &topic.site), "topic"),
        Key::FdOpenSites => taken(binary, "opens a file descriptor:", |what| kind_of(what).is_some()),
        Key::SpawnSites => taken(binary, "starts", |what| matches!(what, Takes::Start)),
        Key::WorkerThreads => worker_threads(binary),
        Key::Replicas => replicas(binary),
        Key::Listeners => {
            taken(binary, "binds", |what| kind_of(what).is_some_and(|kind| REACHABLE.contains(&kind)))
        }
        Key::Timers => named(&binary.timers, "timer"),
        Key::ChildrenMax => sized(&binary.children, "children"),
        Key::QueueMessagesMax => sized(&binary.topics, "topic"),
        Key::ScratchBytesMax => sized(&binary.scratch, "an activation of"),
        Key::UnboundedChannels => taken(binary, "makes a queue:", |what| matches!(what, Takes::Queue)),
        Key::GrowingStatics => named(&binary.growing_statics, "static"),
        Key::AllowReasons => named(&binary.allows, "allows"),
    }
}

fn kind_of(what: &Takes) -> Option<&str> {
    match what {
        Takes::Descriptor(kind) => Some(kind),
        _ => None,
    }
}

/// The kinds of descriptors that are opened, by name.
fn kinds(binary: &Binary) -> BTreeSet<Box<str>> {
    binary.takes.iter().filter_map(|taken| kind_of(&taken.what)).map(Box::from).collect()
}

fn taken(binary: &Binary, what: &str, wanted: impl Fn(&Takes) -> bool) -> Vec<CountedSite> {
    let one = |taken: &Taken| CountedSite {
        what: format!("{what} `{}`", taken.site.name),
        span: taken.site.span,
        adds: 1,
        uses: taken.uses,
    };
    binary.takes.iter().filter(|taken| wanted(&taken.what)).map(one).collect()
}

fn worker_threads(binary: &Binary) -> Vec<CountedSite> {
    let of = |taken: &Taken| {
        let Takes::Workers(most) = taken.what else { return None };
        let many = most.map_or_else(|| "as many as the run decides".to_owned(), |most| most.to_string());
        let what = format!("workers by `{}`, {many}", taken.site.name);
        Some(CountedSite { what, span: taken.site.span, adds: most.unwrap_or_default(), uses: taken.uses })
    };
    binary.takes.iter().filter_map(of).collect()
}

fn pinned_threads(binary: &Binary) -> Vec<CountedSite> {
    let pinned = binary.parts.iter().filter_map(|part| match part.place {
        Place::Pinned { replicas } => Some((part, replicas)),
        Place::Pool(_) | Place::Unplaced => None,
    });
    pinned
        .map(|(part, replicas)| {
            let replicated = if replicas == 1 { String::new() } else { format!(", {replicas} replicas") };
            let what = format!("`{}: {}` is pinned{replicated}", part.name, part.locus);
            CountedSite { what, span: part.span, adds: replicas, uses: 1 }
        })
        .collect()
}

fn replicas(binary: &Binary) -> Vec<CountedSite> {
    let replicated = binary.parts.iter().filter_map(|part| match part.place {
        Place::Pinned { replicas } if replicas > 1 => Some((part, replicas)),
        _ => None,
    });
    let one = |(part, adds): (&crate::facts::Part, u64)| {
        let what = format!("`{}: {}` has {adds} replicas", part.name, part.locus);
        CountedSite { what, span: part.span, adds, uses: 1 }
    };
    replicated.map(one).collect()
}

fn sized(sites: &[Sized], what: &str) -> Vec<CountedSite> {
    let one = |sized: &Sized| CountedSite {
        what: format!("{what} `{}`, at most {}", sized.site.name, sized.max),
        span: sized.site.span,
        adds: sized.max,
        uses: 1,
    };
    sites.iter().map(one).collect()
}

/// The first part on each pool stands for the pool.
fn cooperative_pools(binary: &Binary) -> Vec<CountedSite> {
    let mut seen: Vec<&str> = Vec::new();
    let mut sites = Vec::new();
    for part in &binary.parts {
        let Place::Pool(pool) = &part.place else { continue };
        if !seen.contains(&pool.as_str()) {
            seen.push(pool);
            let what = format!("`{}: {}` is the first on pool `{pool}`", part.name, part.locus);
            sites.push(CountedSite { what, span: part.span, adds: 1, uses: 1 });
        }
    }
    sites
}

fn named<'s>(sites: impl IntoIterator<Item = &'s Site>, what: &str) -> Vec<CountedSite> {
    let one = |site: &Site| CountedSite {
        what: format!("{what} `{}`", site.name),
        span: site.span,
        adds: 1,
        uses: 1,
    };
    sites.into_iter().map(one).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Key, count};
    use crate::facts::{Binary, Part, Place, Site, Sized, Taken, Takes};
    use crate::finding::{FileId, Span};

    fn span(start: u32) -> Span {
        Span { file: FileId(0), start, end: start + 1 }
    }

    fn part(name: &str, place: Place, at: u32) -> Part {
        Part { name: name.to_owned(), locus: "Web".to_owned(), place, span: span(at) }
    }

    fn site(name: &str, at: u32) -> Site {
        Site { name: name.to_owned(), span: span(at) }
    }

    /// Three threads, two pools, one topic, no fd.
    pub(crate) fn sample() -> Binary {
        Binary {
            package: "examples".to_owned(),
            name: "chat".to_owned(),
            main: Some(Site { name: "Chat".to_owned(), span: span(0) }),
            parts: vec![
                part("web", Place::Pinned { replicas: 2 }, 1),
                part("feed", Place::Pinned { replicas: 1 }, 2),
                part("lobby", Place::Pool("rooms".to_owned()), 3),
                part("attic", Place::Pool("rooms".to_owned()), 4),
                part("hall", Place::Pool("main".to_owned()), 5),
                part("plain", Place::Unplaced, 6),
            ],
            topics: vec![Sized { site: site("Posted", 7), max: 64 }],
            timers: vec![site("tick", 8)],
            children: vec![Sized { site: site("Line of Room", 9), max: 8 }],
            scratch: vec![
                Sized { site: site("Web", 10), max: 1024 },
                Sized { site: site("Line", 11), max: 4096 },
            ],
            takes: Vec::new(),
            growing_statics: vec![site("SEEN", 12)],
            allows: Vec::new(),
        }
    }

    #[test]
    fn replicas_are_threads_and_a_pool_counts_once() {
        let counts = count(&sample()).unwrap();
        let actual: Vec<_> =
            counts.counts.iter().map(|count| (count.key, count.actual, count.sites.len())).collect();
        assert_eq!(
            actual,
            [
                (Key::PinnedThreads, 3, 2),
                (Key::CooperativePools, 2, 2),
                (Key::BusSubjects, 1, 1),
                (Key::FdOpenSites, 0, 0),
                (Key::SpawnSites, 0, 0),
                (Key::WorkerThreads, 0, 0),
                (Key::Replicas, 2, 1),
                (Key::Listeners, 0, 0),
                (Key::Timers, 1, 1),
                (Key::ChildrenMax, 8, 1),
                (Key::QueueMessagesMax, 64, 1),
                (Key::ScratchBytesMax, 4096, 2),
                (Key::UnboundedChannels, 0, 0),
                (Key::GrowingStatics, 1, 1),
                (Key::AllowReasons, 0, 0)
            ]
        );
        assert_eq!(counts.counts[0].sites[0].what, "`web: Web` is pinned, 2 replicas");
    }

    #[test]
    fn what_is_taken_counts_by_key_and_by_kind() {
        let take = |name: &str, at: u32, what: Takes, uses: u64| Taken { site: site(name, at), what, uses };
        let takes = vec![
            take("File::open", 20, Takes::Descriptor("file".into()), 3),
            take("UdpSocket::bind", 21, Takes::Descriptor("socket".into()), 1),
            take("File::create", 22, Takes::Descriptor("file".into()), 1),
            take("thread::spawn", 23, Takes::Start, 1),
            take("channel", 24, Takes::Queue, 1),
            take("worker_threads", 25, Takes::Workers(Some(4)), 1),
            take("num_threads", 26, Takes::Workers(None), 1),
        ];
        let counts = count(&Binary { takes, ..sample() }).unwrap().counts;
        let actual = |key| counts.iter().find(|count| count.key == key && count.kind.is_none()).unwrap();
        assert_eq!(actual(Key::FdOpenSites).actual, 3);
        assert_eq!(actual(Key::FdOpenSites).sites[0].uses, 3);
        assert_eq!(actual(Key::Listeners).actual, 1);
        assert_eq!(actual(Key::SpawnSites).actual, 1);
        assert_eq!(actual(Key::UnboundedChannels).actual, 1);
        assert_eq!((actual(Key::WorkerThreads).actual, actual(Key::WorkerThreads).sites.len()), (4, 2));
        let kinds: Vec<_> =
            counts.iter().filter_map(|count| Some((count.kind.as_deref()?, count.actual))).collect();
        assert_eq!(kinds, [("file", 2), ("socket", 1)]);
    }

    #[test]
    fn without_a_main_locus_nothing_counts() {
        assert_eq!(count(&Binary { main: None, ..sample() }), None);
    }
}
