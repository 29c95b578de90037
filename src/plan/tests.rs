//! Whole plans are compared as they print themselves.
//!
//! The real kinds' rules make them from what was seen.

use super::*;
use crate::kinds::info::Info;
use crate::kinds::remote::Setup;
use crate::kinds::rules::Data;
use crate::kinds::sagemaker::autoscaling::{Suspended, Target};
use crate::kinds::{self, cloudwatch, dynamodb, kinesis, lambda, sagemaker};
use crate::operation::claims::claim;

const EVENING: &str = "2026-11-23T18:00:00Z";

/// Lists the real kinds. Planning makes no call, and so opens no client.
fn registry() -> Vec<Kind> {
    let aws = aws_config::SdkConfig::builder()
        .behavior_version(aws_config::BehaviorVersion::latest())
        .build();
    kinds::registry(&Setup { aws: &aws, poll: Duration::ZERO, longest_stop_hours: 12.0 })
}

/// A scene is what a plan is made from: the account as it was seen, and the state.
struct Scene {
    inventory: Inventory,
    journal: Journal,
}

impl Scene {
    fn new() -> Self {
        Scene { inventory: Inventory::default(), journal: Journal::new("shop", "dev") }
    }

    fn plan(&self, direction: Direction) -> Plan {
        let circumstances = Circumstances {
            prices: &PriceBook::built_in(kinds::bills(), "us-east-1"),
            now: EVENING.parse().unwrap(),
            time_left: Duration::from_secs(3 * 3600),
        };
        plan(direction, &registry(), &self.inventory, &self.journal, &circumstances)
    }

    fn printed(&self, direction: Direction) -> String {
        self.plan(direction).to_string()
    }

    /// Looks again at a resource, or for the first time.
    fn sees(mut self, candidate: Candidate) -> Self {
        self.inventory.candidates.retain(|other| other.id != candidate.id);
        self.inventory.candidates.push(candidate);
        self
    }

    /// Forgets what it saw: the next look comes later.
    fn looks_away(mut self) -> Self {
        self.inventory = Inventory::default();
        self
    }

    /// Claims what a stop changes, and sees it stopped.
    fn stops(mut self, operation_id: &str) -> Self {
        let now = EVENING.parse().unwrap();
        let mut plan = self.plan(Direction::Stop);
        claim(&mut plan, &mut self.journal, operation_id, now);
        for (id, change) in
            Tier::in_order(Direction::Stop).iter().flat_map(|tier| plan.moves(*tier))
        {
            self.journal
                .record_transition(id, &Transition::Stopped, change.note.clone(), operation_id, now)
                .unwrap();
        }
        self
    }
}

fn found<T: Data>(info: &Info, name: &str, seen: T) -> Candidate {
    Candidate {
        id: ResourceId::new(info.name, name),
        seen: Ok(Some(Seen::of(seen))),
        selected: true,
        keep: false,
    }
}

fn missing(info: &Info, name: &str) -> Candidate {
    Candidate { id: ResourceId::new(info.name, name), seen: Ok(None), selected: false, keep: false }
}

fn unreadable(info: &Info, name: &str, failure: Failure) -> Candidate {
    Candidate { seen: Err(failure), ..missing(info, name) }
}

fn kept(candidate: Candidate) -> Candidate {
    Candidate { keep: true, ..candidate }
}

fn denied(permission: &str) -> Failure {
    let code = Some("AccessDeniedException");
    Failure::of_answer(permission, code, Some("no policy allows it"), "")
}

/// Shows an endpoint of two instances, scaled by Application Auto Scaling.
fn endpoint() -> sagemaker::Seen {
    let target = Target {
        variant: "AllTraffic".to_owned(),
        dimension: "sagemaker:variant:DesiredInstanceCount".to_owned(),
        min: 1,
        max: 4,
        role_arn: None,
        suspended: Suspended { scaling_in: false, scaling_out: false, scheduled: false },
        policies: Vec::new(),
        actions: Vec::new(),
        tags: [].into(),
    };
    sagemaker::Seen {
        status: sagemaker::Status::InService,
        failure_reason: None,
        created_at: Some(1_700_000_000),
        config_name: "risk-config".to_owned(),
        variants: vec![sagemaker::Variant {
            name: "AllTraffic".to_owned(),
            instance_type: Some("ml.m5.large".to_owned()),
            instances: 2,
            weight: 1.0,
            serverless: None,
        }],
        shadows: Vec::new(),
        tags: [].into(),
        deployment: None,
        scaling: Some(Ok(vec![target])),
        obstacle: None,
        looked_at: 1_800_000_000,
    }
}

