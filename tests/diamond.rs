//! The shape of the workspace, held: `domain ← actors`, `domain ← cluster`, `domain ← search`, all `← onsale`, `bench` apart but
//! for the index that it measures, and `simulation` on top of them all.
//!
//! Owns: who may depend on whom, which package alone may stand on which dependency, and where sled may be named.
//! Not: versions, licences and bans, which `deny.toml` judges. Hazard: a rule that nothing can break proves nothing, so
//! each one is also run against a planted violation.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::{Value, json};

/// Every package and the workspace's packages that it stands on, no more and no less.
const SIDES: [(&str, &[&str]); 7] = [
    ("onsale", &["onsale-actors", "onsale-bench", "onsale-cluster", "onsale-domain", "onsale-search"]),
    ("onsale-actors", &["onsale-domain"]),
    ("onsale-bench", &["onsale-search"]),
    ("onsale-cluster", &["onsale-domain"]),
    ("onsale-domain", &[]),
    ("onsale-search", &["onsale-domain"]),
    ("onsale-simulation", &["onsale", "onsale-actors", "onsale-bench", "onsale-cluster", "onsale-domain"]),
];

/// What the pure core may be built on: no runtime, no store, no clock, no randomness.
const DOMAIN_MAY_USE: [&str; 1] = ["serde"];

/// Dependencies that one package alone may name, in its tests too, so that each can be replaced in one place.
const OWNED: [(&str, &[&str]); 3] = [
    ("onsale-cluster", &["bincode", "consistent_hash", "openraft", "sled"]),
    ("onsale", &["argon2", "axum", "jsonwebtoken"]),
    ("onsale-search", &["jiff", "levenshtein_automata", "tantivy", "tantivy-fst"]),
];

/// The exception: the replay's tests run it against a node of their own making.
const TESTS_MAY_NAME: (&str, &str) = ("onsale-bench", "axum");

/// And the bench, which says how fast log-ins are beside the bare hash.
const MEASURES: (&str, &str) = ("onsale-bench", "argon2");

/// The one folder, and in it the one file, that may name sled.
const JOURNAL: &str = "cluster/src/journal";

#[test]
fn the_diamond_holds() {
    assert_eq!(violations(&workspace_metadata()), Vec::<String>::new());
}

#[test]
fn one_file_of_the_journal_names_sled() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let mut namers = Vec::new();
    for folder in ["actors", "bench", "cluster", "domain", "search", "simulation", "src", "tests"] {
        collect_namers_of_sled(&root.join(folder), &mut namers);
    }
    let namers: Vec<&Path> =
        namers.iter().map(|path| path.strip_prefix(root).expect("found below the root")).collect();
    assert!(sled_is_contained(&namers), "sled is named by {namers:?}; one file under {JOURNAL} may");
}

/// Says what breaks the diamond in a parsed `cargo metadata`, one line a breach.
fn violations(metadata: &Value) -> Vec<String> {
    let packages: &[Value] = metadata["packages"].as_array().map_or(&[], Vec::as_slice);
    let mut found = Vec::new();
    let names: BTreeSet<&str> = packages.iter().map(name).collect();
    let expected: BTreeSet<&str> = SIDES.iter().map(|(package, _)| *package).collect();
    if names != expected {
        found.push(format!("the workspace's packages are {names:?}, not {expected:?}"));
    }
    for package in packages {
        check_sides(package, &mut found);
        check_owned(package, &mut found);
        if name(package) == "onsale-domain" {
            check_purity(package, &mut found);
        }
    }
    found
}

