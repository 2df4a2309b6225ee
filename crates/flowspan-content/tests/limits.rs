//! Whatever comes, what is shown is bounded, and what cannot be shown is refused and counted.

use std::{
    sync::{
        Arc, Barrier,
        atomic::{AtomicUsize, Ordering},
    },
    time::Duration,
};

use flowspan_content::{
    Content, ContentPolicy, FingerprintKey, MAX_INPUT, Message, Messages, Outcome, Refusal,
};
use proptest::prelude::*;
use serde_json::Value;

const LONG: Duration = Duration::from_secs(60);

fn shown(outcome: Outcome) -> (String, usize) {
    match outcome {
        Outcome::Shown { text, cut } => (text, cut),
        other => panic!("{other:?}"),
    }
}

#[test]
fn nothing_is_said_when_content_is_off() {
    let policy = ContentPolicy::new(Content::Off);
    assert_eq!(policy.treat("prompt"), Outcome::Nothing);
    assert_eq!(policy.refuse(Refusal::TooLarge), Outcome::Nothing);
    assert_eq!(policy.counts(), Default::default());
}

#[test]
fn sizes_tell_a_size_and_who_is_the_same() {
    let policy = ContentPolicy::new(Content::Sizes).with_fingerprint_key(FingerprintKey::new(b"key"));
    let other = ContentPolicy::new(Content::Sizes).with_fingerprint_key(FingerprintKey::new(b"key"));
    assert_eq!(policy.treat("größe"), other.treat("größe"));
    assert_ne!(policy.treat("größe"), other.treat("groesse"));
    assert!(matches!(policy.treat("größe"), Outcome::Measured { bytes: 7, .. }));
    assert_eq!(policy.counts().measured, 3);
}

#[test]
fn full_shows_what_there_is() {
    let policy = ContentPolicy::new(Content::Full);
    for text in ["ada@example.org", "[1,  2]", "{ broken", ""] {
        assert_eq!(shown(policy.treat(text)), (text.to_owned(), 0));
    }
    assert_eq!(policy.counts().shown, 4);
}

