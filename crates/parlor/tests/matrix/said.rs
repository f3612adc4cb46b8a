//! What a door says to an act, and how each door says it.

use crate::chat1_client;
use crate::support::http;

/// What came of an act.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Said {
    Done,
    /// They know the room, and may not.
    Forbidden,
    /// There is nothing like that.
    NotFound,
    /// Only for who is logged in.
    LogIn,
    /// The others would be left without an owner.
    LastOwner,
    /// It is so already.
    Already,
    /// None of these.
    Else(String),
}

impl Said {
    /// By a page or a problem document.
    pub(crate) fn by_page(answer: &http::Answer) -> Said {
        let is_problem = answer.header("content-type") == Some("application/problem+json");
        let code =
            if is_problem { answer.json()["code"].as_str().unwrap_or_default().to_owned() } else { String::new() };
        let leads_to_log_in = || answer.header("location").is_some_and(|to| to.starts_with("/login?"));
        match (answer.status, code.as_str()) {
            (303, "") if leads_to_log_in() => Said::LogIn,
            (200 | 204 | 303, "") => Said::Done,
            (403, "forbidden" | "question" | "wrong_answer") => Said::Forbidden,
            (404, "not_found" | "no_such_person") => Said::NotFound,
            (409, "last_owner") => Said::LastOwner,
            (409, "already_member") => Said::Already,
            _ => Said::Else(format!("{} {}", answer.status, answer.text())),
        }
    }

    /// By CHAT/1.0.
    pub(crate) fn by_chat1(answer: &chat1_client::Answer) -> Said {
        match (answer.status, answer.body.as_str()) {
            (200 | 201, _) => Said::Done,
            (401, _) => Said::LogIn,
            (403, _) => Said::Forbidden,
            (404, _) => Said::NotFound,
            (409, body) if body.contains("last owner") => Said::LastOwner,
            (409, body) if body.contains("members already") => Said::Already,
            (status, body) => Said::Else(format!("{status} {body}")),
        }
    }

    /// By a sentence at the doors that have nothing else: for people.
    pub(crate) fn by_sentence(sentence: &str) -> Said {
        const WORDS: [(&str, Said); 8] = [
            ("there is no such room", Said::NotFound),
            ("there is no room ", Said::NotFound),
            ("you may not do this here", Said::Forbidden),
            ("the lobby stays", Said::Forbidden),
            ("the lobby keeps its name", Said::Forbidden),
            ("this is not the answer", Said::Forbidden),
            ("the server password is wrong", Said::Forbidden),
            ("does not belong to it", Said::NotFound),
        ];
        let known = WORDS.into_iter().find(|(words, _)| sentence.contains(words));
        known.map_or_else(|| Said::Else(sentence.to_owned()), |(_, said)| said)
    }
}
