use jsonwebtoken::crypto::sign;

use super::*;

const NOW: UnixMillis = UnixMillis::new(1_795_000_000_000);
const SECRET: &str = "a secret of more than thirty-two bytes";

struct Sevens;

impl Random for Sevens {
    fn fill(&self, bytes: &mut [u8]) {
        bytes.fill(7);
    }
}

fn tokens(secret: &str) -> Tokens {
    Tokens::new(&Secret::new(secret.to_owned()), &[], Duration::from_secs(60))
}

fn issued() -> String {
    tokens(SECRET).issue(UserId::new(5), 3, NOW, &Sevens).text
}

/// A token with any header, signed with our secret.
fn forged(header: &str, claims: &str) -> String {
    let base64 = |text: &str| {
        use base64::Engine as _;
        base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(text)
    };
    let message = format!("{}.{}", base64(header), base64(claims));
    let key = EncodingKey::from_secret(SECRET.as_bytes());
    let algorithm = if header.contains("HS512") { Algorithm::HS512 } else { Algorithm::HS256 };
    format!("{message}.{}", sign(message.as_bytes(), &key, algorithm).unwrap())
}

const CLAIMS: &str =
    r#"{"iss":"onsale","sub":"usr_0000000000005","jti":"1","gen":3,"iat":1795000000,"exp":1795000060}"#;

/// A header that names our key.
fn header(algorithm: &str) -> String {
    format!(r#"{{"alg":"{algorithm}","typ":"JWT","kid":"{}"}}"#, name_of(&Secret::new(SECRET.to_owned())))
}

#[test]
fn a_token_is_read_back_until_its_time_is_over() {
    let token = tokens(SECRET).read(&issued(), NOW).unwrap();
    assert_eq!((token.user, token.generation), (UserId::new(5), 3));
    assert_eq!(token.expires_at, NOW.plus_ms(60_000));
    assert_eq!(token.id, TokenId(u128::from_le_bytes([7; 16])));
    assert!(tokens(SECRET).read(&issued(), NOW.plus_ms(59_999)).is_ok());
    assert_eq!(tokens(SECRET).read(&issued(), NOW.plus_ms(60_000)), Err(TokenFault::Expired));
}

#[test]
fn another_key_or_a_changed_text_is_not_ours() {
    let other = tokens("another secret of more than thirty-two bytes");
    assert_eq!(other.read(&issued(), NOW), Err(TokenFault::Invalid));
    let cut = &issued()[..issued().len() - 2];
    for wrong in ["", "a.b.c", "..", cut, &format!("{}x", issued())] {
        assert_eq!(tokens(SECRET).read(wrong, NOW), Err(TokenFault::Invalid), "{wrong}");
    }
}

#[test]
fn tokens_of_the_key_before_are_good_while_they_last() {
    let (old, new) =
        (Secret::new(SECRET.to_owned()), Secret::new("the next secret, as long as ours".to_owned()));
    let rotated = Tokens::new(&new, &[old], Duration::from_secs(60));
    assert_eq!(rotated.read(&issued(), NOW), tokens(SECRET).read(&issued(), NOW));
    let after = rotated.issue(UserId::new(5), 3, NOW, &Sevens).text;
    assert!(rotated.read(&after, NOW).is_ok());
    assert_eq!(tokens(SECRET).read(&after, NOW), Err(TokenFault::Invalid));
}

#[test]
fn only_the_pinned_algorithm_and_a_known_key_are_accepted() {
    assert!(tokens(SECRET).read(&forged(&header("HS256"), CLAIMS), NOW).is_ok());
    let odd = [r#"{"alg":"HS256"}"#, r#"{"alg":"HS256","kid":"0000000000000000"}"#, r#"{"typ":"JWT"}"#];
    let odd = odd.map(str::to_owned).into_iter().chain(["HS512", "none", "RS256"].map(header));
    for header in odd {
        let text = forged(&header, CLAIMS);
        assert_eq!(tokens(SECRET).read(&text, NOW), Err(TokenFault::Invalid), "{header}");
        let (unsigned, _) = text.rsplit_once('.').unwrap();
        assert_eq!(tokens(SECRET).read(&format!("{unsigned}."), NOW), Err(TokenFault::Invalid), "{header}");
    }
}

#[test]
fn every_claim_is_needed() {
    for (claim, other) in [
        (r#""iss":"onsale","#, r#""iss":"somebody","#),
        (r#""sub":"usr_0000000000005","#, r#""sub":"ven_0000000000005","#),
        (r#""jti":"1","#, r#""jti":"x","#),
        (r#""gen":3,"#, r#""gen":-1,"#),
        (r#","exp":1795000060"#, r#","exp":"soon""#),
    ] {
        for instead in ["", other] {
            let claims = CLAIMS.replace(claim, instead);
            assert_ne!(claims, CLAIMS);
            let text = forged(&header("HS256"), &claims);
            assert_eq!(tokens(SECRET).read(&text, NOW), Err(TokenFault::Invalid), "{claims}");
        }
    }
}
