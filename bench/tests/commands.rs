//! The trace and report commands as a person types them.

use std::path::Path;
use std::process::Command;

/// Runs the command in a folder; the exit code, standard output and standard error.
fn bench(folder: &Path, arguments: &[&str]) -> (Option<i32>, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onsale-bench"));
    let output =
        command.current_dir(folder).args(arguments).output().expect("the command was built with the tests");
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (output.status.code(), text(&output.stdout), text(&output.stderr))
}

fn folder_with(name: &str, content: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().expect("there is room for a temporary folder");
    std::fs::write(folder.path().join(name), content).expect("the folder is ours");
    folder
}

#[test]
fn a_trace_is_made_and_shown() {
    let folder =
        folder_with("rates.csv", "minute,requests\n1998-06-23T15:57:00Z,10\n1998-06-23T15:58:00Z,30\n");
    let make = ["trace", "make", "--rates", "rates.csv", "--sessions", "40", "--out", "made/sessions.csv"];
    let (code, said, _) = bench(folder.path(), &make);
    assert_eq!((code, said.as_str()), (Some(0), "wrote 40 sessions into made/sessions.csv\n"));
    let (code, said, _) = bench(folder.path(), &["trace", "show", "made/sessions.csv"]);
    assert_eq!(code, Some(0));
    assert!(said.starts_with("sessions     40 over 1"), "{said}");
}

#[test]
fn an_order_log_becomes_three_files() {
    let log = "order_no,sold_at,section,row,seat,price_eur\n1,2024-01-01T10:00:00,A,1,5,20\n";
    let folder = folder_with("orders.csv", log);
    let import = ["trace", "import", "--orders", "orders.csv", "--rivals", "2", "--out", "hall"];
    let (code, said, _) = bench(folder.path(), &import);
    assert_eq!((code, said.as_str()), (Some(0), "wrote 3 sessions into hall/sessions.csv\n"));
    let read = |file: &str| std::fs::read_to_string(folder.path().join("hall").join(file)).unwrap();
    assert_eq!(read("prices.json"), "{\"currency\":\"EUR\",\"prices\":{\"20\":2000}}\n");
    assert!(read("seatmap.json").contains("\"seats\":[{\"name\":\"5\"}]"));
}

#[test]
fn a_broken_file_is_named_with_its_line_and_exits_with_one() {
    let folder = folder_with("seats.csv", "tribune,sector,row,seats_in_row\nwest,1,1,3\nwest,1,1,3\n");
    let (code, _, said) = bench(folder.path(), &["trace", "import", "--seat-map", "seats.csv", "--out", "x"]);
    assert_eq!(code, Some(1));
    let expected = "seats.csv: line 3: section `west 1`, row `1`, seat `1` is already named in line 2";
    assert_eq!(said, format!("onsale-bench: {expected}\n"));
    let (code, _, said) = bench(folder.path(), &["report", "nowhere"]);
    assert_eq!(code, Some(1));
    assert!(said.contains("cannot read nowhere/report.json"), "{said}");
}

#[test]
fn a_command_line_that_makes_no_sense_exits_with_two() {
    let folder = folder_with("rates.csv", "minute,requests\n1,1\n");
    for arguments in [&["trace", "import", "--out", "x"][..], &["trace", "make"], &["peer"], &[]] {
        assert_eq!(bench(folder.path(), arguments).0, Some(2), "{arguments:?}");
    }
}
