use parlor_core::account::{Account, TokenHash};
use parlor_core::connections::{Connection, Ended};
use parlor_core::ports::Store;
use parlor_core::sessions::Grant;
use parlor_core::{Actor, Refusal, Who};

use crate::support::{at_once, is_pending};
use crate::world::{OPERATOR, Town, by, refused};

/// Somebody who is logged in in every way there is.
struct Everywhere {
    tokens: [String; 2],
    /// Bound by a connection; held by a request.
    grants: [Grant; 2],
    bound: Connection,
    passing: [Connection; 2],
}

impl Everywhere {
    async fn of(town: &Town, account: &Account) -> Everywhere {
        let [(a, first), (b, second)] = [town.session(account, "a").await, town.session(account, "b").await];
        let [bound, term, wscmd] = ["chat1", "term", "wscmd"].map(|door| town.chat.connect(door, None));
        bound.bind(&first).await.unwrap();
        for connection in [&term, &wscmd] {
            connection.log_in(account).await.unwrap();
        }
        Everywhere { tokens: [a, b], grants: [first, second], bound, passing: [term, wscmd] }
    }

    /// Whether each log-in is still in force: the bound session, the other one, the two connections by themselves.
    async fn in_force(&self, town: &Town) -> [bool; 4] {
        let sessions = [0, 1].map(|at| (&self.tokens[at], &self.grants[at]));
        let mut in_force = Vec::new();
        for (token, grant) in sessions {
            let resumed = town.resume(token).await.is_some();
            assert_eq!(resumed, !grant.has_ended());
            assert_eq!(grant.actor(None).who == Who::Stranger, grant.has_ended());
            in_force.push(resumed);
        }
        assert_eq!(is_here(&self.bound), in_force[0]);
        in_force.extend(self.passing.iter().map(is_here));
        in_force.try_into().unwrap()
    }
}

fn is_here(connection: &Connection) -> bool {
    let is_here = is_pending(connection.ended());
    assert_eq!(connection.actor().who != Who::Stranger, is_here);
    if !is_here {
        assert_eq!(at_once(connection.ended()), Ended::Revoked);
    }
    is_here
}

#[tokio::test]
async fn all_log_ins_are_listed_and_each_can_be_ended() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    let there = Everywhere::of(&town, &anna).await;
    let _others = Everywhere::of(&town, &ben).await;
    let listed = town.chat.sessions(&by(&anna)).await.unwrap();
    let mut labels: Vec<_> = listed.iter().map(|one| (one.label.as_str(), one.connected)).collect();
    labels.sort_unstable();
    assert_eq!(labels, [("a", true), ("b", false), ("term", true), ("wscmd", true)]);
    for one in &listed {
        assert_eq!(one.id.len(), 32);
        assert_eq!(town.chat.end_log_in(&by(&ben), &one.id).await, Ok(false), "it is not ben's");
    }
    assert_eq!(there.in_force(&town).await, [true; 4]);
    assert_eq!(town.chat.end_log_in(&by(&anna), "").await, Ok(false));
    for (at, label) in ["a", "b", "term", "wscmd"].into_iter().enumerate() {
        let one = listed.iter().find(|one| one.label == label).unwrap();
        assert_eq!(town.chat.end_log_in(&by(&anna), &one.id).await, Ok(true));
        assert_eq!(there.in_force(&town).await, [0, 1, 2, 3].map(|other| other > at), "{label}");
        assert_eq!(town.chat.end_log_in(&by(&anna), &one.id).await, Ok(false), "it has ended");
    }
    assert_eq!(town.chat.sessions(&by(&anna)).await, Ok(vec![]));
    assert_eq!(town.chat.sessions(&by(&ben)).await.unwrap().len(), 4);
    for who in [Who::Stranger, Who::Operator] {
        let actor = Actor { who, origin: None };
        assert_eq!(refused(town.chat.sessions(&actor).await), Refusal::NotLoggedIn);
        assert_eq!(refused(town.chat.end_log_in(&actor, "").await), Refusal::NotLoggedIn);
    }
}

#[tokio::test]
async fn whatever_takes_the_right_away_ends_every_log_in_of_the_account_and_of_no_other() {
    for how in ["password", "own password", "disabled", "removed"] {
        let town = Town::new().await;
        let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
        let (there, others) = (Everywhere::of(&town, &anna).await, Everywhere::of(&town, &ben).await);
        let done = match how {
            "password" => town.chat.set_password(&OPERATOR, anna.id, Some("y")).await,
            "own password" => town.chat.change_password(&by(&anna), Some("x"), Some("y"), None).await,
            _ => town.chat.disable_account(&OPERATOR, anna.id, true).await,
        };
        assert_eq!(done, Ok(()), "{how}");
        if how == "removed" {
            // The others here have not left yet; a disabled account can be removed all the same.
            assert_eq!(town.chat.remove_account(&OPERATOR, anna.id).await, Ok(()));
        }
        assert_eq!(there.in_force(&town).await, [false; 4], "{how}");
        assert_eq!(town.store.sessions(anna.id).await, Ok(vec![]), "{how}");
        assert_eq!(others.in_force(&town).await, [true; 4], "{how}");
        assert_eq!(town.chat.disable_account(&OPERATOR, ben.id, false).await, Ok(()));
        assert_eq!(others.in_force(&town).await, [true; 4], "enabling ends nothing");
    }
}

#[tokio::test]
async fn who_changes_the_password_keeps_the_own_session() {
    let town = Town::new().await;
    let anna = town.add("anna", "x").await;
    let there = Everywhere::of(&town, &anna).await;
    let keep = Some(there.grants[0].session());
    assert_eq!(town.chat.change_password(&by(&anna), Some("x"), Some("y"), keep).await, Ok(()));
    assert_eq!(there.in_force(&town).await, [true, false, false, false]);
}

#[tokio::test]
async fn a_wrong_old_password_ends_nothing_and_a_foreign_session_is_not_kept() {
    let town = Town::new().await;
    let [anna, ben] = [town.add("anna", "x").await, town.add("ben", "x").await];
    let (there, others) = (Everywhere::of(&town, &anna).await, Everywhere::of(&town, &ben).await);
    let foreign: Option<TokenHash> = Some(others.grants[0].session());
    let wrong = town.chat.change_password(&by(&anna), Some("z"), Some("y"), foreign).await;
    assert_eq!(refused(wrong), Refusal::BadLogin);
    assert_eq!(there.in_force(&town).await, [true; 4]);
    assert_eq!(town.chat.change_password(&by(&anna), Some("x"), Some("y"), foreign).await, Ok(()));
    assert_eq!(there.in_force(&town).await, [false; 4]);
    assert_eq!(others.in_force(&town).await, [true; 4]);
}

/// As another node would do it: the store alone knows.
#[tokio::test]
async fn a_session_that_was_ended_elsewhere_ends_here_when_its_use_is_noted() {
    let town = Town::new().await;
    let anna = town.add("anna", "x").await;
    let there = Everywhere::of(&town, &anna).await;
    assert!(town.store.end_session(there.grants[0].session()).await.unwrap());
    town.hands.turn(60);
    assert_eq!(there.in_force(&town).await, [false, true, true, true]);
}
