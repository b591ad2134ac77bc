//! Machines of their own for nodes: network namespaces of Linux, joined by a switch, whose cables can be pulled. What is
//! sent into a pulled cable is lost without a word, as on a real one; a proxy would answer.

use std::{io::Write as _, process::Command};

use tokio::process::Command as Running;

use crate::program::{self, Program, ProgramOutput};

/// Machines on one network. They are gone when this is dropped.
#[derive(Debug)]
pub struct NetworkNamespaces {
    prefix: String,
    names: Vec<String>,
}

fn ip(line: &str) -> Result<(), String> {
    let done = Command::new("ip").args(line.split(' ')).output();
    let done = done.map_err(|error| format!("`ip` cannot be run: {error}"))?;
    if done.status.success() {
        Ok(())
    } else {
        let said = String::from_utf8_lossy(&done.stderr);
        Err(format!("ip {line}: {}", said.trim()))
    }
}

impl NetworkNamespaces {
    /// So many machines with these names, of at most 4 letters each.
    ///
    /// # Errors
    /// Why this machine cannot have namespaces: it takes root, and `ip` of iproute2.
    pub fn new(names: &[&str]) -> Result<Self, String> {
        let machines = Self {
            prefix: format!("c{}", std::process::id()),
            names: names.iter().map(|name| (*name).to_owned()).collect(),
        };
        let hub = machines.space("hub");
        ip(&format!("netns add {hub}"))?;
        ip(&format!("-n {hub} link add name br0 type bridge"))?;
        ip(&format!("-n {hub} link set br0 up"))?;
        for name in names {
            let space = machines.space(name);
            ip(&format!("netns add {space}"))?;
            ip(&format!(
                "-n {hub} link add name {name} type veth peer name eth0 netns {space}"
            ))?;
            ip(&format!("-n {hub} link set {name} master br0"))?;
            ip(&format!("-n {hub} link set {name} up"))?;
            let address = machines.address(name);
            ip(&format!("-n {space} addr add {address}/24 dev eth0"))?;
            ip(&format!("-n {space} link set eth0 up"))?;
            ip(&format!("-n {space} link set lo up"))?;
        }
        Ok(machines)
    }

    fn space(&self, name: &str) -> String {
        format!("{}-{name}", self.prefix)
    }

    /// Returns the address of a machine on the network.
    ///
    /// # Panics
    /// If there is none of this name.
    pub fn address(&self, name: &str) -> String {
        let at = self.names.iter().position(|known| known == name);
        format!("10.77.0.{}", at.unwrap_or_else(|| panic!("no machine {name}")) + 1)
    }

    /// Pulls a machine's cable, or puts it back.
    ///
    /// # Panics
    /// If that cannot be done.
    pub fn set_cable(&self, name: &str, whole: bool) {
        let state = if whole { "up" } else { "down" };
        ip(&format!("-n {} link set {name} {state}", self.space("hub"))).expect("a cable");
    }

    fn on(&self, machine: &str, program: &str) -> Running {
        let mut command = program::bare("ip");
        command.args(["netns", "exec", &self.space(machine)]);
        command.arg(program::path_of(program));
        command
    }

    /// Starts `comityd` on a machine.
    pub fn starts(&self, machine: &str, arguments: &[&str]) -> Program {
        let mut command = self.on(machine, "comityd");
        command.args(arguments);
        Program::spawn(command)
    }

    /// Runs `comity` on a machine to its end.
    pub async fn comity(&self, machine: &str, arguments: &[&str]) -> ProgramOutput {
        let mut command = self.on(machine, "comity");
        let piped = std::process::Stdio::piped;
        command.args(arguments).stdout(piped()).stderr(piped());
        program::finish(command, b"").await
    }
}

impl Drop for NetworkNamespaces {
    fn drop(&mut self) {
        for name in self.names.iter().map(String::as_str).chain(["hub"]) {
            // One that was never made, or is gone, is no matter.
            let _ = ip(&format!("netns del {}", self.space(name)));
        }
    }
}

/// Says, past the test harness, which shows nothing of a test that passes, that something was not tested.
pub fn skipped(what: &str, why: &str) {
    let _ = writeln!(std::io::stderr(), "skipped: {what}: {why}");
}
