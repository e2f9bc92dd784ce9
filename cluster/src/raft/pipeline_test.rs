use futures_util::future::join;
use openraft::Vote;
use tokio::sync::mpsc;

use super::super::types::log_id;
use super::*;
use crate::raft::world::now;

const GROUP: GroupId = GroupId::shard(3);
const PATIENCE: Duration = Duration::from_secs(1);

fn heartbeat() -> Append {
    Append { vote: Vote::new_committed(1, 1), prev_log_id: None, entries: Vec::new(), leader_commit: None }
}

fn answer(index: u64) -> Result<crate::peer::Bytes, CallError> {
    let answer: Appended = Ok(Some(log_id(1, index)));
    Ok(pieces::cut(answer.encode().unwrap()).remove(0))
}

fn said() -> (mpsc::Sender<Result<crate::peer::Bytes, CallError>>, Messages) {
    let (sender, receiver) = mpsc::channel(100);
    let messages = stream::unfold(receiver, |mut receiver| async move {
        receiver.recv().await.map(|message| (message, receiver))
    });
    (sender, Box::pin(messages))
}

#[tokio::test(start_paused = true)]
async fn no_more_is_sent_than_was_answered_and_a_window() {
    let window = Arc::new(Window::default());
    let endless = stream::repeat_with(heartbeat);
    let mut sent = requests(GROUP, endless, window.clone());
    let mut count = 0;
    while timeout(PATIENCE, sent.next()).await.is_ok() {
        count += 1;
    }
    assert_eq!(count, MAX_UNDER_WAY);
    let (sender, messages) = said();
    sender.send(answer(0)).await.unwrap();
    let mut answers = Box::pin(answers(messages, window, PATIENCE));
    let (answered, more) = join(answers.next(), sent.next()).await;
    assert_eq!(answered, Some(Ok(Ok(Some(log_id(1, 0))))));
    assert!(more.is_some());
    assert!(timeout(PATIENCE, sent.next()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn silence_is_an_error_only_while_something_is_under_way() {
    let window = Arc::new(Window::default());
    let (sender, messages) = said();
    let mut answers = Box::pin(answers(messages, window.clone(), PATIENCE));
    assert!(timeout(PATIENCE * 100, answers.next()).await.is_err(), "nothing was asked");
    window.sent(10);
    sender.send(answer(4)).await.unwrap();
    assert_eq!(answers.next().await, Some(Ok(Ok(Some(log_id(1, 4))))));
    window.sent(10);
    let began = now();
    assert!(matches!(answers.next().await, Some(Err(CallError::Lost(_)))));
    assert!(now() - began <= PATIENCE * 2);
    assert_eq!(answers.next().await, None);
}

#[tokio::test(start_paused = true)]
async fn an_end_is_an_error_while_something_is_under_way() {
    for (asked, fails) in [(0, false), (1, false), (2, true)] {
        let window = Arc::new(Window::default());
        (0..asked).for_each(|_| window.sent(10));
        let messages: Messages = Box::pin(stream::iter([answer(0)].into_iter().take(asked)));
        let answers: Vec<_> = answers(messages, window, PATIENCE).collect().await;
        assert_eq!(answers.iter().any(Result::is_err), fails, "{answers:?}");
    }
    let unasked: Messages = Box::pin(stream::iter([answer(0)]));
    let answers: Vec<_> = answers(unasked, Arc::default(), PATIENCE).collect().await;
    assert!(matches!(answers[..], [Err(CallError::Lost(_))]), "{answers:?}");
}
