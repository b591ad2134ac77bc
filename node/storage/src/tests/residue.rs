//! Tests that what is forgotten stands nowhere on the disk.

use super::*;
use crate::db::within;

/// The files of the store in which this text stands.
fn files_with(place: &TestDatabase, text: &str) -> Vec<String> {
    let files = std::fs::read_dir(place.folder.path()).unwrap();
    let mut found: Vec<String> = files
        .map(|file| file.unwrap().path())
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap_or_default();
            bytes.windows(text.len()).any(|window| window == text.as_bytes())
        })
        .map(|path| path.file_name().unwrap().to_string_lossy().into_owned())
        .collect();
    found.sort();
    found
}

fn name() -> String {
    let mut random = [0; 8];
    rand::rng().fill_bytes(&mut random);
    format!("Holder {:016x}", u64::from_be_bytes(random))
}

fn of(holder: &str, id: &str, slot: i64) -> LocalWrite {
    let mut new = credential(id, slot);
    new.issued.subject = holder.to_owned();
    new.document = format!("{{\"name\": \"{holder}\"}}");
    LocalWrite::Credential(new)
}

#[tokio::test]
async fn an_expunged_name_stands_in_no_file_once_the_act_is_done() {
    let [place, _] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    for number in 0..5 {
        let (gone, kept) = (name(), name());
        let ids = [format!("urn:uuid:gone-{number}"), format!("urn:uuid:kept-{number}")];
        let writes = [of(&gone, &ids[0], 2 * number), of(&kept, &ids[1], 2 * number + 1)];
        store.commit(&WriteBatch::default(), &writes, NOW).await.unwrap();
        assert!(!files_with(&place, &gone).is_empty(), "the control: it is there");
        // An everyday write meanwhile copies the page into the log once more.
        store
            .commit(
                &WriteBatch::default(),
                &[of(&name(), &format!("urn:uuid:{number}"), 100 + number)],
                NOW,
            )
            .await
            .unwrap();
        let expunged = LocalWrite::Expunged { id: ids[0].clone() };
        store.commit(&WriteBatch::default(), &[expunged], NOW).await.unwrap();
        assert_eq!(files_with(&place, &gone), Vec::<String>::new());
        assert_eq!(
            files_with(&place, &kept),
            ["registry.sqlite"],
            "what is kept is not lost"
        );
    }
}

#[tokio::test]
async fn a_forgotten_contact_stands_in_no_file_once_the_act_is_done() {
    let [place, _] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let contact = name();
    let application = ApplicationRow {
        id: "app-1".into(),
        name: "Palmetto".into(),
        url: None,
        contact: format!("{{\"name\": \"{contact}\"}}"),
        token_hash: vec![7; 32],
        applied_at: NOW.0,
        phase: "submitted".into(),
    };
    store
        .commit(&WriteBatch::default(), &[LocalWrite::Application(application)], NOW)
        .await
        .unwrap();
    assert!(!files_with(&place, &contact).is_empty(), "the control: it is there");
    let forgotten = LocalWrite::Contact {
        application: "app-1".into(),
        contact: "{}".into(),
    };
    store.commit(&WriteBatch::default(), &[forgotten], NOW).await.unwrap();
    assert_eq!(files_with(&place, &contact), Vec::<String>::new());
}

#[tokio::test]
async fn who_reads_holds_an_act_up_for_a_moment_and_the_log_is_emptied_after() {
    let [place, _] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    let gone = name();
    store
        .commit(&WriteBatch::default(), &[of(&gone, "urn:uuid:1", 8)], NOW)
        .await
        .unwrap();
    let mut reader = store.db.snapshot().await.unwrap();
    let sql = "SELECT COUNT(*) FROM credentials";
    let (seen,): (i64,) = within!(&mut reader, sqlx::query_as(sql), fetch_one).unwrap();
    let expunged = LocalWrite::Expunged {
        id: "urn:uuid:1".into(),
    };
    store.commit(&WriteBatch::default(), &[expunged], NOW).await.unwrap();
    let (still,): (i64,) = within!(&mut reader, sqlx::query_as(sql), fetch_one).unwrap();
    assert_eq!((seen, still), (1, 1), "who reads sees one moment");
    assert!(
        !files_with(&place, &gone).is_empty(),
        "the control: a reader holds it there"
    );
    assert!(!store.clear_residue().await.unwrap(), "it says that it is not done");
    reader.commit().await.unwrap();
    assert!(store.clear_residue().await.unwrap());
    assert_eq!(files_with(&place, &gone), Vec::<String>::new());
    // Others may still write, with all the patience they had.
    store
        .commit(&WriteBatch::default(), &[of(&name(), "urn:uuid:2", 9)], NOW)
        .await
        .unwrap();
}
