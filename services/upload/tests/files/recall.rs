//! Recall: for how many questions the right passage is among the first that are found.
//!
//! The questions in `recall/*.tsv` were written for this test, each with words of the passage that answers it; the passage is
//! found when a chunk has these words, whatever stands between them. `handbook.tsv` is about the sample folder and gates the
//! suite. `manuals.tsv` is about manuals that `make evals` unpacks, and is asked where `RECALL_DOCUMENTS` names their folder; half
//! of these questions, chosen by a hash of their words, was not looked at while retrieval was written.

mod plain_bm25;

use std::{
    collections::BTreeMap,
    fs,
    path::{Path, PathBuf},
    time::Duration,
};

use http::StatusCode;
use plain_bm25::{PlainBm25, words};
use proto::upload::v1::RetrieveRequest;
use reader::{ChunkSize, Format, Hints};
use testkit::{
    on_both,
    service::{Person, World},
};

use crate::support::{Part, Services, post, retrieve, start, text};

const HANDBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../examples/handbook");
/// Passages that are looked at in a library of manuals, and in a folder of a few files.
const FIRST: usize = 8;
const FIRST_OF_FEW: usize = 3;
/// How far a passage that is not among those is looked for, to say how near it was.
const FAR: u32 = 50;

struct Question {
    language: &'static str,
    document: &'static str,
    text: &'static str,
    /// Words of the right passage, or of each of several, in lower case with single spaces.
    passages: Vec<String>,
}

fn questions(table: &'static str) -> Vec<Question> {
    let rows = table.lines().skip(1).map(|line| {
        let [language, document, text, passage] = line.split('\t').collect::<Vec<_>>()[..] else { panic!("{line}") };
        Question { language, document, text, passages: passage.split('|').map(plain).collect() }
    });
    rows.collect()
}

fn plain(text: &str) -> String {
    words(text).collect::<Vec<_>>().join(" ")
}

impl Question {
    /// The place of the right passage, from 1.
    fn place(&self, passages: &[String]) -> Option<usize> {
        let is_right = |passage: &String| {
            let passage = format!(" {} ", plain(passage));
            self.passages.iter().any(|wanted| passage.contains(&format!(" {wanted} ")))
        };
        passages.iter().position(is_right).map(|index| index + 1)
    }

    /// FNV-1a with a seed: which questions stay unseen does not change when others are added.
    fn is_held_out(&self) -> bool {
        let seeded = 0xcbf2_9ce4_8422_2325_u64 ^ 20_261;
        let hash = self.text.bytes().fold(seeded, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
        (hash >> 32) % 2 == 0
    }
}

/// The files of a folder by their paths in it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    fn collect(root: &Path, folder: &Path, files: &mut BTreeMap<String, Vec<u8>>) {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                collect(root, &path, files);
            } else {
                let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
                files.insert(name, fs::read(&path).unwrap());
            }
        }
    }
    let mut files_of_folder = BTreeMap::new();
    collect(folder, folder, &mut files_of_folder);
    files_of_folder
}

/// The chunks of all files, and under each what it is found by: its headings and the title of its file stand with it.
fn chunks(files: &BTreeMap<String, Vec<u8>>) -> (Vec<String>, Vec<String>) {
    let (mut texts, mut indexed) = (Vec::new(), Vec::new());
    for (path, bytes) in files {
        let format = Format::detect(Some(path), None, &bytes[..bytes.len().min(4_096)]).unwrap();
        let Ok(document) = reader::parse(format, bytes, &Hints::default()) else { continue };
        for chunk in reader::chunks(&document, ChunkSize::default(), ::text::tokens::count) {
            let title = document.title.as_deref().unwrap_or_default();
            indexed.push(format!("{path}\n{title}\n{}\n{}", chunk.heading.join("\n"), chunk.text));
            texts.push(chunk.text);
        }
    }
    (texts, indexed)
}

async fn add_all(services: &Services, who: &Person, files: &BTreeMap<String, Vec<u8>>) {
    services.project(who, "library").await;
    let mut ids = Vec::new();
    for (path, bytes) in files {
        let parts = [Part::Field("project", "library"), Part::Field("path", path), Part::File(path, bytes)];
        let answer = post(&services.upload, who, &parts).await;
        ids.push(text(&answer.expect(StatusCode::ACCEPTED)["id"]));
    }
    for id in ids {
        loop {
            let file = services.upload.get(who, &format!("/api/v1/upload/{id}")).await.expect(StatusCode::OK);
            match file["status"].as_str() {
                Some("indexed" | "failed") => break,
                _ => tokio::time::sleep(Duration::from_millis(20)).await,
            }
        }
    }
}

async fn found(services: &Services, who: &Person, question: &str) -> Vec<String> {
    let request = RetrieveRequest { queries: vec![question.to_owned()], limit: FAR, ..RetrieveRequest::default() };
    let answer = retrieve(&services.upload, who, request).await;
    assert_eq!(answer.degraded, "");
    answer.chunks.into_iter().map(|chunk| chunk.text).collect()
}

