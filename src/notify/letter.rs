//! The form of every mail: a greeting, paragraphs, a table, a link, a closing line; once as text and once as HTML.
//!
//! Owns the escaping. Hazard: names of people and events come from outside, and must be nothing but text in either form.

use domain::ports::Mail;

/// A mail that is being written. What is put into it is plain text.
#[derive(Debug, Clone, Default)]
pub struct Letter {
    parts: Vec<Part>,
}

#[derive(Debug, Clone)]
enum Part {
    Paragraph(String),
    Rows(Vec<(String, String)>),
    Link { label: String, address: String },
}

impl Letter {
    /// Nothing yet.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A few sentences.
    #[must_use]
    pub fn paragraph(mut self, text: impl Into<String>) -> Self {
        self.parts.push(Part::Paragraph(text.into()));
        self
    }

    /// What belongs side by side: a word, and what it stands for.
    #[must_use]
    pub fn rows(mut self, rows: Vec<(String, String)>) -> Self {
        self.parts.push(Part::Rows(rows));
        self
    }

    /// Where to go. Only web addresses become links.
    #[must_use]
    pub fn link(mut self, label: impl Into<String>, address: impl Into<String>) -> Self {
        self.parts.push(Part::Link { label: label.into(), address: address.into() });
        self
    }

    /// The mail to whoever is called `name`, under `id`; see [`Mail::id`].
    #[must_use]
    pub fn to(self, name: &str, address: &str, subject: &str, id: String) -> Mail {
        let name = one_line(name);
        Mail {
            id,
            address: address.to_owned(),
            subject: one_line(subject),
            text: self.text(&name),
            html: self.html(&name, &one_line(subject)),
            name,
        }
    }

    fn text(&self, name: &str) -> String {
        let mut text = format!("Hello {name},\n");
        for part in &self.parts {
            text.push('\n');
            match part {
                Part::Paragraph(words) => text.push_str(&format!("{words}\n")),
                Part::Rows(rows) => {
                    let width = rows.iter().map(|(word, _)| word.chars().count()).max().unwrap_or(0) + 1;
                    for (word, value) in rows {
                        let word = format!("{}:", one_line(word));
                        text.push_str(&format!("  {word:<width$}  {}\n", one_line(value)));
                    }
                }
                Part::Link { label, address } => text.push_str(&format!("{label}:\n{address}\n")),
            }
        }
        text
    }

    fn html(&self, name: &str, subject: &str) -> String {
        let mut body = format!("<p>Hello {},</p>\n", escape(name));
        for part in &self.parts {
            body.push_str(&match part {
                Part::Paragraph(words) => format!("<p>{}</p>\n", escape(words)),
                Part::Rows(rows) => {
                    let row = |(word, value): &(String, String)| {
                        format!(
                            "<tr><th align=\"left\">{}</th><td>{}</td></tr>\n",
                            escape(word),
                            escape(value)
                        )
                    };
                    format!("<table>\n{}</table>\n", rows.iter().map(row).collect::<String>())
                }
                Part::Link { label, address } if is_web_address(address) => {
                    format!("<p><a href=\"{}\">{}</a></p>\n", escape(address), escape(label))
                }
                Part::Link { label, address } => {
                    format!("<p>{}: <code>{}</code></p>\n", escape(label), escape(address))
                }
            });
        }
        format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><title>{}</title></head>\n<body>\n{body}</body></html>\n",
            escape(subject)
        )
    }
}

fn is_web_address(address: &str) -> bool {
    address.starts_with("https://") || address.starts_with("http://")
}

/// A line break in a name could otherwise pass for the next header, or for a line of ours.
pub(super) fn one_line(text: &str) -> String {
    text.split(|c: char| c.is_control() || c.is_whitespace())
        .filter(|word| !word.is_empty())
        .collect::<Vec<_>>()
        .join(" ")
}

/// Text as it stands in HTML, between tags or in a quoted attribute.
fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod test {
    use super::*;

    #[test]
    fn what_comes_from_outside_is_text_in_both_forms() {
        let letter = Letter::new()
            .paragraph("You are going to <b>Us & Them</b>.")
            .rows(vec![("Row \"1\"".into(), "<script>alert('x')</script>".into())])
            .link("Look", "javascript:alert(1)");
        let mail = letter.to("Eve\r\nBcc: all@example.com", "eve@example.com", "Your\ntickets", "a.1".into());
        assert_eq!(mail.subject, "Your tickets");
        assert!(mail.text.starts_with("Hello Eve Bcc: all@example.com,\n"), "{}", mail.text);
        assert!(mail.text.contains("<b>Us & Them</b>"), "{}", mail.text);
        for part in ["&lt;b&gt;Us &amp; Them", "Row &quot;1&quot;", "&lt;script&gt;alert(&#39;x"] {
            assert!(mail.html.contains(part), "{part} in {}", mail.html);
        }
        assert!(!mail.html.contains("<script") && !mail.html.contains("href"), "{}", mail.html);
    }

    #[test]
    fn rows_stand_in_columns_and_links_lead_somewhere() {
        let rows = vec![("Seat".into(), "A 1".into()), ("Total paid".into(), "12.00 EUR".into())];
        let letter = Letter::new().rows(rows).link("Go on", "https://example.com/?a=1&b=2");
        let mail = letter.to("Ann", "ann@example.com", "s", "a.1".into());
        assert!(mail.text.contains("  Seat:        A 1\n  Total paid:  12.00 EUR\n"), "{}", mail.text);
        assert!(mail.html.contains("href=\"https://example.com/?a=1&amp;b=2\""), "{}", mail.html);
    }
}
