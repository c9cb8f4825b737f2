//! Memory does not grow with what is carried: the built binary seals, sends, receives and recovers a file many times larger
//! than what it may hold at once. Reads the peak that the kernel counts, so Linux only.

use std::fs;
use std::io::Read;
use std::process::{Command, Stdio};
use std::time::Duration;

use rezept_testkit::claims::Invented;

use crate::bench::{Run, rezept};
use crate::desk::{Clinic, files, put, typed};
use crate::pairing::Pair;

/// What goes through: more than three times the limit.
const FILE_BYTES: u64 = 208 << 20;
/// The most that a command may keep in memory.
const LIMIT_KB: u64 = 64 << 10;
/// How often a running command is looked at. Its peak only grows, so that what is missed is what came last.
const LOOK: Duration = Duration::from_millis(2);

/// The peak of resident memory of a running process, in kilobytes. `None` once it has ended.
fn peak_kb(process: u32) -> Option<u64> {
    let status = fs::read_to_string(format!("/proc/{process}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix(" kB")?.parse().ok()
}

/// Runs a command to its end and holds its peak against the limit. Its output must be short.
#[track_caller]
fn held_small(what: &str, command: &mut Command) -> Run {
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let mut peak = 0;
    let status = loop {
        peak = peak_kb(child.id()).unwrap_or(0).max(peak);
        if let Some(status) = child.try_wait().unwrap() {
            break status;
        }
        std::thread::sleep(LOOK);
    };
    let (mut out, mut err) = (String::new(), String::new());
    child.stdout.take().unwrap().read_to_string(&mut out).unwrap();
    child.stderr.take().unwrap().read_to_string(&mut err).unwrap();
    let run = Run { exit: status.code().unwrap(), out, err };
    println!("{what}: {} of {} MB in memory", peak >> 10, FILE_BYTES >> 20);
    assert_eq!(run.exit, 0, "{what}: {run:?}");
    // A few megabytes are there before anything is read: less means that nothing was measured.
    assert!((2 << 10..=LIMIT_KB).contains(&peak), "{what}: {peak} kB resident");
    run
}

/// A large claim file in the watched folder, as it is typed.
fn large(clinic: &Clinic) -> String {
    clinic.put("recekon/watch/RECEIPTC.UKE", &Invented::ika().at_least(FILE_BYTES).make())
}

/// Sends it, and has it received and acknowledged. What happens while it lies on the stick is between.
fn carried(clinic: &Clinic, kind: &str, on_the_way: impl FnOnce()) {
    let (recekon, terminal, usb) = (clinic.recekon(), clinic.terminal(), clinic.typed("usb"));
    let source = large(clinic);
    let mut send = recekon.command(&["send", &source, "--to", &usb, "--json"]);
    let sent = held_small(&format!("send {kind}"), &mut send);
    assert_eq!(sent.transfer()["state"], "COMMITTED");
    on_the_way();
    let mut receive = terminal.command(&["receive", "--from", &usb, "--json"]);
    let got = held_small(&format!("receive {kind}"), &mut receive);
    assert_eq!(got.transfer()["state"], "ACK_WRITTEN");
    let delivered = clinic.at("terminal/inbox/202411/shaho/RECEIPTC.UKE");
    assert!(fs::metadata(delivered).unwrap().len() >= FILE_BYTES);
}

#[test]
fn a_large_file_passes_readable_through_little_memory() {
    carried(&Clinic::on_disk(), "readable", || {});
}

#[test]
fn a_large_file_is_sealed_received_and_recovered_in_little_memory() {
    let (pair, key) = Pair::made_with_recovery_in(Clinic::on_disk());
    let clinic = &pair.clinic;
    carried(clinic, "sealed", || {
        let header = files(&clinic.parcels()).into_iter().find(|name| name.ends_with(".hdr")).unwrap();
        let (header, out) = (clinic.parcels().join(header), clinic.at("spare"));
        let paper = clinic.at("key.txt");
        put(&paper, key.as_bytes());
        let args =
            ["--json", "recover", &typed(&header), "--out", &typed(&out), "--key-file", &typed(&paper)];
        let done = held_small("recover", &mut rezept(&args));
        let object = done.of_type("recovered").pop().unwrap();
        let place = object["path"].as_str().unwrap();
        assert!(fs::metadata(place).unwrap().len() >= FILE_BYTES);
        fs::remove_dir_all(&out).unwrap();
    });
}
