//! A browser, driven over WebDriver, which is JSON over HTTP: Debian's chromium by its chromedriver.
//!
//! Everything is waited for until it is so, for a minute at most. A browser ends with its test, however that ends.

use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

use super::is_required;

/// For one call, on machines that are much slower than ours.
const DEADLINE: Duration = Duration::from_secs(120);
/// How often, and after which pause, is looked again: for a minute at least.
const PATIENCE: (u32, Duration) = (1_500, Duration::from_millis(40));
/// How WebDriver calls an element.
const ELEMENT: &str = "element-6066-11e4-a52e-4f735466cecf";
const FLAGS: [&str; 8] = [
    "--headless=new",
    "--no-sandbox",
    "--disable-dev-shm-usage",
    "--disable-gpu",
    "--disable-background-networking",
    "--hide-scrollbars",
    "--lang=en-GB",
    // Whatever the page or the browser might want elsewhere has no address.
    "--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1",
];

/// Starts browsers.
pub struct Driver {
    child: Child,
    base: String,
    agent: ureq::Agent,
    _temp: tempfile::TempDir,
}

/// One window.
pub struct Browser<'a> {
    driver: &'a Driver,
    session: String,
}

impl Driver {
    /// `None`, and a word why, where there is no browser and none is required.
    pub fn start() -> Option<Self> {
        let found = |tool: &str| Command::new(tool).arg("--version").stderr(Stdio::null()).output().is_ok();
        if !found("chromedriver") || !found("chromium") {
            assert!(!is_required(), "chromium and chromedriver are required here and cannot be run");
            eprintln!("skipped: this test needs chromium and chromedriver");
            return None;
        }
        let temp = tempfile::tempdir().expect("a temporary directory");
        let mut child = Command::new("chromedriver")
            .arg("--port=0")
            .env("TMPDIR", temp.path())
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .expect("chromedriver runs");
        let told = BufReader::new(child.stdout.take().expect("stdout is piped"));
        let port = told.lines().map_while(Result::ok).find_map(|line| {
            line.split_once("successfully on port ").map(|(_, port)| port.trim_end_matches('.').to_owned())
        });
        let base = format!("http://127.0.0.1:{}", port.expect("chromedriver says its port"));
        let config =
            ureq::Agent::config_builder().http_status_as_error(false).timeout_global(Some(DEADLINE)).build();
        Some(Self { child, base, agent: config.into(), _temp: temp })
    }

    /// A window of this size.
    pub fn open(&self, width: u32, height: u32) -> Browser<'_> {
        let size = format!("--window-size={width},{height}");
        let flags: Vec<&str> = FLAGS.iter().copied().chain([size.as_str()]).collect();
        let capabilities = json!({"capabilities": {"alwaysMatch": {
            "goog:chromeOptions": {"args": flags},
            "goog:loggingPrefs": {"browser": "ALL", "performance": "ALL"},
        }}});
        let session = self.ask("POST", "/session", Some(&capabilities)).expect("a session");
        let session = session["sessionId"].as_str().expect("an id").to_owned();
        Browser { driver: self, session }
    }

    fn ask(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        let request = ureq::http::Request::builder().method(method).uri(format!("{}{path}", self.base));
        let body = body.map(Value::to_string).unwrap_or_default();
        let request = request.header("content-type", "application/json").body(body).expect("a request");
        let mut answer = self.agent.run(request).map_err(|error| error.to_string())?;
        let ok = answer.status().is_success();
        let text = answer.body_mut().with_config().limit(64 << 20).read_to_string();
        let text = text.map_err(|error| error.to_string())?;
        let told: Value = serde_json::from_str(&text).map_err(|error| format!("{error}: {text}"))?;
        if ok { Ok(told["value"].clone()) } else { Err(told["value"]["message"].to_string()) }
    }
}

impl Drop for Driver {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl Drop for Browser<'_> {
    fn drop(&mut self) {
        drop(self.driver.ask("DELETE", &format!("/session/{}", self.session), None));
    }
}

