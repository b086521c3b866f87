//! Finds unbounded growth and leaked resources in Rust services, and holds resource ceilings.
//!
//! The way of a run: `load` finds the files, `lower` turns each into a compact form, `names` and `types`
//! resolve what they mention, `events` says what each function does to which place, `summary` carries that
//! over calls, `context` says how often it runs and for how long the place lives, and each of the `rules`
//! judges that. All but `load` is pure: the same input gives the same output for any number of threads.

pub mod allow;
pub mod analysis;
pub mod budget;
pub mod cli;
pub mod context;
pub mod crash;
pub mod events;
pub mod facts;
pub mod finding;
pub mod graph;
pub mod load;
pub mod lower;
pub mod models;
pub mod names;
pub mod report;
pub mod rule;
pub mod rules;
pub mod summary;
pub mod types;
