//! Tests of how a PostgreSQL server is spoken to.

use std::net::{IpAddr, Ipv4Addr};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair};
use sqlx::{PgPool, postgres::PgSslMode};
use tokio::{
    io::{AsyncReadExt as _, AsyncWriteExt as _},
    net::TcpListener,
};

use super::*;
use crate::db::ConnectionPools;

/// A certificate authority.
struct TlsAuthority {
    pem: String,
    issuer: Issuer<'static, KeyPair>,
}

impl TlsAuthority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::<String>::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let pem = params.self_signed(&key).unwrap().pem();
        Self {
            pem,
            issuer: Issuer::new(params, key),
        }
    }

    /// A certificate for this host, and its key.
    fn vouches_for(&self, host: &str) -> (String, String) {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        (params.signed_by(&key, &self.issuer).unwrap().pem(), key.serialize_pem())
    }
}

async fn does(pool: &PgPool, sql: String) {
    sqlx::query(sqlx::AssertSqlSafe(sql)).execute(pool).await.unwrap();
}

/// Returns true if the connections of a store are encrypted, as the server sees it.
async fn is_encrypted(store: &Store) -> bool {
    let ConnectionPools::Postgres(pool, ..) = &store.db.pools else {
        panic!("this is no PostgreSQL")
    };
    let sql = "SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()";
    let (ssl,): (bool,) = sqlx::query_as(sql).fetch_one(pool).await.unwrap();
    ssl
}

