//! Configuration: what wins, and how faults are told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use base::config::{Origin, Reader, Settings, Variable};
use db::Migrations;
use server::{Mode, service::ServiceDef};
use testkit::{TestCertificate, service::idle};

const VARIABLES: &[Variable] = &[
    Variable::with_default("PORT", "80", "a port"),
    Variable::with_default("PAUSE", "5s", "a pause"),
    Variable::secret("KEY", "a secret"),
];

fn load(file: &Path, environment: &[(&str, &str)]) -> Settings {
    let environment = environment.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    Settings::load(VARIABLES.to_vec(), file, environment).unwrap()
}

#[test]
fn the_environment_wins_over_the_file_and_the_file_over_the_default() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gooseek.toml");
    std::fs::write(&file, "PORT = 81\nPAUSE = \"1m\"\n").unwrap();
    let settings = load(&file, &[("PORT", "82"), ("UNRELATED", "x")]);
    assert_eq!((settings.get("PORT"), settings.get("PAUSE")), (Some("82"), Some("1m")));
    let origins: Vec<Option<&Origin>> =
        settings.effective().map(|(_, value)| value.map(|(_, origin)| origin)).collect();
    assert_eq!(origins, [Some(&Origin::Environment), Some(&Origin::File(file.display().to_string())), None]);
    let settings = settings.with_option("PORT", "--port", "83".to_owned());
    let (_, port) = settings.effective().next().unwrap();
    assert_eq!(port.map(|(value, origin)| (value, origin.to_string())), Some(("83", "--port".to_owned())));
}

#[test]
fn a_misspelt_variable_of_the_environment_is_a_fault_that_names_the_right_one() {
    let variables = [Variable::optional("SEARXNG_URL", "a metasearch engine"), VARIABLES[0]];
    let load = |name: &str| {
        Settings::load(variables.to_vec(), Path::new("absent.toml"), [(name.to_owned(), "http://searx".to_owned())])
    };
    for misspelt in ["SEARXNGURL", "searxng_url", "SEARXNG_ULR", "SEARXNG-URL", "SEARXG_URL"] {
        let fault = load(misspelt).unwrap_err().to_string();
        assert!(fault.ends_with(&format!("{misspelt} is not a variable: SEARXNG_URL?")), "{fault}");
    }
    for foreign in ["SEARCH_URL", "SPORT", "PORTS", "SEARXNG_SECRET_KEY", "PATH"] {
        assert!(load(foreign).is_ok(), "{foreign}");
    }
}

#[test]
fn a_misspelt_setting_of_the_file_is_a_fault() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("gooseek.toml");
    std::fs::write(&file, "PROT = 81\n").unwrap();
    let error = Settings::load(VARIABLES.to_vec(), &file, []).unwrap_err();
    assert!(error.to_string().contains("prot is not a setting") || error.to_string().contains("PROT is not a setting"));
}

#[test]
fn secrets_are_never_printed() {
    let settings = load(Path::new("absent.toml"), &[("KEY", "hunter2")]);
    assert!(!format!("{settings:?}").contains("hunter2"));
    let secret = Reader::new(&settings).secret("KEY").unwrap();
    assert_eq!((secret.expose(), format!("{secret:?}").as_str()), ("hunter2", "***"));
}

