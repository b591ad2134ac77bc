//! Changes by a route: tried dry, asked about, made, and shown.

use api_types::Route;
use serde::{Serialize, de::DeserializeOwned};

use crate::{CommandContext, client::Answer, out};

/// The line before everything that a dry run shows of a change.
const WOULD_SAY: &str = "Nothing was changed. Without --dry-run, it would say:";

impl CommandContext {
    /// Makes a change; in a dry run, has the node check it.
    pub(crate) async fn change<B: Serialize, A>(
        &self,
        route: &Route<B, A>,
        parameters: &[&str],
        body: &B,
    ) -> anyhow::Result<Answer<A>> {
        self.client.call(route, parameters, body, self.dry_run).await
    }

    /// Shows a person what a change would do, by a dry run, and asks before it is made.
    pub(crate) async fn asks_before<B: Serialize, A: DeserializeOwned>(
        &self,
        route: &Route<B, A>,
        parameters: &[&str],
        body: &B,
        shown: impl Fn(&A) -> String,
        question: impl Fn(&A) -> String,
    ) -> anyhow::Result<()> {
        if !self.asks() {
            return self.agrees("");
        }
        let would = self.client.call(route, parameters, body, true).await?.value()?;
        out::note(&shown(&would));
        self.agrees(&question(&would))
    }

    /// Shows what came of a change: as JSON, or as `render` has it. **Every change is shown here**, so that a dry run speaks
    /// of what would be, whatever the command's own words are.
    pub(crate) fn shows<A: DeserializeOwned>(
        &self,
        answer: &Answer<A>,
        render: impl Fn(&A) -> String,
    ) -> anyhow::Result<()> {
        match answer.value() {
            Ok(value) if !self.out.json && self.dry_run => {
                self.out.data(&format!("{WOULD_SAY}\n\n{}", render(&value)))?;
            }
            Ok(value) if !self.out.json => self.out.data(&render(&value))?,
            Err(error) if !self.out.json => return Err(error),
            _ => self.out.json(&answer.json)?,
        }
        if self.dry_run {
            out::note("dry run: nothing was changed");
        }
        Ok(())
    }
}
