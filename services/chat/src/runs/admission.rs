//! Which runs a process takes on: as many as it may have, and of an organisation no more than leaves others theirs.

use std::collections::HashSet;

use access::LOCAL_ORG;
use uuid::Uuid;

/// Whether one more run of `org` may begin beside those of `live`, which has the organisation of each run.
///
/// From half of the limit on an organisation has an equal share with the others that have runs. An eighth is kept for
/// whoever has none; the owner of a machine without accounts is alone and may have all.
pub(super) fn has_room(live: impl Iterator<Item = Uuid>, org: Uuid, limit: usize) -> bool {
    let (mut all, mut own, mut orgs) = (0, 0, HashSet::from([org]));
    for other in live {
        all += 1;
        own += usize::from(other == org);
        orgs.insert(other);
    }
    if all >= limit {
        return false;
    }
    if org == LOCAL_ORG || all < limit / 2 {
        return true;
    }
    own < (limit / orgs.len()).min(limit - limit / 8).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    const LIMIT: usize = 64;

    fn org(number: u128) -> Uuid {
        Uuid::from_u128(0xACC0_0000 + number)
    }

    /// How many of `wanted` runs begin, asked for one after the other beside `live`.
    fn begin(live: &mut Vec<Uuid>, org: Uuid, wanted: usize) -> usize {
        let before = live.len();
        for _ in 0..wanted {
            if has_room(live.iter().copied(), org, LIMIT) {
                live.push(org);
            }
        }
        live.len() - before
    }

    #[test]
    fn one_organisation_leaves_room_for_others() {
        let mut live = Vec::new();
        assert_eq!(begin(&mut live, org(1), 1_000), 56);
        assert_eq!(begin(&mut live, org(2), 1_000), 8, "until one of the first ends");
        live.retain({
            let mut kept = 0;
            move |other| {
                kept += usize::from(*other == org(1));
                *other != org(1) || kept <= 40
            }
        });
        assert_eq!(begin(&mut live, org(1), 1_000), 0, "more than its share is not filled up again");
        assert_eq!(begin(&mut live, org(2), 1_000), 16);
    }

    #[test]
    fn without_accounts_the_owner_has_the_machine() {
        assert_eq!(begin(&mut Vec::new(), LOCAL_ORG, 1_000), LIMIT);
    }
}
