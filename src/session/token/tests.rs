//! What is sealed opens, and nothing else does.

use proptest::prelude::*;

use super::*;

const NOW: u64 = 1_790_000_000_000;

fn key(byte: u8) -> TokenKey {
    TokenKey::new(&[byte; 32]).expect("long enough")
}

fn claims() -> Claims {
    Claims {
        issued_ms: NOW,
        expires_ms: NOW + 60_000,
        consistency: ConsistencyClaim::Causal {
            max_wait_ms: 200,
            on_timeout_error: true,
        },
        databases: vec![
            DatabaseClaim {
                name: "default".to_owned(),
                cluster: Some("7312".to_owned()),
                written: Some(WrittenClaim::At {
                    position: "16/B374D848".to_owned(),
                }),
                replica: Some("default/2".to_owned()),
            },
            DatabaseClaim {
                name: "warehouse".to_owned(),
                cluster: None,
                written: Some(WrittenClaim::Until { unix_ms: NOW + 5 }),
                replica: None,
            },
        ],
    }
}

fn sealed() -> String {
    seal(&claims(), &key(1)).expect("short enough")
}

/// A correctly encrypted token of any bytes.
fn sealed_bytes(bytes: &[u8]) -> String {
    let nonce = [5; 24];
    let encrypted = key(1).encrypt(VERSION, nonce, bytes).expect("short enough");
    URL_SAFE_NO_PAD.encode([&[VERSION], &nonce[..], &encrypted].concat())
}

#[test]
fn what_is_sealed_opens() {
    assert_eq!(open(&sealed(), &key(1), NOW), Ok(claims()));
}

#[test]
fn a_token_is_short_and_fits_a_header_and_a_url() {
    let token = sealed();
    assert!(token.len() < 200, "{}", token.len());
    let fits = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    assert!(token.bytes().all(fits), "{token}");
}

/// The tokens of one release are read by the next: these bytes may only change with the version.
#[test]
fn the_layout_of_version_2_stays() {
    let encoded = postcard::to_allocvec(&claims()).expect("encoded");
    let expected =
        b"\x80\xd8\xc1\xa2\x8c4\xe0\xac\xc5\xa2\x8c4\x02\xc8\x01\x01\x02\x07default\x01\x047312\
        \x01\x01\x0b16/B374D848\x01\tdefault/2\twarehouse\x00\x01\x00\x85\xd8\xc1\xa2\x8c4\x00";
    assert_eq!(
        encoded.escape_ascii().to_string(),
        expected.escape_ascii().to_string()
    );
    assert_eq!(open(GOLDEN, &key(1), NOW), Ok(claims()));
}

/// A token of these claims, made once.
const GOLDEN: &str = "AqqEChMKpmVd59bsRTxWeMJZLZNLv_iMAC6lo-XG2cvHHyH9iPvMQ_BA0GI2E6XVG_a4qxgnsJZnnZ2FgQCLMvxMdrb-iEcoVva5u7iN7-GSd5hxIlaHHAKDXe0J9UzRMjq1TjohGzDySt4oqvnj_IwXKocY";

#[test]
fn a_token_shows_nothing_and_is_another_text_each_time() {
    let token = sealed();
    assert_ne!(token, sealed());
    let bytes = URL_SAFE_NO_PAD.decode(&token).expect("base64");
    let shown = String::from_utf8_lossy(&bytes);
    for name in ["default", "warehouse", "7312", "B374D848"] {
        assert!(!shown.contains(name), "{name}");
    }
}

#[test]
fn another_key_opens_nothing() {
    assert_eq!(open(&sealed(), &key(2), NOW), Err(TokenError::Forged));
}

#[test]
fn a_token_ends_at_its_moment() {
    let token = sealed();
    assert!(open(&token, &key(1), NOW + 59_999).is_ok());
    let expired = |ago_ms| {
        Err(TokenError::Expired {
            ago: Duration::from_millis(ago_ms),
        })
    };
    assert_eq!(open(&token, &key(1), NOW + 60_000), expired(0));
    assert_eq!(open(&token, &key(1), NOW + 61_000), expired(1_000));
    assert_eq!(
        open(&token, &key(1), u64::MAX),
        expired(u64::MAX - NOW - 60_000)
    );
}

#[test]
fn clocks_may_differ_by_a_minute() {
    let token = sealed();
    assert!(open(&token, &key(1), NOW - 60_000).is_ok());
    let early = [NOW - 60_001, 0];
    for now in early {
        assert_eq!(open(&token, &key(1), now), Err(TokenError::IssuedInFuture));
    }
}

#[test]
fn a_text_that_is_no_token_is_distinguished_from_a_forged_one() {
    let garbage = ["", "A", "not a token", "====", "AQ", "é", "\0"];
    for text in garbage {
        assert_eq!(
            open(text, &key(1), NOW),
            Err(TokenError::Unreadable),
            "{text:?}"
        );
    }
    let no_nonce = URL_SAFE_NO_PAD.encode([VERSION; 24]);
    assert_eq!(open(&no_nonce, &key(1), NOW), Err(TokenError::Unreadable));
    let padded = format!("{}=", sealed());
    assert_eq!(open(&padded, &key(1), NOW), Err(TokenError::Unreadable));
    let all_zero = URL_SAFE_NO_PAD.encode([&[VERSION][..], &[0; 64]].concat());
    assert_eq!(open(&all_zero, &key(1), NOW), Err(TokenError::Forged));
}

