//! The restrictions a parser child puts on itself before it looks at its input. They cannot be taken off again.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus};
use rlimit::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Address space (bytes).
pub(super) const MEMORY: u64 = 1 << 30;

/// CPU time (seconds).
const CPU: u64 = 30;

/// Calls that any argument may be given to: memory, the pipes that are open already, time, randomness, the end.
const CALLS: [libc::c_long; 26] = [
    libc::SYS_read,
    libc::SYS_readv,
    libc::SYS_write,
    libc::SYS_writev,
    libc::SYS_close,
    libc::SYS_fstat,
    libc::SYS_lseek,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
    libc::SYS_brk,
    libc::SYS_rt_sigaction,
    libc::SYS_rt_sigprocmask,
    libc::SYS_rt_sigreturn,
    libc::SYS_restart_syscall,
    libc::SYS_sigaltstack,
    libc::SYS_futex,
    libc::SYS_getrandom,
    libc::SYS_clock_gettime,
    libc::SYS_sched_yield,
    libc::SYS_sched_getaffinity,
    libc::SYS_getpid,
    libc::SYS_gettid,
    libc::SYS_getppid,
    libc::SYS_exit,
    libc::SYS_exit_group,
];

/// Restricts this process. Landlock is the second wall around the file system and may be missing; whether it stands is returned.
///
/// The error names the restriction that could not be set; nothing may be parsed then.
pub(super) fn apply() -> Result<bool, String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
    // Making a ruleset takes a file descriptor, so it comes before the limit on them.
    let landlock = landlock().is_ok_and(|status| status != RulesetStatus::NotEnforced);
    for (resource, limit) in [
        (Resource::AS, MEMORY),
        (Resource::CPU, CPU),
        (Resource::NOFILE, 3),
        (Resource::FSIZE, 0),
        (Resource::NPROC, 0),
        (Resource::CORE, 0),
    ] {
        // One second more for the hard limit: the soft one ends in SIGXCPU, which says what happened.
        let hard = if resource == Resource::CPU { limit + 1 } else { limit };
        setrlimit(resource, limit, hard).map_err(|error| format!("{resource:?}: {error}"))?;
    }
    let filter = filter().map_err(|error| format!("seccomp: {error}"))?;
    seccompiler::apply_filter(&filter).map_err(|error| format!("seccomp: {error}"))?;
    Ok(landlock)
}

/// Denies every file and every port.
fn landlock() -> Result<RulesetStatus, landlock::RulesetError> {
    let ruleset =
        Ruleset::default().handle_access(AccessFs::from_all(ABI::V5))?.handle_access(AccessNet::from_all(ABI::V5))?;
    Ok(ruleset.create()?.restrict_self()?.ruleset)
}

/// Lets the calls of [`CALLS`] pass and answers EPERM to all others, which parsers cope with.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = CALLS.iter().map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![no_code()?]);
    }
    rules.insert(libc::SYS_tgkill, vec![own_process()?]);
    let arch = std::env::consts::ARCH.try_into()?;
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, denied, SeccompAction::Allow, arch)?.try_into()
}

/// Memory that can be executed is never mapped.
fn no_code() -> Result<SeccompRule, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    SeccompRule::new(vec![SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)?])
}

/// A process may abort itself and signal nobody else.
fn own_process() -> Result<SeccompRule, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?])
}
