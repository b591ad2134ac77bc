//! Which host a request is for. **A request that leaves it open is refused**: where a proxy and this node read it
//! differently, one person's request could be answered as another's.

use axum::{
    extract::Request,
    http::{HeaderMap, Version, header::HOST, uri::Authority},
    middleware::Next,
    response::{IntoResponse as _, Response},
};

use super::problem::{Problem, UNSUPPORTED};

/// Before the routes: answers a request of HTTP/1.1 without a `Host`, and any request with two or with one that cannot be,
/// with 400 (RFC 9112, §3.2).
pub(super) async fn refuse_unclear(request: Request, next: Next) -> Response {
    match wrong(request.version(), request.headers()) {
        None => next.run(request).await,
        Some(why) => Problem::new(&UNSUPPORTED, why).into_response(),
    }
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
}
