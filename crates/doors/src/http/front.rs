//! What every request passes before a route sees it: sizes, framing, hosts, origins, its body. And every answer after.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::{
    ALLOW, CONNECTION, CONTENT_ENCODING, CONTENT_TYPE, HOST, ORIGIN, REFERER, TRANSFER_ENCODING, UPGRADE,
};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, Request, StatusCode, Uri, Version};
use axum::response::Response;
use http_body_util::{BodyExt, Limited};
use hyper::body::{Body as _, Incoming};
use parlor_core::limits;
use tower::ServiceExt;

use super::answers::{Answer, Face};
use super::head_scan::HeadScan;
use super::takeover::Takeover;
use super::{Answering, Caller, Http, Routes, Shortcut};
use crate::accept::stopped;

/// The gate to all HTTP doors.
pub struct Front {
    http: Arc<Http>,
    routes: Router,
    shortcuts: Vec<Arc<dyn Shortcut>>,
    reroute: Reroute,
}

/// The path that a request to upgrade its connection goes to instead of its own, if its headers say so.
pub type Reroute = fn(&Method, &str, &HeaderMap) -> Option<&'static str>;

/// A body that was read whole, for the routes: in a request's extensions.
#[derive(Debug, Clone)]
pub struct WholeBody(pub Bytes);

impl Front {
    /// Puts the gate before these routes.
    #[must_use]
    pub fn new(http: Arc<Http>, doors: impl IntoIterator<Item = Routes>, reroute: Reroute) -> Front {
        let (mut routes, mut shortcuts) = (Router::new(), Vec::new());
        for door in doors {
            routes = routes.merge(door.router);
            shortcuts.extend(door.shortcut);
        }
        Front { http, routes: routes.fallback(not_found), shortcuts, reroute }
    }

    /// Whether an address is that of a proxy of ours.
    #[must_use]
    pub fn trusts(&self, address: IpAddr) -> bool {
        self.http.options.trusted_proxies.trusts(address)
    }

    /// What answers the requests of one connection.
    pub fn service(
        self: &Arc<Front>,
        peer: IpAddr,
        scan: Arc<HeadScan>,
        takeover: Takeover,
    ) -> impl hyper::service::Service<Request<Incoming>, Response = Response, Error = Infallible, Future: Send> + use<>
    {
        let front = self.clone();
        hyper::service::service_fn(move |request| front.clone().handle(peer, scan.clone(), takeover.clone(), request))
    }

    async fn handle(
        self: Arc<Front>,
        peer: IpAddr,
        scan: Arc<HeadScan>,
        takeover: Takeover,
        mut request: Request<Incoming>,
    ) -> Result<Response, Infallible> {
        if request.headers().contains_key(UPGRADE) {
            request.extensions_mut().insert(takeover);
            if let Some(path) = (self.reroute)(request.method(), request.uri().path(), request.headers()) {
                *request.uri_mut() = Uri::from_static(path);
            }
        }
        let face = Face::of(request.headers());
        let chunked = request.headers().contains_key(TRANSFER_ENCODING);
        // Boxed, so that what only reading a body needs is not kept for as long as a request hangs.
        let mut response = match Box::pin(self.admit(peer, &scan, request)).await {
            Ok(request) => {
                let mut response = self.route(request).await;
                if response.status() == StatusCode::METHOD_NOT_ALLOWED {
                    response = not_allowed(response, face);
                }
                scan.answered();
                if chunked {
                    // Where a chunked body ends only hyper knows, so the scan can't find the next head.
                    response.headers_mut().insert(CONNECTION, HeaderValue::from_static("close"));
                }
                response
            }
            // Its body was not read: what follows on this connection can't be trusted to be a request.
            Err(answer) => answer.with(CONNECTION, HeaderValue::from_static("close")).render(face, None),
        };
        secure(response.headers_mut());
        Ok(response)
    }

    fn route(&self, request: Request<Body>) -> Answering {
        let shortcut = self.shortcuts.iter().find(|shortcut| shortcut.takes(request.method(), request.uri().path()));
        match shortcut {
            Some(shortcut) => shortcut.answer(request.into_parts().0),
            None => {
                let routed = self.routes.clone().oneshot(request);
                Box::pin(async { routed.await.unwrap_or_else(|never| match never {}) })
            }
        }
    }

