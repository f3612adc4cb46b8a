//! `GET /`: the listed rooms, and a form that makes one.

use std::sync::Arc;

use askama::Template;
use axum::extract::State;
use axum::http::request::Parts;
use axum::response::Response;

use super::pages::{IndexPage, ListedRoom, Moment};
use crate::http::{Answer, Face, Http};

pub(super) async fn show(State(http): State<Arc<Http>>, request: Parts) -> Response {
    let face = Face::of(&request.headers);
    answer(&http).await.unwrap_or_else(|answer| answer.render(face, None))
}

async fn answer(http: &Http) -> Result<Response, Answer> {
    let rooms = http.chat.listed_rooms().await.map_err(|error| http.refuse(error))?;
    let rooms = rooms
        .iter()
        .map(|(room, people)| ListedRoom {
            key: room.key.as_str(),
            subject: room.subject.as_str(),
            people: *people,
            last: (room.head.number.0 > 0).then(|| Moment::from_us(room.head.at.0)),
        })
        .collect();
    super::page(IndexPage { rooms, subject_bytes_max: http.chat.limits().subject_bytes }.render())
}
