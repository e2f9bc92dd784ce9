//! Aligned columns.

/// The rows under their heads, columns two spaces apart; numbers end at one place, words begin at one.
pub(super) fn table<const N: usize>(head: [&str; N], rows: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = rows.iter().map(|row| row[column].chars().count());
        cells.chain([head[column].chars().count()]).max().unwrap_or_default()
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let right: [bool; N] = std::array::from_fn(|column| {
        !rows.is_empty() && rows.iter().all(|row| is_number(&row[column]) || row[column] == NOTHING)
    });
    let mut text = String::new();
    let mut line = |cells: [&str; N]| {
        let mut line = String::new();
        for (column, cell) in cells.into_iter().enumerate() {
            let gap = if column == 0 { "" } else { "  " };
            let width = widths[column];
            let padded = if right[column] { format!("{cell:>width$}") } else { format!("{cell:width$}") };
            line.push_str(gap);
            line.push_str(&padded);
        }
        text.push_str(line.trim_end());
        text.push('\n');
    };
    line(head);
    for row in rows {
        line(std::array::from_fn(|column| row[column].as_str()));
    }
    text
}

/// A cell with nothing in it.
pub(super) const NOTHING: &str = "-";

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn numbers_end_and_words_begin_at_one_place() {
        let rows = [
            ["a".to_owned(), "7".to_owned(), "x".to_owned()],
            ["long".to_owned(), "1200".to_owned(), String::new()],
            ["é".to_owned(), NOTHING.to_owned(), "y".to_owned()],
        ];
        let expected = "\
word  many  last
a        7  x
long  1200
é        -  y
";
        assert_eq!(table(["word", "many", "last"], &rows), expected);
        assert_eq!(table(["one", "two"], &[]), "one  two\n");
    }
}
