//! Reading a stream of seats with next to no work: ten thousand readers share the cores with the node that they measure.
//!
//! Owns: finding the versions, `id: N`, in whatever pieces the bytes come.

const BEFORE: &[u8] = b"\nid: ";

/// How far a reader has got.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Scan {
    /// Bytes of what comes before a version that have been seen.
    seen: usize,
    /// The version so far, while its digits are read.
    version: Option<u64>,
}

impl Scan {
    /// Reads on; tells every version whose last digit has come.
    pub(super) fn feed(&mut self, bytes: &[u8], mut tell: impl FnMut(u64)) {
        for byte in bytes {
            match (self.version, byte) {
                (Some(version), b'0'..=b'9') => self.version = Some(version * 10 + u64::from(byte - b'0')),
                (Some(version), _) => {
                    tell(version);
                    (self.version, self.seen) = (None, usize::from(*byte == BEFORE[0]));
                }
                (None, byte) if *byte == BEFORE[self.seen] => {
                    self.seen += 1;
                    if self.seen == BEFORE.len() {
                        self.version = Some(0);
                    }
                }
                (None, byte) => self.seen = usize::from(*byte == BEFORE[0]),
            }
        }
    }
}

#[cfg(test)]
mod test {
    use super::Scan;

    #[test]
    fn versions_are_found_wherever_the_bytes_are_cut() {
        let text = b"HTTP/1.1 200 OK\r\n\r\n1f\r\nid: 7\nevent: seats\ndata: {\"id\": 9}\n\n\r\n5\r\n:\n\n\r\n1f\r\nid: 12\nevent";
        for cut in 0..text.len() {
            let (mut scan, mut told) = (Scan::default(), Vec::new());
            scan.feed(&text[..cut], |version| told.push(version));
            scan.feed(&text[cut..], |version| told.push(version));
            assert_eq!(told, [7, 12], "{cut}");
        }
    }
}
