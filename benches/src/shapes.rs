//! The shapes, a file for each kind.

pub mod across_pools;
pub mod ask;
pub mod fan_out;
pub mod four_topics;
pub mod inline;
pub mod keyed;
pub mod labels;
pub mod life;
pub mod pipeline;
pub mod producers;
pub mod same_pool;
pub mod ticks;
pub mod turns;

use crate::harness::Shape;

/// Every shape that is about time, in the order of the table.
#[must_use]
pub fn timed() -> Vec<Shape> {
    let mut shapes = vec![
        same_pool::SHAPE,
        four_topics::SHAPE,
        inline::THROUGH_ROUTE,
        inline::ON_TYPE,
        inline::TICKS,
        ticks::QUEUED,
        ticks::ACROSS_POOLS,
        labels::SHAPE,
    ];
    shapes.extend(turns::SHAPES);
    shapes.extend([
        across_pools::SHAPE,
        across_pools::NARROW,
        producers::SHAPE,
        fan_out::SHAPE,
        ask::SAME_POOL,
        ask::ACROSS_POOLS,
        pipeline::SHAPE,
        keyed::SHAPE,
        life::SPAWN,
    ]);
    shapes
}

/// Every shape that is about bytes of the heap, where those are counted.
#[must_use]
pub fn counted() -> Vec<Shape> {
    vec![life::IDLE]
}
