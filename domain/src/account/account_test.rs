use std::sync::Arc;

use super::*;

const NOW: UnixMillis = UnixMillis::new(1_000);
const ADA: UserId = UserId::new(1);
/// Whom the configuration names as the operator.
const ROOT: &str = "root";

fn login(text: &str) -> Login {
    let mut login = [0; 16];
    fold(text).bytes().enumerate().for_each(|(at, byte)| login[at % 16] ^= byte.rotate_left(at as u32 / 16));
    Login(login)
}

fn logins(username: &str, email: &str) -> Logins {
    Logins { username: login(username), email: Some(login(email)) }
}

fn account(number: u64, username: &str, email: &str) -> Account {
    Account {
        id: UserId::new(number),
        logins: logins(username, email),
        key: Sealed::new(vec![1]),
        person: Sealed::new(username.into()),
        role: Role::Customer,
        password: hash("something"),
        created_at: NOW,
        generation: 0,
        revoked: Vec::new(),
        reset: None,
    }
}

fn hash(text: &str) -> PasswordHash {
    PasswordHash::new(format!("$argon2id$of${text}"))
}

fn with(people: &[(&str, &str)]) -> Accounts {
    let mut accounts = Accounts::default();
    for (number, (username, email)) in (1..).zip(people) {
        let (facts, _) = sign_up(&accounts, account(number, username, email)).unwrap();
        facts.iter().for_each(|fact| accounts.apply(fact));
    }
    accounts
}

/// Makes what was decided so.
fn done<T>(accounts: &mut Accounts, decided: Result<(Vec<AccountFact>, T), AccountRefusal>) -> (usize, T) {
    let (facts, answer) = decided.unwrap();
    facts.iter().for_each(|fact| accounts.apply(fact));
    (facts.len(), answer)
}

#[test]
fn a_new_account_logs_in_by_either_name() {
    let accounts = with(&[("Ada", "Ada@Example.org")]);
    for text in ["ada", "ADA", "ada@example.ORG"] {
        assert_eq!(accounts.by_login(login(text)).unwrap().id, ADA, "{text}");
    }
    assert!(accounts.by_login(login("eve")).is_none());
}

#[test]
fn names_and_addresses_are_unique_whatever_their_case() {
    let accounts = with(&[("Ada", "ada@example.org")]);
    let refused = |username, email| sign_up(&accounts, account(9, username, email)).unwrap_err();
    assert_eq!(refused("aDA", "eve@example.org"), AccountRefusal::UsernameTaken);
    assert_eq!(refused("eve", "ADA@example.org"), AccountRefusal::EmailTaken);
    // Nobody takes somebody's address as a user name, for that would log in too.
    assert_eq!(refused("ada@example.org", "eve@example.org"), AccountRefusal::UsernameTaken);
}

#[test]
fn one_account_may_have_its_address_as_its_name() {
    let mut accounts = with(&[("ada@example.org", "ada@example.org")]);
    assert_eq!(accounts.by_login(login("ada@example.org")).unwrap().id, ADA);
    let profile = Some((logins("ada", "ada@example.org"), Sealed::new(vec![2])));
    let wish = Change { seen: accounts.account(ADA).unwrap(), profile, password: None };
    let decided = change(&accounts, wish, login(ROOT), NOW);
    done(&mut accounts, decided);
    assert_eq!(accounts.by_login(login("ada@example.org")).unwrap().id, ADA);
}

#[test]
fn a_role_is_set_once() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let decided = set_role(&accounts, ADA, Role::Organizer, login(ROOT), NOW);
    let (count, after) = done(&mut accounts, decided);
    assert_eq!((count, accounts.account(ADA)), (1, Some(after)));
    assert_eq!(set_role(&accounts, ADA, Role::Organizer, login(ROOT), NOW).unwrap().0, []);
    assert_eq!(
        set_role(&accounts, UserId::new(2), Role::Organizer, login(ROOT), NOW),
        Err(AccountRefusal::NotFound)
    );
}

