//! What waits beside the queue: messages for a locus that is not ready, and messages of one that found no room.
//!
//! Both are flat buffers of records, made at first use and bounded by the credits of their topics: a message that
//! waits here keeps its credit.
//!
//! Invariants
//! - I1. A buffer holds whole records (`words` I1), each with the payload that `cursor` I2 names for its number and the
//!   kind of buffer: only `push` of this module adds, with that payload.
//! - I2. Where a buffer says that words are left, a record starts at its front.
//! - I3. A payload is read once: whoever moves it out advances over its record before anything else looks at the buffer.

use std::cell::Cell;
use std::ptr::NonNull;
use std::rc::Rc;
use std::sync::Arc;

use super::record::{Header, Word, visit_records, words_for};
use super::route::select::Owed;
use super::subscribe::Subscriber;
use super::topic::{Packet, Topic};
use super::words::Words;
use crate::watch::{Account, Kind};

/// The ticket of a message that holds no credit.
pub(crate) const NO_TICKET: u32 = u32::MAX;

/// The source of a message that holds no credit: no pool has this number.
pub(crate) const NO_SOURCE: u32 = u32::MAX;

/// A message set aside for one subscription.
pub(crate) struct Aside<T: Topic> {
    pub(crate) subscriber: Rc<dyn Subscriber<T>>,
    pub(crate) ticket: u32,
    pub(crate) packet: Packet<T>,
}

/// A message waiting with its publisher, and where it still has to go.
pub(crate) struct Staged<T: Topic> {
    pub(crate) owed: Owed,
    pub(crate) packet: Packet<T>,
}

/// A buffer of records that is listed in the residency report once it holds memory.
struct Listed {
    words: Words,
    account: Option<Account>,
    listed_bytes: usize,
}

impl Listed {
    fn new() -> Self {
        Self { words: Words::default(), account: None, listed_bytes: 0 }
    }

    fn list(&mut self, path: &Arc<str>, suffix: &str) {
        let bytes = self.words.bytes();
        if bytes != self.listed_bytes {
            self.listed_bytes = bytes;
            let account =
                self.account.get_or_insert_with(|| Account::new(format!("{path} {suffix}"), Kind::Queue));
            account.set(bytes, usize::from(bytes > 0));
        }
    }
}

/// Messages set aside for one locus, in order.
pub(crate) struct Side {
    path: Arc<str>,
    /// What the residency report calls it.
    name: &'static str,
    listed: Listed,
    count: usize,
}

impl Side {
    pub(crate) fn new(path: &Arc<str>, name: &'static str) -> Self {
        Self { path: Arc::clone(path), name, listed: Listed::new(), count: 0 }
    }

    /// Appends a record of any payload that the owner of `number` can take. For a message, `hash` is the pool it came
    /// from, whose credit it holds, or [`NO_SOURCE`].
    pub(crate) fn push<P>(&mut self, number: u16, hash: u32, payload: P) {
        self.listed.words.push(number, hash, payload);
        self.count += 1;
        self.listed.list(&self.path, self.name);
    }

    /// The header of the oldest record.
    pub(crate) fn peek(&mut self) -> Option<Header> {
        let (first, words) = self.listed.words.front();
        // SAFETY: a record starts there where words are left (I2).
        (words > 0).then(|| unsafe { Header::read(first) })
    }

    /// Moves the oldest payload out.
    ///
    /// # Safety
    /// There is a record and its payload is a `P` (`cursor` I2).
    pub(crate) unsafe fn pop<P>(&mut self) -> P {
        // SAFETY: passed on.
        let payload = unsafe { pop_front::<P>(&mut self.listed.words) };
        self.count -= 1;
        payload
    }

