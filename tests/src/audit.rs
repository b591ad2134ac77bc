//! The audit at a scenario's end: reading what the nodes hold, and comparing it.
//!
//! [`NodeHolding::of`] reads; [`discrepancies`] compares, purely, so that its own tests show that it can find each fault.

use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
};

use agency::registry::{AgencyState, SharedRegistry};
use node::config::Config;
use protocol::{
    DocumentId, Hash, Put,
    log::{AgencyLog, AppendOutcome},
    status_list, trust_list,
};
use registry_schema::{
    AgencyId,
    recognition::{AgencyRecognitionEntry, RecognitionEntry},
};
use storage::Store;

/// A row as a store has it: document, key, surviving values.
pub type StoredRow = (String, String, Vec<Vec<u8>>);

/// One node's holdings of one agency.
#[derive(Clone, Debug)]
pub struct NodeHolding {
    /// The node's name.
    pub node: AgencyId,
    /// Of whose lists.
    pub of: AgencyId,
    /// The rows in its store.
    pub rows: Vec<StoredRow>,
    /// The rows that follow from the envelopes in its store, folded without automerge.
    pub folded: Vec<StoredRow>,
    /// The envelopes in its store, as often as they stand there.
    pub envelopes: Vec<Hash>,
    /// The lines from which its registry answers; none, if the node was not asked.
    pub answers: Option<BTreeSet<String>>,
    /// The things that cannot even be read.
    pub broken: Vec<String>,
}

/// Something that cannot be undone, of which an operator was told that it is done.
#[derive(Clone, Debug)]
pub struct AcknowledgedPut {
    /// The operator's agency.
    pub agency: AgencyId,
    /// The act, in words.
    pub what: String,
    /// The put that must survive everywhere.
    pub put: Put,
}

impl NodeHolding {
    /// Everything that a node holds.
    ///
    /// # Panics
    /// If its store cannot be read at all.
    pub async fn of(node: &AgencyId, store: &Store, registry: Option<&SharedRegistry>) -> Vec<Self> {
        let stored = store.load_log().await.expect("a store that can be read");
        let mut holdings = Vec::new();
        for key_log in stored.key_logs {
            let genesis = key_log.genesis();
            let of = key_log.founding().agency.clone();
            let rows = store.entries(genesis).await.expect("a store that can be read");
            let mut broken = Vec::new();
            let mut envelopes = Vec::new();
            let mut log = AgencyLog::new(key_log);
            for (_, signed) in stored.envelopes.iter().filter(|(agency, _)| *agency == genesis) {
                match signed.clone().verify(log.key_log()) {
                    Err(refused) => broken.push(format!("an envelope in the store is refused: {refused}")),
                    Ok(envelope) => {
                        let hash = envelope.hash();
                        envelopes.push(hash);
                        match log.append(envelope) {
                            Ok(AppendOutcome::Kept { .. } | AppendOutcome::Known | AppendOutcome::Filled(_)) => {}
                            Ok(AppendOutcome::Refused(refused)) => broken.push(format!("{hash} is refused: {refused}")),
                            Ok(AppendOutcome::Missing(_)) => broken.push(format!("{hash} stands before its parents")),
                            Err(error) => broken.push(format!("{hash}: {error}")),
                        }
                    }
                }
            }
            let folded = log.fold_without_automerge().expect("envelopes in memory");
            let mut folded: Vec<StoredRow> = folded
                .into_iter()
                .map(|row| (row.document.to_string(), row.key, row.values))
                .collect();
            folded.sort();
            let answers = registry.map(|registry| {
                let registry = registry.snapshot();
                registry
                    .agency(&of)
                    .map(|lists| answers(lists, &rows))
                    .unwrap_or_default()
            });
            holdings.push(Self {
                node: node.clone(),
                of,
                rows,
                folded,
                envelopes,
                answers,
                broken,
            });
        }
        holdings
    }

