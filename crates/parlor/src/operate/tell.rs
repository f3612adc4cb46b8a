//! What came of an order, in words or as JSON.

use std::io::{self, Write};

use parlor_client::shown;
use serde::Serialize;

use super::order::{MemberRow, RoomRow, UserRow};

/// Prints one line.
pub(super) fn line(text: &str) -> anyhow::Result<()> {
    Ok(writeln!(io::stdout(), "{}", shown::line(text))?)
}

/// Prints accounts.
pub(super) fn users(users: &[UserRow], json: bool) -> anyhow::Result<()> {
    print(users, json, |user| {
        let marks = [(user.operator, "operator"), (user.disabled, "disabled"), (!user.password, "no password")];
        let marks: Vec<&str> = marks.into_iter().filter_map(|(is_so, word)| is_so.then_some(word)).collect();
        let shown = if user.display_name == user.name { String::new() } else { user.display_name.clone() };
        vec![user.name.clone(), shown, day(&user.created), marks.join(", ")]
    })
}

/// Prints rooms.
pub(super) fn rooms(rooms: &[RoomRow], json: bool) -> anyhow::Result<()> {
    print(rooms, json, |room| {
        let listed = if room.listed { "listed" } else { "not listed" };
        let name = room.name.clone().unwrap_or_else(|| "-".to_owned());
        let messages = format!("{} messages", room.messages);
        vec![name, room.key.clone(), format!("{}, {listed}", room.access), messages, room.subject.clone()]
    })
}

/// Prints who belongs to a room.
pub(super) fn members(members: &[MemberRow], json: bool) -> anyhow::Result<()> {
    print(members, json, |member| vec![member.name.clone(), member.role.clone()])
}

fn print<R: Serialize>(rows: &[R], json: bool, cells: impl Fn(&R) -> Vec<String>) -> anyhow::Result<()> {
    let mut out = io::stdout().lock();
    if json {
        for row in rows {
            writeln!(out, "{}", shown::json(&serde_json::to_string(row)?))?;
        }
        return Ok(());
    }
    let shown: Vec<Vec<String>> =
        rows.iter().map(|row| cells(row).iter().map(|cell| shown::line(cell)).collect()).collect();
    for line in columns(&shown) {
        writeln!(out, "{line}")?;
    }
    Ok(())
}

/// Lines whose cells stand below each other.
fn columns(rows: &[Vec<String>]) -> Vec<String> {
    let count = rows.iter().map(Vec::len).max().unwrap_or_default();
    let width = |column: usize| rows.iter().filter_map(|row| row.get(column)).map(|cell| cell.chars().count()).max();
    let widths: Vec<usize> = (0..count).map(|column| width(column).unwrap_or_default()).collect();
    let line = |row: &Vec<String>| {
        let cells = row.iter().zip(&widths).filter(|(_, width)| **width > 0);
        let padded: Vec<String> = cells.map(|(cell, width)| format!("{cell:<width$}", width = *width)).collect();
        padded.join("  ").trim_end().to_owned()
    };
    rows.iter().map(line).collect()
}

/// The day of a time.
fn day(time: &str) -> String {
    time.split('T').next().unwrap_or(time).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn cells_stand_below_each_other_and_empty_columns_are_left_out() {
        let row = |cells: [&str; 3]| cells.map(str::to_owned).to_vec();
        assert_eq!(columns(&[row(["anna", "", "x"]), row(["é", "", "operator"])]), ["anna  x", "é     operator"]);
        assert_eq!(columns(&[row(["anna", "", ""])]), ["anna"]);
        assert!(columns(&[]).is_empty());
    }
}
