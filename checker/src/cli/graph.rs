//! `--graph`: the bus of each binary, written down.

use std::io::Write;

use super::{Failure, Outcome};
use crate::analysis::Analysis;
use crate::graph::{Graph, Moves, Wiring, dot, json};

/// The formats `--graph` knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(super) enum GraphFormat {
    /// For graphviz.
    Dot,
    /// For programs; `docs/graph.md` describes it.
    Json,
}

/// Writes the graphs of those of `wirings` that are wanted.
///
/// # Errors
/// When there is none.
pub(super) fn write(
    format: GraphFormat,
    analysis: &Analysis,
    moves: &Moves,
    is_wanted: impl Fn(&Wiring) -> bool,
    out: &mut dyn Write,
) -> Result<Outcome, Failure> {
    let wirings = analysis.wirings.iter().filter(|wiring| is_wanted(wiring));
    let graphs: Vec<Graph<'_>> = wirings.map(|wiring| Graph::of(wiring, moves)).collect();
    if graphs.is_empty() {
        let help =
            "the graph begins at the parts of a main locus; name the package or the binary that has one";
        return Err(Failure(format!("no binary here has a `#[locus(main)]`\nhelp: {help}")));
    }
    match format {
        GraphFormat::Dot => out.write_all(dot(&graphs).as_bytes())?,
        GraphFormat::Json => writeln!(out, "{:#}", json(&graphs, &analysis.sources))?,
    }
    Ok(Outcome::Clean)
}