#[test]
fn another_version_is_named_before_it_is_called_forged() {
    for version in [0, 1, 3, 255] {
        let token = URL_SAFE_NO_PAD.encode([version; 64]);
        assert_eq!(open(&token, &key(1), NOW), Err(TokenError::UnknownVersion));
    }
}

#[test]
fn a_token_that_is_too_long_is_neither_sealed_nor_opened() {
    let text = "A".repeat(LONGEST + 1);
    assert_eq!(open(&text, &key(1), NOW), Err(TOO_LONG));
    let mut claims = claims();
    claims.databases[0].name = "x".repeat(LONGEST);
    assert_eq!(seal(&claims, &key(1)), Err(TOO_LONG));
    claims.databases[0].name = "x".repeat(6_000);
    let token = seal(&claims, &key(1)).expect("short enough");
    assert_eq!(open(&token, &key(1), NOW), Ok(claims));
}

#[test]
fn encrypted_nonsense_is_still_nonsense() {
    let whole = postcard::to_allocvec(&claims()).expect("encoded");
    let cases: [&[u8]; 6] = [
        b"",
        b"\x00\x00",
        b"\x00\x00\x09\x00",
        b"\x00\x00\x00\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\xFF\x01",
        &whole[..whole.len() - 1],
        &[&whole[..], b" trailing"].concat(),
    ];
    for case in cases {
        let token = sealed_bytes(case);
        assert_eq!(
            open(&token, &key(1), 0),
            Err(TokenError::Unreadable),
            "{case:?}"
        );
    }
}

fn some_consistency() -> impl Strategy<Value = ConsistencyClaim> {
    prop_oneof![
        Just(ConsistencyClaim::Eventual),
        any::<u64>().prop_map(|window_ms| ConsistencyClaim::ReadYourWrites { window_ms }),
        any::<(u64, bool)>().prop_map(|(max_wait_ms, on_timeout_error)| {
            ConsistencyClaim::Causal {
                max_wait_ms,
                on_timeout_error,
            }
        }),
    ]
}

fn some_database() -> impl Strategy<Value = DatabaseClaim> {
    let written = prop_oneof![
        Just(None),
        any::<u64>().prop_map(|unix_ms| Some(WrittenClaim::Until { unix_ms })),
        any::<String>().prop_map(|position| Some(WrittenClaim::At { position })),
    ];
    let others = any::<(String, Option<String>, Option<String>)>();
    (others, written).prop_map(|((name, cluster, replica), written)| DatabaseClaim {
        name,
        cluster,
        written,
        replica,
    })
}

fn some_claims() -> impl Strategy<Value = Claims> {
    let databases = prop::collection::vec(some_database(), 0..4);
    (any::<u64>(), some_consistency(), databases).prop_map(|(issued_ms, consistency, databases)| {
        Claims {
            issued_ms,
            expires_ms: u64::MAX,
            consistency,
            databases,
        }
    })
}

/// A token with one bit flipped.
fn bit_flipped(bit: usize) -> String {
    let mut bytes = URL_SAFE_NO_PAD.decode(sealed()).expect("base64");
    let bit = bit % (bytes.len() * 8);
    bytes[bit / 8] ^= 1 << (bit % 8);
    URL_SAFE_NO_PAD.encode(bytes)
}

#[test]
fn every_flipped_bit_is_found() {
    for bit in 0..sealed().len() * 6 {
        let refused = open(&bit_flipped(bit), &key(1), NOW);
        let expected = [Err(TokenError::Forged), Err(TokenError::UnknownVersion)];
        assert!(expected.contains(&refused), "{bit}: {refused:?}");
    }
}

#[test]
fn every_shorter_or_longer_text_is_refused() {
    let token = sealed();
    for length in 0..token.len() {
        assert!(open(&token[..length], &key(1), NOW).is_err(), "{length}");
        assert!(
            open(&token[length + 1..], &key(1), NOW).is_err(),
            "{length}"
        );
    }
    for more in ["A", "AA", "AAA", "AAAA", "=", " ", "\n"] {
        assert!(open(&format!("{token}{more}"), &key(1), NOW).is_err());
    }
}

/// There is one text for a token: no other spelling of the same bytes opens.
#[test]
fn every_other_character_is_refused() {
    let token = sealed();
    for at in 0..token.len() {
        for other in ["A", "B", "-", "_", "+", "/", "9", "z"] {
            let changed = format!("{}{other}{}", &token[..at], &token[at + 1..]);
            assert_eq!(open(&changed, &key(1), NOW).is_ok(), changed == token);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn all_claims_come_back(claims in some_claims(), now: u64) {
        prop_assume!(now < u64::MAX && now >= claims.issued_ms);
        let token = seal(&claims, &key(1)).expect("short enough");
        prop_assert_eq!(open(&token, &key(1), now), Ok(claims));
    }

    #[test]
    fn no_text_opens_or_panics(text: String, now: u64) {
        prop_assert!(open(&text, &key(1), now).is_err());
    }

    #[test]
    fn no_bytes_open_or_panic(bytes: Vec<u8>, now: u64) {
        prop_assert!(open(&URL_SAFE_NO_PAD.encode(bytes), &key(1), now).is_err());
    }

    #[test]
    fn encrypted_bytes_do_not_panic(bytes: Vec<u8>, now: u64) {
        let token = sealed_bytes(&bytes);
        if let Ok(claims) = open(&token, &key(1), now) {
            let again = seal(&claims, &key(1)).expect("short enough");
            prop_assert_eq!(open(&again, &key(1), now), Ok(claims));
        }
    }
}
