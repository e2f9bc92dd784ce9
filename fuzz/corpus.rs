// What the fuzzers' targets were fed before, for tests: without libFuzzer, which needs a C++ compiler.

use std::path::Path;

/// Feeds `target` every file of the corpus called `name`.
pub(crate) fn feed(name: &str, mut target: impl FnMut(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("fuzz/corpus"))
        .find(|dir| dir.exists());
    let dir = dir.expect("the corpora are in the repository").join(name);
    let files = std::fs::read_dir(&dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut fed = 0;
    for file in files {
        target(&std::fs::read(file.expect("a file of the corpus").path()).expect("its bytes"));
        fed += 1;
    }
    assert!(fed > 0, "{} is empty", dir.display());
}
