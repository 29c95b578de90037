//! What the template's role allows, against what the function calls: neither is more than the other.
//!
//! `tests/infra/policies.json` has the role's policies as the template resolves them; a check of the
//! template keeps it current.

use std::collections::BTreeSet;

use iam_rs::{Arn, Context, ContextValue, Decision, IAMPolicy, IAMRequest, Principal, PrincipalId, evaluate_policies};
use serde_json::{Value, json};

use crate::support::{Account, BUCKET, Call, Function, MANAGER, PROJECT};

const POLICIES: &str = include_str!("../infra/policies.json");
const REGION: &str = "us-east-1";
/// The account of the resolved policies.
const ACCOUNT: &str = "123456789012";
/// Granted, though no call of the function shows it: what AWS does or asks in its name.
const WITHOUT_A_CALL: [&str; 5] = [
    "LambdaWritesLogs",
    "LambdaKeepsFailedEvents",
    "EncryptedEndpoints",
    "ScalingAsksWhetherItsCallerMight",
    "StateMissingIsNotDenied",
];

/// The role's policies for one set of parameters.
struct Role(Vec<IAMPolicy>);

/// An action on a resource, with what AWS tells of it beside.
#[derive(Debug, Clone, PartialEq)]
struct Ask {
    action: String,
    resource: String,
    context: Vec<(&'static str, String)>,
}

fn documents(set: &str) -> Vec<Value> {
    let sets: Value = serde_json::from_str(POLICIES).expect("policies.json is JSON");
    let set = sets.as_array().into_iter().flatten().find(|entry| entry["name"] == set).expect("a set of this name");
    set["policies"].as_object().expect("policies by name").values().cloned().collect()
}

impl Role {
    fn of(set: &str) -> Self {
        Role::from(&documents(set))
    }

    fn from(documents: &[Value]) -> Self {
        Role(documents.iter().map(|policy| serde_json::from_value(policy.clone()).expect("a policy")).collect())
    }

    /// For the demo project in its own account: the same policies under other names.
    fn of_the_demo(account: &Account) -> Self {
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
        Role::from(&renamed.collect::<Vec<Value>>())
    }

    fn decides(&self, ask: &Ask) -> Decision {
        let mut context = Context::new().with_string("aws:RequestedRegion", REGION);
        for (key, value) in &ask.context {
            context.insert((*key).to_owned(), ContextValue::String(value.clone()));
        }
        let role = Principal::Aws(PrincipalId::String(format!("arn:aws:iam::{ACCOUNT}:role/demo")));
        let resource = Arn::parse(&ask.resource).unwrap_or_else(|error| panic!("{}: {error}", ask.resource));
        let request = IAMRequest::new_with_context(role, ask.action.clone(), resource, context);
        evaluate_policies(&self.0, &request).unwrap_or_else(|error| panic!("{ask:?}: {error}"))
    }

