//! Tests of the checker as its users meet it: through the real binary, and through the list of its rules.

mod budget;
mod cache;
mod cli;
mod config;
mod contracts;
mod diff_base;
mod fix;
mod fixtures;
mod formats;
mod graph;
mod harness;
mod leaky;
mod meta;
mod mutation;
mod robust;
mod truth;
