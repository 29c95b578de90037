//! The template's role allows just what the function calls, and the function calls just that.
//!
//! `tests/infra/resolve.py` tells the role's policies as the template resolves them.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::OnceLock;

use iam_rs::{
    Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId,
    evaluate_policies,
};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::support::{Account, BUCKET, Call, Function, MANAGER, PROJECT, python};

const REGION: &str = "us-east-1";
/// The resolved policies are of this account.
const ACCOUNT: &str = "123456789012";
/// No call of the function shows that it needs these statements.
///
/// They allow what AWS does or asks in the function's name.
const WITHOUT_A_CALL: [&str; 4] = [
    "LambdaWritesLogs",
    "LambdaKeepsFailedEvents",
    "EncryptedEndpoints",
    "StateMissingIsNotDenied",
];

/// These services have no resource that is managed by name. A scaling target's ARN has an id.
const NOT_OF_A_KIND: [&str; 5] = ["s3", "sns", "tag", "pricing", "application-autoscaling"];

/// A role has the policies for one set of parameters.
struct Role(Vec<IAMPolicy>);

/// An ask is an action on a resource, with the context that AWS gives.
#[derive(Debug, Clone, PartialEq, Deserialize)]
struct Ask {
    action: String,
    resource: String,
    context: BTreeMap<String, String>,
    /// An AWS service asks in the role's name, as Application Auto Scaling does.
    #[serde(default)]
    by_aws: bool,
}

fn documents(set: &str) -> Vec<Value> {
    static SETS: OnceLock<Value> = OnceLock::new();
    let sets = SETS.get_or_init(|| {
        let told = python().arg("tests/infra/resolve.py").output().expect("Python is there");
        assert!(told.status.success(), "{}", String::from_utf8_lossy(&told.stderr));
        serde_json::from_slice(&told.stdout).expect("the policies are JSON")
    });
    let set = sets
        .as_array()
        .into_iter()
        .flatten()
        .find(|entry| entry["name"] == set)
        .expect("a set of this name");
    set["policies"].as_object().expect("policies by name").values().cloned().collect()
}

/// Reads the policies for the demo project, under the names of its own account.
fn documents_of_the_demo(account: &Account) -> Vec<Value> {
    let topic = format!("{PROJECT}-reports");
    let renamed = documents("default").into_iter().map(|policy| {
        let text = policy
            .to_string()
            .replace("demo-state/demo/dev", &format!("{BUCKET}/{PROJECT}/dev"))
            .replace("demo-state", BUCKET)
            .replace("demo-reports", &topic)
            .replace("demo-", &format!("{PROJECT}-"))
            .replace(ACCOUNT, &account.id);
        serde_json::from_str(&text).expect("still JSON")
    });
    renamed.collect()
}

impl Role {
    fn of(set: &str) -> Self {
        Role::from(&documents(set))
    }

    fn from(documents: &[Value]) -> Self {
        Role(
            documents
                .iter()
                .map(|policy| serde_json::from_value(policy.clone()).expect("a policy"))
                .collect(),
        )
    }

    fn decides(&self, ask: &Ask) -> Decision {
        let parts: Vec<&str> = ask.resource.splitn(6, ':').collect();
        // A bucket's ARN has neither region nor account: the function's own are meant.
        let told = |part: usize, own: &str| {
            if parts[part].is_empty() { own.to_owned() } else { parts[part].to_owned() }
        };
        let mut context = Context::new()
            .with_string("aws:RequestedRegion", told(3, REGION))
            .with_string("aws:ResourceAccount", told(4, ACCOUNT))
            .with_boolean("aws:ViaAWSService", ask.by_aws);
        for (key, value) in &ask.context {
            context.insert(key.clone(), ContextValue::String(value.clone()));
        }
        let role = Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:role/demo")));
        let resource =
            Arn::parse(&ask.resource).unwrap_or_else(|error| panic!("{}: {error}", ask.resource));
        let request = IAMRequest::new_with_context(role, ask.action.clone(), resource, context);
        evaluate_policies(&self.0, &request).unwrap_or_else(|error| panic!("{ask:?}: {error}"))
    }

    fn permits(&self, ask: &Ask) -> bool {
        self.decides(ask) == Decision::Allow
    }

    fn allows(&self, action: &str, resource: &str) -> bool {
        self.permits(&ask(action, resource))
    }
}

fn ask(action: &str, resource: &str) -> Ask {
    Ask {
        action: action.to_owned(),
        resource: arn(resource, ACCOUNT),
        context: BTreeMap::new(),
        by_aws: false,
    }
}

