//! Every token that must be refused, by name.

use serde_json::{Value, json};
use uuid::Uuid;

use crate::forger::{Forger, base64url};

pub(crate) type Forgery = (String, String);

/// `refresh` is a refresh token of a session, `keys` where a stranger publishes its key.
pub(crate) fn all(forger: &Forger, refresh: &str, keys: &str) -> Vec<Forgery> {
    let mut corpus = algorithms(forger);
    corpus.extend(keys_of_the_sender(forger, keys));
    corpus.extend(signatures(forger));
    corpus.extend(claims(forger));
    corpus.extend(duplicates(forger));
    corpus.extend(other_tokens(forger, refresh));
    corpus
}

fn named(group: &str, name: impl std::fmt::Display, token: String) -> Forgery {
    (format!("{group}: {name}"), token)
}

/// The sender chooses how the token is checked.
fn algorithms(forger: &Forger) -> Vec<Forgery> {
    let mut corpus = Vec::new();
    for alg in ["none", "None", "NONE", "nOnE", ""] {
        let header = forger.header_with("alg", json!(alg));
        for (with, signature) in [("no signature", ""), ("the real signature", forger.signature())] {
            let token = forger.with_signature(&header, &forger.claims, signature);
            corpus.push(named("alg", format!("{alg:?} with {with}"), token));
        }
    }
    for (form, secret) in forger.public_forms() {
        corpus.push(named("alg", format!("HS256 with {form} as the secret"), forger.hmac("HS256", &secret)));
    }
    for alg in ["HS384", "HS512"] {
        let (form, secret) = forger.public_forms().swap_remove(0);
        corpus.push(named("alg", format!("{alg} with {form} as the secret"), forger.hmac(alg, &secret)));
    }
    for alg in
        ["RS256", "RS384", "RS512", "PS256", "ES256", "ES384", "ES512", "ES256K", "Ed448", "eddsa", "EDDSA", "A128GCM"]
    {
        let header = forger.header_with("alg", json!(alg));
        corpus.push(named("alg", format!("{alg} over an Ed25519 signature"), forger.issued(&header, &forger.claims)));
    }
    for alg in [Value::Null, json!(["EdDSA"]), json!(0), json!({})] {
        let token = forger.issued(&forger.header_with("alg", alg.clone()), &forger.claims);
        corpus.push(named("alg", alg, token));
    }
    corpus.push(named("alg", "ES256 of a stranger", forger.elliptic(&forger.header_with("alg", json!("ES256")))));
    corpus
}

/// The sender chooses the key.
fn keys_of_the_sender(forger: &Forger, keys: &str) -> Vec<Forgery> {
    let mut corpus = vec![
        named("kid", "the real one, another key", forger.strange(&forger.header, &forger.claims)),
        named(
            "kid",
            "a long one",
            forger.strange(&forger.header_with("kid", json!("k".repeat(5_000))), &forger.claims),
        ),
    ];
    let ids = [
        Value::Null,
        json!("gooseek-2"),
        json!("gooseek-0"),
        json!("gooseek--1"),
        json!("unknown"),
        json!(""),
        json!(1),
        json!([]),
        json!("../../../../dev/null"),
        json!("/dev/null"),
        json!("file:///dev/null"),
        json!("gooseek-1\u{0}"),
        json!("' OR '1'='1"),
        json!("x' UNION SELECT 'gooseek-1"),
        json!("gooseek-1; DROP TABLE signing_keys"),
        json!("$(id)"),
        json!(keys),
    ];
    for id in ids {
        let token = forger.strange(&forger.header_with("kid", id.clone()), &forger.claims);
        corpus.push(named("kid", id, token));
    }
    for id in [forger.header["kid"].clone(), json!("stranger")] {
        let header = forger.header_with("kid", id.clone());
        let with = |name: &str, value: Value| {
            let mut header = header.clone();
            header[name] = value;
            forger.strange(&header, &forger.claims)
        };
        let jwks = format!("{keys}/.well-known/jwks.json");
        corpus.push(named("jwk of a stranger", &id, with("jwk", forger.strange_jwk(&id))));
        corpus.push(named("jku to a stranger", &id, with("jku", json!(jwks))));
        corpus.push(named("jku with our name in it", &id, with("jku", json!(jwks.replace("://", "://gooseek@")))));
        corpus.push(named("x5u to a stranger", &id, with("x5u", json!(jwks))));
        corpus.push(named("x5c of a stranger", &id, with("x5c", json!([forger.strange_x()]))));
        corpus.push(named("iss as a header", &id, with("iss", json!(keys))));
    }
    corpus
}

