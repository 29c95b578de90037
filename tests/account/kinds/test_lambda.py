"""Lambda's control plane behaves as AWS's does."""

from __future__ import annotations

from ..conftest import Account, refused


def test_an_unreserved_function_has_no_reserved_concurrency_at_all(account: Account) -> None:
    account.seed(functions=[{"name": "f"}, {"name": "zero", "reserved": 0}])
    assert "ReservedConcurrentExecutions" not in account.lambda_.get_function_concurrency(FunctionName="f")
    assert account.lambda_.get_function_concurrency(FunctionName="zero")["ReservedConcurrentExecutions"] == 0
    account.lambda_.delete_function_concurrency(FunctionName="zero")
    assert "ReservedConcurrentExecutions" not in account.lambda_.get_function_concurrency(FunctionName="zero")
    assert "Concurrency" not in account.lambda_.get_function(FunctionName="zero")


def test_reserving_must_leave_the_account_its_minimum(account: Account) -> None:
    account.settings(account_concurrency=150)
    account.seed(functions=[{"name": "f"}, {"name": "g", "reserved": 30}])
    put = account.lambda_.put_function_concurrency
    message = refused("InvalidParameterValueException", put, FunctionName="f", ReservedConcurrentExecutions=21)
    assert message.endswith("below its minimum value of [100].")
    put(FunctionName="f", ReservedConcurrentExecutions=20)
    put(FunctionName="g", ReservedConcurrentExecutions=0)
    assert account.lambda_.get_account_settings()["AccountLimit"]["UnreservedConcurrentExecutions"] == 130


