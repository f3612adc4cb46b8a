//! Every anomaly has a smallest history that shows it; histories of a correct room are clean.

use proptest::prelude::*;

use super::{Act, Anomaly, HistoryError, Record, Report, check, run};

/// A history in shorthand: one line a record, `TIME PROCESS ACT ...`; `@DOOR` after the process
/// names another door than `http-chat`. Keys and texts are the same word, authors are processes.
fn history(lines: &str) -> Vec<Record> {
    lines.lines().map(str::trim).filter(|line| !line.is_empty()).map(record).collect()
}

fn record(line: &str) -> Record {
    let words: Vec<&str> = line.split_whitespace().collect();
    let (process, door) = words[1].split_once('@').unwrap_or((words[1], "http-chat"));
    let word = |at: usize| words[at].to_owned();
    let number = |at: usize| words[at].trim_start_matches('#').parse().unwrap();
    let act = match words[2] {
        "invoke" => Act::Invoke { key: word(3), author: process.to_owned(), text: word(3) },
        "ack" => Act::Ack { key: word(3), number: number(4) },
        "err" => Act::Err { key: word(3) },
        "unknown" => Act::Unknown { key: word(3) },
        "observe" => Act::Observe { number: number(3), author: word(4), text: word(5) },
        "final" => Act::Final { number: number(3), author: word(4), text: word(5) },
        other => panic!("no act {other}"),
    };
    let room = "r".to_owned();
    Record { at_us: words[0].parse().unwrap(), process: process.to_owned(), door: door.to_owned(), room, act }
}

fn report(lines: &str) -> Report {
    check(history(lines)).unwrap()
}

/// The history shows these anomalies so often, and no others.
#[track_caller]
fn shows(lines: &str, expected: &[(Anomaly, u64)]) {
    let report = report(lines);
    let found: Vec<(Anomaly, u64)> =
        report.findings.iter().map(|(anomaly, finding)| (*anomaly, finding.count)).collect();
    assert_eq!(found, expected, "{report}");
}

#[test]
fn a_good_history_is_clean() {
    let report = report(
        "1 a invoke x
         2 b invoke y
         3 a unknown x
         4 b ack y #1
         5 q observe #1 b y
         6 a invoke x
         7 a ack x #2
         8 q observe #2 a x
         9 c invoke z
         10 c err z
         11 c invoke v
         12 c unknown v
         20 z final #1 b y
         20 z final #2 a x",
    );
    assert!(report.is_clean(), "{report}");
    let totals = report.totals;
    assert_eq!((totals.records, totals.rooms, totals.writes, totals.acked), (14, 1, 4, 2));
    assert_eq!((totals.observed, totals.stored), (2, 2));
    assert!(report.to_string().contains("no anomaly found"));
}

#[test]
fn an_acknowledged_message_that_is_gone_is_a_lost_write() {
    shows("1 a invoke x\n 2 a ack x #1", &[(Anomaly::LostWrite, 1)]);
    // Its number went to another: both rules are broken.
    shows(
        "1 a invoke x\n 2 a ack x #1\n 3 b invoke y\n 4 b unknown y\n 9 z final #1 b y",
        &[(Anomaly::LostWrite, 1), (Anomaly::InconsistentOffset, 1)],
    );
}

#[test]
fn a_message_twice_in_the_room_is_a_duplicate() {
    shows(
        "1 a invoke x\n 2 a unknown x\n 3 a invoke x\n 4 a ack x #2\n 9 z final #1 a x\n 9 z final #2 a x",
        &[(Anomaly::Duplicate, 1)],
    );
    shows("1 a invoke x\n 2 a ack x #1\n 9 z final #1 a x\n 9 z final #1 a x", &[(Anomaly::Duplicate, 1)]);
}