#[test]
fn the_operator_of_the_configuration_keeps_name_and_role_while_others_come_and_go() {
    let mut accounts = Accounts::default();
    for (number, name) in [(1, ROOT), (2, "eve")] {
        let new = Account { role: Role::Operator, ..account(number, name, &format!("{name}@example.org")) };
        let made = sign_up(&accounts, new);
        done(&mut accounts, made);
    }
    let root = login(ROOT);
    assert_eq!(set_role(&accounts, ADA, Role::Customer, root, NOW).unwrap_err(), AccountRefusal::Bootstrap);
    assert_eq!(erase(&accounts, ADA, root, NOW).unwrap_err(), AccountRefusal::Bootstrap);
    let wish = |username: &str, email: &str| Change {
        seen: accounts.account(ADA).unwrap(),
        profile: Some((logins(username, email), Sealed::new(vec![2]))),
        password: Some(hash("another")),
    };
    let renamed = change(&accounts, wish("boss", "root@example.org"), root, NOW);
    assert_eq!(renamed.unwrap_err(), AccountRefusal::Bootstrap);
    let elsewhere = change(&accounts, wish("ROOT", "root@elsewhere.example"), root, NOW);
    assert_eq!(elsewhere.unwrap().0.len(), 2, "only the name is fixed");
    assert_eq!(set_role(&accounts, ADA, Role::Operator, root, NOW).unwrap().0, [], "as it is");
    let eve = UserId::new(2);
    let demoted = set_role(&accounts, eve, Role::Customer, root, NOW);
    done(&mut accounts, demoted);
    let erased = erase(&accounts, eve, root, NOW);
    done(&mut accounts, erased);
    assert_eq!(accounts.account(ADA).map(|root| root.role), Some(Role::Operator));
}

#[test]
fn what_was_mailed_to_an_address_is_void_once_another_is_given() {
    for (email, is_good) in [("ada@example.org", true), ("ada@elsewhere.example", false)] {
        let mut accounts = with(&[("ada", "ada@example.org")]);
        let reset = Reset { digest: [7; 32], asked_at: NOW, until: UnixMillis::new(2_000) };
        let asked = ask_reset(&accounts, ADA, reset, NOW);
        done(&mut accounts, asked);
        let profile = Some((logins("ada", email), Sealed::new(vec![2])));
        let wish = Change { seen: accounts.account(ADA).unwrap(), profile, password: None };
        let changed = change(&accounts, wish, login(ROOT), NOW);
        done(&mut accounts, changed);
        assert_eq!(check_reset(&accounts, ADA, [7; 32], NOW).is_ok(), is_good, "{email}");
    }
}

#[test]
fn a_change_of_names_frees_the_old_ones_and_leaves_nobody_elses() {
    let mut accounts = with(&[("ada", "ada@example.org"), ("eve", "eve@example.org")]);
    let seen = accounts.account(ADA).unwrap();
    let wish = |username: &str, email: &str| Change {
        seen: seen.clone(),
        profile: Some((logins(username, email), Sealed::new(vec![2]))),
        password: None,
    };
    assert_eq!(
        change(&accounts, wish("EVE", "ada@example.org"), login(ROOT), NOW).unwrap_err(),
        AccountRefusal::UsernameTaken
    );
    assert_eq!(
        change(&accounts, wish("ada", "eve@example.org"), login(ROOT), NOW).unwrap_err(),
        AccountRefusal::EmailTaken
    );
    let decided = change(&accounts, wish("ada", "countess@example.org"), login(ROOT), NOW);
    let (_, after) = done(&mut accounts, decided);
    assert_eq!(accounts.account(ADA), Some(after));
    assert_eq!(accounts.owner_of(login("countess@example.org")), Some(ADA));
    assert_eq!(accounts.owner_of(login("ada")), Some(ADA));
    assert_eq!(accounts.owner_of(login("ada@example.org")), None);
    assert_eq!(
        change(&accounts, wish("ada", "ada@example.org"), login(ROOT), NOW).unwrap_err(),
        AccountRefusal::Changed
    );
    assert_eq!(sign_up(&accounts, account(3, "x", "ada@example.org")).unwrap().0.len(), 1);
}

