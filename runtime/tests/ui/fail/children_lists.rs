//! `children(..)` and the hooks that go with it: one error for each mistake, at the token.
#![allow(dead_code, unused_variables, reason = "not what is tested")]
use locus::prelude::*;

#[locus]
pub struct Conn {}

#[locus]
impl Conn {}

#[locus(children(Conn = flow, max = 4), children(Conn = resident, max = 2))]
pub struct Twice {}

#[locus]
impl Twice {}

#[locus(children(max = 4), children(max = 2))]
pub struct ShortTwice {}

#[locus]
impl ShortTwice {
    fn release(&mut self, conn: &Conn) {}
    #[release]
    fn again(&mut self, conn: &Conn) {}
}

#[locus(children(Conn = flow, max = 4), children(max = 2))]
pub struct Mixed {}

#[locus]
impl Mixed {
    fn accept(&mut self, conn: Conn) -> Result<(), Refused> {
        Ok(())
    }
    fn release(&mut self, conn: &mut Conn) {}
    #[release]
    async fn waits(&mut self, conn: &Conn) {}
    #[accept]
    fn nobody(&mut self) {}
    #[accept]
    fn shared(&self, conn: &Conn) {}
}

fn main() {}
