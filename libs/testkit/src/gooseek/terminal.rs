//! Commands on a terminal, as a person runs them.

use std::{fs::File, io::Read, process::ExitStatus};

use rustix::{
    fs::{Mode, OFlags, open},
    pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt},
    termios::{Winsize, tcsetwinsize},
};
use tokio::process::Command;

use super::TEST_TIMEOUT;

/// Runs a program to its end on a terminal of so many columns, and returns what that was sent.
pub(super) async fn run(mut command: Command, columns: u16) -> (String, ExitStatus) {
    let screen =
        openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | OpenptFlags::CLOEXEC).expect("a terminal can be made");
    grantpt(&screen).expect("a terminal that was made is ours");
    unlockpt(&screen).expect("a terminal that was made can be used");
    let name = ptsname(&screen, Vec::new()).expect("a terminal has a name");
    let program = open(name, OFlags::RDWR | OFlags::NOCTTY | OFlags::CLOEXEC, Mode::empty()).expect("it can be opened");
    let size = Winsize { ws_row: 40, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    tcsetwinsize(&program, size).expect("a terminal has a size");

    let program = File::from(program);
    let side = || program.try_clone().expect("there are file descriptors left");
    command.stdin(side()).stdout(side()).stderr(side());
    let mut child = command.spawn().expect("the program can be started");
    // The last holder of the program's side but for the program itself: reading ends when that does.
    drop((command, program));
    let reading = tokio::task::spawn_blocking(move || {
        let mut shown = Vec::new();
        // The end is an error (EIO), not an empty read.
        let _ = File::from(screen).read_to_end(&mut shown);
        String::from_utf8_lossy(&shown).into_owned()
    });
    let status = tokio::time::timeout(TEST_TIMEOUT, child.wait()).await.expect("the program ends");
    (reading.await.expect("reading does not panic"), status.expect("a child can be waited for"))
}
