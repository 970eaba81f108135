//! The list does not contradict itself.

use std::collections::BTreeSet;

use registry::{EXAMPLE, SERVICES};

#[test]
fn no_two_services_share_a_name_a_port_a_variable_or_a_path() {
    let all = || SERVICES.iter().chain([&EXAMPLE]);
    let names: BTreeSet<_> = all().map(|service| service.name).collect();
    let ports: BTreeSet<_> = all().map(|service| (service.tier, service.port)).collect();
    let variables: BTreeSet<_> = all().map(|service| service.url_variable).collect();
    for distinct in [names.len(), ports.len(), variables.len()] {
        assert_eq!(distinct, SERVICES.len() + 1);
    }
    let prefixes: Vec<_> = all().flat_map(|service| service.prefixes).collect();
    for prefix in &prefixes {
        let overlapping = prefixes.iter().filter(|other| format!("{other}/").starts_with(&format!("{prefix}/")));
        assert_eq!(overlapping.count(), 1, "{prefix} belongs to one service");
    }
}
