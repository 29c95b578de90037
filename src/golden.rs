//! Golden files are states and reports that older versions wrote.
//!
//! tests/golden/README.md tells how the files were made.

use std::fmt::Debug;
use std::fs;
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden/0.1")
}

/// Reads one file.
pub fn file(name: &str) -> Vec<u8> {
    let path = folder().join(name);
    fs::read(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Reads all states, each with the name of its file.
pub fn states() -> Vec<(String, Vec<u8>)> {
    let mut names: Vec<String> = fs::read_dir(folder())
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .filter(|name| name.ends_with(".state.json"))
        .collect();
    names.sort();
    names.into_iter().map(|name| (name.clone(), file(&name))).collect()
}

/// Asserts that every original of a kind is understood, and written back as it was.
pub fn assert_originals_stay<Original>(kind: &str)
where
    Original: Debug + Serialize + DeserializeOwned,
{
    let mut count = 0;
    for (file, bytes) in states() {
        let state: Value = serde_json::from_slice(&bytes).unwrap();
        for (id, record) in state["resources"].as_object().unwrap() {
            let written = &record["original"];
            if id.split_once(':').unwrap().0 != kind || written.is_null() {
                continue;
            }
            let read: Original = serde_json::from_value(written.clone())
                .unwrap_or_else(|error| panic!("{id} in {file}: {error}"));
            assert_eq!(serde_json::to_value(&read).unwrap(), *written, "{id} in {file}: {read:?}");
            count += 1;
        }
    }
    assert!(count > 0, "no state holds an original of {kind}");
}
