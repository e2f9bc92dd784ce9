use std::sync::{Arc, Mutex};
use std::time::Duration;

use actors::{CurrentThread, Owners, Shell};
use axum::http::{HeaderValue, StatusCode};
use cluster::peer::{Answers, Calls, Messages, Service};
use cluster::{Cluster, ClusterConfig};
use domain::ids::TicketId;
use domain::ports::{BoxFuture, Clock, NoCourier};
use serde_json::{Value, json};
use tokio::sync::watch;

use super::*;
use crate::auth::{Passwords, Sealer, Tokens};
use crate::clock::{SystemClock, SystemRandom};
use crate::config::{self, Secret};
use crate::dispatch::edge::Edge;
use crate::dispatch::{self, Dispatch};
use crate::gateway::{Providers, TestProvider};
use crate::http::encoded::Encoded;
use crate::http::live::Boards;
use crate::http::{Identities, Parts, Readiness, Resets};
use crate::limits::Limits;
use crate::listings::{Directory, Sales};
use crate::metrics::Metrics;
use crate::notify::webhook::{Reach, Signing, Webhooks};
use crate::peer_answers::PeerAnswers;
use crate::people::People;
use crate::projections::{Feeds, NodeSeats};
use crate::search::SearchIndex;

/// What a node believes of the cluster.
struct TestWays {
    me: NodeId,
    owner: Owner,
    /// Whether it has replicas and accounts.
    follows: bool,
    never: watch::Sender<u64>,
}

impl TestWays {
    fn new(me: NodeId, owner: Owner, follows: bool) -> Arc<Self> {
        Arc::new(Self { me, owner, follows, never: watch::Sender::new(0) })
    }
}

impl Ways for TestWays {
    fn me(&self) -> NodeId {
        self.me
    }

    fn is_gateway(&self) -> bool {
        !self.follows
    }

    fn owner(&self, _of: State) -> Owner {
        self.owner
    }

    fn learn_owner(&self, _event: EventId, _owner: NodeId) {}

    fn changed(&self) -> watch::Receiver<u64> {
        self.never.subscribe()
    }

    fn members(&self) -> Vec<NodeId> {
        vec![2]
    }

    fn replicas(&self, _event: EventId) -> Vec<NodeId> {
        vec![2]
    }

    fn covers(&self, nodes: &[NodeId]) -> bool {
        nodes.contains(&2)
    }

    fn applied(&self, _of: State) -> Option<u64> {
        self.follows.then_some(0)
    }

    fn progress(&self, _of: State) -> watch::Receiver<u64> {
        self.never.subscribe()
    }
}

/// Carries every call to node 2, and remembers which.
#[derive(Default)]
struct ToSecond {
    second: Mutex<Option<Arc<PeerAnswers>>>,
    clock: Mutex<Option<Arc<dyn Clock>>>,
    calls: Mutex<Vec<String>>,
}

impl Calls for ToSecond {
    fn call(
        &self,
        _to: NodeId,
        service: Service,
        body: Bytes,
        _: Duration,
    ) -> BoxFuture<Result<Bytes, CallError>> {
        self.calls.lock().unwrap().push(format!("{} {:?}", service.name, service.lane));
        let second = self.second.lock().unwrap().clone().expect("there is a second node");
        Box::pin(async move { second.call(1, service.name, body).await })
    }

    fn stream(
        &self,
        _to: NodeId,
        service: Service,
        input: Messages,
        _: Duration,
    ) -> BoxFuture<Result<Messages, CallError>> {
        let second = self.second.lock().unwrap().clone().expect("there is a second node");
        Box::pin(async move { second.stream(1, service.name, input).await })
    }

    fn clock_of(&self, _to: NodeId) -> Option<u64> {
        self.clock.lock().unwrap().as_ref().map(|clock| clock.read().monotonic_ms)
    }
}

