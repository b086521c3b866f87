//! A service that stays exactly within its budget.
use locus::prelude::*;

#[topic]
#[derive(Clone)]
pub struct Posted {
    pub text: String,
}

#[locus]
pub struct Web {
    last: String,
}

#[locus]
impl Web {
    #[on]
    fn on_posted(&mut self, posted: &Posted, _cx: &mut Cx<'_, Self>) {
        self.last = posted.text.clone();
    }
}

#[locus(publishes(Posted))]
pub struct Audit {
    log: Option<std::fs::File>,
}

#[locus]
impl Audit {
    fn birth(&mut self, _cx: &mut Cx<'_, Self>) -> std::io::Result<()> {
        self.log = Some(std::fs::File::create("audit.log")?);
        Ok(())
    }

    #[every("1s")]
    fn tick(&mut self, cx: &mut Cx<'_, Self>) {
        cx.publish(Posted { text: "tick".to_owned() });
    }
}

#[locus(main)]
pub struct Service {
    #[place(pinned, replicas = 2)]
    web: Web,
    #[place(pool = "io")]
    audit: Audit,
}

impl Service {
    pub fn new() -> Self {
        Self { web: Web { last: String::new() }, audit: Audit { log: None } }
    }
}

fn main() -> locus::Exit {
    locus::run(Service::new)
}
