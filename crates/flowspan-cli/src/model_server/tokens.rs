//! Tokens, counted as the models of the GPT-4o and GPT-5 families count them.
//!
//! The vocabulary (`o200k_base`) is embedded in the tokenizer crate, so counting needs no network.
//! Reading it takes a moment (tenths of a second in a release build), once a process.

use tiktoken_rs::{CoreBPE, Rank, o200k_base_singleton};

use crate::chat::Message;

/// Tokens that frame one message, besides its role and content.
const PER_MESSAGE: usize = 3;
/// Tokens that open the answer.
const PRIMING: usize = 3;

/// Reads the vocabulary now, so that no call waits for it.
pub fn warm_up() {
    let _ = vocabulary();
}

/// Number of tokens of a text.
pub fn count(text: &str) -> u64 {
    vocabulary().count_ordinary(text) as u64
}

/// The tokens of a conversation in order, with those that frame the messages.
///
/// The framing tokens have no rank of their own in a plain vocabulary; they stand here as values
/// that no rank takes, so that a prefix of the list identifies a prefix of the conversation.
pub fn of_conversation(messages: &[Message]) -> Vec<Rank> {
    let mut tokens = Vec::new();
    for message in messages {
        tokens.extend([Rank::MAX - message.role as Rank; PER_MESSAGE]);
        tokens.push(Rank::MAX - PRIMING as Rank);
        tokens.extend(vocabulary().encode_ordinary(&message.content));
    }
    tokens.extend([Rank::MAX; PRIMING]);
    tokens
}

/// A text in pieces of one token each; a character that spans several tokens stays whole.
///
/// Returned with each piece is the number of tokens in it.
pub fn pieces(text: &str) -> Vec<(String, u64)> {
    let mut pieces = Vec::new();
    let (mut bytes, mut tokens) = (Vec::new(), 0);
    for rank in vocabulary().encode_ordinary(text) {
        // A rank that came out of `encode` is in the vocabulary; were it not, its bytes would be
        // missing from the answer, which validation then reports.
        bytes.extend(vocabulary().decode_bytes(&[rank]).unwrap_or_default());
        tokens += 1;
        match String::from_utf8(std::mem::take(&mut bytes)) {
            Ok(piece) => pieces.push((piece, std::mem::take(&mut tokens))),
            Err(incomplete) => bytes = incomplete.into_bytes(),
        }
    }
    pieces
}

fn vocabulary() -> &'static CoreBPE {
    o200k_base_singleton()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn counts_agree_with_the_published_examples_of_the_vocabulary() {
        assert_eq!(count("hello world"), 2);
        assert_eq!(count("tiktoken is great!"), 6);
        assert_eq!(count("お誕生日おめでとう"), 8);
    }

    #[test]
    fn pieces_join_to_the_text_and_their_tokens_to_its_count() {
        let text = "fn größe() -> &'static str { \"🦀 誕生日\" }";
        let pieces = pieces(text);
        assert_eq!(pieces.iter().map(|(piece, _)| piece.as_str()).collect::<String>(), text);
        assert_eq!(pieces.iter().map(|(_, tokens)| tokens).sum::<u64>(), count(text));
    }

    #[test]
    fn a_longer_conversation_begins_with_the_tokens_of_the_shorter_one() {
        let first = [Message::system("be brief"), Message::user("hello")];
        let longer = [&first[..], &[Message::assistant("hi"), Message::user("more")]].concat();
        let (first, longer) = (of_conversation(&first), of_conversation(&longer));
        assert_eq!(first[..first.len() - PRIMING], longer[..first.len() - PRIMING]);
    }
}
