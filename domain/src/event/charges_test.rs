use proptest::collection::vec;
use proptest::prelude::*;

use super::*;

fn percent(hundredths: u32) -> Percent {
    Percent::hundredths(hundredths).expect("not beyond the whole")
}

fn adult() -> PriceType {
    PriceType { id: ADULT.into(), name: "Adult".into(), price: PriceRule::Percent(Percent::ALL) }
}

fn child() -> PriceType {
    PriceType { id: "child".into(), name: "Child".into(), price: PriceRule::Percent(percent(5_000)) }
}

fn fee(amount: FeeAmount, per: Per) -> Fee {
    Fee { name: "Fee".into(), amount, per }
}

fn tax(hundredths: u32, included: bool) -> Tax {
    Tax { name: "VAT".into(), percent: percent(hundredths), included }
}

fn charges(fees: Vec<Fee>, taxes: Vec<Tax>) -> Charges {
    Charges { types: vec![adult(), child()], fees, taxes }
}

fn amounts(charges: &Charges, tickets: &[Priced]) -> Vec<i64> {
    charges.lines(tickets).iter().map(|line| line.amount_minor).collect()
}

#[test]
fn half_a_unit_is_rounded_up() {
    assert_eq!([1, 2, 3].map(|amount| percent(5_000).of(amount)), [1, 1, 2]);
    assert_eq!(
        (percent(770).of(10_000), percent(0).of(10_000), Percent::ALL.of(i64::MAX)),
        (770, 0, i64::MAX)
    );
    assert_eq!(Percent::hundredths(10_001), None);
}

#[test]
fn tickets_of_one_price_are_one_line_and_everything_comes_after_them_in_order() {
    let fees =
        vec![fee(FeeAmount::Fixed(150), Per::Ticket), fee(FeeAmount::Percent(percent(100)), Per::Booking)];
    let charges = charges(fees, vec![tax(1_000, false)]);
    let tickets = [(0, 5_000), (1, 2_500), (0, 5_000)];
    assert_eq!(amounts(&charges, &tickets), [10_000, 2_500, 450, 125, 1_308]);
    let first = charges.lines(&tickets)[0];
    let kind = LineKind::Tickets { price_type: "adult", quantity: 2, price_minor: 5_000 };
    assert_eq!((first.kind, first.name), (kind, "Adult"));
    assert_eq!(charges.total_minor(&tickets.iter().map(|(_, price)| *price)), 14_383);
}

#[test]
fn taxes_that_prices_contain_add_nothing() {
    let charges = charges(Vec::new(), vec![tax(700, true)]);
    let tickets = [(0, 10_700)];
    assert_eq!(amounts(&charges, &tickets), [10_700]);
    assert_eq!(charges.included(&tickets).map(|(_, amount)| amount).collect::<Vec<_>>(), [700]);
}

#[test]
fn what_costs_nothing_bears_nothing() {
    let fees = vec![fee(FeeAmount::Fixed(150), Per::Ticket), fee(FeeAmount::Fixed(99), Per::Booking)];
    let charges = charges(fees, vec![tax(1_000, false), tax(700, true)]);
    assert_eq!(amounts(&charges, &[(0, 0), (0, 0)]), [0]);
    assert_eq!(charges.total_minor(&[0, 0].into_iter()), 0);
    assert!(charges.included(&[(0, 0)]).all(|(_, amount)| amount == 0));
    assert_eq!(amounts(&charges, &[(0, 0), (0, 1_000)]), [0, 1_000, 150, 99, 125]);
}

#[test]
fn a_price_type_has_a_part_of_the_price_or_prices_of_its_own() {
    let own = PriceType { id: "b".into(), name: "B".into(), price: PriceRule::Prices(vec![7, 8]) };
    let charges = Charges { types: vec![adult(), child(), own], fees: Vec::new(), taxes: Vec::new() };
    let price = |price_type| charges.price_minor(price_type, 1, 1_001);
    assert_eq!([0, 1, 2].map(price), [1_001, 501, 8]);
    assert_eq!(["adult", "b", "c"].map(|id| charges.type_named(id)), [Some(0), Some(2), None]);
}

fn some_charges() -> impl Strategy<Value = Charges> {
    let hundredths = 0..=10_000_u32;
    let amount = prop_oneof![
        (0..10_000_i64).prop_map(FeeAmount::Fixed),
        hundredths.clone().prop_map(|rate| FeeAmount::Percent(percent(rate))),
    ];
    let some_fee = (amount, prop_oneof![Just(Per::Ticket), Just(Per::Booking)]);
    let some_fee = some_fee.prop_map(|(amount, per)| fee(amount, per));
    let some_tax = (hundredths, any::<bool>()).prop_map(|(rate, included)| tax(rate, included));
    (vec(some_fee, 0..4), vec(some_tax, 0..3)).prop_map(|(fees, taxes)| charges(fees, taxes))
}

proptest! {
    #[test]
    fn lines_add_up_exactly_and_more_tickets_never_cost_less(
        charges in some_charges(),
        tickets in vec((0..2_u8, prop_oneof![Just(0_i64), 1..100_000_i64]), 0..12),
    ) {
        let total = |tickets: &[Priced]| charges.total_minor(&tickets.iter().map(|(_, price)| *price));
        prop_assert_eq!(amounts(&charges, &tickets).iter().sum::<i64>(), total(&tickets));
        for count in 0..tickets.len() {
            prop_assert!(total(&tickets[..count]) <= total(&tickets[..=count]));
        }
        let contained: i64 = charges.included(&tickets).map(|(_, amount)| amount).sum();
        prop_assert!(contained <= total(&tickets) + 2);
    }
}
