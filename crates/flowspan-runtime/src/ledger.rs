//! Who lost what, and why.

use std::collections::BTreeMap;
use std::ops::AddAssign;

macro_rules! reasons {
    ($( $(#[doc = $doc:literal])+ $variant:ident = $name:literal; )+) => {
        /// Why an item did not arrive.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum DropReason {
            $( $(#[doc = $doc])+ $variant, )+
        }

        impl DropReason {
            /// Every reason there is.
            pub const ALL: &'static [DropReason] = &[ $( DropReason::$variant, )+ ];

            /// The reason as a label: lower case, words joined by `_`.
            pub const fn as_str(self) -> &'static str {
                match self { $( DropReason::$variant => $name, )+ }
            }
        }
    };
}

reasons! {
    /// The queue was full when the item was offered.
    QueueFull = "queue_full";
    /// The exporter gave up on the item.
    ExportFailed = "export_failed";
    /// The export took longer than its timeout and was cancelled.
    ExportTimeout = "export_timeout";
    /// The receiver took the batch, but said that it refused this item.
    Rejected = "rejected";
    /// The item was still waiting, or on its way, when the deadline of the shutdown came.
    Shutdown = "shutdown";
    /// The item was offered after the shutdown.
    AfterShutdown = "after_shutdown";
    /// The exporter panicked while it had the item.
    ExporterPanicked = "exporter_panicked";
}

impl std::fmt::Display for DropReason {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.as_str())
    }
}

const REASONS: usize = DropReason::ALL.len();

/// The running numbers of one exporter.
///
/// It is plain data: whoever changes a queue changes its ledger under the same lock, which is what
/// makes every [`Account`] balance.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    created: u64,
    delivered: u64,
    dropped: [u64; REASONS],
}

impl Ledger {
    /// Items came into being.
    pub fn created(&mut self, items: u64) {
        self.created += items;
    }

    /// Items arrived.
    pub fn delivered(&mut self, items: u64) {
        self.delivered += items;
    }

    /// Items were lost.
    pub fn dropped(&mut self, reason: DropReason, items: u64) {
        self.dropped[reason as usize] += items;
    }

    /// How many items were lost for this reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped[reason as usize]
    }

    /// The account, given how many items are still waiting or on their way.
    pub fn account(&self, queued: u64) -> Account {
        let dropped = DropReason::ALL
            .iter()
            .map(|reason| (*reason, self.dropped_for(*reason)))
            .filter(|(_, items)| *items > 0)
            .collect();
        Account { created: self.created, delivered: self.delivered, queued, dropped }
    }
}

/// What became of all the items of an exporter so far.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Account {
    /// How many items there were.
    pub created: u64,
    /// How many arrived: the receiver said so.
    pub delivered: u64,
    /// How many wait or are on their way.
    pub queued: u64,
    /// How many were lost, by reason. Reasons without a loss are left out.
    pub dropped: BTreeMap<DropReason, u64>,
}

impl Account {
    /// How many items were lost, for whatever reason.
    pub fn lost(&self) -> u64 {
        self.dropped.values().sum()
    }

    /// How many items were lost for this reason.
    pub fn dropped_for(&self, reason: DropReason) -> u64 {
        self.dropped.get(&reason).copied().unwrap_or(0)
    }

    /// Whether every item is accounted for.
    pub fn is_balanced(&self) -> bool {
        self.created == self.delivered + self.queued + self.lost()
    }
}

impl AddAssign<&Account> for Account {
    fn add_assign(&mut self, other: &Account) {
        self.created += other.created;
        self.delivered += other.delivered;
        self.queued += other.queued;
        for (reason, items) in &other.dropped {
            *self.dropped.entry(*reason).or_default() += items;
        }
    }
}

impl std::fmt::Display for Account {
    /// `created 10, delivered 7, queued 0, dropped 3 (queue_full 2, shutdown 1)`
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Account { created, delivered, queued, dropped } = self;
        write!(f, "created {created}, delivered {delivered}, queued {queued}, dropped {}", self.lost())?;
        for (position, (reason, items)) in dropped.iter().enumerate() {
            write!(f, "{}{reason} {items}", if position == 0 { " (" } else { ", " })?;
        }
        if dropped.is_empty() { Ok(()) } else { f.write_str(")") }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_says_what_became_of_every_item() {
        let mut ledger = Ledger::default();
        ledger.created(10);
        ledger.delivered(7);
        ledger.dropped(DropReason::QueueFull, 2);
        ledger.dropped(DropReason::Shutdown, 1);
        let account = ledger.account(0);
        assert!(account.is_balanced());
        assert_eq!(account.lost(), 3);
        assert_eq!(
            account.to_string(),
            "created 10, delivered 7, queued 0, dropped 3 (queue_full 2, shutdown 1)"
        );
        assert!(!ledger.account(1).is_balanced());
    }

    #[test]
    fn accounts_can_be_added() {
        let mut ledger = Ledger::default();
        ledger.created(1);
        ledger.dropped(DropReason::Rejected, 1);
        let mut sum = ledger.account(0);
        sum += &ledger.account(0);
        assert_eq!((sum.created, sum.dropped_for(DropReason::Rejected)), (2, 2));
    }
}
