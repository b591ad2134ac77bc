//! A federation on this machine, to try: real nodes, real libp2p, real stores, in one process.

mod agencies;
mod samples;
mod teacher;

use std::{
    collections::BTreeMap,
    fs,
    net::{Ipv4Addr, SocketAddr, TcpListener},
    path::{Path, PathBuf},
};

use anyhow::Context as _;
use clap::Args;
use registry_schema::AgencyId;

use crate::{
    Node,
    config::{Config, PeerConfig},
    init::{self, InitOptions},
    terminal::say,
};
use platform::{clock::Clock, private};

use agencies::AGENCIES;

/// The options with which a demo is started.
#[derive(Clone, Debug, Args)]
pub struct DemoArgs {
    /// The folder to keep everything in; a second start continues there.
    #[arg(long, default_value = "comity-demo", value_name = "DIR")]
    pub dir: PathBuf,
    /// The first node's HTTP port; the others follow it. Peers meet 100 ports above.
    #[arg(long, default_value_t = 7400, value_parser = clap::value_parser!(u16).range(1..=65_300))]
    pub port: u16,
    /// The number of agencies: North Carolina, South Carolina, Tennessee, and up to 55 more. With 15 they are the 13 states
    /// and two districts of whose rules samples are shipped.
    #[arg(long, default_value_t = 3, value_parser = clap::value_parser!(u8).range(3..=58))]
    pub agencies: u8,
    /// Leave an agency's node stopped, to see what the others then say; may be given several times.
    #[arg(long, value_name = "US-SC")]
    pub without: Vec<AgencyId>,
    /// For how many seconds an agency's word counts after it was last heard; past them, "could not check".
    #[arg(long, default_value_t = 86_400, value_parser = clap::value_parser!(u32).range(5..=345_600), value_name = "SECONDS")]
    pub heartbeat_term: u32,
    /// Written when all nodes answer and the samples are there.
    #[arg(long, value_name = "FILE")]
    pub ready_file: Option<PathBuf>,
}

/// Ends when somebody presses Ctrl-C, or the system asks the process to end.
pub async fn shutdown_signal() {
    let mut term = match tokio::signal::unix::signal(tokio::signal::unix::SignalKind::terminate()) {
        Ok(term) => term,
        Err(error) => {
            tracing::error!(%error, "the end signal cannot be heard");
            return;
        }
    };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = term.recv() => {}
    }
}

/// Runs a demo until `end`.
///
/// # Errors
/// If a port is taken or the directory cannot be used.
pub async fn run(options: DemoArgs, end: impl Future<Output = ()>) -> anyhow::Result<()> {
    let chosen: Vec<(AgencyId, &str)> = AGENCIES
        .iter()
        .take(options.agencies.into())
        .map(|(id, name)| Ok((id.parse()?, *name)))
        .collect::<anyhow::Result<_>>()?;
    for id in &options.without {
        anyhow::ensure!(
            chosen.iter().any(|(other, _)| other == id),
            "`--without {id}`: this demo has no such agency"
        );
    }
    anyhow::ensure!(options.without.len() < chosen.len(), "at least one node must run");
    let seeded = options.dir.join("seeded");
    anyhow::ensure!(
        seeded.exists() || options.without.is_empty(),
        "`--without` is for a demo that ran before: start it once with all agencies"
    );

    if let Some(file) = options.ready_file.as_deref().filter(|file| file.exists()) {
        fs::remove_file(file).with_context(|| format!("`{}` cannot be removed", file.display()))?;
    }
    say(&format!(
        "starting {} agencies in `{}` …",
        chosen.len(),
        options.dir.display()
    ));
    let configs = prepare(&options, &chosen).await?;
    let mut nodes: BTreeMap<AgencyId, Node> = BTreeMap::new();
    for (id, config) in configs {
        if !options.without.contains(&id) {
            let data = options.dir.join(folder_name(&id));
            let node = crate::start(&data, config, Clock::default()).await;
            nodes.insert(
                id.clone(),
                node.with_context(|| format!("the node of {id} cannot start"))?,
            );
        }
    }
    if !seeded.exists() {
        samples::seed(&nodes, &options.dir).await?;
        fs::write(&seeded, "the samples are there\n")?;
    }
    introduce(&options, &nodes).await?;
    if let Some(file) = &options.ready_file {
        fs::write(file, "ready\n").with_context(|| format!("`{}` cannot be written", file.display()))?;
    }
    end.await;
    say("\nstopping …");
    for (_, node) in nodes {
        node.stop().await;
    }
    say("stopped; start it again and it continues where it was");
    Ok(())
}

