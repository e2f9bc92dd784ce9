//! Price types, fees and taxes as their author writes them, with categories by name.

use std::collections::{BTreeMap, BTreeSet};

use super::rules::{MAX_PRICE_MINOR, prices_for};
use crate::event::{ADULT, Charges, Fee, FeeAmount, Percent, PriceRule, PriceType, Tax};
use crate::invalid::Findings;
use crate::seat_map::SeatMap;

/// Price types, fees and taxes of each kind.
const MAX_OF_EACH: usize = 50;

/// What the total is made of beside the prices, as its author wrote it; nothing of it in most events.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChargesDraft {
    /// Beside that of adults, which is always there; it may be here under its own id, to be called otherwise.
    pub types: Vec<PriceTypeDraft>,
    /// In order.
    pub fees: Vec<Fee>,
    /// In order.
    pub taxes: Vec<Tax>,
}

/// A price type as its author wrote it: with a percentage or with prices.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PriceTypeDraft {
    /// 1 to 50 letters, digits, `-` and `_`.
    pub id: String,
    /// 1 to 100 characters.
    pub name: String,
    /// Of the adult's price.
    pub percent: Option<Percent>,
    /// Minor units for each category.
    pub prices_minor: Option<BTreeMap<String, i64>>,
}

impl ChargesDraft {
    /// What `charges` were made of, for a change of some of it.
    #[must_use]
    pub fn of(charges: Option<&Charges>, map: &SeatMap) -> Self {
        let Some(charges) = charges else { return Self::default() };
        let price_type = |known: &PriceType| {
            let (percent, prices_minor) = match &known.price {
                PriceRule::Percent(percent) => (Some(*percent), None),
                PriceRule::Prices(prices) => {
                    (None, Some(map.categories().iter().cloned().zip(prices.iter().copied()).collect()))
                }
            };
            PriceTypeDraft { id: known.id.clone(), name: known.name.clone(), percent, prices_minor }
        };
        Self {
            types: charges.types.iter().map(price_type).collect(),
            fees: charges.fees.clone(),
            taxes: charges.taxes.clone(),
        }
    }

    /// The same by the categories of `map`; `None` where nothing is there.
    pub(super) fn resolved(&self, map: &SeatMap, findings: &mut Findings) -> Option<Charges> {
        if self.types.is_empty() && self.fees.is_empty() && self.taxes.is_empty() {
            return None;
        }
        let counts =
            [("/priceTypes", self.types.len()), ("/fees", self.fees.len()), ("/taxes", self.taxes.len())];
        for (pointer, count) in counts {
            findings.check(count <= MAX_OF_EACH, pointer, format!("must have at most {MAX_OF_EACH}"));
        }
        let types = self.resolved_types(map, findings);
        self.fees.iter().enumerate().for_each(|(at, fee)| check_fee(at, fee, findings));
        for (at, tax) in self.taxes.iter().enumerate() {
            findings.check_text(&format!("/taxes/{at}/name"), &tax.name, 1, 100);
        }
        Some(Charges { types, fees: self.fees.clone(), taxes: self.taxes.clone() })
    }

    fn resolved_types(&self, map: &SeatMap, findings: &mut Findings) -> Vec<PriceType> {
        let plain = PriceRule::Percent(Percent::ALL);
        let mut types = vec![PriceType { id: ADULT.to_owned(), name: "Adult".to_owned(), price: plain }];
        let mut seen = BTreeSet::new();
        for (at, draft) in self.types.iter().enumerate() {
            let pointer = format!("/priceTypes/{at}");
            draft.check(&pointer, findings);
            findings.check(seen.insert(&draft.id), &format!("{pointer}/id"), "is there already");
            if draft.id == ADULT {
                let plain = draft.percent.is_none_or(|percent| percent == Percent::ALL);
                let rule = "adults pay the event's prices";
                findings.check(plain && draft.prices_minor.is_none(), &pointer, rule);
                types[0].name.clone_from(&draft.name);
                continue;
            }
            let price = match (draft.percent, &draft.prices_minor) {
                (Some(percent), None) => PriceRule::Percent(percent),
                (None, Some(prices)) => {
                    PriceRule::Prices(prices_for(prices, &format!("{pointer}/prices"), map, findings))
                }
                _ => {
                    findings.check(false, &pointer, "must have either percent or prices");
                    continue;
                }
            };
            types.push(PriceType { id: draft.id.clone(), name: draft.name.clone(), price });
        }
        types
    }
}

impl PriceTypeDraft {
    fn check(&self, pointer: &str, findings: &mut Findings) {
        findings.check_text(&format!("{pointer}/name"), &self.name, 1, 100);
        let fit = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
        let fine = (1..=50).contains(&self.id.len()) && self.id.chars().all(fit);
        findings.check(fine, &format!("{pointer}/id"), "must be 1 to 50 letters, digits, - or _");
    }
}

fn check_fee(at: usize, fee: &Fee, findings: &mut Findings) {
    findings.check_text(&format!("/fees/{at}/name"), &fee.name, 1, 100);
    if let FeeAmount::Fixed(amount) = fee.amount {
        let rule = format!("must be from 0 to {MAX_PRICE_MINOR} minor units");
        findings.check((0..=MAX_PRICE_MINOR).contains(&amount), &format!("/fees/{at}/amount"), rule);
    }
}
