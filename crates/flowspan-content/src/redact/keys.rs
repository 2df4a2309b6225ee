//! Keys of JSON objects whose values are secrets.

/// Whether what stands under this key is taken out, whatever it is.
pub(super) fn is_secret(key: &str) -> bool {
    let plain: String = key
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .map(|character| character.to_ascii_lowercase())
        .collect();
    EXACTLY.contains(&plain.as_str()) || WITHIN.iter().any(|part| plain.contains(part))
}

/// Keys, without signs between their letters.
const EXACTLY: &[&str] = &[
    "auth", "bearer", "cvc", "cvv", "iban", "jwt", "mfa", "otp", "pat", "pin", "pwd", "sig", "ssn", "token",
    "totp",
];

/// What makes a key one of a secret wherever it stands.
const WITHIN: &[&str] = &[
    "accesskey",
    "accesstoken",
    "accountkey",
    "apikey",
    "apitoken",
    "authkey",
    "authorization",
    "authtoken",
    "bearertoken",
    "cardnumber",
    "connectionstring",
    "cookie",
    "credential",
    "csrftoken",
    "encryptionkey",
    "idtoken",
    "masterkey",
    "passcode",
    "passphrase",
    "passwd",
    "password",
    "privatekey",
    "refreshtoken",
    "sastoken",
    "secret",
    "securitycode",
    "sessionkey",
    "sessiontoken",
    "signingkey",
    "socialsecurity",
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_known_however_it_is_written() {
        for key in
            ["password", "DB_PASSWORD", "apiKey", "x-api-key", "Proxy-Authorization", "clientSecret", "token"]
        {
            assert!(is_secret(key), "{key}");
        }
        for key in ["max_tokens", "tokens", "input_tokens", "key", "content", "author", "pinned", "name"] {
            assert!(!is_secret(key), "{key}");
        }
    }
}
