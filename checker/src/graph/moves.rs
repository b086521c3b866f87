//! `[place]` of `locus.toml`, which moves parts without a rebuild.
//!
//! The runtime reads the table too and refuses what is wrong in it; here such entries move nothing.

use crate::facts::Place;
use std::collections::BTreeMap;

/// Where parts are moved to, by their name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Moves(BTreeMap<String, Place>);

impl Moves {
    /// Reads the text of a `locus.toml`.
    pub fn read(text: &str) -> Self {
        let table = text.parse::<toml::Table>().unwrap_or_default();
        let places = table.get("place").and_then(toml::Value::as_table);
        let moves = places.into_iter().flatten();
        Self(moves.filter_map(|(part, value)| Some((part.clone(), place(value)?))).collect())
    }

    /// Where `part` is moved to.
    pub fn of(&self, part: &str) -> Option<&Place> {
        self.0.get(part)
    }
}

/// `"pool"`, `"pinned"`, `{ pool = "io" }`, or `{ replicas = 4, cores = "4..8" }`.
fn place(value: &toml::Value) -> Option<Place> {
    match value {
        toml::Value::String(name) if name == "pinned" => Some(Place::Pinned { replicas: 1 }),
        toml::Value::String(pool) => Some(Place::Pool(pool.clone())),
        toml::Value::Table(settings) => match settings.get("pool") {
            Some(pool) => Some(Place::Pool(pool.as_str()?.to_owned())),
            None => {
                let replicas = settings.get("replicas").map_or(Some(1), toml::Value::as_integer)?;
                Some(Place::Pinned { replicas: u64::try_from(replicas).ok()? })
            }
        },
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{Moves, Place};

    #[test]
    fn every_form_of_the_table_moves_and_what_is_wrong_moves_nothing() {
        let text = "[limits]\nspin_time = \"1us\"\n[place]\na = \"io\"\nb = \"pinned\"\nc = { replicas = 2, cores = \"4..6\" }\n\
                    d = { pool = \"main\" }\ne = 3\nf = { replicas = -1 }\n";
        let moves = Moves::read(text);
        assert_eq!(moves.of("a"), Some(&Place::Pool("io".to_owned())));
        assert_eq!(moves.of("b"), Some(&Place::Pinned { replicas: 1 }));
        assert_eq!(moves.of("c"), Some(&Place::Pinned { replicas: 2 }));
        assert_eq!(moves.of("d"), Some(&Place::Pool("main".to_owned())));
        assert_eq!((moves.of("e"), moves.of("f"), moves.of("g")), (None, None, None));
        assert_eq!(Moves::read("[place"), Moves::default());
    }
}
