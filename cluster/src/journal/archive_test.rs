use domain::ids::SeatIndex;
use domain::time::UnixMillis;

use super::super::memory::MemoryDisk;
use super::*;

const EVENT: EventId = EventId::new(7);
const NEIGHBOUR: EventId = EventId::new(8);

fn item(number: u64) -> Vec<u8> {
    // One in a hundred fills more than one chunk.
    vec![number as u8; if number.is_multiple_of(100) { 20_000 } else { 1_000 }]
}

fn items(from: u64, to: u64) -> Vec<Vec<u8>> {
    (from..to).map(item).collect()
}

/// An archive of several pages.
async fn filled() -> MemoryDisk {
    let disk = MemoryDisk::new();
    add(&disk, EVENT, 0, &items(0, 3_000)).await.unwrap();
    add(&disk, NEIGHBOUR, 0, &items(0, 5)).await.unwrap();
    disk.sync();
    assert!(disk.scan(&keys::archive(EVENT)).unwrap().len() > 2 * KEYS_PER_PAGE);
    disk
}

fn read(disk: &MemoryDisk, from: u64, to: u64) -> io::Result<Vec<Vec<u8>>> {
    let mut reader = Reader::new(disk.clone(), EVENT, from, to);
    let mut all = Vec::new();
    loop {
        let some = reader.next(50_000)?;
        assert!(some.iter().map(Vec::len).sum::<usize>() < 50_000 + 20_000);
        if some.is_empty() {
            return Ok(all);
        }
        all.extend(some);
    }
}

#[tokio::test]
async fn any_part_is_read_as_it_was_stored() {
    let disk = filled().await;
    for (from, to) in [(0, 3_000), (0, 0), (1, 2), (99, 102), (1_234, 2_345), (2_999, 3_000)] {
        assert!(read(&disk, from, to).unwrap() == items(from, to), "{from} to {to}");
    }
    assert!(read(&disk, 2_990, 3_001).unwrap_err().to_string().contains("fact 3000 is missing"));
    assert_eq!(archived(&disk, EVENT).unwrap(), 3_000);
    assert_eq!(archived(&disk, NEIGHBOUR).unwrap(), 5);
    assert_eq!(archived(&disk, EventId::new(9)).unwrap(), 0);
}

#[tokio::test]
async fn what_is_behind_a_gap_or_damage_does_not_count_and_can_be_replaced() {
    let disk = filled().await;
    let rows = disk.scan(&keys::archive(EVENT)).unwrap();
    for change in [
        |disk: &MemoryDisk, key: &[u8]| disk.lose(key),
        |disk: &MemoryDisk, key: &[u8]| {
            disk.tamper(key, |value| value[25] ^= 1);
        },
    ] {
        for row in [0, 1, 300, rows.len() - 1] {
            let disk = filled().await;
            change(&disk, &rows[row].0);
            let whole = archived(&disk, EVENT).unwrap();
            assert!(whole < 3_000);
            assert!(read(&disk, 0, whole).unwrap() == items(0, whole));
            read(&disk, 0, whole + 1).unwrap_err();
            forget_from(&disk, EVENT, whole).await.unwrap();
            assert_eq!(archived(&disk, EVENT).unwrap(), whole);
            add(&disk, EVENT, whole, &items(whole, 3_000)).await.unwrap();
            assert!(read(&disk, 0, 3_000).unwrap() == items(0, 3_000));
            assert_eq!(archived(&disk, NEIGHBOUR).unwrap(), 5);
        }
    }
}

#[tokio::test]
async fn nothing_is_kept_of_an_event_that_is_removed() {
    let disk = filled().await;
    let stamped = |fact| Stamped { at: UnixMillis::new(1), fact };
    let batch = |event, base, fact| SaleBatch { event, base, facts: vec![stamped(fact)].into() };
    let unblocked = |seat| Fact::SeatsUnblocked { seats: vec![SeatIndex::new(seat)] };
    let batches = [
        batch(EVENT, 3_000, unblocked(1)),
        batch(NEIGHBOUR, 5, unblocked(2)),
        batch(EVENT, 3_001, Fact::SalePurged),
    ];
    for _ in 0..2 {
        keep(&disk, &batches).await.unwrap();
        disk.sync();
        assert!(disk.scan(&keys::archive(EVENT)).unwrap().is_empty());
        assert_eq!(archived(&disk, NEIGHBOUR).unwrap(), 6);
    }
}
