//! Secrets: passwords, one-time codes, random tokens. Argon2id by its crate's defaults (19 MiB, 2 passes); codes by RFC 6238 (SHA-1, 30 s, 6 digits).
//! Nothing here is ever logged or shown twice.

use crate::model::digest::Sha256;
use crate::model::lang::Both;
use crate::model::time::Timestamp;
use argon2::Argon2;
use argon2::password_hash::{PasswordHasher, PasswordVerifier, phc::PasswordHash};
use ring::hmac;
use ring::rand::{SecureRandom, SystemRandom};

/// Shortest password, in characters.
const MIN_PASSWORD: usize = 12;
/// Longest, in bytes: what is hashed has a cap.
const MAX_PASSWORD: usize = 256;
const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
const STEP_S: u64 = 30;

/// Is the password one that may be used? The reason where not.
///
/// # Errors
/// One sentence for the person.
pub fn check_password(password: &str, name: &str) -> Result<(), Both> {
    let mut kinds: Vec<char> = password.chars().collect();
    if kinds.len() < MIN_PASSWORD || password.len() > MAX_PASSWORD {
        return Err(Both::new(
            format!("口令至少 {MIN_PASSWORD} 个字符，至多 {MAX_PASSWORD} 字节"),
            format!("a password has at least {MIN_PASSWORD} characters and at most {MAX_PASSWORD} bytes"),
        ));
    }
    kinds.sort_unstable();
    kinds.dedup();
    if kinds.len() < 5 || (name.len() > 2 && password.to_lowercase().contains(&name.to_lowercase())) {
        return Err(Both::new(
            "口令过于简单：至少用 5 种不同字符，且不含登录名",
            "too simple: use at least 5 different characters, and not the log-in name",
        ));
    }
    Ok(())
}

/// The hash that is kept, in PHC form.
///
/// # Errors
/// The system gave no random bytes: one line.
pub fn hash_password(password: &str) -> Result<String, String> {
    Argon2::default().hash_password(password.as_bytes()).map(|h| h.to_string()).map_err(|e| format!("password: {e}"))
}

/// Does the password fit the hash?
pub(super) fn fits(password: &str, hash: &str) -> bool {
    password.len() <= MAX_PASSWORD
        && PasswordHash::new(hash).is_ok_and(|h| Argon2::default().verify_password(password.as_bytes(), &h).is_ok())
}

/// Takes as long as [`fits`], for names that do not exist.
pub(super) fn pretend() {
    let _ = Argon2::default().hash_password(b"nobody has this name");
}

/// `n` random bytes.
fn random(n: usize) -> Vec<u8> {
    let mut bytes = vec![0; n];
    SystemRandom::new().fill(&mut bytes).expect("the system has random bytes");
    bytes
}

/// A random token of 256 bits, hexadecimal.
pub(super) fn token() -> String {
    hex(&random(32))
}

/// A first password that a person can read over the telephone: 16 characters, 80 bits.
pub fn first_password() -> String {
    let chars: Vec<char> = random(16).iter().map(|b| char::from(b"abcdefghjkmnpqrstuvwxyz23456789ACDE"[usize::from(*b) % 32])).collect();
    chars.chunks(4).map(|c| c.iter().collect::<String>()).collect::<Vec<_>>().join("-")
}

/// What is kept of a token.
pub(super) fn print_of(token: &str) -> String {
    Sha256::of(token.as_bytes()).hex()
}

/// Equal, in a time that does not tell where they differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.len() == b.len() && a.bytes().zip(b.bytes()).fold(0, |acc, (x, y)| acc | (x ^ y)) == 0
}

/// A new secret for one-time codes, base-32 of 160 bits.
pub(super) fn totp_secret() -> String {
    random(32).iter().map(|b| char::from(BASE32[usize::from(b & 31)])).collect()
}

/// The time step whose code this is: now, or one step to either side. `None`: a wrong code.
pub(super) fn totp_step(secret: &str, code: &str, now: Timestamp) -> Option<u64> {
    let current = now.millis().max(0).unsigned_abs() / 1000 / STEP_S;
    let code: String = code.chars().filter(|c| !c.is_whitespace()).collect();
    [current, current.saturating_sub(1), current + 1].into_iter().find(|step| same(&totp(secret, *step), &code))
}

/// The code of one step.
pub(super) fn totp(secret: &str, step: u64) -> String {
    let mut bits: u64 = 0;
    let (mut have, mut key) = (0, Vec::new());
    for value in secret.bytes().filter_map(|b| BASE32.iter().position(|x| *x == b.to_ascii_uppercase())) {
        bits = (bits << 5) | value as u64;
        have += 5;
        if have >= 8 {
            have -= 8;
            key.push(((bits >> have) & 255) as u8);
        }
    }
    let tag = hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &step.to_be_bytes());
    let tag = tag.as_ref();
    let at = usize::from(tag[tag.len() - 1] & 15);
    let number = tag[at..at + 4].iter().fold(0u32, |acc, b| (acc << 8) | u32::from(*b)) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|b| format!("{b:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        // "12345678901234567890" in base-32; the RFC's eight-digit values end in these six.
        let secret = "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ";
        for (seconds, code) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000u64, "353130")] {
            assert_eq!(totp(secret, seconds / STEP_S), code);
        }
        let now = Timestamp::from_millis(59_000);
        assert_eq!(totp_step(secret, "287 082", now), Some(1));
        assert_eq!(totp_step(secret, "287083", now), None);
        assert_eq!(totp_step(secret, "", now), None);
    }

    #[test]
    fn a_hash_is_argon2id_and_opens_for_its_password_alone() {
        let hash = hash_password("correct horse battery").expect("hashed");
        assert!(hash.starts_with("$argon2id$v=19$"), "{hash}");
        assert!(fits("correct horse battery", &hash) && !fits("correct horse batterz", &hash) && !fits("x", "no hash"));
        assert_ne!(hash, hash_password("correct horse battery").expect("hashed"), "salted");
    }

    #[test]
    fn short_simple_and_named_passwords_are_refused() {
        for bad in ["short", "aaaaaaaaaaaaaaaa", "abababababababab", "wang-is-the-best-1", &"x1y2z3".repeat(60)] {
            assert!(check_password(bad, "wang").is_err(), "{bad}");
        }
        assert!(check_password("四个汉字加上八个字共十二", "wang").is_ok());
        assert!(check_password(&first_password(), "wang").is_ok());
    }
}
