//! The randomness of a simulated process: one sequence that follows from the seed.
//!
//! The standard library, `rand` and `getrandom` all ask the C library's `getrandom`, for the keys of hash maps, for
//! tokio's `select!`, for raft's election timeouts. The definition here takes its place, as `sync_file_range` is taken in
//! the journal, so whoever asks in a seeded process gets what the seed says. Hazard: the order of asking decides who gets
//! what, hence one seed a process and one thread. A process that was never seeded gets the real thing.

use std::ffi::{c_uint, c_void};
use std::sync::Mutex;
use std::sync::PoisonError;

use bench::rng::Rng;

static SEQUENCE: Mutex<Option<Rng>> = Mutex::new(None);

/// From now on everything that this process draws follows from `seed`.
pub(crate) fn seed(seed: u64) {
    *SEQUENCE.lock().unwrap_or_else(PoisonError::into_inner) = Some(Rng::new(seed));
}

fn fill(bytes: &mut [u8]) -> bool {
    let mut sequence = SEQUENCE.lock().unwrap_or_else(PoisonError::into_inner);
    let Some(rng) = sequence.as_mut() else { return false };
    for chunk in bytes.chunks_mut(8) {
        chunk.copy_from_slice(&rng.bits().to_le_bytes()[..chunk.len()]);
    }
    true
}

/// As the C library's.
#[allow(unsafe_code, reason = "the name is what everyone links to; see the head of this file")]
// SAFETY: the one definition of this name in the program, with the signature of the C library's.
#[unsafe(no_mangle)]
extern "C" fn getrandom(bytes: *mut c_void, length: usize, flags: c_uint) -> isize {
    if length == 0 {
        return 0;
    }
    // SAFETY: whoever calls a function of this name gives as many writable bytes as they say.
    let wanted = unsafe { std::slice::from_raw_parts_mut(bytes.cast::<u8>(), length) };
    if fill(wanted) {
        return isize::try_from(length).unwrap_or(isize::MAX);
    }
    // SAFETY: the same call with the same arguments, to the kernel itself.
    unsafe { libc::syscall(libc::SYS_getrandom, bytes, length, flags) as isize }
}

#[cfg(test)]
mod test {
    use std::collections::hash_map::RandomState;
    use std::hash::BuildHasher;

    /// In a thread of its own, since the standard library draws the keys of a thread's hash maps once.
    #[allow(clippy::disallowed_methods, reason = "they are what is to be replaced")]
    fn drawn() -> (u64, u64) {
        let draw = || {
            let mut bytes = [0; 8];
            // What the C library's name leads to, for those who look it up while the program runs.
            assert_eq!(super::getrandom(bytes.as_mut_ptr().cast(), 8, 0), 8);
            (RandomState::new().hash_one(1), u64::from_le_bytes(bytes))
        };
        std::thread::spawn(draw).join().expect("it only draws")
    }

    #[test]
    fn what_a_seeded_process_draws_follows_from_the_seed() {
        assert_ne!(drawn(), drawn(), "not seeded: real randomness");
        let of = |seed| {
            super::seed(seed);
            drawn()
        };
        let first = of(7);
        assert_eq!(of(7), first);
        assert_ne!(of(8), first);
    }
}
