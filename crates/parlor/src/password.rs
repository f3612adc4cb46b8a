//! Passwords that people give to a command: asked for without showing them, or read from standard input. Never an argument,
//! which every user of the machine could see in the list of processes.

use std::io::{self, IsTerminal};
use std::os::fd::BorrowedFd;

use anyhow::{bail, ensure};
use parlor_core::limits::PASSWORD_BYTES;

/// The first line of an input, without its end. What follows it stays there for others to read.
///
/// # Errors
/// There is none, it is longer than a password can be, or it is not UTF-8.
pub(crate) fn read_line(input: BorrowedFd<'_>) -> anyhow::Result<String> {
    let mut line = Vec::new();
    let mut byte = [0];
    loop {
        match rustix::io::read(input, &mut byte) {
            Ok(0) if line.is_empty() => bail!("standard input is empty; write the password into its first line"),
            Ok(0) => break,
            Ok(_) if byte == *b"\n" => break,
            Ok(_) => line.push(byte[0]),
            Err(rustix::io::Errno::INTR) => {}
            Err(error) => return Err(io::Error::from(error).into()),
        }
        // One more for a carriage return.
        ensure!(line.len() <= PASSWORD_BYTES + 1, "the password is longer than {PASSWORD_BYTES} bytes");
    }
    if line.last() == Some(&b'\r') {
        line.pop();
    }
    String::from_utf8(line).map_err(|_| anyhow::anyhow!("the password is not UTF-8"))
}

/// A new password: the first line of standard input, or asked for twice at a terminal.
///
/// # Errors
/// Standard input is no terminal and was not to be read, it is empty, or the two differ.
pub(crate) fn choose(from_stdin: bool) -> anyhow::Result<String> {
    let input = io::stdin();
    if from_stdin {
        return read_line(std::os::fd::AsFd::as_fd(&input));
    }
    ensure!(input.is_terminal(), "there is no terminal to ask for the password at; give it with --password-stdin");
    let password = rpassword::prompt_password("New password: ")?;
    ensure!(rpassword::prompt_password("The same again: ")? == password, "the two passwords differ; try again");
    Ok(password)
}

#[cfg(test)]
mod tests {
    use std::io::{Read, Write};
    use std::os::fd::AsFd;
    use std::os::unix::net::UnixStream;

    use super::*;

    fn read(text: &[u8]) -> (Result<String, String>, String) {
        let (mut reader, mut writer) = UnixStream::pair().unwrap();
        writer.write_all(text).unwrap();
        drop(writer);
        let line = read_line(reader.as_fd()).map_err(|error| error.to_string());
        let mut rest = String::new();
        reader.read_to_string(&mut rest).unwrap();
        (line, rest)
    }

    #[test]
    fn the_first_line_is_taken_and_the_rest_left() {
        assert_eq!(read(b"open sesame\r\nSEND josie\n"), (Ok("open sesame".to_owned()), "SEND josie\n".to_owned()));
        assert_eq!(read(b"sesame").0, Ok("sesame".to_owned()));
        assert_eq!(read(b"\nx").0, Ok(String::new()));
        assert!(read(b"").0.unwrap_err().contains("standard input is empty"));
        assert!(read(b"\xff\n").0.unwrap_err().contains("not UTF-8"));
        assert!(read(&[b'x'; 2_000]).0.unwrap_err().contains("longer than"));
    }
}