#[test]
fn a_new_password_voids_all_tokens_and_what_was_mailed() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let reset = Reset { digest: [7; 32], asked_at: NOW, until: UnixMillis::new(2_000) };
    let decided = ask_reset(&accounts, ADA, reset, NOW);
    done(&mut accounts, decided);
    let token = TokenId(1);
    assert!(accounts.account(ADA).unwrap().accepts(token, 0));
    let wish =
        Change { seen: accounts.account(ADA).unwrap(), profile: None, password: Some(hash("another")) };
    let decided = change(&accounts, wish, login(ROOT), NOW);
    done(&mut accounts, decided);
    let after = accounts.account(ADA).unwrap();
    assert_eq!(after.password, hash("another"));
    assert!(!after.accepts(token, 0) && after.accepts(token, 1));
    let again = reset_password(&accounts, ADA, [7; 32], hash("third"), NOW);
    assert_eq!(again.unwrap_err(), AccountRefusal::ResetVoid);
}

#[test]
fn what_was_mailed_sets_one_password_in_time() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let reset = Reset { digest: [7; 32], asked_at: NOW, until: UnixMillis::new(2_000) };
    let decided = ask_reset(&accounts, ADA, reset, NOW);
    done(&mut accounts, decided);
    let set = |accounts: &Accounts, user, digest, now| {
        reset_password(accounts, UserId::new(user), digest, hash("new"), UnixMillis::new(now))
    };
    for (user, digest, now) in [(1, [8; 32], 1_999), (2, [7; 32], 1_999), (1, [7; 32], 2_000)] {
        assert_eq!(set(&accounts, user, digest, now).unwrap_err(), AccountRefusal::ResetVoid);
    }
    let decided = set(&accounts, 1, [7; 32], 1_999);
    done(&mut accounts, decided);
    assert_eq!(accounts.account(ADA).unwrap().password, hash("new"));
    assert_eq!(set(&accounts, 1, [7; 32], 1_999).unwrap_err(), AccountRefusal::ResetVoid);
}

#[test]
fn nobody_is_mailed_twice_a_minute() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    for (now, mailed) in [(1_000, true), (60_999, false), (61_000, true), (61_500, false)] {
        let now = UnixMillis::new(now);
        let reset = Reset { digest: [7; 32], asked_at: now, until: now.plus_ms(5) };
        let decided = ask_reset(&accounts, ADA, reset, now);
        assert_eq!(done(&mut accounts, decided), (usize::from(mailed), mailed), "{now:?}");
    }
}

#[test]
fn revoked_tokens_are_forgotten_once_they_have_expired() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let revoke = |accounts: &mut Accounts, token, expires, now| {
        let decided =
            revoke_token(accounts, ADA, TokenId(token), UnixMillis::new(expires), UnixMillis::new(now));
        done(accounts, decided).0
    };
    assert_eq!(revoke(&mut accounts, 1, 2_000, 1_000), 1);
    assert_eq!(revoke(&mut accounts, 1, 2_000, 1_001), 0);
    assert_eq!(revoke(&mut accounts, 2, 9_000, 1_999), 1);
    assert!(!accounts.account(ADA).unwrap().accepts(TokenId(1), 0));
    assert_eq!(revoke(&mut accounts, 3, 9_000, 2_000), 1);
    let revoked: Vec<_> = accounts.account(ADA).unwrap().revoked.iter().map(|it| it.token.0).collect();
    assert_eq!(revoked, [2, 3]);
}

#[test]
fn the_list_of_revoked_tokens_has_an_end_that_voids_them_all() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    for token in 0..=MAX_REVOKED as u128 {
        let decided = revoke_token(&accounts, ADA, TokenId(token), UnixMillis::new(9_000), NOW);
        done(&mut accounts, decided);
        assert!(!accounts.account(ADA).unwrap().accepts(TokenId(token), 0), "{token}");
    }
    let account = accounts.account(ADA).unwrap();
    assert_eq!((account.generation, account.revoked.len()), (1, 0));
    assert!(!account.accepts(TokenId(9_999), 0));
}

#[test]
fn who_is_erased_is_gone_and_their_names_are_free() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let decided = erase(&accounts, ADA, login(ROOT), NOW);
    done(&mut accounts, decided);
    assert_eq!((accounts.account(ADA), accounts.iter().count()), (None, 0));
    assert_eq!((accounts.owner_of(login("ada")), accounts.owner_of(login("ada@example.org"))), (None, None));
    assert_eq!(erase(&accounts, ADA, login(ROOT), NOW).unwrap_err(), AccountRefusal::NotFound);
    // A fact that was decided before and comes after brings nobody back.
    accounts.apply(&AccountFact::RoleSet { user: ADA, role: Role::Operator, at: NOW });
    assert_eq!(accounts.account(ADA), None);
    let decided = sign_up(&accounts, account(2, "ada", "ada@example.org"));
    assert_eq!(done(&mut accounts, decided).1.id, UserId::new(2));
}

