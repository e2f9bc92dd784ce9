use super::*;

/// A space of which the test says how much is free.
fn space(reserve: u64, free: u64) -> (Arc<AtomicU64>, Space) {
    let free = Arc::new(AtomicU64::new(free));
    let told = free.clone();
    (free, Space::probed(reserve, move || Ok(told.load(Ordering::Relaxed))))
}

#[test]
fn the_reserve_is_left_alone_and_a_little_more_than_it_starts_the_writing_again() {
    let (free, space) = space(1_600, 1_700);
    space.guard(true);
    assert!(space.admits(100));
    assert!(!space.admits(101), "a look was due, and this one does not fit");
    assert!(space.is_full());
    free.store(1_800, Ordering::Relaxed);
    assert!(!space.admits(101), "it would be full again at once");
    free.store(1_901, Ordering::Relaxed);
    assert!(space.admits(101));
    assert!(!space.is_full());
}

#[test]
fn a_look_is_taken_before_much_is_written() {
    let (free, space) = space(1_600, 2_000);
    space.guard(true);
    free.store(10, Ordering::Relaxed);
    assert!(space.admits(60), "not yet looked");
    assert!(!space.admits(60));
}

#[test]
fn starting_and_stopping_may_use_most_of_the_reserve() {
    let (free, space) = space(1_600, 500);
    space.require(Path::new("data")).unwrap();
    assert!(space.admits(100));
    space.guard(true);
    assert!(space.is_full(), "known at once, and not with the first write");
    space.guard(false);
    assert!(space.admits(10));
    free.store(399, Ordering::Relaxed);
    let refused = space.require(Path::new("data")).unwrap_err();
    assert_eq!(refused.kind(), io::ErrorKind::StorageFull);
    assert!(refused.to_string().contains("399 bytes are free for data"), "{refused}");
}

#[test]
fn what_cannot_be_looked_at_is_not_written_to() {
    let space = Space::probed(16, || Err(io::Error::other("gone")));
    assert!(!space.admits(2));
    assert!(space.is_full());
}

#[test]
fn a_real_file_system_has_free_space() {
    let dir = tempfile::tempdir().unwrap();
    assert!(Space::of(dir.path(), 0).room().unwrap() > 0);
    let too_much = Space::of(dir.path(), u64::MAX).room().unwrap_err();
    assert_eq!(too_much.kind(), io::ErrorKind::StorageFull);
    let missing = Space::of(&dir.path().join("missing"), 0).room().unwrap_err();
    assert_eq!(missing.kind(), io::ErrorKind::NotFound);
}

#[tokio::test]
async fn a_snapshot_waits_for_room_of_its_own() {
    let (free, space) = space(400, 900);
    space.guard(true);
    let waiting = tokio::time::timeout(LOOK_AGAIN, space.wait_for(600)).await;
    waiting.unwrap_err();
    assert!(!space.is_full(), "smaller writes go on");
    assert!(space.has_room(500) && !space.has_room(501), "what a peer sends is not even begun");
    free.store(1_000, Ordering::Relaxed);
    space.wait_for(600).await;
}