/// A node over a journal of its own in `dir`.
async fn app(dir: &std::path::Path, ways: Arc<TestWays>, calls: Arc<ToSecond>) -> App {
    let config = config::load(None, std::iter::empty()).unwrap();
    let clock: Arc<dyn Clock> = Arc::new(SystemClock::new());
    let metrics = Arc::new(Metrics::new().unwrap());
    let alone = ClusterConfig::alone(dir.to_owned(), Arc::new(|message| panic!("{message}")));
    let cluster =
        Cluster::open(ClusterConfig { shards: 1, clock: clock.clone(), flushes: metrics.clone(), ..alone });
    let cluster = Arc::new(cluster.await.unwrap());
    let shell = Shell {
        journal: cluster.clone(),
        listings: Arc::new(Directory::new(cluster.clone())),
        courier: Arc::new(NoCourier),
        gateway: Arc::new(TestProvider),
        clock: clock.clone(),
        random: Arc::new(SystemRandom),
        observer: metrics.clone(),
        mailbox_capacity: 64,
    };
    let feeds = Feeds::new(ways.clone(), calls.clone());
    let sales = Arc::new(Sales::new(cluster.clone(), clock.clone()));
    let dispatch = Dispatch::new(dispatch::Parts {
        edge: Edge::new(feeds.clone(), sales, metrics.clone()),
        owners: Arc::new(Owners::new(shell, Arc::new(CurrentThread))),
        ways,
        calls,
        clock: clock.clone(),
        pending_after: Duration::from_secs(10),
        patience: Duration::from_secs(30),
    });
    let random = Arc::new(SystemRandom);
    let limits = Arc::new(Limits::new(&config.limits, &clock));
    let secret = Secret::new("a secret of more than 32 bytes, the same on both".to_owned());
    let seats = NodeSeats::new(cluster.clone(), feeds.clone());
    let live = Boards::new(seats.clone(), &config.live);
    let encoded = Encoded::new(seats, config.http.seat_cache_mebibytes);
    let search = SearchIndex::start(cluster.clone(), clock.clone(), &config.search, dir).unwrap();
    let app = App::new(Parts {
        limits,
        search,
        answers: crate::http::SearchCache::new(config.search.cache_bytes),
        people: People::new(cluster.clone(), Arc::new(Sealer::new(&secret, random.clone())), "operator"),
        tokens: Tokens::new(&secret, &[], config.auth.token_ttl),
        resets: Resets::default(),
        passwords: Passwords::new(&config.auth, random.clone()),
        mailer: None,
        webhooks: Webhooks::new(Reach::Public, Signing::new(Secret::new(String::new()))).unwrap(),
        config,
        cluster,
        dispatch,
        encoded,
        live,
        feeds,
        providers: Providers::test(),
        identities: Identities::default(),
        clock,
        random,
        metrics,
        readiness: Readiness::default(),
    });
    app.readiness.set(true);
    app
}

/// Node 1, which believes what `first` does, and node 2, which believes what `second` does.
async fn two(
    first: Arc<TestWays>,
    second: Arc<TestWays>,
) -> (App, App, Arc<ToSecond>, [tempfile::TempDir; 2]) {
    let dirs = [(), ()].map(|()| tempfile::tempdir().unwrap());
    let calls = Arc::<ToSecond>::default();
    let one = app(dirs[0].path(), first, calls.clone()).await;
    let two = app(dirs[1].path(), second, calls.clone()).await;
    *calls.clock.lock().unwrap() = Some(two.clock.clone());
    *calls.second.lock().unwrap() = Some(Arc::new(PeerAnswers::new(&two)));
    (one, two, calls, dirs)
}

async fn ask(app: &App, request: axum::http::Request<Body>) -> (StatusCode, HeaderMap, Value) {
    let response = crate::http::peers::router(app).oneshot(request).await.unwrap();
    let (parts, body) = response.into_parts();
    let body = body.collect().await.unwrap().to_bytes();
    (parts.status, parts.headers, serde_json::from_slice(&body).unwrap_or_default())
}

fn request(method: &str, path: &str, body: &Value) -> axum::http::Request<Body> {
    let request = axum::http::Request::builder().method(method).uri(path);
    let request = request.header("content-type", "application/json").header("x-request-id", "req_7");
    request.body(Body::from(body.to_string())).unwrap()
}

fn ada() -> Value {
    json!({"name": "Ada", "email": "ada@example.org", "username": "ada", "password": "correct horse"})
}

