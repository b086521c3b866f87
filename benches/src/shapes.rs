//! The shapes, one file each.

pub mod across_pools;
pub mod four_topics;
pub mod same_pool;
pub mod turns;

use crate::harness::Shape;

/// Every shape, in the order of the table.
#[must_use]
pub fn all() -> Vec<Shape> {
    let mut shapes = vec![same_pool::SHAPE, four_topics::SHAPE];
    shapes.extend(turns::SHAPES);
    shapes.push(across_pools::SHAPE);
    shapes
}
