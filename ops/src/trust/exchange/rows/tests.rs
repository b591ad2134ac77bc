use super::*;

fn read(cells: &[(&str, &'static str)]) -> Result<Row, String> {
    let cell = |name: &str| {
        let found = cells.iter().find(|(known, _)| *known == name);
        found.map(|(_, text)| *text).filter(|text| !text.is_empty())
    };
    row(&cell)
}

#[test]
fn what_a_file_says_otherwise_is_told_and_what_it_leaves_out_is_not() {
    let base: &[(&str, &'static str)] = &[
        ("issuer", "did:key:z6Mk"),
        ("purposes", "renewal"),
        ("until", "2027-01-01"),
    ];
    let stands = Row {
        from: Some(Timestamp(1_700_000_000_000)),
        attestation: Some(Attestation::OwnReview),
        ..read(base).unwrap()
    };
    assert_eq!(
        read(base).unwrap().differences(&stands),
        [""; 0],
        "the file leaves out when it began"
    );
    let mut changed = base.to_vec();
    changed[2] = ("until", "2028-06-30");
    changed.extend([
        ("stands_alone", "true"),
        ("conditions", r#"["x"]"#),
        ("from", "2024-01-01"),
    ]);
    let told = read(&changed).unwrap();
    assert_eq!(told.key(), stands.key());
    let told = told.differences(&stands);
    for (what, difference) in [
        "from: 2023",
        "until: 2027-01-01",
        "stands alone: no",
        "conditions: none",
    ]
    .iter()
    .zip(&told)
    {
        assert!(difference.starts_with(what), "{difference}");
    }
    assert_eq!(told.len(), 4, "{told:?}");
}

#[test]
fn a_row_is_read_with_its_scope_its_term_and_its_conditions() {
    let good = read(&[
        ("issuer", "did:key:z6Mk"),
        ("purposes", "renewal salary"),
        (
            "scope",
            r#"{"stack":{"name":"Reading","achievements":["https://a.example/1"]}}"#,
        ),
        ("until", "2029-07-01"),
        ("may_be_followed", "true"),
        ("conditions", r#"["the district approves"]"#),
    ])
    .unwrap();
    assert_eq!(good.purposes, [Purpose::Renewal, Purpose::Salary]);
    assert!(good.may_be_followed && !good.stands_alone && good.from.is_none());
    assert_eq!((good.scope.ids().len(), good.conditions.len()), (1, 1));
    for (column, text, said) in [
        ("purposes", "fun", "`fun` is no purpose"),
        ("until", "soon", "until: "),
        ("stands_alone", "yes", "neither `true` nor `false`"),
        ("scope", "everything", "scope: "),
        ("attestation", "hearsay", "own_review"),
    ] {
        let mut cells = vec![(column, text), ("issuer", "did:key:z6Mk"), ("purposes", "renewal")];
        cells.dedup_by_key(|(name, _)| *name);
        let wrong = read(&cells).unwrap_err();
        assert!(wrong.contains(said), "{wrong}");
    }
    assert!(
        read(&[("purposes", "renewal")])
            .unwrap_err()
            .contains("`issuer` is empty")
    );
    // An agency instead of an issuer; never both, and nothing that is for issuers alone.
    let agency = [("agency", "US-TN"), ("purposes", "renewal"), ("depth", "2")];
    let row = read(&agency).unwrap();
    let RowRequest::Agency(new) = row.request().unwrap() else {
        panic!("{row:?}");
    };
    assert_eq!((new.of.as_str(), new.depth), ("US-TN", 2));
    assert_eq!(new.attestation, Attestation::AdoptedReview);
    for (column, text, said) in [
        ("issuer", "did:key:z6Mk", "and not both"),
        ("stands_alone", "true", "are for issuers"),
        ("depth", "far", "depth: "),
    ] {
        let mut cells = vec![(column, text)];
        cells.extend(agency);
        let wrong = read(&cells).unwrap_err();
        assert!(wrong.contains(said), "{wrong}");
    }
}
