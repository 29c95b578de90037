//! A store holds the state, the reports and the saved prices in S3.
//!
//! No write replaces a state or a report that somebody else wrote.

use async_trait::async_trait;
use aws_sdk_s3::Client;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_s3::operation::get_object::{GetObjectError, GetObjectOutput};
use aws_sdk_s3::primitives::ByteStream;
use thiserror::Error;

use crate::failure::{Failure, unless_missing};

/// A version tells one content of the state object from another. Only the store reads it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Version(pub String);

/// Tells whether the state object is newer than a version that the reader knows.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Newer {
    Same,
    Other(Option<(Vec<u8>, Version)>),
}

/// Says why the state object was not written.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum WriteError {
    /// Somebody else wrote since: read again, decide again.
    #[error("somebody else wrote at the same time")]
    Conflict,
    /// The write failed, or only its answer was lost.
    #[error(transparent)]
    Failed(Failure),
}

/// Holds the state object, the reports and the saved prices.
#[async_trait]
pub trait Store: Send + Sync {
    /// Reads the state object as the newest finished write left it. `None`: there is none.
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, Failure>;

    /// Reads the state object, unless it is still at this version.
    async fn read_unless(&self, known: &Version) -> Result<Newer, Failure> {
        Ok(match self.read().await? {
            Some((_, version)) if version == *known => Newer::Same,
            stored => Newer::Other(stored),
        })
    }

    /// Writes the state object if it is still at `expected`. `None`: if there is none.
    ///
    /// It is durable when this returns `Ok`. A retried write may meet its own success as a
    /// `Conflict`.
    async fn write(&self, body: Vec<u8>, expected: Option<&Version>)
    -> Result<Version, WriteError>;

    /// Writes an object that is never overwritten; one that is there already stays.
    async fn archive(&self, key: &str, body: Vec<u8>) -> Result<(), Failure>;

    /// Writes an object that anybody may replace, because it can be made again.
    async fn replace(&self, key: &str, body: Vec<u8>) -> Result<(), Failure>;

    /// Reads an object that [`Self::archive`] or [`Self::replace`] wrote. `None`: there is none.
    async fn archived(&self, key: &str) -> Result<Option<Vec<u8>>, Failure>;

    /// Names the place of the state object, for messages to a person.
    fn location(&self) -> String;
}

/// S3 answers a conditional write with one of these codes where somebody else wrote.
///
/// 412 is another version, 409 another write under way, 404 no object any more
/// (docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-writes.html).
const CONFLICTS: [&str; 3] = ["PreconditionFailed", "ConditionalRequestConflict", "NoSuchKey"];

/// A bucket is a store in S3.
pub struct Bucket {
    client: Client,
    name: String,
    prefix: String,
}

impl Bucket {
    /// Connects to a bucket, and to the prefix in it below which everything is kept.
    pub fn connect(aws: &aws_config::SdkConfig, bucket: &str, prefix: &str) -> Self {
        // A simulated account has one address: a bucket has no host name of its own there.
        let one_address = aws.endpoint_url().is_some();
        let s3 = aws_sdk_s3::config::Builder::from(aws).force_path_style(one_address).build();
        Bucket::new(Client::from_conf(s3), bucket, prefix)
    }

    pub fn new(client: Client, bucket: &str, prefix: &str) -> Self {
        Bucket { client, name: bucket.to_owned(), prefix: prefix.to_owned() }
    }

    fn state_key(&self) -> String {
        format!("{}/state.json", self.prefix)
    }

    async fn get(&self, key: String) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        self.body_of(self.client.get_object().bucket(&self.name).key(key).send().await).await
    }

    async fn body_of(
        &self,
        answer: Result<GetObjectOutput, SdkError<GetObjectError>>,
    ) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        let Some(answer) = unless_missing("s3:GetObject", answer, |code, _| code == "NoSuchKey")?
        else {
            return Ok(None);
        };
        // Nobody can replace an object safely whose version he does not know.
        let etag = answer.e_tag().map(str::to_owned);
        let etag = etag.ok_or_else(|| Failure::refused("s3:GetObject answered without an ETag"))?;
        let body = answer.body.collect().await;
        let body =
            body.map_err(|error| Failure::refused(format!("s3:GetObject broke off: {error}")))?;
        // This conversion does not copy the bytes.
        Ok(Some((body.into_bytes().into(), Version(etag))))
    }

    fn put(
        &self,
        key: String,
        body: Vec<u8>,
    ) -> aws_sdk_s3::operation::put_object::builders::PutObjectFluentBuilder {
        let content_type = if key.rsplit('.').next() == Some("html") {
            "text/html; charset=utf-8"
        } else {
            "application/json"
        };
        self.client
            .put_object()
            .bucket(&self.name)
            .key(key)
            .content_type(content_type)
            .body(ByteStream::from(body))
    }
}

#[async_trait]
impl Store for Bucket {
    async fn read(&self) -> Result<Option<(Vec<u8>, Version)>, Failure> {
        self.get(self.state_key()).await
    }

    /// Asks S3 with `If-None-Match`, which answers 304 without a body for the same version.
    async fn read_unless(&self, known: &Version) -> Result<Newer, Failure> {
        let request = self
            .client
            .get_object()
            .bucket(&self.name)
            .key(self.state_key())
            .if_none_match(&known.0);
        match request.send().await {
            Err(error)
                if error.raw_response().is_some_and(|answer| answer.status().as_u16() == 304) =>
            {
                Ok(Newer::Same)
            }
            answer => self.body_of(answer).await.map(Newer::Other),
        }
    }

    async fn write(
        &self,
        body: Vec<u8>,
        expected: Option<&Version>,
    ) -> Result<Version, WriteError> {
        let put = self.put(self.state_key(), body);
        let put = match expected {
            Some(version) => put.if_match(&version.0),
            None => put.if_none_match("*"),
        };
        match put.send().await {
            Ok(answer) => match answer.e_tag() {
                Some(etag) => Ok(Version(etag.to_owned())),
                None => Err(WriteError::Failed(Failure::refused(
                    "s3:PutObject answered without an ETag",
                ))),
            },
            Err(error) if CONFLICTS.contains(&error.code().unwrap_or_default()) => {
                Err(WriteError::Conflict)
            }
            Err(error) => Err(WriteError::Failed(Failure::from_sdk("s3:PutObject", &error))),
        }
    }

    async fn archive(&self, key: &str, body: Vec<u8>) -> Result<(), Failure> {
        let answer =
            self.put(format!("{}/{key}", self.prefix), body).if_none_match("*").send().await;
        unless_missing("s3:PutObject", answer, |code, _| code == "PreconditionFailed").map(drop)
    }

    async fn replace(&self, key: &str, body: Vec<u8>) -> Result<(), Failure> {
        let put = self.put(format!("{}/{key}", self.prefix), body).send().await;
        put.map(drop).map_err(|e| Failure::from_sdk("s3:PutObject", &e))
    }

    async fn archived(&self, key: &str) -> Result<Option<Vec<u8>>, Failure> {
        Ok(self.get(format!("{}/{key}", self.prefix)).await?.map(|(body, _)| body))
    }

    fn location(&self) -> String {
        format!("s3://{}/{}", self.name, self.state_key())
    }
}