def test_provisioned_concurrency_bounds_the_reserved_one(account: Account) -> None:
    function = {"name": "f", "reserved": 2, "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2}}
    account.seed(functions=[function])
    client = account.lambda_
    message = refused(
        "InvalidParameterValueException",
        client.put_function_concurrency,
        FunctionName="f",
        ReservedConcurrentExecutions=0,
    )
    assert message == (
        "ReservedConcurrentExecutions 0 should not be lower than function's total provisioned concurrency [2]."
    )
    refused(
        "InvalidParameterValueException", client.put_provisioned_concurrency_config,
        FunctionName="f", Qualifier="1", ProvisionedConcurrentExecutions=1,
    )  # fmt: skip
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    client.put_function_concurrency(FunctionName="f", ReservedConcurrentExecutions=0)


def test_a_lambda_at_edge_replica_names_its_master_where_functions_are_listed(account: Account) -> None:
    master = f"arn:aws:lambda:us-east-1:{account.id}:function:main"
    account.seed(functions=[{"name": "main"}, {"name": "us-east-1.main", "master_arn": master}])
    listed = {f["FunctionName"]: f.get("MasterArn") for f in account.lambda_.list_functions()["Functions"]}
    assert listed == {"main": None, "us-east-1.main": master}


def test_a_version_keeps_the_memory_that_it_was_published_with(account: Account) -> None:
    account.seed(functions=[{"name": "f", "memory": 128, "versions": 1, "aliases": {"live": "1"}}])
    account.lambda_.update_function_configuration(FunctionName="f", MemorySize=1024)
    for qualifier, memory in (("live", 128), ("1", 128), ("$LATEST", 1024)):
        told = account.lambda_.get_function_configuration(FunctionName="f", Qualifier=qualifier)
        assert told["MemorySize"] == memory, qualifier


def test_a_scalable_target_outlives_the_provisioned_concurrency_that_it_scales(account: Account) -> None:
    function = {"name": "f", "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2}}
    account.seed(functions=[function])
    target = {
        "ServiceNamespace": "lambda", "ResourceId": "function:f:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }  # fmt: skip
    account.autoscaling.register_scalable_target(**target, MinCapacity=1, MaxCapacity=5)
    account.lambda_.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="live")
    found = account.autoscaling.describe_scalable_targets(ServiceNamespace="lambda")["ScalableTargets"]
    assert [t["ResourceId"] for t in found] == ["function:f:live"]


def test_registering_a_target_moves_the_provisioned_concurrency_into_the_range(account: Account) -> None:
    account.seed(functions=[{"name": "f", "versions": 1, "aliases": {"live": "1"}, "provisioned": {"live": 2}}])
    config = {"FunctionName": "f", "Qualifier": "live"}
    target = {
        "ServiceNamespace": "lambda", "ResourceId": "function:f:live",
        "ScalableDimension": "lambda:function:ProvisionedConcurrency",
    }  # fmt: skip

    def requested() -> int:
        return account.lambda_.get_provisioned_concurrency_config(**config)["RequestedProvisionedConcurrentExecutions"]

    account.autoscaling.register_scalable_target(**target, MinCapacity=3, MaxCapacity=5)
    assert requested() == 3
    assert account.lambda_.get_provisioned_concurrency_config(**config)["Status"] == "IN_PROGRESS"
    # A change of something else looks at the range, too.
    account.lambda_.put_provisioned_concurrency_config(**config, ProvisionedConcurrentExecutions=9)
    suspended = {"DynamicScalingInSuspended": True, "DynamicScalingOutSuspended": True}
    account.autoscaling.register_scalable_target(**target, SuspendedState=suspended)
    assert requested() == 5


def test_provisioned_concurrency_of_an_alias_that_is_not_there_is_not_found(account: Account) -> None:
    account.seed(functions=[{"name": "f", "versions": 1, "aliases": {"live": "1"}}])
    account.lambda_.delete_alias(FunctionName="f", Name="live")
    config = {"FunctionName": "f", "Qualifier": "live", "ProvisionedConcurrentExecutions": 2}
    refused("ResourceNotFoundException", account.lambda_.put_provisioned_concurrency_config, **config)


def test_provisioned_concurrency_is_in_progress_before_it_is_ready(account: Account) -> None:
    account.seed(functions=[{"name": "f", "versions": 1, "aliases": {"live": "1"}}])
    config = {"FunctionName": "f", "Qualifier": "live"}
    client = account.lambda_
    missing = "ProvisionedConcurrencyConfigNotFoundException"
    refused(missing, client.get_provisioned_concurrency_config, **config)
    client.put_provisioned_concurrency_config(**config, ProvisionedConcurrentExecutions=3)
    assert client.get_provisioned_concurrency_config(**config)["Status"] == "IN_PROGRESS"
    account.advance(1001)
    listed = client.list_provisioned_concurrency_configs(FunctionName="f")["ProvisionedConcurrencyConfigs"]
    assert [(c["Status"], c["FunctionArn"].split(":")[-1]) for c in listed] == [("READY", "live")]
    for qualifier, code in (("$LATEST", "InvalidParameterValueException"), ("9", "ResourceNotFoundException")):
        config["Qualifier"] = qualifier
        refused(code, client.put_provisioned_concurrency_config, **config, ProvisionedConcurrentExecutions=1)


def test_a_mapping_in_transition_cannot_be_updated(account: Account) -> None:
    account.seed(streams=[{"name": "s"}], functions=[{"name": "f", "mappings": [{"stream": "s"}]}])
    client = account.lambda_
    mapping = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"][0]
    assert mapping["State"] == "Enabled"
    change = {"UUID": mapping["UUID"], "Enabled": False}
    assert client.update_event_source_mapping(**change)["State"] == "Disabling"
    refused("ResourceInUseException", client.update_event_source_mapping, **change)
    account.advance(1001)
    assert client.get_event_source_mapping(UUID=mapping["UUID"])["State"] == "Disabled"
    assert client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=True)["State"] == "Enabling"


def test_mappings_of_streams_queues_and_tables_are_listed_by_function(account: Account) -> None:
    mappings = [{"stream": "s"}, {"queue": "q", "enabled": False}, {"table": "t"}]
    account.seed(
        streams=[{"name": "s"}], queues=["q"], tables=[{"name": "t"}],
        functions=[{"name": "f", "mappings": mappings}, {"name": "g", "mappings": [{"queue": "q"}]}],
    )  # fmt: skip
    listed = account.lambda_.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    assert [m["State"] for m in listed] == ["Enabled", "Disabled", "Enabled"]
    queue = f"arn:aws:sqs:us-east-1:{account.id}:q"
    assert len(account.lambda_.list_event_source_mappings(EventSourceArn=queue)["EventSourceMappings"]) == 2


def test_functions_are_listed_in_pages_of_50(account: Account) -> None:
    account.seed(functions=[{"name": f"f{n:02d}"} for n in range(60)])
    first = account.lambda_.list_functions(MaxItems=1000)
    second = account.lambda_.list_functions(Marker=first["NextMarker"])
    assert (len(first["Functions"]), len(second["Functions"])) == (50, 10)


def test_destinations_of_failed_events_are_shown(account: Account) -> None:
    queue = f"arn:aws:sqs:us-east-1:{account.id}:q"
    account.seed(
        functions=[{"name": "f", "dead_letter": queue, "on_failure": queue, "tags": {"k": "v"}}, {"name": "g"}]
    )
    client = account.lambda_
    configs = client.list_function_event_invoke_configs(FunctionName="f")["FunctionEventInvokeConfigs"]
    assert configs[0]["DestinationConfig"]["OnFailure"]["Destination"] == queue
    assert configs[0]["LastModified"].tzinfo is not None
    refused("ResourceNotFoundException", client.get_function_event_invoke_config, FunctionName="g")
    assert client.list_functions()["Functions"][0]["DeadLetterConfig"] == {"TargetArn": queue}
    arn = client.get_function(FunctionName="f")["Configuration"]["FunctionArn"]
    assert client.list_tags(Resource=arn)["Tags"] == {"k": "v"}


def test_a_missing_function_is_not_found(account: Account) -> None:
    refused("ResourceNotFoundException", account.lambda_.get_function_concurrency, FunctionName="f")
    refused("ResourceNotFoundException", account.lambda_.invoke, FunctionName="f")


def test_iam_is_asked_about_the_alias_and_about_the_function_of_a_mapping(account: Account) -> None:
    account.seed(queues=["q"], functions=[{"name": "f", "versions": 1, "mappings": [{"queue": "q"}]}])
    arn, client = f"arn:aws:lambda:us-east-1:{account.id}", account.lambda_
    (mapping,) = client.list_event_source_mappings(FunctionName="f")["EventSourceMappings"]
    client.update_event_source_mapping(UUID=mapping["UUID"], Enabled=False)
    client.delete_provisioned_concurrency_config(FunctionName="f", Qualifier="1")
    client.get_function_concurrency(FunctionName="f")
    assert account.asks() == [
        [{"action": f"lambda:{action}", "resource": f"{arn}:{resource}", "context": context}]
        for action, resource, context in (
            ("ListEventSourceMappings", "any", {}),
            ("UpdateEventSourceMapping", f"event-source-mapping:{mapping['UUID']}",
             {"lambda:FunctionArn": f"{arn}:function:f"}),
            ("DeleteProvisionedConcurrencyConfig", "function:f:1", {}),
            ("GetFunctionConcurrency", "function:f", {}),
        )
    ]  # fmt: skip
