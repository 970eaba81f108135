//! The contract of objects, in a folder and in S3, and what an S3 server that is away does to it.
#![expect(clippy::unwrap_used, reason = "tests")]

use std::{path::Path, time::Duration};

use base::{Scope, config::Secret};
use bytes::Bytes;
use futures::{Stream, StreamExt, stream};
use objects::{ObjectError, Objects, S3Options};
use tempfile::TempDir;
use uuid::Uuid;

/// Nothing here takes so long unless it takes forever.
const FOREVER: Duration = Duration::from_secs(120);
const MEBIBYTE: usize = 1024 * 1024;

/// Objects and what is behind them.
struct Twin {
    objects: Objects,
    place: Place,
}

enum Place {
    Folder(TempDir),
    Server(testkit::S3),
}

impl Twin {
    /// Files it keeps, finished or not.
    fn files(&self) -> usize {
        match &self.place {
            Place::Folder(folder) => count(folder.path()),
            Place::Server(server) => server.files().len(),
        }
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path());
    entries.map(|path| if path.is_dir() { count(&path) } else { 1 }).sum()
}

async fn both() -> Vec<Twin> {
    let folder = tempfile::tempdir().unwrap();
    let mut twins = vec![Twin { objects: Objects::local(folder.path()).unwrap(), place: Place::Folder(folder) }];
    if let Some((objects, server)) = s3().await {
        twins.push(Twin { objects, place: Place::Server(server) });
    }
    twins
}

async fn s3() -> Option<(Objects, testkit::S3)> {
    let server = testkit::S3::start().await?;
    Some((Objects::s3(&server.options()).await.unwrap(), server))
}

fn tenant(org: u128) -> Scope {
    testkit::tenant(Uuid::from_u128(org), Uuid::nil())
}

/// `pieces` MiB, each piece of bytes of its own number.
fn pieces(pieces: u8) -> impl Stream<Item = Result<Bytes, ObjectError>> + Unpin + Send {
    stream::iter(0..pieces).map(|number| Ok(vec![number; MEBIBYTE].into()))
}

