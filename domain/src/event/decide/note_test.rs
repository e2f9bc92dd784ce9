use std::collections::BTreeMap;

use crate::event::test::scene::*;
use crate::event::{Command, Refusal};
use crate::ids::BookingNumber;

fn notes(count: usize, name: usize, value: usize) -> BTreeMap<String, String> {
    (0..count).map(|at| (format!("{at:0>name$}"), "v".repeat(value))).collect()
}

#[test]
fn who_may_see_a_booking_may_write_on_it() {
    let mut scene = Scene::new();
    let booking = scene.buy(ANNA, &[0]);
    let contact = Command::NameContact { booking, contact: vec![7; 9] };
    let metadata = Command::KeepMetadata { booking, metadata: notes(20, 40, 500) };
    for caller in [ANNA, ORGANIZER, OPERATOR] {
        booking_of(scene.tell(caller, &contact));
        booking_of(scene.tell(caller, &metadata));
    }
    assert_eq!(scene.refused(BEN, &contact), Refusal::NotFound);
    assert_eq!(scene.refused(BEN, &metadata), Refusal::NotFound);
    let never = Command::NameContact { booking: BookingNumber::new(9), contact: Vec::new() };
    assert_eq!(scene.refused(ANNA, &never), Refusal::NotFound);
    let noted = scene.sale().booking(booking).expect("there is one");
    assert_eq!((&noted.contact, &noted.payment.metadata), (&vec![7; 9], &notes(20, 40, 500)));
    scene.assert_replays();
}

#[test]
fn notes_are_few_and_short() {
    let mut scene = Scene::new();
    let booking = scene.buy(ANNA, &[0]);
    for metadata in
        [notes(21, 2, 1), notes(1, 41, 1), notes(1, 2, 501), [(String::new(), String::new())].into()]
    {
        let told = scene.refused(ANNA, &Command::KeepMetadata { booking, metadata });
        assert!(matches!(told, Refusal::Invalid { pointer: "/metadata", .. }), "{told:?}");
    }
    let told = scene.refused(ANNA, &Command::NameContact { booking, contact: vec![0; 2_049] });
    assert!(matches!(told, Refusal::Invalid { pointer: "/contact", .. }), "{told:?}");
}
