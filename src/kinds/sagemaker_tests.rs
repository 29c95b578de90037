use super::*;
use crate::kinds::{Change, Claim};

fn seen(status: Status) -> Seen {
    Seen {
        status,
        failure_reason: None,
        created_at: Some(100),
        config_name: "risk-config".to_owned(),
        variants: vec![Variant {
            name: "AllTraffic".to_owned(),
            instance_type: Some("ml.m5.large".to_owned()),
            instances: 1,
            weight: 1.0,
        }],
        tags: [("team", "ml"), ("aws:cloudformation:stack-name", "x")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into(),
        obstacle: None,
    }
}

fn held(phase: Phase) -> Option<Held<Original>> {
    Some(Held { original: Original::of(&seen(Status::InService)), phase })
}

fn case(seen: Option<&Seen>, held: Option<Held<Original>>) -> Case<'_, Seen, Original> {
    Case { name: "risk", seen, held, longest_stop_hours: 0.0, recent_calls: Vec::new() }
}

fn change(decision: Decided) -> Change<Seen, Original, Step> {
    match decision {
        Decision::Change(change) => change,
        Decision::Leave { verdict, why } => panic!("left alone: {verdict:?}, {why}"),
    }
}

fn left(decision: Decided) -> (Verdict, String) {
    match decision {
        Decision::Leave { verdict, why } => (verdict, why),
        Decision::Change(change) => panic!("not left alone: {change:?}"),
    }
}

fn words(change: &Change<Seen, Original, Step>) -> Vec<String> {
    change.steps.iter().map(ToString::to_string).collect()
}

#[test]
fn a_stop_saves_what_deleting_loses_without_the_tags_that_aws_set() {
    let stop = change(Endpoints::stop(&case(Some(&seen(Status::InService)), None)));
    let Claim::Take(original) = &stop.claim else { panic!("{stop:?}") };
    assert_eq!(original.config_name, "risk-config");
    assert_eq!(original.tags.keys().collect::<Vec<_>>(), ["team"]);
    assert_eq!(original.variants[0].instances, 1);
    assert_eq!(stop.steps, [Step::Delete]);
}

#[test]
fn a_start_creates_it_from_its_config_with_its_tags() {
    let start = change(Endpoints::start(&case(None, held(Phase::Stopped))));
    assert_eq!(start.claim, Claim::Keep);
    let [Step::Create { config_name, tags }] = &start.steps[..] else { panic!("{start:?}") };
    assert_eq!((config_name.as_str(), tags["team"].as_str()), ("risk-config", "ml"));
}

#[test]
fn an_endpoint_whose_config_is_gone_is_not_deleted() {
    let seen = Seen { obstacle: Some("its config risk-config does not exist".to_owned()), ..seen(Status::InService) };
    let (verdict, why) = left(Endpoints::stop(&case(Some(&seen), None)));
    assert_eq!(verdict, Verdict::Skipped);
    assert_eq!(why, "it could not be created again: its config risk-config does not exist");
}

#[test]
fn an_endpoint_in_transition_is_not_deleted() {
    for status in ["Creating", "Updating", "SystemUpdating", "RollingBack", "Deleting", "OutOfService", "Failed"] {
        let (verdict, why) = left(Endpoints::stop(&case(Some(&seen(Status::parse(status))), None)));
        assert_eq!(verdict, Verdict::Skipped, "{status}: {why}");
    }
}

#[test]
fn an_endpoint_without_instances_has_nothing_to_gain() {
    let mut seen = seen(Status::InService);
    seen.variants[0].instances = 0;
    assert_eq!(left(Endpoints::stop(&case(Some(&seen), None))).0, Verdict::Skipped);
}

#[test]
fn a_stop_that_died_before_its_call_goes_on_with_its_original() {
    let stop = change(Endpoints::stop(&case(Some(&seen(Status::InService)), held(Phase::Stopping))));
    assert_eq!((&stop.claim, &stop.steps[..]), (&Claim::Keep, &[Step::Delete][..]));
    let stop = change(Endpoints::stop(&case(Some(&seen(Status::Deleting)), held(Phase::Stopping))));
    assert_eq!((&stop.claim, &stop.steps[..]), (&Claim::Keep, &[Step::AwaitDeleted][..]));
    let stop = change(Endpoints::stop(&case(None, held(Phase::Stopping))));
    assert_eq!((&stop.claim, stop.steps.len()), (&Claim::Keep, 0));
}

#[test]
fn an_endpoint_that_a_person_created_again_is_theirs() {
    let theirs = Seen { created_at: Some(900), config_name: "other".to_owned(), ..seen(Status::InService) };
    for phase in [Phase::Stopping, Phase::Stopped] {
        let stop = change(Endpoints::stop(&case(Some(&theirs), held(phase))));
        assert!(matches!(&stop.claim, Claim::Take(original) if original.config_name == "other"));
        assert_eq!(left(Endpoints::start(&case(Some(&theirs), held(phase)))).0, Verdict::Released);
    }
    assert_eq!(left(Endpoints::start(&case(Some(&theirs), held(Phase::Starting)))).0, Verdict::Released);
}

