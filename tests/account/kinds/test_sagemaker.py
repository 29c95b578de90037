"""SageMaker hosting behaves as AWS's does."""

from __future__ import annotations

import itertools

from ..conftest import Account, refused

WEIGHTS = {"DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredWeight": 3.0}]}
CAPACITY = {"DesiredWeightsAndCapacities": [{"VariantName": "AllTraffic", "DesiredInstanceCount": 2}]}


def status(account: Account, name: str = "e") -> str:
    return account.sagemaker.describe_endpoint(EndpointName=name)["EndpointStatus"]


def test_an_endpoint_is_creating_before_it_is_in_service(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
    assert status(account, "new") == "Creating"
    account.advance(1001)
    described = account.sagemaker.describe_endpoint(EndpointName="new")
    assert described["EndpointStatus"] == "InService"
    assert described["ProductionVariants"][0]["CurrentInstanceCount"] == 1


def test_a_deleted_endpoint_keeps_its_name_until_it_is_gone(account: Account) -> None:
    account.seed(endpoints=[{"name": "E", "tags": {"k": "v"}}])
    account.sagemaker.delete_endpoint(EndpointName="E")
    assert status(account, "E") == "Deleting"
    again = {"EndpointName": "e", "EndpointConfigName": "E-config"}
    message = refused("ValidationException", account.sagemaker.create_endpoint, **again)
    assert message == f'Cannot create already existing endpoint "arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e".'
    account.advance(1001)
    message = refused("ValidationException", account.sagemaker.describe_endpoint, EndpointName="E")
    assert message == f'Could not find endpoint "arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e".'
    arn = account.sagemaker.create_endpoint(**again)["EndpointArn"]
    assert account.sagemaker.list_tags(ResourceArn=arn)["Tags"] == []


def test_an_endpoint_in_progress_cannot_be_deleted_or_updated(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", **WEIGHTS)
    assert status(account) == "Updating"
    arn = f"arn:aws:sagemaker:us-east-1:{account.id}:endpoint/e"
    message = refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")
    assert message == f'Cannot update in-progress endpoint "{arn}".'
    refused("ValidationException", account.sagemaker.update_endpoint, EndpointName="e", EndpointConfigName="e-config")


def test_weights_and_counts_arrive_after_updating(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    update = account.sagemaker.update_endpoint_weights_and_capacities
    update(EndpointName="e", **CAPACITY)
    variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["DesiredInstanceCount"]) == (1, 2)
    account.advance(1001)
    update(EndpointName="e", **WEIGHTS)
    account.advance(1001)
    variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
    assert (variant["CurrentInstanceCount"], variant["CurrentWeight"]) == (2, 3.0)


def test_an_update_sets_the_capacity_of_one_variant_or_the_weights_of_any(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "variants": [{"name": "a"}, {"name": "b"}]}])
    update = account.sagemaker.update_endpoint_weights_and_capacities
    count = [{"VariantName": name, "DesiredInstanceCount": 2} for name in "ab"]
    weight = [{"VariantName": name, "DesiredWeight": 2.0} for name in "ab"]
    for mixed in (count, [weight[0], count[1]], [weight[0] | count[0]]):
        refused("ValidationException", update, EndpointName="e", DesiredWeightsAndCapacities=mixed)
    update(EndpointName="e", DesiredWeightsAndCapacities=weight)
    account.advance(1001)
    update(EndpointName="e", DesiredWeightsAndCapacities=count[:1])
    account.advance(1001)
    variants = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"]
    assert [(v["CurrentInstanceCount"], v["CurrentWeight"]) for v in variants] == [(2, 2.0), (1, 2.0)]


def test_serverless_concurrency_is_updated_at_run_time(account: Account) -> None:
    serverless = {"MemorySizeInMB": 2048, "MaxConcurrency": 5, "ProvisionedConcurrency": 2}
    account.seed(endpoints=[{"name": "e", "variants": [{"serverless": serverless}]}])
    desired = {"VariantName": "AllTraffic", "ServerlessUpdateConfig": {"ProvisionedConcurrency": 4}}
    account.sagemaker.update_endpoint_weights_and_capacities(EndpointName="e", DesiredWeightsAndCapacities=[desired])
    account.advance(1001)
    variant = account.sagemaker.describe_endpoint(EndpointName="e")["ProductionVariants"][0]
    assert variant["CurrentServerlessConfig"] == serverless | {"ProvisionedConcurrency": 4}


