//! Services with their tasks: slow, scaled by alarms and schedules, deployed by others.

use serde_json::{Value, json};

use crate::support::{
    Account, Function, PROJECT, assert_same, beside, eventually, line, result_of, results,
};

const API: &str = "AmazonEC2ContainerServiceV20141113";

/// The name of a service in the cluster `shop`, as reports have it.
fn name(service: &str) -> String {
    format!("shop/{PROJECT}-{service}")
}

/// A service as a seed describes it, with these fields beside.
fn service(name: &str, cluster: &str, fields: &Value) -> Value {
    let mut service =
        json!({"name": format!("{PROJECT}-{name}"), "cluster": cluster, "desired": 2});
    let others = fields.as_object().cloned().unwrap_or_default();
    service.as_object_mut().expect("a service has fields").extend(others);
    service
}

/// A project of one service, `shop/…-web`.
fn web(fields: &Value) -> Account {
    Account::with(&json!({"services": [service("web", "shop", fields)]}))
}

fn scaling() -> Value {
    json!({
        "min": 2, "max": 6, "suspended": {"DynamicScalingInSuspended": true},
        "policies": [{
            "PolicyName": "cpu", "PolicyType": "TargetTrackingScaling",
            "TargetTrackingScalingPolicyConfiguration": {
                "TargetValue": 60.0,
                "PredefinedMetricSpecification": {"PredefinedMetricType": "ECSServiceAverageCPUUtilization"},
            },
        }],
        "scheduled_actions": [
            {"ScheduledActionName": "night", "Schedule": "cron(0 3 * * ? *)",
             "ScalableTargetAction": {"MinCapacity": 3, "MaxCapacity": 4}},
            {"ScheduledActionName": "someday", "Schedule": "at(2099-01-01T00:00:00)",
             "ScalableTargetAction": {"MinCapacity": 1}},
        ],
    })
}

/// Services of every form that can be stopped, in two clusters, and a neighbour's.
fn every_form() -> Account {
    Account::with(&json!({"services": [
        service("web", "shop", &json!({"autoscaling": scaling(), "cpu": 1024, "memory": 2048})),
        service("web", "batch", &json!({"desired": 1, "tags": {"Owner": "analytics"}})),
        service("arm", "shop", &json!({"arm": true, "storage": 50, "autoscaling": {"min": 1, "max": 9}})),
        service("ec2", "shop", &json!({"launch_type": "EC2", "requires": ["EC2"], "desired": 3})),
        service("spot", "batch", &json!({"strategy": [
            {"capacityProvider": "FARGATE", "base": 1, "weight": 1},
            {"capacityProvider": "FARGATE_SPOT", "weight": 3},
        ]})),
        service("blue", "shop", &json!({"controller": "CODE_DEPLOY", "task_sets": 1})),
        service("old", "shop", &json!({"old_arn": true})),
        {"name": "payments", "cluster": "shop", "desired": 4},
    ]}))
}

fn of(account: &Account, name: &str) -> Value {
    account.snapshot()["services"][name].clone()
}

/// The desired counts of all services, by their names without the project's.
fn counts(account: &Account) -> Vec<String> {
    let snapshot = account.snapshot();
    let services = snapshot["services"].as_object().expect("services by name");
    let count = |(name, service): (&String, &Value)| {
        let name = name.replace(&format!("{PROJECT}-"), "");
        format!("{name} {}/{}", service["runningCount"], service["desiredCount"])
    };
    services.iter().map(count).collect()
}

/// Sets something of the service `shop/…-web`, as a person does.
fn person_sets(account: &Account, what: &Value) {
    let mut params = json!({"cluster": "shop", "service": format!("{PROJECT}-web")});
    let fields = what.as_object().cloned().unwrap_or_default();
    params.as_object_mut().expect("parameters").extend(fields);
    account.person("ecs", &format!("{API}.UpdateService"), &params);
}

fn scale(account: &Account, what: &Value) {
    let mut body = json!({"resource": format!("service/{}", name("web"))});
    body.as_object_mut().expect("a body").extend(what.as_object().cloned().unwrap_or_default());
    account.control("POST", "scaling", Some(&body));
}

