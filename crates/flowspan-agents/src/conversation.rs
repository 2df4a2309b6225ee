//! What an agent does, as handles: its session, its model calls, its tools and its sub-agents.

use std::{
    collections::HashMap,
    future::ready,
    pin::pin,
    task::{Context, Waker},
};

use flowspan_api::{Agent, Held, Inference, Session, Status, ToolCall, Verdict, kind};
use tracing::Span;

use crate::settlement::{Settled, Tokens, Total};

/// How many calls wait for what the session came to, and how many tools for their result. Those before
/// them are over as they are.
const MAX_OPEN: usize = 4_096;
/// How many sub-agents are told apart. What others do is the agent's own.
const MAX_THREADS: usize = 1_024;

/// A conversation between an agent and its model. What is open when it is dropped is cancelled.
#[derive(Debug)]
pub(crate) struct Conversation {
    pub(crate) provider: String,
    /// The model, as long as nobody says another one.
    pub(crate) model: String,
    calls: Vec<Call>,
    tools: HashMap<String, Held<kind::ToolCall>>,
    root: Thread,
    /// The sub-agents, by the tool calls that have started them.
    threads: HashMap<String, Thread>,
    settled: Settled,
    session: Option<Open>,
    /// What the agent is part of.
    around: Span,
}

/// A session, and what the agent has said of its end.
#[derive(Debug)]
struct Open {
    id: Option<String>,
    verdict: Option<Verdict>,
    held: Held<kind::Session>,
}

/// The agent, or one of its sub-agents.
#[derive(Debug, Default)]
struct Thread {
    model: Option<String>,
    /// The call whose answer has not begun.
    waiting: Option<Pending>,
    /// The sub-agent. Behind its call, so that it ends after it.
    agent: Option<Held<kind::Agent>>,
}

/// A model call that has not ended; if nobody ends it, it is cancelled.
#[derive(Debug)]
struct Pending {
    inference: Inference,
    is_over: bool,
}

/// A model call that was answered.
#[derive(Debug)]
struct Call {
    id: Option<String>,
    thread: Option<String>,
    model: String,
    tokens: Tokens,
    pending: Pending,
}

/// What a message says of itself.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Message<'line> {
    pub(crate) id: Option<&'line str>,
    pub(crate) model: Option<&'line str>,
    pub(crate) tokens: Option<Tokens>,
    pub(crate) stop_reason: Option<&'line str>,
}

impl Conversation {
    pub(crate) fn new(provider: &str) -> Self {
        Conversation {
            provider: provider.to_owned(),
            model: "unknown".to_owned(),
            calls: Vec::new(),
            tools: HashMap::new(),
            root: Thread::default(),
            threads: HashMap::new(),
            settled: Settled::default(),
            session: None,
            around: Span::current(),
        }
    }

    /// A session begins, unless it has begun already.
    pub(crate) fn begin_session(&mut self, id: Option<&str>, model: Option<&str>) {
        if let Some(model) = model {
            self.model = model.to_owned();
        }
        match &self.session {
            Some(open) if id.is_none() || open.id.as_deref() == id => return,
            Some(_) => self.end(),
            None => {}
        }
        let session = self.around.in_scope(|| Session::new(&self.provider)).model(&self.model);
        let session = match id {
            Some(id) => session.id(id),
            None => session,
        };
        self.session = Some(Open { id: id.map(str::to_owned), verdict: None, held: session.hold() });
    }

    /// The model is asked. Of a sub-agent that has not answered yet, nobody knows whom it asks.
    pub(crate) fn ask(&mut self, thread: Option<&str>) {
        self.end_answers(thread);
        let scope = self.scope(thread);
        let (provider, model) = (self.provider.clone(), self.model.clone());
        let is_root = thread.is_none_or(|thread| !self.threads.contains_key(thread));
        let thread = self.thread(thread);
        let model = thread.model.clone().or(is_root.then_some(model));
        if let (None, Some(model)) = (&thread.waiting, model) {
            thread.waiting = Some(Pending::begin(&scope, &provider, &model));
        }
    }

