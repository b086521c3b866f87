//! A second impl block would have handlers that never run.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Room {}

#[locus]
impl Room {}

#[locus]
impl Room {}

fn main() {}