#[tokio::test]
async fn a_gateway_has_accounts_kept_elsewhere_and_identities_told() {
    let (gateway, second, calls, _dirs) =
        two(TestWays::new(1, Owner::There(2), false), TestWays::new(2, Owner::Here, true)).await;
    let mut sign_up = request("POST", "/users", &ada());
    sign_up.headers_mut().insert("onsale-relayed", HeaderValue::from_static("1"));
    let (status, headers, user) = ask(&gateway, sign_up).await;
    assert_eq!((status, &headers["x-request-id"]), (StatusCode::CREATED, &HeaderValue::from_static("req_7")));
    let login = second.people.sealer().login("ada");
    assert!(second.cluster.with_accounts(|accounts| accounts.by_login(login).is_some()).unwrap());

    let login = json!({"username": "ada", "password": "correct horse"});
    let (status, _, session) = ask(&gateway, request("POST", "/users/login", &login)).await;
    assert_eq!(status, StatusCode::OK);
    let bearer = format!("Bearer {}", session["accessToken"].as_str().unwrap());
    let with_token = |method: &str, path: &str| {
        let mut request = request(method, path, &Value::Null);
        request.headers_mut().insert(AUTHORIZATION, bearer.parse().unwrap());
        request
    };
    let own = format!("/users/{}", user["id"].as_str().unwrap());
    assert_eq!(ask(&gateway, with_token("GET", &own)).await.0, StatusCode::OK);
    // Answered by the gateway's own handler, which asks who that is, and for bookings.
    calls.calls.lock().unwrap().clear();
    let (status, _, list) = ask(&gateway, with_token("GET", "/bookings")).await;
    assert_eq!((status, &list["total"]), (StatusCode::OK, &json!(0)));
    assert_eq!(*calls.calls.lock().unwrap(), ["identity Commands", "bookings Commands"]);

    assert_eq!(ask(&gateway, with_token("POST", "/users/logout")).await.0, StatusCode::NO_CONTENT);
    assert_eq!(ask(&gateway, with_token("GET", &own)).await.0, StatusCode::UNAUTHORIZED);
    let refused = ask(&gateway, request("POST", "/users", &ada())).await;
    assert_eq!((refused.0, &refused.2["code"]), (StatusCode::CONFLICT, &json!("username-taken")));
    assert_eq!(refused.2["requestId"], "req_7");
}

#[tokio::test]
async fn a_relayed_request_is_never_relayed_on() {
    let (first, _second, calls, _dirs) =
        two(TestWays::new(1, Owner::There(2), true), TestWays::new(2, Owner::There(1), true)).await;
    let (status, headers, problem) = ask(&first, request("POST", "/users", &ada())).await;
    assert_eq!((status, &problem["code"]), (StatusCode::SERVICE_UNAVAILABLE, &json!("owner-unavailable")));
    assert!(headers.contains_key("retry-after"));
    assert_eq!(*calls.calls.lock().unwrap(), ["http Commands"]);
}

#[tokio::test]
async fn nobody_has_a_node_carry_what_is_too_large_or_who_may_not() {
    let (first, _second, calls, _dirs) =
        two(TestWays::new(1, Owner::There(2), true), TestWays::new(2, Owner::Here, true)).await;
    let large = json!({ "name": "x".repeat(70_000) });
    assert_eq!(ask(&first, request("POST", "/users", &large)).await.0, StatusCode::PAYLOAD_TOO_LARGE);
    assert_eq!(ask(&first, request("POST", "/venues", &large)).await.0, StatusCode::UNAUTHORIZED);
    assert_eq!(calls.calls.lock().unwrap().len(), 0);
}

