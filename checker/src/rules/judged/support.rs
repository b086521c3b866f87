//! Code that is there for tests, measurements and demonstrations: of tests nothing is said, of the others nothing that
//! is only likely, and what would be certain is likely: most of them end before it matters. Where loci are declared, what
//! shows them runs on like they do.

use crate::finding::{Confidence, Finding};
use crate::load::Workspace;
use crate::load::support::{Support, support};

/// The finding, as far as it is worth telling where it stands; none for tests, nor for what is only likely of the
/// others. Where the workspace `has_loci`, what is shown is shown of them.
pub(crate) fn told(workspace: &Workspace, has_loci: bool, mut finding: Finding) -> Option<Finding> {
    let file = workspace.files.get(finding.primary.span.file.0 as usize)?;
    match support(workspace, file) {
        Some(Support::Tests) => return None,
        Some(Support::Shown) if finding.confidence != Confidence::Certain => return None,
        Some(Support::Shown) if !has_loci => finding.confidence = Confidence::Likely,
        _ => {}
    }
    Some(finding)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::{Package, TargetKind, Workspace};
    use crate::rules::check;

    const SERVER: &str = "use std::collections::HashMap;
#[tokio::main] async fn main() -> std::io::Result<()> {
let at = tokio::net::TcpListener::bind(\"127.0.0.1:7310\").await?; let mut seen = Seen { by: HashMap::new() };
loop { let (_, from) = at.accept().await?; seen.by.insert(from, 1_u8); } }
struct Seen { by: HashMap<std::net::SocketAddr, u8> }";

    /// How sure the finding is that is left of a leak, where its file lies at `path`.
    fn told_at(path: &str, text: &str) -> Option<Confidence> {
        let mut workspace = Workspace::of_texts(&[("main", TargetKind::Bin, text)]);
        workspace.root = "/service".into();
        let package = &mut workspace.packages[0];
        *package = Package { manifest: Some("/service/Cargo.toml".into()), ..package.clone() };
        workspace.files[0].source.path = path.into();
        let mut found = check(&workspace, crate::models::Models::shipped()).findings;
        assert!(found.len() <= 1, "{found:?}");
        found.pop().map(|finding| finding.confidence)
    }

    #[test]
    fn what_is_shown_is_likely_and_of_tests_nothing_is_told() {
        assert_eq!(told_at("src/main.rs", SERVER), Some(Confidence::Certain));
        assert_eq!(told_at("examples/server.rs", SERVER), Some(Confidence::Likely));
        assert_eq!(told_at("benches/server.rs", SERVER), Some(Confidence::Likely));
        assert_eq!(told_at("tests/server.rs", SERVER), None);
    }

    #[test]
    fn what_shows_loci_stays_certain() {
        let text = format!("#[locus::locus(main)] pub struct App {{}}\n{SERVER}");
        assert_eq!(told_at("examples/server.rs", &text), Some(Confidence::Certain));
    }
}
