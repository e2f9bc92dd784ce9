//! Folded text in pieces: words of alphabets, and runs of scripts that are written without spaces.
//!
//! Owns what a word is. Such a run has no words that could be told without a dictionary, so it is known by every two
//! characters in a row.

/// Longer words are cut: nobody types them, and terms are bounded.
pub(crate) const MAX_WORD: usize = 40;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    /// A word of an alphabet, or a number.
    Word(String),
    /// Characters in a row of a script without spaces.
    Run(Vec<char>),
}

/// The pieces of `folded`, in order.
#[must_use]
pub(crate) fn pieces(folded: &str) -> Vec<Piece> {
    let mut found = Vec::new();
    let mut open = Open::default();
    for letter in folded.chars() {
        if is_spaceless(letter) {
            open.end_word(&mut found);
            open.run.push(letter);
        } else if letter.is_alphanumeric() || unicode_normalization::char::is_combining_mark(letter) {
            open.end_run(&mut found);
            if open.letters < MAX_WORD {
                open.word.push(letter);
                open.letters += 1;
            }
        } else {
            open.end_word(&mut found);
            open.end_run(&mut found);
        }
    }
    open.end_word(&mut found);
    open.end_run(&mut found);
    found
}

/// What is being read.
#[derive(Default)]
struct Open {
    word: String,
    letters: usize,
    run: Vec<char>,
}

impl Open {
    fn end_word(&mut self, found: &mut Vec<Piece>) {
        self.letters = 0;
        if !self.word.is_empty() {
            found.push(Piece::Word(std::mem::take(&mut self.word)));
        }
    }

    fn end_run(&mut self, found: &mut Vec<Piece>) {
        if !self.run.is_empty() {
            found.push(Piece::Run(std::mem::take(&mut self.run)));
        }
    }
}

/// Every two characters in a row; a single one for itself.
pub(crate) fn pairs(run: &[char]) -> impl Iterator<Item = String> + '_ {
    let size = run.len().clamp(1, 2);
    run.windows(size).map(|pair| pair.iter().collect())
}

/// What somebody may type who leaves the space or the apostrophe out: two words in one, or all letters of an acronym.
#[must_use]
pub(crate) fn joined(pieces: &[Piece]) -> Vec<String> {
    let mut found = Vec::new();
    let mut letters = String::new();
    let mut before: Option<&str> = None;
    for piece in pieces {
        let Piece::Word(word) = piece else {
            before = None;
            letters.clear();
            continue;
        };
        if let Some(before) = before {
            found.push(format!("{before}{word}"));
        }
        before = Some(word);
        if word.chars().count() == 1 {
            letters.push_str(word);
            if letters.chars().count() > 2 {
                found.push(letters.clone());
            }
        } else {
            letters.clear();
        }
    }
    found
}

/// The name by which a text is known whatever stands between its words.
#[must_use]
pub(crate) fn whole(folded: &str, pieces: &[Piece]) -> String {
    if pieces.is_empty() {
        return folded.to_owned();
    }
    let written = pieces.iter().map(|piece| match piece {
        Piece::Word(word) => word.clone(),
        Piece::Run(run) => run.iter().collect(),
    });
    written.collect::<Vec<_>>().join(" ")
}

/// Scripts whose words are not told apart by spaces, and Hangul, of which people type any part.
fn is_spaceless(letter: char) -> bool {
    matches!(u32::from(letter),
        0x3005..=0x3007 | 0x3041..=0x3096 | 0x309D..=0x309F | 0x30A1..=0x30FA | 0x30FC..=0x312F | 0x31A0..=0x31BF
        | 0x31F0..=0x31FF | 0x3400..=0x4DBF | 0x4E00..=0x9FFF | 0xAC00..=0xD7A3 | 0xF900..=0xFAFF
        | 0x20000..=0x323AF)
}

#[cfg(test)]
mod test {
    use super::*;
    use crate::fold::fold;

    fn words(text: &str) -> Vec<String> {
        let all = pieces(&fold(text)).into_iter().flat_map(|piece| match piece {
            Piece::Word(word) => vec![word],
            Piece::Run(run) => pairs(&run).collect(),
        });
        all.collect()
    }

    #[test]
    fn words_and_pairs_are_told_apart() {
        assert_eq!(words("Hell's Kitchen, 2026!"), ["hell", "s", "kitchen", "2026"]);
        assert_eq!(words("SIX六個皇后"), ["six", "六個", "個皇", "皇后"]);
        assert_eq!(words("冥界：地下城"), ["冥界", "地下", "下城"]);
        assert_eq!(words("猫"), ["猫"]);
        assert_eq!(words("레미제라블"), ["레미", "미제", "제라", "라블"]);
        assert_eq!(words("ミス・サイゴン"), ["ミス", "サイ", "イゴ", "ゴン"]);
        assert_eq!(words("?!"), Vec::<String>::new());
        assert_eq!(words(&"x".repeat(100)), ["x".repeat(MAX_WORD)]);
    }

    #[test]
    fn what_is_typed_without_the_space_is_known() {
        let joined = |text: &str| joined(&pieces(&fold(text)));
        assert_eq!(joined("Don't Stop"), ["dont", "tstop"]);
        assert_eq!(joined("R.E.M."), ["re", "em", "rem"]);
        assert_eq!(joined("Soul-Filled"), ["soulfilled"]);
        assert!(joined("Cats").is_empty());
    }

    #[test]
    fn a_name_is_the_same_whatever_stands_between_its_words() {
        let whole = |text: &str| {
            let folded = fold(text);
            whole(&folded, &pieces(&folded))
        };
        assert_eq!(whole("SIX: The  Musical"), whole("six the musical"));
        assert_eq!(whole("???"), "???");
    }
}
