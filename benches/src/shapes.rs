//! The shapes, one file each.

pub mod across_pools;
pub mod same_pool;

use crate::harness::Shape;

/// Every shape, in the order of the table.
#[must_use]
pub fn all() -> Vec<Shape> {
    vec![same_pool::SHAPE, across_pools::SHAPE]
}
