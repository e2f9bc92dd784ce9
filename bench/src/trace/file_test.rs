use super::{read, write};
use crate::trace::{Ending, Preference, SeatName, Session};

const HEADER: &str = "arrive_ms,buyer,event,quantity,preference,think_ms,outcome\n";

fn fault(rows: &str) -> String {
    format!("{:#}", read(format!("{HEADER}{rows}").as_bytes()).unwrap_err())
}

#[test]
fn what_is_written_is_read_again() {
    let seat = |row: Option<&str>, seat: &str| SeatName {
        section: "Block, \"north\"".into(),
        row: row.map(Into::into),
        seat: seat.into(),
    };
    let session = |arrive_ms, preference, quantity, outcome| Session {
        arrive_ms,
        buyer: format!("b{arrive_ms}"),
        event: "evt_7".into(),
        quantity,
        preference,
        think_ms: 12,
        outcome,
    };
    let sessions = vec![
        session(0, Preference::Best, 4, Ending::Confirm),
        session(5, Preference::Section("Pit".into()), 2, Ending::Abandon),
        session(5, Preference::Seats(vec![seat(Some("1"), "5"), seat(None, "6")]), 2, Ending::Cancel),
        session(9, Preference::Best, 1, Ending::Release),
    ];
    let mut bytes = Vec::new();
    write(&mut bytes, &sessions).unwrap();
    assert_eq!(read(bytes.as_slice()).unwrap(), sessions);
}

#[test]
fn rows_are_put_in_order_of_arrival_and_columns_found_by_name() {
    let text = "outcome,arrive_ms,buyer,event,note,quantity,preference,think_ms\n\
                confirm,30,late,evt_1,x,1,best,0\nconfirm,10,early,evt_1,,1,best,0\n";
    let buyers: Vec<_> = read(text.as_bytes()).unwrap().into_iter().map(|session| session.buyer).collect();
    assert_eq!(buyers, ["early", "late"]);
}

#[test]
fn a_fault_names_its_line_and_column() {
    assert_eq!(
        fault("1,b,e,1,best,0,confirm\n1,b,e,x,best,0,confirm\n"),
        "line 3, column `quantity`: `x` is not a number that fits here"
    );
    assert_eq!(fault("1,b,e,0,best,0,confirm\n"), "line 2, column `quantity`: must be at least 1");
    assert_eq!(
        fault("1,b,e,1,A/1/2;A/1/3,0,confirm\n"),
        "line 2, column `quantity`: is 1, but `preference` names 2 seats"
    );
    assert_eq!(
        fault("1,b,e,1,A/1,0,confirm\n"),
        "line 2, column `preference`: `A/1` is not a seat; a seat is written section/row/seat"
    );
    assert_eq!(
        fault("1,b,e,1,best,0,pay\n"),
        "line 2, column `outcome`: `pay` is none of confirm, abandon, cancel, release"
    );
    assert_eq!(fault("1,,e,1,best,0,confirm\n"), "line 2, column `buyer`: is empty");
    assert_eq!(fault("1,b,e,1,best\n"), "line 2: 5 fields where the header has 7");
}

#[test]
fn a_missing_column_is_named_with_those_that_are_there() {
    let fault = format!("{:#}", read("arrive_ms,buyer\n1,b\n".as_bytes()).unwrap_err());
    assert_eq!(fault, "line 1: there is no column `event`; the columns are arrive_ms, buyer");
}