fn endpoint_in(status: &str) -> sagemaker::Seen {
    sagemaker::Seen { status: sagemaker::Status::parse(status), ..endpoint() }
}

fn stream(shards: u32) -> kinesis::Seen {
    kinesis::Seen { shards, retention_hours: 24, ..kinesis::Seen::default() }
}

/// Shows a function that reads a queue and has provisioned concurrency of two.
fn function() -> lambda::Seen {
    let warm = lambda::Provisioned { count: 2, status: lambda::Allocation::Ready, size: None };
    lambda::Seen {
        reserved: Some(5),
        provisioned: [("live".to_owned(), warm)].into(),
        mappings: [("uuid".to_owned(), queue("Enabled"))].into(),
        async_events: lambda::AsyncEvents::Lost,
        size: Some(lambda::Size { memory_mb: 1024, is_arm: false }),
        ..lambda::Seen::default()
    }
}

fn stopped_function() -> lambda::Seen {
    lambda::Seen {
        reserved: Some(0),
        provisioned: [].into(),
        mappings: [("uuid".to_owned(), queue("Disabled"))].into(),
        ..function()
    }
}

fn queue(state: &str) -> lambda::Mapping {
    lambda::Mapping {
        source: "sqs shop-orders".to_owned(),
        state: lambda::MappingState::parse(state),
    }
}

fn plain_function(reserved: lambda::Reserved) -> lambda::Seen {
    lambda::Seen { reserved, ..lambda::Seen::default() }
}

fn alarm(actions_enabled: bool) -> cloudwatch::Seen {
    let form = cloudwatch::Form::Metric { metrics: 1, high_resolution: false };
    cloudwatch::Seen { actions_enabled, form, drives_scaling: false }
}

fn table() -> dynamodb::Seen {
    dynamodb::Seen {
        mode: dynamodb::Mode::Provisioned { read_units: 5, write_units: 5 },
        class: dynamodb::TableClass::Standard,
        items: 1200,
        bytes: 3_400_000,
    }
}

/// Shows the part of a project whose turn comes first in a stop.
fn front() -> Scene {
    Scene::new()
        .sees(found(&cloudwatch::INFO, "shop-errors", alarm(true)))
        .sees(found(&cloudwatch::INFO, "shop-latency", alarm(true)))
        .sees(found(&lambda::INFO, "shop-work", function()))
}

/// Shows a project with a resource of each kind, all of it running.
fn running() -> Scene {
    front()
        .sees(found(&sagemaker::INFO, "shop-risk", endpoint()))
        .sees(found(&kinesis::INFO, "shop-events", stream(8)))
        .sees(found(&dynamodb::INFO, "shop-scores", table()))
}

/// Shows the second invocation of a stop, whose first one has dealt with the front.
fn continued() -> Scene {
    let mut scene = front()
        .stops("evening")
        .looks_away()
        .sees(found(&sagemaker::INFO, "shop-risk", endpoint()))
        .sees(found(&kinesis::INFO, "shop-events", stream(8)));
    scene.inventory.done_earlier =
        done_earlier(&registry(), &scene.journal, "evening", Direction::Stop);
    scene
}

/// Shows the running project after a stop.
fn stopped() -> Scene {
    running()
        .stops("evening")
        .looks_away()
        .sees(found(&cloudwatch::INFO, "shop-errors", alarm(false)))
        .sees(found(&cloudwatch::INFO, "shop-latency", alarm(false)))
        .sees(found(&lambda::INFO, "shop-work", stopped_function()))
        .sees(missing(&sagemaker::INFO, "shop-risk"))
        .sees(found(&kinesis::INFO, "shop-events", stream(1)))
        .sees(found(&dynamodb::INFO, "shop-scores", table()))
}

