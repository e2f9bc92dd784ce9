//! Step ⑥: messages on a stream, cut into pieces that no connection has to hold whole, and put together again.
//!
//! The last byte of a piece says whether the message goes on. One message is usually one piece, and then nothing is
//! copied. Hazard: whoever sends pieces without end must not fill the memory; a message beyond its bound is refused.

use domain::ports::BoxFuture;
use futures_util::{Stream, StreamExt, stream};

use crate::peer::{Bytes, CallError, Messages};

/// No piece is longer.
pub(crate) const MAX_PIECE_BYTES: usize = 256 * 1024;
/// No message is longer. A change of the directory has 64 MiB at most.
pub(crate) const MAX_MESSAGE_BYTES: usize = 80 * 1024 * 1024;

const LAST: u8 = 1;
const MORE: u8 = 0;

/// The pieces of `message`.
pub(crate) fn cut(mut message: Vec<u8>) -> Vec<Bytes> {
    if message.len() < MAX_PIECE_BYTES {
        message.push(LAST);
        return vec![Bytes::from(message)];
    }
    let slices = message.chunks(MAX_PIECE_BYTES - 1);
    let last = slices.len() - 1;
    let mark = |number| if number == last { LAST } else { MORE };
    slices.enumerate().map(|(number, slice)| Bytes::from([slice, &[mark(number)]].concat())).collect()
}

/// The messages that `pieces` make up; the first error is the last item.
pub(crate) fn join(pieces: Messages) -> Messages {
    Box::pin(stream::unfold(Some(pieces), |pieces| async move {
        let mut pieces = pieces?;
        match next(&mut pieces).await? {
            Ok(message) => Some((Ok(message), Some(pieces))),
            Err(error) => Some((Err(error), None)),
        }
    }))
}

async fn next(pieces: &mut Messages) -> Option<Result<Bytes, CallError>> {
    let mut message: Vec<u8> = Vec::new();
    loop {
        let piece = match pieces.next().await {
            Some(Ok(piece)) => piece,
            None if !message.is_empty() => return Some(Err(malformed("a message has no end"))),
            ended => return ended,
        };
        let (bytes, last) = match piece.split_last() {
            Some((&LAST, bytes)) => (bytes, true),
            Some((&MORE, bytes)) if !bytes.is_empty() => (bytes, false),
            _ => return Some(Err(malformed("a piece of a message does not say what it is"))),
        };
        if last && message.is_empty() {
            return Some(Ok(piece.slice(..bytes.len())));
        }
        if message.len() + bytes.len() > MAX_MESSAGE_BYTES {
            return Some(Err(malformed("a message is too long")));
        }
        message.extend_from_slice(bytes);
        if last {
            return Some(Ok(Bytes::from(message)));
        }
    }
}

/// The error for bytes of a peer that make no sense.
pub(crate) fn malformed(why: &str) -> CallError {
    CallError::Declined(format!("what the peer sent cannot be read: {why}"))
}

/// The messages that `opening` comes to; nothing happens before the first is asked for.
pub(crate) fn lazily(opening: BoxFuture<Result<Messages, CallError>>) -> Messages {
    let opened = |opened: Result<Messages, CallError>| match opened {
        Ok(messages) => messages,
        Err(error) => failing(error),
    };
    Box::pin(stream::once(opening).map(opened).flatten())
}

/// An error and nothing else.
pub(crate) fn failing(error: CallError) -> Messages {
    Box::pin(stream::iter([Err(error)]))
}

/// Polls `work` while its messages are read, gives them as they come, and the error that it ends with.
pub(crate) fn driven(
    messages: impl Stream<Item = Bytes> + Send + 'static,
    work: impl Future<Output = Result<(), CallError>> + Send + 'static,
) -> Messages {
    let outcome = stream::once(work).filter_map(|outcome| async { outcome.err().map(Err) });
    Box::pin(stream::select(messages.map(Ok), Box::pin(outcome)))
}

#[cfg(test)]
mod test {
    use futures_util::TryStreamExt;

    use super::*;

    fn whole(pieces: Vec<Bytes>) -> Result<Vec<Bytes>, CallError> {
        let pieces: Messages = Box::pin(stream::iter(pieces.into_iter().map(Ok)));
        futures_util::FutureExt::now_or_never(join(pieces).try_collect()).unwrap()
    }

    #[test]
    fn what_was_cut_is_joined_again() {
        let lengths = [0, 1, MAX_PIECE_BYTES - 1, MAX_PIECE_BYTES, MAX_PIECE_BYTES + 1, 3 * MAX_PIECE_BYTES];
        let messages: Vec<Vec<u8>> =
            lengths.iter().map(|length| (0..*length).map(|at| (at % 251) as u8).collect()).collect();
        let pieces: Vec<Bytes> = messages.iter().cloned().flat_map(cut).collect();
        assert!(pieces.iter().all(|piece| piece.len() <= MAX_PIECE_BYTES));
        assert_eq!(whole(pieces).unwrap(), messages);
    }

    #[test]
    fn pieces_that_make_no_sense_are_refused() {
        let more = |length: usize| Bytes::from([vec![7; length], vec![MORE]].concat());
        for pieces in [vec![Bytes::new()], vec![Bytes::from_static(&[9])], vec![more(0)], vec![more(5)]] {
            assert!(matches!(whole(pieces), Err(CallError::Declined(_))));
        }
        let endless = vec![more(1024 * 1024); 100];
        assert!(whole(endless).unwrap_err().to_string().contains("too long"));
    }
}
