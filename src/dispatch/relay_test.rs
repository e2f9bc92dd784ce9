use super::*;

fn request() -> Request<Bytes> {
    Request::builder()
        .method("POST")
        .uri("/venues?a=b")
        .header("authorization", "Bearer t")
        .header("connection", "close, x-hop")
        .header("x-hop", "1")
        .header("onsale-secret", "1")
        .header("x-onsale-relayed", "1")
        .header("transfer-encoding", "chunked")
        .body(Bytes::from_static(b"{}"))
        .unwrap()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

#[test]
fn a_request_travels_without_what_belongs_to_its_connection_or_to_nodes_alone() {
    let client = Some(IpAddr::from([192, 0, 2, 7]));
    let message = write_request(&request(), 0x0102, client).unwrap();
    let (deadline_ms, read) = read_request(&message).unwrap();
    assert_eq!(
        (deadline_ms, read.method(), read.uri().to_string()),
        (0x0102, &Method::POST, "/venues?a=b".to_owned())
    );
    let names: Vec<&str> = read.headers().keys().map(HeaderName::as_str).collect();
    assert_eq!((names, &read.body()[..]), (vec!["authorization"], &b"{}"[..]));
    assert_eq!(read.extensions().get::<Relayed>().unwrap().client, client);
}

#[test]
fn internal_headers_of_a_hostile_head_are_stripped_as_well() {
    let smuggled = (text(b"onsale-x").unwrap(), text(b"1").unwrap());
    let head = RequestHead {
        deadline_ms: 1,
        method: text(b"GET").unwrap(),
        target: text(b"/").unwrap(),
        headers: Counted::new(vec![smuggled]).unwrap(),
        client: None,
    };
    let (_, read) = read_request(&join(&encode(&head), b"").unwrap()).unwrap();
    assert!(read.headers().is_empty());
}

#[test]
fn format_1_is_what_it_was() {
    let request = write_request(&request(), 0x0102, Some(IpAddr::from([192, 0, 2, 7]))).unwrap();
    assert_eq!(hex(&request), REQUEST);
    let mut response = Response::new(Bytes::from_static(b"ok"));
    response.headers_mut().insert("etag", HeaderValue::from_static("x"));
    let response = write_response(&response, vec![(State::Accounts, 5)]).unwrap();
    assert_eq!(hex(&response), RESPONSE);
    let (read, applied) = read_response(&response).unwrap();
    assert_eq!(
        (read.status(), &read.body()[..], applied),
        (StatusCode::OK, &b"ok"[..], vec![(State::Accounts, 5)])
    );
}

const REQUEST: &str = "6200000001445ab75d\
    0201000000000000\
    0400000000000000504f5354\
    0b000000000000002f76656e7565733f613d62\
    01000000000000000d00000000000000617574686f72697a6174696f6e08000000000000004265617265722074\
    0100000000c00002077b7d";
const RESPONSE: &str = "3800000001b7c43bc2\
    c800\
    0100000000000000040000000000000065746167010000000000000078\
    0100000000000000020000000500000000000000\
    6f6b";

#[test]
fn hostile_bytes_are_refused_and_nothing_breaks() {
    let message = write_request(&request(), 1, None).unwrap();
    let head = message.len() - 2;
    for length in 0..head {
        assert!(read_request(&message.slice(..length)).is_err(), "{length}");
    }
    for at in 0..head {
        let mut changed = message.to_vec();
        changed[at] ^= 0x40;
        let _read = read_response(&Bytes::from(changed.clone())).is_ok();
        assert!(read_request(&Bytes::from(changed)).is_err(), "{at}");
    }
}
