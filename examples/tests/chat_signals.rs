//! How `chat` starts and stops: a taken port, each signal, and the second one.

#[path = "driver/program.rs"]
#[allow(dead_code, reason = "each test uses its part of the driver")]
mod program;

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};
use std::time::{Duration, Instant};

use program::{Program, port_in};

const SOON: Duration = Duration::from_secs(20);

#[test]
fn a_taken_port_refuses_the_start() {
    let taken = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = taken.local_addr().unwrap().port();

    let ended = Program::start("chat", &["--port", &port.to_string()], &[]).wait(SOON);

    assert_eq!(ended.status.code(), Some(1), "{ended:#?}");
    let reason = format!("cannot listen on 127.0.0.1:{port}");
    assert!(ended.stderr.iter().any(|line| line.contains(&reason)), "{ended:#?}");
    assert!(!ended.stdout.iter().any(|line| line.contains("open http://")), "{ended:#?}");
}

#[test]
fn a_wrong_flag_is_named() {
    let ended = Program::start("chat", &["--prot", "1"], &[]).wait(SOON);
    assert_eq!(ended.status.code(), Some(2), "{ended:#?}");
    assert!(ended.stderr[0].contains("unknown flag `--prot`"), "{ended:#?}");
}

#[test]
fn either_signal_drains() {
    for signal in ["INT", "TERM"] {
        let (chat, _) = start_chat();
        chat.signal(signal);
        let ended = chat.wait(SOON);
        assert_eq!(ended.status.code(), Some(0), "SIG{signal}: {ended:#?}");
    }
}

#[test]
fn a_second_signal_ends_it_at_once() {
    for (signal, code) in [("INT", 130), ("TERM", 143)] {
        let (chat, port) = start_chat();
        // A request that never ends holds up the drain for a while.
        let mut unfinished = TcpStream::connect(("127.0.0.1", port)).unwrap();
        unfinished.write_all(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\nGET / HTT").unwrap();
        unfinished.read_exact(&mut [0; 100]).unwrap();
        chat.signal(signal);
        wait_until_closed(port);

        let second = Instant::now();
        chat.signal(signal);
        let ended = chat.wait(SOON);

        assert_eq!(ended.status.code(), Some(code), "SIG{signal}: {ended:#?}");
        assert!(second.elapsed() < Duration::from_secs(1), "SIG{signal}: {:?}", second.elapsed());
    }
}

fn start_chat() -> (Program, u16) {
    let mut chat = Program::start("chat", &["--port", "0"], &[]);
    let line = chat.wait_for("open http://127.0.0.1:", SOON);
    (chat, port_in(&line))
}

/// The listener closes first: whoever is refused knows that the drain has begun.
fn wait_until_closed(port: u16) {
    let deadline = Instant::now() + SOON;
    while TcpStream::connect(("127.0.0.1", port)).is_ok() {
        assert!(Instant::now() < deadline, "the listener is still open");
        std::thread::sleep(Duration::from_millis(10));
    }
}