    /// Checks a request and reads its body.
    async fn admit(&self, peer: IpAddr, scan: &HeadScan, request: Request<Incoming>) -> Result<Request<Body>, Answer> {
        check_head(&request)?;
        check_framing(request.headers(), scan)?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            check_same_site(request.headers())?;
        }
        let (mut head, body) = request.into_parts();
        let body = if body.is_end_stream() { Bytes::new() } else { self.whole(body).await? };
        scan.next_head(body.len() as u64);
        let proxies = &self.http.options.trusted_proxies;
        let origin = proxies.client(peer, &head.headers).into();
        head.extensions.insert(Caller { origin, secure: proxies.secure(peer, &head.headers) });
        if !body.is_empty() {
            head.extensions.insert(WholeBody(body));
        }
        Ok(Request::from_parts(head, Body::empty()))
    }

    /// The whole body, unless the server stops before.
    async fn whole(&self, body: Incoming) -> Result<Bytes, Answer> {
        let mut stopping = self.http.stopping.clone();
        // Of a body that did not come whole nothing was done, so it is no loss.
        tokio::select! {
            biased;
            body = read(body) => body,
            () = stopped(&mut stopping) => Err(Answer::restarting()),
        }
    }
}

/// Lets only a request through that this server's own pages, a program, or the address bar can have made (PROMISES S25).
///
/// # Errors
/// `403` with a sentence.
pub fn check_same_site(headers: &HeaderMap) -> Result<(), Answer> {
    let refused = || {
        Answer::new(
            StatusCode::FORBIDDEN,
            "cross_site",
            "this request came from a page of another site, so it was refused",
        )
        .advising("open this server's own page and do it there")
    };
    // Browsers set this header and pages can't, so it settles the matter where it is there.
    if let Some(site) = headers.get("sec-fetch-site") {
        return if site == "same-origin" || site == "none" { Ok(()) } else { Err(refused()) };
    }
    // Over plain HTTP browsers send neither that nor, with GET, an origin; what is left then is the page's address.
    let Some(from) = headers.get(ORIGIN).or_else(|| headers.get(REFERER)) else { return Ok(()) };
    let authority = from
        .to_str()
        .ok()
        .and_then(|from| from.split_once("://"))
        .map(|(_, rest)| rest.split('/').next().unwrap_or(rest));
    let host = headers.get(HOST).and_then(|host| host.to_str().ok());
    let same = authority.zip(host).is_some_and(|(authority, host)| host.eq_ignore_ascii_case(authority));
    if same { Ok(()) } else { Err(refused()) }
}

fn check_head<B>(request: &Request<B>) -> Result<(), Answer> {
    let (uri, headers) = (request.uri(), request.headers());
    let bad = |sentence: &str| Err(Answer::new(StatusCode::BAD_REQUEST, "bad_request", sentence));
    if request.method() == Method::CONNECT {
        let sentence = "this is no proxy: nothing can be connected to through it";
        let answer = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence);
        return Err(answer.with(ALLOW, HeaderValue::from_static("GET, HEAD, POST")));
    }
    let line = request.method().as_str().len()
        + uri.path_and_query().map_or(0, |path| path.as_str().len())
        + " HTTP/1.1 \r\n".len();
    if line > limits::HTTP_REQUEST_LINE_BYTES {
        let limit = limits::HTTP_REQUEST_LINE_BYTES;
        let sentence = format!("the address is too long: the limit is {limit} bytes");
        return Err(Answer::new(StatusCode::URI_TOO_LONG, "uri_too_long", sentence));
    }
    let bytes: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len() + ": \r\n".len()).sum();
    if bytes > limits::HTTP_HEADERS_BYTES {
        let limit = limits::HTTP_HEADERS_BYTES;
        let sentence = format!("the headers are too long: the limit is {limit} bytes in all");
        return Err(Answer::new(StatusCode::REQUEST_HEADER_FIELDS_TOO_LARGE, "headers_too_large", sentence));
    }
    if uri.authority().is_some() {
        return bad("this is no proxy: ask for a path, not for an address");
    }
    let mut hosts = headers.get_all(HOST).iter();
    match (hosts.next(), hosts.next()) {
        (None, _) if request.version() == Version::HTTP_11 => bad("a Host header is missing"),
        (Some(_), Some(_)) => bad("there are two Host headers"),
        (Some(host), None)
            if host.to_str().ok().and_then(|host| host.parse::<axum::http::uri::Authority>().ok()).is_none() =>
        {
            bad("the Host header is not a host")
        }
        _ => Ok(()),
    }
}

