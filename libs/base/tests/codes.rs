//! The codes of problems as clients read of them: in documents, in OpenAPI, in `docs/api.md`.

use base::problem::Code;
use utoipa::PartialSchema;

#[test]
fn openapi_lists_the_codes_that_documents_have() {
    let schema = serde_json::to_value(Code::schema()).unwrap();
    let sent: Vec<_> = Code::ALL.iter().map(|code| serde_json::to_value(code).unwrap()).collect();
    assert_eq!(schema["enum"].as_array().unwrap(), &sent);
}

#[test]
fn the_description_of_the_api_has_every_code_with_its_status() {
    let description = include_str!("../../../docs/api.md");
    for code in Code::ALL {
        let (name, status) = (format!("`{}`", code.as_str()), code.http().as_u16().to_string());
        let row = description.lines().find(|line| line.starts_with('|') && line.contains(&name));
        let row = row.unwrap_or_else(|| panic!("{name} has no row in docs/api.md"));
        assert!(row.contains(&status), "{name} has not the status {status}: {row}");
    }
}