/// At which place GooSeek finds the right passage for each question.
async fn places(world: &mut World, documents: &Path, asked: &[Question]) -> Vec<Option<usize>> {
    let services = start(world).await;
    let anna = world.person();
    add_all(&services, &anna, &files(documents)).await;
    let mut places = Vec::new();
    for question in asked {
        places.push(question.place(&found(&services, &anna, question.text).await));
    }
    places
}

/// Prints the recall of a column for groups of questions, and the questions that were looked at and not answered by the first
/// passages; returns the recall of all.
fn recall(column: &str, asked: &[Question], places: &[Option<usize>], first: usize) -> f64 {
    let is_first = |place: &Option<usize>| place.is_some_and(|place| place <= first);
    let share = |pick: &dyn Fn(&Question) -> bool| {
        let picked = asked.iter().zip(places).filter(|(asked, _)| pick(asked));
        let (all, right) =
            picked.fold((0, 0), |(all, right), (_, place)| (all + 1, right + u32::from(is_first(place))));
        (f64::from(right) / f64::from(all.max(1)), all)
    };
    type Belongs<'a> = &'a dyn Fn(&Question) -> bool;
    let groups: [(&str, Belongs<'_>); 5] = [
        ("all", &|_| true),
        ("seen", &|question| !question.is_held_out()),
        ("unseen", &Question::is_held_out),
        ("English", &|question| question.language == "en"),
        ("Russian", &|question| question.language == "ru"),
    ];
    let groups = groups.map(|(name, pick)| {
        let (share, all) = share(pick);
        format!("{name} {share:.2} of {all}")
    });
    println!("recall@{first}, {column}: {}", groups.join(", "));
    for (question, place) in
        asked.iter().zip(places).filter(|(question, place)| !is_first(place) && !question.is_held_out())
    {
        let place = place.map_or("not found".to_owned(), |place| format!("only at {place}"));
        println!("    {place}, in {}: {}", question.document, question.text);
    }
    share(&|_| true).0
}

fn manuals() -> Option<(PathBuf, Vec<Question>)> {
    let documents = PathBuf::from(std::env::var_os("RECALL_DOCUMENTS")?);
    let mut asked = questions(include_str!("recall/manuals.tsv"));
    asked.retain(|question| documents.join(question.document).exists());
    Some((documents, asked))
}

#[test]
fn plain_bm25_over_the_same_chunks() {
    let Some((documents, asked)) = manuals() else { return };
    let (texts, indexed) = chunks(&files(&documents));
    println!("{} questions about {} chunks", asked.len(), texts.len());
    for question in &asked {
        assert!(question.place(&texts).is_some(), "no chunk has the passage of {:?}", question.text);
    }
    let plain = PlainBm25::new(&indexed);
    let place = |question: &Question| {
        let found = plain.best(question.text, FAR as usize);
        question.place(&found.into_iter().map(|chunk| texts[chunk].clone()).collect::<Vec<_>>())
    };
    let places: Vec<Option<usize>> = asked.iter().map(place).collect();
    recall("plain BM25", &asked, &places, FIRST);
}

on_both! {
    async fn passages_of_the_handbook_are_found_by_words(world: World) {
        let mut world = world;
        let asked = questions(include_str!("recall/handbook.tsv"));
        let places = places(&mut world, Path::new(HANDBOOK), &asked).await;
        assert!(recall("handbook, by words", &asked, &places, FIRST_OF_FEW) >= 0.95);
    }

    async fn passages_of_the_handbook_are_found_with_vectors(world: World) {
        let Some(model) = testkit::embedding_model() else { return };
        let mut world = world;
        world.set("EMBEDDING_MODEL_DIR", model.display().to_string());
        let asked = questions(include_str!("recall/handbook.tsv"));
        let places = places(&mut world, Path::new(HANDBOOK), &asked).await;
        assert!(recall("handbook, with vectors", &asked, &places, FIRST_OF_FEW) >= 0.95);
    }

    async fn passages_of_manuals_are_found_by_words(world: World) {
        let Some((documents, asked)) = manuals() else { return };
        let mut world = world;
        let places = places(&mut world, &documents, &asked).await;
        assert!(recall("GooSeek, by words", &asked, &places, FIRST) >= 0.9);
    }

    async fn passages_of_manuals_are_found_with_vectors(world: World) {
        let (Some((documents, asked)), Some(model)) = (manuals(), testkit::embedding_model()) else { return };
        let mut world = world;
        world.set("EMBEDDING_MODEL_DIR", model.display().to_string());
        let places = places(&mut world, &documents, &asked).await;
        assert!(recall("GooSeek, with vectors", &asked, &places, FIRST) >= 0.95);
    }
}
