//! An operator at a terminal, who is asked.

use std::process::Stdio;

use super::TestAgency;
use crate::program::{self, ProgramOutput};

impl TestAgency {
    /// Writes its operator's profile; gives where it is.
    pub(super) fn writes_profile(&self) -> String {
        let profile = self.data.join("operator.toml");
        let text = format!(
            "node = \"{}\"\nagency = \"{}\"\ntoken = \"{}\"\n",
            self.url, self.id, self.token
        );
        std::fs::write(&profile, text).expect("a profile");
        profile.to_str().expect("a path in Unicode").to_owned()
    }

    /// Its operator runs `comity` at a terminal, and types this. What it says to the operator and what it gives out stand
    /// there together, as on a screen.
    ///
    /// # Panics
    /// If there is no `script` (util-linux), or the profile cannot be written.
    pub async fn comity_at_a_terminal(&self, arguments: &[&str], typed: &str) -> ProgramOutput {
        let profile = self.writes_profile();
        let quoted = |word: &str| format!("'{}'", word.replace('\'', "'\\''"));
        let program = program::path_of("comity");
        let program = program.to_str().expect("a path in Unicode");
        let words = [program, "--profile", &profile]
            .into_iter()
            .chain(arguments.iter().copied());
        let line: Vec<String> = words.map(quoted).collect();
        let mut command = program::bare("script");
        command.args(["-qec", &line.join(" "), "/dev/null"]);
        command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        program::finish(command, typed.as_bytes()).await
    }
}
