//! Publishing, as the user sees it: what a locus may publish is decided at compile time.

pub(crate) mod room;

use crate::bus::topic::{Full, Packet, Topic};
use crate::locus::context::Cx;
use crate::pool::core::Core;

/// `Self` is named in the `publishes(..)` of the locus `L`. Implemented by `#[locus]`.
#[diagnostic::on_unimplemented(
    message = "`{L}` does not declare that it publishes `{Self}`",
    label = "not in `publishes(..)` of `{L}`",
    note = "add it where the struct is declared: `#[locus(publishes({Self}))]`",
    note = "`{Self}` must be a `#[topic]`, and own its data: copy scratch out with `.to_owned()` or `keep_into`"
)]
pub trait PublishedBy<L: ?Sized>: Sized + 'static {
    /// What `publish` returns.
    type Sent;
    #[doc(hidden)]
    fn __send(self, to: &mut Publisher<'_>) -> Self::Sent;
}

/// The publishing side of one activation. Only generated code meets it.
pub struct Publisher<'a>(&'a Core);

impl<'a> Publisher<'a> {
    #[inline]
    pub(crate) fn new(core: &'a Core) -> Self {
        Self(core)
    }

    /// Takes a message under the policy of its topic.
    #[inline(always)]
    pub fn send<T: Topic>(&mut self, message: T) -> T::Sent {
        T::sent(self.0.publish(Packet::plain(message)).map_err(|Full(packet)| Full(packet.message)))
    }
}

impl std::fmt::Debug for Publisher<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Publisher")
    }
}

/// The right to publish one topic, for free functions: `fn announce(cx: &mut impl Publish<Relayed>)`.
pub trait Publish<T: Topic> {
    /// Publishes `message` under the policy of its topic.
    fn publish(&mut self, message: T) -> T::Sent;
}

impl<L: 'static, T> Publish<T> for Cx<'_, L>
where
    T: Topic + PublishedBy<L, Sent = <T as Topic>::Sent>,
{
    fn publish(&mut self, message: T) -> <T as Topic>::Sent {
        Cx::publish(self, message)
    }
}