#[test]
fn two_contents_at_one_number_are_an_inconsistent_offset() {
    shows(
        "1 a invoke x\n 2 b invoke y\n 3 q observe #1 a x\n 4 p observe #1 b y\n 9 z final #1 a x\n 9 z final #2 b y",
        &[(Anomaly::InconsistentOffset, 1)],
    );
    // Acknowledged at a number where the room has nothing at all.
    shows("1 a invoke x\n 2 a ack x #7\n 9 z final #1 a x", &[(Anomaly::InconsistentOffset, 1)]);
}

#[test]
fn doors_that_disagree_are_a_cross_door_mismatch() {
    shows(
        "1 a invoke x\n 2 b invoke y\n 3 p@term observe #1 b y\n 9 z final #1 a x\n 9 z final #2 b y",
        &[(Anomaly::CrossDoorMismatch, 1)],
    );
}

#[test]
fn a_reader_that_is_led_past_a_message_is_a_poll_skip() {
    let posts = "1 a invoke x\n 1 b invoke y\n 1 c invoke z\n";
    let end = "9 z final #1 a x\n 9 z final #2 b y\n 9 z final #3 c z\n";
    shows(&format!("{posts} 3 q observe #1 a x\n 4 q observe #3 c z\n {end}"), &[(Anomaly::PollSkip, 1)]);
    // To begin late is no skip, and another reader has a cursor of its own.
    shows(&format!("{posts} 3 q observe #2 b y\n 4 p observe #1 a x\n 5 q observe #3 c z\n {end}"), &[]);
}

#[test]
fn a_reader_that_is_led_back_is_a_non_monotonic_poll() {
    let posts = "1 a invoke x\n 1 b invoke y\n";
    let end = "9 z final #1 a x\n 9 z final #2 b y\n";
    shows(&format!("{posts} 3 q observe #2 b y\n 4 q observe #1 a x\n {end}"), &[(Anomaly::NonMonotonicPoll, 1)]);
    shows(&format!("{posts} 3 q observe #2 b y\n 4 q observe #2 b y\n {end}"), &[(Anomaly::NonMonotonicPoll, 1)]);
}

#[test]
fn what_was_seen_and_acknowledged_and_is_gone_is_a_phantom() {
    shows(
        "1 a invoke x\n 2 a ack x #1\n 3 q observe #1 a x\n 4 p observe #1 a x",
        &[(Anomaly::LostWrite, 1), (Anomaly::Phantom, 1)],
    );
}

#[test]
fn what_was_seen_without_becoming_durable_is_a_precommitted_read() {
    shows("1 a invoke x\n 2 q observe #1 a x\n 3 a unknown x", &[(Anomaly::PrecommittedRead, 1)]);
    // Refused in every attempt, and there all the same.
    shows("1 a invoke x\n 2 a err x\n 9 z final #1 a x", &[(Anomaly::PrecommittedRead, 1)]);
    // A refusal after an attempt without an answer promises nothing about that one.
    shows("1 a invoke x\n 2 a unknown x\n 3 a invoke x\n 4 a err x\n 9 z final #1 a x", &[]);
}

#[test]
fn a_later_message_with_a_smaller_number_is_a_real_time_inversion() {
    let end = "9 z final #1 b y\n 9 z final #2 a x";
    shows(
        &format!("1 a invoke x\n 2 a ack x #2\n 3 b invoke y\n 4 b ack y #1\n {end}"),
        &[(Anomaly::RealTimeInversion, 1)],
    );
    // At the same time, either order is right; so it is for one sent first and repeated later.
    shows(&format!("1 a invoke x\n 2 b invoke y\n 3 a ack x #2\n 4 b ack y #1\n {end}"), &[]);
    shows(
        &format!("1 b invoke y\n 2 b unknown y\n 3 a invoke x\n 4 a ack x #2\n 5 b invoke y\n 6 b ack y #1\n {end}"),
        &[],
    );
}

#[test]
fn a_content_that_nobody_wrote_is_named() {
    shows("9 z final #1 a x", &[(Anomaly::NeverWritten, 1)]);
    shows("1 a invoke x\n 2 q observe #1 a X\n 9 z final #1 a X", &[(Anomaly::NeverWritten, 1)]);
    shows("1 q observe #1 a x", &[(Anomaly::NeverWritten, 1)]);
}

