//! Configuration: what wins, and how faults are told.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::path::Path;

use common::{
    config::{Origin, Reader, Settings, Variable},
    server::{self, FRAME_VARIABLES, Shape},
};

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
        ("BUS", "nats"),
        ("NATS_URL", "redis://broker"),
        ("NATS_REPLICAS", "2"),
    ]
    .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(FRAME_VARIABLES.to_vec(), Path::new("absent.toml"), environment.clone()).unwrap();
    let report = server::check(&[], &settings, Shape::Together).unwrap_err().to_string();
    for (name, _) in &environment {
        assert!(report.contains(name.as_str()), "{name} is missing from: {report}");
    }
}

#[test]
fn more_than_loopback_needs_accounts() {
    let environment = [("BIND", "0.0.0.0:8080"), ("GRPC_BIND", "0.0.0.0:50051")]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
    let settings = Settings::load(FRAME_VARIABLES.to_vec(), Path::new("absent.toml"), environment).unwrap();
    let report = server::check(&[], &settings, Shape::Together).unwrap_err().to_string();
    assert_eq!(report.matches("needs accounts").count(), 2, "{report}");
}