/// Built code stands on exactly its sides; tests on nothing beyond them, but for the bench's, which may compare.
fn check_sides(package: &Value, found: &mut Vec<String>) {
    let Some((package_name, sides)) = SIDES.iter().find(|(side, _)| *side == name(package)) else { return };
    let ours = |dependency: &&Value| SIDES.iter().any(|(side, _)| *side == name(dependency));
    let built: BTreeSet<&str> =
        dependencies(package).filter(ours).filter(|it| !is_for_tests(it)).map(name).collect();
    let allowed: BTreeSet<&str> = sides.iter().copied().collect();
    if built != allowed {
        found.push(format!("{package_name} stands on {built:?}, not {allowed:?}"));
    }
    if *package_name == "onsale-bench" {
        return;
    }
    for dependency in dependencies(package).filter(ours).filter(|it| is_for_tests(it)) {
        if !allowed.contains(name(dependency)) {
            found.push(format!("the tests of {package_name} stand on {}", name(dependency)));
        }
    }
}

fn check_owned(package: &Value, found: &mut Vec<String>) {
    for (owner, owned) in OWNED {
        for dependency in dependencies(package) {
            let named = (name(package), name(dependency));
            let excepted = is_for_tests(dependency) && named == TESTS_MAY_NAME || named == MEASURES;
            if name(package) != owner && owned.contains(&name(dependency)) && !excepted {
                found.push(format!("{} names {}, which is {owner}'s", name(package), name(dependency)));
            }
        }
    }
}

fn check_purity(domain: &Value, found: &mut Vec<String>) {
    for dependency in dependencies(domain).filter(|it| !is_for_tests(it)) {
        if !DOMAIN_MAY_USE.contains(&name(dependency)) {
            found.push(format!("onsale-domain is pure and stands on {}", name(dependency)));
        }
    }
}

fn dependencies(package: &Value) -> impl Iterator<Item = &Value> {
    package["dependencies"].as_array().into_iter().flatten()
}

/// A package's real name: a dependency that is renamed in the manifest still carries it here.
fn name(value: &Value) -> &str {
    value["name"].as_str().unwrap_or_default()
}

fn is_for_tests(dependency: &Value) -> bool {
    dependency["kind"] == "dev"
}

fn workspace_metadata() -> Value {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(env!("CARGO_MANIFEST_DIR"))
        .output()
        .expect("cargo, which built this test, can be run");
    assert!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).expect("cargo metadata prints JSON")
}

fn collect_namers_of_sled(folder: &Path, namers: &mut Vec<PathBuf>) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries {
        let path = entry.expect("the source folder can be listed").path();
        if path.is_dir() {
            collect_namers_of_sled(&path, namers);
        } else if path.extension().is_some_and(|it| it == "rs") {
            let source = fs::read_to_string(&path).expect("a source file is UTF-8");
            if names_sled(&source) {
                namers.push(path);
            }
        }
    }
}

/// Whether code, not a comment, names sled. The needles are put together here so that this file does not hold them.
fn names_sled(source: &str) -> bool {
    let needles = [concat!("sled", "::"), concat!("use ", "sled;"), concat!("use ", "sled as ")];
    let mut code = source.lines().filter(|line| !line.trim_start().starts_with("//"));
    code.any(|line| needles.iter().any(|needle| line.contains(needle)))
}

fn sled_is_contained(namers: &[&Path]) -> bool {
    namers.len() <= 1 && namers.iter().all(|path| path.starts_with(JOURNAL))
}

/// A workspace as it should be, to plant violations in.
fn sound_metadata() -> Value {
    let packages: Vec<Value> = SIDES
        .iter()
        .map(|(package, sides)| {
            let dependencies: Vec<Value> =
                sides.iter().map(|side| json!({"name": side, "kind": null})).collect();
            json!({"name": package, "dependencies": dependencies})
        })
        .collect();
    json!({ "packages": packages })
}

/// The breaches found once `package` also depends on `dependency`, of the given kind.
fn planted(package: &str, dependency: &str, kind: Option<&str>) -> Vec<String> {
    let mut metadata = sound_metadata();
    let packages = metadata["packages"].as_array_mut().expect("made as an array");
    let host = packages.iter_mut().find(|it| name(it) == package).expect("one of them");
    let dependencies = host["dependencies"].as_array_mut().expect("made as an array");
    dependencies.push(json!({"name": dependency, "kind": kind}));
    violations(&metadata)
}

