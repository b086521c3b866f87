//! The expansions name nothing the user may have named differently.
#![no_implicit_prelude]
#![deny(warnings)]
#![allow(non_camel_case_types, dead_code, reason = "the point of this test")]

pub struct Option;
pub struct Result;
pub struct Box;
pub struct Some;
pub struct Ok;
pub trait Clone {}
pub trait Topic {}
pub type u64 = ();
pub type bool = ();
pub mod core {}
pub mod std {}

use ::locus::{Cx, Run, locus, topic};
use ::std::convert::From;
use ::std::string::String;

#[topic(key = me, bounded = 4)]
#[derive(::std::clone::Clone)]
pub struct Told {
    me: String,
}

#[locus(publishes(Told), receives(Told, key = self.__me))]
pub struct Teller {
    __me: String,
}

#[locus]
impl Teller {
    #[on(key = self.__me)]
    fn handle(&mut self, promise: &Told, me: &mut Cx<'_, Self>) {
        me.publish(Told { me: String::new() });
        let _ = promise;
    }

    fn birth(&mut self) {}

    async fn run(run: Run<Self>) {
        let _ = run;
    }

    #[every("1s")]
    fn fire(&mut self) {}

    fn describe() {}
}

#[locus(main)]
pub struct parts {
    r#type: Teller,
}

fn main() {
    let _ = parts { r#type: Teller { __me: From::from("") } };
    Teller::describe();
}
