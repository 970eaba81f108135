//! Events: each message together with the subject it is published under, so that publisher and consumers name one type.

use crate::events::v1::{AnswerCompleted, AuditRecordCreated, MailRequested, ProjectDeleted, ThreadDeleted};

/// A message that one service publishes and others consume.
pub trait Event: prost::Message + Default + 'static {
    /// `gooseek.<service>.<entity>.<fact>.v<version>`; the version is that of the message.
    const SUBJECT: &'static str;
}

impl Event for AnswerCompleted {
    const SUBJECT: &'static str = "gooseek.chat.answer.completed.v1";
}

/// Every service publishes these: the second part of a subject is the service whose data changed, which `libs/audit` fills in.
impl Event for AuditRecordCreated {
    const SUBJECT: &'static str = "gooseek.*.audit.recorded.v1";
}

impl Event for MailRequested {
    const SUBJECT: &'static str = "gooseek.auth.mail.requested.v1";
}

impl Event for ProjectDeleted {
    const SUBJECT: &'static str = "gooseek.projects.project.deleted.v1";
}

impl Event for ThreadDeleted {
    const SUBJECT: &'static str = "gooseek.library.thread.deleted.v1";
}
