//! No secret survives redaction, whatever stands around it.

use std::sync::LazyLock;

use flowspan_content::{Content, ContentPolicy, Outcome};
use proptest::prelude::*;

static POLICY: LazyLock<ContentPolicy> =
    LazyLock::new(|| ContentPolicy::new(Content::Redacted).with_deadline(std::time::Duration::from_secs(60)));

fn redacted(text: &str) -> String {
    match POLICY.treat(text) {
        Outcome::Shown { text, .. } => text,
        other => panic!("{other:?}: {text}"),
    }
}

/// Made-up secrets in the forms of real ones: what is said before it, the secret, and what is said after
/// it.
fn secrets() -> impl Strategy<Value = (&'static str, String, &'static str)> {
    let alone = |pattern: &str| pattern_of(pattern).prop_map(|secret| ("", secret, ""));
    let forms = [
        "sk-proj-[0-9A-Za-z_]{20}[0-9]T3BlbkFJ[0-9A-Za-z_]{20}",
        "sk-ant-api03-[0-9A-Za-z_]{40}[0-9]AA",
        "AIza[0-9A-Za-z_]{35}",
        "AKIA[A-Z2-7]{16}",
        "gh[pousr]_[0-9A-Za-z]{36}",
        "github_pat_[0-9A-Za-z]{22}_[0-9A-Za-z]{59}",
        "glpat-[0-9A-Za-z_]{20}",
        "xox[bp]-[0-9]{12}-[0-9]{12}-[0-9A-Za-z]{24}",
        "[sr]k_(live|test)_[0-9A-Za-z]{24}",
        "npm_[0-9A-Za-z]{36}",
        "hf_[0-9A-Za-z]{34}",
        "gsk_[0-9A-Za-z]{52}",
        "SG\\.[0-9A-Za-z_]{22}\\.[0-9A-Za-z_]{43}",
        "hvs\\.[0-9A-Za-z_]{24}",
        "eyJ[0-9A-Za-z_]{20}\\.eyJ[0-9A-Za-z_]{20}\\.[0-9A-Za-z_]{20}",
        "[0-9]{9}:AA[0-9A-Za-z_]{33}",
        "[a-z][a-z0-9]{2,12}@[a-z][a-z0-9]{2,12}\\.(com|org|museum)",
        "[0-9]{3}-[0-9]{2}-[0-9]{4}",
        "\\+49 30 [0-9]{8}",
        "\\([2-9][0-9]{2}\\) [0-9]{3}-[0-9]{4}",
    ];
    let named = [
        ("Authorization: Bearer ", "[0-9A-Za-z]{12}[0-9][A-Z]", ""),
        ("Proxy-Authorization: Basic ", "[0-9A-Za-z]{12}[0-9]==", ""),
        ("password=", "[0-9A-Za-z!%*#]{8,20}", ""),
        ("export DB_PASSWORD='", "[0-9A-Za-z !%*#]{8,20}", "'"),
        ("the password is ", "[0-9A-Za-z!%*#]{8,20}", ""),
        ("\"client_secret\": \"", "[0-9A-Za-z !%*#]{8,20}", "\""),
        ("{\\\"api_key\\\":\\\"", "[0-9A-Za-z]{8,20}", "\\\"}"),
        ("aws_secret_access_key = ", "[0-9A-Za-z/+]{40}", ""),
        ("postgres://app:", "[0-9A-Za-z!%*]{8,20}", "@db.internal/orders"),
        ("https://hooks.slack.com/services/", "T[0-9A-Z]{8}/B[0-9A-Z]{8}/[0-9A-Za-z]{24}", ""),
        ("https://bucket.example/x?X-Amz-Signature=", "[0-9a-f]{64}", ""),
        ("Cookie: session=", "[0-9A-Za-z]{20}", ""),
        (
            "-----BEGIN RSA PRIVATE KEY-----\n",
            "[0-9A-Za-z/+]{64}\n[0-9A-Za-z/+]{64}",
            "\n-----END RSA PRIVATE KEY-----",
        ),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\n", "[0-9A-Za-z/+]{64}\n[0-9A-Za-z/+]{64}", ""),
        ("data:image/png;base64,", "[0-9A-Za-z/+]{40}", ""),
    ];
    let alone = proptest::sample::select(forms.to_vec()).prop_flat_map(alone);
    let named = proptest::sample::select(named.to_vec()).prop_flat_map(|(before, pattern, after)| {
        pattern_of(pattern).prop_map(move |secret| (before, secret, after))
    });
    prop_oneof![
        alone,
        named,
        cards().prop_map(|card| ("", card, "")),
        accounts().prop_map(|iban| ("", iban, ""))
    ]
}

fn pattern_of(pattern: &str) -> impl Strategy<Value = String> + use<> {
    proptest::string::string_regex(pattern).expect("a good pattern")
}

/// Numbers of cards with the right check digit, in groups or not.
fn cards() -> impl Strategy<Value = String> {
    (pattern_of("4[0-9]{14}|5[1-5][0-9]{13}|3[47][0-9]{12}"), proptest::sample::select(vec!["", " ", "-"]))
        .prop_map(|(digits, between)| {
            let check = (0..10).find(|check| luhn(&format!("{digits}{check}"))).expect("one of ten is right");
            let number = format!("{digits}{check}");
            let groups: Vec<&str> =
                number.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
            groups.join(between)
        })
}

fn luhn(number: &str) -> bool {
    let doubled = |digit: u32| if digit > 4 { 2 * digit - 9 } else { 2 * digit };
    let digits = number.chars().rev().filter_map(|digit| digit.to_digit(10)).enumerate();
    digits.map(|(place, digit)| if place % 2 == 1 { doubled(digit) } else { digit }).sum::<u32>() % 10 == 0
}