/// Turns `kinesis:stream/events` into an ARN. An ARN stays as it is.
fn arn(resource: &str, account: &str) -> String {
    match resource.split_once(':') {
        _ if resource.starts_with("arn:") => resource.to_owned(),
        Some(("s3", object)) => format!("arn:aws:s3:::{object}"),
        Some((service, rest)) => format!("arn:aws:{service}:{REGION}:{account}:{rest}"),
        None => format!("arn:aws:any:{REGION}:{account}:{resource}"),
    }
}

/// Makes a project for which the function makes every call that it can make.
///
/// Each kind's part of it stands in a file of its own.
fn everything() -> Account {
    let account = Account::with(&crate::endpoints::rich());
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/whole/everything");
    let files = std::fs::read_dir(folder).expect("the folder is there");
    let mut files: Vec<_> = files.map(|file| file.expect("a file").path()).collect();
    files.sort();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        let text = std::fs::read_to_string(&file).expect("it is text").replace("PROJECT", PROJECT);
        account.seed(&serde_json::from_str(&text).expect("it is a seed"));
    }
    account
}

/// Lists the logged calls, each with what IAM was asked for it.
fn calls(account: &Account) -> Vec<(Call, Vec<Ask>)> {
    let asks: Vec<Vec<Ask>> = serde_json::from_value(account.asks()).expect("asks have one form");
    account.calls().into_iter().zip(asks).collect()
}

/// Lists the calls of a day.
///
/// There is a continuation in it, and a reservation that does not fit.
fn calls_of_a_day(account: &Account) -> Vec<(Call, Vec<Ask>)> {
    let function = Function::new(account).without("RESOURCES");
    let is_own = |(call, _): &(Call, _)| call.operation != "Invoke" || call.n > 1;
    account.forget_calls();
    function.succeed(&json!({"action": "status", "notify": true}));
    function.succeed(&json!({"action": "stop", "only": ["lambda"]}));
    let mut found = calls(account);
    account.forget_calls();
    // From now on, the account has no room for the reservation.
    account.settings(&json!({"account_concurrency": 104, "unreserved_minimum": 100}));
    function.must(&json!({"action": "start", "only": ["lambda"]}));
    account.settings(&json!({"account_concurrency": 1000, "unreserved_minimum": 100}));
    function.must(&json!({"action": "start"}));
    account.hold("mapping");
    let answer = function.must(&json!({"action": "stop", "wait": false}));
    assert_eq!(answer["outcome"], "in_progress", "{answer:#}");
    account.release("mapping");
    account.wait_until_idle();
    function.must(&json!({"action": "start"}));
    found.extend(calls(account));
    found.into_iter().filter(is_own).collect()
}

/// Lists what each statement allows: its name, an action, and the statement as a policy.
fn grants(set: &[Value]) -> Vec<(String, String, Role)> {
    let mut grants = Vec::new();
    for statement in
        set.iter().flat_map(|policy| policy["Statement"].as_array().expect("statements"))
    {
        let sid = statement["Sid"].as_str().expect("every statement has a name");
        // Application Auto Scaling asks so for each kind that it scales.
        let is_asked_by_aws = sid.ends_with("AsksWhetherItsCallerMight");
        if statement["Effect"] != "Allow" || is_asked_by_aws || WITHOUT_A_CALL.contains(&sid) {
            continue;
        }
        let listed = &statement["Action"];
        for action in listed.as_array().unwrap_or(&vec![listed.clone()]) {
            let action = action.as_str().expect("an action").to_owned();
            let alone = Role::from(&[json!({"Version": "2012-10-17", "Statement": [statement]})]);
            grants.push((sid.to_owned(), action, alone));
        }
    }
    grants
}

#[test]
fn every_call_is_allowed_and_everything_that_is_allowed_is_called() {
    let account = everything();
    let calls = calls_of_a_day(&account);
    let documents = documents_of_the_demo(&account);
    let role = Role::from(&documents);
    let grants = grants(&documents);
    let mut used = BTreeSet::new();
    for (call, asks) in &calls {
        for ask in asks {
            assert_eq!(role.decides(ask), Decision::Allow, "{}: {ask:?}", call.words());
            let by = grants
                .iter()
                .filter(|(_, action, alone)| *action == ask.action && alone.permits(ask));
            used.extend(by.map(|(sid, action, _)| (sid.clone(), action.clone())));
        }
    }
    let granted: BTreeSet<_> = grants.into_iter().map(|(sid, action, _)| (sid, action)).collect();
    assert_eq!(granted, used, "what each statement grants, and what was called by it");
}

/// Lists the actions that the template grants to change resources.
fn changes() -> Vec<String> {
    let grants = grants(&documents("default")).into_iter();
    let is_change = |action: &String| {
        let (service, verb) = action.split_once(':').expect("service:Verb");
        !NOT_OF_A_KIND.contains(&service)
            && !["List", "Describe", "Get", "Invoke"].iter().any(|reads| verb.starts_with(reads))
    };
    let changes: BTreeSet<String> = grants.map(|(_, action, _)| action).filter(is_change).collect();
    assert!(changes.len() >= 12, "{changes:?}");
    changes.into_iter().collect()
}

