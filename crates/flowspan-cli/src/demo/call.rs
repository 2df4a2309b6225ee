//! One question to the model, observed: retries, streamed tokens, usage.

use std::cell::Cell;

use flowspan::model::{Status, Usage};
use flowspan::{Inference, Verdict, event};

use super::context::Model;
use crate::chat::{ChatRequest, Message, ReportedUsage};
use crate::model_client::{AnswerEvent, CallError};
use crate::output::chain;

/// Asks the model and returns the text of its answer.
///
/// All attempts together are one model call; each further one is a retry inside it.
pub(super) async fn ask(model: &Model, conversation: &[Message]) -> Result<String, CallError> {
    let call = Inference::chat(model.provider, &model.name);
    let request = ChatRequest::streaming_json(&model.name, conversation.to_vec());
    let spent = Cell::new(Spent::default());
    let attempts = Cell::new(1);
    let work = model.retries.run(
        async |_| attempt(model, &request, &call, &spent).await,
        |error, wait| {
            attempts.set(attempts.get() + 1);
            event::retry(attempts.get(), wait, error.kind());
        },
        tokio::time::sleep,
    );
    call.judge(work, |outcome: &Result<String, CallError>| match outcome {
        Ok(_) => Verdict::success(),
        Err(error) => verdict(error),
    })
    .await
}

/// What a failed call says about how the work ended.
pub(super) fn verdict(error: &CallError) -> Verdict {
    let status = if matches!(error, CallError::Timeout { .. }) { Status::Timeout } else { Status::Failed };
    Verdict::ended(status).error_type(error.kind()).message(chain(error))
}

/// What the attempts of one call consumed so far.
#[derive(Clone, Copy, Debug, Default)]
struct Spent {
    reported: Usage,
    /// Pieces of answers that broke off, each a token as far as anybody knows.
    unreported: u64,
}

async fn attempt(
    model: &Model,
    request: &ChatRequest,
    call: &Inference,
    spent: &Cell<Spent>,
) -> Result<String, CallError> {
    let mut answer = model.client.ask(request).await?;
    let (mut pieces, mut reported) = (0, None);
    let outcome = loop {
        match answer.next().await {
            Ok(Some(AnswerEvent::Opened { id, model })) => {
                call.response_id(&id);
                call.response_model(&model);
            }
            Ok(Some(AnswerEvent::Text(_))) => {
                call.token(1);
                pieces += 1;
            }
            Ok(Some(AnswerEvent::Finished(reason))) => call.finish_reasons(&reason),
            Ok(Some(AnswerEvent::Usage(usage))) => reported = Some(usage),
            Ok(None) => break Ok(answer.received().to_owned()),
            Err(error) => break Err(error),
        }
    };
    let sum = spent.get().after(reported, pieces);
    spent.set(sum);
    if let Some(output) = sum.reported.output {
        // Once a provider has reported, its number replaces the count of streamed tokens, so what
        // earlier attempts had streamed has to be in it.
        call.usage(sum.reported.output(output + sum.unreported));
    }
    outcome
}

impl Spent {
    fn after(mut self, reported: Option<ReportedUsage>, pieces: u64) -> Self {
        match reported {
            Some(usage) => {
                self.reported += Usage::new()
                    .input(usage.prompt_tokens)
                    .output(usage.completion_tokens)
                    .cache_read(usage.cached())
                    .reasoning(usage.reasoning());
            }
            None => self.unreported += pieces,
        }
        self
    }
}
