//! Every number in the README is made by a command in the repository: each table stands under the command that prints it.

use std::{fs, path::Path};

/// The lines of a section of the README, by the words of its heading.
fn section<'a>(readme: &'a str, heading: &str) -> Vec<&'a str> {
    let from = readme.lines().skip_while(|line| *line != heading).skip(1);
    from.take_while(|line| !line.starts_with("## ")).collect()
}

/// The commands of this repository that a line names: `tests/bench verify`, `cargo run -p policy --example rules`.
fn commands(line: &str) -> Vec<&str> {
    let quoted = line.split('`').skip(1).step_by(2);
    quoted
        .filter(|words| words.starts_with("tests/") || words.starts_with("cargo run"))
        .collect()
}

/// Returns true if there is such a command, with such a first argument.
fn exists(root: &Path, command: &str) -> bool {
    let mut words = command.split(' ');
    let program = words.next().unwrap_or_default();
    if program == "cargo" {
        let example = command.split("--example ").nth(1).unwrap_or_default();
        let packages = ["protocol", "node/policy", "node/verification"];
        return packages
            .iter()
            .any(|package| root.join(format!("{package}/examples/{example}.rs")).is_file());
    }
    let Ok(source) = fs::read_to_string(root.join(program)) else {
        return false;
    };
    words.next().is_none_or(|first| source.contains(&format!("  {first})")))
}

#[test]
fn every_table_of_the_readme_names_the_command_that_makes_it() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("a workspace");
    let readme = fs::read_to_string(root.join("README.md")).expect("a README");
    let (mut named, mut tables, mut before) = (None, 0, "");
    for line in section(&readme, "## What it costs") {
        let found = commands(line);
        for command in &found {
            assert!(exists(root, command), "`{command}` is not there");
        }
        named = found.last().copied().or(named);
        if line.starts_with("The same command") {
            assert!(named.is_some(), "{line}");
        }
        if line.starts_with("|---") {
            tables += 1;
            assert!(named.is_some(), "no command stands above the table {before}");
        }
        let has_numbers = line.chars().any(|letter| letter.is_ascii_digit());
        assert!(
            !has_numbers || named.is_some() || !found.is_empty(),
            "no command makes these: {line}"
        );
        before = line;
    }
    assert!(tables >= 3, "{tables} tables: is the rule still right?");
    // The rule can fail.
    assert!(!exists(root, "tests/bench nothing") && !exists(root, "tests/nothing"));
}