#[test]
fn a_depth_bomb_and_a_huge_value_are_refused_and_counted() {
    for content in [Content::Redacted, Content::Full] {
        let policy = ContentPolicy::new(content).with_deadline(LONG);
        assert_eq!(policy.treat(&"[".repeat(1_000_000)), Outcome::Refused(Refusal::TooDeep));
        let bomb = format!("{}{}", r#"{"a":["#.repeat(100_000), "]}".repeat(100_000));
        assert_eq!(policy.treat(&bomb), Outcome::Refused(Refusal::TooDeep));
        assert_eq!(policy.treat(&"x".repeat(MAX_INPUT + 1)), Outcome::Refused(Refusal::TooLarge));
        // A bomb inside a text is a text.
        let inside = serde_json::json!({ "arguments": "[".repeat(1_000) }).to_string();
        assert_eq!(shown(policy.treat(&inside)), (inside, 0));
        let counts = policy.counts();
        assert_eq!((counts.refused(Refusal::TooDeep), counts.refused(Refusal::TooLarge)), (2, 1));
        assert_eq!((counts.all_refused(), counts.shown), (3, 1));
    }
}

#[test]
fn what_is_cut_says_so_and_is_counted() {
    let policy = ContentPolicy::new(Content::Full).with_limit(2_000);
    let prompt = Messages::from([Message::system("Be brief."), Message::user("word ".repeat(2_000))]);
    let (text, cut) = shown(policy.treat(&prompt.to_string()));
    assert!(text.len() <= 2_000 && cut > 8_000, "{} {cut}", text.len());
    let document: Value = serde_json::from_str(&text).expect("it stays JSON");
    assert_eq!(document[0]["parts"][0]["content"], "Be brief.");
    let part = document[1]["parts"][0]["content"].as_str().expect("a text");
    assert!(part.ends_with(&format!("…[cut {cut} bytes]")), "{part}");
    assert_eq!((policy.counts().cut, policy.counts().shown), (1, 1));
}

#[test]
fn the_own_function_sees_what_the_rules_have_left() {
    let policy = ContentPolicy::new(Content::Redacted)
        .with_deadline(LONG)
        .with_redactor(|text| text.replace("Project X", "a project"));
    let (text, _) = shown(policy.treat(r#"["Project X of ada@example.org",{"deep":"Project X"}]"#));
    assert_eq!(text, r#"["a project of [redacted:email]",{"deep":"a project"}]"#);
}

#[test]
fn a_redactor_that_panics_means_no_content() {
    let calls = Arc::new(AtomicUsize::new(0));
    let seen = calls.clone();
    let policy = ContentPolicy::new(Content::Redacted).with_deadline(LONG).with_redactor(move |text| {
        let call = seen.fetch_add(1, Ordering::Relaxed);
        assert_ne!(call, 0, "the first call fails");
        text.to_owned()
    });
    assert_eq!(policy.treat("raw"), Outcome::Refused(Refusal::RedactorPanicked));
    assert_eq!(shown(policy.treat("raw")).0, "raw");
    assert_eq!(policy.counts().refused(Refusal::RedactorPanicked), 1);
}

#[test]
fn a_redactor_that_hangs_means_no_content_until_it_is_back() {
    let gate = Arc::new(Barrier::new(2));
    let calls = Arc::new(AtomicUsize::new(0));
    let (inner_gate, inner_calls) = (gate.clone(), calls.clone());
    let policy = ContentPolicy::new(Content::Redacted)
        .with_deadline(Duration::from_millis(50))
        .with_redactor(move |text| {
            if inner_calls.fetch_add(1, Ordering::SeqCst) == 0 {
                inner_gate.wait();
            }
            text.to_owned()
        });
    // The first one waits for the deadline, the second one for nothing.
    for _ in 0..2 {
        assert_eq!(policy.treat("raw"), Outcome::Refused(Refusal::RedactorTooSlow));
    }
    assert_eq!(calls.load(Ordering::SeqCst), 1);
    gate.wait();
    // It is back as soon as its thread has run on.
    let back = (0..1_000_000).find_map(|_| match policy.treat("raw") {
        Outcome::Shown { text, .. } => Some(text),
        _ => {
            std::thread::yield_now();
            None
        }
    });
    assert_eq!(back.as_deref(), Some("raw"));
}

#[test]
fn rules_without_time_mean_no_content() {
    let policy = ContentPolicy::new(Content::Redacted).with_deadline(Duration::ZERO);
    assert_eq!(policy.treat("raw"), Outcome::Refused(Refusal::RedactorTooSlow));
}

#[test]
fn a_redactor_that_asks_the_policy_itself_does_not_wait_for_itself() {
    let policy: Arc<std::sync::OnceLock<ContentPolicy>> = Arc::default();
    let inner = policy.clone();
    let made = ContentPolicy::new(Content::Redacted).with_deadline(LONG).with_redactor(move |_| {
        let policy = inner.get().expect("it is there");
        format!("{:?}", policy.treat("again"))
    });
    let text = shown(policy.get_or_init(|| made).treat("raw")).0;
    assert_eq!(text, "Refused(RedactorTooSlow)");
}

fn document() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        ".{0,400}".prop_map(Value::from),
        "[ -~\\x00-\\x1f]{0,400}".prop_map(Value::from),
    ];
    leaf.prop_recursive(5, 64, 12, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..12).prop_map(Value::from),
            proptest::collection::btree_map(".{0,12}", inner, 0..12)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn a_document_stays_json_and_within_the_limit(document in document(), limit in 1024_usize..4096) {
        let text = document.to_string();
        for content in [Content::Full, Content::Redacted] {
            let policy = ContentPolicy::new(content).with_limit(limit).with_deadline(LONG);
            match policy.treat(&text) {
                Outcome::Shown { text: shown, cut } => {
                    prop_assert!(shown.len() <= limit);
                    if document.is_array() || document.is_object() {
                        prop_assert!(serde_json::from_str::<Value>(&shown).is_ok(), "{shown}");
                    }
                    if content == Content::Full && text.len() <= limit {
                        prop_assert_eq!((&shown, cut), (&text, 0));
                    }
                }
                Outcome::Refused(reason) => prop_assert_eq!(reason, Refusal::TooManyParts),
                other => prop_assert!(false, "{:?}", other),
            }
        }
    }

    #[test]
    fn any_text_is_shown_within_the_limit(text in ".{0,3000}|[\\[{\"\\\\]{0,3000}", limit in 1024_usize..4096) {
        let policy = ContentPolicy::new(Content::Full).with_limit(limit);
        match policy.treat(&text) {
            Outcome::Shown { text: shown, cut } => {
                prop_assert!(shown.len() <= limit);
                prop_assert!(cut > 0 || shown == text);
            }
            Outcome::Refused(reason) => prop_assert!(matches!(reason, Refusal::TooDeep | Refusal::TooManyParts)),
            other => prop_assert!(false, "{:?}", other),
        }
    }
}