#[test]
fn a_start_takes_up_whatever_a_stop_or_another_start_left() {
    let start = |seen: Option<&Seen>, phase| words(&change(Endpoints::start(&case(seen, held(phase)))));
    assert_eq!(start(None, Phase::Stopping), ["create the endpoint from risk-config"]);
    assert_eq!(
        start(Some(&seen(Status::Deleting)), Phase::Stopping),
        ["wait until it is deleted", "create the endpoint from risk-config"]
    );
    assert_eq!(start(Some(&seen(Status::Creating)), Phase::Starting), ["wait until it is in service"]);
    assert_eq!(start(Some(&seen(Status::InService)), Phase::Starting), [""; 0]);
    assert_eq!(
        start(Some(&seen(Status::Failed)), Phase::Starting),
        ["delete the endpoint", "create the endpoint from risk-config"]
    );
    let (verdict, _) = left(Endpoints::start(&case(Some(&seen(Status::InService)), held(Phase::Stopping))));
    assert_eq!(verdict, Verdict::Released, "it had not been deleted");
}

#[test]
fn a_stop_takes_down_what_a_start_has_half_made_and_keeps_the_original() {
    let stop = change(Endpoints::stop(&case(Some(&seen(Status::Creating)), held(Phase::Starting))));
    assert_eq!(stop.claim, Claim::Keep);
    assert_eq!(words(&stop), ["wait until it can be deleted", "delete the endpoint"]);
}

#[test]
fn a_failed_endpoint_of_a_person_keeps_its_name_and_our_original() {
    let (verdict, why) = left(Endpoints::start(&case(Some(&seen(Status::Failed)), held(Phase::Stopped))));
    assert_eq!(verdict, Verdict::Skipped);
    assert!(why.contains("delete it"), "{why}");
}

#[test]
fn progress_is_what_the_status_says() {
    let create = held(Phase::Stopped).unwrap().original.create();
    let progress = |step: &Step, status: Option<&str>| {
        Endpoints::progress(step, status.map(|status| seen(Status::parse(status))).as_ref())
    };
    assert_eq!(progress(&Step::Delete, None), Progress::Done);
    assert_eq!(progress(&Step::Delete, Some("Deleting")), Progress::Waiting("Deleting".to_owned()));
    assert_eq!(progress(&Step::Delete, Some("InService")), Progress::NotBegun);
    assert_eq!(progress(&create, None), Progress::NotBegun);
    assert_eq!(progress(&create, Some("Deleting")), Progress::NotBegun);
    assert_eq!(progress(&create, Some("Creating")), Progress::Waiting("Creating".to_owned()));
    assert_eq!(progress(&create, Some("InService")), Progress::Done);
    assert_eq!(progress(&Step::AwaitSettled, Some("Updating")), Progress::Waiting("Updating".to_owned()));
    assert_eq!(progress(&Step::AwaitSettled, Some("Failed")), Progress::Done);
}

#[test]
fn a_creation_that_failed_tells_its_reason_and_lack_of_capacity_is_tried_again() {
    let create = held(Phase::Stopped).unwrap().original.create();
    let failed = |reason: &str| {
        let seen = Seen { failure_reason: Some(reason.to_owned()), ..seen(Status::Failed) };
        Endpoints::progress(&create, Some(&seen))
    };
    assert_eq!(failed("The image is broken."), Progress::Failed("The image is broken.".to_owned()));
    let reason = "Unable to provision requested ML compute capacity due to InsufficientInstanceCapacity error.";
    match failed(reason) {
        Progress::Instead { steps, why, pause } => {
            assert_eq!((steps, why.as_str()), (vec![Step::Delete, create], reason));
            assert!(pause > Duration::ZERO);
        }
        other => panic!("{other:?}"),
    }
}

#[test]
fn instances_are_priced_as_they_run() {
    let prices = PriceBook::built_in("us-east-1");
    let mut two = seen(Status::InService);
    two.variants[0].instances = 2;
    // 2 × 0.115 × 24
    let standing = Endpoints::standing(Some(&two), &prices);
    assert!((standing.rate.per_day().unwrap() - 5.52).abs() < 1e-9);
    assert_eq!(standing.summary, "2 × ml.m5.large");
    two.variants[0].instance_type = Some("ml.p5.48xlarge".to_owned());
    assert_eq!(Endpoints::standing(Some(&two), &prices).rate, Rate::UNKNOWN);
    assert_eq!(Endpoints::standing(None, &prices).rate, Rate::ZERO);
}
