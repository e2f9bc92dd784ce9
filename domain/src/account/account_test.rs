use super::*;

const NOW: UnixMillis = UnixMillis::new(1_000);

fn wish(username: &str, email: &str) -> SignUp {
    SignUp { name: "Ada".into(), email: email.into(), username: username.into(), phone: None }
}

fn hash() -> PasswordHash {
    PasswordHash::new("$argon2id$of$something".into())
}

fn with(logins: &[(&str, &str)]) -> Accounts {
    let mut accounts = Accounts::default();
    for (number, (username, email)) in logins.iter().enumerate() {
        let id = UserId::new(number as u64 + 1);
        let (facts, _) = sign_up(&accounts, id, &wish(username, email), &hash(), NOW).unwrap();
        facts.iter().for_each(|fact| accounts.apply(fact));
    }
    accounts
}

#[test]
fn a_new_account_is_a_customer_and_logs_in_by_either_name() {
    let accounts = with(&[("Ada", "Ada@Example.org")]);
    for login in ["ada", "ADA", "ada@example.ORG"] {
        assert_eq!(accounts.by_login(login).unwrap().role, Role::Customer, "{login}");
    }
    assert!(accounts.by_login("eve").is_none());
}

#[test]
fn names_and_addresses_are_unique_whatever_their_case() {
    let accounts = with(&[("Ada", "ada@example.org")]);
    let refused = |username, email| {
        sign_up(&accounts, UserId::new(9), &wish(username, email), &hash(), NOW).unwrap_err()
    };
    assert_eq!(refused("aDA", "eve@example.org"), AccountRefusal::UsernameTaken);
    assert_eq!(refused("eve", "ADA@example.org"), AccountRefusal::EmailTaken);
    // Nobody takes somebody's address as a user name, for that would log in too.
    assert_eq!(refused("ada@example.org", "eve@example.org"), AccountRefusal::UsernameTaken);
}

#[test]
fn one_account_may_have_its_address_as_its_name() {
    let accounts = with(&[("ada@example.org", "ada@example.org")]);
    assert_eq!(accounts.by_login("ada@example.org").unwrap().id, UserId::new(1));
}

#[test]
fn a_role_is_ordered_and_can_be_set() {
    assert!(Role::Customer < Role::Organizer && Role::Organizer < Role::Operator);
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let (facts, user) = set_role(&accounts, UserId::new(1), Role::Organizer, NOW).unwrap();
    facts.iter().for_each(|fact| accounts.apply(fact));
    assert_eq!(accounts.user(UserId::new(1)).map(AsRef::as_ref), Some(&user));
    assert_eq!(set_role(&accounts, UserId::new(1), Role::Organizer, NOW).unwrap().0, []);
    assert_eq!(set_role(&accounts, UserId::new(2), Role::Organizer, NOW), Err(AccountRefusal::NotFound));
}

#[test]
fn revoked_tokens_are_forgotten_once_they_have_expired() {
    let mut accounts = Accounts::default();
    let revoke = |accounts: &mut Accounts, token, expires, now| {
        let (facts, ()) =
            revoke_token(accounts, TokenId(token), UnixMillis::new(expires), UnixMillis::new(now)).unwrap();
        facts.iter().for_each(|fact| accounts.apply(fact));
        facts.len()
    };
    assert_eq!(revoke(&mut accounts, 1, 2_000, 1_000), 1);
    assert_eq!(revoke(&mut accounts, 1, 2_000, 1_001), 0);
    assert_eq!(revoke(&mut accounts, 2, 9_000, 1_999), 1);
    assert!(accounts.is_revoked(TokenId(1)));
    assert_eq!(revoke(&mut accounts, 3, 9_000, 2_000), 1);
    assert!(!accounts.is_revoked(TokenId(1)) && accounts.is_revoked(TokenId(2)));
}

#[test]
fn the_operator_is_made_once_and_takes_nobodys_account_over() {
    let mut accounts = with(&[("ada", "ada@example.org")]);
    let boot =
        |accounts: &Accounts, id, name| bootstrap_operator(accounts, UserId::new(id), name, &hash(), NOW);
    assert_eq!(boot(&accounts, 7, "ADA"), Err(AccountRefusal::NotAnOperator));
    let (facts, id) = boot(&accounts, 7, "root").unwrap();
    facts.iter().for_each(|fact| accounts.apply(fact));
    assert_eq!((id, accounts.user(id).unwrap().role), (UserId::new(7), Role::Operator));
    let (facts, again) = boot(&accounts, 8, "root").unwrap();
    assert_eq!(again, id);
    assert!(matches!(facts[..], [AccountFact::PasswordSet { user, .. }] if user == id));
}

#[test]
fn every_broken_rule_is_reported_at_once() {
    let bad = SignUp {
        name: String::new(),
        email: "a@@b".into(),
        username: " x".into(),
        phone: Some(String::new()),
    };
    let pointers: Vec<String> = bad.check("1234567").unwrap_err().into_iter().map(|e| e.pointer).collect();
    assert_eq!(pointers, ["/name", "/email", "/username", "/password", "/phone"]);
    assert_eq!(wish("ada", "ada@example.org").check("12345678"), Ok(()));
    assert!(is_password(&"é".repeat(128)) && !is_password(&"é".repeat(129)));
}

#[test]
fn addresses_are_looked_at_only_roughly() {
    for good in ["a@b", "ada.l+x@mail.example.org", "用户@例子.广告"] {
        assert_eq!(wish("ada", good).check("12345678"), Ok(()), "{good}");
    }
    for bad in ["", "ada", "@b", "a@", "a@b@c", "a b@c", "a@.b", "a@b.", "a@b..c", "a@b\n", "<a@b>"] {
        assert!(wish("ada", bad).check("12345678").is_err(), "{bad}");
    }
}

#[test]
fn a_password_hash_does_not_print_itself() {
    assert!(!format!("{:?}", with(&[("ada", "ada@example.org")])).contains("argon2id"));
}
