//! What people read of it.

use std::fmt::Write;

use super::compare::{Difference, EventSums, Found};

/// A line for each event and each difference.
pub(super) fn of(found: &Found) -> String {
    let mut text = String::new();
    for event in &found.events {
        let EventSums { event_id, currency, payments, captured, refunded, kept, open, disputed } = event;
        let mut line = format!("{event_id}  {payments} payments  captured {}", money(*captured, currency));
        let (refunded, kept) = (money(*refunded, currency), money(*kept, currency));
        // Writing into a string cannot fail.
        let _ = write!(line, "  refunded {refunded}  kept {kept}");
        for (count, word) in [(open, "open"), (disputed, "disputed")] {
            if *count > 0 {
                let _ = write!(line, "  {count} {word}");
            }
        }
        let _ = writeln!(text, "{line}");
    }
    if found.not_compared > 0 {
        let _ = writeln!(text, "{} payments by a provider without records", found.not_compared);
    }
    for difference in &found.differences {
        let Difference { payment_id, provider, reference, what, ours, theirs } = difference;
        let reference = reference.as_deref().unwrap_or("no reference");
        let _ = writeln!(
            text,
            "DIFFERENCE {payment_id} ({provider} {reference}) {what}: ours {ours}, theirs {theirs}"
        );
    }
    let verdict = match found.differences.len() {
        0 => "the payments and the providers' records agree".to_owned(),
        1 => "1 difference".to_owned(),
        many => format!("{many} differences"),
    };
    let _ = write!(text, "{verdict}");
    text
}

/// Minor units, as they are: how many make a whole depends on the currency.
fn money(minor: i64, currency: &str) -> String {
    format!("{minor} {currency}")
}