#[test]
fn a_hole_in_the_numbers_is_a_gap() {
    shows("1 a invoke x\n 2 a ack x #2\n 9 z final #2 a x", &[(Anomaly::Gap, 1)]);
}

#[test]
fn rooms_are_judged_apart() {
    let mut records = history("1 a invoke x\n 2 a ack x #1\n 9 z final #1 a x");
    let other = records.clone().into_iter().map(|record| Record { room: "s".to_owned(), ..record });
    records.extend(other);
    let report = check(records).unwrap();
    assert!(report.is_clean(), "{report}");
    assert_eq!(report.totals.rooms, 2);
}

#[test]
fn a_report_shows_the_first_examples_and_counts_the_rest() {
    let lines: String = (0..8).map(|i| format!("1 a invoke x{i}\n2 a ack x{i} #{}\n", i + 1)).collect();
    let text = report(&lines).to_string();
    assert!(text.contains("lost write: 8\n") && text.contains("\"x0\" by \"a\" was acknowledged as #1"), "{text}");
    assert!(text.contains("and 3 more"), "{text}");
}

#[test]
fn records_read_back_and_run_judges_lines() {
    let records =
        history("1 a invoke x\n 2 a unknown x\n 3 a err x\n 4 a ack x #1\n 5 q observe #1 a x\n 9 z@term final #1 a x");
    let mut lines = String::new();
    for record in &records {
        let line = serde_json::to_string(record).unwrap();
        assert_eq!(serde_json::from_str::<Record>(&line).unwrap(), *record);
        lines.push_str(&line);
        lines.push_str("\n\n");
    }
    assert!(lines.starts_with(
        r#"{"kind":"invoke","at_us":1,"process":"a","door":"http-chat","room":"r","key":"x","author":"a","text":"x"}"#
    ));
    let mut output = Vec::new();
    assert!(run(&mut lines.as_bytes(), &mut output).unwrap());
    let lost = lines.lines().filter(|line| !line.contains("final")).collect::<Vec<_>>().join("\n");
    assert!(!run(&mut lost.as_bytes(), &mut output).unwrap());
    assert!(String::from_utf8(output).unwrap().contains("lost write: 1"));
}

