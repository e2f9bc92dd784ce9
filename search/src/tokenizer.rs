//! Gives the index the terms that [`Terms::written`](crate::terms::Terms::written) wrote, as often as it says.

use tantivy::tokenizer::{Token, TokenStream, Tokenizer};

/// Splits at spaces; the digit at a term's end is how often it occurs.
#[derive(Clone, Default)]
pub(crate) struct Counted {
    token: Token,
}

/// The terms of one text.
pub(crate) struct CountedStream<'a> {
    rest: std::str::SplitAsciiWhitespace<'a>,
    left: u8,
    token: &'a mut Token,
}

impl Tokenizer for Counted {
    type TokenStream<'a> = CountedStream<'a>;

    fn token_stream<'a>(&'a mut self, text: &'a str) -> CountedStream<'a> {
        self.token.reset();
        CountedStream { rest: text.split_ascii_whitespace(), left: 0, token: &mut self.token }
    }
}

impl TokenStream for CountedStream<'_> {
    fn advance(&mut self) -> bool {
        if self.left == 0 {
            let Some((term, [digit])) = self.rest.next().and_then(|term| {
                let (term, digit) = term.split_at_checked(term.len() - 1)?;
                Some((term, <[u8; 1]>::try_from(digit.as_bytes()).ok()?))
            }) else {
                return false;
            };
            self.left = digit.saturating_sub(b'0').max(1);
            self.token.text.clear();
            self.token.text.push_str(term);
        }
        self.left -= 1;
        self.token.position = self.token.position.wrapping_add(1);
        true
    }

    fn token(&self) -> &Token {
        self.token
    }

    fn token_mut(&mut self) -> &mut Token {
        self.token
    }
}
