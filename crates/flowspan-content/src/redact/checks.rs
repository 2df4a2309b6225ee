//! What a pattern cannot tell.

use std::ops::Range;

/// All of it.
pub(super) fn all(candidate: &str) -> Vec<Range<usize>> {
    std::iter::once(0..candidate.len()).collect()
}

/// All of it, if it does not look like a word: a digit, or a capital letter after the first.
pub(super) fn no_word(candidate: &str) -> Vec<Range<usize>> {
    let digit_or_capital = |byte: u8| byte.is_ascii_digit() || byte.is_ascii_uppercase();
    if candidate.bytes().skip(1).any(digit_or_capital) { all(candidate) } else { Vec::new() }
}

/// Runs of digits beyond this are no numbers of cards, and not worth a look for one: all of it goes.
const LONGEST_RUN: usize = 64;

/// The numbers of cards in a run of digits and separators.
pub(super) fn cards(candidate: &str) -> Vec<Range<usize>> {
    let digits: Vec<(usize, u8)> = candidate
        .bytes()
        .enumerate()
        .filter(|(_, byte)| byte.is_ascii_digit())
        .map(|(place, byte)| (place, byte - b'0'))
        .collect();
    if digits.len() > LONGEST_RUN {
        return all(candidate);
    }
    let windows = (0..digits.len())
        .flat_map(|first| (first + 13..=digits.len().min(first + 19)).map(move |end| first..end));
    windows
        .filter(|window| is_card(digits[window.clone()].iter().map(|(_, digit)| *digit)))
        .map(|window| digits[window.start].0..digits[window.end - 1].0 + 1)
        .collect()
}

/// Whether these digits are a number of a card: its issuer is one, its length is, and its check digit is
/// that of Luhn (ISO/IEC 7812-1).
fn is_card(digits: impl DoubleEndedIterator<Item = u8> + Clone) -> bool {
    let count = digits.clone().count();
    let head = digits.clone().take(4).fold(0_u32, |number, digit| number * 10 + u32::from(digit));
    let issued = match head {
        4000..=4999 => matches!(count, 13 | 16 | 19),
        5100..=5599 | 2221..=2720 => count == 16,
        3400..=3499 | 3700..=3799 => count == 15,
        3000..=3059 | 3600..=3699 | 3800..=3999 => (14..=19).contains(&count),
        3528..=3589 | 6000..=6999 => (16..=19).contains(&count),
        5000..=5099 | 5600..=5899 => (13..=19).contains(&count),
        _ => false,
    };
    let sum: u32 = digits
        .rev()
        .enumerate()
        .map(|(place, digit)| match (place % 2, u32::from(digit)) {
            (0, digit) => digit,
            (_, digit) if digit > 4 => 2 * digit - 9,
            (_, digit) => 2 * digit,
        })
        .sum();
    issued && sum.is_multiple_of(10)
}

/// The longest beginning that is the number of a bank account, by its check digits (ISO 13616-1).
pub(super) fn account(candidate: &str) -> Vec<Range<usize>> {
    let ends = candidate.char_indices().map(|(place, character)| place + character.len_utf8());
    ends.rev().find(|end| is_account(&candidate[..*end])).map(|end| 0..end).into_iter().collect()
}

fn is_account(text: &str) -> bool {
    let characters: Vec<u32> = text
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .filter_map(|character| character.to_digit(36))
        .collect();
    if !(15..=34).contains(&characters.len()) {
        return false;
    }
    let (head, tail) = characters.split_at(4);
    let rest = tail.iter().chain(head).fold(0, |rest, value| match value {
        0..=9 => (rest * 10 + value) % 97,
        _ => (rest * 100 + value) % 97,
    });
    rest == 1
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_card_is_found_wherever_it_stands_in_a_run() {
        for (run, card) in [
            ("4111111111111111", "4111111111111111"),
            ("7 4111 1111 1111 1111 9", "4111 1111 1111 1111"),
            ("378282246310005", "378282246310005"),
            ("5555-5555-5555-4444", "5555-5555-5555-4444"),
        ] {
            let found = cards(run);
            let place = run.find(card).expect("it is there");
            assert!(
                found.iter().any(|range| range.start <= place && range.end >= place + card.len()),
                "{run}: {found:?}"
            );
        }
        assert!(cards("4111111111111112").is_empty());
        // The nanoseconds of a day in 2026.
        assert!(cards("1795253000000000000").is_empty());
    }

    #[test]
    fn an_account_ends_where_its_check_digits_say() {
        assert_eq!(account("DE89 3704 0044 0532 0130 00").pop(), Some(0..27));
        assert!(account("GB82WEST12345698765432 PLEASE").iter().any(|range| range.end >= 22));
        assert!(account("DE88370400440532013000").is_empty());
    }
}
