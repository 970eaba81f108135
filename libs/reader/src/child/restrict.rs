//! The irrevocable restrictions a parser child sets on itself before it reads its input.

use std::collections::BTreeMap;

use landlock::{ABI, Access, AccessFs, AccessNet, Ruleset, RulesetAttr, RulesetStatus};
use rlimit::{Resource, setrlimit};
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter, SeccompRule,
};

/// Address space (bytes).
pub(super) const MEMORY_LIMIT: u64 = 1 << 30;

/// CPU time (seconds).
const CPU_LIMIT: u64 = 30;

/// System calls allowed with any arguments: memory, the open pipes, time, randomness, exit.
const ALLOWED_SYSCALLS: [libc::c_long; 26] = [
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

/// Restricts this process. Returns whether Landlock is active: it is an optional second layer around the file system.
///
/// The error names the restriction that could not be set; then nothing may be parsed.
pub(super) fn apply() -> Result<bool, String> {
    rustix::thread::set_no_new_privs(true).map_err(|error| format!("no_new_privs: {error}"))?;
    // A ruleset needs a file descriptor, so it is created before their number is limited.
    let landlock = landlock().is_ok_and(|status| status != RulesetStatus::NotEnforced);
    for (resource, limit) in [
        (Resource::AS, MEMORY_LIMIT),
        (Resource::CPU, CPU_LIMIT),
        (Resource::NOFILE, 3),
        (Resource::FSIZE, 0),
        (Resource::NPROC, 0),
        (Resource::CORE, 0),
    ] {
        // The hard limit is one second higher: the soft limit raises SIGXCPU, which identifies the cause.
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

/// Allows [`ALLOWED_SYSCALLS`]; all others fail with EPERM, which the parsers handle.
fn filter() -> Result<BpfProgram, seccompiler::BackendError> {
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = ALLOWED_SYSCALLS.iter().map(|call| (*call, Vec::new())).collect();
    for call in [libc::SYS_mmap, libc::SYS_mprotect] {
        rules.insert(call, vec![without_exec()?]);
    }
    rules.insert(libc::SYS_tgkill, vec![own_process()?]);
    let arch = std::env::consts::ARCH.try_into()?;
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules, denied, SeccompAction::Allow, arch)?.try_into()
}

/// Forbids executable mappings.
fn without_exec() -> Result<SeccompRule, seccompiler::BackendError> {
    let executable = u64::from(libc::PROT_EXEC.unsigned_abs());
    SeccompRule::new(vec![SeccompCondition::new(2, SeccompCmpArgLen::Dword, SeccompCmpOp::MaskedEq(executable), 0)?])
}

/// Allows signals to this process only, so that it can abort.
fn own_process() -> Result<SeccompRule, seccompiler::BackendError> {
    let own = u64::from(std::process::id());
    SeccompRule::new(vec![SeccompCondition::new(0, SeccompCmpArgLen::Dword, SeccompCmpOp::Eq, own)?])
}
