//! Each defense of the driver that a test can take away is taken away by one.

use std::fs;

use super::{files, root};

#[test]
fn every_mutant_of_the_driver_is_found_by_a_test_that_names_it() {
    let source = fs::read_to_string(root().join("node/storage/src/faults.rs")).expect("the faults");
    let (_, after) = source.split_once("pub enum DriverMutant {").expect("the mutants");
    let (variants, _) = after.split_once("\n}").expect("the end of the mutants");
    let variants: Vec<&str> = variants
        .lines()
        .map(str::trim)
        .filter(|line| !line.starts_with("//"))
        .filter_map(|line| line.strip_suffix(','))
        .collect();
    assert!(variants.len() > 8, "{variants:?}");
    let scenarios: String = files(&root().join("tests/scenarios/promises"))
        .iter()
        .map(|file| fs::read_to_string(file).expect("a scenario"))
        .collect();
    for variant in variants {
        let named = format!("DriverMutant::{variant}");
        assert!(scenarios.contains(&named), "no scenario takes {variant} away");
    }
}
