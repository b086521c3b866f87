//! What the type of a value says about where it comes from.

use super::{Brings, Given, Origins};
use crate::lower::sym::{Sym, syms};
use crate::names::AdtId;
use crate::types::{Interner, Ty, TyKind, adt_behind, behind};

/// Foreign types that give one message after the other.
const RECEIVERS: [Sym; 4] = syms(["Receiver", "UnboundedReceiver", "WebSocket", "WebSocketStream"]);
/// Foreign ends of queues inside one program.
const QUEUES: [Sym; 5] =
    syms(["Receiver", "UnboundedReceiver", "ReceiverStream", "UnboundedReceiverStream", "BroadcastStream"]);
/// Foreign streams of what somebody else sends.
const FED: [Sym; 16] = syms([
    "Consumer",
    "Receiver",
    "UnboundedReceiver",
    "ReceiverStream",
    "UnboundedReceiverStream",
    "BroadcastStream",
    "WebSocket",
    "WebSocketStream",
    "Streaming",
    "Framed",
    "FramedRead",
    "SplitStream",
    "Multipart",
    "Payload",
    "Body",
    "Incoming",
]);
/// Foreign types that are read from what a peer sends.
const CONNECTIONS: [Sym; 11] = syms([
    "TcpStream",
    "UnixStream",
    "UdpSocket",
    "UnixDatagram",
    "OwnedReadHalf",
    "ReadHalf",
    "RecvStream",
    "TlsStream",
    "SslStream",
    "QuicStream",
    "Upgraded",
]);
/// How deep a stream may stand in what wraps it.
const WITHIN_DEPTH_MAX: u32 = 4;
/// Foreign types whose values come from outside.
const COMES: [Sym; 7] =
    syms(["Request", "Response", "Parts", "HeaderMap", "HeaderValue", "TcpStream", "UnixStream"]);

impl Given<'_, '_, '_> {
    /// A type that gives one message after the other.
    pub(super) fn receives(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let types = &origins.inferred.types;
        matches!(types.kind(behind(types, ty)), TyKind::Foreign(foreign, _) if RECEIVERS.contains(&foreign.last))
    }

    /// What comes out of a value of the type: of a queue, or of a connection.
    pub(super) fn received(&self, origins: &Origins<'_>, ty: Ty) -> Brings {
        if is_within(&origins.inferred.types, ty, &QUEUES) { Brings::Queued } else { Brings::Received }
    }

    /// A type that gives what somebody else sends, whatever it stands behind.
    pub(super) fn is_fed(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let own = |adt: AdtId| {
            let mut fields = self.program.fields[adt.ix()].iter().flatten();
            fields.any(|(_, ty)| is_within(&self.program.types, *ty, &FED))
        };
        is_within(&origins.inferred.types, ty, &FED)
            || adt_behind(&origins.inferred.types, ty).is_some_and(own)
    }

    /// A type whose values come from outside.
    pub(super) fn comes(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let types = &origins.inferred.types;
        matches!(types.kind(behind(types, ty)), TyKind::Foreign(foreign, _) if COMES.contains(&foreign.last))
    }

    /// Whether a type, as it is declared, is one that is counted in.
    pub(super) fn is_number(&self, ty: Ty) -> bool {
        match self.program.types.kind(ty) {
            TyKind::Prim(name) => ![Sym::new("str"), Sym::new("bool")].contains(name),
            TyKind::Foreign(foreign, _) => self.program.names.text(foreign.last).starts_with("Atomic"),
            _ => false,
        }
    }

    /// Whether a value is a number or a time.
    pub(super) fn is_measured(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        const TIMES: [Sym; 5] = syms(["Instant", "SystemTime", "Duration", "DateTime", "NaiveDate"]);
        match origins.inferred.types.kind(ty) {
            TyKind::Prim(name) => *name != Sym::new("str"),
            TyKind::Foreign(foreign, _) => TIMES.contains(&foreign.last),
            _ => false,
        }
    }

    pub(super) fn is_collection(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        match origins.inferred.types.kind(behind(&origins.inferred.types, ty)) {
            TyKind::Foreign(foreign, _) => {
                let model = self.program.models.type_at(*foreign);
                model.is_some_and(|model| self.program.models.ty(model).grows)
            }
            _ => false,
        }
    }

    /// Whether a type is the configuration of the program, or a part of it that is named so.
    pub(super) fn is_configuration(&self, origins: &Origins<'_>, ty: Ty) -> bool {
        let Some(adt) = adt_behind(&origins.inferred.types, ty) else { return false };
        names_configuration(self.program.names.text(self.program.names.adt(adt).name))
            && !self.carried.contains(&adt)
    }
}

/// Whether a type is the configuration of a part of the program by its name: options come with requests, too.
pub(in crate::context) fn names_a_start(name: &str) -> bool {
    name.ends_with("Config") || name.ends_with("Configuration") || ["Settings", "Args", "Cli"].contains(&name)
}

/// Whether a type is a configuration by its name.
fn names_configuration(name: &str) -> bool {
    const WORDS: [&str; 6] = ["Config", "Configuration", "Settings", "Conf", "Opts", "Cli"];
    const WHOLE: [&str; 4] = ["Args", "Options", "Arguments", "CliArgs"];
    WORDS.iter().any(|word| name.ends_with(word)) || WHOLE.contains(&name)
}

/// Whether what a type reads from is a connection, whatever it stands behind: a file is as long as it is.
pub(super) fn is_connection(types: &dyn Interner, ty: Ty) -> bool {
    is_within(types, ty, &CONNECTIONS)
}

/// Whether a type is one of some foreign ones, or holds one.
fn is_within(types: &dyn Interner, ty: Ty, names: &[Sym]) -> bool {
    let mut open = vec![(ty, 0)];
    while let Some((at, depth)) = open.pop() {
        if let TyKind::Foreign(foreign, args) = types.kind(at) {
            if names.contains(&foreign.last) {
                return true;
            }
            if depth < WITHIN_DEPTH_MAX {
                open.extend(args.iter().map(|arg| (*arg, depth + 1)));
            }
        }
    }
    false
}
