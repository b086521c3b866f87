//! Messages are copied inline: they are small, and no more aligned than a word.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Large(pub [u8; 4097]);

#[repr(align(16))]
#[derive(Clone)]
pub struct Wide(pub u8);

#[topic]
#[derive(Clone)]
pub struct Aligned(pub Wide);

fn main() {}
