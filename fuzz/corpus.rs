// A fuzzer for where there is none: the same mutations of the same corpus at every run. It is no match for one that sees
// which branches are taken; that is what the targets beside it are for.

use std::path::Path;

/// Feeds `target` every file of the corpus called `name`, and `rounds` mutations of them.
pub(crate) fn fuzz(name: &str, rounds: u32, mut target: impl FnMut(&[u8])) {
    let dir = Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .map(|dir| dir.join("fuzz/corpus"))
        .find(|dir| dir.exists());
    let dir = dir.expect("the corpora are in the repository").join(name);
    let mut files: Vec<_> = std::fs::read_dir(&dir)
        .unwrap_or_else(|error| panic!("{}: {error}", dir.display()))
        .map(|file| file.expect("a file of the corpus").path())
        .collect();
    files.sort();
    let corpus: Vec<Vec<u8>> = files.iter().map(|file| std::fs::read(file).expect("its bytes")).collect();
    assert!(!corpus.is_empty(), "{} is empty", dir.display());
    corpus.iter().for_each(|bytes| target(bytes));
    let mut dice = Dice(0x9e37_79b9_7f4a_7c15);
    for _ in 0..rounds {
        let mut bytes = corpus[dice.below(corpus.len())].clone();
        for _ in 0..=dice.below(6) {
            mutate(&mut bytes, &corpus, &mut dice);
        }
        target(&bytes);
    }
}

/// Lengths and counts that are most likely to be one too many.
const EDGES: [u64; 9] = [0, 1, 127, 128, 255, 0xffff, 0x7fff_ffff, 0xffff_ffff, u64::MAX];
const MOST_BYTES: usize = 1 << 16;

fn mutate(bytes: &mut Vec<u8>, corpus: &[Vec<u8>], dice: &mut Dice) {
    let at = dice.below(bytes.len() + 1);
    match dice.below(8) {
        0 => bytes.truncate(at),
        1 => bytes.insert(at, dice.byte()),
        2 => drop(bytes.get_mut(at).map(|byte| *byte ^= 1 << dice.below(8))),
        3 => drop(bytes.get_mut(at).map(|byte| *byte = dice.byte())),
        4 => {
            let edge = EDGES[dice.below(EDGES.len())].to_le_bytes();
            bytes.iter_mut().skip(at).zip(edge).for_each(|(byte, new)| *byte = new);
        }
        5 => {
            let end = at + dice.below(bytes.len() - at + 1);
            drop(bytes.drain(at..end));
        }
        6 => {
            let other = &corpus[dice.below(corpus.len())];
            let from = dice.below(other.len() + 1);
            bytes.truncate(at);
            bytes.extend_from_slice(&other[from..]);
        }
        _ => {
            let again = bytes[at..].to_vec();
            bytes.extend_from_slice(&again);
        }
    }
    bytes.truncate(MOST_BYTES);
}

struct Dice(u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    fn below(&mut self, end: usize) -> usize {
        (self.next() % end.max(1) as u64) as usize
    }

    fn byte(&mut self) -> u8 {
        self.next().to_le_bytes()[3]
    }
}
