//! One organisation cannot starve the others.

use jobs::Jobs;
use testkit::on_both;

use crate::support::{Behaviour, Worker, deps, enqueue, eventually};

on_both! {
    async fn organisations_take_turns(world: World) {
        let deps = deps(&world).await;
        let (greedy, modest, third) = (world.ids.next(), world.ids.next(), world.ids.next());
        for number in 0..20 {
            enqueue(&deps, greedy, &format!("greedy {number}")).await;
        }
        for (org, name) in [(modest, "modest"), (third, "third")] {
            for number in 0..2 {
                enqueue(&deps, org, &format!("{name} {number}")).await;
            }
        }
        let slow = Behaviour::gated();
        let _worker = Worker::start(&world, Jobs::default().handle(1, slow.clone())).await;
        slow.open(6);
        eventually("six are done", async || slow.begun().len() == 7).await;
        let mut first = slow.begun();
        first.truncate(6);
        first.sort_unstable();
        assert_eq!(first, ["greedy 0", "greedy 1", "modest 0", "modest 1", "third 0", "third 1"]);
    }
}
