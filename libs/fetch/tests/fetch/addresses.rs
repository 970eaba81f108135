//! Which addresses count as public, and how opened networks are written.

use fetch::{Policy, address::is_global, parse_cidrs};

#[test]
fn ordinary_addresses_are_global() {
    for ip in [
        "1.1.1.1",
        "8.8.8.8",
        "9.255.255.255",
        "11.0.0.0",
        "100.63.255.255",
        "100.128.0.0",
        "126.255.255.255",
        "128.0.0.0",
        "169.253.255.255",
        "169.255.0.0",
        "172.15.255.255",
        "172.32.0.0",
        "191.255.255.255",
        "192.0.1.0",
        "192.167.255.255",
        "192.169.0.0",
        "198.17.255.255",
        "198.20.0.0",
        "223.255.255.255",
        "2000::",
        "2001:200::1",
        "2001:4860:4860::8888",
        "2606:4700:4700::1111",
        "2a00:1450:4001:81b::200e",
        "2001:db7::1",
        "2001:db9::1",
        "2003::1",
        "2620:4f:7fff::1",
        "3ffe:ffff::1",
        "64:ff9b::8.8.8.8",
    ] {
        assert!(is_global(ip.parse().unwrap()), "{ip}");
    }
}

#[test]
fn special_blocks_are_not_global_from_their_first_address_to_their_last() {
    for (first, last) in [
        ("0.0.0.0", "0.255.255.255"),
        ("10.0.0.0", "10.255.255.255"),
        ("100.64.0.0", "100.127.255.255"),
        ("127.0.0.0", "127.255.255.255"),
        ("169.254.0.0", "169.254.255.255"),
        ("172.16.0.0", "172.31.255.255"),
        ("192.0.0.0", "192.0.0.255"),
        ("192.0.2.0", "192.0.2.255"),
        ("192.31.196.0", "192.31.196.255"),
        ("192.52.193.0", "192.52.193.255"),
        ("192.88.99.0", "192.88.99.255"),
        ("192.168.0.0", "192.168.255.255"),
        ("192.175.48.0", "192.175.48.255"),
        ("198.18.0.0", "198.19.255.255"),
        ("198.51.100.0", "198.51.100.255"),
        ("203.0.113.0", "203.0.113.255"),
        ("224.0.0.0", "255.255.255.255"),
        ("::", "1fff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001::", "2001:1ff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2002::", "2002:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("2620:4f:8000::", "2620:4f:8000:ffff:ffff:ffff:ffff:ffff"),
        ("3fff::", "3fff:fff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("4000::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
        ("64:ff9b::10.0.0.0", "64:ff9b::10.255.255.255"),
        ("64:ff9b:1::", "64:ff9b:1:ffff:ffff:ffff:ffff:ffff"),
        ("::ffff:0.0.0.0", "::ffff:255.255.255.255"),
        ("2a00:1450::5efe:8.8.8.8", "2a00:1450::200:5efe:8.8.8.8"),
    ] {
        assert!(!is_global(first.parse().unwrap()), "{first}");
        assert!(!is_global(last.parse().unwrap()), "{last}");
    }
}

#[test]
fn a_list_of_networks_is_read_whole_or_names_the_piece_at_fault() {
    let list = parse_cidrs(" 10.0.0.0/8, fd00::/8 ,192.168.7.9,::1/128,").unwrap();
    assert_eq!(
        list.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["10.0.0.0/8", "fd00::/8", "192.168.7.9/32", "::1/128"]
    );
    assert_eq!(parse_cidrs("").unwrap(), []);
    assert_eq!(parse_cidrs("0.0.0.0/0,::/0").unwrap().len(), 2);

    for (list, message) in [
        ("10.0.0.0/8,intranet", "\"intranet\" is not an IP address or a block such as 10.0.0.0/8"),
        ("10.0.0.0/33", "\"10.0.0.0/33\" has a prefix longer than the address"),
        ("fd00::/129", "\"fd00::/129\" has a prefix longer than the address"),
        ("10.0.0.0/a", "\"10.0.0.0/a\" has a prefix length that is not a number"),
        ("10.1.2.3/8", "\"10.1.2.3/8\" has bits set after its prefix"),
        ("fd00::1/64", "\"fd00::1/64\" has bits set after its prefix"),
    ] {
        assert_eq!(parse_cidrs(list).unwrap_err().to_string(), message);
    }
}

#[test]
fn an_allowed_network_admits_its_addresses_and_their_mapped_forms() {
    let policy = Policy { allow_cidrs: parse_cidrs("10.0.0.0/8").unwrap(), ..Policy::default() };
    for inside in ["10.0.0.0", "10.255.255.255", "::ffff:10.1.2.3"] {
        assert!(policy.admits(inside.parse().unwrap()), "{inside}");
    }
    for outside in ["192.168.0.1", "127.0.0.1", "::a00:1", "fd00::1", "::ffff:192.168.0.1"] {
        assert!(!policy.admits(outside.parse().unwrap()), "{outside}");
    }
}
