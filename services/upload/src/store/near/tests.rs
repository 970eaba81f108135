//! The index against the exact scan.

use base::Scope;
use db::Db;
use testkit::service::{Person, World};
use uuid::Uuid;

use super::*;

const MODEL: &str = "a-model";
const LENGTH: usize = 256;
const LIMIT: i64 = 50;

/// Where the `topic`th group of vectors is.
fn topic(topic: i16) -> Vec<f32> {
    let angle = |place: usize| f32::from(i16::try_from(place * place % 1_000).unwrap()) * f32::from(topic + 1);
    (0..LENGTH).map(|place| angle(place).sin()).collect()
}

/// Puts 2,200 vectors of a person's around so many topics from `first` on.
async fn fill(db: &Db, who: &Person, from: i64, first: i32, topics: i64) {
    let mut session = db.begin(&who.scope()).await.unwrap();
    // The same numbers in every run.
    execute!(&mut session, unscoped: "SELECT setseed(0.5)").unwrap();
    execute!(
        &mut session,
        org on postgres: "INSERT INTO vectors (org, seq, project, model, dimensions, embedding)
             SELECT $1, $2 + n, $3, $4, $5, (
                 SELECT array_agg(sin((i * i % 1000) * ($6 + n % $7 + 1)) + random() * 1.2 - 0.6 ORDER BY i)::real[]::vector
                 FROM generate_series(0, $5 - 1) AS i WHERE n >= 0)
             FROM generate_series(0, 2199) AS n",
        from,
        Uuid::nil(),
        MODEL,
        i64::try_from(LENGTH).unwrap(),
        first,
        topics
    )
    .unwrap();
    session.commit().await.unwrap();
}

/// Without statistics, and among so few rows, Postgres would rather sort.
async fn prefer_the_index(session: &mut Session) {
    let settings = "SELECT set_config('enable_seqscan', 'off', true), set_config('enable_sort', 'off', true)";
    execute!(session, unscoped: settings).unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn the_index_finds_what_an_exact_scan_finds_among_the_vectors_of_others() {
    let Some(world) = World::postgres().await else { return };
    let db = world.deps(&crate::SERVICE).await.db;
    let (anna, eve) = (world.person(), world.person());
    fill(&db, &anna, 0, 0, 40).await;
    fill(&db, &eve, 1_000_000, 40, 4).await;

    let selection = Selection { project: None, ranges: None };
    let (mut found, mut wanted) = (0, 0);
    // Of the last ones, all near vectors are Eve's.
    for query in [0, 7, 20, 39, 40, 42].map(topic) {
        let mut session = db.read(&anna.scope()).await.unwrap();
        prefer_the_index(&mut session).await;
        let chosen = nearest(&mut session, &selection, MODEL, &query, LIMIT).await.unwrap();
        let ask = Ask { selection: &selection, model: MODEL, query: &query, limit: LIMIT };
        assert!(ask.is_large(&mut session).await.unwrap());
        let exact = ask.exact(&mut session).await.unwrap();
        let approximate = ask.approximate(&mut session, "vector").await.unwrap();
        assert_eq!(approximate.len(), exact.len(), "the index is read on past the vectors of others");
        assert_eq!(chosen, approximate);
        assert!(approximate.iter().all(|seq| *seq < 1_000_000), "Eve's: {approximate:?}");
        found += approximate.iter().filter(|seq| exact.contains(seq)).count();
        wanted += exact.len();
    }
    assert!(found * 100 >= wanted * 95, "recall: {found} of {wanted}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_length_that_is_said_to_have_an_index_has_one() {
    let Some(world) = World::postgres().await else { return };
    let db = world.deps(&crate::SERVICE).await.db;
    for length in [256, 384, 512, 768, 1024, 1536, 2048, 2560, 3072] {
        let mut session = db.read(&Scope::public()).await.unwrap();
        prefer_the_index(&mut session).await;
        let text = approximate(length, indexed_as(length).unwrap());
        let text = text.replace("$1", "gen_random_uuid()").replace("$2", "NULL").replace("$3", "'a'");
        let text = text.replace("$4", &format!("array_fill(0.5::real, ARRAY[{length}])")).replace("$5", "9");
        let plan: Vec<(String,)> =
            fetch_all!(&mut session, any on postgres: AssertSqlSafe(format!("EXPLAIN {text}"))).unwrap();
        let index = format!("vectors_near_{length} ");
        assert!(plan.iter().any(|(line,)| line.contains(&index)), "{plan:?}");
    }
}
