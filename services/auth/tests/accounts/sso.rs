//! Signing in at an organisation's identity provider, and providers that lie.

use axum::{body::Body, http::StatusCode};
use http::Request;
use serde_json::{Value, json};
use testkit::service::{Answer, Person, TestService, World};

use crate::{
    domains::prove,
    identity_provider::{CLIENT, IdentityProvider, SECRET, query},
    name_server::NameServer,
    support::{Accounts, PASSWORD, log_in, member, post, set_up},
};

struct Scene {
    accounts: Accounts,
    provider: IdentityProvider,
    names: NameServer,
}

/// An organisation that has proven corp.example and has an identity provider.
async fn scene(world: &mut World) -> Scene {
    let (names, provider) = (NameServer::start().await, IdentityProvider::start().await);
    world.set("DNS_SERVER", names.address.to_string());
    world.set("FETCH_ALLOW_CIDRS", "127.0.0.0/8");
    let accounts = set_up(world).await;
    prove(&names, &accounts.service, &accounts.owner, "corp.example").await;
    let set = settings(&accounts, &provider.issuer(), false).await;
    set.expect(StatusCode::OK);
    Scene { accounts, provider, names }
}

async fn settings(accounts: &Accounts, issuer: &str, enforced: bool) -> Answer {
    let path = format!("/api/v1/organisations/{}/sso", accounts.owner.org);
    let settings = json!({ "issuer": issuer, "client_id": CLIENT, "client_secret": SECRET, "enforced": enforced });
    accounts.service.send_json(&accounts.owner, "PUT", &path, &settings).await
}

/// Where a browser that begins is sent, and the cookie it keeps.
async fn begin(auth: &TestService, owner: &Person) -> (String, String) {
    let answer = browse(auth, &format!("/api/v1/auth/sso/{}", owner.org), "").await;
    assert_eq!(answer.status, StatusCode::SEE_OTHER, "{answer:?}");
    let cookie = answer.headers["set-cookie"].to_str().unwrap().split(';').next().unwrap().to_owned();
    (answer.headers["location"].to_str().unwrap().to_owned(), cookie)
}

async fn browse(auth: &TestService, path: &str, cookie: &str) -> Answer {
    auth.send(Request::get(path).header("cookie", cookie).body(Body::empty()).unwrap()).await
}

/// Somebody comes back from the provider with these claims.
async fn come_back(scene: &Scene, claims: impl FnOnce(&mut Value)) -> Answer {
    let (address, cookie) = begin(&scene.accounts.service, &scene.accounts.owner).await;
    let mut right = scene.provider.claims(&address, "ann-at-corp", "ann@corp.example");
    claims(&mut right);
    browse(&scene.accounts.service, &scene.provider.sign_in(&address, &right), &cookie).await
}

/// Whom the cookies of an answer sign in.
async fn signed_in(auth: &TestService, answer: &Answer) -> Value {
    assert_eq!((answer.status, answer.headers["location"].to_str().unwrap()), (StatusCode::SEE_OTHER, "/"));
    let cookies = answer.headers.get_all("set-cookie").iter().map(|cookie| cookie.to_str().unwrap());
    let cookies: Vec<_> = cookies.map(|cookie| cookie.split(';').next().unwrap()).collect();
    browse(auth, "/api/v1/auth/me", &cookies.join("; ")).await.expect(StatusCode::OK)
}