    /// Takes everything out of `other` and puts it before what waits here.
    pub(crate) fn put_before(&mut self, other: &mut Self) {
        let mut rest = std::mem::replace(&mut self.listed.words, std::mem::take(&mut other.listed.words));
        rest.drain_with(|_, payload| {
            // SAFETY: the payload follows its header.
            let record = unsafe { payload.sub(1) };
            // SAFETY: `rest` has given the record up, and is another memory.
            unsafe { self.listed.words.push_record(record) };
        });
        self.count += std::mem::take(&mut other.count);
        self.listed.list(&self.path, self.name);
        other.listed.list(&other.path, other.name);
    }

    /// Shows the header of each record, oldest first.
    pub(crate) fn for_each_header(&mut self, mut visit: impl FnMut(Header)) {
        let (first, words) = self.listed.words.front();
        // SAFETY: whole records (I1), of which only the headers are looked at.
        unsafe { visit_records(first, words, |header, _| visit(header)) };
    }

    /// Shows the ticket of each message of topic `T`, whose number is given.
    pub(crate) fn for_each_ticket<T: Topic>(&mut self, number: u16, mut visit: impl FnMut(u32)) {
        debug_assert_eq!(number, T::number().get(), "the number of another topic");
        let look = |header: Header, payload: *mut Word| {
            if header.topic() == number {
                let aside: *const Aside<T> = payload.cast();
                // SAFETY: the payload of such a record is an `Aside<T>` (I1).
                visit(unsafe { (*aside).ticket });
            }
        };
        let (first, words) = self.listed.words.front();
        // SAFETY: whole records (I1), which are only looked at.
        unsafe { visit_records(first, words, look) };
    }

    /// How many messages wait.
    pub(crate) fn len(&self) -> usize {
        self.count
    }
}

/// Messages of one locus that found no room, in order.
#[derive(Default)]
pub(crate) struct Stage {
    words: Words,
}

impl Stage {
    pub(crate) fn push<T: Topic>(&mut self, number: u16, owed: Owed, packet: Packet<T>) {
        self.words.push(number, 0, Staged { owed, packet });
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.words.is_empty()
    }

    /// Takes the memory that is there for it, unless it has some.
    pub(crate) fn take_memory(&mut self, spare: &Cell<Words>) {
        if self.words.bytes() == 0 {
            self.words = spare.take();
        }
    }

    /// Leaves its memory there once it is empty, unless there is as much.
    pub(crate) fn give_memory(&mut self, spare: &Cell<Words>) {
        let other = spare.take();
        let is_given = self.is_empty() && self.words.bytes() > other.bytes();
        spare.set(if is_given { std::mem::replace(&mut self.words, other) } else { other });
    }

    /// Makes room for a message behind all others, notes where it has to go, and returns where the message itself goes.
    ///
    /// # Safety
    /// `number` is that of `T`, and the caller writes the message before anybody looks at the stage.
    pub(crate) unsafe fn claim<T: Topic>(&mut self, number: u16, owed: Owed) -> NonNull<Packet<T>> {
        self.words.make_room::<Staged<T>>();
        // SAFETY: room was made just above, and the header is that of a `Staged<T>`, which is written here and by the
        // caller.
        let staged = unsafe { self.words.claim::<Staged<T>>(Header::of::<Staged<T>>(number, 0)) };
        // SAFETY: the place of a `Staged<T>` just made.
        let owed_place = unsafe { &raw mut (*staged).owed };
        // SAFETY: as above.
        unsafe { owed_place.write(owed) };
        // SAFETY: as above.
        let packet = unsafe { &raw mut (*staged).packet };
        // SAFETY: inside a buffer, so not null.
        unsafe { NonNull::new_unchecked(packet) }
    }

    /// Moves the oldest message to `place`. The room it leaves comes back with [`settle`](Self::settle).
    ///
    /// # Safety
    /// There is one, its topic is `T`, and `place` is valid for a packet outside the stage.
    pub(crate) unsafe fn move_front_to<T: Topic>(&mut self, place: *mut Packet<T>) {
        // SAFETY: passed on.
        let packet: *const Packet<T> = unsafe { &raw const self.front::<T>().packet };
        // SAFETY: the packet is valid, `advance` below gives it up (I3), and `place` is elsewhere.
        unsafe { std::ptr::copy_nonoverlapping(packet, place, 1) };
        // SAFETY: exactly the record whose payload was moved out; `Owed` needs no drop.
        unsafe { self.words.advance(words_for::<Staged<T>>()) };
    }

