//! Somebody with a browser: keeps the cookies and sends them where they belong (RFC 6265).

use std::net::{Ipv4Addr, SocketAddr};

use super::http::{Answer, Connection, Request, get, post};
use super::server::Server;

/// One person at one server.
pub(crate) struct Person {
    server: SocketAddr,
    source: Ipv4Addr,
    cookies: Vec<SetCookie>,
}

/// A `Set-Cookie` in its parts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct SetCookie {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) path: String,
    /// All attributes, as they came, sorted.
    pub(crate) attributes: Vec<String>,
}

impl SetCookie {
    /// The cookies that an answer sets.
    pub(crate) fn all(answer: &Answer) -> Vec<SetCookie> {
        answer.headers("set-cookie").into_iter().map(SetCookie::parse).collect()
    }

    fn parse(line: &str) -> SetCookie {
        let mut parts = line.split(';').map(str::trim);
        let (name, value) = parts.next().and_then(|pair| pair.split_once('=')).expect("a cookie has a value");
        let mut attributes: Vec<String> = parts.map(str::to_owned).collect();
        attributes.sort();
        let path = attributes.iter().find_map(|attribute| attribute.strip_prefix("Path="));
        SetCookie {
            name: name.to_owned(),
            value: value.to_owned(),
            path: path.expect("our cookies have a path").to_owned(),
            attributes,
        }
    }

    fn belongs_to(&self, target: &str) -> bool {
        let path = target.split('?').next().unwrap_or("");
        let rest = path.strip_prefix(&self.path);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/') || self.path.ends_with('/'))
    }
}

impl Person {
    /// Somebody who was never here.
    pub(crate) fn new(server: &Server) -> Person {
        Person::at(server, Ipv4Addr::LOCALHOST)
    }

    /// Somebody who was never at this server.
    pub(crate) fn of(server: SocketAddr) -> Person {
        Person { server, source: Ipv4Addr::LOCALHOST, cookies: vec![] }
    }

    /// Somebody at another address of this machine.
    pub(crate) fn at(server: &Server, source: Ipv4Addr) -> Person {
        Person { server: server.address(), source, cookies: vec![] }
    }

    /// The same person after the server was started again.
    pub(crate) fn back_at(self, server: &Server) -> Person {
        Person { server: server.address(), ..self }
    }

    pub(crate) fn connect(&self) -> Connection {
        Connection::open_from(self.source, self.server)
    }

    /// Asks with the cookies, over a connection of its own, and keeps the cookies that come.
    pub(crate) fn ask(&mut self, request: Request) -> Answer {
        let answer = self.connect().ask(self.with_cookies(request));
        for cookie in SetCookie::all(&answer) {
            self.cookies.retain(|other| (&other.name, &other.path) != (&cookie.name, &cookie.path));
            if !cookie.attributes.iter().any(|attribute| attribute == "Max-Age=0") {
                self.cookies.push(cookie);
            }
        }
        answer
    }

    /// The request with the cookies that belong to its address.
    pub(crate) fn with_cookies(&self, request: Request) -> Request {
        let mut cookies: Vec<&SetCookie> =
            self.cookies.iter().filter(|cookie| cookie.belongs_to(request.target())).collect();
        cookies.sort_by_key(|cookie| std::cmp::Reverse(cookie.path.len()));
        let pairs: Vec<String> = cookies.iter().map(|cookie| format!("{}={}", cookie.name, cookie.value)).collect();
        if pairs.is_empty() { request } else { request.header("Cookie", pairs.join("; ")) }
    }

    /// Opens a room's page.
    pub(crate) fn open(&mut self, key: &str) -> Answer {
        self.ask(get(format!("/chat/{key}"))).expect(200)
    }

    /// Says something; answers its number.
    pub(crate) fn say(&mut self, key: &str, text: &str) -> u64 {
        self.ask(post(format!("/send/{key}"), text)).expect(200).number()
    }

    pub(crate) fn cookie(&self, name: &str) -> &SetCookie {
        self.cookies.iter().find(|cookie| cookie.name == name).expect("the server has set this cookie")
    }

    /// Whether there is a cookie of this name.
    pub(crate) fn has_cookie(&self, name: &str) -> bool {
        self.cookies.iter().any(|cookie| cookie.name == name)
    }

    /// Keeps only the cookies with this name.
    pub(crate) fn keep_only(&mut self, name: &str) {
        self.cookies.retain(|cookie| cookie.name == name);
    }

    /// Gets a cookie by another way than this server.
    pub(crate) fn give(&mut self, name: &str, value: &str) {
        let (name, value) = (name.to_owned(), value.to_owned());
        self.cookies.push(SetCookie { name, value, path: "/".to_owned(), attributes: vec![] });
    }
}
