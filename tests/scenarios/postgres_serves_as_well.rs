//! A node keeps its promises on PostgreSQL as on SQLite.

use registry_schema::{Reason, VerdictKind};
use tests::{Answer as _, Federation, Keeping, Rhythm, Scene};

#[tokio::test(flavor = "multi_thread")]
async fn a_federation_on_postgresql_revokes_restarts_and_loses_nothing() {
    let federation = Federation::start_on(&["US-NC", "US-SC", "US-TN"], Rhythm::default(), Keeping::Postgres).await;
    let Scene { federation, badge, .. } = federation.gains_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.revokes(&badge, Reason::EvidenceInvalid).await;
    federation
        .awaits(federation.agency("US-TN"), &badge, VerdictKind::NotValid)
        .await;

    for id in ["US-SC", "US-TN"] {
        federation.agency(id).stops().await;
        federation.agency(id).starts().await;
        federation
            .employer_at(id)
            .verifies(&badge)
            .await
            .is(VerdictKind::NotValid);
    }
    federation.audit().await;
}
