//! Text as it is compared: without case, accents, ligatures and widths.
//!
//! Owns what counts as the same letter. Hazard: the index holds folded text, so whatever changes here makes another
//! version of it ([`crate::VERSION`]).

use unicode_normalization::UnicodeNormalization;

/// `text` with everything that people leave out when they type.
#[must_use]
pub fn fold(text: &str) -> String {
    if text.is_ascii() {
        return text.trim().to_ascii_lowercase();
    }
    let plain = text.nfkd().filter(|letter| !is_accent(*letter)).flat_map(char::to_lowercase);
    let mut spelled = String::with_capacity(text.len());
    for letter in plain {
        match spelling(letter) {
            Some(letters) => spelled.push_str(letters),
            None => spelled.push(letter),
        }
    }
    // Puts Hangul syllables and the voiced kana together again, which are letters and no accents.
    spelled.trim().nfc().collect()
}

/// Marks that are put on letters of alphabets; the vowel signs of other scripts are letters.
fn is_accent(letter: char) -> bool {
    matches!(u32::from(letter),
        0x0300..=0x036F | 0x0483..=0x0489 | 0x0591..=0x05C7 | 0x0610..=0x061A | 0x064B..=0x065F | 0x0670
        | 0x1AB0..=0x1AFF | 0x1DC0..=0x1DFF | 0x20D0..=0x20FF | 0xFE20..=0xFE2F)
}

/// Letters of their own that are no other letter with a mark.
fn spelling(letter: char) -> Option<&'static str> {
    Some(match letter {
        'ø' => "o",
        'ł' => "l",
        'đ' | 'ð' => "d",
        'ß' => "ss",
        'æ' => "ae",
        'œ' => "oe",
        'þ' => "th",
        'ı' => "i",
        'ħ' => "h",
        'ŧ' => "t",
        'ŋ' => "n",
        'ĸ' => "k",
        'ƒ' => "f",
        'ς' => "σ",
        _ => return None,
    })
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_people_leave_out_does_not_count() {
        for (text, folded) in [
            ("  Beyoncé ", "beyonce"),
            ("MÖTLEY CRÜE", "motley crue"),
            ("Røyksopp", "royksopp"),
            ("Łódź", "lodz"),
            ("Straße", "strasse"),
            ("Đorđe", "dorde"),
            ("İstanbul", "istanbul"),
            ("Ｆｕｌｌ　Ｗｉｄｔｈ", "full width"),
            ("ﾊﾝｶｸ", "ハンカク"),
            ("ガラス", "ガラス"),
            ("뮤지컬", "뮤지컬"),
            ("ＡＢＣ悲慘世界", "abc悲慘世界"),
            ("ﬁnale", "finale"),
            ("", ""),
        ] {
            assert_eq!(fold(text), folded, "{text}");
            assert_eq!(fold(&fold(text)), folded, "{text} twice");
        }
    }
}