fn check_framing(headers: &HeaderMap, scan: &HeadScan) -> Result<(), Answer> {
    let chunked = headers.contains_key(TRANSFER_ENCODING);
    let sentence = match scan.seen() {
        Some(seen) if seen.lengths + usize::from(chunked) > 1 => {
            Some("more than one Content-Length or Transfer-Encoding: a request has one length")
        }
        Some(seen) if seen.bare_line_end => Some("a line of the head ends with LF alone: CR LF is needed"),
        None if chunked => Some("a chunked request can't follow another without waiting for its answer"),
        _ => None,
    };
    if let Some(sentence) = sentence {
        return Err(Answer::new(StatusCode::BAD_REQUEST, "bad_framing", sentence));
    }
    match headers.get(CONTENT_ENCODING) {
        Some(encoding) if encoding != "identity" => {
            let sentence = "a compressed body is not taken";
            Err(Answer::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, "bad_encoding", sentence).advising("send it as it is"))
        }
        _ => Ok(()),
    }
}

async fn read(body: Incoming) -> Result<Bytes, Answer> {
    let limit = limits::HTTP_BODY_BYTES;
    let too_large = || {
        Answer::new(
            StatusCode::PAYLOAD_TOO_LARGE,
            "too_large",
            format!("the body is too large: the limit is {limit} bytes"),
        )
    };
    if body.size_hint().lower() > limit as u64 {
        return Err(too_large());
    }
    let collected =
        tokio::time::timeout(Duration::from_secs(limits::HTTP_BODY_SECONDS), Limited::new(body, limit).collect()).await;
    match collected {
        Ok(Ok(body)) => Ok(body.to_bytes()),
        Ok(Err(error)) if error.is::<http_body_util::LengthLimitError>() => Err(too_large()),
        Ok(Err(_)) => Err(Answer::new(StatusCode::BAD_REQUEST, "bad_body", "the body could not be read")),
        Err(_) => Err(Answer::new(StatusCode::REQUEST_TIMEOUT, "too_slow", "the body took too long")),
    }
}

/// What every answer says to browsers.
fn secure(headers: &mut HeaderMap) {
    const ALWAYS: [(HeaderName, &str); 3] = [
        (HeaderName::from_static("x-content-type-options"), "nosniff"),
        // A room's address is the right to enter it: other sites must not learn it. `no-referrer` would make browsers
        // send `Origin: null` with our own forms.
        (HeaderName::from_static("referrer-policy"), "same-origin"),
        (HeaderName::from_static("cross-origin-resource-policy"), "same-origin"),
    ];
    for (name, value) in ALWAYS {
        headers.insert(name, HeaderValue::from_static(value));
    }
}

async fn not_found(headers: HeaderMap) -> Response {
    let answer = Answer::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
        .advising("begin at the first page");
    answer.render(Face::of(&headers), None)
}

/// Gives words to the router's bare refusal, which names the methods that are allowed (RFC 9110, 15.5.6).
fn not_allowed(bare: Response, face: Face) -> Response {
    if bare.headers().contains_key(CONTENT_TYPE) {
        return bare;
    }
    let sentence = "this address does not know this method";
    let answer = Answer::new(StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed", sentence);
    let allowed = bare.headers().get(ALLOW).cloned();
    allowed.into_iter().fold(answer, |answer, allowed| answer.with(ALLOW, allowed)).render(face, None)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(headers: &[(&'static str, &'static str)], allowed: bool) {
        let map = headers
            .iter()
            .map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value)))
            .collect();
        assert_eq!(check_same_site(&map).is_ok(), allowed, "{headers:?}");
    }

    #[test]
    fn other_sites_are_kept_out_and_programs_let_in() {
        check(&[], true);
        check(&[("host", "chat.example"), ("origin", "https://chat.example")], true);
        check(&[("host", "chat.example:1234"), ("origin", "http://CHAT.example:1234")], true);
        check(&[("host", "chat.example"), ("origin", "https://evil.example")], false);
        check(&[("host", "chat.example"), ("origin", "https://chat.example.evil")], false);
        check(&[("host", "chat.example"), ("origin", "null")], false);
        check(&[("host", "a"), ("origin", "http://a"), ("sec-fetch-site", "cross-site")], false);
        check(&[("host", "a"), ("sec-fetch-site", "same-site")], false);
        check(&[("host", "a"), ("sec-fetch-site", "none")], true);
        check(&[("host", "a:1"), ("referer", "http://a:1/chat/k")], true);
        check(&[("host", "a:1"), ("referer", "http://evil/a:1")], false);
        // Behind a proxy that changes Host, the browser's own word still holds.
        check(
            &[("host", "127.0.0.1:1234"), ("origin", "https://chat.example"), ("sec-fetch-site", "same-origin")],
            true,
        );
    }
}