#[test]
fn what_is_no_history_is_refused_with_its_line() {
    let good = serde_json::to_string(&record("1 a invoke x")).unwrap();
    let reused = good.replace(r#""text":"x""#, r#""text":"y""#);
    let cases = [
        (format!("{good}\nnonsense"), "line 2 is no record"),
        (good.replace(r#","key":"x""#, ""), "missing field `key`"),
        (serde_json::to_string(&record("1 a ack x #1")).unwrap(), "line 1: process a has an answer"),
        (format!("{good}\n{reused}"), "line 2: process a used the key \"x\""),
    ];
    for (text, reason) in cases {
        let error = run(&mut text.as_bytes(), &mut Vec::new()).unwrap_err().to_string();
        assert!(error.contains(reason), "{error}");
    }
    let error = run(&mut &b"\xff\n"[..], &mut Vec::new()).unwrap_err();
    assert!(matches!(error, HistoryError::NotUtf8 { line: 1 }));
}

/// What a correct server may do with one post, chosen by chance.
#[derive(Debug, Clone, Copy)]
enum Fate {
    Acked,
    /// Stored, the answer lost; then repeated and acknowledged.
    AckedOnRepeat,
    /// Stored, the answer lost, never repeated.
    StoredUnknown,
    LostUnknown,
    Refused,
}

/// The history of a correct server with one room: posts overlap, each takes its number between
/// its first invoke and its ack, readers follow from some number to some later one.
fn correct(posts: &[(Fate, u64)], readers: &[(u64, u64)]) -> Vec<Record> {
    let mut lines: Vec<(u64, String)> = Vec::new();
    let mut stored: Vec<String> = Vec::new();
    for (index, &(fate, overlap)) in posts.iter().enumerate() {
        // The number is taken at `commit`; commits are in order, invokes and acks around them overlap.
        let commit = 1_000 + 10 * index as u64;
        let (invoked, answered) = (commit - overlap, commit + overlap);
        let (writer, next) = (format!("w{index}"), stored.len() + 1);
        lines.push((invoked, format!("{invoked} {writer} invoke x{index}")));
        match fate {
            Fate::Acked => lines.push((answered, format!("{answered} {writer} ack x{index} #{next}"))),
            Fate::AckedOnRepeat => {
                let again = answered + 1;
                lines.push((answered, format!("{answered} {writer} unknown x{index}")));
                lines.push((answered, format!("{answered} {writer} invoke x{index}")));
                lines.push((again, format!("{again} {writer} ack x{index} #{next}")));
            }
            Fate::StoredUnknown | Fate::LostUnknown => {
                lines.push((answered, format!("{answered} {writer} unknown x{index}")));
            }
            Fate::Refused => lines.push((answered, format!("{answered} {writer} err x{index}"))),
        }
        if matches!(fate, Fate::Acked | Fate::AckedOnRepeat | Fate::StoredUnknown) {
            stored.push(format!("#{next} {writer} x{index}"));
        }
    }
    for (reader, &(from, count)) in readers.iter().enumerate() {
        for message in stored.iter().skip(from as usize).take(count as usize) {
            lines.push((5_000, format!("5000 q{reader} observe {message}")));
        }
    }
    lines.extend(stored.iter().map(|message| (9_000, format!("9000 z final {message}"))));
    lines.sort_by_key(|(at, _)| *at);
    lines.iter().map(|(_, line)| record(line)).collect()
}

fn fates() -> impl Strategy<Value = Vec<(Fate, u64)>> {
    let fate = prop_oneof![
        6 => Just(Fate::Acked),
        2 => Just(Fate::AckedOnRepeat),
        1 => Just(Fate::StoredUnknown),
        1 => Just(Fate::LostUnknown),
        1 => Just(Fate::Refused),
    ];
    prop::collection::vec((fate, 0_u64..200), 1..60)
}

proptest! {
    #[test]
    fn histories_of_a_correct_server_are_clean(
        posts in fates(),
        readers in prop::collection::vec((0_u64..60, 0_u64..60), 0..5),
    ) {
        let report = check(correct(&posts, &readers)).unwrap();
        prop_assert!(report.is_clean(), "{}", report);
    }

    #[test]
    fn a_correct_history_without_one_stored_message_is_not_clean(
        posts in fates(),
        chosen in any::<prop::sample::Index>(),
    ) {
        let mut records = correct(&posts, &[(0, 60)]);
        let stored: Vec<usize> =
            (0..records.len()).filter(|&index| matches!(records[index].act, Act::Final { .. })).collect();
        prop_assume!(!stored.is_empty());
        records.remove(stored[chosen.index(stored.len())]);
        prop_assert!(!check(records).unwrap().is_clean());
    }

    #[test]
    fn a_correct_history_with_two_numbers_exchanged_at_the_end_is_not_clean(
        posts in fates(),
        chosen in any::<prop::sample::Index>(),
    ) {
        let mut records = correct(&posts, &[(0, 60)]);
        let stored: Vec<usize> =
            (0..records.len()).filter(|&index| matches!(records[index].act, Act::Final { .. })).collect();
        prop_assume!(stored.len() > 1);
        let first = stored[chosen.index(stored.len() - 1)];
        let (Act::Final { number: a, .. }, Act::Final { number: b, .. }) =
            (records[first].act.clone(), records[first + 1].act.clone()) else { panic!("both are final") };
        for (index, value) in [(first, b), (first + 1, a)] {
            if let Act::Final { number, .. } = &mut records[index].act {
                *number = value;
            }
        }
        prop_assert!(!check(records).unwrap().is_clean());
    }
}