    /// Gives the room of moved messages back.
    pub(crate) fn settle(&mut self) {
        self.words.settle();
    }

    /// The topic of the oldest message.
    #[inline]
    pub(crate) fn peek(&mut self) -> Option<u16> {
        let (first, words) = self.words.front();
        // SAFETY: a record starts there where words are left (I2).
        (words > 0).then(|| unsafe { Header::read(first) }.topic())
    }

    /// Whether the oldest message is of topic `T`, whose number is given, and has to go there.
    #[inline]
    pub(crate) fn is_next<T: Topic>(&mut self, number: u16, owed: Owed) -> bool {
        debug_assert_eq!(number, T::number().get(), "the number of another topic");
        // SAFETY: the oldest message is of this topic where the numbers agree.
        self.peek() == Some(number) && unsafe { self.front::<T>() }.owed == owed
    }

    /// Lends the oldest message.
    ///
    /// # Safety
    /// There is one, and its topic is `T`.
    #[inline]
    pub(crate) unsafe fn front<T: Topic>(&mut self) -> &mut Staged<T> {
        let (first, _) = self.words.front();
        // SAFETY: there is a record, by the caller.
        let payload: *mut Staged<T> = unsafe { super::record::payload_ptr(first) };
        // SAFETY: its payload is a `Staged<T>`, by the caller and I1; the borrow of `self` guards it.
        unsafe { &mut *payload }
    }

    /// Moves the oldest message out.
    ///
    /// # Safety
    /// There is one, and its topic is `T`.
    pub(crate) unsafe fn pop<T: Topic>(&mut self) -> Staged<T> {
        // SAFETY: passed on.
        unsafe { pop_front(&mut self.words) }
    }

    /// How many words the messages take.
    pub(crate) fn len_words(&self) -> usize {
        self.words.len_words()
    }

    /// Counts the messages of topic `T`, whose number is given, that have to go where `is_meant` says.
    pub(crate) fn count<T: Topic>(&mut self, number: u16, is_meant: impl Fn(Owed) -> bool) -> u64 {
        debug_assert_eq!(number, T::number().get(), "the number of another topic");
        let mut count = 0;
        let look = |header: Header, payload: *mut Word| {
            if header.topic() == number {
                let staged: *const Staged<T> = payload.cast();
                // SAFETY: the payload of such a record is a `Staged<T>` (I1).
                let owed = unsafe { (*staged).owed };
                count += u64::from(is_meant(owed));
            }
        };
        let (first, words) = self.words.front();
        // SAFETY: whole records (I1), which are only looked at.
        unsafe { visit_records(first, words, look) };
        count
    }

    /// Takes everything out, for a failed activation.
    pub(crate) fn take(&mut self) -> Words {
        std::mem::take(&mut self.words)
    }

    /// Takes the memory back of what was taken out, unless there is something new in some.
    pub(crate) fn put_memory(&mut self, mut emptied: Words) {
        debug_assert!(emptied.is_empty(), "{} words are left", emptied.len_words());
        if self.is_empty() {
            emptied.settle();
            self.words = emptied;
        }
    }
}

/// Moves the first payload of a buffer out.
///
/// # Safety
/// There is a record, and its payload is a `P`.
unsafe fn pop_front<P>(words: &mut Words) -> P {
    let (first, _) = words.front();
    let first: *mut Word = first;
    // SAFETY: there is a record, by the caller.
    let header = unsafe { Header::read(first) };
    // SAFETY: as above.
    let payload: *mut P = unsafe { super::record::payload_ptr(first) };
    // SAFETY: the payload is a `P`, by the caller, and `advance` below gives it up (I3).
    let value = unsafe { payload.read() };
    // SAFETY: exactly the record whose payload was moved out (I3).
    unsafe { words.advance(header.words()) };
    words.settle();
    value
}

