//! The smallest program: one locus, one timer. Ctrl-C ends it.

use locus::prelude::*;

/// Says hello, and remembers how often.
#[locus]
pub struct Greeter {
    greetings: u64,
}

#[locus]
impl Greeter {
    #[every("1s")]
    fn greet(&mut self, cx: &mut Cx<'_, Self>) {
        self.greetings += 1;
        println!("{}", scratch_format!(cx, "hello number {}", self.greetings)); // the text is freed when this returns
    }
}

/// The program: its parts, and where they run.
#[locus(main)]
pub struct Hello {
    greeter: Greeter,
}

fn main() -> locus::Exit {
    locus::run(|| Hello { greeter: Greeter { greetings: 0 } })
}