    /// The model answers, or goes on answering.
    pub(crate) fn answer(&mut self, thread: Option<&str>, message: Message<'_>) {
        let known = message.id.and_then(|id| self.calls.iter().rposition(|call| call.is(id)));
        let call = match known {
            Some(index) => &mut self.calls[index],
            None => self.begin_answer(thread, &message),
        };
        if let Some(tokens) = message.tokens {
            call.tokens = call.tokens.max(tokens);
            call.pending.inference.usage(call.tokens.usage());
        }
        if let Some(reason) = message.stop_reason {
            call.pending.inference.finish_reasons(reason);
        }
    }

    fn begin_answer(&mut self, thread: Option<&str>, message: &Message<'_>) -> &mut Call {
        self.end_answers(thread);
        if self.calls.len() >= MAX_OPEN {
            // Its numbers stay as they are.
            let mut oldest = self.calls.remove(0);
            oldest.pending.end(&Verdict::success());
        }
        let scope = self.scope(thread);
        let (provider, usual) = (self.provider.clone(), self.model.clone());
        let name = thread.filter(|thread| self.threads.contains_key(*thread)).map(str::to_owned);
        let thread = self.thread(thread);
        let model = message.model.map(str::to_owned).or(thread.model.clone()).unwrap_or(usual);
        thread.model = Some(model.clone());
        let pending = thread.waiting.take().unwrap_or_else(|| Pending::begin(&scope, &provider, &model));
        if message.model.is_some() {
            // Whom the agent was expected to ask need not be whom it has asked.
            pending.inference.span().record("gen_ai.request.model", model.as_str());
            pending.inference.response_model(&model);
        }
        if let Some(id) = message.id {
            pending.inference.response_id(id);
        }
        let id = message.id.map(str::to_owned);
        self.calls.push(Call { id, thread: name, model, tokens: Tokens::default(), pending });
        let last = self.calls.len() - 1;
        &mut self.calls[last]
    }

    /// The answers of this thread are complete; what they came to may still be said.
    pub(crate) fn end_answers(&mut self, thread: Option<&str>) {
        let thread = thread.filter(|thread| self.threads.contains_key(*thread));
        for call in self.calls.iter_mut().rev().filter(|call| call.thread.as_deref() == thread) {
            if call.pending.is_over {
                break;
            }
            call.pending.end(&Verdict::success());
        }
    }

    /// The model did not answer, with an error of this class.
    pub(crate) fn fail(&mut self, thread: Option<&str>, error_type: &str) {
        self.end_answers(thread);
        let verdict = Verdict::ended(Status::Failed).error_type(error_type.to_owned());
        if let Some(mut waiting) = self.thread(thread).waiting.take() {
            waiting.end(&verdict);
        }
    }

    /// Where the next call of this thread is.
    pub(crate) fn waiting(&mut self, thread: Option<&str>) -> Span {
        let scope = self.scope(thread);
        self.thread(thread).waiting.as_ref().map_or(scope, |waiting| waiting.inference.span().clone())
    }

    /// A tool is called; one that starts a sub-agent names it.
    pub(crate) fn call_tool(&mut self, thread: Option<&str>, id: &str, name: &str, agent: Option<&str>) {
        self.end_answers(thread);
        if self.tools.len() >= MAX_OPEN || self.tools.contains_key(id) {
            return;
        }
        let tool = self.scope(thread).in_scope(|| ToolCall::new(name)).call_id(id).hold();
        if let Some(agent) = agent.filter(|_| self.threads.len() < MAX_THREADS) {
            let agent = tool.handle().span().in_scope(|| Agent::new(agent)).hold();
            self.threads.insert(id.to_owned(), Thread { agent: Some(agent), ..Thread::default() });
        }
        self.tools.insert(id.to_owned(), tool);
    }

    /// A tool has come to its end.
    pub(crate) fn end_tool(&mut self, id: &str, verdict: &Verdict) {
        self.end_answers(Some(id).filter(|id| self.threads.contains_key(*id)));
        if let Some(mut thread) = self.threads.remove(id) {
            // What it did not come to is cancelled.
            thread.waiting = None;
            if let Some(agent) = thread.agent {
                agent.finish(verdict);
            }
            // From now on they are nobody's, and settled with the others.
            self.calls.iter_mut().filter(|call| call.thread.as_deref() == Some(id)).for_each(|call| {
                call.pending.end(&Verdict::success());
            });
        }
        if let Some(tool) = self.tools.remove(id) {
            tool.finish(verdict);
        }
    }

