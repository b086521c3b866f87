//! Only topics are published and received.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

pub struct NotATopic;
pub struct NeitherATopic;

#[locus(publishes(NotATopic), receives(NeitherATopic))]
pub struct Room {}

#[locus]
impl Room {}

fn main() {}