    /// Everything that the store in a node's data directory holds, whether the node runs or not.
    ///
    /// # Panics
    /// If the store cannot be read at all.
    pub async fn in_store(node: &str, data: &Path) -> Vec<Self> {
        let database = Config::load(data)
            .expect("a configuration")
            .postgres()
            .expect("a database");
        let store = Store::open(data, database.as_ref()).await;
        let store = store.expect("a store that can be opened");
        let holdings = Self::of(&node.parse().expect("an agency's name"), &store, None).await;
        store.close().await;
        holdings
    }
}

/// Returns what a registry answers from about one agency, in lines that can be compared.
fn answers(lists: &AgencyState, rows: &[StoredRow]) -> BTreeSet<String> {
    let mut lines: BTreeSet<String> = lists.issuers().map(|issuer| format!("{issuer:?}")).collect();
    lines.extend(lists.recognitions().map(|entry| format!("{entry:?}")));
    lines.extend(lists.agency_recognitions().map(|entry| format!("{entry:?}")));
    lines.extend(lists.policy_entries().map(|entry| format!("{entry:?}")));
    let numbers: BTreeSet<u32> = rows
        .iter()
        .filter_map(|(document, ..)| match document.parse() {
            Ok(DocumentId::StatusList(number)) => Some(number),
            _ => None,
        })
        .collect();
    for number in numbers {
        let Some(list) = lists.list(number) else { continue };
        let slots: BTreeSet<u32> = list.all_revoked().chain(list.all_suspended()).collect();
        lines.extend(
            slots
                .into_iter()
                .map(|slot| format!("{number}/{slot}: {:?}", list.state(slot).0)),
        );
        lines.extend(
            list.reserved()
                .iter()
                .map(|(span, start)| format!("{number}: {span:?} reserved by {start:?}")),
        );
    }
    lines
}

/// Returns what a registry should answer from, by the rows in its node's store.
fn expected_answers(of: &AgencyId, rows: &[StoredRow]) -> BTreeSet<String> {
    use registry_schema::StatusState;
    let mut lines = BTreeSet::new();
    let mut recognitions = BTreeMap::new();
    let mut withdrawals = BTreeMap::new();
    let mut followed = BTreeMap::new();
    let mut states: BTreeMap<(u32, u32), StatusState> = BTreeMap::new();
    for (document, key, values) in rows {
        match document.parse() {
            Ok(DocumentId::TrustList) => match trust_list::fold(key, values) {
                Some(trust_list::TrustListEntry::Issuer(issuer)) => {
                    lines.insert(format!("{issuer:?}"));
                }
                Some(trust_list::TrustListEntry::Recognition(id, Some(recognition))) => {
                    recognitions.insert(id, recognition);
                }
                Some(trust_list::TrustListEntry::Withdrawal(id, withdrawal)) => {
                    withdrawals.insert(id, withdrawal);
                }
                Some(trust_list::TrustListEntry::Agency(id, Some(recognition))) => {
                    followed.insert(id, recognition);
                }
                // How issuers stand is read back through verdicts.
                Some(
                    trust_list::TrustListEntry::Recognition(_, None)
                    | trust_list::TrustListEntry::Agency(_, None)
                    | trust_list::TrustListEntry::Registration(_),
                )
                | None => {}
            },
            Ok(DocumentId::Policy) => {
                let entries = protocol::policy::fold(key, values);
                lines.extend(entries.iter().map(|entry| format!("{entry:?}")));
            }
            Ok(DocumentId::StatusList(list)) => match status_list::fold(key, values) {
                Some(status_list::StatusListEntry::Revoked { index, .. }) => {
                    states.insert((list, index), StatusState::Revoked);
                }
                Some(status_list::StatusListEntry::Suspended { index, change })
                    if change.state == StatusState::Suspended =>
                {
                    states.entry((list, index)).or_insert(StatusState::Suspended);
                }
                Some(status_list::StatusListEntry::Reserved { span, start }) => {
                    lines.insert(format!("{list}: {span:?} reserved by {start:?}"));
                }
                Some(
                    status_list::StatusListEntry::Suspended { .. } | status_list::StatusListEntry::Expunged { .. },
                )
                | None => {}
            },
            _ => {}
        }
    }
    lines.extend(
        states
            .into_iter()
            .map(|((list, slot), state)| format!("{list}/{slot}: {state:?}")),
    );
    lines.extend(followed.into_iter().map(|(id, recognition)| {
        let entry = AgencyRecognitionEntry {
            agency: of.clone(),
            recognition,
            withdrawn: withdrawals.get(&id).cloned(),
            waits: false,
        };
        format!("{entry:?}")
    }));
    lines.extend(recognitions.into_iter().map(|(id, recognition)| {
        let withdrawn = withdrawals.get(&id).cloned();
        format!(
            "{:?}",
            RecognitionEntry {
                agency: of.clone(),
                recognition,
                withdrawn,
                waits: false,
            }
        )
    }));
    lines
}

