//! Which types are compared: collections, channels, tasks and file descriptors, by the path of their definition.
//!
//! The list is of types as rustc knows them and does not look at the models of the checker: a type that these
//! lack is compared all the same, and counts as unknown.

/// What a type is to the analysis.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Kind {
    Collection,
    Text,
    Channel,
    Task,
    Fd,
}

impl Kind {
    pub(super) const ALL: [Self; 5] = [Self::Collection, Self::Text, Self::Channel, Self::Task, Self::Fd];

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Collection => "collections",
            Self::Text => "text and byte buffers",
            Self::Channel => "channels",
            Self::Task => "tasks and threads",
            Self::Fd => "files, sockets, children",
        }
    }
}

/// Everything below a path, or just that type where no `::` ends it.
const PATHS: [(Kind, &[&str]); 5] = [
    (
        Kind::Collection,
        &[
            "std::vec::Vec",
            "std::collections::",
            "hashbrown::",
            "indexmap::",
            "dashmap::",
            "smallvec::",
            "arrayvec::",
            "slab::",
            "lru::",
            "heapless::",
            "tinyvec::",
            "scc::",
            "papaya::",
            "moka::",
            "quick_cache::",
            "http::HeaderMap",
            "http::header::map::",
            "http::header::HeaderMap",
            "crossbeam_queue::",
            "concurrent_queue::",
            "priority_queue::",
            "petgraph::graphmap::",
        ],
    ),
    (
        Kind::Text,
        &[
            "std::string::String",
            "bytes::Bytes",
            "bytes::BytesMut",
            "bstr::BString",
            "smol_str::",
            "compact_str::",
        ],
    ),
    (
        Kind::Channel,
        &[
            "std::sync::mpsc::",
            "tokio::sync::mpsc::",
            "tokio::sync::oneshot::",
            "tokio::sync::broadcast::",
            "tokio::sync::watch::",
            "futures_channel::",
            "futures::channel::",
            "crossbeam_channel::",
            "flume::",
            "async_channel::",
            "kanal::",
            "tokio_stream::wrappers::",
        ],
    ),
    (
        Kind::Task,
        &[
            "std::thread::JoinHandle",
            "std::thread::ScopedJoinHandle",
            "std::thread::Builder",
            "std::thread::Scope",
            "std::thread::scoped::",
            "tokio::task::",
            "tokio::runtime::",
            "tokio_util::task::",
            "futures_util::stream::futures_unordered::FuturesUnordered",
            "async_task::",
            "futures_util::stream::FuturesUnordered",
            "tokio::process::Child",
            "std::process::Child",
        ],
    ),
    (
        Kind::Fd,
        &[
            "std::fs::File",
            "std::fs::OpenOptions",
            "std::net::TcpStream",
            "std::net::TcpListener",
            "std::net::UdpSocket",
            "std::os::unix::net::",
            "std::os::fd::",
            "tokio::net::",
            "tokio::fs::",
            "mio::net::",
            "mio::Poll",
            "mio::Registry",
            "mio::poll::",
            "socket2::",
            "memmap2::",
            "tempfile::",
            "std::process::ChildStdin",
            "std::process::ChildStdout",
            "std::process::ChildStderr",
            "tokio::process::ChildStdin",
            "tokio::process::ChildStdout",
        ],
    ),
];

/// Names of iterators, errors and options beside the types that are compared.
const BESIDE: [&str; 27] = [
    "Iter",
    "IterMut",
    "IntoIter",
    "Drain",
    "Keys",
    "Values",
    "ValuesMut",
    "IntoKeys",
    "IntoValues",
    "TryIter",
    "Splice",
    "ExtractIf",
    "Range",
    "RangeMut",
    "Union",
    "Intersection",
    "Difference",
    "ValueIter",
    "ValueDrain",
    "GetAll",
    "SocketAddr",
    "UCred",
    "HeaderName",
    "HeaderValue",
    "PermitIterator",
    "SockAddr",
    "FromUtf8Error",
];

/// The kind of the type at `path`; none for a type that is not compared.
pub(super) fn of(path: &str) -> Option<Kind> {
    let last = path.rsplit("::").next().unwrap_or_default();
    if BESIDE.contains(&last) || last.ends_with("Error") || path.contains("::error::") {
        return None;
    }
    let holds = |of: &str| if of.ends_with("::") { path.starts_with(of) } else { path == of };
    PATHS.iter().find(|(_, paths)| paths.iter().any(|of| holds(of))).map(|(kind, _)| *kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn types_are_sorted_by_their_path() {
        assert_eq!(of("std::vec::Vec"), Some(Kind::Collection));
        assert_eq!(of("std::collections::hash_map::OccupiedEntry"), Some(Kind::Collection));
        assert_eq!(of("std::collections::hash_map::Iter"), None);
        assert_eq!(of("tokio::sync::mpsc::Sender"), Some(Kind::Channel));
        assert_eq!(of("tokio::sync::mpsc::error::SendError"), None);
        assert_eq!(of("std::net::SocketAddr"), None);
        assert_eq!(of("std::process::Child"), Some(Kind::Task));
    }
}
