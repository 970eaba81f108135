//! Where a person goes on after signing in.

/// The path, if it is one of this server; `/` for anything that could lead a browser elsewhere.
pub(super) fn own_path(wanted: &str) -> &str {
    // `//host` and `/\host` are other hosts to a browser, which also drops tabs and line ends.
    let is_own = wanted.starts_with('/')
        && !wanted[1..].starts_with(['/', '\\'])
        && !wanted.contains(|c: char| c.is_control() || c.is_whitespace());
    if is_own { wanted } else { "/" }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_path_of_this_server_is_followed() {
        for own in ["/", "/?thread=0190-1", "/account/security", "/a//b"] {
            assert_eq!(own_path(own), own);
        }
        for foreign in [
            "",
            "https://evil.example/",
            "//evil.example",
            "/\\evil.example",
            "\\/evil.example",
            "javascript:alert(1)",
            "/\t/evil.example",
            "/\n/evil.example",
            " //evil.example",
            "evil.example",
        ] {
            assert_eq!(own_path(foreign), "/", "{foreign:?}");
        }
    }
}
