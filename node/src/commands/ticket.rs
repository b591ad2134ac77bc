//! `comityd ticket`: what others need to follow this node.

use std::io::{self, IsTerminal as _};

use anyhow::Context as _;
use clap::Args;
use node::{
    init,
    terminal::{complain, say},
};

use super::DataArgs;

/// The arguments that are typed after it.
#[derive(Debug, Args)]
pub(crate) struct TicketArgs {
    #[command(flatten)]
    data: DataArgs,
    /// Print the text alone, without the QR code that a terminal shows.
    #[arg(long)]
    no_qr: bool,
    /// Print it as JSON.
    #[arg(long, conflicts_with = "toml")]
    json: bool,
    /// Print what goes into another node's `comity.toml` instead.
    #[arg(long)]
    toml: bool,
}

/// Light on dark, as most terminals are.
fn drawn(code: &qrcode::QrCode) -> String {
    use qrcode::render::unicode::Dense1x2;
    let mut drawing = code.render::<Dense1x2>();
    drawing.dark_color(Dense1x2::Light).light_color(Dense1x2::Dark).build()
}

/// Prints it.
pub(crate) async fn show(which: &TicketArgs) -> anyhow::Result<()> {
    if which.toml {
        let peer = init::peer_config(&which.data.data)?;
        say(&peer.to_toml()?);
        return Ok(());
    }
    let ticket = init::ticket(&which.data.data).await?;
    if which.json {
        say(&serde_json::json!({
            "ticket": ticket.to_string(), "agency": ticket.agency, "name": ticket.name,
            "genesis": ticket.genesis.to_string(), "node": ticket.node, "addresses": ticket.addresses, "url": ticket.url,
        })
        .to_string());
        return Ok(());
    }
    // In a pipe the ticket is read by a program.
    if !which.no_qr && io::stdout().is_terminal() {
        let code = qrcode::QrCode::new(ticket.in_capitals()).context("the ticket is too long for a QR code")?;
        say(&drawn(&code));
    }
    say(&ticket.to_string());
    complain(&format!(
        "fingerprint, to compare with whoever adds it: {}",
        ticket.fingerprint()
    ));
    if ticket.addresses.is_empty() {
        tracing::warn!("the ticket says no address: set `peer_addresses` in comity.toml, or peers wait to be called");
    }
    Ok(())
}