/// Everything that is wrong. `all_meet`: every node can hear every other, so that they must hold the same.
pub fn discrepancies(holdings: &[NodeHolding], acknowledged: &[AcknowledgedPut], all_meet: bool) -> Vec<String> {
    let mut found = Vec::new();
    for holding in holdings {
        let NodeHolding {
            node,
            of,
            rows,
            folded,
            envelopes,
            answers,
            broken,
        } = holding;
        found.extend(broken.iter().map(|what| format!("at {node}, of {of}: {what}")));
        if let Some(difference) = difference(rows, folded) {
            found.push(format!(
                "at {node}, the rows of {of} do not follow from its envelopes: {difference}"
            ));
        }
        let distinct: BTreeSet<&Hash> = envelopes.iter().collect();
        if distinct.len() != envelopes.len() {
            found.push(format!("at {node}, an envelope of {of} is stored twice"));
        }
        let expected = expected_answers(of, rows);
        if answers.as_ref().is_some_and(|answers| *answers != expected) {
            found.push(format!(
                "at {node}, the registry answers otherwise about {of} than the store: {answers:?}, not {expected:?}"
            ));
        }
    }
    let nodes: BTreeSet<&AgencyId> = holdings.iter().map(|holding| &holding.node).collect();
    for act in acknowledged {
        let must = nodes.iter().filter(|node| all_meet || **node == &act.agency);
        for node in must {
            let holding = holdings
                .iter()
                .find(|holding| holding.node == **node && holding.of == act.agency);
            let survives = holding.is_some_and(|holding| {
                holding.rows.iter().any(|(document, key, values)| {
                    *document == act.put.document.to_string() && *key == act.put.key && values.contains(&act.put.value)
                })
            });
            if !survives {
                found.push(format!(
                    "acknowledged by {} and lost at {node}: {}",
                    act.agency, act.what
                ));
            }
        }
    }
    if all_meet {
        found.extend(differences_between_nodes(holdings, &nodes));
    }
    found
}

fn differences_between_nodes(holdings: &[NodeHolding], nodes: &BTreeSet<&AgencyId>) -> Vec<String> {
    let mut found = Vec::new();
    let agencies: BTreeSet<&AgencyId> = holdings.iter().map(|holding| &holding.of).collect();
    for of in agencies {
        let mut first: Option<&NodeHolding> = None;
        for node in nodes {
            let Some(holding) = holdings
                .iter()
                .find(|holding| holding.node == **node && holding.of == *of)
            else {
                found.push(format!("{node} does not know {of}"));
                continue;
            };
            let Some(first) = first else {
                first = Some(holding);
                continue;
            };
            if let Some(difference) = difference(&first.rows, &holding.rows) {
                found.push(format!("{} and {node} differ on {of}: {difference}", first.node));
            }
            let sets = [first, holding].map(|h| h.envelopes.iter().collect::<BTreeSet<_>>());
            if sets[0] != sets[1] {
                let counts = sets.map(|set| set.len());
                found.push(format!(
                    "{} and {node} hold other envelopes of {of}: {counts:?}",
                    first.node
                ));
            }
        }
    }
    found
}