/// Waits until new connections to this server are encrypted, or are not.
async fn serves_tls(server: &str, wanted: bool) {
    for _ in 0..500 {
        let pool = PgPool::connect(server).await.unwrap();
        let (on,): (String,) = sqlx::query_as("SHOW ssl").fetch_one(&pool).await.unwrap();
        pool.close().await;
        if (on == "on") == wanted {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    panic!("the server does not take up its configuration");
}

#[tokio::test]
async fn a_server_is_believed_by_its_authority_and_its_name_alone() {
    let (ours, theirs) = (TlsAuthority::new(), TlsAuthority::new());
    let (cert, key) = ours.vouches_for("127.0.0.1");
    let [_, place] = TestDatabase::both().await;
    let url = place.database.clone().unwrap();
    let server = std::env::var("COMITY_TEST_POSTGRES").unwrap();
    let pool = PgPool::connect(&server).await.unwrap();
    for (name, pem) in [("comity.crt", cert), ("comity.key", key)] {
        let (folder,): (String,) = sqlx::query_as("SHOW data_directory").fetch_one(&pool).await.unwrap();
        let write = format!(
            "COPY (SELECT unnest(string_to_array('{}', E'\\n'))) TO PROGRAM 'umask 077; cat > {folder}/{name}'",
            pem.trim()
        );
        does(&pool, write).await;
    }
    for (name, value) in [
        ("ssl_cert_file", "comity.crt"),
        ("ssl_key_file", "comity.key"),
        ("ssl", "on"),
    ] {
        does(&pool, format!("ALTER SYSTEM SET {name} = '{value}'")).await;
    }
    does(&pool, "SELECT pg_reload_conf()".to_owned()).await;
    serves_tls(&server, true).await;

    let folder = place.folder.path();
    let write = |name: &str, pem: &str| {
        let file = folder.join(name);
        std::fs::write(&file, pem).unwrap();
        file.display().to_string()
    };
    let (right, wrong) = (write("right.pem", &ours.pem), write("wrong.pem", &theirs.pem));
    let open = async |url: String, tls| Store::open(folder, Some(&PostgresDatabase::new(&url, tls)?)).await;
    let full = Some(DatabaseTls::VerifyFull);

    let database = PostgresDatabase::new(&format!("{url}?sslrootcert={right}"), full).unwrap();
    let store = Store::create(folder, Some(&database)).await.unwrap();
    store.commit(&batch(), &[], NOW).await.unwrap();
    assert!(is_encrypted(&store).await);
    store.close().await;

    let elsewhere = url.replace("127.0.0.1", "localhost");
    assert_ne!(elsewhere, url);
    let refused = [
        ("the wrong authority", format!("{url}?sslrootcert={wrong}"), full),
        ("no authority of its own", url.clone(), full),
        ("another name", format!("{elsewhere}?sslrootcert={right}"), full),
        (
            "the wrong authority, by the URL",
            format!("{url}?sslmode=verify-full&sslrootcert={wrong}"),
            None,
        ),
        (
            "the wrong authority, any name",
            format!("{url}?sslmode=verify-ca&sslrootcert={wrong}"),
            None,
        ),
        (
            "an authority that was named",
            format!("{url}?sslrootcert={wrong}"),
            Some(DatabaseTls::Require),
        ),
    ];
    for (why, url, tls) in refused {
        let said = format!(
            "{:#}",
            open(url, tls)
                .await
                .err()
                .unwrap_or_else(|| panic!("{why} was believed"))
        );
        assert!(said.contains("certificate"), "{why}: {said}");
    }
    let taken = [
        (
            "any name of its authority",
            format!("{elsewhere}?sslmode=verify-ca&sslrootcert={right}"),
            None,
            true,
        ),
        ("TLS with anybody", url.clone(), Some(DatabaseTls::Require), true),
        (
            "in clear, because somebody said so",
            url.clone(),
            Some(DatabaseTls::Off),
            false,
        ),
    ];
    for (why, url, tls, encrypted) in taken {
        let store = open(url, tls).await.unwrap_or_else(|error| panic!("{why}: {error:#}"));
        assert_eq!(is_encrypted(&store).await, encrypted, "{why}");
        store.close().await;
    }

    does(&pool, "ALTER SYSTEM RESET ssl".to_owned()).await;
    does(&pool, "SELECT pg_reload_conf()".to_owned()).await;
    serves_tls(&server, false).await;
    let said = format!(
        "{:#}",
        open(format!("{url}?sslrootcert={right}"), full).await.unwrap_err()
    );
    assert!(said.contains("does not support TLS"), "{said}");
}

/// A server without TLS sees that it is asked for it, and nothing more: no password, no name.
#[tokio::test]
async fn a_server_that_wants_it_in_clear_hears_no_password() {
    for tls in [DatabaseTls::VerifyFull, DatabaseTls::Require] {
        let listener = TcpListener::bind((IpAddr::V4(Ipv4Addr::LOCALHOST), 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let server = tokio::spawn(async move {
            let (mut stream, _) = listener.accept().await.unwrap();
            let mut first = [0; 8];
            stream.read_exact(&mut first).await.unwrap();
            stream.write_all(b"N").await.unwrap();
            let mut rest = Vec::new();
            let _ = stream.read_to_end(&mut rest).await;
            (first, rest)
        });
        let url = format!("postgres://comity:s3cret@127.0.0.1:{port}/comity");
        let database = PostgresDatabase::new(&url, Some(tls)).unwrap();
        let folder = tempfile::tempdir().unwrap();
        let refused = Store::open(folder.path(), Some(&database)).await.unwrap_err();
        assert!(format!("{refused:#}").contains("TLS"), "{refused:#}");
        let (first, rest) = server.await.unwrap();
        assert_eq!(first, [0, 0, 0, 8, 4, 210, 22, 47], "an SSLRequest");
        assert_eq!(rest, b"", "and nothing more");
    }
}

#[test]
fn another_machine_is_spoken_to_in_clear_only_where_the_configuration_says_so() {
    let mode = |url: &str, tls| {
        PostgresDatabase::new(url, tls).map(|database| format!("{:?}", database.options().get_ssl_mode()))
    };
    let is = |url: &str, tls, wanted: PgSslMode| {
        assert_eq!(mode(url, tls).unwrap(), format!("{wanted:?}"), "{url} {tls:?}");
    };
    let remote = [
        "postgres://comity:s3cret@db.example.gov/comity",
        "postgres://comity:s3cret@192.0.2.7:5433/comity",
        "postgres://comity:s3cret@[2001:db8::7]/comity",
        "postgres://comity:s3cret@localhost.example.gov/comity",
        "postgres://comity:s3cret@127.0.0.1/comity?host=db.example.gov",
        "postgres://comity:s3cret@127.0.0.1/comity?hostaddr=192.0.2.7",
    ];
    for url in remote {
        let and = if url.contains('?') { '&' } else { '?' };
        is(url, None, PgSslMode::VerifyFull);
        is(&format!("{url}{and}sslmode=verify-ca"), None, PgSslMode::VerifyCa);
        is(&format!("{url}{and}sslmode=require"), None, PgSslMode::Require);
        is(
            &format!("{url}{and}sslmode=require&sslrootcert=ca.pem"),
            None,
            PgSslMode::VerifyCa,
        );
        for open in ["disable", "allow", "prefer", "PREFER"] {
            for key in ["sslmode", "ssl-mode"] {
                let url = format!("{url}{and}{key}={open}");
                let said = mode(&url, None).unwrap_err().to_string();
                assert!(said.contains("database_tls") && !said.contains("s3cret"), "{said}");
                is(&url, Some(DatabaseTls::Off), PgSslMode::Disable);
                is(&url, Some(DatabaseTls::VerifyFull), PgSslMode::VerifyFull);
            }
        }
    }
    let here = [
        "postgres://comity@127.0.0.1/comity",
        "postgres://comity@[::1]:5433/comity",
        "postgres://comity@localhost/comity",
        "postgres://comity@%2Fvar%2Frun%2Fpostgresql/comity",
        "postgres://comity@db.example.gov/comity?host=/var/run/postgresql",
    ];
    for url in here {
        let and = if url.contains('?') { '&' } else { '?' };
        is(url, None, PgSslMode::Prefer);
        is(&format!("{url}{and}sslmode=disable"), None, PgSslMode::Disable);
        is(url, Some(DatabaseTls::VerifyFull), PgSslMode::VerifyFull);
    }
    for broken in ["", "nothing", "postgres://a:s3cret@host:port/x"] {
        let said = format!("{:#}", mode(broken, None).unwrap_err());
        assert!(!said.contains("s3cret"), "{said}");
    }
}
