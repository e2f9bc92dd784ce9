//! Bodies that are put together of pieces, each packed once: so the 49,999 seats that did not change are copied.

/// Some bytes of a body, packed so that they can stand anywhere in a stream: nothing before them is referred to, and they
/// end at a whole byte.
pub(super) trait Block: Sized {
    /// Of these bytes.
    fn of(plain: &[u8]) -> Self;

    /// Of a single byte, as it is, since there is nothing to gain.
    fn byte(byte: u8) -> Self;

    /// A stream of all these.
    fn stream(blocks: &[&Self]) -> Vec<u8>;
}

#[cfg(test)]
pub(super) mod test {
    use super::Block;

    /// `unpack` gets back what went into a stream, whatever its blocks and their order.
    pub(in crate::http::encoded) fn pieces_in_any_order_are_one_stream<B: Block>(
        unpack: impl Fn(&[u8]) -> Vec<u8>,
    ) {
        let words = ["", "one ", "two two two two ", "x"].map(|word| word.repeat(300));
        let long: String = (0..9_000).map(|seat| format!(r#"{{"seat":"{seat}","price":5000}}"#)).collect();
        let words = [&words[0], &words[1], &words[2], &words[3], &long, "ab"];
        let blocks: Vec<B> = words.iter().map(|word| B::of(word.as_bytes())).collect();
        let comma = B::byte(b',');
        for order in [&[0, 1, 2, 3][..], &[3, 2, 1, 0], &[2, 2, 1], &[4, 5, 4, 3, 4], &[5], &[]] {
            let mut all: Vec<&B> = Vec::new();
            let mut plain = String::new();
            for at in order {
                all.extend([&blocks[*at], &comma]);
                plain.push_str(words[*at]);
                plain.push(',');
            }
            assert_eq!(String::from_utf8(unpack(&B::stream(&all))).unwrap(), plain);
        }
    }
}
