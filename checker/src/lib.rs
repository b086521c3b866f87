//! The checker: finds unbounded growth and leaked resources, and holds resource ceilings.

pub mod finding;
pub mod rule;
