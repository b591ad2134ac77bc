use super::*;

fn recognition() -> Recognition {
    Recognition {
        id: "rec-1".into(),
        issuer: Issuer {
            id: "did:example:1".into(),
            name: "One".into(),
            agency: "US-SC".parse().unwrap(),
            verification_methods: vec![],
            url: None,
            provider: None,
            own_keys: None,
        },
        scope: RecognitionScope::All,
        purposes: vec![Purpose::Renewal],
        from: Timestamp(0),
        until: None,
        accepts_without_status: false,
        basis: RecognitionBasis::default(),
    }
}

/// Recognitions written before they could say what they rest on are read as before, and written byte for byte.
#[test]
fn the_default_basis_leaves_no_trace_in_the_bytes() {
    let plain = minicbor::to_vec(recognition()).unwrap();
    assert_eq!(plain.first(), Some(&0x87), "an array of seven");
    assert_eq!(minicbor::decode::<Recognition>(&plain).unwrap(), recognition());
    let more = Recognition {
        basis: RecognitionBasis {
            may_be_followed: true,
            conditions: vec!["the district approves beforehand".into()],
            ..RecognitionBasis::default()
        },
        ..recognition()
    };
    let bytes = minicbor::to_vec(&more).unwrap();
    assert_eq!(bytes.first(), Some(&0x88));
    assert_eq!(minicbor::decode::<Recognition>(&bytes).unwrap(), more);
}

#[test]
fn a_scope_covers_by_id_by_alignment_or_by_stack() {
    let ids = || vec!["a".to_owned(), "b".to_owned()];
    let stack = RecognitionScope::Stack(AchievementStack {
        name: "Reading".into(),
        achievements: ids(),
    });
    for scope in [RecognitionScope::Achievements(ids()), stack] {
        assert!(scope.covers(Some("a"), &[]) && !scope.covers(Some("c"), &ids()) && !scope.covers(None, &ids()));
    }
    let aligned = RecognitionScope::Aligned(ids());
    assert!(aligned.covers(None, &["b".into()]) && !aligned.covers(Some("a"), &["c".into()]));
    assert!(!RecognitionScope::Aligned(vec![]).is_within_limits() && RecognitionScope::All.is_within_limits());
    assert!(!RecognitionScope::Achievements(vec!["x".repeat(501)]).is_within_limits());
}
