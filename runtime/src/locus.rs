//! The locus: its cell, the context of its activations, its lifecycle and its `run`.

pub(crate) mod any_cell;
#[expect(unsafe_code, reason = "a future that borrows the locus and its context across polls")]
pub(crate) mod birth;
#[expect(unsafe_code, reason = "lends the locus to one activation at a time by its state byte")]
pub(crate) mod cell;
pub(crate) mod children;
pub(crate) mod context;
pub(crate) mod describe;
pub(crate) mod family;
pub(crate) mod main;
pub(crate) mod plain;
pub(crate) mod rare;
pub(crate) mod run;
#[expect(unsafe_code, reason = "uses the memory of a cell again")]
pub(crate) mod stock;

pub(crate) use describe::BoxError;
