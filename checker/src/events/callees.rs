//! The functions that a call leads to: hardly ever more than one, which then lies in the call itself.

use crate::names::FnId;
use serde::de::{SeqAccess, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use std::fmt;
use std::ops::Deref;

/// Functions that a call leads to. As large as a box of them; to look at one takes no way to the heap.
#[derive(Clone)]
pub struct Callees(Form);

#[derive(Clone)]
enum Form {
    One(FnId),
    Many(Box<[FnId]>),
}

impl Deref for Callees {
    type Target = [FnId];

    fn deref(&self) -> &[FnId] {
        match &self.0 {
            Form::One(id) => std::slice::from_ref(id),
            Form::Many(all) => all,
        }
    }
}

impl<'a> IntoIterator for &'a Callees {
    type Item = &'a FnId;
    type IntoIter = std::slice::Iter<'a, FnId>;

    fn into_iter(self) -> Self::IntoIter {
        self.iter()
    }
}

impl From<FnId> for Callees {
    fn from(id: FnId) -> Callees {
        Callees(Form::One(id))
    }
}

impl Default for Callees {
    fn default() -> Callees {
        Callees(Form::Many(Box::default()))
    }
}

impl FromIterator<FnId> for Callees {
    fn from_iter<I: IntoIterator<Item = FnId>>(ids: I) -> Callees {
        let mut ids = ids.into_iter();
        match (ids.next(), ids.next()) {
            (Some(id), None) => Callees::from(id),
            (first, second) => Callees(Form::Many(first.into_iter().chain(second).chain(ids).collect())),
        }
    }
}

impl fmt::Debug for Callees {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&**self, f)
    }
}

impl Serialize for Callees {
    fn serialize<S: Serializer>(&self, to: S) -> Result<S::Ok, S::Error> {
        (**self).serialize(to)
    }
}

impl<'de> Deserialize<'de> for Callees {
    fn deserialize<D: Deserializer<'de>>(from: D) -> Result<Self, D::Error> {
        struct Ids;

        impl<'de> Visitor<'de> for Ids {
            type Value = Callees;

            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("functions")
            }

            fn visit_seq<A: SeqAccess<'de>>(self, mut ids: A) -> Result<Callees, A::Error> {
                std::iter::from_fn(|| ids.next_element().transpose()).collect()
            }
        }
        from.deserialize_seq(Ids)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn they_come_back_however_many() {
        assert_eq!(size_of::<Callees>(), size_of::<Box<[FnId]>>());
        for count in 0..4 {
            let all: Vec<FnId> = (0..count).map(FnId).collect();
            let callees: Callees = all.iter().copied().collect();
            assert_eq!(*callees, *all);
            assert_eq!(callees.clone().iter().count(), all.len());
        }
        assert!(Callees::default().is_empty());
        assert_eq!(*Callees::from(FnId(7)), [FnId(7)]);
    }
}