def test_an_update_without_capacity_is_rolled_back_with_its_reason(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.control("POST", "capacity", {"endpoint": "e", "failures": 1})
    update = account.sagemaker.update_endpoint_weights_and_capacities
    for count in (1, 2):
        update(EndpointName="e", **CAPACITY)
        account.advance(1001)
        described = account.sagemaker.describe_endpoint(EndpointName="e")
        assert described["EndpointStatus"] == "InService"
        assert described["ProductionVariants"][0]["CurrentInstanceCount"] == count
        assert ("InsufficientInstanceCapacity" in described.get("FailureReason", "")) == (count == 1)


def test_an_endpoint_runs_its_old_config_until_an_update_is_over(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}, {"name": "other"}])
    account.sagemaker.update_endpoint(EndpointName="e", EndpointConfigName="other-config")
    described = account.sagemaker.describe_endpoint(EndpointName="e")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("Updating", "e-config")
    assert described["PendingDeploymentSummary"]["EndpointConfigName"] == "other-config"
    account.advance(1001)
    described = account.sagemaker.describe_endpoint(EndpointName="e")
    assert (described["EndpointStatus"], described["EndpointConfigName"]) == ("InService", "other-config")
    assert "PendingDeploymentSummary" not in described


def test_an_endpoint_whose_rollback_alarm_is_missing_cannot_be_created(account: Account) -> None:
    config = {"AutoRollbackConfiguration": {"Alarms": [{"AlarmName": "errors"}]}}
    account.seed(endpoints=[{"name": "e"}])
    new = {"EndpointName": "new", "EndpointConfigName": "e-config", "DeploymentConfig": config}
    assert "errors" in refused("ValidationException", account.sagemaker.create_endpoint, **new)
    account.seed(alarms=[{"name": "errors"}])
    account.sagemaker.create_endpoint(**new)


