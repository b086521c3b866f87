//! What a command line asks for: which shapes, how many rounds, how much work.

use super::{Rounds, Shape, Work};

/// Medians of at least seven: one slow round, or three, do not move them.
const ROUNDS: usize = 7;
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
    ///
    /// # Errors
    /// Lists all names when there is none.
    pub fn choose(&self, shapes: Vec<Shape>) -> Result<Vec<Shape>, String> {
        let names: Vec<_> = shapes.iter().map(|shape| shape.name).collect();
        let chosen: Vec<_> = shapes.into_iter().filter(|shape| shape.name.contains(&self.filter)).collect();
        if chosen.is_empty() {
            return Err(format!(
                "no shape has `{}` in its name; there are {}",
                self.filter,
                names.join(", ")
            ));
        }
        Ok(chosen)
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
        let chosen = parse("across --quick").unwrap().choose(shapes::all()).unwrap();
        assert!(chosen.len() > 1 && chosen.iter().all(|shape| shape.name.contains("across")));
        assert_eq!(parse("").unwrap().choose(shapes::all()).unwrap().len(), shapes::all().len());
    }

    #[test]
    fn what_is_not_understood_is_an_error() {
        assert!(parse("no-such-shape").unwrap().choose(shapes::all()).unwrap_err().contains("same-pool"));
        for line in ["--shape x", "--rounds", "--rounds 0", "one two"] {
            assert!(parse(line).is_err(), "{line}");
        }
    }
}
