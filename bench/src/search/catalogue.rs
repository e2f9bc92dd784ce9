//! Catalogues of events as ticket sellers publish them: CSV with a header, JSON, or JSON by lines.
//!
//! Owns: finding the few fields that a search needs, whatever they are called there. What lacks a name is no event.

use anyhow::{Context, bail};
use search::{Entry, Point};
use serde_json::{Map, Value};
use std::fs;
use std::path::{Path, PathBuf};

/// All events of `files`, or of the files in the folders among them.
///
/// # Errors
/// When a file cannot be read.
pub fn read(files: &[PathBuf]) -> anyhow::Result<Vec<Entry>> {
    let mut entries = Vec::new();
    for file in files {
        if file.is_dir() {
            let listed = fs::read_dir(file).with_context(|| format!("cannot list {}", file.display()))?;
            let mut inside: Vec<PathBuf> = listed.flatten().map(|entry| entry.path()).collect();
            inside.sort();
            inside.iter().try_for_each(|file| read_file(file, &mut entries))?;
        } else {
            read_file(file, &mut entries)?;
        }
    }
    (1..).zip(&mut entries).for_each(|(number, entry)| entry.number = number);
    Ok(entries)
}

fn read_file(file: &Path, entries: &mut Vec<Entry>) -> anyhow::Result<()> {
    let what = || format!("cannot read {}", file.display());
    match file.extension().and_then(|extension| extension.to_str()) {
        Some("csv") => read_csv(file, entries).with_context(what),
        Some("json") => {
            let value: Value = serde_json::from_slice(&fs::read(file)?).with_context(what)?;
            let listed = value.pointer("/_embedded/events").or_else(|| value.get("events")).unwrap_or(&value);
            entries.extend(listed.as_array().into_iter().flatten().filter_map(event));
            Ok(())
        }
        Some("jsonl") => {
            for line in fs::read_to_string(file)?.lines() {
                entries.extend(event(&serde_json::from_str(line).with_context(what)?));
            }
            Ok(())
        }
        _ => bail!("{} is neither .csv nor .json nor .jsonl", file.display()),
    }
}

fn read_csv(file: &Path, entries: &mut Vec<Entry>) -> anyhow::Result<()> {
    let mut reader = csv::Reader::from_path(file)?;
    let headers = reader.headers()?.clone();
    for record in reader.records() {
        let record = record?;
        let fields = headers.iter().zip(&record).map(|(name, text)| (name.to_owned(), text.into()));
        entries.extend(event(&Value::Object(fields.collect::<Map<_, _>>())));
    }
    Ok(())
}

/// The first of `pointers` that leads to a text.
fn text(event: &Value, pointers: &[&str]) -> String {
    let found = pointers.iter().find_map(|pointer| event.pointer(pointer)?.as_str());
    found.unwrap_or_default().to_owned()
}

fn names(event: &Value, pointer: &str) -> Vec<String> {
    let listed = event.pointer(pointer).and_then(Value::as_array).into_iter().flatten();
    let name = |it: &Value| it.get("name").unwrap_or(it).as_str().map(str::to_owned);
    listed.filter_map(name).collect()
}

fn event(event: &Value) -> Option<Entry> {
    let venue = "/_embedded/venues/0";
    let inside = |field: &str| format!("{venue}/{field}");
    let mut performers: Vec<String> = text(event, &["/attractions"]).split('|').map(str::to_owned).collect();
    performers.extend(names(event, "/_embedded/attractions"));
    performers.extend(names(event, "/performers"));
    performers.retain(|name| !name.is_empty());
    let number = |pointers: &[&str]| text(event, pointers).parse().unwrap_or(0.0);
    let entry = Entry {
        number: 0,
        name: text(event, &["/name", "/title"]).trim().to_owned(),
        description: text(event, &["/aliases", "/info"]),
        kind: text(event, &["/genre", "/type", "/category"]),
        performers,
        genres: vec![text(event, &["/sub_genre"])],
        performer_numbers: Vec::new(),
        venue: text(event, &["/venue_name", &inside("name"), "/venue/name", "/venue"]),
        address: String::new(),
        city: text(event, &["/city", &inside("city/name"), "/venue/city"]),
        country: text(event, &["/country", &inside("country/name")]),
        venue_number: 0,
        point: Point::new(number(&["/city_lat"]), number(&["/city_lon"])),
        zone: text(event, &["/timezone"]),
        starts_at: 0,
        prices: vec![0],
        cancelled: false,
    };
    (!entry.name.is_empty()).then_some(entry)
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn every_form_gives_names_performers_and_places() {
        let folder = tempfile::tempdir().unwrap();
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).unwrap();
        write("a.csv", "name,attractions,venue_name,city\nSpring Ball,Foxes|Owls,Hall,Berlin\n");
        write(
            "b.json",
            r#"{"_embedded":{"events":[{"name":"Night","_embedded":{"attractions":[{"name":"Owls"}],"venues":[{"name":"Barn","city":{"name":"Bern"}}]}}]}}"#,
        );
        write("c.jsonl", "{\"title\":\"冥界\",\"aliases\":\"Underworld\",\"venue\":\"Stage\"}\n{\"id\":1}\n");
        let entries = read(&[folder.path().to_owned()]).unwrap();
        let shown: Vec<_> = entries
            .iter()
            .map(|it| (it.number, it.name.as_str(), it.performers.len(), it.venue.as_str()))
            .collect();
        assert_eq!(shown, [(1, "Spring Ball", 2, "Hall"), (2, "Night", 1, "Barn"), (3, "冥界", 0, "Stage")]);
        write("d.txt", "");
        assert!(read(&[folder.path().to_owned()]).is_err());
    }
}
