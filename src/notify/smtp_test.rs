use super::*;

fn mail() -> Mail {
    Mail {
        id: "evt_0000000000001.7".into(),
        name: "Zoë \"Z\" O'Hara\r\nBcc: all@example.com".into(),
        address: "zoe@example.com".into(),
        subject: "Your tickets for Ørsted\r\nBcc: all@example.com".into(),
        text: "Hello".into(),
        html: "<p>Hello</p>".into(),
    }
}

fn written(mail: Mail) -> String {
    let from = "Box Office <tickets@example.org>".parse().unwrap();
    String::from_utf8(message(&from, mail).unwrap().formatted()).unwrap()
}

#[test]
fn the_message_id_is_made_of_ours() {
    let text = written(mail());
    assert!(text.contains("Message-ID: <evt_0000000000001.7@example.org>\r\n"), "{text}");
    assert!(text.contains("Auto-Submitted: auto-generated\r\n"), "{text}");
    assert!(text.contains("text/plain") && text.contains("text/html"), "{text}");
}

#[test]
fn no_name_and_no_subject_becomes_a_header_of_its_own() {
    let text = written(mail());
    let mut lines = text.split("\r\n\r\n").next().unwrap().split("\r\n");
    assert!(!lines.any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{text}");
}

#[test]
fn what_is_no_address_gets_no_mail() {
    let nobody = Mail { address: "zoe".into(), ..mail() };
    let from = "a@example.org".parse().unwrap();
    assert!(matches!(message(&from, nobody), Err(SendFault::Never(_))));
}

#[tokio::test]
async fn a_password_goes_over_encrypted_connections_only() {
    for fine in [
        "smtp://127.0.0.1:2525",
        "smtp://user:word@localhost:25",
        "smtps://user:word@mail.example.com",
        "smtp://user:word@mail.example.com?tls=required",
        "smtp://mail.example.com",
    ] {
        assert!(is_smtp_url(fine), "{fine}");
    }
    for wrong in [
        "smtp://user:word@mail.example.com",
        "smtp://user:word@mail.example.com?tls=opportunistic",
        "http://mail.example.com",
        "mail.example.com:25",
        "smtp://",
    ] {
        assert!(!is_smtp_url(wrong), "{wrong}");
    }
}

#[test]
fn a_sender_is_an_address_with_or_without_a_name() {
    assert!(is_sender("onsale <onsale@localhost>") && is_sender("tickets@example.com"));
    assert!(!is_sender("Box Office") && !is_sender(""));
}

#[tokio::test]
async fn a_server_that_is_not_there_may_be_there_later() {
    let config = MailConfig {
        smtp_url: Some(crate::config::Secret::new("smtp://127.0.0.1:1".into())),
        from: "a@example.org".into(),
        connections: 1,
    };
    let sent = Smtp::of(&config).unwrap().send(mail()).await;
    assert_eq!(sent, Err(SendFault::Later("the mail server cannot be reached".into())));
}
