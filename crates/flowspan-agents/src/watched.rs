//! Output that is read by somebody else.

use std::io::{self, Read};

use crate::{Counts, Reader};

/// The output of an agent that a [`Reader`] sees go by. All of it is passed on, unchanged.
///
/// Around whatever can be read: `std::io::Read`, and with the feature `tokio` its `AsyncRead`. Read to
/// its end, the session is over; dropped before that, what is open counts as cancelled.
#[derive(Debug)]
pub struct Watched<R> {
    reader: Reader,
    output: R,
}

impl<R> Watched<R> {
    /// This output, seen by this reader.
    pub const fn new(reader: Reader, output: R) -> Self {
        Watched { reader, output }
    }

    /// What became of the lines so far.
    pub const fn counts(&self) -> Counts {
        self.reader.counts()
    }
}

impl<R: Read> Read for Watched<R> {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let count = self.output.read(into)?;
        see(&mut self.reader, into.len(), &into[..count]);
        Ok(count)
    }
}

#[cfg(feature = "tokio")]
impl<R: tokio::io::AsyncRead + Unpin> tokio::io::AsyncRead for Watched<R> {
    fn poll_read(
        mut self: std::pin::Pin<&mut Self>,
        context: &mut std::task::Context<'_>,
        into: &mut tokio::io::ReadBuf<'_>,
    ) -> std::task::Poll<io::Result<()>> {
        let (before, room) = (into.filled().len(), into.remaining());
        let result = std::pin::Pin::new(&mut self.output).poll_read(context, into);
        if let std::task::Poll::Ready(Ok(())) = &result {
            see(&mut self.reader, room, &into.filled()[before..]);
        }
        result
    }
}

/// Nothing where there was room for something is the end.
fn see(reader: &mut Reader, room: usize, bytes: &[u8]) {
    if bytes.is_empty() && room > 0 {
        reader.end();
    } else {
        reader.bytes(bytes);
    }
}
