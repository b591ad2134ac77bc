//! A node keeps its promises on PostgreSQL as on SQLite.

use registry_schema::{StatusReason, VerdictKind};
use tests::{ExchangeIntervals, Federation, StoreBackend, TeacherScenario, VerdictAssertions as _};

#[tokio::test(flavor = "multi_thread")]
async fn a_federation_on_postgresql_revokes_restarts_and_loses_nothing() {
    let federation = Federation::start_on(
        &["US-NC", "US-SC", "US-TN"],
        ExchangeIntervals::default(),
        StoreBackend::Postgres,
    )
    .await;
    let TeacherScenario { federation, badge, .. } = federation.gains_a_badge().await;
    let sc = federation.agency("US-SC");
    sc.revokes(&badge, StatusReason::EvidenceInvalid).await;
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
