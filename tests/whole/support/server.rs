//! A server of accounts serves the whole test process.
//!
//! The server ends with the process, when its standard input closes.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;

use serde_json::Value;

struct Server {
    endpoint: String,
    _child: Child,
    _stdout: BufReader<ChildStdout>,
}

/// Returns the server's address. The first test that asks starts the server.
pub fn endpoint() -> &'static str {
    static SERVER: OnceLock<Server> = OnceLock::new();
    &SERVER.get_or_init(start).endpoint
}

/// Runs the Python of the tests in the project's folder.
pub fn python() -> Command {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let python = std::env::var_os("ACCOUNT_PYTHON")
        .map_or_else(|| root.join(".venv/bin/python"), PathBuf::from);
    assert!(
        python.exists(),
        "{} is not there: the simulated account needs Python with tests/requirements.txt. \
         `make test` brings it, and ACCOUNT_PYTHON names another.",
        python.display()
    );
    let mut command = Command::new(python);
    command.current_dir(root);
    command
}

fn start() -> Server {
    let mut child = python()
        .args(["tests/account", "--until-stdin-closes"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap_or_else(|error| panic!("the account did not start: {error}"));
    let mut stdout = BufReader::new(child.stdout.take().expect("it is piped"));
    let mut line = String::new();
    stdout.read_line(&mut line).expect("the account writes a line of text");
    let ready: Value = serde_json::from_str(&line).unwrap_or_else(|error| {
        panic!("the account did not start, its first line is {line:?}: {error}")
    });
    let endpoint =
        ready["endpoint"].as_str().expect("the account says where it listens").to_owned();
    Server { endpoint, _child: child, _stdout: stdout }
}