#[test]
fn a_sound_workspace_passes() {
    assert_eq!(violations(&sound_metadata()), Vec::<String>::new());
    assert_eq!(planted("onsale-domain", "serde", None), Vec::<String>::new());
    assert_eq!(planted("onsale-domain", "proptest", Some("dev")), Vec::<String>::new());
    assert_eq!(planted("onsale-cluster", "sled", None), Vec::<String>::new());
    assert_eq!(planted("onsale", "axum", None), Vec::<String>::new());
    assert_eq!(planted("onsale-bench", "onsale-domain", Some("dev")), Vec::<String>::new());
}

#[test]
fn a_side_that_should_not_be_there_is_found() {
    let forbidden = [
        ("onsale-actors", "onsale-cluster"),
        ("onsale-cluster", "onsale-actors"),
        ("onsale-cluster", "onsale-search"),
        ("onsale-search", "onsale-cluster"),
        ("onsale-domain", "onsale-actors"),
        ("onsale-bench", "onsale-domain"),
        ("onsale-bench", "onsale"),
        ("onsale-actors", "onsale"),
        ("onsale", "onsale-simulation"),
        ("onsale-cluster", "onsale-simulation"),
    ];
    for (package, dependency) in forbidden {
        for kind in [None, Some("build")] {
            assert!(!planted(package, dependency, kind).is_empty(), "{package} -> {dependency}");
        }
    }
    assert!(!planted("onsale-actors", "onsale-cluster", Some("dev")).is_empty());
    assert!(!planted("onsale-domain", "onsale", Some("dev")).is_empty());
}

#[test]
fn a_side_that_is_missing_is_found() {
    let mut metadata = sound_metadata();
    metadata["packages"][1]["dependencies"] = json!([]);
    assert_eq!(violations(&metadata).len(), 1);
}

#[test]
fn an_impure_core_is_found() {
    for dependency in ["tokio", "actix", "sled", "axum", "hyper", "openraft", "rand", "getrandom"] {
        assert!(!planted("onsale-domain", dependency, None).is_empty(), "{dependency}");
    }
}

#[test]
fn a_dependency_with_one_owner_is_found_elsewhere() {
    for dependency in ["openraft", "sled", "bincode", "consistent_hash"] {
        for package in ["onsale", "onsale-actors", "onsale-bench"] {
            assert!(!planted(package, dependency, Some("dev")).is_empty(), "{package} -> {dependency}");
        }
    }
    for dependency in ["axum", "jsonwebtoken", "argon2"] {
        for package in ["onsale-actors", "onsale-cluster", "onsale-bench"] {
            let found = planted(package, dependency, None);
            assert_eq!(found.is_empty(), (package, dependency) == MEASURES, "{package} -> {dependency}");
        }
    }
}

#[test]
fn an_unknown_or_missing_package_is_found() {
    let mut metadata = sound_metadata();
    metadata["packages"][0]["name"] = json!("onsale-extras");
    assert!(!violations(&metadata).is_empty());
    assert!(!violations(&json!({})).is_empty());
}

#[test]
fn sled_named_in_a_second_place_is_found() {
    assert!(names_sled(concat!("let db = sled", "::open(path)?;")));
    assert!(names_sled(concat!("    use ", "sled as store;")));
    assert!(!names_sled(concat!("//! Nothing here knows sled", "::Db.")));
    let (store, other) = (Path::new("cluster/src/journal/store.rs"), Path::new("cluster/src/raft/log.rs"));
    assert!(sled_is_contained(&[]));
    assert!(sled_is_contained(&[store]));
    assert!(!sled_is_contained(&[other]));
    assert!(!sled_is_contained(&[store, Path::new("cluster/src/journal/writer.rs")]));
}
