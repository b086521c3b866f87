//! Counts what one binary declares and opens.

use super::Key;
use crate::facts::{Binary, Place, Site, Sized};
use crate::finding::Span;

/// One place that counts, with how much.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CountedSite {
    /// What is there: lower case, no full stop.
    pub what: String,
    /// Where.
    pub span: Span,
    /// How much it adds to the count.
    pub adds: u64,
}

/// The count of one key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Count {
    /// What is counted.
    pub key: Key,
    /// Sum over the sites.
    pub actual: u64,
    /// Every site that adds to it.
    pub sites: Vec<CountedSite>,
}

/// All counts of one binary.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Counts {
    /// Package that has the binary.
    pub package: String,
    /// Name of the binary target.
    pub binary: String,
    /// One for each key, in the order of [`Key::ALL`].
    pub counts: Vec<Count>,
}

/// Counts `binary`; `None` when it has no main locus and so nothing to count.
pub fn count(binary: &Binary) -> Option<Counts> {
    binary.main.as_ref()?;
    let counts = Key::ALL.map(|key| {
        let sites = sites(binary, key);
        Count { key, actual: sites.iter().map(|site| site.adds).sum(), sites }
    });
    Some(Counts { package: binary.package.clone(), binary: binary.name.clone(), counts: counts.into() })
}

fn sites(binary: &Binary, key: Key) -> Vec<CountedSite> {
    match key {
        Key::PinnedThreads => pinned_threads(binary),
        Key::CooperativePools => cooperative_pools(binary),
        Key::BusSubjects => named(binary.topics.iter().map(|topic| &topic.site), "topic"),
        Key::FdOpenSites => named(&binary.fd_opens, "opens a file descriptor:"),
        Key::Replicas => replicas(binary),
        Key::Listeners => named(&binary.listeners, "binds"),
        Key::Timers => named(&binary.timers, "timer"),
        Key::ChildrenMax => sized(&binary.children, "children"),
        Key::QueueMessagesMax => sized(&binary.topics, "topic"),
    }
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
            CountedSite { what, span: part.span, adds: replicas }
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
        CountedSite { what, span: part.span, adds }
    };
    replicated.map(one).collect()
}

fn sized(sites: &[Sized], what: &str) -> Vec<CountedSite> {
    let one = |sized: &Sized| CountedSite {
        what: format!("{what} `{}`, at most {}", sized.site.name, sized.max),
        span: sized.site.span,
        adds: sized.max,
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
            sites.push(CountedSite { what, span: part.span, adds: 1 });
        }
    }
    sites
}

fn named<'s>(sites: impl IntoIterator<Item = &'s Site>, what: &str) -> Vec<CountedSite> {
    let one = |site: &Site| CountedSite { what: format!("{what} `{}`", site.name), span: site.span, adds: 1 };
    sites.into_iter().map(one).collect()
}

#[cfg(test)]
pub(crate) mod tests {
    use super::{Key, count};
    use crate::facts::{Binary, Part, Place, Site, Sized};
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
            fd_opens: Vec::new(),
            listeners: Vec::new(),
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
                (Key::Replicas, 2, 1),
                (Key::Listeners, 0, 0),
                (Key::Timers, 1, 1),
                (Key::ChildrenMax, 8, 1),
                (Key::QueueMessagesMax, 64, 1)
            ]
        );
        assert_eq!(counts.counts[0].sites[0].what, "`web: Web` is pinned, 2 replicas");
    }

    #[test]
    fn without_a_main_locus_nothing_counts() {
        assert_eq!(count(&Binary { main: None, ..sample() }), None);
    }
}
