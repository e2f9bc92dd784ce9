use domain::seat_map::{NamedSeat, Plan, PlanLayout, PlanRow, PlanSeats, PlanSection};
use serde_json::{Value, json};

use super::*;

fn scene() -> Scene {
    let named =
        |name: &str, accessible| NamedSeat { name: name.into(), position: None, accessible, aisle: false };
    let rows = vec![
        PlanRow { name: "1".into(), seats: PlanSeats::Count(2) },
        PlanRow { name: "2".into(), seats: PlanSeats::Named(vec![named("2a", true)]) },
    ];
    let plan = Plan {
        sections: vec![
            PlanSection { name: "A".into(), category: "floor".into(), layout: PlanLayout::Rows(rows) },
            PlanSection { name: "Pit".into(), category: "standing".into(), layout: PlanLayout::Standing(2) },
        ],
    };
    Scene::new(EventId::new(1), "EUR".parse().unwrap(), Arc::new(SeatMap::build(plan).unwrap()))
}

#[test]
fn a_ticket_has_exactly_the_fields_of_the_contract() {
    let scene = scene();
    let all = scene.tickets(&[500, 300], |_, _| Some((SeatStatus::Available, Told::Nothing)));
    let all = serde_json::to_value(&all).unwrap();
    assert_eq!(
        all[2],
        json!({
            "id": "tkt_00000000000012", "eventId": "evt_0000000000001", "section": "A", "row": "2", "seat": "2a",
            "category": "floor", "price": {"amount": 500, "currency": "EUR"}, "status": "available", "accessible": true,
        })
    );
    let pit = &all[4];
    assert_eq!(
        (&pit["row"], &pit["seat"], &pit["price"]["amount"]),
        (&Value::Null, &json!("2"), &json!(300))
    );
    assert_eq!(all.as_array().unwrap().len(), 5);
}

#[test]
fn holders_are_told_only_to_those_who_may_know() {
    let scene = scene();
    let holder = Holder { user: UserId::new(9), since: UnixMillis::new(0) };
    let of = |told| {
        let seat = SeatIndex::new(0);
        serde_json::to_value(scene.ticket(seat, scene.map.place(seat).unwrap(), 1, SeatStatus::Held, told))
            .unwrap()
    };
    assert_eq!((of(Told::Nothing).get("userId"), of(Told::Nothing).get("mine")), (None, None));
    assert_eq!((of(Told::Mine).get("userId"), of(Told::Mine)["mine"].clone()), (None, json!(true)));
    let all = of(Told::All(holder, false));
    assert_eq!(
        (&all["userId"], &all["reservedAt"]),
        (&json!("usr_0000000000009"), &json!("1970-01-01T00:00:00.000Z"))
    );
    assert_eq!(all.get("mine"), None);
}

#[test]
fn an_own_ticket_has_a_code_once_it_is_sold() {
    let scene = scene();
    let code = Some(TicketCode([0xab; 16]));
    let ticket =
        serde_json::to_value(scene.held_ticket(SeatIndex::new(3), 300, SeatStatus::Booked, Told::Mine, code))
            .unwrap();
    assert_eq!((&ticket["code"], &ticket["mine"]), (&json!("ab".repeat(16)), &json!(true)));
    assert_eq!(ticket["section"], "Pit");
}

#[test]
fn the_filter_leaves_tickets_out() {
    let scene = scene();
    let some =
        scene.tickets(&[500, 300], |row, _| row.is_standing().then_some((SeatStatus::Booked, Told::Nothing)));
    let some = serde_json::to_value(&some).unwrap();
    assert_eq!(some.as_array().unwrap().len(), 2);
    assert_eq!(some[0]["status"], "booked");
}