    #[track_caller]
    fn allows(&self, action: &str, resource: &str) -> bool {
        self.decides(&ask(action, resource)) == Decision::Allow
    }
}

fn ask(action: &str, resource: &str) -> Ask {
    Ask { action: action.to_owned(), resource: arn(resource, ACCOUNT), context: Vec::new() }
}

/// `kinesis:stream/events` → its ARN. What is an ARN already stays.
fn arn(resource: &str, account: &str) -> String {
    match resource.split_once(':') {
        _ if resource.starts_with("arn:") => resource.to_owned(),
        Some(("s3", object)) => format!("arn:aws:s3:::{object}"),
        Some((service, rest)) => format!("arn:aws:{service}:{REGION}:{account}:{rest}"),
        None => format!("arn:aws:any:{REGION}:{account}:{resource}"),
    }
}

/// What IAM is asked for one call
/// (docs.aws.amazon.com/service-authorization/latest/reference/reference_policies_actions-resources-contextkeys.html).
fn asks(call: &Call, account: &Account) -> Vec<Ask> {
    let name = call.resource.as_str();
    let (prefix, action) = match (call.service.as_str(), call.operation.as_str()) {
        ("lambda", "Invoke") => ("lambda", "InvokeFunction"),
        ("tagging", operation) => ("tag", operation),
        (service, operation) => (service, operation),
    };
    let mut context = Vec::new();
    let lower = name.to_lowercase();
    let resources: Vec<String> = match (prefix, action) {
        _ if name.starts_with("arn:") => vec![name.to_owned()],
        ("s3", _) => vec![format!("s3:{name}")],
        ("sagemaker", "DescribeEndpointConfig") => vec![format!("sagemaker:endpoint-config/{lower}")],
        ("sagemaker", "DescribeModel") => vec![format!("sagemaker:model/{lower}")],
        ("sagemaker", "DeleteEndpoint") => {
            return deletion(&format!("sagemaker:endpoint/{lower}"), &account.id);
        }
        ("sagemaker", "ListEndpoints" | "ListInferenceComponents") => vec!["sagemaker:any".to_owned()],
        ("sagemaker", _) => vec![format!("sagemaker:endpoint/{lower}")],
        ("application-autoscaling", "RegisterScalableTarget" | "PutScalingPolicy" | "PutScheduledAction") => {
            context.push(("application-autoscaling:service-namespace", "sagemaker".to_owned()));
            vec!["application-autoscaling:scalable-target/1a2b".to_owned()]
        }
        ("kinesis", "DescribeStreamSummary" | "UpdateShardCount") => vec![format!("kinesis:stream/{name}")],
        ("lambda", "UpdateEventSourceMapping" | "GetEventSourceMapping") => {
            let function = arn(&format!("lambda:function:{PROJECT}-work"), &account.id);
            context.push(("lambda:FunctionArn", function));
            vec![format!("lambda:event-source-mapping:{name}")]
        }
        ("lambda", "ListFunctions" | "ListEventSourceMappings" | "GetAccountSettings") => vec!["lambda:any".to_owned()],
        ("lambda", "PutProvisionedConcurrencyConfig" | "DeleteProvisionedConcurrencyConfig") => {
            vec![format!("lambda:function:{name}:live")]
        }
        ("lambda", _) => vec![format!("lambda:function:{name}")],
        ("cloudwatch", "DisableAlarmActions" | "EnableAlarmActions") => {
            name.split(',').map(|name| format!("cloudwatch:alarm:{name}")).collect()
        }
        ("dynamodb", "DescribeTable") => vec![format!("dynamodb:table/{name}")],
        (service, _) => vec![format!("{service}:any")],
    };
    // An endpoint with tags is created by two permissions.
    let actions = if action == "CreateEndpoint" { vec!["CreateEndpoint", "AddTags"] } else { vec![action] };
    let ask = |resource: &String, action: &str| Ask {
        action: format!("{prefix}:{action}"),
        resource: arn(resource, &account.id),
        context: context.clone(),
    };
    resources.iter().flat_map(|resource| actions.iter().map(move |action| ask(resource, action))).collect()
}

/// An endpoint with scalable targets is deleted by who may deregister them
/// (docs.aws.amazon.com/sagemaker/latest/dg/endpoint-delete-with-scaling.html).
fn deletion(endpoint: &str, account: &str) -> Vec<Ask> {
    let context = vec![("application-autoscaling:service-namespace", "sagemaker".to_owned())];
    [
        ("sagemaker:DeleteEndpoint", endpoint, Vec::new()),
        ("application-autoscaling:DeregisterScalableTarget", "application-autoscaling:scalable-target/1a2b", context),
    ]
    .map(|(action, resource, context)| Ask { action: action.to_owned(), resource: arn(resource, account), context })
    .into()
}

/// A project with everything that makes the function call all that it ever calls.
fn everything() -> Account {
    let account = Account::with(&crate::endpoints::rich());
    account.seed(&json!({
        "queues": ["orders"],
        "functions": [{
            "name": format!("{PROJECT}-work"), "reserved": 5, "versions": 1, "aliases": {"live": "1"},
            "provisioned": {"live": 2}, "mappings": [{"queue": "orders"}],
        }, {"name": format!("{PROJECT}-free")}],
        "streams": [{"name": format!("{PROJECT}-events"), "shards": 2}],
        "alarms": [{"name": format!("{PROJECT}-errors")}, {"name": format!("{PROJECT}-all"), "composite": format!("ALARM({PROJECT}-errors)")}],
        "tables": [{"name": format!("{PROJECT}-scores"), "billing": "PROVISIONED", "read": 5, "write": 5}],
    }));
    account
}

/// Every call of the function in a day, with a continuation and a reservation that no longer fits.
fn calls_of_a_day(account: &Account) -> Vec<Call> {
    let function = Function::new(account).without("LAMBDA_FUNCTIONS");
    let is_own = |call: &Call| call.operation != "Invoke" || call.n > 1;
    account.forget_calls();
    function.succeed(&json!({"action": "status", "notify": true}));
    function.succeed(&json!({"action": "stop", "only": ["lambda"]}));
    let mut calls: Vec<Call> = account.calls();
    account.forget_calls();
    // The account has no room for the reservation any more.
    account.settings(&json!({"account_concurrency": 104, "unreserved_minimum": 100}));
    function.must(&json!({"action": "start", "only": ["lambda"]}));
    account.settings(&json!({"account_concurrency": 1000, "unreserved_minimum": 100}));
    for event in [json!({"action": "start"}), json!({"action": "stop", "wait": false}), json!({"action": "start"})] {
        function.must(&event);
        account.wait_until_idle(std::time::Duration::from_secs(60));
    }
    calls.extend(account.calls());
    calls.into_iter().filter(is_own).collect()
}

#[test]
fn every_call_is_allowed_and_everything_that_is_allowed_is_called() {
    let account = everything();
    let calls = calls_of_a_day(&account);
    let role = Role::of_the_demo(&account);
    let mut used = BTreeSet::new();
    for call in &calls {
        for ask in asks(call, &account) {
            assert_eq!(role.decides(&ask), Decision::Allow, "{}: {ask:?}", call.words());
            used.insert(ask.action);
        }
    }
    let mut granted = BTreeSet::new();
    for statement in documents("default").iter().flat_map(|policy| policy["Statement"].as_array().expect("statements"))
    {
        let sid = statement["Sid"].as_str().expect("every statement has a name");
        if statement["Effect"] == "Allow" && !WITHOUT_A_CALL.contains(&sid) {
            let actions = &statement["Action"];
            let all = actions.as_array().cloned().unwrap_or_else(|| vec![actions.clone()]);
            granted.extend(all.iter().map(|action| action.as_str().expect("an action").to_owned()));
        }
    }
    assert_eq!(granted, used, "what the template grants, and what was called");
}

/// One changing action of each kind, and the form of what it changes.
const CHANGES: [(&str, &str); 5] = [
    ("sagemaker:DeleteEndpoint", "sagemaker:endpoint/"),
    ("kinesis:UpdateShardCount", "kinesis:stream/"),
    ("lambda:PutFunctionConcurrency", "lambda:function:"),
    ("cloudwatch:DisableAlarmActions", "cloudwatch:alarm:"),
    ("dynamodb:DescribeTable", "dynamodb:table/"),
];

#[test]
fn nothing_outside_the_name_lists_can_be_touched() {
    let role = Role::of("default");
    for (action, form) in CHANGES {
        assert!(role.allows(action, &format!("{form}demo-risk")), "{action}");
        assert!(!role.allows(action, &format!("{form}other-risk")), "{action}");
        let elsewhere = arn(&format!("{form}demo-risk"), ACCOUNT).replace(REGION, "eu-west-1");
        let mut there = ask(action, &elsewhere);
        there.context.push(("aws:RequestedRegion", "eu-west-1".to_owned()));
        assert_ne!(role.decides(&there), Decision::Allow, "{action} in another region");
    }
    assert!(!role.allows("s3:PutObject", "s3:other-state/demo/dev/state.json"));
    assert!(!role.allows("s3:PutObject", "s3:demo-state/another/dev/state.json"));
    assert!(!role.allows("s3:DeleteObject", "s3:demo-state/demo/dev/state.json"));
}

#[test]
fn the_function_can_call_itself_and_cannot_change_itself() {
    let role = Role::of("default");
    let itself = "lambda:function:demo-resource-manager";
    assert!(MANAGER.ends_with("-resource-manager"), "the name that the sets resolve to");
    assert!(role.allows("lambda:InvokeFunction", itself));
    assert!(!role.allows("lambda:InvokeFunction", "lambda:function:demo-work"));
    for action in ["lambda:PutFunctionConcurrency", "lambda:DeleteFunctionConcurrency"] {
        assert_eq!(role.decides(&ask(action, itself)), Decision::Deny, "{action}");
        assert!(role.allows(action, "lambda:function:demo-work"), "{action}");
    }
    let mut mapping = ask("lambda:UpdateEventSourceMapping", "lambda:event-source-mapping:1a2b");
    mapping.context.push(("lambda:FunctionArn", arn(itself, ACCOUNT)));
    assert_eq!(role.decides(&mapping), Decision::Deny);
}

#[test]
fn a_kind_that_is_not_managed_and_a_name_that_is_excluded_are_not_allowed() {
    let (without_streams, with_exclusions) = (Role::of("one kind is not managed"), Role::of("exclusions"));
    assert!(!without_streams.allows("kinesis:UpdateShardCount", "kinesis:stream/demo-events"));
    assert!(without_streams.allows("lambda:PutFunctionConcurrency", "lambda:function:demo-work"));
    for (action, form) in CHANGES.iter().filter(|(action, _)| !action.contains("Describe")) {
        for excluded in ["demo-audit", "demo-keep-this"] {
            assert_eq!(with_exclusions.decides(&ask(action, &format!("{form}{excluded}"))), Decision::Deny, "{action}");
        }
        assert!(with_exclusions.allows(action, &format!("{form}demo-risk")), "{action}");
    }
}
