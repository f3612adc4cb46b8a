//! From an HTTP request to a WebSocket (RFC 6455, 4.2).

use std::sync::Arc;

use axum::extract::State;
use axum::http::header::{
    CONNECTION, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use axum::http::{Request, StatusCode, Version};
use axum::response::Response;
use hyper::upgrade::OnUpgrade;
use parlor_wire::websocket::{Handshake, HandshakeError};
use parlor_wire::wscmd::SUBPROTOCOL;

use super::{Door, session};
use crate::http::takeover::Takeover;
use crate::http::{Answer, Caller, Face};

/// `GET /websocket`. Cookies mean nothing here, so a page of any origin may ask.
pub(super) async fn to_websocket(State(door): State<Arc<Door>>, mut request: Request<axum::body::Body>) -> Response {
    let face = Face::of(request.headers());
    let upgrade = request.extensions_mut().remove::<OnUpgrade>();
    match accept(&door, &request, upgrade) {
        Ok(response) => response,
        Err(answer) => answer.render(face, None),
    }
}

fn accept(
    door: &Arc<Door>,
    request: &Request<axum::body::Body>,
    upgrade: Option<OnUpgrade>,
) -> Result<Response, Answer> {
    let headers = request.headers().iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    let handshake = Handshake::read(headers).map_err(refuse)?;
    let extensions = request.extensions();
    let (Some(takeover), Some(caller), Some(upgrade), Version::HTTP_11) =
        (extensions.get::<Takeover>(), extensions.get::<Caller>(), upgrade, request.version())
    else {
        return Err(refuse(HandshakeError::NoUpgrade));
    };
    let (door, origin) = (door.clone(), caller.origin);
    takeover.then(upgrade, move |stream, early| session::run(door, stream, early, origin));
    let mut response = Response::new(axum::body::Body::empty());
    *response.status_mut() = StatusCode::SWITCHING_PROTOCOLS;
    let headers = response.headers_mut();
    headers.insert(CONNECTION, HeaderValue::from_static("Upgrade"));
    headers.insert(UPGRADE, HeaderValue::from_static("websocket"));
    // It is base64.
    if let Ok(key) = HeaderValue::try_from(&handshake.accept_key) {
        headers.insert(SEC_WEBSOCKET_ACCEPT, key);
    }
    if handshake.offers(SUBPROTOCOL) {
        headers.insert(SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_static(SUBPROTOCOL));
    }
    Ok(response)
}

fn refuse(error: HandshakeError) -> Answer {
    let happened = error.to_string();
    match error {
        HandshakeError::NoUpgrade => Answer::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", happened)
            .with(CONNECTION, HeaderValue::from_static("Upgrade"))
            .with(UPGRADE, HeaderValue::from_static("websocket")),
        HandshakeError::Version => Answer::new(StatusCode::UPGRADE_REQUIRED, "upgrade_required", happened)
            .with(SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13")),
        HandshakeError::Key => Answer::new(StatusCode::BAD_REQUEST, "bad_handshake", happened),
    }
}
