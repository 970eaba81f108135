//! Files as they were received. Paths start with the scope; names are ids, never what a person called a file.

use std::{path::Path as FsPath, sync::Arc};

use bytes::Bytes;
use futures::{Stream, StreamExt, TryStreamExt};
use object_store::{ObjectStore, ObjectStoreExt, WriteMultipart, local::LocalFileSystem, path::Path};
use uuid::Uuid;

use crate::db::Scope;

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
        sweep().map_err(|error: std::io::Error| ObjectError::Source(error.to_string()))?;
        let store = LocalFileSystem::new_with_prefix(folder)?.with_automatic_cleanup(true).with_fsync(true);
        Ok(Self { store: Arc::new(store) })
    }

    /// Stores a stream without holding it in memory; an error of the stream leaves nothing behind.
    pub async fn put<S>(&self, scope: &Scope, id: Uuid, mut bytes: S) -> Result<(), ObjectError>
    where
        S: Stream<Item = Result<Bytes, ObjectError>> + Unpin + Send,
    {
        let mut upload = WriteMultipart::new(self.store.put_multipart(&path(scope, id)).await?);
        while let Some(piece) = bytes.next().await {
            match piece {
                Ok(piece) => upload.put(piece),
                Err(error) => {
                    upload.abort().await?;
                    return Err(error);
                }
            }
            upload.wait_for_capacity(2).await?;
        }
        upload.finish().await?;
        Ok(())
    }

    /// The whole object.
    pub async fn get(&self, scope: &Scope, id: Uuid) -> Result<Bytes, ObjectError> {
        Ok(self.store.get(&path(scope, id)).await?.bytes().await?)
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