fn put(account: &Account, what: &Value) {
    account.control("PUT", &format!("services/{}", name("web")), Some(what));
}

fn suspensions(account: &Account) -> Value {
    let key = format!("ecs service/{} ecs:service:DesiredCount", name("web"));
    account.snapshot()["scalable_targets"][key]["target"]["SuspendedState"].clone()
}

/// The changing calls, without the names that all have in common.
fn calls(account: &Account) -> Vec<String> {
    let short = |call: crate::support::Call| call.words().replace(&format!("{PROJECT}-"), "");
    account.changes().into_iter().map(short).collect()
}

fn stop() -> Value {
    json!({"action": "stop"})
}

fn start() -> Value {
    json!({"action": "start"})
}

#[test]
fn services_of_every_form_come_back_as_they_were() {
    let account = every_form();
    let function = Function::new(&account);
    let before = account.snapshot();
    for _ in 0..2 {
        function.succeed(&stop());
        assert_eq!(
            counts(&account),
            [
                "batch/spot 0/0",
                "batch/web 0/0",
                "shop/payments 4/4",
                "shop/arm 0/0",
                "shop/blue 0/0",
                "shop/ec2 0/0",
                "shop/old 0/0",
                "shop/web 0/0",
            ]
        );
        function.succeed(&start());
        assert_same(&account.snapshot(), &before, "after a start");
    }
}

#[test]
fn scaling_is_suspended_first_and_resumed_last_and_nothing_else_of_it_is_touched() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    function.succeed(&stop());
    let resource = format!("service/{}", name("web")).replace(&format!("{PROJECT}-"), "");
    assert_eq!(
        calls(&account),
        [format!("RegisterScalableTarget {resource}"), "UpdateService web".to_owned()]
    );
    assert_eq!(
        suspensions(&account),
        json!({"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": true,
               "ScheduledScalingSuspended": true})
    );
    account.forget_calls();
    function.succeed(&start());
    assert_eq!(
        calls(&account),
        ["UpdateService web".to_owned(), format!("RegisterScalableTarget {resource}")]
    );
    assert_eq!(
        suspensions(&account),
        json!({"DynamicScalingInSuspended": true, "DynamicScalingOutSuspended": false,
               "ScheduledScalingSuspended": false})
    );
}

#[test]
fn neither_an_alarm_nor_a_schedule_brings_a_service_back_in_the_night_and_both_are_told() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    let report = function.succeed(&stop());
    let warnings = &line(&report, "ecs", &name("web"))["warnings"];
    assert_eq!(
        *warnings,
        json!([
            "scheduled actions that fall due while it is stopped are not taken, and not made up for: \
                night (cron(0 3 * * ? *))"
        ])
    );
    scale(&account, &json!({"by": 1}));
    scale(&account, &json!({"action": "night"}));
    assert_eq!(counts(&account), ["shop/web 0/0"]);
    let report = function.succeed(&start());
    let warnings = line(&report, "ecs", &name("web"))["warnings"].to_string();
    assert!(warnings.contains("were not taken") && warnings.contains("night"), "{warnings}");
    assert_same(&account.snapshot(), &before, "after the start");
    // In the morning they scale again.
    scale(&account, &json!({"by": 1}));
    eventually("the service has grown", || counts(&account) == ["shop/web 3/3"]);
}

#[test]
fn a_count_that_scaling_changes_before_it_is_suspended_is_the_one_that_comes_back() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let hold = json!({"operation": "RegisterScalableTarget", "held": true});
    account.fault(&hold);
    let report = beside(
        || function.succeed(&stop()),
        || {
            account.until_called("RegisterScalableTarget", 1);
            scale(&account, &json!({"by": 1}));
            account.release_calls();
        },
    );
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["detail"], "its desired count had become 3 meanwhile");
    assert_eq!(counts(&account), ["shop/web 0/0"]);
    assert_eq!(
        account.state()["resources"][format!("ecs:{}", name("web"))]["original"]["desired"],
        3
    );
    function.succeed(&start());
    assert_eq!(counts(&account), ["shop/web 3/3"]);
    assert_eq!(suspensions(&account)["DynamicScalingOutSuspended"], false);
}