#[test]
fn every_fault_is_named_at_once() {
    let environment = [
        ("BIND", "8080"),
        ("OUTBOX_RETENTION", "week"),
        ("POSTGRES_URL", "mysql://x"),
        ("REDIS_URL", "http://x"),
        ("MINIO_SECRET_KEY", "x"),
        ("JWT_SECRET", "x"),
        ("TRUSTED_PROXIES", "proxy.internal"),
        ("BUS", "nats"),
        ("NATS_URL", "redis://broker"),
        ("NATS_REPLICAS", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment.clone()).unwrap();
    let report = server::check(&[], &settings, Mode::AllInOne).unwrap_err().to_string();
    for (name, _) in &environment {
        assert!(report.contains(name.as_str()), "{name} is missing from: {report}");
    }
}

/// The addresses of HTTP and gRPC of a service on its own, or of all in one process.
fn addresses(mode: Mode, set: &[(&str, &str)]) -> (String, Option<String>) {
    let environment = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
    let options = server::check(&[], &settings, mode).unwrap();
    (options.bind.to_string(), options.grpc_bind.map(|address| address.to_string()))
}

#[test]
fn a_service_alone_has_a_port_for_grpc_and_what_is_given_is_kept() {
    let alone = |set: &[(&str, &str)]| addresses(Mode::Single { name: "chat", port: 3000 }, set);
    let own = |bind: &str, grpc: &str| (bind.to_owned(), Some(grpc.to_owned()));
    assert_eq!(alone(&[]), own("127.0.0.1:3000", "127.0.0.1:50051"));
    assert_eq!(alone(&[("BIND", "127.0.0.1:8080")]), own("127.0.0.1:8080", "127.0.0.1:50051"));
    assert_eq!(alone(&[("BIND", "0.0.0.0:3000")]), own("0.0.0.0:3000", "0.0.0.0:50051"));
    assert_eq!(alone(&[("GRPC_BIND", "127.0.0.1:9")]), own("127.0.0.1:3000", "127.0.0.1:9"));
    let shared = [("BIND", "127.0.0.1:7"), ("GRPC_BIND", "127.0.0.1:7")];
    assert_eq!(alone(&shared), ("127.0.0.1:7".to_owned(), None));

    let together = |set: &[(&str, &str)]| addresses(Mode::AllInOne, set);
    assert_eq!(together(&[]), ("127.0.0.1:8080".to_owned(), None));
    assert_eq!(together(&[("GRPC_BIND", "127.0.0.1:9")]), own("127.0.0.1:8080", "127.0.0.1:9"));
}

/// A service that reads the secret which access tokens are signed with.
fn issuer() -> ServiceDef {
    const VARIABLES: &[&[Variable]] = &[&[Variable::secret("JWT_SECRET", "signs access tokens")]];
    ServiceDef { variables: VARIABLES, ..idle("auth", Migrations::NONE) }
}

#[test]
fn the_signing_secret_is_refused_where_no_service_reads_it() {
    let environment = [("JWT_SECRET".to_owned(), "x".to_owned())];
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
    let report = server::check(&[], &settings, Mode::AllInOne).unwrap_err().to_string();
    assert!(report.contains("JWT_SECRET"), "{report}");
    assert!(server::check(&[issuer()], &settings, Mode::AllInOne).is_ok());
}

#[test]
fn more_than_loopback_needs_accounts() {
    let environment = [("BIND", "0.0.0.0:8080"), ("GRPC_BIND", "0.0.0.0:50051")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
    let report = server::check(&[], &settings, Mode::AllInOne).unwrap_err().to_string();
    assert_eq!(report.matches("needs accounts").count(), 2, "{report}");
}

/// The faults of these values, for the all-in-one server.
fn faults(set: &[(&str, &str)]) -> String {
    let environment = set.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
    let settings = Settings::load(server::frame_variables(), Path::new("absent.toml"), environment).unwrap();
    server::check(&[], &settings, Mode::AllInOne).err().map(|error| error.to_string()).unwrap_or_default()
}

#[test]
fn a_certificate_that_cannot_be_used_is_a_fault_that_names_its_variable() {
    let folder = tempfile::tempdir().unwrap();
    let file = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap();
        path.display().to_string()
    };
    let (good, other, expired) = (TestCertificate::new(), TestCertificate::new(), TestCertificate::expired());
    let (cert, key) = (file("cert", &good.cert), file("key", &good.key));
    assert_eq!(faults(&[("TLS_CERT", &cert), ("TLS_KEY", &key)]), "");
    let old = (file("old", &expired.cert), file("old key", &expired.key));
    for (cert, key, fault) in [
        (&*cert, "", "TLS_KEY is not set: TLS_CERT and TLS_KEY belong together"),
        ("", &*key, "TLS_CERT is not set"),
        ("/nowhere/cert.pem", &*key, "TLS_CERT: /nowhere/cert.pem cannot be read"),
        (&*cert, "/nowhere/key.pem", "TLS_KEY: /nowhere/key.pem cannot be read"),
        (&*key, &*key, "TLS_CERT: there is no certificate"),
        (&*cert, &*cert, "TLS_KEY: there is no private key"),
        (&*cert, &*file("other", &other.key), "TLS_KEY: the key does not belong to the certificate"),
        (&*old.0, &*old.1, "TLS_CERT: the certificate has expired"),
    ] {
        let report = faults(&[("TLS_CERT", cert), ("TLS_KEY", key)]);
        assert!(report.contains(fault), "{fault} is missing from: {report}");
    }
}

#[test]
fn plain_http_beyond_loopback_is_a_fault_unless_the_operator_wants_it_or_a_proxy_protects_it() {
    const FAULT: &str = "passwords and tokens would cross the network unencrypted";
    let folder = tempfile::tempdir().unwrap();
    let (cert, key) = TestCertificate::new().write(folder.path());
    let (cert, key) = (cert.display().to_string(), key.display().to_string());
    let with = |more: &[(&str, &str)]| {
        let accounts = [("BIND", "0.0.0.0:8080"), ("AUTH_SERVICE_URL", "http://auth-svc:3000")];
        faults(&accounts.into_iter().chain(more.iter().copied()).collect::<Vec<_>>())
    };
    assert!(with(&[]).contains(FAULT));
    assert!(with(&[("INSECURE_HTTP", "maybe")]).contains("INSECURE_HTTP"));
    assert_eq!(with(&[("INSECURE_HTTP", "true")]), "");
    assert_eq!(with(&[("TRUSTED_PROXIES", "10.0.0.0/8")]), "");
    assert_eq!(with(&[("TLS_CERT", &cert), ("TLS_KEY", &key)]), "");
    assert_eq!(faults(&[("BIND", "127.0.0.1:8080")]), "");
    assert_eq!(faults(&[("BIND", "[::1]:8080")]), "");
}
