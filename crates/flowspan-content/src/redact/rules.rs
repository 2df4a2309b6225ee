//! The rules.
//!
//! The forms of keys and tokens are facts that their issuers publish; most of them can be looked up in the
//! rules of gitleaks (MIT). A pattern is anchored to something that is always there, and has no need for
//! backtracking: the regex crate matches in linear time.

use std::{ops::Range, sync::LazyLock};

use regex::{Regex, RegexSet};

use super::checks::{account, all, cards, no_word};

/// One thing that is taken out.
pub(super) struct Rule {
    /// What it is called in the marker.
    pub(super) what: &'static str,
    /// How it is recognised. The first group that takes part is what is taken out; without one, all of it.
    /// `{before}` is the beginning of a word, also where an escape stands before it.
    pattern: &'static str,
    /// Which parts of what was recognised really are it.
    pub(super) within: fn(&str) -> Vec<Range<usize>>,
    /// Whether a candidate in which nothing is found can be passed over as a whole.
    pub(super) takes_all: bool,
}

const fn rule(what: &'static str, pattern: &'static str) -> Rule {
    Rule { what, pattern, within: all, takes_all: true }
}

const fn checked(what: &'static str, pattern: &'static str, within: fn(&str) -> Vec<Range<usize>>) -> Rule {
    Rule { what, pattern, within, takes_all: true }
}

/// The rules, compiled.
pub(super) struct Compiled {
    /// Which rules find anything at all.
    pub(super) any: RegexSet,
    pub(super) each: Vec<Regex>,
}

pub(super) fn rules() -> &'static Compiled {
    static COMPILED: LazyLock<Compiled> = LazyLock::new(|| {
        let patterns: Vec<String> =
            RULES.iter().map(|rule| rule.pattern.replace("{before}", BEFORE)).collect();
        Compiled {
            any: RegexSet::new(&patterns).expect("the patterns are tested"),
            each: patterns
                .iter()
                .map(|pattern| Regex::new(pattern).expect("the patterns are tested"))
                .collect(),
        }
    });
    &COMPILED
}

/// The beginning of a word: of the text, or after a character that belongs to no word, an escape of Rust
/// or JSON, an escape of a URL, or one of a terminal.
const BEFORE: &str = r"(?:^|[^0-9A-Za-z]|\\[abefnrtv0]|\\u[0-9A-Fa-f]{4}|\\u\{[0-9A-Fa-f]{1,6}\}|%[0-9A-Fa-f]{2}|\x1b\[[0-9;]*m)";

