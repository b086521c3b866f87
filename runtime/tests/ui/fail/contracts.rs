//! Annotations for the checker that say nothing it could read.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus::allow]
pub struct A;

#[locus::allow(3)]
pub struct B;

#[locus::allow(unbounded_growth, reason = because)]
pub struct C;

#[locus::deny(unbounded_growth, reason = "strict")]
pub struct D;

#[locus::bounded(16)]
pub struct E;

#[locus::max_alloc]
pub struct F;

#[locus::max_alloc(-1)]
pub struct G;

#[locus::hot(yes)]
pub struct H;

#[locus]
pub struct Room {
    #[locus::bounded(by)]
    field: u8,
}

#[locus]
#[locus::deny()]
impl Room {
    #[locus::hot(yes)]
    fn method(&mut self) {}
}

fn main() {}
