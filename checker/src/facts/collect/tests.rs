//! What counts as part of a binary, and what does not.

use super::{Calls, FnId, Names, Site, StaticId, Takes, binaries};
use crate::facts::{Binary, Place};
use crate::load::{TargetKind, Workspace};
use crate::models::Models;

/// Every function calls nothing and opens one descriptor, named after it.
struct OneOpenEach<'a, 'w>(&'a Names<'w>);

impl Calls for OneOpenEach<'_, '_> {
    fn callees(&self, _: FnId) -> Vec<FnId> {
        Vec::new()
    }

    fn takes(&self, of: FnId) -> Vec<(Site, Takes)> {
        let function = self.0.function(of);
        let name = self.0.text(function.name).to_owned();
        vec![(Site { name, span: super::span(function.file, function.at) }, Takes::Descriptor("file".into()))]
    }

    fn grown_statics(&self, of: FnId) -> Vec<StaticId> {
        if self.0.text(self.0.function(of).name) == "tick" { vec![StaticId(0)] } else { Vec::new() }
    }
}

fn facts(crates: &[(&str, TargetKind, &str)]) -> Vec<Binary> {
    let workspace = Workspace::of_texts(crates);
    for file in &workspace.files {
        assert!(file.ir.is_ok(), "{:?}", file.ir);
    }
    let names = Names::of(&workspace, Models::shipped());
    binaries(&names, &OneOpenEach(&names))
}

const SERVICE: &str = r#"
    #[topic] pub struct Posted;
    #[topic(bounded = 16)] pub struct Relayed;
    #[topic] pub struct Unused;

    #[locus(publishes(Relayed), children(Line = flow, max = 8))]
    pub struct Room { log: Child<Log>, plain: Plain }
    #[locus] impl Room {
        #[on] fn on_post(&mut self, post: &Posted) {}
        #[every("1s")] fn tick(&mut self) {}
        fn birth(&mut self) {}
        fn not_called(&self) {}
    }
    #[locus(scratch_bytes_max = "4KiB")] pub struct Log;
    #[locus] impl Log { #[on] fn on_relayed(&mut self, relayed: &Relayed) {} }
    #[locus] pub struct Line;
    #[locus] impl Line { async fn run(run: Run<Self>) {} }
    static SEEN: Mutex<Vec<u64>> = Mutex::new(Vec::new());
    #[locus::allow(unbounded_growth, reason = "a test")]
    #[locus] pub struct Plain;
    #[locus] impl Plain { #[on] fn on_unused(&mut self, unused: &Unused) {} }

    #[locus(main)]
    pub struct Chat {
        #[place(pool = "rooms")] lobby: Room,
        #[place(pinned, replicas = 3)] web: Room,
        quiet: Room,
    }
"#;

fn names_of(sites: &[Site]) -> Vec<&str> {
    sites.iter().map(|site| site.name.as_str()).collect()
}

#[test]
fn a_binary_is_its_loci_their_children_and_its_main() {
    let text = format!("{SERVICE} fn main() {{}} fn helper() {{}}");
    let facts = facts(&[("chat", TargetKind::Bin, &text)]);
    let [chat] = facts.as_slice() else { panic!("{facts:?}") };
    assert_eq!(chat.main.as_ref().map(|main| main.name.as_str()), Some("Chat"));
    let places: Vec<_> = chat.parts.iter().map(|part| (part.name.as_str(), &part.place)).collect();
    assert_eq!(
        places,
        [
            ("lobby", &Place::Pool("rooms".to_owned())),
            ("web", &Place::Pinned { replicas: 3 }),
            ("quiet", &Place::Unplaced)
        ]
    );
    assert_eq!(chat.parts[0].locus, "Room");
    // A locus in a plain field is plain data, so what it handles is no part of the program.
    let topics: Vec<_> = chat.topics.iter().map(|topic| (topic.site.name.as_str(), topic.max)).collect();
    assert_eq!(topics, [("Posted", 8192), ("Relayed", 16)]);
    let children: Vec<_> = chat.children.iter().map(|child| (child.site.name.as_str(), child.max)).collect();
    assert_eq!(children, [("Line of Room", 8)]);
    assert_eq!(names_of(&chat.timers), ["tick"]);
    let takes: Vec<_> = chat.takes.iter().map(|taken| (taken.site.name.as_str(), taken.uses)).collect();
    assert_eq!(takes, ["on_post", "tick", "birth", "on_relayed", "run", "main"].map(|name| (name, 1)));
    assert_eq!(names_of(&chat.growing_statics), ["SEEN"]);
    let scratch: Vec<_> = chat.scratch.iter().map(|locus| (locus.site.name.as_str(), locus.max)).collect();
    assert_eq!(scratch, [("Room", 16 << 20), ("Log", 4096), ("Line", 16 << 20)]);
    assert_eq!(names_of(&chat.allows), ["unbounded-growth"]);
}

#[test]
fn each_binary_has_its_own_main_locus_or_none() {
    let other = "#[locus(main)] struct Other { part: Part } #[locus] struct Part; fn main() {}";
    let facts = facts(&[
        ("chat", TargetKind::Bin, &format!("{SERVICE} fn main() {{}}")),
        ("other", TargetKind::Example, other),
        ("plain", TargetKind::Bin, "fn main() {}"),
        ("library", TargetKind::Lib, "pub fn f() {}"),
    ]);
    let mains: Vec<_> =
        facts.iter().map(|binary| binary.main.as_ref().map(|main| main.name.clone())).collect();
    assert_eq!(mains, [Some("Chat".to_owned()), Some("Other".to_owned()), None]);
}
