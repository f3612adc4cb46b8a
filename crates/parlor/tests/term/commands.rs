//! The other commands.

use super::terminal::{Terminal, server};

#[test]
fn help_tells_every_command() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let help = adrian.ask("/help");
    for command in
        ["bc TEXT", "NAME TEXT", "/who", "/rooms", "/join ROOM", "/leave", "/history [N]", "/me TEXT", "/quit"]
    {
        assert!(help.contains(command), "{command}: {help}");
    }
    assert_eq!(adrian.ask("/nick \x1b[2J"), "there is no command /nick; /help lists them\n> ");
    assert_eq!(adrian.ask("/\x1b[2J"), "there is no command /\\x1b[2J; /help lists them\n> ");
}

#[test]
fn me_says_what_one_does_and_is_an_ordinary_message_elsewhere() {
    let server = server();
    let mut adrian = Terminal::named(&server, "adrian");
    let mut berta = Terminal::named(&server, "berta");
    adrian.screen();
    assert_eq!(adrian.ask("/me waves"), "> ");
    assert_eq!(berta.screen(), "\n* adrian waves\n> ");
    assert!(adrian.ask("/me").contains("/me waves"));
    // Nobody can do so in another's name.
    adrian.say("* berta waves");
    assert_eq!(berta.screen(), "\nadrian to everyone:\n  * berta waves\n> ");
    adrian.ask("/me bows\nberta to everyone:\n  nonsense");
    assert_eq!(berta.screen(), "\n* adrian bows\n  berta to everyone:\n    nonsense\n> ");
    assert_eq!(server.line(&server.lobby(), 1), "~adrian: * adrian waves");
}