async fn eventually(what: &str, holds: impl Fn() -> bool) {
    let wait = async {
        while !holds() {
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    };
    assert!(tokio::time::timeout(FOREVER, wait).await.is_ok(), "never: {what}");
}

#[tokio::test]
async fn what_was_put_is_there_until_it_is_deleted() {
    for Twin { objects, place: _place } in both().await {
        let id = Uuid::from_u128(1);
        objects.put(&tenant(1), id, stream::iter([Ok("one ".into()), Ok("two".into())])).await.unwrap();
        assert_eq!(objects.get(&tenant(1), id).await.unwrap(), "one two");
        objects.put(&tenant(1), id, stream::iter([Ok("three".into())])).await.unwrap();
        assert_eq!(objects.get(&tenant(1), id).await.unwrap(), "three");
        objects.delete(&tenant(1), id).await.unwrap();
        assert!(matches!(objects.get(&tenant(1), id).await, Err(ObjectError::Missing)));
        objects.delete(&tenant(1), id).await.unwrap();
        objects.ping().await.unwrap();
    }
}

#[tokio::test]
async fn tenants_share_nothing() {
    for Twin { objects, place: _place } in both().await {
        let id = Uuid::from_u128(1);
        objects.put(&tenant(1), id, stream::iter([Ok("secret".into())])).await.unwrap();
        assert!(matches!(objects.get(&tenant(2), id).await, Err(ObjectError::Missing)));
        objects.delete(&tenant(2), id).await.unwrap();
        assert_eq!(objects.get(&tenant(1), id).await.unwrap(), "secret");
    }
}

#[tokio::test]
async fn a_large_object_goes_in_parts_and_comes_back_whole() {
    for twin in both().await {
        let id = Uuid::from_u128(1);
        twin.objects.put(&tenant(1), id, pieces(20)).await.unwrap();
        let whole = twin.objects.get(&tenant(1), id).await.unwrap();
        let expected: Vec<u8> = (0..20).flat_map(|number| vec![number; MEBIBYTE]).collect();
        assert!(whole == expected, "{} bytes came back", whole.len());
        assert_eq!(twin.files(), 1, "the parts are gone");
    }
}

#[tokio::test]
async fn a_part_of_an_object_is_read_in_pieces() {
    for twin in both().await {
        let (scope, id) = (tenant(1), Uuid::from_u128(1));
        twin.objects.put(&scope, id, pieces(8)).await.unwrap();
        let mebibyte = MEBIBYTE as u64;
        let mut stream = twin.objects.stream(&scope, id, mebibyte - 1..3 * mebibyte).await.unwrap();
        let first = stream.next().await.unwrap().unwrap();
        assert!(first.len() < MEBIBYTE, "{} bytes at once", first.len());
        let mut read = first.to_vec();
        while let Some(piece) = stream.next().await {
            read.extend_from_slice(&piece.unwrap());
        }
        let expected: Vec<u8> = [vec![0], vec![1; MEBIBYTE], vec![2; MEBIBYTE]].concat();
        assert!(read == expected, "{} bytes came back", read.len());
        assert_eq!(twin.objects.get_range(&scope, id, mebibyte - 1..mebibyte + 1).await.unwrap(), [0, 1][..]);
        let stranger = twin.objects.stream(&tenant(2), id, 0..1).await;
        assert!(matches!(stranger.err(), Some(ObjectError::Missing)));
    }
}

#[tokio::test]
async fn a_stream_that_fails_leaves_nothing() {
    for twin in both().await {
        for whole in [0, 12] {
            // A server may still store a part that is on its way when the upload is aborted.
            let cut_off = stream::once(async {
                tokio::time::sleep(Duration::from_millis(300)).await;
                Err(ObjectError::Source("cut off".to_owned()))
            });
            let failing = pieces(whole).chain(cut_off).boxed();
            let put = twin.objects.put(&tenant(1), Uuid::from_u128(1), failing).await;
            assert_eq!(put.unwrap_err().to_string(), "cut off");
            assert!(matches!(twin.objects.get(&tenant(1), Uuid::from_u128(1)).await, Err(ObjectError::Missing)));
            eventually("the parts are taken back", || twin.files() == 0).await;
        }
    }
}

#[tokio::test]
async fn a_sender_that_leaves_leaves_nothing() {
    for twin in both().await {
        let (objects, scope) = (twin.objects.clone(), tenant(1));
        let endless = pieces(12).chain(stream::pending());
        let upload = tokio::spawn(async move { objects.put(&scope, Uuid::from_u128(1), endless).await });
        // Both whole parts: a server may still store one that is on its way when the upload is taken back.
        let parts = if matches!(twin.place, Place::Server(_)) { 2 } else { 1 };
        eventually("parts are stored", || twin.files() >= parts).await;
        tokio::time::sleep(Duration::from_millis(300)).await;
        upload.abort();
        eventually("the parts are taken back", || twin.files() == 0).await;
    }
}

#[tokio::test]
async fn a_bucket_is_made_once_and_used_by_every_process() {
    let Some(server) = testkit::S3::start().await else { return };
    let options = server.options();
    let (one, other) = tokio::join!(Objects::s3(&options), Objects::s3(&options));
    one.unwrap().put(&tenant(1), Uuid::from_u128(1), stream::iter([Ok("shared".into())])).await.unwrap();
    assert_eq!(other.unwrap().get(&tenant(1), Uuid::from_u128(1)).await.unwrap(), "shared");
}

#[tokio::test]
async fn a_start_says_what_is_wrong_with_the_server() {
    let Some(mut server) = testkit::S3::start().await else { return };
    let wrong_key = S3Options { secret_key: Secret::new("guess"), ..server.options() };
    let refused = Objects::s3(&wrong_key).await.unwrap_err().to_string();
    assert!(refused.contains("403") && refused.contains("MINIO_SECRET_KEY"), "{refused}");
    assert!(!refused.contains("guess"), "{refused}");
    let no_name = S3Options { bucket: "NOT A NAME".to_owned(), ..server.options() };
    let refused = Objects::s3(&no_name).await.unwrap_err().to_string();
    assert!(refused.contains("\"NOT A NAME\""), "{refused}");
    server.kill();
    let away = Objects::s3(&server.options()).await.unwrap_err().to_string();
    assert!(away.contains("MINIO_ENDPOINT http://127.0.0.1:") && away.contains("nothing answers"), "{away}");
}

#[tokio::test]
async fn a_server_that_is_away_is_an_error_and_what_it_took_is_there_when_it_is_back() {
    let Some((objects, mut server)) = s3().await else { return };
    let (scope, kept, lost) = (tenant(1), Uuid::from_u128(1), Uuid::from_u128(2));
    objects.put(&scope, kept, pieces(8)).await.unwrap();
    server.kill();
    let away = async {
        assert!(objects.ping().await.is_err());
        assert!(matches!(objects.get(&scope, kept).await, Err(ObjectError::Store(_))));
        assert!(objects.put(&scope, lost, pieces(8)).await.is_err());
    };
    tokio::time::timeout(FOREVER, away).await.unwrap();
    server.restart().await;
    assert_eq!(objects.get(&scope, kept).await.unwrap().len(), 8 * MEBIBYTE);
    assert!(matches!(objects.get(&scope, lost).await, Err(ObjectError::Missing)));
    objects.put(&scope, lost, pieces(8)).await.unwrap();
}
