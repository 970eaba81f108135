//! Durable background work: jobs that survive crashes, and schedules that run once per cluster.
//!
//! A job is a row of the table `jobs`, written in the transaction of the change that asks for it, so that there is never
//! one without the other. A worker claims it with a lease that it renews; when its process dies, the lease ends and another
//! worker does the job again. A handler is therefore run at least once, and what it writes together with
//! [`JobContext::complete`] is written exactly once.
//!
//! ```text
//! struct SendMail { to: String }                       impl Job for SendMail { const KIND: &str = "notifications.send_mail"; }
//! queue.enqueue(&mut session, &SendMail { … }).await?;                               // with the change
//! impl JobHandler<SendMail> for Mailer { async fn run(&self, context, job) { … } }   // later
//! service.jobs = Jobs::default().handle(4, mailer).cron("notifications.send_digests", "0 7 * * *", send_digests);
//! ```

mod context;
mod dead;
mod job;
mod jobs;
mod queue;
mod runner;
mod schedule;
mod store;

pub use context::JobContext;
pub use dead::{DeadJob, DeadJobs};
pub use job::{Job, JobError, JobHandler};
pub use jobs::Jobs;
pub use queue::{EnqueueOptions, JobQueue};
pub use runner::JobRunner;