pub(super) const RULES: &[Rule] = &[
    // Private keys. One whose end is missing goes on to the end of the text.
    rule(
        "private-key",
        r"-----BEGIN[ 0-9A-Z]*PRIVATE KEY(?: BLOCK)?-----[\s\S]*?(?:-----END[ 0-9A-Z]*PRIVATE KEY(?: BLOCK)?-----|\z)",
    ),
    rule("private-key", r"PuTTY-User-Key-File-[\s\S]*"),
    rule("private-key", r"AGE-SECRET-KEY-1[0-9A-Z]{50,}"),
    // Tokens with a form.
    rule("jwt", r"eyJ[0-9A-Za-z_-]{8,}\.[0-9A-Za-z_.-]{4,}"),
    checked(
        "authorization",
        r"(?i){before}(?:bearer|basic|digest|negotiate|apikey|token)\s+([0-9A-Za-z._~+/=-]{8,})",
        no_word,
    ),
    // Providers of models.
    checked("api-key", r"{before}([sp]k-[0-9A-Za-z_-]{16,})", no_word),
    rule(
        "api-key",
        r"xai-[0-9A-Za-z]{40,}|gsk_[0-9A-Za-z]{30,}|r8_[0-9A-Za-z]{30,}|(?:hf|api_org)_[0-9A-Za-z]{30,}|pplx-[0-9A-Za-z]{40,}",
    ),
    rule(
        "api-key",
        r"nvapi-[0-9A-Za-z_-]{40,}|csk-[0-9a-z]{40,}|tvly-[0-9A-Za-z-]{20,}|lsv2_(?:pt|sk)_[0-9a-z_]{30,}|pcsk_[0-9A-Za-z_]{30,}",
    ),
    checked("api-key", r"{before}(fw_[0-9A-Za-z]{20,})", no_word),
    // Clouds.
    rule("aws-key", r"(?:A3T[0-9A-Z]|AKIA|ASIA|ABIA|ACCA|AGPA|AIDA|AIPA|ANPA|ANVA|AROA)[0-9A-Z]{16}"),
    rule(
        "google-key",
        r"AIza[0-9A-Za-z_-]{35}|ya29\.[0-9A-Za-z_-]{20,}|GOCSPX-[0-9A-Za-z_-]{28}|1//0[0-9A-Za-z_-]{30,}",
    ),
    rule("azure-secret", r"[0-9A-Za-z_~.]{3}[0-9]Q~[0-9A-Za-z_~.-]{31,34}"),
    checked("alibaba-key", r"{before}(LTAI[0-9A-Za-z]{12,20})", no_word),
    rule(
        "token",
        r"do[oprt]_v1_[0-9a-f]{64}|dapi[0-9a-f]{32}|hv[brs]\.[0-9A-Za-z_-]{20,}|[0-9A-Za-z]{14}\.atlasv1\.[0-9A-Za-z_=-]{60,}",
    ),
    // Where code is.
    rule("github-token", r"gh[oprsu]_[0-9A-Za-z]{20,}|github_pat_[0-9A-Za-z_]{20,}"),
    rule(
        "gitlab-token",
        r"gl(?:agent|cbt|dt|ffct|ft|imt|oas|pat|ptt|rt|soat)-[0-9A-Za-z_.=-]{20,}|GR1348941[0-9A-Za-z_-]{20,}",
    ),
    rule(
        "token",
        r"npm_[0-9A-Za-z]{30,}|pypi-[0-9A-Za-z_-]{50,}|rubygems_[0-9a-f]{48}|dckr_(?:oat|pat)_[0-9A-Za-z_-]{20,}|ATATT3[0-9A-Za-z_=-]{60,}",
    ),
    checked("token", r"{before}(cio[0-9A-Za-z]{32})", no_word),
    // Where people talk.
    rule(
        "slack-token",
        r"xox[abceoprs]-[0-9A-Za-z-]{10,}|xapp-[0-9]-[0-9A-Za-z-]{10,}|hooks\.slack\.com/(?:services|triggers|workflows)/([0-9A-Za-z+/]{20,})",
    ),
    rule("discord-webhook", r"discord(?:app)?\.com/api/webhooks/([0-9]+/[0-9A-Za-z_-]+)"),
    rule("telegram-token", r"[0-9]{8,10}:AA[0-9A-Za-z_-]{32,}"),
    rule(
        "token",
        r"SG\.[0-9A-Za-z_-]{16,}\.[0-9A-Za-z_-]{16,}|{before}(key-[0-9a-f]{32})|{before}((?:AC|SK)[0-9a-f]{32})",
    ),
    // Money and others.
    rule("stripe-key", r"(?:sk|rk|pk)_(?:live|prod|test)_[0-9A-Za-z]{10,}|whsec_[0-9A-Za-z+/=]{20,}"),
    rule(
        "token",
        r"shp(?:at|ca|pa|ss)_[0-9A-Fa-f]{32}|lin_(?:api|oauth)_[0-9A-Za-z]{30,}|ntn_[0-9A-Za-z]{40,}|glsa_[0-9A-Za-z_]{40,}|glc_[0-9A-Za-z+/=]{32,}",
    ),
    rule(
        "token",
        r"NRAK-[0-9A-Z]{27}|sntry[su]_[0-9A-Za-z+/=_-]{40,}|sbp_[0-9a-f]{40}|sb_secret_[0-9A-Za-z_-]{20,}|dp\.(?:audit|ct|pt|sa|scim|st)\.[0-9A-Za-z_.-]{20,}",
    ),
    rule(
        "token",
        r"PMAK-[0-9a-f-]{50,}|figd_[0-9A-Za-z_-]{30,}|pscale_(?:oauth|pw|tkn)_[0-9A-Za-z_=.-]{30,}|sq0[a-z]{3}-[0-9A-Za-z_-]{22,}|EAA[0-9A-Za-z]{80,}",
    ),
    // What is given to a name.
    rule(
        "secret",
        concat!(
            r#"(?i)(?:pass[_-]?(?:word|wd|phrase|code)|pwd|secrets?|api[_-]?key|(?:access|account|auth|encryption|master|private|shared|signing)[_-]?key|(?:access|auth|bearer|csrf|id|refresh|sas|session)[_-]?token|client[_-]?secret|credentials?|connection[_-]?string)[0-9A-Za-z_-]*"#,
            r#"(?:["'`\\\]]*\s*(?:=>|:=|==?|:)\s*|\s+(?:is|was)\s*:?\s+|["'`\\\]]+\s*,\s*)"#,
            r#"(?:\\+"([^"\\]*)|\\+'([^'\\]*)|"((?:[^"\\]|\\.)*)|'((?:[^'\\]|\\.)*)|`([^`]*)|([^\s"'`\\,;&<>(){}\[\]][^\s"'`\\,;&<>]*))"#,
        ),
    ),
    checked(
        "token",
        r#"(?i){before}token["'`\\]*\s*(?:=>|:=|==?|:)\s*["'`\\]*([0-9A-Za-z._~+/=-]{12,})"#,
        no_word,
    ),
    rule(
        "authorization",
        r#"(?i)(?:proxy-)?authorization["'`\\]*\s*(?:=>|=|:)\s*["'`\\]*((?:[a-z0-9-]+[ \t]+)?[^\s"'`\\,]+(?:[ \t]*,[ \t]*[a-z]+=[^\s"'`\\,]+)*)"#,
    ),
    rule("cookie", r#"(?i)(?:set-)?cookie["'`\\]*\s*:\s*["'`\\]*([^\r\n"'`\\]+)"#),
    // URLs.
    rule(
        "credentials",
        r#"[A-Za-z][0-9A-Za-z+.-]*://(?:[^\s/:@"'<>\\]*:([^\s"'<>/\\]+)@|([^\s/:@"'<>\\]{16,})@)"#,
    ),
    rule(
        "secret",
        r#"(?i)[?&;](?:access_token|api[_-]?key|apikey|auth|code|key|password|secret|sig|signature|token|x-amz-(?:credential|security-token|signature)|x-goog-(?:credential|signature))=([^\s&"'<>#\\;]+)"#,
    ),
    // People.
    rule(
        "email",
        r"[\p{L}\p{N}._%+'-]*[\p{L}\p{N}_%+-](?:@|%40)[\p{L}\p{N}](?:[\p{L}\p{N}.-]*[\p{L}\p{N}])?\.[\p{L}]{2,}",
    ),
    Rule { what: "card", pattern: r"[0-9](?:[ .\x{a0}-]?[0-9]){12,}", within: cards, takes_all: true },
    Rule {
        what: "iban",
        pattern: r"(?i){before}([a-z]{2}[0-9]{2}(?:[ \x{a0}-]?[0-9a-z]){11,30})",
        within: account,
        takes_all: false,
    },
    rule(
        "phone",
        r"\+[1-9](?:[ \x{a0}().-]{0,3}[0-9]){7,14}|{before}(00[1-9](?:[ \x{a0}()./-]{0,3}[0-9]){7,14})",
    ),
    rule("phone", r"{before}(\(?[2-9][0-9]{2}\)?[ \x{a0}.-]{1,2}[0-9]{3}[ \x{a0}.-][0-9]{4})(?:[^0-9]|$)"),
    rule("ssn", r"{before}([0-9]{3}-[0-9]{2}-[0-9]{4})(?:[^0-9]|$)"),
    // Bytes as text, in which nothing can be found.
    rule("blob", r"[0-9A-Za-z+/_-]{256,}={0,2}|;base64,([0-9A-Za-z+/_=-]+)"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pattern_compiles_and_none_matches_a_marker() {
        for (rule, pattern) in RULES.iter().zip(&rules().each) {
            let marker = super::super::marker(rule.what);
            assert!(!pattern.is_match(&marker), "{pattern} finds something in {marker}");
        }
    }
}