    /// The agent says what it came to so far, and how it has ended.
    pub(crate) fn settle(&mut self, totals: &[Total], verdict: Verdict) {
        self.begin_session(None, None);
        for call in &mut self.calls {
            call.pending.end(&Verdict::success());
        }
        let mut calls = std::mem::take(&mut self.calls);
        for total in totals {
            let is_of_it =
                |call: &Call| total.model.as_ref().is_none_or(|model| same_model(model, &call.model));
            let (mut own, others) = calls.into_iter().partition::<Vec<_>, _>(is_of_it);
            calls = others;
            let told: Vec<_> = own.iter().map(|call| call.tokens).collect();
            let settlement = self.settled.settle(total, &told);
            let is_due = !settlement.rest.is_zero() || !settlement.costs.is_empty();
            if own.is_empty() && is_due {
                own.push(self.unseen(total));
            }
            if let Some(last) = own.last_mut().filter(|_| !settlement.rest.is_zero()) {
                last.tokens = last.tokens.plus(settlement.rest);
                last.pending.inference.usage(last.tokens.usage());
            }
            for (call, cost) in own.iter().zip(settlement.costs) {
                call.pending.inference.cost(cost, "USD");
            }
        }
        if let Some(open) = &mut self.session {
            open.verdict = Some(verdict);
        }
    }

    /// One call that stands for all of a model that was never seen to answer.
    fn unseen(&self, total: &Total) -> Call {
        let model = total.model.clone().unwrap_or_else(|| self.model.clone());
        let mut pending = Pending::begin(&self.scope(None), &self.provider, &model);
        pending.end(&Verdict::success());
        Call { id: None, thread: None, model, tokens: Tokens::default(), pending }
    }

    /// All is over.
    fn end(&mut self) {
        // Calls before tools, and both before the session.
        self.root.waiting = None;
        for mut call in self.calls.drain(..) {
            // An answer has come, but nobody has said that it is complete.
            call.pending.end(&Verdict::ended(Status::Cancelled));
        }
        self.threads.clear();
        self.tools.clear();
        self.settled = Settled::default();
        if let Some(open) = self.session.take()
            && let Some(verdict) = open.verdict
        {
            open.held.finish(&verdict);
        }
    }

    fn thread(&mut self, thread: Option<&str>) -> &mut Thread {
        thread.and_then(|thread| self.threads.get_mut(thread)).unwrap_or(&mut self.root)
    }

    /// What this thread does is part of this.
    fn scope(&self, thread: Option<&str>) -> Span {
        let thread = thread.and_then(|thread| self.threads.get(thread));
        let agent = thread.and_then(|thread| thread.agent.as_ref()).map(|agent| agent.handle().span());
        let session = self.session.as_ref().map(|open| open.held.handle().span());
        agent.or(session).unwrap_or(&self.around).clone()
    }
}

impl Drop for Conversation {
    fn drop(&mut self) {
        self.end();
    }
}

impl Call {
    fn is(&self, id: &str) -> bool {
        self.id.as_deref() == Some(id)
    }
}

impl Pending {
    fn begin(scope: &Span, provider: &str, model: &str) -> Self {
        let inference = scope.in_scope(|| Inference::chat(provider, model));
        // What is never entered has never begun.
        inference.span().in_scope(|| {});
        Pending { inference, is_over: false }
    }

    /// It ends now, unless it has ended before.
    fn end(&mut self, verdict: &Verdict) {
        if !std::mem::replace(&mut self.is_over, true) {
            let ended = pin!(self.inference.judge(ready(()), |(): &()| verdict.clone()));
            let _ = std::future::Future::poll(ended, &mut Context::from_waker(Waker::noop()));
        }
    }
}

impl Drop for Pending {
    fn drop(&mut self) {
        self.end(&Verdict::ended(Status::Cancelled));
    }
}

/// Totals may name the variant of a model in brackets, such as the length of its context.
fn same_model(total: &str, call: &str) -> bool {
    let plain = |model: &str| model.split('[').next().unwrap_or(model).to_owned();
    plain(total) == plain(call)
}
