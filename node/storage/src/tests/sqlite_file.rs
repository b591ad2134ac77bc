//! The files of a SQLite store are removed or replaced while it is open.

use std::fs;

use super::*;
use crate::{lease::HolderEndpoint, sqlite_file::RESCUED};

const FILES: [&str; 3] = ["registry.sqlite", "registry.sqlite-wal", "registry.sqlite-shm"];

async fn at_work() -> (TestDatabase, Store) {
    let [place, _] = TestDatabase::both().await;
    let store = place.create().await.unwrap();
    store.put_operator("alice", [1; 32], NOW).await.unwrap();
    (place, store)
}

async fn write(store: &Store) -> Result<(), StoreError> {
    store.commit(&WriteBatch::default(), &[], NOW).await
}

#[tokio::test]
async fn whichever_file_of_a_store_is_removed_or_replaced_nothing_is_written_or_read_and_all_is_kept() {
    for file in FILES {
        for is_replaced in [false, true] {
            let (place, store) = at_work().await;
            let (path, copy) = (place.folder.path().join(file), place.folder.path().join("copy"));
            fs::copy(&path, &copy).unwrap();
            write(&store).await.unwrap();
            match is_replaced {
                true => fs::rename(&copy, &path).unwrap(),
                false => fs::remove_file(&path).unwrap(),
            }
            let what = format!("{file}, replaced: {is_replaced}");
            for refused in [
                write(&store).await,
                store.renew(b"").await,
                store.operator([1; 32]).await.map(drop),
                store.changes(-1).await.map(drop),
                store.clear_residue().await.map(drop),
                store.is_the_same(),
            ] {
                assert!(
                    matches!(refused, Err(StoreError::FileReplaced(_))),
                    "{what}: {refused:?}"
                );
            }
            let told = store.rescue().await.unwrap_err().to_string();
            assert!(told.contains(RESCUED) && told.contains(file), "{what}: {told}");
            // Whoever starts now is asked to decide; whoever decided for what was kept has all of it.
            let decide = place.open_to_run().await.unwrap_err().to_string();
            assert!(decide.contains(RESCUED), "{decide}");
            store.close().await;
            for file in FILES {
                let _ = fs::remove_file(place.folder.path().join(file));
            }
            fs::rename(place.folder.path().join(RESCUED), place.folder.path().join(FILES[0])).unwrap();
            let store = place.open_to_run().await.unwrap();
            assert_eq!(
                store.operator([1; 32]).await.unwrap().as_deref(),
                Some("alice"),
                "{what}"
            );
            assert_eq!(store.changes(-1).await.unwrap().lease.changes, 1, "{what}");
        }
    }
}

#[tokio::test]
async fn a_commit_into_a_file_that_was_removed_before_it_is_not_known_to_be_written() {
    let (place, store) = at_work().await;
    let (transaction, _) = store.begin().await.unwrap();
    fs::remove_file(place.folder.path().join(FILES[0])).unwrap();
    let told = StoreError::from(transaction.commit().await.unwrap_err());
    assert!(matches!(told, StoreError::FileReplaced(_)), "{told:?}");
}

/// However young it is, and whether it is put there as another file or written over the one that was there.
#[tokio::test]
async fn a_copy_in_the_place_of_a_store_is_told_from_it_and_the_store_itself_is_not() {
    for (puts, is_copy) in [("nothing", false), ("another file", true), ("its bytes", true)] {
        let (place, store) = at_work().await;
        write(&store).await.unwrap();
        store.close().await;
        let path = place.folder.path().join(FILES[0]);
        let backup = fs::read(&path).unwrap();
        let store = place.open_to_run().await.unwrap();
        let seen = store.changes(-1).await.unwrap().lease.mark();
        store.take(seen, &HolderEndpoint::default()).await.unwrap().unwrap();
        for _ in 0..3 {
            write(&store).await.unwrap();
        }
        store.close().await;
        match puts {
            "another file" => {
                fs::rename(&path, place.folder.path().join("old")).unwrap();
                fs::write(&path, &backup).unwrap();
            }
            "its bytes" => fs::write(&path, &backup).unwrap(),
            _ => {}
        }
        let store = place.open_to_run().await.unwrap();
        assert_eq!(store.copy.with(|copy| *copy), is_copy, "{puts}");
        // Once it is taken, it waits for words about it, and is told from others again.
        let seen = store.changes(-1).await.unwrap().lease.mark();
        store.take(seen, &HolderEndpoint::default()).await.unwrap().unwrap();
        write(&store).await.unwrap();
        store.close().await;
        let store = place.open_to_run().await.unwrap();
        assert!(!store.copy.with(|copy| *copy), "{puts}");
    }
}

/// A commit would make the file as long as before, with a hole in it that nobody sees.
#[tokio::test]
async fn a_commit_does_not_hide_that_a_file_was_cut_short_meanwhile() {
    for file in &FILES[..2] {
        let (place, store) = at_work().await;
        let (transaction, _) = store.begin().await.unwrap();
        let path = place.folder.path().join(file);
        let file = fs::OpenOptions::new().write(true).open(&path).unwrap();
        file.set_len(file.metadata().unwrap().len() / 2).unwrap();
        let told = StoreError::from(transaction.commit().await.unwrap_err());
        assert!(told.to_string().contains("was cut short"), "{told}");
        assert!(matches!(write(&store).await, Err(StoreError::FileReplaced(_))));
        // Killed now, the node does not start on what is left.
        let decide = place.open_to_run().await.unwrap_err().to_string();
        assert!(decide.contains("cut short"), "{decide}");
    }
}