#[test]
fn each_request_goes_where_it_can_be_answered() {
    let event = EventId::new(1);
    let (follows, gateway) =
        (TestWays::new(1, Owner::There(2), true), TestWays::new(1, Owner::There(2), false));
    let leader = TestWays::new(1, Owner::Here, true);
    let (any, accounts, catalogue) =
        (Way::Any(vec![2]), Way::Owner(State::Accounts), Way::Owner(State::Catalogue));
    let show = format!("/events/{event}");
    let seats = format!("/events/{event}/seats");
    let holds = format!("/events/{event}/holds");
    let ticket = format!("/holds/{}", TicketId::new(event, domain::ids::SeatIndex::new(1)));
    let booking = format!("/bookings/{}", BookingId::new(event, domain::ids::BookingNumber::new(1)));
    for (method, path, member, other) in [
        ("POST", "/users", &accounts, &accounts),
        ("POST", "/users/logout", &accounts, &accounts),
        ("PUT", "/users/x/role", &accounts, &accounts),
        ("PUT", "/users/x", &accounts, &accounts),
        ("DELETE", "/users/x", &accounts, &accounts),
        ("POST", "/users/login", &Way::Here, &any),
        ("GET", "/users/x", &Way::Here, &any),
        ("GET", "/users/x/export", &Way::Here, &any),
        ("POST", "/venues", &catalogue, &catalogue),
        ("POST", "/performers", &catalogue, &catalogue),
        ("POST", "/events", &catalogue, &catalogue),
        ("GET", "/venues", &Way::Here, &Way::Here),
        ("GET", "/events", &Way::Here, &Way::Here),
        ("GET", show.as_str(), &Way::Here, &any),
        ("GET", seats.as_str(), &Way::Here, &any),
        ("POST", holds.as_str(), &Way::Here, &Way::Here),
        ("GET", ticket.as_str(), &Way::Here, &Way::Here),
        ("GET", booking.as_str(), &Way::Here, &any),
        ("DELETE", booking.as_str(), &Way::Here, &Way::Here),
        ("POST", "/bookings", &Way::Here, &Way::Here),
        ("GET", "/bookings", &Way::Here, &Way::Here),
        ("GET", "/healthz", &Way::Here, &Way::Here),
    ] {
        let method = method.parse().unwrap();
        let headers = HeaderMap::from_iter([(AUTHORIZATION, HeaderValue::from_static("Bearer x"))]);
        assert_eq!(way(&*follows, &method, path, &headers), *member, "{method} {path}");
        assert_eq!(way(&*gateway, &method, path, &headers), *other, "{method} {path} at a gateway");
        assert_eq!(way(&*leader, &method, path, &headers), Way::Here, "{method} {path} at the leader");
    }
    assert_eq!(way(&*gateway, &Method::GET, &seats, &HeaderMap::new()), Way::Here, "anybody's seats");
}

#[test]
fn what_only_operators_see_has_its_way_from_the_admin_listener_alone() {
    let event = EventId::new(1);
    let ticket = TicketId::new(event, domain::ids::SeatIndex::new(1));
    let history = format!("/admin/events/{event}/seats/{ticket}/history");
    let gateway = TestWays::new(1, Owner::There(2), false);
    let follows = TestWays::new(1, Owner::There(2), true);
    let none = HeaderMap::new();
    let any = Way::Any(vec![2]);
    assert_eq!(admin_way(&*gateway, &Method::GET, &history, &none), any);
    assert_eq!(admin_way(&*follows, &Method::GET, &history, &none), Way::Here);
    assert_eq!(admin_way(&*gateway, &Method::POST, "/users/login", &none), any);
    for path in ["/admin/cluster", "/admin/nodes/1", "/admin/events/x/seats/y/history", "/metrics"] {
        assert_eq!(admin_way(&*gateway, &Method::GET, path, &none), Way::Here, "{path}");
    }
    assert_eq!(way(&*gateway, &Method::GET, &history, &none), Way::Here, "not from the public listener");
}

#[test]
fn headers_for_nodes_alone_are_stripped_and_no_others() {
    let mut headers = HeaderMap::new();
    for name in ["onsale-relayed", "x-onsale-applied", "x-request-id", "idempotency-key"] {
        headers.append(name, HeaderValue::from_static("1"));
    }
    headers.append("onsale-relayed", HeaderValue::from_static("2"));
    strip(&mut headers);
    let left: Vec<&str> = headers.keys().map(|name| name.as_str()).collect();
    assert_eq!(left.len(), 2, "{left:?}");
    assert!(left.contains(&"x-request-id") && left.contains(&"idempotency-key"));
}
