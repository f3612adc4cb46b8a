//! Who is too fast.

use super::support::server::Server;
use super::support::wait_for;
use super::terminal::{OPEN, Terminal};

#[test]
fn who_posts_too_fast_is_told_when_to_try_again_and_others_are_not_disturbed() {
    let server = Server::with(&[OPEN]);
    let mut adrian = Terminal::named(&server, "adrian");
    let mut berta = Terminal::named(&server, "berta");
    adrian.screen();
    for n in 0..60 {
        adrian.send(&format!("bc {n}"));
    }
    let answers: Vec<String> = (0..60).map(|_| adrian.screen()).collect();
    let said = answers.iter().filter(|answer| *answer == "> ").count();
    let refused = answers.iter().filter(|answer| answer.starts_with("too fast: try again in ")).count();
    assert_eq!(said + refused, 60, "{answers:?}");
    assert!(said >= 20 && refused > 0, "twenty at once are fine: {said} said, {refused} refused");
    for _ in 0..said {
        assert!(berta.screen().starts_with("\nadrian to everyone:\n"));
    }
    berta.say("calmly");
    assert_eq!(server.count(&server.lobby()), said as u64 + 1);
}

#[test]
fn an_address_with_too_many_connections_is_told_so() {
    let server = Server::with(&[OPEN, ("PARLOR_LIMITS_CONNECTIONS_PER_ADDRESS", "3")]);
    // What asked whether the server is ready may still hold a place for a moment.
    let mut held: Vec<Terminal> =
        (0..3).map(|_| wait_for("a place", || Terminal::try_connect(server.term_address()))).collect();
    let stream = std::net::TcpStream::connect(server.term_address()).unwrap();
    let told = Terminal::over(stream).rest();
    assert!(told.contains("too many connections") && told.contains("for one address"), "{told:?}");
    assert!(held[2].ask("adrian").contains("(you)"), "those who are in are not disturbed");
}