/// Asks for a change to a resource by its name, region and account.
fn change_at(action: &str, name: &str, region: &str, account: &str) -> Ask {
    let service = action.split(':').next().expect("a service");
    let function = format!("arn:aws:lambda:{region}:{account}:function:{name}");
    let mut context = BTreeMap::new();
    let resource = match action {
        "lambda:UpdateEventSourceMapping" => {
            context.insert("lambda:FunctionArn".to_owned(), function);
            "event-source-mapping:1a2b".to_owned()
        }
        "lambda:PutProvisionedConcurrencyConfig" | "lambda:DeleteProvisionedConcurrencyConfig" => {
            format!("function:{name}:live")
        }
        _ if service == "lambda" => format!("function:{name}"),
        _ if service == "sagemaker" => format!("endpoint/{name}"),
        _ if service == "kinesis" => format!("stream/{name}"),
        _ if service == "cloudwatch" => format!("alarm:{name}"),
        _ => granted_form(action).replace("demo-*", name).replace('*', "any"),
    };
    let resource = format!("arn:aws:{service}:{region}:{account}:{resource}");
    Ask { action: action.to_owned(), resource, context, by_aws: false }
}

/// The last part of the ARN by which the template grants an action: `service/*/demo-*`.
fn granted_form(action: &str) -> String {
    let documents = documents("default");
    let statements = documents.iter().flat_map(|policy| policy["Statement"].as_array().unwrap());
    let mut granting = statements.filter(|one| one["Action"].to_string().contains(action));
    let named = granting.find_map(|one| {
        let text = one["Resource"].to_string();
        let arn = text.split('"').find(|arn| arn.contains("demo-*"))?;
        arn.splitn(6, ':').nth(5).map(str::to_owned)
    });
    named.unwrap_or_else(|| panic!("{action} is granted by no name"))
}

fn change(action: &str, name: &str) -> Ask {
    change_at(action, name, REGION, ACCOUNT)
}

#[test]
fn nothing_outside_names_region_and_account_can_be_changed() {
    for set in ["default", "no schedules", "exclusions"] {
        let role = Role::of(set);
        for action in changes() {
            assert!(role.permits(&change(&action, "demo-risk")), "{set}: {action}");
            assert!(!role.permits(&change(&action, "other-risk")), "{set}: {action}");
            let elsewhere = change_at(&action, "demo-risk", "eu-west-1", ACCOUNT);
            assert!(!role.permits(&elsewhere), "{set}: {action} in another region");
            let theirs = change_at(&action, "demo-risk", REGION, "999999999999");
            assert!(!role.permits(&theirs), "{set}: {action} in another account");
        }
        assert!(role.allows("dynamodb:DescribeTable", "dynamodb:table/demo-scores"));
        assert!(!role.allows("dynamodb:DescribeTable", "dynamodb:table/other-scores"));
        let theirs = format!("arn:aws:sagemaker:{REGION}:999999999999:endpoint-config/demo-risk");
        assert!(
            !role.allows("sagemaker:CreateEndpoint", &theirs),
            "{set}: from another account's config"
        );
        assert!(!role.allows("s3:PutObject", "s3:other-state/demo/dev/state.json"));
        assert!(!role.allows("s3:PutObject", "s3:demo-state/another/dev/state.json"));
        assert!(!role.allows("s3:DeleteObject", "s3:demo-state/demo/dev/state.json"));
    }
}

#[test]
fn only_the_scaling_of_endpoints_can_be_registered() {
    let role = Role::of("default");
    for action in ["RegisterScalableTarget", "PutScalingPolicy", "PutScheduledAction"] {
        let of = |namespace: &str, account: &str| {
            let action = format!("application-autoscaling:{action}");
            let resource =
                format!("arn:aws:application-autoscaling:{REGION}:{account}:scalable-target/1a2b");
            let service = "application-autoscaling:service-namespace".to_owned();
            let context = BTreeMap::from([(service, namespace.to_owned())]);
            Ask { context, ..ask(&action, &resource) }
        };
        assert!(role.permits(&of("sagemaker", ACCOUNT)), "{action}");
        assert!(!role.permits(&of("elasticache", ACCOUNT)), "{action}");
        assert!(!role.permits(&of("sagemaker", "999999999999")), "{action}");
    }
}

