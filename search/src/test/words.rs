use super::*;

fn names(names: &[&str]) -> Stage {
    let entries: Vec<Entry> = (1..).zip(names).map(|(number, name)| event(number, name)).collect();
    Stage::new(&entries)
}

#[test]
fn the_exact_name_comes_first_and_of_equals_the_sooner_one() {
    let stage = names(&["SIX Tribute Night", "The Six", "SIX", "Sixpence", "SIX", "Sixes and Sevens"]);
    assert_eq!(stage.by_words("six")[..2], [3, 5]);
    assert_eq!(stage.by_words("Six!")[..2], [3, 5]);
    let stage = names(&["Hamilton Mixtape", "Hamiltons", "Hamilton"]);
    assert_eq!(stage.by_words("hamilton"), [3, 1, 2]);
}

#[test]
fn of_names_with_the_same_words_the_one_that_is_spelled_like_that_comes_first() {
    let stage = names(&[
        "Alex Jean - The Golden Tour",
        "Alex Jean - \"The Golden\" Tour",
        "38 Special",
        ".38 Special",
    ]);
    assert_eq!(stage.by_words("Alex Jean - \"The Golden\" Tour"), [2, 1]);
    assert_eq!(stage.by_words("Alex Jen - \"The Golden\" Tour"), [2]);
    assert_eq!(stage.by_words("alex jean - the golden tour"), [1, 2]);
    assert_eq!(stage.by_words(".38 special"), [4, 3]);
}

#[test]
fn two_slips_in_one_short_word_are_forgiven_where_the_rest_of_the_name_is_right() {
    let stage = names(&["Aaron Watson", "Watson and the Rest", "Argo", "Watsons"]);
    assert_eq!(stage.by_words("Argon Watson"), [1]);
    assert_eq!(stage.by_words("Argon Watsun"), [] as [u64; 0]);
    assert_eq!(stage.by_words("Brron Watson"), [] as [u64; 0]);
}

#[test]
fn typos_are_forgiven_by_length_but_for_the_first_letter() {
    let stage = names(&["Taylor Swift", "Hadestown", "Cats", "Rock of Ages", "Les Misérables", "Beyoncé"]);
    for (typed, found) in [
        ("tayler swift", Some(1)),
        ("Tyalor Swift", Some(1)),
        ("taylor swfit", Some(1)),
        ("hdaestwon", Some(2)),
        ("hadestonw", Some(2)),
        ("cast", Some(3)),
        ("cat", Some(3)),
        ("cuts", Some(3)),
        ("cuds", None),
        ("bats", None),
        ("act", None),
        ("rck of ages", Some(4)),
        ("miserbales", Some(5)),
        ("BEYONCE", Some(6)),
        ("beyonxe", Some(6)),
        ("neyonce", None),
        ("swiftly", None),
    ] {
        assert_eq!(stage.by_words(typed).first().copied(), found, "{typed}");
    }
}

#[test]
fn spaces_and_apostrophes_do_not_matter() {
    let stage =
        names(&["Don't Stop Believin'", "Hip Hop Nutcracker", "Soul-Filled Sundays", "R.E.M.", "Starlight"]);
    for (typed, found) in [
        ("dont stop", 1),
        ("don’t stop", 1),
        ("hiphop nutcracker", 2),
        ("soulfilled", 3),
        ("soul filled", 3),
        ("rem", 4),
        ("star light", 5),
    ] {
        assert_eq!(stage.by_words(typed).first(), Some(&found), "{typed}");
    }
}

#[test]
fn the_last_word_may_be_its_beginning() {
    let stage = names(&["Velvet Foxes", "Phantom of the Opera", "Łódź Łabędź"]);
    for (typed, found) in [
        ("v", vec![1]),
        ("velv", vec![1]),
        ("velvet f", vec![1]),
        ("velvet fox", vec![1]),
        ("fox velv", vec![1]),
        ("foxes velv", vec![1]),
        ("f velvet", vec![1]),
        ("phantom of the ope", vec![2]),
        ("lod", vec![3]),
        ("lodz lab", vec![3]),
    ] {
        assert_eq!(stage.by_words(typed), found, "{typed}");
    }
}