testkit::on_both! {
    async fn where_members_sign_in_at_the_provider_a_password_lets_no_device_in(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let auth = &scene.accounts.service;
        let bob = member(&scene.accounts, "bob@elsewhere.example", &["member"]).await;
        let codes = post(auth, "/api/v1/auth/device", &json!({})).await.expect(StatusCode::OK);
        let approval = json!({ "user_code": codes["user_code"], "approve": true });
        let path = "/api/v1/auth/device/approve";
        auth.send_json(&bob.person, "POST", path, &approval).await.expect(StatusCode::NO_CONTENT);
        settings(&scene.accounts, &scene.provider.issuer(), true).await.expect(StatusCode::OK);
        let asked = json!({ "device_code": codes["device_code"] });
        post(auth, "/api/v1/auth/device/token", &asked).await.expect(StatusCode::FORBIDDEN);
        settings(&scene.accounts, &scene.provider.issuer(), false).await.expect(StatusCode::OK);
        post(auth, "/api/v1/auth/device/token", &asked).await.expect(StatusCode::OK);
    }

    async fn a_user_of_the_provider_is_the_same_whatever_its_address(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let auth = &scene.accounts.service;
        let first = signed_in(auth, &come_back(&scene, |_| {}).await).await;
        assert_eq!((&first["email"], &first["roles"]), (&json!("ann@corp.example"), &json!(["guest"])));
        let married = come_back(&scene, |claims| claims["email"] = "ann.lee@corp.example".into()).await;
        assert_eq!(signed_in(auth, &married).await["id"], first["id"]);
        let namesake = come_back(&scene, |claims| {
            claims["sub"] = "another-ann".into();
            claims["email"] = "ann.two@corp.example".into();
        }).await;
        assert_ne!(signed_in(auth, &namesake).await["id"], first["id"]);
    }

    async fn an_account_is_linked_only_by_a_proven_address_of_the_organisations_own_domain(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let auth = &scene.accounts.service;
        let zoe = member(&scene.accounts, "zoe@corp.example", &["member"]).await.person;
        let linked = come_back(&scene, |claims| {
            claims["sub"] = "zoe".into();
            claims["email"] = "zoe@corp.example".into();
        }).await;
        let linked = signed_in(auth, &linked).await;
        assert_eq!((&linked["id"], &linked["roles"]), (&json!(zoe.user), &json!(["member"])));
        for (email, verified) in [
            (json!("owner@example.org"), json!(true)),
            (json!("stranger@example.net"), json!(true)),
            (json!("new@corp.example"), json!(false)),
            (json!("zoe@corp.example"), json!(false)),
            (json!("new@corp.example.evil.example"), json!(true)),
            (Value::Null, json!(true)),
        ] {
            let refused = come_back(&scene, |claims| {
                claims["sub"] = "mallory".into();
                claims["email"] = email.clone();
                claims["email_verified"] = verified.clone();
            }).await;
            assert_eq!(refused.status, StatusCode::FORBIDDEN, "{email} {verified}: {refused:?}");
        }
    }

    async fn a_token_that_is_not_right_in_every_part_signs_nobody_in(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let stranger = access::keys::SigningKey::generate("idp-1");
        let unsigned = |claims: &Value| {
            let part = |value: &Value| base64::Engine::encode(&base64::prelude::BASE64_URL_SAFE_NO_PAD, value.to_string());
            format!("{}.{}.", part(&json!({ "alg": "none", "kid": "idp-1" })), part(claims))
        };
        type Forger<'a> = Box<dyn Fn(&mut Value) -> Option<String> + 'a>;
        let set = |name: &'static str, value: Value| -> Forger<'_> {
            Box::new(move |claims| {
                claims[name] = value.clone();
                None
            })
        };
        let forgeries: Vec<(&str, Forger<'_>)> = vec![
            ("another nonce", set("nonce", json!("guessed"))),
            ("no nonce", set("nonce", Value::Null)),
            ("another issuer", set("iss", json!("https://evil.example"))),
            ("another audience", set("aud", json!("another client"))),
            ("no audience", set("aud", json!([]))),
            ("two audiences without a party", set("aud", json!([CLIENT, "another"]))),
            ("another party", set("azp", json!("another"))),
            ("expired", set("exp", json!(1_000))),
            ("not valid yet", set("nbf", json!(4_000_000_000_i64))),
            ("nobody", set("sub", json!(""))),
            ("no subject", set("sub", Value::Null)),
            ("another access token", set("at_hash", json!("AAAAAAAAAAAAAAAAAAAAAA"))),
            ("unsigned", Box::new(|claims| Some(unsigned(claims)))),
            ("another key of that name", Box::new(|claims| Some(stranger.sign("JWT", claims)))),
            ("no token", Box::new(|_| Some(String::new()))),
        ];
        for (what, forge) in forgeries {
            let (address, cookie) = begin(&scene.accounts.service, &scene.accounts.owner).await;
            let mut claims = scene.provider.claims(&address, "ann-at-corp", "ann@corp.example");
            scene.provider.forge(forge(&mut claims));
            let back = scene.provider.sign_in(&address, &claims);
            let answer = browse(&scene.accounts.service, &back, &cookie).await;
            assert_eq!(answer.status, StatusCode::UNAUTHORIZED, "{what}: {answer:?}");
            assert!(answer.headers.get("set-cookie").is_none(), "{what}");
        }
    }

    async fn an_answer_is_for_the_browser_and_the_sign_in_it_was_asked_for(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let (auth, owner) = (&scene.accounts.service, &scene.accounts.owner);
        let (address, cookie) = begin(auth, owner).await;
        let claims = scene.provider.claims(&address, "ann-at-corp", "ann@corp.example");
        let back = scene.provider.sign_in(&address, &claims);
        let (_, other_cookie) = begin(auth, owner).await;
        // A link that an attacker sends to its victim.
        browse(auth, &back, &other_cookie).await.expect(StatusCode::UNAUTHORIZED);
        browse(auth, &back, "").await.expect(StatusCode::UNAUTHORIZED);
        // Tried once, the state is used up.
        browse(auth, &back, &cookie).await.expect(StatusCode::UNAUTHORIZED);
        let (address, cookie) = begin(auth, owner).await;
        let claims = scene.provider.claims(&address, "ann-at-corp", "ann@corp.example");
        let back = scene.provider.sign_in(&address, &claims);
        let mixed_up = back.replace(&query(&format!("http://x{back}"))["iss"].replace(':', "%3A").replace('/', "%2F"), "https%3A%2F%2Fevil.example");
        assert_ne!(mixed_up, back);
        browse(auth, &mixed_up, &cookie).await.expect(StatusCode::UNAUTHORIZED);
        let denied = format!("/api/v1/auth/sso/callback?error=access_denied&state={}", query(&address)["state"]);
        browse(auth, &denied, &cookie).await.expect(StatusCode::FORBIDDEN);
    }

    async fn what_is_no_provider_cannot_be_set(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        scene.provider.rename("https://somebody.else.example");
        let issuer = scene.provider.issuer();
        for issuer in [&*issuer, "http://127.0.0.1:9/nothing", "https://login.example.invalid", "not an address"] {
            let refused = settings(&scene.accounts, issuer, false).await.expect(StatusCode::BAD_REQUEST);
            assert_eq!(refused["errors"][0]["pointer"], "/issuer", "{issuer}");
        }
        assert!(scene.names.address.port() > 0);
    }

    async fn an_organisation_can_demand_its_provider(world: World) {
        let mut world = world;
        let scene = scene(&mut world).await;
        let auth = &scene.accounts.service;
        member(&scene.accounts, "zoe@corp.example", &["member"]).await;
        settings(&scene.accounts, &scene.provider.issuer(), true).await.expect(StatusCode::OK);
        let refused = log_in(auth, "zoe@corp.example", PASSWORD).await.expect(StatusCode::FORBIDDEN);
        assert!(refused["detail"].as_str().unwrap().contains("/api/v1/auth/sso/"), "{refused}");
        log_in(auth, "owner@example.org", PASSWORD).await.expect(StatusCode::OK);
        let through = come_back(&scene, |claims| {
            claims["sub"] = "zoe".into();
            claims["email"] = "zoe@corp.example".into();
        }).await;
        signed_in(auth, &through).await;
    }
}

/// Without permission no provider in a private network is asked.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_provider_in_a_private_network_needs_permission() {
    let mut world = World::sqlite();
    let provider = IdentityProvider::start().await;
    let accounts = set_up(&mut world).await;
    settings(&accounts, &provider.issuer(), false).await.expect(StatusCode::BAD_REQUEST);
}
