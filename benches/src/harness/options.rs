//! What a command line asks for: which shapes, how many rounds, how much work.

use super::{Rounds, Shape, Work};

/// Eleven: five slow rounds do not move a median, and all shapes together take a few minutes.
const ROUNDS: usize = 11;
/// What `--quick` divides the messages by.
const QUICK_DIVISOR: u64 = 5;

/// `[FILTER] [--rounds N] [--quick]`
#[derive(Clone, Debug)]
pub struct Options {
    /// How often each shape is run.
    pub rounds: Rounds,
    filter: String,
    quick: bool,
}

impl Options {
    /// Reads a command line.
    ///
    /// # Errors
    /// Names the argument that is not understood.
    pub fn parse(arguments: &[String]) -> Result<Self, String> {
        let mut options = Self { rounds: Rounds::new(ROUNDS), filter: String::new(), quick: false };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            match argument.as_str() {
                "--quick" => options.quick = true,
                "--rounds" => options.rounds = rounds(arguments.next())?,
                _ if argument.starts_with('-') || !options.filter.is_empty() => {
                    return Err(format!("unknown argument `{argument}`"));
                }
                _ => options.filter.clone_from(argument),
            }
        }
        Ok(options)
    }

    /// Those whose names the filter is a part of.
    #[must_use]
    pub fn choose(&self, shapes: Vec<Shape>) -> Vec<Shape> {
        shapes.into_iter().filter(|shape| shape.name.contains(&self.filter)).collect()
    }

    /// Whether the filter chooses any of all shapes.
    ///
    /// # Errors
    /// Lists all names when it chooses none.
    pub fn check(&self, shapes: &[Shape]) -> Result<(), String> {
        let names: Vec<_> = shapes.iter().map(|shape| shape.name).collect();
        if names.iter().any(|name| name.contains(&self.filter)) {
            return Ok(());
        }
        Err(format!("no shape has `{}` in its name; there are {}", self.filter, names.join(", ")))
    }

    /// What each contestant of `shape` has to do in a round.
    #[must_use]
    pub fn work(&self, shape: Shape) -> Work {
        Work::of(if self.quick { shape.messages / QUICK_DIVISOR } else { shape.messages })
    }
}

fn rounds(count: Option<&String>) -> Result<Rounds, String> {
    match count.and_then(|count| count.parse().ok()) {
        Some(rounds) if rounds > 0 => Ok(Rounds::new(rounds)),
        _ => Err("`--rounds` takes a number of at least 1".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::Options;
    use crate::shapes;

    fn parse(line: &str) -> Result<Options, String> {
        Options::parse(&line.split_whitespace().map(str::to_owned).collect::<Vec<_>>())
    }

    #[test]
    fn a_filter_chooses_by_part_of_a_name() {
        let chosen = parse("across --quick").unwrap().choose(shapes::timed());
        assert!(chosen.len() > 1 && chosen.iter().all(|shape| shape.name.contains("across")));
        assert_eq!(parse("").unwrap().choose(shapes::timed()).len(), shapes::timed().len());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(parse("no-such-shape").unwrap().check(&shapes::timed()).unwrap_err().contains("same-pool"));
        for line in ["--shape x", "--rounds", "--rounds 0", "one two"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