/// Makes what is missing of the data directories, and tells every node of all others.
async fn prepare(options: &DemoArgs, chosen: &[(AgencyId, &str)]) -> anyhow::Result<Vec<(AgencyId, Config)>> {
    let mut tickets: Vec<PeerConfig> = Vec::new();
    for (port, (id, name)) in (options.port..).zip(chosen) {
        let data = options.dir.join(folder_name(id));
        let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, port));
        // Before anything is made: badges name the port, so a directory keeps it for good.
        if !options.without.contains(id) {
            TcpListener::bind(listen).with_context(|| {
                format!("the node of {id} cannot answer at `{listen}`: is another node running there?")
            })?;
        }
        if Config::path(&data).exists() {
            let known = Config::load(&data)?.listen;
            anyhow::ensure!(
                known == listen,
                "`{}` was made for port {}: its badges name it. Use `--port {}`, or another `--dir`",
                options.dir.display(),
                known.port(),
                known.port().saturating_sub(port - options.port)
            );
        } else {
            let peer_port = port + 100;
            let beginning = InitOptions {
                agency: id.clone(),
                name: (*name).to_owned(),
                url: format!("http://{listen}"),
                listen,
                peer_listen: vec![
                    format!("/ip4/127.0.0.1/tcp/{peer_port}"),
                    format!("/ip4/127.0.0.1/udp/{peer_port}/quic-v1"),
                ],
                database: None,
                database_tls: None,
                root_out: None,
            };
            let now = Clock::default().now();
            init::init(&data, beginning, now).await?;
            let token = init::add_operator(&data, "demo", now).await?;
            let profile = format!("node = \"http://{listen}\"\nagency = \"{id}\"\ntoken = \"{token}\"\n");
            write_secret(
                &options.dir.join("profiles").join(format!("{}.toml", folder_name(id))),
                &profile,
            )?;
        }
        tickets.push(init::peer_config(&data)?);
    }
    let mut configs = Vec::new();
    for (id, _) in chosen {
        let data = options.dir.join(folder_name(id));
        let mut config = Config::load(&data)?;
        config.peers = tickets.iter().filter(|ticket| ticket.agency != *id).cloned().collect();
        config.heartbeat_term_seconds = options.heartbeat_term;
        config.registration.public_history = true;
        config.heartbeat_every_seconds = (options.heartbeat_term / 4).clamp(1, 300);
        config.save(&data)?;
        configs.push((id.clone(), config));
    }
    Ok(configs)
}

/// Returns the name of an agency's folder and profile: a district's colon means something else in paths to some programs.
fn folder_name(id: &AgencyId) -> String {
    id.as_str().replace(':', "-")
}

fn write_secret(path: &Path, text: &str) -> anyhow::Result<()> {
    if let Some(folder) = path.parent() {
        private::folder(folder)?;
    }
    private::replace(path, text.as_bytes())
}

/// Says where everything is, and what to try.
async fn introduce(options: &DemoArgs, nodes: &BTreeMap<AgencyId, Node>) -> anyhow::Result<()> {
    let dir = options.dir.display();
    let comity = operators_command();
    let mut text = String::from("\n");
    let width = nodes.keys().map(|id| id.as_str().len()).max().unwrap_or_default();
    let mut by_port: Vec<(&AgencyId, &Node)> = nodes.iter().collect();
    by_port.sort_by_key(|(_, node)| node.http);
    for (id, node) in &by_port {
        let name = node
            .registry
            .snapshot()
            .home()
            .map(|home| home.name.clone())
            .unwrap_or_default();
        text.push_str(&format!("  {:<width$}  {name:<20} http://{}\n", id.as_str(), node.http));
    }
    for id in &options.without {
        text.push_str(&format!("  {:<width$}  stopped\n", id.as_str()));
    }
    text.push_str(&format!(
        "\nsample badges, one for each verdict: {dir}/badges/\n\ntry, in another terminal:\n"
    ));
    let Some((_, first)) = by_port.first() else {
        return Ok(());
    };
    text.push_str(&format!(
        "  open http://{} in a browser and drop {dir}/badges/accepted.json on the page\n\n",
        first.http
    ));
    text.push_str(&format!(
        "  {comity} verify {dir}/badges/accepted.json --node http://{}\n",
        first.http
    ));
    let code = samples::code_of_accepted(nodes, &options.dir).await;
    if let Some((_, true)) = code {
        text.push_str(
            "  (that badge was revoked in an earlier run, so it is red; a demo in another folder, `--dir`, begins anew)\n",
        );
    }
    if let Some((code, false)) = code {
        text.push_str(&format!(
            "  {comity} --profile {dir}/profiles/US-SC.toml credential revoke {code} --reason issued_in_error\n"
        ));
        text.push_str(&format!(
            "  {comity} verify {dir}/badges/accepted.json --node http://{}     # now it is red\n",
            first.http
        ));
    }
    text.push_str(&format!(
        "\n  {comity} policy worth {dir}/teacher/*.json --agency US-TN --node http://{}     # one teacher's badges, together\n",
        first.http
    ));
    text.push_str(&format!(
        "  {comity} policy worth {dir}/teacher/*.json --sample US-KY --node http://{}     # by a shipped sample of rules\n",
        first.http
    ));
    text.push_str("\nCtrl-C stops it.");
    say(&text);
    Ok(())
}

/// Returns the command that calls `comity` from where the person is: the program beside this one, or through cargo.
fn operators_command() -> String {
    let beside = std::env::current_exe()
        .ok()
        .map(|path| path.with_file_name("comity"))
        .filter(|path| path.exists());
    let here = std::env::current_dir().ok();
    match beside {
        Some(path) => {
            let short = here.and_then(|here| path.strip_prefix(here).ok().map(Path::to_path_buf));
            short.unwrap_or(path).display().to_string()
        }
        None => "cargo run -q --release --bin comity --".into(),
    }
}
