//! Nearest vectors on SQLite: every vector of a project in int8, kept at hand and scanned exactly; the best are compared again in
//! full precision.

use std::{cmp::Reverse, collections::BinaryHeap, sync::Arc, time::Duration};

use base::Scope;
use db::{Db, DbError};
use moka::future::Cache;
use uuid::Uuid;

use crate::{retrieve::Selection, store};

/// A project nobody asks about is dropped from memory after this.
const IDLE: Duration = Duration::from_secs(15 * 60);
/// Vectors read at once.
const PAGE: i64 = 4_096;
/// Candidates of the scan for each wanted result.
const OVERSAMPLING: usize = 4;
const MIN_CANDIDATES: usize = 64;

#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Key {
    org: Uuid,
    project: Uuid,
    model: Arc<str>,
    /// A change makes a new version, so what is cached never has to be taken back.
    version: i64,
}

/// The vectors of one project.
#[derive(Debug, Default)]
struct VectorIndex {
    /// Ascending.
    seqs: Vec<i64>,
    dimensions: usize,
    /// `dimensions` for each number.
    codes: Vec<i8>,
    /// What a code of 1 stands for, for each number.
    scales: Vec<f32>,
}

/// Vectors kept at hand, dropped by size and age. Cheap to clone.
#[derive(Debug, Clone)]
pub(crate) struct VectorIndexCache {
    cache: Cache<Key, Arc<VectorIndex>>,
}

impl VectorIndexCache {
    /// Keeps about `bytes` at most.
    pub(crate) fn new(bytes: u64) -> Self {
        let weigh = |_: &Key, index: &Arc<VectorIndex>| {
            u32::try_from(index.codes.len() + index.seqs.len() * 12 + 256).unwrap_or(u32::MAX)
        };
        Self { cache: Cache::builder().max_capacity(bytes).weigher(weigh).time_to_idle(IDLE).build() }
    }

    /// The numbers of the nearest chunks of a selection, nearest first.
    pub(crate) async fn nearest(
        &self,
        db: &Db,
        scope: &Scope,
        selection: &Selection,
        model: &str,
        query: Arc<Vec<f32>>,
        limit: usize,
    ) -> Result<Vec<i64>, Arc<DbError>> {
        let mut session = db.read(scope).await?;
        let org = session.org();
        let versions = store::vectors::versions(&mut session, selection).await?;
        drop(session);
        let mut candidates = Vec::new();
        let wanted = (limit * OVERSAMPLING).max(MIN_CANDIDATES);
        for (project, version) in versions {
            let key = Key { org, project, model: model.into(), version };
            let index = self.cache.try_get_with(key.clone(), load(db, scope, &key)).await?;
            let (query, ranges) = (query.clone(), selection.ranges.clone());
            let scanning = tokio::task::spawn_blocking(move || index.scan(&query, ranges.as_deref(), wanted));
            candidates.extend(scanning.await.expect("a scan is arithmetic over checked lengths"));
        }
        candidates.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        candidates.truncate(wanted);
        let mut exact = Vec::with_capacity(candidates.len());
        let mut session = db.read(scope).await?;
        for (_, seq) in candidates {
            if let Some(vector) = store::vectors::one(&mut session, seq, model).await? {
                let cosine: f32 = vector.iter().zip(query.iter()).map(|(a, b)| a * b).sum();
                exact.push((cosine, seq));
            }
        }
        exact.sort_by(|(a, _), (b, _)| b.total_cmp(a));
        Ok(exact.into_iter().take(limit).map(|(_, seq)| seq).collect())
    }
}

async fn load(db: &Db, scope: &Scope, key: &Key) -> Result<Arc<VectorIndex>, DbError> {
    let mut index = VectorIndex::default();
    loop {
        let mut session = db.read(scope).await?;
        let after = index.seqs.last().copied().unwrap_or(-1);
        let page = store::vectors::page(&mut session, key.project, &key.model, after, PAGE).await?;
        if page.is_empty() {
            return Ok(Arc::new(index));
        }
        for (seq, vector) in page {
            index.push(seq, &vector);
        }
    }
}

impl VectorIndex {
    fn push(&mut self, seq: i64, vector: &[f32]) {
        if self.seqs.is_empty() {
            self.dimensions = vector.len();
        }
        let largest = vector.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        // A server that changes its vectors under the same name makes some that cannot be compared; they are found by their words.
        if vector.len() != self.dimensions || largest == 0.0 {
            self.seqs.push(seq);
            self.codes.resize(self.seqs.len() * self.dimensions, 0);
            self.scales.push(0.0);
            return;
        }
        let scale = largest / 127.0;
        self.seqs.push(seq);
        self.codes.extend(vector.iter().map(|value| quantize(*value, scale)));
        self.scales.push(scale);
    }

    /// The highest estimated cosines among the numbers in `ranges` (all without), in no order.
    fn scan(&self, query: &[f32], ranges: Option<&[(i64, i64)]>, wanted: usize) -> Vec<(f32, i64)> {
        let largest = query.iter().fold(0.0_f32, |largest, value| largest.max(value.abs()));
        if query.len() != self.dimensions || largest == 0.0 {
            return Vec::new();
        }
        let codes: Vec<i8> = query.iter().map(|value| quantize(*value, largest / 127.0)).collect();
        let everything = [(i64::MIN, i64::MAX)];
        let mut best = BinaryHeap::with_capacity(wanted + 1);
        for (first, last) in ranges.unwrap_or(&everything) {
            let from = self.seqs.partition_point(|seq| seq < first);
            let to = self.seqs.partition_point(|seq| seq <= last);
            for at in from..to {
                let code = &self.codes[at * self.dimensions..(at + 1) * self.dimensions];
                let score = Score(dot(&codes, code) as f32 * self.scales[at], self.seqs[at]);
                best.push(Reverse(score));
                if best.len() > wanted {
                    best.pop();
                }
            }
        }
        best.into_iter().map(|Reverse(Score(score, seq))| (score, seq)).collect()
    }
}

fn quantize(value: f32, scale: f32) -> i8 {
    (value / scale).round().clamp(-127.0, 127.0) as i8
}

fn dot(a: &[i8], b: &[i8]) -> i32 {
    a.iter().zip(b).map(|(a, b)| i32::from(i16::from(*a) * i16::from(*b))).sum()
}

/// Ordered by score, then by number.
struct Score(f32, i64);

impl Ord for Score {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.0.total_cmp(&other.0).then(self.1.cmp(&other.1))
    }
}

impl PartialOrd for Score {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Score {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}

impl Eq for Score {}
