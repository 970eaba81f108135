//! A bucket of an S3 server: Amazon's, MinIO, SeaweedFS and others that speak its protocol.

use std::time::Duration;

use base::config::Secret;
use fetch::operator::OperatorClient;
use http::{Method, StatusCode};
use object_store::{
    BackoffConfig, ClientOptions, RetryConfig,
    aws::{AmazonS3, AmazonS3Builder},
    path::Path,
    signer::Signer,
};

use super::ObjectError;

/// For finding out about the bucket at the start.
const REQUEST_TIMEOUT: Duration = Duration::from_secs(5);
/// How long the server may be silent. There is no limit for the whole: an object is read as fast as a client takes it.
const READ_TIMEOUT: Duration = Duration::from_secs(30);
/// A request is tried again for at most this long.
const RETRY_WITHIN: Duration = Duration::from_secs(10);
const RETRIES: usize = 3;

/// Where a bucket is. Its name is part of the path of an address (`http://host/bucket/key`).
#[derive(Debug, Clone)]
pub struct S3Options {
    pub endpoint: String,
    pub access_key: Secret,
    pub secret_key: Secret,
    pub bucket: String,
    /// Servers other than Amazon's mostly take any.
    pub region: String,
}

pub(super) async fn open(options: &S3Options) -> Result<AmazonS3, ObjectError> {
    let retry = RetryConfig { backoff: BackoffConfig::default(), max_retries: RETRIES, retry_timeout: RETRY_WITHIN };
    let client = ClientOptions::new().with_allow_http(true).with_timeout_disabled().with_read_timeout(READ_TIMEOUT);
    let s3 = AmazonS3Builder::new()
        .with_endpoint(&options.endpoint)
        .with_client_options(client)
        .with_access_key_id(options.access_key.expose())
        .with_secret_access_key(options.secret_key.expose())
        .with_bucket_name(&options.bucket)
        .with_region(&options.region)
        .with_retry(retry)
        .build()?;
    let bucket = Bucket { s3: &s3, options };
    match bucket.request(Method::HEAD).await? {
        StatusCode::OK => {}
        StatusCode::NOT_FOUND => match bucket.request(Method::PUT).await? {
            // Another process was faster by a moment.
            StatusCode::OK | StatusCode::CONFLICT => {}
            // Some servers fail at two at once.
            _ if bucket.request(Method::HEAD).await? == StatusCode::OK => {}
            status => return Err(bucket.unusable(&format!("is not there and cannot be made ({status})"))),
        },
        status => {
            let detail =
                format!("cannot be used ({status}): check MINIO_ACCESS_KEY, MINIO_SECRET_KEY and MINIO_REGION");
            return Err(bucket.unusable(&detail));
        }
    }
    Ok(s3)
}

/// Requests about the bucket itself, which `object_store` has none for.
struct Bucket<'a> {
    s3: &'a AmazonS3,
    options: &'a S3Options,
}

impl Bucket<'_> {
    async fn request(&self, method: Method) -> Result<StatusCode, ObjectError> {
        let signed = self.s3.signed_url(method.clone(), &Path::default(), REQUEST_TIMEOUT * 12).await?;
        let origin = signed.origin().ascii_serialization();
        let client =
            OperatorClient::new(&origin, REQUEST_TIMEOUT).map_err(|error| self.unusable(&error.to_string()))?;
        let sent = client.request(method, &signed.as_str()[origin.len()..]).timeout(REQUEST_TIMEOUT).send().await;
        let answer = sent.map_err(|error| {
            tracing::debug!(%error, "the object store does not answer");
            ObjectError::Away(self.tell("is out of reach: nothing answers there"))
        })?;
        Ok(answer.status())
    }

    fn unusable(&self, detail: &str) -> ObjectError {
        ObjectError::Unusable(self.tell(detail))
    }

    fn tell(&self, detail: &str) -> String {
        let S3Options { endpoint, bucket, .. } = self.options;
        format!("MINIO_ENDPOINT {endpoint}: the bucket {bucket:?} {detail}")
    }
}