#[test]
fn titles_without_spaces_are_found_by_any_two_characters() {
    let stage =
        names(&["悲慘世界", "SIX 六個皇后", "레미제라블", "ミス・サイゴン", "ｶﾞﾗｽの仮面", "冥界：地下城"]);
    for (typed, found) in [
        ("悲慘", vec![1]),
        ("慘世", vec![1]),
        ("世界", vec![1]),
        ("悲慘世界", vec![1]),
        ("悲慘視界", vec![1]),
        ("皇后", vec![2]),
        ("six皇", vec![2]),
        ("미제", vec![3]),
        ("サイゴン", vec![4]),
        ("ガラス", vec![5]),
        ("地", vec![6]),
        ("界地", vec![]),
        ("世城", vec![]),
    ] {
        assert_eq!(stage.by_words(typed), found, "{typed}");
    }
}

#[test]
fn all_words_must_be_there_unless_no_event_has_them_all() {
    let stage = names(&["Velvet Foxes", "Velvet Underground", "Iron Horses of Berlin"]);
    assert_eq!(stage.by_words("velvet horses"), [] as [u64; 0]);
    assert_eq!(stage.by_words("foxes velvet"), [1]);
    assert_eq!(stage.by_words("iron horses xx berlin"), [3]);
    assert_eq!(stage.by_words("iron horses paris"), [3]);
    assert_eq!(stage.by_words("zzzz"), [] as [u64; 0]);
}

#[test]
fn words_are_found_wherever_they_stand_and_the_name_tells_most() {
    let mut entries =
        vec![event(1, "A"), event(2, "B"), event(3, "C"), event(4, "Wolves"), event(5, "Wolves Tribute")];
    entries[0].description = "With wolves.".into();
    entries[1].venue = "Wolves Arena".into();
    entries[2].performers = vec!["Grey Wolves".into()];
    entries[3].performers = vec!["Somebody".into()];
    entries.push(Entry { performers: vec!["Wolves".into()], ..event(6, "World Tour") });
    let stage = Stage::new(&entries);
    assert_eq!(stage.by_words("wolves"), [4, 6, 5, 3, 2, 1]);
    assert_eq!(stage.by_words("concert"), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn a_name_without_a_word_is_found_by_all_of_it() {
    let stage = names(&["???", "!!!"]);
    assert_eq!(stage.by_words("???"), [1]);
    assert_eq!(stage.by_words(" ?? "), [] as [u64; 0]);
    assert_eq!(stage.by_words("  "), [1, 2]);
}

#[test]
fn what_is_put_again_or_removed_is_found_as_it_is() {
    let mut stage = names(&["Velvet Foxes", "Iron Horses"]);
    stage.put(&[event(1, "Silent Sirens")]);
    assert_eq!(stage.by_words("velvet"), [] as [u64; 0]);
    assert_eq!(stage.by_words("silent"), [1]);
    stage.writer.remove(1);
    stage.put(&[]);
    assert_eq!(stage.by_words("silent"), [] as [u64; 0]);
    assert_eq!(stage.searcher.len(), 1);
    assert_eq!(stage.searcher.fingerprints(), [(2, event(2, "Iron Horses").fingerprint())]);
    assert_eq!(stage.searcher.events_at(1).unwrap(), [2]);
    assert_eq!(stage.searcher.events_of(1).unwrap(), [] as [u64; 0]);
}

#[test]
fn an_index_is_kept_unless_it_is_damaged_or_of_another_version() {
    let dir = TempDir::new().unwrap();
    let path = dir.path().join("index");
    let open = || {
        let searcher = Searcher::unopened(Arc::new(Gazetteer::built_in()));
        let (writer, opened) = Writer::open(&path, &searcher).unwrap();
        (writer, opened, searcher)
    };
    let fill = || {
        let (mut writer, opened, _) = open();
        assert_eq!(opened, crate::Opened::Anew);
        writer.put(&event(1, "Velvet Foxes")).unwrap();
        writer.commit(42).unwrap();
    };
    fill();
    let (_, opened, searcher) = open();
    assert_eq!((opened, searcher.len(), searcher.position().0), (crate::Opened::Kept(42), 1, 42));
    drop(searcher);
    let meta = path.join("meta.json");
    let kept = std::fs::read_to_string(&meta).unwrap();
    std::fs::write(&meta, kept.replace(&format!("{} 42", crate::VERSION), "0 42")).unwrap();
    fill();
    let mut files = std::fs::read_dir(&path).unwrap().map(|file| file.unwrap().path());
    let terms = files.find(|path| path.extension().is_some_and(|it| it == "term")).unwrap();
    let mut bytes = std::fs::read(&terms).unwrap();
    bytes[3] ^= 0xFF;
    std::fs::write(&terms, bytes).unwrap();
    fill();
    std::fs::remove_dir_all(&path).unwrap();
    fill();
}
