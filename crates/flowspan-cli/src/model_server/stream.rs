//! A streamed answer: server-sent events, with the break in the middle if one is due.

use std::collections::VecDeque;
use std::io;

use axum::response::sse::{Event, Sse};
use futures_util::stream::{Stream, unfold};

use super::ledger::Ending;
use super::reply::{Pace, Reply};
use super::routes::Turn;
use crate::chat::{Chunk, ChunkChoice, Delta, Role};

/// What every chunk of one answer repeats.
#[derive(Clone, Debug)]
pub(super) struct Heading {
    pub(super) id: String,
    pub(super) model: String,
}

/// Where the stream of an answer ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Closing {
    /// With the usage.
    Usage,
    /// Without the usage, because the client did not ask for it.
    NoUsage,
    /// In the middle of the text.
    Break,
}

/// One thing to put on the connection.
enum Frame {
    Begin,
    Piece(String),
    Finish,
    Usage,
    Done,
    Break,
}

struct Sending {
    frames: VecDeque<Frame>,
    sent: usize,
    heading: Heading,
    reply: Reply,
    pace: Pace,
    turn: Turn,
}

/// The answer as a stream of events. The turn is settled by what is really sent: dropping the
/// stream early books an abandoned call.
pub(super) fn events(
    heading: Heading,
    reply: Reply,
    closing: Closing,
    pace: Pace,
    turn: Turn,
) -> Sse<impl Stream<Item = Result<Event, io::Error>> + use<>> {
    let sending = Sending { frames: frames(&reply, closing), sent: 0, heading, reply, pace, turn };
    Sse::new(unfold(sending, |mut sending| async move {
        let frame = sending.frames.pop_front()?;
        let event = sending.send(frame).await;
        Some((event, sending))
    }))
}

fn frames(reply: &Reply, closing: Closing) -> VecDeque<Frame> {
    let pieces = reply.pieces.iter().cloned().map(Frame::Piece);
    let mut frames = VecDeque::from([Frame::Begin]);
    match closing {
        Closing::Break => {
            frames.extend(pieces.take(reply.pieces.len() / 2));
            frames.push_back(Frame::Break);
        }
        Closing::Usage => {
            frames.extend(pieces);
            frames.extend([Frame::Finish, Frame::Usage, Frame::Done]);
        }
        Closing::NoUsage => {
            frames.extend(pieces);
            frames.extend([Frame::Finish, Frame::Done]);
        }
    }
    frames
}

impl Sending {
    async fn send(&mut self, frame: Frame) -> Result<Event, io::Error> {
        match frame {
            Frame::Begin => self.chunk(Delta { role: Some(Role::Assistant), content: None }, None),
            Frame::Piece(text) => {
                if self.sent > 0
                    && self.sent.is_multiple_of(Pace::BURST)
                    && !self.pace.between_bursts.is_zero()
                {
                    tokio::time::sleep(self.pace.between_bursts).await;
                }
                self.sent += 1;
                self.turn.gave_a_piece();
                self.chunk(Delta { role: None, content: Some(text) }, None)
            }
            Frame::Finish => self.chunk(Delta::default(), Some("stop".to_owned())),
            Frame::Usage => {
                let usage = self.turn.answered(&self.reply);
                let chunk = Chunk { choices: Vec::new(), usage: Some(usage), ..self.heading.chunk() };
                json_event(&chunk)
            }
            Frame::Done => {
                self.turn.ended(Ending::Unmetered);
                Ok(Event::default().data("[DONE]"))
            }
            Frame::Break => {
                // The connection writes out what it holds when the stream has nothing ready, so
                // that the client has every piece that was booked before the break.
                tokio::task::yield_now().await;
                self.turn.ended(Ending::Interrupted);
                Err(io::Error::new(io::ErrorKind::ConnectionReset, "the stream breaks off as planned"))
            }
        }
    }

    fn chunk(&self, delta: Delta, finish_reason: Option<String>) -> Result<Event, io::Error> {
        let choice = ChunkChoice { index: 0, delta, finish_reason };
        json_event(&Chunk { choices: vec![choice], ..self.heading.chunk() })
    }
}

impl Heading {
    fn chunk(&self) -> Chunk {
        Chunk {
            id: self.id.clone(),
            object: "chat.completion.chunk".to_owned(),
            model: self.model.clone(),
            ..Chunk::default()
        }
    }
}

fn json_event(chunk: &Chunk) -> Result<Event, io::Error> {
    Event::default().json_data(chunk).map_err(io::Error::other)
}