#[test]
fn a_persons_count_at_night_stays_and_the_scaling_is_resumed_all_the_same() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    function.succeed(&stop());
    person_sets(&account, &json!({"desiredCount": 5}));
    let report = function.succeed(&start());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["detail"], "a person set its desired count to 5: it stays so");
    eventually("as many tasks run", || counts(&account) == ["shop/web 5/5"]);
    assert_eq!(suspensions(&account)["DynamicScalingOutSuspended"], false);
    assert_eq!(suspensions(&account)["DynamicScalingInSuspended"], true);
    // The next stop saves what is there now.
    function.succeed(&stop());
    function.succeed(&start());
    assert_eq!(counts(&account), ["shop/web 5/5"]);
}

#[test]
fn a_deployment_in_the_night_stays_and_its_count_wins() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    function.succeed(&stop());
    let family = format!("shop-{PROJECT}-web");
    let definition = json!({"family": family, "cpu": "512", "memory": "1024"});
    account.person("ecs", &format!("{API}.RegisterTaskDefinition"), &definition);
    let newest = format!("{family}:2");
    person_sets(&account, &json!({"taskDefinition": newest}));
    function.succeed(&start());
    assert_eq!(counts(&account), ["shop/web 2/2"]);
    assert!(of(&account, &name("web"))["taskDefinition"].to_string().contains(&newest));
    function.succeed(&stop());
    person_sets(&account, &json!({"taskDefinition": newest, "desiredCount": 1}));
    let report = function.succeed(&start());
    assert_eq!(result_of(&report, "ecs", &name("web")), "already_running");
    eventually("its count stays", || counts(&account) == ["shop/web 1/1"]);
}

#[test]
fn a_service_made_anew_in_the_night_is_a_persons_and_its_scaling_is_resumed() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    function.succeed(&stop());
    let (cluster, service) = ("shop", format!("{PROJECT}-web"));
    let own = json!({"cluster": cluster, "service": service});
    account.person("ecs", &format!("{API}.DeleteService"), &own);
    account.advance(5.0);
    let anew = json!({"cluster": cluster, "serviceName": service, "desiredCount": 4,
                      "taskDefinition": format!("shop-{PROJECT}-web"), "launchType": "FARGATE"});
    account.person("ecs", &format!("{API}.CreateService"), &anew);
    let report = function.succeed(&start());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["detail"], "a person made it anew with 4 tasks: it stays so");
    eventually("its own count stays", || counts(&account) == ["shop/web 4/4"]);
    assert_eq!(suspensions(&account)["ScheduledScalingSuspended"], false);
}

#[test]
fn a_service_that_was_deleted_in_the_night_is_owed_nothing() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    function.succeed(&stop());
    let own = json!({"cluster": "shop", "service": format!("{PROJECT}-web")});
    account.person("ecs", &format!("{API}.DeleteService"), &own);
    let report = function.succeed(&start());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["detail"], "it was deleted since: there is nothing to bring back");
    function.succeed(&start());
}

#[test]
fn services_that_have_no_count_to_set_are_left_alone_with_the_reason() {
    let account = Account::with(&json!({"services": [
        service("agent", "shop", &json!({"scheduling": "DAEMON", "launch_type": "EC2"})),
        service("idle", "shop", &json!({"desired": 0, "autoscaling": {"min": 1, "max": 2}})),
    ]}));
    let report = Function::new(&account).succeed(&stop());
    let daemon = line(&report, "ecs", &name("agent"));
    assert_eq!(daemon["result"], "skipped");
    assert!(daemon["detail"].to_string().contains("DAEMON"), "{daemon:#}");
    let idle = line(&report, "ecs", &name("idle"));
    assert_eq!(idle["result"], "already_stopped");
    assert!(idle["warnings"].to_string().contains("a minimum of 1"), "{idle:#}");
    assert_eq!(calls(&account), [""; 0]);
}

#[test]
fn a_deployment_under_way_is_waited_for_by_a_stop() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.hold("deploying");
    let same = format!("shop-{PROJECT}-web");
    person_sets(&account, &json!({"taskDefinition": same}));
    account.forget_calls();
    beside(
        || function.succeed(&stop()),
        || {
            account.until_asked_again("DescribeServices");
            assert_eq!(calls(&account), [""; 0]);
            account.release("deploying");
        },
    );
    assert_eq!(counts(&account), ["shop/web 0/0"]);
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "after the start");
}

