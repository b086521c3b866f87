//! Sockets that wait for the answer to a datagram, which need not come: neither the question nor the answer is sent again by the
//! system, and nothing tells who waits that the other side has gone.

use super::{ANSWER, RULE};
use crate::events::seen::Sight;
use crate::finding::{Confidence, Finding};
use crate::rules::judged::asks::Asks;
use crate::rules::judged::ways::Ways;
use crate::rules::judged::{Judged, Says};

/// Reports waits that nothing limits: there, or in what leads there.
pub(super) fn check(judged: &Judged<'_, '_>, findings: &mut Vec<Finding>) {
    let mut waits = judged.per_message(|sight| matches!(sight, Sight::AwaitsDatagram)).peekable();
    // Most programs send no datagrams: who asks for ways pays for them.
    let Some(ways) = waits.peek().is_some().then(|| Ways::of(judged)) else { return };
    for (id, seen) in waits.filter(|(id, seen)| !ways.may_be_given_up(*id, seen.at)) {
        let says = Says::new(
            "the answer to a datagram is waited for without a limit of time",
            "never comes where the question or the answer got lost: the socket and who waits stay",
            "limit the wait, `timeout(LIMIT, socket.recv(..))` or `set_read_timeout`, and ask again or give up",
        );
        let mut finding = judged.finding(id, seen.at, (&RULE, &ANSWER), says);
        let is_near = judged.serves_with(id).is_some() || ways.is_driven(id, seen.at, Asks::LEFT.near());
        if !is_near {
            finding.confidence = Confidence::Likely;
        }
        let note = "looked around the wait, and in what leads there, for a limit of time: there is none";
        findings.push(judged.with_chain(finding, id).note(note));
    }
}