def test_a_deletion_may_be_shown_late(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.settings(stale_seconds=10)
    account.sagemaker.delete_endpoint(EndpointName="e")
    listed = account.sagemaker.list_endpoints
    assert (status(account), listed()["Endpoints"][0]["EndpointStatus"]) == ("InService", "InService")
    assert "in-progress" in refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")
    account.advance(11)
    assert (status(account), listed()["Endpoints"][0]["EndpointStatus"]) == ("Deleting", "Deleting")


def test_an_endpoint_without_configuration_or_model_cannot_be_created(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    new = {"EndpointName": "new", "EndpointConfigName": "e-config"}
    account.sagemaker.delete_model(ModelName="e-model")
    assert "Could not find model" in refused("ValidationException", account.sagemaker.create_endpoint, **new)
    account.sagemaker.delete_endpoint_config(EndpointConfigName="e-config")
    message = refused("ValidationException", account.sagemaker.create_endpoint, **new)
    assert message.startswith("Could not find endpoint configuration")
    assert status(account) == "InService"


def test_without_capacity_an_endpoint_fails_and_can_only_be_deleted(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.control("POST", "capacity", {"endpoint": "new", "failures": 1})
    account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
    account.advance(1001)
    described = account.sagemaker.describe_endpoint(EndpointName="new")
    assert described["EndpointStatus"] == "Failed"
    assert "InsufficientInstanceCapacity" in described["FailureReason"]
    refused(
        "ValidationException",
        account.sagemaker.update_endpoint_weights_and_capacities,
        EndpointName="new",
        **WEIGHTS,
    )
    account.sagemaker.delete_endpoint(EndpointName="new")
    account.advance(1001)
    account.sagemaker.create_endpoint(EndpointName="new", EndpointConfigName="e-config")
    account.advance(1001)
    assert status(account, "new") == "InService"


def test_a_status_can_be_set_by_hand(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    account.control("PUT", "endpoints/e/status", {"status": "SystemUpdating"})
    refused("ValidationException", account.sagemaker.delete_endpoint, EndpointName="e")


def test_endpoints_are_listed_in_pages_by_name_and_status(account: Account) -> None:
    account.seed(endpoints=[{"name": f"e{n}", "config": "c", "model": "m"} for n in range(5)] + [{"name": "other"}])
    account.sagemaker.delete_endpoint(EndpointName="e3")
    pages = account.sagemaker.get_paginator("list_endpoints").paginate(
        NameContains="E", StatusEquals="InService", PaginationConfig={"PageSize": 2}
    )
    found = [[endpoint["EndpointName"] for endpoint in page["Endpoints"]] for page in pages]
    assert [len(names) for names in found] == [2, 2, 1]
    assert sorted(itertools.chain(*found)) == ["e0", "e1", "e2", "e4", "other"]


def test_aws_tags_cannot_be_written(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "tags": {"aws:cloudformation:stack-name": "s"}}])
    arn = account.sagemaker.describe_endpoint(EndpointName="e")["EndpointArn"]
    tags = account.sagemaker.list_tags(ResourceArn=arn)["Tags"]
    assert tags == [{"Key": "aws:cloudformation:stack-name", "Value": "s"}]
    refused("ValidationException", account.sagemaker.add_tags, ResourceArn=arn, Tags=tags)


def test_the_deployment_config_and_the_running_counts_are_shown(account: Account) -> None:
    config = {
        "RollingUpdatePolicy": {
            "MaximumBatchSize": {"Type": "INSTANCE_COUNT", "Value": 1},
            "WaitIntervalInSeconds": 60,
        }
    }
    variants = [{"name": "a", "current_instance_count": 3}, {"name": "b", "current_weight": 0.25}]
    account.seed(endpoints=[{"name": "e", "variants": variants, "deployment_config": config}])
    described = account.sagemaker.describe_endpoint(EndpointName="e")
    assert described["LastDeploymentConfig"] == config
    assert [v["CurrentInstanceCount"] for v in described["ProductionVariants"]] == [3, 1]
    assert [v["CurrentWeight"] for v in described["ProductionVariants"]] == [1.0, 0.25]


def test_inference_components_are_listed(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "inference_components": ["c"]}, {"name": "f"}])
    listed = account.sagemaker.list_inference_components
    assert [c["InferenceComponentName"] for c in listed(EndpointNameEquals="e")["InferenceComponents"]] == ["c"]
    assert listed(EndpointNameEquals="f")["InferenceComponents"] == []


def test_each_variant_can_be_seeded_with_a_model_of_its_own(account: Account) -> None:
    account.seed(endpoints=[{"name": "e", "variants": [{"name": "a", "model": "mine"}, {"name": "b"}]}])
    config = account.sagemaker.describe_endpoint_config(EndpointConfigName="e-config")
    assert [v["ModelName"] for v in config["ProductionVariants"]] == ["mine", "e-model"]
    assert account.sagemaker.describe_model(ModelName="mine")["ModelName"] == "mine"


def test_iam_is_asked_for_all_that_an_endpoint_is_made_of_and_takes_with_it(account: Account) -> None:
    account.seed(endpoints=[{"name": "e"}])
    tags = [{"Key": "k", "Value": "v"}]
    account.sagemaker.create_endpoint(EndpointName="New", EndpointConfigName="e-config", Tags=tags)
    account.sagemaker.delete_endpoint(EndpointName="e")
    arn = f"arn:aws:sagemaker:us-east-1:{account.id}:endpoint"
    created, deleted = account.asks()
    assert [(ask["action"], ask["resource"]) for ask in created] == [
        ("sagemaker:CreateEndpoint", f"{arn}/new"),
        ("sagemaker:CreateEndpoint", f"{arn}-config/e-config"),
        ("sagemaker:AddTags", f"{arn}/new"),
    ]
    assert [(ask["action"], ask["context"]) for ask in deleted] == [
        ("sagemaker:DeleteEndpoint", {}),
        ("application-autoscaling:DeregisterScalableTarget",
         {"application-autoscaling:service-namespace": "sagemaker"}),
    ]  # fmt: skip
