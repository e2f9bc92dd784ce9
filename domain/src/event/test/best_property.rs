//! Best available and its naive twin choose the same seats, in halls of every shape, however full.

use proptest::collection::vec;
use proptest::prelude::*;

use super::best_naive::best_available_naive;
use super::cases;
use super::halls::{hall, wish};
use super::scene::{Scene, terms};
use crate::event::best_available::best_available;
use crate::event::{Fact, SeatStatus};
use crate::ids::SeatIndex;

const PRICES_MINOR: [i64; 3] = [1_000, 3_000, 2_000];

proptest! {
    #![proptest_config(cases(2_000))]

    #[test]
    fn best_available_chooses_like_its_naive_twin(
        sections in hall(),
        wish in wish().prop_filter("the decision refuses these", |wish| (1..=12).contains(&wish.quantity)),
        crowd in vec(0..10_u8, 64),
        fullness in 0..10_u8,
    ) {
        let mut scene = Scene::of(sections, terms(PRICES_MINOR.to_vec()));
        let seats = (0..scene.map.len()).map(SeatIndex::new).zip(crowd.iter().cycle());
        let seats = seats.filter(|(_, person)| **person < fullness).map(|(seat, _)| seat).collect();
        scene.happen(Fact::SeatsBlocked { seats });
        let free: Vec<bool> = scene.sale().statuses().map(|status| status == SeatStatus::Available).collect();
        let naive = best_available_naive(&scene.map, &free, &PRICES_MINOR, &wish);
        prop_assert_eq!(best_available(scene.sale(), &scene.map, &wish), naive);
    }
}
