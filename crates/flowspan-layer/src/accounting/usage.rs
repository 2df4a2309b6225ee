//! Whether a usage can be true.

use flowspan_model::{Field, Fields, Value};

use super::{Findings, Refusal, sums::Tokens};

/// The kinds of tokens of a call: what a request had, what a response had, and the parts of both.
pub(super) const TOKENS: &[Field; 5] = &[
    Field::InputTokens,
    Field::OutputTokens,
    Field::CacheReadTokens,
    Field::CacheWriteTokens,
    Field::ReasoningTokens,
];

/// More tokens than this are no usage of one call: a hundred times what the widest context holds.
const MOST: i64 = 1_000_000_000;

/// Sets a field. What a call has consumed only grows: a report that is less than the one before is counted
/// in `fell`, and the earlier one stays.
pub(crate) fn set(fields: &mut Fields, fell: &mut u32, field: Field, value: Value) {
    if TOKENS.contains(&field) && fields.get(field).is_some_and(|before| falls(before, &value)) {
        *fell = fell.saturating_add(1);
    } else {
        fields.set(field, value);
    }
}

fn falls(before: &Value, now: &Value) -> bool {
    matches!((before.as_number(), now.as_number()), (Some(before), Some(now)) if now < before)
}

/// The tokens of a call that turns texts into vectors: its request alone has any.
pub(super) fn check_embeddings(fields: &mut Fields, findings: &Findings) -> Tokens {
    super::remove(fields, &TOKENS[1..]);
    check(fields, findings)
}

/// The tokens of a call. What makes no sense is refused, a part that is larger than its whole becomes the
/// whole, and either is counted.
pub(super) fn check(fields: &mut Fields, findings: &Findings) -> Tokens {
    let mut tokens = Tokens::default();
    let mut is_sound = true;
    for (field, value) in fields.iter() {
        if let Some(place) = TOKENS.iter().position(|tokens| *tokens == field) {
            match value {
                Value::Integer(number @ 0..=MOST) => tokens.0[place] = Some(number.unsigned_abs()),
                _ => is_sound = false,
            }
        }
    }
    if !is_sound {
        mend(fields, findings, &mut tokens);
    }
    let [input, output, cache_read, cache_write, reasoning] = &mut tokens.0;
    if cache_read.is_some() || cache_write.is_some() || reasoning.is_some() {
        bound(cache_read, *input, Field::CacheReadTokens, fields, findings);
        let unread = input.map(|input| input - cache_read.unwrap_or(0));
        bound(cache_write, unread, Field::CacheWriteTokens, fields, findings);
        bound(reasoning, *output, Field::ReasoningTokens, fields, findings);
    }
    tokens
}

/// Takes what is a whole number all the same, and refuses the rest.
#[cold]
fn mend(fields: &mut Fields, findings: &Findings, tokens: &mut Tokens) {
    for (place, field) in TOKENS.iter().enumerate() {
        let taken = match fields.get(*field) {
            None | Some(Value::Integer(0..=MOST)) => continue,
            Some(value) => whole(value),
        };
        match taken {
            Ok(number) => {
                fields.set(*field, number);
                tokens.0[place] = Some(number);
            }
            Err(reason) => {
                findings.refused(reason, 1);
                super::remove(fields, &[*field]);
            }
        }
    }
}

fn whole(value: &Value) -> Result<u64, Refusal> {
    #[expect(clippy::cast_precision_loss, reason = "it is far below 2^53")]
    const MOST_AS_FLOAT: f64 = MOST as f64;
    match value.as_number() {
        Some(number) if number < 0.0 => Err(Refusal::Negative),
        Some(number) if number > MOST_AS_FLOAT => Err(Refusal::Absurd),
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it was compared")]
        Some(number) if number.fract() == 0.0 => Ok(number as u64),
        _ => Err(Refusal::NotANumber),
    }
}

fn bound(part: &mut Option<u64>, whole: Option<u64>, field: Field, fields: &mut Fields, findings: &Findings) {
    if let (Some(tokens), Some(whole)) = (*part, whole)
        && tokens > whole
    {
        *part = Some(whole);
        fields.set(field, whole);
        findings.refused(Refusal::PartExceedsWhole, 1);
    }
}
