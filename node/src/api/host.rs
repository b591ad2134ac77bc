//! The host that a request is for, and the coding of its body. **A request that leaves its host open is refused**: where a proxy
//! and this node read it differently, one person's request could be answered as another's. So is one whose body is compressed:
//! read as it comes, it would be told to be no badge.

use axum::{
    extract::Request,
    http::{
        HeaderMap, Version,
        header::{ACCEPT_ENCODING, CONTENT_ENCODING, HOST},
        uri::Authority,
    },
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::problem::{PACKED, Problem, UNSUPPORTED};

/// The part of the name of a coding that is said back, in characters.
const LONGEST_CODING: usize = 20;

/// Before the routes: answers a request of HTTP/1.1 without a `Host`, and any request with two or with one that cannot be,
/// with 400 (RFC 9112, §3.2).
pub(super) async fn refuse_unclear(request: Request, next: Next) -> Response {
    if let Some(why) = wrong(request.version(), request.headers()) {
        return Problem::new(&UNSUPPORTED, why).into_response();
    }
    if let Some(coding) = packed(request.headers()) {
        let detail = format!("the body is packed as `{coding}`: send it as it is, without `Content-Encoding`");
        return ([(ACCEPT_ENCODING, "identity")], Problem::new(&PACKED, detail)).into_response();
    }
    next.run(request).await
}

/// The first coding of the body that is not the body itself (RFC 9110, §8.4).
fn packed(headers: &HeaderMap) -> Option<String> {
    let all = headers.get_all(CONTENT_ENCODING).iter();
    let texts: Vec<String> = all
        .map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned())
        .collect();
    let mut codings = texts.iter().flat_map(|text| text.split(',')).map(str::trim);
    let packed = codings.find(|coding| !coding.is_empty() && !coding.eq_ignore_ascii_case("identity"));
    packed.map(|coding| coding.chars().take(LONGEST_CODING).collect())
}

/// The reason why it is not clear which host is meant, if so.
fn wrong(version: Version, headers: &HeaderMap) -> Option<&'static str> {
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (Some(_), Some(_)) => Some("a request has one header `Host`, and no more"),
        (None, _) if version == Version::HTTP_11 => Some("a request of HTTP/1.1 has a header `Host`"),
        (None, _) => None,
        (Some(host), None) => {
            let is_host = |text: &str| text.is_empty() || (!text.contains('@') && text.parse::<Authority>().is_ok());
            let is_clear = host.to_str().is_ok_and(is_host);
            (!is_clear).then_some("the header `Host` is a host, and a port if need be")
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    #[test]
    fn one_host_is_clear_and_none_two_or_no_host_at_all_are_not() {
        let is_clear = |version, hosts: &[&str]| {
            let mut headers = HeaderMap::new();
            for host in hosts {
                headers.append(HOST, HeaderValue::from_str(host).unwrap());
            }
            wrong(version, &headers).is_none()
        };
        for one in ["comity.example.gov", "127.0.0.1:7400", "[::1]:443", "x", ""] {
            assert!(is_clear(Version::HTTP_11, &[one]), "{one}");
        }
        for no in ["a b", "a/b", "user@host", "host:port:1"] {
            assert!(!is_clear(Version::HTTP_11, &[no]), "{no}");
        }
        assert!(!is_clear(Version::HTTP_11, &[]));
        assert!(!is_clear(Version::HTTP_11, &["x", "x"]));
        assert!(is_clear(Version::HTTP_10, &[]));
        assert!(!is_clear(Version::HTTP_10, &["x", "y"]));
        assert!(is_clear(Version::HTTP_2, &[]), "its host is in `:authority`");
    }

    #[test]
    fn a_packed_body_is_told_apart_from_one_as_it_is() {
        let first = |codings: &[&str]| {
            let mut headers = HeaderMap::new();
            for coding in codings {
                headers.append(CONTENT_ENCODING, HeaderValue::from_str(coding).unwrap());
            }
            packed(&headers)
        };
        for plain in [&[][..], &["identity"], &[""], &["Identity, identity"]] {
            assert_eq!(first(plain), None, "{plain:?}");
        }
        for gzip in [&["gzip"][..], &["identity, gzip"], &["identity", " gzip "]] {
            assert_eq!(first(gzip).as_deref(), Some("gzip"), "{gzip:?}");
        }
    }
}