fn difference(one: &[StoredRow], other: &[StoredRow]) -> Option<String> {
    let [one, other] = [one, other].map(|rows| rows.iter().collect::<BTreeSet<_>>());
    let differing = one.symmetric_difference(&other).next()?;
    let side = if one.contains(*differing) {
        "only the first"
    } else {
        "only the second"
    };
    Some(format!("{side} has `{}` `{}`", differing.0, differing.1))
}

#[cfg(test)]
mod tests {
    use registry_schema::{StatusReason, Timestamp};

    use super::*;

    fn row(put: &Put) -> StoredRow {
        (put.document.to_string(), put.key.clone(), vec![put.value.clone()])
    }

    fn revocation() -> Put {
        status_list::revoke(7, 4711, StatusReason::Misconduct, Timestamp(1_000))
    }

    /// Two nodes that hold the same revocation of SC's.
    fn sound() -> (Vec<NodeHolding>, Vec<AcknowledgedPut>) {
        let of: AgencyId = "US-SC".parse().unwrap();
        let rows = vec![row(&revocation())];
        let holding = |node: &str| NodeHolding {
            node: node.parse().unwrap(),
            of: of.clone(),
            rows: rows.clone(),
            folded: rows.clone(),
            envelopes: vec![Hash([1; 32])],
            answers: Some(BTreeSet::from(["7/4711: Revoked".to_owned()])),
            broken: vec![],
        };
        let acknowledged = vec![AcknowledgedPut {
            agency: of.clone(),
            what: "a revocation".into(),
            put: revocation(),
        }];
        (vec![holding("US-SC"), holding("US-TN")], acknowledged)
    }

    fn report(spoil: impl FnOnce(&mut Vec<NodeHolding>), all_meet: bool) -> String {
        let (mut holdings, acknowledged) = sound();
        spoil(&mut holdings);
        discrepancies(&holdings, &acknowledged, all_meet).join("\n")
    }

    #[test]
    fn nothing_is_found_where_nothing_is_wrong() {
        assert_eq!(report(|_| {}, true), "");
    }

    #[test]
    fn each_fault_is_found() {
        let other = row(&status_list::revoke(
            7,
            4711,
            StatusReason::Superseded,
            Timestamp(2_000),
        ));
        type HoldingMutation = Box<dyn FnOnce(&mut Vec<NodeHolding>)>;
        let cases: [(&str, HoldingMutation); 8] = [
            ("the rows of US-SC do not follow", Box::new(|h| h[1].folded.clear())),
            (
                "US-SC and US-TN differ on US-SC",
                Box::new(move |h| h[1].rows = vec![other]),
            ),
            ("lost at US-TN: a revocation", Box::new(|h| h[1].rows.clear())),
            (
                "the registry answers otherwise",
                Box::new(|h| h[1].answers = Some(BTreeSet::new())),
            ),
            ("is stored twice", Box::new(|h| h[1].envelopes.push(Hash([1; 32])))),
            (
                "hold other envelopes",
                Box::new(|h| h[1].envelopes = vec![Hash([2; 32])]),
            ),
            (
                "at US-TN, of US-SC: bad disk",
                Box::new(|h| h[1].broken.push("bad disk".into())),
            ),
            (
                "US-TN does not know US-SC",
                Box::new(|h| h[1].of = "US-TN".parse().unwrap()),
            ),
        ];
        for (expected, spoil) in cases {
            let found = report(spoil, true);
            assert!(found.contains(expected), "not found: {expected}\n{found}");
        }
    }

    #[test]
    fn nodes_that_cannot_meet_may_differ_but_not_from_themselves() {
        let spoil = |h: &mut Vec<NodeHolding>| {
            h[1].rows.clear();
            h[1].folded.clear();
            h[1].envelopes.clear();
            h[1].answers = Some(BTreeSet::new());
        };
        assert_eq!(report(spoil, false), "");
        assert!(report(spoil, true).contains("differ"));
        assert!(report(|h| h[0].rows.clear(), false).contains("lost at US-SC"));
    }
}