/// German numbers of accounts with the right check digits, in groups or not.
fn accounts() -> impl Strategy<Value = String> {
    (pattern_of("[0-9]{18}"), any::<bool>()).prop_map(|(account, grouped)| {
        // D is 13 and E is 14; the check digits make the whole 1 modulo 97.
        let rest = format!("{account}131400")
            .bytes()
            .fold(0_u32, |rest, digit| (rest * 10 + u32::from(digit - b'0')) % 97);
        let number = format!("DE{:02}{account}", 98 - rest);
        if !grouped {
            return number;
        }
        let groups: Vec<&str> =
            number.as_bytes().chunks(4).filter_map(|group| std::str::from_utf8(group).ok()).collect();
        groups.join(" ")
    })
}

/// What may stand right before or after a secret.
fn gap() -> impl Strategy<Value = &'static str> {
    proptest::sample::select(vec![
        " ", "\n", "\t", ", ", "\"", "'", "(", ")", "<", ">", "`", ": ", ";", "|", "", "\u{a0}", "“",
    ])
    .prop_filter("it stands apart", |gap| !gap.is_empty())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn no_secret_survives_in_text(
        before in "\\PC{0,40}", gap_before in gap(), (said, secret, after_it) in secrets(), gap_after in gap(), after in "\\PC{0,40}",
    ) {
        let text = format!("{before}{gap_before}{said}{secret}{after_it}{gap_after}{after}");
        let shown = redacted(&text);
        prop_assert!(!shown.contains(&secret), "{text:?} became {shown:?}");
    }

    #[test]
    fn no_secret_survives_in_a_document(
        before in "\\PC{0,40}", (said, secret, after_it) in secrets(), after in "\\PC{0,40}", key in "[a-z]{1,8}",
    ) {
        let text = format!("{before} {said}{secret}{after_it} {after}");
        let inner = serde_json::json!({ key.clone(): text, "fine": 1 }).to_string();
        let document = serde_json::json!([
            {"role": "user", "parts": [{"type": "text", "content": text}]},
            {"role": "assistant", "parts": [{"type": "tool_call", "name": "t", "arguments": inner}]},
            {key: {text: 1}},
        ]);
        let shown = redacted(&document.to_string());
        serde_json::from_str::<serde_json::Value>(&shown).expect("it stays JSON");
        let written = serde_json::Value::String(secret.clone()).to_string();
        prop_assert!(!shown.contains(&secret), "{document} became {shown}");
        prop_assert!(!shown.contains(written.trim_matches('"')), "{document} became {shown}");
    }

    #[test]
    fn what_is_redacted_twice_stays_as_it_is(
        before in "\\PC{0,40}", (said, secret, after_it) in secrets(), between in "\\PC{0,20}",
        (said_2, secret_2, after_2) in secrets(), after in "\\PC{0,40}",
    ) {
        let text = format!("{before}{said}{secret}{after_it}{between}{said_2}{secret_2}{after_2}{after}");
        let once = redacted(&text);
        prop_assert_eq!(redacted(&once), once.clone());
    }

    #[test]
    fn any_text_is_shown_as_text(text in "\\PC{0,300}|[\\[{\"\\\\,:0-9a-z@.=+ -]{0,300}") {
        let once = redacted(&text);
        prop_assert_eq!(redacted(&once), once.clone());
    }
}

#[test]
fn what_is_no_secret_stays() {
    for text in [
        "How many tokens does 1 + 1 take? max_tokens: 4096, tokens=12",
        "The task-force-with-a-very-long-name met at 10:30 on 2026-11-21.",
        "Basic understanding of bearer bonds; see RFC 6750, section 2.1.",
        "version 1.2.3, commit 4cd3381, 3.14159265358979, 17:04:05.123456",
        "550e8400-e29b-41d4-a716-446655440000",
        "Call me maybe: extension 1234.",
        "fn main() { let x: Vec<u8> = Vec::with_capacity(1024); }",
        r#"[{"content":"hello","type":"text"},[1.5,true,null]]"#,
    ] {
        assert_eq!(redacted(text), text);
    }
}

#[test]
fn the_value_of_a_secret_key_goes_whatever_it_is() {
    let shown = redacted(
        r#"{"user":"ada","password":"x","api_key":["a","b"],"pin":1234,"auth":{"a":"b"},"token":null,"otp":true}"#,
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("it stays JSON");
    let gone = "[redacted:secret]";
    assert_eq!(
        shown,
        serde_json::json!({"user": "ada", "password": gone, "api_key": gone, "pin": gone, "auth": gone, "token": null, "otp": true})
    );
}

#[test]
fn numbers_and_names_are_looked_at_and_blobs_are_not_shown() {
    let shown = redacted(
        r#"{"n":4111111111111111,"ada@example.org":1,"bob@example.org":2,"parts":[{"type":"blob","modality":"image","content":"aGk="}]}"#,
    );
    let shown: serde_json::Value = serde_json::from_str(&shown).expect("it stays JSON");
    assert_eq!(
        shown,
        serde_json::json!({
            "n": "[redacted:card]", "[redacted:email]": 1, "[redacted:email] 2": 2,
            "parts": [{"type": "blob", "modality": "image", "content": "[redacted:blob]"}],
        })
    );
}

#[test]
fn the_first_of_two_equal_keys_is_not_passed_through() {
    for text in [
        r#"{"note":"ada@example.org","note":"fine"}"#,
        r#"{"arguments":"{\"note\":\"ada@example.org\",\"note\":\"fine\"}"}"#,
    ] {
        let shown = redacted(text);
        assert!(!shown.contains("ada"), "{shown}");
    }
}
