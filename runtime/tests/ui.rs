//! What users see of the macros: programs that compile, and the one error of each mistake.
//!
//! Expected errors stand beside each case; `TRYBUILD=overwrite` writes them anew, for review.

#[test]
fn ui() {
    let cases = trybuild::TestCases::new();
    cases.pass("tests/ui/pass/*.rs");
    cases.compile_fail("tests/ui/fail/*.rs");
}