/// The signature is of something else, or none.
fn signatures(forger: &Forger) -> Vec<Forgery> {
    let real = forger.signature();
    let signed = forger.token.rsplit_once('.').unwrap().0;
    let text = |signature: &str| format!("{signed}.{signature}");
    let last = real.chars().last().unwrap();
    // Its last letter stands for two bits; the others are spare.
    let letters: Vec<char> = ('A'..='Z').chain('a'..='z').chain('0'..='9').chain(['-', '_']).collect();
    let place = letters.iter().position(|letter| *letter == last).unwrap();
    let sibling = letters[place ^ 1];
    let mut corpus = vec![
        named("signature", "empty", text("")),
        named("signature", "left out with its dot", signed.to_owned()),
        named("signature", "cut", text(&real[..real.len() - 4])),
        named("signature", "twice", text(&format!("{real}{real}"))),
        named("signature", "padded", text(&format!("{real}=="))),
        named("signature", "spare bits set", text(&format!("{}{sibling}", &real[..real.len() - 1]))),
        named("signature", "zeros", text(&base64url([0; 64]))),
        named("signature", "a multiple of the order added", text(&forger.malleated())),
        named("signature", "a fourth part", format!("{}.{real}", forger.token)),
    ];
    let owners = [
        ("another user", "sub", json!(Uuid::from_u128(7))),
        ("another organisation", "org", json!(Uuid::from_u128(7))),
        ("more roles", "roles", json!(["owner", "admin"])),
        ("a later end", "exp", json!(4_102_444_800_u64)),
    ];
    for (name, claim, value) in owners {
        let token = forger.with_signature(&forger.header, &forger.claims_with(claim, value), real);
        corpus.push(named("signature", format!("of other claims: {name}"), token));
    }
    corpus
}

/// What auth-svc would never say, although it has signed it.
fn claims(forger: &Forger) -> Vec<Forgery> {
    let now = forger.claims["iat"].as_i64().unwrap();
    let wrong = [
        ("exp", vec![Value::Null, json!(now - 60), json!(0), json!(-1), json!("never"), json!(true)]),
        ("nbf", vec![json!(now + 3_600), json!("later")]),
        (
            "aud",
            vec![
                Value::Null,
                json!("gooseek-web"),
                json!(["chat", "search"]),
                json!([]),
                json!(""),
                json!("GOOSEEK"),
                json!({}),
            ],
        ),
        ("iss", vec![Value::Null, json!("https://accounts.example"), json!(""), json!("gooseek "), json!(["evil"])]),
        ("sub", vec![Value::Null, json!(Uuid::nil()), json!("admin"), json!(""), json!(7), json!([])]),
        ("org", vec![Value::Null, json!(Uuid::nil()), json!("*"), json!(7)]),
        ("roles", vec![Value::Null, json!(["root"]), json!("owner"), json!({ "owner": true })]),
        ("sid", vec![json!("a session"), json!(7)]),
    ];
    let mut corpus = Vec::new();
    for (claim, values) in wrong {
        for value in values {
            let token = forger.issued(&forger.header, &forger.claims_with(claim, value.clone()));
            corpus.push(named(claim, value, token));
        }
    }
    for kind in [
        Value::Null,
        json!("JWT"),
        json!("id+jwt"),
        json!("service+jwt"),
        json!("refresh+jwt"),
        json!(""),
        json!("at+jwt2"),
    ] {
        let token = forger.issued(&forger.header_with("typ", kind.clone()), &forger.claims);
        corpus.push(named("typ", kind, token));
    }
    for text in ["", "null", "[]", "7", "\"claims\"", "{", "{}"] {
        corpus.push(named("claims", format!("{text:?}"), forger.issued_text(&forger.header, text)));
    }
    corpus
}

/// Two readers of the same claim may read two things.
fn duplicates(forger: &Forger) -> Vec<Forgery> {
    let claims = forger.claims.to_string();
    let twice = [
        ("sub", json!(Uuid::from_u128(7))),
        ("org", json!(Uuid::from_u128(7))),
        ("roles", json!(["owner"])),
        ("exp", json!(4_102_444_800_u64)),
        ("aud", json!("other")),
        ("iss", json!("other")),
    ];
    let duplicate = |(claim, value): (&str, Value)| {
        let text = format!("{{\"{claim}\":{value},{}", &claims[1..]);
        named("twice", claim, forger.issued_text(&forger.header, &text))
    };
    twice.into_iter().map(duplicate).collect()
}

/// Tokens of other kinds, and what is none.
fn other_tokens(forger: &Forger, refresh: &str) -> Vec<Forgery> {
    let id_token = {
        let mut claims = forger.claims_with("aud", json!("a client"));
        claims["nonce"] = json!("n-0S6_WzA2Mj");
        forger.issued(&forger.header_with("typ", json!("JWT")), &claims)
    };
    let huge = forger.claims_with("csrf", json!("x".repeat(1 << 20)));
    let standard = forger.token.replace('-', "+").replace('_', "/");
    let mut corpus = vec![
        named("kind", "an id token", id_token),
        named("kind", "a refresh token", refresh.to_owned()),
        named("kind", "an API key of nobody", format!("gooseek_{}", base64url([7; 32]))),
        named("size", "a mebibyte of claims", forger.issued(&forger.header, &huge)),
        named("size", "a mebibyte of nothing", "A".repeat(1 << 20)),
        named("size", "a mebibyte of dots", ".".repeat(1 << 20)),
        named("text", "with a prefix", format!("Bearer {}", forger.token)),
        named("text", "two tokens", format!("{0}, {0}", forger.token)),
        named("text", "encrypted (five parts)", format!("{}.{}", forger.token, "AA.AA")),
        named("text", "standard base64", if standard == forger.token { "+/".to_owned() } else { standard }),
    ];
    for text in ["", ".", "..", "...", "null", "e30.e30.", "a.b.c"] {
        corpus.push(named("text", format!("{text:?}"), text.to_owned()));
    }
    corpus
}