#[test]
fn a_count_that_is_refused_during_another_controllers_deployment_is_set_after_it() {
    let account = web(&json!({"controller": "CODE_DEPLOY", "task_sets": 1}));
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&stop());
    put(&account, &json!({"task_sets": 2}));
    account.forget_calls();
    let report = beside(
        || function.succeed(&start()),
        || {
            account.until_called("UpdateService", 1);
            put(&account, &json!({"task_sets": 1}));
        },
    );
    assert_eq!(result_of(&report, "ecs", &name("web")), "started");
    assert_eq!(account.count("UpdateService"), 2);
    assert_same(&account.snapshot(), &before, "after the start");
}

fn refusal(operation: &str) -> Value {
    let error = json!({"status": 400, "code": "InvalidParameterException", "message": "not today"});
    json!({"operation": operation, "times": null, "error": error})
}

#[test]
fn where_the_count_is_refused_for_good_the_scaling_is_resumed_at_once() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&refusal("UpdateService"));
    let report = function.must(&stop());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["result"], "failed");
    assert!(told["detail"].to_string().contains("not today"), "{told:#}");
    assert_same(&account.snapshot(), &before, "after the refused stop");
    account.clear_faults();
    function.succeed(&stop());
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_suspension_that_is_refused_keeps_the_count_as_it_is() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&refusal("RegisterScalableTarget"));
    let report = function.must(&stop());
    assert_eq!(result_of(&report, "ecs", &name("web")), "failed");
    assert_same(&account.snapshot(), &before, "after the refused stop");
    assert_eq!(account.count("UpdateService"), 0);
    account.clear_faults();
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_count_that_is_refused_in_the_morning_is_told_and_a_later_start_completes_it() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&stop());
    account.fault(&refusal("UpdateService"));
    let report = function.must(&start());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["result"], "failed");
    assert!(told["detail"].to_string().contains("ecs:UpdateService"), "{told:#}");
    account.clear_faults();
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn scaling_that_cannot_be_resumed_is_told_and_a_later_start_completes_it() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&stop());
    account.fault(&refusal("RegisterScalableTarget"));
    let report = function.must(&start());
    assert_eq!(result_of(&report, "ecs", &name("web")), "failed");
    assert_eq!(counts(&account), ["shop/web 2/2"]);
    account.clear_faults();
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn scaling_that_cannot_be_seen_keeps_a_stop_and_no_start() {
    let account = web(&json!({"autoscaling": scaling()}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.fault(&refusal("DescribeScalableTargets"));
    let report = function.must(&stop());
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["result"], "skipped");
    assert!(told["detail"].to_string().contains("its scaling cannot be seen"), "{told:#}");
    assert_same(&account.snapshot(), &before, "after the stop");
    account.clear_faults();
    function.succeed(&stop());
    account.fault(&refusal("DescribeScalableTargets"));
    function.must(&start());
    assert_eq!(counts(&account), ["shop/web 2/2"]);
    account.clear_faults();
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn a_cluster_that_cannot_be_listed_is_told_with_the_permission() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    let error = json!({"status": 400, "code": "AccessDeniedException", "message": "no"});
    account.fault(&json!({"operation": "ListServices", "times": null, "error": error}));
    let report = function.must(&stop());
    assert!(report["errors"].to_string().contains("ecs:ListServices"), "{report:#}");
    assert_eq!(calls(&account), [""; 0]);
}

#[test]
fn a_service_that_may_not_be_seen_keeps_none_of_its_neighbours_from_being_stopped() {
    let account = Account::with(&json!({"services": [
        service("a", "shop", &json!({})),
        service("b", "shop", &json!({})),
        service("c", "shop", &json!({})),
    ]}));
    let function = Function::new(&account);
    // IAM refuses to describe several services for one of them.
    let error = json!({"status": 400, "code": "AccessDeniedException", "message": "no"});
    let hidden = format!("{PROJECT}-b");
    account.fault(&json!({"operation": "DescribeServices", "resource": hidden, "times": null,
                          "error": error}));
    let report = function.must(&stop());
    assert_eq!(
        results(&report),
        [
            format!("ecs:{} stopped", name("a")),
            format!("ecs:{} failed", name("b")),
            format!("ecs:{} stopped", name("c")),
        ]
    );
    let told = line(&report, "ecs", &name("b"))["detail"].to_string();
    assert!(told.contains("ecs:DescribeServices"), "{told}");
}

#[test]
fn a_service_whose_tasks_cannot_be_placed_is_told_in_the_words_of_ecs() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    let before = account.snapshot();
    function.succeed(&stop());
    put(&account, &json!({"hindrance": "was unable to place a task because of its reasons."}));
    let report = function.must(&json!({"action": "start", "wait": false}));
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(told["result"], "pending");
    assert_eq!(
        told["detail"],
        format!(
            "waiting for 0 of 2 tasks to run: (service {PROJECT}-web) was unable to place a task because of its reasons."
        )
    );
    put(&account, &json!({"hindrance": null}));
    account.wait_until_idle();
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "in the end");
}

