//! The shipped models as an earlier run left them in its store: their text takes ten times as long to read.

use super::{Models, read};
use crate::load::cache::{read_sealed, write_sealed};
use std::path::Path;
use std::sync::OnceLock;

/// In the store's folder.
const NAME: &str = "models";

impl Models {
    /// The models that ship, from the store in `folder` if this program has left them there; if not, it does now.
    pub(crate) fn shipped_from(folder: Option<&Path>) -> &'static Models {
        static MODELS: OnceLock<Models> = OnceLock::new();
        MODELS.get_or_init(|| folder.and_then(stored).unwrap_or_else(|| written(folder)))
    }
}

fn stored(folder: &Path) -> Option<Models> {
    postcard::from_bytes(&read_sealed(folder, NAME)?).ok()
}

fn written(folder: Option<&Path>) -> Models {
    let models = read::all().expect("the shipped models are tested to be well formed");
    if let (Some(folder), Ok(bytes)) = (folder, postcard::to_allocvec(&models)) {
        write_sealed(folder, NAME, &bytes);
    }
    models
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_in_a_store_is_what_the_texts_say() {
        let folder = tempfile::tempdir().expect("a folder for the test");
        assert!(stored(folder.path()).is_none());
        let models = written(Some(folder.path()));
        let again = stored(folder.path()).expect("they were left there");
        let types = |models: &Models| models.types.iter().map(|ty| ty.known_as.clone()).collect::<Vec<_>>();
        assert_eq!(types(&models), types(&again));
        assert_eq!(format!("{:?}", models.callables), format!("{:?}", again.callables));
        assert_eq!(models.functions, again.functions);
        assert_eq!(models.gives, again.gives);
    }
}
