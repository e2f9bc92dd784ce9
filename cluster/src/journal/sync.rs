//! Step ⑤: makes sled's flush reach the disk. Owns one symbol and nothing else.
//!
//! sled 0.34 ends a flush with `sync_file_range`, which neither writes metadata nor empties the drive's cache, so what
//! it calls durable does not survive a power cut. It calls the function through libc's symbol, so defining that symbol
//! here replaces it, in every program and test that links this crate, by one that does what a journal needs.
//!
//! Hazard: the process has exactly one such symbol. Nothing else in it may rely on the range semantics.

/// Syncs the whole file's data, whatever range was asked for. Returns 0, or -1 with `errno` set, as the original.
#[allow(unsafe_code, reason = "replacing a C symbol is the only way to change what sled's flush does")]
#[unsafe(no_mangle)]
extern "C" fn sync_file_range(
    descriptor: libc::c_int,
    _offset: libc::off64_t,
    _length: libc::off64_t,
    _flags: libc::c_uint,
) -> libc::c_int {
    // SAFETY: `fdatasync` takes any integer and answers EBADF for one that is no open descriptor.
    unsafe { libc::fdatasync(descriptor) }
}

/// Called when a store is opened: a reference that keeps the linker from dropping this object file, and with it the
/// replacement, from a program that uses nothing else of it.
pub(super) fn keep_linked() {
    std::hint::black_box(sync_file_range as *const ());
}