#[test]
fn tasks_that_run_on_keep_a_stop_waiting_and_their_number_is_told() {
    let account = web(&json!({}));
    let function = Function::new(&account);
    account.hold("tasks");
    let report = function.must(&json!({"action": "stop", "wait": false}));
    let told = line(&report, "ecs", &name("web"));
    assert_eq!(
        (&told["result"], &told["detail"]),
        (&json!("pending"), &json!("waiting for 2 tasks to stop"))
    );
    account.release("tasks");
    account.wait_until_idle();
    assert_eq!(counts(&account), ["shop/web 0/0"]);
}

#[test]
fn a_count_that_shows_late_is_waited_for() {
    let account = web(&json!({"autoscaling": scaling()}));
    account.settings(&json!({"lagging_seconds": 0.2}));
    let function = Function::new(&account);
    function.succeed(&stop());
    eventually("the count shows", || counts(&account) == ["shop/web 0/0"]);
    function.succeed(&start());
    eventually("the count shows", || counts(&account) == ["shop/web 2/2"]);
}

#[test]
fn a_rate_that_aws_keeps_to_delays_services_and_fails_none() {
    let many: Vec<Value> = (0..25).map(|n| service(&format!("s{n}"), "shop", &json!({}))).collect();
    let account = Account::with(&json!({"services": many}));
    let function = Function::new(&account);
    let before = account.snapshot();
    account.set_rates(&json!({"ecs.UpdateService": {"rate": 20, "burst": 3}}));
    function.succeed(&stop());
    function.succeed(&start());
    assert_same(&account.snapshot(), &before, "after the start");
    assert!(account.calls().iter().any(|call| call.error.is_some()), "nothing was throttled");
}

#[test]
fn a_name_alone_means_services_of_every_cluster_and_a_slash_one_of_them() {
    let account = every_form();
    let function = Function::new(&account);
    let web = format!("{PROJECT}-web");
    let only =
        |name: &str| json!({"action": "stop", "only": [format!("ecs:{name}")], "dry_run": true});
    let both = function.succeed(&only(&web));
    assert_eq!(
        results(&both),
        [format!("ecs:batch/{web} would_stop"), format!("ecs:shop/{web} would_stop")]
    );
    let one = function.succeed(&only(&format!("shop/{web}")));
    assert_eq!(results(&one), [format!("ecs:shop/{web} would_stop")]);
    let function = function.with("RESOURCES", "ecs:shop/*,!payments,!shop/*-ec2");
    let report = function.succeed(&json!({"action": "stop", "dry_run": true}));
    let told: Vec<String> =
        results(&report).into_iter().map(|row| row.replace(&format!("{PROJECT}-"), "")).collect();
    assert_eq!(
        told,
        [
            "ecs:shop/arm would_stop",
            "ecs:shop/blue would_stop",
            "ecs:shop/old would_stop",
            "ecs:shop/web would_stop"
        ]
    );
}