#[test]
fn the_operator_is_made_once_and_takes_nobodys_account_over() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let boot = |accounts: &Accounts, number, name| {
        let operator = Account { role: Role::Operator, ..account(number, name, "") };
        let logins = Logins { email: None, ..operator.logins };
        bootstrap_operator(accounts, Account { logins, ..operator }, NOW)
    };
    assert_eq!(boot(&accounts, 7, "ADA"), Err(AccountRefusal::NotAnOperator));
    let decided = boot(&accounts, 7, "root");
    let (_, id) = done(&mut accounts, decided);
    assert_eq!((id, accounts.account(id).unwrap().role), (UserId::new(7), Role::Operator));
    let (facts, again) = boot(&accounts, 8, "root").unwrap();
    assert_eq!(again, id);
    assert!(matches!(facts[..], [AccountFact::PasswordSet { user, .. }] if user == id));
}

#[test]
fn the_first_seal_stays() {
    let mut accounts = Accounts::default();
    for count in [1, 0] {
        let decided = name_seal(&accounts, SealName([1; 8]));
        assert_eq!(done(&mut accounts, decided).0, count);
    }
    assert_eq!(name_seal(&accounts, SealName([2; 8])).unwrap_err(), AccountRefusal::OtherSeal);
}

#[test]
fn changes_over_accounts_are_what_the_accounts_would_be() {
    let mut whole = with(&[("ada", "ada@example.org"), ("eve", "eve@example.org")]);
    let (below, mut changes) = (whole.clone(), Changes::default());
    let profile = AccountFact::ProfileSet {
        user: ADA,
        logins: logins("countess", "ada@example.org"),
        person: Sealed::new(vec![2]),
        at: NOW,
    };
    let facts = [
        profile,
        AccountFact::Erased { user: UserId::new(2), at: NOW },
        AccountFact::SignedUp { account: Arc::new(account(3, "eve", "other@example.org")) },
        AccountFact::RoleSet { user: UserId::new(3), role: Role::Organizer, at: NOW },
        AccountFact::PasswordSet { user: UserId::new(2), password: hash("x"), at: NOW },
    ];
    for fact in &facts {
        whole.apply(fact);
        apply(&below, &mut changes, fact);
        for number in 1..4 {
            let id = UserId::new(number);
            assert_eq!(changes.over(&below).account(id), whole.account(id), "{fact:?}");
        }
        for text in ["ada", "countess", "ada@example.org", "eve", "eve@example.org", "other@example.org"] {
            assert_eq!(changes.over(&below).owner_of(login(text)), whole.owner_of(login(text)), "{text}");
        }
    }
}

fn person(username: &str, email: &str) -> Person {
    Person { name: "Ada".into(), email: Some(email.into()), username: username.into(), phone: None }
}

#[test]
fn every_broken_rule_is_reported_at_once() {
    let bad = Person {
        name: String::new(),
        email: Some("a@@b".into()),
        username: " x".into(),
        phone: Some(String::new()),
    };
    let errors = bad.check(Some("1234567")).unwrap_err();
    let pointers: Vec<String> = errors.into_iter().map(|error| error.pointer).collect();
    assert_eq!(pointers, ["/name", "/email", "/username", "/password", "/phone"]);
    assert_eq!(person("ada", "ada@example.org").check(Some("12345678")), Ok(()));
    assert!(is_password(&"é".repeat(128)) && !is_password(&"é".repeat(129)));
}

#[test]
fn addresses_are_looked_at_only_roughly() {
    for good in ["a@b", "ada.l+x@mail.example.org", "用户@例子.广告"] {
        assert_eq!(person("ada", good).check(None), Ok(()), "{good}");
    }
    for bad in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a@.b", "a@b.", "a@b..c", "a@b\n", "<a@b>"] {
        assert!(person("ada", bad).check(None).is_err(), "{bad}");
    }
}

#[test]
fn nothing_secret_or_personal_prints_itself() {
    let shown = format!("{:?} {:?}", with(&[("ada", "ada@example.org")]), person("ada", "ada@example.org"));
    assert!(!shown.contains("argon2id") && !shown.contains("example"), "{shown}");
}