#[test]
fn the_function_may_not_do_what_a_service_may_in_its_name() {
    let role = Role::of("default");
    for (action, resource) in [
        ("cloudwatch:PutMetricAlarm", "cloudwatch:alarm:any"),
        ("cloudwatch:DeleteAlarms", "cloudwatch:alarm:any"),
        ("sagemaker:UpdateEndpointWeightsAndCapacities", "sagemaker:endpoint/other-risk"),
    ] {
        let own = ask(action, resource);
        assert!(!role.permits(&own), "{action}");
        assert!(role.permits(&Ask { by_aws: true, ..own }), "{action}");
    }
}

#[test]
fn the_function_can_call_itself_and_cannot_change_itself() {
    assert!(MANAGER.ends_with("-resource-manager"), "the name that the sets resolve to");
    for set in ["default", "no schedules", "tags", "exclusions"] {
        let role = Role::of(set);
        assert!(role.allows("lambda:InvokeFunction", "lambda:function:demo-resource-manager"));
        assert!(!role.allows("lambda:InvokeFunction", "lambda:function:demo-work"));
        for action in changes().iter().filter(|action| action.starts_with("lambda:")) {
            assert_eq!(
                role.decides(&change(action, "demo-resource-manager")),
                Decision::Deny,
                "{set}: {action}"
            );
            assert!(role.permits(&change(action, "demo-work")), "{set}: {action}");
        }
        for alarm in ["ErrorsAlarm", "DeadLetterAlarm", "StartMissedAlarm"] {
            let disabled = change("cloudwatch:DisableAlarmActions", alarm);
            assert_eq!(role.decides(&disabled), Decision::Deny, "{set}: {alarm}");
        }
    }
    let not_checked = change("cloudwatch:DisableAlarmActions", "NotCheckedAlarm");
    assert_eq!(Role::of("tags").decides(&not_checked), Decision::Deny);
}

#[test]
fn a_kind_that_is_not_managed_is_not_allowed() {
    let (without_streams, without_all) =
        (Role::of("one kind is not managed"), Role::of("nothing is managed"));
    for action in changes() {
        let is_stream = action.starts_with("kinesis:");
        assert_eq!(without_streams.permits(&change(&action, "demo-risk")), !is_stream, "{action}");
        assert!(!without_all.permits(&change(&action, "demo-risk")), "{action}");
        let by_aws = Ask { by_aws: true, ..change(&action, "demo-risk") };
        assert!(!without_all.permits(&by_aws), "{action}");
    }
    assert!(!without_streams.allows("kinesis:ListStreams", "kinesis:any"));
    for (_, action, _) in grants(&documents("nothing is managed")) {
        let service = action.split(':').next().expect("a service");
        let is_own =
            ["s3", "sns", "tag", "pricing"].contains(&service) || action == "lambda:InvokeFunction";
        assert!(is_own, "{action}");
    }
}

#[test]
fn a_name_that_is_excluded_is_denied_whatever_allows_it() {
    for (set, excluded) in
        [("exclusions", vec!["demo-audit", "demo-keep-this"]), ("tags", vec!["demo-audit"])]
    {
        let role = Role::of(set);
        for action in changes() {
            for name in &excluded {
                assert_eq!(
                    role.decides(&change(&action, name)),
                    Decision::Deny,
                    "{set}: {action} {name}"
                );
            }
            assert!(role.permits(&change(&action, "demo-risk")), "{set}: {action}");
        }
    }
}

#[test]
fn with_tags_every_name_is_allowed_and_no_other_region_or_account() {
    let role = Role::of("tags");
    for action in changes() {
        assert!(role.permits(&change(&action, "other-risk")), "{action}");
        assert!(
            !role.permits(&change_at(&action, "other-risk", "eu-west-1", ACCOUNT)),
            "{action} in another region"
        );
        assert!(
            !role.permits(&change_at(&action, "other-risk", REGION, "999999999999")),
            "{action} of others"
        );
    }
}

#[test]
fn names_are_taken_by_their_lists_and_no_others() {
    let role = Role::of("lists of names");
    let permits = |action: &str, name: &str| role.permits(&change(action, name));
    // IAM knows an endpoint by its name in lower case.
    assert!(
        permits("sagemaker:DeleteEndpoint", "shop-risk")
            && permits("sagemaker:DeleteEndpoint", "demo-risk")
    );
    assert!(!permits("sagemaker:DeleteEndpoint", "demo-other"));
    assert!(
        permits("kinesis:UpdateShardCount", "events")
            && !permits("kinesis:UpdateShardCount", "demo-events")
    );
    for action in changes().iter().filter(|action| action.starts_with("lambda:")) {
        assert!(permits(action, "worker-ab") && permits(action, "event_processor"), "{action}");
        assert!(
            !permits(action, "worker-abc") && !permits(action, "event_processor_2"),
            "{action}"
        );
    }
    assert!(permits("cloudwatch:EnableAlarmActions", "errors [prod]: too many"));
    assert!(!permits("cloudwatch:EnableAlarmActions", "errors [prod]"));
}