/// The log of the file that is gone is not taken for the log of the one that took its place.
#[tokio::test]
async fn a_file_that_was_put_in_place_is_opened_as_it_is_once_that_is_decided() {
    let (place, store) = at_work().await;
    store.close().await;
    let (path, older) = (place.folder.path().join(FILES[0]), place.folder.path().join("older"));
    fs::copy(&path, &older).unwrap();
    let store = place.open().await.unwrap();
    store.put_operator("bob", [2; 32], NOW).await.unwrap();
    fs::rename(&older, &path).unwrap();
    store.rescue().await.unwrap_err();
    store.close().await;
    fs::remove_file(place.folder.path().join(RESCUED)).unwrap();
    let store = place.open_to_run().await.unwrap();
    assert_eq!(store.operator([1; 32]).await.unwrap().as_deref(), Some("alice"));
    assert_eq!(store.operator([2; 32]).await.unwrap(), None);
}

#[tokio::test]
async fn a_copy_that_cannot_be_made_is_tried_again_and_until_then_the_node_is_not_to_be_stopped() {
    let (place, store) = at_work().await;
    fs::remove_file(place.folder.path().join(FILES[0])).unwrap();
    let hindrance = place.folder.path().join(format!("{RESCUED}.new"));
    fs::create_dir(&hindrance).unwrap();
    let told = store.rescue().await.unwrap_err().to_string();
    assert!(told.contains("do not stop the node"), "{told}");
    fs::remove_dir(&hindrance).unwrap();
    let told = store.rescue().await.unwrap_err().to_string();
    assert!(told.contains("is kept in"), "{told}");
}

/// Gives a file another length, as another process does: closing it here would take SQLite's locks away.
fn makes_long(path: &Path, bytes: u64) {
    let mut command = std::process::Command::new("truncate");
    let done = command.arg("-s").arg(bytes.to_string()).arg(path).status().unwrap();
    assert!(done.success());
}

#[tokio::test]
async fn a_file_that_is_cut_short_is_told_and_neither_what_grows_over_it_nor_a_start_takes_it_for_whole() {
    for file in [FILES[0], FILES[1]] {
        let (place, store) = at_work().await;
        write(&store).await.unwrap();
        let path = place.folder.path().join(file);
        let before = fs::metadata(&path).unwrap().len();
        makes_long(&path, before / 2);
        let told = write(&store).await.unwrap_err().to_string();
        for words in [file, "cut short", "Stop the node", "backup", "comityd rebuild"] {
            assert!(told.contains(words), "`{words}` is not in {told}");
        }
        store.rescue().await.unwrap_err();
        makes_long(&path, before + 65_536);
        for refused in [
            write(&store).await,
            store.operator([1; 32]).await.map(drop),
            store.is_the_same(),
            store.ping().await,
            store.rescue().await,
        ] {
            let told = refused.unwrap_err().to_string();
            assert!(told.contains("cut short"), "{told}");
        }
        store.close().await;
        let decide = place.open_to_run().await.unwrap_err().to_string();
        assert!(decide.contains("cut short") && decide.contains("backup"), "{decide}");
    }
}

#[tokio::test]
async fn a_database_that_another_program_made_smaller_is_whole() {
    use sqlx::{ConnectOptions as _, Connection as _};
    let (place, store) = at_work().await;
    let path = place.folder.path().join(FILES[0]);
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(&path);
    let mut other = options.connect().await.unwrap();
    for (sql, is_shorter) in [
        ("CREATE TABLE filler AS SELECT zeroblob(500000) AS bytes", false),
        ("PRAGMA wal_checkpoint(FULL)", false),
        ("DROP TABLE filler", false),
        ("VACUUM", false),
        ("PRAGMA wal_checkpoint(TRUNCATE)", true),
    ] {
        sqlx::raw_sql(sql).execute(&mut other).await.unwrap();
        assert_eq!(store.is_the_same().is_err(), is_shorter, "{sql}");
    }
    other.close().await.unwrap();
    store.rescue().await.unwrap();
    write(&store).await.unwrap();
    assert_eq!(store.operator([1; 32]).await.unwrap().as_deref(), Some("alice"));
    store.close().await;
    place.open_to_run().await.unwrap();
}

#[tokio::test(flavor = "multi_thread")]
async fn files_that_grow_and_are_emptied_by_the_node_itself_are_never_called_short() {
    let (_place, store) = at_work().await;
    let looks = store.clone();
    let looking = tokio::task::spawn_blocking(move || {
        for _ in 0..20_000 {
            looks.is_the_same().unwrap();
        }
    });
    while !looking.is_finished() {
        let mut token = [0; 32];
        rand::rng().fill_bytes(&mut token);
        store.put_operator(&format!("{token:?}"), token, NOW).await.unwrap();
        store.leave_no_residue().await;
    }
    looking.await.unwrap();
}