#[test]
fn a_stop_takes_the_tiers_in_turn_and_says_each_step() {
    insta::assert_snapshot!(running().printed(Direction::Stop), @r"
    Alarms
      - cloudwatch:shop-errors: actions on -> actions off
          steps: disable its actions
      - cloudwatch:shop-latency: actions on -> actions off
          steps: disable its actions

    Functions
      - lambda:shop-work: reserved 5, 2 provisioned (live) -> reserved 0
          steps: disable 1 event source mapping, then remove the provisioned concurrency of live, then set reserved concurrency to 0
          warning: asynchronous events that arrive while it is stopped are lost: it has no dead-letter queue and no on-failure destination

    Capacity
      - sagemaker:shop-risk: 2 × ml.m5.large -> deleted
          steps: delete the endpoint
      ~ kinesis:shop-events: 8 shards -> 1 shard
          steps: scale to 4 shards, then scale to 2 shards, then scale to 1 shard

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Stop: 4 to stop (-), 1 to change (~), 1 left alone
    ");
}

#[test]
fn a_stop_says_why_it_leaves_alone_what_it_does_not_change() {
    let updating = kinesis::Seen { status: kinesis::Status::Updating, ..stream(4) };
    let without_config = sagemaker::Seen {
        obstacle: Some("its config risk-config does not exist".to_owned()),
        ..endpoint()
    };
    let scaling = cloudwatch::Seen { drives_scaling: true, ..alarm(true) };
    let unselected = found(&kinesis::INFO, "other-events", stream(2));
    let scene = running()
        .sees(found(&cloudwatch::INFO, "shop-muted", alarm(false)))
        .sees(found(&cloudwatch::INFO, "shop-scale-out", scaling))
        .sees(kept(found(&lambda::INFO, "shop-kept", function())))
        .sees(unreadable(&lambda::INFO, "shop-hidden", denied("lambda:GetFunctionConcurrency")))
        .sees(found(&sagemaker::INFO, "shop-orphan", without_config))
        .sees(found(&sagemaker::INFO, "shop-risk", endpoint_in("Updating")))
        .sees(found(&kinesis::INFO, "shop-growing", updating))
        .sees(found(&kinesis::INFO, "shop-small", stream(1)))
        .sees(Candidate { selected: false, ..unselected });
    insta::assert_snapshot!(scene.printed(Direction::Stop), @r"
    Alarms
      - cloudwatch:shop-errors: actions on -> actions off
          steps: disable its actions
      - cloudwatch:shop-latency: actions on -> actions off
          steps: disable its actions
      = cloudwatch:shop-muted: actions off
          reason: a person had disabled its actions: they stay so
        cloudwatch:shop-scale-out: actions on
          reason: it drives auto scaling

    Functions
      ! lambda:shop-hidden: not seen
          reason: the function's role needs lambda:GetFunctionConcurrency: no policy allows it
        lambda:shop-kept: reserved 5, 2 provisioned (live)
          reason: tagged aws-resource-manager=keep
      - lambda:shop-work: reserved 5, 2 provisioned (live) -> reserved 0
          steps: disable 1 event source mapping, then remove the provisioned concurrency of live, then set reserved concurrency to 0
          warning: asynchronous events that arrive while it is stopped are lost: it has no dead-letter queue and no on-failure destination

    Capacity
        sagemaker:shop-orphan: 2 × ml.m5.large
          reason: it could not be created again: its config risk-config does not exist
      ? sagemaker:shop-risk: Updating
          reason: it is Updating: AWS lets nobody delete it until that is over
        kinesis:other-events: 2 shards
          reason: no pattern and no tag selects it any more
      ~ kinesis:shop-events: 8 shards -> 1 shard
          steps: scale to 4 shards, then scale to 2 shards, then scale to 1 shard
      ? kinesis:shop-growing: UPDATING, 4 shards
          reason: it is UPDATING: only an ACTIVE stream can be scaled
        kinesis:shop-small: 1 shard
          reason: 1 shard is the least a stream has

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Stop: 3 to stop (-), 1 to change (~), 2 in transition (?), 1 not decided (!), 1 already so (=), 6 left alone
    ");
}

#[test]
fn a_start_brings_back_what_was_stopped_in_the_reverse_order() {
    insta::assert_snapshot!(stopped().printed(Direction::Start), @r"
    Capacity
      + sagemaker:shop-risk: deleted -> 2 × ml.m5.large
          steps: create the endpoint from risk-config
      ~ kinesis:shop-events: 1 shard -> 8 shards
          steps: scale to 2 shards, then scale to 4 shards, then scale to 8 shards

    Functions
      + lambda:shop-work: reserved 0 -> reserved 5, 2 provisioned (live)
          steps: set reserved concurrency to 5, then provide concurrency: 2 for live, then enable 1 event source mapping

    Alarms
      + cloudwatch:shop-errors: actions off -> actions on
          steps: enable its actions
      + cloudwatch:shop-latency: actions off -> actions on
          steps: enable its actions

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Start: 4 to start (+), 1 to change (~), 1 left alone
    ");
}

#[test]
fn a_start_leaves_alone_what_a_person_changed_since_the_stop() {
    let other_endpoint = sagemaker::Seen {
        created_at: Some(1_800_000_000),
        config_name: "risk-config-2".to_owned(),
        ..endpoint()
    };
    let without_queue = lambda::Seen { mappings: [].into(), ..stopped_function() };
    let scene = stopped()
        .sees(found(&cloudwatch::INFO, "shop-errors", alarm(true)))
        .sees(missing(&cloudwatch::INFO, "shop-latency"))
        .sees(found(&lambda::INFO, "shop-work", without_queue))
        .sees(found(&sagemaker::INFO, "shop-risk", other_endpoint))
        .sees(found(&kinesis::INFO, "shop-events", stream(3)))
        .sees(found(&kinesis::INFO, "shop-new", stream(2)));
    insta::assert_snapshot!(scene.printed(Direction::Start), @r"
    Capacity
        sagemaker:shop-risk: 2 × ml.m5.large
          reason: a person created it again from risk-config-2: it stays as it is
        kinesis:shop-events: 3 shards
          reason: a person scaled it to 3 shards: it stays so
      = kinesis:shop-new: 2 shards

    Functions
      + lambda:shop-work: reserved 0 -> reserved 5, 2 provisioned (live)
          steps: set reserved concurrency to 5, then provide concurrency: 2 for live
          warning: its event source mapping of sqs shop-orders was deleted since: it does not come back

    Alarms
        cloudwatch:shop-errors: actions on
          reason: a person enabled its actions since
        cloudwatch:shop-latency: deleted
          reason: it was deleted since: there is nothing to bring back

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Start: 1 to start (+), 1 already so (=), 5 left alone
    ");
}

#[test]
fn a_stop_takes_what_a_person_changed_since_the_last_stop_for_the_original() {
    let scene = stopped()
        .sees(found(&cloudwatch::INFO, "shop-errors", alarm(true)))
        .sees(found(&lambda::INFO, "shop-work", plain_function(Some(7))))
        .sees(found(&kinesis::INFO, "shop-events", stream(3)));
    insta::assert_snapshot!(scene.printed(Direction::Stop), @r"
    Alarms
      - cloudwatch:shop-errors: actions on -> actions off
          steps: disable its actions
          reason: a person had enabled its actions since the last stop
      = cloudwatch:shop-latency: actions off

    Functions
      - lambda:shop-work: reserved 7 -> reserved 0
          steps: set reserved concurrency to 0
          reason: a person had set it to reserved 7 since the last stop

    Capacity
      = sagemaker:shop-risk: deleted
      ~ kinesis:shop-events: 3 shards -> 1 shard
          steps: scale to 2 shards, then scale to 1 shard
          reason: a person had scaled it to 3 shards since the last stop, which left 1

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Stop: 2 to stop (-), 1 to change (~), 2 already so (=), 1 left alone
    ");
}

#[test]
fn what_was_tagged_to_be_kept_while_it_was_stopped_comes_back() {
    let scene = stopped()
        .looks_away()
        .sees(kept(found(&lambda::INFO, "shop-work", stopped_function())))
        .sees(kept(found(&lambda::INFO, "shop-other", plain_function(Some(0)))));
    insta::assert_snapshot!(scene.printed(Direction::Start), @r"
    Functions
        lambda:shop-other: reserved 0
          reason: tagged aws-resource-manager=keep
      + lambda:shop-work: reserved 0 -> reserved 5, 2 provisioned (live)
          steps: set reserved concurrency to 5, then provide concurrency: 2 for live, then enable 1 event source mapping

    Start: 1 to start (+), 1 left alone
    ");
}

#[test]
fn what_is_owed_stays_in_sight_where_its_kind_cannot_be_listed() {
    let mut scene = stopped();
    scene.inventory.candidates.retain(|candidate| candidate.id.kind != kinesis::INFO.name);
    scene.inventory.unseen_kinds.push((kinesis::INFO.name, denied("kinesis:ListStreams")));
    insta::assert_snapshot!(scene.printed(Direction::Start), @r"
    Capacity
      + sagemaker:shop-risk: deleted -> 2 × ml.m5.large
          steps: create the endpoint from risk-config
      ! kinesis:shop-events: not seen
          reason: the function's role needs kinesis:ListStreams: no policy allows it

    Functions
      + lambda:shop-work: reserved 0 -> reserved 5, 2 provisioned (live)
          steps: set reserved concurrency to 5, then provide concurrency: 2 for live, then enable 1 event source mapping

    Alarms
      + cloudwatch:shop-errors: actions off -> actions on
          steps: enable its actions
      + cloudwatch:shop-latency: actions off -> actions on
          steps: enable its actions

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Could not be seen
      ! kinesis: the function's role needs kinesis:ListStreams: no policy allows it

    Start: 4 to start (+), 1 not decided (!), 1 left alone
    ");
}

#[test]
fn nothing_is_stopped_while_nobody_knows_what_is_to_be_kept() {
    let mut scene = running().sees(found(&cloudwatch::INFO, "shop-muted", alarm(false)));
    scene.inventory.unseen_tags = Some(denied("tag:GetResources"));
    insta::assert_snapshot!(scene.printed(Direction::Stop), @r"
    Alarms
      ! cloudwatch:shop-errors: actions on
          reason: whether it is to be kept could not be found out: the function's role needs tag:GetResources: no policy allows it
      ! cloudwatch:shop-latency: actions on
          reason: whether it is to be kept could not be found out: the function's role needs tag:GetResources: no policy allows it
      = cloudwatch:shop-muted: actions off
          reason: a person had disabled its actions: they stay so

    Functions
      ! lambda:shop-work: reserved 5, 2 provisioned (live)
          reason: whether it is to be kept could not be found out: the function's role needs tag:GetResources: no policy allows it

    Capacity
      ! sagemaker:shop-risk: 2 × ml.m5.large
          reason: whether it is to be kept could not be found out: the function's role needs tag:GetResources: no policy allows it
      ! kinesis:shop-events: 8 shards
          reason: whether it is to be kept could not be found out: the function's role needs tag:GetResources: no policy allows it

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Could not be seen
      ! tags: the function's role needs tag:GetResources: no policy allows it

    Stop: 5 not decided (!), 1 already so (=), 1 left alone
    ");
}

#[test]
fn what_an_earlier_invocation_did_is_told_without_another_look() {
    insta::assert_snapshot!(continued().printed(Direction::Stop), @r"
    Alarms
      = cloudwatch:shop-errors: actions off
      = cloudwatch:shop-latency: actions off

    Functions
      = lambda:shop-work: reserved 0

    Capacity
      - sagemaker:shop-risk: 2 × ml.m5.large -> deleted
          steps: delete the endpoint
      ~ kinesis:shop-events: 8 shards -> 1 shard
          steps: scale to 4 shards, then scale to 2 shards, then scale to 1 shard

    Stop: 1 to stop (-), 1 to change (~), 3 already so (=)
    ");
}

#[test]
fn what_an_earlier_invocation_did_is_told_once_where_its_kind_can_no_longer_be_listed() {
    let mut scene = continued();
    scene.inventory.unseen_kinds.push((lambda::INFO.name, denied("lambda:ListFunctions")));
    insta::assert_snapshot!(scene.printed(Direction::Stop), @r"
    Alarms
      = cloudwatch:shop-errors: actions off
      = cloudwatch:shop-latency: actions off

    Functions
      = lambda:shop-work: reserved 0

    Capacity
      - sagemaker:shop-risk: 2 × ml.m5.large -> deleted
          steps: delete the endpoint
      ~ kinesis:shop-events: 8 shards -> 1 shard
          steps: scale to 4 shards, then scale to 2 shards, then scale to 1 shard

    Could not be seen
      ! lambda: the function's role needs lambda:ListFunctions: no policy allows it

    Stop: 1 to stop (-), 1 to change (~), 3 already so (=)
    ");
}

#[test]
fn what_has_only_to_be_written_down_has_no_steps() {
    let mut scene = stopped();
    for record in scene.journal.resources.values_mut() {
        record.phase = Phase::Stopping;
    }
    insta::assert_snapshot!(scene.printed(Direction::Stop), @r"
    Alarms
      = cloudwatch:shop-errors: actions off
      = cloudwatch:shop-latency: actions off

    Functions
      = lambda:shop-work: reserved 0

    Capacity
      = sagemaker:shop-risk: deleted
      = kinesis:shop-events: 1 shard

    Only reported
        dynamodb:shop-scores: provisioned, 5 RCU, 5 WCU
          note: 1200 items, 3.4 MB

    Stop: 5 already so (=), 1 left alone
    ");
}

#[test]
fn a_plan_of_nothing_says_so() {
    insta::assert_snapshot!(Scene::new().printed(Direction::Start), @"Start: no resources");
}