#[test]
fn a_tag_keeps_a_service_and_tags_select_one() {
    let account = Account::with(&json!({"services": [
        service("kept", "shop", &json!({"tags": {"aws-resource-manager": "keep"}})),
        {"name": "elsewhere", "cluster": "shop", "tags": {"Project": "analytics"}},
        {"name": "others", "cluster": "shop"},
    ]}));
    let function = Function::new(&account).with("TARGET_TAGS", "Project=analytics");
    let report = function.succeed(&stop());
    assert_eq!(
        results(&report),
        ["ecs:shop/elsewhere stopped".to_owned(), format!("ecs:{} unmanaged", name("kept"))]
    );
    // The index follows late: what a service itself shows is believed.
    account.settings(&json!({"tags_indexed": false}));
    let report = function.succeed(&json!({"action": "status"}));
    assert_eq!(line(&report, "ecs", &name("kept"))["detail"], "tagged aws-resource-manager=keep");
}

#[test]
fn tasks_are_priced_by_what_their_definition_asks_for() {
    let account = every_form();
    let report = Function::new(&account).succeed(&json!({"action": "stop", "dry_run": true}));
    let cost = |name: &str| {
        let costs = &line(&report, "ecs", name)["cost_per_day"];
        (costs["before"].as_f64(), costs["after"].as_f64())
    };
    let is = |name: &str, usd: f64| {
        let (before, after) = cost(name);
        assert!(before.is_some_and(|before| (before - usd).abs() < 0.01), "{name}: {before:?}");
        assert_eq!(after, Some(0.0), "{name}");
    };
    is(&name("web"), 24.0 * 2.0 * (0.040_48 + 2.0 * 0.004_445));
    is(&name("arm"), 24.0 * 2.0 * (0.25 * 0.032_38 + 0.5 * 0.003_56 + 30.0 * 0.000_111));
    is(&name("ec2"), 0.0);
    assert_eq!(cost(&format!("batch/{PROJECT}-spot")), (None, Some(0.0)));
    let warnings = line(&report, "ecs", &name("ec2"))["warnings"].to_string();
    assert!(warnings.contains("bill on"), "{warnings}");
}

/// The numbers are those of docs/kinds/ecs.md.
#[test]
fn the_calls_of_a_day_are_those_that_the_docs_tell() {
    let many = |n: usize, cluster: &str| {
        (0..n).map(|n| service(&format!("s{n}"), cluster, &json!({}))).collect::<Vec<_>>()
    };
    let mut services = many(12, "shop");
    services.extend(many(1, "batch"));
    services.push(service("web", "shop", &json!({"autoscaling": {"min": 1, "max": 4}})));
    let account = Account::with(&json!({"services": services, "clusters": ["empty"]}));
    let function = Function::new(&account);
    account.refuse_prices();
    account.forget_calls();
    function.succeed(&json!({"action": "status"}));
    let count = |operation: &str| account.count(operation);
    let looks = [
        "ListClusters",
        "ListServices",
        "DescribeServices",
        "DescribeTaskDefinition",
        "DescribeScalableTargets",
        "DescribeScheduledActions",
    ];
    // Three clusters; 13 services in one and one in another; 14 definitions.
    assert_eq!(looks.map(count), [1, 3, 3, 14, 1, 1]);
    account.forget_calls();
    function.succeed(&stop());
    assert_eq!((count("UpdateService"), count("RegisterScalableTarget")), (14, 1));
    // They never change: a process asks once.
    assert_eq!(count("DescribeTaskDefinition"), 0);
    account.forget_calls();
    function.succeed(&start());
    assert_eq!((count("UpdateService"), count("RegisterScalableTarget")), (14, 1));
}

#[test]
fn a_stop_killed_at_any_call_and_started_again_leaves_the_services_as_they_were() {
    for (n, when) in (0..3).flat_map(|n| [(n, "before"), (n, "after")]) {
        let _turn = crate::support::CRASHES.acquire();
        let account = web(&json!({"autoscaling": scaling()}));
        let function = Function::new(&account).hurried();
        let before = account.snapshot();
        let fault = json!({"service": if n == 0 { "application-autoscaling" } else { "ecs" },
                           "mutating_only": true, "kill": when});
        account.fault(&fault);
        let _ = function.invoke(&stop());
        function.end_the_lease_in(0.0);
        account.clear_faults();
        let function = function.unhurried();
        if n == 2 {
            function.must(&stop());
        }
        function.succeed(&start());
        assert_same(&account.snapshot(), &before, &format!("killed {when} call {n}"));
    }
}
