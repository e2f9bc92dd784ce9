//! The seats of an event in two bits each: what `application/vnd.onsale.seats` is.

const MAGIC: &[u8; 4] = b"OSB1";

/// `OSB1`, the number of seats (u32) and the version (u64) in little endian, then two bits a seat, lowest first, as they are
/// `packed` already.
pub(super) fn seat_bytes(version: u64, seats: u32, packed: &[u8]) -> Vec<u8> {
    [MAGIC.as_slice(), &seats.to_le_bytes(), &version.to_le_bytes(), packed].concat()
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn a_head_of_sixteen_bytes_and_the_seats() {
        let expected =
            [b"OSB1".as_slice(), &[5, 0, 0, 0], &[2, 1, 0, 0, 0, 0, 0, 0], &[0b1110_0100, 0b01]].concat();
        assert_eq!(seat_bytes(0x0102, 5, &[0b1110_0100, 0b01]), expected);
        assert_eq!(seat_bytes(0, 0, &[]).len(), 16);
    }
}
