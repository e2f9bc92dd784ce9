//! Imports a seat map from a list of rows (`tribune,sector,row,seats_in_row`) or of seats
//! (`section_id,row_id,seat_id,x,y`).
//!
//! Owns: telling the two apart by their columns, and finding names that occur twice.

use super::table::Table;
use crate::plan::{Prices, Seat, SeatMapBuilder, VenuePlan};
use anyhow::bail;
use std::io::Read;

/// The category of a list that knows none.
const SEATED: &str = "seated";
/// No row of a real building is longer.
const LONGEST_ROW: u32 = 1_000;

/// Reads a list of rows or of seats; every category gets the same price, to be edited in `prices.json`.
///
/// # Errors
/// The line and column of the first thing that is wrong, or both lines of a name that occurs twice.
pub fn import(source: impl Read) -> anyhow::Result<VenuePlan> {
    let mut table = Table::read(source)?;
    let names = table.names();
    let builder = if names.contains(&"seats_in_row") {
        rows(&mut table)?
    } else if names.contains(&"seat_id") {
        seats(&mut table)?
    } else {
        bail!(
            "line 1: neither a list of rows (tribune,sector,row,seats_in_row) nor of seats \
             (section_id,row_id,seat_id,x,y); the columns are {}",
            names.join(", ")
        );
    };
    let map = builder.build()?;
    VenuePlan::new(&map, Prices::flat(&map.categories()))
}

fn rows<R: Read>(table: &mut Table<R>) -> anyhow::Result<SeatMapBuilder> {
    let (tribune, sector) = (table.column("tribune")?, table.column("sector")?);
    let (row, count) = (table.column("row")?, table.column("seats_in_row")?);
    let mut builder = SeatMapBuilder::default();
    for line in table.rows() {
        let line = line?;
        let seats: u32 = line.number(&count)?;
        if !(1..=LONGEST_ROW).contains(&seats) {
            return Err(line.fault(&count, &format!("is {seats}; a row has 1 to {LONGEST_ROW} seats")));
        }
        let section = format!("{} {}", line.word(&tribune)?, line.word(&sector)?);
        for number in 1..=seats {
            let seat = Seat { name: number.to_string(), x: None, y: None };
            builder.seat(&section, line.word(&tribune)?, line.word(&row)?, seat, line.line)?;
        }
    }
    Ok(builder)
}

fn seats<R: Read>(table: &mut Table<R>) -> anyhow::Result<SeatMapBuilder> {
    let (section, row, seat) =
        (table.column("section_id")?, table.column("row_id")?, table.column("seat_id")?);
    let (x, y) = (table.column("x")?, table.column("y")?);
    let mut builder = SeatMapBuilder::default();
    for line in table.rows() {
        let line = line?;
        let (x, y) = (line.number(&x)?, line.number(&y)?);
        let place = Seat { name: line.word(&seat)?.to_owned(), x: Some(x), y: Some(y) };
        builder.seat(line.word(&section)?, SEATED, line.word(&row)?, place, line.line)?;
    }
    Ok(builder)
}

#[cfg(test)]
mod test {
    use super::import;
    use crate::plan::{SeatMap, Seats};

    fn map(text: &str) -> SeatMap {
        serde_json::from_value(import(text.as_bytes()).unwrap().seat_map).unwrap()
    }

    fn fault(text: &str) -> String {
        import(text.as_bytes()).unwrap_err().to_string()
    }

    #[test]
    fn a_list_of_rows_is_read() {
        let map = map("tribune,sector,row,seats_in_row\nwest,1,1,27\nwest,1,2,30\neast,1,1,5\n");
        assert_eq!(map.capacity(), 62);
        assert_eq!(map.sections[1].name, "west 1");
        assert_eq!(
            (map.sections[1].category.as_str(), &map.sections[1].rows[1].seats),
            ("west", &Seats::Count(30))
        );
    }

    #[test]
    fn a_list_of_seats_keeps_where_they_are_drawn() {
        let map = map("section_id,row_id,seat_id,x,y\n0,0,1,5.5,2\n0,0,2,6.5,2\n1,0,1,9,9\n");
        assert_eq!((map.sections.len(), map.capacity()), (2, 3));
        let Seats::Named(seats) = &map.sections[0].rows[0].seats else { panic!("seats have places") };
        assert_eq!(seats[1].x, Some(6.5));
    }

    #[test]
    fn names_that_occur_twice_are_reported_with_their_lines() {
        assert_eq!(
            fault("tribune,sector,row,seats_in_row\nwest,1,1,2\nwest,1,2,2\nwest,1,1,2\n"),
            "line 4: section `west 1`, row `1`, seat `1` is already named in line 2"
        );
        assert!(
            fault("section_id,row_id,seat_id,x,y\n0,0,1,1,1\n0,0,1,2,2\n").starts_with("line 3: section `0`")
        );
    }

    #[test]
    fn a_list_of_neither_kind_is_said_to_be_so() {
        assert!(fault("row,seat\nA,1\n").contains("the columns are row, seat"));
        assert!(
            fault("tribune,sector,row,seats_in_row\nwest,1,1,0\n")
                .starts_with("line 2, column `seats_in_row`")
        );
        assert!(fault("section_id,row_id,seat_id,x,y\n").contains("no seat"));
    }
}
