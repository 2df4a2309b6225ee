//! What a call cost.

use std::{
    cell::RefCell,
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
};

use flowspan_model::{Field, Fields, Text, Value};
use flowspan_prices::{Money, Price};

use super::{Findings, Refusal, Shared, sums::Tokens};
use crate::place::place;

/// The currency in which costs are summed up.
const DOLLARS: &str = "USD";
/// Longer names are no model that has a price: nobody shall search for them.
const LONGEST_NAME: usize = 256;
/// How many prices a thread has at hand.
const AT_HAND: usize = 16;

/// What a call cost, and who says so.
pub(super) struct Cost {
    amount: Money,
    currency: Text,
    source: CostSource,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum CostSource {
    Provider,
    Local,
}

impl Cost {
    /// What these tokens cost by the price of the model that answered, or else of the one that was asked
    /// for.
    pub(super) fn local(shared: &Shared, tokens: &Tokens, fields: &Fields) -> Option<Cost> {
        if !tokens.is_known() || shared.prices.is_empty() {
            return None;
        }
        with_price(shared, fields, |found| match found {
            Found::Price(price) => {
                let amount = price.cost(&tokens.usage())?;
                Some(Cost { amount, currency: price.currency_text(), source: CostSource::Local })
            }
            Found::Nothing(_) => None,
        })
    }

    /// Writes it down. What the provider says stands there already.
    pub(super) fn write(&self, fields: &mut Fields) {
        let source = match self.source {
            CostSource::Provider => "provider",
            CostSource::Local => {
                fields.set(Field::CostAmount, self.amount.as_f64());
                fields.set(Field::CostCurrency, self.currency.clone());
                "local"
            }
        };
        fields.set(Field::CostSource, Text::from_static(source));
    }

    /// The amount, if it can be added to others.
    pub(super) fn dollars(&self) -> Option<Money> {
        (&*self.currency == DOLLARS).then_some(self.amount)
    }
}

/// Counts a call whose tokens have no price.
#[cold]
pub(super) fn unpriced(shared: &Shared, fields: &Fields) {
    if shared.prices.is_empty() {
        return;
    }
    with_price(shared, fields, |found| match found {
        Found::Nothing(calls) => {
            calls.fetch_add(1, Ordering::Relaxed);
        }
        // It has a price, but not for all kinds of tokens.
        Found::Price(_) => {
            calls_of(shared, names(fields)).fetch_add(1, Ordering::Relaxed);
        }
    });
}

/// What the program or the provider says that the call cost. What is no amount is refused.
pub(super) fn check(fields: &mut Fields, findings: &Findings) -> Option<Cost> {
    let said = fields.get(Field::CostAmount)?;
    match said.as_number().ok_or(Refusal::NotANumber).and_then(amount) {
        Ok(amount) => {
            let currency = match fields.get(Field::CostCurrency) {
                Some(Value::Text(currency)) => currency.clone(),
                _ => Text::from_static(DOLLARS),
            };
            Some(Cost { amount, currency, source: CostSource::Provider })
        }
        Err(reason) => {
            findings.refused(reason, 1);
            forget(fields);
            None
        }
    }
}

fn amount(said: f64) -> Result<Money, Refusal> {
    match said {
        said if said.is_nan() => Err(Refusal::NotANumber),
        said if said < 0.0 => Err(Refusal::Negative),
        said => Money::from_f64(said).ok_or(Refusal::Absurd),
    }
}

/// Takes away what the span says of a cost.
pub(super) fn forget(fields: &mut Fields) {
    super::remove(fields, &[Field::CostAmount, Field::CostCurrency]);
}

/// The price of a model.
enum Found {
    Price(Arc<Price>),
    /// There is none, and here such calls are counted.
    Nothing(Arc<AtomicU64>),
}

/// A price that a thread has at hand.
struct AtHand {
    accounting: u64,
    names: [Option<Text>; 3],
    found: Found,
}

thread_local! {
    static RECENT: RefCell<[Option<AtHand>; AT_HAND]> = const { RefCell::new([const { None }; AT_HAND]) };
}

/// Does something with the price of the model of a call.
fn with_price<T>(shared: &Shared, fields: &Fields, act: impl Fn(&Found) -> T) -> T {
    let names = names(fields);
    let slot = place::<AT_HAND>(digest(names[1]) ^ digest(names[2]).rotate_left(17));
    let recent = RECENT.try_with(|recent| {
        let mut recent = recent.borrow_mut();
        let known = match &mut recent[slot] {
            Some(known)
                if known.accounting == shared.number
                    && known.names.each_ref().map(Option::as_ref) == names =>
            {
                known
            }
            slot => slot.insert(AtHand {
                accounting: shared.number,
                names: names.map(|name| name.cloned()),
                found: find(shared, names),
            }),
        };
        act(&known.found)
    });
    recent.unwrap_or_else(|_| act(&find(shared, names)))
}

/// Provider, model that was asked for, and model that answered.
fn names(fields: &Fields) -> [Option<&Text>; 3] {
    let mut names = [None; 3];
    for (field, value) in fields.iter() {
        let place = match field {
            Field::Provider => 0,
            Field::RequestModel => 1,
            Field::ResponseModel => 2,
            _ => continue,
        };
        if let Value::Text(text) = value {
            names[place] = Some(text).filter(|text| !text.is_empty());
        }
    }
    names
}

/// A number that differs for most names.
fn digest(name: Option<&Text>) -> u64 {
    let Some(name) = name else { return 0 };
    let bytes = name.as_bytes();
    let end = bytes.iter().rev().take(8).fold(0_u64, |end, byte| end << 8 | u64::from(*byte));
    end ^ (bytes.len() as u64) << 40
}

#[cold]
fn find(shared: &Shared, names: [Option<&Text>; 3]) -> Found {
    let is_long = |name: &&Text| name.len() > LONGEST_NAME;
    let [provider, requested, answered] = names;
    let price = match names.iter().flatten().any(is_long) {
        true => None,
        false => {
            let provider = provider.map(Text::as_str);
            [answered, requested].into_iter().flatten().find_map(|model| shared.prices.find(provider, model))
        }
    };
    price.map_or_else(|| Found::Nothing(calls_of(shared, names)), Found::Price)
}

/// Where calls of a model without a price are counted.
fn calls_of(shared: &Shared, [provider, requested, answered]: [Option<&Text>; 3]) -> Arc<AtomicU64> {
    let model = requested.or(answered).map_or("unknown", Text::as_str);
    shared.findings.unpriced_calls(provider.map(Text::as_str), model)
}
