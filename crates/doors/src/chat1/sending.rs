//! Posts that are under way: requests with a length may come one behind the other, and their posts share commits.

use std::collections::VecDeque;
use std::pin::Pin;
use std::task::{Context, Poll};

use parlor_core::sequencer::Posted;
use parlor_core::{Chat, Error};
use parlor_wire::chat1::Framing;

use super::limits::SENDS_AT_ONCE;
use super::replies::{No, Reply};

/// What becomes of a post.
pub(super) type Posting = Pin<Box<dyn Future<Output = Result<Posted, Error>> + Send>>;

/// The answers that are due, in the order of their requests.
#[derive(Default)]
pub(super) struct Sending(VecDeque<Due>);

enum Due {
    Posting(Posting),
    Reply(Reply),
}

impl Sending {
    pub(super) fn is_full(&self) -> bool {
        self.0.len() >= SENDS_AT_ONCE
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(super) fn post(&mut self, posting: Posting) {
        self.0.push_back(Due::Posting(posting));
    }

    /// An answer that waits for its turn only.
    pub(super) fn reply(&mut self, reply: Reply) {
        self.0.push_back(Due::Reply(reply));
    }

    /// The answers that can be given, at least one, as bytes; waits for the oldest, for ever if there is none. Cancel safe.
    pub(super) async fn answers(&mut self, chat: &Chat) -> Vec<u8> {
        std::future::poll_fn(|cx| self.poll_answers(chat, cx)).await
    }

    fn poll_answers(&mut self, chat: &Chat, cx: &mut Context<'_>) -> Poll<Vec<u8>> {
        let mut out = Vec::new();
        while let Some(due) = self.0.front_mut() {
            let reply = match due {
                Due::Reply(reply) => reply.clone(),
                Due::Posting(posting) => match posting.as_mut().poll(cx) {
                    Poll::Ready(Ok(_)) => Reply::ok(),
                    Poll::Ready(Err(error)) => No::from(error).into_reply(chat),
                    Poll::Pending => break,
                },
            };
            self.0.pop_front();
            // Only requests with a length get here.
            reply.write(Framing::Framed, &mut out);
        }
        if out.is_empty() { Poll::Pending } else { Poll::Ready(out) }
    }
}
