//! Files as they were received. Paths start with the scope; names are ids, never what a person called a file.

mod s3;

use std::{ops::Range, path::Path as FsPath, sync::Arc};

use base::Scope;
use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt, stream::BoxStream};
use object_store::{
    GetOptions, GetRange, ObjectStore, ObjectStoreExt, buffered::BufWriter, local::LocalFileSystem, path::Path,
};
pub use s3::S3Options;
use tokio::io::AsyncWriteExt;
use uuid::Uuid;

/// What is sent at once. A smaller object is stored with one request, a larger one in parts of this size, the least that
/// S3 takes.
const PART: usize = 5 * 1024 * 1024;

/// A store that failed.
#[derive(Debug, thiserror::Error)]
pub enum ObjectError {
    #[error("the object does not exist")]
    Missing,
    #[error("object store: {0}")]
    Store(object_store::Error),
    /// The source of the bytes failed or was refused midway; nothing is kept.
    #[error("{0}")]
    Source(String),
    /// Nothing answers where the place for objects should be.
    #[error("{0}")]
    Away(String),
    /// The place for objects cannot be used as it is configured.
    #[error("{0}")]
    Unusable(String),
}

impl From<object_store::Error> for ObjectError {
    fn from(error: object_store::Error) -> Self {
        match error {
            object_store::Error::NotFound { .. } => Self::Missing,
            other => Self::Store(other),
        }
    }
}

/// Where files are kept. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Objects {
    store: Arc<dyn ObjectStore>,
}

impl Objects {
    /// A folder on this machine, made if it is not there.
    pub fn local(folder: &FsPath) -> Result<Self, ObjectError> {
        let sweep = || {
            std::fs::create_dir_all(folder)?;
            remove_unfinished(folder)
        };
        sweep().map_err(|error: std::io::Error| ObjectError::Unusable(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// A bucket, made if it is not there. What uploads of a killed process left there in parts is for a rule of the bucket.
    pub async fn s3(options: &S3Options) -> Result<Self, ObjectError> {
        Ok(Self { store: Arc::new(s3::open(options).await?) })
    }

    /// Stores a stream without holding it in memory; an error of the stream, or giving up this call, leaves nothing behind.
    pub async fn put<S>(&self, scope: &Scope, id: Uuid, mut bytes: S) -> Result<(), ObjectError>
    where
        S: Stream<Item = Result<Bytes, ObjectError>> + Unpin + Send,
    {
        let writer = BufWriter::with_capacity(self.store.clone(), path(scope, id), PART).with_max_concurrency(2);
        let mut upload = Upload(Some(writer));
        while let Some(piece) = bytes.next().await {
            upload.writer().put(piece?).await?;
        }
        upload.finish().await
    }

    /// The whole object.
    pub async fn get(&self, scope: &Scope, id: Uuid) -> Result<Bytes, ObjectError> {
        Ok(self.store.get(&path(scope, id)).await?.bytes().await?)
    }

    /// Some bytes of an object.
    pub async fn get_range(&self, scope: &Scope, id: Uuid, range: Range<u64>) -> Result<Bytes, ObjectError> {
        Ok(self.store.get_range(&path(scope, id), range).await?)
    }

    /// The same in pieces, each of which is read when it is asked for.
    pub async fn stream(
        &self,
        scope: &Scope,
        id: Uuid,
        range: Range<u64>,
    ) -> Result<BoxStream<'static, Result<Bytes, ObjectError>>, ObjectError> {
        let options = GetOptions { range: Some(GetRange::Bounded(range)), ..GetOptions::default() };
        let found = self.store.get_opts(&path(scope, id), options).await?;
        Ok(found.into_stream().map_err(ObjectError::from).boxed())
    }

    /// Deletes; what is already gone is no error.
    pub async fn delete(&self, scope: &Scope, id: Uuid) -> Result<(), ObjectError> {
        match self.store.delete(&path(scope, id)).await.map_err(ObjectError::from) {
            Err(ObjectError::Missing) | Ok(()) => Ok(()),
            Err(error) => Err(error),
        }
    }

    /// Whether the store answers.
    pub async fn ping(&self) -> Result<(), ObjectError> {
        self.store.list(Some(&Path::from("ready"))).try_next().await?;
        Ok(())
    }
}

/// Aborts a multipart upload on drop unless it was finished: parts that are left over are in no listing, and are paid for.
struct Upload(Option<BufWriter>);

impl Upload {
    fn writer(&mut self) -> &mut BufWriter {
        self.0.as_mut().expect("it is taken by `finish` and `drop`, after which there is no upload")
    }

    /// Goes on to its end when the caller leaves.
    async fn finish(mut self) -> Result<(), ObjectError> {
        let Some(mut writer) = self.0.take() else { return Ok(()) };
        let finished = tokio::spawn(async move { writer.shutdown().await }).await;
        let finished = finished.unwrap_or_else(|stopped| Err(stopped.into()));
        finished.map_err(|error| {
            ObjectError::Store(object_store::Error::Generic { store: "objects", source: error.into() })
        })
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        let Some(mut writer) = self.0.take() else { return };
        tokio::spawn(async move {
            if let Err(error) = writer.abort().await {
                tracing::warn!(%error, "an upload could not be taken back");
            }
        });
    }
}

/// Deletes what uploads of a killed process left behind: `object_store` writes to `<name>#<number>` and renames at the end.
/// One process has the folder, and it is only starting.
fn remove_unfinished(folder: &FsPath) -> std::io::Result<()> {
    for tenant in std::fs::read_dir(folder)? {
        let tenant = tenant?;
        if !tenant.file_type()?.is_dir() {
            continue;
        }
        for object in std::fs::read_dir(tenant.path())? {
            let object = object?;
            if object.file_name().to_string_lossy().contains('#') {
                std::fs::remove_file(object.path())?;
            }
        }
    }
    Ok(())
}

fn path(scope: &Scope, id: Uuid) -> Path {
    Path::from_iter([scope.label(), id.to_string()])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_killed_upload_left_is_deleted_at_the_next_start() {
        let folder = tempfile::tempdir().unwrap();
        let tenant = folder.path().join("public");
        std::fs::create_dir(&tenant).unwrap();
        std::fs::write(tenant.join("whole"), "x").unwrap();
        std::fs::write(tenant.join("half#1"), "x").unwrap();
        Objects::local(folder.path()).unwrap();
        assert!(tenant.join("whole").exists());
        assert!(!tenant.join("half#1").exists());
    }
}
