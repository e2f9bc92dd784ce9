//! CSV with a header row: columns found by name, faults that name the line and the column.
//!
//! Owns: how this crate reads a CSV. Not: what the columns mean.

use anyhow::{Context, bail};
use csv::{Reader, ReaderBuilder, StringRecord, Trim};
use std::io::Read;
use std::str::FromStr;

/// An open CSV and its header.
pub(super) struct Table<R> {
    reader: Reader<R>,
    header: StringRecord,
}

/// One column that has been found.
#[derive(Clone, Debug)]
pub(super) struct Column {
    position: usize,
    name: String,
}

/// One row, with the line that it starts on.
#[derive(Debug)]
pub(super) struct Row {
    record: StringRecord,
    /// Counted from one, the header being line one.
    pub(super) line: u64,
}

impl<R: Read> Table<R> {
    pub(super) fn read(source: R) -> anyhow::Result<Self> {
        let mut reader = ReaderBuilder::new().trim(Trim::All).from_reader(source);
        let header = reader.headers().context("line 1: cannot read the header")?.clone();
        if header.is_empty() {
            bail!("the file is empty; its first line must name the columns");
        }
        Ok(Self { reader, header })
    }

    /// The column called `name`.
    pub(super) fn column(&self, name: &str) -> anyhow::Result<Column> {
        self.find(|header| header == name).with_context(|| {
            format!("line 1: there is no column `{name}`; the columns are {}", self.names().join(", "))
        })
    }

    /// The first column whose name satisfies `wanted`.
    pub(super) fn find(&self, wanted: impl Fn(&str) -> bool) -> Option<Column> {
        let (position, name) = self.header.iter().enumerate().find(|(_, header)| wanted(header))?;
        Some(Column { position, name: name.to_owned() })
    }

    /// The column at `position`, counted from zero.
    pub(super) fn at(&self, position: usize) -> Option<Column> {
        Some(Column { position, name: self.header.get(position)?.to_owned() })
    }

    pub(super) fn names(&self) -> Vec<&str> {
        self.header.iter().collect()
    }

    /// The rows in order; a row with too few or too many fields is a fault.
    pub(super) fn rows(&mut self) -> impl Iterator<Item = anyhow::Result<Row>> + '_ {
        self.reader.records().map(|record| {
            let record = record.map_err(|fault| match fault.position() {
                Some(at) => anyhow::anyhow!("line {}: {}", at.line(), reason(&fault)),
                None => anyhow::anyhow!("{fault}"),
            })?;
            let line = record.position().map_or(0, csv::Position::line);
            Ok(Row { record, line })
        })
    }
}

impl Column {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

impl Row {
    pub(super) fn text(&self, column: &Column) -> &str {
        self.record.get(column.position).unwrap_or_default()
    }

    /// The field, which must not be empty.
    pub(super) fn word(&self, column: &Column) -> anyhow::Result<&str> {
        let text = self.text(column);
        if text.is_empty() { Err(self.fault(column, "is empty")) } else { Ok(text) }
    }

    pub(super) fn number<T: FromStr>(&self, column: &Column) -> anyhow::Result<T> {
        let text = self.text(column);
        text.parse().map_err(|_| self.fault(column, &format!("`{text}` is not a number that fits here")))
    }

    /// A fault at this row and `column`.
    pub(super) fn fault(&self, column: &Column, what: &str) -> anyhow::Error {
        anyhow::anyhow!("line {}, column `{}`: {what}", self.line, column.name)
    }
}

fn reason(fault: &csv::Error) -> String {
    match fault.kind() {
        csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
            format!("{len} fields where the header has {expected_len}")
        }
        csv::ErrorKind::Utf8 { .. } => "not UTF-8".into(),
        _ => fault.to_string(),
    }
}
