//! How near all of a query is to the whole name of an event, letter by letter, with what stands between the words.
//!
//! Owns how far they may be apart to be the same name mistyped: as far as a word of that length ([`crate::near`]), not in their
//! digits, and not in their first letter.

/// Longer queries are no names.
const LONGEST: usize = 128;

/// How many letters are wrong in `typed`, if it is `name`, both folded; `None` where they are too far apart.
pub(crate) fn slips(typed: &str, name: &str) -> Option<u8> {
    if typed == name {
        return Some(0);
    }
    let (typed, name): (Vec<char>, Vec<char>) = (typed.chars().collect(), name.chars().collect());
    let most = match typed.len() {
        0..=3 => return None,
        4..=7 => 1,
        8..=LONGEST => 2,
        _ => return None,
    };
    let digits =
        |text: &[char]| text.iter().copied().filter(|letter| letter.is_numeric()).collect::<Vec<_>>();
    let may_be = typed.len().abs_diff(name.len()) <= most
        && typed.first() == name.first()
        && digits(&typed) == digits(&name);
    may_be.then(|| distance(&typed, &name, most)).flatten()
}

/// Insertions, deletions, changes and swaps of neighbours between two texts, if there are no more than `most`: the table of
/// Wagner and Fischer, of which only the cells near the diagonal can be as small.
fn distance(a: &[char], b: &[char], most: usize) -> Option<u8> {
    let far = most + 1;
    let mut before = vec![far; b.len() + 1];
    let mut last: Vec<usize> = (0..=b.len()).map(|at| at.min(far)).collect();
    for i in 1..=a.len() {
        let mut row = vec![far; b.len() + 1];
        row[0] = i.min(far);
        for j in i.saturating_sub(most).max(1)..=(i + most).min(b.len()) {
            let change = last[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            let mut least = change.min(last[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                least = least.min(before[j - 2] + 1);
            }
            row[j] = least.min(far);
        }
        if row.iter().all(|cell| *cell == far) {
            return None;
        }
        before = std::mem::replace(&mut last, row);
    }
    last.last().filter(|distance| **distance <= most).map(|distance| *distance as u8)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_name_may_be_off_by_its_length() {
        for (typed, name, expected) in [
            ("cats", "cats", Some(0)),
            ("4b", "4b", Some(0)),
            ("4k", "4b", None),
            ("cast", "cats", Some(1)),
            ("bats", "cats", None),
            ("argon watson", "aaron watson", Some(2)),
            ("ana popvic", "ana popovic", Some(1)),
            ("ana pooivc", "ana popovic", Some(2)),
            ("rock 2025", "rock 2026", None),
            ("38 special", ".38 special", None),
            ("alex \"jean\"", "alex jean", Some(2)),
            ("the velvet foxes", "the velvet", None),
            ("the velvet", "xyz", None),
        ] {
            assert_eq!(slips(typed, name), expected, "{typed} {name}");
        }
        assert_eq!(slips(&"x".repeat(LONGEST + 1), &"x".repeat(LONGEST)), None);
    }
}