#[cfg(test)]
mod tests {
    use std::hash::Hasher;

    use super::*;
    use crate::bus::TOKEN;
    use crate::bus::cursor::Taken;
    use crate::bus::subscribe::Origin;
    use crate::bus::topic::{Full, NoReply, OnFull, TopicNumber, TopicSpec};
    use crate::pool::core::Core;

    struct Note(String);

    impl Topic for Note {
        type Key = ();
        type Reply = NoReply;
        type Promise = ();
        type Sent = ();
        const SPEC: TopicSpec = TopicSpec {
            subject: "side.note",
            keyed: false,
            bound: None,
            on_full: OnFull::Block,
            per_locus: None,
            on_slow: OnFull::DropNew,
            single: false,
        };
        fn number() -> &'static TopicNumber {
            static NUMBER: TopicNumber = TopicNumber::new();
            &NUMBER
        }
        fn hash_key<H: Hasher>(&self, _state: &mut H) {}
        fn is_key(&self, _key: &()) -> bool {
            true
        }
        fn key(&self) {}
        fn duplicate(&self) -> Self {
            Self(self.0.clone())
        }
        fn sent(_result: Result<(), Full<Self>>) {}
    }

    struct Nobody;

    impl Subscriber<Note> for Nobody {
        fn deliver(&self, _: &Core, _: &mut Taken<Packet<Note>>, _: &mut Origin, _last: bool) {}
    }

    #[test]
    fn tickets_are_those_of_one_topic() {
        let (mut side, number) = (Side::new(&Arc::from("test/locus"), "set aside"), Note::number().get());
        let aside = |ticket| {
            let packet = Packet { message: Note(format!("under {ticket}")), promise: () };
            Aside { subscriber: Rc::new(Nobody) as Rc<dyn Subscriber<Note>>, ticket, packet }
        };
        side.push(number, 0, aside(7));
        side.push(TOKEN, 8, ());
        side.push(number, 0, aside(9));
        let mut tickets = Vec::new();
        side.for_each_ticket::<Note>(number, |ticket| tickets.push(ticket));
        assert_eq!(tickets, [7, 9]);
        for ticket in [7, 9] {
            // SAFETY: a note is next.
            let aside = unsafe { side.pop::<Aside<Note>>() };
            assert_eq!(aside.packet.message.0, format!("under {ticket}"));
            if ticket == 7 {
                // SAFETY: a token is next, which has no payload.
                unsafe { side.pop::<()>() };
            }
        }
        assert_eq!(side.peek().map(Header::topic), None);
    }

    fn filled(path: &Arc<str>, name: &'static str, texts: &[&str]) -> Side {
        let mut side = Side::new(path, name);
        texts.iter().for_each(|text| side.push(2, 0, (*text).to_owned()));
        side
    }

    fn drained(side: &mut Side) -> Vec<String> {
        let mut texts = Vec::new();
        while side.peek().is_some() {
            // SAFETY: there is a record, and `filled` pushes texts only.
            texts.push(unsafe { side.pop::<String>() });
        }
        texts
    }

    #[test]
    fn what_is_put_before_comes_first_and_nothing_is_lost_or_freed_twice() {
        let path: Arc<str> = Arc::from("test/locus");
        let mut side = filled(&path, "set aside", &["c", "d", "e"]);
        // SAFETY: there is a record, and it holds a text.
        assert_eq!(unsafe { side.pop::<String>() }, "c");
        let mut stashed = filled(&path, "stashed", &["a", "b"]);
        side.put_before(&mut stashed);
        assert_eq!((side.len(), stashed.len()), (4, 0));
        stashed.push(2, 0, "later".to_owned());
        assert_eq!(drained(&mut side), ["a", "b", "d", "e"]);
        side.put_before(&mut stashed);
        assert_eq!(drained(&mut side), ["later"]);
    }
}