impl Browser<'_> {
    fn try_call(&self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, String> {
        self.driver.ask(method, &format!("/session/{}{path}", self.session), body)
    }

    #[track_caller]
    fn call(&self, path: &str, body: &Value) -> Value {
        self.try_call("POST", path, Some(body)).unwrap_or_else(|why| panic!("{path} {body}: {why}"))
    }

    /// Loads an address.
    #[track_caller]
    pub fn go(&self, url: &str) {
        self.call("/url", &json!({"url": url}));
    }

    /// Loads the same address again.
    #[track_caller]
    pub fn reload(&self) {
        self.call("/refresh", &json!({}));
    }

    /// What the body of a function says.
    #[track_caller]
    pub fn run(&self, script: &str, arguments: &Value) -> Value {
        self.call("/execute/sync", &json!({"script": script, "args": arguments}))
    }

    /// The same for one that calls its last argument when it is done.
    #[track_caller]
    pub fn run_async(&self, script: &str, arguments: &Value) -> Value {
        self.call("/execute/async", &json!({"script": script, "args": arguments}))
    }

    /// Waits until an expression is true, or anything but nothing, and gives it.
    #[track_caller]
    pub fn until(&self, expression: &str) -> Value {
        let script = json!({"script": format!("return {expression};"), "args": []});
        let found = self.patiently(|| match self.try_call("POST", "/execute/sync", Some(&script))? {
            value @ (Value::Null | Value::Bool(false)) => Err(value.to_string()),
            value => Ok(value),
        });
        found.unwrap_or_else(|last| panic!("{expression} is not so, but {last}\n{}", self.text()))
    }

    /// Tries until it works, or the patience is at its end.
    fn patiently<T>(&self, mut attempt: impl FnMut() -> Result<T, String>) -> Result<T, String> {
        let (mut tries, pause) = PATIENCE;
        loop {
            match attempt() {
                Err(_) if tries > 0 => {
                    std::thread::sleep(pause);
                    tries -= 1;
                }
                ended => return ended,
            }
        }
    }

    /// Waits for an element that can be seen.
    #[track_caller]
    pub fn shows(&self, css: &str) {
        self.until(&format!("!!document.querySelector({})?.checkVisibility()", json!(css)));
    }

    /// Waits until there are so many of these.
    #[track_caller]
    pub fn shows_count(&self, css: &str, count: usize) {
        self.until(&format!("document.querySelectorAll({}).length === {count}", json!(css)));
    }

    /// Waits until an element has these words.
    #[track_caller]
    pub fn says(&self, css: &str, words: &str) {
        self.until(&format!(
            "document.querySelector({})?.textContent.includes({})",
            json!(css),
            json!(words)
        ));
    }

    /// Everything that can be read.
    pub fn text(&self) -> String {
        let script = json!({"script": "return location.href + '\\n' + document.body.innerText;", "args": []});
        self.try_call("POST", "/execute/sync", Some(&script)).map_or_else(|why| why, |text| text.to_string())
    }

    fn element(&self, css: &str) -> Result<String, String> {
        let found =
            self.try_call("POST", "/element", Some(&json!({"using": "css selector", "value": css})))?;
        found[ELEMENT].as_str().map(str::to_owned).ok_or_else(|| found.to_string())
    }

    /// Does something with an element, as soon as that can be done.
    #[track_caller]
    fn act(&self, css: &str, what: &str, body: &Value) {
        let done = self.patiently(|| {
            let id = self.element(css)?;
            self.try_call("POST", &format!("/element/{id}/{what}"), Some(body))
        });
        done.unwrap_or_else(|why| panic!("{what} {css}: {why}\n{}", self.text()));
    }

    /// Clicks, where an element can be clicked.
    #[track_caller]
    pub fn click(&self, css: &str) {
        self.act(css, "click", &json!({}));
    }

    /// Types.
    #[track_caller]
    pub fn fill(&self, css: &str, text: &str) {
        self.act(css, "value", &json!({"text": text}));
    }

    /// Clicks a point of the page that `script` gives for its arguments, once that stays where it is: what has just been shown
    /// may still be laid out.
    #[track_caller]
    pub fn click_at(&self, script: &str, arguments: &Value) {
        let mut before = Value::Null;
        let resting = self.patiently(|| {
            let at = self.run(script, arguments);
            let rests = at == before && at.is_array();
            before = at;
            if rests { Ok(()) } else { Err(before.to_string()) }
        });
        resting.unwrap_or_else(|at| panic!("{script} never comes to rest, at last at {at}\n{}", self.text()));
        let at = |axis: usize| before[axis].as_f64().expect("a number").round();
        let actions = json!({"actions": [{"type": "pointer", "id": "mouse", "actions": [
            {"type": "pointerMove", "duration": 0, "x": at(0), "y": at(1)},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]}]});
        self.call("/actions", &actions);
    }

    /// Two fingers that move apart over an element, to so many times their distance.
    #[track_caller]
    pub fn pinch(&self, css: &str, times: f64) {
        let script = "const box = document.querySelector(arguments[0]).getBoundingClientRect(); \
            return [box.left + box.width / 2, box.top + box.height / 2];";
        let middle = self.run(script, &json!([css]));
        let [x, y] = [0, 1].map(|axis| middle[axis].as_f64().expect("a number").round());
        let finger = |id: &str, side: f64| {
            json!({"type": "pointer", "id": id, "parameters": {"pointerType": "touch"}, "actions": [
                {"type": "pointerMove", "duration": 0, "x": x + side * 20.0, "y": y},
                {"type": "pointerDown", "button": 0},
                {"type": "pointerMove", "duration": 50, "x": x + side * 20.0 * times, "y": y},
                {"type": "pointerUp", "button": 0},
            ]})
        };
        self.call("/actions", &json!({"actions": [finger("left", -1.0), finger("right", 1.0)]}));
    }

    /// What the browser has written down since it was last asked: `browser` is the console, `performance` the network.
    #[track_caller]
    fn log(&self, kind: &str) -> Vec<Value> {
        let entries = self.call("/se/log", &json!({"type": kind}));
        entries.as_array().cloned().unwrap_or_default()
    }

    /// The addresses of all requests so far.
    #[track_caller]
    pub fn requests(&self) -> Vec<String> {
        let sent = self.log("performance").into_iter().filter_map(|entry| {
            let told: Value = serde_json::from_str(entry["message"].as_str()?).ok()?;
            let message = &told["message"];
            (message["method"] == "Network.requestWillBeSent")
                .then(|| message["params"]["request"]["url"].as_str().map(str::to_owned))?
        });
        sent.collect()
    }

    /// What the console has against the page. Answers that were no 2xx are there too, and are no fault of the page.
    #[track_caller]
    pub fn complaints(&self) -> Vec<String> {
        let entries = self.log("browser").into_iter();
        let serious = entries.filter(|entry| entry["level"] == "SEVERE" && entry["source"] != "network");
        serious.map(|entry| entry["message"].to_string()).collect()
    }
}
