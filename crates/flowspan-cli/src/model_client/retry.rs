//! How often and when a failed call is made again.

use std::time::Duration;

use backon::{BackoffBuilder, ExponentialBuilder};

use super::error::CallError;

/// A bounded number of attempts with growing pauses between them.
///
/// The provider's `Retry-After` wins over the own pause, up to [`RetryPolicy::longest_wait`]: who
/// asks for more is not waited for, and the call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetryPolicy {
    /// Attempts in all, with the first one.
    pub attempts: usize,
    /// The first pause; each further one is twice as long, and a random part is added.
    pub first_wait: Duration,
    /// The longest pause.
    pub longest_wait: Duration,
}

impl RetryPolicy {
    /// Four attempts, pauses from 100 ms, at most 20 s.
    pub const DEFAULT: Self =
        Self { attempts: 4, first_wait: Duration::from_millis(100), longest_wait: Duration::from_secs(20) };

    /// Makes a call until it succeeds, fails for good, or has been tried often enough.
    ///
    /// `call` gets the number of the attempt, counted from 0; `before_retry` sees every error that
    /// is tried again and the pause before that; `sleep` waits.
    ///
    /// # Errors
    /// The error of the last attempt.
    pub async fn run<T, Call, Sleep, Waiting>(
        &self,
        mut call: Call,
        mut before_retry: impl FnMut(&CallError, Duration),
        sleep: Sleep,
    ) -> Result<T, CallError>
    where
        Call: AsyncFnMut(usize) -> Result<T, CallError>,
        Sleep: Fn(Duration) -> Waiting,
        Waiting: Future<Output = ()>,
    {
        let mut waits = self.waits();
        let mut attempt = 0;
        loop {
            let error = match call(attempt).await {
                Ok(value) => return Ok(value),
                Err(error) => error,
            };
            let wait = if error.is_retryable() { waits.next() } else { None };
            let Some(wait) = wait.map(|own| error.retry_after().unwrap_or(own)) else {
                return Err(error);
            };
            if wait > self.longest_wait {
                return Err(error);
            }
            before_retry(&error, wait);
            sleep(wait).await;
            attempt += 1;
        }
    }

    fn waits(&self) -> impl Iterator<Item = Duration> + use<> {
        ExponentialBuilder::new()
            .with_min_delay(self.first_wait)
            .with_max_delay(self.longest_wait)
            .with_max_times(self.attempts.saturating_sub(1))
            .with_jitter()
            .build()
    }
}

#[cfg(test)]
mod tests {
    use std::cell::RefCell;

    use super::*;

    const POLICY: RetryPolicy = RetryPolicy {
        attempts: 3,
        first_wait: Duration::from_millis(100),
        longest_wait: Duration::from_secs(5),
    };

    fn limited(retry_after: Option<Duration>) -> CallError {
        CallError::RateLimited { retry_after, message: String::new() }
    }

    /// Runs calls that fail with what `errors` gives, and returns the outcome and the pauses.
    async fn outcome(mut errors: Vec<CallError>) -> (Result<usize, CallError>, Vec<Duration>) {
        errors.reverse();
        let waited = RefCell::new(Vec::new());
        let result = POLICY
            .run(
                async |attempt| errors.pop().map_or(Ok(attempt), Err),
                |_, _| {},
                |wait| {
                    waited.borrow_mut().push(wait);
                    std::future::ready(())
                },
            )
            .await;
        (result, waited.into_inner())
    }

    #[tokio::test]
    async fn the_pause_is_the_one_that_the_provider_asks_for() {
        let asked = Duration::from_secs(3);
        let (result, waits) = outcome(vec![limited(Some(asked))]).await;
        assert_eq!(result.expect("the second attempt succeeds"), 1);
        assert_eq!(waits, [asked]);
    }

    #[tokio::test]
    async fn without_such_a_wish_pauses_grow() {
        let (result, waits) = outcome(vec![limited(None), limited(None)]).await;
        assert_eq!(result.expect("the third attempt succeeds"), 2);
        let bounds = [100..=200, 200..=400];
        assert!(waits.iter().zip(bounds).all(|(wait, bound)| bound.contains(&wait.as_millis())), "{waits:?}");
    }

    #[tokio::test]
    async fn the_attempts_are_bounded() {
        let (result, waits) = outcome((0..9).map(|_| limited(None)).collect()).await;
        assert!(result.is_err());
        assert_eq!(waits.len(), 2);
    }

    #[tokio::test]
    async fn who_asks_for_too_long_a_pause_is_not_waited_for() {
        let (result, waits) = outcome(vec![limited(Some(Duration::from_secs(60)))]).await;
        assert!(result.is_err());
        assert!(waits.is_empty());
    }

    #[tokio::test]
    async fn what_fails_for_good_is_not_tried_again() {
        let refused = CallError::Status { status: 401, message: String::new() };
        let (result, waits) = outcome(vec![refused]).await;
        assert_eq!(result.map_err(|error| error.kind()), Err("refused"));
        assert!(waits.is_empty());
    }
}
