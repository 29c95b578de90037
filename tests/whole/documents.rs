//! The docs show a run as it is.

use crate::support::{Account, Function};

#[test]
fn the_mail_in_the_docs_is_the_mail_of_the_demos_stop() {
    let page = include_str!("../../docs/operating.md");
    let shown = page.split("```\n").find(|block| block.starts_with("Subject: ")).expect("a mail");
    let account = Account::demo();
    Function::new(&account).stop();
    let messages = account.messages();
    let text = |field: &str| messages[0][field].as_str().expect("a text").to_owned();
    let mail = format!("Subject: {}\n\n{}", text("subject"), text("email"));
    // The docs leave some lines out, such as names of alarms, dates and ids.
    let mut lines = mail.lines();
    for line in shown.lines() {
        assert!(lines.any(|sent| sent == line), "not in this place of the mail: {line}\n{mail}");
    }
}
