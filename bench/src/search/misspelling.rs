//! Names as people mistype them.
//!
//! Owns: one random slip: a letter too many, one too few, another one, or two neighbours swapped. It never hits the first
//! letter of a word, a digit or a space.

use crate::rng::Rng;

/// `name` with `slips`, or `None` where there is no letter to slip on. `letters` are those that slip in where the alphabet has
/// too many to count.
pub fn misspelt(name: &str, slips: usize, letters: &[char], rng: &mut Rng) -> Option<String> {
    let mut typed: Vec<char> = name.chars().collect();
    for _ in 0..slips {
        slip(&mut typed, letters, rng)?;
    }
    let typed: String = typed.into_iter().collect();
    (typed != name).then_some(typed)
}

fn slip(typed: &mut Vec<char>, letters: &[char], rng: &mut Rng) -> Option<()> {
    let inside = |at: &usize| *at > 0 && typed[*at].is_alphabetic() && typed[*at - 1].is_alphanumeric();
    let places: Vec<usize> = (0..typed.len()).filter(inside).collect();
    let at = *places.get(rng.below(places.len() as u64) as usize)?;
    let other = |rng: &mut Rng| {
        if typed[at].is_ascii() || letters.is_empty() {
            char::from(b'a' + rng.below(26) as u8)
        } else {
            letters[rng.below(letters.len() as u64) as usize]
        }
    };
    match rng.below(4) {
        0 => typed[at] = other(rng),
        1 => typed.insert(at, other(rng)),
        2 => drop(typed.remove(at)),
        _ if places.contains(&(at - 1)) => typed.swap(at - 1, at),
        _ if places.contains(&(at + 1)) => typed.swap(at, at + 1),
        _ => typed[at] = other(rng),
    }
    Some(())
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_slip_leaves_the_first_letters() {
        let mut rng = Rng::new(1);
        for _ in 0..1_000 {
            let typed = misspelt("Velvet Foxes 1984", 2, &[], &mut rng);
            let Some(typed) = typed else { continue };
            let words: Vec<&str> = typed.split(' ').collect();
            assert!(words[0].starts_with('V') && words[1].starts_with('F') && words[2] == "1984", "{typed}");
        }
        assert_eq!(misspelt("A B 12", 1, &[], &mut rng), None);
        let typed = misspelt("悲慘世界", 1, &['猫'], &mut rng).unwrap();
        assert!(typed.starts_with('悲') && typed.is_char_boundary(3), "{typed}");
    }
}
