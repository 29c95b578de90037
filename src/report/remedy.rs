//! A remedy is a command that a person can paste to go on.

use std::collections::BTreeMap;
use std::collections::BTreeSet;

use serde_json::json;

use super::{Report, Row, RowResult};
use crate::model::Action;
use crate::trouble::Trouble;

/// Writes the command that sends the event again, for both versions of the AWS CLI.
///
/// The versions read a payload on the command line differently, and a payload in a file alike.
pub fn again(report: &Report, function: Option<&str>) -> String {
    let mut event = json!({"action": report.action});
    if !report.only.is_empty() {
        event["only"] = json!(report.only);
    }
    if report.dry_run {
        event["dry_run"] = json!(true);
    }
    format!(
        "echo {} > event.json && aws lambda invoke --function-name {} --region {} --payload fileb://event.json \
         --cli-read-timeout 0 report.json",
        quoted(&event.to_string()),
        function.unwrap_or("NAME"),
        report.region,
    )
}

/// Writes the commands that grant what IAM refused, where IAM named role and resource.
///
/// No grant can allow what a policy denies explicitly.
pub fn grants(report: &Report) -> Vec<String> {
    /// Access to more resources is better granted by a pattern, which is a person's choice.
    const AT_MOST: usize = 10;
    let failures = report.resources.iter().filter_map(|row| row.failure.as_ref());
    let failures = failures.chain(report.errors.iter().filter_map(Trouble::failure));
    let mut wanted: BTreeMap<(&str, &str), BTreeSet<&str>> = BTreeMap::new();
    for failure in failures {
        if let (Some(permission), Some(denial)) = (&failure.permission, &failure.denial)
            && !denial.is_explicit
        {
            wanted.entry((&denial.role, permission)).or_default().insert(&denial.resource);
        }
    }
    let command = |((role, action), resources): ((&str, &str), BTreeSet<&str>)| {
        let statement = json!({"Effect": "Allow", "Action": action, "Resource": resources});
        let policy = json!({"Version": "2012-10-17", "Statement": [statement]});
        format!(
            "aws iam put-role-policy --role-name {role} --policy-name {} --policy-document {}",
            action.replace(':', "-"),
            quoted(&policy.to_string())
        )
    };
    wanted.into_iter().filter(|(_, resources)| resources.len() <= AT_MOST).map(command).collect()
}

/// Quotes a text for a shell.
fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// Tells whether the same event, sent again, can go on with what is left.
///
/// It selects no more the next time than it did this time.
pub fn can_go_on(report: &Report) -> bool {
    use super::Outcome::{Failed, Partial};
    let can_pass = |error: &Trouble| !matches!(error, Trouble::SelectsNothing(_));
    let is_left = |row: &Row| matches!(row.result, RowResult::Failed | RowResult::Pending);
    !report.was_taken_over()
        && matches!(report.outcome, Partial | Failed)
        && (report.errors.iter().any(can_pass) || report.resources.iter().any(is_left))
}

/// Introduces the command of [`again`].
pub fn introduction(action: Action) -> &'static str {
    match action {
        Action::Stop | Action::Start => {
            "What was saved is safe, and what is done stays done. When the cause is dealt with, go on from here with"
        }
        Action::Status => "When the cause is dealt with, ask again with",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::Failure;
    use crate::kinds::kinesis;
    use crate::report::tests::sample;

    #[test]
    fn what_a_selective_operation_left_is_gone_on_with_selectively() {
        let mut report = sample();
        report.only = vec!["kinesis".to_owned(), "cloudwatch:it's late".to_owned()];
        assert_eq!(
            again(&report, Some("shop-manager")),
            r#"echo '{"action":"stop","only":["kinesis","cloudwatch:it'\''s late"]}' > event.json && aws lambda invoke --function-name shop-manager --region us-east-1 --payload fileb://event.json --cli-read-timeout 0 report.json"#
        );
    }

    fn refused(resource: &str, because: &str) -> Failure {
        let words = format!(
            "User: arn:aws:sts::123456789012:assumed-role/shop-role/shop-manager is not authorized to perform: \
             kinesis:UpdateShardCount on resource: {resource} because {because}"
        );
        let code = Some("AccessDeniedException");
        Failure::of_answer("kinesis:UpdateShardCount", code, Some(&words), "")
    }

    fn with_row_failed(failure: &Failure) -> Report {
        let mut report = sample();
        report.resources[1] = report.resources[1].clone().failed(failure);
        report
    }

    #[test]
    fn a_missing_permission_is_granted_by_one_command_for_all_resources() {
        let stream = |name| format!("arn:aws:kinesis:us-east-1:123456789012:stream/{name}");
        let mut report = with_row_failed(&refused(&stream("a"), "no policy allows it"));
        report.errors.push(Trouble::KindUnseen {
            kind: kinesis::INFO.name,
            failure: refused(&stream("b"), "no policy allows it"),
        });
        assert_eq!(
            grants(&report),
            [concat!(
                "aws iam put-role-policy --role-name shop-role --policy-name kinesis-UpdateShardCount --policy-document ",
                r#"'{"Statement":[{"Action":"kinesis:UpdateShardCount","Effect":"Allow","Resource":["#,
                r#""arn:aws:kinesis:us-east-1:123456789012:stream/a","arn:aws:kinesis:us-east-1:123456789012:stream/b"]}],"#,
                r#""Version":"2012-10-17"}'"#
            )]
        );
    }

    #[test]
    fn what_is_denied_explicitly_or_told_without_a_role_gets_no_command() {
        assert!(grants(&sample()).is_empty(), "the sample's words tell no role");
        let denied = "there is one with an explicit deny in a service control policy";
        assert!(grants(&with_row_failed(&refused("arn:x", denied))).is_empty());
    }

    #[test]
    fn words_that_only_read_like_a_refusal_get_no_command() {
        let mut report = sample();
        report.resources[1].detail = refused("arn:x", "no policy allows it").message;
        assert!(grants(&report).is_empty());
    }
}
