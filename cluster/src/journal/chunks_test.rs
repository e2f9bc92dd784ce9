use super::*;

const OWNER: &str = "the log of shard-3";
const PREFIX: &[u8] = b"l\x00\x03";

fn item(seed: usize, length: usize) -> Vec<u8> {
    (0..length).map(|n| (seed * 31 + n * 7) as u8).collect()
}

fn rows(ops: Vec<Op>) -> Vec<(Vec<u8>, Vec<u8>)> {
    let mut rows: Vec<_> = ops
        .into_iter()
        .map(|op| match op {
            Op::Put(key, value) => (key, value),
            Op::Remove(_) => panic!("packing removes nothing"),
        })
        .collect();
    rows.sort();
    rows
}

fn read(rows: &[(Vec<u8>, Vec<u8>)]) -> Vec<Unpacked> {
    unpack(&OWNER, PREFIX, rows).into_iter().map(|read| read.map_err(|torn| torn.error).unwrap()).collect()
}

#[test]
fn items_of_every_size_come_back_in_order_from_values_of_at_most_7_kib() {
    let edge = BODY_BYTES - LENGTH_BYTES;
    let sizes = [
        0,
        1,
        3000,
        3000,
        3000,
        edge,
        edge + 1,
        BODY_BYTES,
        BODY_BYTES + 1,
        5,
        2 * BODY_BYTES,
        2 * BODY_BYTES + 1,
        100_000,
        9,
    ];
    let items: Vec<_> = sizes.iter().enumerate().map(|(seed, length)| item(seed, *length)).collect();
    let (ops, chunks) = pack(PREFIX, 40, &items).unwrap();
    let rows = rows(ops);
    assert!(rows.iter().all(|(_, value)| value.len() <= MAX_VALUE_BYTES));
    let unpacked = read(&rows);
    assert_eq!(unpacked.iter().map(|one| one.chunk).collect::<Vec<_>>(), chunks);
    assert_eq!(unpacked.into_iter().flat_map(|one| one.items).collect::<Vec<_>>(), items);
    assert_eq!((chunks[0].first, chunks.last().unwrap().last), (40, 53));
}

#[test]
fn small_items_share_a_value() {
    let items = vec![item(1, 60); 64];
    let (ops, chunks) = pack(PREFIX, 0, &items).unwrap();
    assert_eq!((ops.len(), chunks.len()), (1, 1));
}

#[test]
fn removing_a_chunk_begins_at_its_end() {
    let (ops, chunks) = pack(PREFIX, 7, &[item(1, 20_000)]).unwrap();
    let put: Vec<_> = rows(ops).into_iter().rev().map(|(key, _)| Op::Remove(key)).collect();
    assert_eq!(chunks[0].remove(PREFIX).collect::<Vec<_>>(), put);
}

#[test]
fn every_flipped_byte_is_found_and_named() {
    for length in [40, 10_000] {
        let whole = rows(pack(PREFIX, 17, &[item(1, length)]).unwrap().0);
        for row in 0..whole.len() {
            for byte in (0..whole[row].1.len()).filter(|byte| length < 100 || byte % 97 == 0 || *byte < 30) {
                let mut damaged = whole.clone();
                damaged[row].1[byte] ^= 0x10;
                let torn = unpack(&OWNER, PREFIX, &damaged).remove(0).unwrap_err();
                assert_eq!(torn.first, 17);
                let message = torn.error.to_string();
                assert!(
                    message.contains("the chunk of the log of shard-3 at 17 is damaged"),
                    "byte {byte}: {message}"
                );
            }
        }
    }
}

#[test]
fn a_missing_part_and_a_stray_value_are_found() {
    let whole = rows(pack(PREFIX, 17, &[item(1, 20_000)]).unwrap().0);
    for lost in 0..whole.len() {
        let mut rows = whole.clone();
        rows.remove(lost);
        assert!(unpack(&OWNER, PREFIX, &rows).remove(0).is_err(), "part {lost}");
    }
    let mut stray = rows(pack(PREFIX, 3, &[item(1, 5)]).unwrap().0);
    stray[0].0 = keys::chunk(PREFIX, 4, 0);
    let torn = unpack(&OWNER, PREFIX, &stray).remove(0).unwrap_err();
    assert!(torn.error.to_string().contains("does not belong"), "{}", torn.error);
}
