//! The shapes that the meter judges: the checker says of each what its mark says. `cargo xtask soak truth` runs them.

use std::path::Path;

use crate::harness::command::{checker_on, tests_folder};
use crate::harness::marks;

#[test]
fn shapes_are_judged_as_their_marks_say() {
    let shapes = marks::rust_files(&tests_folder().join("truth/programs"));
    let shapes: Vec<_> = shapes.into_iter().filter(|path| !path.ends_with("main.rs")).collect();
    assert!(shapes.len() >= 30, "only {} shapes", shapes.len());
    let judge = |path: &Path| {
        // Outside of loci most shapes are only said when asked for.
        let run = checker_on(path);
        (run.found(&tests_folder()) != marks::of_file(path)).then(|| path.display().to_string())
    };
    let wrong: Vec<String> = shapes.iter().filter_map(|path| judge(path)).collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}
